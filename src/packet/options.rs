//! What the reader of a packet is told beside it.

use crate::record::RefName;

/// What stands in for things a packet may leave open. Each use is listed in `not_understood`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportOptions {
    /// The branch that gets the commit, when the packet names none.
    pub target_ref: RefName,
    /// The target repository, when the packet names none. `.` is the repository that the packet
    /// is imported into; with `None` such a packet is refused.
    pub locator: Option<String>,
}

impl Default for ImportOptions {
    #[allow(clippy::expect_used, reason = "the name is written here")]
    fn default() -> Self {
        let target_ref = RefName::new("refs/heads/main").expect("this is a well-formed ref name");
        Self {
            target_ref,
            locator: Some(".".to_owned()),
        }
    }
}
