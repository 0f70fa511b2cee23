//! Refusals of the commands on a run's files and on what is derived: integrity, tar, export, index,
//! and the import of a run.

use super::*;
use crate::world::READ_LEDGER;

const ROWS: &[Row] = &[
    // Files in a directory.
    row(
        "unknown run",
        World::executed,
        nothing,
        RITA,
        &["integrity", "verify", "nope"],
        (3, "STR-002"),
    ),
    row(
        "no inventory",
        World::founded,
        |world| world.write("files/x", "x"),
        VERA,
        &["integrity", "verify", "../../files"],
        (1, "INT-002"),
    ),
    row(
        "changed file",
        World::founded,
        |world| {
            listed(world);
            world.write("files/x", "y");
        },
        VERA,
        &["integrity", "verify", "../../files"],
        (1, "INT-001"),
    ),
    row(
        "changed file",
        World::founded,
        |world| {
            listed(world);
            world.write("files/x", "y");
        },
        VERA,
        &["integrity", "sums", "../../files"],
        (1, "INT-001"),
    ),
    row(
        "file that is no file",
        World::founded,
        |world| link(world, "files/link"),
        VERA,
        &["integrity", "sums", "../../files"],
        (1, "INT-003"),
    ),
    row(
        "file that is no file",
        World::founded,
        |world| {
            listed(world);
            link(world, "files/link");
        },
        VERA,
        &["integrity", "verify", "../../files"],
        (1, "INT-003"),
    ),
    row(
        "damaged ledger",
        World::landed,
        |world| std::fs::write(ledger_object(world), "garbage").unwrap(),
        OTTO,
        &["integrity", "verify", RUN],
        (1, "INT-001"),
    ),
    row(
        "no evidence",
        World::landed,
        no_evidence,
        OTTO,
        &["integrity", "verify", RUN],
        (1, "STR-002"),
    ),
    // Tarballs.
    row(
        "unknown run",
        World::executed,
        nothing,
        RITA,
        &["tar", "nope", "-o", "out.tar.gz"],
        (3, "STR-002"),
    ),
    row(
        "no inventory",
        World::founded,
        |world| world.write("files/x", "x"),
        VERA,
        &["tar", "../../files", "-o", "out.tar.gz"],
        (1, "INT-002"),
    ),
    row(
        "changed file",
        World::founded,
        |world| {
            listed(world);
            world.write("files/x", "y");
        },
        VERA,
        &["tar", "../../files", "-o", "out.tar.gz"],
        (1, "INT-001"),
    ),
    row(
        "no evidence",
        World::landed,
        no_evidence,
        OTTO,
        &["tar", RUN, "-o", "../out.tar.gz"],
        (1, "STR-002"),
    ),
    // Exports.
    row(
        "unknown run",
        World::landed,
        nothing,
        OTTO,
        &["export", "nope", "../out"],
        (3, "STR-002"),
    ),
    row(
        "no evidence",
        World::landed,
        no_evidence,
        OTTO,
        &["export", RUN, "../out"],
        (1, "STR-002"),
    ),
    row(
        "no evidence",
        World::landed,
        no_evidence,
        OTTO,
        &["export", "--all", "../out"],
        (1, "STR-002"),
    ),
    row(
        "directory of another",
        World::landed,
        |world| world.write("mine/notes.txt", "mine\n"),
        OTTO,
        &["export", RUN, "../mine"],
        (1, "INT-002"),
    ),
    row(
        "other bytes there",
        World::landed,
        |world| {
            exported(world);
            world.write(&format!("out/runs/{RUN}/report.md"), "forged\n");
        },
        OTTO,
        &["export", RUN, "../out"],
        (1, "INT-001"),
    ),
    row(
        "more beside the evidence",
        World::landed,
        |world| {
            exported(world);
            world.write(&format!("out/runs/{RUN}/more.md"), "more\n");
        },
        OTTO,
        &["export", RUN, "../out"],
        (1, "INT-002"),
    ),
    row(
        "link in the way",
        World::landed,
        |world| {
            exported(world);
            let report = format!("out/runs/{RUN}/report.md");
            std::fs::remove_file(world.path(&report)).unwrap();
            link(world, &report);
        },
        OTTO,
        &["export", RUN, "../out"],
        (1, "INT-003"),
    ),
    row(
        "file instead of a directory",
        World::landed,
        |world| world.write("file", ""),
        OTTO,
        &["export", RUN, "../file/out"],
        (3, "INT-005"),
    ),
    row(
        "no entry",
        World::landed,
        |world| edit_entry(world, "git update-index --force-remove $entry"),
        OTTO,
        &["export", RUN, "../out"],
        (1, "STR-001"),
    ),
    // The provenance index.
    row(
        "unknown run",
        World::landed,
        nothing,
        OTTO,
        &["provenance", "show", "nope"],
        (3, "STR-002"),
    ),
    row(
        "no records",
        World::landed,
        |world| plain_clone(world, &[]),
        ("vera", "home/vera/c"),
        &["provenance", "verify"],
        (3, "STR-002"),
    ),
    row(
        "no entry",
        World::landed,
        |world| edit_entry(world, "git update-index --force-remove $entry"),
        OTTO,
        &["provenance", "verify"],
        (1, "STR-001"),
    ),
    row(
        "no entry",
        World::landed,
        |world| edit_entry(world, "git update-index --force-remove $entry"),
        OTTO,
        &["provenance", "export", "../index.json"],
        (1, "STR-001"),
    ),
    row(
        "forged entry",
        World::landed,
        |world| edit_entry(world, FORGE),
        OTTO,
        &["provenance", "verify"],
        (1, "INT-008"),
    ),
    row(
        "forged entry",
        World::landed,
        |world| edit_entry(world, FORGE),
        OTTO,
        &["provenance", "export"],
        (1, "INT-008"),
    ),
    row(
        "forged entry",
        World::landed,
        |world| edit_entry(world, FORGE),
        OTTO,
        &["chain", RUN],
        (1, "INT-008"),
    ),
    row(
        "file instead of a directory",
        World::landed,
        |world| world.write("file", ""),
        OTTO,
        &["provenance", "export", "../file/index.json"],
        (3, "INT-005"),
    ),
    row(
        "missing object",
        World::landed,
        |world| std::fs::remove_file(ledger_object(world)).unwrap(),
        OTTO,
        &["provenance", "rebuild"],
        (3, "INT-005"),
    ),
    // Runs made elsewhere.
    row(
        "changed file",
        World::approved,
        |world| {
            listed(world);
            world.write("files/x", "y");
        },
        OTTO,
        &["run", "import", "../files", "--dry-run"],
        (1, "INT-001"),
    ),
    row(
        "file that is no file",
        World::approved,
        |world| {
            listed(world);
            link(world, "files/link");
        },
        OTTO,
        &["run", "import", "../files", "--dry-run"],
        (1, "INT-003"),
    ),
    row(
        "no policy",
        World::founded,
        |world| {
            listed(world);
            empty_repository(world);
            let commit = ["git", "commit", "--quiet", "--allow-empty", "-m", "First"];
            world.ok("vera", "home/vera", &commit);
        },
        VERA,
        &[
            "run",
            "import",
            "../../files",
            "--task",
            TASK,
            "--commit",
            "HEAD",
            "--run-id",
            "r",
        ],
        (1, "GOV-006"),
    ),
    row(
        "unknown task",
        World::approved,
        listed,
        OTTO,
        &[
            "run", "import", "../files", "--task", "nope", "--commit", "HEAD", "--run-id", "r",
        ],
        (1, "STR-002"),
    ),
    row(
        "wrong role",
        World::approved,
        listed,
        RITA,
        &[
            "run", "import", "../files", "--task", TASK, "--commit", "HEAD", "--run-id", "r",
        ],
        (1, "ATT-001"),
    ),
    row(
        "name taken",
        World::executed,
        listed,
        OTTO,
        &[
            "run", "import", "../files", "--task", TASK, "--commit", "HEAD", "--run-id", RUN,
        ],
        (1, "REP-001"),
    ),
];

/// Puts another reviewer into the entry of the run.
const FORGE: &str =
    "blob=$(git cat-file blob :$entry | sed s/rita/mallory/ | git hash-object -w --stdin)
    git update-index --cacheinfo 100644,$blob,$entry";

/// Makes a directory whose inventory holds.
fn listed(world: &World) {
    world.write("files/x", "x");
    let sums = ["git", "awo", "integrity", "sums", "files"];
    world.ok("vera", ".", &sums);
}

fn link(world: &World, at: &str) {
    let path = world.path(at);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", path).unwrap();
}

fn exported(world: &World) {
    git(world, "otto", &["git", "awo", "export", RUN, "../out"]);
}

fn no_evidence(world: &World) {
    let script =
        "git for-each-ref --format='delete %(refname)' refs/awo/evidence | git update-ref --stdin";
    git(world, "otto", &["sh", "-c", script]);
}

/// Changes the one entry of otto's index, `$entry`, past every check.
fn edit_entry(world: &World, script: &str) {
    let script = format!(
        "set -eu
        export GIT_INDEX_FILE=$PWD/.git/edited
        {READ_LEDGER}
        entry=$(git ls-files | grep @provenance.json)
        {script}
        git update-ref refs/awo/ledger $(git commit-tree -m x $(git write-tree))"
    );
    git(world, "otto", &["sh", "-c", &script]);
}

#[test]
fn every_refusal_over_files_names_its_code_to_programs_and_people() {
    check_all(ROWS);
}
