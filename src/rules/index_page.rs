//! The generated page `INDEX.md` of a directory of artefacts (INT-008).

use std::fmt::Display;

use crate::record::index_page::Differences;
use crate::record::{Finding, RepoPath, Rule, Subject};
use crate::sys::shell::shown;

/// Number of files of each kind that are named.
const NAMED: usize = 20;

/// Returns the finding that a page is not what the files below its directory make, unless it is.
pub fn differs(
    subject: Subject,
    page: &RepoPath,
    differences: &Differences,
    remedy: impl Display,
) -> Option<Finding> {
    if differences.is_empty() {
        return None;
    }
    let mut found = Vec::new();
    for (word, paths) in [
        ("missing", &differences.missing),
        ("orphaned", &differences.orphaned),
        ("reordered", &differences.reordered),
    ] {
        let named: Vec<_> = paths.iter().take(NAMED).map(RepoPath::to_string).collect();
        let rest = paths.len().saturating_sub(NAMED);
        if !named.is_empty() {
            found.push(match rest {
                0 => format!("{word}: {}", named.join(", ")),
                rest => format!("{word}: {} and {rest} more", named.join(", ")),
            });
        }
    }
    if differences.otherwise {
        found.push("another text than that of the files below".to_owned());
    }
    Some(
        Rule::IndexPage
            .finding(subject.path(page))
            .found(found.join("; "))
            .expected("a line for each file below its directory, sorted, and nothing else")
            .remedy(remedy),
    )
}

/// Makes every page what the staged files make, and stages it.
pub const RECONCILE_STAGED: &str = "git awo index reconcile --staged";

/// Returns how a page becomes what the work tree makes of it, before a commit.
pub fn reconcile(page: &RepoPath) -> String {
    format!(
        "git awo index reconcile, then git add -- {}",
        shown(page.as_bytes())
    )
}
