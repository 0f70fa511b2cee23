//! Installing, running and removing the shims.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::install::{Side, State, hooks_dir, install, status, uninstall};
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
    // Its program writes the same hook again, over ours: there is only one to keep.
    place.existing("pre-push");
    install(&place.hooks(), Side::Client, &program).unwrap();
    let text = place.existing("pre-push").replace("exit 7", "exit 8");
    script(&place.hooks().join("pre-push"), &text);
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
    // An install that was killed had kept it; the next one goes on.
    let kept = place.hooks().join("commit-msg.before-awo");
    place.existing("commit-msg");
    fs::hard_link(place.hooks().join("commit-msg"), kept).unwrap();
    fs::remove_file(place.hooks().join("pre-push")).unwrap();
    install(&place.hooks(), Side::Client, &program).unwrap();
}

#[test]
fn hooks_go_where_git_looks_for_them() {
    let dir = TempDir::new().unwrap();
    git::run(dir.path(), &["init", "-q", "r"]).unwrap();
    let root = dir.path().join("r").canonicalize().unwrap();
    let at = || hooks_dir(&Reader::open(&root.join(".git")).unwrap());
    assert_eq!(at(), root.join(".git/hooks"));
    git::run(&root, &["config", "core.hooksPath", ".husky"]).unwrap();
    assert_eq!(at(), root.join(".husky"));
    git::run(&root, &["config", "core.hooksPath", "/etc/hooks"]).unwrap();
    assert_eq!(at(), PathBuf::from("/etc/hooks"));
}

/// A hook of a server that runs a directory of hooks.
const DISPATCHER: &str = "#!/bin/sh\ninput=$(cat)\nfor hook in \"$0.d/\"*; do\n\t\
    [ ! -x \"$hook\" ] || echo \"$input\" | \"$hook\" || exit\ndone\n";

#[test]
fn where_a_server_runs_a_directory_of_hooks_ours_is_one_of_them() {
    let place = Place::new();
    let program = place.program(0);
    let hook = place.hooks().join("pre-receive");
    // The directory alone is no reason: nobody looks into it yet.
    fs::create_dir(place.hooks().join("pre-receive.d")).unwrap();
    install(&place.hooks(), Side::Server, &program).unwrap();
    assert!(
        fs::read(&hook)
            .unwrap()
            .starts_with(b"#!/bin/sh\n# >>> git-awo >>>")
    );
    uninstall(&place.hooks(), Side::Server).unwrap();

    script(&hook, DISPATCHER);
    assert_eq!(place.states(Side::Server, &program)[0], State::Missing);
    install(&place.hooks(), Side::Server, &program).unwrap();
    assert_eq!(
        fs::read_to_string(&hook).unwrap(),
        DISPATCHER,
        "theirs is left alone"
    );
    assert!(place.hooks().join("pre-receive.d/git-awo").is_file());
    assert!(place.hooks().join("reference-transaction").is_file());
    assert!(place.run("pre-receive", &[], b"a\nb\n").status.success());
    assert_eq!(place.calls(), "awo hook pre-receive\na\nb\n");
    place.program(3);
    assert_eq!(place.run("pre-receive", &[], b"a\n").status.code(), Some(3));
    place.calls();

    // A dispatcher that is not run dispatches nothing.
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(place.states(Side::Server, &program)[0], State::Foreign);
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(place.states(Side::Server, &program)[0], State::Installed);
    uninstall(&place.hooks(), Side::Server).unwrap();
    assert_eq!(
        fs::read_dir(place.hooks().join("pre-receive.d"))
            .unwrap()
            .count(),
        0
    );
    assert_eq!(fs::read_to_string(&hook).unwrap(), DISPATCHER);
}

#[test]
fn for_gitlab_they_go_below_custom_hooks_and_are_found_there() {
    let dir = TempDir::new().unwrap();
    git::run(dir.path(), &["init", "-q", "--bare", "r.git"]).unwrap();
    let root = dir.path().join("r.git").canonicalize().unwrap();
    let reader = Reader::open(&root).unwrap();
    let (hooks, program) = (root.join("custom_hooks"), Path::new("/bin/git-awo"));
    fs::create_dir(&hooks).unwrap();
    assert_eq!(
        hooks_dir(&reader),
        root.join("hooks"),
        "none of ours is there"
    );
    install(&hooks, Side::Server, program).unwrap();
    assert_eq!(hooks_dir(&reader), hooks);
    let all = status(&hooks, Side::Server, program).unwrap();
    let files: Vec<_> = all
        .iter()
        .map(|it| it.path.strip_prefix(&hooks).unwrap())
        .collect();
    let expected = ["pre-receive.d/git-awo", "post-receive.d/git-awo"];
    assert_eq!(files, expected.map(Path::new));
    assert!(all.iter().all(|it| it.state == State::Installed));
    uninstall(&hooks, Side::Server).unwrap();
    assert_eq!(hooks_dir(&reader), root.join("hooks"));
}

#[test]
fn a_hook_that_gitolite_links_is_not_replaced_and_nothing_is_installed() {
    let place = Place::new();
    let program = place.program(0);
    let common = place.dir.path().join("local/hooks/common");
    fs::create_dir_all(&common).unwrap();
    let link = |name: &str| {
        script(&common.join(name), "#!/bin/sh\n");
        std::os::unix::fs::symlink(common.join(name), place.hooks().join(name)).unwrap();
    };
    link("post-receive");
    install(&place.hooks(), Side::Server, &program).unwrap();
    uninstall(&place.hooks(), Side::Server).unwrap();
    // Only gitolite links again; its own hook is `update`.
    link("update");
    let error = install(&place.hooks(), Side::Server, &program).unwrap_err();
    assert!(error.to_string().contains("gitolite"), "{error}");
    assert!(!place.hooks().join("pre-receive").exists());
    fs::remove_file(place.hooks().join("post-receive")).unwrap();
    install(&place.hooks(), Side::Server, &program).unwrap();
    assert!(place.hooks().join("update").is_symlink());
}
