//! What git's own settings ask of a push about submodules: whether their commits are at their remotes,
//! or are to be pushed there first.
//!
//! `git awo push` names objects, and git hands the refspecs of a push on to each submodule, where they
//! name nothing. So submodules are pushed by a command of their own, which names the branch, as `git push`
//! does; for the push itself git only looks whether anything is missing.

use std::process::Stdio;

use crate::git;
use crate::record::RefName;
use crate::record::path::escape;

use super::{Error, Session};

/// What git would say in `git push` if a commit of a submodule is at no remote of it.
const MISSING: &str = "not be found on any remote";

/// What the settings ask for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Submodules {
    /// git's own way with what the push names does no harm.
    AsSet,
    /// Push the submodules first.
    First,
}

impl Submodules {
    /// Returns what the settings of a repository ask for.
    pub(super) fn asked(session: &Session) -> Self {
        let repo = session.repo();
        let recurses = match repo.config("push.recurseSubmodules") {
            Some(value) => matches!(value.as_str(), "on-demand" | "only"),
            None => repo.config("submodule.recurse").is_some_and(|value| {
                let value = value.to_ascii_lowercase();
                matches!(value.as_str(), "true" | "yes" | "on" | "1")
            }),
        };
        match recurses {
            true => Self::First,
            false => Self::AsSet,
        }
    }

    /// Returns what `git push` is told: that it does not push submodules itself.
    pub(super) fn option(self) -> Option<&'static str> {
        (self == Self::First).then_some("--recurse-submodules=check")
    }

    /// Pushes the submodules of a branch, if that is asked for; returns what git said if it failed.
    pub(super) fn push(
        self,
        session: &Session,
        remote: &str,
        branch: &RefName,
    ) -> Result<Result<(), String>, Error> {
        if self == Self::AsSet {
            return Ok(Ok(()));
        }
        let mut command = git::at_home(session.repo())?;
        command.args(["push", "--recurse-submodules=only", "--quiet"]);
        // Hooks here judge the push itself. Those of the submodules are called.
        command.args(["--no-verify", "--no-follow-tags", "--", remote]);
        command.arg(format!("{branch}:{branch}"));
        let output = command.stdin(Stdio::inherit()).output();
        let output = output.map_err(|source| git::Error::Start { source })?;
        Ok(match output.status.success() {
            true => Ok(()),
            false => Err(escape(&output.stderr)),
        })
    }
}

/// Tells whether git refused a push since a commit of a submodule is at no remote.
pub(super) fn is_missing(said: &str) -> bool {
    said.contains(MISSING)
}
