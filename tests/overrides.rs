//! Overrides of the protection of artefacts: one commit, one change, signed by as many operators as the policy
//! asks for, and used up by the push that lands it.

use git_awo::facts::log;
use git_awo::hook::speak::heard;
use git_awo::record::DecisionId;
use git_awo::records::{DecisionPredicate, Kind, ReceiptPredicate};
use git_awo::store::layout;

use crate::world::World;

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

impl World {
    /// The next policy, with this in its gates: rita is an operator too, and otto may commit below `ci/`.
    fn lifts(&self, version: u32, gates: &str) {
        self.lifts_and(version, gates, "");
    }

    /// The same, with more about trees.
    fn lifts_and(&self, version: u32, gates: &str, tree: &str) {
        self.next_policy(version, None, |text| {
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
        });
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
fn proposed(number: u32) -> (World, Vec<String>) {
    let world = lifting(number);
    world.proposes("one");
    let command = world.asks("GOV-003", "protected-artefact");
    (world, command)
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
    world.refused("olga", "olga", &lift, "GOV-003");
    // Made under a policy that lets somebody, it does not land under one that does not.
    let (world, command) = proposed(1);
    world.lets_here("rita", &command);
    let before = world.copied();
    world.lifts(3, "");
    world.push_refused("rita", &[LEDGER], "GOV-003");
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
