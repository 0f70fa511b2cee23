//! The cell of a command: what it denies, what it leaves alone, and what it says where it cannot be had.

mod governed;
pub mod here;
mod hostile;
mod own_root;
mod pretend;
mod terms;

pub use governed::CASES as GOVERNED;
pub use hostile::CASES;
pub use own_root::CASES as OWN_ROOT;
pub use terms::CASES as TERMS;

use std::collections::BTreeMap;
use std::process::Child;

use crate::world::{PROGRAM, World};

/// Runs a script of the shell in a cell of otto's clone, opened with these options.
fn in_cell(world: &World, options: &[&str], script: &str) -> (i32, String) {
    let mut words = vec!["git", "awo", "cell"];
    words.extend(options);
    words.extend(["--", "sh", "-ec", script]);
    let done = world.run("otto", "otto", &words);
    (done.code, done.text)
}

/// Reads what a script printed of each thing that it tried: `NAME: HOW`.
fn told(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter_map(|line| line.split_once(": "));
    lines
        .map(|(name, how)| (name.to_owned(), how.to_owned()))
        .collect()
}

/// A process outside. It ends with the test, also with one that fails.
struct Sibling(Child);

impl Drop for Sibling {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn what_work_needs_is_left_alone() {
    if !here::confines() {
        return;
    }
    let world = World::founded();
    let works = [
        "cat README.md; echo more >> README.md; mkdir d; mv README.md d/; rm -r d",
        "git status --short; git log -1 --oneline; echo x > new; git add new; \
         git -c user.name=o -c user.email=o@example.org commit -qm new; git gc -q; git fsck",
        "test \"$(mktemp)\" != ''; test -w \"$TMPDIR\"; echo x > \"$HOME/kept\"; cat \"$HOME/kept\"",
        "(sleep 0.1; echo child > c) & wait; seq 9 | sort -r | head -1; cat c",
        "echo said > /dev/stdout; echo said > /dev/stderr; head -c 4 /dev/urandom > /dev/null",
        "cat /etc/passwd > /dev/null; ls /usr/bin > /dev/null; id; date",
        "printf 'import unittest\\nclass T(unittest.TestCase):\\n def test(self): self.assertTrue(1)\\n' > test_t.py; \
         /usr/bin/python3 -m unittest -q test_t",
        "/usr/bin/python3 -c 'import socket, threading, subprocess\n\
         a, b = socket.socketpair()\na.send(b\"x\")\nassert b.recv(1) == b\"x\"\n\
         t = threading.Thread(target=lambda: subprocess.check_call([\"true\"]))\nt.start()\nt.join()'",
        "! command -v cc || { echo 'int main(void){return 0;}' > t.c; cc t.c -o t; ./t; }",
    ];
    for work in works {
        let (code, text) = in_cell(&world, &[], work);
        assert_eq!(code, 0, "{work}\n{text}");
        assert!(!text.contains("did not hold"), "{text}");
        for layer in [
            "calls",
            "capabilities",
            "descriptors",
            "files",
            "limits",
            "signals",
        ] {
            assert!(text.contains(layer), "{layer} held: {text}");
        }
    }
    let clone = world.ok("otto", "otto", &["git", "status", "--short"]);
    assert_eq!(clone, "", "nothing is kept of what was tried");
    let left = world.ok(
        "otto",
        ".",
        &["sh", "-c", "ls -d tmp/awo-run-* 2>/dev/null || true"],
    );
    assert_eq!(left, "");
}

/// Needs a toolchain, and takes seconds.
#[test]
#[ignore = "builds with cargo"]
fn cargo_builds_offline() {
    if !here::confines() {
        return;
    }
    let world = World::founded();
    let script = "cargo init -q --name tiny --vcs none d; cd d; cargo build --offline; cargo test --offline; \
                  target/debug/tiny";
    let mut command = world.command(
        "otto",
        "otto",
        &["git", "awo", "cell", "--", "sh", "-ec", script],
    );
    let home = std::env::home_dir().unwrap();
    for (variable, below) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        let place = std::env::var_os(variable).map_or(home.join(below), Into::into);
        command.env(variable, place);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(output.stdout.ends_with(b"Hello, world!\n"), "{text}");
}

#[test]
fn it_ends_as_the_command_did_and_says_what_held() {
    if !here::confines() {
        return;
    }
    let world = World::founded();
    assert_eq!(in_cell(&world, &[], "exit 7").0, 7);
    assert_eq!(in_cell(&world, &[], "kill -TERM $$").0, 128 + 15);
    let words = ["git", "awo", "--json", "cell", "--", "echo", "{said}"];
    let output = world.command("otto", "otto", &words).output().unwrap();
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["exit_code"], 0);
    assert_eq!(
        value["cell"]["held"].as_array().unwrap().len(),
        6,
        "{value}"
    );
    assert!(output.stderr.starts_with(b"{said}\n"));
    let none = ["git", "awo", "cell", "--", "no-such-program"];
    let text = world.refused("otto", "otto", &none, "INT-005 command-starts");
    assert!(text.contains("No such file"), "{text}");
    world.refused(
        "otto",
        "otto",
        &["git", "awo", "cell", "--rev", "nowhere", "--", "true"],
        "nowhere",
    );
    let bare = world.run("otto", ".", &["git", "awo", "cell", "--", "true"]);
    assert_ne!(bare.code, 0, "there is no repository: {}", bare.text);
}

#[test]
fn its_environment_is_its_own() {
    let world = World::founded();
    let mut command = world.command("otto", "otto", &["git", "awo", "cell", "--", "env"]);
    command
        .env("SSH_AUTH_SOCK", "/agent")
        .env("DOCKER_HOST", "unix:///d")
        .env("KEPT", "kept");
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let get = |name: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name}=")));
        line.map(str::to_owned)
    };
    assert_eq!(get("SSH_AUTH_SOCK"), None);
    assert_eq!(get("DOCKER_HOST"), None);
    assert_eq!(
        get("AWO_ALLOW_RUN"),
        None,
        "nothing in a run starts another one"
    );
    assert_eq!(get("KEPT").as_deref(), Some("kept"));
    assert_eq!(get("GIT_CONFIG_GLOBAL").as_deref(), Some("/dev/null"));
    for name in ["HOME", "TMPDIR"] {
        let place = get(name).unwrap();
        assert!(place.contains("/awo-run-"), "{name} is {place}");
    }
}

/// A variable, or a symlink where a toolchain would be, may name anything.
#[test]
fn what_must_stay_closed_is_not_granted_by_a_toolchain() {
    if !here::confines() {
        return;
    }
    let world = World::founded();
    world.write("home/otto/.ssh/toolchains/id", "secret");
    world.write("home/otto/.ssh/versions/id", "secret");
    world.write("home/otto/rust/toolchains/x/said", "granted");
    world.write("home/otto/py/versions/x/said", "granted");
    world.write("olga/versions/said", "secret");
    let tried = |variable: &str, root: &str, inner: &str| {
        let file = world.path(root).join(inner).display().to_string();
        let script = format!("cat '{file}' >&2 || echo denied >&2");
        let words = ["git", "awo", "--json", "cell", "--", "sh", "-c", &script];
        let mut command = world.command("otto", "otto", &words);
        let output = command.env(variable, world.path(root)).output().unwrap();
        let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let why = value["cell"]["not_held"]["files"].as_str();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (why.map(str::to_owned), said)
    };
    for (variable, root, inner) in [
        ("RUSTUP_HOME", "home/otto/rust", "toolchains/x/said"),
        ("PYENV_ROOT", "home/otto/py", "versions/x/said"),
    ] {
        let (why, said) = tried(variable, root, inner);
        assert_eq!(why, None, "{variable}");
        assert!(said.contains("granted"), "{variable}: {said}");
    }
    for (variable, root, inner) in [
        ("RUSTUP_HOME", "home/otto/.ssh", "toolchains/id"),
        ("PYENV_ROOT", "home/otto/.ssh", "versions/id"),
        ("PYENV_ROOT", "olga", "versions/said"),
        ("PYENV_ROOT", "home/otto", ".ssh/versions/id"),
        ("CARGO_HOME", "otto/..", "home/otto/.ssh/versions/id"),
    ] {
        let (why, said) = tried(variable, root, inner);
        let why = why.unwrap_or_else(|| panic!("{variable}={root}: {said}"));
        assert!(why.contains(variable), "{why}");
        assert!(said.contains("denied"), "{variable}={root}: {said}");
    }
    // A run that requires the layer does not start.
    let done = governed::asked("required");
    let words = governed::words("mkdir -p src; touch src/x");
    done.ok("otto", ".", &["ln", "-s", "..", "home/otto/.cargo"]);
    done.ok(
        "otto",
        ".",
        &["mkdir", "-p", "home/registry", "home/otto/none"],
    );
    let text = done.refused("otto", "otto", &words, "INT-005");
    assert!(text.contains("CARGO_HOME"), "{text}");
    done.ok("otto", ".", &["rm", "home/otto/.cargo"]);
    done.ok("otto", "otto", &words);
}

#[test]
fn a_clone_that_borrows_objects_works_too() {
    if !here::confines() {
        return;
    }
    let world = World::founded();
    world.ok(
        "otto",
        ".",
        &["git", "clone", "-q", "--shared", "otto", "borrows"],
    );
    world.write("home/otto/kept/objects/secret", "secret");
    let kept = world.path("home/otto/kept/objects").display().to_string();
    let add = format!("echo '{kept}' >> .git/objects/info/alternates");
    world.ok("otto", "borrows", &["sh", "-ec", &add]);
    let script = format!(
        "git log -1 --oneline; git fsck; git cat-file -p HEAD:README.md; ! cat {kept}/secret"
    );
    let done = world.run(
        "otto",
        "borrows",
        &["git", "awo", "cell", "--", "sh", "-ec", &script],
    );
    assert_eq!(done.code, 0, "{}", done.text);
    assert!(!done.text.contains("did not hold"), "{}", done.text);
}

/// Whoever calls the hidden form by hand gets no way around: what is not told is not granted.
#[test]
fn the_inner_form_needs_what_the_outer_gives_it() {
    let world = World::founded();
    let inside = ["git", "awo", "cell", "--inside", "--", "true"];
    assert_eq!(world.run("otto", "otto", &inside).code, 2);
    let best = ["git", "awo", "cell", "--best-effort", "--", "true"];
    assert_eq!(world.run("otto", "otto", &best).code, 2);
    assert!(
        !world
            .ok("otto", "otto", &["git", "awo", "cell", "--help"])
            .contains("--inside")
    );
    assert!(std::path::Path::new(PROGRAM).is_absolute());
}

/// strace watches from outside, and the cell is the same.
#[test]
#[ignore = "needs strace"]
fn it_explains_which_calls_failed() {
    if !here::confines() {
        return;
    }
    let world = World::founded();
    world.write("home/otto/.ssh/id", "secret");
    let key = world.path("home/otto/.ssh/id").display().to_string();
    let script = format!(
        "cat {key}; cat {key}; /usr/bin/python3 -c 'import socket\nsocket.socket()'; exit 5"
    );
    for (options, error) in [(&[][..], "EACCES"), (&["--own-root"], "ENOENT")] {
        let mut words = vec!["git", "awo", "--json", "cell", "--explain"];
        words.extend(options);
        words.extend(["--", "sh", "-c", &script]);
        let output = world.command("otto", "otto", &words).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(5), "{text}");
        let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let layers = 6 + options.len();
        assert_eq!(
            value["cell"]["held"].as_array().unwrap().len(),
            layers,
            "{value}"
        );
        let failed = value["failed"].as_array().unwrap();
        let has = |call: &str, path: Option<&str>, error: &str, times: u64| {
            failed.iter().any(|it| {
                it["call"] == call
                    && it["path"].as_str() == path
                    && it["error"] == error
                    && it["times"] == times
            })
        };
        assert!(has("openat", Some(&key), error, 2), "{value}");
        assert!(has("socket", None, "EPERM", 1), "{value}");
        assert!(
            text.contains(&format!("openat {key}: {error}, 2 times")),
            "{text}"
        );
        assert!(!text.contains("secret"), "{text}");
    }
    // Without it, it is said what is missing.
    let bin = world.path("bin");
    std::fs::create_dir(&bin).unwrap();
    let git = world.ok("otto", "otto", &["sh", "-c", "command -v git"]);
    std::os::unix::fs::symlink(git.trim(), bin.join("git")).unwrap();
    let words = [PROGRAM, "cell", "--explain", "--", "true"];
    let mut command = world.command("otto", "otto", &words);
    let output = command.env("PATH", &bin).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("strace is not installed"), "{text}");
}
