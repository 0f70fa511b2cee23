//! Reporting: what each link has in common.

use std::collections::BTreeSet;

use crate::facts::case::{Lookup, RunFacts};
use crate::policy::{Policy, Verified};
use crate::record::{Finding, Findings, IdentityName, Rule, Sha256, Subject};
use crate::records::{Binding, Record, RunPredicate};
use crate::rules::integrity;

/// Collects the findings on one run.
pub(super) struct Links<'a> {
    pub(super) facts: &'a RunFacts,
    pub(super) policy: &'a Policy,
    pub(super) subject: Subject,
    pub(super) findings: Findings,
    /// Judge these records alone, as they arrive; `None`: the whole chain, gaps included.
    pub(super) focus: Option<&'a BTreeSet<Sha256>>,
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

impl<'a> Links<'a> {
    pub(super) fn new(
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

    pub(super) fn reviews(&mut self, run: &Verified<RunPredicate>) -> Reviews {
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
    pub(super) fn item(&mut self, digest: Sha256, check: impl FnOnce(&mut Self)) -> bool {
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
    pub(super) fn gap(
        &mut self,
        rule: Rule,
        found: impl ToString,
        expected: impl ToString,
        remedy: impl ToString,
    ) {
        if self.focus.is_none() {
            self.push(rule, found, expected, remedy);
        }
    }

    pub(super) fn push(
        &mut self,
        rule: Rule,
        found: impl ToString,
        expected: impl ToString,
        remedy: impl ToString,
    ) {
        self.findings.push(
            rule.finding(self.subject.clone())
                .found(found.to_string())
                .expected(expected.to_string())
                .remedy(remedy.to_string()),
        );
    }

    pub(super) fn binds<T: PartialEq + ToString>(
        &mut self,
        rule: Rule,
        what: &str,
        found: &T,
        expected: &T,
    ) {
        if found != expected {
            self.push(
                rule,
                format!("{what} binds {}", found.to_string()),
                expected.to_string(),
                format!("git awo chain {}", self.facts.id),
            );
        }
    }

    /// Judges what a record binds of its run. The links between records are for each gate.
    pub(super) fn bound(&mut self, run: &Verified<RunPredicate>, record: &dyn Record) {
        let (says, what) = (run.predicate(), format!("the {}", record.kind().title()));
        for binding in record.binds() {
            match &binding {
                Binding::Run(it) => self.binds(Rule::BindsRun, &what, it, &self.facts.id),
                Binding::RunRecord(it) => {
                    self.binds(Rule::BindsRunRecord, &what, it, &run.digest());
                }
                Binding::Commit(it) => self.binds(Rule::BindsCommit, &what, it, &says.commit),
                Binding::Tree(it) => self.binds(Rule::BindsTree, &what, it, &says.tree),
                Binding::Root(it) => self.binds(Rule::BindsRoot, &what, it, &says.root),
                Binding::Contract(it) => {
                    self.binds(Rule::BindsContract, &what, it, &says.contract);
                }
                _ => {}
            }
        }
    }

    /// Records of the run that do not even hold by themselves: each is a finding, whether or
    /// not another one could take its place.
    pub(super) fn bad_records(&mut self) {
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

    /// The ledger has the inventory that the run record binds.
    pub(super) fn inventory(&mut self, run: &Verified<RunPredicate>) {
        let finding = integrity::ledger_inventory(run.predicate(), self.facts.inventory);
        self.findings.extend(finding.map(|mut finding| {
            finding.subject = self.subject.clone().with(finding.subject);
            finding
        }));
    }

    pub(super) fn link<T>(&mut self, what: &str, rule: Rule, link: &'a Lookup<T>) -> Option<&'a T> {
        match link {
            Lookup::Valid(value) => Some(value),
            Lookup::Invalid(finding) => {
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
            Lookup::Missing => {
                let remedy = match rule {
                    Rule::Finalization => format!("git awo finalize {}", self.facts.id),
                    _ => "git awo fetch; git awo push by whoever made it".to_owned(),
                };
                self.push(rule, format!("no {what}"), format!("a {what}"), remedy);
                None
            }
        }
    }
}
