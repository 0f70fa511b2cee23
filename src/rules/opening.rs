//! What opens a gate: how a decision stands when something uses it, or is to.

use std::collections::BTreeSet;

use crate::facts::lookup::Lookup;
use crate::facts::opening::Opening;
use crate::policy::{Need, Policy, Role, Verified};
use crate::record::contract::Gate1;
use crate::record::{
    Choice, DecisionId, Finding, Findings, Gate, IdentityName, Level, ObjectId, Rule, Subject,
    Token,
};
use crate::records::{
    ActorKind, AutoSignaturePredicate, ContractPredicate, DecisionPredicate, SIGNATURE_SCHEMA,
    Target,
};

use super::{remedy, revocation};

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
        decides(&it.decision, policy, opens.gate, subject, findings);
    }
    signed(&it.decision, &it.auto_signature, subject, findings);
}

/// Whoever decided may still decide when the decision is used, with as much evidence as is asked for
/// then.
fn decides(
    decision: &Verified<DecisionPredicate>,
    policy: &Policy,
    gate: Gate,
    subject: &Subject,
    findings: &mut Findings,
) {
    let (says, signer) = (decision.predicate(), decision.signer());
    let roles = gate.decided_by();
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
        ActorKind::Human => (!roles.iter().any(|it| policy.holds(signer, *it))).then(|| {
            let found = format!("{signer} holds {}", policy.roles_of(signer));
            let words: Vec<_> = roles.iter().map(|it| it.word()).collect();
            let expected = format!("one who holds {} now", words.join(" or "));
            (Rule::ApprovedByOperator, found, expected)
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

/// Returns who opens a gate that needs a person, for a message.
pub(super) fn persons(policy: &Policy, gate: Gate) -> String {
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
    let file = file(Some(gate));
    let defer =
        format!("git awo decide {gate} {on}{file} defer --rationale CODE, and ask {persons}");
    let (rule, remedy) = match need {
        _ if level == Level::Locked => (
            Rule::Locked,
            "only a policy change lifts it: git awo policy propose FILE".to_owned(),
        ),
        Need::Never => (
            Rule::GateForbidden,
            format!("git awo decide {gate} {on}{file} reject --rationale CODE"),
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

pub(super) fn unknown(gate: &Token, subject: &Subject) -> Finding {
    let known: Vec<_> = Gate::ALL.iter().map(|gate| gate.name()).collect();
    let finding = Rule::GateUnknown.finding(subject.clone()).found(gate);
    let expected = finding.expected(known.join(", "));
    expected.remedy("git awo decide GATE TARGET approve --rationale CODE")
}

pub(super) fn again(says: &DecisionPredicate) -> String {
    let mut again = bare(says);
    for reference in &says.decision.evidence_refs {
        again.push_str(&format!(" --evidence {reference}"));
    }
    again
}

/// Returns what a command that decides on a gate says besides: which file the refinement is.
pub(super) fn file(gate: Option<Gate>) -> &'static str {
    match gate {
        Some(Gate::RefinementSign) => " --file REVISION:PATH",
        _ => "",
    }
}

/// Returns what a command that decides on a run says besides: which actions are permitted.
pub(super) fn permits(says: &DecisionPredicate) -> String {
    let words: Vec<_> = says.permits.iter().map(|it| it.as_str()).collect();
    match words.is_empty() {
        true => String::new(),
        false => format!(" --permits {}", words.join(",")),
    }
}

/// Returns the command that decides again, but for the evidence.
pub(super) fn bare(says: &DecisionPredicate) -> String {
    let lifts = says.decision.decision == Choice::Approve;
    if let Some(protection) = says.protection.as_ref().filter(|_| lifts) {
        return remedy::lift(protection);
    }
    let it = &says.decision;
    let sure = it.confidence.map(|it| format!(" --confidence {it}"));
    let answers = says.answers.as_ref().map(|it| format!(" --answers {it}"));
    let sure = file(says.gate()).to_owned()
        + &permits(says)
        + &sure.unwrap_or_default()
        + &answers.unwrap_or_default();
    let (gate, on, why) = (&it.gate_type, &it.target_ref, &it.rationale);
    match it.decision {
        Choice::Approve => format!("git awo decide {gate} {on} approve --rationale {why}{sure}"),
        Choice::Reject => format!("git awo decide {gate} {on} reject --rationale {why}{sure}"),
        Choice::Defer => format!("git awo decide {gate} {on} defer --rationale {why}{sure}"),
    }
}

/// A model's approval counts with its auto-signature, which arrives with it.
pub(super) fn signed(
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
    let gate = Gate::of_name(it.gate_type.as_str());
    let refuse = |rule: Rule, found: String, expected: String| {
        let finding = rule.finding(subject.clone()).found(found);
        let remedy = format!(
            "git awo decide {} {}{} defer --rationale CODE",
            it.gate_type,
            it.target_ref,
            file(gate)
        );
        Some(finding.expected(expected).remedy(remedy))
    };
    match gate {
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
