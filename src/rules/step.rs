//! The steps of a run after it was recorded: gate 2, gate 3, attestation, finalization. Each is
//! taken only if the chain before it holds.

use std::collections::BTreeSet;

use crate::facts::demanded::Demanded;
use crate::facts::run::{Held, RunFacts};
use crate::facts::upstream::Ahead;
use crate::policy::{Policy, Role, Verified};
use crate::record::{
    Finding, Findings, IdentityName, ObjectId, RefName, Refusal, Rule, RunId, Sha256, Subject,
};
use crate::records::AttestationPredicate;

use super::life::{self, Life, State, Whose};
use super::{Reviews, Step, by_model, remedy, reviews, run_binds, self_review};

/// Judges whether a reviewer may take gate 3 or attest, given the findings on the chain before that.
/// Returns the reviews that the step builds on, and which passed gate 2.
pub fn by_reviewer(
    step: Step,
    run: Held<'_>,
    policy: &Policy,
    reviewer: &IdentityName,
    life: &Life,
    mut findings: Findings,
) -> Result<(Reviews, Sha256), Refusal> {
    let id = &run.facts.id;
    let to = match step {
        Step::Attestation => State::Attested,
        _ => State::Audited,
    };
    let turn = turn(run, life, to);
    if let Some(over) = over(turn.as_ref(), life, &findings) {
        return Err(over);
    }
    if run.made_by(reviewer, policy) && !run.overridden() {
        let what = match step {
            Step::Attestation => "attestation",
            _ => "gate 3",
        };
        let remedy = format!(
            "ask another reviewer ({}) to do it",
            policy.holders_but(Role::Reviewer, reviewer)
        );
        findings.push(self_review(run, what, reviewer, &remedy));
    }
    let models = Demanded::by(policy, run.facts.contract_says()).models;
    if step == Step::Gate3 && policy.is_of_model(reviewer) && !models {
        findings.push(by_model(run, reviewer, policy));
    }
    let reviews = reviews(run.facts, policy, None, &mut Findings::new());
    match (reviews.passed.first().copied(), turn) {
        (Some(independence), None) if findings.is_empty() => Ok((reviews, independence)),
        (Some(_), Some(turn)) => Err(Refusal::from(turn).and(findings)),
        (_, turn) => {
            let gate = format!("git awo gate {id}");
            Err(before(findings, Rule::Gate2, id, gate).and(turn))
        }
    }
}

/// Returns the finding that a step is not in its turn.
fn turn(run: Held<'_>, life: &Life, to: State) -> Option<Finding> {
    let subject = Subject::of_run(&run.facts.id);
    life::may(life.state(), to, Whose::facts(run.facts), subject)
}

/// Returns the refusal of a step that can never be taken any more. What else may be missing is of no use then;
/// of a run that has failed the chain says why.
fn over(turn: Option<&Finding>, life: &Life, chain: &Findings) -> Option<Refusal> {
    let over = turn.filter(|it| it.rule == Rule::RunOver)?.clone();
    let why = (life.state() == State::Failed).then(|| chain.clone());
    Some(Refusal::from(over).and(why.into_iter().flatten()))
}

/// What a finalization names.
pub struct Complete<'a> {
    /// The reviews that hold.
    pub reviews: Reviews,
    pub attestation: &'a Verified<AttestationPredicate>,
}

/// Judges whether a run may be finalized, given the findings on the chain before that.
pub fn finalization<'a>(
    run: Held<'a>,
    policy: &Policy,
    life: &Life,
    findings: Findings,
) -> Result<Complete<'a>, Refusal> {
    let id = &run.facts.id;
    // Where a killed process has recorded the finalization, only the branch is left to be moved.
    let is_new = run.facts.finalization.valid().is_none();
    let turn = turn(run, life, State::Finalized).filter(|_| is_new);
    if let Some(over) = over(turn.as_ref(), life, &findings) {
        return Err(over);
    }
    let reviews = reviews(run.facts, policy, None, &mut Findings::new());
    match attestation(run.facts, &reviews, policy) {
        Some(attestation) if findings.is_empty() && turn.is_none() => Ok(Complete {
            reviews,
            attestation,
        }),
        _ => {
            let attest = format!("git awo attest {id}");
            Err(before(findings, Rule::Attestation, id, attest).and(turn))
        }
    }
}

/// Returns an attestation that a finalization may name: one that holds and names approvals by as
/// many persons as the policy demands. One from before the policy demanded more may not.
pub fn attestation<'a>(
    facts: &'a RunFacts,
    reviews: &Reviews,
    policy: &Policy,
) -> Option<&'a Verified<AttestationPredicate>> {
    let needed = Demanded::by(policy, facts.contract_says()).of_run;
    let suffices = |it: &&Verified<AttestationPredicate>| {
        let named = &it.predicate().approvals;
        let counted = reviews.approved.iter().filter(|it| named.contains(&it.0));
        let persons: BTreeSet<_> = counted.map(|(_, person)| person).collect();
        reviews.attested.contains(&it.digest()) && persons.len() >= needed
    };
    let attestations = facts.attestations.iter().filter(suffices);
    attestations.min_by_key(|it| it.digest())
}

/// Returns why the record of a run does not hold.
pub fn unheld(facts: &RunFacts, policy: &Policy) -> Refusal {
    let mut findings = Findings::new();
    run_binds(facts, policy, &mut findings);
    Refusal::or(
        findings,
        Rule::RunRecord
            .finding(Subject::of_run(&facts.id))
            .found("a run record that does not hold")
            .expected("a run record that holds")
            .remedy("git awo run TASK --run-id OTHER -- COMMAND"),
    )
}

/// Returns that no approval of a run counts, so that nothing can be attested.
pub fn unapproved(run: &RunId) -> Refusal {
    let remedy = format!("git awo approve {run}");
    before(Findings::new(), Rule::RunApproved, run, remedy)
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
        .remedy("ask a root to name it: git awo policy propose FILE")
}

/// Returns the finding that the branch of a run is neither where the run began nor at its commit.
/// It may only be behind: then the run is not lost. `landed` tells whether the branch holds the commit
/// where it was seen last.
pub fn base_moved(
    run: Held<'_>,
    tip: Option<ObjectId>,
    behind: Option<&Ahead>,
    landed: bool,
) -> Finding {
    let says = run.says();
    let again = remedy::run_again(&says.task);
    let remedy = match behind {
        None => again,
        Some(it) if landed => format!("{} (the run has landed)", remedy::follow(it)),
        Some(it) if it.tip == says.base => {
            format!("{}, then git awo finalize {}", remedy::follow(it), says.run)
        }
        Some(it) => format!("{}, then {again}", remedy::follow(it)),
    };
    let tip = tip.map_or("nothing".to_owned(), |id| id.to_string());
    Rule::BaseIsTip
        .finding(Subject::of_run(&says.run))
        .found(format!("{} is at {tip}", says.reference))
        .expected(says.base)
        .remedy(remedy)
}
