//! The files of a work tree, as far as git looks at them.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use super::error::Error;
use super::process::run_guarded;
use super::reader::Reader;
use crate::record::tree::Mode;
use crate::record::{ObjectId, RepoPath};

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

    /// Returns the files whose names begin so, wherever they are in the work tree, that are not in the index and not
    /// ignored.
    pub fn new_files_like(&self, beginning: &str) -> Result<Vec<RepoPath>, Error> {
        let pattern = format!(":(top,glob)**/{beginning}*");
        let words = ["ls-files", "-z", "--others", "--exclude-standard", "--"];
        let output = run_guarded(self, &[&words[..], &[&pattern]].concat())?.stdout;
        let paths = output.split(|b| *b == 0).filter(|it| !it.is_empty());
        Ok(paths.map(RepoPath::new).collect())
    }

    /// Returns the tree that a commit of what is staged has. git writes it, as before any commit.
    pub fn staged_tree(&self) -> Result<ObjectId, Error> {
        let output = run_guarded(self, &["write-tree"])?.stdout;
        let id = std::str::from_utf8(&output).ok();
        let id = id.and_then(|text| text.trim_end().parse().ok());
        id.ok_or_else(|| Error::Unsupported {
            git_dir: self.git_dir().to_owned(),
            why: "git write-tree names no tree".to_owned(),
            remedy: "git write-tree",
        })
    }

    /// Stages files as they are in the object store, or that they go.
    pub fn stage(&self, files: &[(RepoPath, Option<(Mode, ObjectId)>)]) -> Result<(), Error> {
        let mut words: Vec<OsString> = ["update-index", "--add", "--replace"]
            .map(Into::into)
            .into();
        let mut gone = Vec::new();
        for (path, content) in files {
            match content {
                Some((mode, id)) => {
                    let mut info = OsString::from(format!("{mode},{id},"));
                    info.push(OsStr::from_bytes(path.as_bytes()));
                    words.extend(["--cacheinfo".into(), info]);
                }
                None => gone.push(OsStr::from_bytes(path.as_bytes()).to_owned()),
            }
        }
        if !gone.is_empty() {
            words.extend(["--force-remove".into(), "--".into()]);
            words.extend(gone);
        }
        run_guarded(self, &words)?;
        Ok(())
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
