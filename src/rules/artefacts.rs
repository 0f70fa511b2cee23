//! Artefacts: names, versions, archives and generated pages below the roots that the policy names. Every commit is
//! judged alike, whoever made it and however.

use std::collections::BTreeMap;

use crate::facts::artefacts::{Content, Line, Page};
use crate::facts::case::{CommitCase, CommitKind};
use crate::policy::ArtefactRoot;
use crate::record::artefact::{ArtefactName, Version};
use crate::record::path::split;
use crate::record::tree::{Change, Mode};
use crate::record::{Finding, Findings, ObjectId, RefName, RepoPath, Rule};
use crate::sys::shell::shown;

use super::{index_page, remedy};

/// Judges what a commit does below the roots of artefacts.
pub fn artefacts(case: &CommitCase<'_>, findings: &mut Findings) {
    let policy = case.rules.policy();
    if policy.artefacts().is_empty() {
        return;
    }
    let mut added: BTreeMap<Line, Vec<(ArtefactName, &RepoPath)>> = BTreeMap::new();
    for change in case.changes {
        let path = &change.path;
        let Some(root) = policy.artefact_of(path) else {
            findings.extend(in_the_way(case, change));
            continue;
        };
        if *path == root.index_page() || case.artefacts.put_back.contains(path) {
            continue;
        }
        let before = before(case, change);
        let appears = change.new.is_some() && before.contains(&None);
        if appears && let Some(finding) = spelling(case, root, path) {
            findings.push(finding);
            continue;
        }
        if root.archived(path).is_some() {
            findings.extend(archive(case, root, change, &before));
            continue;
        }
        if !root.is_versioned() {
            continue;
        }
        match (ArtefactName::parse(split(path.as_bytes()).1), appears) {
            (Ok(name), true) => {
                let line = Line::of(path, &name);
                added.entry(line).or_default().push((name, path));
                // Where one side of a merge has it, and the other one gave it up.
                if before.iter().flatten().any(|it| Some(*it) != change.new) {
                    findings.push(fixed(case, root, change));
                }
            }
            (Ok(_), false) => {
                if !case.artefacts.archived.contains(path) {
                    findings.push(fixed(case, root, change));
                }
            }
            (Err(why), true) => findings.push(
                Rule::ArtefactName
                    .finding(case.subject().path(path))
                    .found(why)
                    .expected("<Base>_vMAJOR.MINOR[.PATCH].<ext>, such as Protocol_v1.0.md")
                    .remedy(remedy::rename(case, path)),
            ),
            (Err(_), false) => {}
        }
    }
    for (line, mut versions) in added {
        versions.sort_by_key(|(name, _)| name.version());
        follow(
            case,
            case.artefacts.highest.get(&line).copied(),
            &versions,
            findings,
        );
    }
    let again = case.artefacts.taken_back.iter();
    findings.extend(again.map(|(path, by)| given_out_again(case, path, *by)));
    findings.extend(doubled(case));
    pages(case, findings);
}

/// Refuses pages that are not what the files below their directory make. A roll-back is asked for no more than this:
/// what else it does is the inverse of what was judged before.
pub fn pages(case: &CommitCase<'_>, findings: &mut Findings) {
    for (path, page) in &case.artefacts.pages {
        let subject = case.subject().path(path);
        let remedy = reconcile(case, path);
        let found = match page {
            Page::Differs(differences) => {
                findings.extend(index_page::differs(subject, path, differences, remedy));
                continue;
            }
            Page::Mode(mode) => format!("{} in its place", describe(*mode)),
            Page::Large(size) => format!("a page of {size} bytes"),
        };
        findings.push(
            Rule::IndexPage
                .finding(subject)
                .found(found)
                .expected("a plain file with a line for each file below its directory")
                .remedy(remedy),
        );
    }
}

/// Returns what each parent has at a changed path.
fn before(case: &CommitCase<'_>, change: &Change) -> Vec<Option<Content>> {
    let of_merge = case.artefacts.before.get(&change.path);
    of_merge.cloned().unwrap_or_else(|| vec![change.old])
}

/// Something that is no directory may not stand where a root is to be, or around it.
fn in_the_way(case: &CommitCase<'_>, change: &Change) -> Option<Finding> {
    let (mode, _) = change.new?;
    let mut roots = case.rules.policy().artefacts().iter();
    let root = roots.find(|it| it.root().is_at_or_below(&change.path))?;
    change.old.is_none().then(|| {
        Rule::ArtefactName
            .finding(case.subject().path(&change.path))
            .found(format!("{} in its place", describe(mode)))
            .expected(format!("the directory {}", root.root()))
            .remedy(remedy::leave_out(case, &change.path))
    })
}

/// A new file lies below its root, and below an archive, as the policy spells them.
fn spelling(case: &CommitCase<'_>, root: &ArtefactRoot, path: &RepoPath) -> Option<Finding> {
    let archive = root.archived(path).map(|(archive, _)| archive);
    let expected = archive.unwrap_or(root.root());
    (!path.as_bytes().starts_with(expected.as_str().as_bytes())).then(|| {
        Rule::ArtefactName
            .finding(case.subject().path(path))
            .found("a directory that some file systems take for one of the policy")
            .expected(format!("{expected}, spelt so"))
            .remedy(remedy::leave_out(case, path))
    })
}

/// What is in an archive stays, and only files of its root come there, as they stood.
fn archive(
    case: &CommitCase<'_>,
    root: &ArtefactRoot,
    change: &Change,
    before: &[Option<Content>],
) -> Option<Finding> {
    let path = &change.path;
    let was_there = before.iter().flatten().any(|it| Some(*it) != change.new);
    let found = match (was_there, change.new) {
        (true, None) => "a file gone from an archive",
        (true, Some(_)) => "a change of a file in an archive",
        (false, _) if !case.artefacts.stood.contains(path) => {
            "a file that did not stand so, and at the same place, below the root"
        }
        (false, _) if case.artefacts.copied.contains(path) => {
            "a copy of a file that still stands below the root"
        }
        (false, _) => return None,
    };
    Some(
        Rule::ArtefactArchive
            .finding(case.subject().path(path))
            .found(found)
            .expected(format!(
                "an archive that never changes, and takes only what moves there from {}",
                root.root()
            ))
            .remedy(remedy::keep(case, path)),
    )
}

/// A version never changes, and goes nowhere but into an archive.
fn fixed(case: &CommitCase<'_>, root: &ArtefactRoot, change: &Change) -> Finding {
    let found = match (change.old, change.new) {
        (_, None) => "a version that is gone",
        (Some((old, same)), Some((new, id))) if id == same && old != new => {
            "a version with another mode"
        }
        _ => "a version with another content",
    };
    let expected = match root.archives() {
        [] => "a version that stays as it was committed".to_owned(),
        archives => {
            let archives: Vec<_> = archives.iter().map(|it| it.as_str()).collect();
            format!(
                "a version that stays as it was committed, or moves unchanged, with its path, into {}",
                archives.join(" or ")
            )
        }
    };
    Rule::ArtefactFixed
        .finding(case.subject().path(&change.path))
        .found(found)
        .expected(expected)
        .remedy(remedy::keep(case, &change.path))
}

/// A version that was taken back does not come back with another content, from another side of a merge neither.
fn given_out_again(case: &CommitCase<'_>, path: &RepoPath, by: ObjectId) -> Finding {
    Rule::ArtefactFixed
        .finding(case.subject().path(path))
        .found(format!(
            "another content of a version that {by} has taken back"
        ))
        .expected("a version that nobody has seen before, or the same content")
        .remedy(
            match case.artefacts.before.contains_key(path) || !is_changed(case, path) {
                true => remedy::next_version(path),
                false => remedy::rename(case, path),
            },
        )
}

/// A line has each version once, whichever sides of a merge gave it, and in which spelling.
fn doubled(case: &CommitCase<'_>) -> impl Iterator<Item = Finding> {
    // What the commit adds itself does not follow the highest version.
    let brought = |it: &&(RepoPath, RepoPath)| {
        !is_changed(case, &it.0) || case.artefacts.put_back.contains(&it.0)
    };
    let doubled = case.artefacts.doubled.iter().filter(brought);
    doubled.map(|(path, other)| {
        Rule::ArtefactVersion
            .finding(case.subject().path(path))
            .found(format!("the version that {other} has as well"))
            .expected("each version once, in the directory and in its archives")
            .remedy(match case.artefacts.put_back.contains(path) {
                true => remedy::leave_out(case, path),
                false => remedy::next_version(path),
            })
    })
}

/// Tells whether a path is one of those that the commit changes by itself.
fn is_changed(case: &CommitCase<'_>, path: &RepoPath) -> bool {
    case.changes.iter().any(|it| it.path == *path)
}

/// Judges the new versions of a line, in order: each follows the highest one before it.
fn follow(
    case: &CommitCase<'_>,
    mut highest: Option<Version>,
    added: &[(ArtefactName, &RepoPath)],
    findings: &mut Findings,
) {
    for (name, path) in added {
        let version = name.version();
        if !version.follows(highest) {
            let next = Version::next(highest).map(|it| it.to_string());
            let expected = match highest {
                Some(highest) => format!("the one after {highest}: {}", next.join(", ")),
                None => format!("a first version: {}", next.join(", ")),
            };
            findings.push(
                Rule::ArtefactVersion
                    .finding(case.subject().path(path))
                    .found(format!("version {version}"))
                    .expected(expected)
                    .remedy(remedy::rename(case, path)),
            );
        }
        highest = highest.max(Some(version));
    }
}

/// Tells whether a finding is one of those that commits from before the policy asked for them may have.
pub fn may_be_adopted(finding: &Finding) -> bool {
    let rules = [
        Rule::ArtefactName,
        Rule::ArtefactVersion,
        Rule::ArtefactFixed,
        Rule::ArtefactArchive,
        Rule::IndexPage,
    ];
    rules.iter().any(|rule| finding.rule == *rule)
}

/// Says of a refused commit on which branch it was before, at this tip.
pub fn was_on(branch: &RefName, tip: ObjectId, finding: &mut Finding) {
    finding.remedy.push_str(&format!(
        "; or, as {branch} has this commit: if it is from before the policy asked for this, ask a root for adopted = \
         \"{tip}\" in the [[ref]] of {branch}: git awo policy propose FILE"
    ));
}

/// Returns how a page becomes right in the commit that is judged.
fn reconcile(case: &CommitCase<'_>, page: &RepoPath) -> String {
    let before = index_page::RECONCILE_STAGED;
    match CommitKind::of(case.commit) {
        CommitKind::Governed(_) => {
            let page = shown(page.as_bytes());
            format!(
                "let the command of the run write with git awo write PATH, which keeps {page} right"
            )
        }
        _ => format!(
            "{before}, then git commit --amend --no-edit ({}; before it is made: git commit)",
            remedy::OLDER
        ),
    }
}

fn describe(mode: Mode) -> &'static str {
    match mode {
        Mode::File => "a file",
        Mode::Executable => "an executable file",
        Mode::Symlink => "a symlink",
        Mode::Tree => "a directory",
        Mode::Gitlink => "a submodule",
    }
}
