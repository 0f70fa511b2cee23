//! Makes a shallow or partial clone whole: only then everything can be verified. CI writes tags into its
//! checkouts as it likes, so that these are fetched too.

use std::fs;

use crate::git::{self, ViewProblem};
use crate::ops::{Error, Session};
use crate::record::{Rule, chain_of};

/// Returns the options with which `git fetch` brings what is not here.
pub(super) fn options(session: &Session) -> Vec<&'static str> {
    let problems = session.repo().view_problems();
    let options = problems.iter().map(|it| match it {
        // As --unshallow, which fails where another process was faster.
        ViewProblem::Shallow => &["--depth=2147483647"][..],
        // After --refetch git repacks in the background, while we go on.
        ViewProblem::Partial => &["--refetch", "--no-filter", "--no-auto-maintenance"],
        ViewProblem::Grafts => &[],
    });
    // Unlike a refspec, --tags does not let --prune delete the tags that are only here.
    let tags: &[&str] = match is_partial(session) {
        true => &["--no-tags"],
        false => &["--tags", "--force"],
    };
    let tags = tags.iter();
    tags.chain(options.flatten()).copied().collect()
}

/// Tells whether the tags must come after all else. Of a shallow commit a server takes all files to be
/// here; a tag of one that a filter left out would end the fetch.
pub(super) fn is_partial(session: &Session) -> bool {
    let problems = session.repo().view_problems();
    problems.contains(&ViewProblem::Partial)
}

/// Returns the words with which `git fetch` brings the tags, once nothing else is missing.
pub(super) const TAGS: &[&str] = &["--no-tags", "--no-recurse-submodules"];
/// All tags, over those of the same names.
pub(super) const ALL_TAGS: &str = "+refs/tags/*:refs/tags/*";

/// Makes a partial clone an ordinary one, now that its objects were fetched. Fails if an object is
/// still missing.
pub(super) fn settle(session: &Session) -> Result<(), Error> {
    let repo = session.repo();
    if !repo.view_problems().contains(&ViewProblem::Partial) {
        return Ok(());
    }
    // git fetches here what was left out of commits that the remote does not show any more.
    let words = ["rev-list", "--objects", "--all", "--quiet"];
    git::run_at_home(repo, &words)?;
    for remote in repo.remotes() {
        for key in ["promisor", "partialclonefilter"] {
            let key = format!("remote.{remote}.{key}");
            if repo.config(&key).is_some() {
                git::run_at_home(repo, &["config", "--unset-all", &key])?;
            }
        }
    }
    let key = "extensions.partialclone";
    if repo.config(key).is_some() {
        git::run_at_home(repo, &["config", "--unset-all", key])?;
    }
    let packs = repo.common_dir().join("objects").join("pack");
    let unusable = |error: std::io::Error| {
        let message = format!("cannot use {}: {}", packs.display(), chain_of(&error));
        Error::unusable(Rule::FileUsable, message, &error)
    };
    for entry in fs::read_dir(&packs).map_err(unusable)? {
        let path = entry.map_err(unusable)?.path();
        if path.extension().is_some_and(|it| it == "promisor") {
            fs::remove_file(&path).map_err(unusable)?;
        }
    }
    Ok(())
}
