//! What the server must refuse, with the right code and nothing moved; what `verify` must find
//! when it was forced past the hooks; and for each a benign twin that is accepted.

use std::collections::BTreeSet;

use git_awo::actor::Actor;
use git_awo::check::PolicyHistory;
use git_awo::evidence::{self, Inventory};
use git_awo::git::{CommitDraft, Expected, RefUpdate, Repo};
use git_awo::record::envelope::Envelope;
use git_awo::record::predicate::{
    ApprovalPredicate, AttestationPredicate, GateStatus, IndependencePredicate, OutcomePredicate,
    RunPredicate, Verdict as Outcome,
};
use git_awo::record::statement::{Context, Predicate, Statement};
use git_awo::record::tree::Mode;
use git_awo::record::{IdentityName, ObjectId, RefName, RepoPath, RunId, Sha256};
use git_awo::store::batch::Batch;
use git_awo::store::layout::{self, LedgerPath};
use git_awo::store::ledger::Records;

use crate::world::{RUN, TASK, World, policy};

/// Every governance ref that a run touches.
const RECORDS: &[&str] = &["refs/awo/ledger", "refs/awo/evidence/*", "refs/notes/awo/*"];

impl World {
    /// The push is refused; forced past the hooks, `verify` on a fresh clone finds the same.
    #[track_caller]
    fn attack(&self, who: &str, refspecs: &[&str], code: &str) {
        self.attack_codes(who, refspecs, code, code);
    }

    #[track_caller]
    fn attack_codes(&self, who: &str, refspecs: &[&str], at_the_door: &str, at_verify: &str) {
        self.push_refused(who, refspecs, at_the_door);
        self.force(who, refspecs);
        self.fresh_clone();
        self.verify_finds(at_verify);
    }

    /// Pushes past the hooks, as an administrator could.
    #[track_caller]
    pub fn force(&self, who: &str, refspecs: &[&str]) {
        let without = "--receive-pack=git -c core.hooksPath=/dev/null receive-pack";
        let mut words = vec!["git", "push", "--no-verify", "--force", without, "origin"];
        words.extend(refspecs);
        self.ok(who, who, &words);
    }

    /// Acts as a person in a clone, through the library: for what the commands would refuse.
    pub fn actor(&self, who: &str) -> Actor {
        let key = self.path(&format!("home/{who}/key"));
        Actor::open(&self.path(who)).unwrap().with_key(&key)
    }

    fn run_record(&self, who: &str) -> RunPredicate {
        self.predicate(who, &LedgerPath::Run(RunId::new(RUN).unwrap()))
    }

    fn predicate<P: Predicate>(&self, who: &str, path: &LedgerPath) -> P {
        let actor = self.actor(who);
        let refs = actor.refs().unwrap();
        let records = Records::open(&actor.repo, &refs).unwrap();
        let envelope = records
            .envelope(path)
            .unwrap()
            .expect("the record is there");
        Statement::<P>::parse(envelope.payload()).unwrap().predicate
    }
}

fn context(actor: &Actor, history: &PolicyHistory, who: &str, role: &str) -> Context {
    actor.context_as(history, IdentityName::new(who).unwrap(), role)
}

#[test]
fn a_direct_commit_is_refused() {
    let world = World::founded();
    world.write("otto/src/strings.py", "print('direct')\n");
    world.commit("otto", "Direct");
    world.attack("otto", &["main"], "GOV-002");
}

#[test]
fn a_direct_commit_is_accepted_where_the_policy_grants_it() {
    let world = World::founded();
    world.write("otto/src/strings.py", "print('direct')\n");
    world.commit("otto", "Direct");
    world.push_accepted("otto", &["HEAD:refs/heads/wip/otto"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_path_outside_is_refused() {
    let world = World::founded();
    world.write("otto/lib/other.py", "x = 1\n");
    world.commit("otto", "Outside");
    world.attack("otto", &["HEAD:refs/heads/wip/otto"], "GOV-003");
}

#[test]
fn a_path_kept_by_a_restriction_is_refused() {
    let world = World::founded();
    world.write("otto/src/keys/root.pub", "x\n");
    world.commit("otto", "A key");
    world.attack("otto", &["HEAD:refs/heads/wip/otto"], "GOV-003");
}

/// Writes a tree in which `src/<name>/` has this tree as its content, and commits it on `wip`.
fn commit_of_a_directory(world: &World, name: &str, content: &str) {
    let id = |text: String| text.trim().to_owned();
    let tree = |lines: &str| {
        let script = format!("printf '{lines}' | git mktree");
        id(world.ok("otto", "otto", &["sh", "-c", &script]))
    };
    let listed = |of: &str| {
        let list = world.ok("otto", "otto", &["git", "ls-tree", of]);
        let lines = list.lines().filter(|line| !line.ends_with("\tsrc"));
        let lines = lines.map(|line| format!("{}\\n", line.replace('\t', "\\t")));
        lines.collect::<String>()
    };
    let (others, inner) = (listed("HEAD"), listed("HEAD:src"));
    // `git mktree` does not look at names.
    let src = tree(&format!("{inner}040000 tree {content}\\t{name}\\n"));
    let root = tree(&format!("{others}040000 tree {src}\\tsrc\\n"));
    let commit = [
        "git",
        "commit-tree",
        "-S",
        "-m",
        "A directory",
        "-p",
        "HEAD",
        &root,
    ];
    let commit = id(world.ok("otto", "otto", &commit));
    world.ok(
        "otto",
        "otto",
        &["git", "update-ref", "refs/heads/wip", &commit],
    );
}

#[test]
fn a_directory_with_nothing_in_it_hides_no_name() {
    let empty = |world: &World| {
        let words = ["sh", "-c", "git mktree </dev/null"];
        world.ok("otto", "otto", &words).trim().to_owned()
    };
    for name in [".git", "..", "GIT~1"] {
        let world = World::founded();
        let empty = empty(&world);
        commit_of_a_directory(&world, name, &empty);
        world.attack("otto", &["wip:refs/heads/wip/otto"], "INT-003");
    }
}

#[test]
fn a_directory_with_a_file_in_it_is_accepted() {
    let world = World::founded();
    let file = "printf '100644 blob %s\\tf\\n' $(echo x | git hash-object -w --stdin) | git mktree";
    let tree = world.ok("otto", "otto", &["sh", "-c", file]);
    commit_of_a_directory(&world, "notes", tree.trim());
    world.push_accepted("otto", &["wip:refs/heads/wip/otto"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn an_unsigned_commit_is_refused() {
    let world = World::founded();
    world.write("otto/src/a.py", "x = 1\n");
    world.ok("otto", "otto", &["git", "add", "-A"]);
    world.ok(
        "otto",
        "otto",
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
    world.attack("otto", &["HEAD:refs/heads/wip/otto"], "ATT-003");
}

#[test]
fn a_commit_by_an_unknown_key_is_refused() {
    let world = World::founded();
    world.ok(
        "otto",
        "home/otto",
        &["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "other"],
    );
    world.ok(
        "otto",
        "otto",
        &["git", "config", "user.signingkey", "~/other"],
    );
    world.write("otto/src/a.py", "x = 1\n");
    world.commit("otto", "Stranger");
    world.attack("otto", &["HEAD:refs/heads/wip/otto"], "ATT-004");
}

#[test]
fn a_path_added_and_removed_within_the_push_is_refused() {
    let world = World::founded();
    world.write("otto/.github/workflows/ci.yml", "on: push\n");
    world.commit("otto", "Add");
    std::fs::remove_dir_all(world.path("otto/.github")).unwrap();
    world.commit("otto", "Remove");
    assert_eq!(
        world.ok("otto", "otto", &["git", "diff", "origin/main", "HEAD"]),
        "",
        "the net diff is empty"
    );
    world.attack("otto", &["HEAD:refs/heads/wip/otto"], "GOV-003");
}

#[test]
fn a_file_added_and_removed_within_granted_paths_is_accepted() {
    let world = World::founded();
    world.write("otto/src/tmp.py", "x = 1\n");
    world.commit("otto", "Add");
    std::fs::remove_file(world.path("otto/src/tmp.py")).unwrap();
    world.commit("otto", "Remove");
    world.push_accepted("otto", &["HEAD:refs/heads/wip/otto"]);
}

/// Makes a merge on otto's clone; `evil` is written into the merge commit itself.
fn merge(world: &World, evil: Option<&str>) {
    world.ok(
        "otto",
        "otto",
        &["git", "checkout", "--quiet", "-b", "side"],
    );
    world.write("otto/src/side.py", "x = 1\n");
    world.commit("otto", "Side");
    world.ok("otto", "otto", &["git", "checkout", "--quiet", "main"]);
    world.write("otto/src/own.py", "y = 1\n");
    world.commit("otto", "Own");
    world.ok(
        "otto",
        "otto",
        &[
            "git",
            "-c",
            "core.hooksPath=/dev/null",
            "merge",
            "--quiet",
            "--no-commit",
            "side",
        ],
    );
    if let Some(path) = evil {
        world.write(&format!("otto/{path}"), "evil\n");
    }
    world.commit("otto", "Merge");
}

#[test]
fn a_merge_that_hides_a_change_is_refused() {
    let world = World::founded();
    merge(&world, Some(".github/workflows/ci.yml"));
    world.attack("otto", &["HEAD:refs/heads/wip/otto"], "GOV-003");
}

#[test]
fn a_plain_merge_is_accepted_where_merges_are() {
    let world = World::founded();
    merge(&world, None);
    world.push_accepted("otto", &["HEAD:refs/heads/wip/otto"]);
}

#[test]
fn a_merge_is_refused_where_merges_are_not() {
    let world = World::founded();
    merge(&world, None);
    world.attack("otto", &["main"], "GOV-004");
}

#[test]
fn the_governed_push_is_accepted_and_verifies() {
    let world = World::landed();
    world.fresh_clone();
    let said = world.ok("vera", "vera", &["git", "awo", "verify"]);
    assert!(said.contains("1 runs"), "the run was judged: {said}");
    world.ok("vera", "vera", &["git", "awo", "verify", RUN]);
    world.ok("vera", "vera", &["git", "awo", "verify", "HEAD"]);
}

#[test]
fn the_commit_without_its_last_records_is_refused() {
    let world = World::finalized();
    world.attack("otto", &["main"], "GOV-002");
}

#[test]
fn a_self_approved_run_is_refused() {
    let world = World::executed();
    let actor = world.actor("otto");
    let history = actor.history().unwrap();
    let run = world.run_record("otto");
    let log = IndependencePredicate {
        allow_self_approval: "0".into(),
        commit: run.commit,
        context: context(&actor, &history, "otto", "reviewer"),
        invariants_ok: true,
        invariants_reasons: Vec::new(),
        message: "reviewed by another person".into(),
        orchestrator: IdentityName::new("otto").unwrap(),
        reviewer: IdentityName::new("otto").unwrap(),
        root: run.root,
        run_id: run.run.clone(),
        status: GateStatus::ApprovedByIndependentReviewer,
    };
    let envelope = actor.sign(log).unwrap();
    Batch::new("forged")
        .record(
            &LedgerPath::Independence(run.run, envelope.digest()),
            &envelope,
        )
        .commit(&actor.repo, &actor.author())
        .unwrap();
    world.attack("otto", RECORDS, "GOV-001");
}

#[test]
fn a_log_that_names_another_reviewer_is_refused() {
    let world = World::executed();
    let actor = world.actor("otto");
    let history = actor.history().unwrap();
    let run = world.run_record("otto");
    let log = IndependencePredicate {
        allow_self_approval: "0".into(),
        commit: run.commit,
        context: context(&actor, &history, "rita", "reviewer"),
        invariants_ok: true,
        invariants_reasons: Vec::new(),
        message: "reviewed by another person".into(),
        orchestrator: IdentityName::new("otto").unwrap(),
        reviewer: IdentityName::new("rita").unwrap(),
        root: run.root,
        run_id: run.run.clone(),
        status: GateStatus::ApprovedByIndependentReviewer,
    };
    let envelope = actor.sign(log).unwrap();
    Batch::new("forged")
        .record(
            &LedgerPath::Independence(run.run, envelope.digest()),
            &envelope,
        )
        .commit(&actor.repo, &actor.author())
        .unwrap();
    world.attack("otto", RECORDS, "ATT-001");
}

/// Stores a result of gate 2 of the run, signed by this person in their clone as a reviewer.
fn forged_log(world: &World, who: &str, change: impl FnOnce(&mut IndependencePredicate)) {
    let actor = world.actor(who);
    let history = actor.history().unwrap();
    let run = world.run_record(who);
    let mut log = IndependencePredicate {
        allow_self_approval: "0".into(),
        commit: run.commit,
        context: context(&actor, &history, who, "reviewer"),
        invariants_ok: false,
        invariants_reasons: vec!["steps_empty".into()],
        message: "an invariant does not hold".into(),
        orchestrator: IdentityName::new("otto").unwrap(),
        reviewer: IdentityName::new(who).unwrap(),
        root: run.root,
        run_id: run.run.clone(),
        status: GateStatus::FailedInvariants,
    };
    change(&mut log);
    let envelope = actor.sign(log).unwrap();
    Batch::new("forged")
        .record(
            &LedgerPath::Independence(run.run, envelope.digest()),
            &envelope,
        )
        .commit(&actor.repo, &actor.author())
        .unwrap();
}

#[test]
fn a_failed_review_of_a_finalized_run_is_refused() {
    let world = World::landed();
    forged_log(&world, "rita", |_| {});
    world.push_refused("rita", &["refs/awo/ledger"], "GOV-011");
}

#[test]
fn a_failed_review_that_comes_after_gate_3_ends_its_run_and_nothing_else() {
    let world = World::attested();
    forged_log(&world, "rita", |_| {});
    world.push_accepted("rita", &["refs/awo/ledger"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.refused("otto", "otto", &["git", "awo", "finalize", RUN], "GOV-002");
    // Nobody approves it any more, with whatever commands.
    world.refused("rita", "rita", &["git", "awo", "approve", RUN], "GOV-002");
}

#[test]
fn an_approval_after_a_failed_review_is_refused() {
    let world = World::executed();
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
    world.ok("rita", "rita", &["git", "awo", "push"]);
    forged_log(&world, "rita", |_| {});
    world.push_accepted("rita", &["refs/awo/ledger"]);
    let actor = world.actor("rita");
    let (history, run) = (actor.history().unwrap(), world.run_record("rita"));
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let logs = records.run_records(&run.run).unwrap();
    let passed = logs.iter().find(|(_, envelope)| {
        let text = String::from_utf8_lossy(envelope.payload());
        text.contains("APPROVED_BY_INDEPENDENT_REVIEWER")
    });
    let approval = ApprovalPredicate {
        approves: git_awo::record::predicate::Approves::Audit,
        base: None,
        commit: Some(run.commit),
        context: context(&actor, &history, "rita", "reviewer"),
        contract: run.contract,
        expires: actor.now().plus_days(7),
        independence: passed.map(|(_, envelope)| envelope.digest()),
        nonce: "1".into(),
        root: Some(run.root),
        run: Some(run.run),
        sentence: None,
        task: run.task,
        workflow_run_url: None,
    };
    let envelope = actor.sign(approval).unwrap();
    Batch::new("forged")
        .approval(run.commit, envelope)
        .commit(&actor.repo, &actor.author())
        .unwrap();
    world.push_refused("rita", &["refs/notes/awo/approvals"], "GOV-002");
}

#[test]
fn a_review_that_fails_for_no_reason_is_refused() {
    for change in [
        (|log: &mut IndependencePredicate| log.invariants_reasons.clear()) as fn(&mut _),
        |log| log.invariants_ok = true,
        |log| log.status = GateStatus::FailedSelfApproval,
    ] {
        let world = World::executed();
        forged_log(&world, "rita", change);
        world.push_refused("rita", &["refs/awo/ledger"], "GOV-002");
    }
    let world = World::executed();
    forged_log(&world, "rita", |_| {});
    world.push_accepted("rita", &["refs/awo/ledger"]);
}

#[test]
fn the_failed_log_of_a_self_review_is_kept() {
    let world = World::executed();
    world.refused("otto", "otto", &["git", "awo", "gate", RUN], "GOV-001");
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
    world.ok("rita", "rita", &["git", "awo", "push"]);
}

/// Runs the task in otto's clone without pushing, then lets `change` alter the evidence in the
/// tree of the evidence ref, as if it had been so from the start.
fn with_altered_evidence(
    change: impl FnOnce(&Repo, &str) -> (RepoPath, Option<(Mode, ObjectId)>),
) -> World {
    let world = World::approved();
    world.write("agent.sh", crate::world::AGENT);
    let agent = world.path("agent.sh").display().to_string();
    world.ok(
        "otto",
        "otto",
        &[
            "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", &agent,
        ],
    );
    let actor = world.actor("otto");
    let run = world.run_record("otto");
    let tip = actor.repo.reference(&run.evidence).unwrap().unwrap();
    let commit = actor.repo.commit(tip).unwrap();
    let directory = layout::run_directory(&run.run);
    let edit = change(&actor.repo, &directory);
    let tree = actor.repo.edit_tree(Some(commit.tree), &[edit]).unwrap();
    let draft = CommitDraft {
        tree,
        parents: commit.parents.clone(),
        author: commit.author.clone(),
        committer: commit.committer.clone(),
        message: commit.message.clone(),
        signature: None,
    };
    let new = actor.repo.write_commit(&draft).unwrap();
    let update = RefUpdate {
        name: run.evidence,
        expected: Expected::At(tip),
        new: Some(new),
    };
    actor.repo.update_refs(&[update], "forged").unwrap();
    world
}

#[test]
fn changed_evidence_is_refused() {
    let world = with_altered_evidence(|repo, directory| {
        let blob = repo.write_blob(b"all tests passed\n").unwrap();
        (
            RepoPath::from(format!("{directory}/test.log").as_str()),
            Some((Mode::File, blob)),
        )
    });
    world.attack("otto", RECORDS, "INT-001");
}

#[test]
fn added_evidence_is_refused() {
    let world = with_altered_evidence(|repo, directory| {
        let blob = repo.write_blob(b"more\n").unwrap();
        (
            RepoPath::from(format!("{directory}/artifacts/more.txt").as_str()),
            Some((Mode::File, blob)),
        )
    });
    world.attack("otto", RECORDS, "INT-002");
}

#[test]
fn removed_evidence_is_refused() {
    let world = with_altered_evidence(|_, directory| {
        (
            RepoPath::from(format!("{directory}/test.log").as_str()),
            None,
        )
    });
    world.attack("otto", RECORDS, "INT-002");
}

#[test]
fn evidence_with_an_inventory_made_to_fit_is_refused() {
    let world = World::approved();
    world.write("agent.sh", crate::world::AGENT);
    let agent = world.path("agent.sh").display().to_string();
    world.ok(
        "otto",
        "otto",
        &[
            "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", &agent,
        ],
    );
    let actor = world.actor("otto");
    let run = world.run_record("otto");
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let mut files = records
        .evidence(&run.evidence, &run.run, u64::MAX)
        .unwrap()
        .unwrap();
    files.insert(RepoPath::from("test.log"), b"all tests passed\n".to_vec());
    let sums = Inventory::of(&evidence::digests(&files))
        .unwrap()
        .to_bytes();
    let tip = actor.repo.reference(&run.evidence).unwrap().unwrap();
    let commit = actor.repo.commit(tip).unwrap();
    let directory = layout::run_directory(&run.run);
    let mut edits = Vec::new();
    for (name, bytes) in [
        ("test.log", b"all tests passed\n".to_vec()),
        ("SHA256SUMS.txt", sums),
    ] {
        let blob = actor.repo.write_blob(&bytes).unwrap();
        edits.push((
            RepoPath::from(format!("{directory}/{name}").as_str()),
            Some((Mode::File, blob)),
        ));
    }
    let draft = CommitDraft {
        tree: actor.repo.edit_tree(Some(commit.tree), &edits).unwrap(),
        parents: commit.parents.clone(),
        author: commit.author.clone(),
        committer: commit.committer.clone(),
        message: commit.message.clone(),
        signature: None,
    };
    let new = actor.repo.write_commit(&draft).unwrap();
    let update = RefUpdate {
        name: run.evidence,
        expected: Expected::At(tip),
        new: Some(new),
    };
    actor.repo.update_refs(&[update], "forged").unwrap();
    world.attack("otto", RECORDS, "INT-001");
}

#[test]
fn evidence_changed_after_it_was_stored_is_refused() {
    let world = World::landed();
    let run = world.run_record("otto");
    let actor = world.actor("otto");
    let tip = actor.repo.reference(&run.evidence).unwrap().unwrap();
    let commit = actor.repo.commit(tip).unwrap();
    let blob = actor.repo.write_blob(b"all tests passed\n").unwrap();
    let path = RepoPath::from(format!("{}/test.log", layout::run_directory(&run.run)).as_str());
    let draft = CommitDraft {
        tree: actor
            .repo
            .edit_tree(Some(commit.tree), &[(path, Some((Mode::File, blob)))])
            .unwrap(),
        parents: vec![tip],
        author: commit.author.clone(),
        committer: commit.committer.clone(),
        message: b"more\n".to_vec(),
        signature: None,
    };
    let new = actor.repo.write_commit(&draft).unwrap();
    let update = RefUpdate {
        name: run.evidence,
        expected: Expected::At(tip),
        new: Some(new),
    };
    actor.repo.update_refs(&[update], "forged").unwrap();
    world.attack_codes("otto", RECORDS, "REP-002", "INT-001");
}

/// Adds an approval of the run by rita to her clone, altered by `change`.
fn forged_approval(world: &World, change: impl FnOnce(&mut ApprovalPredicate)) {
    let actor = world.actor("rita");
    let run = world.run_record("rita");
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let envelope = records.approvals_of(run.commit).unwrap().remove(0);
    let mut approval = Statement::<ApprovalPredicate>::parse(envelope.payload())
        .unwrap()
        .predicate;
    approval.nonce = "7".into();
    change(&mut approval);
    let envelope = actor.sign(approval).unwrap();
    Batch::new("forged")
        .approval(run.commit, envelope)
        .commit(&actor.repo, &actor.author())
        .unwrap();
}

#[test]
fn an_approval_for_another_commit_is_refused() {
    let world = World::attested();
    let other: ObjectId = world.rev("rita", "HEAD").parse().unwrap();
    forged_approval(&world, |approval| approval.commit = Some(other));
    world.attack("rita", RECORDS, "ATT-002");
}

#[test]
fn an_approval_of_another_root_is_refused() {
    let world = World::attested();
    forged_approval(&world, |approval| {
        approval.root = Some(Sha256::of(b"another"))
    });
    world.attack("rita", RECORDS, "ATT-002");
}

#[test]
fn an_approval_from_another_repository_is_refused() {
    let world = World::attested();
    let elsewhere: ObjectId = world.rev("rita", "HEAD").parse().unwrap();
    forged_approval(&world, |approval| approval.context.repository = elsewhere);
    world.attack("rita", RECORDS, "ATT-002");
}

#[test]
fn a_second_approval_that_holds_is_accepted() {
    let world = World::attested();
    forged_approval(&world, |_| {});
    world.push_accepted("rita", RECORDS);
}

#[test]
fn an_attestation_reused_as_an_approval_is_refused() {
    let world = World::attested();
    let actor = world.actor("rita");
    let run = world.run_record("rita");
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let attestation = records.attestations_of(run.commit).unwrap().remove(0);
    Batch::new("forged")
        .approval(run.commit, attestation)
        .commit(&actor.repo, &actor.author())
        .unwrap();
    world.attack("rita", RECORDS, "ATT-003");
}

#[test]
fn an_attestation_of_another_tree_is_refused() {
    let world = World::attested();
    let actor = world.actor("rita");
    let run = world.run_record("rita");
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let envelope = records.attestations_of(run.commit).unwrap().remove(0);
    let mut says = Statement::<AttestationPredicate>::parse(envelope.payload())
        .unwrap()
        .predicate;
    says.tree = run.commit;
    let envelope = actor.sign(says).unwrap();
    Batch::new("forged")
        .attestation(run.commit, envelope)
        .commit(&actor.repo, &actor.author())
        .unwrap();
    world.attack("rita", RECORDS, "ATT-002");
}

#[test]
fn an_outcome_by_the_orchestrator_is_refused() {
    let world = World::landed();
    let actor = world.actor("otto");
    let history = actor.history().unwrap();
    let run = world.run_record("otto");
    let outcome = OutcomePredicate {
        commit: run.commit,
        context: context(&actor, &history, "otto", "operator"),
        outcome: Outcome::Rejected,
        reason: "mine".into(),
        root: run.root,
        run: run.run.clone(),
    };
    let envelope = actor.sign(outcome).unwrap();
    Batch::new("forged")
        .record(&LedgerPath::Outcome(run.run), &envelope)
        .commit(&actor.repo, &actor.author())
        .unwrap();
    world.attack("otto", RECORDS, "ATT-001");
}

#[test]
fn a_replayed_approval_is_refused() {
    let world = World::executed();
    let actor = world.actor("otto");
    let mut run = world.run_record("otto");
    run.run = RunId::new("run_again").unwrap();
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let sums = records
        .file(&LedgerPath::Inventory(RunId::new(RUN).unwrap()))
        .unwrap()
        .unwrap();
    let id = run.run.clone();
    let envelope = actor.sign(run).unwrap();
    Batch::new("forged")
        .record(&LedgerPath::Run(id.clone()), &envelope)
        .file(&LedgerPath::Inventory(id), sums)
        .commit(&actor.repo, &actor.author())
        .unwrap();
    world.attack("otto", RECORDS, "REP-001");
}

#[test]
fn a_second_run_under_one_approval_is_refused_by_the_command() {
    let world = World::executed();
    let agent = world.path("agent.sh").display().to_string();
    let again = [
        "git",
        "awo",
        "run",
        TASK,
        "--run-id",
        "run_again",
        "--",
        "sh",
        &agent,
    ];
    world.refused("otto", "otto", &again, "REP-001");
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world.ok(
        "olga",
        "olga",
        &[
            "git",
            "awo",
            "approve",
            TASK,
            "--sentence",
            crate::world::SENTENCE,
        ],
    );
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &again);
    world.ok("otto", "otto", &["git", "awo", "push"]);
}

#[test]
fn a_record_in_another_spelling_is_refused() {
    let world = World::executed();
    let actor = world.actor("rita");
    let run = world.run_record("rita");
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let envelope: Envelope = records
        .envelope(&LedgerPath::Run(run.run))
        .unwrap()
        .unwrap();
    let mut bytes = envelope.to_bytes();
    bytes.push(b'\n');
    let path = LedgerPath::Outcome(RunId::new(RUN).unwrap());
    Batch::new("forged")
        .file(&path, bytes)
        .commit(&actor.repo, &actor.author())
        .unwrap();
    world.attack("rita", RECORDS, "INT-004");
}

#[test]
fn a_file_of_an_unknown_kind_in_the_ledger_is_refused() {
    let world = World::executed();
    let actor = world.actor("rita");
    let tip = actor.repo.reference(&layout::ledger()).unwrap().unwrap();
    let commit = actor.repo.commit(tip).unwrap();
    let blob = actor.repo.write_blob(b"payload\n").unwrap();
    let edit = (RepoPath::from("smuggled/file"), Some((Mode::File, blob)));
    let draft = CommitDraft {
        tree: actor.repo.edit_tree(Some(commit.tree), &[edit]).unwrap(),
        parents: vec![tip],
        author: actor.author(),
        committer: actor.author(),
        message: b"more\n".to_vec(),
        signature: None,
    };
    let new = actor.repo.write_commit(&draft).unwrap();
    let update = RefUpdate {
        name: layout::ledger(),
        expected: Expected::At(tip),
        new: Some(new),
    };
    actor.repo.update_refs(&[update], "forged").unwrap();
    world.attack("rita", RECORDS, "STR-002");
}

/// olga's next policy, which takes direct commits by otto on main, applied in her clone.
fn loosened(world: &World) {
    let tip = world.rev("olga", "refs/heads/main");
    let looser = policy(2, &tip, "").replace(
        "accept = [\"governed\", \"rollback\"]",
        "accept = [\"governed\", \"rollback\", \"direct\"]\ndirect = [{ writers = [\"*\"], paths = [\"**\"] }]",
    );
    world.write("policy/looser.toml", looser);
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "policy", "propose", "../policy/looser.toml"],
    );
    world.ok("olga", "olga", &["git", "awo", "policy", "apply"]);
}

#[test]
fn a_push_that_changes_the_policy_and_profits_from_it_is_refused() {
    let world = World::founded();
    loosened(&world);
    world.write("olga/src/strings.py", "print('profit')\n");
    world.commit("olga", "Profit");
    world.push_refused(
        "olga",
        &["refs/awo/policy", "refs/awo/ledger", "main"],
        "GOV-002",
    );
    // The benign twin: the policy by itself, and afterwards what it permits.
    world.push_accepted("olga", &["refs/awo/policy", "refs/awo/ledger"]);
    world.push_accepted("olga", &["main"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_policy_by_somebody_who_is_no_root_is_refused() {
    let world = World::founded();
    let tip = world.rev("otto", "refs/heads/main");
    world.write("policy/mine.toml", policy(2, &tip, ""));
    world.refused(
        "otto",
        "otto",
        &["git", "awo", "policy", "propose", "../policy/mine.toml"],
        "GOV-006",
    );
    // Made by hand: the files are changed, the signatures are the old ones.
    let actor = world.actor("otto");
    let old = actor.repo.reference(&layout::policy()).unwrap().unwrap();
    let commit = actor.repo.commit(old).unwrap();
    let blob = actor
        .repo
        .write_blob(policy(2, &tip, "").as_bytes())
        .unwrap();
    let edit = (RepoPath::from("policy.toml"), Some((Mode::File, blob)));
    let draft = CommitDraft {
        tree: actor.repo.edit_tree(Some(commit.tree), &[edit]).unwrap(),
        parents: vec![old],
        author: actor.author(),
        committer: actor.author(),
        message: b"policy\n".to_vec(),
        signature: None,
    };
    let new = actor.repo.write_commit(&draft).unwrap();
    let update = RefUpdate {
        name: layout::policy(),
        expected: Expected::At(old),
        new: Some(new),
    };
    actor.repo.update_refs(&[update], "forged").unwrap();
    world.attack("otto", &["refs/awo/policy"], "GOV-006");
}

#[test]
fn deletion_of_any_governance_ref_is_refused() {
    let world = World::landed();
    let refs = governance_refs(&world);
    assert!(
        refs.len() >= 6,
        "policy, ledger, log, evidence and two notes: {refs:?}"
    );
    for name in refs {
        world.push_refused("otto", &[&format!(":{name}")], "REP-002");
    }
}

#[test]
fn rewind_of_any_governance_ref_is_refused_and_found() {
    let world = World::landed();
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    for name in governance_refs(&world) {
        let parents = world.ok(
            "server",
            "server.git",
            &["git", "rev-list", "--parents", "-n1", &name],
        );
        let earlier = match parents.split_whitespace().nth(1) {
            Some(parent) if !name.starts_with("refs/awo/evidence/") => parent.to_owned(),
            // The first of its kind has nothing to rewind to but something else.
            _ => world.rev("otto", "refs/heads/main"),
        };
        let code = if name == "refs/awo/policy" || name == "refs/awo/log" {
            "GOV-006"
        } else {
            "REP-002"
        };
        world.push_refused("otto", &[&format!("+{earlier}:{name}")], code);
    }
}

#[test]
fn a_ledger_rewound_on_the_server_is_found_by_a_fresh_clone_and_by_an_old_one() {
    let world = World::landed();
    let earlier = world.rev("server.git", "refs/awo/ledger^");
    world.ok(
        "server",
        "server.git",
        &["git", "update-ref", "refs/awo/ledger", &earlier],
    );
    world.fresh_clone();
    world.verify_finds("REP-002");
    world.refused("rita", "rita", &["git", "awo", "fetch"], "REP-002");
}

#[test]
fn a_governance_ref_deleted_on_the_server_is_found() {
    let world = World::landed();
    world.ok(
        "server",
        "server.git",
        &["git", "update-ref", "-d", "refs/notes/awo/attestations"],
    );
    world.fresh_clone();
    world.verify_finds("REP-002");
    world.refused("rita", "rita", &["git", "awo", "fetch"], "REP-002");
}

#[test]
fn a_note_removed_by_git_notes_is_refused_and_found() {
    let world = World::landed();
    let commit = world.rev("otto", "refs/heads/main");
    world.ok(
        "otto",
        "otto",
        &[
            "git",
            "notes",
            "--ref",
            "refs/notes/awo/attestations",
            "remove",
            &commit,
        ],
    );
    world.attack("otto", &["refs/notes/awo/attestations"], "REP-002");
}

#[test]
fn refs_of_other_kinds_are_refused() {
    let world = World::landed();
    let tip = world.rev("otto", "refs/heads/main");
    for (name, code) in [
        ("refs/tags/v1", "GOV-004"),
        (&*format!("refs/replace/{tip}"), "GOV-004"),
        ("refs/heads/unnamed", "GOV-004"),
        ("refs/awo/other", "STR-002"),
        ("refs/awo/evidence/latest", "STR-002"),
        ("refs/notes/awo/other", "STR-002"),
        ("refs/heads/refs/heads/main", "GOV-004"),
    ] {
        world.push_refused("otto", &[&format!("{tip}:{name}")], code);
    }
}

#[test]
fn branches_are_neither_deleted_nor_rewound() {
    let world = World::landed();
    world.push_refused("otto", &[":main"], "GOV-004");
    world.push_refused("otto", &["+main^:main"], "GOV-004");
    let earlier = world.rev("otto", "main^");
    world.force("otto", &["+main^:main"]);
    assert_eq!(world.rev("server.git", "refs/heads/main"), earlier);
    world.fresh_clone();
    world.verify_finds("REP-002");
}

#[test]
fn the_exact_roll_back_is_accepted() {
    let world = World::rejected();
    world.ok("olga", "olga", &["git", "awo", "rollback", RUN]);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    assert_eq!(
        world.rev("server.git", "refs/heads/main^{tree}"),
        world.rev("server.git", "refs/heads/main~2^{tree}"),
        "the tree is as it was before the run"
    );
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    // Once: there is nothing left to take back.
    world.refused("olga", "olga", &["git", "awo", "rollback", RUN], "GOV-008");
}

#[test]
fn gits_own_revert_is_accepted_if_it_is_exact() {
    let world = World::rejected();
    world.ok(
        "olga",
        "olga",
        &[
            "git",
            "-c",
            "core.hooksPath=/dev/null",
            "revert",
            "--no-edit",
            "HEAD",
        ],
    );
    world.push_accepted("olga", &["main"]);
}

#[test]
fn a_roll_back_without_a_rejection_is_refused() {
    let world = World::landed();
    world.refused("olga", "olga", &["git", "awo", "rollback", RUN], "GOV-008");
    world.ok(
        "olga",
        "olga",
        &[
            "git",
            "-c",
            "core.hooksPath=/dev/null",
            "revert",
            "--no-edit",
            "HEAD",
        ],
    );
    world.attack("olga", &["main"], "GOV-008");
}

/// Commits a roll-back with this trailer after `change` has altered what is reverted.
fn bad_roll_back(change: impl FnOnce(&World)) {
    let world = World::rejected();
    world.ok(
        "olga",
        "olga",
        &[
            "git",
            "-c",
            "core.hooksPath=/dev/null",
            "revert",
            "--no-commit",
            "HEAD",
        ],
    );
    change(&world);
    world.commit("olga", &format!("Roll back {RUN}\n\nAWO-Rollback: {RUN}"));
    world.attack("olga", &["main"], "GOV-008");
}

#[test]
fn a_partial_roll_back_is_refused() {
    bad_roll_back(|world| {
        world.ok(
            "olga",
            "olga",
            &[
                "git",
                "checkout",
                "--quiet",
                "HEAD",
                "--",
                "test_strings.py",
            ],
        );
    });
}

#[test]
fn a_larger_roll_back_is_refused() {
    bad_roll_back(|world| world.write("olga/src/more.py", "x = 1\n"));
}

#[test]
fn a_faked_roll_back_is_refused() {
    bad_roll_back(|world| world.write("olga/src/strings.py", "print('other')\n"));
}

#[test]
fn a_revert_of_the_revert_is_refused() {
    let world = World::rejected();
    world.ok("olga", "olga", &["git", "awo", "rollback", RUN]);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok(
        "olga",
        "olga",
        &[
            "git",
            "-c",
            "core.hooksPath=/dev/null",
            "revert",
            "--no-edit",
            "HEAD",
        ],
    );
    world.attack("olga", &["main"], "REP-001");
}

#[test]
fn the_same_commit_again_after_a_roll_back_is_refused() {
    let world = World::rejected();
    let commit = world.rev("olga", "HEAD");
    world.ok("olga", "olga", &["git", "awo", "rollback", RUN]);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok(
        "otto",
        "otto",
        &["git", "reset", "--quiet", "--hard", "origin/main"],
    );
    world.ok(
        "otto",
        "otto",
        &[
            "git",
            "-c",
            "core.hooksPath=/dev/null",
            "cherry-pick",
            &commit,
        ],
    );
    world.attack("otto", &["main"], "ATT-002");
}

#[test]
fn an_amended_commit_is_refused() {
    let world = World::finalized();
    world.ok(
        "otto",
        "otto",
        &[
            "git",
            "commit",
            "--quiet",
            "--no-verify",
            "--amend",
            "--no-edit",
            "--date",
            "2030-01-01T00:00:00Z",
        ],
    );
    let mut refspecs = RECORDS.to_vec();
    refspecs.push("main");
    world.attack("otto", &refspecs, "ATT-002");
}

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
    assert_eq!(done.code, 1, "{}", done.text);
    assert!(
        done.text.contains("STR-002") && done.text.contains("git awo fetch"),
        "{}",
        done.text
    );
}

fn governance_refs(world: &World) -> BTreeSet<String> {
    let listed = world.ok(
        "server",
        "server.git",
        &[
            "git",
            "for-each-ref",
            "--format=%(refname)",
            "refs/awo",
            "refs/notes/awo",
        ],
    );
    let names: BTreeSet<String> = listed.lines().map(str::to_owned).collect();
    assert!(names.iter().all(|name| RefName::new(name.as_str()).is_ok()));
    names
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
        .record(&LedgerPath::Outcome(run.run), &envelope)
        .commit(&actor.repo, &actor.author())
        .unwrap();
}

#[test]
fn an_approval_with_a_nonce_that_is_no_plain_word_is_refused() {
    for nonce in ["", "a b", "\u{1b}[31m", "n\u{e9}", &"n".repeat(65)] {
        let world = World::attested();
        forged_approval(&world, |approval| approval.nonce = nonce.to_owned());
        let said = world.push_refused("rita", RECORDS, "INT-004");
        assert!(said.contains("approval-nonce"), "{said}");
    }
    let world = World::attested();
    forged_approval(&world, |approval| approval.nonce = "n.1_-".repeat(12));
    world.push_accepted("rita", RECORDS);
}

#[test]
fn another_approval_with_the_nonce_of_one_that_is_there_is_refused() {
    let twice = |second: &str| {
        let world = World::attested();
        forged_approval(&world, |_| {});
        world.push_accepted("rita", RECORDS);
        forged_approval(&world, |approval| {
            approval.nonce = second.to_owned();
            approval.expires = approval.expires.plus_days(1);
        });
        world
    };
    let said = twice("7").push_refused("rita", RECORDS, "REP-001");
    assert!(said.contains("nonce-once"), "{said}");
    twice("8").push_accepted("rita", RECORDS);
}

#[test]
fn an_approval_valid_for_ever_is_refused() {
    let world = World::attested();
    forged_approval(&world, |approval| {
        approval.expires = approval.expires.plus_days(3_000)
    });
    world.push_refused("rita", RECORDS, "GOV-005");
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
        ("refs/notes/awo/attestations", ""),
    ] {
        let world = World::landed();
        if earlier.is_empty() {
            world.ok(
                "server",
                "server.git",
                &["git", "update-ref", "-d", reference],
            );
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
        world.push_accepted("rita", &["wip/rita"]);
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

#[test]
fn a_review_of_nothing_is_refused() {
    let world = World::attested();
    forged_approval(&world, |approval| approval.run = None);
    world.push_refused("rita", RECORDS, "ATT-002");
}

#[test]
fn a_review_noted_on_another_commit_is_refused() {
    let world = World::attested();
    let actor = world.actor("rita");
    let run = world.run_record("rita");
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let envelope = records.approvals_of(run.commit).unwrap().remove(0);
    let mut approval = Statement::<ApprovalPredicate>::parse(envelope.payload())
        .unwrap()
        .predicate;
    approval.commit = Some(run.base);
    let envelope = actor.sign(approval).unwrap();
    Batch::new("forged")
        .approval(run.base, envelope)
        .commit(&actor.repo, &actor.author())
        .unwrap();
    world.attack("rita", RECORDS, "ATT-002");
}

#[test]
fn a_run_rejected_before_it_landed_does_not_land() {
    let world = World::finalized();
    world.ok("otto", "otto", &["git", "awo", "push", "--records-only"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "outcome", RUN, "rejected", "--reason", "no"],
    );
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.push_refused("otto", &["main"], "GOV-011");
}

#[test]
fn a_disguised_name_does_not_escape_protection() {
    let world = World::founded();
    world.write("otto/src/.git\u{200d}modules", "x\n");
    world.commit("otto", "Disguise");
    world.push_refused("otto", &["HEAD:refs/heads/wip/otto"], "GOV-003");
}

#[test]
fn an_empty_commit_by_somebody_without_a_right_is_refused() {
    let world = World::founded();
    world.ok(
        "server",
        ".",
        &["git", "clone", "--quiet", "server.git", "server"],
    );
    world.ok(
        "server",
        "server",
        &[
            "git",
            "config",
            "user.signingkey",
            &world
                .path("server.git/awo/server_key")
                .display()
                .to_string(),
        ],
    );
    world.commit("server", "Nothing");
    let before = world.server();
    world.refused(
        "server",
        "server",
        &["git", "push", "origin", "HEAD:refs/heads/wip/server"],
        "GOV-003",
    );
    assert_eq!(world.server(), before);
}

#[test]
fn gits_own_revert_is_a_direct_commit_where_those_are_taken() {
    let world = World::landed();
    world.ok(
        "olga",
        "olga",
        &[
            "git",
            "-c",
            "core.hooksPath=/dev/null",
            "revert",
            "--no-edit",
            "HEAD",
        ],
    );
    world.push_accepted("olga", &["HEAD:refs/heads/wip/olga"]);
}

#[test]
fn the_pushers_clock_is_not_the_servers() {
    let world = World::founded();
    world.write("otto/src/a.py", "x = 1\n");
    world.commit("otto", "Work");
    let words = [
        "git",
        "push",
        "--quiet",
        "--no-verify",
        "origin",
        "HEAD:refs/heads/wip/otto",
    ];
    let mut push = world.command("otto", "otto", &words);
    assert!(
        push.env("SOURCE_DATE_EPOCH", "2000000000")
            .status()
            .unwrap()
            .success()
    );
    let dates = world.ok(
        "server",
        "server.git",
        &["git", "log", "-1", "--format=%ct", "refs/awo/log"],
    );
    assert!(
        dates.trim().parse::<u64>().unwrap() < 2_000_000_000,
        "{dates}"
    );
}
