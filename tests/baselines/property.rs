//! Whatever a directory holds and whatever is done to it, what is put back is what was taken.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::{ROOT, seen, with_state};
use crate::figure::figure;

/// What is done at a path.
#[derive(Clone, Debug)]
enum Act {
    Write(Vec<u8>),
    Link(Vec<u8>),
    Directory,
    Remove,
    Mode(u32),
}

/// Few names, so that acts meet; some of them are bytes, and some mean something to git.
fn name() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::sample::select(vec![&b"a"[..], b"b", b"c", b"a-b", b"A"]).prop_map(<[u8]>::to_vec),
        2 => prop::sample::select(vec![
            &b".gitconfig"[..], b".gitignore", b".gitkeep", b"x.ignored", b"t.txt", b"...", b" ", b"a.", b"CON",
        ])
        .prop_map(<[u8]>::to_vec),
        2 => vec(1_u8..=255, 1..12).prop_map(|mut it| {
            it.retain(|byte| *byte != b'/');
            it.push(b'~');
            it
        }),
    ]
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Vec::new()),
        prop::sample::select(vec![
            &b"one\n"[..],
            b"one\r\ntwo\n",
            b"\r",
            b"$Id$\n",
            b"* text eol=lf\n*.txt eol=crlf filter=shout\n",
            b"*\n",
            b"\0\xff",
        ])
        .prop_map(<[u8]>::to_vec),
        vec(any::<u8>(), 0..200),
    ]
}

fn act() -> impl Strategy<Value = (Vec<Vec<u8>>, Act)> {
    let act = prop_oneof![
        5 => content().prop_map(Act::Write),
        2 => vec(1_u8..=255, 1..30).prop_map(Act::Link),
        2 => Just(Act::Directory),
        2 => Just(Act::Remove),
        2 => prop::sample::select(vec![0o644, 0o755, 0o600, 0o700, 0o444, 0o555]).prop_map(Act::Mode),
    ];
    (vec(name(), 1..4), act)
}

/// Does what can be done: where something stands in the way, it goes.
fn play(root: &Path, acts: &[(Vec<Vec<u8>>, Act)]) {
    for (names, act) in acts {
        let mut path: PathBuf = root.to_owned();
        let (last, leading) = names.split_last().unwrap();
        for name in leading {
            path.push(OsString::from_vec(name.clone()));
            if path.symlink_metadata().is_ok_and(|it| !it.is_dir()) {
                fs::remove_file(&path).unwrap();
            }
            fs::create_dir_all(&path).unwrap();
        }
        path.push(OsString::from_vec(last.clone()));
        let there = path.symlink_metadata().ok();
        if let Act::Mode(mode) = act {
            if there.is_some_and(|it| it.is_file()) {
                fs::set_permissions(&path, fs::Permissions::from_mode(*mode)).unwrap();
            }
            continue;
        }
        if matches!(act, Act::Directory) && there.as_ref().is_some_and(|it| it.is_dir()) {
            continue;
        }
        match there {
            Some(it) if it.is_dir() => fs::remove_dir_all(&path).unwrap(),
            Some(_) => fs::remove_file(&path).unwrap(),
            None => {}
        }
        match act {
            Act::Write(bytes) => fs::write(&path, bytes).unwrap(),
            Act::Link(to) => symlink(OsString::from_vec(to.clone()), &path).unwrap(),
            Act::Directory => fs::create_dir(&path).unwrap(),
            Act::Remove | Act::Mode(_) => {}
        }
    }
}

#[test]
fn whatever_is_done_to_a_state_it_comes_back_as_it_was() {
    let world = with_state();
    let root = world.path("otto").join(ROOT);
    for (key, value) in [
        ("core.autocrlf", "true"),
        ("core.symlinks", "false"),
        ("filter.shout.clean", "tr a-z A-Z"),
        ("filter.shout.smudge", "tr a-z A-Z"),
    ] {
        world.ok("otto", "otto", &["git", "config", key, value]);
    }
    let cases = match std::env::var("AWO_CRASH_POINTS").is_ok() {
        true => 300,
        false => 40,
    };
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let number = std::cell::Cell::new(0);
    TestRunner::new_with_rng(config, random)
        .run(&(vec(act(), 0..25), vec(act(), 0..25)), |(first, then)| {
            number.set(number.get() + 1);
            let name = format!("B-{}", number.get());
            let _ = fs::remove_dir_all(&root);
            fs::create_dir_all(&root).unwrap();
            play(&root, &first);
            let before = seen(&root);
            let task = format!("T-{}", number.get());
            world.amu0("otto", &["create", &name, "--plan", &task]);
            let files = |name: &str, task: &str| {
                world.rev("otto", &format!("refs/awo/amu0/{task}/{name}:files"))
            };
            play(&root, &then);
            let after = seen(&root);
            world.amu0("otto", &["restore", &name, "--force"]);
            prop_assert_eq!(&seen(&root), &before, "after {:?}", after);
            // Taken again, it is the same.
            let again = format!("C-{}", number.get());
            world.amu0("otto", &["create", &again, "--plan", &again]);
            let differs = world.amu0("otto", &["diff", &name, &again]);
            prop_assert!(differs.contains("are the same"), "{}", differs);
            let beside = fs::read_dir(root.parent().unwrap()).unwrap().count();
            prop_assert_eq!(beside, 3, "nothing is left beside it");
            prop_assert_eq!(files(&name, &task), files(&again, &again));
            Ok(())
        })
        .unwrap();
    world.amu0("otto", &["verify"]);
    figure(
        "baselines: states made, changed and restored at random",
        number.get(),
        "0 differ in kind, executable bit, content or an entry too many",
        "0 differ",
    );
}
