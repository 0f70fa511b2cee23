//! Writing records: all of a batch in one transaction, by compare-and-swap, retried.

use std::collections::{BTreeMap, BTreeSet};

use crate::evidence::RunFiles;
use crate::git::{self, Expected, RefUpdate, Repo};
use crate::record::commit::Person;
use crate::record::envelope::Envelope;
use crate::record::tree::Mode;
use crate::record::{ObjectId, RefName, RepoPath, Rule, RunId};
use crate::records::{FinalizationPredicate, Segment};

use super::Error;
use super::additions::Additions;
use super::layout::{self, LedgerPath, Place};
use super::ledger::{Refs, note_lines};
use super::notes::Segments;
use super::provenance::Entry;
use super::swap::{Tip, swap};

/// Records to be added together.
#[derive(Default)]
pub struct Batch {
    message: String,
    ledger: BTreeMap<LedgerPath, Vec<u8>>,
    notes: Vec<(Segment, ObjectId, Envelope)>,
    evidence: Option<Evidence>,
    moves: Vec<RefUpdate>,
    unless: Vec<(LedgerPath, Rule)>,
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
        self.ledger.insert(path.clone(), bytes);
        self
    }

    /// Notes an envelope on an object.
    pub fn note(mut self, segment: Segment, object: ObjectId, envelope: Envelope) -> Self {
        self.notes.push((segment, object, envelope));
        self
    }

    /// Notes nothing if this is said already on the same object, in any segment, also by another
    /// process at this very moment: the batch then ends with [`Error::Noted`] and changes nothing.
    pub fn once(mut self, said: impl Fn(&Envelope) -> bool + 'static) -> Self {
        self.once = Some(Box::new(said));
        self
    }

    /// Writes nothing if the ledger has this file by then, and ends with [`Error::Meanwhile`]: with
    /// it, the records of the batch break the rule.
    pub fn unless(mut self, path: &LedgerPath, rule: Rule) -> Self {
        self.unless.push((path.clone(), rule));
        self
    }

    /// Writes nothing if this ref does not name the same object any more. A transaction cannot hold
    /// a ref that does not exist.
    pub fn while_at(self, name: RefName, id: ObjectId) -> Self {
        self.moving(RefUpdate {
            name,
            expected: Expected::At(id),
            new: Some(id),
        })
    }

    /// Adds the entry of the provenance index that follows from a finalization.
    pub fn index(self, finalization: &FinalizationPredicate) -> Self {
        let path = LedgerPath::Provenance(finalization.run.clone());
        self.file(&path, Entry::of(finalization).to_bytes())
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
        self.commit_if(repo, author, |_| Ok(()))
    }

    /// Writes the batch as [`Self::commit`] does, if every movement that it makes is allowed. Their
    /// objects are there by then, and no ref names them.
    pub fn commit_if<E: From<Error>>(
        &self,
        repo: &Repo,
        author: &Person,
        allow: impl Fn(&[RefUpdate]) -> Result<(), E>,
    ) -> Result<(), E> {
        let message = format!("awo: {}", self.message);
        swap(repo, &message, &self.moves, || {
            let mut updates = Vec::from_iter(self.ledger_update(repo, author)?);
            updates.extend(self.note_updates(repo, author)?);
            updates.extend(self.evidence_update(repo, author)?);
            allow(&[&*self.moves, &*updates].concat())?;
            Ok((updates, ()))
        })
    }

    /// The ledger is a log: the tree of the new commit holds what the batch adds, and no more.
    fn ledger_update(&self, repo: &Repo, author: &Person) -> Result<Option<RefUpdate>, Error> {
        let tip = Tip::of(repo, layout::ledger())?;
        let there = Additions::at(repo.reader(), tip.commit());
        for (path, rule) in &self.unless {
            if there.find(path)?.is_some() {
                let (path, rule) = (path.to_path(), *rule);
                return Err(Error::Meanwhile { path, rule });
            }
        }
        let mut edits = Vec::new();
        for (path, bytes) in &self.ledger {
            let blob = repo.write_blob(bytes)?;
            let file = (Mode::File, blob);
            match there.find(path)? {
                Some(same) if same == file => {}
                Some(_) => {
                    let path = path.to_path();
                    return Err(Error::Exists { path });
                }
                None => match there.taken(path)? {
                    Some(other) => {
                        let path = path.to_path();
                        return Err(Error::Alike { path, other });
                    }
                    None => edits.push((path.to_path(), Some(file))),
                },
            }
        }
        // Held in the transaction even where nothing is added, so that no other writer adds in between.
        let held = tip.unchanged().filter(|_| !self.unless.is_empty());
        let message = format!("{}\n", self.message);
        Ok(tip.adding(repo, &edits, author, message)?.or(held))
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
        let mut by_segment: BTreeMap<_, Vec<(ObjectId, &Envelope)>> = BTreeMap::new();
        for (segment, object, envelope) in &self.notes {
            let noted = by_segment.entry(*segment).or_default();
            noted.push((*object, envelope));
        }
        let mut updates = self.unsaid_elsewhere(repo, &by_segment)?;
        for (segment, notes) in by_segment {
            let tip = Tip::of(repo, layout::notes(segment))?;
            let mut texts: BTreeMap<ObjectId, Vec<u8>> = BTreeMap::new();
            for (object, envelope) in notes {
                if let std::collections::btree_map::Entry::Vacant(slot) = texts.entry(object) {
                    slot.insert(note_at(repo, &tip, object)?);
                }
                let text = texts.entry(object).or_default();
                self.require_unsaid(text)?;
                let line = envelope.to_bytes();
                if !note_lines(text).any(|it| it == line) {
                    *text = spelled(note_lines(text).chain([line.as_slice()]));
                }
            }
            let mut edits = Vec::new();
            for (object, text) in texts {
                let path = git::path_for_note(repo, tip.tree, object)?;
                edits.push((path, Some((Mode::File, repo.write_blob(&text)?))));
            }
            let message = format!("{}\n", self.message);
            updates.extend(tip.edited(repo, &edits, author, message, None)?);
        }
        Ok(updates)
    }

    /// Looks for what is said once in the segments to which nothing is added. Returns those that
    /// must not move meanwhile: the one before and the one after, to which another process may add
    /// while a month ends.
    fn unsaid_elsewhere(
        &self,
        repo: &Repo,
        notes: &BTreeMap<Segment, Vec<(ObjectId, &Envelope)>>,
    ) -> Result<Vec<RefUpdate>, Error> {
        let mut held = Vec::new();
        if self.once.is_none() {
            return Ok(held);
        }
        for (segment, noted) in notes {
            let refs = repo.references(&layout::notes_prefix(segment.notes))?;
            let other = |name: &RefName| match Place::of(name) {
                Some(Place::Notes(other)) => !notes.contains_key(&other),
                _ => false,
            };
            let others: Refs = refs.into_iter().filter(|(name, _)| other(name)).collect();
            let there = Segments::at(repo, &others);
            let objects: BTreeSet<_> = noted.iter().map(|(object, _)| *object).collect();
            for object in objects {
                for blob in there.on(segment.notes, object)? {
                    self.require_unsaid(&repo.blob(blob)?)?;
                }
            }
            let own = layout::notes(*segment);
            let before = others.range(..&own).next_back();
            let near = before.into_iter().chain(others.range(&own..).next());
            held.extend(near.map(|(name, tip)| RefUpdate {
                name: name.clone(),
                expected: Expected::At(*tip),
                new: Some(*tip),
            }));
        }
        Ok(held)
    }

    fn evidence_update(&self, repo: &Repo, author: &Person) -> Result<Option<RefUpdate>, Error> {
        let Some(evidence) = &self.evidence else {
            return Ok(None);
        };
        let tip = Tip::of(repo, evidence.reference.clone())?;
        let directory = RepoPath::from(layout::run_directory(&evidence.run).as_str());
        if repo.entry(tip.tree, &directory)?.is_some() {
            return Err(Error::Exists { path: directory });
        }
        let mut edits = Vec::new();
        for (path, bytes) in &evidence.files {
            let blob = repo.write_blob(bytes)?;
            edits.push((directory.join(path.as_bytes()), Some((Mode::File, blob))));
        }
        // The harness commit as a parent: nothing that the evidence names can be pruned.
        let held = evidence.commit;
        let message = format!("{}\n\n{HELD_TRAILER}: {held}\n", self.message);
        tip.edited(repo, &edits, author, message, Some(held))
    }
}

/// Returns a note with these lines, each once and with its line feed.
fn spelled<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut seen = BTreeSet::new();
    let lines = lines.filter(|line| seen.insert(*line));
    lines.flat_map(|line| [line, b"\n"].concat()).collect()
}

/// Returns the text of the note on an object.
fn note_at(repo: &Repo, tip: &Tip, object: ObjectId) -> Result<Vec<u8>, Error> {
    let note = match tip.tree {
        Some(tree) => git::note(repo, tree, object)?,
        None => None,
    };
    Ok(note
        .map(|id| repo.blob(id))
        .transpose()?
        .unwrap_or_default())
}

/// The trailer by which an evidence commit names the harness commit among its parents.
pub const HELD_TRAILER: &str = "AWO-Holds";
