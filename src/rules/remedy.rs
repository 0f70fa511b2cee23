//! What helps, where several rules name the same: commands that can be typed, with words in capitals
//! for what only the person knows.

use crate::facts::case::{CommitCase, CommitKind};
use crate::facts::upstream::Ahead;
use crate::record::tree::Mode;
use crate::record::{Held, IdentityName, Protection, RepoPath, TaskId};
use crate::sys::shell::{quote, shown};

/// Returns how a commit becomes one that leaves a path as it was before. The commit of a run is never
/// rewritten: the command runs again.
pub fn leave_out(case: &CommitCase<'_>, path: &RepoPath) -> String {
    let path = shown(path.as_bytes());
    if let CommitKind::Governed(_) = CommitKind::of(case.commit) {
        let named = case.commit.trailer("AWO-Task");
        let task = match named.as_slice() {
            [task] => TaskId::new(task).map_or("TASK".to_owned(), |it| it.to_string()),
            _ => "TASK".to_owned(),
        };
        return format!(
            "git awo run {task} -- COMMAND, with a command that leaves {path} as it was (where the run \
             is recorded, it has spent its approval: git awo approve {task} --again first)"
        );
    }
    if is_merge(case) {
        return format!(
            "{AGAIN}, then git restore --staged --worktree -- {path}, then git commit --no-edit (before the merge is \
             made: git restore --staged -- {path})"
        );
    }
    format!(
        "git reset --soft HEAD^, then git restore --staged --worktree -- {path}, then git commit \
         --allow-empty -C ORIG_HEAD ({OLDER}; before the commit is made: git restore --staged -- {path})"
    )
}

/// How a merge is made again.
const AGAIN: &str = "git reset --keep HEAD^, then git merge --no-ff --no-commit BRANCH";

/// How a commit is mended on which others stand.
pub const OLDER: &str = "of an earlier commit: the same where git rebase -i COMMIT^ stops for the word edit, up to git \
                         rebase --continue";

fn is_merge(case: &CommitCase<'_>) -> bool {
    case.commit.parents.len() > 1
}

/// Returns how a merge keeps to what its sides have at a path.
pub fn as_the_sides(path: &RepoPath) -> String {
    format!(
        "git reset --keep HEAD^, then git merge --no-ff BRANCH, and leave {path} as the sides have it; where each of them has \
         something else, {again}",
        path = shown(path.as_bytes()),
        again = next_version(path),
    )
}

/// Returns how a commit leaves an artefact as it was; what a merge has of it comes from its sides.
pub fn keep(case: &CommitCase<'_>, path: &RepoPath) -> String {
    match is_merge(case) {
        true => as_the_sides(path),
        false => leave_out(case, path),
    }
}

/// Returns how a commit gives a new file another name.
pub fn rename(case: &CommitCase<'_>, path: &RepoPath) -> String {
    let old = shown(path.as_bytes());
    match CommitKind::of(case.commit) {
        CommitKind::Governed(_) => leave_out(case, path),
        _ if is_merge(case) => format!(
            "{AGAIN}, then git mv -- {old} PATH, then git commit --no-edit (before the merge is made: git mv -- {old} PATH)"
        ),
        // An amended commit would be compared with the one that it replaces, which has the name.
        _ => format!(
            "git reset --soft HEAD^, then git mv -- {old} PATH, then git commit -C ORIG_HEAD ({OLDER}; before the commit \
             is made: git mv -- {old} PATH)"
        ),
    }
}

/// Returns how a merge takes a version of which the other side has something else.
pub fn next_version(path: &RepoPath) -> String {
    let path = shown(path.as_bytes());
    format!(
        "give it the next version on its branch, and merge again: git reset --keep HEAD^ (before the merge is made: git \
         merge --abort), then git switch BRANCH, stop where {path} came with git rebase -i COMMIT^ and the word edit, git \
         reset --soft HEAD^, git mv -- {path} PATH, git commit -C ORIG_HEAD, git rebase --continue"
    )
}

/// Returns how a commit leaves a path out, and which key of the policy may allow what it does there.
pub fn leave_out_or_allow(case: &CommitCase<'_>, path: &RepoPath, key: &str) -> String {
    format!(
        "{}; or a root changes {key} in [tree] of policy.toml: git awo policy propose FILE",
        leave_out(case, path)
    )
}

/// Returns how an operator lets one commit make this change of a protected artefact.
pub fn lift(it: &Protection) -> String {
    let (from, to) = (it.from.map(|it| it.mode), it.to.map(|it| it.mode));
    let id = |side: Option<Held>| side.map_or_else(|| "0".repeat(40), |it| it.id.to_string());
    let mut more = String::new();
    // Where the path holds the same object under another mode, the command would not know which is meant.
    let same = it.from.map(|it| it.id) == it.to.map(|it| it.id);
    if let Some(mode) = from.filter(|mode| *mode != Mode::File || same) {
        more.push_str(&format!(" --from-mode {mode}"));
    }
    if let Some(mode) = to.filter(|mode| *mode != from.unwrap_or(Mode::File)) {
        more.push_str(&format!(" --mode {mode}"));
    }
    let path = shown(it.path.as_bytes());
    format!(
        "git awo override {path} --from {} --to {}{more} --reason TEXT",
        id(it.from),
        id(it.to)
    )
}

/// Returns how a task is executed again: every run spends approvals of its own.
pub fn run_again(task: &TaskId) -> String {
    format!("git awo approve {task} --again, then git awo run {task} -- COMMAND")
}

/// Returns how a run is pushed after the decision of somebody that it uses.
pub fn receive_first(person: &IdentityName) -> String {
    format!("ask {person} to run git awo push, then git awo push again")
}

/// Returns how a branch that is behind follows where it was seen last.
pub fn follow(it: &Ahead) -> String {
    let tracking = it.tracking.as_str();
    let tracking = quote(tracking.strip_prefix("refs/remotes/").unwrap_or(tracking));
    match it.checked_out {
        true => format!("git merge --ff-only {tracking}"),
        false => {
            let branch = quote(it.branch.branch().unwrap_or("BRANCH"));
            format!("git switch {branch}, then git merge --ff-only {tracking}")
        }
    }
}

/// What is to be changed otherwise than by the commit that was judged.
pub const TASK_OF_ITS_OWN: &str = "git awo task new ID --task TEXT --allow PATTERN";

/// Returns how a direct commit comes off a branch that takes none, without being lost.
pub fn take_off(case: &CommitCase<'_>) -> String {
    let branch = case.rules.reference().branch().unwrap_or("BRANCH");
    format!(
        "git branch KEPT, git reset --keep origin/{branch}, and have the change made by a run: \
         {TASK_OF_ITS_OWN}"
    )
}
