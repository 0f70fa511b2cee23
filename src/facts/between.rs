//! How notes and evidence grew, commit by commit.
//!
//! The records at the tip of such a ref are judged for themselves. But whatever a commit on the way
//! held, or one behind a further parent, is fetched by everybody and can never be removed again. So
//! each new commit holds notes or evidence and nothing else, and loses nothing that one of its
//! parents had: then all that it holds is at the tip.

use std::collections::{BTreeMap, BTreeSet};

use crate::git::{self, Reader};
use crate::record::commit::Commit;
use crate::record::tree::{Change, Mode};
use crate::record::{Coded as _, ObjectId, RefName, Subject};
use crate::records::{Kind, LedgerPath};
use crate::store::layout::{self, Place};
use crate::store::ledger::{Refs, note_lines};

use super::Error;
use super::arrivals::{Arrivals, Gained, Irregular, MAX_NOTE};
use super::case::CommitKind;
use super::run::Collector;

/// So many bytes of notes are as much work as one entry of a tree.
const BYTES_OF_WORK: usize = 64;

/// Looks at every commit that a ref with notes or evidence gained, unless something was found
/// about its tip: that is mended first.
pub fn collect(
    arrivals: &Arrivals,
    gained: &Gained<'_>,
    others: &Refs,
    collector: &Collector<'_>,
) -> Result<Vec<(RefName, Irregular)>, Error> {
    let reference = gained.reference;
    let place = Place::of(reference);
    let of_this = |(name, _): &(RefName, Irregular)| name == reference;
    if !matches!(place, Some(Place::Notes(_) | Place::Evidence))
        || arrivals.irregular.iter().any(of_this)
    {
        return Ok(Vec::new());
    }
    let reader = collector.records.reader();
    let commits = gained.commits(reader, others, collector.history)?;
    let found = match place {
        Some(Place::Evidence) => {
            let held = || held(arrivals, collector, reference);
            evidence(collector, gained, &commits, &held)?
        }
        _ => notes(reader, gained, &commits)?,
    };
    let found = found.into_iter().map(|it| (reference.clone(), it));
    Ok(found.collect())
}

/// What is wrong with a commit; an error only where that is not known.
fn or_unreadable(
    id: ObjectId,
    looked: Result<Option<Irregular>, git::Error>,
) -> Result<Option<Irregular>, Error> {
    match looked {
        Ok(found) => Ok(found.map(|it| Irregular::Between(id, Box::new(it)))),
        // What keeps the repository from being read speaks against nobody.
        Err(error) if error.denies(Subject::none()).is_none() => Err(error.into()),
        Err(error) => Ok(Some(Irregular::Unreadable(id, error))),
    }
}

/// Returns the trees to which that of a commit is compared: those of these parents, or none.
fn trees(
    reader: &Reader,
    parents: &BTreeSet<ObjectId>,
) -> Result<Vec<Option<ObjectId>>, git::Error> {
    if parents.is_empty() {
        return Ok(vec![None]);
    }
    let trees = parents.iter().map(|it| reader.tree_of(*it).map(Some));
    trees.collect()
}

fn notes(
    reader: &Reader,
    gained: &Gained<'_>,
    commits: &[ObjectId],
) -> Result<Vec<Irregular>, Error> {
    let mut found = Vec::new();
    for id in commits.iter().rev() {
        found.extend(or_unreadable(*id, lost_notes(reader, gained, *id))?);
    }
    Ok(found)
}

/// Returns what the notes of a commit lost of those of one of its parents.
fn lost_notes(
    reader: &Reader,
    gained: &Gained<'_>,
    id: ObjectId,
) -> Result<Option<Irregular>, git::Error> {
    let commit = reader.commit(id)?;
    for before in trees(reader, &distinct(&commit))? {
        let mut touched = BTreeSet::new();
        for change in reader.changes_limited(before, Some(commit.tree), gained.most_changes)? {
            let plain = change.new.is_none_or(|(mode, _)| mode == Mode::File);
            touched.insert(git::object_of_note(reader, &change.path, plain)?);
        }
        for object in touched {
            // The same note may stand at another fan-out.
            let Some(blob) = git::note(reader, commit.tree, object)? else {
                let removed = true;
                return Ok(Some(Irregular::NoteRewritten { object, removed }));
            };
            let earlier = match before {
                Some(before) => git::note(reader, before, object)?,
                None => None,
            };
            if earlier == Some(blob) {
                continue;
            }
            let text = reader.blob_limited(blob, MAX_NOTE)?;
            let earlier = earlier.map(|it| reader.blob(it)).transpose()?;
            let earlier = earlier.unwrap_or_default();
            let bytes = text.len().saturating_add(earlier.len());
            reader.work((bytes / BYTES_OF_WORK) as u64)?;
            if lost_lines(&earlier, &text) {
                let removed = false;
                return Ok(Some(Irregular::NoteRewritten { object, removed }));
            }
        }
    }
    Ok(None)
}

/// Tells whether a note lost a line.
fn lost_lines(earlier: &[u8], text: &[u8]) -> bool {
    // Most often lines were appended.
    if text.starts_with(earlier) && earlier.last().is_none_or(|last| *last == b'\n') {
        return false;
    }
    let lines: BTreeSet<_> = note_lines(text).collect();
    !note_lines(earlier).all(|line| lines.contains(line))
}

fn distinct(commit: &Commit) -> BTreeSet<ObjectId> {
    commit.parents.iter().copied().collect()
}

/// Returns the commits of the runs of which evidence arrives in a ref: what its commits hold. Nothing
/// if no record names one of these runs, which is found for itself.
fn held(
    arrivals: &Arrivals,
    collector: &Collector<'_>,
    reference: &RefName,
) -> Result<Option<BTreeSet<ObjectId>>, Error> {
    let mut held = BTreeSet::new();
    let runs = arrivals.evidence.iter();
    for (_, run) in runs.filter(|(name, _)| name == reference) {
        let Some(commit) = collector.commit_of(&Kind::Run.of(run))? else {
            return Ok(None);
        };
        held.insert(commit);
    }
    Ok(Some(held))
}

fn evidence(
    collector: &Collector<'_>,
    gained: &Gained<'_>,
    commits: &[ObjectId],
    held: &dyn Fn() -> Result<Option<BTreeSet<ObjectId>>, Error>,
) -> Result<Vec<Irregular>, Error> {
    let reader = collector.records.reader();
    let mut of_runs = None;
    let new: BTreeSet<_> = commits.iter().copied().collect();
    // From child to parent: the commits with evidence, and their parents that have some.
    let mut ours = BTreeMap::from([(gained.new, BTreeSet::new())]);
    let mut from_before = BTreeMap::new();
    for id in commits.iter().rev() {
        if !ours.contains_key(id) {
            continue;
        }
        let mut parents = distinct(&*reader.commit(*id)?);
        for parent in parents.clone() {
            if gained.old == Some(parent) {
                continue;
            }
            let mut is_held = is_of_a_run(collector, parent)?;
            if !is_held {
                // A record may be of a commit that does not say so.
                let of_runs = match (&mut of_runs, held) {
                    (Some(of_runs), _) => of_runs,
                    (none, held) => match held()? {
                        Some(held) => none.insert(held),
                        None => return Ok(Vec::new()),
                    },
                };
                is_held = of_runs.contains(&parent);
            }
            if is_held {
                parents.remove(&parent);
            } else if new.contains(&parent) {
                ours.entry(parent).or_default();
            } else {
                from_before.insert(parent, *id);
            }
        }
        ours.insert(*id, parents);
    }
    let mut found = Vec::new();
    if !from_before.is_empty() {
        let parents: Vec<_> = from_before.keys().copied().collect();
        let old: Vec<_> = gained.old.into_iter().collect();
        for stray in reader.new_commits(&parents, &old)? {
            if let Some(child) = from_before.get(&stray) {
                let stray = Box::new(Irregular::Stray(stray));
                found.push(Irregular::Between(*child, stray));
            }
        }
    }
    if found.is_empty() {
        for (id, parents) in ours {
            // What claims to be the commit of a run is judged as the files of a branch.
            if let CommitKind::Governed(_) = CommitKind::of(&*reader.commit(id)?) {
                found.push(Irregular::Stray(id));
                continue;
            }
            found.extend(or_unreadable(
                id,
                other_evidence(reader, gained, id, &parents),
            )?);
        }
    }
    Ok(found)
}

/// Tells whether a commit is that of a run of record, as its trailer claims.
fn is_of_a_run(collector: &Collector<'_>, id: ObjectId) -> Result<bool, Error> {
    let CommitKind::Governed(run) = CommitKind::of(&*collector.records.reader().commit(id)?) else {
        return Ok(false);
    };
    Ok(collector.commit_of(&Kind::Run.of(&run))? == Some(id))
}

/// Returns what a commit with evidence holds that is none, or lost of what these parents had.
fn other_evidence(
    reader: &Reader,
    gained: &Gained<'_>,
    id: ObjectId,
    parents: &BTreeSet<ObjectId>,
) -> Result<Option<Irregular>, git::Error> {
    let tree = reader.commit(id)?.tree;
    for before in trees(reader, parents)? {
        for Change { path, old, new } in
            reader.changes_limited(before, Some(tree), gained.most_changes)?
        {
            if old.is_some() {
                let removed = new.is_none();
                return Ok(Some(Irregular::Rewritten { path, removed }));
            }
            let plain = matches!(new, Some((Mode::File, _)));
            if !plain || layout::run_of(&path).is_none() {
                return Ok(Some(Irregular::Unknown(path)));
            }
        }
    }
    Ok(None)
}

/// Returns the runs whose record arrives and whose commit is neither behind the ref of its evidence
/// nor on its branch, with that ref: no clone would ever get it.
pub fn unheld(
    arrivals: &Arrivals,
    collector: &Collector<'_>,
    after: &Refs,
) -> Result<Vec<(LedgerPath, RefName, ObjectId)>, Error> {
    let reader = collector.records.reader();
    let mut runs: BTreeMap<_, BTreeMap<ObjectId, &LedgerPath>> = BTreeMap::new();
    for (path, _) in &arrivals.ledger {
        if path.kind() == Some(Kind::Run)
            && let Some((evidence, branch, commit)) = collector.holds(path)?
            // What is not there at all is found with what the record binds.
            && reader.contains(commit)
        {
            let of_refs = runs.entry((evidence, branch)).or_default();
            of_refs.insert(commit, path);
        }
    }
    let mut unheld = Vec::new();
    for ((evidence, branch), runs) in runs {
        let refs = [&evidence, &branch].into_iter();
        let tips: Vec<_> = refs.filter_map(|name| after.get(name).copied()).collect();
        let commits: Vec<_> = runs.keys().copied().collect();
        for commit in reader.new_commits(&commits, &tips)? {
            if let Some(path) = runs.get(&commit) {
                unheld.push(((*path).clone(), evidence.clone(), commit));
            }
        }
    }
    Ok(unheld)
}
