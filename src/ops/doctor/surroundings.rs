//! git, the clock, locks of processes that are gone, accounts, aliases.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::examination::Examination;
use super::refs::files_below;
use crate::git;
use crate::hook::install::{self, Side};
use crate::hook::places;
use crate::ops::Error;
use crate::ops::habits::given_to_lfs;
use crate::record::path::{escape, quote};
use crate::rules::setup;
use crate::run;
use crate::store::layout;
use crate::sys::placed;

pub(super) fn git_version(it: &mut Examination<'_>) -> Result<(), Error> {
    let version = git::run(it.actor.repo.git_dir(), &["--version"])?;
    let version = String::from_utf8_lossy(&version.stdout);
    it.complain(setup::git_version(version.trim()));
    Ok(())
}

pub(super) fn clock(it: &mut Examination<'_>) -> Result<(), Error> {
    if let Some(tip) = it.actor.repo.reference(&layout::log())? {
        let last = it.actor.repo.commit(tip)?.committer.time;
        it.complain(setup::clock(last, it.actor.now().seconds()));
    }
    Ok(())
}

/// A lock that a killed process left stops every later writer.
pub(super) fn locks(it: &mut Examination<'_>) -> Result<(), Error> {
    let common = it.actor.repo.common_dir().to_owned();
    let now = it.actor.now().seconds();
    let mut locks: Vec<String> = ["packed-refs", "config", "HEAD", "shallow"]
        .map(|name| format!("{name}.lock"))
        .into();
    let below = files_below(&common, "refs").into_iter();
    locks.extend(below.filter(|it| it.ends_with(".lock")));
    for name in locks {
        let Ok(meta) = std::fs::symlink_metadata(common.join(&name)) else {
            continue;
        };
        let minutes = now.saturating_sub(meta.mtime()) / 60;
        it.complain(setup::lock(&escape(name.as_bytes()), minutes));
    }
    Ok(())
}

/// Runs that were killed. They stop nobody, so what they left is told and no finding.
pub(super) fn dead_runs(it: &mut Examination<'_>) -> Result<(), Error> {
    for root in run::leftovers(it.actor.repo.common_dir()) {
        it.note(format!(
            "a run that was killed has left {}: the next git awo run with this TMPDIR removes it",
            quote(root.as_os_str().as_encoded_bytes())
        ));
    }
    Ok(())
}

/// What a killed `git awo write` left would come into the next commit.
pub(super) fn dead_writes(it: &mut Examination<'_>) -> Result<(), Error> {
    if it.server || it.actor.repo.is_foreign() {
        return Ok(());
    }
    for path in it.actor.repo.new_files_like(placed::OURS)? {
        it.note(format!(
            "a killed write has left {path}, or it is written just now: git awo index reconcile removes it"
        ));
    }
    Ok(())
}

pub(super) fn accounts(it: &mut Examination<'_>) -> Result<(), Error> {
    let shared = it.actor.repo.config("core.sharedRepository");
    if it.server && shared.is_some_and(|value| !is_of_one(&value)) {
        // The key of the receive log, and what is kept of pushes under way, are the owner's alone.
        it.note(
            "core.sharedRepository is set: pushes must all arrive as one account, the owner of \
             awo/server_key; those of others are refused, or have no receipt",
        );
    }
    Ok(())
}

/// Whoever can write to these decides what a server enforces: its hooks, its anchor, where it looks.
pub(super) fn writers(it: &mut Examination<'_>) -> Result<(), Error> {
    if !it.server {
        return Ok(());
    }
    let repo = &it.actor.repo;
    let hooks = install::hooks_dir(repo);
    let names = places::names(&hooks, Side::Server).iter();
    let mut files: Vec<PathBuf> = names
        .map(|name| places::file(&hooks, Side::Server, name))
        .collect();
    files.extend(
        files
            .iter()
            .filter_map(|file| file.parent())
            .map(Path::to_owned)
            .collect::<Vec<_>>(),
    );
    for name in [
        "",
        "config",
        "packed-refs",
        "objects",
        "refs",
        "refs/heads",
        "refs/awo",
        "refs/notes",
    ] {
        files.push(repo.common_dir().join(name));
    }
    let own = it.actor.settings.directory();
    files.extend(
        std::fs::read_dir(own)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path()),
    );
    files.push(own.to_owned());
    files.push(hooks);
    files.sort();
    files.dedup();
    let shared = repo.config("core.sharedRepository");
    let alone = shared.is_none_or(|value| is_of_one(&value));
    for file in files {
        let Ok(meta) = std::fs::metadata(&file) else {
            continue;
        };
        let name = quote(file.as_os_str().as_encoded_bytes());
        let finding = setup::writable(&name, meta.mode());
        let everybody = finding.is_some();
        it.complain(finding);
        if !everybody && alone && meta.mode() & 0o020 != 0 && meta.gid() != meta.uid() {
            it.note(format!("the group {} may write to {name}", meta.gid()));
        }
    }
    Ok(())
}

/// Where git-awo is not on the PATH, such an alias would answer for it.
pub(super) fn alias(it: &mut Examination<'_>) -> Result<(), Error> {
    if let Some(alias) = it.actor.repo.config("alias.awo") {
        it.note(format!(
            "alias.awo = {} answers for git-awo where that is not on the PATH: in CI call it by its path",
            escape(alias.as_bytes())
        ));
    }
    Ok(())
}

/// A clone of files that are with git-lfs must be able to upload and to fetch their content.
pub(super) fn large_files(it: &mut Examination<'_>) -> Result<(), Error> {
    let repo = &it.actor.repo;
    let Some(tip) = repo.head_id()?.filter(|_| !it.server) else {
        return Ok(());
    };
    let Some(attributes) = given_to_lfs(repo, repo.tree_of(tip)?)? else {
        return Ok(());
    };
    let is_there = git::run_at_home(repo, &["lfs", "version"]).is_ok();
    let is_set_up = git::run_at_home(repo, &["config", "filter.lfs.clean"]).is_ok();
    it.complain(setup::large_files(is_there, is_set_up));
    let locks = install::hooks_dir(&it.actor.repo).join("post-checkout");
    if attributes.contains("lockable") && !locks.exists() {
        it.note(
            "some large files are lockable, and the hooks by which git-lfs makes them read-only are \
             not here: git lfs update --force, then git awo hooks install",
        );
    }
    Ok(())
}

/// Tells whether a value of `core.sharedRepository` leaves the repository to one account.
fn is_of_one(value: &str) -> bool {
    matches!(value, "" | "0" | "false" | "umask")
}
