//! Gathers everything known about a run.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::case::{EvidenceFacts, Lookup, RunFacts};
use crate::policy::{Keyring, Position, Unverified, Verified};
use crate::record::envelope::Envelope;
use crate::record::{
    Code, Coded, Diagnosis, Finding, Findings, ObjectId, Rule, RunId, Sha256, Subject, Timestamp,
};
use crate::records::{ApprovalPredicate, Approves, Kind, Predicate, Record, RunPredicate, Scope};
use crate::store::layout::LedgerPath;
use crate::store::ledger::Records;
use crate::store::provenance::Entry;
use crate::{evidence, store};

use super::claims::{Said, claims};
use super::position::{Judging, Positions};
use super::{Error, PolicyHistory, limits};

/// Looks records up and checks each by itself.
pub struct Collector<'a> {
    /// Where the records are.
    pub records: &'a Records<'a>,
    /// The policy.
    pub history: &'a PolicyHistory,
    /// By what each record is judged.
    pub positions: Positions<'a>,
    /// The time for records that are judged by the policy in force.
    pub time: Timestamp,
    /// The history with the versions that arrive in the same push, if some do. Proposals may
    /// follow one of those; nothing is judged by it.
    pub arriving_policies: Option<&'a PolicyHistory>,
}

impl Collector<'_> {
    /// Returns by what each record is judged.
    pub fn judging(&self) -> Judging<'_> {
        Judging {
            history: self.history,
            positions: &self.positions,
            now: self.time,
        }
    }

    /// Checks one record by itself.
    pub fn verify<P: Predicate>(&self, envelope: &Envelope) -> Result<Verified<P>, Finding> {
        self.verified(envelope, |position| Keyring::verify(envelope, position))
    }

    /// Checks one record of a kind that is known at run time only by itself.
    pub fn verify_as(
        &self,
        kind: Kind,
        it: &Envelope,
    ) -> Result<Verified<Box<dyn Record>>, Finding> {
        self.verified(it, |position| Keyring::verify_as(kind, it, position))
    }

    fn verified<T>(
        &self,
        envelope: &Envelope,
        verify: impl Fn(&Position<'_>) -> Result<T, Unverified>,
    ) -> Result<T, Finding> {
        let judging = self.judging();
        let position = judging.position(envelope);
        let subject = || Subject::of_record(envelope.digest());
        let found = |error: Unverified| error.to_finding(subject());
        limits::record(envelope, &position.policy.document().limits)
            .map_err(|error| error.to_finding(subject()))?;
        let verified = verify(&position).map_err(found)?;
        if let Some(later) = judging.later(envelope) {
            // Later pushes will judge it by the policy that it names: it must hold by that too.
            verify(&later).map_err(found)?;
        }
        Ok(verified)
    }

    /// Looks up the one record of a kind about a task or a run.
    fn the<P: Predicate>(&self, scope: impl Into<Scope>) -> Result<Lookup<Verified<P>>, Error> {
        let path = P::KIND.of(scope);
        Ok(match self.records.envelope(&path) {
            Ok(None) => Lookup::Missing,
            Ok(Some(envelope)) => match self.verify(&envelope) {
                Ok(verified) => Lookup::Valid(verified),
                Err(finding) => Lookup::Invalid(named(finding, &path)),
            },
            Err(error) => Lookup::Invalid(finding_or(error, &path)?),
        })
    }

    /// Returns the records of a kind that the ledger has of a run; those that do not hold are bad.
    fn all_of<P: Predicate>(
        &self,
        run: &RunId,
        bad: &mut Findings,
    ) -> Result<Vec<Verified<P>>, Error> {
        let mut found = Vec::new();
        for (path, envelope) in self.records.of_run(run, P::KIND)? {
            match self.verify(&envelope) {
                Ok(verified) => found.push(verified),
                Err(finding) => bad.push(named(finding, &path)),
            }
        }
        Ok(found)
    }

    /// Returns those of the records noted on an object that hold; the others are bad.
    fn noted<P: Predicate>(
        &self,
        envelopes: Vec<Envelope>,
        bad: &mut Findings,
    ) -> Vec<Verified<P>> {
        let mut found = Vec::new();
        for envelope in envelopes {
            match self.verify(&envelope) {
                Ok(verified) => found.push(verified),
                Err(finding) => bad.push(finding),
            }
        }
        found
    }

    /// Returns everything known about a run. A record that does not hold becomes a finding;
    /// only what keeps the repository from being read is an error.
    pub fn run(&self, id: &RunId) -> Result<RunFacts, Error> {
        let mut facts = RunFacts {
            id: id.clone(),
            run: self.the(id)?,
            contract: Lookup::Missing,
            task_approvals: Vec::new(),
            spent: BTreeMap::new(),
            inventory: None,
            evidence: Lookup::Missing,
            independence: Vec::new(),
            overrides: Vec::new(),
            audit_approvals: Vec::new(),
            attestations: Vec::new(),
            revoked: BTreeSet::new(),
            finalization: self.the(id)?,
            indexed: Lookup::Missing,
            outcome: self.the(id)?,
            bad: Findings::new(),
            time: self.time,
            audited: self.time,
        };
        facts.indexed = self.indexed(&facts)?;
        let Some(run) = facts.run.valid().map(|run| run.predicate().clone()) else {
            return Ok(facts);
        };
        let judging = self.judging();
        let dated = || self.date_of(run.commit);
        facts.time = judging.expiry(facts.run.valid().map(Verified::digest), dated)?;
        let last = facts.finalization.valid().map(Verified::digest);
        facts.audited = judging.audited(last, dated)?;
        facts.contract = self.the(&run.task)?;
        for digest in &run.approvals {
            facts.spent.insert(*digest, self.records.spender(digest)?);
        }
        if let Some(blob) = self.records.contract_blob(&run.task)? {
            let mut noted = self.records.approvals_of(blob)?;
            // Others on the same contract are other runs' affair.
            noted.retain(|it| run.approvals.contains(&it.digest()));
            facts.task_approvals = self.noted(noted, &mut facts.bad);
        }
        self.inventory(&run, &mut facts)?;
        // Of a contract that cannot be read nobody knows what it demands: everything then.
        let contract = facts.contract.valid().map(|it| &it.predicate().contract);
        let demands = contract.map_or(evidence::Demands::ALL, evidence::Demands::of);
        let limits = match facts.run.valid() {
            Some(record) => judging.limits_of(record.digest(), run.context.policy),
            None => &self.history.current().policy.document().limits,
        };
        facts.evidence = self.evidence(&run, demands, limits.evidence_bytes)?;
        facts.independence = self.all_of(id, &mut facts.bad)?;
        facts.overrides = self.all_of(id, &mut facts.bad)?;
        let approvals = self.noted(self.records.approvals_of(run.commit)?, &mut facts.bad);
        for approval in approvals {
            let approval: Verified<ApprovalPredicate> = approval;
            match approval.predicate().approves {
                Approves::Audit => facts.audit_approvals.push(approval),
                Approves::Task => {
                    let subject = Subject::of_record(approval.digest());
                    facts.bad.push(Misplaced.to_finding(subject));
                }
            }
        }
        let attestations = self.records.attestations_of(run.commit)?;
        facts.attestations = self.noted(attestations, &mut facts.bad);
        for approval in facts.task_approvals.iter().chain(&facts.audit_approvals) {
            if self.revoked(approval, &facts.uses_of(approval.digest()))? {
                facts.revoked.insert(approval.digest());
            }
        }
        Ok(facts)
    }

    /// Returns the date of a commit, by its own word, if the commit is here.
    fn date_of(&self, commit: ObjectId) -> Result<Option<Timestamp>, Error> {
        let reader = self.records.reader();
        if !reader.contains(commit) {
            return Ok(None);
        }
        Ok(Timestamp::from_seconds(
            reader.commit(commit)?.committer.time,
        ))
    }

    /// The entry in the provenance index, compared with what the finalization implies.
    fn indexed(&self, facts: &RunFacts) -> Result<Lookup<()>, Error> {
        let shard = LedgerPath::shard_of(&facts.id);
        let entry = match self.records.indexed(&facts.id) {
            Ok(entry) => entry,
            Err(error) => {
                let finding = finding_or(error, &shard)?;
                // A shard is derived: whatever is wrong with it is that it differs.
                return Ok(Lookup::Invalid(Finding {
                    code: Code::Int008,
                    rule: super::provenance::DERIVED.into(),
                    remedy: "git awo provenance rebuild".to_owned(),
                    ..finding
                }));
            }
        };
        let implied = facts
            .finalization
            .valid()
            .map(|it| Entry::of(it.predicate()));
        Ok(match (entry, implied) {
            (None, _) => Lookup::Missing,
            (Some(entry), Some(implied)) if entry != implied => {
                let subject = Subject::of_run(&facts.id).record(shard.to_path());
                Lookup::Invalid(super::provenance::difference(subject, &entry, &implied))
            }
            (Some(_), _) => Lookup::Valid(()),
        })
    }

    fn inventory(&self, run: &RunPredicate, facts: &mut RunFacts) -> Result<(), Error> {
        let path = LedgerPath::Inventory(run.run.clone());
        let bytes = self.records.file(&path)?;
        if let (Some(bytes), Some(record)) = (&bytes, facts.run.valid()) {
            let judging = self.judging();
            let limits = judging.limits_of(record.digest(), run.context.policy);
            let subject = Subject::of_record(path.to_path());
            let beyond = limits::inventory(bytes, limits).err();
            facts.bad.extend(beyond.map(|it| it.to_finding(subject)));
        }
        facts.inventory = bytes.map(|bytes| Sha256::of(&bytes));
        Ok(())
    }

    fn evidence(
        &self,
        run: &RunPredicate,
        demands: evidence::Demands,
        limit: u64,
    ) -> Result<Lookup<EvidenceFacts>, Error> {
        let files = match self.records.evidence(&run.evidence, &run.run, limit) {
            Ok(Some(files)) => files,
            Ok(None) => return Ok(Lookup::Missing),
            Err(error) => {
                let found = error.denies(Subject::of_run(&run.run));
                return match found.into_iter().flatten().next() {
                    Some(finding) => Ok(Lookup::Invalid(finding)),
                    None => Err(error.into()),
                };
            }
        };
        let (mut findings, _) = evidence::verify(&files);
        findings.extend(claims(&Said::of(run), &files));
        let reasons = evidence::breaches(&run.run, &files, demands);
        // Without an inventory the root is that of nothing, and the findings say why.
        let sums = files
            .get(&evidence::inventory::SUMS.into())
            .map(Vec::as_slice)
            .unwrap_or_default();
        let root = Sha256::of(sums);
        Ok(Lookup::Valid(EvidenceFacts {
            root,
            findings,
            reasons,
        }))
    }
}

/// A note on something else than what it approves.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a task approval on a commit")]
struct Misplaced;

impl Coded for Misplaced {
    fn diagnosis(&self) -> Diagnosis {
        let expected = "a note on what it approves";
        Diagnosis::against(self, Rule::NoteObject, expected, "git awo approve")
    }
}

fn named(mut finding: Finding, path: &LedgerPath) -> Finding {
    finding.subject.record = Some(path.to_path().to_string());
    finding
}

fn finding_or(error: store::Error, path: &LedgerPath) -> Result<Finding, Error> {
    let found = error.denies(Subject::of_record(path.to_path()));
    found.into_iter().flatten().next().ok_or(error.into())
}
