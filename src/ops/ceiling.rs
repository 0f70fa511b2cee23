//! What a run or a task has changed so far, against its ceiling: for people who look at it.

use crate::facts::ceiling::{Counted, Landing, Window};
use crate::facts::run::Collector;
use crate::policy::ceiling::Whose;
use crate::policy::{Ceiling, Policy};
use crate::record::ceiling::{Autonomy, Figure, Figures};
use crate::record::contract::Contract;
use crate::record::{IdentityName, RunId, TaskId};

use super::Error;

/// What counts against a ceiling.
pub struct Measured {
    /// The base task.
    pub base: TaskId,
    /// Whose ceiling it is.
    pub person: IdentityName,
    /// Who decides before a run lands.
    pub level: Autonomy,
    /// How many runs count: those that have landed, and the one that is shown.
    pub runs: usize,
    /// What they change.
    pub figures: Figures,
    /// The ceiling.
    pub limits: Figures,
    /// Whose each limit is.
    pub whose: Vec<(Figure, Whose)>,
    /// What the person has landed in so many days, with the run that is shown, and the ceiling of that.
    pub window: Option<(u32, Figures, Figures)>,
}

impl Measured {
    fn of(contract: &Contract, person: IdentityName, under: &Ceiling, counted: Counted) -> Self {
        let whose = Figure::ALL.iter().map(|it| (*it, under.whose(*it)));
        Self {
            base: contract.id.versioned().0,
            person,
            level: under.shown_level(),
            runs: counted.runs,
            figures: counted.figures,
            limits: under.limits,
            whose: whose.collect(),
            window: None,
        }
    }
}

/// Returns what counts for a run; nothing where it has no ceiling or cannot be measured here.
pub(super) fn of_run(
    collector: &Collector<'_>,
    policy: &Policy,
    run: &RunId,
) -> Result<Option<Measured>, Error> {
    let record = collector.run_record(run)?;
    let Some(record) = record.valid() else {
        return Ok(None);
    };
    let (says, person) = (record.predicate(), record.signer());
    let contract = collector.contract(&says.task)?;
    let reader = collector.records.reader();
    let here = reader.contains(says.base) && reader.contains(says.commit);
    let Some(contract) = contract.valid().filter(|_| here) else {
        return Ok(None);
    };
    let contract = &contract.predicate().contract;
    let trees = (Some(reader.tree_of(says.base)?), says.tree);
    let landing = Landing {
        logged: None,
        time: collector.time,
    };
    let facts = collector.ceiling((person, policy), contract, (run, trees), landing)?;
    let Some(own) = facts.own else {
        return Ok(None);
    };
    let under = own.under(&contract.ceiling);
    let window = match (facts.window, own.window_days) {
        (Window::Counted(counted), Some(days)) => Some((days, counted.figures, own.window_limits)),
        _ => None,
    };
    let measured = Measured::of(contract, facts.person, &under, facts.task);
    Ok(Some(Measured { window, ..measured }))
}

/// Returns what counts for a task that somebody may execute; nothing where that person has no ceiling.
pub(super) fn of_task(
    collector: &Collector<'_>,
    policy: &Policy,
    contract: &Contract,
    person: &IdentityName,
) -> Result<Option<Measured>, Error> {
    let Some(under) = policy.ceiling(person).map(|it| it.under(&contract.ceiling)) else {
        return Ok(None);
    };
    let landed = collector.landed_of_task(contract)?;
    let person = person.clone();
    Ok(Some(Measured::of(contract, person, &under, landed)))
}
