//! Attests a run: a reviewer says that its commit, its evidence and its reviews belong together.

use crate::policy::Role;
use crate::record::envelope::Envelope;
use crate::record::{ObjectId, Refusal, Rule, RunId, Sha256};
use crate::records::{AttestationPredicate, Kind, Notes, Scope, Statement};
use crate::rules::{Step, step};
use crate::store::batch::Batch;

use super::approve::workflow_url;
use super::session::Noted;
use super::{Error, Session};

/// What is to be attested.
pub struct Request {
    /// The run.
    pub run: RunId,
    /// Where the forge ran the audit.
    pub workflow_run_url: Option<String>,
}

/// The attestation that stands now.
pub struct Attested {
    /// The commit that is attested.
    pub commit: ObjectId,
    /// The root of its evidence.
    pub root: Sha256,
    /// The attestation, and whether this act added it.
    pub noted: Noted,
}

/// Attests a run: only after integrity, gate 2 and approval.
pub fn attest(session: &Session, request: Request) -> Result<Attested, Error> {
    let run = request.run;
    let facts = session.run(&run)?;
    let context = session.context(&[Role::Reviewer])?;
    let policy = session.policy()?;
    let refuse = |why: Refusal| session.refused(format!("{run} cannot be attested"), why);
    let held = facts.held();
    let held = held.ok_or_else(|| refuse(step::unheld(&facts, policy)))?;
    let says = held.says();
    let chain = session.judge_chain(held, Some(Step::Attestation))?;
    let life = session.life(&facts)?;
    let reviewer = context.identity.clone();
    let (reviews, independence) =
        step::by_reviewer(Step::Attestation, held, policy, &reviewer, &life, chain)
            .map_err(refuse)?;
    let approvals = facts.newest(&reviews.approved);
    let expires = facts.first_expiry(&approvals);
    let expires = expires.ok_or_else(|| refuse(step::unapproved(&run)))?;
    let attestation = AttestationPredicate {
        gate1: says.gate1.clone(),
        approvals,
        commit: says.commit,
        context,
        contract: says.contract,
        expires,
        independence,
        reviewer_sha256: Sha256::of(reviewer.as_str().as_bytes()),
        reviewer,
        root: says.root,
        run: run.clone(),
        run_record: held.record.digest(),
        tree: says.tree,
        workflow_run_url: workflow_url(request.workflow_run_url)?,
    };
    let envelope = session.sign(attestation.clone())?;
    let own = envelope.digest();
    let segment = Notes::ATTESTATIONS.until(expires);
    let mut batch = Batch::new(format!("attest {run}")).note(segment, says.commit, envelope);
    for approval in &attestation.approvals {
        let revocation = Kind::Revocation.of(Scope::Record(*approval));
        batch = batch.unless(&revocation, Rule::ApprovalRevoked);
    }
    let batch = batch.once(move |envelope| attests_the_same(envelope, &attestation));
    Ok(Attested {
        commit: says.commit,
        root: says.root,
        noted: session.note(&batch, own)?,
    })
}

/// Tells whether an attestation already says this, wherever the forge ran.
fn attests_the_same(envelope: &Envelope, wanted: &AttestationPredicate) -> bool {
    let Ok(statement) = Statement::<AttestationPredicate>::parse(envelope.payload()) else {
        return false;
    };
    let there = statement.predicate;
    let same = AttestationPredicate {
        workflow_run_url: there.workflow_run_url.clone(),
        ..wanted.clone()
    };
    there == same
}
