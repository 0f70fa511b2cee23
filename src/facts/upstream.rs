//! Where a branch was seen last at a remote, if that is further than it is here.

use crate::git::{Error, Reader};
use crate::record::{ObjectId, RefName};
use crate::store::layout;

/// A branch of a remote that contains the branch here and more.
pub struct Ahead {
    /// The branch here.
    pub branch: RefName,
    /// The ref that tracks it.
    pub tracking: RefName,
    /// Where that is.
    pub tip: ObjectId,
    /// Whether the branch is checked out in this work tree.
    pub checked_out: bool,
}

/// Returns the tracking ref that is furthest ahead of a branch, which is at `tip` here: the branch is
/// behind it, and has nothing that it lacks. `None` if no server has more.
pub fn ahead(reader: &Reader, branch: &RefName, tip: ObjectId) -> Result<Option<Ahead>, Error> {
    let mut furthest: Option<(RefName, ObjectId)> = None;
    for remote in reader.remotes() {
        // A fork may have anything on a branch of this name: only what has a policy is a server.
        let policy = layout::tracking(&remote, &layout::policy());
        let policy = policy.map(|it| reader.reference(&it)).transpose()?;
        if policy.flatten().is_none() {
            continue;
        }
        let name = branch
            .branch()
            .map(|it| format!("refs/remotes/{remote}/{it}"));
        let Some(Ok(name)) = name.map(RefName::new) else {
            continue;
        };
        let Some(theirs) = reader.reference(&name)? else {
            continue;
        };
        let below = furthest.as_ref().map_or(tip, |(_, id)| *id);
        if theirs != below && reader.contains(theirs) && reader.is_ancestor(below, theirs)? {
            furthest = Some((name, theirs));
        }
    }
    let Some((tracking, tip)) = furthest else {
        return Ok(None);
    };
    Ok(Some(Ahead {
        branch: branch.clone(),
        tracking,
        tip,
        checked_out: reader.head()?.as_ref() == Some(branch),
    }))
}
