//! Where the hooks of a server go. Most servers run one file a hook; some keep that file for
//! themselves and run a directory of others, and ours belongs there: beside theirs it would be
//! overwritten the next time they write their own, and theirs, renamed, would not know its name.

use std::fs;
use std::path::{Path, PathBuf};

use crate::sys::file::read_existing;

use super::shim::{self, Side};

/// The longest hook that is looked into.
pub(super) const MAX_HOOK: u64 = 16 * 1024 * 1024;
/// Our file in a directory of hooks. It sorts before `gitea`.
const OURS: &str = "git-awo";
/// Where Gitaly, GitLab's git server, looks for hooks of a repository: `<repository>/custom_hooks`.
/// It runs git with a `core.hooksPath` of its own, so that `hooks/` is never looked at.
pub const GITALY: &str = "custom_hooks";

/// What is lost where nobody calls `reference-transaction`, in words for people.
pub const NO_TRANSACTION: &str = "GitLab calls no reference-transaction hook: two pushes at the \
    same moment are judged each by itself, and without --atomic a branch may land without its \
    records; git awo verify finds both";

/// Returns the hooks that are called in this directory, in the order in which they are.
pub fn names(hooks_dir: &Path, side: Side) -> &'static [&'static str] {
    match side {
        Side::Server if is_gitaly(hooks_dir) => &["pre-receive", "post-receive"],
        // gitolite's own `update` stays where it is: without ours a tag that is refused is refused with
        // the whole push.
        Side::Server if has_gitolites_update(hooks_dir) => {
            &["pre-receive", "reference-transaction", "post-receive"]
        }
        _ => side.hooks(),
    }
}

/// Returns whether this is the directory that Gitaly looks into.
pub fn is_gitaly(hooks_dir: &Path) -> bool {
    hooks_dir.file_name().is_some_and(|name| name == GITALY)
}

/// Returns whether a repository lies in a storage of Gitaly's: below the file that Gitaly writes into
/// each of its storages, or below a directory that only GitLab names so. What lies in the repository
/// itself says nothing: it goes with every copy.
pub fn in_gitalys_storage(git_dir: &Path) -> bool {
    const GITLABS: [&str; 5] = ["@hashed", "@groups", "@snippets", "@pools", "@cluster"];
    let Ok(git_dir) = git_dir.canonicalize() else {
        return false;
    };
    git_dir.ancestors().skip(1).any(|above| {
        let named = above.file_name().and_then(|name| name.to_str());
        named.is_some_and(|name| GITLABS.contains(&name))
            || above.join(".gitaly-metadata").is_file()
    })
}

/// Returns the file of a hook.
pub fn file(hooks_dir: &Path, side: Side, name: &str) -> PathBuf {
    let directory = hooks_dir.join(format!("{name}.d"));
    let inside = side == Side::Server
        && (is_gitaly(hooks_dir) || (directory.is_dir() && dispatches(&hooks_dir.join(name))));
    match inside {
        true => directory.join(OURS),
        false => hooks_dir.join(name),
    }
}

/// Returns Gitaly's directory of a bare repository, if ours was put there.
pub fn gitaly(git_dir: &Path) -> Option<PathBuf> {
    let directory = git_dir.join(GITALY);
    let ours = |name: &&str| {
        let text = read_existing(&file(&directory, Side::Server, name), MAX_HOOK);
        text.is_ok_and(|text| shim::is_ours(&text))
    };
    let any = names(&directory, Side::Server).iter().any(ours);
    any.then_some(directory)
}

/// Returns whether a hook runs those of a directory named after it, as those of Gitea do. That the
/// directory is there says nothing: who trusts it is not enforced where nobody looks into it.
fn dispatches(hook: &Path) -> bool {
    let Ok(text) = read_existing(hook, MAX_HOOK) else {
        return false;
    };
    let named = text.windows(3).any(|part| part == b".d/");
    named && !shim::is_ours(&text) && shim::is_executable(hook).unwrap_or(false)
}

/// Returns to where a hook leads that gitolite links again whenever it is set up: what takes its
/// place is gone then, without a word. What leads to nowhere it does not link any more.
pub fn linked_by_gitolite(hooks_dir: &Path, hook: &Path) -> Option<PathBuf> {
    let target = fs::read_link(hook).ok()?;
    (has_gitolites_update(hooks_dir) && hook.exists()).then_some(target)
}

fn has_gitolites_update(hooks_dir: &Path) -> bool {
    let update = fs::read_link(hooks_dir.join("update"));
    update.is_ok_and(|target| target.ends_with("hooks/common/update"))
}
