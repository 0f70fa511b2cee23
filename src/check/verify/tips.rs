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
pub(super) fn tips(reader: &Reader, refs: &Refs) -> BTreeSet<(RefName, ObjectId)> {
    let remotes = reader.remotes();
    refs.iter()
        .filter(|(name, _)| Place::of(name).is_none())
        .flat_map(|(name, id)| {
            let branches = stands_for(name, &remotes).into_iter();
            branches.map(|branch| (branch, *id))
        })
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

/// Returns the refs on the server that a local ref may stand for, by the names of the remotes.
///
/// `refs/remotes/up/stream/main` is `stream/main` of the remote `up`, or `main` of `up/stream`: of
/// both if there are both. Without any such remote its name is taken to have no slash.
pub fn stands_for(name: &RefName, remotes: &[String]) -> Vec<RefName> {
    if name.branch().is_some() || Place::of(name).is_some() {
        return vec![name.clone()];
    }
    let Some(rest) = name.as_str().strip_prefix("refs/remotes/") else {
        return Vec::new();
    };
    let of = |remote: &String| rest.strip_prefix(remote.as_str())?.strip_prefix('/');
    let mut branches: Vec<_> = remotes.iter().filter_map(of).collect();
    if branches.is_empty() {
        branches.extend(rest.split_once('/').map(|(_, branch)| branch));
    }
    let branches = branches.into_iter().filter(|branch| *branch != "HEAD");
    let names = branches.map(|branch| RefName::new(format!("refs/heads/{branch}")));
    names.filter_map(Result::ok).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tracking_ref_stands_for_the_branch_of_its_remote() {
        let stands = |name: &str, remotes: &[&str]| {
            let remotes: Vec<_> = remotes.iter().map(|it| (*it).to_owned()).collect();
            let found = stands_for(&RefName::new(name).unwrap(), &remotes);
            found.iter().map(RefName::to_string).collect::<Vec<_>>()
        };
        let deep = "refs/remotes/up/stream/main";
        for (name, remotes, expected) in [
            (
                "refs/heads/up/main",
                &["up"][..],
                &["refs/heads/up/main"][..],
            ),
            ("refs/remotes/up/main", &["up"], &["refs/heads/main"]),
            ("refs/remotes/up/HEAD", &["up"], &[]),
            ("refs/remotes/gone/main", &["up"], &["refs/heads/main"]),
            ("refs/remotes/up", &["up"], &[]),
            (deep, &["up"], &["refs/heads/stream/main"]),
            (deep, &["up/stream"], &["refs/heads/main"]),
            (
                deep,
                &["up", "up/stream"],
                &["refs/heads/stream/main", "refs/heads/main"],
            ),
            ("refs/remotes/up/stream/HEAD", &["up/stream"], &[]),
            ("refs/tags/main", &["up"], &[]),
            ("refs/awo/ledger", &["up"], &["refs/awo/ledger"]),
        ] {
            assert_eq!(stands(name, remotes), expected, "{name} {remotes:?}");
        }
    }
}
