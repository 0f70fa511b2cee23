//! A file that is about to be written: what the doors will say of it, earlier.

use std::collections::BTreeSet;

use crate::facts::case::CommitCase;
use crate::policy::document::Limits;
use crate::record::contract::Contract;
use crate::record::path::quote;
use crate::record::{Finding, Findings, IdentityName, RepoPath, Rule, Subject};
use crate::sys::entry::Kind;

use super::direct::writers;
use super::executed;
use super::scope::policy_paths;
use super::tree::{entries, long};

/// What helps where nothing more exact does.
const ANOTHER: &str =
    "git awo write PATH, with another path; git awo policy show tells what the policy asks for";

/// Refuses a path that is none from the top of the repository, whatever system reads it.
pub fn form(path: &[u8]) -> Option<Finding> {
    let first = path.split(|b| *b == b'/').next().unwrap_or_default();
    let found = match (path, first) {
        (b"", _) => "no path",
        ([b'/', ..], _) => "an absolute path",
        ([b'\\', ..], _) => "a path that Windows takes for an absolute one",
        (_, [drive, b':', ..]) if drive.is_ascii_alphabetic() => "a drive of Windows",
        _ if path.contains(&0) => "a path with a NUL",
        _ => {
            let mut names = path.split(|b| *b == b'/');
            match names.any(|it| matches!(it, b"" | b"." | b"..")) {
                true => "an empty, '.' or '..' component",
                false => return None,
            }
        }
    };
    let subject = Subject::none().path(&RepoPath::new(path));
    Some(
        Rule::TreeEntryName
            .finding(subject)
            .found(found)
            .expected("a path from the top of the repository, of plain names")
            .remedy("git awo write PATH, with such a path"),
    )
}

/// Refuses a path that is longer or deeper than the policy allows: a file system may not even look for it.
pub fn length(path: &RepoPath, limits: &Limits) -> Option<Finding> {
    long(path, limits, &Subject::none(), || ANOTHER.to_owned())
}

/// Refuses to write where something other than a file, or a directory on the way to it, stands.
pub fn in_the_way(path: &RepoPath, what: Kind, is_last: bool) -> Finding {
    let found = match what {
        Kind::File => "a file",
        Kind::Directory => "a directory",
        Kind::Symlink => "a symlink",
        Kind::Other(what) => what,
    };
    Rule::TreeEntryMode
        .finding(Subject::none().path(path))
        .found(found)
        .expected(match is_last {
            true => "a plain file, or nothing",
            false => "a directory, or nothing",
        })
        .remedy("git awo write PATH, with another path")
}

/// Refuses to write into a repository of its own.
pub fn inner_repository(path: &RepoPath) -> Finding {
    Rule::TreeEntryMode
        .finding(Subject::none().path(path))
        .found("a repository of its own")
        .expected("a directory of this repository")
        .remedy("git awo write PATH, with another path")
}

/// Refuses to write what only follows from other files.
pub fn generated(page: &RepoPath) -> Finding {
    Rule::IndexPage
        .finding(Subject::none().path(page))
        .found("a page to be written by hand")
        .expected("a page that follows from the files below its directory")
        .remedy("git awo index reconcile")
}

/// Judges a file that is about to be written, and the pages that change with it: by a contract, or else as a direct
/// commit where such are taken. What concerns only other changes of the work tree is left to the doors.
pub fn write(
    case: &CommitCase<'_>,
    written: &BTreeSet<RepoPath>,
    person: &IdentityName,
    contract: Option<(&Contract, bool)>,
    findings: &mut Findings,
) {
    let mut all = Findings::new();
    match contract {
        Some((contract, makes_skeleton)) => {
            let (person, subject) = (Some(person), Subject::none());
            executed::paths(case, contract, makes_skeleton, person, &subject, &mut all);
        }
        None => {
            entries(case, &mut all);
            policy_paths(case, person, &mut all);
            if case.rules.accepts_direct() {
                writers(case, person, &mut all);
            }
        }
    }
    // A path, or a directory around it.
    let mut about: BTreeSet<String> = BTreeSet::new();
    for path in written {
        let mut at = RepoPath::default();
        for name in path.components() {
            at = at.join(name);
            about.insert(quote(at.as_bytes()));
        }
    }
    for mut finding in all {
        let is_of_this = finding
            .subject
            .path
            .as_ref()
            .is_none_or(|it| about.contains(it));
        // The pages are written with the file; how they stand now does not matter.
        if !is_of_this || finding.rule == Rule::IndexPage {
            continue;
        }
        finding.subject.commit = None;
        let keeps = [Rule::AllowedPaths, Rule::ForbiddenPaths];
        if finding.rule == Rule::FileLimit {
            finding.remedy =
                "write less; or raise file_bytes: git awo policy propose FILE".to_owned();
        } else if !keeps.iter().any(|it| finding.rule == *it) {
            finding.remedy = ANOTHER.to_owned();
        }
        findings.push(finding);
    }
}
