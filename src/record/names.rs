//! Names in trees that a file system, a line-based parser or git itself could interpret as another
//! name.

use bstr::ByteSlice as _;

use super::fold;

/// Files that git itself obeys: the name after the dot, and the beginning of their NTFS short names
/// once the plain ones are taken (two letters and a checksum, as in git's `is_ntfs_dot_str`).
const GITS_OWN: &[(&str, &str)] = &[
    ("git", "gi2837"),
    ("gitmodules", "gi7eba"),
    ("gitattributes", "gi7d29"),
    ("gitignore", "gi250a"),
    ("mailmap", "maba30"),
    ("lfsconfig", "lfd659"),
];

/// Why a name in a tree is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadName {
    /// It may lead out of the tree, or be taken for a file that git obeys: refused for everybody.
    Disguise(&'static str),
    /// Some reader or file system may take it for another name.
    Odd(&'static str),
}

/// Why a name is refused that some file system takes for `.git`.
const OF_GIT: &str = "a disguise of .git";

/// Tells whether a name is `.git`, or some file system could take it for that.
pub fn is_git(name: &[u8]) -> bool {
    !is_plain(name) && disguised(name) == Some(OF_GIT)
}

/// Returns why a name in a tree is refused, if it is. Its length is not checked here.
pub fn fault(name: &[u8]) -> Option<BadName> {
    if is_plain(name) {
        return None;
    }
    disguised(name)
        .map(BadName::Disguise)
        .or_else(|| odd(name).map(BadName::Odd))
}

/// Returns whether a name, or a part of it for a system that splits it, is a disguise. What cannot be
/// decoded, control characters and characters that are not seen do not hide one.
fn disguised(name: &[u8]) -> Option<&'static str> {
    if matches!(name, b"" | b"." | b"..") {
        return Some("an empty, '.' or '..' component");
    }
    if name.contains(&b'/') {
        return Some("a name with a slash");
    }
    let text = readable(name);
    let is_whole = text.len() == name.len();
    let mut parts = text.split('\\').filter(|part| !part.is_empty());
    parts.find_map(|part| {
        let folded = fold::name(part);
        if matches!(folded.as_str(), "" | "." | "..") {
            return Some("a disguise of '.' or '..'");
        }
        disguise(part, &folded, is_whole && part.len() == text.len())
    })
}

/// Returns a name without what cannot be decoded, and without control characters.
fn readable(name: &[u8]) -> String {
    let readable: String = name.utf8_chunks().map(|it| it.valid()).collect();
    readable.chars().filter(|c| !is_control(*c)).collect()
}

/// Tells whether a name is this one of the files that git obeys, named without its dot, or some file system could
/// take it for that, in any case.
pub fn may_be(name: &[u8], file: &str) -> bool {
    let Some((file, checksum)) = GITS_OWN.iter().find(|(own, _)| *own == file) else {
        return false;
    };
    !is_plain(name)
        && readable(name).split('\\').any(|part| {
            let folded = fold::name(part);
            let part = on_ntfs(&folded);
            part.strip_prefix('.') == Some(*file) || is_short_name(part, file, checksum)
        })
}

/// NTFS: a colon starts the name of a stream; trailing dots and spaces are ignored.
fn on_ntfs(folded: &str) -> &str {
    let file = folded.split(':').next().unwrap_or_default();
    file.trim_end_matches(['.', ' '])
}

/// Returns what is odd about a name.
fn odd(name: &[u8]) -> Option<&'static str> {
    let Ok(text) = name.to_str() else {
        return Some("a name that is not UTF-8");
    };
    if text.chars().any(is_control) {
        return Some("a name with a control character");
    }
    if text.contains('\\') {
        return Some("a name with a backslash");
    }
    if hides_something(text) {
        return Some("a name with a character that some file systems ignore");
    }
    if text.ends_with(['.', ' ']) {
        return Some("a component that ends with a dot or a space");
    }
    if text.contains(":$") {
        return Some("a name that is a stream of another file");
    }
    None
}

/// Some readers treat line and paragraph separators as line ends, like control characters.
fn is_control(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Returns whether the name is plain: a fast path for names that pass every other check.
fn is_plain(name: &[u8]) -> bool {
    let inner = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
    let ends = |b: Option<&u8>| b.is_some_and(|b| *b != b'.');
    ends(name.first()) && ends(name.last()) && name.iter().all(inner)
}

/// Returns whether a file system could interpret the name as `.git`, or, if spelled differently or not
/// the whole name, as another file that git obeys.
fn disguise(text: &str, folded: &str, is_whole: bool) -> Option<&'static str> {
    let file = on_ntfs(folded);
    for (at, (name, checksum)) in GITS_OWN.iter().enumerate() {
        let long = file.strip_prefix('.') == Some(*name);
        // A file that may exist, in another case, is not a disguise: all cases are protected.
        let plain = at > 0 && is_whole && text.eq_ignore_ascii_case(file);
        if (long && !plain) || is_short_name(file, name, checksum) {
            return Some(match at {
                0 => OF_GIT,
                _ => "a disguise of a file that git obeys",
            });
        }
    }
    None
}

/// Returns whether this may be an NTFS short name of a file of this name.
fn is_short_name(file: &str, name: &str, checksum: &str) -> bool {
    let Some((base, digits)) = file.split_once('~') else {
        return false;
    };
    let begin = name.get(..6).unwrap_or(name);
    let counted = |digits: &str| matches!(digits.as_bytes(), [b'1'..=b'9']);
    if base == begin {
        return counted(digits);
    }
    // As in git: any beginning of the checksummed name, then a number that fills eight characters.
    let fills = base.len().saturating_add(digits.len()) == 7;
    let number = !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
    !digits.is_empty() && fills && number && checksum.starts_with(base)
}

/// Returns whether a character is invisible by design: a soft hyphen, joiner, invisible operator,
/// annotation, or a change of the text direction.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{2060}'..='\u{2069}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}')
}

fn is_tag(c: char) -> bool {
    matches!(c, '\u{e0000}'..='\u{e007f}')
}

/// Returns whether the name contains a character that is invisible, that HFS+ ignores or that changes
/// the text direction. Joiners between non-ASCII letters are allowed: words and emoji use them.
fn hides_something(text: &str) -> bool {
    let (mut before, mut flag) = (None, false);
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let after = rest.clone().next();
        let letter = |c: Option<char>| c.is_some_and(|c| !c.is_ascii() && !fold::hfs_ignorable(c));
        let joins = matches!(c, '\u{200b}'..='\u{200d}') && letter(before) && letter(after);
        if (fold::hfs_ignorable(c) || is_unseen(c)) && !joins {
            return true;
        }
        // Tags are part of some flag emoji, and invisible anywhere else.
        flag = c == '\u{1f3f4}' || (flag && is_tag(c));
        if is_tag(c) && !flag {
            return true;
        }
        before = Some(c);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_git_obeys_is_known_by_each_of_its_names() {
        for name in [
            ".gitmodules",
            ".GitModules",
            ".gitmodules. ",
            ".gitmodules:x",
            "GITMOD~1",
            "gi7eba~1",
            "x\\.gitmodules",
        ] {
            assert!(may_be(name.as_bytes(), "gitmodules"), "{name}");
            assert!(!may_be(name.as_bytes(), "gitattributes"), "{name}");
        }
        assert!(may_be(".git\u{200d}attributes".as_bytes(), "gitattributes"));
        for name in [
            "gitmodules",
            ".gitmodule",
            ".gitmodules.txt",
            ".gitignore",
            ".git",
            "gitmod~x",
        ] {
            assert!(!may_be(name.as_bytes(), "gitmodules"), "{name}");
        }
    }

    #[test]
    fn disguises_are_told_from_names_that_are_odd_only() {
        for disguise in [
            &b".git"[..],
            b".GIT ",
            b"..",
            b"a\\.git\\config",
            b"..\\x",
            b"a\\.. \\x",
            b".git\xff",
            b".g\xe2\x80it",
            b".git\n",
            b"\xff.gitmodules",
            b"sub\\.gitattributes",
            b".gitattributes\t",
            b"git~1\x01",
            "\u{200b}".as_bytes(),
        ] {
            let found = fault(disguise);
            let name = disguise.escape_ascii();
            assert!(matches!(found, Some(BadName::Disguise(_))), "{name}");
        }
        for odd in [
            &b"\xff"[..],
            b"a\tb",
            b"\n",
            b"a\\b",
            b"a\\",
            b"ends with a dot.",
            b"caf\xe9",
            b"a:$DATA",
            "a\u{202e}b".as_bytes(),
        ] {
            let found = fault(odd);
            let name = odd.escape_ascii();
            assert!(matches!(found, Some(BadName::Odd(_))), "{name}");
        }
    }

    #[test]
    fn disguises_are_refused() {
        for bad in [
            ".git",
            ".GIT",
            ".Git",
            "git~1",
            "GIT~1",
            "gIt~2",
            "GIT~9",
            "git~1.",
            "git~1 ",
            "gi2837~1",
            ".g\u{200c}it",
            "\u{feff}.git",
            ".git\u{206f}",
            ".gi\u{ad}t",
            ".g\u{131}t\u{200c}",
            ".git. ",
            ".git ",
            ".git...",
            ".git . .",
            ".git::$INDEX_ALLOCATION",
            ".git:x",
            ".git .:x",
            "git~1:x",
            ".gitmodules ",
            ".gitmodules.",
            ".gitmodules:x",
            ".gitmodules::$DATA",
            "GITMOD~1",
            "gitmod~4",
            "gi7eba~1",
            "GI7EBA~9",
            "gi7eb~10",
            "gi7~1234",
            "gi~12345",
            "gitmod~1 .",
            ".gitm\u{200c}odules",
            ".gitattributes ",
            "gitatt~1",
            "gi7d29~1",
            ".gitignore.",
            "gitign~1",
            "gi250a~1",
            ".mailmap ",
            "mailma~1",
            "MABA30~1",
            "lfscon~1",
            "lfd659~1",
            ".lfsconfig:x",
            ".gitm\u{f6}dules\u{202e}",
            "..",
            ".",
            "",
            "..\u{200d}",
            ".\u{feff}",
            "\u{200b}",
            "...",
            ". .",
            ".. ",
            ". ",
            " ",
            "a\\b",
            "..\\..\\x",
            "a\tb",
            "a\nb",
            "a\x7f",
            "a\u{85}b",
            "a\u{2028}b",
            "a\u{2029}",
            "a.",
            "a ",
            "a\u{202e}b",
            "a\u{2066}b",
            "a\u{61c}b",
            "a\u{ad}b",
            "a\u{200b}b",
            "a\u{2060}",
            "a\u{2064}b",
            "\u{e9}\u{2062}\u{e9}",
            "a\u{fff9}b\u{fffa}c\u{fffb}",
            "a\u{e0041}",
            "\u{1f3f4}x\u{e0067}",
            "a\u{e0001}",
            "a\u{200c}b",
            "\u{e9}\u{200d}",
            "a:$DATA",
            "a::$DATA",
        ] {
            assert!(fault(bad.as_bytes()).is_some(), "{bad:?} is refused");
        }
        for bad in [
            &b"\xff\xfe"[..],
            b"a\xc3",
            b"\xed\xa0\x80",
            b"\xc0\xaf",
            b".g\xe2\x80it",
            b"src/evil",
        ] {
            assert!(fault(bad).is_some(), "{bad:?} is refused");
        }
    }

    #[test]
    fn plain_names_pass() {
        for good in [
            "a",
            "README.md",
            ".gitignore",
            ".gitmodules",
            ".GitModules",
            ".mailmap",
            ".gitattributes",
            ".lfsconfig",
            ".github",
            ".gitlab-ci.yml",
            ".gitkeep",
            "git",
            "git~12",
            "git~",
            "git~a",
            "git~0",
            "x.git",
            ".gitx",
            ".git-x",
            "gitmod",
            "gitmod~5x",
            "gitmodules",
            "gi7eba",
            "gi7eba~",
            "gi7ebb~1",
            "\u{e9}t\u{e9}.py",
            "e\u{301}.py",
            "with space.py",
            "a..b",
            "..a",
            "...a",
            "a~1",
            "file.c~",
            "#x#",
            "a:b",
            "aux.c",
            "CON",
            "nul",
            "quote'\"",
            "a;b",
            "-rf",
            "@",
            "\u{65e5}\u{672c}",
            "\u{1f600}.md",
            "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}.md",
            "\u{1f469}\u{200d}\u{1f4bb}.md",
            "\u{2764}\u{fe0f}.md",
            "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}.md",
            "\u{1780}\u{200b}\u{1781}.md",
            "\u{845b}\u{e0100}.md",
            "NOTES~1",
            "%2e%2e",
            "$HOME",
            "*?",
        ] {
            assert_eq!(fault(good.as_bytes()), None, "{good:?} is a name");
        }
    }
}
