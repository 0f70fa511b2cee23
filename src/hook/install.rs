//! Installing the shims. A hook that is there already is kept, byte for byte, beside ours, and
//! runs after it with the same arguments and the same input; a failure of ours stops it.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::git::{self, Reader};
use crate::record::{Coded, Diagnosis, Rule};
use crate::sys::environment::expand_home;
use crate::sys::file::{self, Access, NewFile};

use super::lfs;
use super::places::{self, MAX_HOOK};
use super::shim::{is_executable, is_ours, kept_path, shim};

pub use super::shim::Side;

/// How one hook stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There is none.
    Missing,
    /// Our shim, as this version writes it for this program.
    Installed,
    /// Our shim, of another version or for another program.
    Outdated,
    /// Our shim, but git would not run it.
    NotExecutable,
    /// Somebody else's hook, and ours is not there.
    Foreign,
}

/// How one hook stands, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookStatus {
    /// The hook's name.
    pub name: &'static str,
    /// Its file.
    pub path: PathBuf,
    /// How it stands.
    pub state: State,
    /// Whether another hook is kept beside it, and run after it.
    pub kept: bool,
}

/// What was done to one hook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookChange {
    /// The hook's name.
    pub name: &'static str,
    /// Its file.
    pub path: PathBuf,
    /// What was done, in words for people.
    pub what: &'static str,
}

/// Hooks could not be installed or looked at.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read or written.
    #[error("cannot use {}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// There are two hooks to keep, and only one can be.
    #[error("cannot keep {}: another hook is kept already as {}", .hook.display(), .kept.display())]
    Taken {
        /// The hook.
        hook: PathBuf,
        /// The one kept already.
        kept: PathBuf,
    },
    /// gitolite would put its own hook back.
    #[error("cannot keep {}: gitolite links it to {}, again and again", .hook.display(), .target.display())]
    Gitolite {
        /// The hook.
        hook: PathBuf,
        /// To where it leads.
        target: PathBuf,
    },
    /// The program's path cannot stand in a shell script.
    #[error("cannot name the program {0:?} in a hook: its path must be absolute and UTF-8")]
    Program(PathBuf),
    /// git could not be told.
    #[error(transparent)]
    Git(#[from] git::Error),
}

impl Coded for Error {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Error::Io { .. } => Diagnosis::unusable(self, Rule::HooksWritable),
            Error::Taken { .. } => {
                let remedy = "join the two hooks in one file, then git awo hooks install";
                Diagnosis::undecided(self, Rule::OneKeptHook, "one hook beside ours", remedy)
            }
            Error::Gitolite { hook, target } => {
                let remedy = "take it out of gitolite's hooks/common, then git awo hooks install";
                let expected = "a hook of this repository alone";
                let (hook, target) = (hook.display(), target.display());
                Diagnosis::against(self, Rule::HookStays, expected, remedy).found(format!(
                    "{hook} leads to {target}, and gitolite links it again"
                ))
            }
            Error::Program(_) => Diagnosis::unusable(self, Rule::ProgramNamed),
            Error::Git(error) => error.diagnosis(),
        }
    }
}

/// Installs the shims of one side, for this program; those that stand already stay.
pub fn install(hooks_dir: &Path, side: Side, program: &Path) -> Result<Vec<HookChange>, Error> {
    let mut changes = Vec::new();
    let all = status(hooks_dir, side, program)?;
    for status in &all {
        if let Some(target) = places::linked_by_gitolite(hooks_dir, &status.path) {
            let hook = status.path.clone();
            return Err(Error::Gitolite { hook, target });
        }
    }
    for status in all {
        let directory = status.path.parent().unwrap_or(hooks_dir);
        fs::create_dir_all(directory).map_err(io(directory))?;
        let text = text_of(status.name, side, program)?;
        let what = match status.state {
            State::Installed => "already installed",
            State::Missing => "installed",
            State::Outdated => "updated",
            State::NotExecutable => "made executable",
            State::Foreign => {
                keep(&status.path)?;
                "installed; the hook that was there is kept and runs after it"
            }
        };
        if status.state != State::Installed {
            write(&status.path, &text)?;
        }
        changes.push(HookChange {
            name: status.name,
            path: status.path,
            what,
        });
    }
    Ok(changes)
}

/// Returns how the hooks of one side stand.
pub fn status(hooks_dir: &Path, side: Side, program: &Path) -> Result<Vec<HookStatus>, Error> {
    let mut list = Vec::new();
    for name in places::names(hooks_dir, side) {
        let path = places::file(hooks_dir, side, name);
        let state = match contents(&path)? {
            None => State::Missing,
            Some(text) if !is_ours(&text) => State::Foreign,
            Some(_) if !is_executable(&path).map_err(io(&path))? => State::NotExecutable,
            Some(text) if text == text_of(name, side, program)?.as_bytes() => State::Installed,
            Some(_) => State::Outdated,
        };
        let kept = exists(&kept_path(&path))?;
        list.push(HookStatus {
            name,
            path,
            state,
            kept,
        });
    }
    Ok(list)
}

/// Returns whether git asks us about each ref of a push by itself, so that one can be refused alone.
/// Where that cannot be told, it does not.
pub fn asks_for_each_ref(reader: &Reader) -> bool {
    const UPDATE: &str = "update";
    let directory = hooks_dir(reader);
    let path = places::file(&directory, Side::Server, UPDATE);
    let ours = || contents(&path).ok()?.filter(|text| is_ours(text));
    places::names(&directory, Side::Server).contains(&UPDATE)
        && ours().is_some()
        && is_executable(&path).is_ok_and(|it| it)
}

/// Removes the shims of one side, and puts back what was there before them.
pub fn uninstall(hooks_dir: &Path, side: Side) -> Result<Vec<HookChange>, Error> {
    let mut changes = Vec::new();
    for name in places::names(hooks_dir, side) {
        let path = places::file(hooks_dir, side, name);
        let kept = kept_path(&path);
        let ours = match contents(&path)? {
            Some(text) => is_ours(&text),
            None => exists(&kept)?,
        };
        let what = if !ours {
            match exists(&path)? {
                true => "left: it is not ours",
                false => "was not installed",
            }
        } else if exists(&kept)? {
            fs::rename(&kept, &path).map_err(io(&path))?;
            "removed; the hook that was there before is back"
        } else {
            fs::remove_file(&path).map_err(io(&path))?;
            "removed"
        };
        changes.push(HookChange { name, path, what });
    }
    Ok(changes)
}

/// Returns where git looks for the hooks of this repository: `core.hooksPath`, if it is set. Where
/// ours were put for Gitaly, it is Gitaly that looks.
pub fn hooks_dir(reader: &Reader) -> PathBuf {
    if let Some(directory) = places::gitaly(reader.git_dir()) {
        return directory;
    }
    match configured(reader) {
        // git runs hooks at the top of the work tree, or in a bare repository.
        Some(path) => reader.work_tree().unwrap_or(reader.git_dir()).join(path),
        None => reader.common_dir().join("hooks"),
    }
}

fn configured(reader: &Reader) -> Option<PathBuf> {
    let value = reader
        .config("core.hooksPath")
        .filter(|value| !value.is_empty())?;
    Some(expand_home(&value))
}

fn text_of(name: &str, side: Side, program: &Path) -> Result<String, Error> {
    shim(name, side, program).ok_or_else(|| Error::Program(program.to_owned()))
}

/// Keeps a hook under its other name. It also stays where it is until ours replaces it, so that
/// there is no moment without any.
fn keep(hook: &Path) -> Result<(), Error> {
    let kept = kept_path(hook);
    if exists(&kept)? {
        // An install that came no further has kept it already, or its program has written it again:
        // git lfs update --force.
        let text = contents(hook)?.filter(|text| !text.is_empty());
        if is_same(hook, &kept)? || (text.is_some() && text == contents(&kept)?) {
            return Ok(());
        }
        // Our `pre-push` does what the one of git-lfs does, unless that is kept.
        if text.is_some_and(|text| lfs::is_of_git_lfs(&text)) {
            return Ok(());
        }
        return Err(Error::Taken {
            hook: hook.to_owned(),
            kept,
        });
    }
    match fs::hard_link(hook, &kept) {
        // A file system without links: then it is moved.
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            fs::rename(hook, &kept).map_err(io(hook))
        }
        other => other.map_err(io(&kept)),
    }
}

/// Returns whether these are two names of one file.
fn is_same(hook: &Path, kept: &Path) -> Result<bool, Error> {
    let file = |path: &Path| {
        let metadata = fs::symlink_metadata(path).map_err(io(path))?;
        Ok::<_, Error>((metadata.dev(), metadata.ino()))
    };
    Ok(file(hook)? == file(kept)?)
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    let hook = NewFile::at(path).over().access(Access::Mode(0o755));
    hook.write(text.as_bytes()).map_err(io(path))
}

fn contents(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    match file::read(path, MAX_HOOK) {
        Ok(Some(text)) => Ok(Some(text)),
        // A link to nowhere is somebody's hook too, and is kept.
        Ok(None) => Ok(exists(path)?.then(Vec::new)),
        Err(error) if is_absent(&error) => Ok(exists(path)?.then(Vec::new)),
        Err(error) => Err(io(path)(error)),
    }
}

fn exists(path: &Path) -> Result<bool, Error> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if is_absent(&error) => Ok(false),
        Err(error) => Err(io(path)(error)),
    }
}

/// `core.hooksPath=/dev/null` turns hooks off: then there are none.
fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Error + use<> {
    let path = path.to_owned();
    move |source| Error::Io { path, source }
}
