//! The events of decisions, derived from the records: nobody can forge, lose or reorder them.

use std::collections::BTreeMap;

use crate::policy::Verified;
use crate::record::event::{Event, Kind as EventKind, Origin, Party, Payload};
use crate::record::{Choice, DecisionId, Gate, Level, Sha256, Timestamp, Token};
use crate::records::{ActorKind, DecisionPredicate, EscalationUsePredicate, Kind, Record as _};

use super::Error;
use super::run::{Collector, Lookup};

impl Collector<'_> {
    /// Returns every decision that holds by itself, oldest first.
    pub fn all_decisions(&self) -> Result<Vec<Verified<DecisionPredicate>>, Error> {
        let mut all = Vec::new();
        for path in self.records.all_of(Kind::Decision)? {
            let envelope = self.records.envelope(&path)?;
            all.extend(envelope.and_then(|it| self.verify::<DecisionPredicate>(&it).ok()));
        }
        let key = |it: &Verified<DecisionPredicate>| {
            let says = it.predicate();
            (says.decision.timestamp, says.id().clone())
        };
        all.sort_by_key(key);
        Ok(all)
    }

    /// Returns the events of all decisions: the sequence of each, one after the other.
    pub fn events(&self) -> Result<Vec<Event>, Error> {
        let all = self.all_decisions()?;
        let mut answers: BTreeMap<&DecisionId, &Verified<DecisionPredicate>> = BTreeMap::new();
        for it in &all {
            if let Some(answered) = &it.predicate().answers {
                // The first answer ends the sequence of what was deferred.
                answers.entry(answered).or_insert(it);
            }
        }
        let mut events = Vec::new();
        for decision in &all {
            let answer = answers.get(decision.predicate().id()).copied();
            self.events_of(decision, answer, &mut events)?;
        }
        Ok(events)
    }

    /// Returns the events of one decision, and with an answer how they end.
    pub fn events_about(
        &self,
        decision: &Verified<DecisionPredicate>,
        answer: Option<&Verified<DecisionPredicate>>,
    ) -> Result<Vec<Event>, Error> {
        let mut events = Vec::new();
        self.events_of(decision, answer, &mut events)?;
        Ok(events)
    }

    fn events_of(
        &self,
        decision: &Verified<DecisionPredicate>,
        answer: Option<&Verified<DecisionPredicate>>,
        events: &mut Vec<Event>,
    ) -> Result<(), Error> {
        let says = decision.predicate();
        let Some(gate) = says.gate() else {
            return Ok(());
        };
        let payload = || payload(says, gate);
        let of = |record| Origin {
            repository: says.context.repository,
            record,
        };
        let (made, own) = (says.decision.timestamp, of(decision.digest()));
        let party = party(says);
        let mut created = Payload {
            confidence: says.decision.confidence,
            rationale: Some(says.decision.rationale.clone()),
            evidence_refs: says.decision.evidence_refs.clone(),
            ..payload()
        };
        created.decision = Some(says.decision.decision);
        let mut first = Event::derived(EventKind::Created, own, made, party, created);
        let model = says.decision.actor.model_id.as_deref();
        first.links.model_id = model.and_then(|it| Token::new(it).ok());
        events.push(first);
        if says.decision.decision == Choice::Defer {
            if says.level == Level::Locked {
                return Ok(());
            }
            let asked = EventKind::Requested;
            events.push(Event::derived(asked, own, made, Party::System, payload()));
            if let Some(answer) = answer {
                let it = answer.predicate();
                let payload = payload()
                    .answered_by(it.id(), it.decision.decision)
                    .of_person(answer.signer());
                let (kind, time) = (EventKind::Received, it.decision.timestamp);
                let origin = of(answer.digest());
                events.push(Event::derived(kind, origin, time, Party::Human, payload));
            }
            return Ok(());
        }
        if let Lookup::Valid(signature) = self.auto_signature(says.id())? {
            let (kind, origin) = (EventKind::Signed, of(signature.digest()));
            let time = signature.predicate().signature.created_at;
            events.push(Event::derived(kind, origin, time, Party::Agent, payload()));
        }
        // What rejects is applied by being there; an approval by what uses it.
        let applied = payload().deciding(says.decision.decision);
        if says.decision.decision == Choice::Reject {
            events.push(Event::derived(
                EventKind::Applied,
                own,
                made,
                party,
                applied,
            ));
            return Ok(());
        }
        if let Some((record, time)) = self.first_use(decision)? {
            let (time, origin) = (time.unwrap_or(made), of(record));
            events.push(Event::derived(
                EventKind::Applied,
                origin,
                time,
                Party::System,
                applied,
            ));
        }
        Ok(())
    }

    /// Returns the record that first uses a decision, and when, as far as that is known.
    fn first_use(
        &self,
        decision: &Verified<DecisionPredicate>,
    ) -> Result<Option<(Sha256, Option<Timestamp>)>, Error> {
        if let Some(it) = self.uses_of_decision(decision)?.first() {
            return Ok(Some((it.digest, self.used_at(decision)?)));
        }
        let mut uses = Vec::new();
        for run in self.users_of(decision.digest())? {
            let Some(record) = self.run_record(&run)?.into_valid() else {
                continue;
            };
            // The run record has no time of its own; its commit has.
            let time = self.date_of(record.predicate().commit)?;
            uses.push((time, run, record.digest()));
        }
        let first = uses.into_iter().min();
        Ok(first.map(|(time, _, record)| (record, time)))
    }

    fn used_at(&self, decision: &Verified<DecisionPredicate>) -> Result<Option<Timestamp>, Error> {
        if let Some(id) = decision.predicate().escalation() {
            let used: Lookup<Verified<EscalationUsePredicate>> = self.the(&id)?;
            return Ok(used.valid().map(|it| it.predicate().time));
        }
        let Some(run) = self.records.spender(&decision.digest())? else {
            return Ok(None);
        };
        let Some(commit) = self.commit_of(&Kind::Run.of(run))? else {
            return Ok(None);
        };
        self.date_of(commit)
    }
}

fn party(says: &DecisionPredicate) -> Party {
    match says.decision.actor.kind {
        ActorKind::Human => Party::Human,
        ActorKind::Model => Party::Agent,
    }
}

fn payload(says: &DecisionPredicate, gate: Gate) -> Payload {
    let target = says.decision.target_ref.clone();
    let payload = Payload::of(says.id(), gate, target, says.level);
    match &says.task {
        Some(task) => payload.of_task(task),
        None => payload,
    }
}
