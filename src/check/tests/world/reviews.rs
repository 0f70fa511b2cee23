//! What is said of the run once it is executed.

use super::*;

pub struct Said {
    pub log: Envelope,
    pub overrides: Vec<Envelope>,
    pub audit: Envelope,
    pub attestation: Envelope,
    pub finalized: FinalizationPredicate,
    pub outcomes: Vec<Envelope>,
}

impl Said {
    pub fn new(
        edits: &[Edit],
        run: &RunPredicate,
        run_record: &Envelope,
        context: &dyn Fn(&str, &str) -> Context,
    ) -> Self {
        let mut log = IndependencePredicate {
            allow_self_approval: "0".to_owned(),
            commit: run.commit,
            context: context("rita", "reviewer"),
            invariants_ok: true,
            invariants_reasons: Vec::new(),
            message: "so".to_owned(),
            orchestrator: name("otto"),
            reviewer: name("rita"),
            root: run.root,
            run_id: run.run.clone(),
            status: GateStatus::ApprovedByIndependentReviewer,
        };
        edit!(edits, Log, &mut log);
        let log = sealed(log, "rita");
        let mut overrides = Vec::new();
        let mut outcomes = Vec::new();
        for edit in edits {
            if let Edit::Override(edit) = edit {
                let mut says = SelfApprovalPredicate {
                    allow_self_approval: "1".to_owned(),
                    commit: run.commit,
                    context: context("olga", "operator"),
                    reason: "nobody else is there".to_owned(),
                    root: run.root,
                    run: run.run.clone(),
                };
                edit(&mut says);
                overrides.push(sealed(says, "olga"));
            }
            if let Edit::Outcome(edit) = edit {
                let mut says = OutcomePredicate {
                    commit: run.commit,
                    context: context("olga", "operator"),
                    outcome: Verdict::Accepted,
                    reason: "so".to_owned(),
                    root: run.root,
                    run: run.run.clone(),
                };
                edit(&mut says);
                outcomes.push(sealed(says, "olga"));
            }
        }
        let mut audit = ApprovalPredicate {
            approves: Approves::Audit,
            base: None,
            commit: Some(run.commit),
            context: context("rita", "reviewer"),
            contract: run.contract,
            expires: time("2026-02-01T00:00:00Z"),
            independence: Some(log.digest()),
            nonce: "n2".to_owned(),
            root: Some(run.root),
            run: Some(run.run.clone()),
            sentence: None,
            task: run.task.clone(),
            workflow_run_url: None,
        };
        edit!(edits, Audit, &mut audit);
        let expires = audit.expires;
        let by = audit.context.identity.clone();
        let audit = sealed(audit, by.as_str());
        let mut attestation = AttestationPredicate {
            gate1: None,
            approvals: vec![audit.digest()],
            commit: run.commit,
            context: context("rita", "reviewer"),
            contract: run.contract,
            expires,
            independence: log.digest(),
            reviewer: name("rita"),
            reviewer_sha256: Sha256::of(b"rita"),
            root: run.root,
            run: run.run.clone(),
            run_record: run_record.digest(),
            tree: run.tree,
            workflow_run_url: None,
        };
        edit!(edits, Attestation, &mut attestation);
        let attestation = sealed(attestation, "rita");
        let mut finalized = FinalizationPredicate {
            gate1: None,
            approvals: vec![audit.digest()],
            approved_by: vec![name("rita")],
            attestation: attestation.digest(),
            commit: run.commit,
            context: context("otto", "orchestrator"),
            independence: log.digest(),
            root: run.root,
            run: run.run.clone(),
            run_record: run_record.digest(),
            workflow_run_url: None,
        };
        edit!(edits, Finalization, &mut finalized);
        Self {
            log,
            overrides,
            audit,
            attestation,
            finalized,
            outcomes,
        }
    }
}
