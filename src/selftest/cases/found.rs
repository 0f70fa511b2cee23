//! Reading records of a clone's ledger and files of an export in a world.

use std::collections::BTreeMap;
use std::path::Path;

use crate::evidence::read_dir;
use crate::record::RepoPath;
use crate::sandbox::{RUN, World};

use super::super::play::{Failed, Play};

/// Every governance ref that a run touches.
pub(super) const RECORDS: [&str; 3] =
    ["refs/awo/ledger", "refs/awo/evidence/*", "refs/notes/awo/*"];

/// Returns the number of the run's records in a clone's ledger whose names start with `name`.
pub(super) fn ledger(
    play: &mut Play<'_>,
    world: &World,
    who: &str,
    name: &str,
) -> Result<usize, Failed> {
    let list = "log --format= --name-only --diff-filter=A --no-renames refs/awo/ledger";
    let words: Vec<_> = std::iter::once("git").chain(list.split(' ')).collect();
    let listed = play.ok(world, who, &words)?;
    let names = listed.lines().filter_map(|line| line.rsplit('@').next());
    Ok(names.filter(|it| it.starts_with(name)).count())
}

/// Exports the run from otto's clone to `export` in the world; returns every file.
pub(super) fn export(
    play: &mut Play<'_>,
    world: &World,
) -> Result<BTreeMap<RepoPath, Vec<u8>>, Failed> {
    play.ok(world, "otto", &["git", "awo", "export", RUN, "../export"])?;
    files(&world.path("export"))
}

pub(super) fn files(directory: &Path) -> Result<BTreeMap<RepoPath, Vec<u8>>, Failed> {
    read_dir(directory).map_err(|error| Failed::Left(error.to_string()))
}

/// Returns the run's directory in an export of the world.
pub(super) fn exported_run() -> String {
    format!("export/runs/{RUN}")
}

/// Returns a file of an export.
pub(super) fn file<'a>(
    files: &'a BTreeMap<RepoPath, Vec<u8>>,
    path: &str,
) -> Result<&'a [u8], Failed> {
    let found = files.get(&RepoPath::from(path));
    found
        .map(Vec::as_slice)
        .ok_or_else(|| Failed::Expected(format!("the export must have {path}")))
}
