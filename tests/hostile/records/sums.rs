//! Inventories and what they do not cover.

use git_awo::git::CommitDraft;
use git_awo::record::tree::Mode;
use git_awo::record::{RepoPath, Sha256};
use git_awo::records::{Kind, Statement};
use git_awo::store::layout::{LedgerPath, run_directory};

use crate::hostile::door::Door;
use crate::hostile::forge::LEDGER;
use crate::world::{AGENT, RUN, TASK, World};

/// otto, whose run is made and not pushed.
pub fn unpushed() -> Door {
    let world = World::approved();
    world.write("agent.sh", AGENT);
    let agent = world.path("agent.sh").display().to_string();
    let run = [
        "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", &agent,
    ];
    world.ok("otto", "otto", &run);
    Door::new(world, "otto")
}

impl Door {
    /// The refspecs of the run with other files in its evidence, and a record that binds this inventory
    /// if there is one.
    fn with_evidence(&self, files: &[(&str, &[u8])], sums: Option<&[u8]>) -> [String; 2] {
        let actor = self.actor();
        let mut run = self.run_says();
        let tip = actor.repo.reference(&run.evidence).unwrap().unwrap();
        let commit = actor.repo.commit(tip).unwrap();
        let sums_file = sums.map(|sums| ("SHA256SUMS.txt", sums));
        let edits: Vec<_> = files
            .iter()
            .copied()
            .chain(sums_file)
            .map(|(name, bytes)| {
                let path = format!("{}/{name}", run_directory(&run.run));
                let blob = actor.repo.write_blob(bytes).unwrap();
                (RepoPath::from(path.as_str()), Some((Mode::File, blob)))
            })
            .collect();
        let draft = CommitDraft {
            tree: actor.repo.edit_tree(Some(commit.tree), &edits).unwrap(),
            parents: commit.parents.clone(),
            author: commit.author.clone(),
            committer: commit.committer.clone(),
            message: commit.message.clone(),
            signature: None,
        };
        let evidence = actor.repo.write_commit(&draft).unwrap();
        let name = run.evidence.clone();
        let mut ledger = self.world.rev("otto", LEDGER);
        if let Some(sums) = sums {
            run.root = Sha256::of(sums);
            let path = |path: LedgerPath| path.to_path().to_str().unwrap().to_owned();
            let (record, inventory) = (
                path(Kind::Run.of(&run.run)),
                path(LedgerPath::Inventory(run.run.clone())),
            );
            let envelope = self.sealed(Kind::Run, Statement::new(run).to_payload());
            ledger = self.grown(
                LEDGER,
                &[
                    (&record, Some(&envelope.to_bytes())),
                    (&inventory, Some(sums)),
                ],
            );
        }
        [format!("{ledger}:{LEDGER}"), format!("{evidence}:{name}")]
    }
}

/// Forms of an inventory that `sha256sum -c` takes without a word, or that lead elsewhere.
fn forms(good: &str) -> Vec<(&'static str, String, &'static str)> {
    let first = good.lines().next().unwrap().to_owned();
    let (digest, _) = first.split_once("  ").unwrap();
    let swapped = |from: &str, to: &str| good.replacen(from, to, 1);
    vec![
        ("a line twice", format!("{first}\n{good}"), "INT-004"),
        (
            "a name twice with another digest",
            format!("{good}{}\n", first.replace(digest, &"0".repeat(64))),
            "INT-004",
        ),
        ("an absolute path", swapped("  ./", "  /"), "INT-004"),
        ("a path upwards", swapped("  ./", "  ./../"), "INT-004"),
        (
            "a path upwards within",
            swapped("  ./", "  ./x/../"),
            "INT-004",
        ),
        ("a dot within", swapped("  ./", "  ././"), "INT-004"),
        ("an empty component", swapped("  ./", "  .//"), "INT-004"),
        ("no ./ before the path", swapped("  ./", "  "), "INT-004"),
        (
            "itself",
            format!("{good}{digest}  ./SHA256SUMS.txt\n"),
            "INT-004",
        ),
        (
            "a file of timestamps/",
            format!("{good}{digest}  ./timestamps/run.txt\n"),
            "INT-004",
        ),
        ("carriage returns", good.replace('\n', "\r\n"), "INT-004"),
        (
            "a carriage return at the end",
            format!("{}\r\n", good.trim_end()),
            "INT-004",
        ),
        (
            "capitals",
            good.replace(digest, &digest.to_uppercase()),
            "INT-004",
        ),
        ("one space", swapped("  ./", " ./"), "INT-004"),
        (
            "the sign of binary files",
            swapped("  ./", " *./"),
            "INT-004",
        ),
        ("a tab", swapped("  ./", "\t./"), "INT-004"),
        (
            "BSD's form",
            swapped(&first, &format!("SHA256 ({}) = {digest}", &first[66..])),
            "INT-004",
        ),
        ("a comment", format!("# made by hand\n{good}"), "INT-004"),
        ("an empty line", format!("\n{good}"), "INT-004"),
        ("garbage", format!("{good}garbage\n"), "INT-004"),
        (
            "no line feed at the end",
            good.trim_end().to_owned(),
            "INT-004",
        ),
        ("two at the end", format!("{good}\n"), "INT-004"),
        ("63 digits", swapped(digest, &digest[1..]), "INT-004"),
        (
            "65 digits",
            swapped(digest, &format!("0{digest}")),
            "INT-004",
        ),
        (
            "a letter that is no digit",
            swapped(digest, &format!("g{}", &digest[1..])),
            "INT-004",
        ),
        (
            "an escape sign that is needless",
            swapped(&first, &format!("\\{first}")),
            "INT-004",
        ),
        ("a NUL in a name", swapped("  ./", "  ./\0"), "INT-004"),
        ("a byte order mark", format!("\u{feff}{good}"), "INT-004"),
        ("nothing", String::new(), "INT-004"),
    ]
}

#[test]
fn an_inventory_in_any_other_form_is_refused_at_import_and_at_the_door() {
    let door = unpushed();
    let run = door.run_says();
    let from = format!(
        "{}:{}/SHA256SUMS.txt",
        run.evidence,
        run_directory(&run.run)
    );
    let good = door
        .world
        .ok("otto", "otto", &["git", "cat-file", "blob", &from]);
    let path = |name: &str| door.world.path(&format!("files/{name}"));
    door.world.write("files/report.md", "# Report\n");
    let sums = ["git", "awo", "integrity", "sums", "../files"];
    door.world.ok("otto", "otto", &sums);
    let listed = std::fs::read_to_string(path("SHA256SUMS.txt")).unwrap();
    let import = [
        "git",
        "awo",
        "run",
        "import",
        "../files",
        "--task",
        TASK,
        "--commit",
        "HEAD",
        "--dry-run",
    ];
    for (what, text, code) in forms(&listed) {
        std::fs::write(path("SHA256SUMS.txt"), text).unwrap();
        let said = door.world.refused("otto", "otto", &import, code);
        assert!(said.contains("inventory"), "{what}: {said}");
        door.world.refused(
            "otto",
            "otto",
            &["git", "awo", "integrity", "verify", "../files"],
            code,
        );
    }
    for (what, text, code) in forms(&good) {
        let refspecs = door.with_evidence(&[], Some(text.as_bytes()));
        let refspecs: Vec<_> = refspecs.iter().map(String::as_str).collect();
        door.refuses_push(what, &refspecs, &[code]);
    }
    let bad = good.replace('\n', "\r\n");
    let refspecs = door.with_evidence(&[], Some(bad.as_bytes()));
    let refspecs: Vec<_> = refspecs.iter().map(String::as_str).collect();
    door.refuses_and_finds("carriage returns", &refspecs, &["INT-004"], &["INT-004"]);
    door.accepts_push("as it was made", &[LEDGER, run.evidence.as_str()]);
}

#[test]
fn nothing_but_dates_stands_in_timestamps() {
    let door = unpushed();
    let long = "started=2026-01-31T23:59:59Z\n".repeat(40);
    let files: [(&str, &[u8]); 9] = [
        ("timestamps/run.sh", b"#!/bin/sh\nrm -rf /\n"),
        ("timestamps/evidence.json", b"{\"passed\": true}"),
        (
            "timestamps/run.txt",
            b"started=2026-01-31T23:59:59Z\nAKIA0000\n",
        ),
        ("timestamps/empty-key.txt", b"=2026-01-31T23:59:59Z\n"),
        ("timestamps/a/b.txt", b"all tests passed\n"),
        ("timestamps/long.txt", long.as_bytes()),
        ("timestamps/bytes.txt", b"\xff\xfe"),
        ("timestamps/date.txt", b"started=2026-02-31T23:59:59Z\n"),
        ("timestamps/nul.txt", b"started=2026-01-31T23:59:59Z\0"),
    ];
    for (name, bytes) in files {
        let refspecs = door.with_evidence(&[(name, bytes)], None);
        let refspecs: Vec<_> = refspecs.iter().map(String::as_str).collect();
        door.refuses_push(name, &refspecs, &["INT-002"]);
    }
    let refspecs = door.with_evidence(&[files[0]], None);
    let refspecs: Vec<_> = refspecs.iter().map(String::as_str).collect();
    door.refuses_and_finds("a script", &refspecs, &["INT-002"], &["INT-002"]);
    let refspecs = door.with_evidence(
        &[("timestamps/more.txt", b"ended=2026-01-31T23:59:59Z\n")],
        None,
    );
    let refspecs: Vec<_> = refspecs.iter().map(String::as_str).collect();
    door.accepts_push("one more date", &refspecs);
}
