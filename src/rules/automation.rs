//! Decisions on gates: the one procedure by which a command makes them, and a door and `verify` judge
//! them.

use std::collections::BTreeSet;

use crate::facts::decisions::{DecisionFacts, Named};
use crate::facts::opening::Opening;
use crate::facts::run::Lookup;
use crate::policy::{Need, Policy, Role, Verified};
use crate::record::contract::Gate1;
use crate::record::{
    Choice, DecisionId, Finding, Findings, Gate, IdentityName, Level, ObjectId, Rule, Subject,
    Timestamp, Token,
};
use crate::records::{
    ActorKind, AutoSignaturePredicate, ContractPredicate, DECISION_SCHEMA, DecisionPredicate,
    Record as _, SIGNATURE_SCHEMA, Target,
};

use super::revocation;

/// What a decision is to open.
pub struct Opens<'a> {
    /// The gate.
    pub gate: Gate,
    /// What is decided on, as a `target_ref`.
    pub on: String,
    /// The same in words: `the contract`.
    pub what: &'a str,
    /// What that is now.
    pub target: Target,
    /// The commit on which a contract is executed.
    pub base: Option<ObjectId>,
    /// The command that decides again.
    pub again: String,
}

impl Opens<'_> {
    /// Returns the command that decides again in the place of another decision. An escalation is begun anew.
    fn instead_of(&self, other: &DecisionId) -> String {
        match self.gate {
            Gate::CloudEscalation => self.again.clone(),
            _ => format!("{} --supersedes {other}", self.again),
        }
    }
}

/// Judges a decision that opens gate 1 of a contract's run on a base commit, or is to open it, as it
/// stands when it is used. Tells whether it counts.
pub fn gate_1(
    it: &Opening,
    contract: &Verified<ContractPredicate>,
    base: Option<ObjectId>,
    subject: &Subject,
    findings: &mut Findings,
) -> bool {
    let before = findings.len();
    let task = &contract.predicate().contract.id;
    let (gate, on) = (Gate::SpecApproval, format!("task/{task}"));
    let gate1 = contract.predicate().contract.gate1;
    if gate1 != Gate1::Decision {
        let id = it.decision.predicate().id();
        let finding = Rule::HumanRequired
            .finding(subject.clone())
            .found(format!(
                "the decision {id}, where the contract says gate1 = {gate1}"
            ))
            .expected("approvals by operators");
        findings.push(finding.remedy(format!("git awo approve {task}")));
    }
    let opens = Opens {
        gate,
        again: format!("git awo decide {gate} {on} approve --rationale CODE"),
        on,
        what: "the contract",
        target: Target::Record(contract.digest()),
        base,
    };
    used(it, &opens, subject, findings);
    findings.len() == before
}

/// Judges a decision as it stands when it is used, or is to be.
pub fn used(it: &Opening, opens: &Opens<'_>, subject: &Subject, findings: &mut Findings) {
    let (digest, says) = (it.decision.digest(), it.decision.predicate());
    let (id, again) = (says.id(), &opens.again);
    let mut refuse = |rule: Rule, found: String, expected: String, remedy: &str| {
        let finding = rule.finding(subject.clone()).found(found);
        findings.push(finding.expected(expected).remedy(remedy));
    };
    let decided = &says.decision;
    if says.gate() != Some(opens.gate)
        || decided.decision != Choice::Approve
        || decided.target_ref.as_str() != opens.on
    {
        let (choice, gate, on) = (decided.decision, &decided.gate_type, &decided.target_ref);
        let found = format!("{id} says {choice} of {gate} {on}");
        let expected = format!("approve of {} {}", opens.gate, opens.on);
        refuse(Rule::BindingMismatch, found, expected, again);
    }
    if says.target != opens.target {
        let found = format!("{id} binds {} {}", opens.what, says.target);
        let expected = format!("{}, {} as it is now", opens.target, opens.what);
        refuse(Rule::BindingStale, found, expected, again);
    }
    if let Some(base) = opens.base.filter(|it| says.base != Some(*it)) {
        let bound = says.base.map(|it| it.to_string());
        let found = format!(
            "{id} binds {}",
            bound.as_deref().unwrap_or("no base commit")
        );
        let remedy = opens.instead_of(id);
        refuse(Rule::BindingStale, found, base.to_string(), &remedy);
    }
    if says.expires <= it.time {
        let found = format!("the decision {id} expired at {}", says.expires);
        let expected = format!("one valid at {}", it.time);
        refuse(Rule::ApprovalUnexpired, found, expected, again);
    }
    if let Some(other) = &it.superseded_by {
        let found = format!("{other} supersedes {id}");
        let remedy = opens.instead_of(other);
        refuse(
            Rule::OneLiveDecision,
            found,
            "the last decision".to_owned(),
            &remedy,
        );
    }
    for other in &it.against {
        let found = format!("{other} decides on the same as {id}");
        let remedy = opens.instead_of(other);
        let expected = "one decision that counts".to_owned();
        refuse(Rule::OneLiveDecision, found, expected, &remedy);
    }
    if it.withdrawn {
        let by = subject.clone();
        findings.push(revocation::used_of("decision", digest, by, again));
    }
    for policy in &it.policies {
        findings.extend(self::opens(policy, opens.gate, says, subject));
        decides(&it.decision, policy, subject, findings);
    }
    signed(&it.decision, &it.auto_signature, subject, findings);
}

/// Whoever decided may still decide when the decision is used, with as much evidence as is asked for
/// then.
fn decides(
    decision: &Verified<DecisionPredicate>,
    policy: &Policy,
    subject: &Subject,
    findings: &mut Findings,
) {
    let (says, signer) = (decision.predicate(), decision.signer());
    let actor = &says.decision.actor;
    let refused = match actor.kind {
        ActorKind::Model if policy.model_of(signer) != actor.model_id.as_deref() => Some((
            Rule::ModelIdentity,
            actor
                .model_id
                .clone()
                .unwrap_or_else(|| "no model_id".to_owned()),
            format!(
                "{}, of {signer}",
                policy.model_of(signer).unwrap_or("no model")
            ),
        )),
        ActorKind::Model => {
            let distinct: BTreeSet<_> = says.decision.evidence_refs.iter().collect();
            let needed = policy.document().automation.evidence as usize;
            (distinct.len() < needed).then(|| {
                let found = format!("{} references", distinct.len());
                (Rule::DecisionEvidence, found, format!("at least {needed}"))
            })
        }
        ActorKind::Human if policy.holds(signer, Role::Model) => Some((
            Rule::HumanRequired,
            format!("{signer} decided as a person"),
            "a person; the policy names it as a model".to_owned(),
        )),
        ActorKind::Human => (!policy.holds(signer, Role::Operator)).then(|| {
            let found = format!("{signer} holds {}", policy.roles_of(signer));
            (
                Rule::ApprovedByOperator,
                found,
                "one who is an operator now".to_owned(),
            )
        }),
    };
    findings.extend(refused.map(|(rule, found, expected)| {
        let finding = rule.finding(subject.clone()).found(found);
        let remedy = format!("{} --supersedes {}", again(says), says.id());
        finding.expected(expected).remedy(remedy)
    }));
}

/// Returns the persons who may answer what was deferred on a gate.
pub fn answerers(policy: &Policy, gate: Gate) -> impl Iterator<Item = &IdentityName> {
    policy.people_who(gate.decided_by())
}

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
    // A consent is to exactly the planned bytes, and answers.
    if let Some(escalation) = says.escalation().filter(|_| choice == Choice::Approve) {
        return Some(format!("git awo escalate consent {escalation} --yes"));
    }
    let file = match says.target {
        Target::Object(_) if gate == Gate::RefinementSign => " --file REVISION:PATH",
        _ => "",
    };
    let (on, id) = (&it.target_ref, says.id());
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

/// Returns who opens a gate that needs a person, for a message.
fn persons(policy: &Policy, gate: Gate) -> String {
    let persons: Vec<_> = answerers(policy, gate).map(IdentityName::as_str).collect();
    match persons.is_empty() {
        true => "nobody".to_owned(),
        false => persons.join(", "),
    }
}

/// What a gate answers to whoever asks it to open.
pub fn opens(
    policy: &Policy,
    gate: Gate,
    says: &DecisionPredicate,
    subject: &Subject,
) -> Option<Finding> {
    let by_model = says.decision.actor.kind == ActorKind::Model;
    let need = policy.need(gate);
    let level = policy.level();
    let found = match says.decision.confidence {
        Some(confidence) if by_model => format!("approved by a model with confidence {confidence}"),
        _ if by_model => "approved by a model".to_owned(),
        _ => "approved by a person".to_owned(),
    };
    let persons = persons(policy, gate);
    let on = &says.decision.target_ref;
    let defer = format!("git awo decide {gate} {on} defer --rationale CODE, and ask {persons}");
    let (rule, remedy) = match need {
        _ if level == Level::Locked => (
            Rule::Locked,
            "only a policy change lifts it: git awo policy propose FILE".to_owned(),
        ),
        Need::Never => (
            Rule::GateForbidden,
            format!("git awo decide {gate} {on} reject --rationale CODE"),
        ),
        Need::Human if by_model => (Rule::HumanRequired, defer),
        Need::Auto(least) if by_model && says.decision.confidence.is_none_or(|it| it < least) => {
            (Rule::BelowThreshold, defer)
        }
        Need::Human | Need::Auto(_) => return None,
    };
    let finding = rule.finding(subject.clone()).found(found);
    let expected = match level {
        Level::Locked => format!("at level {level} no gate opens"),
        _ => format!("at level {level}, {gate} needs {need}"),
    };
    Some(finding.expected(expected).remedy(remedy))
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
    if says.decision.decision == Choice::Approve {
        findings.extend(opens(policy, gate, says, subject));
        let by_model = says.decision.actor.kind == ActorKind::Model;
        if let Some(deferred) = &facts.asked {
            findings.extend(asked(policy, by_model, deferred, subject));
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

fn unknown(gate: &Token, subject: &Subject) -> Finding {
    let known: Vec<_> = Gate::ALL.iter().map(|gate| gate.name()).collect();
    let finding = Rule::GateUnknown.finding(subject.clone()).found(gate);
    let expected = finding.expected(known.join(", "));
    expected.remedy("git awo decide GATE TARGET approve --rationale CODE")
}

fn again(says: &DecisionPredicate) -> String {
    let mut again = bare(says);
    for reference in &says.decision.evidence_refs {
        again.push_str(&format!(" --evidence {reference}"));
    }
    again
}

/// Returns the command that decides again, but for the evidence.
fn bare(says: &DecisionPredicate) -> String {
    let it = &says.decision;
    let sure = it.confidence.map(|it| format!(" --confidence {it}"));
    let answers = says.answers.as_ref().map(|it| format!(" --answers {it}"));
    let sure = sure.unwrap_or_default() + &answers.unwrap_or_default();
    let (gate, on, why) = (&it.gate_type, &it.target_ref, &it.rationale);
    match it.decision {
        Choice::Approve => format!("git awo decide {gate} {on} approve --rationale {why}{sure}"),
        Choice::Reject => format!("git awo decide {gate} {on} reject --rationale {why}{sure}"),
        Choice::Defer => format!("git awo decide {gate} {on} defer --rationale {why}{sure}"),
    }
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

/// A model's approval counts with its auto-signature, which arrives with it.
fn signed(
    decision: &Verified<DecisionPredicate>,
    auto_signature: &Lookup<Verified<AutoSignaturePredicate>>,
    subject: &Subject,
    findings: &mut Findings,
) {
    let says = decision.predicate();
    if says.decision.actor.kind != ActorKind::Model {
        return;
    }
    let finding = match auto_signature {
        Lookup::Missing => Rule::BindingMismatch
            .finding(subject.clone())
            .found("no auto-signature beside it")
            .expected("the model's auto-signature of this decision")
            .remedy(again(says)),
        Lookup::Invalid(finding) => finding.clone(),
        Lookup::Valid(signature) => {
            match self::auto_signature(signature, Some(decision), subject) {
                Some(finding) => finding,
                None => return,
            }
        }
    };
    findings.push(finding);
}

/// Judges an auto-signature against the decision beside it.
pub fn auto_signature(
    signature: &Verified<AutoSignaturePredicate>,
    decision: Option<&Verified<DecisionPredicate>>,
    subject: &Subject,
) -> Option<Finding> {
    let says = signature.predicate();
    let it = &says.signature;
    let refuse = |rule: Rule, found: String, expected: String| {
        let finding = rule.finding(subject.clone()).found(found);
        let remedy = format!(
            "git awo decide {} {} defer --rationale CODE",
            it.gate_type, it.target_ref
        );
        Some(finding.expected(expected).remedy(remedy))
    };
    match Gate::of_name(it.gate_type.as_str()) {
        None => {
            return Some(unknown(&it.gate_type, subject));
        }
        Some(gate @ (Gate::CloudEscalation | Gate::PolicyViolation | Gate::SkeletonApproval)) => {
            let found = format!("an auto-signature for {gate}");
            return refuse(Rule::GateForbidden, found, "a person's decision".to_owned());
        }
        Some(_) => {}
    }
    if it.schema_version != SIGNATURE_SCHEMA {
        let found = format!("{:?}", it.schema_version);
        return refuse(Rule::DecisionForm, found, SIGNATURE_SCHEMA.to_owned());
    }
    let Some(decision) = decision else {
        let found = format!("no decision {}", it.decision_id);
        return refuse(
            Rule::BindingMismatch,
            found,
            "a decision that holds".to_owned(),
        );
    };
    let decided = &decision.predicate().decision;
    let same = says.decision == decision.digest()
        && it.decision_id == decided.decision_id
        && it.gate_type == decided.gate_type
        && it.target_ref == decided.target_ref
        && it.actor == decided.actor
        && decided.decision == Choice::Approve
        && signature.signer() == decision.signer();
    if !same {
        let found = format!(
            "{} {} by {}",
            it.gate_type,
            it.target_ref,
            signature.signer()
        );
        let expected = format!(
            "the approval {} of {} {} by {}",
            decision.digest(),
            decided.gate_type,
            decided.target_ref,
            decision.signer()
        );
        return refuse(Rule::BindingMismatch, found, expected);
    }
    None
}

/// A decision binds what its `target_ref` names.
fn target(facts: &DecisionFacts<'_>, gate: Gate, subject: &Subject, findings: &mut Findings) {
    let says = facts.decision.predicate();
    let takes = match gate {
        Gate::SpecApproval | Gate::ScopeChange => matches!(facts.named, Named::Contract(_)),
        Gate::RefinementSign => facts.named == Named::Refinement,
        Gate::SkeletonApproval => matches!(facts.named, Named::Run(_)),
        Gate::PolicyViolation => matches!(facts.named, Named::Contract(_) | Named::Run(_)),
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
            Gate::PolicyViolation => "a contract or a run",
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
