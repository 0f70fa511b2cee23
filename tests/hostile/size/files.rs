//! The size of one file.

use crate::hostile::door::Door;
use crate::world::{TASK, World};

/// As in `policy.toml`.
const KEY: &str = "[limits]\nfile_bytes = 5000\n";

#[test]
fn a_file_at_the_limit_and_one_more() {
    let door = Door::of_otto();
    let world = &door.world;
    let raw = door.raw();
    let file = |bytes: usize| {
        let blob = raw.blob("x".repeat(bytes));
        door.commit_in_src(&[("100644", b"long.txt", &blob)])
    };
    let large = file(9_000);
    door.accepts("as large as any", &large);
    world.next_policy(2, None, |text| format!("{text}\n{KEY}"));
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let more = file(5_001);
    let said = door.refuses("one more", &more, &["INT-006"]).text;
    assert!(said.contains("file_bytes in [limits]"), "{said}");
    let undone = raw.commit(&door.base().1, &[&more], "Undone\n");
    door.refuses("undone", &undone, &["INT-006"]);
    let refspec = format!("{more}:refs/heads/wip/mine");
    let told = world.run("otto", "otto", &["git", "push", "origin", &refspec]);
    assert!(
        told.code != 0 && !told.text.contains("remote:"),
        "{}",
        told.text
    );
    assert!(
        told.text.contains("file_bytes in [limits]"),
        "{}",
        told.text
    );
    door.accepts("at the limit", &file(5_000));
    // What came before the limit stays, and may be built upon.
    let tree = world.rev("otto", &format!("{large}^{{tree}}"));
    let on_top = raw.commit(&tree, &[&large], "On top\n");
    door.accepts_push("on top", &[&format!("{on_top}:refs/heads/wip/1")]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    std::fs::remove_dir_all(world.path("vera")).unwrap();
    door.verify_finds_all(&[(more.as_str(), "INT-006")]);
}

#[test]
fn a_run_makes_no_file_beyond_the_limit() {
    let world = World::approved();
    world.next_policy(2, None, |text| format!("{text}\n{KEY}"));
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let script = "head -c 6000 /dev/zero | tr '\\0' x >> src/strings.py";
    let words = ["git", "awo", "run", TASK, "--", "sh", "-c", script];
    let told = world.run("otto", "otto", &words);
    assert_eq!(told.code, 1, "{}", told.text);
    assert!(told.text.contains("INT-006"), "{}", told.text);
    assert!(
        told.text.contains("file_bytes in [limits]"),
        "{}",
        told.text
    );
}

/// Two versions of 140 MiB of which git stores one as a delta, and a file of 300 MiB.
#[test]
#[ignore = "needs a gigabyte of disk, and a minute"]
fn files_of_hundreds_of_mebibytes_verify_in_little_memory() {
    let door = Door::of_otto();
    let world = &door.world;
    world.next_policy(2, None, |text| {
        format!("{text}\n[limits]\nfile_bytes = 400000000\n")
    });
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let make = "head -c 146800640 /dev/urandom > src/one.bin; git add src/one.bin; \
                git commit -qm One; head -c 1000 /dev/urandom >> src/one.bin; git add src/one.bin; \
                git commit -qm Two; head -c 314572800 /dev/zero > src/two.bin; git add src/two.bin; \
                git commit -qm Three";
    world.ok(
        "otto",
        "otto",
        &["git", "switch", "-q", "-c", "wip/large", "origin/main"],
    );
    world.ok("otto", "otto", &["sh", "-c", make]);
    world.ok(
        "otto",
        "otto",
        &["git", "push", "--quiet", "origin", "wip/large"],
    );
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "repack", "-a", "-d", "-f", "-q"]);
    let script = "import os, sys, resource\n\
                  pid = os.fork()\n\
                  if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])\n\
                  _, status, usage = os.wait4(pid, 0)\n\
                  print(status, usage.ru_maxrss // 1024, round(usage.ru_utime, 1))";
    let program = crate::world::PROGRAM;
    let said = world.ok(
        "vera",
        "vera",
        &["python3", "-c", script, program, "verify", "--no-cache"],
    );
    let last = said.lines().last().unwrap();
    crate::figure::figure(
        "verify of files of 140 and 300 MiB: status, MiB, s",
        1,
        last,
        "< 256 MiB",
    );
    let numbers: Vec<f64> = last.split(' ').map(|it| it.parse().unwrap()).collect();
    assert!(numbers[0] == 0.0 && numbers[1] < 256.0, "{said}");
}
