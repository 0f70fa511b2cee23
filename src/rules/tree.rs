//! Names and modes of tree entries (INT-003), whatever the paths allow.

use crate::facts::case::CommitCase;
use crate::policy::document::Limits;
use crate::record::path::quote;
use crate::record::tree::{Fault, Mode, What};
use crate::record::{Finding, Findings, RepoPath, Rule, Subject};

use super::{artefacts, remedy};

/// Refuses entries that a file system or git itself could take for something else, and modes
/// that the policy does not permit there. What stood there before is no news.
pub fn entries(case: &CommitCase<'_>, findings: &mut Findings) {
    findings.extend(case.faults.iter().filter_map(|it| judged(it, case)));
    artefacts::artefacts(case, findings);
    let policy = case.rules.policy();
    let limits = &policy.document().limits;
    for change in case.changes {
        let Some((mode, _)) = change.new else {
            continue;
        };
        let path = &change.path;
        let subject = || case.subject().path(path);
        if change.old.is_none() {
            findings.extend(length(case, path, limits));
        }
        // An unchanged executable bit is no news; a new one needs the policy's word.
        let was_executable = matches!(change.old, Some((Mode::Executable, _)));
        let (found, key, allowed) = match mode {
            Mode::Executable if was_executable => continue,
            Mode::Executable => ("an executable file", "executable", &policy.executable),
            Mode::Symlink => ("a symlink", "symlinks", &policy.symlinks),
            Mode::Gitlink => ("a submodule", "submodules", &policy.submodules),
            Mode::File | Mode::Tree => continue,
        };
        // git reads the file that a symlink in such a place leads to, if it reads it at all.
        let no_file = mode != Mode::Executable && policy.is_git_file(path);
        if no_file || !allowed.matches(path) {
            let finding = Rule::TreeEntryMode.finding(subject()).found(found);
            findings.push(match no_file {
                true => finding
                    .expected("a plain file")
                    .remedy(remedy::leave_out(case, path)),
                false => finding
                    .expected(format!("a place in tree.{key}"))
                    .remedy(remedy::leave_out_or_allow(case, path, key)),
            });
        }
    }
}

/// Refuses what is in the trees though no change of a path shows it. All that a roll-back puts
/// back stood there before, but maybe not beside what stands there now.
pub fn unseen(case: &CommitCase<'_>, findings: &mut Findings) {
    let unseen = |it: &&Fault| {
        !matches!(
            it.what,
            What::Name(_) | What::Odd(_) | What::Large { .. } | What::Modules(_)
        )
    };
    let unseen = case.faults.iter().filter(unseen);
    findings.extend(unseen.filter_map(|it| judged(it, case)));
}

/// Returns the finding on one fault in a tree of a commit, unless the policy tolerates it there.
fn judged(it: &Fault, case: &CommitCase<'_>) -> Option<Finding> {
    let remedy = match (&it.what, case.rules.policy().permission(&it.what)) {
        (_, Some((_, places))) if places.matches(&it.path) => return None,
        (_, Some((key, _))) => remedy::leave_out_or_allow(case, &it.path, key),
        (What::Large { .. }, None) => format!(
            "{}; or raise file_bytes: git awo policy propose FILE",
            remedy::leave_out(case, &it.path)
        ),
        (_, None) => remedy::leave_out(case, &it.path),
    };
    Some(fault(it, case.subject(), remedy))
}

/// Returns the finding on one fault in a tree.
pub fn fault(fault: &Fault, subject: Subject, remedy: impl std::fmt::Display) -> Finding {
    let subject = subject.path(&fault.path);
    let finding = match &fault.what {
        What::Name(why) | What::Odd(why) => Rule::TreeEntryName
            .finding(subject)
            .found(why)
            .expected("a plain UTF-8 name"),
        What::Mode { mode } => Rule::TreeEntryMode
            .finding(subject)
            .found(format!("another spelling of the mode {mode}"))
            .expected("a mode as git writes it: 100644 100755 120000 40000 160000"),
        What::Collides { with, .. } => Rule::TreeEntryCollision
            .finding(subject)
            .found(format!(
                "a name that some file systems take for {}",
                quote(with)
            ))
            .expected("names that differ in more than case, Unicode form and what is not seen"),
        What::Empty => Rule::TreeEntryEmpty
            .finding(subject)
            .found("a directory with nothing in it")
            .expected("directories that hold files"),
        What::Modules(why) => Rule::GitModules
            .finding(subject)
            .found(why)
            .expected("submodules that git clones to their own places"),
        What::Null => Rule::TreeEntryObject
            .finding(subject)
            .found("the object of zeros, which is none")
            .expected("an object"),
        What::Kind(is) => Rule::ObjectKind
            .finding(subject)
            .found(format!("the mode of a file, and an object that is a {is}"))
            .expected("a blob"),
        What::Large { size, most } => Rule::FileLimit
            .finding(subject)
            .found(format!("a file of {size} bytes"))
            .expected(format!(
                "at most {most}: file_bytes in [limits] of the policy"
            )),
    };
    finding.remedy(remedy)
}

/// Judges how long and how deep a path is. Lengths make names that some machines cannot hold
/// (INT-003), depth costs whoever walks the tree (INT-006).
fn length(case: &CommitCase<'_>, path: &RepoPath, limits: &Limits) -> Option<Finding> {
    let remedy = || remedy::leave_out(case, path);
    long(path, limits, &case.subject(), remedy)
}

/// Judges how long and how deep a path is, of whatever is to have it.
pub(super) fn long(
    path: &RepoPath,
    limits: &Limits,
    subject: &Subject,
    remedy: impl Fn() -> String,
) -> Option<Finding> {
    let subject = || subject.clone().path(path);
    let longest = path.components().map(<[u8]>::len).max().unwrap_or_default();
    let (is, max) = match path.as_bytes().len() {
        whole if whole > limits.path_bytes => (whole, limits.path_bytes),
        _ => (longest, limits.component_bytes),
    };
    if is > max {
        return Some(
            Rule::TreeEntryLength
                .finding(subject())
                .found(format!("a path or a component of {is} bytes"))
                .expected(format!("at most {max}"))
                .remedy(remedy()),
        );
    }
    let depth = path.components().count().saturating_sub(1);
    (depth > limits.tree_depth).then(|| {
        Rule::TreeDepth
            .finding(subject())
            .found(format!("{depth} directories inside each other"))
            .expected(format!("at most {}", limits.tree_depth))
            .remedy(remedy())
    })
}
