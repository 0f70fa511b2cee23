//! The shims: small scripts by which git calls this program.

use std::path::{Path, PathBuf};

use crate::sys::shell;

const PLAIN: &str = include_str!("../../hooks/plain");
const WITH_INPUT: &str = include_str!("../../hooks/with-input");
const UPDATE: &str = include_str!("../../hooks/update");
const TRANSACTION: &str = include_str!("../../hooks/reference-transaction");

/// Stands in every shim of ours, of whatever version.
const MARKER: &[u8] = b"# >>> git-awo >>>";
/// What is put behind the name of a hook that was there before, as in the shims.
const KEPT: &str = ".before-awo";

/// Whose hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A person's clone.
    Client,
    /// A server's bare repository.
    Server,
}

impl Side {
    /// Returns the hooks of this side, in the order in which git calls them.
    pub fn hooks(self) -> &'static [&'static str] {
        match self {
            Side::Client => &["pre-commit", "commit-msg", "pre-merge-commit", "pre-push"],
            Side::Server => &[
                "pre-receive",
                "update",
                "reference-transaction",
                "post-receive",
            ],
        }
    }
}

/// Returns the shim of a hook. Nothing if the path of the program cannot stand in a script: it must
/// be absolute, and text.
pub fn shim(name: &str, side: Side, program: &Path) -> Option<String> {
    let text = program
        .to_str()
        .filter(|text| program.is_absolute() && !text.contains('\0'))?;
    let template = match name {
        "reference-transaction" => TRANSACTION,
        "update" => UPDATE,
        "pre-receive" | "post-receive" | "pre-push" => WITH_INPUT,
        _ => PLAIN,
    };
    let side = if side == Side::Server {
        " --server"
    } else {
        ""
    };
    // The path last: it may hold anything, also what looks like one of the others.
    Some(
        template
            .replace("@HOOK@", name)
            .replace("@SIDE@", side)
            .replace("@PROGRAM@", &shell::in_quotes(text)),
    )
}

/// Returns where the hook is kept that was there before a shim.
pub fn kept_path(hook: &Path) -> PathBuf {
    let mut name = hook.as_os_str().to_owned();
    name.push(KEPT);
    PathBuf::from(name)
}

/// Returns whether a hook is one of these shims.
pub fn is_ours(text: &[u8]) -> bool {
    text.split(|b| *b == b'\n')
        .any(|line| line.starts_with(MARKER))
}

/// Returns whether git would run a hook.
pub fn is_executable(path: &Path) -> std::io::Result<bool> {
    std::fs::metadata(path)?;
    // As git asks: bits for others, and a file system that runs nothing, are of no use.
    Ok(rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok())
}
