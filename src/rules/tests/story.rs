//! The complete story of one run, told with real keys; a test changes one thing in it.

use std::collections::BTreeSet;

pub use super::people::*;
use crate::facts::artefacts::Artefacts;
use crate::facts::case::CommitCase;
use crate::facts::evidence::EvidenceFacts;
use crate::facts::run::{Lookup, RunFacts};
use crate::policy::Policy;
use crate::policy::keyring::Signer as Who;
use crate::record::commit::{Commit, Person};
use crate::record::contract::ContractDraft;
use crate::record::tree::{Change, Fault};
use crate::record::{Findings, IdentityName, RefName, Sha256, TaskId};
use crate::records::*;
use crate::rules;

/// One change of the story, made before what it changes is signed.
pub enum Edit {
    Policy(fn(&mut String)),
    Contract(fn(&mut ContractDraft)),
    Approval(fn(&mut ApprovalPredicate)),
    Run(fn(&mut RunPredicate)),
    Log(fn(&mut IndependencePredicate)),
    /// olga's override, of which there is none otherwise.
    Override(fn(&mut SelfApprovalPredicate)),
    Audit(fn(&mut ApprovalPredicate)),
    Attestation(fn(&mut AttestationPredicate)),
    Finalization(fn(&mut FinalizationPredicate)),
    Commit(fn(&mut Commit)),
    Changes(fn(&mut Vec<Change>)),
    Facts(fn(&mut RunFacts)),
    /// The person who reviews, approves and attests; rita otherwise.
    Reviewer(&'static str),
    /// The person who attests, alone.
    Attester(&'static str),
    /// The person who signed the commit; otto otherwise.
    Committer(&'static str),
}

/// The story as it was told.
pub struct Told {
    pub policy: Policy,
    pub facts: RunFacts,
    pub commit: Commit,
    pub changes: Vec<Change>,
    pub faults: Vec<Fault>,
    pub artefacts: Artefacts,
    pub committer: IdentityName,
}

pub const SENTENCE: &str = "I approve T-1.";

fn draft() -> ContractDraft {
    let text = format!(
        r#"{{"schema": "awo.contract/1", "id": "T-1", "task": "align it", "target":
        {{"locator": "here", "admission": {{"status": "admitted"}}}}, "target_ref": "refs/heads/main",
        "allowed_paths": ["src/", "guarded/", "README.md"], "forbidden_paths": [".env", "src/vendor/"],
        "forbidden_actions": [], "out_of_scope": [], "success_criteria": [], "rollback": [],
        "approval_sentence": "{SENTENCE}", "evidence": [], "lineage": [], "waivers": [],
        "extra": {{}}, "packet_kind": "toml", "source_sha256": "{}", "not_understood": []}}"#,
        sha(9)
    );
    serde_json::from_str(&text).unwrap()
}

/// Says what an outcome of the run would say.
pub fn outcome(told: &Told, outcome: Verdict) -> OutcomePredicate {
    let run = told.facts.run.valid().unwrap().predicate();
    OutcomePredicate {
        commit: run.commit,
        context: context("olga", "operator"),
        outcome,
        reason: "so".to_owned(),
        root: run.root,
        run: run.run.clone(),
    }
}

macro_rules! edit {
    ($edits:expr, $kind:ident, $value:expr) => {
        for edit in $edits {
            if let Edit::$kind(edit) = edit {
                edit($value);
            }
        }
    };
}

/// Tells the story: everything is in order but for what the edits change.
pub fn told(edits: &[Edit]) -> Told {
    let (mut reviewer, mut committer) = ("rita", "otto");
    for edit in edits {
        match edit {
            Edit::Reviewer(who) => reviewer = who,
            Edit::Committer(who) => committer = who,
            _ => {}
        }
    }
    let mut attester = reviewer;
    for edit in edits {
        if let Edit::Attester(who) = edit {
            attester = who;
        }
    }
    let mut text = document();
    edit!(edits, Policy, &mut text);
    let policy = policy(&text);

    let mut draft = draft();
    edit!(edits, Contract, &mut draft);
    let contract = verified(
        &policy,
        ContractPredicate {
            context: context("olga", "operator"),
            contract: draft.check().unwrap(),
        },
    );
    let mut approval = ApprovalPredicate {
        approves: Approves::Task,
        base: Some(id(10)),
        commit: None,
        context: context("olga", "operator"),
        contract: contract.digest(),
        expires: time("2026-02-01T00:00:00Z"),
        independence: None,
        nonce: "n1".to_owned(),
        root: None,
        run: None,
        sentence: Some(SENTENCE.to_owned()),
        task: TaskId::new("T-1".to_owned()).unwrap(),
        workflow_run_url: None,
    };
    edit!(edits, Approval, &mut approval);
    // Signing both kinds of approval takes another role.
    if approval.approves == Approves::Audit {
        approval.context = context("rita", "reviewer");
    }
    let approval = verified(&policy, approval);

    let mut run = RunPredicate {
        approvals: vec![approval.digest()],
        base: id(10),
        commit: id(11),
        context: context("otto", "orchestrator"),
        contract: contract.digest(),
        evidence: RefName::new("refs/awo/evidence/2026-01").unwrap(),
        gate1: None,
        reference: main(),
        root: sha(1),
        run: run_id(),
        task: TaskId::new("T-1".to_owned()).unwrap(),
        tree: id(12),
        work: None,
    };
    edit!(edits, Run, &mut run);
    let run = verified(&policy, run);
    let says = run.predicate().clone();

    let mut log = IndependencePredicate {
        allow_self_approval: "0".to_owned(),
        commit: says.commit,
        context: context(reviewer, "reviewer"),
        invariants_ok: true,
        invariants_reasons: Vec::new(),
        message: "so".to_owned(),
        orchestrator: name("otto"),
        reviewer: name(reviewer),
        root: says.root,
        run_id: says.run.clone(),
        status: GateStatus::ApprovedByIndependentReviewer,
    };
    edit!(edits, Log, &mut log);
    let log = verified(&policy, log);

    let mut overrides = Vec::new();
    for edit in edits {
        if let Edit::Override(edit) = edit {
            let mut says = SelfApprovalPredicate {
                allow_self_approval: "1".to_owned(),
                commit: says.commit,
                context: context("olga", "operator"),
                reason: "nobody else is there".to_owned(),
                root: says.root,
                run: says.run.clone(),
            };
            edit(&mut says);
            overrides.push(verified(&policy, says));
        }
    }

    let mut audit = ApprovalPredicate {
        approves: Approves::Audit,
        base: None,
        commit: Some(says.commit),
        context: context(reviewer, "reviewer"),
        contract: says.contract,
        expires: time("2026-02-01T00:00:00Z"),
        independence: Some(log.digest()),
        nonce: "n2".to_owned(),
        root: Some(says.root),
        run: Some(says.run.clone()),
        sentence: None,
        task: says.task.clone(),
        workflow_run_url: None,
    };
    edit!(edits, Audit, &mut audit);
    if audit.approves == Approves::Task {
        audit.context = context("olga", "operator");
    }
    let audit = verified(&policy, audit);

    let mut attestation = AttestationPredicate {
        gate1: None,
        approvals: vec![audit.digest()],
        commit: says.commit,
        context: context(attester, "reviewer"),
        contract: says.contract,
        expires: audit.predicate().expires,
        independence: log.digest(),
        reviewer: name(attester),
        reviewer_sha256: Sha256::of(attester.as_bytes()),
        root: says.root,
        run: says.run.clone(),
        run_record: run.digest(),
        tree: says.tree,
        workflow_run_url: None,
    };
    edit!(edits, Attestation, &mut attestation);
    let attestation = verified(&policy, attestation);

    let mut finalization = FinalizationPredicate {
        gate1: None,
        approvals: vec![audit.digest()],
        approved_by: vec![name(reviewer)],
        attestation: attestation.digest(),
        commit: says.commit,
        context: context("otto", "orchestrator"),
        independence: log.digest(),
        root: says.root,
        run: says.run.clone(),
        run_record: run.digest(),
        workflow_run_url: None,
    };
    edit!(edits, Finalization, &mut finalization);
    let finalization = verified(&policy, finalization);

    let mut commit = commit("Align\n\nAWO-Run: run_one\nAWO-Task: T-1\n");
    commit
        .message
        .extend(format!("AWO-Root: {}\n", sha(1)).into_bytes());
    edit!(edits, Commit, &mut commit);
    let mut changes = vec![change("src/a.py")];
    edit!(edits, Changes, &mut changes);

    let mut facts = RunFacts {
        work: None,
        admission: None,
        id: run_id(),
        spent: [(approval.digest(), Some(run_id()))].into(),
        post_work: None,
        cells: None,
        inventory: Some(sha(1)),
        evidence: Lookup::Valid(EvidenceFacts {
            root: sha(1),
            findings: Findings::new(),
            reasons: Vec::new(),
            command: None,
            unconfined: None,
        }),
        reruns: None,
        contract: Lookup::Valid(contract),
        task_approvals: vec![approval],
        gate1: None,
        run: Lookup::Valid(run),
        independence: vec![log],
        overrides,
        audit_approvals: vec![audit],
        by_models: Default::default(),
        attestations: vec![attestation],
        attested: Default::default(),
        makers: BTreeSet::new(),
        new_reviews: BTreeSet::new(),
        finalization: Lookup::Valid(finalization),
        revoked: [].into(),
        indexed: Lookup::Valid(()),
        outcome: Lookup::Missing,
        cancellations: Vec::new(),
        came: Default::default(),
        absent: Vec::new(),
        bad: Findings::new(),
        demanded: Default::default(),
        time: time("2026-01-10T00:00:00Z"),
        audited: time("2026-01-20T00:00:00Z"),
    };
    edit!(edits, Facts, &mut facts);
    Told {
        policy,
        facts,
        commit,
        changes,
        faults: Vec::new(),
        artefacts: Artefacts::default(),
        committer: name(committer),
    }
}

/// Returns a commit on `id(10)` with this message.
pub fn commit(message: &str) -> Commit {
    let who = Person {
        name: b"x".to_vec(),
        email: b"x@x".to_vec(),
        time: 0,
    };
    Commit {
        id: id(11),
        tree: id(12),
        parents: vec![id(10)],
        author: who.clone(),
        committer: who,
        message: message.as_bytes().to_vec(),
        signature: None,
        second_reading: None,
    }
}

impl Told {
    /// Runs rules over the commit; returns `CODE rule` of each finding.
    pub fn judged(
        &self,
        judge: impl FnOnce(&CommitCase<'_>, &RunFacts, &mut Findings),
    ) -> Vec<String> {
        let rules = self.policy.ref_rules(&main()).unwrap();
        let case = CommitCase {
            rules: &rules,
            commit: &self.commit,
            changes: &self.changes,
            faults: &self.faults,
            artefacts: self.artefacts.clone(),
            lifting: &[],
            signer: Ok(Who {
                person: self.committer.clone(),
                key: String::new(),
            }),
        };
        let mut findings = Findings::new();
        judge(&case, &self.facts, &mut findings);
        codes(&findings)
    }

    /// Judges the whole chain.
    pub fn chain(&self) -> Vec<String> {
        self.judged(rules::chain)
    }

    /// Judges what has arrived with these digests alone.
    pub fn arrival(&self, focus: &[Sha256]) -> Vec<String> {
        let mut findings = Findings::new();
        let focus: BTreeSet<_> = focus.iter().copied().collect();
        rules::reviews(&self.facts, &self.policy, Some(&focus), &mut findings);
        codes(&findings)
    }
}

/// Returns `CODE rule` of each finding, sorted, each once.
pub fn codes(findings: &Findings) -> Vec<String> {
    let words: BTreeSet<_> = findings
        .iter()
        .map(|it| format!("{} {}", it.code.as_str(), it.rule))
        .collect();
    words.into_iter().collect()
}

/// Each case with what is found, as `CODE rule` and nothing besides.
#[track_caller]
pub fn finds(cases: &[(&str, &[Edit], &[&str])]) {
    let mut wrong = String::new();
    for (what, edits, expected) in cases {
        let found = told(edits).chain();
        if found != *expected {
            wrong.push_str(&format!("{what}: {found:?}, not {expected:?}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
