//! Decisions on gates: the one procedure by which a command makes them, and a door and `verify` judge
//! them.

use std::collections::BTreeSet;

use crate::facts::decisions::{DecisionFacts, Named};
use crate::policy::{Need, Policy, Role, Verified};
use crate::record::{
    Choice, Finding, Findings, Gate, IdentityName, Level, Rule, Subject, Timestamp, Token,
};
use crate::records::{ActorKind, DECISION_SCHEMA, DecisionPredicate, Record as _, Target};

use super::opening::{again, bare, file, opens, persons, signed, unknown};
use super::{ceiling, protection, remedy, skeleton, waiver, work};

/// How a decision stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It counts.
    Counts,
    /// A person must answer it.
    Open,
    /// It was answered.
    Answered,
    /// Another one took its place.
    Superseded,
    /// Its maker has withdrawn it.
    Withdrawn,
    /// It has expired.
    Expired,
}

impl Standing {
    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Standing::Counts => "counts",
            Standing::Open => "open",
            Standing::Answered => "answered",
            Standing::Superseded => "superseded",
            Standing::Withdrawn => "withdrawn",
            Standing::Expired => "expired",
        }
    }
}

/// Returns how a decision stands at a time, among all on the same gate and target.
pub fn stands(
    says: &DecisionPredicate,
    all: &[Verified<DecisionPredicate>],
    withdrawn: bool,
    time: Timestamp,
) -> Standing {
    let any = |rule: fn(&DecisionPredicate, &DecisionPredicate) -> bool| {
        all.iter().any(|it| rule(it.predicate(), says))
    };
    match says.decision.decision {
        _ if withdrawn => Standing::Withdrawn,
        _ if any(DecisionPredicate::replaces) => Standing::Superseded,
        Choice::Defer if any(DecisionPredicate::responds_to) => Standing::Answered,
        _ if says.expires <= time => Standing::Expired,
        Choice::Defer => Standing::Open,
        Choice::Approve | Choice::Reject => Standing::Counts,
    }
}

/// Returns the command by which a person answers what was deferred; nothing for a gate that is unknown.
pub fn answer(policy: &Policy, says: &DecisionPredicate) -> Option<String> {
    let (gate, it) = (says.gate()?, &says.decision);
    let choice = match policy.need(gate) {
        Need::Never => Choice::Reject,
        Need::Auto(_) | Need::Human => Choice::Approve,
    };
    let asked = says.protection.as_ref();
    if let Some(protection) = asked.filter(|_| choice == Choice::Approve) {
        return Some(remedy::lift(protection));
    }
    // A consent is to exactly the planned bytes, and answers.
    if let Some(escalation) = says.escalation().filter(|_| choice == Choice::Approve) {
        return Some(format!("git awo escalate consent {escalation} --yes"));
    }
    let (on, id, file) = (&it.target_ref, says.id(), file(Some(gate)));
    Some(format!(
        "git awo decide {gate} {on} {choice}{file} --rationale CODE --answers {id}"
    ))
}

/// Says of a gate that does not open how a person opens it, now that the decision says *defer*.
pub fn deferred(
    policy: &Policy,
    gate: Gate,
    says: &DecisionPredicate,
    refused: Finding,
) -> Finding {
    if policy.level() == Level::Locked || policy.need(gate) == Need::Never {
        return refused;
    }
    let persons = persons(policy, gate);
    match answer(policy, says) {
        Some(next) => refused.remedy(format!("git awo push, and ask {persons} to run {next}")),
        None => refused,
    }
}

/// Judges a decision that arrives.
pub fn decision(facts: &DecisionFacts<'_>, subject: &Subject) -> Findings {
    let mut findings = Findings::new();
    let Some((policy, time)) = facts.accepted else {
        return findings;
    };
    let says = facts.decision.predicate();
    form(
        says,
        facts.decision.signer(),
        policy,
        subject,
        &mut findings,
    );
    let Some(gate) = says.gate() else {
        findings.push(unknown(&says.decision.gate_type, subject));
        return findings;
    };
    if let Some(run) = &facts.cancelled {
        findings.push(skeleton::cancelled(run, subject));
    }
    if says.decision.decision == Choice::Approve {
        findings.extend(opens(policy, gate, says, subject));
        let by_model = says.decision.actor.kind == ActorKind::Model;
        if let Some(deferred) = &facts.asked {
            findings.extend(asked(policy, by_model, deferred, subject));
        }
        if let Some(makers) = &facts.makers {
            findings.extend(skeleton::own(makers, facts.decision, policy, subject));
        }
        if let Some((contract, facts)) = &facts.work {
            work::ready(
                &contract.predicate().contract,
                facts,
                subject,
                &mut findings,
            );
        }
        evidence(facts, policy, subject, &mut findings);
        signed(
            facts.decision,
            &facts.auto_signature,
            subject,
            &mut findings,
        );
    }
    target(facts, gate, subject, &mut findings);
    waiver::form(says, subject, &mut findings);
    ceiling::permits(says, subject, &mut findings);
    protection::form(says, policy, subject, &mut findings);
    order(facts, subject, &mut findings);
    let days = policy.document().gates.approval_days;
    if says.expires > time.plus_days(days.saturating_add(1)) {
        findings.push(
            Rule::ApprovalLifetime
                .finding(subject.clone())
                .found(format!("valid until {}", says.expires))
                .expected(format!("at most {days} days"))
                .remedy(again(says)),
        );
    }
    if facts.is_new && says.expires <= time {
        findings.push(
            Rule::ApprovalUnexpired
                .finding(subject.clone())
                .found(format!("expired at {}", says.expires))
                .expected(format!("valid at {time}"))
                .remedy(again(says)),
        );
    }
    findings
}

/// A decision says of its maker what the policy says of the key.
fn form(
    says: &DecisionPredicate,
    signer: &IdentityName,
    policy: &Policy,
    subject: &Subject,
    findings: &mut Findings,
) {
    let it = &says.decision;
    let mut refuse = |rule: Rule, found: String, expected: String| {
        let finding = rule.finding(subject.clone()).found(found);
        findings.push(finding.expected(expected).remedy(again(says)));
    };
    if it.schema_version != DECISION_SCHEMA {
        let found = format!("{:?}", it.schema_version);
        refuse(Rule::DecisionForm, found, DECISION_SCHEMA.to_owned());
    }
    if says.level != policy.level() {
        let found = format!("decided at level {}", says.level);
        refuse(Rule::BindingMismatch, found, policy.level().to_string());
    }
    let actor = &it.actor;
    match actor.kind {
        ActorKind::Model => {
            if actor.model_id.as_deref() != policy.model_of(signer) || actor.model_id.is_none() {
                let model = policy.model_of(signer).unwrap_or("no model");
                let found = actor
                    .model_id
                    .as_deref()
                    .unwrap_or("no model_id")
                    .to_owned();
                refuse(Rule::ModelIdentity, found, format!("{model}, of {signer}"));
            }
            if it.confidence.is_none() || actor.user_id.is_some() {
                let found = "a model without a confidence, or with a user_id".to_owned();
                let expected = "a model_id and a confidence".to_owned();
                refuse(Rule::DecisionForm, found, expected);
            }
        }
        ActorKind::Human => {
            if policy.holds(signer, Role::Model) {
                let found = format!("{signer} decides as a person");
                let expected = "a person; the policy names it as a model".to_owned();
                refuse(Rule::HumanRequired, found, expected);
            }
            let user = Token::of_person(signer);
            if it.confidence.is_some() || actor.model_id.is_some() || actor.user_id != user {
                let found = "a person with a confidence, a model_id or another user_id".to_owned();
                let user = user.map_or_else(String::new, |it| it.to_string());
                refuse(
                    Rule::DecisionForm,
                    found,
                    format!("the user_id {user} alone"),
                );
            }
        }
    }
}

/// A model that approves names what speaks for it. Only at a door: later the objects may be gone.
fn evidence(
    facts: &DecisionFacts<'_>,
    policy: &Policy,
    subject: &Subject,
    findings: &mut Findings,
) {
    let says = facts.decision.predicate();
    if says.decision.actor.kind != ActorKind::Model || !facts.is_new {
        return;
    }
    let distinct: BTreeSet<_> = says.decision.evidence_refs.iter().collect();
    let needed = policy.document().automation.evidence as usize;
    let unresolved = &facts.unresolved;
    if unresolved.is_empty() && distinct.len() >= needed {
        return;
    }
    let found = match unresolved.first() {
        Some(first) => format!("{first} resolves to nothing here"),
        None => format!("{} references", distinct.len()),
    };
    findings.push(
        Rule::DecisionEvidence
            .finding(subject.clone())
            .found(found)
            .expected(format!(
                "at least {needed} that resolve: an object, ID:path, task/ID, run/ID or decision/ID"
            ))
            .remedy(format!("{} --evidence REF", bare(says))),
    );
}

/// A decision binds what its `target_ref` names.
fn target(facts: &DecisionFacts<'_>, gate: Gate, subject: &Subject, findings: &mut Findings) {
    let says = facts.decision.predicate();
    let takes = match gate {
        Gate::SpecApproval | Gate::ScopeChange => matches!(facts.named, Named::Contract(_)),
        Gate::RefinementSign => facts.named == Named::Refinement,
        Gate::SkeletonApproval => matches!(facts.named, Named::Run(_)),
        Gate::PolicyViolation => matches!(
            facts.named,
            Named::Contract(_) | Named::Run(_) | Named::Protection(_)
        ),
        Gate::CloudEscalation => matches!(facts.named, Named::Escalation(_)),
    };
    let on_base = says.base.is_some() == (gate == Gate::SpecApproval);
    if !takes || !on_base || (facts.is_new && !facts.bound) {
        let found = match (says.base, says.target) {
            (Some(base), target) => format!("{target} on {base}"),
            (None, Target::Object(id)) => format!("object {id}"),
            (None, Target::Record(digest)) => format!("record {digest}"),
        };
        let expected = match gate {
            Gate::SpecApproval => "a contract, and the commit on which it may be executed",
            Gate::ScopeChange => "a contract",
            Gate::RefinementSign => "a file of a refinement",
            Gate::SkeletonApproval => "the commit of a run",
            Gate::CloudEscalation => "a request of an escalation",
            Gate::PolicyViolation => "a contract, a run, or a change of a protected artefact",
        };
        findings.push(
            Rule::BindingMismatch
                .finding(subject.clone())
                .found(format!("{} binds {found}", says.decision.target_ref))
                .expected(expected)
                .remedy(again(says)),
        );
    }
    if !facts.listed {
        findings.push(
            Rule::RecordOfSomething
                .finding(subject.clone())
                .found("a decision that is not listed under its target")
                .expected(format!("its name under {}", says.target_key()))
                .remedy("git awo push"),
        );
    }
}

/// A model that approves while a person is asked takes the answer from them.
pub fn asked(
    policy: &Policy,
    by_model: bool,
    asked: &DecisionPredicate,
    subject: &Subject,
) -> Option<Finding> {
    let id = asked.id();
    by_model.then(|| {
        let finding = Rule::HumanRequired
            .finding(subject.clone())
            .found(format!("a model approves what {id} asks a person"));
        let finding = finding.expected("a person's answer");
        finding.remedy(answer(policy, asked).unwrap_or_default())
    })
}

/// A decision comes in its turn: one that counts on one target, answers to what was deferred.
fn order(facts: &DecisionFacts<'_>, subject: &Subject, findings: &mut Findings) {
    let says = facts.decision.predicate();
    let human = says.decision.actor.kind == ActorKind::Human;
    let same = |other: &DecisionPredicate| {
        other.target == says.target && other.decision.gate_type == says.decision.gate_type
    };
    let mut refuse = |rule: Rule, found: String, expected: &str, remedy: String| {
        let finding = rule.finding(subject.clone()).found(found);
        findings.push(finding.expected(expected).remedy(remedy));
    };
    if let Some(id) = &says.answers {
        let deferred = |it: &DecisionPredicate| {
            it.decision.decision == Choice::Defer && same(it) && it.id() != says.id()
        };
        if !human || !facts.answered.as_ref().is_some_and(deferred) {
            let found = format!("an answer to {id}");
            let expected = "a person's decision on what was deferred, on the same gate and target";
            refuse(
                Rule::AnswerInTurn,
                found,
                expected,
                "git awo decisions --open".to_owned(),
            );
        }
    }
    if let Some(id) = &says.supersedes {
        let may = |it: &DecisionPredicate| {
            let by_person = it.decision.actor.kind == ActorKind::Human;
            same(it) && it.id() != says.id() && (human || !by_person)
        };
        if !facts.superseded.as_ref().is_some_and(may) {
            let found = format!("it supersedes {id}");
            let expected = "a decision on the same gate and target; a person's only by a person";
            refuse(
                Rule::AnswerInTurn,
                found,
                expected,
                "git awo decisions".to_owned(),
            );
        }
    }
    // A person who is asked says so without being in the way of the one whom they ask.
    if says.decision.decision != Choice::Defer
        && let Some(live) = facts.live.first()
    {
        let found = format!("{live} decides on the same");
        let remedy = format!("{} --supersedes {live}", again(says));
        refuse(
            Rule::OneLiveDecision,
            found,
            "one decision that counts",
            remedy,
        );
    }
}
