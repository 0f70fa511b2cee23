//! What a contract asks to be read, on this machine.

use std::path::PathBuf;

use super::judged::Judge;
use crate::record::contract::may_read;
use crate::sys::environment;

/// Returns what a contract calls by this name and a cell may let be read, or why it may not. What is not there is not
/// granted.
pub fn asked(name: &str, closed: &[PathBuf]) -> Result<Option<PathBuf>, String> {
    of(name, &Judge::new(closed))
}

fn of(name: &str, judge: &Judge) -> Result<Option<PathBuf>, String> {
    let fail = |why: &str| format!("{name}: {why}");
    may_read(name).map_err(fail)?;
    let place = match (name.strip_prefix("~/"), &judge.home) {
        (Some(below), Some(home)) => home.join(below),
        _ => environment::expand_home(name),
    };
    judge.place(&place, None).map_err(|why| fail(&why))
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
        let path = |name: &str| root.join(name);
        for name in [
            "data/part",
            "closed/x",
            "clone/.git",
            "clone/data",
            "around/clone/.git",
            "bare/refs",
            "bare/objects",
            ".ssh",
            "down/a",
        ] {
            std::fs::create_dir_all(path(name)).unwrap();
        }
        std::fs::write(path("bare/HEAD"), "x").unwrap();
        symlink(path(".ssh"), path("keys")).unwrap();
        symlink("/etc", path("settings")).unwrap();
        symlink("/dev/shm", path("shared")).unwrap();
        symlink("/proc/self", path("process")).unwrap();
        symlink(&root, path("all")).unwrap();
        symlink(path("clone"), path("down/a/way")).unwrap();
        symlink(path("data"), path("link")).unwrap();
        let judge = Judge {
            home: Some(root.clone()),
            closed: vec![path("closed")],
        };
        let found = |name: &str| of(&format!("~/{name}"), &judge);
        for good in ["data", "link"] {
            assert_eq!(found(good), Ok(Some(path("data"))));
        }
        assert_eq!(found("nothing"), Ok(None));
        for bad in [
            "keys",
            "settings",
            "shared",
            "process",
            "all",
            "closed",
            "closed/x",
            "clone",
            "clone/data",
            "down/a/way/data",
            "around",
            "bare",
            "bare/refs",
            "",
        ] {
            assert!(found(bad).is_err(), "{bad}");
        }
        assert!(asked("~", &[]).is_err());
        let home = environment::home().unwrap();
        assert!(asked(home.to_str().unwrap(), &[]).is_err());
    }
}
