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
    let tags = ["--tags", "--force"].into_iter();
    tags.chain(options.flatten().copied()).collect()
}

/// Returns the words with which `git fetch` brings the history of a clone that is shallow and partial,
/// still without what its filter leaves out. Of a shallow commit a server takes all files to be there,
/// and would not send those that are not.
pub(super) fn history(session: &Session, remote: &str) -> Option<Vec<String>> {
    let problems = session.repo().view_problems();
    let both = [ViewProblem::Shallow, ViewProblem::Partial];
    both.iter().all(|it| problems.contains(it)).then(|| {
        let words = [
            "-c",
            "core.hooksPath=/dev/null",
            "fetch",
            "--quiet",
            "--no-tags",
        ];
        let more = ["--no-recurse-submodules", "--depth=2147483647", remote];
        let words = words.iter().chain(&more).map(ToString::to_string);
        let heads = format!("+refs/heads/*:refs/remotes/{remote}/*");
        words.chain([heads]).collect()
    })
}

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
