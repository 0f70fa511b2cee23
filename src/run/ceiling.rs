//! Measures what a run has changed by its ceiling, before anything is recorded. Who must decide on it is asked where it lands.

use crate::actor::Actor;
use crate::check::PolicyHistory;
use crate::facts::ceiling::Landing;
use crate::record::contract::Contract;
use crate::record::{Findings, IdentityName, ObjectId, RunId, Subject};
use crate::rules::ceiling;
use crate::store::ledger::{Records, Refs};

use super::error::Error;

/// Returns what stands against a change from a base commit to a tree, with all that has landed before it, as these refs show:
/// those from before a command ran, which may have moved them.
pub(super) fn measured(
    actor: &Actor,
    (refs, history): (&Refs, &PolicyHistory),
    (person, contract, run): (&IdentityName, &Contract, &RunId),
    (base, tree): (ObjectId, ObjectId),
) -> Result<Findings, Error> {
    let records = Records::open(&actor.repo, refs)?;
    let collector = actor.collector(&records, history);
    let policy = &history.current().policy;
    let landing = Landing {
        logged: None,
        time: actor.now(),
    };
    let trees = (Some(actor.repo.tree_of(base)?), tree);
    let facts = collector.ceiling((person, policy), contract, (run, trees), landing)?;
    // Where a clone has no log, the door decides.
    let (findings, _) = ceiling::measured(&facts, contract, policy, &Subject::of_run(run));
    Ok(findings)
}
