//! Moving refs by compare-and-swap, several of them at once.
//!
//! A transaction of gix or git renames one loose file after the other. A process that is killed in
//! between leaves some refs moved and others not. Several refs are therefore moved in the single
//! file `packed-refs`: they are packed with their old values, which changes nothing, and then the
//! file is replaced by one with all the new values.

use std::io;
use std::time::Duration;

use gix::lock::acquire::Fail;
use gix::refs::file::Store;
use gix::refs::file::transaction::PackedRefs;
use gix::refs::transaction::{Change, LogChange, PreviousValue, RefEdit, RefLog};
use gix::refs::{FullName, Target};

use super::error::{Error, UpdateError};
use super::holder;
use super::odb::{id_to_gix, kind_to_gix};
use super::write::{Expected, RefUpdate, Repo};
use crate::sys::clock;

/// Maximum wait for a lock that another process holds. git holds one for a few milliseconds.
const LOCK_WAIT: Duration = Duration::from_millis(1_000);

/// So often a lock is tried whose directory another process removes meanwhile. A try takes some
/// microseconds, and a hundred of them have been lost in a row to a process that does nothing else.
const DIRECTORY_TRIES: u32 = 20_000;

/// Returns how a transaction treats `packed-refs`.
type Packed = for<'a> fn(&'a Repo) -> PackedRefs<'a>;

impl Repo {
    /// Moves refs in one transaction, if each has its expected value.
    ///
    /// All refs are locked before any is moved. A reader sees either all of them moved or none, even
    /// if this process is killed; only deletions are applied one by one. Objects written before are
    /// synced to the disk first. `message` goes to the reflog.
    pub fn update_refs(&self, updates: &[RefUpdate], message: &str) -> Result<(), UpdateError> {
        self.sync()?;
        for update in updates {
            self.check(update)?;
        }
        let together = updates.len() > 1 && updates.iter().all(|it| it.new.is_some());
        if !together {
            return self.apply(updates, message, |_| PackedRefs::default());
        }
        let loose: Vec<RefUpdate> = updates
            .iter()
            .filter_map(|update| match update.expected {
                Expected::At(id) => Some(RefUpdate {
                    new: Some(id),
                    ..update.clone()
                }),
                Expected::Absent => None,
            })
            .filter(|update| self.common_dir().join(update.name.as_str()).exists())
            .collect();
        if !loose.is_empty() {
            self.apply(&loose, message, Repo::packed)?;
        }
        self.apply(updates, message, Repo::packed)?;
        self.sync_packed()
    }

    fn packed(&self) -> PackedRefs<'_> {
        let objects = Box::new(self.reader().handles.handle.clone());
        PackedRefs::DeletionsAndNonSymbolicUpdatesRemoveLooseSourceReference(objects)
    }

    fn sync_packed(&self) -> Result<(), UpdateError> {
        let path = self.common_dir().join("packed-refs");
        let synced = std::fs::File::open(&path).and_then(|file| file.sync_all());
        synced.map_err(|source| Error::Io { path, source }.into())
    }

    fn apply(
        &self,
        updates: &[RefUpdate],
        message: &str,
        packed: Packed,
    ) -> Result<(), UpdateError> {
        let edits = updates.iter().map(|update| edit(update, message));
        let edits: Vec<_> = edits.collect::<Result<_, _>>()?;
        // Use a store without a cached packed-refs: gix trusts its cache as long as the file's time is
        // unchanged, which can be milliseconds too long.
        let refs = self.fresh_refs();
        let wait = Fail::AfterDurationWithBackoff(LOCK_WAIT);
        let mut tries = 0..DIRECTORY_TRIES;
        let prepared = loop {
            let transaction = refs.transaction().packed_refs(packed(self));
            match transaction.prepare(edits.clone(), wait, wait) {
                Ok(prepared) => break prepared,
                Err(error) if lost_its_directory(&error) && tries.next().is_some() => {}
                Err(error) => return Err(self.explain(updates, error)),
            }
        };
        // gix reads packed-refs before it holds the locks, and accepts a ref that must not exist if it
        // exists with the new value: two writers would both believe that they had created it.
        for update in updates {
            self.check(update)?;
        }
        let time = format!("{} +0000", clock::seconds());
        let committer = gix::actor::SignatureRef {
            name: "git-awo".into(),
            email: "git-awo@localhost".into(),
            time: &time,
        };
        prepared
            .commit(Some(committer))
            .map(|_| ())
            .map_err(|error| UpdateError::Other(error.into()))
    }

    fn fresh_refs(&self) -> Store {
        let known = &self.shared.repo.refs;
        let options = gix::refs::store::init::Options {
            write_reflog: known.write_reflog,
            precompose_unicode: known.precompose_unicode,
            prohibit_windows_device_names: known.prohibit_windows_device_names,
        };
        let hash = kind_to_gix(self.hash_kind());
        let git_dir = known.git_dir().to_owned();
        match known.common_dir() {
            Some(common) => {
                Store::for_linked_worktree_opts(git_dir, common.to_owned(), hash, options)
            }
            None => Store::at_opts(git_dir, hash, options),
        }
    }

    /// Checks before locking: a stale expectation need not wait for the lock, and a malformed ref,
    /// which gix would read as absent, is an error.
    fn check(&self, update: &RefUpdate) -> Result<(), UpdateError> {
        let bad = |why| {
            Err(UpdateError::Bad {
                name: update.name.clone(),
                why,
            })
        };
        if let Some(new) = update.new
            && (new.is_zero() || new.kind() != self.hash_kind())
        {
            return bad("the new value is not an object id of this repository's kind");
        }
        if update.new.is_none() && update.expected == Expected::Absent {
            return bad("a ref that must not exist cannot be deleted");
        }
        let found = self.target(update.name.as_str())?;
        let as_expected = match (update.expected, found) {
            (Expected::Absent, None) => true,
            (Expected::At(id), Some(Target::Object(found))) => found == id_to_gix(id),
            _ => false,
        };
        if as_expected {
            return Ok(());
        }
        Err(UpdateError::Moved {
            name: update.name.clone(),
        })
    }

    /// Reads the refs again to explain why a transaction was not prepared.
    fn explain(&self, updates: &[RefUpdate], error: gix::Error) -> UpdateError {
        for update in updates {
            if let Err(moved @ UpdateError::Moved { .. }) = self.check(update) {
                return moved;
            }
        }
        let lock_of = |name: &str| self.common_dir().join(format!("{name}.lock"));
        let locks = updates.iter().map(|it| (it, lock_of(it.name.as_str())));
        let packed = updates.first().map(|it| (it, lock_of("packed-refs")));
        for (update, path) in locks.chain(packed) {
            if error.is_retryable() && path.exists() {
                let holder = holder::holder(&path, self.common_dir(), self.work_tree());
                return UpdateError::Locked {
                    name: update.name.clone(),
                    path,
                    holder,
                };
            }
        }
        UpdateError::Other(error.into())
    }
}

/// Tells whether a lock was not taken because its directory was gone. git and gix remove a directory of
/// refs as soon as it is empty, as when its last loose ref is packed or the last lock in it is given
/// up, and what made it for its own lock may come too late. Nothing was locked, so it can be tried again.
fn lost_its_directory(error: &gix::Error) -> bool {
    let io = error.downcast_any_ref::<io::Error>();
    io.is_some_and(|it| it.kind() == io::ErrorKind::NotFound)
}

fn edit(update: &RefUpdate, message: &str) -> Result<RefEdit, UpdateError> {
    let name: FullName = update
        .name
        .as_str()
        .try_into()
        .map_err(|_| UpdateError::Bad {
            name: update.name.clone(),
            why: "it is not a ref name",
        })?;
    let expected = match update.expected {
        Expected::Absent => PreviousValue::MustNotExist,
        Expected::At(id) => PreviousValue::MustExistAndMatch(Target::Object(id_to_gix(id))),
    };
    let change = match update.new {
        Some(new) => Change::Update {
            log: LogChange {
                message: message.replace(['\n', '\r', '\0'], " ").into(),
                ..LogChange::default()
            },
            expected,
            new: Target::Object(id_to_gix(new)),
        },
        None => Change::Delete {
            expected,
            log: RefLog::AndReference,
        },
    };
    Ok(RefEdit::new(name, change))
}
