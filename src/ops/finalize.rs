//! Finalizes a run: names every link of its complete chain, indexes it, moves the branch to it.

use std::collections::BTreeSet;

use crate::facts::run::Held;
use crate::facts::upstream::ahead;
use crate::git::{Expected, RefUpdate};
use crate::policy::Role;
use crate::record::{IdentityName, ObjectId, RefName, Refusal, RunId, Sha256};
use crate::records::{Context, FinalizationPredicate, Kind};
use crate::rules::Step;
use crate::rules::step::{self, Complete};
use crate::store::batch::Batch;

use super::work_tree::{catch_up, follow, require_clean};
use super::{Error, Session};

/// A run that is finalized now.
pub struct Finalized {
    /// The commit of the run.
    pub commit: ObjectId,
    /// The branch that is at the commit now.
    pub reference: RefName,
    /// The attestation that the finalization names.
    pub attestation: Sha256,
    /// Why the work tree could not follow, if it could not.
    pub remark: Option<String>,
}

/// Finalizes a run: validates its chain, indexes it and moves the branch to its commit, all in one
/// transaction. Where a killed process has done that in part, the rest is done.
pub fn finalize(session: &Session, run: &RunId) -> Result<Finalized, Error> {
    let facts = session.run(run)?;
    let context = session.context(&[Role::Orchestrator, Role::Operator, Role::Reviewer])?;
    let policy = session.policy()?;
    let refuse = |why: Refusal| session.refused(format!("{run} cannot be finalized"), why);
    let held = facts.held();
    let held = held.ok_or_else(|| refuse(step::unheld(&facts, policy)))?;
    let says = held.says();
    let chain = session.judge_chain(held, Some(Step::Finalization))?;
    let life = session.life(&facts)?;
    let complete = step::finalization(held, policy, &life, chain).map_err(refuse)?;
    let tip = session.repo().reference(&says.reference)?;
    let moves = tip == Some(says.base);
    if !moves && tip != Some(says.commit) {
        let repo = session.repo();
        let behind = tip
            .map(|tip| ahead(repo, &says.reference, tip))
            .transpose()?;
        let behind = behind.flatten();
        let landed = match &behind {
            Some(it) => repo.is_ancestor(says.commit, it.tip)?,
            None => false,
        };
        let why = step::base_moved(held, tip, behind.as_ref(), landed);
        return Err(refuse(why.into()));
    }
    if moves {
        require_clean(session, &says.reference, says.base)?;
    }
    let mut batch = Batch::new(format!("finalize {run}"));
    if facts.finalization.valid().is_none() {
        let finalization = predicate(held, &complete, context);
        let envelope = session.sign(finalization.clone())?;
        batch = batch
            .record(&Kind::Finalization.of(run), &envelope)
            .index(&finalization);
    }
    if moves {
        batch = batch.moving(RefUpdate {
            name: says.reference.clone(),
            expected: Expected::At(says.base),
            new: Some(says.commit),
        });
    }
    session.commit(&batch)?;
    let remark = if moves {
        follow(session, &says.reference, says.base, says.commit)?;
        None
    } else {
        catch_up(session, &says.reference, says.base, says.commit)?
    };
    Ok(Finalized {
        commit: says.commit,
        reference: says.reference.clone(),
        attestation: complete.attestation.digest(),
        remark,
    })
}

fn predicate(run: Held<'_>, complete: &Complete<'_>, context: Context) -> FinalizationPredicate {
    let says = run.says();
    let attested = complete.attestation.predicate();
    let counted = complete.reviews.approved.iter();
    let counted = counted.filter(|(digest, _)| attested.approvals.contains(digest));
    let approved_by: BTreeSet<IdentityName> = counted.map(|(_, person)| person.clone()).collect();
    FinalizationPredicate {
        gate1: says.gate1.clone(),
        approvals: attested.approvals.clone(),
        approved_by: approved_by.into_iter().collect(),
        attestation: complete.attestation.digest(),
        commit: says.commit,
        context,
        independence: attested.independence,
        root: says.root,
        run: run.facts.id.clone(),
        run_record: run.record.digest(),
        workflow_run_url: attested.workflow_run_url.clone(),
    }
}
