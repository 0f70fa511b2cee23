//! What a contract asks to be read, on this machine.

use std::path::{Path, PathBuf};

use crate::record::contract::may_read;
use crate::sys::environment;

/// Returns what a contract calls by this name and a cell may let be read, or why it may not. What is not there is not
/// granted.
pub fn asked(name: &str, closed: &[PathBuf]) -> Result<Option<PathBuf>, String> {
    let fail = |why: &str| format!("{name}: {why}");
    may_read(name).map_err(fail)?;
    let Ok(place) = environment::expand_home(name).canonicalize() else {
        return Ok(None);
    };
    // A symlink may have led anywhere.
    let text = place
        .to_str()
        .ok_or_else(|| fail("its name is not UTF-8"))?;
    may_read(text).map_err(|why| format!("{name} is {text}: {why}"))?;
    let home = environment::home();
    let closed = closed.iter().cloned().chain(home);
    let closed = closed.filter_map(|it| it.canonicalize().ok());
    for inside in closed {
        if inside.starts_with(&place) {
            let inside = inside.display();
            return Err(fail(&format!("it holds {inside}, which stays closed")));
        }
    }
    match is_repository(&place) {
        true => Err(fail("it is a repository")),
        false => Ok(Some(place)),
    }
}

fn is_repository(place: &Path) -> bool {
    let has = |name: &str| place.join(name).symlink_metadata().is_ok();
    has(".git") || (has("HEAD") && has("objects") && has("refs"))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use tempfile::TempDir;

    #[test]
    fn a_link_to_what_stays_closed_is_seen_through() {
        let dir = TempDir::new().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let path = |name: &str| root.join(name).to_str().unwrap().to_owned();
        for name in [
            "data/part",
            "home/.ssh",
            "clone/.git",
            "bare/refs",
            "bare/objects",
        ] {
            std::fs::create_dir_all(path(name)).unwrap();
        }
        std::fs::write(path("bare/HEAD"), "x").unwrap();
        symlink(path("home/.ssh"), path("keys")).unwrap();
        symlink("/etc", path("settings")).unwrap();
        symlink(path("data"), path("link")).unwrap();
        let closed = [path("home").into(), path("clone").into()];
        let found = |name: &str| asked(&path(name), &closed);
        assert_eq!(found("data"), Ok(Some(path("data").into())));
        assert_eq!(found("link"), Ok(Some(path("data").into())));
        assert_eq!(found("nothing"), Ok(None));
        for bad in ["keys", "settings", "home", "clone", "bare", ""] {
            assert!(found(bad).is_err(), "{bad}");
        }
        assert!(asked("~", &[]).is_err());
        let home = environment::home().unwrap();
        assert!(asked(home.to_str().unwrap(), &[]).is_err());
    }
}
