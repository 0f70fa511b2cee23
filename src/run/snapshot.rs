//! The state of the governed repository that the command of a run must not change, as plain bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::actor::Actor;
use crate::git;
use crate::record::Hasher;
use crate::store;
use crate::sys::{environment, file};

use super::error::Error;

/// Largest file of refs that is read, in bytes.
const MAX_REFS: u64 = 1024 * 1024 * 1024;
/// Largest file that is read to see whether it has changed, in bytes.
const LARGEST_HASHED: u64 = 64 * 1024 * 1024;

/// Largest number of readings until two agree: others may be writing.
const READINGS: usize = 20;
/// Largest depth to which directories are read.
const DEEPEST: usize = 64;
/// Largest file of the index that is read to see whether it has changed, in bytes.
const LARGEST_READ: u64 = 256 * 1024;

/// Names with what each of them stands for: a short value or a digest.
pub(super) type Values = BTreeMap<Vec<u8>, Vec<u8>>;

/// What a repository is at one moment.
pub(super) struct Snapshot {
    /// Every ref and HEAD, as bytes: also what no other reader would take for a ref.
    pub(super) refs: Values,
    /// The files that decide what git does there.
    pub(super) files: Values,
    /// The keys of its configuration, with those of the files that it includes.
    pub(super) keys: Values,
    /// The hooks, and those in the directory that the configuration names.
    pub(super) hooks: Values,
    /// The files that say what this clone trusts.
    pub(super) trust: Values,
    /// The index of the ledger.
    pub(super) index: Values,
}

impl Snapshot {
    /// Reads the repository.
    pub(super) fn take(actor: &Actor) -> Result<Self, Error> {
        Self::read(actor, None)
    }

    /// Reads the repository again. If its configuration has become unreadable, which shows in the
    /// file, its keys count as unchanged.
    pub(super) fn again(&self, actor: &Actor) -> Result<Self, Error> {
        Self::read(actor, Some(self))
    }

    fn read(actor: &Actor, before: Option<&Self>) -> Result<Self, Error> {
        let files = files(actor)?;
        let hooks = hooks(actor)?;
        let keys = match (keys(actor), before) {
            (Err(_), Some(before)) if before.files != files => before.keys.clone(),
            (keys, _) => keys?,
        };
        Ok(Self {
            files,
            hooks,
            keys,
            trust: trust(actor)?,
            index: index(actor)?,
            refs: steady(|| refs(actor))?,
        })
    }
}

/// Returns the names whose values differ, and how: `added`, `changed` or `removed`.
pub(super) fn differences(before: &Values, after: &Values) -> Vec<(Vec<u8>, &'static str)> {
    let names: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let how = |name: &Vec<u8>| match (before.get(name), after.get(name)) {
        (Some(old), Some(new)) => (old != new).then_some("changed"),
        (Some(_), None) => Some("removed"),
        (None, _) => Some("added"),
    };
    names
        .into_iter()
        .filter_map(|name| Some((name.clone(), how(name)?)))
        .collect()
}

/// Reads until two readings agree.
fn steady(read: impl Fn() -> Result<Values, Error>) -> Result<Values, Error> {
    let mut last = read()?;
    for _ in 0..READINGS {
        let again = read()?;
        if again == last {
            break;
        }
        last = again;
    }
    Ok(last)
}

fn refs(actor: &Actor) -> Result<Values, Error> {
    let common = actor.repo.common_dir();
    let mut loose = Values::new();
    walk(&common.join("refs"), b"refs", DEEPEST, &mut |name, path| {
        // A lock file holds a value that its writer has not yet published.
        if !name.ends_with(b".lock")
            && let Some(value) = content(path)?
        {
            loose.insert(name.to_vec(), value.trim_ascii_end().to_vec());
        }
        Ok(())
    })?;
    // Read packed refs last: a ref packed meanwhile is then found in one of the two places.
    let mut refs = Values::new();
    let packed = content(&common.join("packed-refs"))?.unwrap_or_default();
    for line in packed.split(|b| *b == b'\n') {
        if let Some(space) = line.iter().position(|b| *b == b' ')
            && !line.starts_with(b"#")
        {
            let (value, name) = line.split_at(space);
            refs.insert(name.trim_ascii_start().to_vec(), value.to_vec());
        }
    }
    refs.extend(loose);
    for head in [actor.repo.git_dir(), common] {
        if let Some(value) = content(&head.join("HEAD"))? {
            let name = if head == common {
                "HEAD"
            } else {
                "HEAD of this worktree"
            };
            refs.insert(name.as_bytes().to_vec(), value.trim_ascii_end().to_vec());
        }
    }
    Ok(refs)
}

fn files(actor: &Actor) -> Result<Values, Error> {
    let (common, own) = (actor.repo.common_dir(), actor.repo.git_dir());
    let names = [
        "commondir",
        "config",
        "config.worktree",
        "info/attributes",
        "info/exclude",
        "info/grafts",
        "info/sparse-checkout",
        "objects/info/alternates",
        "shallow",
    ];
    let mut files: Vec<(&str, PathBuf)> = names.map(|name| (name, common.join(name))).into();
    if own != common {
        files.push(("this worktree's config", own.join("config.worktree")));
    }
    let mut found = Values::new();
    for (name, path) in files {
        if let Some(value) = digest(&path)? {
            found.insert(name.as_bytes().to_vec(), value);
        }
    }
    for old in ["branches", "remotes"] {
        digests_below(&common.join(old), old.as_bytes(), &mut found)?;
    }
    Ok(found)
}

fn keys(actor: &Actor) -> Result<Values, Error> {
    let common = actor.repo.common_dir();
    let mut list = git::hardened(&actor.repo, common, common);
    list.args(["config", "--list", "-z", "--local", "--includes"]);
    let output = git::output(list)?.stdout;
    let mut keys = Values::new();
    for entry in output.split(|b| *b == 0).filter(|entry| !entry.is_empty()) {
        let end = entry.iter().position(|b| *b == b'\n');
        let (key, value) = entry.split_at(end.unwrap_or(entry.len()));
        let values = keys.entry(key.to_vec()).or_default();
        values.extend_from_slice(value);
        values.push(0);
    }
    Ok(keys)
}

fn hooks(actor: &Actor) -> Result<Values, Error> {
    let mut places = vec![(b"hooks".to_vec(), actor.repo.common_dir().join("hooks"))];
    if let Some(path) = actor.repo.config("core.hooksPath") {
        let top = actor.repo.work_tree().unwrap_or(actor.repo.common_dir());
        let real = top.join(environment::expand_home(&path));
        places.push((path.into_bytes(), real));
    }
    let mut found = Values::new();
    for (name, place) in places {
        digests_below(&place, &name, &mut found)?;
    }
    Ok(found)
}

/// Reads the directory that says what this clone trusts: the anchor, the high-water marks, the
/// server's key, and whatever else is there.
fn trust(actor: &Actor) -> Result<Values, Error> {
    let root = actor.settings.directory();
    // Our own commands write a file beside its place before they rename it.
    steady(|| {
        let mut found = Values::new();
        everything(root, b"awo", DEEPEST, &mut found)?;
        Ok(found)
    })
}

fn index(actor: &Actor) -> Result<Values, Error> {
    let place = store::beside::directory(&actor.repo);
    let mut found = Values::new();
    let mut stamp = |name: &[u8], path: &Path| {
        found.extend(stamp(path)?.map(|value| (name.to_vec(), value)));
        Ok(())
    };
    stamp(b"awo-index", &place)?;
    if fs::metadata(&place).is_ok_and(|it| it.is_dir()) {
        walk(&place, b"awo-index", DEEPEST, &mut stamp)?;
    }
    Ok(found)
}

/// Returns what tells a file from another one and from what it was before. Large ones are not read:
/// no program chooses the time of a change, and two within one tick of the clock are unlikely there.
fn stamp(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path)(error)),
        // The directory's own time changes with each file that comes and goes, also with a lock.
        Ok(it) if it.is_dir() => Ok(Some(b"directory".to_vec())),
        Ok(it) => {
            let changed = (it.ctime(), it.ctime_nsec());
            let stamp = format!("{} {} {} {changed:?}", it.mode(), it.len(), it.ino());
            let mut stamp = stamp.into_bytes();
            if it.len() <= LARGEST_READ {
                stamp.extend(digest(path)?.unwrap_or_default());
            }
            Ok(Some(stamp))
        }
    }
}

/// Records a path and, for a directory, everything below it. Directories count too: one in the place
/// of a file would prevent that file from being made.
fn everything(path: &Path, name: &[u8], depth: usize, found: &mut Values) -> Result<(), Error> {
    let Some(value) = digest(path)? else {
        return Ok(());
    };
    found.insert(name.to_vec(), value);
    let kind = match depth {
        // Follow a symlink at the top, which the user may have made, but none below.
        DEEPEST => fs::metadata(path),
        _ => fs::symlink_metadata(path),
    };
    let Some(depth) = depth.checked_sub(1) else {
        return Ok(());
    };
    if !kind.is_ok_and(|it| it.is_dir()) {
        return Ok(());
    }
    for entry in list(path)? {
        let inner = [name, b"/", entry.file_name().as_encoded_bytes()].concat();
        everything(&entry.path(), &inner, depth, found)?;
    }
    Ok(())
}

fn digests_below(dir: &Path, name: &[u8], found: &mut Values) -> Result<(), Error> {
    walk(dir, name, DEEPEST, &mut |name, path| {
        found.extend(digest(path)?.map(|value| (name.to_vec(), value)));
        Ok(())
    })
}

/// Takes a name and where it is.
type Each<'a> = dyn FnMut(&[u8], &Path) -> Result<(), Error> + 'a;

/// Returns the entries of a directory. A missing directory counts as empty.
fn list(dir: &Path) -> Result<Vec<fs::DirEntry>, Error> {
    match fs::read_dir(dir).and_then(Iterator::collect) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries.map_err(Error::io("list", dir)),
    }
}

/// Calls for every file below a directory.
fn walk(dir: &Path, name: &[u8], depth: usize, each: &mut Each<'_>) -> Result<(), Error> {
    for entry in list(dir)? {
        let kind = entry
            .file_type()
            .map_err(Error::io("read", &entry.path()))?;
        let inner = [name, b"/", entry.file_name().as_encoded_bytes()].concat();
        match depth.checked_sub(1) {
            Some(depth) if kind.is_dir() => walk(&entry.path(), &inner, depth, each)?,
            _ => each(&inner, &entry.path())?,
        }
    }
    Ok(())
}

/// What stands at a path.
enum Stands {
    Nothing,
    File,
    Other,
    Link(Vec<u8>),
}

fn look(path: &Path) -> io::Result<Stands> {
    Ok(match file::look(path)? {
        None => Stands::Nothing,
        Some(it) if it.is_symlink() => {
            Stands::Link(fs::read_link(path)?.into_os_string().into_encoded_bytes())
        }
        Some(it) if it.is_file() => Stands::File,
        Some(_) => Stands::Other,
    })
}

/// Returns nothing of what is gone meanwhile.
fn unless_gone<T>(path: &Path, read: io::Result<Option<T>>) -> Result<Option<T>, Error> {
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map_err(Error::io("read", path)),
    }
}

/// Returns the content of a file of refs or the target of a symlink.
fn content(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let read = || {
        Ok(match look(path)? {
            Stands::Nothing => None,
            Stands::Other => Some(b"no file".to_vec()),
            Stands::Link(target) => Some([b"link to ", target.as_slice()].concat()),
            Stands::File => file::read_plain(path, MAX_REFS)?,
        })
    };
    unless_gone(path, read())
}

/// Returns the mode and a digest of the content; for a symlink, of its target and what is there.
fn digest(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    let read = || {
        let mut hasher = Hasher::default();
        match look(path)? {
            Stands::Nothing => return Ok(None),
            Stands::Other => hasher.update(b"no file"),
            Stands::File => hash(path, &mut hasher)?,
            Stands::Link(target) => {
                hasher.update(b"link to ");
                hasher.update(&target);
                if fs::metadata(path).is_ok_and(|it| it.is_file()) {
                    hash(&fs::canonicalize(path)?, &mut hasher)?;
                }
            }
        }
        let mode = fs::metadata(path).map_or(0, |it| it.permissions().mode());
        Ok(Some(format!("{mode:o} {}", hasher.finish()).into_bytes()))
    };
    unless_gone(path, read())
}

/// Hashes a file, piece by piece. Of a very large one, what tells it from others and from what it was
/// stands for its end: no program chooses the time of a change.
fn hash(path: &Path, hasher: &mut Hasher) -> io::Result<()> {
    let mut file = file::open_plain(path, false)?.take(LARGEST_HASHED);
    let about = file.get_ref().metadata()?;
    io::copy(&mut file, hasher)?;
    if about.len() > LARGEST_HASHED {
        let changed = (about.ctime(), about.ctime_nsec());
        hasher.update(format!("{} {} {changed:?}", about.len(), about.ino()).as_bytes());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_any_length_is_told_from_what_it_was() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("x");
        let write = |length: u64, at: u64| {
            // The time of a change is as fine as a tick of the kernel's clock.
            std::thread::sleep(std::time::Duration::from_millis(20));
            let file = fs::OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path);
            let file = file.unwrap();
            file.set_len(length).unwrap();
            std::os::unix::fs::FileExt::write_at(&file, b"x", at).unwrap();
        };
        assert_eq!(digest(&path).unwrap(), None);
        // It takes no room on the disk, and is not read to its end.
        let long = 1 << 42;
        let mut seen = BTreeSet::new();
        for (length, at) in [
            (9, 0),
            (9, 1),
            (10, 1),
            (long, 1),
            (long, 2),
            (long, long / 2),
        ] {
            write(length, at);
            let now = digest(&path).unwrap().unwrap();
            assert_eq!(digest(&path).unwrap().unwrap(), now);
            assert!(seen.insert(now), "{length} {at}");
        }
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(seen.insert(digest(&link).unwrap().unwrap()), "a link to it");
        write(long, long / 3);
        assert!(
            seen.insert(digest(&link).unwrap().unwrap()),
            "what is there counts"
        );
    }
}
