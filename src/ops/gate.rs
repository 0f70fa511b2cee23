//! Gate 2: reviews a run by machine, and records how that ended, also when it failed.

use crate::facts::run::Held;
use crate::policy::Role;
use crate::record::{Reason, Report, RunId};
use crate::records::{Context, GateStatus, IndependencePredicate, Kind, SelfApprovalPredicate};
use crate::rules::gate2::{Judgement, Review, Unrecorded};
use crate::rules::{Step, step};
use crate::store::batch::Batch;

use super::{Error, Session};

/// What is to be reviewed.
pub struct Request {
    /// The run.
    pub run: RunId,
    /// Record an override: the reviewer permits a self-approval.
    pub allow_self_approval: bool,
    /// Why the override is needed.
    pub reason: Option<Reason>,
}

/// A gate that is recorded.
pub struct Reviewed {
    /// How it ended.
    pub status: GateStatus,
    /// How it ended, in a sentence.
    pub message: &'static str,
    /// The report with the findings that made it fail.
    pub report: Report,
}

/// Reviews a run: judges every link of its chain up to here and records the result.
pub fn gate(session: &Session, request: &Request) -> Result<Reviewed, Error> {
    let run = &request.run;
    let facts = session.run(run)?;
    let policy = session.policy()?;
    let context = session.context(&[Role::Reviewer])?;
    let Some(held) = facts.held() else {
        return Err(session.refused(
            format!("{run} cannot be reviewed: its run record does not hold"),
            step::unheld(&facts, policy),
        ));
    };
    let chain = session.judge_chain(held, Some(Step::Gate2))?;
    let life = session.life(&facts)?;
    let review = Review {
        run: held,
        policy,
        life: &life,
        reviewer: &context.identity,
        override_asked: request.allow_self_approval,
    };
    let judged = review
        .judge(chain)
        .map_err(|unrecorded| refuse(session, run, unrecorded))?;
    let mut batch = Batch::new(format!("gate 2 of {run}"));
    if judged.records_override {
        let envelope = session.sign(permission(request, held, context.clone()))?;
        let path = Kind::SelfApproval.one_of(run, envelope.digest());
        batch = batch.record(&path, &envelope);
    }
    let envelope = session.sign(log(held, &judged, context))?;
    let path = Kind::Independence.one_of(run, envelope.digest());
    batch = batch.record(&path, &envelope);
    session.commit(&batch)?;
    Ok(Reviewed {
        status: judged.status,
        message: message(judged.status),
        report: Report::of(judged.findings),
    })
}

fn refuse(session: &Session, run: &RunId, unrecorded: Unrecorded) -> Error {
    match unrecorded {
        Unrecorded::NotHere(why) => {
            let message =
                format!("{run} cannot be reviewed here: a link is missing or does not hold");
            session.refused(message, why).hint("git awo fetch")
        }
        Unrecorded::NotRunAgain(why) => {
            let message = format!("{run} does not pass gate 2: nothing was recorded");
            session.refused(message, why)
        }
        Unrecorded::MayNotOverride(why) => Error::denied("you may not permit a self-approval", why),
        Unrecorded::OutOfTurn(why) => {
            session.refused(format!("nothing was recorded of {run}"), why)
        }
    }
}

/// The override that lets the orchestrator review.
fn permission(request: &Request, run: Held<'_>, context: Context) -> SelfApprovalPredicate {
    let says = run.says();
    SelfApprovalPredicate {
        allow_self_approval: "1".to_owned(),
        commit: says.commit,
        context,
        reason: request
            .reason
            .as_ref()
            .map_or_else(String::new, Reason::to_string),
        root: says.root,
        run: says.run.clone(),
    }
}

/// The independence log of a gate.
fn log(run: Held<'_>, judged: &Judgement, context: Context) -> IndependencePredicate {
    let says = run.says();
    let reasons = judged.broken_invariants();
    let lets = judged.same_person && judged.overridden;
    IndependencePredicate {
        allow_self_approval: if lets { "1" } else { "0" }.to_owned(),
        commit: says.commit,
        invariants_ok: reasons.is_empty(),
        invariants_reasons: reasons,
        message: message(judged.status).to_owned(),
        orchestrator: run.orchestrator().clone(),
        reviewer: context.identity.clone(),
        context,
        root: run.facts.evidence.valid().map_or(says.root, |it| it.root),
        run_id: says.run.clone(),
        status: judged.status,
    }
}

fn message(status: GateStatus) -> &'static str {
    match status {
        GateStatus::FailedInvariants => "an invariant, a hash or a binding does not hold",
        GateStatus::FailedSelfApproval => "orchestrator and reviewer are one person",
        GateStatus::SelfApprovedWithOverride => {
            "orchestrator and reviewer are one person, by a recorded override"
        }
        GateStatus::ApprovedByIndependentReviewer => "reviewed by another person",
    }
}
