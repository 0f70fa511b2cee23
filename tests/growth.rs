//! A long history is not read again: what is judged by its newest part alone must come out as if
//! the whole had been read.

use git_awo::check::PolicyHistory;
use git_awo::facts::log::Log;
use git_awo::git::Repo;
use git_awo::record::{Findings, ObjectId};
use git_awo::store::layout;

use crate::world::{READ_LEDGER, RUN, World};

/// Moves a ref of a clone to a commit whose tree is what a script makes of the index.
fn rewrite(world: &World, who: &str, reference: &str, script: &str) {
    let script = format!(
        "reference={reference}; export GIT_INDEX_FILE=\"$PWD/.git/scratch\"; git read-tree {reference}; {script}\n\
         git update-ref {reference} \"$(git commit-tree -m x -p {reference} \"$(git write-tree)\")\""
    );
    world.ok(who, who, &["sh", "-e", "-c", &script]);
}

/// The one note of the attestations, and the same path without its fan-out.
const NOTE: &str =
    "set -- $(git ls-tree -r $reference); blob=$3; path=$4; flat=$(echo \"$4\" | tr -d /)";

#[test]
fn a_note_that_moves_to_another_fan_out_is_the_same_note() {
    let world = World::attested();
    let notes = world.notes("rita", "attestations");
    let script = format!(
        "{NOTE}; git update-index --add --cacheinfo 100644,$blob,$flat; git rm -q --cached $path"
    );
    rewrite(&world, "rita", &notes, &script);
    world.push_accepted("rita", &[&notes]);
    world.finalize_and_verify();
}

#[test]
fn a_second_note_of_one_object_is_refused_though_the_first_stands_unchanged() {
    let world = World::attested();
    let notes = world.notes("rita", "attestations");
    let script = format!("{NOTE}; git update-index --add --cacheinfo 100644,$blob,$flat");
    rewrite(&world, "rita", &notes, &script);
    let said = world.push_refused("rita", &[&notes], "INT-003");
    assert!(said.contains("the object has two"), "{said}");
}

#[test]
fn a_note_that_is_removed_or_about_no_object_is_refused() {
    let world = World::attested();
    let notes = world.notes("rita", "attestations");
    let script = format!("{NOTE}; git rm -q --cached $path");
    rewrite(&world, "rita", &notes, &script);
    world.push_refused("rita", &[&notes], "REP-002");

    let world = World::attested();
    let notes = world.notes("rita", "attestations");
    let script = format!("{NOTE}; git update-index --add --cacheinfo 100644,$blob,readme");
    rewrite(&world, "rita", &notes, &script);
    world.push_refused("rita", &[&notes], "INT-003");
}

/// The log of a landed run, whole and in two parts.
struct Parts {
    repo: Repo,
    history: PolicyHistory,
    tip: ObjectId,
}

impl Parts {
    fn of(world: &World, place: &str) -> Self {
        let repo = Repo::open(&world.path(place)).unwrap();
        let at = |name| repo.reference(&name).unwrap().unwrap();
        let (policy, tip) = (at(layout::policy()), at(layout::log()));
        let history = PolicyHistory::load(&repo, policy).unwrap();
        Self { repo, history, tip }
    }

    /// Returns the entries' digests and the findings.
    fn after(&self, base: ObjectId) -> (Vec<String>, Findings) {
        let mut findings = Findings::new();
        let log = Log::load_after(&self.repo, base, self.tip, &self.history, &mut findings);
        (
            digests(&log.unwrap().expect("the base is of this log")),
            findings,
        )
    }
}

fn digests(log: &Log) -> Vec<String> {
    log.entries
        .iter()
        .map(|it| it.receipt.digest().to_string())
        .collect()
}

#[test]
fn the_log_continued_from_any_entry_is_the_rest_of_the_log() {
    let world = World::landed();
    let parts = Parts::of(&world, "server.git");
    let mut findings = Findings::new();
    let whole = Log::load(&parts.repo, parts.tip, &parts.history, &mut findings).unwrap();
    assert!(findings.is_empty() && whole.entries.len() > 3);
    let whole = digests(&whole);
    let mut at = parts.tip;
    for read in 0..whole.len() {
        let (entries, findings) = parts.after(at);
        assert_eq!(
            entries,
            whole[whole.len() - read..],
            "{read} after the base"
        );
        assert!(findings.is_empty());
        at = parts
            .repo
            .commit(at)
            .unwrap()
            .parents
            .first()
            .copied()
            .unwrap_or(at);
    }
    let mut findings = Findings::new();
    let elsewhere = parts.history.repository();
    let log = Log::load_after(
        &parts.repo,
        elsewhere,
        parts.tip,
        &parts.history,
        &mut findings,
    );
    assert!(
        log.unwrap().is_none(),
        "a base of another history cannot be continued"
    );
}

#[test]
fn an_entry_that_does_not_follow_the_base_is_found_in_either_reading() {
    let world = World::landed();
    // The newest entry once more, after itself: signed by the server, and out of its place.
    let again = "new=$(git commit-tree -m again -p refs/awo/log 'refs/awo/log^{tree}'); git update-ref refs/awo/log $new";
    let before = world.rev("server.git", "refs/awo/log");
    world.ok("server", "server.git", &["sh", "-e", "-c", again]);
    let parts = Parts::of(&world, "server.git");
    let (entries, part) = parts.after(before.parse().unwrap());
    assert!(entries.is_empty());
    let mut whole = Findings::new();
    Log::load(&parts.repo, parts.tip, &parts.history, &mut whole).unwrap();
    let found = |findings: &Findings| {
        let line = |it: &git_awo::record::Finding| format!("{} {} {}", it.code, it.rule, it.found);
        findings.iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(found(&part), found(&whole));
    assert!(
        part.iter().any(|it| it.rule == "log-linked"),
        "{:?}",
        found(&part)
    );
    // And so a clone that knows the rest of the log refuses to fetch it.
    world.refused("rita", "rita", &["git", "awo", "fetch"], "REP-002");
}

#[test]
fn records_that_the_new_part_of_the_log_does_not_tell_are_judged_by_the_whole() {
    let world = World::attested();
    world.ok("otto", "otto", &["git", "awo", "finalize", RUN]);
    // As if the push went past the hooks: the records are there, no entry tells of them.
    let refs = ["refs/awo/ledger:refs/awo/ledger", "main:refs/heads/main"];
    let fetch = ["git", "fetch", "--quiet", "../otto"];
    world.ok("server", "server.git", &[&fetch[..], &refs].concat());
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok("rita", "rita", &["git", "awo", "chain", RUN]);
}

#[test]
fn what_came_before_the_policy_did_is_judged_when_it_comes() {
    for (tampered, code) in [(false, 0), (true, 1)] {
        let world = World::landed();
        let policy = world.rev("server.git", "refs/awo/policy");
        let hide = ["git", "update-ref", "-d", "refs/awo/policy"];
        world.ok("server", "server.git", &hide);
        if tampered {
            let script = "export GIT_INDEX_FILE=\"$PWD/scratch\"; READ_LEDGER\n\
                 path=$(git ls-files | grep @independence-); git rm -q --cached $path\n\
                 new=$(git commit-tree -m x $(git write-tree)); git update-ref refs/awo/ledger $new"
                .replace("READ_LEDGER", READ_LEDGER);
            world.ok("server", "server.git", &["sh", "-e", "-c", &script]);
        }
        world.ok(
            "vera",
            ".",
            &["git", "clone", "--quiet", "server.git", "vera"],
        );
        let origin = ["git", "remote", "set-url", "origin", "../server.git"];
        world.ok("vera", "vera", &origin);
        world.ok("vera", "vera", &["git", "awo", "fetch"]);
        let show = ["git", "update-ref", "refs/awo/policy", &policy];
        world.ok("server", "server.git", &show);
        let done = world.run("vera", "vera", &["git", "awo", "fetch"]);
        assert_eq!(done.code, code, "tampered {tampered}: {}", done.text);
    }
}
