//! Reading the ledger, the notes and the evidence as some set of refs shows them.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::evidence::RunFiles;
use crate::git::Reader;
use crate::record::contract::signature_key;
use crate::record::envelope::Envelope;
use crate::record::tree::Mode;
use crate::record::{ObjectId, RefName, RepoPath, RunId, Sha256, TaskId};
use crate::records::{Kind, Notes, Scope};

use super::Error;
use super::additions::{Additions, Places};
pub use super::layout::Refs;
use super::layout::{self, LedgerPath};
use super::notes::Segments;
use super::provenance::Entry;

/// A file of a tree: its path from there, its mode and its blob.
pub type StoredFile = (RepoPath, Mode, ObjectId);

/// The records as a set of refs shows them.
pub struct Records<'a> {
    reader: &'a Reader,
    ledger: Additions<'a>,
    notes: Segments<'a>,
    refs: &'a Refs,
    /// The ids of all tasks, once they were asked for.
    tasks: OnceCell<Vec<TaskId>>,
}

impl<'a> Records<'a> {
    /// Opens the records that these refs show.
    pub fn open(reader: &'a Reader, refs: &'a Refs) -> Result<Self, Error> {
        Ok(Self {
            reader,
            ledger: Additions::at(reader, refs.get(&layout::ledger()).copied()),
            notes: Segments::at(reader, refs),
            refs,
            tasks: OnceCell::new(),
        })
    }

    /// Opens the records that these refs show, by no index beside the repository: one could leave
    /// something out. The places of the ledger are those that [`Additions::read_anew`] found.
    pub fn open_anew(reader: &'a Reader, refs: &'a Refs, places: Arc<Places>) -> Self {
        Self {
            reader,
            ledger: Additions::by(reader, refs.get(&layout::ledger()).copied(), places),
            notes: Segments::without_index(reader, refs),
            refs,
            tasks: OnceCell::new(),
        }
    }

    /// Returns the reader.
    pub fn reader(&self) -> &'a Reader {
        self.reader
    }

    /// Returns the refs.
    pub fn refs(&self) -> &'a Refs {
        self.refs
    }

    /// Returns the ledger.
    pub fn ledger(&self) -> &Additions<'a> {
        &self.ledger
    }

    /// Returns the notes.
    pub fn notes(&self) -> &Segments<'a> {
        &self.notes
    }

    /// Returns the bytes at a path of the ledger.
    pub fn file(&self, path: &LedgerPath) -> Result<Option<Vec<u8>>, Error> {
        match self.ledger.find(path)? {
            None => Ok(None),
            Some((Mode::File, id)) => Ok(Some(self.reader.blob(id)?)),
            Some(_) => Err(Error::NoFile {
                path: path.to_path(),
            }),
        }
    }

    /// Returns the envelope at a path of the ledger.
    pub fn envelope(&self, path: &LedgerPath) -> Result<Option<Envelope>, Error> {
        match self.file(path)? {
            None => Ok(None),
            Some(bytes) => parse(path.to_path(), &bytes).map(Some),
        }
    }

    /// Returns the id of the blob that holds a contract, to which its approvals are noted.
    pub fn contract_blob(&self, task: &TaskId) -> Result<Option<ObjectId>, Error> {
        self.blob_of(&Kind::Contract.of(task))
    }

    /// Returns the id of what stands at a path of the ledger.
    pub fn blob_of(&self, path: &LedgerPath) -> Result<Option<ObjectId>, Error> {
        Ok(self.ledger.find(path)?.map(|(_, id)| id))
    }

    /// Returns which run spent an approval.
    pub fn spender(&self, approval: &Sha256) -> Result<Option<RunId>, Error> {
        let bytes = self.file(&LedgerPath::Spent(*approval))?;
        Ok(bytes.and_then(|bytes| parse_spent(&bytes)))
    }

    /// Returns the task whose contract has a user signature.
    pub fn signed_task(&self, signature: &str) -> Result<Option<TaskId>, Error> {
        let bytes = self.file(&LedgerPath::Signed(signature_key(signature)))?;
        Ok(bytes.and_then(|bytes| parse_signed(&bytes)))
    }

    /// Returns the entry of the provenance index that stands beside the finalization of a run.
    pub fn indexed(&self, run: &RunId) -> Result<Option<Entry>, Error> {
        let path = LedgerPath::Provenance(run.clone());
        let Some(bytes) = self.file(&path)? else {
            return Ok(None);
        };
        let entry = Entry::parse(&bytes).map_err(|source| Error::Malformed {
            path: path.to_path(),
            source,
        })?;
        Ok(Some(entry))
    }

    /// Returns the records of a kind that the ledger has of a run, by their paths.
    pub fn of_run(&self, run: &RunId, kind: Kind) -> Result<Vec<(LedgerPath, Envelope)>, Error> {
        self.of(run.as_str(), kind)
    }

    /// Returns the records of a kind that the ledger has of a task, by their paths.
    pub fn of_task(&self, task: &TaskId, kind: Kind) -> Result<Vec<(LedgerPath, Envelope)>, Error> {
        self.of(task.as_str(), kind)
    }

    /// Returns the records of a kind that the ledger has of a commit, by their paths.
    pub fn of_commit(
        &self,
        commit: ObjectId,
        kind: Kind,
    ) -> Result<Vec<(LedgerPath, Envelope)>, Error> {
        self.of(&commit.to_string(), kind)
    }

    /// Returns the records of a kind that the ledger has of a command on a tree, by their paths.
    pub fn of_recipe(&self, key: Sha256, kind: Kind) -> Result<Vec<(LedgerPath, Envelope)>, Error> {
        self.of(&key.to_string(), kind)
    }

    fn of(&self, id: &str, kind: Kind) -> Result<Vec<(LedgerPath, Envelope)>, Error> {
        let mut found = Vec::new();
        for (path, _, id) in self.ledger.about(id)?.iter() {
            if path.kind() == Some(kind) {
                let envelope = parse(path.to_path(), &self.reader.blob(*id)?)?;
                found.push((path.clone(), envelope));
            }
        }
        Ok(found)
    }

    /// Returns the ids of all tasks, sorted.
    pub fn tasks(&self) -> Result<&[TaskId], Error> {
        if let Some(known) = self.tasks.get() {
            return Ok(known);
        }
        let mut tasks = BTreeSet::new();
        self.ledger.each(|path, _| {
            if let LedgerPath::Record(Scope::Task(task), Kind::Contract, _) = path {
                tasks.insert(task);
            }
        })?;
        Ok(self.tasks.get_or_init(|| tasks.into_iter().collect()))
    }

    /// Returns the ids of a task and of its versions that have a contract, in whatever case they are spelled.
    pub fn versions(&self, base: &TaskId) -> Result<BTreeSet<TaskId>, Error> {
        self.ledger.versions(base)
    }

    /// Returns the ids of all runs, sorted.
    pub fn runs(&self) -> Result<Vec<RunId>, Error> {
        let mut runs = BTreeSet::new();
        self.ledger.each(|path, _| {
            if let LedgerPath::Record(Scope::Run(run), Kind::Run, _) = path {
                runs.insert(run);
            }
        })?;
        Ok(runs.into_iter().collect())
    }

    /// Returns where the records of a kind stand in the ledger, sorted.
    pub fn all_of(&self, kind: Kind) -> Result<Vec<LedgerPath>, Error> {
        let mut paths = BTreeSet::new();
        self.ledger.each(|path, _| {
            if path.kind() == Some(kind) {
                paths.insert(path);
            }
        })?;
        Ok(paths.into_iter().collect())
    }

    /// Returns the envelopes noted on an object in the approvals.
    pub fn approvals_of(&self, object: ObjectId) -> Result<Vec<Envelope>, Error> {
        self.noted(Notes::APPROVALS, object)
    }

    /// Returns the envelopes noted on an object in the attestations.
    pub fn attestations_of(&self, object: ObjectId) -> Result<Vec<Envelope>, Error> {
        self.noted(Notes::ATTESTATIONS, object)
    }

    /// Returns every envelope of some notes, and the object on which each is noted.
    pub fn all_noted(&self, notes: Notes) -> Result<Vec<(ObjectId, Envelope)>, Error> {
        let mut found = Vec::new();
        for (object, blobs) in self.notes.all(notes)? {
            let envelopes = self.envelopes(object, &blobs)?;
            found.extend(envelopes.into_iter().map(|envelope| (object, envelope)));
        }
        Ok(found)
    }

    /// Returns the envelopes noted on an object, in any segment.
    pub fn noted(&self, notes: Notes, object: ObjectId) -> Result<Vec<Envelope>, Error> {
        self.envelopes(object, &self.notes.on(notes, object)?)
    }

    /// Returns the envelopes of the notes on an object. The same one in two notes counts once: one of
    /// them is misplaced, which is judged where it arrives.
    fn envelopes(&self, object: ObjectId, blobs: &[ObjectId]) -> Result<Vec<Envelope>, Error> {
        let mut found: Vec<Envelope> = Vec::new();
        for blob in blobs {
            let earlier = found.len();
            for line in note_lines(&self.reader.blob(*blob)?) {
                let envelope = parse(format!("note on {object}"), line)?;
                if !found.iter().take(earlier).any(|it| *it == envelope) {
                    found.push(envelope);
                }
            }
        }
        Ok(found)
    }

    /// Returns the evidence of a run, every file read and hashed, or `None` if there is none.
    /// At most `max_bytes` are read.
    pub fn evidence(
        &self,
        reference: &RefName,
        run: &RunId,
        max_bytes: u64,
    ) -> Result<Option<RunFiles>, Error> {
        let Some(listed) = self.evidence_files(reference, run)? else {
            return Ok(None);
        };
        let mut files = RunFiles::new();
        let mut left = max_bytes;
        for (path, mode, id) in listed {
            if mode != Mode::File {
                return Err(Error::NoFile { path });
            }
            let bytes = self.reader.blob_limited(id, left)?;
            left = left.saturating_sub(bytes.len() as u64);
            files.insert(path, bytes);
        }
        Ok(Some(files))
    }

    /// Returns what stands in the evidence of a run, by its path there, sorted, or `None` if there
    /// is none. No file is read.
    pub fn evidence_files(
        &self,
        reference: &RefName,
        run: &RunId,
    ) -> Result<Option<Vec<StoredFile>>, Error> {
        let Some(commit) = self.refs.get(reference) else {
            return Ok(None);
        };
        let tree = self.reader.commit(*commit)?.tree;
        let directory = RepoPath::from(layout::run_directory(run).as_str());
        let Some((Mode::Tree, id)) = self.reader.entry(tree, &directory)? else {
            return Ok(None);
        };
        Ok(Some(self.reader.files(id, MAX_EVIDENCE_FILES)?))
    }
}

/// How many files the evidence of one run may have.
const MAX_EVIDENCE_FILES: usize = 50_000;

/// Returns the lines of a note: one envelope each.
pub fn note_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
}

/// Returns the content of a spent marker.
pub fn spent(run: &RunId) -> Vec<u8> {
    format!("{run}\n").into_bytes()
}

/// Returns the content of the marker of a user signature.
pub fn signed(task: &TaskId) -> Vec<u8> {
    format!("{task}\n").into_bytes()
}

/// Returns the task that the marker of a user signature names.
pub fn parse_signed(bytes: &[u8]) -> Option<TaskId> {
    let text = std::str::from_utf8(bytes).ok()?;
    TaskId::new(text.strip_suffix('\n')?).ok()
}

/// Returns the run that a spent marker names.
pub fn parse_spent(bytes: &[u8]) -> Option<RunId> {
    let text = std::str::from_utf8(bytes).ok()?;
    RunId::new(text.strip_suffix('\n')?).ok()
}

/// Parses an envelope that stands somewhere.
pub fn parse(place: impl ToString, bytes: &[u8]) -> Result<Envelope, Error> {
    Envelope::parse(bytes).map_err(|source| Error::Envelope {
        record: place.to_string(),
        source,
    })
}
