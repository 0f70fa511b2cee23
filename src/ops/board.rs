//! The board: every contract of the ledger with how far it has come. It is made from records each time
//! and read by nobody.

use std::collections::BTreeMap;

use crate::record::{ObjectId, RunId, TaskId};
use crate::records::ContractPredicate;

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
    /// How far it has come: as far as its newest run, if it has one.
    pub state: State,
    /// The first line of what is to be done.
    pub title: String,
    /// Its runs, by name.
    pub runs: Vec<RunRow>,
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
    let mut cards = Vec::new();
    for task in records.tasks()? {
        let mut rows = runs.remove(&task).unwrap_or_default();
        rows.sort_by(|(_, a), (_, b)| a.run.cmp(&b.run));
        let newest = rows.iter().max_by_key(|(since, _)| *since);
        let state = newest.map(|(_, row)| row.state);
        let state = state.or_else(|| states.get(&task).copied());
        let mut card = Card {
            base: task.clone(),
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
