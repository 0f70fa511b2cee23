//! Options of importing a packet.

use crate::record::RefName;

/// Defaults for what a packet may omit. Each use is listed in `not_understood`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportOptions {
    /// The target branch, if the packet names none.
    pub target_ref: RefName,
    /// The target repository, if the packet names none. `.` is the repository into which the packet
    /// is imported; with `None` such a packet is refused.
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
