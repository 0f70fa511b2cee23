//! Where the branches of a clone are, and which branch of the server each stands for.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::Error;
use crate::git::Reader;
use crate::record::{ObjectId, RefName};
use crate::store::layout::Place;
use crate::store::ledger::Refs;

/// The commits of each ref that were judged with all that lies behind them.
pub(super) type Judged = BTreeMap<RefName, Vec<ObjectId>>;

/// Returns every tip of every branch: local ones and those last seen at the remotes.
pub(super) fn tips(refs: &Refs) -> BTreeSet<(RefName, ObjectId)> {
    refs.iter()
        .filter(|(name, _)| Place::of(name).is_none())
        .filter_map(|(name, id)| Some((governed_name(name)?, *id)))
        .collect()
}

/// Tells whether a tip of that branch contains where it moved: a clone may be behind the log.
pub(super) fn contained(
    reader: &Reader,
    tips: &BTreeSet<(RefName, ObjectId)>,
    reference: &RefName,
    new: ObjectId,
) -> Result<bool, Error> {
    for (_, tip) in tips.iter().filter(|(name, _)| name == reference) {
        if reader.is_ancestor(new, *tip)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns the ref on the server that a local ref stands for.
pub(super) fn governed_name(name: &RefName) -> Option<RefName> {
    if name.branch().is_some() || Place::of(name).is_some() {
        return Some(name.clone());
    }
    let (_, branch) = name
        .as_str()
        .strip_prefix("refs/remotes/")?
        .split_once('/')?;
    if branch == "HEAD" {
        return None;
    }
    RefName::new(format!("refs/heads/{branch}")).ok()
}
