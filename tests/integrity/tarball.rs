//! The canonical tarball.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Did, Outside, program};
use crate::world::PROGRAM;

fn sha256(outside: &Outside, file: &str) -> String {
    outside
        .sh(&format!("sha256sum {file} | cut -c1-64"))
        .trim()
        .to_owned()
}

/// Bytes that were ever signed never change: change the program, not the test.
#[test]
fn the_tarball_of_a_small_directory_is_pinned() {
    let outside = Outside::with_run();
    let did = outside.awo(&["--json", "tar", "run", "-o", "run.tar.gz"]);
    assert_eq!(did.code, 0, "{}", did.err);
    let json = did.json();
    assert_eq!(
        json["sha256"],
        "b10a69db4e2857a6a79011aa55fd3954f5243bb88f23434cf55eff072c9007bc"
    );
    assert_eq!(json["sha256"], sha256(&outside, "run.tar.gz"));
    assert_eq!(json["root"], sha256(&outside, "run/SHA256SUMS.txt"));
    assert_eq!(json["bytes"], outside.read("run.tar.gz").len());
    assert_eq!(
        (&json["files"], &json["schema"]),
        (&5.into(), &"awo.tar/1".into())
    );
    let text = outside.awo(&["tar", "run", "-o", "again.tar.gz"]);
    assert_eq!(
        text.text(),
        format!("{}  again.tar.gz\n", json["sha256"].as_str().unwrap())
    );
}

#[test]
fn nothing_around_the_files_gets_into_the_tarball() {
    let outside = Outside::with_run();
    outside.sh("head -c 300000 /dev/urandom > run/noise; seq 50000 > run/seq");
    assert_eq!(
        outside.awo(&["integrity", "sums", "run", "--replace"]).code,
        0
    );
    assert_eq!(outside.awo(&["tar", "run", "-o", "first.tgz"]).code, 0);
    outside.sh("mkdir -p other/place home; cp -r run other/place/copy
         find other/place/copy -exec touch -h -d 1999-12-31T12:00:00 {} +
         chmod -R go-rwx other/place/copy; chmod 755 other/place/copy/seq
         echo 2030-01-01 > other/place/copy/timestamps/run.txt; mkdir other/place/copy/none");
    let script = format!("umask 077; exec '{PROGRAM}' tar . -o ../copy.tgz");
    let mut command = program(&outside.path("other/place/copy"));
    let args: Vec<_> = ["-c", script.as_str()].map(String::from).to_vec();
    let mut shell = std::process::Command::new("sh");
    shell
        .args(args)
        .current_dir(outside.path("other/place/copy"))
        .env_clear();
    shell.envs([
        ("TZ", "Asia/Kathmandu"),
        ("LANG", "tr_TR.UTF-8"),
        ("LC_ALL", "tr_TR.UTF-8"),
        ("SOURCE_DATE_EPOCH", "1"),
        ("TMPDIR", "/tmp"),
        ("GZIP", "-9"),
        ("TAR_OPTIONS", "--mtime=now"),
    ]);
    shell
        .env("HOME", outside.path("home"))
        .env("PATH", std::env::var("PATH").unwrap());
    let did = Did::of(shell.output().unwrap());
    assert_eq!(did.code, 0, "{}", did.err);
    assert!(outside.read("first.tgz") == outside.read("other/place/copy.tgz"));
    assert_eq!(
        outside.sh("stat -c %a other/place/copy.tgz").trim(),
        "600",
        "by the umask"
    );
    // To standard output it is the same, and nothing but it.
    let piped = Did::of(command.args(["tar", ".", "-o", "-"]).output().unwrap());
    assert!((piped.code, piped.out) == (0, outside.read("first.tgz")));
    assert!(piped.err.contains(&sha256(&outside, "first.tgz")));
}

#[test]
#[ignore = "needs root to become another user"]
fn another_user_makes_the_same_tarball_and_what_may_not_be_read_is_undecided() {
    let outside = Outside::with_run();
    assert_eq!(outside.awo(&["tar", "run", "-o", "first.tgz"]).code, 0);
    outside.sh("mkdir theirs; cp -r run theirs/run; chown -R 65534:65534 theirs; chmod 755 .");
    // The program, where anybody may start it.
    std::fs::copy(PROGRAM, outside.path("program")).unwrap();
    std::fs::set_permissions(
        outside.path("program"),
        std::fs::Permissions::from_mode(0o755),
    )
    .unwrap();
    let as_nobody = |words: &[&str]| {
        let mut command = std::process::Command::new(outside.path("program"));
        command
            .args(words)
            .current_dir(outside.path("theirs"))
            .env_clear();
        command.stdin(Stdio::null()).uid(65534).gid(65534);
        Did::of(command.output().unwrap())
    };
    let did = as_nobody(&["tar", "run", "-o", "theirs.tgz"]);
    assert_eq!(did.code, 0, "{}", did.err);
    assert!(outside.read("first.tgz") == outside.read("theirs/theirs.tgz"));
    assert_eq!(outside.sh("stat -c %u theirs/theirs.tgz").trim(), "65534");
    outside.sh("chown 0 theirs/run/report.md; chmod 600 theirs/run/report.md");
    let verdict = as_nobody(&["--json", "integrity", "verify", "run"]);
    assert_eq!(
        (verdict.code, &verdict.json()["verdict"]),
        (3, &"undecided".into())
    );
    assert_eq!(as_nobody(&["tar", "run", "-o", "none.tgz"]).code, 3);
    assert_eq!(as_nobody(&["integrity", "sums", "run"]).code, 3);
    assert!(!outside.path("theirs/none.tgz").exists());
    outside.sh("chmod 644 theirs/run/report.md");
    assert_eq!(as_nobody(&["integrity", "verify", "run"]).code, 0);
}

#[test]
fn a_tarball_replaces_a_file_whole_or_not_at_all() {
    let outside = Outside::with_run();
    outside.write("out.tgz", "something of before");
    outside.write("run/new", "");
    assert_eq!(outside.awo(&["tar", "run", "-o", "out.tgz"]).code, 1);
    assert_eq!(outside.read("out.tgz"), b"something of before");
    assert_eq!(
        outside.awo(&["tar", "run", "-o", "-"]).out.len(),
        0,
        "nothing goes out of a bad run"
    );
    outside.sh("rm run/new");
    assert_eq!(outside.awo(&["tar", "run", "-o", "out.tgz"]).code, 0);
    assert_eq!(outside.read("out.tgz")[..2], [0x1f, 0x8b]);
    assert_eq!(
        outside.sh("ls -A"),
        "out.tgz\nrun\n",
        "nothing else is left"
    );
}

#[test]
fn places_that_would_do_harm_are_a_wrong_use() {
    let outside = Outside::with_run();
    outside.sh("ln -s out.tgz link; mkdir directory; mkfifo pipe");
    for output in [
        "run/x.tgz",
        "run/steps/x.tgz",
        "./run/../run/x.tgz",
        "link",
        "directory",
        "pipe",
        "/dev/null",
        "absent/x.tgz",
    ] {
        let did = outside.awo(&["tar", "run", "-o", output]);
        assert_eq!(
            (did.code, did.text().as_str()),
            (2, ""),
            "{output}: {}",
            did.err
        );
    }
    assert_eq!(outside.verified(), [""; 0]);
    assert!(
        Path::new("/dev/null")
            .metadata()
            .is_ok_and(|it| !it.is_file())
    );
    assert_eq!(
        outside.awo(&["tar", "run"]).code,
        2,
        "where to is to be said"
    );
    let both = outside.awo(&["--json", "tar", "run", "-o", "-"]);
    assert_eq!((both.code, &both.json()["kind"]), (2, &"usage".into()));
    assert_eq!(
        outside.awo(&["tar", "run", "-o", "directory/x.tgz"]).code,
        0
    );
}

#[test]
fn a_terminal_gets_no_tarball() {
    let outside = Outside::with_run();
    let script = format!(
        "import os, pty, sys\nstatus = pty.spawn(['{PROGRAM}', 'tar', 'run', '-o', '-'])\nsys.exit(os.waitstatus_to_exitcode(status))"
    );
    let mut python = std::process::Command::new("python3");
    python
        .args(["-I", "-c", &script])
        .current_dir(outside.path(""))
        .stdin(Stdio::null());
    let did = Did::of(python.output().unwrap());
    assert_eq!(did.code, 2, "{}{}", did.text(), did.err);
    assert!(did.text().contains("-o FILE"), "{}", did.text());
    assert!(!did.out.contains(&0x8b));
}

/// Whoever writes to the directory meanwhile: what comes out is refused or holds.
#[test]
fn a_tarball_made_while_files_change_holds_or_is_refused() {
    let outside = Outside::new();
    let contents = [vec![b'a'; 400_000], vec![b'b'; 400_000]];
    outside.write("run/first", "x");
    outside.write("run/second", &contents[0]);
    assert_eq!(outside.awo(&["integrity", "sums", "run"]).code, 0);
    let stop = AtomicBool::new(false);
    let (mut made, mut refused) = (0, 0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let target = outside.path("run/second");
            let mut turn = 0;
            while !stop.load(Ordering::Relaxed) {
                turn += 1;
                std::fs::write(&target, &contents[turn % 7 / 6]).unwrap();
                std::thread::sleep(std::time::Duration::from_millis(turn as u64 % 23));
            }
        });
        for _ in 0..40 {
            let did = outside.awo(&["--json", "tar", "run", "-o", "run.tgz"]);
            match did.code {
                0 => {
                    made += 1;
                    outside.sh("rm -rf copy; python3 -I -W ignore -c 'import tarfile; tarfile.open(\"run.tgz\").extractall(\"copy\")'; cd copy; sha256sum -c SHA256SUMS.txt >/dev/null");
                }
                1 => {
                    refused += 1;
                    let findings = did.findings();
                    let known =
                        |it: &String| ["INT-001 second", "REP-003 second"].contains(&it.as_str());
                    assert!(
                        !findings.is_empty() && findings.iter().all(known),
                        "{findings:?}"
                    );
                }
                other => panic!("{other}: {}", did.err),
            }
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert!(
        made + refused == 40 && refused > 0,
        "{made} made, {refused} refused"
    );
    outside.write("run/second", &contents[0]);
    assert_eq!(outside.verified(), [""; 0]);
}
