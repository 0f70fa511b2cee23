//! What arrived on governance refs: the records, to be judged together since they bind each other,
//! and whatever else a ref gained or lost.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::git::{self, Compared, Reader};
use crate::record::envelope::{Envelope, MAX_ENVELOPE};
use crate::record::tree::{Fault, Mode};
use crate::record::{Coded as _, ObjectId, RefName, RepoPath, RunId, Sha256, Subject};
use crate::records::Segment;
use crate::store;
use crate::store::additions::Additions;
use crate::store::layout::{self, LedgerPath, Place};
use crate::store::ledger::{self, Refs, note_lines};

use super::case::CommitKind;
use super::{Error, PolicyHistory};

/// The largest note: many envelopes.
pub(super) const MAX_NOTE: u64 = 16 * 1024 * 1024;
/// How many files one look at a governance ref may bring: a clone sees years at once.
const MAX_RECORDS: usize = 10_000_000;

/// What arrived.
#[derive(Default)]
pub struct Arrivals {
    /// Files of the ledger.
    pub ledger: Vec<(LedgerPath, ObjectId)>,
    /// Lines of notes that are envelopes.
    pub notes: Vec<Line>,
    /// Evidence: in which ref, of which run.
    pub evidence: Vec<(RefName, RunId)>,
    /// How refs changed otherwise than by an added record.
    pub irregular: Vec<(RefName, Irregular)>,
    digests: BTreeSet<Sha256>,
    records: Blobs,
}

/// The digest of the record that each blob of the ledger holds, if it holds one.
pub type Blobs = HashMap<ObjectId, Option<Sha256>>;

/// How many lines one push may add to a note.
pub const MOST_LINES: usize = 1_000;

/// A line of a note. It is read again when it is judged: a clone sees the notes of years at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// In which segment it stands.
    pub segment: Segment,
    /// On which object.
    pub object: ObjectId,
    blob: ObjectId,
    /// Where it begins and ends in the blob.
    bytes: (usize, usize),
}

impl Line {
    /// Tells whether two lines stand in one note.
    pub fn is_beside(&self, other: &Self) -> bool {
        (self.segment, self.object, self.blob) == (other.segment, other.object, other.blob)
    }

    /// Returns the note in which the line stands.
    pub fn note(&self, reader: &Reader) -> Result<Vec<u8>, Error> {
        Ok(reader.blob_limited(self.blob, MAX_NOTE)?)
    }

    /// Returns what the line says, given the note in which it stands.
    pub fn envelope(&self, note: &[u8]) -> Result<Envelope, Error> {
        let line = note.get(self.bytes.0..self.bytes.1).unwrap_or_default();
        Ok(ledger::parse(format!("note on {}", self.object), line)?)
    }
}

/// How a governance ref changed otherwise than by an added record.
pub enum Irregular {
    /// It moved to a commit that does not contain where it was.
    Rewound {
        /// Where it was.
        old: ObjectId,
        /// Where it is.
        new: ObjectId,
    },
    /// It is new and holds nothing.
    Empty,
    /// A commit of the ledger that neither adds a record nor joins two histories.
    Idle(ObjectId),
    /// The note on an object is not one line for each record: a line is empty or stands twice, or the
    /// last one has no line feed.
    NoteSpelling(ObjectId),
    /// Two lines of the note on an object are the same statement, signed twice.
    NotedTwice(ObjectId, Sha256),
    /// A file that no kind of record explains.
    Unknown(RepoPath),
    /// Another file under a name of the ledger that is taken.
    Twice(RepoPath),
    /// The first file about a task or a run whose id differs from another one in case only.
    Alike {
        /// The file.
        path: RepoPath,
        /// The other id.
        other: String,
    },
    /// A file that was there changed or went.
    Rewritten {
        /// The file.
        path: RepoPath,
        /// Whether it went.
        removed: bool,
    },
    /// The note on an object lost lines, or went.
    NoteRewritten {
        object: ObjectId,
        /// Whether it went.
        removed: bool,
    },
    /// The note on an object gained so many lines at once.
    TooManyLines(ObjectId, usize),
    /// A line of a note that is no record.
    BadLine(store::Error),
    /// Files added to the evidence of a run that was there before.
    EvidenceAdded(RunId),
    /// It gained more commits than it may at once.
    TooManyCommits {
        /// The commits, parents before children.
        commits: Vec<ObjectId>,
        /// So many it may gain.
        most: usize,
    },
    /// A commit that it gained cannot be read.
    Unreadable(ObjectId, git::Error),
    /// An entry of a tree in one of the commits that it gained is malformed.
    Fault(ObjectId, Fault),
    /// A file in one of the commits that it gained has another mode.
    Mode(ObjectId, RepoPath, Mode),
    /// A commit behind one with evidence that neither has evidence nor is that of a run.
    Stray(ObjectId),
    /// In one of the commits that it gained, not at its tip.
    Between(ObjectId, Box<Irregular>),
}

/// What a governance ref gained.
#[derive(Clone, Copy)]
pub struct Gained<'a> {
    pub reference: &'a RefName,
    /// Where it was.
    pub old: Option<ObjectId>,
    /// Where it is.
    pub new: ObjectId,
    /// So many commits it may gain at once.
    pub most_commits: usize,
    /// So many changes it may bring, and one of them may have: a merge brings what others wrote.
    pub most_changes: usize,
    /// Whether it arrives now: what was accepted stays so.
    pub arriving: bool,
}

impl<'a> Gained<'a> {
    /// What came by a movement that was accepted before.
    pub fn accepted(reference: &'a RefName, old: Option<ObjectId>, new: ObjectId) -> Self {
        Self {
            reference,
            old,
            new,
            most_commits: usize::MAX,
            most_changes: MAX_RECORDS,
            arriving: false,
        }
    }

    /// Tells whether the policy permits a fault of a file of a branch, in a commit behind evidence: the
    /// policy in force for what arrives. What was accepted was judged by some version, and is judged
    /// by that again where it has landed.
    fn permits(&self, fault: &Fault, history: &PolicyHistory) -> bool {
        match self.arriving {
            true => history.current().policy.permits(fault),
            false => history.versions().any(|it| it.policy.permits(fault)),
        }
    }

    /// Returns the commits that it gained, parents before children.
    pub(super) fn commits(
        &self,
        reader: &Reader,
        others: &Refs,
        history: &PolicyHistory,
    ) -> Result<Vec<ObjectId>, git::Error> {
        let mut hidden: BTreeSet<ObjectId> = self.old.into_iter().collect();
        if Place::of(self.reference) == Some(Place::Evidence) {
            // It holds harness commits: what lies behind those belongs to branches. Nothing else
            // may hide what lies behind a governance ref.
            let branch = |name: &RefName| {
                name.branch().is_some() || name.as_str().starts_with("refs/remotes/")
            };
            let branches = others.iter().filter(|(name, _)| branch(name));
            hidden.extend(branches.map(|(_, id)| *id));
            for version in history.versions() {
                hidden.extend(version.policy.adopted());
            }
        }
        let hidden: Vec<_> = hidden.into_iter().collect();
        reader.new_commits(&[self.new], &hidden)
    }
}

/// The tree before, if there was one, and the tree after.
type Trees = (Option<ObjectId>, ObjectId);

impl Arrivals {
    /// Collects nothing yet; records in these blobs were read before.
    pub fn knowing(records: Blobs) -> Self {
        Self {
            records,
            ..Self::default()
        }
    }

    /// Returns what the blobs hold that were read.
    pub fn into_blobs(self) -> Blobs {
        self.records
    }

    fn digest_in(&mut self, reader: &Reader, blob: ObjectId) -> Result<Option<Sha256>, Error> {
        if let Some(known) = self.records.get(&blob) {
            return Ok(*known);
        }
        let bytes = reader.blob_limited(blob, MAX_ENVELOPE as u64)?;
        let digest = Envelope::parse(&bytes).ok().map(|it| it.digest());
        self.records.insert(blob, digest);
        Ok(digest)
    }

    /// Returns the digests of the records that arrived.
    pub fn digests(&self) -> &BTreeSet<Sha256> {
        &self.digests
    }

    /// Returns how many records arrived.
    pub fn count(&self) -> usize {
        self.ledger.len().saturating_add(self.notes.len())
    }

    /// Collects what a movement of a governance ref brings, at most so many files. `before` is the
    /// ledger that it is added to, if that must be asked: what stands there already arrives no more.
    pub fn collect(
        &mut self,
        reader: &Reader,
        gained: &Gained<'_>,
        before: Option<&Additions<'_>>,
    ) -> Result<(), Error> {
        let Gained {
            reference,
            old,
            new,
            ..
        } = *gained;
        if let Some(old) = old
            && !reader.is_ancestor(old, new)?
        {
            self.note(reference, Irregular::Rewound { old, new });
        }
        let place = Place::of(reference);
        if place == Some(Place::Ledger) {
            return self.collect_ledger(reader, gained, before);
        }
        let tree = |id: ObjectId| reader.commit(id).map(|commit| commit.tree);
        let trees = (old.map(tree).transpose()?, tree(new)?);
        // A ref can never be deleted again, so it is not made for nothing.
        if trees.0.is_none() && reader.is_empty_tree(trees.1) {
            self.note(reference, Irregular::Empty);
        }
        match place {
            Some(Place::Evidence) => {
                self.collect_evidence(reader, reference, trees, gained.most_changes)
            }
            Some(Place::Notes(it)) => self.collect_notes(reader, gained, it, trees),
            _ => Ok(()),
        }
    }

    fn note(&mut self, reference: &RefName, what: Irregular) {
        self.irregular.push((reference.clone(), what));
    }

    /// Each commit of the ledger adds the files of its tree.
    fn collect_ledger(
        &mut self,
        reader: &Reader,
        gained: &Gained<'_>,
        before: Option<&Additions<'_>>,
    ) -> Result<(), Error> {
        let reference = gained.reference;
        let hidden: Vec<_> = gained.old.into_iter().collect();
        let commits = reader.new_commits(&[gained.new], &hidden)?;
        let most = gained.most_commits;
        if commits.len() > most {
            self.note(reference, Irregular::TooManyCommits { commits, most });
            return Ok(());
        }
        let mut left = gained.most_changes;
        let mut added = BTreeMap::new();
        let mut ids = BTreeMap::new();
        for commit in commits {
            let found = match tree_of(reader, commit, left) {
                Ok(found) => found,
                Err(error) => {
                    // What keeps the repository from being read speaks against nobody.
                    if error.denies(Subject::none()).is_none() {
                        return Err(error.into());
                    }
                    self.note(reference, Irregular::Unreadable(commit, error));
                    continue;
                }
            };
            left = left.saturating_sub(found.changes.len());
            let adds = !(found.changes.is_empty() && found.faults.is_empty());
            if gained.arriving && !adds && !joins(reader, commit)? {
                self.note(reference, Irregular::Idle(commit));
            }
            for fault in found.faults {
                self.note(reference, Irregular::Fault(commit, fault));
            }
            for change in found.changes {
                let Some(file @ (mode, id)) = change.new else {
                    continue;
                };
                if mode != Mode::File {
                    self.note(
                        reference,
                        Irregular::Mode(commit, change.path.clone(), mode),
                    );
                }
                let Some(path) = LedgerPath::parse(&change.path) else {
                    self.note(reference, Irregular::Unknown(change.path));
                    continue;
                };
                let known = match (added.get(&path), before) {
                    (Some(known), _) => Some(*known),
                    (None, Some(before)) => before.find(&path)?,
                    (None, None) => None,
                };
                match known {
                    Some(known) if known == file => {}
                    Some(_) => self.note(reference, Irregular::Twice(change.path)),
                    None if mode == Mode::File => {
                        if let Some(before) = before.filter(|_| gained.arriving) {
                            let other = alike(before, &mut ids, &path)?;
                            if let Some(other) = other {
                                let path = change.path.clone();
                                self.note(reference, Irregular::Alike { path, other });
                            }
                        }
                        if path.kind().is_some() {
                            let digest = self.digest_in(reader, id)?;
                            self.digests.extend(digest);
                        }
                        added.insert(path.clone(), file);
                        self.ledger.push((path, id));
                    }
                    None => {}
                }
            }
        }
        // A ref can never be deleted again, so it is not made for nothing.
        if gained.old.is_none() && added.is_empty() {
            self.note(reference, Irregular::Empty);
        }
        Ok(())
    }

    fn collect_evidence(
        &mut self,
        reader: &Reader,
        reference: &RefName,
        (old, new): Trees,
        most: usize,
    ) -> Result<(), Error> {
        let mut runs = BTreeSet::new();
        for change in reader.changes_limited(old, Some(new), most)? {
            if change.old.is_some() {
                let (path, removed) = (change.path, change.new.is_none());
                self.note(reference, Irregular::Rewritten { path, removed });
                continue;
            }
            match layout::run_of(&change.path) {
                Some(run) if matches!(change.new, Some((Mode::File, _))) => _ = runs.insert(run),
                _ => self.note(reference, Irregular::Unknown(change.path)),
            }
        }
        for run in runs {
            let directory = RepoPath::from(layout::run_directory(&run).as_str());
            // A run's evidence arrives once and whole.
            let there = old
                .map(|old| reader.entry(old, &directory))
                .transpose()?
                .flatten();
            if there.is_some() {
                self.note(reference, Irregular::EvidenceAdded(run.clone()));
            }
            self.evidence.push((reference.clone(), run));
        }
        Ok(())
    }

    fn collect_notes(
        &mut self,
        reader: &Reader,
        gained: &Gained<'_>,
        segment: Segment,
        (old, new): Trees,
    ) -> Result<(), Error> {
        let (reference, most) = (gained.reference, gained.most_changes);
        let mut touched = BTreeSet::new();
        for change in reader.changes_limited(old, Some(new), most)? {
            let plain = change.new.is_none_or(|(mode, _)| mode == Mode::File);
            touched.insert(git::object_of_note(reader, &change.path, plain)?);
        }
        for object in touched {
            // Looked up in the whole trees: a note may have moved to another fan-out, and an object
            // with two notes is an error.
            let earlier = match old {
                Some(old) => git::note(reader, old, object)?,
                None => None,
            };
            let Some(blob) = git::note(reader, new, object)? else {
                let removed = true;
                self.note(reference, Irregular::NoteRewritten { object, removed });
                continue;
            };
            if earlier == Some(blob) {
                continue;
            }
            let text = reader.blob_limited(blob, MAX_NOTE)?;
            let earlier = earlier
                .map(|id| reader.blob(id))
                .transpose()?
                .unwrap_or_default();
            let lines = lines_of(&text);
            if gained.arriving {
                self.spelling(reference, object, &text, lines.len());
            }
            let known: BTreeSet<_> = note_lines(&earlier).collect();
            if !known.iter().all(|line| lines.contains_key(line)) {
                let removed = false;
                self.note(reference, Irregular::NoteRewritten { object, removed });
            }
            let mut added = lines;
            added.retain(|line, _| !known.contains(line));
            if gained.arriving && added.len() > MOST_LINES {
                self.note(reference, Irregular::TooManyLines(object, added.len()));
                continue;
            }
            for (line, begin) in added {
                match ledger::parse(format!("note on {object}"), line) {
                    Ok(envelope) => {
                        self.digests.insert(envelope.digest());
                        let bytes = (begin, begin.saturating_add(line.len()));
                        self.notes.push(Line {
                            segment,
                            object,
                            blob,
                            bytes,
                        });
                    }
                    Err(error) => self.note(reference, Irregular::BadLine(error)),
                }
            }
        }
        Ok(())
    }

    /// A note is one line for each record, each with its line feed; no record stands in it twice.
    fn spelling(&mut self, reference: &RefName, object: ObjectId, text: &[u8], lines: usize) {
        let feeds = text.iter().filter(|byte| **byte == b'\n').count();
        if feeds != lines || !text.ends_with(b"\n") {
            self.note(reference, Irregular::NoteSpelling(object));
        }
        // Anybody can make a second signature out of one by ECDSA.
        let lines: BTreeSet<_> = note_lines(text).collect();
        let mut said = BTreeSet::new();
        for envelope in lines.into_iter().filter_map(|it| Envelope::parse(it).ok()) {
            let keys = envelope.signatures().iter().map(|it| it.keyid.clone());
            if !said.insert((envelope.digest(), keys.collect::<Vec<_>>())) {
                self.note(reference, Irregular::NotedTwice(object, envelope.digest()));
            }
        }
    }

    /// Looks at every tree that a governance ref gained, in every commit: its files are judged
    /// where it ends, but what stood in between stays in the repository as well.
    pub fn collect_commits(
        &mut self,
        reader: &Reader,
        gained: &Gained<'_>,
        others: &Refs,
        history: &PolicyHistory,
    ) -> Result<(), Error> {
        let reference = gained.reference;
        let place = Place::of(reference);
        // Of the ledger, every commit is looked at to know what it adds.
        if place == Some(Place::Ledger) {
            return Ok(());
        }
        let commits = gained.commits(reader, others, history)?;
        let most = gained.most_commits;
        if commits.len() > most {
            self.note(reference, Irregular::TooManyCommits { commits, most });
            return Ok(());
        }
        for id in commits {
            if let Err(error) = self.collect_commit(reader, gained, history, id) {
                // What keeps the repository from being read speaks against nobody.
                if error.denies(Subject::none()).is_none() {
                    return Err(error.into());
                }
                self.note(reference, Irregular::Unreadable(id, error));
            }
        }
        Ok(())
    }

    /// Looks at what a commit has that its first parent has not: what another parent has was
    /// looked at as that parent's. Records and notes are plain files.
    fn collect_commit(
        &mut self,
        reader: &Reader,
        gained: &Gained<'_>,
        history: &PolicyHistory,
        id: ObjectId,
    ) -> Result<(), git::Error> {
        let reference = gained.reference;
        let place = Place::of(reference);
        let commit = reader.commit(id)?;
        let before = match commit.parents.first() {
            Some(parent) => Some(reader.commit(*parent)?.tree),
            None => None,
        };
        let found = reader.compare(before, Some(commit.tree), gained.most_changes)?;
        let is_run = matches!(CommitKind::of(&commit), CommitKind::Governed(_));
        for fault in found.faults {
            let may_be_permitted = place == Some(Place::Evidence)
                && (is_run || !layout::is_below_runs(&fault.path))
                && gained.permits(&fault, history);
            if !may_be_permitted {
                self.note(reference, Irregular::Fault(id, fault));
            }
        }
        // Evidence has the commits of runs behind it, whose files are the contract's matter.
        if place == Some(Place::Evidence) {
            return Ok(());
        }
        for change in found.changes {
            if let Some((mode, _)) = change.new
                && mode != Mode::File
            {
                self.note(reference, Irregular::Mode(id, change.path.clone(), mode));
            }
        }
        Ok(())
    }
}

/// Tells whether a commit joins different histories.
fn joins(reader: &Reader, commit: ObjectId) -> Result<bool, git::Error> {
    let parents: BTreeSet<_> = reader.parents_of(commit)?.into_iter().collect();
    Ok(parents.len() > 1)
}

/// Returns the id of another task or run, there before or among these that arrive with it, that differs
/// from that of this file in case only.
fn alike(
    before: &Additions<'_>,
    ids: &mut BTreeMap<(&'static str, String), String>,
    path: &LedgerPath,
) -> Result<Option<String>, Error> {
    let id = path.id();
    let folded = (path.is_about(), id.to_ascii_lowercase());
    if let Some(first) = ids.get(&folded) {
        return Ok((*first != id).then(|| first.clone()));
    }
    ids.insert(folded, id);
    Ok(before.taken(path)?)
}

/// Returns the lines of a note, sorted, and where each begins.
fn lines_of(text: &[u8]) -> BTreeMap<&[u8], usize> {
    let mut lines = BTreeMap::new();
    let mut begin = 0_usize;
    for line in text.split(|byte| *byte == b'\n') {
        if !line.is_empty() {
            lines.insert(line, begin);
        }
        begin = begin.saturating_add(line.len()).saturating_add(1);
    }
    lines
}

/// Returns the entries of a commit's tree, and their faults.
fn tree_of(reader: &Reader, commit: ObjectId, most: usize) -> Result<Compared, git::Error> {
    reader.compare(None, Some(reader.commit(commit)?.tree), most)
}
