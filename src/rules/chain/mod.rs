//! The chain of a governed commit: contract → approval → run → evidence → gate 2 → gate 3 →
//! attestation → finalization. Each link must exist, hold and bind the others.

mod attested;
mod gates;
mod links;
mod run;

use std::collections::BTreeSet;

use crate::facts::case::{CommitCase, RunFacts};
use crate::policy::Policy;
use crate::record::{Findings, Rule, Sha256, Subject};

use super::scope::{contract_scope, policy_paths};

use links::Links;
pub use links::Reviews;

/// Judges a commit that claims to be governed, with its whole chain.
pub fn chain(case: &CommitCase<'_>, facts: &RunFacts, findings: &mut Findings) {
    let subject = case.subject().run(&facts.id);
    if !case.rules.accepts_governed() {
        findings.push(
            Rule::GovernedAccepted
                .finding(subject.clone())
                .found("a governed commit")
                .expected("a ref that takes governed commits")
                .remedy(format!(
                    "push it to the branch that it was made for; else {}",
                    case.without_trailers("git awo policy show")
                )),
        );
    }
    let person = case.person(findings);
    if let Some(person) = &person {
        policy_paths(case, person, findings);
    }
    let mut links = Links::new(facts, case.rules.policy(), subject, None);
    links.bad_records();
    if let Some(run) = links.link("run record", Rule::RunRecord, &facts.run) {
        links.inventory(run);
        links.run_binds_commit(case, run, person.as_ref());
        if let Some(contract) = links.link("contract", Rule::Contract, &facts.contract) {
            links.contract(run, contract);
            let subject = links.subject.clone();
            contract_scope(
                &contract.predicate().contract,
                case.changes,
                &subject,
                &mut links.findings,
            );
            links.task_approvals(run, contract);
        }
        links.evidence(run);
        links.reviews(run);
    }
    findings.extend(links.findings);
}

/// Judges what a run record binds, without the later links: what its arrival and gate 2 need.
pub fn run_binds(facts: &RunFacts, policy: &Policy, findings: &mut Findings) {
    let mut links = Links::new(facts, policy, Subject::of_run(&facts.id), None);
    links.bad_records();
    if let Some(run) = links.link("run record", Rule::RunRecord, &facts.run) {
        links.inventory(run);
        if let Some(contract) = links.link("contract", Rule::Contract, &facts.contract) {
            links.contract(run, contract);
            links.task_approvals(run, contract);
        }
        links.evidence(run);
    }
    findings.extend(links.findings);
}

/// Judges the reviews of a run (gate 2, gate 3, attestation, finalization). With a focus, only
/// the records of these digests are judged, and gaps after them are no findings.
pub fn reviews(
    facts: &RunFacts,
    policy: &Policy,
    focus: Option<&BTreeSet<Sha256>>,
    findings: &mut Findings,
) -> Reviews {
    let mut links = Links::new(facts, policy, Subject::of_run(&facts.id), focus);
    let reviews = match links.link("run record", Rule::RunRecord, &facts.run) {
        Some(run) => links.reviews(run),
        None => Reviews::default(),
    };
    findings.extend(links.findings);
    reviews
}
