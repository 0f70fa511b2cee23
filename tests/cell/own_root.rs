//! A root of its own: what stays open without one, and what it needs.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use super::{Sibling, here, in_cell, told};
use crate::hostile::Case;
use crate::world::{PROGRAM, World};

pub const CASES: &[Case] = &[Case {
    id: "J-05",
    attack: "a confined command changes mode, owner, times or attributes of a file outside, sees or watches it, or changes how \
             another process is scheduled",
    answer: "open in a cell, as docs/cell.md says; denied with a root of its own",
    tests: &["cell::own_root::what_stays_open_is_closed_by_a_root_of_its_own"],
}];

/// An ordinary user with a repository: whoever runs this, or nobody where that is root.
struct Ordinary {
    dir: tempfile::TempDir,
    program: PathBuf,
    user: u32,
}

impl Ordinary {
    fn new() -> Self {
        let own = rustix::process::getuid();
        let user = if own.is_root() { 65_534 } else { own.as_raw() };
        let dir = tempfile::TempDir::new().unwrap();
        let root = dir.path().canonicalize().unwrap();
        // Where that user may execute it.
        let program = root.join("git-awo");
        std::fs::copy(PROGRAM, &program).unwrap();
        std::fs::write(root.join("victim"), "whole\n").unwrap();
        for path in [&root, &root.join("victim")] {
            std::os::unix::fs::chown(path, Some(user), Some(user)).unwrap();
        }
        let this = Self { dir, program, user };
        let made = this.run(&[
            "sh",
            "-ec",
            "git init -q r; cd r; echo x > file; git add file; \
             git -c user.name=n -c user.email=n@example.org commit -qm c",
        ]);
        assert!(made.status.success(), "{made:?}");
        this
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join(name)
    }

    fn command(&self, words: &[&str]) -> Command {
        let [program, args @ ..] = words else {
            panic!("no command");
        };
        let mut command = Command::new(program);
        let place = [self.path("r"), self.path("")];
        let place = place.iter().find(|it| it.is_dir()).unwrap();
        command.args(args).current_dir(place).env_clear();
        if rustix::process::getuid().is_root() {
            command.uid(self.user).gid(self.user);
        }
        command.env("PATH", "/usr/bin:/bin");
        command
            .env("HOME", self.path(""))
            .env("TMPDIR", self.path(""));
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Runs a command in a cell, with or without a root of its own.
    fn in_cell(&self, own_root: bool, words: &[&str]) -> Output {
        let program = self.program.display().to_string();
        let mut all = vec![program.as_str(), "cell"];
        if own_root {
            all.push("--own-root");
        }
        all.push("--");
        all.extend(words);
        self.run(&all)
    }
}

/// What docs/cell.md says of what a cell does not do, and of what a root of its own closes.
#[test]
fn what_stays_open_is_closed_by_a_root_of_its_own() {
    if !here::gives_a_root() {
        return;
    }
    let user = Ordinary::new();
    let mut sibling = user.command(&["sleep", "600"]);
    let sibling = sibling.stdout(Stdio::null()).stderr(Stdio::null());
    let sibling = Sibling(sibling.spawn().unwrap());
    let arguments = [
        user.path("victim").display().to_string(),
        user.path("r/.git/objects").display().to_string(),
        sibling.0.id().to_string(),
    ];
    let mut script = vec!["/usr/bin/python3", "-c", include_str!("open.py")];
    script.extend(arguments.iter().map(String::as_str));
    let found = |output: Output| {
        assert!(output.status.success(), "{output:?}");
        told(&String::from_utf8(output.stdout).unwrap())
    };
    let still_open = |found: &BTreeMap<String, String>| -> Vec<String> {
        let open = found.iter().filter(|(_, how)| *how == "done");
        open.map(|(name, _)| name.clone()).collect()
    };
    let mode = || {
        let found = std::fs::metadata(user.path("victim")).unwrap();
        found.permissions().mode() & 0o777
    };
    let before = mode();
    let rooted = found(user.in_cell(true, &script));
    // What it may read it may lock.
    assert_eq!(still_open(&rooted), ["lock"], "{rooted:?}");
    assert_eq!(mode(), before);
    let plain = found(user.in_cell(false, &script));
    let mut names = still_open(&plain);
    // Not every file system has attributes of users.
    names.retain(|name| name != "attributes");
    let expected = [
        "lock",
        "mode",
        "mode of objects",
        "owner",
        "priority",
        "processors",
        "scheduling",
        "stat",
        "times",
        "watch",
    ];
    assert_eq!(names, expected, "{plain:?}");
    assert_eq!(mode(), 0o640);
    let free = found(user.run(&script));
    assert!(still_open(&free).contains(&"read".to_owned()), "{free:?}");
    assert_eq!(plain["attributes"], free["attributes"]);
}

/// Whoever may have a namespace of users needs no right of root.
#[test]
fn an_ordinary_user_has_it_too() {
    if !here::gives_a_root() {
        return;
    }
    let user = Ordinary::new();
    let script = "id -u; cat file; echo y > file; git status --short; test ! -e ../../victim; \
                  cat /proc/self/status; chmod 600 /usr/bin/env && exit 1; exit 0";
    let output = user.in_cell(true, &["sh", "-ec", script]);
    let (text, said) = [&output.stdout, &output.stderr]
        .map(|it| String::from_utf8_lossy(it))
        .into();
    assert!(output.status.success(), "{text}{said}");
    assert!(said.contains("limits, own-root, signals"), "{said}");
    assert!(text.starts_with(&format!("{}\nx\n", user.user)), "{text}");
    assert!(text.contains("CapEff:\t0000000000000000"), "{text}");
}

/// Runs a script of the shell in a cell of otto's clone with a root of its own.
fn rooted(world: &World, script: &str) -> (i32, String) {
    in_cell(world, &["--own-root"], script)
}

#[test]
fn it_has_what_programs_look_for() {
    if !here::gives_a_root() {
        return;
    }
    let world = World::founded();
    for work in [
        "/usr/bin/python3 -c 'import multiprocessing as m\nm.Pool(2).map(abs, [1, 2])\n\
         q = m.Queue()\np = m.Process(target=q.put, args=(1,))\np.start()\nassert q.get() == 1\np.join()'",
        "! command -v bash || bash -c 'cat <(echo said); echo x > >(cat)'",
        "test \"$(cat /proc/self/comm)\" = cat; test -d /proc/1; test ! -w /proc/sys/kernel/core_pattern; ls /dev/fd/",
        "echo x > /tmp/file; echo x > /dev/shm/file; mkdir /tmp/d; test \"$(ls /tmp)\" != ''",
        // The first process reaps what others leave.
        "(setsid sh -c 'sleep 0.1' &); sleep 0.4; ! grep -s 'State:.*zombie' /proc/[0-9]*/status",
    ] {
        let (code, text) = rooted(&world, work);
        assert_eq!(code, 0, "{work}\n{text}");
        assert!(text.contains("limits, own-root, signals"), "{text}");
    }
    let left = "ls -d /tmp/file /dev/shm/file 2>/dev/null; ls -d tmp/awo-run-* 2>/dev/null; true";
    assert_eq!(world.ok("otto", ".", &["sh", "-c", left]), "");
}

#[test]
fn it_ends_as_the_command_did() {
    if !here::gives_a_root() {
        return;
    }
    let world = World::founded();
    assert_eq!(rooted(&world, "exit 7").0, 7);
    assert_eq!(rooted(&world, "kill -TERM $$").0, 128 + 15);
    assert_eq!(rooted(&world, "kill -KILL $$").0, 128 + 9);
    let none = ["git", "awo", "cell", "--own-root", "--", "no-such-program"];
    let text = world.refused("otto", "otto", &none, "INT-005 command-starts");
    assert!(text.contains("No such file"), "{text}");
}

/// Home, temporary files and shared memory together have a gigabyte; the first process cannot be looked into.
#[test]
fn what_it_writes_outside_of_its_work_tree_has_an_end() {
    if !here::gives_a_root() {
        return;
    }
    let world = World::founded();
    let script = "head -c 1100m /dev/zero > /tmp/a && exit 1; rm /tmp/a; \
                  head -c 600m /dev/zero > \"$HOME/a\"; head -c 600m /dev/zero > /dev/shm/b && exit 1; \
                  cat /proc/1/environ && exit 1; readlink /proc/1/fd/3 && exit 1; echo x > /proc/1/fd/3 && exit 1; kill -KILL 1 || true; \
                  mkdir /made && exit 1; chmod 700 / && exit 1; touch /usr/bin/sh && exit 1; exit 0";
    let (code, text) = rooted(&world, script);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("No space left"), "{text}");
    assert!(text.contains("Read-only file system"), "{text}");
}

/// The kernel ends what a command leaves with the first process of its namespace.
#[test]
fn nothing_outlives_it() {
    if !here::gives_a_root() {
        return;
    }
    let world = World::founded();
    let script = "(setsid sh -c 'while :; do sleep 0.1; echo x >> living; done' &); sleep 0.3";
    let words = ["git", "awo", "cell", "--own-root", "--", "sh", "-c", script];
    world.ok("otto", "otto", &words);
    let seen =
        "for p in /proc/[0-9]*; do if grep -aqs '>> [l]iving' $p/cmdline; then echo $p; fi; done";
    assert_eq!(world.ok("otto", ".", &["sh", "-c", seen]), "");
}
