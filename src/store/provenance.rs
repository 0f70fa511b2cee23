//! The provenance index: one entry a finalized run, in shards, each a pure function of the
//! finalizations whose run ids fall into it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::git::{Reader, Repo};
use crate::record::commit::Person;
use crate::record::envelope::{Envelope, MAX_ENVELOPE};
use crate::record::json::{self, BadJson};
use crate::record::tree::Mode;
use crate::record::{IdentityName, ObjectId, RepoPath, RunId};
use crate::records::{FinalizationPredicate, Kind, Scope, Statement};

use super::Error;
use super::layout::{self, LedgerPath};
use super::swap::{Edits, Tip, swap};

/// An entry: what AWO's index says of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The persons who approved, sorted.
    pub approved_by: Vec<IdentityName>,
    /// Where an export puts the attestation.
    pub attestation_path: String,
    /// The harness commit.
    pub commit: ObjectId,
    /// The run.
    pub run_id: RunId,
    /// Where the forge ran the audit; empty if no forge did.
    pub workflow_run_url: String,
}

/// A shard, or the whole index: entries sorted by run id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// The entries.
    pub entries: Vec<Entry>,
    schema: Schema,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Schema {
    #[default]
    #[serde(rename = "awo.provenance-index/1")]
    V1,
}

impl Entry {
    /// Returns the entry that a finalization implies.
    pub fn of(finalization: &FinalizationPredicate) -> Self {
        Self {
            approved_by: finalization.approved_by.clone(),
            attestation_path: format!(
                "governance/attestations/{}/ATTESTATION.json",
                finalization.run
            ),
            commit: finalization.commit,
            run_id: finalization.run.clone(),
            workflow_run_url: finalization
                .workflow_run_url
                .clone()
                .map(String::from)
                .unwrap_or_default(),
        }
    }
}

impl Index {
    /// Returns the index of these entries, in whatever order they come.
    pub fn of(entries: impl IntoIterator<Item = Entry>) -> Self {
        let mut entries: Vec<_> = entries.into_iter().collect();
        entries.sort_by(|a, b| a.run_id.cmp(&b.run_id));
        entries.dedup();
        Self {
            entries,
            schema: Schema::V1,
        }
    }

    /// Parses a shard strictly.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadJson> {
        json::parse_canonical(bytes)
    }

    /// Returns what stands in a shard of any spelling, to name what is wrong in it. Nothing may
    /// be believed of it.
    pub fn parse_leniently(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// Returns the canonical bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        json::canonical(self)
    }

    /// Returns the entry of a run.
    pub fn get(&self, run: &RunId) -> Option<&Entry> {
        self.entries.iter().find(|entry| &entry.run_id == run)
    }
}

/// Shards, each with what it must hold; one that must hold nothing must not be there.
pub type Shards = BTreeMap<LedgerPath, Index>;

/// Returns what these shards must hold, recomputed from the finalizations of a ledger's tree.
///
/// Only the runs of the same first byte are listed, and only those of a wanted shard read.
pub fn implied(
    reader: &Reader,
    ledger: Option<ObjectId>,
    wanted: &BTreeSet<LedgerPath>,
) -> Result<Shards, Error> {
    let mut found: BTreeMap<LedgerPath, Vec<Entry>> = BTreeMap::new();
    let mut firsts = BTreeSet::new();
    for shard in wanted {
        if let LedgerPath::Shard(first, _) = shard {
            found.entry(shard.clone()).or_default();
            firsts.insert(first.clone());
        }
    }
    for first in firsts {
        finalized(reader, ledger, &first, |shard, read| {
            if let Some(entries) = found.get_mut(&shard) {
                entries.extend(read()?);
            }
            Ok(())
        })?;
    }
    Ok(shards(found))
}

/// Returns every shard that some finalization of a ledger's tree implies.
pub fn implied_by_all(reader: &Reader, ledger: Option<ObjectId>) -> Result<Shards, Error> {
    let mut found: BTreeMap<LedgerPath, Vec<Entry>> = BTreeMap::new();
    for byte in 0..=u8::MAX {
        finalized(reader, ledger, &format!("{byte:02x}"), |shard, read| {
            if let Some(entry) = read()? {
                found.entry(shard).or_default().push(entry);
            }
            Ok(())
        })?;
    }
    Ok(shards(found))
}

/// Returns the shards that a ledger's tree holds.
pub fn stored(
    reader: &Reader,
    ledger: Option<ObjectId>,
) -> Result<BTreeMap<LedgerPath, ObjectId>, Error> {
    let index = RepoPath::from("index");
    let Some((Mode::Tree, tree)) = reader.entry(ledger, &index)? else {
        return Ok(BTreeMap::new());
    };
    let files = reader.files(tree, MOST_SHARDS)?;
    let known = files.into_iter().filter_map(|(path, _, id)| {
        let path = LedgerPath::parse(&index.join(path.as_bytes()))?;
        Some((path, id))
    });
    Ok(known.collect())
}

/// Two bytes name a shard; a tree with more files below `index/` holds other things.
const MOST_SHARDS: usize = 1 << 17;

fn shards(found: BTreeMap<LedgerPath, Vec<Entry>>) -> Shards {
    let index = |(shard, entries)| (shard, Index::of(entries));
    found.into_iter().map(index).collect()
}

/// Visits the runs below `runs/<first>`: the shard of each, and what reads its entry. A file that
/// is no finalization of its run implies nothing; it is judged, and refused, as a record.
fn finalized(
    reader: &Reader,
    ledger: Option<ObjectId>,
    first: &str,
    mut visit: impl FnMut(LedgerPath, &dyn Fn() -> Result<Option<Entry>, Error>) -> Result<(), Error>,
) -> Result<(), Error> {
    let directory = RepoPath::from(format!("runs/{first}").as_str());
    let Some((Mode::Tree, tree)) = reader.entry(ledger, &directory)? else {
        return Ok(());
    };
    for entry in &reader.tree(tree)?.entries {
        let path = directory.join(&entry.name);
        let Some(LedgerPath::Record(Scope::Run(id), Kind::Finalization, _)) =
            LedgerPath::parse(&path)
        else {
            continue;
        };
        if entry.mode != Mode::File {
            continue;
        }
        visit(LedgerPath::shard_of(&id), &|| {
            let bytes = reader.blob_limited(entry.id, MAX_ENVELOPE as u64)?;
            let statement = Envelope::parse(&bytes).ok().and_then(|envelope| {
                Statement::<FinalizationPredicate>::parse(envelope.payload()).ok()
            });
            Ok(statement
                .filter(|it| it.predicate.run == id)
                .map(|it| Entry::of(&it.predicate)))
        })?;
    }
    Ok(())
}

/// What a rebuild did to a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The shard was missing.
    Added,
    /// The shard differed.
    Replaced,
    /// No finalization implies the shard.
    Removed,
}

/// Recomputes every shard and writes those that differ, in one compare-and-swap of the ledger.
/// Returns what changed, sorted; nothing is written if nothing differs.
pub fn rebuild(repo: &Repo, author: &Person) -> Result<Vec<(RepoPath, Change)>, Error> {
    swap(repo, "awo: rebuild the provenance index", &[], || {
        let tip = Tip::of(repo, layout::ledger())?;
        let mut shards = implied_by_all(repo, tip.tree)?;
        for stray in stored(repo, tip.tree)?.into_keys() {
            shards.entry(stray).or_default();
        }
        let (edits, changes) = edits(repo, tip.tree, &shards)?;
        let message = "rebuild the provenance index\n".to_owned();
        let update = tip.edited(repo, &edits, author, message, None)?;
        Ok((update.into_iter().collect(), changes))
    })
}

/// Returns the edits that make a tree hold these shards as computed from its own finalizations.
pub(super) fn mended(
    repo: &Repo,
    tree: Option<ObjectId>,
    shards: &BTreeSet<LedgerPath>,
) -> Result<Edits, Error> {
    let shards = implied(repo, tree, shards)?;
    Ok(edits(repo, tree, &shards)?.0)
}

/// Returns the edits that make a tree hold exactly these shards, and what each does.
pub(super) fn edits(
    repo: &Repo,
    tree: Option<ObjectId>,
    shards: &Shards,
) -> Result<(Edits, Vec<(RepoPath, Change)>), Error> {
    let (mut edits, mut changes) = (Edits::new(), Vec::new());
    for (shard, index) in shards {
        let path = shard.to_path();
        let there = repo.entry(tree, &path)?;
        if index.entries.is_empty() {
            if there.is_some() {
                edits.push((path.clone(), None));
                changes.push((path, Change::Removed));
            }
            continue;
        }
        let blob = repo.write_blob(&index.to_bytes())?;
        let change = match there {
            Some((Mode::File, id)) if id == blob => continue,
            Some(_) => Change::Replaced,
            None => Change::Added,
        };
        edits.push((path.clone(), Some((Mode::File, blob))));
        changes.push((path, change));
    }
    Ok((edits, changes))
}
