//! How file systems compare names: ignoring case, Unicode form and invisible characters.

use unicode_normalization::UnicodeNormalization as _;

/// Normalises a name so that two names which are one to some file system become equal: without
/// ignorable characters, with full case folding over canonical equivalence, in NFC, and without dots
/// and spaces at the end (Unicode D145; HFS+, APFS, NTFS).
pub fn name(name: &str) -> String {
    let seen = name.chars().filter(|c| !ignorable(*c)).nfd();
    let folded = caseless::default_case_fold_str(&seen.collect::<String>());
    let composed: String = folded.nfc().collect();
    match composed.as_str() {
        "." | ".." => composed,
        text => text.trim_end_matches(['.', ' ']).to_owned(),
    }
}

/// Returns every component of a path folded as [`name`] does.
pub fn path(path: &str) -> String {
    let folded: Vec<String> = path.split('/').map(name).collect();
    folded.join("/")
}

/// Returns the bytes of a path folded as [`path`] does; in a component that is not UTF-8, only ASCII
/// is folded.
pub fn bytes(path_bytes: &[u8]) -> Vec<u8> {
    let trims = |at: usize| {
        let next = path_bytes.get(at.saturating_add(1));
        matches!(next, None | Some(b'/')) && matches!(path_bytes.get(at), Some(b'.' | b' '))
    };
    if path_bytes.is_ascii() && !(0..path_bytes.len()).any(trims) {
        return path_bytes.to_ascii_lowercase();
    }
    match std::str::from_utf8(path_bytes) {
        Ok(text) => path(text).into_bytes(),
        Err(_) => {
            let folded =
                path_bytes.split(|b| *b == b'/').map(|component| {
                    match std::str::from_utf8(component) {
                        Ok(text) => name(text).into_bytes(),
                        Err(_) => component.to_ascii_lowercase(),
                    }
                });
            folded.collect::<Vec<_>>().join(&b'/')
        }
    }
}

/// Returns whether the character is invisible in a name: HFS+ ignores some of these characters, and
/// all of them are `Default_Ignorable_Code_Point` in Unicode.
pub fn ignorable(c: char) -> bool {
    hfs_ignorable(c)
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'
            | '\u{2060}'..='\u{2069}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Returns whether HFS+ ignores the character when it compares names (git's `next_hfs_char`).
pub fn hfs_ignorable(c: char) -> bool {
    matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_a_file_system_takes_for_one_fold_to_one() {
        for (one, other) in [
            ("README", "readme"),
            ("\u{e9}.py", "e\u{301}.py"),
            ("STRASSE", "stra\u{df}e"),
            ("\u{3c3}", "\u{3c2}"),
            ("k", "\u{212a}"),
            ("s", "\u{17f}"),
            ("\u{fb01}n", "fin"),
            ("\u{ac00}", "\u{1100}\u{1161}"),
            ("a", "a. ."),
            (".git", ".g\u{200c}it"),
            ("ab", "a\u{ad}b"),
            ("e\u{200d}\u{301}", "\u{c9}"),
            ("\u{212b}", "a\u{30a}"),
            ("\u{1fb3}\u{301}", "\u{1fb4}"),
        ] {
            assert_eq!(name(one), name(other), "{one:?} and {other:?}");
            assert_eq!(bytes(one.as_bytes()), bytes(other.as_bytes()));
            assert_eq!(
                name(&name(one)),
                name(one),
                "{one:?} is folded once for all"
            );
        }
        for (one, other) in [
            ("a", "b"),
            ("a.py", "a.pyc"),
            ("e", "\u{e9}"),
            ("\u{131}", "i"),
            (".", ".."),
            ("a b", "ab"),
            ("2", "\u{b2}"),
        ] {
            assert_ne!(name(one), name(other), "{one:?} and {other:?}");
        }
    }
}
