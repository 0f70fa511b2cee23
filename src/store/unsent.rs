//! What a clone has recorded and a server does not have, and the refs without a part of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::git::{self, Repo};
use crate::record::commit::Person;
use crate::record::envelope::Envelope;
use crate::record::tree::Mode;
use crate::record::{ObjectId, RefName, RepoPath, RunId, Sha256, baseline};
use crate::records::{Kind, RunPredicate, Statement};

use super::Error;
use super::additions::{Additions, since};
use super::baselines::{Lines as Baselines, Standing};
use super::batch::HELD_TRAILER;
use super::layout::{self, LedgerPath, Place, Refs};
use super::ledger::note_lines;
use super::merge::merge;
use super::swap::{Edits, Tip};

/// Something that a clone has and a server does not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Piece {
    /// A policy that does not follow the server's.
    Policy(ObjectId),
    /// A file of the ledger.
    File(LedgerPath),
    /// A line of the note on an object in this ref, with the digest of its record.
    Line(RefName, ObjectId, Sha256),
    /// The evidence of a run in this ref.
    Evidence(RefName, RunId),
    /// A baseline.
    Baseline(baseline::Place),
}

impl fmt::Display for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(id) => write!(f, "policy {id}"),
            Self::File(path) => write!(f, "{}", path.to_path()),
            Self::Line(reference, object, digest) => {
                write!(f, "{digest} on {object} in {reference}")
            }
            Self::Evidence(_, run) => write!(f, "evidence of {run}"),
            Self::Baseline(place) => write!(f, "{}", layout::baseline(place)),
        }
    }
}

impl Piece {
    /// Returns the ref that holds it.
    fn reference(&self) -> RefName {
        match self {
            Self::Policy(_) => layout::policy(),
            Self::File(_) => layout::ledger(),
            Self::Baseline(place) => layout::baseline(place),
            Self::Line(name, ..) | Self::Evidence(name, _) => name.clone(),
        }
    }
}

/// Lines of a note, with the digests of their records.
type Lines = Vec<(Sha256, Vec<u8>)>;

/// Refs, and where they are after something was taken out of them.
pub type Moved = BTreeMap<RefName, Option<ObjectId>>;

/// What a clone has and a server does not, as far as was seen of the server.
pub struct Unsent<'a> {
    repo: &'a Repo,
    ours: &'a Refs,
    theirs: &'a Refs,
    /// The files of the ledger, with the digests of those that are records.
    files: BTreeMap<LedgerPath, (Mode, ObjectId, Option<Sha256>)>,
    /// The lines of notes, by ref and object.
    lines: BTreeMap<(RefName, ObjectId), Lines>,
    /// The files of evidence, by ref and run.
    evidence: BTreeMap<(RefName, RunId), Edits>,
    /// The baselines.
    baselines: Baselines,
    /// What contradicts something that the server has under the same name.
    conflicts: BTreeSet<Piece>,
}

impl<'a> Unsent<'a> {
    /// Compares the governance refs of a clone with those of a server.
    pub fn between(repo: &'a Repo, ours: &'a Refs, theirs: &'a Refs) -> Result<Self, Error> {
        let mut unsent = Self {
            repo,
            ours,
            theirs,
            files: BTreeMap::new(),
            lines: BTreeMap::new(),
            evidence: BTreeMap::new(),
            baselines: own_baselines(repo, ours, theirs),
            conflicts: BTreeSet::new(),
        };
        for (name, our) in ours {
            let their = theirs.get(name).copied();
            if their == Some(*our) {
                continue;
            }
            match Place::of(name) {
                Some(Place::Policy) => unsent.compare_policies(*our, their)?,
                Some(Place::Ledger) => unsent.compare_ledgers(*our, their)?,
                Some(Place::Notes(_)) => unsent.compare_notes(name, *our, their)?,
                Some(Place::Evidence) => unsent.compare_evidence(name, *our, their)?,
                Some(Place::Baseline | Place::Log | Place::Unknown) | None => {}
            }
        }
        unsent.compare_baselines();
        Ok(unsent)
    }

    /// Returns what can never be merged, since the server has something else under its name.
    pub fn conflicts(&self) -> &BTreeSet<Piece> {
        &self.conflicts
    }

    /// Returns the pieces that a path of the ledger or the digest of a record names; else what is said
    /// in the ledger about the record of this digest.
    pub fn named(&self, record: &str) -> BTreeSet<Piece> {
        let digest: Option<Sha256> = record.parse().ok();
        let mut named = BTreeSet::new();
        for (path, (_, _, own)) in &self.files {
            if path.to_path().to_string() == record || (own.is_some() && *own == digest) {
                named.insert(Piece::File(path.clone()));
            }
        }
        for ((name, object), lines) in &self.lines {
            let own = lines.iter().filter(|(own, _)| Some(*own) == digest);
            named.extend(own.map(|(own, _)| Piece::Line(name.clone(), *object, *own)));
        }
        if named.is_empty() && digest.is_some() {
            let about = self.files.keys().filter(|path| path.id() == record);
            named.extend(about.cloned().map(Piece::File));
        }
        named
    }

    /// Returns the pieces of a run in the ledger and in evidence.
    pub fn of_run(&self, run: &RunId) -> BTreeSet<Piece> {
        let files = self.files.keys().filter(|path| path.run() == Some(run));
        let evidence = self.evidence.keys().filter(|(_, own)| own == run);
        let evidence = evidence.map(|(name, run)| Piece::Evidence(name.clone(), run.clone()));
        files.cloned().map(Piece::File).chain(evidence).collect()
    }

    /// Returns a baseline that only this clone has, with those that follow it.
    pub fn with_successors(&self, name: &RefName) -> BTreeSet<Piece> {
        let mut found = BTreeSet::new();
        let mut left: Vec<_> = self.baselines.get(name).into_iter().collect();
        while let Some(own) = left.pop() {
            if found.insert(Piece::Baseline(own.place.clone())) {
                let all = self.baselines.all().iter();
                left.extend(all.filter(|it| it.before == Some(own.id)));
            }
        }
        found
    }

    /// Returns each ref that moves if these pieces are taken out of it: what the server has, with
    /// what is left. `None` where nothing is.
    pub fn without(&self, aside: &BTreeSet<Piece>, author: &Person) -> Result<Moved, Error> {
        let mut moved = Moved::new();
        for (name, our) in self.ours {
            let their = self.theirs.get(name).copied();
            let touched = aside.iter().any(|piece| piece.reference() == *name);
            let tip = match (Place::of(name), their) {
                (None | Some(Place::Log | Place::Unknown), _) => continue,
                (Some(Place::Policy | Place::Baseline), _) if touched => their,
                (Some(Place::Ledger), _) if touched => self.ledger_without(their, aside, author)?,
                (Some(Place::Notes(_)), _) if touched => {
                    self.notes_without(name, their, aside, author)?
                }
                (Some(Place::Evidence), _) if touched => {
                    self.evidence_without(name, their, aside, author)?
                }
                (Some(_), Some(their)) => Some(merge(self.repo, name, *our, their, author)?),
                (Some(_), None) => continue,
            };
            if tip != Some(*our) {
                moved.insert(name.clone(), tip);
            }
        }
        Ok(moved)
    }

    fn compare_policies(&mut self, our: ObjectId, their: Option<ObjectId>) -> Result<(), Error> {
        if let Some(their) = their
            && self.repo.newer(our, their)?.is_none()
        {
            self.conflicts.insert(Piece::Policy(our));
        }
        Ok(())
    }

    /// Finds the baselines that the server will never take.
    fn compare_baselines(&mut self) {
        let overtaken = overtaken(self.repo, &self.baselines, self.theirs).into_iter();
        let pieces = overtaken.flat_map(|it| self.with_successors(&it.reference));
        let pieces: Vec<_> = pieces.collect();
        self.conflicts.extend(pieces);
    }

    fn compare_ledgers(&mut self, our: ObjectId, their: Option<ObjectId>) -> Result<(), Error> {
        let reader = self.repo.reader();
        let known = Additions::at(reader, their);
        for (name, mode, blob) in since(reader, their, our)? {
            let Some(path) = LedgerPath::parse(&name) else {
                continue;
            };
            match known.find(&path)? {
                Some(there) if there == (mode, blob) => continue,
                Some(_) => _ = self.conflicts.insert(Piece::File(path.clone())),
                None => {}
            }
            let record = Envelope::parse(&self.repo.blob(blob)?).ok();
            let digest = record.map(|it| it.digest());
            self.files.insert(path, (mode, blob, digest));
        }
        Ok(())
    }

    fn compare_notes(
        &mut self,
        name: &RefName,
        our: ObjectId,
        their: Option<ObjectId>,
    ) -> Result<(), Error> {
        let theirs: BTreeMap<_, _> = match their {
            Some(their) => git::all_notes(self.repo, self.tree(their)?)?
                .into_iter()
                .collect(),
            None => BTreeMap::new(),
        };
        for (object, blob) in git::all_notes(self.repo, self.tree(our)?)? {
            let there = theirs.get(&object).copied();
            if there == Some(blob) {
                continue;
            }
            let there = there.map(|it| self.repo.blob(it)).transpose()?;
            let there: BTreeSet<_> = there.iter().flat_map(|it| note_lines(it)).collect();
            let ours = self.repo.blob(blob)?;
            let lines = note_lines(&ours).filter(|line| !there.contains(line));
            let lines = lines.map(|line| {
                let record = Envelope::parse(line).ok();
                let digest = record.map_or_else(|| Sha256::of(line), |it| it.digest());
                (digest, line.to_vec())
            });
            let lines: Vec<_> = lines.collect();
            if !lines.is_empty() {
                self.lines.insert((name.clone(), object), lines);
            }
        }
        Ok(())
    }

    fn compare_evidence(
        &mut self,
        name: &RefName,
        our: ObjectId,
        their: Option<ObjectId>,
    ) -> Result<(), Error> {
        let their = their.map(|their| self.tree(their)).transpose()?;
        for change in self.repo.changes(their, Some(self.tree(our)?))? {
            let Some(new) = change.new else { continue };
            let Some(run) = layout::run_of(&change.path) else {
                continue;
            };
            let directory = RepoPath::from(layout::run_directory(&run).as_str());
            let there = their.map(|their| self.repo.entry(their, &directory));
            if there.transpose()?.flatten().is_some() {
                let piece = Piece::Evidence(name.clone(), run.clone());
                self.conflicts.insert(piece);
            }
            let files = self.evidence.entry((name.clone(), run)).or_default();
            files.push((change.path, Some(new)));
        }
        Ok(())
    }

    fn ledger_without(
        &self,
        their: Option<ObjectId>,
        aside: &BTreeSet<Piece>,
        author: &Person,
    ) -> Result<Option<ObjectId>, Error> {
        let kept = self.files.iter();
        let kept = kept.filter(|(path, _)| !aside.contains(&Piece::File((*path).clone())));
        let kept = kept.map(|(path, (mode, blob, _))| (path.to_path(), Some((*mode, *blob))));
        let kept: Edits = kept.collect();
        let tip = Tip::at_commit(self.repo, layout::ledger(), their)?;
        let message = "awo: what remains to be pushed\n".to_owned();
        let added = tip.adding(self.repo, &kept, author, message)?;
        Ok(added.map_or(their, |it| it.new))
    }

    fn notes_without(
        &self,
        name: &RefName,
        their: Option<ObjectId>,
        aside: &BTreeSet<Piece>,
        author: &Person,
    ) -> Result<Option<ObjectId>, Error> {
        let tip = Tip::at_commit(self.repo, name.clone(), their)?;
        let mut edits = Edits::new();
        for ((own, object), lines) in &self.lines {
            let is_aside =
                |digest: Sha256| aside.contains(&Piece::Line(own.clone(), *object, digest));
            let kept = lines.iter().filter(|(digest, _)| !is_aside(*digest));
            let kept: Vec<_> = kept.map(|(_, line)| line).collect();
            if own != name || kept.is_empty() {
                continue;
            }
            let there = match tip.tree {
                Some(tree) => git::note(self.repo, tree, *object)?,
                None => None,
            };
            let there = there.map(|id| self.repo.blob(id)).transpose()?;
            let mut text = there.unwrap_or_default();
            for line in kept {
                text.extend_from_slice(line);
                text.push(b'\n');
            }
            let path = git::path_for_note(self.repo, tip.tree, *object)?;
            edits.push((path, Some((Mode::File, self.repo.write_blob(&text)?))));
        }
        let message = "awo: what remains to be pushed\n".to_owned();
        let edited = tip.edited(self.repo, &edits, author, message, None)?;
        Ok(edited.map_or(their, |it| it.new))
    }

    fn evidence_without(
        &self,
        name: &RefName,
        their: Option<ObjectId>,
        aside: &BTreeSet<Piece>,
        author: &Person,
    ) -> Result<Option<ObjectId>, Error> {
        let mut tip = their;
        for ((own, run), files) in &self.evidence {
            if own != name || aside.contains(&Piece::Evidence(own.clone(), run.clone())) {
                continue;
            }
            let held = self.commit_of(run)?;
            let mut message = format!("awo: evidence of {run}\n");
            if let Some(held) = held {
                message.push_str(&format!("\n{HELD_TRAILER}: {held}\n"));
            }
            let edited = Tip::at_commit(self.repo, name.clone(), tip)?;
            let edited = edited.edited(self.repo, files, author, message, held)?;
            tip = edited.map_or(tip, |it| it.new);
        }
        Ok(tip)
    }

    /// Returns the commit of a run, by its record here.
    fn commit_of(&self, run: &RunId) -> Result<Option<ObjectId>, Error> {
        let Some((_, blob, _)) = self.files.get(&Kind::Run.of(run)) else {
            return Ok(None);
        };
        let envelope = Envelope::parse(&self.repo.blob(*blob)?).ok();
        let statement = envelope.map(|it| Statement::<RunPredicate>::parse(it.payload()));
        Ok(statement.and_then(Result::ok).map(|it| it.predicate.commit))
    }

    fn tree(&self, commit: ObjectId) -> Result<ObjectId, Error> {
        Ok(self.repo.commit(commit)?.tree)
    }
}

/// Returns the baselines of a clone that a server will never take, since it has another one of the name or
/// after the same one.
pub fn overtaken_baselines(repo: &Repo, ours: &Refs, theirs: &Refs) -> Vec<baseline::Place> {
    let own = own_baselines(repo, ours, theirs);
    let overtaken = overtaken(repo, &own, theirs).into_iter();
    overtaken.map(|it| it.place.clone()).collect()
}

/// Returns the baselines that the server has not.
fn own_baselines(repo: &Repo, ours: &Refs, theirs: &Refs) -> Baselines {
    let own = ours
        .iter()
        .filter(|(name, id)| theirs.get(*name) != Some(*id));
    Baselines::read(repo, own)
}

fn overtaken<'a>(repo: &Repo, own: &'a Baselines, theirs: &Refs) -> Vec<&'a Standing> {
    if own.all().is_empty() {
        return Vec::new();
    }
    let theirs = Baselines::read(repo, theirs);
    let is_overtaken = |own: &&Standing| {
        let mut line = theirs.of(own.line());
        line.any(|it| it.is_alike(own) || it.before == own.before)
    };
    own.all().iter().filter(is_overtaken).collect()
}

/// Keeps a tip that another one replaces: nothing is lost, it is only out of the way.
///
/// # Errors
/// If the name cannot stand in a ref, which no name of ours can cause.
pub fn displaced(
    reference: &RefName,
    tip: ObjectId,
) -> Result<RefName, crate::record::name::BadName> {
    let rest = reference.as_str().trim_start_matches("refs/");
    RefName::new(format!("refs/awo-displaced/{rest}/{}", tip.short()))
}
