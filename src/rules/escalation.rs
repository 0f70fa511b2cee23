//! Content is handed to a model elsewhere only with a person's consent to exactly these bytes, once, and
//! only where the policy allows it.

use crate::facts::escalation::{Arrival, ConsentFacts, PlanFacts, RequestFacts, Sending};
use crate::facts::run::Lookup;
use crate::policy::{Need, Policy, Role, Verified};
use crate::record::{
    Choice, EscalationId, Finding, Findings, Gate, Level, Rule, Sha256, Subject, Token,
};
use crate::records::{
    CONSENT_SCHEMA, ConsentReceiptPredicate, ESCALATION_SCHEMA, EscalationUsePredicate,
    PLAN_SCHEMA, ProjectionPlanPredicate, Target,
};

use super::opening::{self, Opens};
use super::revocation;

/// Tells what keeps a policy from letting anything be handed over, if something does.
pub fn closed(policy: &Policy, subject: &Subject) -> Option<Finding> {
    if policy.need(Gate::CloudEscalation) != Need::Never {
        return None;
    }
    let (rule, found, remedy) = match policy.level() {
        Level::Locked => (
            Rule::Locked,
            "an escalation at level LOCKED",
            "only a policy change lifts it: git awo policy propose FILE",
        ),
        _ => (
            Rule::GateForbidden,
            "an escalation that the policy does not allow",
            "git awo policy propose FILE, if the policy is to have [automation.escalation] allow = true",
        ),
    };
    let finding = rule.finding(subject.clone()).found(found);
    let expected = "a policy that leaves CloudEscalation to persons";
    Some(finding.expected(expected).remedy(remedy))
}

/// What keeps a record of an escalation from being accepted whatever it says.
fn arrives<P>(
    it: &Arrival<'_, P>,
    (found, schema): (&str, &str),
    subject: &Subject,
    findings: &mut Findings,
) {
    findings.extend(it.accepted.and_then(|(policy, _)| closed(policy, subject)));
    if it.accepted.is_some() && found != schema {
        findings.push(
            Rule::DecisionForm
                .finding(subject.clone())
                .found(format!("{found:?}"))
                .expected(schema)
                .remedy(ASK),
        );
    }
}

/// The command with which an escalation begins.
const ASK: &str = "git awo escalate request --task ID --model NAME --reason CODE";

/// Judges a request that arrives.
pub fn request(facts: &RequestFacts<'_>, subject: &Subject) -> Findings {
    let mut findings = Findings::new();
    let says = facts.arrival.record.predicate();
    let schema = (says.request.schema_version.as_str(), ESCALATION_SCHEMA);
    arrives(&facts.arrival, schema, subject, &mut findings);
    if facts.arrival.is_new && (facts.contract != Some(says.contract) || !facts.of_its_task) {
        let found = match facts.of_its_task {
            true => format!("a request that binds the contract {}", says.contract),
            false => "a run of another task".to_owned(),
        };
        findings.push(
            Rule::BindingMismatch
                .finding(subject.clone())
                .found(found)
                .expected(format!("the contract of {}", says.request.wp_id))
                .remedy(ASK),
        );
    }
    findings
}

/// Judges a plan that arrives.
pub fn plan(facts: &PlanFacts<'_>, subject: &Subject) -> Findings {
    let mut findings = Findings::new();
    let says = facts.arrival.record.predicate();
    let it = &says.plan;
    let schema = (it.schema_version.as_str(), PLAN_SCHEMA);
    arrives(&facts.arrival, schema, subject, &mut findings);
    let again = format!(
        "git awo escalate plan {} FILE --max-bytes N",
        it.projection_plan_id
    );
    let request = facts.request.valid().map(Verified::digest);
    if request != Some(says.request) {
        findings.push(another("the request", request, says.request, subject, ASK));
    }
    if says.bytes > it.max_bytes {
        findings.push(
            Rule::BindingMismatch
                .finding(subject.clone())
                .found(format!("{} bytes", says.bytes))
                .expected(format!("at most {}, as the plan says", it.max_bytes))
                .remedy(&again),
        );
    }
    if let (true, Some(first)) = (facts.arrival.is_new, facts.unresolved.first()) {
        findings.push(
            Rule::DecisionEvidence
                .finding(subject.clone())
                .found(format!("{first} resolves to nothing here"))
                .expected("an object, ID:path, task/ID, run/ID or decision/ID")
                .remedy(again),
        );
    }
    findings
}

fn another(
    what: &str,
    there: Option<Sha256>,
    bound: Sha256,
    subject: &Subject,
    remedy: &str,
) -> Finding {
    Rule::BindingMismatch
        .finding(subject.clone())
        .found(format!("a record that binds {what} {bound}"))
        .expected(there.map_or_else(|| format!("{what} beside it"), |it| it.to_string()))
        .remedy(remedy)
}

/// Judges a consent that arrives, or a refusal.
pub fn consent(facts: &ConsentFacts<'_>, subject: &Subject) -> Findings {
    let mut findings = Findings::new();
    let (says, signer) = (
        facts.arrival.record.predicate(),
        facts.arrival.record.signer(),
    );
    let it = &says.consent;
    let schema = (it.schema_version.as_str(), CONSENT_SCHEMA);
    arrives(&facts.arrival, schema, subject, &mut findings);
    let again = ask_again(&it.consent_receipt_id);
    let mut refuse = |rule: Rule, found: String, expected: String| {
        let finding = rule.finding(subject.clone()).found(found);
        findings.push(finding.expected(expected).remedy(&again));
    };
    let same = facts.plan.valid().is_some_and(|plan| {
        plan.digest() == says.plan
            && plan.predicate().request == says.request
            && plan.predicate().plan.payload_sha256 == it.payload_sha256
            && it.projection_plan_id == it.consent_receipt_id
    });
    if !same {
        let found = format!(
            "a consent to {} by the plan {}",
            it.payload_sha256, says.plan
        );
        let expected = "the plan, the request and the bytes of the same escalation".to_owned();
        refuse(Rule::BindingMismatch, found, expected);
    }
    let choice = match it.approved {
        true => Choice::Approve,
        false => Choice::Reject,
    };
    let decided = facts.decision.as_ref().is_some_and(|decision| {
        let on = decision.predicate();
        decision.digest() == says.decided
            && on.gate() == Some(Gate::CloudEscalation)
            && on.decision.decision == choice
            && on.target == Target::Record(says.request)
    });
    if !decided {
        let found = format!("the decision {}", says.decision);
        let expected = format!(
            "{choice} of CloudEscalation on the request {}",
            says.request
        );
        refuse(Rule::BindingMismatch, found, expected);
    }
    let Some((policy, time)) = facts.arrival.accepted else {
        return findings;
    };
    let user = Token::of_person(signer);
    if user.as_ref() != Some(&it.user_id) {
        let expected = user.map_or_else(String::new, |it| it.to_string());
        refuse(Rule::DecisionForm, it.user_id.to_string(), expected);
    }
    if policy.holds(signer, Role::Model) {
        let found = format!("{signer}, a model, consents");
        refuse(Rule::HumanRequired, found, "a person".to_owned());
    }
    if it.approved_at > time.plus_hours(1) {
        let found = format!("a consent of {}", it.approved_at);
        refuse(Rule::DecisionForm, found, format!("one given by {time}"));
    }
    let hours = policy.document().automation.escalation.consent_hours;
    if says.expires > time.plus_hours(hours.saturating_add(1)) {
        let found = format!("valid until {}", says.expires);
        refuse(
            Rule::ApprovalLifetime,
            found,
            format!("at most {hours} hours"),
        );
    }
    if facts.arrival.is_new && says.expires <= time {
        let found = format!("expired at {}", says.expires);
        refuse(Rule::ApprovalUnexpired, found, format!("valid at {time}"));
    }
    findings
}

/// Returns how an escalation is begun anew, where one can only be used once.
fn ask_again(id: &EscalationId) -> String {
    format!("{ASK}, and the same again as for {id}")
}

/// Judges whether the planned bytes of an escalation may be handed over.
pub fn sending(facts: &Sending, subject: &Subject) -> Findings {
    let mut findings = Findings::new();
    for policy in &facts.policies {
        findings.extend(closed(policy, subject));
    }
    let missing = |what: &str, remedy: String| {
        Rule::HumanRequired
            .finding(subject.clone())
            .found(format!("no {what} of {}", facts.id))
            .expected("a request, a plan of the bytes and a person's consent to exactly them")
            .remedy(remedy)
    };
    let request = link(&facts.request, || missing("request", ASK.to_owned()));
    let plan = link(&facts.plan, || {
        missing(
            "plan",
            format!("git awo escalate plan {} FILE --max-bytes N", facts.id),
        )
    });
    let consent = link(&facts.consent, || {
        missing(
            "consent",
            format!("git awo escalate consent {} --yes", facts.id),
        )
    });
    let (request, plan, consent) = match (request, plan, consent) {
        (Ok(request), Ok(plan), Ok(consent)) => (request, plan, consent),
        (request, plan, consent) => {
            let first = request.err().or(plan.err()).or(consent.err());
            findings.extend(first);
            return findings;
        }
    };
    let says = consent.predicate();
    let again = ask_again(&facts.id);
    let mut refuse = |rule: Rule, found: String, expected: &str| {
        let finding = rule.finding(subject.clone()).found(found);
        findings.push(finding.expected(expected).remedy(&again));
    };
    if says.plan != plan.digest()
        || says.request != request.digest()
        || plan.predicate().request != request.digest()
        || says.consent.payload_sha256 != plan.predicate().plan.payload_sha256
    {
        let found = format!("a consent to the plan {}", says.plan);
        refuse(Rule::BindingMismatch, found, "one to the plan beside it");
    }
    if !says.consent.approved {
        let found = format!("{} refused it", consent.signer());
        refuse(Rule::HumanRequired, found, "a person's consent");
    }
    if says.expires <= facts.time {
        let found = format!("the consent expired at {}", says.expires);
        refuse(
            Rule::ApprovalUnexpired,
            found,
            &format!("one valid at {}", facts.time),
        );
    }
    let consenter = consent.signer();
    for policy in &facts.policies {
        // A policy may have shortened it since.
        let hours = policy.document().automation.escalation.consent_hours;
        let until = says.consent.approved_at.plus_hours(hours);
        if until <= facts.time {
            let found = format!("a consent of {}", says.consent.approved_at);
            refuse(
                Rule::ApprovalLifetime,
                found,
                &format!("at most {hours} hours before {}", facts.time),
            );
        }
        if policy.holds(consenter, Role::Model) || !policy.holds(consenter, Role::Operator) {
            let found = format!("{consenter} holds {}", policy.roles_of(consenter));
            refuse(
                Rule::HumanRequired,
                found,
                "the consent of one who is an operator now",
            );
        }
    }
    if facts.withdrawn {
        let by = subject.clone();
        let withdrawn = consent.digest();
        findings.push(revocation::used_of("consent", withdrawn, by, &again));
    }
    match &facts.opening {
        Some(opening) if opening.decision.digest() == says.decided => {
            let opens = Opens {
                gate: Gate::CloudEscalation,
                on: format!("escalation/{}", facts.id),
                what: "the request",
                target: Target::Record(request.digest()),
                base: None,
                again,
            };
            opening::used(opening, &opens, subject, &mut findings);
        }
        _ => findings.push(
            Rule::BindingMismatch
                .finding(subject.clone())
                .found(format!("the decision {}", says.decision))
                .expected(says.decided)
                .remedy(again),
        ),
    }
    findings
}

fn link<T>(found: &Lookup<T>, missing: impl FnOnce() -> Finding) -> Result<&T, Finding> {
    match found {
        Lookup::Valid(it) => Ok(it),
        Lookup::Invalid(finding) => Err(finding.clone()),
        Lookup::Missing => Err(missing()),
    }
}

/// Judges the record of a use, which binds what is used.
pub fn used(says: &EscalationUsePredicate, facts: &Sending, subject: &Subject) -> Findings {
    let mut findings = sending(facts, subject);
    let consent = facts.consent.valid();
    let same = consent.is_some_and(|it| {
        let of = it.predicate();
        it.digest() == says.consent
            && of.decision == says.decision
            && of.decided == says.decided
            && of.consent.payload_sha256 == says.payload_sha256
    });
    if !same {
        let there = consent.map(Verified::digest);
        let again = ask_again(&facts.id);
        findings.push(another("the consent", there, says.consent, subject, &again));
    }
    findings
}

/// Judges the bytes that are to be handed over.
pub fn payload(
    plan: &ProjectionPlanPredicate,
    consented: Sha256,
    (digest, bytes): (Sha256, u64),
) -> Option<Finding> {
    let planned = plan.plan.payload_sha256;
    let same = digest == planned && digest == consented && bytes == plan.bytes;
    let id = &plan.plan.projection_plan_id;
    (!same).then(|| {
        Rule::BindingMismatch
            .finding(Subject::of_record(id))
            .found(format!("{bytes} bytes of SHA-256 {digest}"))
            .expected(format!("the {} bytes of SHA-256 {planned}", plan.bytes))
            .remedy(format!(
                "git awo escalate send {id} FILE, with the planned file"
            ))
    })
}

/// Somebody has used the consent before, or is about to.
pub fn spent(id: &EscalationId) -> Finding {
    Rule::RecordName
        .finding(Subject::of_record(id))
        .found("a consent that was used")
        .expected("a consent of its own for each transmission")
        .remedy(ask_again(id))
}

/// A person has answered this request already.
pub fn answered(
    id: &EscalationId,
    consent: &Verified<ConsentReceiptPredicate>,
    withdrawn: bool,
) -> Finding {
    let (said, again) = match consent.predicate().consent.approved {
        true if withdrawn => ("withdrawn the consent", ask_again(id)),
        true => (
            "consented",
            format!("git awo revoke {id} --reason TEXT, to withdraw it"),
        ),
        false => ("refused", ask_again(id)),
    };
    Rule::RecordName
        .finding(Subject::of_record(id))
        .found(format!("{} has {said}", consent.signer()))
        .expected("one answer to a request")
        .remedy(again)
}

/// A server that keeps no receive log, or is gone before it says so, confirms nothing.
pub fn without_receipt(id: &EscalationId, remote: &str) -> Finding {
    Rule::UseConfirmed
        .finding(Subject::of_record(id))
        .found(format!("no entry of the receive log of {remote} has the use"))
        .expected("the server's receipt of the use, before anything is handed over")
        .remedy("git awo escalate list --open; a server writes receipts once it has a key: git awo doctor")
}
