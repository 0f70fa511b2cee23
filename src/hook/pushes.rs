//! What `pre-receive` leaves for the hooks that follow it in the same push: a small file of our
//! own in `<common dir>/awo/pushes/`, named after the `git receive-pack` that runs them all.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::actor::Settings;
use crate::record::json::{self, Limits};
use crate::record::{Dependencies, ObjectId, Overrides, RefName, Timestamp};
use crate::records::Movement;
use crate::store::ledger::Refs;
use crate::sys::clock::age;
use crate::sys::file::{self, NewFile};
use crate::sys::lock::alone;

use super::Error;
use super::input::MAX_INPUT;
use super::parent::{self, Key};

/// The largest file of what was judged.
const MAX_JUDGED: usize = 4 * MAX_INPUT;

/// How the file of a push is called once its receipt is written.
const WRITTEN: &str = "written";
/// How the file is called that lists the refs without which a push goes on. The shim of `update` looks
/// for such files.
const REFUSED: &str = "refused";
/// The file that whoever writes a receipt locks.
const LOCK: &str = "writing";

/// Time that a push may take from verdict to receipt if its process is not visible.
const UNSEEN: Duration = Duration::from_secs(600);

/// What a push was judged by, and what was judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// Where every governance ref was (but the receive log, on which no verdict relies).
    pub before: Refs,
    /// The movements that were allowed.
    pub movements: Vec<Movement>,
    /// The newest entry of the receive log then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<ObjectId>,
    /// When: by this the records are judged from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// The protection overrides that it uses.
    #[serde(default, skip_serializing_if = "Overrides::is_empty")]
    pub overrides: Overrides,
    /// Those that may move only with, or after, others.
    #[serde(default, skip_serializing_if = "Dependencies::is_empty")]
    pub depends_on: Dependencies,
}

/// The directory of these files.
#[derive(Clone, Debug)]
pub struct Pushes {
    directory: PathBuf,
}

impl Pushes {
    /// Returns the pushes of the repository whose shared directory this is.
    pub fn at(common_dir: &Path) -> Self {
        let directory = Settings::at(common_dir).directory().join("pushes");
        Self { directory }
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.directory.join(key.as_str())
    }

    /// Remembers what was judged.
    ///
    /// It need not survive a power failure, which ends the push too, so nothing waits for the
    /// disk here.
    pub fn remember(&self, key: &Key, judged: &Judged) -> Result<(), Error> {
        let path = self.path(key);
        let fail = |source| Error::Io {
            path: path.clone(),
            source,
        };
        std::fs::create_dir_all(&self.directory).map_err(fail)?;
        let file = NewFile::at(&path).over().volatile();
        file.write(&json::canonical(judged)).map_err(fail)
    }

    /// Returns what was judged, or `None` if nothing was.
    pub fn recall(&self, key: &Key) -> Result<Option<Judged>, Error> {
        let path = self.path(key);
        let bytes = match file::read_plain(&path, MAX_JUDGED as u64) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(None),
            Err(source) => return Err(Error::Io { path, source }),
        };
        // Without --atomic this is read once a ref, so not in canonical form: we wrote it, into a
        // directory of our own. What does not fit is told with its place.
        if let Ok(judged) = serde_json::from_slice(&bytes) {
            return Ok(Some(judged));
        }
        let limits = Limits {
            len: MAX_JUDGED,
            ..Limits::default()
        };
        match json::parse_canonical_with(&bytes, limits) {
            Ok(judged) => Ok(Some(judged)),
            Err(source) => Err(Error::Malformed { path, source }),
        }
    }

    /// Returns the newest push whose process was not seen and that judged these movements: without
    /// `--atomic` some of what was judged may not stand.
    pub fn with(&self, movements: &[Movement]) -> Option<(Key, Judged)> {
        let judged = |key: Key| Some((self.recall(&key).ok()??, key));
        let has = |judged: &Judged| movements.iter().all(|it| judged.movements.contains(it));
        self.keys()
            .into_iter()
            .filter(Key::is_of_movements)
            .filter_map(judged)
            .filter(|(judged, _)| has(judged))
            .min_by_key(|(_, key)| self.age(key))
            .map(|(judged, key)| (key, judged))
    }

    /// Remembers the refs that a push must go on without, until its process has ended.
    pub fn refuse(&self, key: &Key, refs: &BTreeSet<RefName>) -> Result<(), Error> {
        let path = self.path(key).with_extension(REFUSED);
        let written = NewFile::at(&path)
            .over()
            .volatile()
            .write(&json::canonical(refs));
        written.map_err(|source| Error::Io { path, source })
    }

    /// Returns whether a push must go on without this ref; if it is not known which push asks, whether
    /// any must that is remembered.
    pub fn refuses(&self, key: Option<&Key>, reference: &str) -> Result<bool, Error> {
        let paths = match key {
            Some(key) => vec![self.path(key).with_extension(REFUSED)],
            None => {
                let entries = std::fs::read_dir(&self.directory).into_iter();
                let paths = entries.flatten().flatten().map(|it| it.path());
                paths
                    .filter(|it| it.extension().is_some_and(|it| it == REFUSED))
                    .collect()
            }
        };
        let limits = Limits {
            len: MAX_JUDGED,
            ..Limits::default()
        };
        for path in paths {
            let bytes = match file::read_plain(&path, MAX_JUDGED as u64) {
                Ok(Some(bytes)) => bytes,
                Ok(None) => continue,
                Err(source) => return Err(Error::Io { path, source }),
            };
            let refs: BTreeSet<RefName> = json::parse_canonical_with(&bytes, limits)
                .map_err(|source| Error::Malformed { path, source })?;
            if refs.iter().any(|it| it.as_str() == reference) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn age(&self, key: &Key) -> Option<Duration> {
        age(&self.path(key))
    }

    fn is_under_way(&self, key: &Key) -> bool {
        match parent::is_alive(key) {
            // What is guessed is kept a second time, under what it moves.
            Some(alive) => alive && !key.is_guess(),
            None => key.is_of_movements() && self.age(key).is_some_and(|age| age < UNSEEN),
        }
    }

    /// Remembers that the receipt of a push was written, and forgets the push.
    pub fn written(&self, key: &Key) -> Result<(), Error> {
        let path = self.path(key);
        match std::fs::rename(&path, path.with_extension(WRITTEN)) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::Io { path, source })
            }
            _ => Ok(()),
        }
    }

    /// Tells whether the receipt of a push was written, and forgets it.
    pub fn was_written(&self, key: &Key) -> bool {
        std::fs::remove_file(self.path(key).with_extension(WRITTEN)).is_ok()
    }

    /// Returns the pushes whose processes have ended without `post-receive`, the oldest first: their
    /// clients went away. Others may have moved on from what they moved.
    pub fn ended(&self) -> Vec<(Key, Judged)> {
        let ended = |key: &Key| !key.is_of_movements() && parent::is_alive(key) == Some(false);
        let mut keys: Vec<_> = self.keys().into_iter().filter(ended).collect();
        keys.sort_by_key(|key| std::cmp::Reverse(self.age(key)));
        let judged = |key: Key| Some((self.recall(&key).ok()??, key));
        let judged = keys.into_iter().filter_map(judged);
        judged.map(|(judged, key)| (key, judged)).collect()
    }

    /// Keeps other processes from writing receipts until the value is dropped; `None` where there are
    /// no such locks.
    pub fn alone(&self) -> Option<File> {
        let file = File::create(self.directory.with_file_name(LOCK)).ok()?;
        alone(&file).ok()?;
        Some(file)
    }

    /// Forgets a push. That there is nothing to forget is no error.
    pub fn forget(&self, key: &Key) -> Result<(), Error> {
        let path = self.path(key);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(Error::Io { path, source })
            }
            _ => Ok(()),
        }
    }

    /// Returns the movements of all other pushes that are under way.
    pub fn others(&self, own: &Key) -> Vec<Movement> {
        let movements = self.under_way(own).flat_map(|it| it.movements);
        movements.collect()
    }

    /// Returns all other pushes that are under way.
    pub fn under_way<'a>(&'a self, own: &'a Key) -> impl Iterator<Item = Judged> + 'a {
        let others = self.keys().into_iter();
        let others = others.filter(move |key| key != own && self.is_under_way(key));
        others.filter_map(|key| self.recall(&key).ok().flatten())
    }

    /// Removes what pushes left that ended without `post-receive`.
    pub fn sweep(&self) {
        let day = Duration::from_secs(86_400);
        let old = |path: &Path| age(path).is_some_and(|age| age > day);
        let Ok(entries) = std::fs::read_dir(&self.directory) else {
            return;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let ours = path
                .extension()
                .is_none_or(|it| it == WRITTEN || it == REFUSED);
            let key = path.file_stem().filter(|_| ours);
            let key = key.and_then(|name| name.to_str());
            let key = key.and_then(Key::parse);
            let dead = match &key {
                Some(key) => parent::is_alive(key) == Some(false),
                None => false,
            };
            if dead || old(&path) {
                // Somebody else may be sweeping too.
                let _ = std::fs::remove_file(&path);
            }
        }
    }

    fn keys(&self) -> Vec<Key> {
        let Ok(entries) = std::fs::read_dir(&self.directory) else {
            return Vec::new();
        };
        let names = entries
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok());
        let mut keys: Vec<_> = names.filter_map(|name| Key::parse(&name)).collect();
        keys.sort();
        keys
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    #[test]
    fn what_is_remembered_is_recalled_by_its_own_push_only() {
        let dir = tempfile::TempDir::new().unwrap();
        let pushes = Pushes::at(dir.path());
        let (mine, other) = (Key::parse("17-5").unwrap(), Key::parse("17-6").unwrap());
        let id = "1".repeat(40).parse().unwrap();
        let judged = Judged {
            before: [(RefName::new("refs/awo/policy").unwrap(), id)].into(),
            movements: vec![Movement {
                reference: RefName::new("refs/heads/main").unwrap(),
                old: None,
                new: Some(id),
            }],
            log: None,
            time: None,
            overrides: Overrides::new(),
            depends_on: Dependencies::new(),
        };
        assert_eq!(pushes.recall(&mine).unwrap(), None);
        pushes.remember(&mine, &judged).unwrap();
        assert_eq!(pushes.recall(&mine).unwrap(), Some(judged));
        assert_eq!(pushes.recall(&other).unwrap(), None);
        pushes.forget(&mine).unwrap();
        pushes.forget(&mine).unwrap();
        assert_eq!(pushes.recall(&mine).unwrap(), None);
    }

    #[test]
    fn a_ref_that_is_refused_by_itself_is_refused_to_its_own_push() {
        let dir = tempfile::TempDir::new().unwrap();
        let pushes = Pushes::at(dir.path());
        let (mine, other) = (Key::parse("17-5").unwrap(), Key::parse("17-6").unwrap());
        let refuses = |key, name: &str| pushes.refuses(key, name).unwrap();
        assert!(!refuses(Some(&mine), "refs/tags/x") && !refuses(None, "refs/tags/x"));
        pushes.remember(&mine, &Judged::default()).unwrap();
        let refused = [RefName::new("refs/tags/x").unwrap()].into();
        pushes.refuse(&mine, &refused).unwrap();
        // The receipt of the rest may be written before git asks.
        pushes.written(&mine).unwrap();
        for (key, name, expected) in [
            (Some(&mine), "refs/tags/x", true),
            (Some(&mine), "refs/tags/y", false),
            (Some(&other), "refs/tags/x", false),
            // Where it is not known which push asks, none may have it.
            (None, "refs/tags/x", true),
            (None, "refs/tags/y", false),
        ] {
            assert_eq!(refuses(key, name), expected, "{key:?} {name}");
        }
        std::fs::write(dir.path().join("awo/pushes/17-5.refused"), "[").unwrap();
        assert!(pushes.refuses(Some(&mine), "refs/tags/x").is_err());
        pushes.sweep();
        assert!(!refuses(None, "refs/tags/x"), "gone with its process");
    }

    #[test]
    fn a_damaged_memory_is_an_error_and_not_the_absence_of_one() {
        let dir = tempfile::TempDir::new().unwrap();
        let pushes = Pushes::at(dir.path());
        let key = Key::parse("17-5").unwrap();
        pushes.remember(&key, &Judged::default()).unwrap();
        std::fs::write(dir.path().join("awo/pushes/17-5"), b"{}").unwrap();
        assert!(pushes.recall(&key).is_err());
    }

    #[test]
    fn a_push_whose_process_is_not_seen_is_found_by_what_it_moves() {
        let dir = tempfile::TempDir::new().unwrap();
        let pushes = Pushes::at(dir.path());
        let movement = |name: &str| Movement {
            reference: RefName::new(name).unwrap(),
            old: None,
            new: Some("1".repeat(40).parse().unwrap()),
        };
        let (a, b, c) = (
            movement("refs/heads/a"),
            movement("refs/heads/b"),
            movement("refs/heads/c"),
        );
        let both = Key::of_movements(&[b.clone(), a.clone()]);
        assert_eq!(both, Key::of_movements(&[a.clone(), b.clone()]));
        assert_ne!(both, Key::of_movements(std::slice::from_ref(&a)));
        assert_eq!(Key::parse(both.as_str()), Some(both.clone()));
        let judged = Judged {
            before: Refs::new(),
            movements: vec![a.clone(), b.clone()],
            log: None,
            time: None,
            overrides: Overrides::new(),
            depends_on: Dependencies::new(),
        };
        pushes.remember(&both, &judged).unwrap();
        pushes.sweep();
        let found = pushes.with(std::slice::from_ref(&b));
        assert_eq!(found, Some((both.clone(), judged.clone())));
        assert_eq!(pushes.with(&[b, c.clone()]), None);
        let other = Key::of_movements(std::slice::from_ref(&c));
        assert_eq!(pushes.others(&other), judged.movements);
        assert_eq!(pushes.others(&both), []);
        // One that ended without a word is not under way for ever.
        let file = std::fs::File::options()
            .write(true)
            .open(pushes.path(&both));
        let long_ago = SystemTime::now() - Duration::from_secs(700);
        file.unwrap().set_modified(long_ago).unwrap();
        assert_eq!(pushes.others(&other), []);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_memory_of_a_dead_push_is_swept_and_that_of_a_living_one_kept() {
        let dir = tempfile::TempDir::new().unwrap();
        let pushes = Pushes::at(dir.path());
        let living = parent::key_of(std::process::id()).unwrap();
        let dead = Key::parse(&format!("{}-1", std::process::id())).unwrap();
        for key in [&living, &dead] {
            pushes.remember(key, &Judged::default()).unwrap();
        }
        pushes.sweep();
        assert!(pushes.recall(&living).unwrap().is_some());
        assert!(pushes.recall(&dead).unwrap().is_none());
    }
}
