//! A decision on SpecApproval opens gate 1 of a run, once, and only as long as it holds.

use git_awo::actor::Actor;
use git_awo::record::{Choice, DecisionId, RefName, RunId, Timestamp};
use git_awo::records::{DecisionPredicate, Kind, LedgerPath, OpenedBy, RunPredicate};
use git_awo::store::layout;
use git_awo::store::ledger::{Records, spent};

use crate::automation::{LEDGER, world};
use crate::world::World;

pub const RECORDS: &[&str] = &["refs/awo/ledger", "refs/awo/evidence/*"];
pub const TASK: &str = "T-2";
pub const RUN: &str = "run_d";
const EXECUTE: &str = "echo changed > src/decided.py";

/// A world with a contract of which a decision opens gate 1.
fn undecided() -> World {
    undecided_at("HYBRID", "")
}

/// The same under a policy of this level with these entries.
pub fn undecided_at(level: &str, more: &str) -> World {
    let world = world(level, more);
    let said = world.writes_a_contract_with("olga", TASK, &["--gate1", "decision"]);
    assert!(
        said.contains("git awo decide SpecApproval task/T-2"),
        "{said}"
    );
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world
}

/// The same, where otto's model has opened it and pushed that; and the name of the decision.
fn decided() -> (World, DecisionId) {
    let world = undecided();
    let id = world.opens("otto", "--confidence 0.9 --evidence BASE");
    world.ok("otto", "otto", &["git", "awo", "push"]);
    (world, id)
}

/// The same, where otto has executed the contract and pushed nothing of that.
fn executed() -> (World, DecisionId) {
    let (world, id) = decided();
    world.ok("otto", "otto", &run(RUN));
    (world, id)
}

pub fn run(id: &str) -> [&str; 10] {
    [
        "git", "awo", "run", TASK, "--run-id", id, "--", "sh", "-c", EXECUTE,
    ]
}

impl World {
    #[track_caller]
    pub fn opens(&self, who: &str, more: &str) -> DecisionId {
        let base = self.rev(who, "refs/remotes/origin/main");
        let mut more = more.replace("BASE", &base);
        if !more.is_empty() {
            more.insert(0, ' ');
        }
        let base = if more.contains("--base") {
            String::new()
        } else {
            format!(" --base {base}")
        };
        let ask = format!("SpecApproval task/{TASK} approve --rationale x{more}{base}");
        self.approves(who, &ask)
    }

    /// The run record in otto's clone says something else; what it spends is marked.
    pub fn retells(&self, run: &str, change: impl FnOnce(&mut RunPredicate)) {
        let path = Kind::Run.of(RunId::new(run).unwrap());
        let mut says: RunPredicate = self.predicate("otto", &path);
        change(&mut says);
        let marks = says
            .approvals
            .iter()
            .map(|it| LedgerPath::Spent(*it).to_path());
        let marks: Vec<_> = marks.map(|it| it.to_string()).collect();
        let (mark, path) = (spent(&says.run), path.to_path().to_string());
        let bytes = self.actor("otto").sign(says).unwrap().to_bytes();
        let mut edits = vec![(path.as_str(), Some(bytes.as_slice()))];
        edits.extend(marks.iter().map(|it| (it.as_str(), Some(mark.as_slice()))));
        self.forge("otto", &RefName::new(LEDGER).unwrap(), &edits);
    }

    /// Somebody decides on the contract as no command would, in their own clone.
    fn forges(&self, who: &str, change: impl FnOnce(&Actor, &mut DecisionPredicate)) -> DecisionId {
        let more = match who {
            "otto" => "--confidence 0.9 --evidence BASE",
            _ => "",
        };
        let id = self.opens(who, more);
        self.retells_decision(who, &id, change);
        id
    }

    /// What otto has is refused by this rule at the door; forced past it, a fresh clone finds it.
    #[track_caller]
    pub fn is_found(&self, code: &str, rule: &str) {
        self.is_found_of("otto", RECORDS, code, rule);
    }

    /// The execution gate refuses by this rule, and nothing is recorded.
    #[track_caller]
    pub fn is_not_executed(&self, code: &str, rule: &str) {
        let before = self.rev("otto", LEDGER);
        let text = self.refused("otto", "otto", &run("run_e"), code);
        assert!(text.contains(rule), "{rule}: {text}");
        assert_eq!(self.rev("otto", LEDGER), before, "nothing is recorded");
    }
}

#[test]
fn a_run_that_a_models_decision_opened_lands_and_is_named_everywhere() {
    let (world, id) = executed();
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    for words in [
        &["gate", RUN][..],
        &["approve", RUN],
        &["attest", RUN],
        &["push"],
    ] {
        world.ok("rita", "rita", &[&["git", "awo"], words].concat());
    }
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &["git", "awo", "finalize", RUN]);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    let shown = world.ok("vera", "vera", &["git", "awo", "show", RUN]);
    let opened = format!("gate 1 opened by the decision {id} of SpecApproval task/{TASK}: ");
    assert!(shown.contains(&opened), "{shown}");
    assert!(shown.contains("@auto-signature"), "{shown}");
    let shown = world.ok("vera", "vera", &["git", "awo", "show", id.as_str()]);
    assert!(
        shown.contains(&format!("used by         {RUN}\n")),
        "{shown}"
    );
    assert!(shown.contains(" gov_decision_applied\n"), "{shown}");
    let entry = world.ok("vera", "vera", &["git", "awo", "provenance", "show", RUN]);
    assert!(entry.contains(id.as_str()), "{entry}");
    world.ok("vera", "vera", &["git", "awo", "export", RUN, "../out"]);
    // Again into the same directory: everything is there already.
    world.ok("vera", "vera", &["git", "awo", "export", RUN, "../out"]);
    let read = |path: &str| {
        let text = std::fs::read_to_string(world.path("out").join(path)).unwrap();
        text.replace([' ', '\n'], "")
    };
    let opened = format!(r#""decision_id":"{id}""#);
    for path in [
        "provenance/index.json".to_owned(),
        format!("governance/approvals/{RUN}/scope_approval.json"),
        format!("governance/attestations/{RUN}/ATTESTATION.json"),
        format!("governance/decisions/{id}.json"),
        format!("governance/decisions/{id}.auto-signature.json"),
    ] {
        assert!(read(&path).contains(&opened), "{path}: {}", read(&path));
    }
    let text = read(&format!("governance/attestations/{RUN}/ATTESTATION.txt"));
    assert!(text.contains(&format!("byotto(decision{id})")), "{text}");
    let scope = read(&format!("governance/approvals/{RUN}/scope_approval.json"));
    assert!(scope.contains(r#""approved_by":[]"#), "{scope}");
}

#[test]
fn a_decision_opens_one_execution() {
    let (world, first) = executed();
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.is_not_executed("REP-001", "one-approval-one-run");
    // Its twin: another decision takes its place, and opens another one.
    let more = format!("--confidence 0.9 --evidence BASE --supersedes {first}");
    world.opens("otto", &more);
    world.ok("otto", "otto", &run("run_e"));
    let twin = world.copied();
    twin.push_accepted("otto", RECORDS);
    let used: RunPredicate = world.predicate("otto", &Kind::Run.of(RunId::new(RUN).unwrap()));
    let path = Kind::Run.of(RunId::new("run_e").unwrap());
    let mut says: RunPredicate = world.predicate("otto", &path);
    (says.approvals, says.gate1) = (used.approvals, used.gate1);
    let bytes = world.actor("otto").sign(says).unwrap().to_bytes();
    let path = path.to_path().to_string();
    world.forge(
        "otto",
        &RefName::new(LEDGER).unwrap(),
        &[(&path, Some(&bytes))],
    );
    world.is_found("REP-001", "one-approval-one-run");
}

#[test]
fn nothing_is_hoarded_for_a_stricter_policy() {
    // Under AUTONOMOUS a model opens the gate, under HYBRID a person.
    let more = "[[automation.gate]]\nname = \"SpecApproval\"\nHYBRID = \"human\"\n";
    for (before, level, more, code, rule) in [
        ("AUTONOMOUS", "HYBRID", more, "GOV-009", "human-required"),
        ("AUTONOMOUS", "LOCKED", "", "GOV-007", "locked"),
        ("HYBRID", "FULL_HUMAN", "", "GOV-009", "human-required"),
        ("HYBRID", "LOCKED", "", "GOV-007", "locked"),
    ] {
        let unused = undecided_at(before, more);
        unused.opens("otto", "--confidence 0.9 --evidence BASE");
        unused.ok("otto", "otto", &["git", "awo", "push"]);
        let used = unused.copied();
        used.ok("otto", "otto", &run(RUN));
        used.copied().push_accepted("otto", RECORDS);
        for world in [&unused, &used] {
            world.levels(3, level, more);
            world.ok("otto", "otto", &["git", "awo", "fetch"]);
        }
        unused.is_not_executed(code, rule);
        used.is_found(code, rule);
    }
}

#[test]
fn a_decision_on_another_contract_or_base_opens_nothing() {
    let world = undecided();
    let policy = world.rev("otto", "refs/awo/policy");
    let more = format!("--confidence 0.9 --evidence BASE --base {policy}");
    let other = world.opens("otto", &more);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.is_not_executed("ATT-002", "binding-stale");
    // Its twin binds the tip, and its run is accepted as long as it names that.
    let more = format!("--confidence 0.9 --evidence BASE --supersedes {other}");
    world.opens("otto", &more);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("otto", "otto", &run(RUN));
    world.copied().push_accepted("otto", RECORDS);
    let ask = "SpecApproval task/T-1 approve --confidence 0.9 --rationale x";
    let base = world.rev("otto", "refs/remotes/origin/main");
    let on_base = format!("{ask} --evidence {base} --base {base}");
    let (code, value, text) = world.decides("otto", &on_base);
    assert_eq!(code, 0, "{text}");
    let elsewhere = DecisionId::new(value["decision"].as_str().unwrap()).unwrap();
    for named in [other, elsewhere] {
        let world = world.copied();
        let path = Kind::Decision.of(&named);
        let says: DecisionPredicate = world.predicate("otto", &path);
        let actor = world.actor("otto");
        let refs = actor.refs().unwrap();
        let records = Records::open(&actor.repo, &refs).unwrap();
        let digest = records.envelope(&path).unwrap().unwrap().digest();
        world.retells(RUN, |it| {
            it.approvals = vec![digest];
            it.gate1 = Some(OpenedBy::of(&says));
        });
        world.is_found("ATT-002", "binding-stale");
    }
}

#[test]
fn a_run_says_of_its_decision_what_the_decision_says() {
    let (world, _) = executed();
    world.retells(RUN, |it| {
        if let Some(opened) = &mut it.gate1 {
            opened.actor.model_id = Some("another:model".to_owned());
        }
    });
    world.is_found("ATT-002", "binds-gate-1");
    let (world, _) = executed();
    world.retells(RUN, |it| it.approvals.clear());
    world.is_found("ATT-002", "binds-gate-1");
    let (world, _) = executed();
    world.retells(RUN, |it| it.gate1 = None);
    world.is_found("GOV-005", "task-approved");
}

#[test]
fn a_contract_that_asks_for_a_sentence_is_opened_by_no_decision() {
    let (world, _) = decided();
    // The contract T-1 says nothing of decisions.
    let base = world.rev("otto", "refs/remotes/origin/main");
    let ask = format!(
        "SpecApproval task/T-1 approve --confidence 0.9 --rationale x --evidence {base} --base {base}"
    );
    let (code, _, text) = world.decides("otto", &ask);
    assert_eq!(code, 0, "{text}");
    let words = ["git", "awo", "run", "T-1", "--", "sh", "-c", EXECUTE];
    let text = world.refused("otto", "otto", &words, "GOV-005");
    assert!(text.contains("task-approved"), "{text}");
    // A person's sentence still opens one that leaves it to a decision.
    world.ok("otto", "otto", &run(RUN));
    let twin = undecided();
    let sentence = format!("I approve {TASK}.");
    let words = ["git", "awo", "approve", TASK, "--sentence", &sentence];
    twin.ok("olga", "olga", &words);
    twin.ok("olga", "olga", &["git", "awo", "push"]);
    twin.ok("otto", "otto", &["git", "awo", "fetch"]);
    twin.ok("otto", "otto", &run(RUN));
    twin.push_accepted("otto", RECORDS);
}

#[test]
fn an_operator_need_not_type_the_sentence_where_the_contract_says_so() {
    let world = World::founded();
    let words = [
        "git", "awo", "task", "new", TASK, "--task", "it", "--allow", "src/", "--gate1", "operator",
    ];
    world.ok("olga", "olga", &words);
    world.ok("olga", "olga", &["git", "awo", "approve", TASK]);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &run(RUN));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_decision_that_was_superseded_opens_nothing() {
    let (unused, id) = decided();
    let used = unused.copied();
    used.ok("otto", "otto", &run(RUN));
    used.copied().push_accepted("otto", RECORDS);
    for world in [&unused, &used] {
        world.ok("olga", "olga", &["git", "awo", "fetch"]);
        let base = world.rev("olga", "refs/remotes/origin/main");
        let ask = format!(
            "SpecApproval task/{TASK} reject --rationale no --supersedes {id} --base {base}"
        );
        let (code, _, text) = world.decides("olga", &ask);
        assert_eq!(code, 0, "{text}");
        world.ok("olga", "olga", &["git", "awo", "push"]);
        world.ok("otto", "otto", &["git", "awo", "fetch"]);
    }
    unused.is_not_executed("REP-003", "one-live-decision");
    used.is_found("REP-003", "one-live-decision");
}

#[test]
fn a_persons_reject_beats_an_approval_that_it_does_not_supersede() {
    let (world, _) = executed();
    world.copied().push_accepted("otto", RECORDS);
    // olga's clone knows nothing of the model's decision; hers is forced past the door.
    world.forges("olga", |_, says| says.decision.decision = Choice::Reject);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let text = world.push_refused("olga", &[LEDGER], "REP-003");
    assert!(text.contains("one-live-decision"), "{text}");
    world.force("olga", &[LEDGER]);
    // Nobody fetches that by the command; otto builds on what the server has all the same.
    world.refused("otto", "otto", &["git", "awo", "fetch"], "REP-003");
    let tracking = layout::tracking("origin", &RefName::new(LEDGER).unwrap()).unwrap();
    let refspec = format!("+{LEDGER}:{tracking}");
    world.ok(
        "otto",
        "otto",
        &["git", "fetch", "--quiet", "origin", &refspec],
    );
    world.retells(RUN, |_| {});
    let unused = world.copied();
    unused.is_not_executed("REP-003", "one-live-decision");
    world.is_found("REP-003", "one-live-decision");
}

#[test]
fn a_decision_that_was_withdrawn_opens_nothing() {
    let unused = undecided();
    let id = unused.opens("olga", "");
    unused.ok("olga", "olga", &["git", "awo", "push"]);
    unused.ok("otto", "otto", &["git", "awo", "fetch"]);
    let used = unused.copied();
    used.ok("otto", "otto", &run(RUN));
    let landed = used.copied();
    landed.push_accepted("otto", RECORDS);
    // Whoever withdraws it too late is refused.
    let revoke = ["git", "awo", "revoke", id.as_str(), "--reason", "a mistake"];
    landed.ok("olga", "olga", &revoke);
    landed.ok("olga", "olga", &["git", "awo", "fetch"]);
    let text = landed.push_refused("olga", &[LEDGER], "REP-001");
    assert!(text.contains("revocation-before-use"), "{text}");
    for world in [&unused, &used] {
        // Nobody withdraws what another one decided.
        world.refused("otto", "otto", &revoke, "GOV-005");
        world.ok("olga", "olga", &revoke);
        world.ok("olga", "olga", &["git", "awo", "push"]);
        world.ok("otto", "otto", &["git", "awo", "fetch"]);
    }
    unused.is_not_executed("GOV-005", "approval-revoked");
    unused.fresh_clone();
    unused.ok("vera", "vera", &["git", "awo", "verify"]);
    used.is_found("GOV-005", "approval-revoked");
}

#[test]
fn a_decision_without_its_auto_signature_opens_nothing() {
    let (twin, _) = executed();
    twin.push_accepted("otto", RECORDS);
    let world = undecided();
    let id = world.opens("otto", "--confidence 0.9 --evidence BASE");
    world.ok("otto", "otto", &run(RUN));
    let path = Kind::AutoSignature.of(&id).to_path().to_string();
    world.forge("otto", &RefName::new(LEDGER).unwrap(), &[(&path, None)]);
    world.is_not_executed("ATT-002", "binding-mismatch");
    // What is left has no history, so that only force brings it there.
    world.force("otto", RECORDS);
    world.fresh_clone();
    let text = world.verify_finds("ATT-002");
    assert!(text.contains("\"binding-mismatch\""), "{text}");
    assert!(text.contains(RUN), "the run is found too: {text}");
}

#[test]
fn a_decision_that_has_expired_opens_nothing() {
    let world = undecided();
    let soon = |actor: &Actor, says: &mut DecisionPredicate| {
        let until = actor.now().seconds() + 20;
        says.expires = Timestamp::from_seconds(until).unwrap();
    };
    let id = world.forges("olga", soon);
    world.push_accepted("olga", &[LEDGER]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let unused = world.copied();
    world.ok("otto", "otto", &run(RUN));
    world.copied().push_accepted("otto", RECORDS);
    let says: DecisionPredicate = world.predicate("otto", &Kind::Decision.of(&id));
    while world.actor("otto").now() <= says.expires {
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    unused.is_not_executed("GOV-005", "approval-unexpired");
    // A clone goes by the date of the commit where no server received the run, as for approvals.
    let text = world.push_refused("otto", RECORDS, "GOV-005");
    assert!(text.contains("approval-unexpired"), "{text}");
}

/// A run that a decision opened may land another day where the policy is LOCKED, and never where it needs a
/// person from now on.
#[test]
fn a_run_that_a_decision_opened_waits_for_the_end_of_locked() {
    let (world, _) = executed();
    let used = world.predicate::<RunPredicate>("otto", &Kind::Run.of(RunId::new(RUN).unwrap()));
    let stricter = world.copied();
    for (world, level, says) in [
        (&world, "LOCKED", "GOV-007"),
        (&stricter, "FULL_HUMAN", "human-required"),
    ] {
        world.levels(3, level, "");
        let pushed = world.refused("otto", "otto", &["git", "awo", "push"], says);
        assert_eq!(pushed.contains("set aside"), level != "LOCKED", "{pushed}");
        assert!(!pushed.contains("task-approved"), "{pushed}");
        world.levels(4, "HYBRID", "");
    }
    let listed = |world: &World| {
        world.ok("otto", "otto", &["git", "awo", "push"]);
        world.fresh_clone();
        world.ok("vera", "vera", &["git", "awo", "verify"]);
        world.run(
            "vera",
            "vera",
            &["git", "awo", "show", &used.run.to_string()],
        )
    };
    assert_eq!(listed(&world).code, 0);
    assert_ne!(listed(&stricter).code, 0);
}

/// Returns the trailers of a commit, as git reads them.
fn trailers(world: &World, who: &str, commit: &str) -> Vec<String> {
    let words = [
        "git",
        "log",
        "-1",
        "--format=%(trailers:only,unfold)",
        commit,
    ];
    let said = world.ok(who, who, &words);
    said.lines()
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_commit_that_a_model_made_says_so_and_one_without_is_taken_too() {
    let (world, _) = executed();
    let run: RunPredicate = world.predicate("otto", &Kind::Run.of(RunId::new(RUN).unwrap()));
    let found = trailers(&world, "otto", &run.commit.to_string());
    let root = format!("AWO-Root: {}", run.root);
    let expected = [
        "AWO-Task: T-2",
        "AWO-Run: run_d",
        root.as_str(),
        "Assisted-by: codex-cli:gpt-5.2",
    ];
    assert_eq!(found, expected);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    for word in ["gate", "approve", "attest"] {
        world.ok("rita", "rita", &["git", "awo", word, RUN]);
    }
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &["git", "awo", "finalize", RUN]);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    assert_eq!(
        world.rev("server.git", "refs/heads/main"),
        run.commit.to_string()
    );
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);

    // A commit as they were before: the trailer is nobody's proof, and none is asked for.
    let (world, _) = executed();
    let path = Kind::Run.of(RunId::new(RUN).unwrap());
    let before: RunPredicate = world.predicate("otto", &path);
    let unsaid = "git cat-file commit $0 | sed '/^gpgsig/,/END SSH/d; /^Assisted-by:/d' >../unsaid; \
                  tree=$(git rev-parse $0^{tree}); base=$(git rev-parse $0^); \
                  sed '1,/^$/d' ../unsaid | git commit-tree -S $tree -p $base";
    let words = ["sh", "-ec", unsaid, &before.commit.to_string()];
    let commit = world.ok("otto", "otto", &words).trim().to_owned();
    assert_eq!(trailers(&world, "otto", &commit).len(), 3);
    world.retells(RUN, |says| says.commit = commit.parse().unwrap());
    // The evidence holds the commit.
    let held = "ref=$(git for-each-ref --format='%(refname)' refs/awo/evidence); \
                tip=$(git rev-parse $ref); old=$(git rev-parse $0); \
                git cat-file commit $tip | sed \"s/$old/$1/\" | git hash-object -t commit -w --stdin | \
                xargs git update-ref $ref";
    world.ok(
        "otto",
        "otto",
        &["sh", "-ec", held, &before.commit.to_string(), &commit],
    );
    world.push_accepted("otto", RECORDS);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_commit_that_a_person_made_names_no_model() {
    let world = World::executed();
    let find = ["git", "log", "--all", "--format=%H", "--grep=^AWO-Run: "];
    let commit = world.ok("otto", "otto", &find).trim().to_owned();
    let found = trailers(&world, "otto", &commit);
    assert!(found.iter().all(|it| it.starts_with("AWO-")), "{found:?}");
    assert_eq!(found.len(), 3);
}
