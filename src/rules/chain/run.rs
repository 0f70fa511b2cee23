//! From the contract to the evidence: what a run rests on and leaves behind.

use std::collections::BTreeSet;

use crate::facts::case::CommitCase;
use crate::policy::Verified;
use crate::record::{Finding, IdentityName, Rule, Subject, Timestamp, sentence};
use crate::records::{ApprovalPredicate, Approves, ContractPredicate, RunPredicate};

use super::links::Links;
use crate::rules::revocation;

impl<'a> Links<'a> {
    pub(super) fn run_binds_commit(
        &mut self,
        case: &CommitCase<'_>,
        run: &Verified<RunPredicate>,
        person: Option<&IdentityName>,
    ) {
        let says = run.predicate();
        let commit = case.commit;
        self.binds(
            Rule::BindsCommit,
            "the run record",
            &says.commit,
            &commit.id,
        );
        self.binds(Rule::BindsTree, "the run record", &says.tree, &commit.tree);
        self.binds(
            Rule::BindsRef,
            "the run record",
            &says.reference,
            case.rules.reference(),
        );
        self.binds(Rule::BindsRun, "the run record", &says.run, &self.facts.id);
        match commit.parents.as_slice() {
            [parent] => self.binds(Rule::BindsBase, "the run record", &says.base, parent),
            _ => {
                let found = format!("{} parents", commit.parents.len());
                self.push(
                    Rule::SingleCommit,
                    found,
                    "exactly one commit on its base",
                    "git awo run",
                );
            }
        }
        let trailers = commit.trailers();
        for (key, expected) in [
            ("AWO-Task", says.task.to_string()),
            ("AWO-Root", says.root.to_string()),
        ] {
            let values: Vec<_> = trailers
                .iter()
                .filter(|(name, _)| name.eq_ignore_ascii_case(key))
                .collect();
            match values.as_slice() {
                [(_, value)] => self.binds(
                    Rule::BindsTrailers,
                    &format!("the trailer {key}"),
                    value,
                    &expected,
                ),
                _ => {
                    let found = format!("{} trailers {key}", values.len());
                    self.push(Rule::Trailers, found, "one", "git awo run");
                }
            }
        }
        if let Some(person) = person
            && person != run.signer()
        {
            let found = format!("commit signed by {person}, run record by {}", run.signer());
            self.push(Rule::OneOrchestrator, found, "one person", "git awo run");
        }
    }

    pub(super) fn contract(
        &mut self,
        run: &Verified<RunPredicate>,
        contract: &Verified<ContractPredicate>,
    ) {
        self.binds(
            Rule::BindsContract,
            "the run record",
            &run.predicate().contract,
            &contract.digest(),
        );
        self.binds(
            Rule::BindsTask,
            "the run record",
            &run.predicate().task,
            &contract.predicate().contract.id,
        );
        self.binds(
            Rule::BindsRef,
            "the run record",
            &run.predicate().reference,
            &contract.predicate().contract.target_ref,
        );
    }

    /// Approvals of the task: each one that the run spends must exist, bind and be of use once.
    pub(super) fn task_approvals(
        &mut self,
        run: &Verified<RunPredicate>,
        contract: &Verified<ContractPredicate>,
    ) {
        let mut persons = BTreeSet::new();
        let again = format!("git awo approve {}", run.predicate().task);
        for digest in &run.predicate().approvals {
            let found = self
                .facts
                .task_approvals
                .iter()
                .find(|approval| approval.digest() == *digest);
            let Some(approval) = found else {
                self.push(
                    Rule::TaskApproved,
                    format!("no approval {digest}"),
                    "the approval that the run spends",
                    &again,
                );
                continue;
            };
            if self.facts.revoked.contains(digest) {
                self.findings.push(revocation::used(*digest, &again));
            } else if self.task_approval(run, contract, approval) {
                persons.insert(approval.signer().clone());
            }
            match self.facts.spent.get(digest) {
                Some(Some(spender)) if *spender == self.facts.id => {}
                Some(Some(spender)) => {
                    self.push(
                        Rule::OneApprovalOneRun,
                        format!("{digest} was spent by {spender}"),
                        "an unused approval",
                        &again,
                    );
                }
                _ => self.push(
                    Rule::SpentMarker,
                    format!("{digest} is not marked as spent"),
                    "the marker",
                    "git awo run",
                ),
            }
        }
        let needed = self.policy.document().gates.task_approvals as usize;
        if persons.len() < needed {
            let found = format!("approved by {} persons", persons.len());
            self.push(
                Rule::TaskApproved,
                found,
                format!("{needed} distinct operators"),
                &again,
            );
        }
    }

    pub(super) fn task_approval(
        &mut self,
        run: &Verified<RunPredicate>,
        contract: &Verified<ContractPredicate>,
        approval: &Verified<ApprovalPredicate>,
    ) -> bool {
        let says = approval.predicate();
        let before = self.findings.len();
        if says.approves != Approves::Task {
            self.push(
                Rule::ApprovesTask,
                "approves a run",
                "approves a task",
                format!("git awo approve {}", run.predicate().task),
            );
        }
        self.binds(
            Rule::BindsContract,
            "the approval",
            &says.contract,
            &contract.digest(),
        );
        self.binds(
            Rule::BindsTask,
            "the approval",
            &says.task,
            &run.predicate().task,
        );
        match &says.base {
            Some(base) => self.binds(Rule::BindsBase, "the approval", base, &run.predicate().base),
            None => self.push(
                Rule::BindsBase,
                "no base commit",
                run.predicate().base,
                "git awo approve",
            ),
        }
        let expected = contract.predicate().contract.approval_sentence.as_str();
        let given = says.sentence.as_deref().unwrap_or_default();
        if let Err(mismatch) = sentence::compare(expected, given.as_bytes()) {
            self.push(
                Rule::ExactSentence,
                mismatch,
                format!("{expected:?}"),
                format!("git awo approve {}", run.predicate().task),
            );
        }
        self.unexpired(approval, self.facts.time);
        self.findings.len() == before
    }

    pub(super) fn unexpired(&mut self, approval: &Verified<ApprovalPredicate>, time: Timestamp) {
        let expires = approval.predicate().expires;
        if expires <= time {
            let found = format!("the approval of {} expired at {expires}", approval.signer());
            self.push(
                Rule::ApprovalUnexpired,
                found,
                format!("one valid at {time}"),
                format!("git awo approve {}", approval.predicate().task),
            );
        }
    }

    pub(super) fn evidence(&mut self, run: &Verified<RunPredicate>) {
        let facts = self.facts;
        let Some(evidence) = self.link("evidence", Rule::Evidence, &facts.evidence) else {
            return;
        };
        for finding in evidence.findings.iter() {
            let path = finding.subject.path.clone();
            let subject = Subject {
                path,
                ..self.subject.clone()
            };
            self.findings.push(Finding {
                subject,
                ..finding.clone()
            });
        }
        if evidence.root != run.predicate().root {
            self.push(
                Rule::EvidenceRoot,
                evidence.root,
                run.predicate().root,
                format!("git awo chain {}", self.facts.id),
            );
        }
        for reason in &evidence.reasons {
            self.push(
                Rule::Invariants,
                reason,
                "the invariants of a run directory",
                "git awo run",
            );
        }
    }
}
