//! What is wrong with a new entry of a tree.

use super::error::Error;
use super::kind::Kind;
use super::modules;
use super::reader::Reader;
use crate::record::ObjectId;
use crate::record::tree::{EntryRef, Mode, What, faults};

impl Reader {
    /// Returns what is wrong with an entry that differs from the one before, if there was one. A new file
    /// of more than `largest` bytes is a fault too. Collisions are a matter of the whole directory.
    pub(super) fn faults_of(
        &self,
        old: Option<EntryRef<'_>>,
        new: EntryRef<'_>,
        largest: u64,
    ) -> Result<Vec<What>, Error> {
        let mut found = Vec::new();
        if old.is_none() {
            found.extend(faults::of_name(new.name));
        }
        if new.id.is_zero() {
            found.push(What::Null);
            return Ok(found);
        }
        if new.odd && !old.is_some_and(|old| old.odd && old.mode == new.mode) {
            let mode = new.mode;
            found.push(What::Mode { mode });
        }
        if new.mode == Mode::Tree && self.is_empty_tree(new.id) {
            found.push(What::Empty);
        }
        match self.file(new)? {
            Some((Kind::Blob, size)) if size > largest => {
                let most = largest;
                found.push(What::Large { size, most });
            }
            Some((Kind::Blob, size)) if new.name == modules::NAME => {
                let changed = old.is_none_or(|old| old.id != new.id);
                if changed && let Some(why) = self.modules(new.id, size)? {
                    found.push(What::Modules(why));
                }
            }
            None | Some((Kind::Blob, _)) => {}
            Some((other, _)) => found.push(What::Kind(other.as_str())),
        }
        Ok(found)
    }

    /// Returns kind and size of a file's object. A tree is read anyway, a submodule's commit is elsewhere,
    /// and a missing object is found by whoever needs it.
    fn file(&self, entry: EntryRef<'_>) -> Result<Option<(Kind, u64)>, Error> {
        if matches!(entry.mode, Mode::Tree | Mode::Gitlink) {
            return Ok(None);
        }
        let known = &self.known_blobs;
        if let Some(size) = known.borrow().size(entry.id) {
            return Ok(Some((Kind::Blob, size)));
        }
        let header = self.header(entry.id)?;
        if let Some((Kind::Blob, size)) = header {
            known.borrow_mut().put(entry.id, size);
        }
        Ok(header)
    }

    /// Returns what is wrong with a `.gitmodules`.
    fn modules(&self, id: ObjectId, size: u64) -> Result<Option<&'static str>, Error> {
        if size > modules::LARGEST {
            return Ok(Some("a .gitmodules of more than 1 MiB"));
        }
        Ok(modules::fault(&self.blob(id)?))
    }
}
