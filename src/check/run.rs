//! Gathers everything known about a run.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use crate::evidence;
use crate::policy::case::{EvidenceFacts, Link, RunFacts};
use crate::policy::{Keyring, Position, Verified};
use crate::record::envelope::Envelope;
use crate::record::predicate::{ApprovalPredicate, Approves, AttestationPredicate, RunPredicate};
use crate::record::statement::{self, Kind, Predicate};
use crate::record::{Code, Finding, Findings, ObjectId, RunId, Sha256, Subject, Timestamp, json};
use crate::store;
use crate::store::index::Entry;
use crate::store::layout::LedgerPath;
use crate::store::ledger::Records;

use super::{Error, PolicyHistory};

/// Says at which position of the history each record is judged.
pub enum Positions<'a> {
    /// Records of these digests are new and judged by the policy in force; every other one was
    /// accepted before and is judged by the policy that it names.
    Arriving(&'a BTreeSet<Sha256>),
    /// By the receive log: version and time of the push that brought the record. Records that
    /// the log does not know are judged by the policy in force.
    Logged(&'a Logged),
    /// By the newest part of the receive log, where a clone has checked the rest before, and the
    /// records that it brought.
    Continued(&'a Continued<'a>),
    /// Each by the policy that it names: for tools that help a person, not for a door.
    Named,
}

/// Version of the policy and time of the push that brought each record.
pub type Logged = BTreeMap<Sha256, (usize, Timestamp)>;

/// What the newest part of the receive log brought.
pub struct Continued<'a> {
    /// Its records.
    pub logged: &'a Logged,
    /// The records that are new to this clone. Every other one was checked here before, at its own
    /// position, and is judged by the policy that it names, as at a server's door.
    pub arriving: &'a BTreeSet<Sha256>,
    /// Whether something was asked that only the whole log can answer: then what was judged by
    /// this part proves nothing, and must be judged again by the whole.
    pub unanswered: Cell<bool>,
}

impl Continued<'_> {
    /// Tells whether this part of the log answers for every record that arrives.
    pub fn covers_arrivals(&self) -> bool {
        let covered = |digest| self.logged.contains_key(digest);
        self.arriving.iter().all(covered)
    }
}

/// Looks records up and checks each by itself.
pub struct Gatherer<'a> {
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

impl Gatherer<'_> {
    /// Returns the position of a record.
    pub fn position(&self, envelope: &Envelope) -> Position<'_> {
        match &self.positions {
            Positions::Named => self.named(envelope, None),
            Positions::Arriving(fresh) if fresh.contains(&envelope.digest()) => {
                self.history.now(self.time)
            }
            Positions::Arriving(_) => self.named(envelope, None),
            Positions::Logged(log) => match log.get(&envelope.digest()) {
                Some((index, time)) => self.history.position(*index, Some(*time)),
                None => self.history.now(self.time),
            },
            Positions::Continued(part) => match part.logged.get(&envelope.digest()) {
                Some((index, time)) => self.history.position(*index, Some(*time)),
                None if part.arriving.contains(&envelope.digest()) => self.history.now(self.time),
                None => self.named(envelope, None),
            },
        }
    }

    /// Returns the position of the policy that a record names (of the one in force, if that is
    /// none of ours).
    fn named(&self, envelope: &Envelope, time: Option<Timestamp>) -> Position<'_> {
        match policy_named(envelope).and_then(|id| self.history.index_of(id)) {
            Some(index) => self.history.position(index, time),
            None => self.history.now(self.time),
        }
    }

    /// Returns the policy by which the records of a run are counted: of the push that brought this
    /// record, if the log knows it. A later, stricter policy does not reach back.
    pub fn policy_of(&self, record: Option<Sha256>) -> &crate::policy::Policy {
        let current = &self.history.current().policy;
        match (&self.positions, record) {
            (Positions::Logged(log), Some(digest)) => {
                log.get(&digest).map_or(current, |(index, time)| {
                    self.history.position(*index, Some(*time)).policy
                })
            }
            (Positions::Continued(part), Some(digest)) => match part.logged.get(&digest) {
                Some((index, time)) => self.history.position(*index, Some(*time)).policy,
                None => {
                    part.unanswered.set(true);
                    current
                }
            },
            _ => current,
        }
    }

    /// Returns the time at which a record arrived, if it is known: by that its expiry is judged.
    pub fn arrival(&self, record: Sha256) -> Option<Timestamp> {
        match &self.positions {
            Positions::Arriving(fresh) => fresh.contains(&record).then_some(self.time),
            Positions::Logged(log) => log.get(&record).map(|(_, time)| *time),
            Positions::Continued(part) => part.logged.get(&record).map(|(_, time)| *time),
            Positions::Named => Some(self.time),
        }
    }

    /// Returns the time by which approvals are judged: when the record that uses them arrived. A
    /// clone that has no log of that goes by the commit's own date, since only the server's clock
    /// could refuse in time.
    fn expiry_time(&self, record: Option<Sha256>, commit: ObjectId) -> Result<Timestamp, Error> {
        match record {
            Some(digest) => {
                if let Some(time) = self.arrival(digest) {
                    return Ok(time);
                }
            }
            None if !self.knows_a_log() => return Ok(self.time),
            None => {}
        }
        let reader = self.records.reader();
        if !reader.contains(commit) {
            return Ok(self.time);
        }
        Ok(Timestamp::from_seconds(reader.commit(commit)?.committer.time).unwrap_or(self.time))
    }

    fn knows_a_log(&self) -> bool {
        matches!(
            self.positions,
            Positions::Logged(_) | Positions::Continued(_)
        )
    }

    /// Checks one record by itself.
    pub fn verify<P: Predicate>(&self, envelope: &Envelope) -> Result<Verified<P>, Finding> {
        let verified = Keyring::verify(envelope, &self.position(envelope))?;
        if let Positions::Arriving(fresh) = &self.positions
            && fresh.contains(&envelope.digest())
        {
            // Later pushes will judge it by the policy that it names: it must hold by that too.
            Keyring::verify::<P>(envelope, &self.named(envelope, Some(self.time)))?;
        }
        Ok(verified)
    }

    fn link<P: Predicate>(&self, path: &LedgerPath) -> Result<Link<Verified<P>>, Error> {
        Ok(match self.records.envelope(path) {
            Ok(None) => Link::Missing,
            Ok(Some(envelope)) => match self.verify(&envelope) {
                Ok(verified) => Link::Held(verified),
                Err(finding) => Link::Bad(named(finding, path)),
            },
            Err(error) => Link::Bad(finding_or(error, path)?),
        })
    }

    /// Returns everything known about a run. A record that does not hold becomes a finding;
    /// only what keeps the repository from being read is an error.
    pub fn run(&self, id: &RunId) -> Result<RunFacts, Error> {
        let run: Link<Verified<RunPredicate>> = self.link(&LedgerPath::Run(id.clone()))?;
        let mut facts = RunFacts {
            id: id.clone(),
            run,
            contract: Link::Missing,
            task_approvals: Vec::new(),
            spent: BTreeMap::new(),
            evidence: Link::Missing,
            independence: Vec::new(),
            overrides: Vec::new(),
            audit_approvals: Vec::new(),
            attestations: Vec::new(),
            finalization: self.link(&LedgerPath::Finalization(id.clone()))?,
            indexed: Link::Missing,
            outcome: self.link(&LedgerPath::Outcome(id.clone()))?,
            bad: Findings::new(),
            time: self.time,
            audited: self.time,
        };
        facts.indexed = self.indexed(&facts)?;
        let Some(run) = facts.run.held().map(|run| run.says().clone()) else {
            return Ok(facts);
        };
        facts.time = self.expiry_time(facts.run.held().map(Verified::digest), run.commit)?;
        facts.audited = match self.positions {
            // Where something arrives or is about to be made, it is now that they must be valid.
            Positions::Arriving(_) | Positions::Named => self.time,
            Positions::Logged(_) | Positions::Continued(_) => {
                let last = facts.finalization.held().map(Verified::digest);
                self.expiry_time(last, run.commit)?
            }
        };
        facts.contract = self.link(&LedgerPath::Contract(run.task.clone()))?;
        for digest in &run.approvals {
            facts.spent.insert(*digest, self.records.spender(digest)?);
        }
        if let Some(blob) = self.records.contract_blob(&run.task)? {
            self.task_approvals(blob, &run, &mut facts)?;
        }
        self.inventory(&run, &mut facts)?;
        // Of a contract that cannot be read nobody knows what it demands: everything then.
        let contract = facts.contract.held().map(|it| &it.says().contract);
        let demands = contract.map_or(evidence::Demands::ALL, evidence::Demands::of);
        facts.evidence = self.evidence(&run, demands)?;
        self.run_records(&mut facts)?;
        self.notes(run.commit, &mut facts)?;
        Ok(facts)
    }

    /// The entry in the provenance index, compared with what the finalization implies.
    fn indexed(&self, facts: &RunFacts) -> Result<Link<()>, Error> {
        let shard = LedgerPath::shard_of(&facts.id);
        let entry = match self.records.indexed(&facts.id) {
            Ok(entry) => entry,
            Err(error) => {
                let finding = finding_or(error, &shard)?;
                // A shard is derived: whatever is wrong with it is that it differs.
                return Ok(Link::Bad(Finding {
                    code: Code::Int008,
                    rule: super::index::RULE.to_owned(),
                    remedy: "git awo index rebuild".to_owned(),
                    ..finding
                }));
            }
        };
        let implied = facts.finalization.held().map(|it| Entry::of(it.says()));
        Ok(match (entry, implied) {
            (None, _) => Link::Missing,
            (Some(entry), Some(implied)) if entry != implied => {
                let subject = Subject::of_run(&facts.id).record(shard.to_path());
                Link::Bad(super::index::difference(subject, &entry, &implied))
            }
            (Some(_), _) => Link::Held(()),
        })
    }

    /// The approvals that the run spends; others on the same contract are other runs' affair.
    fn task_approvals(
        &self,
        contract: ObjectId,
        run: &RunPredicate,
        facts: &mut RunFacts,
    ) -> Result<(), Error> {
        for envelope in self.records.approvals_of(contract)? {
            if !run.approvals.contains(&envelope.digest()) {
                continue;
            }
            match self.verify::<ApprovalPredicate>(&envelope) {
                Ok(approval) => facts.task_approvals.push(approval),
                Err(finding) => facts.bad.push(finding),
            }
        }
        Ok(())
    }

    fn inventory(&self, run: &RunPredicate, facts: &mut RunFacts) -> Result<(), Error> {
        let path = LedgerPath::Inventory(run.run.clone());
        let root = self.records.file(&path)?.map(|bytes| Sha256::of(&bytes));
        if root != Some(run.root) {
            let (code, rule) = match root {
                Some(_) => (Code::Int001, "inventory-root"),
                None => (Code::Int002, "inventory-present"),
            };
            facts.bad.push(
                Finding::new(code, rule, Subject::of_record(path.to_path()))
                    .found(root.map_or("no inventory".to_owned(), |root| root.to_string()))
                    .expected(run.root)
                    .remedy(format!("git awo chain {}", run.run)),
            );
        }
        Ok(())
    }

    fn evidence(
        &self,
        run: &RunPredicate,
        demands: evidence::Demands,
    ) -> Result<Link<EvidenceFacts>, Error> {
        let limit = self
            .history
            .current()
            .policy
            .document()
            .limits
            .evidence_bytes;
        let files = match self.records.evidence(&run.evidence, &run.run, limit) {
            Ok(Some(files)) => files,
            Ok(None) => return Ok(Link::Missing),
            Err(error) => {
                let error = Error::from(error);
                return match error.findings(Subject::of_run(&run.run)).into_iter().next() {
                    Some(finding) => Ok(Link::Bad(finding)),
                    None => Err(error),
                };
            }
        };
        let (findings, _) = evidence::verify(&files);
        let reasons = evidence::breaches(&run.run, &files, demands);
        // Without an inventory the root is that of nothing, and the findings say why.
        let sums = files
            .get(&evidence::inventory::SUMS.into())
            .map(Vec::as_slice)
            .unwrap_or_default();
        let root = Sha256::of(sums);
        Ok(Link::Held(EvidenceFacts {
            root,
            findings,
            reasons,
        }))
    }

    fn run_records(&self, facts: &mut RunFacts) -> Result<(), Error> {
        for (path, envelope) in self.records.run_records(&facts.id)? {
            let outcome = match path {
                LedgerPath::Independence(..) => {
                    self.verify(&envelope).map(|it| facts.independence.push(it))
                }
                _ => self.verify(&envelope).map(|it| facts.overrides.push(it)),
            };
            if let Err(finding) = outcome {
                facts.bad.push(named(finding, &path));
            }
        }
        Ok(())
    }

    fn notes(&self, commit: ObjectId, facts: &mut RunFacts) -> Result<(), Error> {
        for envelope in self.records.approvals_of(commit)? {
            match self.verify::<ApprovalPredicate>(&envelope) {
                Ok(approval) if approval.says().approves == Approves::Audit => {
                    facts.audit_approvals.push(approval)
                }
                Ok(approval) => facts
                    .bad
                    .push(misplaced(approval.digest(), "a task approval on a commit")),
                Err(finding) => facts.bad.push(finding),
            }
        }
        for envelope in self.records.attestations_of(commit)? {
            match self.verify::<AttestationPredicate>(&envelope) {
                Ok(attestation) => facts.attestations.push(attestation),
                Err(finding) => facts.bad.push(finding),
            }
        }
        Ok(())
    }
}

fn misplaced(digest: Sha256, found: &str) -> Finding {
    Finding::new(Code::Att002, "note-object", Subject::of_record(digest))
        .found(found)
        .expected("a note on what it approves")
        .remedy("git awo approve")
}

fn named(mut finding: Finding, path: &LedgerPath) -> Finding {
    finding.subject.record = Some(path.to_path().to_string());
    finding
}

fn finding_or(error: store::Error, path: &LedgerPath) -> Result<Finding, Error> {
    let error = Error::from(error);
    match error
        .findings(Subject::of_record(path.to_path()))
        .into_iter()
        .next()
    {
        Some(finding) => Ok(finding),
        None => Err(error),
    }
}

/// Returns the policy commit that a statement names, without believing anything else of it.
pub fn policy_named(envelope: &Envelope) -> Option<ObjectId> {
    let payload = json::parse(envelope.payload()).ok()?;
    payload
        .get("predicate")?
        .get("context")?
        .get("policy")?
        .as_str()?
        .parse()
        .ok()
}

/// Returns the kind of statement that an envelope holds, if it is one of ours.
pub fn kind_of(envelope: &Envelope) -> Option<Kind> {
    let word = statement::kind_of(envelope.payload()).ok()?;
    Kind::ALL
        .iter()
        .copied()
        .find(|kind| kind.predicate_type() == word)
}
