//! The inventory of a run's files, where it is made or needed.

use crate::evidence::inventory::SUMS;
use crate::record::{Finding, RepoPath, Rule, Subject};

/// Returns the finding that an inventory has other bytes than the one of these files, though no
/// file tells them apart.
pub fn other_inventory() -> Finding {
    Rule::InventoryReplaced
        .finding(Subject::none().path(&RepoPath::from(SUMS)))
        .found("an inventory of other bytes")
        .expected("the inventory of these files")
        .remedy("git awo integrity sums DIR --replace")
}

/// Returns the finding that files have no root: no inventory that holds lists them.
pub fn no_root() -> Finding {
    Rule::InventoryAbsent
        .finding(Subject::none())
        .found("no root of these files")
        .expected("files that their inventory lists")
        .remedy("git awo integrity verify DIR")
}
