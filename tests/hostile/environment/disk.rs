//! Where the clone lies, what came with it, and where a result goes.

use std::process::Stdio;
use std::time::{Duration, Instant};

use git_awo::record::json;
use serde_json::{Value, json};

use crate::world::{PROGRAM, RUN, World};

/// So long a command may take.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_repository_is_found_from_its_own_directories() {
    let world = World::landed();
    world.ok("otto", "otto", &["mkdir", "deep"]);
    for (place, words) in [
        ("otto/.git", &["git", "awo", "verify"][..]),
        ("otto/.git/objects", &[PROGRAM, "verify"]),
        ("otto/deep", &[PROGRAM, "verify"]),
        ("otto", &[PROGRAM, "-C", ".git", "verify"]),
        ("otto", &[PROGRAM, "-C", ".git/refs", "status"]),
        ("server.git", &[PROGRAM, "status"]),
        ("server.git/objects", &[PROGRAM, "status"]),
        ("server.git/objects/info", &[PROGRAM, "log", "main"]),
        ("server.git/refs", &[PROGRAM, "status"]),
        ("otto", &[PROGRAM, "-C", "../server.git/objects", "status"]),
    ] {
        let done = world.run("otto", place, words);
        assert_eq!(done.code, 0, "{words:?} in {place}:\n{}", done.text);
    }
    let done = world.run("otto", ".", &[PROGRAM, "-C", "nowhere", "status"]);
    assert_eq!(done.code, 3, "{}", done.text);
    assert!(done.text.contains("INT-005"), "{}", done.text);
}

#[test]
fn nothing_waits_for_a_pipe_among_the_packs() {
    let world = World::landed();
    world.ok("otto", "otto", &["git", "awo", "verify"]);
    let pipe = format!(".git/objects/pack/pack-{}.idx", "1".repeat(40));
    world.ok("otto", "otto", &["mkfifo", &pipe]);
    for words in [
        &["git", "awo", "verify"][..],
        &["git", "awo", "verify", RUN],
        &["git", "awo", "status"],
        &["git", "awo", "doctor"],
    ] {
        let begun = Instant::now();
        let mut command = world.command("otto", "otto", words);
        let command = command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if begun.elapsed() > PATIENCE {
                child.kill().unwrap();
                panic!("{words:?} does not end");
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        assert_eq!(status.code(), Some(0), "{words:?}");
    }
}

#[test]
fn what_is_printed_to_a_full_disk_is_no_success() {
    let world = World::landed();
    for words in [
        "git awo verify --json",
        "git awo verify",
        "git awo receipt",
        "git awo show RUN",
        "git awo log",
        "git awo --help",
        "git awo --version",
    ] {
        let words = words.replace("RUN", RUN).replace("git awo", PROGRAM);
        let full = format!("{words} > /dev/full");
        let done = world.run("otto", "otto", &["sh", "-c", &full]);
        assert_eq!(done.code, 3, "{full}: {}", done.text);
        assert!(
            done.text.contains("INT-005 output-written"),
            "{full}: {}",
            done.text
        );
        // One that reads nothing, and one that is not there.
        for fine in [format!("{words} | true"), format!("{words} >&-")] {
            let fine = format!("set -o pipefail; {fine}");
            let done = world.run("otto", "otto", &["bash", "-c", &fine]);
            assert_eq!(done.code, 0, "{fine}: {}", done.text);
        }
    }
}

#[test]
fn what_came_with_a_clone_is_not_believed_once_its_anchor_is_set() {
    let world = World::landed();
    world.with_index("otto/.git");
    let verify = || world.run("otto", "otto", &["git", "awo", "verify"]);
    assert_eq!(verify().code, 0);
    let unsigned = "echo evil >> src/strings.py
        git -c commit.gpgsign=false -c core.hooksPath=/dev/null commit -q -a -m evil
        git update-ref refs/remotes/origin/main HEAD";
    world.ok("otto", "otto", &["sh", "-e", "-c", unsigned]);
    let place = world.path("otto/.git/awo-index/verified.json");
    let bytes = std::fs::read(&place).unwrap();
    let mut memory: Value = serde_json::from_slice(&bytes[64..]).unwrap();
    memory["refs"]["refs/heads/main"] = json!([world.rev("otto", "HEAD")]);
    std::fs::write(&place, json::with_digest(&memory)).unwrap();
    std::fs::write(world.path("otto/.git/awo/policies-known"), "forged").unwrap();
    let forged = verify();
    assert_eq!(forged.code, 0, "the memory is believed: {}", forged.text);
    let anchor = world.fingerprint();
    world.ok("otto", "otto", &["git", "awo", "trust", &anchor]);
    let known = std::fs::read(world.path("otto/.git/awo/policies-known"));
    assert!(
        known.is_ok_and(|it| it != b"forged"),
        "it was verified anew"
    );
    // By its own word the branch has come without its records; the server knows nothing of it.
    let found = verify();
    assert_eq!(found.code, 3, "{}", found.text);
    assert!(found.text.contains("GOV-002"), "{}", found.text);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let found = verify();
    assert_eq!(found.code, 1, "{}", found.text);
    assert!(found.text.contains("GOV-002"), "{}", found.text);
    // Nothing that is right is lost by it.
    world.ok(
        "otto",
        "otto",
        &["git", "update-ref", "refs/remotes/origin/main", "HEAD^"],
    );
    world.ok("otto", "otto", &["git", "reset", "-q", "--hard", "HEAD^"]);
    for words in [
        &["git", "awo", "trust", &anchor][..],
        &["git", "awo", "init"],
    ] {
        world.ok("otto", "otto", words);
        assert!(!place.exists(), "{words:?}");
        assert_eq!(verify().code, 0);
        assert!(place.exists());
    }
}
