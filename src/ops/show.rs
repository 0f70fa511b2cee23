//! Everything recorded about a task, a run, a decision, an admission or a commit, as it is stored and not verified; of a
//! decision also what follows from the records.

use std::collections::BTreeSet;

use crate::evidence::confined::{CELL, Confined};
use crate::facts::case::CommitKind;
use crate::facts::claims::{MANIFEST, command};
use crate::facts::reruns;
use crate::git::Reader;
use crate::record::determinism::Recipe;
use crate::record::envelope::Envelope;
use crate::record::{DecisionId, ObjectId, RepoPath, Role, RunId, TaskId, Timestamp};
use crate::records::{
    AdmissionPredicate, ContractPredicate, Kind, Notes, OpenedBy, RunPredicate, Scope, Statement,
    VouchPredicate,
};
use crate::rules::absent;
use crate::store::layout::LedgerPath;
use crate::store::ledger::Records;

use super::ceiling::{self, Measured};
use super::decision::{Decision, decision};
use super::life::{RunLife, lives};
use super::revision::revision;
use super::{Error, Session};

/// The longest file of the evidence that is read, in bytes.
const LARGEST_FILE: u64 = 1 << 20;

/// Records: where each stands, its envelope, and when it was recorded, of those in the ledger.
pub type Found = Vec<(String, Envelope, Option<Timestamp>)>;

/// What is shown of a name.
pub struct Shown {
    /// Everything recorded about it.
    pub found: Found,
    /// The decision of this name, if there is one that holds by itself.
    pub decision: Option<Decision>,
    /// What the record of the run of this name says of the decision that opened gate 1.
    pub gate1: Option<OpenedBy>,
    /// The life of the run of this name, as far as its records hold.
    pub life: Option<RunLife>,
    /// What held of the cell of the run of this name and what it granted, by the word of its evidence.
    pub cell: Option<Confined>,
    /// Whether there is evidence of the run of this name, and it says of no cell.
    pub unconfined: bool,
    /// What counts against the ceiling of the run of this name, or of the task for whoever asks, as far as its records hold.
    pub ceiling: Option<Measured>,
}

/// Returns what is recorded about whatever has this name.
pub fn show(session: &Session, name: &str) -> Result<Shown, Error> {
    let records = session.stored()?;
    let mut found = Vec::new();
    let (mut decided, mut gate1, mut life, mut cell) = (None, None, None, None);
    if let Ok(task) = TaskId::new(name) {
        about(&records, Scope::from(&task), &mut found)?;
        if let Some(blob) = records.contract_blob(&task)? {
            noted(&records, blob, &task, |_| true, &mut found)?;
        }
        if let Some(envelope) = records.envelope(&Kind::Contract.of(&task))?
            && let Ok(says) = Statement::<ContractPredicate>::parse(envelope.payload())
        {
            admissions(
                &records,
                &says.predicate.contract.target.locator,
                &mut found,
            )?;
        }
    }
    let mut unconfined = false;
    if let Ok(run) = RunId::new(name) {
        (gate1, cell, unconfined) = of_run(&records, &run, &mut found)?;
        // Without a policy nothing holds, and everything is shown as it is stored.
        if session.policy().is_ok() {
            life = lives(session, &run)?;
        }
    }
    if let Ok(id) = DecisionId::new(name)
        && let Some(envelope) = records.envelope(&Kind::Decision.of(&id))?
    {
        about(&records, Scope::from(&id), &mut found)?;
        about(&records, Scope::Record(envelope.digest()), &mut found)?;
        // Without a policy nothing is known but what is stored.
        if session.policy().is_ok() {
            decided = decision(session, &id)?;
        }
    }
    let ceiling = match session.policy() {
        // What cannot be measured here is shown as it is stored.
        Ok(_) => measured(session, name).unwrap_or_default(),
        Err(_) => None,
    };
    if found.is_empty() {
        of_commit(session, &records, name, &mut found)?;
    }
    if found.is_empty() {
        admissions(&records, name, &mut found)?;
    }
    if found.is_empty() {
        let expected = "a task, a run, a decision, the locator of an admission, or a governed commit or one \
                        that a member vouches for";
        return Err(session.refused(
            format!("nothing is recorded about {name}"),
            absent::named(name, expected, "git awo fetch; git awo log"),
        ));
    }
    Ok(Shown {
        found,
        decision: decided,
        gate1,
        life,
        cell,
        unconfined,
        ceiling,
    })
}

/// Returns what counts against the ceiling of a run, or of a task for whoever asks.
fn measured(session: &Session, name: &str) -> Result<Option<Measured>, Error> {
    let (records, policy) = (session.records()?, session.policy()?);
    let collector = session.collector(&records)?;
    if let Ok(run) = RunId::new(name)
        && let Some(measured) = ceiling::of_run(&collector, policy, &run)?
    {
        return Ok(Some(measured));
    }
    let (Ok(task), Ok(person)) = (
        TaskId::new(name),
        session.actor().person(session.history()?),
    ) else {
        return Ok(None);
    };
    let contract = collector.contract(&task)?;
    let Some(contract) = contract
        .valid()
        .filter(|_| policy.holds(&person, Role::Orchestrator))
    else {
        return Ok(None);
    };
    let contract = &contract.predicate().contract;
    ceiling::of_task(&collector, policy, contract, &person)
}

/// Returns what the ledger has about a task or a run, in the order of the chain.
fn about(records: &Records<'_>, scope: Scope, found: &mut Found) -> Result<(), Error> {
    let files = records.ledger().about(&scope.id())?;
    // A task and a run may have one id.
    let paths = files.iter().filter_map(|(path, ..)| match path {
        LedgerPath::Record(of, kind, _) if *of == scope => Some((*kind, path.clone())),
        _ => None,
    });
    let mut paths: Vec<_> = paths.collect();
    paths.sort();
    paths.dedup();
    for (_, path) in paths {
        if let Some(envelope) = records.envelope(&path)? {
            let recorded = records.ledger().date_of(&path)?;
            found.push((path.to_path().to_string(), envelope, recorded));
        }
    }
    Ok(())
}

/// Returns what the ledger has about a run, the approvals of the task or the decision that it spends, and
/// what is noted on its commit; and what its record says of the decision, and its evidence of the cell; last,
/// whether it has evidence that says of none.
fn of_run(
    records: &Records<'_>,
    run: &RunId,
    found: &mut Found,
) -> Result<(Option<OpenedBy>, Option<Confined>, bool), Error> {
    about(records, run.into(), found)?;
    let envelope = records.envelope(&Kind::Run.of(run))?;
    let statement = envelope.and_then(|it| Statement::<RunPredicate>::parse(it.payload()).ok());
    let Some(says) = statement.map(|it| it.predicate) else {
        return Ok((None, None, false));
    };
    if let Some(opened) = &says.gate1 {
        about(records, Scope::from(&opened.decision_id), found)?;
    }
    if let Some(blob) = records.contract_blob(&says.task)? {
        let spent = |it: &Envelope| says.approvals.contains(&it.digest());
        noted(records, blob, &says.task, spent, found)?;
    }
    noted(records, says.commit, run, |_| true, found)?;
    // Evidence that is not here says nothing.
    let Some(files) = records.evidence_files(&says.evidence, &says.run)? else {
        return Ok((says.gate1, None, false));
    };
    let id_of = |name| {
        let path = RepoPath::from(name);
        let file = files.iter().find(|(other, ..)| *other == path);
        file.map(|(.., id)| *id)
    };
    let reader = records.reader();
    if let Some(id) = id_of(MANIFEST)
        && let Some(bytes) = read(reader, id)?
        && let Some(recipe) = recipe_of(reader, &says, bytes)?
    {
        about(records, Scope::Recipe(recipe.key()), found)?;
    }
    let Some(id) = id_of(CELL) else {
        return Ok((says.gate1, None, true));
    };
    let cell = read(reader, id)?.and_then(|it| Confined::read(&it).ok());
    Ok((says.gate1, cell, false))
}

/// Returns what has to be repeated to run again what a run did, if this manifest says what that was.
fn recipe_of(
    reader: &Reader,
    says: &RunPredicate,
    manifest: Vec<u8>,
) -> Result<Option<Recipe>, Error> {
    let files = [(RepoPath::from(MANIFEST), manifest)].into();
    Ok(reruns::recipe(reader, says.base, command(&files))?)
}

/// Returns a file of the evidence, if it is not too long.
fn read(reader: &Reader, id: ObjectId) -> Result<Option<Vec<u8>>, Error> {
    match reader.header(id)? {
        Some((_, length)) if length <= LARGEST_FILE => {
            Ok(Some(reader.blob_limited(id, LARGEST_FILE)?))
        }
        _ => Ok(None),
    }
}

/// Returns what is noted on an object that has this name, as far as it is wanted.
fn noted(
    records: &Records<'_>,
    object: ObjectId,
    name: impl std::fmt::Display,
    wanted: impl Fn(&Envelope) -> bool,
    found: &mut Found,
) -> Result<(), Error> {
    for notes in Notes::ALL {
        let envelopes = records.noted(*notes, object)?;
        for envelope in envelopes.into_iter().filter(&wanted) {
            let kind = Kind::of_payload(envelope.payload()).map_or("note", Kind::word);
            let digest = envelope.digest();
            found.push((format!("{kind} of {name}"), envelope, None));
            about(records, Scope::Record(digest), found)?;
        }
    }
    Ok(())
}

/// Returns the admissions of a locator, and what withdraws them.
fn admissions(records: &Records<'_>, locator: &str, found: &mut Found) -> Result<(), Error> {
    let key = AdmissionPredicate::key_of(locator);
    let mut own = Found::new();
    about(records, Scope::Locator(key), &mut own)?;
    for admission in own {
        let digest = admission.1.digest();
        found.push(admission);
        about(records, Scope::Record(digest), found)?;
    }
    Ok(())
}

/// Returns the vouches for ranges that have a commit.
fn vouched(
    session: &Session,
    records: &Records<'_>,
    id: ObjectId,
    found: &mut Found,
) -> Result<(), Error> {
    let mut tips = BTreeSet::new();
    records.ledger().each(|path, _| {
        if let LedgerPath::Record(Scope::Commit(tip), Kind::Vouch, _) = path {
            tips.insert(tip);
        }
    })?;
    for tip in tips {
        let repo = session.repo();
        if !repo.contains(tip) || !repo.is_ancestor(id, tip)? {
            continue;
        }
        for (path, envelope) in records.of_commit(tip, Kind::Vouch)? {
            let says = Statement::<VouchPredicate>::parse(envelope.payload());
            let Some(says) = says.ok().map(|it| it.predicate) else {
                continue;
            };
            if repo.new_commits(&[id], &says.base)?.contains(&id) {
                let recorded = records.ledger().date_of(&path)?;
                found.push((path.to_path().to_string(), envelope, recorded));
            }
        }
    }
    Ok(())
}

fn of_commit(
    session: &Session,
    records: &Records<'_>,
    text: &str,
    found: &mut Found,
) -> Result<(), Error> {
    // If it is no revision either, nothing is known by that name.
    let Ok(id) = revision(session.actor(), text) else {
        return Ok(());
    };
    about(records, Scope::Commit(id), found)?;
    if found.is_empty() {
        vouched(session, records, id, found)?;
    }
    if let CommitKind::Governed(run) = CommitKind::of(&*session.repo().commit(id)?) {
        about(records, run.into(), found)?;
    }
    noted(records, id, id, |_| true, found)
}
