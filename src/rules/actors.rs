//! Who takes part in the run of a work packet: the model that the packet names, and others only where an
//! operator has approved that.

use crate::policy::Policy;
use crate::record::contract::Contract;
use crate::record::path::quote;
use crate::record::{Findings, Gate, IdentityName, Rule, Subject};

use super::remedy;

/// Who took part in a run, or is to.
pub struct Took<'a> {
    /// Who orchestrated it.
    pub orchestrator: &'a IdentityName,
    /// The models that its commit names as having assisted.
    pub models: &'a [String],
    /// The notes of the persons who approved its task by a decision.
    pub notes: &'a [String],
}

/// Judges who takes part in a run.
pub fn actors(
    contract: &Contract,
    took: &Took<'_>,
    policy: &Policy,
    subject: &Subject,
    findings: &mut Findings,
) {
    let Some(packet) = &contract.packet else {
        return;
    };
    let mut refuse = |rule: Rule, found: String, expected: String, remedy: String| {
        let finding = rule.finding(subject.clone()).found(found);
        findings.push(finding.expected(expected).remedy(remedy));
    };
    let again = remedy::run_again(&contract.id);
    let own = policy.model_of(took.orchestrator);
    let coder = packet.actors.coder_model.as_deref();
    for model in took.models.iter().filter(|it| !policy.is_model(it)) {
        let found = format!("assisted by {}", quote(model.as_bytes()));
        let expected = "the model of somebody whom the policy names".to_owned();
        refuse(Rule::CoderModel, found, expected, again.clone());
    }
    let models = || took.models.iter().map(String::as_str).chain(own);
    if let Some(coder) = coder
        && !(policy.is_model(coder) && models().any(|it| it == coder))
    {
        let found: Vec<_> = models().collect();
        let found = match found.is_empty() {
            true => "no model".to_owned(),
            false => found.join(", "),
        };
        let expected = format!("{coder}, the packet's coder, as the model of an identity");
        let task = &contract.id;
        let again = format!("git awo run {task} --assisted-by NAME -- COMMAND");
        refuse(Rule::CoderModel, found, expected, again);
    }
    let delegates = took.models.iter().map(String::as_str);
    let mut delegates = delegates.filter(|it| Some(*it) != coder && Some(*it) != own);
    let Some(delegate) = delegates.next() else {
        return;
    };
    let delegation = packet.delegation.as_ref().filter(|it| it.allowed);
    let Some(delegation) = delegation else {
        let found = format!("{delegate} takes part");
        let expected = "nobody else: the packet does not allow delegation".to_owned();
        return refuse(Rule::Delegation, found, expected, again);
    };
    let evidence = delegation
        .operator_approval_evidence
        .as_deref()
        .unwrap_or_default();
    if !took.notes.iter().any(|it| it == evidence) {
        let (gate, on) = (Gate::SpecApproval, format!("task/{}", contract.id));
        let found =
            format!("{delegate} takes part, and no approval has the packet's evidence as its note");
        let expected = format!(
            "an operator's approval with the note {}",
            quote(evidence.as_bytes())
        );
        let remedy = format!("git awo decide {gate} {on} approve --rationale CODE --note TEXT");
        refuse(Rule::DelegationApproved, found, expected, remedy);
    }
}
