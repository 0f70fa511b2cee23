//! Escalations: a request, its plan, the consent to it and the use of that, and what bears on each.

use crate::policy::{Policy, Verified};
use crate::record::{EscalationId, Sha256, Timestamp, Token};
use crate::records::{
    ConsentReceiptPredicate, DecisionPredicate, EscalationPredicate, EscalationUsePredicate, Kind,
    Predicate, ProjectionPlanPredicate,
};

use super::Error;
use super::opening::{Opening, UsedBy};
use super::run::{Collector, Lookup};

/// How a record of an escalation arrived.
pub struct Arrival<'a, P> {
    pub record: &'a Verified<P>,
    /// By which policy it is judged, and at which time; nothing where it was accepted before.
    pub accepted: Option<(&'a Policy, Timestamp)>,
    /// Whether nobody has accepted it yet, as far as is known.
    pub is_new: bool,
}

/// A request that arrived.
pub struct RequestFacts<'a> {
    pub arrival: Arrival<'a, EscalationPredicate>,
    /// The digest of the contract of its task.
    pub contract: Option<Sha256>,
    /// Whether the run that it names, if it names one, is one of its task.
    pub of_its_task: bool,
}

/// A plan that arrived.
pub struct PlanFacts<'a> {
    pub arrival: Arrival<'a, ProjectionPlanPredicate>,
    pub request: Lookup<Verified<EscalationPredicate>>,
    /// The references to what it includes that resolve to nothing.
    pub unresolved: Vec<Token>,
}

/// A consent that arrived.
pub struct ConsentFacts<'a> {
    pub arrival: Arrival<'a, ConsentReceiptPredicate>,
    pub plan: Lookup<Verified<ProjectionPlanPredicate>>,
    /// The decision that it names.
    pub decision: Option<Verified<DecisionPredicate>>,
}

/// An escalation whose bytes are handed over, or are to be, and what bears on that.
pub struct Sending {
    pub id: EscalationId,
    pub request: Lookup<Verified<EscalationPredicate>>,
    pub plan: Lookup<Verified<ProjectionPlanPredicate>>,
    pub consent: Lookup<Verified<ConsentReceiptPredicate>>,
    /// The decision that the consent names.
    pub opening: Option<Opening>,
    /// The policies by which it must be allowed.
    pub policies: Vec<Policy>,
    /// When the bytes are handed over.
    pub time: Timestamp,
    /// Whether whoever consented had withdrawn that by then.
    pub withdrawn: bool,
}

/// An escalation with all that stands beside it.
pub struct Escalation {
    pub request: Verified<EscalationPredicate>,
    pub plan: Option<Verified<ProjectionPlanPredicate>>,
    pub consent: Option<Verified<ConsentReceiptPredicate>>,
    /// Whether the consent was withdrawn, or the decision that it names.
    pub withdrawn: bool,
    pub used: Option<Verified<EscalationUsePredicate>>,
}

impl Collector<'_> {
    fn arrival_of<'a, P: Predicate>(&'a self, record: &'a Verified<P>) -> Arrival<'a, P> {
        let judging = self.judging();
        let names = record.predicate().context().map(|it| it.policy);
        Arrival {
            accepted: names.and_then(|it| judging.accepted_by(record.digest(), it)),
            is_new: judging.is_new(record.digest()),
            record,
        }
    }

    /// Returns what is known of a request that arrived.
    pub fn request<'a>(
        &'a self,
        request: &'a Verified<EscalationPredicate>,
    ) -> Result<RequestFacts<'a>, Error> {
        let says = request.predicate();
        let contract = self
            .records
            .envelope(&Kind::Contract.of(&says.request.wp_id))?;
        let of_its_task = match &says.run {
            Some(run) => {
                let stated = self.stated(&Kind::Run.of(run))?;
                stated.and_then(|it| it.task()).as_ref() == Some(&says.request.wp_id)
            }
            None => true,
        };
        Ok(RequestFacts {
            arrival: self.arrival_of(request),
            contract: contract.map(|it| it.digest()),
            of_its_task,
        })
    }

    /// Returns what is known of a plan that arrived.
    pub fn plan<'a>(
        &'a self,
        plan: &'a Verified<ProjectionPlanPredicate>,
    ) -> Result<PlanFacts<'a>, Error> {
        let it = &plan.predicate().plan;
        Ok(PlanFacts {
            arrival: self.arrival_of(plan),
            request: self.the(&it.projection_plan_id)?,
            unresolved: self.unresolved(&it.include_artifact_refs, None)?,
        })
    }

    /// Returns what is known of a consent that arrived.
    pub fn consent<'a>(
        &'a self,
        consent: &'a Verified<ConsentReceiptPredicate>,
    ) -> Result<ConsentFacts<'a>, Error> {
        let says = consent.predicate();
        Ok(ConsentFacts {
            arrival: self.arrival_of(consent),
            plan: self.the(&says.consent.consent_receipt_id)?,
            decision: self.decision_of(&says.decision)?,
        })
    }

    /// Returns how an escalation stands to the use of its consent that arrived; nothing where that was
    /// accepted before.
    pub fn sent(&self, used: &Verified<EscalationUsePredicate>) -> Result<Option<Sending>, Error> {
        match self.arrival_of(used).accepted {
            Some(_) => Ok(Some(
                self.sending(&used.predicate().escalation, Some(used))?,
            )),
            None => Ok(None),
        }
    }

    /// Returns how an escalation stands to the use of its consent; without one, to a use that is to come
    /// under the policy in force.
    pub fn sending(
        &self,
        id: &EscalationId,
        used: Option<&Verified<EscalationUsePredicate>>,
    ) -> Result<Sending, Error> {
        let judging = self.judging();
        let used = used.map(|it| UsedBy {
            record: it.digest(),
            policy: it.predicate().context.policy,
            time: judging.arrival(it.digest()).unwrap_or(self.time),
        });
        // What came with its use, or after it, does not reach back.
        let before = |it: Sha256| used.is_none_or(|used| judging.is_before(it, used.record));
        let consent: Lookup<Verified<ConsentReceiptPredicate>> = self.the(id)?;
        let (mut opening, mut withdrawn) = (None, false);
        if let Some(it) = consent.valid() {
            withdrawn = self.withdrew(it, before)?;
            if let Some(decision) = self.decision_of(&it.predicate().decision)? {
                opening = Some(self.opening(decision, used)?);
            }
        }
        Ok(Sending {
            id: id.clone(),
            request: self.the(id)?,
            plan: self.the(id)?,
            consent,
            opening,
            policies: self.used_under(used).cloned().collect(),
            time: used.map_or(self.time, |it| it.time),
            withdrawn,
        })
    }

    /// Returns an escalation, if its request holds by itself.
    pub fn escalation(&self, id: &EscalationId) -> Result<Option<Escalation>, Error> {
        let Lookup::Valid(request) = self.the(id)? else {
            return Ok(None);
        };
        let consent: Option<Verified<ConsentReceiptPredicate>> = self.the(id)?.into_valid();
        let mut withdrawn = false;
        if let Some(it) = &consent {
            withdrawn = self.is_withdrawn(it)?;
            if let Some(decision) = self.decision_of(&it.predicate().decision)? {
                withdrawn = withdrawn || self.is_withdrawn(&decision)?;
            }
        }
        Ok(Some(Escalation {
            request,
            plan: self.the(id)?.into_valid(),
            consent,
            withdrawn,
            used: self.the(id)?.into_valid(),
        }))
    }

    /// Returns every escalation whose request holds by itself, by its name.
    pub fn escalations(&self) -> Result<Vec<(EscalationId, Escalation)>, Error> {
        let mut all = Vec::new();
        for path in self.records.all_of(Kind::Escalation)? {
            let Ok(id) = EscalationId::new(path.id()) else {
                continue;
            };
            if let Some(it) = self.escalation(&id)? {
                all.push((id, it));
            }
        }
        Ok(all)
    }
}
