//! Path patterns: globs over bytes; each set is compiled once into one automaton.
//!
//! One syntax has two ways of matching, each the safe one for its use:
//! - *allowed* patterns are exact: anchored at the root, byte for byte; `src/a.py` is that one
//!   path, `src/` is everything below `src`, `*` and `?` do not match `/`, `**` does.
//! - *forbidden* patterns are broad, as in gitignore: without an inner `/` they match at any depth;
//!   they cover the path and everything below it; both sides are compared after NFC and full case
//!   folding; and a component without wildcards also matches its short names on NTFS.

mod glob;
mod overlap;
mod short;

use globset::{GlobSet, GlobSetBuilder};

use crate::record::{RepoPath, fold};

use glob::{compile, path_of};
pub use overlap::may_overlap;

/// A pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("pattern {pattern:?} {why}")]
pub struct BadPattern {
    /// The pattern.
    pub pattern: String,
    /// The rule it breaks.
    pub why: String,
}

/// A set of path patterns, compiled.
#[derive(Clone, Debug)]
pub struct PathSet {
    patterns: Vec<String>,
    globs: GlobSet,
    short: short::Globs,
    /// Whether the set contains `**`, which matches every path.
    everything: bool,
    fold: bool,
}

/// Maximum length of a pattern, in bytes; bounds the compile time.
const MAX_PATTERN: usize = 4_096;

impl PathSet {
    /// Returns the set that matches nothing.
    pub fn empty() -> Self {
        Self {
            patterns: Vec::new(),
            globs: GlobSet::empty(),
            short: short::Globs::default(),
            everything: false,
            fold: false,
        }
    }

    /// Compiles exact patterns.
    pub fn exact(patterns: &[String]) -> Result<Self, BadPattern> {
        Self::build(patterns, false, |pattern| {
            let anchored = pattern.strip_prefix('/').unwrap_or(pattern);
            match anchored.strip_suffix('/') {
                Some(directory) => vec![format!("{directory}/**")],
                None => vec![anchored.to_owned()],
            }
        })
    }

    /// Compiles broad patterns.
    pub fn broad(patterns: &[String]) -> Result<Self, BadPattern> {
        Self::build(patterns, true, |pattern| {
            let name = pattern.strip_suffix('/').unwrap_or(pattern);
            match name.strip_prefix('/') {
                Some(anchored) => vec![anchored.to_owned(), format!("{anchored}/**")],
                None if name.contains('/') => vec![name.to_owned(), format!("{name}/**")],
                None => vec![format!("**/{name}"), format!("**/{name}/**")],
            }
        })
    }

    fn build(
        patterns: &[String],
        fold: bool,
        globs_of: impl Fn(&str) -> Vec<String>,
    ) -> Result<Self, BadPattern> {
        let mut builder = GlobSetBuilder::new();
        let mut short = short::Globs::default();
        for pattern in patterns {
            let bad = |why: String| BadPattern {
                pattern: pattern.clone(),
                why,
            };
            check(pattern).map_err(|why| bad(why.to_owned()))?;
            let folded = if fold {
                fold::path(pattern)
            } else {
                pattern.clone()
            };
            for glob in globs_of(&folded) {
                let glob = without_choices(&glob);
                let compiled = compile(&glob)
                    .map_err(|error| bad(format!("is not a glob: {}", error.kind())))?;
                builder.add(compiled);
                if fold {
                    short.add(&glob);
                }
            }
        }
        let globs = builder.build().map_err(|error| BadPattern {
            pattern: patterns.join(" "),
            why: error.to_string(),
        })?;
        let everything = patterns.iter().any(|pattern| pattern == "**");
        Ok(Self {
            patterns: patterns.to_vec(),
            globs,
            short,
            everything,
            fold,
        })
    }

    /// Returns whether the path matches.
    pub fn matches(&self, path: &RepoPath) -> bool {
        if self.everything {
            return true;
        }
        if self.patterns.is_empty() {
            return false;
        }
        if self.fold {
            let folded = fold::bytes(path.as_bytes());
            self.globs.is_match(path_of(&folded)) || self.short.match_one(&folded)
        } else {
            self.globs.is_match(path_of(path.as_bytes()))
        }
    }

    /// Returns the first pattern that matches, for a message.
    pub fn which(&self, path: &RepoPath) -> Option<&str> {
        self.patterns
            .iter()
            .find(|pattern| {
                let one = std::slice::from_ref(*pattern);
                let set = if self.fold {
                    Self::broad(one)
                } else {
                    Self::exact(one)
                };
                set.is_ok_and(|set| set.matches(path))
            })
            .map(String::as_str)
    }
}

/// Compiles a ref pattern: an exact pattern for full ref names.
pub fn ref_pattern(pattern: &str) -> Result<PathSet, BadPattern> {
    if !pattern.starts_with("refs/") {
        let why = "does not start with refs/".to_owned();
        return Err(BadPattern {
            pattern: pattern.to_owned(),
            why,
        });
    }
    PathSet::exact(&[pattern.to_owned()])
}

fn check(pattern: &str) -> Result<(), &'static str> {
    if pattern.is_empty() || pattern == "/" {
        return Err("is empty");
    }
    if pattern.len() > MAX_PATTERN {
        return Err("has more than 4,096 bytes");
    }
    if pattern.starts_with('!') {
        return Err("is negated, which is not supported");
    }
    if pattern.chars().any(char::is_control) {
        return Err("has a control character");
    }
    if pattern.split('/').any(|part| part == "." || part == "..") {
        return Err("has a '.' or '..' component");
    }
    let inner = pattern.strip_prefix('/').unwrap_or(pattern);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    if inner.split('/').any(str::is_empty) {
        return Err("has an empty component, which no path has");
    }
    Ok(())
}

/// Escapes the braces of a glob: in gitignore they are literal, but the matcher would read them as
/// alternatives.
fn without_choices(glob: &str) -> String {
    let mut plain = String::with_capacity(glob.len());
    let mut chars = glob.chars().peekable();
    // Inside a class: the number of its characters seen so far.
    let mut class: Option<usize> = None;
    while let Some(c) = chars.next() {
        match (c, class) {
            ('\\', None) => {
                plain.push(c);
                plain.extend(chars.next());
                continue;
            }
            ('{' | '}', None) => plain.push('\\'),
            ('[', None) => class = Some(0),
            // A leading `]` belongs to the class.
            (']', Some(seen)) if seen > 0 => class = None,
            ('!' | '^', Some(0)) if matches!(plain.chars().last(), Some('[')) => {}
            (_, Some(seen)) => class = Some(seen.saturating_add(1)),
            _ => {}
        }
        plain.push(c);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(pattern: &str, path: &str) -> bool {
        PathSet::exact(&[pattern.to_owned()])
            .unwrap()
            .matches(&RepoPath::from(path))
    }

    fn broad(pattern: &str, path: &str) -> bool {
        PathSet::broad(&[pattern.to_owned()])
            .unwrap()
            .matches(&RepoPath::from(path))
    }

    #[test]
    fn allowed_patterns_are_exact() {
        for (pattern, path, expected) in [
            ("src/strings.py", "src/strings.py", true),
            ("/src/strings.py", "src/strings.py", true),
            ("src/strings.py", "src/strings.py.bak", false),
            ("src/strings.py", "src/strings.pyx", false),
            ("src/strings.py", "src/strings.py/evil", false),
            ("src/strings.py", "src/Strings.py", false),
            ("src/strings.py", "a/src/strings.py", false),
            ("strings.py", "src/strings.py", false),
            ("src/", "src/a", true),
            ("src/", "src/a/b", true),
            ("src/", "src", false),
            ("src/", "src_evil/a", false),
            ("src/", "SRC/a", false),
            ("src/*", "src/a", true),
            ("src/*", "src/a/b", false),
            ("src/**", "src/a/b", true),
            ("src/*.py", "src/a.py", true),
            ("src/*.py", "src/a/b.py", false),
            ("**/x", "x", true),
            ("**/x", "a/b/x", true),
            ("**", "any/thing", true),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
            ("[ab].py", "a.py", true),
            ("[!a].py", "b.py", true),
            ("\\*.py", "*.py", true),
            ("\\*.py", "a.py", false),
            ("{a,b}.py", "a.py", false),
            ("{a,b}.py", "{a,b}.py", true),
            ("\\{a}", "{a}", true),
            ("[{]a", "{a", true),
            ("[]{]a", "{a", true),
            ("[!{]a", "{a", false),
            ("a/**/b", "a/b", true),
            ("a/**/b", "a/x/y/b", true),
            ("a/**", "a", false),
            ("*", ".hidden", true),
        ] {
            assert_eq!(exact(pattern, path), expected, "{pattern} on {path}");
        }
    }

    #[test]
    fn forbidden_patterns_are_broad() {
        for (pattern, path, expected) in [
            ("secrets/", "secrets/k", true),
            ("secrets/", "a/secrets/k", true),
            ("secrets/", "secrets", true),
            ("secrets/", "secretsx/k", false),
            ("secrets/", "Secrets/k", true),
            (".env", ".env", true),
            (".env", ".ENV", true),
            (".env", "sub/.env", true),
            (".env", ".environment", false),
            (".env.*", ".env.prod", true),
            (".env.*", "sub/.env.prod", true),
            (".env.*", ".env", false),
            (".github/workflows/", ".github/workflows/ci.yml", true),
            (".github/workflows/", ".GitHub/Workflows/ci.yml", true),
            (".github/workflows/", "sub/.github/workflows/ci.yml", false),
            ("/top", "top", true),
            ("/top", "sub/top", false),
            ("straße", "STRASSE", true),
            ("\u{e9}", "e\u{301}", true),
            ("deploy/", "deploy_notes.md", false),
            (".gitmodules", "a/.git\u{200d}modules", true),
            ("secrets/", "secrets./k", true),
            ("secrets/", "secrets /k", true),
            ("secrets/", "a/SECRETS/b/c", true),
            ("{a,b}", "a", false),
            ("{a,b}", "x/{A,B}/y", true),
            ("*.key", "a/b.KEY", true),
            ("*.key", "a.key/b", true),
            ("a/*", "a/b/c", true),
            ("a/*", "x/a/b", false),
            ("**/a/b", "x/y/A/B/c", true),
            ("k", "\u{212a}", true),
            ("keys", "ke\u{200b}ys", true),
            ("[ab]x", "BX", true),
            (".github/workflows/", "GITHUB~1/WORKFL~1/ci.yml", true),
            (".github/workflows/", ".github/workfl~2/ci.yml", true),
            (".github/workflows/", "github~1/workflows", true),
            (".github/workflows/", "github~1/other", false),
            (".github/workflows/", "NOTES~1/workfl~1", false),
            (".gitlab-ci.yml", "GITLAB~1.YML", true),
            (".env", "a/ENV~1", true),
            (".env", "a/ENV~", false),
            ("secrets/", "SECRET~1/k", false),
            ("{a,b}.json", "a/{a,b}.json", true),
        ] {
            assert_eq!(broad(pattern, path), expected, "{pattern} on {path}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_neither_panic_nor_match_by_accident() {
        let path = RepoPath::new(b"src/\xff\xfe".to_vec());
        let set = |p: &str| PathSet::exact(&[p.to_owned()]).unwrap();
        assert!(set("src/").matches(&path));
        assert!(!set("docs/").matches(&path));
    }

    #[test]
    fn refuses_patterns_that_mean_nothing_or_take_back() {
        for bad in ["", "/", "//", "a//b", "!a", "a/../b", "a\nb", "[", "a/./b"] {
            assert!(
                PathSet::exact(&[bad.to_owned()]).is_err(),
                "{bad:?} is refused"
            );
        }
        for nothing in ["", "/"] {
            let error = PathSet::exact(&[nothing.to_owned()]).unwrap_err();
            assert_eq!(error.why, "is empty", "{nothing:?}");
        }
        assert!(PathSet::exact(&["a".to_owned()]).is_ok());
        assert!(PathSet::exact(&["a".repeat(MAX_PATTERN + 1)]).is_err());
        assert!(PathSet::exact(&["a".repeat(MAX_PATTERN)]).is_ok());
    }

    #[test]
    fn names_the_pattern_that_matched() {
        let set = PathSet::broad(&["deploy/".to_owned(), ".env.*".to_owned()]).unwrap();
        assert_eq!(set.which(&RepoPath::from("x/.env.prod")), Some(".env.*"));
        assert_eq!(set.which(&RepoPath::from("x")), None);
    }
}
