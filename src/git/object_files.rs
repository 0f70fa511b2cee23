//! The files in which the objects of a repository stand: whether they are the same as before.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use gix::odb::pack;
use serde::{Deserialize, Serialize};

use super::odb::kind_to_gix;
use super::reader::Reader;
use crate::record::{Hasher, Sha256};
use crate::sys::file::open_plain;

/// The files of objects up to a moment. New ones may come, unless they hold an object that was there;
/// but if one of these is changed, replaced or removed, it is noticed: a file takes the time of the
/// change. Damage below the file system, or by a write through a memory map where that takes no time,
/// is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectFiles {
    /// When the newest loose object last changed: seconds and nanoseconds since 1970.
    until: (i64, i64),
    /// Digest of what tells the loose objects from others.
    loose: Sha256,
    /// The packs with what belongs to them, by their paths below the directory of the objects.
    packs: BTreeMap<String, Pack>,
}

/// A file of a pack. git gives a pack a new time when it would write an object that is in it, so that
/// its content tells as well whether it is the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pack {
    stamp: String,
    content: Sha256,
}

/// A file of objects.
struct Stamp {
    /// Its path below the directory of the objects.
    path: String,
    /// When it last changed.
    changed: (i64, i64),
    /// What tells it from others.
    text: String,
}

impl Reader {
    /// Returns the files in which the objects stand now; nothing if some stand elsewhere, or if they
    /// cannot be looked at. Packs that were `known` and look the same are not read.
    pub fn object_files(&self, known: Option<&ObjectFiles>) -> Option<ObjectFiles> {
        let (packs, loose) = self.stamps()?;
        let until = loose.iter().map(|it| it.changed).max().unwrap_or_default();
        let pack = |it: Stamp| {
            let known = known.and_then(|known| known.packs.get(&it.path));
            let pack = match known.filter(|known| known.stamp == it.text) {
                Some(known) => known.clone(),
                None => Pack {
                    content: self.content(&it.path)?,
                    stamp: it.text,
                },
            };
            Some((it.path, pack))
        };
        Some(ObjectFiles {
            until,
            loose: digest_of(&loose, until),
            packs: packs.into_iter().map(pack).collect::<Option<_>>()?,
        })
    }

    /// Tells whether these files are as they were, and no other one holds an object that they hold.
    pub fn still_has(&self, files: &ObjectFiles) -> bool {
        let Some((packs, mut loose)) = self.stamps() else {
            return false;
        };
        loose.retain(|it| it.changed <= files.until);
        // What names no file says nothing of the objects that were read.
        if loose.is_empty() && files.packs.is_empty() {
            return false;
        }
        let mut left = files.packs.clone();
        let mut new = Vec::new();
        for it in packs {
            match left.remove(&it.path) {
                Some(known) if known.stamp == it.text => {}
                Some(known) if self.content(&it.path) == Some(known.content) => {}
                Some(_) => return false,
                None => new.push(it.path),
            }
        }
        left.is_empty()
            && digest_of(&loose, files.until) == files.loose
            && self.hides_nothing(files, &loose, &new)
    }

    /// Returns the digest of a file's content; nothing if it cannot be read.
    fn content(&self, path: &str) -> Option<Sha256> {
        let path = self.common_dir().join("objects").join(path);
        let mut file = open_plain(&path, false).ok()?;
        let mut hasher = Hasher::default();
        io::copy(&mut file, &mut hasher).ok()?;
        Some(hasher.finish())
    }

    /// Tells whether no new pack holds an object that was there before: that would be read in its
    /// place. New loose objects are read where no pack has them, and none takes another one's place.
    fn hides_nothing(&self, files: &ObjectFiles, loose: &[Stamp], new: &[String]) -> bool {
        if new.iter().any(|path| path.ends_with(MULTI_PACK_INDEX)) {
            return false;
        }
        let objects = self.common_dir().join("objects");
        let kind = kind_to_gix(self.hash_kind());
        let is_index = |path: &&String| path.ends_with(".idx");
        let open = |path: &String| open_index(&objects.join(path), kind);
        let mut new = new.iter().filter(is_index).map(open).peekable();
        if new.peek().is_none() {
            return true;
        }
        let loose: HashSet<_> = loose.iter().map(|it| it.path.as_str()).collect();
        let before: Option<Vec<_>> = files.packs.keys().filter(is_index).map(open).collect();
        let (Some(before), Some(new)) = (before, new.collect::<Option<Vec<_>>>()) else {
            return false;
        };
        new.iter().all(|index| {
            (0..index.num_objects()).all(|at| {
                let id = index.oid_at_index(at);
                let hex = id.to_string();
                let (directory, rest) = hex.split_at_checked(2).unwrap_or_default();
                let was_loose = loose.contains(format!("{directory}/{rest}").as_str());
                !was_loose && before.iter().all(|it| it.lookup(id).is_none())
            })
        })
    }

    /// Returns the files of packs, and the loose objects.
    fn stamps(&self) -> Option<(Vec<Stamp>, Vec<Stamp>)> {
        let objects = self.common_dir().join("objects");
        let elsewhere = objects.join("info").join("alternates");
        if self.is_in_quarantine() || fs::symlink_metadata(elsewhere).is_ok() {
            return None;
        }
        stamps(&objects).ok()
    }
}

/// Opens the index of a pack; nothing if it cannot be read, or is no regular file: opening a pipe would
/// wait for a writer.
pub(super) fn open_index(path: &Path, kind: gix::hash::Kind) -> Option<pack::index::File> {
    open_plain(path, false).ok()?;
    pack::index::File::at(path, kind).ok()
}

const MULTI_PACK_INDEX: &str = "multi-pack-index";

/// Returns the digest of what tells these files from others, as far as they are that old.
fn digest_of(stamps: &[Stamp], until: (i64, i64)) -> Sha256 {
    let old = stamps.iter().filter(|it| it.changed <= until);
    let mut texts: Vec<_> = old.map(|it| it.text.as_str()).collect();
    texts.sort_unstable();
    Sha256::of(texts.concat().as_bytes())
}

/// Packs with what belongs to them, and loose objects.
fn stamps(objects: &Path) -> io::Result<(Vec<Stamp>, Vec<Stamp>)> {
    let is_hex = |name: &str| name.bytes().all(|it| it.is_ascii_hexdigit());
    let (mut packs, mut loose) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(objects)? {
        let Ok(name) = entry?.file_name().into_string() else {
            continue;
        };
        let is_loose = name.len() == 2 && is_hex(&name);
        if !is_loose && name != "pack" {
            continue;
        }
        for entry in fs::read_dir(objects.join(&name))? {
            // What git is writing at this moment has no such name.
            let file = entry?.file_name();
            let Some(file) = file.to_str() else {
                let why = "a name that is not UTF-8";
                return Err(io::Error::new(io::ErrorKind::InvalidData, why));
            };
            let of_pack = file.ends_with(".pack") || file.ends_with(".idx");
            let read = match is_loose {
                true => is_hex(file),
                false => of_pack || file == MULTI_PACK_INDEX,
            };
            if !read {
                continue;
            }
            let path = format!("{name}/{file}");
            let about = fs::metadata(objects.join(&path))?;
            let changed = (about.ctime(), about.ctime_nsec());
            let (len, place) = (about.len(), (about.dev(), about.ino()));
            let stamp = Stamp {
                text: format!("{path} {len} {place:?} {changed:?}\n"),
                path,
                changed,
            };
            match is_loose {
                true => loose.push(stamp),
                false => packs.push(stamp),
            }
        }
    }
    Ok((packs, loose))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn new_files_may_come_and_old_ones_stay_as_they_are() {
        let dir = crate::git::testing::bare();
        fs::create_dir(dir.path().join("objects/ab")).unwrap();
        let write = |name: &str, text: &str| {
            // The time of a change is as fine as a tick of the kernel's clock.
            std::thread::sleep(Duration::from_millis(20));
            fs::write(dir.path().join("objects").join(name), text).unwrap();
        };
        let reader = Reader::open(dir.path()).unwrap();
        let nothing = reader.object_files(None).unwrap();
        write("ab/cd", "one");
        assert!(!reader.still_has(&nothing), "it names no file");
        write("pack/pack-1.pack", "two");
        let seen = reader.object_files(None).unwrap();
        assert!(reader.still_has(&seen));
        write("ab/ce", "three");
        write("pack/pack-2.pack", "four");
        write("pack/tmp_pack_x", "x");
        write("ab/tmp_obj_x", "x");
        assert!(reader.still_has(&seen), "new files");
        let both = reader.object_files(None).unwrap();
        assert_ne!(seen, both);
        write("pack/tmp_x.idx", "no index, under a name that is read");
        assert!(!reader.still_has(&seen), "an index that cannot be read");
        let index = dir.path().join("objects/pack/tmp_x.idx");
        fs::remove_file(&index).unwrap();
        let made = std::process::Command::new("mkfifo").arg(&index).status();
        assert!(made.unwrap().success());
        assert!(!reader.still_has(&seen), "a pipe, for which nobody waits");
        assert_eq!(reader.object_files(None), None);
        fs::remove_file(&index).unwrap();
        write("pack/multi-pack-index", "x");
        assert!(!reader.still_has(&seen), "an index of all packs");
        fs::remove_file(dir.path().join("objects/pack/multi-pack-index")).unwrap();
        assert!(reader.still_has(&seen));
        // git freshens a pack that has an object which it would write.
        std::thread::sleep(Duration::from_millis(20));
        let pack = dir.path().join("objects/pack/pack-1.pack");
        let pack = fs::File::options().append(true).open(pack).unwrap();
        pack.set_modified(std::time::UNIX_EPOCH).unwrap();
        assert!(reader.still_has(&seen), "another time");
        write("pack/pack-1.pack", "TWO");
        assert!(!reader.still_has(&seen), "another content of a pack");
        write("pack/pack-1.pack", "two");
        assert!(reader.still_has(&seen));
        write("ab/cd", "six");
        assert!(!reader.still_has(&seen), "another content of the same size");
        assert!(!reader.still_has(&both));
        let again = reader.object_files(None).unwrap();
        assert!(reader.still_has(&again));
        fs::remove_file(dir.path().join("objects/pack/pack-1.pack")).unwrap();
        assert!(!reader.still_has(&again), "one is gone");
        let fewer = reader.object_files(None).unwrap();
        fs::create_dir_all(dir.path().join("objects/info")).unwrap();
        write("info/alternates", "/elsewhere\n");
        assert!(!reader.still_has(&fewer), "objects stand elsewhere");
        assert_eq!(reader.object_files(None), None);
    }
}
