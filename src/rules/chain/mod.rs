//! The chain of a governed commit: contract → approval → run → evidence → gate 2 → gate 3 →
//! attestation → finalization. Each link must exist, hold and bind the others.

mod attested;
mod gates;
mod links;
mod run;

use std::collections::BTreeSet;

use crate::facts::case::CommitCase;
use crate::facts::run::RunFacts;
use crate::policy::Policy;
use crate::record::{Findings, RepoPath, Rule, Sha256, Subject};

use super::scope::{contract_scope, policy_paths};
use super::skeleton;

pub use gates::{by_model, self_review};
use links::{Links, bad_records};
pub use links::{Reviews, Step};

/// Judges a commit that claims to be governed, with its whole chain.
pub fn chain(case: &CommitCase<'_>, facts: &RunFacts, findings: &mut Findings) {
    chain_before(None, case, facts, findings);
}

/// Judges a commit that claims to be governed, with its chain as far as a step of the run builds on
/// it. What stands at this step already, or after it, does not keep anybody from taking it (again).
pub fn chain_before(
    step: Option<Step>,
    case: &CommitCase<'_>,
    facts: &RunFacts,
    findings: &mut Findings,
) {
    let subject = case.subject().run(&facts.id);
    if !case.rules.accepts_governed() {
        let remedy = case.without_trailers("git awo policy show");
        findings.push(
            Rule::GovernedAccepted
                .finding(subject.clone())
                .found("a governed commit")
                .expected("a ref that takes governed commits")
                .remedy(format!(
                    "push it to the branch that it was made for; else {remedy}"
                )),
        );
    }
    let person = case.person(findings);
    if let Some(person) = &person {
        policy_paths(case, person, findings);
    }
    bad_records(facts, &subject, findings);
    let policy = case.rules.policy();
    let Some(mut links) = Links::begin(facts, policy, subject, None, findings) else {
        return;
    };
    links.run_binds_commit(case, person.as_ref());
    links.run_binds();
    if let Some(contract) = facts.contract.valid() {
        let contract = &contract.predicate().contract;
        let subject = links.subject.clone();
        match links.run.says().is_skeleton(contract) {
            true => links.findings.push(skeleton::stays(&facts.id, &subject)),
            false => {
                let follows = |path: &RepoPath| case.artefacts.generated.contains(path);
                let found = &mut links.findings;
                contract_scope(contract, case.changes, follows, &subject, found);
            }
        }
    }
    links.reviews(step);
    findings.extend(links.findings);
}

/// Judges what a run record binds, without the later links: what its arrival and gate 2 need.
pub fn run_binds(facts: &RunFacts, policy: &Policy, findings: &mut Findings) {
    let subject = Subject::of_run(&facts.id);
    bad_records(facts, &subject, findings);
    if let Some(mut links) = Links::begin(facts, policy, subject, None, findings) {
        links.run_binds();
        findings.extend(links.findings);
    }
}

/// Judges the reviews of a run (gate 2, gate 3, attestation, finalization). With a focus, only
/// the records of these digests are judged, and gaps after them are no findings.
pub fn reviews(
    facts: &RunFacts,
    policy: &Policy,
    focus: Option<&BTreeSet<Sha256>>,
    findings: &mut Findings,
) -> Reviews {
    let subject = Subject::of_run(&facts.id);
    let Some(mut links) = Links::begin(facts, policy, subject, focus, findings) else {
        return Reviews::default();
    };
    links.reviews(None);
    findings.extend(links.findings);
    links.reviews
}
