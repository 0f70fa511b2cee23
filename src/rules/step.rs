//! The steps of a run after it was recorded: gate 2, gate 3, attestation, finalization. Each is
//! taken only if the chain up to it holds.

use crate::facts::case::RunFacts;
use crate::facts::provenance;
use crate::policy::{Policy, Role, Verified};
use crate::record::{
    Finding, Findings, IdentityName, ObjectId, RefName, Refusal, Rule, RunId, Sha256, Subject,
};
use crate::records::{AttestationPredicate, RunPredicate};

use super::{Reviews, reviews, run_binds};

/// A step of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A reviewer reviews the run by machine.
    Gate2,
    /// A reviewer approves the run.
    Gate3,
    /// A reviewer attests the run.
    Attestation,
    /// The run is finalized.
    Finalization,
}

impl Step {
    /// Returns the rules on links of the chain that this step or a later one makes.
    fn to_come(self) -> &'static [Rule] {
        match self {
            Step::Gate2 => &[
                Rule::Gate2,
                Rule::RunApproved,
                Rule::Attestation,
                Rule::Finalization,
                Rule::ProvenanceIndex,
                // The gate judges that itself: it records a failure.
                Rule::IndependentReviewer,
            ],
            Step::Gate3 => &[
                Rule::RunApproved,
                Rule::Attestation,
                Rule::Finalization,
                Rule::ProvenanceIndex,
            ],
            Step::Attestation => &[Rule::Attestation, Rule::Finalization, Rule::ProvenanceIndex],
            Step::Finalization => &[Rule::Finalization, Rule::ProvenanceIndex],
        }
    }

    /// Returns what speaks against this step of all findings on a chain: those on links that are
    /// still to come are left out.
    pub fn due(self, chain: Findings) -> Findings {
        let to_come = self.to_come();
        // The index entry is derived anew by the finalization, whatever stands in its place.
        let is_to_come = |finding: &Finding| {
            to_come.iter().any(|it| finding.rule == *it) || provenance::is_rule(&finding.rule)
        };
        chain
            .into_iter()
            .filter(|finding| !is_to_come(finding))
            .collect()
    }
}

/// Judges whether a reviewer may take gate 3 or attest, given all findings on the chain. Returns
/// the reviews that the step builds on, and which passed gate 2.
pub fn by_reviewer(
    step: Step,
    facts: &RunFacts,
    policy: &Policy,
    reviewer: &IdentityName,
    chain: Findings,
) -> Result<(Reviews, Sha256), Refusal> {
    let mut findings = step.due(chain);
    let orchestrator = facts.run.valid().map(|run| run.signer());
    if orchestrator == Some(reviewer) && !facts.overridden() {
        let what = match step {
            Step::Attestation => "attestation",
            _ => "gate 3",
        };
        let remedy = format!("ask another reviewer ({})", policy.holders(Role::Reviewer));
        findings.push(self_review(&facts.id, what, reviewer, &remedy));
    }
    let reviews = reviews(facts, policy, None, &mut Findings::new());
    let independence = reviews.passed.first().copied();
    match independence {
        Some(independence) if findings.is_empty() => Ok((reviews, independence)),
        _ => {
            let remedy = format!("git awo gate {}", facts.id);
            Err(before(findings, Rule::Gate2, &facts.id, remedy))
        }
    }
}

/// Judges whether a run may be finalized, given all findings on the chain. Returns the reviews and
/// the attestation that the finalization names.
pub fn finalization<'a>(
    facts: &'a RunFacts,
    policy: &Policy,
    chain: Findings,
) -> Result<(Reviews, &'a Verified<AttestationPredicate>), Refusal> {
    let findings = Step::Finalization.due(chain);
    let reviews = reviews(facts, policy, None, &mut Findings::new());
    let first = reviews.attested.first();
    let attestation = first.and_then(|first| {
        let mut attestations = facts.attestations.iter();
        attestations.find(|it| it.digest() == *first)
    });
    match attestation {
        Some(attestation) if findings.is_empty() => Ok((reviews, attestation)),
        _ => {
            let remedy = format!("git awo attest {}", facts.id);
            Err(before(findings, Rule::Attestation, &facts.id, remedy))
        }
    }
}

/// Returns the finding that one person orchestrated and reviewed.
pub fn self_review(run: &RunId, what: &str, person: &IdentityName, remedy: &str) -> Finding {
    Rule::IndependentReviewer
        .finding(Subject::of_run(run))
        .found(format!("{what}: {person} orchestrated and reviewed"))
        .expected("another person")
        .remedy(remedy)
}

/// Returns why the record of a run does not hold.
pub fn unheld(facts: &RunFacts, policy: &Policy) -> Refusal {
    let mut findings = Findings::new();
    run_binds(facts, policy, &mut findings);
    Refusal::or(
        findings,
        Rule::RunHolds
            .finding(Subject::of_run(&facts.id))
            .found("a run record that does not hold")
            .expected("a run record that holds")
            .remedy(format!("git awo chain {}", facts.id)),
    )
}

/// Returns what stands against a step: these findings, or else that the link before is missing.
fn before(findings: Findings, rule: Rule, run: &RunId, remedy: String) -> Refusal {
    let link = rule.finding(Subject::of_run(run)).found("no such link");
    let link = link.expected(format!("the link {rule} of the chain"));
    Refusal::or(findings, link.remedy(remedy))
}

/// Returns the finding that no rule governs a ref.
pub fn ungoverned(reference: &RefName) -> Finding {
    Rule::UngovernedRef
        .finding(Subject::of_ref(reference))
        .found("a ref that no rule governs")
        .expected("a governed branch")
        .remedy("git awo policy show")
}

/// Returns the finding that the branch of a run is neither where the run began nor at its commit.
pub fn base_moved(run: &RunPredicate, tip: Option<ObjectId>) -> Finding {
    Rule::BaseIsTip
        .finding(Subject::of_run(&run.run))
        .found(format!(
            "{} is at {}",
            run.reference,
            tip.map_or("nothing".to_owned(), |id| id.to_string())
        ))
        .expected(run.base)
        .remedy(format!(
            "git awo approve {} and run it on the new tip",
            run.task
        ))
}
