//! What git's own fsck refuses of the files that git obeys, wherever in a tree they stand.

use super::modules;
use crate::record::names;
use crate::record::tree::Mode;

/// Longest line of a `.gitattributes`, in bytes; and how many bytes it may have.
const LONGEST_LINE: usize = 2047;
const LARGEST: usize = 100 * 1024 * 1024;

/// Returns why a server that checks objects refuses an entry of a tree, if its name is that of a `.gitmodules` or
/// `.gitattributes`. The bytes are those of a file.
pub fn refused_by_fsck(name: &[u8], mode: Mode, bytes: &[u8]) -> Option<&'static str> {
    let is_file = matches!(mode, Mode::File | Mode::Executable);
    if names::may_be(name, "gitmodules") {
        return match mode {
            Mode::Symlink => Some("a symlink in the place of .gitmodules"),
            _ if !is_file => Some("a directory in the place of .gitmodules"),
            _ if bytes.len() as u64 > modules::LARGEST => Some("a .gitmodules of more than 1 MiB"),
            _ => modules::fault(bytes),
        };
    }
    // A symlink is only warned of.
    if !names::may_be(name, "gitattributes") || mode == Mode::Symlink {
        return None;
    }
    let text = bytes.split(|b| *b == 0).next().unwrap_or_default();
    let mut lines = text.split(|b| *b == b'\n');
    match () {
        () if !is_file => Some("a directory in the place of .gitattributes"),
        () if bytes.len() > LARGEST => Some("a .gitattributes of more than 100 MiB"),
        () if lines.any(|it| it.len() > LONGEST_LINE) => {
            Some("a .gitattributes with a line of more than 2047 bytes")
        }
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_refuses_is_refused() {
        let long = |count| vec![b'x'; count];
        let bad: &[(&str, Mode, Vec<u8>)] = &[
            (".gitmodules", Mode::Symlink, b"x".to_vec()),
            (".GITMODULES", Mode::Symlink, b"x".to_vec()),
            (".gitmodules", Mode::Tree, Vec::new()),
            (
                ".gitmodules",
                Mode::File,
                b"[submodule \"x\"]\n\tpath = -x\n".to_vec(),
            ),
            (".gitattributes", Mode::Tree, Vec::new()),
            (".gitattributes", Mode::File, long(2048)),
        ];
        for (name, mode, bytes) in bad {
            assert!(
                refused_by_fsck(name.as_bytes(), *mode, bytes).is_some(),
                "{name} {mode}"
            );
        }
        let good: &[(&str, Mode, Vec<u8>)] = &[
            (
                ".gitmodules",
                Mode::File,
                b"[submodule \"x\"]\n\tpath = x\n".to_vec(),
            ),
            (".gitattributes", Mode::Symlink, b"x".to_vec()),
            (".gitattributes", Mode::File, long(2047)),
            (".gitignore", Mode::Symlink, b"x".to_vec()),
            ("gitmodules", Mode::Symlink, b"x".to_vec()),
            ("x", Mode::File, long(5000)),
        ];
        for (name, mode, bytes) in good {
            assert_eq!(
                refused_by_fsck(name.as_bytes(), *mode, bytes),
                None,
                "{name} {mode}"
            );
        }
    }
}
