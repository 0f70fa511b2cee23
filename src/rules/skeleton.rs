//! Skeletons: documents first, and nothing is implemented before a reviewer approved them.

use crate::facts::groundwork::{Makers, Skeleton, SkeletonFacts};
use crate::facts::skeleton::is_of_a_document;
use crate::policy::{Policy, Verified};
use crate::record::contract::Contract;
use crate::record::path::quote;
use crate::record::tree::Change;
use crate::record::{
    DecisionId, Finding, Findings, Gate, RepoPath, Role, Rule, RunId, Sha256, Subject, TaskId,
};
use crate::records::{DecisionPredicate, Target};

use super::opening::{self, Opens};

/// Judges a run of a contract that asks for a skeleton.
pub fn run(
    contract: (&Contract, Sha256),
    facts: &SkeletonFacts,
    policy: &Policy,
    subject: &Subject,
    findings: &mut Findings,
) {
    let task = &contract.0.id;
    match facts {
        SkeletonFacts::Makes(others) => findings.extend(unapproved(task, others, subject)),
        SkeletonFacts::Follows(id, None) => findings.push(
            Rule::SkeletonFirst
                .finding(subject.clone())
                .found(format!("no decision {id} on the run of a skeleton"))
                .expected("an approved skeleton")
                .remedy(ask("RUN")),
        ),
        SkeletonFacts::Follows(_, Some(skeleton)) => {
            approved(contract.1, skeleton, policy, subject, findings);
        }
    }
}

/// Judges whether the approval of a skeleton counts for runs of a contract. Tells the decision if it does.
pub fn approved(
    contract: Sha256,
    skeleton: &Skeleton,
    policy: &Policy,
    subject: &Subject,
    findings: &mut Findings,
) -> Option<DecisionId> {
    let before = findings.len();
    let (run, decision) = (&skeleton.run, skeleton.approval.decision.predicate());
    if skeleton.contract != contract || !skeleton.makes {
        findings.push(
            Rule::BindingMismatch
                .finding(subject.clone())
                .found(format!(
                    "{} approves {run}, which makes no skeleton of this contract",
                    decision.id()
                ))
                .expected("the run that made the skeleton")
                .remedy(ask("RUN")),
        );
    }
    if skeleton.cancelled {
        findings.push(cancelled(run, subject));
    }
    findings.extend(unapproved(&skeleton.task, &skeleton.others, subject));
    findings.extend(own(
        &skeleton.made_by,
        &skeleton.approval.decision,
        policy,
        subject,
    ));
    let opens = Opens {
        gate: Gate::SkeletonApproval,
        on: format!("run/{run}"),
        what: "the skeleton",
        target: Target::Object(skeleton.commit),
        base: None,
        again: ask(run.as_str()),
    };
    opening::used(&skeleton.approval, &opens, subject, findings);
    if !skeleton.in_time {
        let id = decision.id();
        findings.push(
            Rule::SkeletonFirst
                .finding(subject.clone())
                .found(format!("{id} was not received before the push of the run"))
                .expected("an approval that the server had before")
                .remedy(super::remedy::receive_first(
                    skeleton.approval.decision.signer(),
                )),
        );
    }
    (findings.len() == before).then(|| decision.id().clone())
}

/// Returns the finding that the run that made a skeleton was cancelled: nobody decides on it, and nothing
/// follows it.
pub fn cancelled(run: &RunId, subject: &Subject) -> Finding {
    Rule::RunOver
        .finding(subject.clone())
        .found(format!("{run}, a run in the state cancelled"))
        .expected("a skeleton made by a run that nobody has cancelled")
        .remedy("git awo approve TASK --again, then git awo run TASK -- COMMAND")
}

/// Whoever made a skeleton does not approve it.
pub fn own(
    makers: &Makers,
    approval: &Verified<DecisionPredicate>,
    policy: &Policy,
    subject: &Subject,
) -> Option<Finding> {
    let person = approval.signer();
    let finding = Rule::IndependentReviewer
        .finding(subject.clone())
        .found(format!("{person} made the skeleton and approves it"))
        .expected("another person");
    let on = &approval.predicate().decision.target_ref;
    let remedy = format!(
        "ask another reviewer ({}) to run git awo decide {} {on} approve --rationale CODE",
        policy.holders_but(Role::Reviewer, person),
        Gate::SkeletonApproval,
    );
    makers.are(person, policy).then(|| finding.remedy(remedy))
}

/// Judges what a run changes that makes a skeleton.
pub fn changes(
    contract: &Contract,
    changes: &[Change],
    subject: &Subject,
    findings: &mut Findings,
) {
    let others = changes.iter().filter(|it| !is_of_a_document(it));
    let others: Vec<_> = others.map(|it| it.path.clone()).collect();
    findings.extend(unapproved(&contract.id, &others, subject));
}

/// The run that makes a skeleton is looked at, and does not land.
pub fn stays(run: &RunId, subject: &Subject) -> Finding {
    Rule::SkeletonStays
        .finding(subject.clone())
        .found("the run of a skeleton")
        .expected("the run that follows it")
        .remedy(ask(run.as_str()))
}

/// Returns the finding that a run changes more than documents and names no approved skeleton.
fn unapproved(task: &TaskId, others: &[RepoPath], subject: &Subject) -> Option<Finding> {
    let first = others.first()?;
    let finding = Rule::SkeletonFirst.finding(subject.clone().path(first));
    let more = others.len().saturating_sub(1);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let path = quote(first.as_bytes());
    let finding = finding.found(format!(
        "{path}{more} changed before a skeleton was approved"
    ));
    let finding = finding.expected("documents alone (*.md, *.markdown, *.rst, *.adoc, *.txt)");
    Some(finding.remedy(format!(
        "git awo run {task} -- COMMAND, with a command that writes documents only, git awo push, then {}",
        ask("RUN")
    )))
}

/// Returns the finding that nobody has approved a skeleton of a contract that asks for one.
pub fn missing(task: &TaskId, subject: &Subject) -> Finding {
    let finding = Rule::SkeletonFirst.finding(subject.clone());
    let finding = finding.found(format!("no approved skeleton of {task}"));
    let finding = finding.expected("documents that a reviewer approved");
    finding.remedy(ask("RUN"))
}

/// Returns how the skeleton that a run made is approved.
pub fn ask(run: &str) -> String {
    let (gate, on) = (Gate::SkeletonApproval, format!("run/{run}"));
    format!("ask a reviewer to run git awo decide {gate} {on} approve --rationale CODE")
}
