//! Clones that are only behind, and attacks that look alike: what is missing here leaves a verdict
//! undecided, and `git awo fetch` brings the rest or finds the attack.

use super::Case;
use super::door::Door;
use crate::world::{Done, RUN, TASK, World};

pub const CASES: &[Case] = &[
    Case {
        id: "V-40",
        attack: "an unreviewed commit on the server, met by a clone that only ran git pull",
        answer: "undecided, then GOV-002 after git awo fetch",
        tests: &["hostile::behind::what_no_record_will_explain_is_denied_once_all_is_fetched"],
    },
    Case {
        id: "V-41",
        attack: "a rewound branch on the server, met by a clone that ran plain git fetch",
        answer: "undecided, then REP-002 after git awo fetch",
        tests: &["hostile::behind::a_rewound_branch_is_denied_once_all_is_fetched"],
    },
    Case {
        id: "V-42",
        attack: "records that do not verify, met by plain git fetch: the clone stays behind for ever",
        answer: "undecided; git awo fetch says STR-002",
        tests: &["hostile::behind::records_that_cannot_be_merged_never_pass"],
    },
    Case {
        id: "V-43",
        attack: "a commit that was denied hides behind a newer one that came without its records",
        answer: "GOV-002",
        tests: &["hostile::behind::what_was_fetched_with_its_records_stays_denied"],
    },
    Case {
        id: "V-44",
        attack: "a clone that lacks the finalization, the log, a newer policy or the branch",
        answer: "undecided, accepted after git awo fetch",
        tests: &[
            "hostile::behind::a_branch_that_came_without_its_records_is_undecided",
            "hostile::behind::a_clone_without_refspecs_is_told_to_fetch",
            "hostile::behind::records_that_came_without_their_branch_are_undecided",
            "hostile::behind::a_policy_that_is_newer_elsewhere_leaves_undecided",
            "hostile::behind::commands_that_lack_a_record_say_so",
        ],
    },
    Case {
        id: "V-45",
        attack: "a push judged by a policy that has changed since: the clone saw only the branch move",
        answer: "undecided, accepted after git awo fetch",
        tests: &["hostile::behind::a_push_from_a_clone_that_is_behind_is_told_to_fetch_first"],
    },
    Case {
        id: "V-46",
        attack: "a pull request without a run, in the default checkout of CI",
        answer: "GOV-002; without --ref undecided",
        tests: &[
            "checkouts::one_command_verifies_what_ci_checks_out",
            "checkouts::a_proposal_that_no_branch_contains_is_judged_or_undecided",
            "ci_templates::the_verify_job_judges_what_is_proposed_as_on_the_governed_branch",
        ],
    },
    Case {
        id: "V-47",
        attack: "a proposal whose tip is a merge, to be taken for the trial merge of a forge",
        answer: "GOV-004",
        tests: &["checkouts::a_proposal_that_no_branch_contains_is_judged_or_undecided"],
    },
    Case {
        id: "V-48",
        attack: "CI without an anchor, with an empty or with another one",
        answer: "undecided, usage, GOV-006",
        tests: &["checkouts::a_checkout_without_an_anchor_or_with_another_one_never_passes"],
    },
    Case {
        id: "V-49",
        attack: "shallow, partial and single-branch checkouts, whole after the one command",
        answer: "undecided, then accepted",
        tests: &[
            "checkouts::every_kind_of_checkout_is_told_the_one_command_that_helps",
            "checkouts::whatever_needs_all_objects_names_the_same_command",
            "checkouts::a_tag_that_the_checkout_has_written_itself_is_not_denied",
        ],
    },
    Case {
        id: "V-50",
        attack: "a clone of a server that was forged, rewound, or lost its log or its records",
        answer: "GOV-002, REP-002, STR-002, GOV-006; nothing is checked out or left",
        tests: &["cloning::a_server_that_does_not_verify_leaves_nothing"],
    },
    Case {
        id: "V-51",
        attack: "a clone of a good server",
        answer: "accepted",
        tests: &[
            "cloning::a_clone_is_verified_set_up_and_checked_out",
            "cloning::without_an_anchor_it_says_whom_it_trusts_now",
        ],
    },
    Case {
        id: "V-52",
        attack: "a commit put into a mirror",
        answer: "GOV-002",
        tests: &["moving::what_is_put_into_a_mirror_is_found"],
    },
    Case {
        id: "V-53",
        attack: "a server moved to another host, with and without its key",
        answer: "accepted",
        tests: &[
            "moving::a_server_moves_with_its_key_and_its_log_goes_on",
            "moving::a_server_moves_without_its_key_by_a_policy_that_names_the_new_one",
        ],
    },
    Case {
        id: "V-54",
        attack: "a server set up for one anchor over the policy of another",
        answer: "GOV-006",
        tests: &["moving::a_server_is_not_set_up_over_a_policy_of_somebody_else"],
    },
];

const FETCH: &[&str] = &["git", "awo", "fetch"];
const VERIFY: &[&str] = &["git", "awo", "verify"];

/// Asserts that a command leaves it undecided, and that every remedy is this one.
#[track_caller]
fn undecided(world: &World, (who, place): (&str, &str), words: &[&str], remedy: &str) -> Done {
    let done = world.run(who, place, words);
    let said = &done.text;
    assert_eq!(done.code, 3, "{who}:{place}$ {}\n{said}", words.join(" "));
    let remedies = said
        .lines()
        .filter_map(|it| it.trim().strip_prefix("remedy: "));
    let remedies: Vec<_> = remedies.collect();
    assert!(!remedies.is_empty(), "{said}");
    assert!(remedies.iter().all(|it| *it == remedy), "{said}");
    done
}

fn pushes(world: &World, who: &str) {
    world.ok(who, who, &["git", "awo", "push"]);
}

/// vera's clone: trusted and fetched, without refspecs.
fn plain_clone(world: &World) {
    let url = format!("file://{}", world.path("server.git").display());
    world.ok("vera", ".", &["git", "clone", "-q", &url, "plain"]);
    let trust = ["git", "awo", "trust", &world.fingerprint()];
    world.ok("vera", "plain", &trust);
    world.ok("vera", "plain", FETCH);
    world.ok("vera", "plain", VERIFY);
}

const RITA: (&str, &str) = ("rita", "rita");
const VERA: (&str, &str) = ("vera", "plain");

#[test]
fn a_branch_that_came_without_its_records_is_undecided() {
    let world = World::finalized();
    world.ok("rita", "rita", FETCH);
    pushes(&world, "otto");
    // The refspecs of git awo init bring records too, and nobody has verified them.
    for words in [&["git", "fetch", "-q"], &["git", "pull", "-q"]] {
        world.ok("rita", "rita", words);
        for what in [
            VERIFY,
            &["git", "awo", "verify", "origin/main"],
            &["git", "awo", "verify", RUN],
            &["git", "awo", "verify", "origin/main~..origin/main"],
            &["git", "awo", "chain", RUN],
        ] {
            undecided(&world, RITA, what, "git awo fetch");
        }
    }
    world.ok("rita", "rita", FETCH);
    world.ok("rita", "rita", VERIFY);
    world.ok("rita", "rita", &["git", "awo", "chain", RUN]);
}

#[test]
fn a_clone_without_refspecs_is_told_to_fetch() {
    let world = World::finalized();
    plain_clone(&world);
    pushes(&world, "otto");
    world.ok("vera", "plain", &["git", "pull", "-q"]);
    undecided(&world, VERA, VERIFY, "git awo fetch");
    undecided(
        &world,
        VERA,
        &["git", "awo", "verify", "HEAD"],
        "git awo fetch",
    );
    world.ok("vera", "plain", FETCH);
    world.ok("vera", "plain", VERIFY);
}

#[test]
fn records_that_came_without_their_branch_are_undecided() {
    let world = World::finalized();
    plain_clone(&world);
    pushes(&world, "otto");
    let records = [
        "git",
        "fetch",
        "-q",
        "origin",
        "+refs/awo/*:refs/awo/*",
        "+refs/notes/awo/*:refs/notes/awo/*",
    ];
    world.ok("vera", "plain", &records);
    let done = undecided(&world, VERA, VERIFY, "git awo fetch");
    assert!(done.text.contains("REP-002"), "{}", done.text);
    world.ok("vera", "plain", FETCH);
    world.ok("vera", "plain", VERIFY);
}

/// A policy that lets rita write to `docs/` of `main`.
fn lets_rita_write(world: &World) {
    world.next_policy(2, None, |text| {
        text.replace(
            "accept = [\"governed\", \"rollback\"]",
            "accept = [\"governed\", \"rollback\", \"direct\"]\ndirect = [{ writers = [\"rita\"], paths = \
             [\"docs/\"] }]",
        )
    });
}

/// rita changes a document on `main`, and pushes it past her hooks.
fn rita_writes(world: &World) {
    world.ok("rita", "rita", FETCH);
    world.write("rita/docs/new.md", "new\n");
    world.commit("rita", "Explain it");
    world.push_accepted("rita", &["main"]);
}

#[test]
fn a_policy_that_is_newer_elsewhere_leaves_undecided() {
    let world = World::founded();
    plain_clone(&world);
    world.ok("otto", "otto", FETCH);
    lets_rita_write(&world);
    rita_writes(&world);
    for (who, place) in [("vera", "plain"), ("otto", "otto")] {
        world.ok(who, place, &["git", "pull", "-q"]);
        undecided(&world, (who, place), VERIFY, "git awo fetch");
        world.ok(who, place, FETCH);
        world.ok(who, place, VERIFY);
    }
}

#[test]
fn a_push_from_a_clone_that_is_behind_is_told_to_fetch_first() {
    let world = World::founded();
    let url = format!("file://{}", world.path("server.git").display());
    world.ok("rita", ".", &["git", "clone", "-q", &url, "second"]);
    let trust = ["git", "awo", "trust", &world.fingerprint()];
    let second = |words: &[&str]| world.ok("rita", "second", words);
    second(&trust);
    second(FETCH);
    second(&["git", "awo", "hooks", "install"]);
    lets_rita_write(&world);
    rita_writes(&world);
    // Only main comes: the policy of this clone knows nothing of her.
    second(&["git", "config", "commit.gpgsign", "true"]);
    second(&["git", "pull", "-q"]);
    world.write("second/docs/more.md", "more\n");
    second(&["git", "add", "-A"]);
    second(&["git", "commit", "-q", "-n", "-m", "Explain more"]);
    let push = ["git", "push", "-q", "origin", "main"];
    let refused = world.run("rita", "second", &push);
    assert_ne!(refused.code, 0, "{}", refused.text);
    let remedies = refused.text.lines().filter(|it| it.contains("remedy: "));
    let remedies: Vec<_> = remedies.collect();
    assert!(!remedies.is_empty(), "{}", refused.text);
    let fetch = |it: &&str| it.trim_end().ends_with("remedy: git awo fetch");
    assert!(remedies.iter().all(fetch), "{}", refused.text);
    second(FETCH);
    second(&push);
}

#[test]
fn commands_that_lack_a_record_say_so() {
    let world = World::executed();
    for (who, words) in [
        ("rita", &["git", "awo", "gate", "run_other"][..]),
        ("rita", &["git", "awo", "approve", "run_other"]),
        ("rita", &["git", "awo", "attest", "run_other"]),
        ("otto", &["git", "awo", "finalize", "run_other"]),
        ("otto", &["git", "awo", "chain", "run_other"]),
        ("otto", &["git", "awo", "show", "run_other"]),
        ("otto", &["git", "awo", "provenance", "show", "run_other"]),
        (
            "olga",
            &[
                "git",
                "awo",
                "outcome",
                "run_other",
                "rejected",
                "--reason",
                "x",
            ],
        ),
        ("olga", &["git", "awo", "task", "show", "OTHER-1"]),
    ] {
        let done = world.run(who, who, words);
        assert_eq!(done.code, 3, "{}: {}", words.join(" "), done.text);
        assert!(done.text.contains("STR-002"), "{}", done.text);
        assert!(done.text.contains("remedy: git awo fetch"), "{}", done.text);
    }
    // An approval has come with plain git fetch, and is not merged.
    let world = World::approved();
    let notes = world.notes("otto", "approvals");
    world.ok("otto", "otto", &["git", "update-ref", "-d", &notes]);
    let run = ["git", "awo", "run", TASK, "--", "true"];
    undecided(&world, ("otto", "otto"), &run, "git awo fetch");
    // The reviews have come with plain git fetch, and are not merged.
    let world = World::executed();
    world.ok("rita", "rita", FETCH);
    for act in ["gate", "approve", "attest"] {
        world.ok("rita", "rita", &["git", "awo", act, RUN]);
    }
    pushes(&world, "rita");
    world.ok("otto", "otto", &["git", "fetch", "-q"]);
    let finalize = ["git", "awo", "finalize", RUN];
    undecided(&world, ("otto", "otto"), &finalize, "git awo fetch");
    undecided(
        &world,
        ("otto", "otto"),
        &["git", "awo", "chain", RUN],
        "git awo fetch",
    );
    world.ok("otto", "otto", FETCH);
    world.ok("otto", "otto", &finalize);
}

/// otto moves `main` of the server past its hooks, to a commit that nobody reviewed.
fn forge_main(world: World) -> World {
    let door = Door::new(world, "otto");
    let (tip, tree) = door.base();
    let forged = door.raw().commit(&tree, &[&tip], "Nobody reviewed this\n");
    let world = door.world;
    let hooks = |path: &str| {
        world.ok(
            "server",
            "server.git",
            &["git", "config", "core.hooksPath", path],
        )
    };
    hooks("/nonexistent");
    world.push_accepted("otto", &[&format!("{forged}:refs/heads/main")]);
    hooks("hooks");
    world
}

#[test]
fn what_no_record_will_explain_is_denied_once_all_is_fetched() {
    let world = World::landed();
    plain_clone(&world);
    let world = forge_main(world);
    for (who, place) in [("vera", "plain"), ("rita", "rita")] {
        world.ok(who, place, &["git", "pull", "-q"]);
        for what in [VERIFY, &["git", "awo", "verify", "HEAD"]] {
            undecided(&world, (who, place), what, "git awo fetch");
        }
        world.ok(who, place, FETCH);
        for what in [VERIFY, &["git", "awo", "verify", "HEAD"]] {
            let done = world.run(who, place, what);
            assert_eq!(done.code, 1, "{}", done.text);
            assert!(done.text.contains("GOV-002"), "{}", done.text);
        }
    }
}

#[test]
fn a_rewound_branch_is_denied_once_all_is_fetched() {
    let world = World::landed();
    plain_clone(&world);
    let back = ["git", "update-ref", "refs/heads/main", "main~1"];
    world.ok("server", "server.git", &back);
    world.ok("vera", "plain", &["git", "fetch", "-q"]);
    let before = world.run("vera", "plain", VERIFY);
    assert_ne!(before.code, 0, "{}", before.text);
    world.run("vera", "plain", FETCH);
    let done = world.run("vera", "plain", VERIFY);
    assert_eq!(done.code, 1, "{}", done.text);
    assert!(done.text.contains("REP-002"), "{}", done.text);
}

#[test]
fn what_was_fetched_with_its_records_stays_denied() {
    let world = World::landed();
    plain_clone(&world);
    let world = forge_main(world);
    world.ok("vera", "plain", FETCH);
    world.ok(
        "otto",
        "otto",
        &["git", "checkout", "-q", "-b", "wip/x", "origin/main~1"],
    );
    world.write("otto/docs/new.md", "new\n");
    world.commit("otto", "Explain it");
    world.push_accepted("otto", &["wip/x"]);
    world.ok("vera", "plain", &["git", "fetch", "-q"]);
    let done = world.run("vera", "plain", VERIFY);
    assert_eq!(done.code, 1, "{}", done.text);
    assert!(done.text.contains("GOV-002"), "{}", done.text);
}

#[test]
fn records_that_cannot_be_merged_never_pass() {
    let world = World::finalized();
    world.ok("rita", "rita", FETCH);
    pushes(&world, "otto");
    let ledger = git_awo::store::layout::ledger();
    world.forge("olga", &ledger, &[("forged", Some(b"x"))]);
    let take = [
        "git",
        "fetch",
        "-q",
        "../olga",
        "+refs/awo/ledger:refs/awo/ledger",
    ];
    world.ok("server", "server.git", &take);
    world.ok("rita", "rita", &["git", "pull", "-q"]);
    undecided(&world, RITA, VERIFY, "git awo fetch");
    let refused = world.run("rita", "rita", FETCH);
    assert_eq!(refused.code, 1, "{}", refused.text);
    undecided(&world, RITA, VERIFY, "git awo fetch");
}
