//! Reporting: what each link has in common.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::mem::discriminant;

use crate::facts::demanded::Demanded;
use crate::facts::run::{Held, Lookup, RunFacts};
use crate::policy::Policy;
use crate::record::{Finding, Findings, IdentityName, Rule, RunId, Sha256, Subject, Timestamp};
use crate::records::{Binding, Kind, OpenedBy, Record};
use crate::rules::{integrity, remedy};

/// Collects the findings on one run whose record holds by itself.
pub(super) struct Links<'a> {
    pub(super) facts: &'a RunFacts,
    pub(super) run: Held<'a>,
    pub(super) policy: &'a Policy,
    pub(super) subject: Subject,
    pub(super) findings: Findings,
    /// Judge these records alone, as they arrive; `None`: the whole chain, gaps included.
    pub(super) focus: Option<&'a BTreeSet<Sha256>>,
    /// The reviews that hold, so far.
    pub(super) reviews: Reviews,
    /// Audit approvals that hold, and until when, whether or not they still count for gate 3.
    pub(super) sound: BTreeMap<Sha256, (Timestamp, IdentityName)>,
}

/// A step of a run after it was recorded, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A reviewer reviews the run by machine.
    Gate2,
    /// A reviewer approves the run.
    Gate3,
    /// A reviewer attests the run.
    Attestation,
    /// The run is finalized.
    Finalization,
}

/// The digests of the links that hold, gate by gate.
#[derive(Clone, Debug, Default)]
pub struct Reviews {
    /// Independence logs that pass gate 2.
    pub passed: BTreeSet<Sha256>,
    /// Audit approvals that count for gate 3, and by whom.
    pub approved: BTreeSet<(Sha256, IdentityName)>,
    /// Whether these are by as many persons as the policy demands.
    pub suffices: bool,
    /// Attestations.
    pub attested: BTreeSet<Sha256>,
    /// Every record that holds, whether or not it still counts.
    pub held: BTreeSet<Sha256>,
}

/// Reports the records of the run that do not even hold by themselves: each is a finding, whether
/// or not another one could take its place.
pub(super) fn bad_records(facts: &RunFacts, subject: &Subject, findings: &mut Findings) {
    findings.extend(facts.bad.iter().map(|it| of_record(it, subject)));
}

/// Returns a finding on a record as one on the run that the subject names.
pub(super) fn of_record(finding: &Finding, subject: &Subject) -> Finding {
    let mut finding = finding.clone();
    finding.subject = Subject {
        record: finding.subject.record,
        ..subject.clone()
    };
    finding
}

/// Returns a link, or the finding that it is missing or does not hold.
fn link<'a, T>(
    what: &str,
    rule: Rule,
    link: &'a Lookup<T>,
    run: &RunId,
    subject: &Subject,
) -> Result<&'a T, Finding> {
    match link {
        Lookup::Valid(value) => Ok(value),
        Lookup::Invalid(finding) => Err(of_record(finding, subject)),
        Lookup::Missing => {
            let remedy = match rule {
                Rule::Finalization => format!("git awo finalize {run}, then git awo push"),
                _ => "git awo fetch; else git awo push, by whoever made it".to_owned(),
            };
            let finding = rule.finding(subject.clone()).found(format!("no {what}"));
            Err(finding.expected(format!("a {what}")).remedy(remedy))
        }
    }
}

impl<'a> Links<'a> {
    /// Begins with the run record; without one that holds there is only the finding on that.
    pub(super) fn begin(
        facts: &'a RunFacts,
        policy: &'a Policy,
        subject: Subject,
        focus: Option<&'a BTreeSet<Sha256>>,
        findings: &mut Findings,
    ) -> Option<Self> {
        match link(
            "run record",
            Rule::RunRecord,
            &facts.run,
            &facts.id,
            &subject,
        ) {
            Ok(record) => Some(Self {
                facts,
                run: Held { facts, record },
                policy,
                subject,
                findings: Findings::new(),
                focus,
                reviews: Reviews::default(),
                sound: BTreeMap::new(),
            }),
            Err(finding) => {
                findings.push(finding);
                None
            }
        }
    }

    /// Judges gate 2, gate 3, attestation and finalization, or those of them before a step.
    pub(super) fn reviews(&mut self, before: Option<Step>) {
        let steps = [
            Step::Gate2,
            Step::Gate3,
            Step::Attestation,
            Step::Finalization,
        ];
        let judged = |it: &Step| before.is_none_or(|before| *it < before);
        for step in steps.into_iter().take_while(judged) {
            match step {
                Step::Gate2 => self.independence(),
                Step::Gate3 => self.audit_approvals(),
                Step::Attestation => self.attestation(),
                Step::Finalization => self.finalization(),
            }
        }
    }

    /// Returns how many approvals a record had to count; one that is still to come, as many as the
    /// policy demands.
    pub(super) fn demanded(&self, record: Option<Sha256>) -> Demanded {
        let of = record.and_then(|record| self.facts.demanded.get(&record));
        of.copied()
            .unwrap_or_else(|| Demanded::by(self.policy, self.facts.contract_says()))
    }

    /// Judges one record by itself; tells whether it holds, and reports it if it is in focus.
    pub(super) fn item(&mut self, digest: Sha256, check: impl FnOnce(&mut Self)) -> bool {
        let outer = std::mem::take(&mut self.findings);
        check(self);
        let own = std::mem::replace(&mut self.findings, outer);
        let holds = own.is_empty();
        if holds {
            self.reviews.held.insert(digest);
        }
        if self.focus.is_none_or(|focus| focus.contains(&digest)) {
            let named = |mut it: Finding| {
                it.subject.record.get_or_insert_with(|| digest.to_string());
                it
            };
            self.findings.extend(own.into_iter().map(named));
        }
        holds
    }

    /// Reports something missing, unless only some records are in focus.
    pub(super) fn gap(
        &mut self,
        rule: Rule,
        found: impl Display,
        expected: impl Display,
        remedy: impl Display,
    ) {
        if self.focus.is_none() {
            self.push(rule, found, expected, remedy);
        }
    }

    pub(super) fn push(
        &mut self,
        rule: Rule,
        found: impl Display,
        expected: impl Display,
        remedy: impl Display,
    ) {
        let finding = rule.finding(self.subject.clone()).found(found);
        let finding = finding.expected(expected);
        self.findings.push(finding.remedy(remedy));
    }

    /// Returns the command that does this step of the run, again.
    pub(super) fn git_awo(&self, step: &str) -> String {
        format!("git awo {step} {}", self.facts.id)
    }

    /// Returns the command that makes a record of the run again.
    pub(super) fn again(&self, kind: Kind) -> String {
        match kind {
            Kind::Independence => self.git_awo("gate"),
            Kind::Approval => self.git_awo("approve"),
            Kind::Attestation => self.git_awo("attest"),
            Kind::Finalization => self.git_awo("finalize"),
            _ => remedy::run_again(&self.run.says().task),
        }
    }

    /// Judges what a record binds of these things. Links between records are for each gate.
    pub(super) fn binds(&mut self, record: &dyn Record, things: &[(Rule, Binding)]) {
        let bound = record.binds();
        for (rule, thing) in things {
            let same = |it: &&Binding| discriminant(*it) == discriminant(thing);
            if let Some(other) = bound.iter().find(same).filter(|it| *it != thing) {
                let found = format!("the {} binds {other}", record.kind().title());
                self.push(*rule, found, thing, self.again(record.kind()));
            }
        }
    }

    /// Judges what a review binds of the run.
    pub(super) fn binds_run(&mut self, review: &dyn Record) {
        let says = self.run.says();
        let things = [
            (Rule::BindsRun, Binding::Run(self.facts.id.clone())),
            (
                Rule::BindsRunRecord,
                Binding::RunRecord(self.run.record.digest()),
            ),
            (Rule::BindsCommit, Binding::Commit(says.commit)),
            (Rule::BindsTree, Binding::Tree(says.tree)),
            (Rule::BindsRoot, Binding::Root(says.root)),
            (Rule::BindsContract, Binding::Contract(says.contract)),
        ];
        self.binds(review, &things);
    }

    /// Judges that a record names the decision that opened gate 1 as the run record does.
    pub(super) fn binds_gate_1(&mut self, what: &str, gate1: &Option<OpenedBy>, step: &str) {
        let of_run = &self.run.says().gate1;
        if gate1 != of_run {
            let word = |it: &Option<OpenedBy>| match it {
                Some(it) => format!("the decision {}, as it is", it.decision_id),
                None => "no decision".to_owned(),
            };
            let found = match gate1 {
                Some(it) => format!("the {what} names the decision {}", it.decision_id),
                None => format!("the {what} names no decision"),
            };
            let (expected, remedy) = (word(of_run), self.git_awo(step));
            self.push(Rule::BindsGate1, found, expected, remedy);
        }
    }

    /// Judges that a review binds a gate 2 that passed.
    pub(super) fn binds_gate_2(&mut self, independence: Sha256) {
        if !self.reviews.passed.contains(&independence) {
            let remedy = self.git_awo("gate");
            self.push(
                Rule::BindsGate2,
                independence,
                "a gate 2 that passed",
                remedy,
            );
        }
    }

    /// The ledger has the inventory that the run record binds.
    pub(super) fn inventory(&mut self) {
        let (run, root) = (&self.facts.id, self.run.says().root);
        let finding = integrity::ledger_inventory(run, root, self.facts.inventory);
        self.findings.extend(finding.map(|mut finding| {
            finding.subject = self.subject.clone().with(finding.subject);
            finding
        }));
    }

    pub(super) fn link<T>(&mut self, what: &str, rule: Rule, it: &'a Lookup<T>) -> Option<&'a T> {
        let link = link(what, rule, it, &self.facts.id, &self.subject);
        link.map_err(|finding| self.findings.push(finding)).ok()
    }
}
