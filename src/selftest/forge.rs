//! Forgeries by persons who have keys but do not use our commands, with signatures by those keys.

use crate::actor::Actor;
use crate::evidence::inventory::SUMS;
use crate::evidence::{self, Inventory, RunFiles};
use crate::git::{CommitDraft, Expected, RefUpdate};
use crate::policy::Role;
use crate::record::envelope::Envelope;
use crate::record::tree::Mode;
use crate::record::{IdentityName, ObjectId, RefName, RepoPath, RunId, TaskId};
use crate::records::{
    ApprovalPredicate, AttestationPredicate, Kind, Notes, Predicate, RunPredicate,
    SelfApprovalPredicate, Statement,
};
use crate::sandbox::{self, RUN, World};
use crate::store::batch::Batch;
use crate::store::layout::{self, LedgerPath};
use crate::store::ledger::{Records, spent};

use super::Failed;

fn lost(what: &str) -> Failed {
    Failed::Expected(format!("{what} must be there to be forged"))
}

/// Returns the run of the sandbox.
pub fn run_id() -> Result<RunId, Failed> {
    RunId::new(RUN).map_err(|error| Failed::Left(error.to_string()))
}

fn parsed<P: Predicate>(envelope: &Envelope) -> Option<P> {
    let statement = Statement::<P>::parse(envelope.payload()).ok()?;
    Some(statement.predicate)
}

/// Returns the run record in a clone.
pub fn run_record(actor: &Actor) -> Result<RunPredicate, Failed> {
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    let envelope = records.envelope(&Kind::Run.of(run_id()?))?;
    envelope
        .as_ref()
        .and_then(parsed)
        .ok_or_else(|| lost("the run record"))
}

/// Resets a governance ref to the server's value.
fn forget(actor: &Actor, reference: &RefName) -> Result<(), Failed> {
    let Some(tip) = actor.repo.reference(reference)? else {
        return Ok(());
    };
    let tracking = layout::tracking("origin", reference).ok_or_else(|| lost("a tracking ref"))?;
    let update = RefUpdate {
        name: reference.clone(),
        expected: Expected::At(tip),
        new: actor.repo.reference(&tracking)?,
    };
    Ok(actor.repo.update_refs(&[update], "forged")?)
}

/// Records otto's run again with changed files. No part of the run may be on the server yet.
pub fn rerecord(world: &World, change: impl FnOnce(&mut RunFiles)) -> Result<(), Failed> {
    let actor = world.actor("otto", "otto")?;
    let old = run_record(&actor)?;
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    let files = records.evidence(&old.evidence, &old.run, u64::MAX)?;
    let mut files = files.ok_or_else(|| lost("the evidence"))?;
    change(&mut files);
    let inventory =
        Inventory::of(&evidence::digests(&files)).map_err(|bad| Failed::Left(bad.to_string()))?;
    let (sums, root) = (inventory.to_bytes(), inventory.root());
    files.insert(RepoPath::from(SUMS), sums.clone());

    let commit = actor.repo.commit(old.commit)?;
    let message = String::from_utf8_lossy(&commit.message);
    let message = message.replace(&old.root.to_string(), &root.to_string());
    let draft = CommitDraft {
        tree: commit.tree,
        parents: commit.parents.clone(),
        author: commit.author.clone(),
        committer: commit.committer.clone(),
        message: message.into_bytes(),
        signature: None,
    };
    let commit = actor.repo.write_commit(&actor.sign_commit(draft)?)?;
    let run = RunPredicate {
        commit,
        root,
        ..old
    };
    forget(&actor, &layout::ledger())?;
    forget(&actor, &run.evidence)?;
    let mut batch = Batch::new("forged")
        .evidence(run.evidence.clone(), run.run.clone(), files, commit)
        .record(&Kind::Run.of(&run.run), &actor.sign(run.clone())?)
        .file(&LedgerPath::Inventory(run.run.clone()), sums);
    for approval in &run.approvals {
        batch = batch.file(&LedgerPath::Spent(*approval), spent(&run.run));
    }
    Ok(batch.commit(&actor.repo, &actor.author())?)
}

/// Returns the paths of the ledger of a clone.
pub fn ledger(actor: &Actor) -> Result<Vec<LedgerPath>, Failed> {
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    let mut paths = Vec::new();
    records.ledger().each(|path, _| {
        paths.push(path);
    })?;
    Ok(paths)
}

/// Returns the blob of the contract of a task in a clone.
pub fn contract_blob(actor: &Actor, task: &TaskId) -> Result<ObjectId, Failed> {
    let refs = actor.refs()?;
    let blob = Records::open(&actor.repo, &refs)?.contract_blob(task)?;
    blob.ok_or_else(|| lost("the contract"))
}

/// Writes or removes files in the tree of a ref of a clone, as a new commit. The
/// ledger is a log: see [`sandbox::forge`].
pub fn edit(
    world: &World,
    who: &str,
    reference: &RefName,
    edits: &[(&str, Option<&[u8]>)],
) -> Result<(), Failed> {
    let actor = world.actor(who, who)?;
    let author = actor.author();
    Ok(sandbox::forge::edit(
        &actor.repo,
        &author,
        reference,
        edits,
    )?)
}

/// Moves a ref of a clone to the same commit with another file in its tree, signed again.
pub fn resigned(
    world: &World,
    who: &str,
    reference: &RefName,
    (path, bytes): (&str, &[u8]),
) -> Result<(), Failed> {
    let actor = world.actor(who, who)?;
    let repo = &actor.repo;
    let old = repo.reference(reference)?;
    let old = old.ok_or_else(|| lost(reference.as_str()))?;
    let commit = repo.commit(old)?;
    let blob = Some((Mode::File, repo.write_blob(bytes)?));
    let draft = CommitDraft {
        tree: repo.edit_tree(Some(commit.tree), &[(RepoPath::from(path), blob)])?,
        parents: commit.parents.clone(),
        author: commit.author.clone(),
        committer: commit.committer.clone(),
        message: commit.message.clone(),
        signature: None,
    };
    let update = RefUpdate {
        name: reference.clone(),
        expected: Expected::At(old),
        new: Some(repo.write_commit(&actor.sign_commit(draft)?)?),
    };
    Ok(repo.update_refs(&[update], "forged")?)
}

/// Changes a file of the stored evidence in a clone; `None` removes it.
pub fn edit_evidence(
    world: &World,
    who: &str,
    name: &str,
    bytes: Option<&[u8]>,
) -> Result<(), Failed> {
    let run = run_record(&world.actor(who, who)?)?;
    let path = format!("{}/{name}", layout::run_directory(&run.run));
    edit(world, who, &run.evidence, &[(&path, bytes)])
}

/// Removes the note on an object from every segment of a clone.
pub fn drop_notes(world: &World, who: &str, notes: Notes, on: ObjectId) -> Result<(), Failed> {
    let actor = world.actor(who, who)?;
    let mut found = false;
    for (name, tip) in actor.repo.references(&layout::notes_prefix(notes))? {
        let tree = actor.repo.commit(tip)?.tree;
        if crate::git::note(&actor.repo, tree, on)?.is_some() {
            let path = crate::git::path_for_note(&actor.repo, Some(tree), on)?;
            edit(world, who, &name, &[(&path.to_string(), None)])?;
            found = true;
        }
    }
    match found {
        true => Ok(()),
        false => Err(lost(notes.name())),
    }
}

/// Replaces rita's approval of the run by a changed one with her signature.
pub fn reapprove(world: &World, change: impl FnOnce(&mut ApprovalPredicate)) -> Result<(), Failed> {
    let actor = world.actor("rita", "rita")?;
    let commit = run_record(&actor)?.commit;
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    let noted = records.approvals_of(commit)?;
    let mut approval = noted.iter().find_map(parsed::<ApprovalPredicate>);
    let approval = approval.as_mut().ok_or_else(|| lost("the approval"))?;
    change(approval);
    let envelope = actor.sign(approval.clone())?;
    let segment = Notes::APPROVALS.until(approval.expires);
    forget(&actor, &layout::notes(segment))?;
    let batch = Batch::new("forged").note(segment, commit, envelope);
    Ok(batch.commit(&actor.repo, &actor.author())?)
}

/// Returns the attestation in a clone.
pub fn attestation(actor: &Actor) -> Result<AttestationPredicate, Failed> {
    let commit = run_record(actor)?.commit;
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    let noted = records.attestations_of(commit)?;
    let attestation = noted.iter().find_map(parsed::<AttestationPredicate>);
    attestation.ok_or_else(|| lost("the attestation"))
}

/// Stores an attestation, signed by this person, as a note in their clone.
pub fn attest_as(
    world: &World,
    who: &str,
    attestation: AttestationPredicate,
) -> Result<(), Failed> {
    let actor = world.actor(who, who)?;
    let envelope = actor.sign(attestation.clone())?;
    let segment = Notes::ATTESTATIONS.until(attestation.expires);
    let batch = Batch::new("forged").note(segment, attestation.commit, envelope);
    Ok(batch.commit(&actor.repo, &actor.author())?)
}

/// Stores a self-approval, signed by otto, whose flag is spelled other than `"1"`.
pub fn override_spelled(world: &World, spelling: &str) -> Result<(), Failed> {
    let actor = world.actor("otto", "otto")?;
    let history = actor.history()?;
    let run = run_record(&actor)?;
    let envelope = actor.sign(SelfApprovalPredicate {
        allow_self_approval: spelling.to_owned(),
        commit: run.commit,
        context: actor.context(&history, &[Role::Reviewer])?,
        reason: "forged".to_owned(),
        root: run.root,
        run: run.run.clone(),
    })?;
    let path = Kind::SelfApproval.one_of(run.run, envelope.digest());
    let batch = Batch::new("forged").record(&path, &envelope);
    Ok(batch.commit(&actor.repo, &actor.author())?)
}

/// Replaces otto's run record, not pushed yet, by the same one signed by another person.
pub fn run_record_by(world: &World, who: &str) -> Result<(), Failed> {
    let actor = world.actor("otto", "otto")?;
    let mut run = run_record(&actor)?;
    run.context.identity =
        IdentityName::new(who).map_err(|error| Failed::Left(error.to_string()))?;
    let envelope = world.actor(who, "otto")?.sign(run.clone())?;
    let path = Kind::Run.of(run.run).to_path().to_string();
    let bytes = envelope.to_bytes();
    edit(world, "otto", &layout::ledger(), &[(&path, Some(&bytes))])
}
