//! Names and modes of tree entries (INT-003), whatever the paths allow.

use crate::policy::case::CommitCase;
use crate::policy::pattern::ignorable;
use crate::record::tree::Mode;
use crate::record::{Code, Finding, Findings, RepoPath};

/// The longest component, in bytes.
const MAX_COMPONENT: usize = 255;
/// The longest path, in bytes.
const MAX_PATH: usize = 4_096;

/// Refuses entries that a file system or git itself could take for something else, and modes
/// that the policy does not permit there.
pub fn entries(case: &CommitCase<'_>, findings: &mut Findings) {
    let policy = case.rules.policy();
    for change in case.changes {
        let Some((mode, _)) = change.new else {
            continue;
        };
        let mut refuse = |rule: &str, found: String, expected: &str| {
            findings.push(
                Finding::new(Code::Int003, rule, case.subject().path(&change.path))
                    .found(found)
                    .expected(expected)
                    .remedy("git commit --amend without it"),
            );
        };
        if let Some(why) = bad_path(&change.path) {
            refuse("tree-entry-name", why.to_owned(), "a plain UTF-8 name");
        }
        match mode {
            Mode::File => {}
            Mode::Tree => refuse(
                "tree-entry-mode",
                "an empty directory, which git never writes".to_owned(),
                "a file",
            ),
            // An unchanged executable bit is no news; a new one needs the policy's word.
            Mode::Executable => {
                let was = matches!(change.old, Some((Mode::Executable, _)));
                if !was && !policy.executable.matches(&change.path) {
                    refuse(
                        "tree-entry-mode",
                        "an executable file".to_owned(),
                        "a place in tree.executable",
                    );
                }
            }
            Mode::Symlink => {
                if !policy.symlinks.matches(&change.path) {
                    refuse(
                        "tree-entry-mode",
                        "a symlink".to_owned(),
                        "a place in tree.symlinks",
                    );
                }
            }
            Mode::Gitlink => refuse("tree-entry-mode", "a submodule".to_owned(), "a file"),
        }
    }
}

/// Tells why no file may stand at this path, whatever the policy says.
pub fn bad_path(path: &RepoPath) -> Option<&'static str> {
    let bytes = path.as_bytes();
    if bytes.len() > MAX_PATH {
        return Some("a path of more than 4,096 bytes");
    }
    let Some(text) = path.to_str() else {
        return Some("a name that is not UTF-8");
    };
    if text.chars().any(char::is_control) {
        return Some("a name with a control character");
    }
    if text.contains('\\') {
        return Some("a name with a backslash");
    }
    text.split('/').find_map(bad_component)
}

fn bad_component(name: &str) -> Option<&'static str> {
    if name.is_empty() || name == "." || name == ".." {
        return Some("an empty, '.' or '..' component");
    }
    if name.len() > MAX_COMPONENT {
        return Some("a component of more than 255 bytes");
    }
    if name.chars().any(ignorable) {
        return Some("a name with a character that some file systems pass over");
    }
    if name.ends_with(['.', ' ']) {
        return Some("a component that ends with a dot or a space");
    }
    if disguises_dot_git(name) {
        return Some("a disguise of .git");
    }
    None
}

/// Tells whether a file system would take the name for `.git`: case folded and ignorable
/// characters dropped (HFS+), trailing dots, spaces and streams dropped or the short name (NTFS).
fn disguises_dot_git(name: &str) -> bool {
    let ignorable = |c: char| matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    let seen: String = name
        .chars()
        .filter(|c| !ignorable(*c))
        .flat_map(char::to_lowercase)
        .collect();
    let before_stream = seen.split(':').next().unwrap_or_default();
    let trimmed = before_stream.trim_end_matches(['.', ' ']);
    trimmed == ".git" || trimmed == "git~1"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_disguises_and_leaves_plain_names() {
        for bad in [
            ".git",
            ".GIT",
            "git~1",
            "GIT~1",
            ".g\u{200c}it",
            ".git. ",
            ".git ",
            ".git::$INDEX_ALLOCATION",
            "..",
            ".",
            "",
        ] {
            assert!(bad_component(bad).is_some(), "{bad:?} is refused");
        }
        for good in [".gitignore", "git", "git~12", ".github", "a", "é", "x.git"] {
            assert!(bad_component(good).is_none(), "{good:?} is a name");
        }
        assert!(bad_path(&RepoPath::new(b"a/\xff".to_vec())).is_some());
        assert!(bad_path(&RepoPath::from("a\nb")).is_some());
        assert!(bad_path(&RepoPath::from("a/.git/config")).is_some());
        assert!(bad_path(&RepoPath::from("a/b.py")).is_none());
        assert!(bad_path(&RepoPath::new("x".repeat(255))).is_none());
        assert!(bad_path(&RepoPath::new("x".repeat(256))).is_some());
    }
}
