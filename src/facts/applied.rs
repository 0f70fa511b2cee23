//! A patch, applied to the base of a run: it makes the change of the commit, or it does not.

use std::collections::{BTreeMap, BTreeSet};

use crate::evidence::patch::{self, FilePatch};
use crate::git::{self, Kind, Reader};
use crate::record::tree::{Change, Mode};
use crate::record::{ObjectId, RepoPath};

/// What a patch makes of the base.
pub(super) struct Applied<'a> {
    reader: &'a Reader,
    base: ObjectId,
    changes: BTreeMap<&'a RepoPath, &'a Change>,
    /// The paths of which the patch took what was there, and those to which it wrote.
    taken: BTreeSet<RepoPath>,
    written: BTreeSet<RepoPath>,
}

impl<'a> Applied<'a> {
    /// Returns what an empty patch makes of the base; the changes are those that it should make.
    pub(super) fn new(reader: &'a Reader, base: ObjectId, changes: &'a [Change]) -> Self {
        Self {
            reader,
            base,
            changes: changes.iter().map(|it| (&it.path, it)).collect(),
            taken: BTreeSet::new(),
            written: BTreeSet::new(),
        }
    }

    /// Returns how the patch differs from the changes.
    pub(super) fn differs(mut self, bytes: &[u8]) -> Result<Option<String>, git::Error> {
        for file in patch::files(bytes) {
            let why = match file {
                Ok(file) => self.file(&file)?,
                Err(bad) => Some(bad.to_string()),
            };
            if why.is_some() {
                return Ok(why);
            }
        }
        let missing = self.changes.values().find(|change| {
            let is_taken = self.taken.contains(&change.path);
            let is_written = self.written.contains(&change.path);
            is_taken != change.old.is_some() || is_written != change.new.is_some()
        });
        Ok(missing.map(|change| format!("no whole change of {}", change.path)))
    }

    fn file(&mut self, file: &FilePatch<'_>) -> Result<Option<String>, git::Error> {
        let ids = file.ids.unwrap_or_default();
        let old = match &file.old {
            None => None,
            Some(path) => {
                let change = self.changes.get(path);
                let old = match change {
                    Some(change) => change.old,
                    None if file.is_copy => self.reader.entry(self.base, path)?,
                    None => None,
                };
                let Some(old) = old.filter(|it| says(*it, file.old_mode, ids.0)) else {
                    return Ok(Some(format!("another {path} before")));
                };
                if !file.is_copy && !self.taken.insert(path.clone()) {
                    return Ok(Some(format!("{path} twice")));
                }
                Some(old)
            }
        };
        if !file.shows_content() && file.ids.is_none() {
            return Ok(Some("a file of which it shows nothing".to_owned()));
        }
        let Some(path) = &file.new else {
            if !file.shows_content() {
                return Ok(None);
            }
            // What it shows of a deleted file is what was there, and all of it.
            let left = self.applied(file, old, 0)?;
            let path = file.old.as_ref();
            let why = || path.map(|path| format!("{path} deleted with other content"));
            return Ok(if left.is_ok_and(|left| left.is_empty()) {
                None
            } else {
                why()
            });
        };
        let mode = file.new_mode.or(file.old_mode).or(old.map(|it| it.0));
        let new = self.changes.get(path).and_then(|change| change.new);
        let Some(new) = new.filter(|it| says(*it, mode.or(Some(Mode::File)), ids.1)) else {
            return Ok(Some(format!("another {path} afterwards")));
        };
        if !self.written.insert(path.clone()) {
            return Ok(Some(format!("{path} twice")));
        }
        if !file.shows_content() {
            return Ok(None);
        }
        let size = match new {
            (Mode::Gitlink, id) => submodule(id).len() as u64,
            (_, id) => {
                let header = self.reader.header(id)?;
                header.ok_or_else(|| self.reader.missing(id))?.1
            }
        };
        let content = match self.applied(file, old, size)? {
            Ok(content) => content,
            Err(bad) => return Ok(Some(format!("{path}: {bad}"))),
        };
        let same = match new {
            (Mode::Gitlink, id) => content == submodule(id),
            (_, id) => self.reader.hash(Kind::Blob, &content) == Some(id),
        };
        Ok((!same).then(|| format!("{path} with other content")))
    }

    fn applied(
        &self,
        file: &FilePatch<'_>,
        old: Option<(Mode, ObjectId)>,
        size: u64,
    ) -> Result<Result<Vec<u8>, patch::BadPatch>, git::Error> {
        let content = match old {
            None => Vec::new(),
            Some((Mode::Gitlink, id)) => submodule(id),
            Some((_, id)) => self.reader.blob(id)?,
        };
        Ok(file.apply(&content, size))
    }
}

/// Tells whether an entry is one of this mode, if it is said, whose id begins so.
fn says(entry: (Mode, ObjectId), mode: Option<Mode>, id: &str) -> bool {
    mode.is_none_or(|mode| mode == entry.0) && entry.1.to_string().starts_with(id)
}

/// What git shows of a submodule.
fn submodule(id: ObjectId) -> Vec<u8> {
    format!("Subproject commit {id}\n").into_bytes()
}
