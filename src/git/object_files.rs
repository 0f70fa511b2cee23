//! The files in which the objects of a repository stand: whether they are the same as before.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::odb::kind_to_gix;
use super::reader::Reader;
use crate::record::Sha256;

/// The files of objects up to a moment. New ones may come, unless they hold an object that was there;
/// but if one of these is changed, replaced or removed, it is noticed: a file takes the time of the
/// change. Damage below the file system, or by a write through a memory map where that takes no time,
/// is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectFiles {
    /// When the newest of them last changed: seconds and nanoseconds since 1970.
    until: (i64, i64),
    /// Digest of their paths, sizes, places on the disk and times.
    files: Sha256,
}

/// A file of objects.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Stamp {
    /// Its path below the directory of the objects.
    path: PathBuf,
    /// When it last changed.
    changed: (i64, i64),
    /// What tells it from others.
    text: String,
}

impl Reader {
    /// Returns the files in which the objects stand now; nothing if some stand elsewhere, or if they
    /// cannot be looked at.
    pub fn object_files(&self) -> Option<ObjectFiles> {
        let stamps = self.stamps()?;
        let until = stamps.iter().map(|it| it.changed).max();
        Some(ObjectFiles::of(until.unwrap_or_default(), &stamps))
    }

    /// Tells whether these files are as they were, and no other one holds an object that they hold.
    pub fn still_has(&self, files: &ObjectFiles) -> bool {
        let Some(stamps) = self.stamps() else {
            return false;
        };
        let (old, new): (Vec<_>, Vec<_>) =
            stamps.into_iter().partition(|it| it.changed <= files.until);
        ObjectFiles::of(files.until, &old) == *files && self.hides_nothing(&old, &new)
    }

    /// Tells whether no new pack holds an object that was there before: that would be read in its
    /// place. New loose objects are read where no pack has them, and none takes another one's place.
    fn hides_nothing(&self, old: &[Stamp], new: &[Stamp]) -> bool {
        let objects = self.common_dir().join("objects");
        let kind = kind_to_gix(self.hash_kind());
        let index = |it: &Stamp| gix::odb::pack::index::File::at(objects.join(&it.path), kind).ok();
        let packed = |it: &&Stamp| it.path.extension().is_some_and(|it| it == "idx");
        if new.iter().any(|it| it.path.ends_with(MULTI_PACK_INDEX)) {
            return false;
        }
        if !new.iter().any(|it| packed(&it)) {
            return true;
        }
        let paths: HashSet<_> = old.iter().map(|it| it.path.as_path()).collect();
        let before: Option<Vec<_>> = old.iter().filter(packed).map(index).collect();
        let (Some(before), new) = (before, new.iter().filter(packed).map(index)) else {
            return false;
        };
        for index in new {
            let Some(index) = index else {
                return false;
            };
            for at in 0..index.num_objects() {
                let id = index.oid_at_index(at);
                let hex = id.to_string();
                let (directory, rest) = hex.split_at_checked(2).unwrap_or_default();
                let loose = Path::new(directory).join(rest);
                if paths.contains(loose.as_path())
                    || before.iter().any(|it| it.lookup(id).is_some())
                {
                    return false;
                }
            }
        }
        true
    }

    fn stamps(&self) -> Option<Vec<Stamp>> {
        let objects = self.common_dir().join("objects");
        let elsewhere = objects.join("info").join("alternates");
        if self.is_in_quarantine() || fs::symlink_metadata(elsewhere).is_ok() {
            return None;
        }
        stamps(&objects).ok()
    }
}

impl ObjectFiles {
    fn of(until: (i64, i64), stamps: &[Stamp]) -> Self {
        let mut texts: Vec<_> = stamps.iter().map(|it| it.text.as_str()).collect();
        texts.sort_unstable();
        let files = Sha256::of(texts.concat().as_bytes());
        Self { until, files }
    }
}

const MULTI_PACK_INDEX: &str = "multi-pack-index";

/// Packs with what belongs to them, and loose objects.
fn stamps(objects: &Path) -> io::Result<Vec<Stamp>> {
    let is_hex = |name: &OsStr| name.as_encoded_bytes().iter().all(u8::is_ascii_hexdigit);
    let mut found = Vec::new();
    for entry in fs::read_dir(objects)? {
        let name = entry?.file_name();
        let loose = name.len() == 2 && is_hex(&name);
        if !loose && name != "pack" {
            continue;
        }
        for entry in fs::read_dir(objects.join(&name))? {
            let file = entry?.file_name();
            let path = Path::new(&name).join(&file);
            // What git is writing at this moment has no such name.
            let read = match loose {
                true => is_hex(&file),
                false => {
                    let kind = path.extension().unwrap_or_default();
                    kind == "pack" || kind == "idx" || file == MULTI_PACK_INDEX
                }
            };
            if !read {
                continue;
            }
            let about = fs::metadata(objects.join(&path))?;
            let changed = (about.ctime(), about.ctime_nsec());
            let text = format!(
                "{}\0{} {} {} {changed:?}\n",
                path.display(),
                about.len(),
                about.ino(),
                about.dev(),
            );
            found.push(Stamp {
                path,
                changed,
                text,
            });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn new_files_may_come_and_old_ones_stay_as_they_are() {
        let dir = crate::sys::scratch::directory().unwrap();
        for below in ["objects/pack", "objects/ab", "refs/heads"] {
            fs::create_dir_all(dir.path().join(below)).unwrap();
        }
        let write = |name: &str, text: &str| {
            // The time of a change is as fine as a tick of the kernel's clock.
            std::thread::sleep(Duration::from_millis(20));
            fs::write(dir.path().join("objects").join(name), text).unwrap();
        };
        fs::write(dir.path().join("HEAD"), "ref: refs/heads/main\n").unwrap();
        let config = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n";
        fs::write(dir.path().join("config"), config).unwrap();
        let reader = Reader::open(dir.path()).unwrap();
        write("ab/cd", "one");
        write("pack/pack-1.pack", "two");
        let seen = reader.object_files().unwrap();
        assert!(reader.still_has(&seen));
        write("ab/ce", "three");
        write("pack/pack-2.pack", "four");
        write("pack/tmp_pack_x", "x");
        write("ab/tmp_obj_x", "x");
        assert!(reader.still_has(&seen), "new files");
        let both = reader.object_files().unwrap();
        assert_ne!(seen, both);
        write("pack/tmp_x.idx", "no index, under a name that is read");
        assert!(!reader.still_has(&seen), "an index that cannot be read");
        fs::remove_file(dir.path().join("objects/pack/tmp_x.idx")).unwrap();
        write("pack/multi-pack-index", "x");
        assert!(!reader.still_has(&seen), "an index of all packs");
        fs::remove_file(dir.path().join("objects/pack/multi-pack-index")).unwrap();
        assert!(reader.still_has(&seen));
        write("ab/cd", "six");
        assert!(!reader.still_has(&seen), "another content of the same size");
        assert!(!reader.still_has(&both));
        let again = reader.object_files().unwrap();
        assert!(reader.still_has(&again));
        fs::remove_file(dir.path().join("objects/pack/pack-1.pack")).unwrap();
        assert!(!reader.still_has(&again), "one is gone");
        let fewer = reader.object_files().unwrap();
        fs::create_dir_all(dir.path().join("objects/info")).unwrap();
        write("info/alternates", "/elsewhere\n");
        assert!(!reader.still_has(&fewer), "objects stand elsewhere");
        assert_eq!(reader.object_files(), None);
    }
}
