//! Installing, running and removing the shims.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::install::{Side, State, hooks_dir, hooks_dir_warning, install, status, uninstall};
use crate::git::{self, Reader};

struct Place {
    dir: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            dir: TempDir::new().unwrap(),
        };
        fs::create_dir(place.hooks()).unwrap();
        place
    }

    fn hooks(&self) -> PathBuf {
        self.dir.path().join("hooks")
    }

    /// A program that says how it was called, and ends with the status that the file holds.
    fn program(&self, status: u8) -> PathBuf {
        let path = self.dir.path().join("it's a git-awo");
        let log = self.dir.path().join("calls").display().to_string();
        script(
            &path,
            &format!("#!/bin/sh\n{{ echo \"awo $*\"; cat; }} >> '{log}'\nexit {status}\n"),
        );
        path
    }

    fn existing(&self, hook: &str) -> String {
        let log = self.dir.path().join("calls").display().to_string();
        let text =
            format!("#!/bin/sh\n# caf\u{e9}\n{{ echo \"theirs $*\"; cat; }} >> '{log}'\nexit 7\n");
        script(&self.hooks().join(hook), &text);
        text
    }

    fn run(&self, hook: &str, args: &[&str], input: &[u8]) -> Output {
        let mut child = Command::new(self.hooks().join(hook))
            .args(args)
            .env("PATH", "/usr/bin:/bin")
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A shim that refuses at once reads nothing.
        let _ = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap()
    }

    fn calls(&self) -> String {
        let path = self.dir.path().join("calls");
        let text = fs::read_to_string(&path).unwrap_or_default();
        let _ = fs::remove_file(&path);
        text
    }

    fn states(&self, side: Side, program: &Path) -> Vec<State> {
        status(&self.hooks(), side, program)
            .unwrap()
            .into_iter()
            .map(|it| it.state)
            .collect()
    }
}

fn script(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn installed_hooks_call_the_program_with_arguments_and_input() {
    let place = Place::new();
    let program = place.program(0);
    for side in [Side::Client, Side::Server] {
        assert!(
            place
                .states(side, &program)
                .iter()
                .all(|it| *it == State::Missing)
        );
        install(&place.hooks(), side, &program).unwrap();
        assert!(
            place
                .states(side, &program)
                .iter()
                .all(|it| *it == State::Installed)
        );
        let again = install(&place.hooks(), side, &program).unwrap();
        assert!(
            again.iter().all(|it| it.what == "already installed"),
            "{again:?}"
        );
    }
    assert!(place.run("pre-receive", &[], b"a\nb\n").status.success());
    assert_eq!(place.calls(), "awo hook pre-receive\na\nb\n");
    assert!(
        place
            .run("pre-push", &["o'r", "a b"], b"x")
            .status
            .success()
    );
    assert_eq!(place.calls(), "awo hook pre-push o'r a b\nx");
    assert!(
        place
            .run("reference-transaction", &["prepared"], b"x\n")
            .status
            .success()
    );
    assert_eq!(
        place.calls(),
        "awo hook reference-transaction prepared\nx\n"
    );
    // Nothing can be stopped any more then, so no process is started.
    assert!(
        place
            .run("reference-transaction", &["committed"], b"x\n")
            .status
            .success()
    );
    assert_eq!(place.calls(), "");
}

#[test]
fn a_refusal_of_the_program_is_the_refusal_of_the_hook() {
    let place = Place::new();
    let program = place.program(3);
    install(&place.hooks(), Side::Server, &program).unwrap();
    assert_eq!(place.run("pre-receive", &[], b"").status.code(), Some(3));
    assert_eq!(
        place
            .run("reference-transaction", &["prepared"], b"")
            .status
            .code(),
        Some(3)
    );
}

#[test]
fn an_existing_hook_is_kept_byte_for_byte_and_runs_after_ours_with_the_same_input() {
    let place = Place::new();
    let names = [
        "pre-receive",
        "reference-transaction",
        "pre-commit",
        "commit-msg",
    ];
    let texts: Vec<_> = names.iter().map(|name| place.existing(name)).collect();
    let program = place.program(0);
    assert!(
        place
            .states(Side::Server, &program)
            .contains(&State::Foreign)
    );
    for side in [Side::Client, Side::Server] {
        install(&place.hooks(), side, &program).unwrap();
    }
    let output = place.run("pre-receive", &["x y"], b"a\nb\n\n");
    assert_eq!(output.status.code(), Some(7), "their verdict counts too");
    assert_eq!(
        place.calls(),
        "awo hook pre-receive x y\na\nb\n\ntheirs x y\na\nb\n\n"
    );
    assert_eq!(
        place.run("commit-msg", &["FILE"], b"").status.code(),
        Some(7)
    );
    assert_eq!(place.calls(), "awo hook commit-msg FILE\ntheirs FILE\n");
    assert_eq!(
        place
            .run("reference-transaction", &["committed"], b"l\n")
            .status
            .code(),
        Some(7)
    );
    assert!(place.calls().ends_with("theirs committed\nl\n"));
    // Ours first: what it refuses, theirs never sees.
    place.program(1);
    assert_eq!(place.run("pre-receive", &[], b"a\n").status.code(), Some(1));
    assert_eq!(place.calls(), "awo hook pre-receive\na\n");
    for side in [Side::Client, Side::Server] {
        uninstall(&place.hooks(), side).unwrap();
    }
    for (name, text) in names.iter().zip(texts) {
        assert_eq!(fs::read(place.hooks().join(name)).unwrap(), text.as_bytes());
    }
    let left = fs::read_dir(place.hooks()).unwrap().count();
    assert_eq!(left, names.len(), "nothing of ours is left");
}

#[test]
fn without_the_program_every_hook_refuses_and_says_how_to_repair() {
    let place = Place::new();
    let program = place.program(0);
    for side in [Side::Client, Side::Server] {
        install(&place.hooks(), side, &program).unwrap();
        fs::remove_file(&program).unwrap();
        for hook in side.hooks() {
            let args: &[&str] = if *hook == "reference-transaction" {
                &["prepared"]
            } else {
                &[]
            };
            let output = place.run(hook, args, b"");
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{hook}");
            assert!(said.contains("git awo hooks install"), "{hook}: {said}");
            assert!(
                said.lines().all(|row| row.chars().count() <= 80),
                "{hook}: {said}"
            );
        }
        place.program(0);
    }
}

#[test]
fn the_state_of_each_hook_is_told_apart() {
    let place = Place::new();
    let program = place.program(0);
    install(&place.hooks(), Side::Server, &program).unwrap();
    let path = place.hooks().join("pre-receive");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(
        place.states(Side::Server, &program)[0],
        State::NotExecutable
    );
    assert_eq!(
        place.states(Side::Server, Path::new("/else/git-awo"))[1],
        State::Outdated
    );
    install(&place.hooks(), Side::Server, &program).unwrap();
    assert!(
        place
            .states(Side::Server, &program)
            .iter()
            .all(|it| *it == State::Installed)
    );
}

#[test]
fn nothing_is_lost_where_two_hooks_would_have_to_be_kept() {
    let place = Place::new();
    let program = place.program(0);
    place.existing("pre-push");
    install(&place.hooks(), Side::Client, &program).unwrap();
    let text = place.existing("pre-push");
    assert!(install(&place.hooks(), Side::Client, &program).is_err());
    assert_eq!(
        fs::read(place.hooks().join("pre-push")).unwrap(),
        text.as_bytes()
    );
    // Somebody else's hook stays where it is, and ours beside it too.
    let changes = uninstall(&place.hooks(), Side::Client).unwrap();
    assert!(
        changes.iter().any(|it| it.what.starts_with("left")),
        "{changes:?}"
    );
    assert!(install(&place.hooks(), Side::Client, Path::new("relative")).is_err());
}

#[test]
fn hooks_go_where_git_looks_for_them() {
    let dir = TempDir::new().unwrap();
    git::run(dir.path(), &["init", "-q", "r"]).unwrap();
    let root = dir.path().join("r").canonicalize().unwrap();
    let at = || {
        let reader = Reader::open(&root.join(".git")).unwrap();
        (hooks_dir(&reader), hooks_dir_warning(&reader).is_some())
    };
    assert_eq!(at(), (root.join(".git/hooks"), false));
    git::run(&root, &["config", "core.hooksPath", ".husky"]).unwrap();
    assert_eq!(at(), (root.join(".husky"), true));
    git::run(&root, &["config", "core.hooksPath", "/etc/hooks"]).unwrap();
    assert_eq!(at(), (PathBuf::from("/etc/hooks"), true));
}
