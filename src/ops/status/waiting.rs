//! Decisions that wait for a person's answer.

use crate::facts::run::Collector;
use crate::ops::Error;
use crate::ops::decide::Standings;
use crate::policy::Policy;
use crate::record::{Choice, DecisionId, IdentityName, Timestamp, Token};
use crate::records::{DecisionPredicate, Kind, Statement};
use crate::rules::automation::{self, Standing};
use crate::rules::opening;

use super::left::Left;

/// A decision that a person must answer.
pub struct Waiting {
    /// Its name.
    pub id: DecisionId,
    /// The gate.
    pub gate: Token,
    /// What is to be decided on.
    pub target: Token,
    /// When it was made, by the word of whoever made it.
    pub since: Timestamp,
    /// For how many seconds it has waited.
    pub seconds: u64,
    /// Who may answer it.
    pub persons: Vec<IdentityName>,
    /// Whether whoever asks may answer it.
    pub yours: bool,
    /// The command that answers it.
    pub next: String,
}

/// Returns the decisions that wait for an answer at a time. What nobody has to answer any more is left out
/// of what is left to be done.
pub(super) fn waiting(
    collector: &Collector<'_>,
    policy: &Policy,
    you: Option<&IdentityName>,
    left: &mut Left,
    now: Timestamp,
) -> Result<Vec<Waiting>, Error> {
    let mut standings = Standings::at(collector, now);
    let mut waiting = Vec::new();
    for id in std::mem::take(&mut left.decisions) {
        let Some(envelope) = collector.records.envelope(&Kind::Decision.of(&id))? else {
            continue;
        };
        // Most decide something: whether they hold does not matter here.
        let says = Statement::<DecisionPredicate>::parse(envelope.payload());
        if !says.is_ok_and(|it| it.predicate.decision.decision == Choice::Defer) {
            continue;
        }
        let Ok(decision) = collector.verify::<DecisionPredicate>(&envelope) else {
            // It may hold when more of the policy's history is here.
            left.decisions.insert(id);
            continue;
        };
        let says = decision.predicate();
        match standings.of(&decision)? {
            Standing::Open => {}
            Standing::Expired => {
                left.expired = left.expired.max(Some(says.expires));
                continue;
            }
            _ => continue,
        }
        let gate = says.gate();
        let persons: Vec<_> = gate
            .into_iter()
            .flat_map(|gate| opening::answerers(policy, gate).cloned())
            .collect();
        let since = says.decision.timestamp;
        let waited = now.seconds().saturating_sub(since.seconds());
        waiting.push(Waiting {
            gate: says.decision.gate_type.clone(),
            target: says.decision.target_ref.clone(),
            since,
            seconds: u64::try_from(waited).unwrap_or_default(),
            yours: you.is_some_and(|you| persons.contains(you)),
            persons,
            next: automation::answer(policy, says).unwrap_or_default(),
            id: id.clone(),
        });
        left.decisions.insert(id);
    }
    waiting.sort_by(|a, b| (!a.yours, a.since, &a.id).cmp(&(!b.yours, b.since, &b.id)));
    Ok(waiting)
}
