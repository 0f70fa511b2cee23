//! The chain of a governed commit: contract → approval → run → evidence → gate 2 → gate 3 →
//! attestation → finalization. Each link must exist, hold and bind the others.

use std::collections::BTreeSet;

use crate::policy::case::{CommitCase, Link, RunFacts};
use crate::policy::{Policy, Verified};
use crate::record::predicate::{
    ApprovalPredicate, Approves, AttestationPredicate, ContractPredicate, FinalizationPredicate,
    GateStatus, IndependencePredicate, RunPredicate,
};
use crate::record::sentence;
use crate::record::{Code, Finding, Findings, IdentityName, Sha256, Subject};

use super::scope::{contract_scope, policy_paths};

/// Collects the findings on one run.
struct Links<'a> {
    facts: &'a RunFacts,
    policy: &'a Policy,
    subject: Subject,
    findings: Findings,
    /// Judge these records alone, as they arrive; `None`: the whole chain, gaps included.
    focus: Option<&'a BTreeSet<Sha256>>,
}

/// Judges a commit that claims to be governed, with its whole chain.
pub fn chain(case: &CommitCase<'_>, facts: &RunFacts, findings: &mut Findings) {
    let subject = case.subject().run(&facts.id);
    if !case.rules.accepts_governed() {
        findings.push(
            Finding::new(Code::Gov002, "governed-accepted", subject.clone())
                .found("a governed commit")
                .expected("a ref that takes governed commits")
                .remedy("git awo policy show"),
        );
    }
    let person = case.person(findings);
    if let Some(person) = &person {
        policy_paths(case, person, findings);
    }
    let mut links = Links::new(facts, case.rules.policy(), subject, None);
    links.bad_records();
    if let Some(run) = links.link("run record", "run-record", &facts.run) {
        links.run_binds_commit(case, run, person.as_ref());
        if let Some(contract) = links.link("contract", "contract", &facts.contract) {
            links.contract(run, contract);
            let subject = links.subject.clone();
            contract_scope(
                &contract.says().contract,
                case.changes,
                &subject,
                &mut links.findings,
            );
            links.task_approvals(run, contract);
        }
        links.evidence(run);
        links.reviews(run);
    }
    findings.extend(links.findings);
}

/// Judges what a run record binds, without the later links: what its arrival and gate 2 need.
pub fn run_binds(facts: &RunFacts, policy: &Policy, findings: &mut Findings) {
    let mut links = Links::new(facts, policy, Subject::of_run(&facts.id), None);
    links.bad_records();
    if let Some(run) = links.link("run record", "run-record", &facts.run) {
        if let Some(contract) = links.link("contract", "contract", &facts.contract) {
            links.contract(run, contract);
            links.task_approvals(run, contract);
        }
        links.evidence(run);
    }
    findings.extend(links.findings);
}

/// The digests of the links that hold, gate by gate.
#[derive(Clone, Debug, Default)]
pub struct Reviews {
    /// Independence logs that pass gate 2.
    pub passed: BTreeSet<Sha256>,
    /// Audit approvals that count for gate 3, and by whom.
    pub approved: BTreeSet<(Sha256, IdentityName)>,
    /// Attestations.
    pub attested: BTreeSet<Sha256>,
}

/// Judges the reviews of a run (gate 2, gate 3, attestation, finalization). With a focus, only
/// the records of these digests are judged, and gaps after them are no findings.
pub fn reviews(
    facts: &RunFacts,
    policy: &Policy,
    focus: Option<&BTreeSet<Sha256>>,
    findings: &mut Findings,
) -> Reviews {
    let mut links = Links::new(facts, policy, Subject::of_run(&facts.id), focus);
    let reviews = match links.link("run record", "run-record", &facts.run) {
        Some(run) => links.reviews(run),
        None => Reviews::default(),
    };
    findings.extend(links.findings);
    reviews
}

impl<'a> Links<'a> {
    fn new(
        facts: &'a RunFacts,
        policy: &'a Policy,
        subject: Subject,
        focus: Option<&'a BTreeSet<Sha256>>,
    ) -> Self {
        Self {
            facts,
            policy,
            subject,
            findings: Findings::new(),
            focus,
        }
    }

    fn reviews(&mut self, run: &Verified<RunPredicate>) -> Reviews {
        let passed = self.independence(run);
        let approved = self.audit_approvals(run, &passed);
        let attested = self.attestation(run, &passed, &approved);
        self.finalization(run, &passed, &approved, &attested);
        Reviews {
            passed,
            approved,
            attested,
        }
    }

    /// Judges one record by itself; tells whether it holds, and reports it if it is in focus.
    fn item(&mut self, digest: Sha256, check: impl FnOnce(&mut Self)) -> bool {
        let outer = std::mem::take(&mut self.findings);
        check(self);
        let own = std::mem::replace(&mut self.findings, outer);
        let holds = own.is_empty();
        if self.focus.is_none_or(|focus| focus.contains(&digest)) {
            self.findings.extend(own);
        }
        holds
    }

    /// Reports something missing, unless only some records are in focus.
    fn gap(
        &mut self,
        code: Code,
        rule: &str,
        found: impl ToString,
        expected: impl ToString,
        remedy: impl ToString,
    ) {
        if self.focus.is_none() {
            self.push(code, rule, found, expected, remedy);
        }
    }

    fn push(
        &mut self,
        code: Code,
        rule: &str,
        found: impl ToString,
        expected: impl ToString,
        remedy: impl ToString,
    ) {
        self.findings.push(
            Finding::new(code, rule, self.subject.clone())
                .found(found.to_string())
                .expected(expected.to_string())
                .remedy(remedy.to_string()),
        );
    }

    fn binds<T: PartialEq + ToString>(
        &mut self,
        rule: &str,
        what: &str,
        found: &T,
        expected: &T,
    ) -> bool {
        if found != expected {
            self.push(
                Code::Att002,
                rule,
                format!("{what} binds {}", found.to_string()),
                expected.to_string(),
                format!("git awo chain {}", self.facts.id),
            );
        }
        found == expected
    }

    /// Records of the run that do not even hold by themselves: each is a finding, whether or
    /// not another one could take its place.
    fn bad_records(&mut self) {
        for finding in self.facts.bad.iter() {
            let mut finding = finding.clone();
            let record = finding.subject.record.take();
            finding.subject = Subject {
                record,
                ..self.subject.clone()
            };
            self.findings.push(finding);
        }
    }

    fn link<T>(&mut self, what: &str, rule: &str, link: &'a Link<T>) -> Option<&'a T> {
        match link {
            Link::Held(value) => Some(value),
            Link::Bad(finding) => {
                let record = finding.subject.record.clone();
                let subject = Subject {
                    record,
                    ..self.subject.clone()
                };
                self.findings.push(Finding {
                    subject,
                    ..finding.clone()
                });
                None
            }
            Link::Missing => {
                let remedy = format!("git awo chain {}, then git awo push", self.facts.id);
                self.push(
                    Code::Gov002,
                    rule,
                    format!("no {what}"),
                    format!("a {what}"),
                    remedy,
                );
                None
            }
        }
    }

    fn run_binds_commit(
        &mut self,
        case: &CommitCase<'_>,
        run: &Verified<RunPredicate>,
        person: Option<&IdentityName>,
    ) {
        let says = run.says();
        let commit = case.commit;
        self.binds("binds-commit", "the run record", &says.commit, &commit.id);
        self.binds("binds-tree", "the run record", &says.tree, &commit.tree);
        self.binds(
            "binds-ref",
            "the run record",
            &says.reference,
            case.rules.reference(),
        );
        self.binds("binds-run", "the run record", &says.run, &self.facts.id);
        match commit.parents.as_slice() {
            [parent] => _ = self.binds("binds-base", "the run record", &says.base, parent),
            _ => {
                let found = format!("{} parents", commit.parents.len());
                self.push(
                    Code::Gov002,
                    "single-commit",
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
                [(_, value)] => {
                    _ = self.binds(
                        "binds-trailers",
                        &format!("the trailer {key}"),
                        value,
                        &expected,
                    )
                }
                _ => {
                    let found = format!("{} trailers {key}", values.len());
                    self.push(Code::Gov002, "trailers", found, "one", "git awo run");
                }
            }
        }
        if let Some(person) = person
            && person != run.signer()
        {
            let found = format!("commit signed by {person}, run record by {}", run.signer());
            self.push(
                Code::Att001,
                "one-orchestrator",
                found,
                "one person",
                "git awo run",
            );
        }
    }

    fn contract(&mut self, run: &Verified<RunPredicate>, contract: &Verified<ContractPredicate>) {
        self.binds(
            "binds-contract",
            "the run record",
            &run.says().contract,
            &contract.digest(),
        );
        self.binds(
            "binds-task",
            "the run record",
            &run.says().task,
            &contract.says().contract.id,
        );
        self.binds(
            "binds-ref",
            "the run record",
            &run.says().reference,
            &contract.says().contract.target_ref,
        );
    }

    /// Approvals of the task: each one that the run spends must exist, bind and be of use once.
    fn task_approvals(
        &mut self,
        run: &Verified<RunPredicate>,
        contract: &Verified<ContractPredicate>,
    ) {
        let mut persons = BTreeSet::new();
        let again = format!("git awo approve {}", run.says().task);
        for digest in &run.says().approvals {
            let found = self
                .facts
                .task_approvals
                .iter()
                .find(|approval| approval.digest() == *digest);
            let Some(approval) = found else {
                self.push(
                    Code::Gov005,
                    "task-approved",
                    format!("no approval {digest}"),
                    "the approval that the run spends",
                    &again,
                );
                continue;
            };
            if self.task_approval(run, contract, approval) {
                persons.insert(approval.signer().clone());
            }
            match self.facts.spent.get(digest) {
                Some(Some(spender)) if *spender == self.facts.id => {}
                Some(Some(spender)) => {
                    self.push(
                        Code::Rep001,
                        "one-approval-one-run",
                        format!("{digest} was spent by {spender}"),
                        "an unused approval",
                        &again,
                    );
                }
                _ => self.push(
                    Code::Gov002,
                    "spent-marker",
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
                Code::Gov005,
                "task-approved",
                found,
                format!("{needed} distinct operators"),
                &again,
            );
        }
    }

    fn task_approval(
        &mut self,
        run: &Verified<RunPredicate>,
        contract: &Verified<ContractPredicate>,
        approval: &Verified<ApprovalPredicate>,
    ) -> bool {
        let says = approval.says();
        let before = self.findings.len();
        if says.approves != Approves::Task {
            self.push(
                Code::Att002,
                "approves-task",
                "approves a run",
                "approves a task",
                format!("git awo approve {}", run.says().task),
            );
        }
        self.binds(
            "binds-contract",
            "the approval",
            &says.contract,
            &contract.digest(),
        );
        self.binds("binds-task", "the approval", &says.task, &run.says().task);
        match &says.base {
            Some(base) => _ = self.binds("binds-base", "the approval", base, &run.says().base),
            None => self.push(
                Code::Att002,
                "binds-base",
                "no base commit",
                run.says().base,
                "git awo approve",
            ),
        }
        let expected = contract.says().contract.approval_sentence.as_str();
        let given = says.sentence.as_deref().unwrap_or_default();
        if let Err(mismatch) = sentence::compare(expected, given.as_bytes()) {
            self.push(
                Code::Gov005,
                "exact-sentence",
                mismatch,
                format!("{expected:?}"),
                format!("git awo approve {}", run.says().task),
            );
        }
        self.unexpired(approval);
        self.findings.len() == before
    }

    fn unexpired(&mut self, approval: &Verified<ApprovalPredicate>) {
        let expires = approval.says().expires;
        if expires <= self.facts.time {
            let found = format!("the approval of {} expired at {expires}", approval.signer());
            self.push(
                Code::Gov005,
                "approval-unexpired",
                found,
                format!("one valid at {}", self.facts.time),
                format!("git awo approve {}", approval.says().task),
            );
        }
    }

    fn evidence(&mut self, run: &Verified<RunPredicate>) {
        let facts = self.facts;
        let Some(evidence) = self.link("evidence", "evidence", &facts.evidence) else {
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
        if evidence.root != run.says().root {
            self.push(
                Code::Int001,
                "evidence-root",
                evidence.root,
                run.says().root,
                format!("git awo chain {}", self.facts.id),
            );
        }
        for reason in &evidence.reasons {
            self.push(
                Code::Gov002,
                "invariants",
                reason,
                "the invariants of a run directory",
                "git awo run",
            );
        }
    }

    /// Gate 2: at least one log that passes, by another person or under a recorded override.
    fn independence(&mut self, run: &Verified<RunPredicate>) -> BTreeSet<Sha256> {
        let facts = self.facts;
        let mut passed = BTreeSet::new();
        let failed = |status| {
            facts
                .independence
                .iter()
                .any(move |log| log.says().status == status)
        };
        for log in &facts.independence {
            let holds = self.item(log.digest(), |links| links.log_holds(run, log));
            if holds && log.says().status.passed() {
                passed.insert(log.digest());
            }
        }
        // A reviewer who found a broken invariant is not outvoted: no later gate follows.
        if let Some(log) = facts
            .independence
            .iter()
            .find(|log| log.says().status == GateStatus::FailedInvariants)
        {
            let found = format!(
                "{}: {}",
                log.says().status.word(),
                log.says().invariants_reasons.join(", ")
            );
            self.gap(
                Code::Gov002,
                "gate-2",
                found,
                "a run whose invariants hold",
                "git awo run",
            );
            passed.clear();
        } else if passed.is_empty()
            && failed(GateStatus::FailedSelfApproval)
            && self.focus.is_none()
        {
            self.self_approved("gate 2", run.signer());
        } else if facts.independence.is_empty() {
            self.gap(
                Code::Gov002,
                "gate-2",
                "no independence log",
                "gate 2 passed",
                format!("git awo gate {}", facts.id),
            );
        }
        passed
    }

    fn log_holds(&mut self, run: &Verified<RunPredicate>, log: &Verified<IndependencePredicate>) {
        let says = log.says();
        self.binds(
            "binds-run",
            "the independence log",
            &says.run_id,
            &self.facts.id,
        );
        self.binds(
            "binds-commit",
            "the independence log",
            &says.commit,
            &run.says().commit,
        );
        // The names are recomputed from the keys: a log cannot make two persons out of one.
        if &says.orchestrator != run.signer() || &says.reviewer != log.signer() {
            let found = format!(
                "orchestrator {}, reviewer {}",
                says.orchestrator, says.reviewer
            );
            let expected = format!("orchestrator {}, reviewer {}", run.signer(), log.signer());
            self.push(
                Code::Att001,
                "independence-persons",
                found,
                expected,
                format!("git awo gate {}", self.facts.id),
            );
        }
        if !says.status.passed() {
            return;
        }
        self.binds(
            "binds-root",
            "the independence log",
            &says.root,
            &run.says().root,
        );
        if !says.invariants_ok || !says.invariants_reasons.is_empty() {
            self.push(
                Code::Gov002,
                "gate-2",
                "a passing log with broken invariants",
                "none broken",
                "git awo run",
            );
        }
        let same = run.signer() == log.signer();
        let expected = if same {
            GateStatus::SelfApprovedWithOverride
        } else {
            GateStatus::ApprovedByIndependentReviewer
        };
        if same && !self.overridden(run) {
            self.self_approved("gate 2", log.signer());
        } else if says.status != expected {
            self.push(
                Code::Gov002,
                "gate-2-status",
                says.status.word(),
                expected.word(),
                format!("git awo gate {}", self.facts.id),
            );
        }
        // AWO's flag has exactly two spellings; "1" only where an override is recorded.
        let overridden = self.overridden(run);
        if says.allow_self_approval != "0" && !(says.allow_self_approval == "1" && overridden) {
            let found = format!("allow_self_approval={:?}", says.allow_self_approval);
            let expected = if overridden {
                r#""0" or "1""#
            } else {
                r#""0""#
            };
            self.push(
                Code::Gov001,
                "override-recorded",
                found,
                expected,
                format!("git awo gate {}", self.facts.id),
            );
        }
    }

    fn self_approved(&mut self, gate: &str, person: &IdentityName) {
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
            Code::Gov001,
            "independent-reviewer",
            format!("{gate}: {person} orchestrated and reviewed"),
            "another person",
            format!("ask {who} to run git awo gate {}", self.facts.id),
        );
    }

    fn overridden(&self, run: &Verified<RunPredicate>) -> bool {
        self.facts.overrides.iter().any(|it| {
            let says = it.says();
            says.allow_self_approval == "1"
                && says.run == self.facts.id
                && says.commit == run.says().commit
                && says.root == run.says().root
        })
    }

    /// Gate 3: enough distinct reviewers, each after a gate 2 that passed.
    fn audit_approvals(
        &mut self,
        run: &Verified<RunPredicate>,
        passed: &BTreeSet<Sha256>,
    ) -> BTreeSet<(Sha256, IdentityName)> {
        let facts = self.facts;
        let mut approved = BTreeSet::new();
        for approval in &facts.audit_approvals {
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
                Code::Gov005,
                "run-approved",
                found,
                format!("{needed} distinct reviewers"),
                format!("git awo approve {}", facts.id),
            );
        }
        approved
    }

    fn audit_approval(
        &mut self,
        run: &Verified<RunPredicate>,
        approval: &Verified<ApprovalPredicate>,
        passed: &BTreeSet<Sha256>,
    ) {
        let says = approval.says();
        if says.approves != Approves::Audit {
            self.push(
                Code::Att002,
                "approves-run",
                "approves a task",
                "approves a run",
                format!("git awo approve {}", self.facts.id),
            );
            return;
        }
        self.bind_option(
            "binds-run",
            "the approval",
            says.run.as_ref(),
            &self.facts.id,
        );
        self.bind_option(
            "binds-commit",
            "the approval",
            says.commit.as_ref(),
            &run.says().commit,
        );
        self.bind_option(
            "binds-root",
            "the approval",
            says.root.as_ref(),
            &run.says().root,
        );
        self.binds(
            "binds-contract",
            "the approval",
            &says.contract,
            &run.says().contract,
        );
        if !says
            .independence
            .is_some_and(|digest| passed.contains(&digest))
        {
            self.push(
                Code::Gov002,
                "gate-order",
                "an approval that follows no passed gate 2",
                "gate 2, then gate 3",
                format!("git awo gate {}", self.facts.id),
            );
        }
        if approval.signer() == run.signer() && !self.overridden(run) {
            self.self_approved("gate 3", approval.signer());
        }
        self.unexpired(approval);
    }

    fn bind_option<T: PartialEq + ToString>(
        &mut self,
        rule: &str,
        what: &str,
        found: Option<&T>,
        expected: &T,
    ) {
        match found {
            Some(found) => _ = self.binds(rule, what, found, expected),
            None => self.push(
                Code::Att002,
                rule,
                format!("{what} binds nothing"),
                expected.to_string(),
                format!("git awo chain {}", self.facts.id),
            ),
        }
    }

    fn attestation(
        &mut self,
        run: &Verified<RunPredicate>,
        passed: &BTreeSet<Sha256>,
        approved: &BTreeSet<(Sha256, IdentityName)>,
    ) -> BTreeSet<Sha256> {
        let facts = self.facts;
        let mut attested = BTreeSet::new();
        for attestation in &facts.attestations {
            if self.item(attestation.digest(), |links| {
                links.attestation_holds(run, attestation, passed, approved)
            }) {
                attested.insert(attestation.digest());
            }
        }
        if facts.attestations.is_empty() {
            self.gap(
                Code::Gov002,
                "attestation",
                "no attestation",
                "an attestation",
                format!("git awo attest {}", facts.id),
            );
        }
        attested
    }

    fn attestation_holds(
        &mut self,
        run: &Verified<RunPredicate>,
        attestation: &Verified<AttestationPredicate>,
        passed: &BTreeSet<Sha256>,
        approved: &BTreeSet<(Sha256, IdentityName)>,
    ) {
        let says = attestation.says();
        let what = "the attestation";
        self.binds("binds-run", what, &says.run, &self.facts.id);
        self.binds("binds-commit", what, &says.commit, &run.says().commit);
        self.binds("binds-tree", what, &says.tree, &run.says().tree);
        self.binds("binds-root", what, &says.root, &run.says().root);
        self.binds("binds-contract", what, &says.contract, &run.says().contract);
        self.binds("binds-run-record", what, &says.run_record, &run.digest());
        if !passed.contains(&says.independence) {
            self.push(
                Code::Att002,
                "binds-gate-2",
                says.independence,
                "a gate 2 that passed",
                format!("git awo gate {}", self.facts.id),
            );
        }
        self.approvals_known(what, &says.approvals, approved);
        if says.reviewer != *attestation.signer()
            || says.reviewer_sha256 != Sha256::of(says.reviewer.as_str().as_bytes())
        {
            let found = format!("reviewer {} ({})", says.reviewer, says.reviewer_sha256);
            self.push(
                Code::Att001,
                "attestation-reviewer",
                found,
                attestation.signer(),
                format!("git awo attest {}", self.facts.id),
            );
        }
        if attestation.signer() == run.signer() && !self.overridden(run) {
            self.self_approved("attestation", attestation.signer());
        }
    }

    fn approvals_known(
        &mut self,
        what: &str,
        named: &[Sha256],
        approved: &BTreeSet<(Sha256, IdentityName)>,
    ) {
        let known = |digest: &Sha256| approved.iter().any(|(it, _)| it == digest);
        for digest in named.iter().filter(|digest| !known(digest)) {
            self.push(
                Code::Att002,
                "binds-approvals",
                format!("{what} binds {digest}"),
                "an approval of this run that holds",
                format!("git awo approve {}", self.facts.id),
            );
        }
        let persons: BTreeSet<_> = approved
            .iter()
            .filter(|(digest, _)| named.contains(digest))
            .map(|(_, person)| person)
            .collect();
        let needed = self.policy.document().gates.audit_approvals as usize;
        if persons.len() < needed {
            let found = format!("{what} names approvals by {} persons", persons.len());
            self.push(
                Code::Gov005,
                "run-approved",
                found,
                format!("{needed} distinct reviewers"),
                format!("git awo approve {}", self.facts.id),
            );
        }
    }

    fn finalization(
        &mut self,
        run: &Verified<RunPredicate>,
        passed: &BTreeSet<Sha256>,
        approved: &BTreeSet<(Sha256, IdentityName)>,
        attested: &BTreeSet<Sha256>,
    ) {
        let facts = self.facts;
        match &facts.finalization {
            Link::Held(finalization) => {
                self.item(finalization.digest(), |links| {
                    links.finalization_holds(run, finalization, passed, approved, attested);
                });
            }
            other if self.focus.is_none() => _ = self.link("finalization", "finalization", other),
            _ => {}
        }
        if !facts.indexed {
            self.gap(
                Code::Str001,
                "provenance-index",
                "the run is not in the provenance index",
                "an entry",
                "git awo index rebuild",
            );
        }
    }

    fn finalization_holds(
        &mut self,
        run: &Verified<RunPredicate>,
        finalization: &Verified<FinalizationPredicate>,
        passed: &BTreeSet<Sha256>,
        approved: &BTreeSet<(Sha256, IdentityName)>,
        attested: &BTreeSet<Sha256>,
    ) {
        let says = finalization.says();
        let what = "the finalization";
        self.binds("binds-run", what, &says.run, &self.facts.id);
        self.binds("binds-commit", what, &says.commit, &run.says().commit);
        self.binds("binds-root", what, &says.root, &run.says().root);
        self.binds("binds-run-record", what, &says.run_record, &run.digest());
        if !passed.contains(&says.independence) {
            self.push(
                Code::Att002,
                "binds-gate-2",
                says.independence,
                "a gate 2 that passed",
                format!("git awo gate {}", self.facts.id),
            );
        }
        if !attested.contains(&says.attestation) {
            self.push(
                Code::Att002,
                "binds-attestation",
                says.attestation,
                "an attestation that holds",
                format!("git awo attest {}", self.facts.id),
            );
        }
        self.approvals_known(what, &says.approvals, approved);
        let named: BTreeSet<_> = approved
            .iter()
            .filter(|(digest, _)| says.approvals.contains(digest))
            .map(|(_, person)| person.clone())
            .collect();
        let claimed: BTreeSet<_> = says.approved_by.iter().cloned().collect();
        if named != claimed {
            let words = |set: &BTreeSet<IdentityName>| {
                set.iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            self.push(
                Code::Att001,
                "finalization-persons",
                words(&claimed),
                words(&named),
                format!("git awo finalize {}", self.facts.id),
            );
        }
    }
}
