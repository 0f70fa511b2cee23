//! What an export wrote of a run before: a list by which its own files are told from others'.

use std::collections::BTreeMap;

use crate::evidence::Inventory;
use crate::record::{Coded, RepoPath, Sha256, Subject};

use super::error::Error;
use super::tree::Files;

/// The digests of files, by their paths below the directory of an export.
pub type Listed = BTreeMap<RepoPath, Sha256>;

/// `governance/records/<RUN>/FILES.sha256`
pub fn list_path(run: &str) -> RepoPath {
    RepoPath::from(format!("governance/records/{run}/FILES.sha256").as_str())
}

/// Returns the list of a run's files below `governance/`, in the form of an inventory.
pub fn list(files: &Files) -> Result<Vec<u8>, Error> {
    let governance = files
        .iter()
        .filter(|(path, _)| path.components().next() == Some(b"governance"))
        .map(|(path, bytes)| (path.clone(), Sha256::of(bytes)));
    match Inventory::of(&governance.collect()) {
        Ok(inventory) => Ok(inventory.to_bytes()),
        Err(bad) => Err(Error::Refused(bad.refusal(Subject::none()))),
    }
}

/// Reads a list. Nothing if it is none of ours, in any respect: then it vouches for no file.
pub fn read(run: &str, bytes: &[u8]) -> Option<Listed> {
    let inventory = Inventory::parse(bytes).ok()?;
    let listed: Listed = inventory
        .iter()
        .map(|(path, digest)| (path.clone(), digest))
        .collect();
    let ours = |path: &RepoPath| is_of(run, path) && *path != list_path(run);
    listed.keys().all(ours).then_some(listed)
}

/// The directories below `governance/` in which each run has one of its own.
pub const DIRECTORIES: [&str; 3] = ["approvals", "attestations", "records"];
/// Where the results of gate 2 of all runs stand.
pub const LOGS: &str = "governance/logs";

/// Returns whether a path below `governance/` can only belong to this run.
pub fn is_of(run: &str, path: &RepoPath) -> bool {
    let Some(text) = path.to_str() else {
        return false;
    };
    match text.split('/').collect::<Vec<_>>().as_slice() {
        ["governance", "logs", name] => {
            let rest = name
                .strip_prefix(run)
                .and_then(|it| it.strip_prefix("_independence"));
            rest.and_then(|it| it.strip_suffix(".json"))
                .is_some_and(|it| it.is_empty() || it.starts_with('-'))
        }
        ["governance", directory, of, ..] => DIRECTORIES.contains(directory) && *of == run,
        _ => false,
    }
}
