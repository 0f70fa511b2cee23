//! The commands of baselines: what stands in the directory is the old state or the new one, whole.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use super::client::own;
use super::{Case, swept};
use crate::baselines::{ODD, ROOT, promotions, with_files};
use crate::world::World;

/// otto has a baseline, and has changed everything since.
fn changed() -> World {
    let world = with_files();
    let root = world.path("otto").join(ROOT);
    // Calls are told one a line, with the path.
    let odd = |name: &[u8]| root.join(OsStr::from_bytes(name));
    fs::rename(odd(ODD), odd(b"\xff\xfe \x01\"")).unwrap();
    world.amu0("otto", &["create", "BASE"]);
    for path in ["plain", "deep/plain", "added", "deep/new/added"] {
        world.write(&format!("otto/{ROOT}/{path}"), "changed\n");
    }
    fs::remove_file(root.join("dangling")).unwrap();
    fs::remove_dir_all(root.join("empty")).unwrap();
    world
}

/// The directory is gone, and what leads to it.
fn gone() -> World {
    let world = changed();
    fs::remove_dir_all(world.path("otto").join(ROOT)).unwrap();
    world
}

const STATE: &[&str] = &["otto/src/state"];

/// What stands in the directory is never a part of one state and a part of the other.
fn whole(stage: fn() -> World, words: &'static [&'static str]) -> Case {
    Case {
        files: STATE,
        whole: true,
        ..own(stage, "otto", words)
    }
}

swept! {
    a_baseline_is_created_or_not: whole(with_files, &["git", "awo", "amu0", "create", "BASE"]);
    a_state_is_restored_whole_or_not_at_all: whole(changed, &["git", "awo", "amu0", "restore", "BASE", "--force"]);
    a_state_is_restored_whole_where_there_was_none: whole(gone, &["git", "awo", "amu0", "restore", "BASE"]);
    a_run_is_promoted_or_not: own(promotions::finalized, "otto", &["git", "awo", "amu0", "promote", promotions::FIRST, "NEXT"]);
}
