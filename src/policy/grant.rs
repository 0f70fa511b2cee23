//! What a policy allows on refs: grants, and restrictions of them.

use crate::record::ObjectId;

use super::document::RefGrant;
use super::pattern::PathSet;
use super::person::Writers;

/// What a governed ref accepts, checked.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) pattern: PathSet,
    pub(super) governed: bool,
    pub(super) rollback: bool,
    pub(super) merges: bool,
    pub(super) rewind: bool,
    pub(super) adopted: Option<ObjectId>,
    pub(super) direct: Option<Vec<(Writers, PathSet)>>,
    pub(super) vouched: Option<Vec<(Writers, PathSet)>>,
    /// The branches a vouch for which counts here too.
    pub(super) vouched_for: Vec<PathSet>,
}

/// A restriction, checked.
#[derive(Clone, Debug)]
pub(super) struct Restriction {
    pub(super) name: String,
    pub(super) refs: Vec<PathSet>,
    pub(super) paths: PathSet,
    pub(super) writers: Writers,
}

impl Grant {
    pub(super) fn new(
        grant: &RefGrant,
        pattern: PathSet,
        direct: Vec<(Writers, PathSet)>,
        vouched: Vec<(Writers, PathSet)>,
        vouched_for: Vec<PathSet>,
    ) -> Self {
        let accepts = |word: &str| grant.accept.iter().any(|it| it == word);
        Self {
            pattern,
            governed: accepts("governed"),
            rollback: accepts("rollback"),
            merges: grant.merges,
            rewind: grant.rewind,
            adopted: grant.adopted.as_deref().and_then(|text| text.parse().ok()),
            direct: accepts("direct").then_some(direct),
            vouched: accepts("vouched").then_some(vouched),
            vouched_for,
        }
    }
}
