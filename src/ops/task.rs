//! Task contracts: made from a packet, shown, listed.

use crate::packet::{self, ImportOptions};
use crate::policy::Role;
use crate::record::contract::{Contract, ContractDraft, Predecessor, signature_key};
use crate::record::{Findings, RefName, Refusal, RepoPath, Sha256, Subject, TaskId, chain_of};
use crate::records::{ContractPredicate, Kind, Statement};
use crate::rules::{absent, ceiling, contract as rules, work as rules_of_work};
use crate::store::batch::Batch;
use crate::store::layout::{self, LedgerPath};
use crate::store::ledger::{Records, signed as marker};

use super::{Error, Session};

/// A packet that is to become a contract.
pub struct Packet {
    /// Its bytes, which are kept beside the contract.
    pub bytes: Vec<u8>,
    /// The branch that gets the commit, if the packet names none.
    pub target_ref: RefName,
    /// The target repository, if the packet names none.
    pub locator: String,
    /// The packet of the version before, if that has no contract here.
    pub predecessor: Option<Vec<u8>>,
}

impl Packet {
    /// Returns the contract that the packet asks for.
    pub fn read(&self) -> Result<Contract, Error> {
        let options = ImportOptions {
            target_ref: self.target_ref.clone(),
            locator: Some(self.locator.clone()),
        };
        let draft = packet::import(&self.bytes, &options).map_err(|errors| {
            Error::denied("the packet cannot be imported", rules::packet(&errors.0))
        })?;
        let contract = checked(draft)?;
        let subject = Subject::of_record(Kind::Contract.of(&contract.id).to_path());
        match Refusal::of(ceiling::form(&contract, &subject)) {
            Some(why) => Err(Error::denied("the packet cannot be imported", why)),
            None => Ok(contract),
        }
    }

    /// Returns the contract that the packet asks for, with what the repository tells of it, and stores nothing. Where
    /// nothing is recorded, nothing is looked up, and the second value says so.
    pub fn tried(&self, session: Option<&Session>) -> Result<(Contract, bool), Error> {
        match session {
            Some(session) if session.refs()?.contains_key(&layout::policy()) => {
                Ok((self.resolved(session)?, true))
            }
            _ => Ok((self.follow(None, self.read()?)?, false)),
        }
    }

    /// Signs the contract and stores it with the packet.
    pub fn import(self, session: &Session) -> Result<Contract, Error> {
        let contract = self.resolved(session)?;
        let id = contract.id.clone();
        let signature = contract.user_signature.clone();
        let envelope = session.sign(ContractPredicate {
            context: session.context(&[Role::Operator])?,
            contract: contract.clone(),
        })?;
        let batch = Batch::new(format!("contract {id}"))
            .record(&Kind::Contract.of(&id), &envelope)
            .file(&LedgerPath::Packet(id.clone()), self.bytes);
        let batch = match &signature {
            Some(it) => batch.file(&LedgerPath::Signed(signature_key(it)), marker(&id)),
            None => batch,
        };
        session.commit(&batch)?;
        Ok(contract)
    }

    /// Returns the contract with the version before and the blobs that it names, and judges what can be told of it
    /// before it is signed.
    fn resolved(&self, session: &Session) -> Result<Contract, Error> {
        let contract = pinned(session, self.follow(Some(session), self.read()?)?)?;
        let (id, records) = (&contract.id, session.records()?);
        if let Some(signature) = &contract.user_signature
            && let Some(task) = records.signed_task(signature)?
            && task != *id
        {
            return Err(once(session, Some(&task), id));
        }
        let before = session.collector(&records)?.version_before_new(&contract)?;
        let subject = Subject::of_record(Kind::Contract.of(id).to_path());
        let mut found = Findings::new();
        rules_of_work::version(&contract, &before, &subject, &mut found);
        if let Some(why) = Refusal::of(found) {
            return Err(session.refused(format!("{id} is no version to import"), why));
        }
        let found = ceiling::terms(&contract, session.policy()?, &subject);
        match Refusal::of(found) {
            Some(why) => Err(session.refused(format!("the ceiling of {id} cannot stand"), why)),
            None => Ok(contract),
        }
    }

    /// Names the version before: the contract in the ledger, or the packet outside of it.
    fn follow(&self, session: Option<&Session>, contract: Contract) -> Result<Contract, Error> {
        let mut draft = ContractDraft::from(contract);
        let earlier = draft.id.earlier();
        let Some(packet) = &mut draft.packet else {
            return checked(draft);
        };
        let mut predecessor = packet.lineage.predecessor.take().unwrap_or_default();
        if let Some(session) = session {
            for id in &earlier {
                let there = session.records()?.contract_blob(id)?.is_some();
                if there && predecessor.contract.is_none() {
                    session.history()?;
                    predecessor.contract = Some(signed(session, &session.records()?, id)?.0);
                }
            }
        }
        if let Some(bytes) = &self.predecessor {
            predecessor.sha256 = Some(Sha256::of(bytes));
            predecessor.external = true;
        }
        packet.lineage.predecessor = Some(predecessor).filter(|it| *it != Predecessor::default());
        checked(draft)
    }
}

/// Names the blobs that refinement and specification have where the work is to begin: what is signed, and
/// against what the work is closed.
fn pinned(session: &Session, contract: Contract) -> Result<Contract, Error> {
    let mut draft = ContractDraft::from(contract);
    let repo = session.repo();
    let tip = repo.reference(&draft.target_ref)?;
    let based = draft.base.filter(|it| repo.contains(*it));
    if let (Some(base), Some(packet)) = (based.or(tip), &mut draft.packet) {
        let records = session.records()?;
        let collector = session.collector(&records)?;
        let blob = |path: &Option<String>| match path {
            Some(path) => collector.blob_at(base, &RepoPath::from(path.as_str())),
            None => Ok(None),
        };
        packet.refinement_blob = blob(&packet.refinement_file)?;
        packet.authority.spec_target_blob = blob(&packet.authority.spec_target)?;
    }
    checked(draft)
}

fn checked(draft: ContractDraft) -> Result<Contract, Error> {
    draft.check().map_err(|problems| {
        let problems: Vec<_> = problems.iter().map(|it| chain_of(it)).collect();
        Error::usage(problems.join("; "))
    })
}

fn once(session: &Session, listed: Option<&TaskId>, task: &TaskId) -> Error {
    let message = format!("the contract {task} is not new");
    let subject = Subject::of_record(Kind::Contract.of(task).to_path());
    session.refused(message, rules::signature_once(listed, subject))
}

/// Returns a contract from the ledger, its signature checked.
pub fn contract(session: &Session, task: &TaskId) -> Result<Contract, Error> {
    session.history()?;
    Ok(signed(session, &session.records()?, task)?.1)
}

/// Returns the digest of the statement of a contract and what it says, its signature checked.
pub(super) fn signed(
    session: &Session,
    records: &Records<'_>,
    task: &TaskId,
) -> Result<(Sha256, Contract), Error> {
    let missing = || {
        let message = format!("there is no task {task} in this clone");
        session.refused(message, absent::contract(task))
    };
    let envelope = records.envelope(&Kind::Contract.of(task))?;
    let envelope = envelope.ok_or_else(missing)?;
    let verified = session
        .collector(records)?
        .verify::<ContractPredicate>(&envelope)
        .map_err(|why| Error::denied(format!("the contract {task} does not hold"), why))?;
    Ok((verified.digest(), verified.into_predicate().contract))
}

/// Returns every task and the first line of what is to be done, not verified.
pub fn list(session: &Session) -> Result<Vec<(TaskId, String)>, Error> {
    let records = session.stored()?;
    let mut tasks = Vec::new();
    for id in records.tasks()?.iter().cloned() {
        let envelope = records.envelope(&Kind::Contract.of(&id))?;
        let statement =
            envelope.and_then(|it| Statement::<ContractPredicate>::parse(it.payload()).ok());
        let title = statement.and_then(|it| {
            let first = it.predicate.contract.task.lines().next()?.to_owned();
            Some(first)
        });
        tasks.push((id, title.unwrap_or_default()));
    }
    Ok(tasks)
}
