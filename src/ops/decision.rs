//! One decision with all that follows from the records about it.

use crate::facts::run::Lookup;
use crate::record::event::Event;
use crate::record::{DecisionId, ObjectId, RunId, Sha256};

use super::decide::{Listed, Standings};
use super::{Error, Session};

/// A decision that holds by itself, and what others say of it.
pub struct Decision {
    /// What it says, and how it stands.
    pub listed: Listed,
    /// The model's signature under it.
    pub auto_signature: Option<Sha256>,
    /// The first decision that answers it.
    pub answered_by: Option<DecisionId>,
    /// The decision that took its place.
    pub superseded_by: Option<DecisionId>,
    /// The run that it opened.
    pub used_by: Option<RunId>,
    /// The commit that it let change a protected artefact.
    pub lifted_for: Option<ObjectId>,
    /// What happened.
    pub events: Vec<Event>,
}

/// Returns the decision of this name, if there is one that holds by itself.
pub fn decision(session: &Session, id: &DecisionId) -> Result<Option<Decision>, Error> {
    let records = session.records()?;
    let collector = session.collector(&records)?;
    let Some(decision) = collector.decision_of(id)? else {
        return Ok(None);
    };
    let says = decision.predicate();
    let mut same = collector.decisions_on(says.target_key())?;
    same.sort_by_key(|it| it.predicate().decision.timestamp);
    let answer = same.iter().find(|it| it.predicate().responds_to(says));
    let superseder = same.iter().find(|it| it.predicate().replaces(says));
    let digest = decision.digest();
    // One that no run spends is used by nobody, whatever a mark says.
    let used_by = match collector.spending(digest)?.is_empty() {
        true => None,
        false => records.spender(&digest)?,
    };
    let auto_signature = match collector.auto_signature(id)? {
        Lookup::Valid(signature) => Some(signature.digest()),
        Lookup::Missing | Lookup::Invalid(_) => None,
    };
    let standing = Standings::at(&collector, session.now()).of(&decision)?;
    let overrides = match says.protection {
        Some(_) => super::log::overrides(session)?,
        None => Vec::new(),
    };
    let used = overrides.iter().find(|it| it.decisions.contains(id));
    Ok(Some(Decision {
        lifted_for: used.map(|it| it.commit),
        auto_signature,
        answered_by: answer.map(|it| it.predicate().id().clone()),
        superseded_by: superseder.map(|it| it.predicate().id().clone()),
        used_by,
        events: collector.events_about(&decision, answer)?,
        listed: Listed {
            says: says.clone(),
            record: digest,
            standing,
        },
    }))
}
