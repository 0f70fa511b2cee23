//! Runs stored in a repository.

use super::Did;
use crate::world::{READ_LEDGER, RUN, World};

fn awo(world: &World, place: &str, words: &[&str]) -> Did {
    let words = [&["git", "awo"], words].concat();
    Did::of(world.command("rita", place, &words).output().unwrap())
}

fn verify(world: &World) -> Did {
    awo(world, "rita", &["--json", "integrity", "verify", RUN])
}

/// Changes the tree of a ref in rita's clone by `git update-index`, past every check. `$dir` is
/// the run's directory there.
fn tamper(world: &World, prefix: &str, script: &str) {
    let script = format!(
        "set -eu
        ref=$(git for-each-ref --format='%(refname)' {prefix})
        export GIT_INDEX_FILE=$PWD/.git/tampered
        parent=\"-p $ref\"
        if [ $ref = refs/awo/ledger ]; then {READ_LEDGER}; parent=; else git read-tree $ref; fi
        dir=$(git ls-files | grep '[/@]SHA256SUMS.txt$'); dir=${{dir%SHA256SUMS.txt}}
        put() {{ git update-index --add --cacheinfo ${{2:-100644}},$(git hash-object -w --stdin),${{dir}}$1; }}
        {script}
        git update-ref $ref $(git commit-tree $parent -m x $(git write-tree))"
    );
    world.ok("rita", "rita", &["sh", "-c", &script]);
}

#[test]
fn a_stored_run_holds_against_ledger_and_record_and_the_root_is_the_records() {
    let world = World::executed();
    let did = verify(&world);
    assert_eq!(did.code, 0, "{}{}", did.text(), did.err);
    let json = did.json();
    assert_eq!(
        (&json["schema"], &json["verdict"]),
        (&"awo.verdict/1".into(), &"allowed".into())
    );
    assert_eq!(json["run"], RUN);
    assert!(json["checked"]["files"].as_u64().unwrap() > 15);
    let log = world.ok("rita", "rita", &["git", "awo", "show", RUN]);
    assert!(log.contains(json["root"].as_str().unwrap()));
    // Anywhere in the repository, and with its own name for it.
    world.write("rita/src/below/x", "");
    assert_eq!(
        awo(&world, "rita/src/below", &["integrity", "verify", RUN]).code,
        0
    );
}

#[test]
fn a_run_that_is_not_recorded_is_said_to_be_missing() {
    let world = World::executed();
    for words in [
        ["integrity", "verify", "run_other"],
        ["tar", "run_other", "-oout"],
    ] {
        let did = awo(&world, "rita", &[&["--json"], &words[..]].concat());
        assert_eq!(
            (did.code, did.findings()),
            (3, vec!["STR-002 -".to_owned()])
        );
    }
    assert!(!world.path("rita/out").exists());
    // In a clone without records it is missing as well, whatever the server has.
    world.ok(
        "vera",
        ".",
        &["git", "clone", "--quiet", "server.git", "vera"],
    );
    let bare = awo(&world, "vera", &["--json", "integrity", "verify", RUN]);
    assert_eq!(
        (bare.code, bare.findings()),
        (3, vec!["STR-002 -".to_owned()])
    );
}

#[test]
fn what_was_changed_in_the_evidence_is_found_each_thing_by_its_name() {
    let cases: &[(&str, &[&str])] = &[
        ("echo x | put report.md", &["INT-001 report.md"]),
        ("echo x | put new", &["INT-002 new"]),
        ("git update-index --force-remove ${dir}report.md", &["INT-002 report.md"]),
        (
            "git update-index --force-remove ${dir}report.md; echo x | put index.json; echo x | put z",
            &["INT-001 index.json", "INT-002 report.md", "INT-002 z"],
        ),
        ("echo x | put timestamps/x", &["INT-002 timestamps/x"]),
        ("git cat-file blob $ref:${dir}report.md | put report.md 100755", &["INT-003 report.md"]),
        ("printf report.md | put link 120000", &["INT-003 link"]),
        ("echo x | put SHA256SUMS.txt", &["INT-001 SHA256SUMS.txt", "INT-004 SHA256SUMS.txt"]),
        (
            "git update-index --force-remove ${dir}SHA256SUMS.txt",
            &["INT-002 SHA256SUMS.txt"],
        ),
        // All of it made anew: only the ledger and the record know better.
        (
            "echo x | put report.md
             git cat-file blob :${dir}SHA256SUMS.txt | sed \"s/.*  .\\/report.md/$(echo x | sha256sum | cut -c1-64)  .\\/report.md/\" | put SHA256SUMS.txt",
            &["INT-001 SHA256SUMS.txt", "INT-001 report.md"],
        ),
        ("git cat-file blob $ref:${dir}report.md | put report.md", &[]),
    ];
    let world = World::executed();
    let references = "refs/awo/evidence/";
    let name = world.ok(
        "rita",
        "rita",
        &["git", "for-each-ref", "--format=%(refname)", references],
    );
    let good = world.rev("rita", name.trim());
    for (script, wanted) in cases {
        tamper(&world, references, script);
        let did = verify(&world);
        assert_eq!(
            (did.code, did.findings()),
            (
                i32::from(!wanted.is_empty()),
                wanted.iter().map(|it| it.to_string()).collect()
            ),
            "{script}"
        );
        let findings = did.json()["findings"].clone();
        for finding in findings.as_array().unwrap() {
            assert_eq!(finding["subject"]["run"], RUN);
        }
        let tar = awo(&world, "rita", &["tar", RUN, "-o", "../out.tgz"]);
        assert_eq!(tar.code, did.code, "{script}");
        assert_eq!(world.path("out.tgz").exists(), wanted.is_empty());
        world.ok("rita", "rita", &["git", "update-ref", name.trim(), &good]);
    }
    world.ok("rita", "rita", &["git", "update-ref", "-d", name.trim()]);
    let did = verify(&world);
    assert_eq!(
        (did.code, did.findings()),
        (1, vec!["STR-002 -".to_owned()])
    );
}

#[test]
fn the_ledgers_inventory_and_the_run_record_count_as_well() {
    let world = World::executed();
    let good = world.rev("rita", "refs/awo/ledger");
    let codes =
        |did: &Did| -> Vec<String> { did.findings().iter().map(|it| it[..7].to_owned()).collect() };
    for (script, wanted) in [
        ("echo x | put SHA256SUMS.txt", &["INT-001", "INT-004"][..]),
        (
            "git cat-file blob :${dir}SHA256SUMS.txt | sed '1s/^[0-7]/x8/;1s/^[89a-f]/x1/;1s/^x//' | put SHA256SUMS.txt",
            &["INT-001", "INT-001"],
        ),
        (
            "git update-index --force-remove ${dir}SHA256SUMS.txt",
            &["INT-002"],
        ),
        (
            "git cat-file blob :${dir}run.dsse.json | tr 'A' 'B' | put run.dsse.json",
            &["INT-004"],
        ),
        (
            "git cat-file blob :${dir}SHA256SUMS.txt | put SHA256SUMS.txt",
            &[],
        ),
    ] {
        tamper(&world, "refs/awo/ledger", script);
        let did = verify(&world);
        assert_eq!(
            (did.code, codes(&did)),
            (
                i32::from(!wanted.is_empty()),
                wanted.iter().map(|it| it.to_string()).collect()
            ),
            "{script}\n{}",
            did.text()
        );
        world.ok(
            "rita",
            "rita",
            &["git", "update-ref", "refs/awo/ledger", &good],
        );
    }
}

#[test]
fn objects_that_are_gone_or_hidden_are_never_in_order() {
    let world = World::executed();
    // Two files' blobs are taken away: both are named.
    let script = "set -eu
        ref=$(git for-each-ref --format='%(refname)' refs/awo/evidence/)
        git unpack-objects < /dev/null 2>/dev/null || true
        mkdir ../packs; mv .git/objects/pack/* ../packs 2>/dev/null || true
        for pack in ../packs/*.pack; do [ ! -e $pack ] || git unpack-objects -q < $pack; done
        for file in report.md index.json; do
            id=$(git ls-tree -r $ref | grep \"/$file$\" | cut -c13-52)
            rm -f .git/objects/$(echo $id | cut -c1-2)/$(echo $id | cut -c3-)
        done";
    world.ok("rita", "rita", &["sh", "-c", script]);
    let did = verify(&world);
    assert_eq!(did.code, 3);
    let both = ["INT-005 index.json", "INT-005 report.md"];
    assert_eq!(
        (did.findings(), did.undecided()),
        (
            both.map(str::to_owned).to_vec(),
            both.map(str::to_owned).to_vec()
        )
    );
    let world = World::executed();
    let tip = world.rev("rita", "HEAD");
    assert_eq!(verify(&world).code, 0);
    world.write("rita/.git/shallow", format!("{tip}\n"));
    let did = verify(&world);
    assert_eq!(
        (did.code, did.undecided()),
        (3, vec!["INT-005 -".to_owned()])
    );
}

#[test]
fn a_name_that_is_both_a_directory_and_a_run_is_asked_about() {
    let world = World::executed();
    world.write(&format!("rita/{RUN}/a"), "x");
    world.ok("rita", "rita", &["git", "awo", "integrity", "sums", RUN]);
    for words in [
        &["integrity", "verify", RUN][..],
        &["tar", RUN, "-o", "../x.tgz"],
    ] {
        let did = awo(&world, "rita", words);
        assert_eq!((did.code, did.out.len()), (2, 0));
        assert!(
            did.err.contains(&format!("./{RUN}"))
                && did.err.contains(&format!("git awo verify {RUN}")),
            "{}",
            did.err
        );
    }
    let directory = awo(
        &world,
        "rita",
        &["--json", "integrity", "verify", &format!("./{RUN}")],
    );
    assert_eq!(
        (directory.code, &directory.json()["checked"]["files"]),
        (0, &1.into())
    );
    world.write("rita/elsewhere/x", "");
    let run = awo(
        &world,
        "rita/elsewhere",
        &["--json", "integrity", "verify", RUN],
    );
    assert_eq!((run.code, &run.json()["run"]), (0, &RUN.into()));
    world.write("rita/other/a", "x");
    world.ok(
        "rita",
        "rita",
        &["git", "awo", "integrity", "sums", "other"],
    );
    assert_eq!(
        awo(&world, "rita", &["integrity", "verify", "other"]).code,
        0,
        "no run of that name"
    );
}

#[test]
fn the_tarball_of_a_stored_run_is_that_of_the_same_files_checked_out() {
    let world = World::executed();
    let script = "set -eu
        ref=$(git for-each-ref --format='%(refname)' refs/awo/evidence/)
        dir=$(git ls-tree -r --name-only $ref | grep '/SHA256SUMS.txt$')
        export GIT_INDEX_FILE=$PWD/.git/elsewhere
        git read-tree $ref:${dir%/*}
        git -c core.autocrlf=false checkout-index --all --prefix=../exported/";
    world.ok("rita", "rita", &["sh", "-c", script]);
    let make = |place: &str, what: &str, output: &str| {
        let did = awo(&world, place, &["--json", "tar", what, "-o", output]);
        assert_eq!(did.code, 0, "{}", did.err);
        did.json()
    };
    let stored = make("rita", RUN, "../stored.tgz");
    let exported = make(".", "exported", "exported.tgz");
    let read = |name: &str| std::fs::read(world.path(name)).unwrap();
    assert!(read("stored.tgz") == read("exported.tgz"));
    for key in ["sha256", "root", "bytes", "files"] {
        assert_eq!(stored[key], exported[key], "{key}");
    }
    assert_eq!(stored["schema"], "awo.tar/1");
    assert!(world.path("exported/timestamps").exists());
    let listed = world.ok(
        "rita",
        ".",
        &[
            "python3",
            "-c",
            "import tarfile; print(tarfile.open('stored.tgz').getnames())",
        ],
    );
    assert!(
        !listed.contains("timestamps/") && listed.contains("./SHA256SUMS.txt"),
        "{listed}"
    );
    // What was exported verifies by itself and to the same root.
    let verified = awo(&world, ".", &["--json", "integrity", "verify", "exported"]);
    assert_eq!(
        (verified.code, &verified.json()["root"]),
        (0, &stored["root"])
    );
}
