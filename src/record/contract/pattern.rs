//! Path patterns of a contract, in gitignore syntax.

/// The list that contains a pattern; allowed paths are checked more strictly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathList {
    /// Paths that the run may touch.
    Allowed,
    /// Paths that the run must not touch, even if an allowed pattern matches them.
    Forbidden,
}

/// The rule that a path pattern breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPattern {
    /// The pattern is empty.
    #[error("it is empty")]
    Empty,
    /// Longer than any path git would store.
    #[error("it has more than 4,096 bytes")]
    TooLong,
    /// A control character, or one that reorders the text around it.
    #[error("it contains a control character, or one that reorders text")]
    Unfit,
    /// gitignore would strip trailing white space, and a reader would not see it.
    #[error("it begins or ends with white space")]
    OuterSpace,
    /// `!` negates other patterns.
    #[error("it is negated with '!'")]
    Negated,
    /// gitignore reads the line as a comment, so that it would match nothing.
    #[error("it begins with '#', which makes it a comment")]
    Comment,
    /// Not relative to the root of the repository.
    #[error("it is absolute; write it relative to the root of the repository")]
    Absolute,
    /// A backslash: a separator to one reader, an escape to another.
    #[error("it contains a backslash")]
    Backslash,
    /// `.`, `..` or an empty component: git stores no such path, so the pattern would match nothing.
    #[error("a component is empty, '.' or '..'")]
    Component,
    /// Git's own directory.
    #[error("it reaches into .git")]
    GitDir,
    /// `[` without `]`, which gitignore never matches.
    #[error("a '[' has no ']'")]
    Bracket,
}

/// Returns whether `c` is forbidden in all texts of a contract: a control character other than line
/// feed and tab, or a character that reorders the text around it.
pub fn is_unfit(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Checks one path pattern, or returns the rule that it breaks.
///
/// A forbidden pattern may be anchored with a leading `/` as in gitignore, and may name `.git/`. An
/// allowed one may do neither, because a leading `/` there is most likely a path of the file system.
pub fn check_pattern(pattern: &str, list: PathList) -> Result<(), BadPattern> {
    if pattern.is_empty() {
        return Err(BadPattern::Empty);
    }
    if pattern.len() > 4096 {
        return Err(BadPattern::TooLong);
    }
    if pattern.chars().any(|c| is_unfit(c) || c.is_control()) {
        return Err(BadPattern::Unfit);
    }
    if pattern.trim() != pattern {
        return Err(BadPattern::OuterSpace);
    }
    if pattern.starts_with('!') {
        return Err(BadPattern::Negated);
    }
    if pattern.starts_with('#') {
        return Err(BadPattern::Comment);
    }
    if pattern.contains('\\') {
        return Err(BadPattern::Backslash);
    }
    let mut bytes = pattern.bytes();
    let drive = bytes.next().is_some_and(|b| b.is_ascii_alphabetic()) && bytes.next() == Some(b':');
    if drive || pattern.starts_with('~') || (list == PathList::Allowed && pattern.starts_with('/'))
    {
        return Err(BadPattern::Absolute);
    }
    let inner = pattern.strip_prefix('/').unwrap_or(pattern);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    for component in inner.split('/') {
        if matches!(component, "" | "." | "..") {
            return Err(BadPattern::Component);
        }
        // `git~1` is the short name of `.git` on some file systems.
        let is_git =
            component.eq_ignore_ascii_case(".git") || component.eq_ignore_ascii_case("git~1");
        if is_git && list == PathList::Allowed {
            return Err(BadPattern::GitDir);
        }
    }
    if !brackets_close(pattern) {
        return Err(BadPattern::Bracket);
    }
    Ok(())
}

/// Returns whether every `[` opens a non-empty class that is closed.
fn brackets_close(pattern: &str) -> bool {
    let mut rest = pattern;
    while let Some((_, after)) = rest.split_once('[') {
        let after = after.strip_prefix(['!', '^']).unwrap_or(after);
        // A leading `]` belongs to the class.
        let after = after.strip_prefix(']').unwrap_or(after);
        let Some((_, next)) = after.split_once(']') else {
            return false;
        };
        rest = next;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_refused_for_their_reason_and_their_twins_pass() {
        use BadPattern::*;
        let bad = [
            ("", Empty),
            ("a\nb", Unfit),
            ("a\u{202e}b", Unfit),
            (" a", OuterSpace),
            ("a ", OuterSpace),
            ("!a", Negated),
            ("#a", Comment),
            ("/a", Absolute),
            ("~/a", Absolute),
            ("C:/a", Absolute),
            ("a\\b", Backslash),
            ("../a", Component),
            ("a/../b", Component),
            ("a//b", Component),
            ("./a", Component),
            ("/", Absolute),
            (".git/config", GitDir),
            (".GIT", GitDir),
            ("a/.git/hooks", GitDir),
            ("a[b", Bracket),
            ("a[]", Bracket),
        ];
        for (pattern, why) in bad {
            assert_eq!(
                check_pattern(pattern, PathList::Allowed),
                Err(why),
                "{pattern:?}"
            );
        }
        for good in [
            "a",
            "src/**/*.rs",
            "docs/",
            "a..b",
            ".github/",
            ".gitignore",
            "a b",
            "a#b",
            "a!b",
            "[ab]c",
            "é",
        ] {
            assert_eq!(
                check_pattern(good, PathList::Allowed),
                Ok(()),
                "{good:?} is fine"
            );
        }
        for good in [".git/", "/Cargo.toml", ".env.*", "secrets/"] {
            assert_eq!(
                check_pattern(good, PathList::Forbidden),
                Ok(()),
                "{good:?} may be forbidden"
            );
        }
        for bad in ["!a", "../a", "/"] {
            assert!(
                check_pattern(bad, PathList::Forbidden).is_err(),
                "{bad:?} forbids nothing"
            );
        }
    }
}
