//! What the rules ask about one thing that arrived: a file of the ledger, a line of a note, the
//! evidence of a run.

use std::any::Any;

use crate::evidence;
use crate::policy::{Keyring, Unverified, Verified};
use crate::record::Subject;
use crate::record::contract::signature_key;
use crate::record::envelope::{Envelope, MAX_ENVELOPE};
use crate::record::{Coded as _, Finding, ObjectId, RefName, RunId, Sha256, TaskId};
use crate::records::{
    Binding, ContractPredicate, Kind, Location, Object, PolicyPredicate, Record, Segment, Signers,
    Statement,
};
use crate::store::layout::LedgerPath;
use crate::store::ledger;

use super::run::Collector;
use super::{Error, PolicyHistory, decisions};

/// A file of the ledger that arrived.
pub enum Arrived {
    /// A record that holds by itself.
    Record(InLedger),
    /// A record that does not.
    Refused(Finding),
    /// A signature of a proposed policy.
    Proposal(Proposal),
    /// A file that comes with something: with what, and whether that is there.
    Companion(&'static str, bool),
}

/// A record in the ledger that holds by itself.
pub struct InLedger {
    pub record: Verified<Box<dyn Record>>,
    /// Where it belongs.
    pub belongs: Option<Location>,
    /// The digest of the packet of its task, if the record binds one and it is there.
    pub packet: Option<Sha256>,
    /// The task that the ledger lists for the user signature of the contract, if the record is a contract
    /// with one that comes now.
    pub signed: Option<Option<TaskId>>,
}

/// A signature of a proposed policy.
pub struct Proposal {
    /// The digest of what is signed.
    pub digest: Sha256,
    /// What is signed, if the signature is one of a root of the policy that it follows; nothing if
    /// it follows none.
    pub signed: Option<Result<PolicyPredicate, Unverified>>,
    /// Where it belongs.
    pub belongs: Option<Location>,
    /// The digests of policy and signers as they stand beside it.
    pub files: [Option<Sha256>; 2],
}

/// A line of a note that arrived, which holds by itself.
pub struct Noted {
    /// What it says.
    pub record: Verified<Box<dyn Record>>,
    /// In which segment it is noted.
    pub segment: Segment,
    /// In which segment it belongs, if in one.
    pub belongs_in: Option<Segment>,
    /// On what it is noted.
    pub object: ObjectId,
    /// On what it belongs: nowhere, or on something of which it is not known where it stands.
    pub belongs: Option<Option<ObjectId>>,
    /// The record of the run that it is about, if it is about one and there is a record.
    pub run: Option<Option<Box<dyn Record>>>,
}

/// Returns the user signature of a contract that has one.
fn signature_of(record: &dyn Record) -> Option<&str> {
    let contract = (record as &dyn Any).downcast_ref::<ContractPredicate>()?;
    contract.contract.user_signature.as_deref()
}

impl Collector<'_> {
    /// Returns what is known of a file of the ledger that arrived.
    pub fn arrived(&self, path: &LedgerPath, id: ObjectId) -> Result<Arrived, Error> {
        let records = self.records;
        let companion = match path {
            LedgerPath::Inventory(run) => {
                let there = records.blob_of(&Kind::Run.of(run))?.is_some();
                Some(("a run record", there))
            }
            LedgerPath::Packet(task) => {
                Some(("a contract", records.contract_blob(task)?.is_some()))
            }
            LedgerPath::ProposedPolicy(digest) | LedgerPath::ProposedSigners(digest) => {
                let files = records.ledger().about(&digest.to_string())?;
                let there = files.iter().any(|(it, ..)| it.kind() == Some(Kind::Policy));
                Some(("a signature by a root", there))
            }
            _ => None,
        };
        let limit = match path {
            LedgerPath::Inventory(_) => evidence::inventory::MAX_LEN as u64,
            _ => MAX_ENVELOPE as u64,
        };
        let bytes = records.reader().blob_limited(id, limit)?;
        let kind = match (path, companion) {
            (_, Some((of, there))) => return Ok(Arrived::Companion(of, there)),
            (LedgerPath::Spent(approval), _) => {
                let run = ledger::parse_spent(&bytes);
                let says = run.map(|run| self.stated(&Kind::Run.of(run))).transpose()?;
                let spent = Binding::Approval(*approval);
                let spends = says.flatten().is_some_and(|it| it.binds().contains(&spent));
                return Ok(Arrived::Companion("a run that spends the approval", spends));
            }
            (LedgerPath::Signed(digest), _) => {
                let task = ledger::parse_signed(&bytes);
                let says = task.map(|task| self.stated(&Kind::Contract.of(task)));
                let says = says.transpose()?.flatten();
                let signature = says.as_deref().and_then(signature_of).map(signature_key);
                let there = signature == Some(*digest);
                return Ok(Arrived::Companion(
                    "a contract with the user signature",
                    there,
                ));
            }
            (LedgerPath::Used(decision, run), _) => {
                let there = bytes == ledger::spent(run) && self.uses_decision(run, *decision)?;
                return Ok(Arrived::Companion("a run that uses the decision", there));
            }
            (LedgerPath::Decided(target, id), _) => {
                let there = self.decision_of(id)?.is_some_and(|it| {
                    it.predicate().target_key() == *target && bytes == decisions::line(it.digest())
                });
                return Ok(Arrived::Companion("the decision that it lists", there));
            }
            (LedgerPath::Record(_, kind, _), _) => *kind,
            // Compared with what the finalization implies: see the provenance index.
            _ => return Ok(Arrived::Companion("a finalization", true)),
        };
        let envelope = match ledger::parse(path.to_path(), &bytes) {
            Ok(envelope) => envelope,
            Err(error) => {
                let denied = error.denies(Subject::of_record(path.to_path()));
                let finding = denied.into_iter().flatten().next().ok_or(error)?;
                return Ok(Arrived::Refused(finding));
            }
        };
        if kind.signers() == Signers::Roots {
            return Ok(Arrived::Proposal(self.proposal(&envelope)));
        }
        Ok(match self.verify_as(kind, &envelope) {
            Ok(record) => Arrived::Record(InLedger {
                belongs: record.predicate().place(&envelope),
                packet: self.packet_of(&**record.predicate()),
                // Contracts that were accepted before signatures were listed stay so.
                signed: signature_of(&**record.predicate())
                    .filter(|_| self.judging().comes_now(record.digest()))
                    .map(|signature| self.records.signed_task(signature))
                    .transpose()?,
                record,
            }),
            Err(finding) => Arrived::Refused(finding),
        })
    }

    /// Returns what a record says, whether or not it holds.
    pub(super) fn stated(&self, path: &LedgerPath) -> Result<Option<Box<dyn Record>>, Error> {
        let (envelope, kind) = (self.records.envelope(path)?, path.kind());
        Ok(envelope.and_then(|it| kind?.parse(it.payload()).ok()))
    }

    /// Returns the commit that a record names as that of its run, whether or not it holds.
    pub(super) fn commit_of(&self, path: &LedgerPath) -> Result<Option<ObjectId>, Error> {
        Ok(self.stated(path)?.and_then(|it| it.commit()))
    }

    /// Returns the ref of its evidence, the branch and the commit that the record of a run names,
    /// whether or not it holds.
    pub(super) fn holds(
        &self,
        path: &LedgerPath,
    ) -> Result<Option<(RefName, RefName, ObjectId)>, Error> {
        let Some(says) = self.stated(path)? else {
            return Ok(None);
        };
        let (mut evidence, mut branch) = (None, None);
        for it in says.binds() {
            match it {
                Binding::Evidence(name) => evidence = Some(name),
                Binding::Reference(name) => branch = Some(name),
                _ => {}
            }
        }
        let refs = evidence.zip(branch).zip(says.commit());
        Ok(refs.map(|((evidence, branch), commit)| (evidence, branch, commit)))
    }

    fn packet_of(&self, record: &dyn Record) -> Option<Sha256> {
        let binds = record.binds();
        binds.iter().find(|it| matches!(it, Binding::Packet(_)))?;
        self.digest_of(&LedgerPath::Packet(record.task()?))
    }

    fn digest_of(&self, path: &LedgerPath) -> Option<Sha256> {
        let bytes = self.records.file(path).ok().flatten()?;
        Some(Sha256::of(&bytes))
    }

    /// Signatures of a proposal are collected under the policy that it follows.
    fn proposal(&self, envelope: &Envelope) -> Proposal {
        let digest = envelope.digest();
        let parsed = Statement::<PolicyPredicate>::parse(envelope.payload()).ok();
        let predecessor = parsed.and_then(|it| it.predicate.predecessor);
        let follows = |history: &PolicyHistory| predecessor.and_then(|id| history.index_of(id));
        let newer = self.arriving_policies.unwrap_or(self.history);
        let judging = self.judging();
        let signed = follows(newer).map(|at| {
            let policy = &newer.version(at).policy;
            // The time of a proposal is that of its first signature, which may have come before.
            let time = judging.first_arrival(digest);
            let (statement, _) = Keyring::verify_policy(envelope, policy, time)?;
            if judging.arrives(digest) && follows(self.history).is_some() {
                // Whoever is no root any more adds no signature to an older proposal.
                let current = &self.history.current().policy;
                Keyring::verify_policy(envelope, current, self.time)?;
            }
            Ok(statement)
        });
        let belongs = match &signed {
            Some(Ok(statement)) => statement.place(envelope),
            _ => None,
        };
        Proposal {
            digest,
            signed,
            belongs,
            files: [
                self.digest_of(&LedgerPath::ProposedPolicy(digest)),
                self.digest_of(&LedgerPath::ProposedSigners(digest)),
            ],
        }
    }

    /// Returns what is known of a line of a note that arrived; the finding if it does not hold.
    pub fn noted_line(
        &self,
        segment: Segment,
        object: ObjectId,
        envelope: &Envelope,
    ) -> Result<Result<Noted, Finding>, Error> {
        let record = match self.verify_as(segment.notes.kind_of(envelope), envelope) {
            Ok(record) => record,
            Err(finding) => return Ok(Err(finding)),
        };
        let says = record.predicate();
        let place = says.place(envelope);
        let belongs_in = match &place {
            Some(Location::Note(segment, _)) => Some(*segment),
            _ => None,
        };
        let belongs = match place {
            Some(Location::Note(of, on)) if of.notes == segment.notes => match on {
                Object::Commit(commit) => Some(Some(commit)),
                Object::BlobOf(path) => {
                    let there = self.records.envelope(&path).ok().flatten();
                    match there.and_then(|it| Kind::of_payload(it.payload())) {
                        kind if kind == path.kind() => Some(self.records.blob_of(&path)?),
                        _ => Some(None),
                    }
                }
            },
            _ => None,
        };
        let path = says.run().map(|run| Kind::Run.of(run));
        let run = path.map(|path| self.stated(&path)).transpose()?;
        Ok(Ok(Noted {
            record,
            segment,
            belongs_in,
            object,
            belongs,
            run,
        }))
    }

    /// Tells whether the record of a run names this evidence. The run may be bad in itself, which is
    /// found there.
    pub fn claims_evidence(&self, reference: &RefName, run: &RunId) -> bool {
        let says = self.stated(&Kind::Run.of(run)).ok().flatten();
        let evidence = Binding::Evidence(reference.clone());
        says.is_some_and(|it| it.binds().contains(&evidence))
    }
}
