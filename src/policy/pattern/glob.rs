//! Compiles one glob; all patterns share its syntax.

use globset::{Glob, GlobBuilder};

pub(super) fn compile(glob: &str) -> Result<Glob, globset::Error> {
    let mut builder = GlobBuilder::new(glob);
    builder
        .literal_separator(true)
        .backslash_escape(true)
        .build()
}

pub(super) fn path_of(bytes: &[u8]) -> &std::path::Path {
    use std::os::unix::ffi::OsStrExt as _;
    std::path::Path::new(std::ffi::OsStr::from_bytes(bytes))
}
