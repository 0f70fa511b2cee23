//! Judges a file that is about to be written, by the rules of the doors.

use std::collections::BTreeSet;

use crate::facts::artefacts::{self, Made, TakenBack};
use crate::facts::case::CommitCase;
use crate::facts::lifting::Lifting;
use crate::git::Reader;
use crate::policy::RefRules;
use crate::policy::keyring::Signer;
use crate::record::contract::Contract;
use crate::record::tree::{Change, Fault, faults};
use crate::record::{IdentityName, ObjectId, RepoPath, Report};
use crate::rules::gateway as rules;

use super::Error;

/// A file that is about to be written.
pub struct Write<'a> {
    /// The rules of the branch for which it is written.
    pub rules: &'a RefRules<'a>,
    /// The commit on which it builds.
    pub base: ObjectId,
    /// Who writes it.
    pub person: &'a IdentityName,
    /// The contract, and whether a skeleton is made under it.
    pub contract: Option<(&'a Contract, bool)>,
    /// The file, and the pages that change with it.
    pub written: &'a BTreeSet<RepoPath>,
    /// What these and other new files of the work tree change.
    pub changes: &'a [Change],
    /// What lifts the protection of artefacts that they change.
    pub lifting: &'a [Lifting],
    /// What was found wrong where it is to stand.
    pub faults: Vec<Fault>,
}

/// Judges it.
pub fn judge(reader: &Reader, write: Write<'_>) -> Result<Report, Error> {
    let mut report = Report::default();
    report.count("paths", write.written.len());
    let commit = reader.commit(write.base)?;
    let mut all = write.faults;
    for fault in faults::of_added(write.changes) {
        if reader.entry(commit.tree, &fault.path)?.is_none() {
            all.push(fault);
        }
    }
    let made = Made {
        parents: &[write.base],
        tree: None,
        reverts: None,
    };
    let (policy, none) = (write.rules.policy(), TakenBack::default());
    // The content of new pages is no object yet, and is right as it is written.
    let (pages, others): (Vec<Change>, Vec<Change>) = write
        .changes
        .iter()
        .cloned()
        .partition(|it| policy.is_index_page(&it.path));
    let mut artefacts = artefacts::collect(reader, policy, &made, &others, &none)?;
    let pages = pages.into_iter().map(|it| it.path);
    artefacts.generated.extend(pages);
    let case = CommitCase {
        rules: write.rules,
        commit: &commit,
        changes: write.changes,
        faults: &all,
        artefacts,
        lifting: write.lifting,
        signer: Ok(Signer {
            person: write.person.clone(),
            key: String::new(),
        }),
    };
    let found = &mut report.findings;
    rules::write(&case, write.written, write.person, write.contract, found);
    Ok(report)
}
