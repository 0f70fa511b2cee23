//! The life of a run as it is shown: the states that it has come to, and what may follow.

use crate::record::{IdentityName, RunId, Sha256, Timestamp};
use crate::rules::life::{self as rules, Passed, Whose};

use super::status::rolled_back;
use super::{Error, Session};

pub use crate::rules::life::{Says, State, TRANSITIONS};

/// The life of a run.
pub struct RunLife {
    /// The states that it has come to; the last one is where it is.
    pub passed: Vec<Reached>,
    /// The states that may follow, and the command that leads to each.
    pub next: Vec<(State, String)>,
}

/// A state that a run has come to.
pub struct Reached {
    /// The state.
    pub state: State,
    /// Who signed the record that says so, if one does.
    pub by: Option<IdentityName>,
    /// That record.
    pub record: Option<Sha256>,
    /// When it was recorded, by the word of whoever wrote it; of notes this is not known.
    pub recorded: Option<Timestamp>,
}

impl RunLife {
    /// Returns where the run is.
    pub fn state(&self) -> State {
        self.passed.last().map_or(State::Contracted, |it| it.state)
    }
}

/// Returns the life of a run, if there is something of it that holds.
pub(super) fn lives(session: &Session, run: &RunId) -> Result<Option<RunLife>, Error> {
    let records = session.records()?;
    let collector = session.collector(&records)?;
    let (facts, policy) = (collector.run(run)?, session.policy()?);
    let says = facts.held().map(|it| it.says());
    let mut life = match says {
        Some(_) => session.life(&facts)?,
        None if collector.is_only_cancelled(&facts)? => {
            rules::unrecorded(&facts, None, policy, session.now())
        }
        None => return Ok(None),
    };
    let rejected = life.state() == State::Rejected;
    if let Some(says) = says.filter(|_| rejected)
        && rolled_back(session, run, &says.reference, says.commit)?
    {
        life.passed.push(Passed {
            state: State::RolledBack,
            by: None,
        });
    }
    let state = life.state();
    let mut passed = Vec::new();
    for it in life.passed {
        let mut recorded = None;
        if let Some((record, kind, _)) = &it.by {
            for path in [kind.of(run), kind.one_of(run, *record)] {
                recorded = recorded.or(records.ledger().date_of(&path)?);
            }
        }
        let (record, by) = it.by.map(|(record, _, by)| (record, by)).unzip();
        passed.push(Reached {
            state: it.state,
            by,
            record,
            recorded,
        });
    }
    let of = Whose::facts(&facts);
    let next = state.next().iter().map(|it| (*it, rules::how(*it, of)));
    let next = next.collect();
    Ok(Some(RunLife { passed, next }))
}
