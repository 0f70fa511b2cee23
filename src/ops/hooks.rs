//! Installs, removes and looks at the hooks by which git asks git-awo.

use std::path::{Path, PathBuf};

use crate::git::Repo;
use crate::hook::install::{self, HookChange, HookStatus, Side, State};
use crate::hook::{merge_driver, places};
use crate::record::{Finding, RepoPath, Report};
use crate::rules::setup;

use super::{Error, Session};

/// Whose hooks, and the program that they call.
pub struct Request<'a> {
    /// The server's instead of a clone's; in a bare repository always.
    pub server: bool,
    /// Below `custom_hooks/`, where GitLab looks for those of a repository.
    pub gitlab: bool,
    /// The path of this program.
    pub program: &'a Path,
}

/// Where the hooks are and what was done there.
pub struct Changed {
    /// The directory of the hooks.
    pub directory: PathBuf,
    /// What was done, a hook each.
    pub changes: Vec<HookChange>,
}

/// How the hooks stand.
pub struct Standing {
    /// The directory of the hooks.
    pub directory: PathBuf,
    /// Each hook.
    pub hooks: Vec<HookStatus>,
    /// The verdict: a finding for each hook that is not as it should be.
    pub report: Report,
}

/// Installs the hooks; existing ones are kept and still run.
pub fn install(session: &Session, request: &Request<'_>) -> Result<Changed, Error> {
    let directory = directory(session.repo(), request.gitlab)?;
    let side = side(session.repo(), request.server);
    let changes = install::install(&directory, side, request.program)?;
    if side == Side::Client {
        merge_driver::install(session.repo(), request.program, &pages(session))?;
    }
    Ok(Changed { directory, changes })
}

/// Installs the merge driver for the pages of the policy where our hooks are installed: a clone may be older than either.
pub fn keep_merge_driver(session: &Session, program: &Path) -> Result<(), Error> {
    let repo = session.repo();
    let directory = install::hooks_dir(repo);
    if repo.is_bare() || session.policy().is_err() {
        return Ok(());
    }
    let all = install::status(&directory, Side::Client, program)?;
    if all.iter().all(|hook| hook.state == State::Installed) {
        merge_driver::install(repo, program, &pages(session))?;
    }
    Ok(())
}

/// Returns the pages that the policy has generated; none before there is a policy.
pub(super) fn pages(session: &Session) -> Vec<RepoPath> {
    let roots = session.policy().map(|it| it.artefacts());
    let roots = roots.unwrap_or_default().iter();
    let with_page = roots.filter(|it| it.has_index());
    with_page.map(|it| it.index_page()).collect()
}

/// Removes the hooks and puts back what was there before.
pub fn uninstall(session: &Session, server: bool) -> Result<Changed, Error> {
    let directory = install::hooks_dir(session.repo());
    let side = side(session.repo(), server);
    let changes = install::uninstall(&directory, side)?;
    if side == Side::Client {
        merge_driver::uninstall(session.repo())?;
    }
    Ok(Changed { directory, changes })
}

/// Looks at each hook.
pub fn status(session: &Session, request: &Request<'_>) -> Result<Standing, Error> {
    let directory = install::hooks_dir(session.repo());
    let side = side(session.repo(), request.server);
    let hooks = install::status(&directory, side, request.program)?;
    let report = Report::of(hooks.iter().filter_map(not_installed));
    Ok(Standing {
        directory,
        hooks,
        report,
    })
}

fn side(repo: &Repo, server: bool) -> Side {
    match server || repo.is_bare() {
        true => Side::Server,
        false => Side::Client,
    }
}

/// Returns the directory of the hooks of a repository.
pub(super) fn directory(repo: &Repo, gitlab: bool) -> Result<PathBuf, Error> {
    if !gitlab {
        return Ok(install::hooks_dir(repo));
    }
    if !repo.is_bare() {
        return Err(Error::usage("a server is a bare repository"));
    }
    Ok(repo.git_dir().join(places::GITALY))
}

/// Returns what is lost if these hooks are all that is called.
pub fn lost(directory: &Path) -> Option<&'static str> {
    places::is_gitaly(directory).then_some(places::NO_TRANSACTION)
}

/// Returns the finding that a hook is not as it should be, unless it is.
pub(super) fn not_installed(hook: &HookStatus) -> Option<Finding> {
    let installed = hook.state == State::Installed;
    (!installed).then(|| setup::hook(hook.name, word(hook.state)))
}

/// Returns how a hook stands, in words.
pub fn word(state: State) -> &'static str {
    match state {
        State::Missing => "missing",
        State::Installed => "installed",
        State::Outdated => "outdated",
        State::NotExecutable => "not executable",
        State::Foreign => "another program's",
    }
}
