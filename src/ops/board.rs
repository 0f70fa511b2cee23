//! The board: every contract of the ledger with how far it has come. It is made from records each time
//! and read by nobody.

use std::collections::BTreeMap;

use crate::facts::log;
use crate::facts::run::Collector;
use crate::record::{IdentityName, ObjectId, RunId, TaskId, Timestamp};
use crate::records::{ContractPredicate, Kind, Scope};

use super::status::{self, State};
use super::{Error, Session};

/// A contract, and what has come of it.
pub struct Card {
    /// The task.
    pub task: TaskId,
    /// The task of which it is a version.
    pub base: TaskId,
    /// Which version it is, if it says so.
    pub version: Option<u32>,
    /// The later version that has taken its place.
    pub superseded_by: Option<TaskId>,
    /// How far it has come: as far as its newest run, if it has one that is not over
    /// while the task is approved again.
    pub state: State,
    /// Who claims it, and with it the paths of its contract.
    pub claim: Option<Claim>,
    /// The first line of what is to be done.
    pub title: String,
    /// Its runs, by name.
    pub runs: Vec<RunRow>,
}

/// A lease on a task that has not ended.
pub struct Claim {
    /// Who holds it.
    pub holder: IdentityName,
    /// When it ends by itself.
    pub expires: Timestamp,
    /// Whether the server is known to have it: it does not count before.
    pub received: bool,
}

/// A run of a contract.
pub struct RunRow {
    /// The run.
    pub run: RunId,
    /// How far it has come.
    pub state: State,
    /// Its commit.
    pub commit: ObjectId,
    /// Whether the branch, as it was seen last of a remote, holds that.
    pub landed: bool,
}

/// Returns every contract of the ledger, by name.
pub fn board(session: &Session) -> Result<Vec<Card>, Error> {
    let status = status::status(session, true)?;
    let records = session.records()?;
    let collector = session.collector(&records)?;
    let mut states: BTreeMap<TaskId, State> = BTreeMap::new();
    for it in status.tasks {
        states.insert(it.id, it.state);
    }
    let mut runs: BTreeMap<TaskId, Vec<_>> = BTreeMap::new();
    for it in status.runs {
        // A run whose record does not hold belongs to no task; `verify` says why.
        if let Some(run) = collector.summary(&it.id)?.run {
            let row = RunRow {
                state: it.state,
                commit: run.commit,
                landed: session.has_landed(&run)?,
                run: it.id,
            };
            runs.entry(run.task).or_default().push((it.since, row));
        }
    }
    let mut claims = claims(session, &collector)?;
    let mut cards = Vec::new();
    for task in records.tasks()?.iter().cloned() {
        let mut rows = runs.remove(&task).unwrap_or_default();
        rows.sort_by(|(_, a), (_, b)| a.run.cmp(&b.run));
        let newest = rows.iter().max_by_key(|(since, _)| *since);
        let of_run = newest.map(|(_, row)| row.state);
        let of_task = states.get(&task).copied();
        // A task that may be executed again has come further than a run of it that is over.
        let state = match of_run.is_some_and(State::is_over) {
            true => of_task.or(of_run),
            false => of_run.or(of_task),
        };
        let mut card = Card {
            base: task.clone(),
            claim: claims.remove(&task),
            task,
            version: None,
            superseded_by: None,
            state: state.unwrap_or(State::Broken),
            title: String::new(),
            runs: rows.into_iter().map(|(_, row)| row).collect(),
        };
        match collector.contract(&card.task)?.into_valid() {
            Some(contract) => {
                card.superseded_by = collector.superseded_by(&contract, None)?;
                let ContractPredicate { contract, .. } = contract.into_predicate();
                let packet = contract.packet.as_ref();
                card.version = packet.and_then(|it| it.lineage.version);
                if let Some(base) = contract.base_task_id.clone() {
                    card.base = base;
                }
                let first = contract.task.lines().next();
                card.title = first.unwrap_or_default().to_owned();
            }
            // What nobody can rely on has come nowhere.
            None => card.state = State::Broken,
        }
        cards.push(card);
    }
    Ok(cards)
}

/// Returns the claim on each task that is live now. Of several leases on one task, one that the server has counts, and
/// of those the one that ends last: it prolongs the other.
fn claims(session: &Session, collector: &Collector<'_>) -> Result<BTreeMap<TaskId, Claim>, Error> {
    let published = log::published(session.repo(), session.refs()?);
    let mut claims: BTreeMap<TaskId, Claim> = BTreeMap::new();
    for it in collector.live_leases(session.now(), None)? {
        let path = Kind::Lease.one_of(Scope::Day(it.expires.day()), it.record);
        let received = match &published {
            Some(ledger) => ledger.find(&path)?.is_some(),
            None => false,
        };
        let claim = Claim {
            holder: it.holder,
            expires: it.expires,
            received,
        };
        let counts = |it: &Claim| (it.received, it.expires);
        if claims
            .get(&it.task)
            .is_none_or(|other| counts(other) < counts(&claim))
        {
            claims.insert(it.task, claim);
        }
    }
    Ok(claims)
}
