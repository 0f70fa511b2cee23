//! What a change of the policy does to what was said before it, and to what is said after.

use crate::world::{RUN, World, policy};

impl World {
    /// Returns allowed_signers with rita's key exchanged for a new one, which she then uses.
    pub fn rotated(&self) -> String {
        let signers = std::fs::read_to_string(self.path("policy/allowed_signers")).unwrap();
        self.with_a_new_key("rita", &signers)
    }

    /// Returns the signers with the key of a person exchanged for a new one, `~/new`.
    pub fn with_a_new_key(&self, who: &str, signers: &str) -> String {
        let home = format!("home/{who}");
        let words = [
            "ssh-keygen",
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-C",
            who,
            "-f",
            "new",
        ];
        self.ok(who, &home, &words);
        let key =
            |name: &str| std::fs::read_to_string(self.path(&format!("{home}/{name}"))).unwrap();
        let (old, new) = (key("key.pub"), key("new.pub"));
        assert!(signers.contains(old.trim()), "{signers}");
        signers.replace(old.trim(), new.trim())
    }
}

#[test]
fn statements_made_before_a_rotation_stay_valid_and_later_ones_need_the_new_key() {
    let world = World::landed();
    let signers = world.rotated();
    world.next_policy(2, Some(&signers), |text| text);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    // rita's old key signs nothing any more: not at her tools, not at the server.
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.refused("rita", "rita", &["git", "awo", "gate", RUN], "ATT-004");
    world.ok(
        "rita",
        "rita",
        &["git", "config", "user.signingkey", "~/new"],
    );
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.ok("vera", "vera", &["git", "awo", "fetch"]);
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_statement_by_a_revoked_key_that_arrives_after_the_revocation_is_refused() {
    let world = World::executed();
    // Made while the key was good, pushed when it no longer is.
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
    let signers = world.rotated();
    world.next_policy(2, Some(&signers), |text| text);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.push_refused("rita", &["refs/awo/ledger"], "ATT-004");
    world.force("rita", &["refs/awo/ledger"]);
    world.fresh_clone();
    world.verify_finds("ATT-004");
}

#[test]
fn a_governed_commit_lands_although_a_reviewer_rotated_the_key_meanwhile() {
    let world = World::attested();
    let signers = world.rotated();
    world.next_policy(2, Some(&signers), |text| text);
    world.finalize_and_verify();
}

#[test]
fn nothing_but_a_policy_change_passes_a_locked_policy() {
    let world = World::finalized();
    world.next_policy(2, None, |text| text.replace("HYBRID", "LOCKED"));
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.push_refused(
        "otto",
        &["main", "refs/awo/ledger", "refs/notes/awo/*"],
        "GOV-007",
    );
    world.next_policy_alone(3);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &["git", "awo", "push"]);
}

impl World {
    /// Unlocks by a push of the policy alone.
    fn next_policy_alone(&self, version: u32) {
        let adopted = self.ok(
            "olga",
            "olga",
            &["git", "rev-list", "--max-parents=0", "refs/heads/main"],
        );
        self.write("policy/next.toml", policy(version, adopted.trim(), ""));
        self.ok(
            "olga",
            "olga",
            &["git", "awo", "policy", "propose", "../policy/next.toml"],
        );
        self.ok("olga", "olga", &["git", "awo", "policy", "apply"]);
        self.push_accepted("olga", &["refs/awo/policy"]);
        self.ok("olga", "olga", &["git", "awo", "push"]);
    }
}

#[test]
fn an_expired_policy_refuses_and_can_be_renewed() {
    let world = World::finalized();
    world.next_policy(2, None, |text| {
        text.replace("level =", "expires = \"2020-01-01T00:00:00Z\"\nlevel =")
    });
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.push_refused(
        "otto",
        &["main", "refs/awo/ledger", "refs/notes/awo/*"],
        "GOV-006",
    );
    world.next_policy_alone(3);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &["git", "awo", "push"]);
}

#[test]
fn two_roots_must_sign_where_two_are_needed() {
    let world = World::founded();
    world.next_policy(2, None, |text| {
        text.replace(
            "threshold = 1\nidentities = [\"olga\"]",
            "threshold = 2\nidentities = [\"olga\", \"rita\"]",
        )
    });
    let adopted = world.ok(
        "olga",
        "olga",
        &["git", "rev-list", "--max-parents=0", "refs/heads/main"],
    );
    let third = policy(3, adopted.trim(), "").replace(
        "threshold = 1\nidentities = [\"olga\"]",
        "threshold = 2\nidentities = [\"olga\", \"rita\"]",
    );
    world.write("policy/third.toml", third);
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "policy", "propose", "../policy/third.toml"],
    );
    world.refused(
        "olga",
        "olga",
        &["git", "awo", "policy", "apply"],
        "GOV-006",
    );
    // The same person again is still one person.
    world.ok("olga", "olga", &["git", "awo", "policy", "sign"]);
    world.refused(
        "olga",
        "olga",
        &["git", "awo", "policy", "apply"],
        "GOV-006",
    );
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.refused("otto", "otto", &["git", "awo", "policy", "sign"], "GOV-006");
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok("rita", "rita", &["git", "awo", "policy", "sign"]);
    world.ok("rita", "rita", &["git", "awo", "policy", "apply"]);
    world.ok("rita", "rita", &["git", "awo", "push"]);
    let log = world.ok("rita", "rita", &["git", "awo", "policy", "log"]);
    assert!(
        log.contains("signed by olga, rita") || log.contains("signed by rita, olga"),
        "{log}"
    );
}

#[test]
fn an_older_policy_validly_signed_is_refused_and_found() {
    let world = World::founded();
    let first = world.rev("server.git", "refs/awo/policy");
    world.next_policy(2, None, |text| text.replace("HYBRID", "FULL_HUMAN"));
    world.push_refused("olga", &[&format!("+{first}:refs/awo/policy")], "GOV-006");
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok(
        "server",
        "server.git",
        &["git", "update-ref", "refs/awo/policy", &first],
    );
    world.refused("rita", "rita", &["git", "awo", "fetch"], "REP-002");
    world.fresh_clone();
    let found = world.verify_finds("REP-002");
    assert!(found.contains("policy-downgraded"), "{found}");
}

#[test]
fn a_stricter_gate_does_not_reach_back() {
    let world = World::landed();
    world.next_policy(2, None, |text| {
        text.replace("audit_approvals = 1", "audit_approvals = 2")
    });
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_stricter_first_gate_does_not_reach_back_either() {
    let world = World::landed();
    world.next_policy(2, None, |text| {
        text.replace("task_approvals = 1", "task_approvals = 2")
    });
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    // A new clone's first fetch judges everything, too.
    world.ok(
        "vera",
        ".",
        &["git", "clone", "--quiet", "server.git", "again"],
    );
    world.ok(
        "vera",
        "again",
        &["git", "remote", "set-url", "origin", "../server.git"],
    );
    world.ok(
        "vera",
        "again",
        &["git", "awo", "trust", &world.fingerprint()],
    );
    world.ok("vera", "again", &["git", "awo", "fetch"]);
}

#[test]
fn a_root_may_rotate_the_key_that_signed_proposals() {
    let world = World::landed();
    world.next_policy(2, None, |text| text);
    world.ok(
        "olga",
        "home/olga",
        &[
            "ssh-keygen",
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-C",
            "olga",
            "-f",
            "new",
        ],
    );
    let fingerprint = world.fingerprint();
    let read = |path: &str| std::fs::read_to_string(world.path(path)).unwrap();
    let signers = read("policy/allowed_signers");
    let signers = signers.replace(
        read("home/olga/key.pub").trim(),
        read("home/olga/new.pub").trim(),
    );
    world.next_policy(3, Some(&signers), |text| text);
    world.ok(
        "olga",
        "olga",
        &["git", "config", "user.signingkey", "~/new"],
    );
    world.next_policy(4, None, |text| text);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    world.ok(
        "vera",
        ".",
        &["git", "clone", "--quiet", "server.git", "again"],
    );
    world.ok(
        "vera",
        "again",
        &["git", "remote", "set-url", "origin", "../server.git"],
    );
    world.ok("vera", "again", &["git", "awo", "trust", &fingerprint]);
    world.ok("vera", "again", &["git", "awo", "fetch"]);
    world.ok("vera", "again", &["git", "awo", "verify"]);
}

#[test]
fn two_proposals_may_travel_in_one_push() {
    let world = World::founded();
    let adopted = world.rev("olga", "refs/heads/main");
    for version in [2, 3] {
        world.write("policy/next.toml", policy(version, &adopted, ""));
        world.ok(
            "olga",
            "olga",
            &["git", "awo", "policy", "propose", "../policy/next.toml"],
        );
        world.ok("olga", "olga", &["git", "awo", "policy", "apply"]);
    }
    world.ok("olga", "olga", &["git", "awo", "push"]);
}

#[test]
fn commits_are_verified_by_the_policy_of_their_push() {
    let world = World::landed();
    world.ok(
        "otto",
        "home/otto",
        &[
            "ssh-keygen",
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-C",
            "otto",
            "-f",
            "new",
        ],
    );
    let read = |path: &str| std::fs::read_to_string(world.path(path)).unwrap();
    let signers = read("policy/allowed_signers");
    let signers = signers.replace(
        read("home/otto/key.pub").trim(),
        read("home/otto/new.pub").trim(),
    );
    world.next_policy(2, Some(&signers), |text| text);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify", "HEAD"]);
    world.ok("vera", "vera", &["git", "awo", "verify", "HEAD^..HEAD"]);
    world.ok("vera", "vera", &["git", "awo", "verify", RUN]);
}

#[test]
fn a_branch_that_was_strict_once_hides_no_loose_commits() {
    let world = World::founded();
    let dev = |kind: &str| {
        format!(
            "[[ref]]\npattern = \"refs/heads/dev\"\naccept = [\"{kind}\"]\n{}",
            if kind == "direct" {
                "[[ref.direct]]\nwriters = [\"*\"]\npaths = [\"**\"]\n"
            } else {
                ""
            }
        )
    };
    let release = "[[ref]]\npattern = \"refs/heads/release/*\"\naccept = [\"governed\"]\n";
    world.next_policy(2, None, |text| {
        format!("{text}{}{release}", dev("governed"))
    });
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.push_accepted("otto", &["main:dev"]);
    world.next_policy(3, None, |text| format!("{text}{}{release}", dev("direct")));
    world.write("otto/src/a.py", "x = 1\n");
    world.commit("otto", "Direct");
    world.push_accepted("otto", &["HEAD:dev"]);
    world.push_refused("otto", &["HEAD:refs/heads/release/1"], "GOV-002");
    world.force("otto", &["HEAD:refs/heads/release/1"]);
    world.fresh_clone();
    world.verify_finds("GOV-002");
}

#[test]
fn a_root_key_after_its_window_signs_nothing_by_dating_back() {
    let world = World::founded();
    let read = |path: &str| std::fs::read_to_string(world.path(path)).unwrap();
    world.ok(
        "olga",
        "home/olga",
        &[
            "ssh-keygen",
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-C",
            "olga",
            "-f",
            "new",
        ],
    );
    let signers = read("policy/allowed_signers");
    let ended = signers.replace("olga ssh", "olga valid-before=\"20200101Z\" ssh");
    let both = format!("{ended}olga {}", read("home/olga/new.pub"));
    world.next_policy(2, Some(&both), |text| text);
    // The old key signs once more, in a commit dated 2019.
    let adopted = world.ok(
        "olga",
        "olga",
        &["git", "rev-list", "--max-parents=0", "refs/heads/main"],
    );
    world.write("policy/late.toml", policy(3, adopted.trim(), ""));
    let pinned = |words: &[&str]| {
        let mut command = world.command("olga", "olga", words);
        let output = command
            .env("SOURCE_DATE_EPOCH", "1560000000")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    pinned(&["git", "awo", "policy", "propose", "../policy/late.toml"]);
    pinned(&["git", "awo", "policy", "apply"]);
    world.push_refused("olga", &["refs/awo/policy"], "ATT-004");
}

#[test]
fn a_stricter_gate_holds_for_what_comes_after() {
    let world = World::attested();
    world.next_policy(2, None, |text| {
        text.replace("audit_approvals = 1", "audit_approvals = 2")
    });
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.refused("otto", "otto", &["git", "awo", "finalize", RUN], "GOV-005");
}

/// A branch that a later policy no longer governs was not rewound.
#[test]
fn a_branch_may_cease_to_be_governed() {
    let world = World::founded();
    let adopted = world.rev("olga", "origin/main");
    let more = format!(
        "\n[[ref]]\npattern = \"refs/heads/maint\"\naccept = [\"governed\"]\nadopted = \"{adopted}\"\n"
    );
    world.next_policy(2, None, |_| policy(2, &adopted, &more));
    world.push_accepted("olga", &["origin/main:refs/heads/maint"]);
    world.next_policy(3, None, |_| policy(3, &adopted, ""));
    let words = "git awo task new W-1 --task it --allow src/ --validate true";
    let words: Vec<&str> = words.split(' ').collect();
    world.ok("olga", "olga", &words);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok("rita", "rita", &["git", "awo", "verify"]);
    let words = ["git", "awo", "doctor"];
    world.ok("server", "server.git", &words);
    // Nor is it a rewind that it is deleted then.
    let delete = ["git", "update-ref", "-d", "refs/heads/maint"];
    world.ok("server", "server.git", &delete);
    let words = "git awo task new W-2 --task it --allow src/ --validate true";
    let words: Vec<&str> = words.split(' ').collect();
    world.ok("olga", "olga", &words);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok("rita", "rita", &["git", "awo", "verify"]);
    std::fs::remove_dir_all(world.path("vera")).unwrap();
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}
