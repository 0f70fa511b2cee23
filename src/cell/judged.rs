//! Whether a place on this machine may be read in a cell: the rules of what a contract may name, applied to where its symlinks
//! lead, and what only the machine knows.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::record::contract::{HOMES, may_read};
use crate::sys::environment;

/// The home of root.
const ROOT: &str = "/root";

/// What a directory that is granted may not hold, nor one of its directories. Deeper down nothing is looked for.
const HELD: &[&str] = &[".git", ".gnupg", ".ssh"];

/// What places are judged by.
pub(super) struct Judge {
    /// The home of whoever runs this. Like what is closed, without symlinks.
    pub(super) home: Option<PathBuf>,
    /// What stays closed, with all that lies in it.
    pub(super) closed: Vec<PathBuf>,
}

impl Judge {
    pub(super) fn new(closed: &[PathBuf]) -> Self {
        let home = environment::home();
        let closed = closed.iter().filter_map(|it| it.canonicalize().ok());
        Self {
            home: home.map(|it| it.canonicalize().unwrap_or(it)),
            closed: closed.collect(),
        }
    }

    /// Returns where a path leads, if it may be read, or why it may not. What is not there is nowhere. It may lie in this
    /// one repository, which is a toolchain.
    pub(super) fn place(&self, path: &Path, own: Option<&Path>) -> Result<Option<PathBuf>, String> {
        let Ok(place) = path.canonicalize() else {
            return Ok(None);
        };
        let text = place.to_str().ok_or("its name is not UTF-8")?;
        self.named(&place, text)
            .map_err(|why| match path == place {
                true => why.to_owned(),
                false => format!("it is {text}: {why}"),
            })?;
        let home = self.home.as_deref();
        if home.is_some_and(|it| it.starts_with(&place)) {
            return Err("it holds your home, which stays closed".to_owned());
        }
        for inner in &self.closed {
            let how = match (inner.starts_with(&place), place.starts_with(inner)) {
                (true, _) => "holds",
                (_, true) => "lies in",
                _ => continue,
            };
            let inner = inner.display();
            return Err(format!("it {how} {inner}, which stays closed"));
        }
        // A home may be under version control as a whole.
        let mut within = place.ancestors().take_while(|it| Some(*it) != home);
        match within.find(|it| Some(*it) != own && is_repository(it)) {
            Some(it) if it == place => return Err("it is a repository".to_owned()),
            Some(it) => return Err(format!("it lies in the repository {}", it.display())),
            None => {}
        }
        match holding(&place) {
            Some(inner) => Err(format!("it holds {}", inner.display())),
            None => Ok(Some(place)),
        }
    }

    /// Judges a place by its name.
    fn named(&self, place: &Path, text: &str) -> Result<(), &'static str> {
        // A home may stand anywhere. One at the top would make all that there is a part of it.
        let home = self.home.as_deref();
        let home = home.filter(|it| it.components().count() > 2);
        let around = home_around(place);
        let below = |home: Option<&Path>| place.strip_prefix(home?).ok()?.to_str();
        if let Some(below) = below(home) {
            return may_read(&format!("~/{below}"));
        }
        match around {
            // `HOME` may name another one.
            Some(around) if is_own(&around) => match below(Some(&around)) {
                Some("") | None => Err("it is a home"),
                Some(below) => may_read(&format!("~/{below}")),
            },
            Some(around) if self.home.as_deref() != Some(&around) => {
                Err("it lies in the home of somebody else")
            }
            _ => may_read(text),
        }
    }
}

/// Returns the home in which a place lies, or which it is, if it lies where homes do.
fn home_around(place: &Path) -> Option<PathBuf> {
    if place.starts_with(ROOT) {
        return Some(ROOT.into());
    }
    HOMES.iter().find_map(|homes| {
        let mut below = place.strip_prefix(homes).ok()?.components();
        Some(Path::new(homes).join(below.next()?))
    })
}

fn is_own(home: &Path) -> bool {
    let user = rustix::process::geteuid().as_raw();
    std::fs::symlink_metadata(home).is_ok_and(|it| it.uid() == user)
}

/// Returns what a place holds that may not be read.
fn holding(place: &Path) -> Option<PathBuf> {
    let found = |directory: &Path| {
        let mut inner = HELD.iter().map(|it| directory.join(it));
        inner.find(|it| it.symlink_metadata().is_ok())
    };
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    // What a symlink leads to is not granted with it.
    let mut below = entries.filter(|it| it.file_type().is_ok_and(|kind| kind.is_dir()));
    found(place).or_else(|| below.find_map(|it| found(&it.path())))
}

/// Tells whether a directory is a repository, or the work tree of one.
fn is_repository(place: &Path) -> bool {
    let has = |name: &str| place.join(name).symlink_metadata().is_ok();
    has(".git") || (has("HEAD") && has("objects") && has("refs"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    #[test]
    fn nothing_lies_in_a_closed_place_or_around_one() {
        let judge = |home: &str| Judge {
            home: Some(home.into()),
            closed: Vec::new(),
        };
        let named = |home: &str, path: &str| judge(home).named(Path::new(path), path).is_ok();
        for (home, path, fits) in [
            ("/dev/shm/home", "/dev/shm/home/data", true),
            ("/srv/homes/otto", "/srv/homes/otto/.cargo/bin", true),
            ("/srv/homes/otto", "/srv/homes/otto/.ssh/x", false),
            ("/srv/homes/otto", "/srv/homes/otto/Library/x", false),
            ("/srv/homes/otto", "/srv/homes/otto/a/id_rsa", false),
            ("/srv/homes/otto", "/dev/shm/otto/x", false),
            ("/srv/homes/otto", "/home/nobody-of-this-name/data", false),
            ("/srv/homes/otto", "/Users/nobody-of-this-name/data", false),
            (
                "/home/nobody-of-this-name",
                "/home/nobody-of-this-name/data",
                true,
            ),
            ("/srv/homes/otto", "/opt/x", true),
            ("/", "/etc/shadow", false),
            ("/", "/opt/x", true),
        ] {
            assert_eq!(named(home, path), fits, "{path} for {home}");
        }
    }

    #[test]
    fn repositories_and_keys_are_found_two_levels_down() {
        let dir = TempDir::new().unwrap();
        for (name, held) in [
            ("plain/a/b", None),
            ("clone/.git", Some("clone/.git")),
            ("around/clone/.git", Some("around/clone/.git")),
            ("keys/home/.ssh", Some("keys/home/.ssh")),
            ("deep/a/b/.git", None),
        ] {
            let path = dir.path().join(name);
            std::fs::create_dir_all(&path).unwrap();
            let top = dir.path().join(name.split('/').next().unwrap());
            assert_eq!(holding(&top), held.map(|it| dir.path().join(it)), "{name}");
        }
        let link = dir.path().join("plain/link");
        symlink(dir.path().join("clone"), link).unwrap();
        assert_eq!(holding(&dir.path().join("plain")), None);
    }
}
