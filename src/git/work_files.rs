//! The files of a work tree, as far as git looks at them.

use super::error::Error;
use super::process::run_guarded;
use super::reader::Reader;
use crate::record::RepoPath;

/// How git knows a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Known {
    /// It is in the index, and left out of the work tree on purpose: `git sparse-checkout`.
    LeftOut,
    /// It is in the index.
    Tracked,
    /// It is not in the index, and not ignored.
    New,
}

impl Reader {
    /// Returns the files below these directories that are in the index, or are in the work tree and not ignored;
    /// each once, sorted. One in the index may be gone from the work tree. A repository of its own that is not in the
    /// index ends with a slash.
    pub fn work_files(&self, below: &[String]) -> Result<Vec<(RepoPath, Known)>, Error> {
        if below.is_empty() {
            return Ok(Vec::new());
        }
        let mut words = vec!["--literal-pathspecs", "ls-files", "-z", "-t"];
        words.extend(["--cached", "--others", "--exclude-standard", "--"]);
        words.extend(below.iter().map(String::as_str));
        let output = run_guarded(self, &words)?.stdout;
        let mut found: Vec<_> = output.split(|b| *b == 0).filter_map(line).collect();
        found.sort();
        found.dedup_by(|later, first| later.0 == first.0);
        Ok(found)
    }
}

/// Reads a tag and a path.
fn line(line: &[u8]) -> Option<(RepoPath, Known)> {
    let (tag, path) = line.split_first()?;
    let path = RepoPath::new(path.strip_prefix(b" ")?);
    let known = match tag {
        b'S' => Known::LeftOut,
        b'?' => Known::New,
        _ => Known::Tracked,
    };
    Some((path, known))
}
