//! Governance refs, notes, the receive log, clones.

use super::Case;
use super::door::Door;
use crate::world::{RUN, World};

pub const CASES: &[Case] = &[
    Case {
        id: "M-01",
        attack: "an entry of the receive log, written by somebody who is not the server",
        answer: "GOV-006",
        tests: &["hostile::metadata::the_log_is_the_servers"],
    },
    Case {
        id: "M-02",
        attack: "governance refs are deleted",
        answer: "GOV-004, REP-002",
        tests: &[
            "hostile::metadata::governance_refs_are_not_deleted",
            "attacks::refs::a_governance_ref_deleted_on_the_server_is_found",
        ],
    },
    Case {
        id: "M-03",
        attack: "governance refs are rewound, or replaced by something else",
        answer: "REP-002",
        tests: &[
            "hostile::metadata::governance_refs_are_neither_rewound_nor_replaced",
            "attacks::refs::rewind_of_any_governance_ref_is_refused_and_found",
        ],
    },
    Case {
        id: "M-05",
        attack: "git's own notes commands remove lines from a note",
        answer: "REP-002",
        tests: &[
            "hostile::metadata::notes_only_grow",
            "attacks::refs::a_note_removed_by_git_notes_is_refused_and_found",
        ],
    },
    Case {
        id: "M-06",
        attack: "an approval or attestation in the notes of another month, or of a month that is over",
        answer: "ATT-002, GOV-005",
        tests: &[
            "notes_by_month::a_line_in_another_segment_than_it_says_is_refused_and_counts_once",
            "notes_by_month::a_segment_whose_month_is_over_does_not_change",
            "hostile::records::bind::an_attestation_binds_its_run_its_reviewer_and_what_came_before",
        ],
    },
    Case {
        id: "M-07",
        attack: "all refs of the server are restored from yesterday's backup",
        answer: "REP-002",
        tests: &["hostile::metadata::a_consistent_rollback_of_the_server_is_noticed"],
    },
    Case {
        id: "M-08",
        attack: "the policy alone is moved back to an older, validly signed version",
        answer: "GOV-006, REP-002",
        tests: &["policy_changes::an_older_policy_validly_signed_is_refused_and_found"],
    },
    Case {
        id: "M-09",
        attack: "two people are shown two histories; one has the other's receipt",
        answer: "REP-002",
        tests: &["hostile::metadata::two_histories_do_not_survive_a_receipt"],
    },
    Case {
        id: "M-11",
        attack: "a plain clone without the records is verified",
        answer: "STR-002",
        tests: &["attacks::found::a_plain_clone_is_told_what_to_fetch"],
    },
    Case {
        id: "M-13",
        attack: "a clone that brings its own root and policy",
        answer: "GOV-006",
        tests: &[
            "hostile::metadata::a_repository_that_founded_itself_is_not_trusted",
            "attacks::found::without_an_anchor_verify_cannot_decide",
        ],
    },
    Case {
        id: "U-02",
        attack: "benign: a policy becomes stricter while a run is reviewed, attested or finalized",
        answer: "accepted: the run goes on by further approvals, and every clone verifies",
        tests: &[
            "in_flight::a_run_in_flight_meets_a_stricter_gate_by_further_approvals",
            "in_flight::long::what_was_accepted_stays_so_whatever_the_policy_says_later",
        ],
    },
    Case {
        id: "U-07",
        attack: "benign: a clone holds a record that the server will never take: an approval that expired, a second run of one approval, what a key signed that was exchanged, a policy of a version that is taken",
        answer: "it is set aside with its code, and the rest is pushed",
        tests: &[
            "aside::an_approval_that_expired_before_it_was_pushed_does_not_stand_in_the_way",
            "aside::of_two_runs_of_one_approval_the_second_is_set_aside",
            "aside::of_two_runs_with_one_id_the_second_is_set_aside",
            "aside::what_a_key_signed_that_was_exchanged_meanwhile_is_set_aside_and_made_again",
            "aside::a_withdrawal_that_comes_too_late_is_set_aside",
            "aside::of_two_policies_of_one_version_the_second_is_set_aside",
        ],
    },
    Case {
        id: "U-07a",
        attack: "a clock that runs ahead, or a LOCKED server, makes a clone set its records aside",
        answer: "GOV-007: nothing is set aside, and nothing moves",
        tests: &[
            "aside::a_clock_that_runs_ahead_sets_nothing_aside",
            "aside::what_may_land_another_day_is_set_aside_only_if_that_is_asked_for",
        ],
    },
    Case {
        id: "U-47",
        attack: "git awo push overrides the clone's own pre-push, for a remote without hooks or past another program's hook",
        answer: "GOV-005: our hook is asked unless the server keeps a log, and others always",
        tests: &[
            "aside::the_hook_of_a_clone_is_passed_only_for_a_server_that_keeps_a_log",
            "aside::the_hook_of_another_program_is_never_passed",
        ],
    },
    Case {
        id: "U-31",
        attack: "benign: git pull, and then git awo push, while others push records",
        answer: "accepted",
        tests: &["aside::after_a_pull_what_others_recorded_is_merged_before_anything_is_pushed"],
    },
    Case {
        id: "U-49",
        attack: "a record, an inventory or evidence, larger than the older policy that the record names has taken, once a \
                 newer one takes it",
        answer: "INT-006; one that names the newer is accepted, and the run goes on",
        tests: &[
            "src/check/tests/versions::what_arrives_holds_by_the_limits_of_the_policy_that_it_names_too",
            "hostile::records::json::a_record_that_names_a_policy_which_took_less_meets_its_limits",
        ],
    },
    Case {
        id: "U-71",
        attack: "files behind notes: a further parent, or a commit in between, that holds anything else",
        answer: "INT-003",
        tests: &[
            "hostile::metadata::no_commit_of_notes_or_evidence_holds_anything_else",
            "src/check/tests/between::a_commit_of_notes_holds_notes_and_loses_none",
        ],
    },
    Case {
        id: "U-72",
        attack: "notes or evidence that a commit in between removes and the next one puts back",
        answer: "REP-002",
        tests: &[
            "hostile::metadata::no_commit_of_notes_or_evidence_holds_anything_else",
            "src/check/tests/between::a_commit_of_notes_holds_notes_and_loses_none",
            "src/check/tests/between::a_commit_of_evidence_holds_evidence_and_behind_it_stand_runs",
        ],
    },
    Case {
        id: "U-73",
        attack: "files behind evidence: a further parent that is the commit of no run of record",
        answer: "REP-002, STR-002",
        tests: &[
            "hostile::metadata::no_commit_of_notes_or_evidence_holds_anything_else",
            "src/check/tests/between::a_commit_of_evidence_holds_evidence_and_behind_it_stand_runs",
        ],
    },
    Case {
        id: "U-74",
        attack: "a merge of the notes of two clones that takes one side's lines only",
        answer: "REP-002; a merge that keeps both is accepted",
        tests: &["src/check/tests/between::notes_of_two_clones_join"],
    },
    Case {
        id: "U-75",
        attack: "a run record whose commit is brought by the push and held by no ref",
        answer: "GOV-002",
        tests: &[
            "hostile::metadata::a_run_whose_commit_nothing_holds_is_refused",
            "src/check/tests/between::the_commit_of_a_run_arrives_behind_its_evidence_or_on_its_branch",
        ],
    },
];

/// Every governance ref of the server, and where it is.
fn governance(world: &World) -> Vec<(String, String)> {
    let listed = world.server();
    let refs = listed.lines().map(|line| line.split_once(' ').unwrap());
    let governed = refs.filter(|(name, _)| !name.starts_with("refs/heads/"));
    governed
        .map(|(name, id)| (name.to_owned(), id.to_owned()))
        .collect()
}

#[test]
fn the_log_is_the_servers() {
    let door = Door::new(World::landed(), "otto");
    door.world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let tip = door.world.rev("otto", "refs/awo/log");
    let tree = door.world.rev("otto", "refs/awo/log^{tree}");
    let forged = door.raw().commit(&tree, &[&tip], "Receipt\n");
    for (what, refspec, codes) in [
        (
            "an entry more",
            format!("{forged}:refs/awo/log"),
            &["GOV-006"][..],
        ),
        (
            "another log",
            "+main:refs/awo/log".to_owned(),
            &["GOV-006", "REP-002"],
        ),
        (
            "an entry less",
            "+refs/awo/log^:refs/awo/log".to_owned(),
            &["GOV-006", "REP-002"],
        ),
    ] {
        door.refuses_push(what, &[&refspec], codes);
    }
    door.world
        .force("otto", &[&format!("{forged}:refs/awo/log")]);
    door.world.fresh_clone();
    let done = door.world.run("vera", "vera", &["git", "awo", "verify"]);
    assert_ne!(done.code, 0, "{}", done.text);
}

#[test]
fn governance_refs_are_not_deleted() {
    let door = Door::new(World::landed(), "otto");
    let names = governance(&door.world);
    for (name, _) in &names {
        let said = door.refuses_push(name, &[&format!(":{name}")], &["GOV-004", "REP-002"]);
        assert!(said.text.contains(name.as_str()), "{}", said.text);
    }
    let all: Vec<String> = names.iter().map(|(name, _)| format!(":{name}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    door.refuses_push("all at once", &all, &["GOV-004", "REP-002"]);
}

#[test]
fn governance_refs_are_neither_rewound_nor_replaced() {
    let door = Door::new(World::landed(), "otto");
    door.world.ok("otto", "otto", &["git", "awo", "fetch"]);
    for (name, id) in governance(&door.world) {
        let tree = door.world.rev("otto", &format!("{id}^{{tree}}"));
        let parents = door
            .world
            .ok("otto", "otto", &["git", "log", "-1", "--format=%P", &id]);
        let parents: Vec<&str> = parents.split_whitespace().collect();
        let mut news = vec![
            (
                "the same tree without a past",
                door.raw().commit(&tree, &[], "m\n"),
            ),
            (
                "the same tree beside it",
                door.raw().commit(&tree, &parents, "m\n"),
            ),
            ("a branch", door.world.rev("otto", "main")),
        ];
        news.extend(
            parents
                .iter()
                .map(|parent| ("what was before", (*parent).to_owned())),
        );
        for (what, new) in news {
            let pushed = door.push(&[&format!("+{new}:{name}")]);
            assert!(!pushed.accepted, "{name}, {what}: {}", pushed.text);
            assert!(
                pushed.codes.contains("REP-002"),
                "{name}, {what}: {}",
                pushed.text
            );
        }
        // The tree of a commit of the ledger holds what it adds: nothing can be taken away.
        if name == "refs/awo/ledger" {
            continue;
        }
        // A merge takes nothing away, whichever side its tree is from: the tree tells.
        let root = door.raw().tree(&[]);
        let merged = door.raw().commit(&root, &[&id], "m\n");
        let pushed = door.push(&[&format!("{merged}:{name}")]);
        assert!(!pushed.accepted, "{name} emptied: {}", pushed.text);
    }
    let before = governance(&door.world);
    door.world.ok("rita", "rita", &["git", "awo", "fetch"]);
    assert_eq!(governance(&door.world), before);
}

#[test]
fn notes_only_grow() {
    let commit = |world: &World| world.rev("otto", "refs/heads/main");
    let acts: &[(&str, &[&str])] = &[
        ("overwritten", &["add", "-f", "-m", "all is well"]),
        ("removed", &["remove"]),
        ("edited", &["append", "-m", "and more"]),
    ];
    for (what, act) in acts {
        let door = Door::new(World::landed(), "otto");
        let notes = &*door.world.notes("otto", "attestations");
        let commit = commit(&door.world);
        let mut words = vec!["git", "notes", "--ref", notes];
        words.extend(*act);
        words.push(&commit);
        door.world.ok("otto", "otto", &words);
        let pushed = door.push(&[notes]);
        assert!(!pushed.accepted, "{what}: {}", pushed.text);
        let code = if *what == "edited" {
            "INT-004"
        } else {
            "REP-002"
        };
        assert!(pushed.codes.contains(code), "{what}: {}", pushed.text);
    }
    // `git notes merge -s ours` drops what the other side has added.
    let door = Door::new(World::attested(), "otto");
    let notes = &*door.world.notes("server.git", "attestations");
    let theirs = door.world.rev("server.git", notes);
    let tree = door.raw().tree(&[]);
    let ours = door.raw().commit(&tree, &[], "Notes\n");
    door.world
        .ok("otto", "otto", &["git", "update-ref", notes, &ours]);
    door.world.ok(
        "otto",
        "otto",
        &["git", "update-ref", "refs/notes/theirs", &theirs],
    );
    let merge = [
        "git",
        "notes",
        "--ref",
        notes,
        "merge",
        "-s",
        "ours",
        "refs/notes/theirs",
    ];
    door.world.ok("otto", "otto", &merge);
    if door.world.rev("otto", notes) != theirs {
        let tip = door.world.rev("otto", notes);
        let emptied = door.raw().commit(&tree, &[&tip, &theirs], "Merge\n");
        door.refuses_push(
            "merged, ours",
            &[&format!("{emptied}:{notes}")],
            &["REP-002"],
        );
    }
    // The benign twin: a real attestation more.
    let world = World::attested();
    world.ok("otto", "otto", &["git", "awo", "finalize", RUN]);
    world.ok("otto", "otto", &["git", "awo", "push"]);
}

#[test]
fn a_consistent_rollback_of_the_server_is_noticed() {
    let world = World::executed();
    world.ok("rita", "rita", &["git", "awo", "receipt"]);
    let receipt = world.ok("rita", "rita", &["git", "awo", "receipt"]);
    world.write("receipt.json", receipt.trim());
    let yesterday = World::approved();
    let server = yesterday.path("server.git").display().to_string();
    world.ok("server", ".", &["rm", "-rf", "server.git"]);
    world.ok("server", ".", &["cp", "-a", &server, "server.git"]);
    // Whoever has seen more notices at once.
    world.refused("rita", "rita", &["git", "awo", "fetch"], "REP-002");
    // A fresh clone cannot know, unless somebody kept a receipt: the documented limit.
    world.fresh_clone();
    let words = ["git", "awo", "verify", "--receipt", "../receipt.json"];
    world.refused("vera", "vera", &words, "REP-002");
    let plain = world.run("vera", "vera", &["git", "awo", "verify"]);
    assert_eq!(plain.code, 0, "the rest is consistent\n{}", plain.text);
}

#[test]
fn two_histories_do_not_survive_a_receipt() {
    let world = World::founded();
    world.ok("server", ".", &["cp", "-a", "server.git", "other.git"]);
    let work = |who: &str, name: &str| {
        world.ok(
            who,
            who,
            &["git", "checkout", "--quiet", "-b", &format!("wip/{name}")],
        );
        world.write(&format!("{who}/src/{name}.py"), "x = 1\n");
        world.commit(who, name);
        world.ok(
            who,
            who,
            &[
                "git",
                "push",
                "-q",
                "origin",
                &format!("HEAD:refs/heads/wip/{name}"),
            ],
        );
        world.ok(who, who, &["git", "awo", "fetch"]);
        let receipt = world.ok(who, who, &["git", "awo", "receipt"]);
        world.write(&format!("{who}.receipt"), receipt.trim());
    };
    world.ok(
        "rita",
        "rita",
        &["git", "remote", "set-url", "origin", "../other.git"],
    );
    work("otto", "one");
    work("rita", "two");
    for (who, other) in [("otto", "rita"), ("rita", "otto")] {
        let own = format!("../{who}.receipt");
        world.ok(who, who, &["git", "awo", "verify", "--receipt", &own]);
        let theirs = format!("../{other}.receipt");
        world.refused(
            who,
            who,
            &["git", "awo", "verify", "--receipt", &theirs],
            "REP-002",
        );
    }
}

#[test]
fn a_repository_that_founded_itself_is_not_trusted() {
    let real = World::founded();
    // Another world: other keys, everything else alike.
    let mallory = World::founded_anew();
    mallory.fresh_clone();
    assert_ne!(mallory.fingerprint(), real.fingerprint(), "other roots");
    let trusted = ["git", "awo", "trust", &real.fingerprint()];
    mallory.refused("vera", "vera", &trusted, "GOV-006");
    // Somebody who trusts the real root before anything is here.
    mallory.ok(
        "vera",
        ".",
        &["git", "clone", "--quiet", "server.git", "again"],
    );
    mallory.ok("vera", "again", &trusted);
    mallory.refused("vera", "again", &["git", "awo", "fetch"], "GOV-006");
    let specs = "+refs/awo/*:refs/awo/*";
    mallory.ok(
        "vera",
        "again",
        &["git", "fetch", "--quiet", "origin", specs],
    );
    mallory.refused("vera", "again", &["git", "awo", "verify"], "GOV-006");
    // The benign twin: who trusts this root.
    mallory.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn no_commit_of_notes_or_evidence_holds_anything_else() {
    let door = Door::new(World::executed(), "otto");
    let raw = door.raw();
    door.world.ok("otto", "otto", &["git", "awo", "push"]);
    let notes = door.world.notes("server.git", "approvals");
    let listed = [
        "git",
        "for-each-ref",
        "--format=%(refname)",
        "refs/awo/evidence",
    ];
    let evidence = door.world.ok("server", "server.git", &listed);
    let file = raw.blob("on: push\n");
    let tree = raw.tree(&[("100644", b"ci.yml", &file)]);
    let foreign = raw.commit(&tree, &[], "Work\n");
    let empty = raw.tree(&[]);
    let mut forced = Vec::new();
    for (name, other) in [(notes.trim(), "INT-003"), (evidence.trim(), "STR-002")] {
        let tip = door.world.rev("server.git", name);
        let files = door.world.rev("server.git", &format!("{tip}^{{tree}}"));
        let back = |parents: &[&str]| raw.commit(&files, parents, "Notes\n");
        let push = |id: &str| format!("{id}:{name}");
        let with_file = raw.tree_with(&files, &[("100644", b"ci.yml", &file)]);
        let beside = back(&[&raw.commit(&with_file, &[&tip], "Notes\n")]);
        let codes: &[&str] = match other {
            "STR-002" => &["REP-002", "STR-002"],
            other => &[other],
        };
        door.refuses_push("a file in between", &[&push(&beside)], codes);
        let emptied = back(&[&raw.commit(&empty, &[&tip], "Notes\n")]);
        door.refuses_push("removed and put back", &[&push(&emptied)], &["REP-002"]);
        let behind = back(&[&tip, &foreign]);
        door.refuses_push("a further parent", &[&push(&behind)], codes);
        forced.push(push(&behind));
    }
    // The benign twin: the same notes, joined with themselves.
    let tip = door.world.rev("server.git", notes.trim());
    let files = door.world.rev("server.git", &format!("{tip}^{{tree}}"));
    let root = raw.commit(&files, &[], "Notes\n");
    let joined = raw.commit(&files, &[&tip, &root], "Notes\n");
    door.accepts_push("joined", &[&format!("{joined}:{}", notes.trim())]);
    // Whoever forces them is found by everybody.
    let forced: Vec<_> = forced.iter().map(|it| format!("+{it}")).collect();
    let forced: Vec<_> = forced.iter().map(String::as_str).collect();
    door.world.force("otto", &forced);
    door.world.fresh_clone();
    let said = door.world.verify_finds("STR-002");
    assert!(said.contains("INT-003"), "{said}");
}

#[test]
fn a_run_whose_commit_nothing_holds_is_refused() {
    let door = Door::new(World::approved(), "otto");
    let (raw, world) = (door.raw(), &door.world);
    world.executes("otto", RUN);
    let listed = [
        "git",
        "for-each-ref",
        "--format=%(refname)",
        "refs/awo/evidence",
    ];
    let evidence = world.ok("otto", "otto", &listed);
    let evidence = evidence.trim();
    let run = world.rev("otto", &format!("{evidence}^1"));
    let files = world.rev("otto", &format!("{evidence}^{{tree}}"));
    let without = raw.commit(&files, &[], "Evidence\n");
    // The commit and its objects are on the server, as a pack can bring them.
    let listed = ["git", "rev-list", "--objects", "--no-object-names", &run];
    let objects = world.ok("otto", "otto", &listed);
    raw.unpack(&objects.lines().collect::<Vec<_>>());
    let refs = [
        format!("{without}:{evidence}"),
        "refs/awo/ledger".to_owned(),
    ];
    let refs: Vec<_> = refs.iter().map(String::as_str).collect();
    door.refuses_push("nothing holds it", &refs, &["GOV-002"]);
    door.accepts_push("the evidence does", &[evidence, "refs/awo/ledger"]);
}
