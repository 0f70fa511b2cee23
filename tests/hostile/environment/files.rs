//! Local files that nobody should wait for, and files of any length.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::world::{TASK, World};

/// So long a command may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Puts a pipe, an endless device and a file of 128 MiB in these places in turn; the command must end, say
/// why, and fail.
fn ends(world: &World, who: &str, place: &str, file: &str, words: &[&str]) {
    let path = world.path(file);
    let kept = std::fs::read(&path).ok();
    for what in ["a pipe", "a device", "a long file"] {
        let _ = std::fs::remove_file(&path);
        match what {
            "a pipe" => _ = world.ok(who, ".", &["mkfifo", file]),
            "a device" => std::os::unix::fs::symlink("/dev/zero", &path).unwrap(),
            // It takes no room on the disk.
            _ => std::fs::File::create(&path)
                .unwrap()
                .set_len(128 << 20)
                .unwrap(),
        }
        let begun = Instant::now();
        let mut command = world.command(who, place, words);
        if words.contains(&"hook") {
            command.env("GIT_DIR", ".git");
        }
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        while child.try_wait().unwrap().is_none() {
            if begun.elapsed() > PATIENCE {
                child.kill().unwrap();
                panic!("{what} at {file}: {words:?} does not end");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let output = child.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        // A hook wraps its lines.
        let said = String::from_utf8_lossy(&said).into_owned();
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        let code = output.status.code();
        assert!(
            matches!(code, Some(1..=3)),
            "{what} at {file}: {words:?}: {code:?}\n{said}"
        );
        let told = match what {
            "a long file" => "more than",
            _ => "not a regular file",
        };
        assert!(said.contains(told), "{what} at {file}: {words:?}\n{said}");
    }
    std::fs::remove_file(&path).unwrap();
    if let Some(kept) = kept {
        std::fs::write(&path, kept).unwrap();
    }
}

#[test]
fn no_command_waits_for_a_pipe_or_reads_without_end() {
    let world = World::approved();
    for (file, words) in [
        ("olga/named", &["git", "awo", "task", "import", "named"][..]),
        ("olga/named", &["git", "awo", "policy", "check", "named"]),
        ("olga/named", &["git", "awo", "policy", "propose", "named"]),
        (
            "olga/named",
            &["git", "awo", "verify", "--receipt", "named"],
        ),
        ("olga/.git/awo/anchor", &["git", "awo", "verify"]),
        ("olga/.git/awo/high-water.json", &["git", "awo", "fetch"]),
        (
            "home/olga/key",
            &["git", "awo", "approve", TASK, "--sentence", "x"],
        ),
        (
            "olga/message",
            &["git", "awo", "hook", "commit-msg", "message"],
        ),
    ] {
        ends(&world, "olga", "olga", file, words);
    }
}
