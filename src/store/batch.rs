//! Writing records: all of a batch in one transaction, by compare-and-swap, retried.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::evidence::RunFiles;
use crate::git::{self, CommitDraft, Expected, RefUpdate, Repo, UpdateError};
use crate::record::commit::Person;
use crate::record::envelope::Envelope;
use crate::record::tree::Mode;
use crate::record::{ObjectId, RefName, RepoPath, RunId};
use crate::records::FinalizationPredicate;
use crate::sys::random;

use super::Error;
use super::layout::{self, LedgerPath};
use super::ledger::note_lines;
use super::provenance::{self, Entry, Index};
use super::rebuild;

/// How often a lost race is run again.
const ATTEMPTS: usize = 200;

/// Records to be added together.
#[derive(Default)]
pub struct Batch {
    message: String,
    ledger: BTreeMap<RepoPath, Vec<u8>>,
    notes: Vec<(RefName, ObjectId, Envelope)>,
    indexed: Vec<Entry>,
    evidence: Option<Evidence>,
    moves: Vec<RefUpdate>,
    once: Option<Once>,
}

/// Tells whether an envelope that is noted already says what is about to be noted.
type Once = Box<dyn Fn(&Envelope) -> bool>;

struct Evidence {
    reference: RefName,
    run: RunId,
    files: RunFiles,
    commit: ObjectId,
}

impl Batch {
    /// Returns an empty batch; `message` becomes the title of its commits.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            ..Self::default()
        }
    }

    /// Adds an envelope to the ledger.
    pub fn record(self, path: &LedgerPath, envelope: &Envelope) -> Self {
        self.file(path, envelope.to_bytes())
    }

    /// Adds a file to the ledger.
    pub fn file(mut self, path: &LedgerPath, bytes: Vec<u8>) -> Self {
        self.ledger.insert(path.to_path(), bytes);
        self
    }

    /// Notes an approval on an object.
    pub fn approval(mut self, object: ObjectId, envelope: Envelope) -> Self {
        self.notes.push((layout::approvals(), object, envelope));
        self
    }

    /// Notes an attestation on a commit.
    pub fn attestation(mut self, object: ObjectId, envelope: Envelope) -> Self {
        self.notes.push((layout::attestations(), object, envelope));
        self
    }

    /// Notes nothing if this is said already on the same object, also by another process at this
    /// very moment: the batch then ends with [`Error::Noted`] and changes nothing.
    pub fn once(mut self, said: impl Fn(&Envelope) -> bool + 'static) -> Self {
        self.once = Some(Box::new(said));
        self
    }

    /// Adds the index entry of a finalization.
    pub fn index(mut self, finalization: &FinalizationPredicate) -> Self {
        self.indexed.push(Entry::of(finalization));
        self
    }

    /// Adds the evidence of a run, and holds on to its commit.
    pub fn evidence(
        mut self,
        reference: RefName,
        run: RunId,
        files: RunFiles,
        commit: ObjectId,
    ) -> Self {
        self.evidence = Some(Evidence {
            reference,
            run,
            files,
            commit,
        });
        self
    }

    /// Moves another ref in the same transaction.
    pub fn moving(mut self, update: RefUpdate) -> Self {
        self.moves.push(update);
        self
    }

    /// Writes the batch: all of it or nothing. A lost race is run again on the new state; what
    /// another writer stored under the same name is an error, unless it is the same.
    pub fn commit(&self, repo: &Repo, author: &Person) -> Result<(), Error> {
        for attempt in 0..ATTEMPTS {
            let mut updates = self.moves.clone();
            updates.extend(self.ledger_update(repo, author)?);
            updates.extend(self.note_updates(repo, author)?);
            updates.extend(self.evidence_update(repo, author)?);
            if updates.is_empty() {
                return Ok(());
            }
            match repo.update_refs(&updates, &format!("awo: {}", self.message)) {
                Ok(()) => return Ok(()),
                // A move was asked for from one exact state: if that is gone, so is the reason.
                Err(UpdateError::Moved { name }) if self.moves.iter().any(|it| it.name == name) => {
                    return Err(UpdateError::Moved { name }.into());
                }
                Err(error) if error.may_pass() => pause(attempt)?,
                Err(other) => return Err(other.into()),
            }
        }
        Err(Error::Contended { attempts: ATTEMPTS })
    }

    fn ledger_update(&self, repo: &Repo, author: &Person) -> Result<Option<RefUpdate>, Error> {
        let mut edits = Vec::new();
        let reference = layout::ledger();
        let tip = repo.reference(&reference)?;
        let tree = tip
            .map(|tip| repo.commit(tip).map(|commit| commit.tree))
            .transpose()?;
        for (path, bytes) in &self.ledger {
            let blob = repo.write_blob(bytes)?;
            match existing(repo, tree, path)? {
                Some((Mode::File, id)) if id == blob => {}
                Some(_) => return Err(Error::Exists { path: path.clone() }),
                None => edits.push((path.clone(), Some((Mode::File, blob)))),
            }
        }
        if !self.indexed.is_empty() {
            let wanted = self
                .indexed
                .iter()
                .map(|it| LedgerPath::shard_of(&it.run_id));
            // From the finalizations, not from the shard: what somebody put into it does not stay.
            let mut shards = provenance::implied(repo, tree, &wanted.collect())?;
            for entry in &self.indexed {
                let shard = shards
                    .entry(LedgerPath::shard_of(&entry.run_id))
                    .or_default();
                let known = std::mem::take(&mut shard.entries);
                *shard = Index::of(known.into_iter().chain([entry.clone()]));
            }
            edits.extend(rebuild::edits(repo, tree, &shards)?.0);
        }
        self.update(repo, author, reference, tip, tree, &edits, Vec::new())
    }

    fn require_unsaid(&self, note: &[u8]) -> Result<(), Error> {
        let Some(said) = &self.once else {
            return Ok(());
        };
        // A line that is no envelope says nothing; verification names it.
        let mut lines = note_lines(note).filter_map(|line| Envelope::parse(line).ok());
        match lines.find(|envelope| said(envelope)) {
            Some(envelope) => Err(Error::Noted {
                digest: envelope.digest(),
            }),
            None => Ok(()),
        }
    }

    fn note_updates(&self, repo: &Repo, author: &Person) -> Result<Vec<RefUpdate>, Error> {
        let mut by_ref: BTreeMap<&RefName, Vec<(ObjectId, &Envelope)>> = BTreeMap::new();
        for (reference, object, envelope) in &self.notes {
            by_ref
                .entry(reference)
                .or_default()
                .push((*object, envelope));
        }
        let mut updates = Vec::new();
        for (reference, notes) in by_ref {
            let tip = repo.reference(reference)?;
            let tree = tip
                .map(|tip| repo.commit(tip).map(|commit| commit.tree))
                .transpose()?;
            let mut texts: BTreeMap<ObjectId, Vec<u8>> = BTreeMap::new();
            for (object, envelope) in notes {
                if let std::collections::btree_map::Entry::Vacant(slot) = texts.entry(object) {
                    let blob = tree
                        .map(|tree| git::note(repo, tree, object))
                        .transpose()?
                        .flatten();
                    slot.insert(
                        blob.map(|id| repo.blob(id))
                            .transpose()?
                            .unwrap_or_default(),
                    );
                }
                let text = texts.entry(object).or_default();
                self.require_unsaid(text)?;
                let line = envelope.to_bytes();
                if !note_lines(text).any(|it| it == line) {
                    text.extend_from_slice(&line);
                    text.push(b'\n');
                }
            }
            let mut edits = Vec::new();
            for (object, text) in texts {
                let path = git::path_for_note(repo, tree, object)?;
                edits.push((path, Some((Mode::File, repo.write_blob(&text)?))));
            }
            updates.extend(self.update(
                repo,
                author,
                reference.clone(),
                tip,
                tree,
                &edits,
                Vec::new(),
            )?);
        }
        Ok(updates)
    }

    fn evidence_update(&self, repo: &Repo, author: &Person) -> Result<Option<RefUpdate>, Error> {
        let Some(evidence) = &self.evidence else {
            return Ok(None);
        };
        let tip = repo.reference(&evidence.reference)?;
        let tree = tip
            .map(|tip| repo.commit(tip).map(|commit| commit.tree))
            .transpose()?;
        let directory = RepoPath::from(layout::run_directory(&evidence.run).as_str());
        if let Some(path) = existing(repo, tree, &directory)?.map(|_| directory.clone()) {
            return Err(Error::Exists { path });
        }
        let mut edits = Vec::new();
        for (path, bytes) in &evidence.files {
            let blob = repo.write_blob(bytes)?;
            edits.push((directory.join(path.as_bytes()), Some((Mode::File, blob))));
        }
        // The harness commit as a parent: nothing that the evidence names can be pruned.
        self.update(
            repo,
            author,
            evidence.reference.clone(),
            tip,
            tree,
            &edits,
            vec![evidence.commit],
        )
    }

    #[allow(clippy::too_many_arguments)]
    fn update(
        &self,
        repo: &Repo,
        author: &Person,
        name: RefName,
        tip: Option<ObjectId>,
        tree: Option<ObjectId>,
        edits: &[(RepoPath, Option<(Mode, ObjectId)>)],
        held: Vec<ObjectId>,
    ) -> Result<Option<RefUpdate>, Error> {
        let new_tree = if edits.is_empty() {
            tree
        } else {
            Some(repo.edit_tree(tree, edits)?)
        };
        let Some(new_tree) = new_tree.filter(|new| Some(*new) != tree) else {
            return Ok(None);
        };
        let message = match held.first() {
            Some(commit) => format!("{}\n\n{HELD_TRAILER}: {commit}\n", self.message),
            None => format!("{}\n", self.message),
        };
        let draft = CommitDraft {
            tree: new_tree,
            parents: tip.into_iter().chain(held).collect(),
            author: author.clone(),
            committer: author.clone(),
            message: message.into_bytes(),
            signature: None,
        };
        let commit = repo.write_commit(&draft)?;
        let expected = tip.map_or(Expected::Absent, Expected::At);
        Ok(Some(RefUpdate {
            name,
            expected,
            new: Some(commit),
        }))
    }
}

/// The trailer by which an evidence commit names the harness commit among its parents.
pub const HELD_TRAILER: &str = "AWO-Holds";

fn existing(
    repo: &Repo,
    tree: Option<ObjectId>,
    path: &RepoPath,
) -> Result<Option<(Mode, ObjectId)>, Error> {
    match tree {
        Some(tree) => Ok(repo.entry(tree, path)?),
        None => Ok(None),
    }
}

/// Waits a random moment that grows with the attempts, so that writers fall out of step.
pub fn pause(attempt: usize) -> Result<(), Error> {
    let random = random::bytes().map_err(|_| Error::Random)?;
    let spread = (attempt as u64)
        .saturating_add(1)
        .min(50)
        .saturating_mul(2_000);
    std::thread::sleep(Duration::from_micros(
        u64::from(u16::from_le_bytes(random)).saturating_mul(spread) / 65_536,
    ));
    Ok(())
}
