//! Whatever is done in two branches, their merged page is what the merged tree makes.

use std::cell::Cell;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::{CHECK, RECONCILE, with_branch};
use crate::figure::size;
use crate::world::World;

/// Few names, so that acts meet; some mean something to Markdown.
fn path() -> impl Strategy<Value = Vec<u8>> {
    let name = prop::sample::select(vec![
        &b"a"[..],
        b"b_c",
        b"[x](y)",
        b"d e",
        b"\xff",
        b"INDEX.md",
        b"_f_",
    ]);
    let prefix = prop::sample::select(vec!["docs", "docs/specs", "docs/specs/deep", "src"]);
    (prefix, name).prop_map(|(prefix, name)| [prefix.as_bytes(), b"/", name].concat())
}

/// What one branch does: whether it writes or removes each path.
fn acts() -> impl Strategy<Value = Vec<(Vec<u8>, bool)>> {
    vec((path(), prop::bool::weighted(0.7)), 0..8)
}

fn act(world: &World, acts: &[(Vec<u8>, bool)]) {
    for (path, writes) in acts {
        let is_page = path == b"docs/INDEX.md" || path == b"docs/specs/INDEX.md";
        let path = world
            .path("otto")
            .join(PathBuf::from(std::ffi::OsStr::from_bytes(path)));
        if *writes {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, if is_page { "by hand\n" } else { "x\n" }).unwrap();
        } else {
            let _ = fs::remove_file(&path);
        }
    }
    world.ok("otto", "otto", RECONCILE);
    let said = world.ok("otto", "otto", RECONCILE);
    assert!(
        said.contains("every page is what the work tree makes"),
        "{said}"
    );
    world.ok("otto", "otto", CHECK);
    world.commit("otto", "acts");
}

#[test]
fn whatever_is_done_a_page_is_what_the_files_make() {
    let config = Config {
        cases: u32::try_from(size("AWO_PAGES", 12)).unwrap(),
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let world = with_branch();
    let rounds = Cell::new(0);
    let strategy = (
        acts(),
        acts(),
        acts(),
        any::<prop::sample::Index>(),
        any::<u8>(),
    );
    runner
        .run(&strategy, |(base, ours, theirs, at, byte)| {
            rounds.set(rounds.get() + 1);
            let round = rounds.get();
            let git = |words: &[&str]| world.ok("otto", "otto", &[&["git"], words].concat());
            git(&["switch", "-q", "-c", &format!("base-{round}"), "wip/x"]);
            act(&world, &base);
            git(&["switch", "-q", "-c", &format!("theirs-{round}")]);
            act(&world, &theirs);
            git(&[
                "switch",
                "-q",
                "-c",
                &format!("ours-{round}"),
                &format!("base-{round}"),
            ]);
            act(&world, &ours);
            // All files have the same content: which one was renamed to which is not for a page to say.
            let theirs = format!("theirs-{round}");
            git(&[
                "-c",
                "merge.renames=false",
                "merge",
                "-q",
                "--no-edit",
                &theirs,
            ]);
            world.ok("otto", "otto", CHECK);
            for page in ["otto/docs/INDEX.md", "otto/docs/specs/INDEX.md"] {
                let Ok(good) = fs::read(world.path(page)) else {
                    continue;
                };
                let mut bad = good.clone();
                let at = at.index(bad.len());
                bad[at] = byte;
                fs::write(world.path(page), &bad).unwrap();
                let done = world.run("otto", "otto", CHECK);
                assert_eq!(done.code, i32::from(bad != good), "{}", done.text);
                fs::write(world.path(page), &good).unwrap();
            }
            Ok(())
        })
        .unwrap();
}
