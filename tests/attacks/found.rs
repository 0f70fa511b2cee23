//! What went past the hooks and is found.

use super::*;

#[test]
fn without_an_anchor_verify_cannot_decide() {
    let world = World::landed();
    world.fresh_clone();
    std::fs::remove_file(world.path("vera/.git/awo/anchor")).unwrap();
    let done = world.run("vera", "vera", &["git", "awo", "verify"]);
    assert_eq!(done.code, 3, "{}", done.text);
    assert!(done.text.contains("GOV-006"), "{}", done.text);
}

#[test]
fn a_plain_clone_is_told_what_to_fetch() {
    let world = World::landed();
    world.ok(
        "vera",
        ".",
        &["git", "clone", "--quiet", "server.git", "vera"],
    );
    let done = world.run("vera", "vera", &["git", "awo", "verify"]);
    assert_eq!(done.code, 3, "{}", done.text);
    assert!(
        done.text.contains("STR-002") && done.text.contains("git awo fetch"),
        "{}",
        done.text
    );
}

#[test]
fn what_was_forced_past_the_hooks_is_found_although_later_pushes_were_good() {
    let world = World::founded();
    world.ok(
        "rita",
        "rita",
        &["git", "checkout", "--quiet", "-b", "wip/rita"],
    );
    world.write("rita/src/a.py", "x = 1\n");
    world.ok("rita", "rita", &["git", "add", "-A"]);
    world.ok(
        "rita",
        "rita",
        &[
            "git",
            "commit",
            "--quiet",
            "--no-verify",
            "--no-gpg-sign",
            "-m",
            "Unsigned",
        ],
    );
    world.force("rita", &["wip/rita"]);
    world.write("rita/src/b.py", "x = 1\n");
    world.commit("rita", "Signed");
    world.push_accepted("rita", &["wip/rita"]);
    world.fresh_clone();
    world.verify_finds("ATT-003");
}

#[test]
fn without_a_log_two_branches_do_not_hide_each_others_commits() {
    let world = World::founded();
    let tip = world.rev("olga", "refs/heads/main");
    let more = format!(
        "[[ref]]\npattern = \"refs/heads/release\"\naccept = [\"governed\"]\nadopted = \"{tip}\"\n"
    );
    world.write("policy/release.toml", policy(2, &tip, &more));
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "policy", "propose", "../policy/release.toml"],
    );
    world.ok("olga", "olga", &["git", "awo", "policy", "apply"]);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.write("otto/src/a.py", "evil\n");
    world.commit("otto", "Evil");
    world.force("otto", &["main", "main:release"]);
    world.ok(
        "server",
        "server.git",
        &["git", "update-ref", "-d", "refs/awo/log"],
    );
    world.fresh_clone();
    world.verify_finds("GOV-002");
}

#[test]
fn a_refused_fetch_is_refused_again() {
    let world = World::executed();
    forged_outcome(&world);
    world.force("otto", &["refs/awo/ledger"]);
    for _ in 0..2 {
        let before = world.rev("rita", "refs/awo/ledger");
        world.refused("rita", "rita", &["git", "awo", "fetch"], "ATT-001");
        assert_eq!(
            world.rev("rita", "refs/awo/ledger"),
            before,
            "nothing was merged"
        );
        // Plain git brings the refs too: that changes nothing.
        world.ok("rita", "rita", &["git", "fetch", "--quiet"]);
    }
}

/// otto, who is no operator, accepts his own run.
fn forged_outcome(world: &World) {
    let actor = world.actor("otto");
    let history = actor.history().unwrap();
    let run = world.run_record("otto");
    let outcome = OutcomePredicate {
        commit: run.commit,
        context: context(&actor, &history, "otto", "operator"),
        outcome: Outcome::Accepted,
        reason: "mine".into(),
        root: run.root,
        run: run.run.clone(),
    };
    let envelope = actor.sign(outcome).unwrap();
    Batch::new("forged")
        .record(&Kind::Outcome.of(run.run), &envelope)
        .commit(&actor.repo, &actor.author())
        .unwrap();
}

#[test]
fn verify_of_a_run_judges_its_chain_whatever_its_commit_says() {
    let world = World::finalized();
    world.ok("otto", "otto", &["git", "awo", "verify", RUN]);
    let world = World::executed();
    world.refused("otto", "otto", &["git", "awo", "verify", RUN], "GOV-002");
}

#[test]
fn a_rewind_past_the_hooks_is_not_laundered_by_a_later_push() {
    for (reference, earlier) in [
        ("refs/heads/main", "^"),
        ("refs/awo/ledger", "^"),
        ("the attestations", ""),
    ] {
        let world = World::landed();
        let notes = world.notes("server.git", "attestations");
        if earlier.is_empty() {
            world.ok("server", "server.git", &["git", "update-ref", "-d", &notes]);
        } else {
            let to = world.rev("server.git", &format!("{reference}{earlier}"));
            world.ok(
                "server",
                "server.git",
                &[
                    "git",
                    "-c",
                    "core.hooksPath=/dev/null",
                    "update-ref",
                    reference,
                    &to,
                ],
            );
        }
        world.ok(
            "rita",
            "rita",
            &["git", "checkout", "--quiet", "-b", "wip/rita", "main^"],
        );
        world.write("rita/src/a.py", "x = 1\n");
        world.commit("rita", "Honest");
        // No entry of the log tells of it, so that it can be put back.
        world.push_refused("rita", &["wip/rita"], "REP-002");
        world.fresh_clone();
        world.verify_finds("REP-002");
    }
}

#[test]
fn a_server_without_its_log_is_found() {
    let world = World::landed();
    world.ok(
        "server",
        "server.git",
        &["git", "update-ref", "-d", "refs/awo/log"],
    );
    world.fresh_clone();
    world.verify_finds("STR-002");
}

#[test]
fn a_server_that_cannot_log_refuses() {
    let world = World::approved();
    std::fs::remove_file(world.path("server.git/awo/server_key.pub")).unwrap();
    world.write("otto/src/a.py", "x = 1\n");
    world.commit("otto", "Work");
    world.push_refused("otto", &["HEAD:refs/heads/wip/otto"], "STR-002");
}

#[test]
fn swapped_and_missing_files_are_found() {
    let world = World::landed();
    world.fresh_clone();
    let vera = world.path("vera/.git");
    let blob = world.rev("vera", "origin/main:src/strings.py");
    // Unpack everything, then put other bytes under the old name.
    let pack = "mkdir p && mv objects/pack/* p/ 2>/dev/null; for i in p/*.pack; do git unpack-objects -q < $i; done; rm -rf p";
    world.ok("vera", "vera/.git", &["sh", "-c", pack]);
    let object = vera.join(format!("objects/{}/{}", &blob[..2], &blob[2..]));
    let other = world.ok(
        "vera",
        "vera",
        &["sh", "-c", "echo evil | git hash-object -w --stdin"],
    );
    let other = vera.join(format!("objects/{}/{}", &other[..2], other[2..].trim()));
    let good = std::fs::read(&object).unwrap();
    std::fs::remove_file(&object).unwrap();
    let gone = world.run("vera", "vera", &["git", "awo", "verify", "--json"]);
    assert_eq!(
        gone.code, 3,
        "what is not there decides nothing\n{}",
        gone.text
    );
    assert!(gone.text.contains("\"INT-005\""), "{}", gone.text);
    std::fs::copy(&other, &object).unwrap();
    world.verify_finds("INT-001");
    std::fs::remove_file(&object).unwrap();
    std::fs::write(&object, good).unwrap();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}
