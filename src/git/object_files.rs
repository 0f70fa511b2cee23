//! The files in which the objects of a repository stand: whether they are the same as before.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::reader::Reader;
use crate::record::Sha256;

/// The files of objects up to a moment. New ones may come, but if one of these is changed, replaced
/// or removed, it is noticed: a file takes the time of the change, and no program can choose that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ObjectFiles {
    /// When the newest of them last changed: seconds and nanoseconds since 1970.
    until: (i64, i64),
    /// Digest of their paths, sizes, places on the disk and times.
    files: Sha256,
}

/// A file of objects: when it last changed, and what tells it from others.
type Stamp = ((i64, i64), Vec<u8>);

impl Reader {
    /// Returns the files in which the objects stand now; nothing if some stand elsewhere, or if they
    /// cannot be looked at.
    pub fn object_files(&self) -> Option<ObjectFiles> {
        let stamps = self.stamps()?;
        let until = stamps.iter().map(|(changed, _)| *changed).max();
        Some(ObjectFiles::of(until.unwrap_or_default(), stamps))
    }

    /// Tells whether these files are as they were.
    pub fn still_has(&self, files: &ObjectFiles) -> bool {
        let stamps = self.stamps();
        stamps.is_some_and(|it| ObjectFiles::of(files.until, it) == *files)
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
    fn of(until: (i64, i64), mut stamps: Vec<Stamp>) -> Self {
        stamps.retain(|(changed, _)| *changed <= until);
        stamps.sort_unstable();
        let stamps: Vec<_> = stamps.into_iter().map(|(_, stamp)| stamp).collect();
        let files = Sha256::of(&stamps.concat());
        Self { until, files }
    }
}

/// Packs with what belongs to them, and loose objects.
fn stamps(objects: &Path) -> io::Result<Vec<Stamp>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(objects)? {
        let name = entry?.file_name();
        let loose = name.len() == 2 && name.as_encoded_bytes().iter().all(u8::is_ascii_hexdigit);
        if !loose && name != "pack" {
            continue;
        }
        for entry in fs::read_dir(objects.join(&name))? {
            let file = entry?.file_name();
            let file = Path::new(&name).join(file);
            // What git is writing at this moment is no object yet, and nothing else is read.
            let read = loose || {
                let kind = file.extension().unwrap_or_default();
                kind == "pack" || kind == "idx" || file.ends_with("multi-pack-index")
            };
            let is_temporary =
                |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b"tmp_");
            if !read || file.file_name().is_some_and(is_temporary) {
                continue;
            }
            let about = fs::metadata(objects.join(&file))?;
            let changed = (about.ctime(), about.ctime_nsec());
            let stamp = format!(
                "{}\0{} {} {} {changed:?}\n",
                file.display(),
                about.len(),
                about.ino(),
                about.dev(),
            );
            found.push((changed, stamp.into_bytes()));
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
        assert!(reader.still_has(&seen), "new files");
        let both = reader.object_files().unwrap();
        assert_ne!(seen, both);
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
