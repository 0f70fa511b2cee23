//! Overrides of the protection of artefacts: one commit, one change, signed by as many operators as the policy
//! asks for, and used up by the push that lands it.

use git_awo::actor::Actor;
use git_awo::facts::log;
use git_awo::hook::speak::heard;
use git_awo::record::tree::Mode;
use git_awo::record::{DecisionId, Held, OverrideUse, Protection, RefName, Sha256, Token};
use git_awo::records::{DecisionPredicate, Kind, ReceiptPredicate, Target, WaiverScope};
use git_awo::store::additions::since;
use git_awo::store::{self, chain, layout};

use crate::hostile::Case;
use crate::world::World;

pub const CASES: &[Case] = &[
    Case {
        id: "J-09",
        attack: "a change of a protected file without an override, or under a policy that lets nobody override",
        answer: "GOV-003",
        tests: &[
            "overrides::a_protected_file_changes_once_somebody_has_signed_for_it",
            "overrides::without_a_word_of_the_policy_nobody_lifts_anything",
        ],
    },
    Case {
        id: "J-10",
        attack: "an override by fewer persons than the policy asks for, by one who signs twice, or one that is withdrawn or rejected",
        answer: "GOV-005",
        tests: &[
            "overrides::as_many_sign_as_the_policy_asks_for",
            "overrides::what_others_have_signed_can_be_withdrawn_or_rejected",
        ],
    },
    Case {
        id: "J-11",
        attack: "an override by the signer of the commit, its author, a co-author, or who assisted",
        answer: "GOV-001",
        tests: &["overrides::nobody_lifts_it_for_a_commit_of_their_own"],
    },
    Case {
        id: "J-12",
        attack: "an override by a model, or by somebody who is one by now",
        answer: "GOV-003, GOV-005",
        tests: &["overrides::a_model_lifts_nothing"],
    },
    Case {
        id: "J-13",
        attack: "another object, path, case, Unicode form, mode or type than the override names, a rename, a directory or a parent symlink in its place, or one change more",
        answer: "GOV-003",
        tests: &[
            "overrides::it_is_for_one_change_of_one_path",
            "overrides::a_mode_is_part_of_it",
        ],
    },
    Case {
        id: "J-14",
        attack: "an override for a file that git obeys, or beside a path that nobody granted, or of a run whose contract does not allow the path",
        answer: "GOV-003",
        tests: &[
            "overrides::nothing_else_is_lifted",
            "overrides::a_contract_that_does_not_allow_the_path_is_not_lifted",
            "overrides::a_run_changes_a_protected_file_that_its_contract_allows",
        ],
    },
    Case {
        id: "J-15",
        attack: "an override that has expired by the server's clock",
        answer: "GOV-005; what landed in time stays",
        tests: &["overrides::an_override_ends_by_the_servers_clock"],
    },
    Case {
        id: "J-16",
        attack: "an override used by a second commit: after a change back, on another branch, twice in one push, or in a push at the same moment",
        answer: "REP-001, REP-003",
        tests: &[
            "overrides::it_is_used_once",
            "overrides::what_was_verified_before_is_not_forgotten",
            "overrides::two_pushes_at_one_moment_do_not_use_one_override",
        ],
    },
    Case {
        id: "J-17",
        attack: "a merge that changes a protected file itself; one that takes it as it landed is accepted",
        answer: "GOV-003",
        tests: &["overrides::a_merge_takes_what_landed_by_an_override"],
    },
    Case {
        id: "J-18",
        attack: "an override of another repository, replayed in a fork",
        answer: "ATT-002",
        tests: &["overrides::an_override_of_another_repository_lifts_nothing"],
    },
    Case {
        id: "J-19",
        attack: "a decision that names another change than it binds, a directory, a path outside, no reason, or a waiver besides",
        answer: "INT-004, ATT-002, GOV-005",
        tests: &["overrides::a_decision_that_lifts_is_a_persons_and_says_what_it_is_for"],
    },
    Case {
        id: "J-20",
        attack: "a receipt that leaves out an override that was used, tells of another, or of one that was none",
        answer: "INT-008",
        tests: &["overrides::a_receipt_that_leaves_a_use_out_or_makes_one_up_is_found"],
    },
    Case {
        id: "J-21",
        attack: "benign: an override and its commit in one push, and the same commit on another branch",
        answer: "accepted",
        tests: &[
            "overrides::the_override_and_the_commit_may_come_together",
            "overrides::a_protected_file_changes_once_somebody_has_signed_for_it",
        ],
    },
    Case {
        id: "J-22",
        attack: "an override used on a branch that is gone by now, used again; the merge that brought its commit elsewhere is accepted",
        answer: "REP-001",
        tests: &["overrides::a_branch_that_is_gone_has_used_its_override"],
    },
];

/// The protected file.
const FILE: &str = "ci/run.sh";
/// Where otto pushes.
const WIP: &str = "HEAD:refs/heads/wip/x";
const LEDGER: &str = "refs/awo/ledger";

/// A world in which so many operators, of olga and rita, lift the protection of `ci/`.
fn lifting(number: u32) -> World {
    let world = World::founded();
    world.lifts(2, &format!("protection_overrides = {number}\n"));
    world
}

/// Returns a policy with this in its gates and about trees: rita is an operator too, and otto may commit below
/// `ci/`.
fn lifted_policy(text: &str, gates: &str, tree: &str) -> String {
    let requires = "requires = [\"override/1\"]\nschema =";
    text.replacen("schema =", requires, 1)
        .replacen("[gates]\n", &format!("[gates]\n{gates}"), 1)
        .replacen(
            "protected = [",
            &format!("{tree}protected = [\"/ci/\", "),
            1,
        )
        .replacen("paths = [\"src/\"", "paths = [\"ci/\", \"src/\"", 1)
        .replacen(
            "name = \"rita\"\nroles = [",
            "name = \"rita\"\nroles = [\"operator\", ",
            1,
        )
}

impl World {
    /// The next policy, with this in its gates: rita is an operator too, and otto may commit below `ci/`.
    fn lifts(&self, version: u32, gates: &str) {
        self.lifts_and(version, gates, "");
    }

    /// The same, with more about trees.
    fn lifts_and(&self, version: u32, gates: &str, tree: &str) {
        self.next_policy(version, None, |text| lifted_policy(&text, gates, tree));
        for who in ["olga", "otto", "rita"] {
            self.ok(who, who, &["git", "awo", "fetch"]);
        }
    }

    /// otto commits this text, on top of where he is.
    fn proposes(&self, text: &str) -> String {
        self.write(&format!("otto/{FILE}"), text);
        self.commit("otto", text)
    }

    /// The server refuses otto's commit with this code and rule; returns the command that it names.
    #[track_caller]
    fn asks(&self, code: &str, rule: &str) -> Vec<String> {
        typed(&self.push_refused("otto", &[WIP], code), rule)
    }
    /// Somebody types this command, and pushes if asked; returns the name of the decision.
    #[track_caller]
    fn lets(&self, who: &str, command: &[String]) -> DecisionId {
        let id = self.lets_here(who, command);
        self.push_accepted(who, &[LEDGER]);
        id
    }

    #[track_caller]
    fn lets_here(&self, who: &str, command: &[String]) -> DecisionId {
        let _ = self.run(who, who, &["git", "awo", "fetch"]);
        let words: Vec<_> = command.iter().map(String::as_str).collect();
        let text = self.ok(who, who, &words);
        let id = text.split_whitespace().nth(2).unwrap();
        DecisionId::new(id.trim_end_matches(':')).unwrap()
    }

    /// What the receipts of the server say, as otto has them, the newest first.
    fn log(&self) -> Vec<ReceiptPredicate> {
        self.ok("otto", "otto", &["git", "awo", "fetch"]);
        let actor = self.actor("otto");
        let mut next = actor.repo.reference(&layout::log()).unwrap();
        let mut all = Vec::new();
        while let Some(id) = next {
            all.push(log::chain().says(&actor.repo, id).unwrap());
            next = actor.repo.commit(id).unwrap().parents.first().copied();
        }
        all
    }

    /// What a decision that olga has made is about.
    fn target_of(&self, id: &DecisionId) -> String {
        let says: DecisionPredicate = self.predicate("olga", &Kind::Decision.of(id));
        says.decision.target_ref.to_string()
    }

    /// A fresh clone finds nothing.
    #[track_caller]
    fn is_sound(&self) {
        self.fresh_clone();
        self.ok("vera", "vera", &["git", "awo", "verify"]);
    }

    /// The server refuses what otto has; forced past it, a fresh clone finds the same.
    #[track_caller]
    fn is_refused_and_found(&self, code: &str, rule: &str) {
        self.copied().is_found_of("otto", &[WIP], code, rule);
    }
}

/// Returns the command that the finding by this rule names, with a reason.
#[track_caller]
fn typed(said: &str, rule: &str) -> Vec<String> {
    let mut found = heard(said).into_iter().filter(|it| *it.rule == *rule);
    let command =
        found.find_map(|it| Some(it.remedy.split_once("run git awo override ")?.1.to_owned()));
    let command = command.unwrap_or_else(|| panic!("{rule} names the command: {said}"));
    let words = command.split(' ').map(|word| match word {
        "TEXT" => "because".to_owned(),
        word => word.to_owned(),
    });
    let named = ["git", "awo", "override"].map(str::to_owned);
    named.into_iter().chain(words).collect()
}

/// otto's commit, which needs an override: the world, and the command that gives it.
pub fn proposed(number: u32) -> (World, Vec<String>) {
    let world = lifting(number);
    world.proposes("one");
    let command = world.asks("GOV-003", "protected-artefact");
    (world, command)
}

/// One of two operators has signed.
pub fn half_signed() -> World {
    let (world, command) = proposed(2);
    world.lets("olga", &command);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world
}

/// rita has signed for what names her as a co-author.
pub fn own() -> World {
    let (world, command) = proposed(1);
    let message = "one\n\nCo-authored-by: rita <rita@example.org>";
    let amend = [
        "git",
        "commit",
        "-q",
        "--amend",
        "--no-verify",
        "-m",
        message,
    ];
    world.ok("otto", "otto", &amend);
    world.lets("rita", &command);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world
}

/// otto makes a change once more that was taken back.
pub fn used() -> World {
    let (world, _) = taken_back();
    world.proposes("one");
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world
}

#[test]
fn a_protected_file_changes_once_somebody_has_signed_for_it() {
    let (world, command) = proposed(1);
    world.is_refused_and_found("GOV-003", "protected-artefact");
    let id = world.lets("olga", &command);
    let text = world.push_accepted("otto", &[WIP]);
    assert!(text.contains("override used: ci/run.sh, by olga"), "{text}");
    world.is_sound();
    // It stands in the log, and the commit may come to another branch.
    let log = world.log();
    let used: Vec<_> = log.iter().flat_map(|it| &it.overrides).collect();
    assert_eq!(used.len(), 1);
    assert_eq!(used[0].commit.to_string(), world.rev("otto", "HEAD"));
    assert_eq!(used[0].path.to_string(), FILE);
    assert_eq!(used[0].decisions, [id]);
    world.push_accepted("otto", &["HEAD:refs/heads/wip/y"]);
    world.is_sound();
}

/// otto's commit, which needs an override, where branches below `wip/` may be deleted.
fn on_a_passing_branch(number: u32) -> (World, Vec<String>) {
    let world = World::founded();
    let gates = format!("protection_overrides = {number}\n");
    world.next_policy(2, None, |text| {
        let wip = "pattern = \"refs/heads/wip/**\"\n";
        let text = lifted_policy(&text, &gates, "");
        text.replacen(wip, &format!("{wip}rewind = true\n"), 1)
    });
    for who in ["olga", "otto", "rita"] {
        world.ok(who, who, &["git", "awo", "fetch"]);
    }
    world.proposes("one");
    let command = world.asks("GOV-003", "protected-artefact");
    (world, command)
}

/// otto merges what is on wip/x into a branch that lives on, and deletes wip/x.
fn merged_and_gone(world: &World, how: &str) {
    world.push_accepted("otto", &[WIP]);
    world.ok("otto", "otto", &["git", "branch", "lifted"]);
    world.ok(
        "otto",
        "otto",
        &["git", "switch", "-qc", "merged", "origin/main"],
    );
    let merge = [
        "git",
        "merge",
        "-q",
        "--no-verify",
        "--no-edit",
        how,
        "lifted",
    ];
    world.ok("otto", "otto", &merge);
    world.push_accepted("otto", &["HEAD:refs/heads/wip/y"]);
    world.push_accepted("otto", &[":refs/heads/wip/x"]);
}

#[test]
fn a_branch_that_is_gone_has_used_its_override() {
    for how in ["--ff", "--no-ff"] {
        let (world, command) = on_a_passing_branch(1);
        let id = world.lets("olga", &command);
        merged_and_gone(&world, how);
        world.is_sound();
        // It is as used as ever.
        let copy = world.copied();
        copy.ok(
            "otto",
            "otto",
            &["git", "switch", "-qc", "again", "origin/main"],
        );
        copy.proposes("one");
        let other = ["HEAD:refs/heads/wip/z"];
        copy.ok(
            "otto",
            "otto",
            &[
                "git",
                "commit",
                "-q",
                "--amend",
                "--no-verify",
                "-m",
                "again",
            ],
        );
        copy.is_found_of("otto", &other, "REP-001", "override-once");
        // What comes later does not touch it.
        let revoke = ["git", "awo", "revoke", id.as_str(), "--reason", "no more"];
        world.ok("olga", "olga", &["git", "awo", "fetch"]);
        world.run("olga", "olga", &revoke);
        world.run("olga", "olga", &["git", "awo", "push"]);
        world.is_sound();
    }
    // Where nobody had signed when it landed first, the receipt is found.
    let (world, command) = on_a_passing_branch(2);
    world.lets("olga", &command);
    world.lets("rita", &command);
    merged_and_gone(&world, "--ff");
    let commit = world.rev("otto", "HEAD").parse().unwrap();
    world.retells_receipts(3, |says| {
        for it in says.overrides.iter_mut().filter(|it| it.commit == commit) {
            it.decisions.truncate(1);
        }
    });
    world.fresh_clone();
    let text = world.verify_finds("INT-008");
    assert!(text.contains("override-told"), "{text}");
}

#[test]
fn as_many_sign_as_the_policy_asks_for() {
    let (world, command) = proposed(2);
    world.lets("olga", &command);
    let text = world.asks("GOV-005", "override-persons");
    assert_eq!(text, command, "rita is asked for the same");
    world.is_refused_and_found("GOV-005", "override-persons");
    // Who signs twice is one person, and the later signature stands for the earlier one.
    world.lets("olga", &command);
    world.push_refused("otto", &[WIP], "GOV-005");
    world.lets("rita", &command);
    let text = world.push_accepted("otto", &[WIP]);
    assert!(
        text.contains("override used: ci/run.sh, by olga, rita"),
        "{text}"
    );
    world.is_sound();
}

#[test]
fn nobody_lifts_it_for_a_commit_of_their_own() {
    // By whoever signed the commit.
    let world = lifting(1);
    world.ok(
        "rita",
        "rita",
        &["git", "switch", "-qc", "own", "origin/main"],
    );
    world.write(&format!("rita/{FILE}"), "one");
    world.commit("rita", "one");
    let text = world.push_refused("rita", &[WIP], "GOV-003");
    let command = typed(&text, "protected-artefact");
    world.lets("rita", &command);
    world
        .copied()
        .is_found_of("rita", &[WIP], "GOV-001", "override-beneficiary");
    world.lets("olga", &command);
    world.push_accepted("rita", &[WIP]);
    world.is_sound();
    // By whom it names.
    for named in [
        "Co-authored-by: rita <rita@example.org>",
        "Assisted-by: rita",
    ] {
        let (world, command) = proposed(1);
        let amend = format!("one\n\n{named}");
        world.ok(
            "otto",
            "otto",
            &[
                "git",
                "commit",
                "-q",
                "--amend",
                "--no-verify",
                "-m",
                &amend,
            ],
        );
        world.lets("rita", &command);
        world.is_refused_and_found("GOV-001", "override-beneficiary");
        world.lets("olga", &command);
        world.push_accepted("otto", &[WIP]);
    }
    // By its author, where somebody else signs the commit.
    let (world, command) = proposed(1);
    let amend = [
        "git",
        "commit",
        "-q",
        "--amend",
        "--no-edit",
        "--no-verify",
        "--author",
    ];
    world.ok(
        "otto",
        "otto",
        &[&amend[..], &["rita <rita@example.org>"]].concat(),
    );
    world.lets("rita", &command);
    world.is_refused_and_found("GOV-001", "override-beneficiary");
}

#[test]
fn it_is_for_one_change_of_one_path() {
    let (world, command) = proposed(1);
    world.lets("olga", &command);
    let refused = |what: &str, change: &dyn Fn(&World)| {
        let copy = world.copied();
        copy.ok(
            "otto",
            "otto",
            &["git", "reset", "-q", "--hard", "origin/main"],
        );
        change(&copy);
        copy.commit("otto", what);
        copy.is_refused_and_found("GOV-003", "protected-artefact");
    };
    let file = format!("otto/{FILE}");
    refused("another object", &|it| it.write(&file, "two"));
    refused("another path", &|it| it.write("otto/ci/other.sh", "one"));
    refused("a path below", &|it| it.write("otto/ci/run.sh/a", "one"));
    refused("another case", &|it| it.write("otto/ci/Run.sh", "one"));
    refused("another directory", &|it| it.write("otto/CI/run.sh", "one"));
    refused("another form", &|it| {
        it.write("otto/c\u{fe0f}i/run.sh", "one")
    });
    refused("another mode", &|it| {
        it.write(&file, "one");
        it.ok("otto", "otto", &["chmod", "+x", FILE]);
    });
    refused("a symlink to the same", &|it| {
        std::fs::create_dir_all(it.path("otto/ci")).unwrap();
        it.ok("otto", "otto", &["ln", "-s", "one", FILE]);
    });
    refused("a parent that is a symlink", &|it| {
        it.write("otto/src/ci/run.sh", "one");
        it.ok("otto", "otto", &["ln", "-s", "src/ci", "ci"]);
    });
    refused("one more", &|it| {
        it.write(&file, "one");
        it.write("otto/ci/more.sh", "more");
    });
    world.push_accepted("otto", &[WIP]);
    // From something else: the same object once more after it was deleted, by a rename.
    world.ok("otto", "otto", &["git", "mv", FILE, "src/run.sh"]);
    world.commit("otto", "moved");
    let away = world.asks("GOV-003", "protected-artefact");
    assert!(away.contains(&"0".repeat(40)), "{away:?}");
    world.is_refused_and_found("GOV-003", "protected-artefact");
    world.lets("rita", &away);
    world.push_accepted("otto", &[WIP]);
    world.is_sound();
}

#[test]
fn a_mode_is_part_of_it() {
    let (world, command) = proposed(1);
    world.lets("olga", &command);
    world.push_accepted("otto", &[WIP]);
    let gates = "protection_overrides = 1\n";
    world.lifts_and(3, gates, "executable = [\"/ci/\"]\n");
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &["chmod", "+x", FILE]);
    world.commit("otto", "executable");
    let command = world.asks("GOV-003", "protected-artefact");
    assert!(command.contains(&"--from-mode".to_owned()), "{command:?}");
    assert!(command.contains(&"100755".to_owned()), "{command:?}");
    world.lets("olga", &command);
    world.push_accepted("otto", &[WIP]);
    world.is_sound();
}

#[test]
fn nothing_else_is_lifted() {
    let (world, command) = proposed(1);
    world.lets("olga", &command);
    let refused = |code: &str, rule: &str, change: &dyn Fn(&World)| {
        let copy = world.copied();
        change(&copy);
        copy.is_refused_and_found(code, rule);
    };
    // A path that nobody granted, beside it.
    refused("GOV-003", "direct-writers", &|it| {
        it.write("otto/lib/x", "x");
        it.commit("otto", "more");
    });
    // A file that git obeys.
    let world = lifting(1);
    world.write("otto/ci/.gitattributes", "* text\n");
    world.commit("otto", "attributes");
    let text = world.push_refused("otto", &[WIP], "GOV-003");
    let command = typed(&text, "protected-artefact");
    world.lets("olga", &command);
    world.is_refused_and_found("GOV-003", "protected-artefact");
    let text = world.push_refused("otto", &[WIP], "GOV-003");
    assert!(text.contains("a file that git obeys"), "{text}");
}

#[test]
fn an_override_ends_by_the_servers_clock() {
    let (world, command) = proposed(1);
    let short = [&command[..], &["--expires".to_owned(), "1d".to_owned()]].concat();
    let words: Vec<_> = short.iter().map(String::as_str).collect();
    // It has some seconds to live when it arrives.
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let done = world.earlier("olga", 86_400 - 8, &words);
    assert_eq!(done.code, 0, "{}", done.text);
    world.push_accepted("olga", &[LEDGER]);
    let intime = world.copied();
    intime.push_accepted("otto", &[WIP]);
    std::thread::sleep(std::time::Duration::from_secs(9));
    world.is_refused_and_found("GOV-005", "override-persons");
    let text = world.push_refused("otto", &[WIP], "GOV-005");
    assert!(text.contains("which expired"), "{text}");
    // What landed in time stays, also on another branch.
    intime.is_sound();
    intime.push_accepted("otto", &["HEAD:refs/heads/wip/y"]);
    intime.is_sound();
    // Another one of the same person counts.
    world.lets("olga", &command);
    world.push_accepted("otto", &[WIP]);
    world.is_sound();
}

/// A world in which otto's commit has landed by an override and was taken back by another one; the command
/// that gave the first.
fn taken_back() -> (World, Vec<String>) {
    let (world, command) = proposed(1);
    world.lets("olga", &command);
    world.push_accepted("otto", &[WIP]);
    world.ok("otto", "otto", &["git", "rm", "-q", FILE]);
    world.commit("otto", "gone");
    let away = world.asks("GOV-003", "protected-artefact");
    world.lets("olga", &away);
    world.push_accepted("otto", &[WIP]);
    (world, command)
}

#[test]
fn it_is_used_once() {
    let (world, command) = taken_back();
    world.proposes("one");
    let first = world.rev("otto", "HEAD~2");
    let text = world.push_refused("otto", &[WIP], "REP-001");
    assert!(
        text.contains("override-once") && text.contains(&first),
        "{text}"
    );
    world.is_refused_and_found("REP-001", "override-once");
    // Signed once more, it lands.
    assert_eq!(world.asks("REP-001", "override-once"), command);
    world.lets("rita", &command);
    world.push_accepted("otto", &[WIP]);
    world.is_sound();

    // On another branch.
    let (world, _) = taken_back();
    world.ok(
        "otto",
        "otto",
        &["git", "reset", "-q", "--hard", "origin/main"],
    );
    world.proposes("one");
    world.ok(
        "otto",
        "otto",
        &[
            "git",
            "commit",
            "-q",
            "--amend",
            "--no-verify",
            "-m",
            "other",
        ],
    );
    let other = ["HEAD:refs/heads/wip/other"];
    world
        .copied()
        .is_found_of("otto", &other, "REP-001", "override-once");

    // Twice in one push: one after the other, and on two branches.
    let (world, command) = proposed(1);
    world.lets("olga", &command);
    let copy = world.copied();
    let gone = copy.copied();
    gone.ok("otto", "otto", &["git", "rm", "-q", FILE]);
    gone.commit("otto", "gone");
    let away = gone.asks("GOV-003", "protected-artefact");
    gone.lets("olga", &away);
    gone.proposes("one");
    gone.is_refused_and_found("REP-001", "override-once");
    copy.ok("otto", "otto", &["git", "branch", "first"]);
    copy.ok(
        "otto",
        "otto",
        &[
            "git",
            "commit",
            "-q",
            "--amend",
            "--no-verify",
            "-m",
            "other",
        ],
    );
    let both = ["first:refs/heads/wip/x", "HEAD:refs/heads/wip/y"];
    copy.copied()
        .is_found_of("otto", &both, "REP-001", "override-once");
    // The same commit on two branches is one use.
    let both = ["first:refs/heads/wip/x", "first:refs/heads/wip/y"];
    copy.push_accepted("otto", &both);
    copy.is_sound();
}

#[test]
fn what_others_have_signed_can_be_withdrawn_or_rejected() {
    let (world, command) = proposed(1);
    let id = world.lets("olga", &command);
    let copy = world.copied();
    copy.ok(
        "olga",
        "olga",
        &["git", "awo", "revoke", id.as_str(), "--reason", "no more"],
    );
    copy.push_accepted("olga", &[LEDGER]);
    copy.is_refused_and_found("GOV-005", "override-persons");
    copy.lets("rita", &command);
    copy.push_accepted("otto", &[WIP]);
    copy.is_sound();
    // Who has landed by it is not touched by what comes later.
    let later = world.copied();
    later.push_accepted("otto", &[WIP]);
    later.ok("olga", "olga", &["git", "awo", "fetch"]);
    later.run(
        "olga",
        "olga",
        &["git", "awo", "revoke", id.as_str(), "--reason", "no more"],
    );
    later.run("olga", "olga", &["git", "awo", "push"]);
    later.is_sound();
    // A rejection by another operator stands against it.
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    let target = world.target_of(&id);
    let reject = [
        "git",
        "awo",
        "decide",
        "PolicyViolation",
        &target,
        "reject",
        "--rationale",
        "no",
    ];
    world.ok("rita", "rita", &reject);
    world.push_accepted("rita", &[LEDGER]);
    let text = world.push_refused("otto", &[WIP], "GOV-005");
    assert!(text.contains("rita rejects"), "{text}");
    world.is_refused_and_found("GOV-005", "override-persons");
}

#[test]
fn without_a_word_of_the_policy_nobody_lifts_anything() {
    let world = World::founded();
    world.next_policy(2, None, |text| {
        text.replacen("protected = [", "protected = [\"/ci/\", ", 1)
            .replacen("paths = [\"src/\"", "paths = [\"ci/\", \"src/\"", 1)
    });
    for who in ["olga", "otto"] {
        world.ok(who, who, &["git", "awo", "fetch"]);
    }
    world.proposes("one");
    let text = world.push_refused("otto", &[WIP], "GOV-003");
    assert!(!text.contains("git awo override"), "{text}");
    let blob = world.rev("otto", &format!("HEAD:{FILE}"));
    let zeros = "0".repeat(40);
    let lift = [
        "git", "awo", "override", FILE, "--from", &zeros, "--to", &blob, "--reason", "x",
    ];
    world.refused("olga", "olga", &lift, "GOV-009");
    // Made under a policy that lets somebody, it does not land under one that does not.
    let (world, command) = proposed(1);
    world.lets_here("rita", &command);
    let before = world.copied();
    world.lifts(3, "");
    world.push_refused("rita", &[LEDGER], "GOV-009");
    // One that the server has lifts nothing any more.
    before.push_accepted("rita", &[LEDGER]);
    before.lifts(3, "");
    before.is_refused_and_found("GOV-003", "protected-artefact");
}

#[test]
fn the_override_and_the_commit_may_come_together() {
    let (world, command) = proposed(1);
    world.lets_here("olga", &command);
    world.hands_over("olga", "otto");
    world.push_refused("otto", &[WIP], "GOV-003");
    world.push_accepted("otto", &[LEDGER, WIP]);
    world.is_sound();
}

#[test]
fn a_merge_takes_what_landed_by_an_override() {
    let (world, command) = proposed(1);
    world.lets("olga", &command);
    world.push_accepted("otto", &[WIP]);
    let merge = |world: &World, more: &str| {
        world.ok(
            "otto",
            "otto",
            &["git", "switch", "-qc", "merged", "origin/main"],
        );
        world.write("otto/src/mine.py", "mine");
        world.commit("otto", "mine");
        let merge = [
            "git",
            "merge",
            "-q",
            "--no-verify",
            "--no-ff",
            "--no-commit",
            "main",
        ];
        world.ok("otto", "otto", &merge);
        if !more.is_empty() {
            world.write(&format!("otto/{FILE}"), more);
        }
        world.commit("otto", "merge");
    };
    let evil = world.copied();
    merge(&evil, "evil");
    evil.copied().is_found_of(
        "otto",
        &["HEAD:refs/heads/wip/y"],
        "GOV-003",
        "protected-artefact",
    );
    merge(&world, "");
    world.push_accepted("otto", &["HEAD:refs/heads/wip/y"]);
    world.is_sound();
    // Before the commit has landed anywhere, the merge brings it, and uses the override.
    let (world, command) = proposed(1);
    merge(&world, "");
    world.push_refused("otto", &["HEAD:refs/heads/wip/y"], "GOV-003");
    world.lets("olga", &command);
    world.push_accepted("otto", &["HEAD:refs/heads/wip/y"]);
    world.push_accepted("otto", &["main:refs/heads/wip/x"]);
    world.is_sound();
}

/// The run of the task that changes the protected file.
const RUN: &str = "run_ci";

/// A world in which otto may execute a task that allows these paths.
fn tasked(allow: &[&str]) -> World {
    let world = lifting(1);
    let more: Vec<_> = allow.iter().flat_map(|it| ["--allow", it]).collect();
    world.writes_a_contract_with("olga", "T-1", &more);
    let sentence = "I approve T-1.";
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "approve", "T-1", "--sentence", sentence],
    );
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world
}

const RUNS: &[&str] = &[
    "git",
    "awo",
    "run",
    "T-1",
    "--run-id",
    RUN,
    "--",
    "sh",
    "-c",
    "mkdir -p ci; echo one > ci/run.sh",
];

/// The command that a refused run shows.
fn shown(said: &str) -> Vec<String> {
    let (_, command) = said.split_once("run git awo override ").expect(said);
    let words = command.lines().next().unwrap().split(' ');
    let named = ["git", "awo", "override"].into_iter();
    named.chain(words).map(str::to_owned).collect()
}

#[test]
fn a_run_changes_a_protected_file_that_its_contract_allows() {
    let world = tasked(&["ci/"]);
    let text = world.refused("otto", "otto", RUNS, "GOV-003");
    world.lets("olga", &shown(&text));
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", RUNS);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    for act in ["gate", "approve", "attest"] {
        world.ok("rita", "rita", &["git", "awo", act, RUN]);
    }
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &["git", "awo", "finalize", RUN]);
    let text = world.ok("otto", "otto", &["git", "awo", "push"]);
    assert!(text.contains("override used: ci/run.sh, by olga"), "{text}");
    world.is_sound();
    world.ok("vera", "vera", &["git", "awo", "verify", RUN]);
    world.ok("vera", "vera", &["git", "awo", "verify", "HEAD"]);
    // Steps after it ask for no override again.
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "outcome", RUN, "rejected", "--reason", "no"],
    );
    world.ok("olga", "olga", &["git", "awo", "push"]);
    // What takes it back is a change of its own.
    world.ok(
        "olga",
        "olga",
        &["git", "merge", "-q", "--ff-only", "origin/main"],
    );
    let text = world.refused("olga", "olga", &["git", "awo", "rollback", RUN], "GOV-003");
    assert!(text.contains("git awo override ci/run.sh --from"), "{text}");
}

#[test]
fn a_contract_that_does_not_allow_the_path_is_not_lifted() {
    let world = tasked(&[]);
    let text = world.refused("otto", "otto", RUNS, "GOV-003");
    assert!(text.contains("allowed-paths"), "{text}");
    world.lets("olga", &shown(&text));
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let text = world.refused("otto", "otto", RUNS, "GOV-003");
    assert!(
        text.contains("allowed-paths") && !text.contains("protected-artefact"),
        "{text}"
    );
}

type Retells = fn(&mut DecisionPredicate);

fn file(digit: &str, mode: Mode) -> Held {
    Held {
        id: digit.repeat(40).parse().unwrap(),
        mode,
    }
}

/// The decision is about another change, and says so everywhere.
fn other(change: fn(&mut Protection), says: &mut DecisionPredicate) {
    let protection = says.protection.as_mut().unwrap();
    change(protection);
    says.target = Target::Record(protection.digest());
    says.decision.target_ref = Token::new(protection.target_ref()).unwrap();
}

#[test]
fn a_decision_that_lifts_is_a_persons_and_says_what_it_is_for() {
    let (world, command) = proposed(1);
    let id = world.lets_here("rita", &command);
    let retold: &[(&str, &str, &str, Retells)] = &[
        ("no reason", "INT-004", "decision-form", |it| it.note = None),
        ("no change", "INT-004", "decision-form", |it| {
            it.protection = None
        }),
        ("another gate", "ATT-002", "binding-mismatch", |it| {
            it.decision.gate_type = Token::new("ScopeChange").unwrap()
        }),
        ("another target", "ATT-002", "binding-mismatch", |it| {
            it.target = Target::Record(Sha256::of(b"x"))
        }),
        ("another change", "INT-004", "decision-form", |it| {
            it.protection.as_mut().unwrap().to = Some(file("1", Mode::File))
        }),
        ("nothing is changed", "INT-004", "decision-form", |it| {
            other(|it| it.from = it.to, it)
        }),
        ("a directory", "INT-004", "decision-form", |it| {
            other(|it| it.to = Some(file("1", Mode::Tree)), it)
        }),
        ("a path outside", "INT-004", "decision-form", |it| {
            other(|it| it.path = "../run.sh".into(), it)
        }),
        ("no path", "INT-004", "decision-form", |it| {
            other(|it| it.path = "".into(), it)
        }),
        ("for a year", "GOV-005", "approval-lifetime", |it| {
            it.expires = it.expires.plus_days(365)
        }),
        ("another repository", "ATT-002", "binds-repository", |it| {
            it.context.repository = "1".repeat(40).parse().unwrap()
        }),
        ("a waiver too", "INT-004", "decision-form", |it| {
            it.waiver = Some(WaiverScope {
                gates: vec![],
                paths: vec![],
                uses: 1,
            })
        }),
    ];
    for (what, code, rule, change) in retold {
        let copy = world.copied();
        copy.retells_decision("rita", &id, |_, says| change(says));
        let text = copy.push_refused("rita", &[LEDGER], code);
        assert!(text.contains(rule), "{what}: {text}");
        // Forced, it is found, and lifts nothing.
        copy.force("rita", &[LEDGER]);
        copy.fresh_clone();
        copy.verify_finds(code);
    }
    world.push_accepted("rita", &[LEDGER]);
    world.push_accepted("otto", &[WIP]);
    world.is_sound();
}

#[test]
fn a_model_lifts_nothing() {
    let world = lifting(1);
    let gates = "protection_overrides = 1\n";
    world.next_policy(3, None, |text| {
        let text = lifted_policy(&text, gates, "");
        let text = text.replacen("requires = [", "requires = [\"automation/1\", ", 1);
        text.replacen(
            "name = \"rita\"\nroles = [\"operator\", ",
            "name = \"rita\"\nmodel = \"pen:1\"\nroles = [\"model\", ",
            1,
        )
    });
    for who in ["olga", "otto", "rita"] {
        world.ok(who, who, &["git", "awo", "fetch"]);
    }
    world.proposes("one");
    let command = world.asks("GOV-003", "protected-artefact");
    let words: Vec<_> = command.iter().map(String::as_str).collect();
    let done = world.run("rita", "rita", &words);
    assert_ne!(done.code, 0, "{}", done.text);
    // One that was signed as a person, before the policy said so, does not count any more.
    let (world, command) = proposed(1);
    world.lets("rita", &command);
    world.next_policy(3, None, |text| {
        let text = lifted_policy(&text, gates, "");
        let text = text.replacen("requires = [", "requires = [\"automation/1\", ", 1);
        text.replacen(
            "name = \"rita\"\nroles = [\"operator\", ",
            "name = \"rita\"\nmodel = \"pen:1\"\nroles = [\"model\", ",
            1,
        )
    });
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.is_refused_and_found("GOV-005", "override-persons");
    world.lets("olga", &command);
    world.push_accepted("otto", &[WIP]);
    world.is_sound();
}

#[test]
fn an_override_of_another_repository_lifts_nothing() {
    let (world, command) = proposed(1);
    // Founded anew, with the same keys.
    let fork = World::founded_as("sha1");
    fork.lifts(2, "protection_overrides = 1\n");
    fork.proposes("one");
    let asked = fork.asks("GOV-003", "protected-artefact");
    assert_eq!(asked, command, "the same change");
    // The other olga's decision, as a record of this repository.
    fork.lets("olga", &asked);
    let ledger = fork.path("server.git").display().to_string();
    world.ok(
        "rita",
        "rita",
        &[
            "git",
            "fetch",
            "-q",
            &ledger,
            &format!("{LEDGER}:refs/other"),
        ],
    );
    let repo = world.actor("rita").repo;
    let tip = repo
        .reference(&RefName::new("refs/other").unwrap())
        .unwrap()
        .unwrap();
    let edits: Vec<_> = since(&repo, None, tip)
        .unwrap()
        .into_iter()
        .filter(|(path, ..)| {
            let path = path.to_string();
            path.contains("decision.") || path.contains("decided-")
        })
        .map(|(path, _, id)| (path.to_string(), repo.blob(id).unwrap()))
        .collect();
    assert_eq!(edits.len(), 2);
    let edits: Vec<_> = edits
        .iter()
        .map(|(path, it)| (path.as_str(), Some(&**it)))
        .collect();
    world.forge("rita", &RefName::new(LEDGER).unwrap(), &edits);
    let text = world.push_refused("rita", &[LEDGER], "ATT-002");
    assert!(text.contains("binds-repository"), "{text}");
    world.force("rita", &[LEDGER]);
    world.is_refused_and_found("GOV-003", "protected-artefact");
}

impl World {
    /// The newest receipt of the server says something else.
    fn retells_receipt(&self, change: impl Fn(&mut ReceiptPredicate)) {
        self.retells_receipts(1, change);
    }

    /// So many of the newest receipts of the server say something else.
    fn retells_receipts(&self, number: usize, change: impl Fn(&mut ReceiptPredicate)) {
        let server = Actor::open(&self.path("server.git")).unwrap();
        let server = server.with_key(&self.path("server.git/awo/server_key"));
        let log = log::chain();
        let mut at = log.tip(&server.repo).unwrap().unwrap();
        let mut told = Vec::new();
        for _ in 0..number {
            let says: ReceiptPredicate = log.says(&server.repo, at).unwrap();
            told.push((says, log.read(&server.repo, at).unwrap().beside));
            at = server.repo.commit(at).unwrap().parents[0];
        }
        let name = layout::log().to_string();
        self.ok(
            "server",
            "server.git",
            &["git", "update-ref", &name, &at.to_string()],
        );
        for (mut says, beside) in told.into_iter().rev() {
            change(&mut says);
            let appended =
                log.append::<ReceiptPredicate, store::chain::Error>(&server.repo, |last| {
                    let mut says = says.clone();
                    says.previous = last.map(|(entry, said)| entry.link(said).digest);
                    Ok(chain::New {
                        envelope: server.sign(says.clone()).unwrap(),
                        says,
                        beside: beside.clone(),
                    })
                });
            appended.unwrap();
        }
    }
}

#[test]
fn a_receipt_that_leaves_a_use_out_or_makes_one_up_is_found() {
    let (world, command) = proposed(1);
    let id = world.lets("olga", &command);
    let before = world.copied();
    // The log tells of pushes of one second as of one.
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    world.push_accepted("otto", &[WIP]);
    let commit = world.rev("otto", "HEAD").parse().unwrap();
    let found = |what: &str, change: &dyn Fn(&mut ReceiptPredicate)| {
        let copy = world.copied();
        copy.retells_receipt(change);
        copy.fresh_clone();
        let text = copy.verify_finds("INT-008");
        assert!(text.contains("override-told"), "{what}: {text}");
    };
    found("left out", &|it| it.overrides.clear());
    found("another path", &|it| it.overrides[0].path = "ci/x".into());
    found("another commit", &|it| {
        it.overrides[0].commit = it.movements[0].old.unwrap_or(commit);
        it.overrides[0].path = "ci/x".into();
    });
    found("no decision", &|it| it.overrides[0].decisions.clear());
    found("another decision", &|it| {
        it.overrides[0].decisions = vec![DecisionId::new("dec-x").unwrap()]
    });
    world.retells_receipt(|_| {});
    world.is_sound();
    // A push that used none.
    before.ok(
        "rita",
        "rita",
        &["git", "switch", "-qc", "own", "origin/main"],
    );
    before.write("rita/src/mine.py", "mine");
    before.commit("rita", "mine");
    before.push_accepted("rita", &["HEAD:refs/heads/wip/z"]);
    let commit = before.rev("rita", "HEAD").parse().unwrap();
    before.retells_receipt(|it| {
        it.overrides = vec![OverrideUse {
            commit,
            decisions: vec![id.clone()],
            path: FILE.into(),
        }]
    });
    before.fresh_clone();
    let text = before.verify_finds("INT-008");
    assert!(text.contains("override-told"), "{text}");
}

#[test]
fn what_was_verified_before_is_not_forgotten() {
    let (world, command) = proposed(1);
    world.is_sound();
    world.lets("olga", &command);
    world.push_accepted("otto", &[WIP]);
    let follows = |code: i32| {
        world.ok("vera", "vera", &["git", "awo", "fetch"]);
        let done = world.run("vera", "vera", &["git", "awo", "verify"]);
        assert_eq!(done.code, code, "{}", done.text);
    };
    follows(0);
    world.ok("otto", "otto", &["git", "rm", "-q", FILE]);
    world.commit("otto", "gone");
    let away = world.asks("GOV-003", "protected-artefact");
    world.lets("rita", &away);
    world.push_accepted("otto", &[WIP]);
    follows(0);
    world.proposes("one");
    world.force("otto", &[WIP]);
    let done = world.run("vera", "vera", &["git", "awo", "fetch"]);
    let again = world.run("vera", "vera", &["git", "awo", "verify"]);
    assert_eq!(again.code, 1, "{}{}", done.text, again.text);
    assert!(again.text.contains("REP-001"), "{}", again.text);
}

#[test]
fn two_pushes_at_one_moment_do_not_use_one_override() {
    let (world, command) = proposed(1);
    world.lets("olga", &command);
    world.ok("otto", "otto", &["git", "branch", "first"]);
    let other = [
        "git",
        "commit",
        "-q",
        "--amend",
        "--no-verify",
        "-m",
        "other",
    ];
    world.ok("otto", "otto", &other);
    // Both are judged before either moves.
    let hook = "server.git/hooks/pre-receive";
    let own = std::fs::read_to_string(world.path(hook)).unwrap();
    world.write("server.git/hooks/judges", own);
    let slow = "#!/bin/sh\n\"$(dirname \"$0\")/judges\" || exit $?\nsleep 2\n";
    world.ok("server", ".", &["chmod", "+x", "server.git/hooks/judges"]);
    let slow = slow.replacen(
        "#!/bin/sh\n",
        "#!/bin/sh\nGIT_AWO_PARENT=$PPID; export GIT_AWO_PARENT\n",
        1,
    );
    world.write(hook, slow);
    let push = |what: &str, to: &str| {
        let refspec = format!("{what}:refs/heads/wip/{to}");
        let words = ["git", "push", "--no-verify", "--atomic", "origin", &refspec];
        world.command("otto", "otto", &words).output().unwrap()
    };
    let (one, two) = std::thread::scope(|scope| {
        let one = scope.spawn(|| push("first", "x"));
        let two = scope.spawn(|| push("HEAD", "y"));
        (one.join().unwrap(), two.join().unwrap())
    });
    let landed = [&one, &two].iter().filter(|it| it.status.success()).count();
    let said = [one.stderr, two.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(landed < 2 && said.contains("REP-003"), "{landed}: {said}");
    // Whoever tries again: one lands, the other one never.
    let again = [push("first", "x"), push("HEAD", "y")];
    let refused: Vec<_> = again.iter().filter(|it| !it.status.success()).collect();
    assert_eq!(refused.len(), 1);
    assert!(String::from_utf8_lossy(&refused[0].stderr).contains("REP-001"));
    world.is_sound();
}
