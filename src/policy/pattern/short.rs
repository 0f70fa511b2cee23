//! NTFS short names: NTFS gives a file a second name in 8.3 form, by which it can be opened as well.
//! `GITHUB~1` may be `.github`.

use std::sync::OnceLock;

use globset::{GlobSet, GlobSetBuilder};

use super::glob::{compile, path_of};
use crate::record::names;

/// Separates the base of a short name from its number.
const TILDE: char = '~';

/// Globs that also match short names, for the few paths that could contain one.
#[derive(Clone, Debug, Default)]
pub(super) struct Globs {
    globs: Vec<String>,
    /// The globs, compiled on first use; `None` if they do not compile.
    compiled: OnceLock<Option<GlobSet>>,
}

impl Globs {
    /// Adds a glob, if any of its components has a short name.
    pub(super) fn add(&mut self, plain: &str) {
        self.globs.extend(glob(plain));
    }

    /// Returns whether a folded path matches one of them.
    pub(super) fn match_one(&self, folded: &[u8]) -> bool {
        if self.globs.is_empty() || !folded.contains(&b'~') {
            return false;
        }
        let compiled = self.compiled.get_or_init(|| {
            let mut builder = GlobSetBuilder::new();
            for glob in &self.globs {
                builder.add(compile(glob).ok()?);
            }
            builder.build().ok()
        });
        // Fail closed: globs that do not compile match everything.
        compiled
            .as_ref()
            .is_none_or(|globs| globs.is_match(path_of(folded)))
    }
}

/// Returns a glob that also matches the short names of components without wildcards, if any has one.
fn glob(glob: &str) -> Option<String> {
    let mut found = false;
    let parts = glob.split('/').map(|part| match of(part) {
        Some(short) => {
            found = true;
            format!("{{{},{short}}}", part.replace(',', "\\,"))
        }
        None => part.to_owned(),
    });
    let glob = parts.collect::<Vec<_>>().join("/");
    found.then_some(glob)
}

/// Returns the short names of a folded name, as a glob; `None` if the name is short itself, contains
/// wildcards, or has letters outside ASCII, which differ between code pages.
///
/// From the fifth name with the same beginning on, NTFS uses a checksum; that form is not matched.
fn of(name: &str) -> Option<String> {
    let plain =
        |c: char| c.is_ascii() && !matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | '\\' | TILDE);
    if !name.chars().all(plain) {
        return None;
    }
    let shown = name.trim_start_matches('.');
    let (base, extension) = shown.rsplit_once('.').unwrap_or((shown, ""));
    let kept = |text: &str, most: usize| -> String {
        let letters = text.chars().filter(|c| !matches!(c, '.' | ' '));
        let known = letters.map(|c| {
            if matches!(c, '+' | ',' | ';' | '=') {
                '_'
            } else {
                c
            }
        });
        known.take(most).collect()
    };
    let is_short = name == shown && kept(base, 9) == base && base.len() <= 8;
    if is_short && kept(extension, 4) == extension && extension.len() <= 3 {
        return None;
    }
    let (base, extension) = (kept(base, 6), kept(extension, 3));
    // Short names of files that git obeys are refused everywhere.
    if names::fault(format!("{base}{TILDE}1").as_bytes()).is_some() {
        return None;
    }
    match (base.is_empty(), extension.is_empty()) {
        (true, _) => None,
        (false, true) => Some(format!("{base}{TILDE}[1-9]")),
        (false, false) => Some(format!("{base}{TILDE}[1-9].{extension}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_not_short_have_a_short_one() {
        for (name, short) in [
            (".github", "github~[1-9]"),
            ("workflows", "workfl~[1-9]"),
            (".gitlab-ci.yml", "gitlab~[1-9].yml"),
            (".env", "env~[1-9]"),
            ("a b", "ab~[1-9]"),
            ("a.b.c", "ab~[1-9].c"),
            ("x.html", "x~[1-9].htm"),
            ("a+b", "a_b~[1-9]"),
            ("credentials.json", "creden~[1-9].jso"),
        ] {
            assert_eq!(of(name).as_deref(), Some(short), "{name}");
        }
        for name in [
            "keys",
            "secrets",
            "deployed",
            "a.txt",
            "*.key",
            ".env.*",
            "stra\u{df}ennamen",
            "a~1",
            ".gitmodules",
            "",
            "**",
        ] {
            assert_eq!(of(name), None, "{name}");
        }
        assert_eq!(
            glob("**/.github/x").as_deref(),
            Some("**/{.github,github~[1-9]}/x")
        );
        assert_eq!(glob("**/keys/**"), None);
    }
}
