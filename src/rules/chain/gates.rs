//! Gate 2 (independence) and gate 3 (audit).

use std::collections::BTreeSet;

use crate::policy::Verified;
use crate::record::{IdentityName, Rule, Sha256};
use crate::records::{
    ApprovalPredicate, Approves, GateStatus, IndependencePredicate, RunPredicate,
};

use super::links::Links;

impl<'a> Links<'a> {
    /// Gate 2: at least one log that passes, by another person or under a recorded override.
    pub(super) fn independence(&mut self, run: &Verified<RunPredicate>) -> BTreeSet<Sha256> {
        let facts = self.facts;
        let mut passed = BTreeSet::new();
        let failed = |status| {
            facts
                .independence
                .iter()
                .any(move |log| log.predicate().status == status)
        };
        let mut vetoes = Vec::new();
        for log in &facts.independence {
            let holds = self.item(log.digest(), |links| {
                links.log_holds(run, log);
                links.log_in_time(log);
            });
            if holds && log.predicate().status.passed() {
                passed.insert(log.digest());
            }
            if holds && log.predicate().status == GateStatus::FailedInvariants {
                vetoes.push(log);
            }
        }
        // A reviewer who found a broken invariant is not outvoted: no later gate follows. What
        // arrives together with the log, or came before it, was in its order.
        if let Some(log) = vetoes.first() {
            let found = format!(
                "{}: {}",
                log.predicate().status.word(),
                log.predicate().invariants_reasons.join(", ")
            );
            self.gap(
                Rule::Gate2,
                found,
                "a run whose invariants hold",
                "git awo run",
            );
            let arrives = |log: &&Verified<_>| {
                self.focus
                    .is_some_and(|focus| focus.contains(&log.digest()))
            };
            if !vetoes.iter().all(arrives) {
                passed.clear();
            }
        } else if passed.is_empty()
            && failed(GateStatus::FailedSelfApproval)
            && self.focus.is_none()
        {
            self.self_approved("gate 2", run.signer());
        } else if facts.independence.is_empty() {
            self.gap(
                Rule::Gate2,
                "no independence log",
                "gate 2 passed",
                format!("git awo gate {}", facts.id),
            );
        }
        passed
    }

    /// A review that fails is too late for a run that is finalized: that is for the outcome.
    fn log_in_time(&mut self, log: &Verified<IndependencePredicate>) {
        let Some(focus) = self.focus else { return };
        let finalized = self.facts.finalization.valid().map(Verified::digest);
        let before = finalized.is_some_and(|digest| !focus.contains(&digest));
        if before && !log.predicate().status.passed() {
            self.push(
                Rule::Gate2InTurn,
                format!("{} after the finalization", log.predicate().status.word()),
                "failures of gate 2 before a run is finalized",
                format!("git awo outcome {} rejected --reason TEXT", self.facts.id),
            );
        }
    }

    pub(super) fn log_holds(
        &mut self,
        run: &Verified<RunPredicate>,
        log: &Verified<IndependencePredicate>,
    ) {
        let says = log.predicate();
        self.bound(run, says);
        // The names are recomputed from the keys: a log cannot make two persons out of one.
        if &says.orchestrator != run.signer() || &says.reviewer != log.signer() {
            let found = format!(
                "orchestrator {}, reviewer {}",
                says.orchestrator, says.reviewer
            );
            let expected = format!("orchestrator {}, reviewer {}", run.signer(), log.signer());
            self.push(
                Rule::IndependencePersons,
                found,
                expected,
                format!("git awo gate {}", self.facts.id),
            );
        }
        // Who fails a run for its invariants names them, and the root may be another one: of the
        // files as the reviewer found them.
        let broken = !says.invariants_ok && !says.invariants_reasons.is_empty();
        let same = run.signer() == log.signer();
        let consistent = match says.status {
            GateStatus::FailedInvariants => broken,
            GateStatus::FailedSelfApproval => says.invariants_ok && same,
            _ => true,
        };
        if !consistent {
            self.push(
                Rule::Gate2Status,
                format!("{} for no reason", says.status.word()),
                "a status that follows from what the log says",
                format!("git awo gate {}", self.facts.id),
            );
        }
        if !says.status.passed() {
            return;
        }
        if !says.invariants_ok || !says.invariants_reasons.is_empty() {
            self.push(
                Rule::Gate2,
                "a passing log with broken invariants",
                "none broken",
                "git awo run",
            );
        }
        let expected = if same {
            GateStatus::SelfApprovedWithOverride
        } else {
            GateStatus::ApprovedByIndependentReviewer
        };
        if same && !self.facts.overridden() {
            self.self_approved("gate 2", log.signer());
        } else if says.status != expected {
            self.push(
                Rule::Gate2Status,
                says.status.word(),
                expected.word(),
                format!("git awo gate {}", self.facts.id),
            );
        }
        // AWO's flag has exactly two spellings; "1" only where an override is recorded.
        let overridden = self.facts.overridden();
        if says.allow_self_approval != "0" && !(says.allow_self_approval == "1" && overridden) {
            let found = format!("allow_self_approval={:?}", says.allow_self_approval);
            let expected = if overridden {
                r#""0" or "1""#
            } else {
                r#""0""#
            };
            self.push(
                Rule::SelfApprovalRecorded,
                found,
                expected,
                format!("git awo gate {}", self.facts.id),
            );
        }
    }

    pub(super) fn self_approved(&mut self, gate: &str, person: &IdentityName) {
        let others: Vec<_> = self
            .policy
            .holders(crate::policy::Role::Reviewer)
            .split(", ")
            .filter(|name| *name != person.as_str())
            .map(str::to_owned)
            .collect();
        let who = if others.is_empty() {
            "another reviewer (the policy names none)".to_owned()
        } else {
            others.join(" or ")
        };
        self.push(
            Rule::IndependentReviewer,
            format!("{gate}: {person} orchestrated and reviewed"),
            "another person",
            format!("ask {who} to run git awo gate {}", self.facts.id),
        );
    }

    /// Gate 3: enough distinct reviewers, each after a gate 2 that passed.
    pub(super) fn audit_approvals(
        &mut self,
        run: &Verified<RunPredicate>,
        passed: &BTreeSet<Sha256>,
    ) -> BTreeSet<(Sha256, IdentityName)> {
        let facts = self.facts;
        let mut approved = BTreeSet::new();
        let upheld = |it: &&Verified<ApprovalPredicate>| !facts.revoked.contains(&it.digest());
        for approval in facts.audit_approvals.iter().filter(upheld) {
            if self.item(approval.digest(), |links| {
                links.audit_approval(run, approval, passed)
            }) {
                approved.insert((approval.digest(), approval.signer().clone()));
            }
        }
        let persons: BTreeSet<_> = approved.iter().map(|(_, person)| person).collect();
        let needed = self.policy.document().gates.audit_approvals as usize;
        if persons.len() < needed {
            let found = format!("approved by {} persons", persons.len());
            self.gap(
                Rule::RunApproved,
                found,
                format!("{needed} distinct reviewers"),
                format!("git awo approve {}", facts.id),
            );
        }
        approved
    }

    pub(super) fn audit_approval(
        &mut self,
        run: &Verified<RunPredicate>,
        approval: &Verified<ApprovalPredicate>,
        passed: &BTreeSet<Sha256>,
    ) {
        let says = approval.predicate();
        if says.approves != Approves::Audit {
            self.push(
                Rule::ApprovesRun,
                "approves a task",
                "approves a run",
                format!("git awo approve {}", self.facts.id),
            );
            return;
        }
        self.bound(run, says);
        for (rule, missing) in [
            (Rule::BindsRun, says.run.is_none()),
            (Rule::BindsCommit, says.commit.is_none()),
            (Rule::BindsRoot, says.root.is_none()),
        ] {
            if missing {
                let found = "the approval binds nothing";
                let expected = "run, commit and root of a run";
                self.push(
                    rule,
                    found,
                    expected,
                    format!("git awo chain {}", self.facts.id),
                );
            }
        }
        if !says
            .independence
            .is_some_and(|digest| passed.contains(&digest))
        {
            self.push(
                Rule::GateOrder,
                "an approval that follows no passed gate 2",
                "gate 2, then gate 3",
                format!("git awo gate {}", self.facts.id),
            );
        }
        if approval.signer() == run.signer() && !self.facts.overridden() {
            self.self_approved("gate 3", approval.signer());
        }
        self.unexpired(approval, self.facts.audited);
    }
}
