//! The world in which the quickstart plays.

use std::path::{Path, PathBuf};

use crate::record::{Rule, chain_of};
use crate::rules::selftest;
use crate::sandbox::{self, Setting, World};
use crate::store;
use crate::sys::random;

use super::Error;

/// Makes a new directory in the temporary one, and keeps it.
pub fn place() -> Result<PathBuf, Error> {
    let made = tempfile::Builder::new()
        .prefix("git-awo-quickstart-")
        .tempdir();
    match made {
        Ok(directory) => Ok(directory.keep()),
        Err(error) => Err(Error::unusable(
            Rule::QuickstartFiles,
            "cannot make a directory",
            &error,
        )),
    }
}

/// Makes an empty world, and puts this very program where `git awo` will find it.
pub fn stage(root: &Path, program: &Path) -> Result<World, Error> {
    let secret = random::bytes().map_err(|_| store::Error::Random)?;
    let setting = Setting {
        secret,
        ..Setting::LIVE
    };
    let world = World::new(root, program, setting).map_err(failed)?;
    let bin = world.path("bin");
    std::fs::create_dir_all(&bin)
        .and_then(|()| std::os::unix::fs::symlink(program, bin.join("git-awo")))
        .map_err(|source| failed(sandbox::Error::Io { path: bin, source }))?;
    Ok(world)
}

/// Returns what it amounts to that the quickstart could not go on.
pub fn failed(error: sandbox::Error) -> Error {
    let what = chain_of(&error);
    match error {
        sandbox::Error::NotEmpty { path } => {
            Error::usage(format!("{} is not empty", path.display()))
                .hint("git awo quickstart NEW-DIR")
        }
        sandbox::Error::Failed { .. } | sandbox::Error::NotRefused { .. } => {
            let step = selftest::quickstart_step(&what);
            Error::undecided(what, step)
        }
        error => Error::unusable(Rule::QuickstartFiles, what, &error),
    }
}
