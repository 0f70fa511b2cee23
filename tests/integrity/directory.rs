//! Directories, which need no repository.

use super::Outside;

#[test]
fn an_inventory_is_what_sha256sum_would_write_and_its_digest_is_the_root() {
    let outside = Outside::with_run();
    let listed = outside.sh(
        "cd run; find . -type f ! -path ./SHA256SUMS.txt ! -path './timestamps/*' -print0 | sort -z | xargs -0 sha256sum",
    );
    assert_eq!(outside.read("run/SHA256SUMS.txt"), listed.as_bytes());
    let root = outside.sh("sha256sum run/SHA256SUMS.txt | cut -c1-64");
    let again = outside.awo(&["integrity", "sums", "run"]);
    assert_eq!((again.code, again.text()), (0, root.clone()));
    let verified = outside.awo(&["integrity", "verify", "run"]);
    assert_eq!(
        (verified.code, verified.text()),
        (0, format!("root {root}ok: 4 files checked\n"))
    );
    assert_eq!(verified.err, "");
}

#[test]
fn an_inventory_that_differs_is_kept_unless_it_is_to_be_replaced() {
    let outside = Outside::with_run();
    let sums = outside.read("run/SHA256SUMS.txt");
    let inode = || outside.sh("stat -c '%i %y' run/SHA256SUMS.txt");
    let before = inode();
    let same = outside.awo(&["--json", "integrity", "sums", "run"]);
    assert_eq!((same.code, inode()), (0, before.clone()), "left alone");
    assert_eq!(same.json()["written"], false);
    assert_eq!(same.json()["files"], 4);
    outside.write("run/report.md", "changed");
    outside.write("run/new", "");
    std::fs::remove_file(outside.path("run/empty")).unwrap();
    let refused = outside.awo(&["--json", "integrity", "sums", "run"]);
    let wanted = ["INT-002 empty", "INT-002 new", "INT-001 report.md"];
    assert_eq!(
        (refused.code, refused.findings()),
        (1, wanted.map(String::from).to_vec())
    );
    assert!(refused.err.contains("git awo integrity sums run --replace"));
    assert_eq!(inode(), before);
    // To look at it, nothing is needed and nothing is touched.
    let printed = outside.awo(&["integrity", "sums", "--print", "run"]);
    assert_eq!((printed.code, inode()), (0, before));
    let replaced = outside.awo(&["--json", "integrity", "sums", "--replace", "run"]);
    assert_eq!(
        (replaced.code, replaced.json()["written"].as_bool()),
        (0, Some(true))
    );
    assert_eq!(outside.read("run/SHA256SUMS.txt"), printed.out);
    assert_ne!(printed.out, sums);
    assert_eq!(outside.verified(), [""; 0]);
    assert_eq!(
        outside.sh("cd run; ls -A"),
        "SHA256SUMS.txt\nnew\nreport.md\nsteps\nsteps.b\ntimestamps\n"
    );
    assert_eq!(
        outside.sh("umask 022; stat -c %a run/SHA256SUMS.txt"),
        outside.sh("umask 022; stat -c %a run/new")
    );
}

#[test]
fn lines_in_another_order_verify_and_are_not_written_over() {
    let outside = Outside::with_run();
    outside.sh("sort run/SHA256SUMS.txt > sums; mv sums run/SHA256SUMS.txt");
    let before = outside.read("run/SHA256SUMS.txt");
    assert_eq!(outside.verified(), [""; 0]);
    let root = outside.sh("sha256sum run/SHA256SUMS.txt | cut -c1-64");
    let said = outside.awo(&["integrity", "verify", "run"]).text();
    assert!(
        said.starts_with(&format!("root {root}")),
        "the root is of the bytes there"
    );
    outside.write("run/new", "");
    let refused = outside.awo(&["--json", "integrity", "sums", "run"]);
    assert_eq!(
        refused.findings(),
        ["INT-004 SHA256SUMS.txt", "INT-002 new"]
    );
    assert_eq!(outside.read("run/SHA256SUMS.txt"), before);
}

/// Each does something to a good run; the twin puts a harmless thing in its place.
const KINDS: &[(&str, &str, &[&str])] = &[
    ("a byte changed", "printf x > run/empty", &["INT-001 empty"]),
    ("a file gone", "rm run/steps.b", &["INT-002 steps.b"]),
    ("a file more", "touch run/steps/02", &["INT-002 steps/02"]),
    (
        "renamed",
        "mv run/empty run/void",
        &["INT-002 empty", "INT-002 void"],
    ),
    (
        "other case",
        "mv run/report.md run/REPORT.md",
        &["INT-002 REPORT.md", "INT-002 report.md"],
    ),
    (
        "no inventory",
        "rm run/SHA256SUMS.txt",
        &["INT-002 SHA256SUMS.txt"],
    ),
    (
        "an empty inventory",
        ": > run/SHA256SUMS.txt",
        &["INT-004 SHA256SUMS.txt"],
    ),
    (
        "CRLF",
        "sed -i 's/$/\\r/;2,$d' run/SHA256SUMS.txt",
        &["INT-004 SHA256SUMS.txt"],
    ),
    (
        "upper-case hex",
        "sed -i '1s/^./A/' run/SHA256SUMS.txt",
        &["INT-004 SHA256SUMS.txt"],
    ),
    (
        "binary mode",
        "sed -i '1s/  / */' run/SHA256SUMS.txt",
        &["INT-004 SHA256SUMS.txt"],
    ),
    (
        "a comment",
        "echo '# all is well' >> run/SHA256SUMS.txt",
        &["INT-004 SHA256SUMS.txt"],
    ),
    (
        "an absolute path",
        "sed -i '1s#\\./#/#' run/SHA256SUMS.txt",
        &["INT-004 SHA256SUMS.txt"],
    ),
    (
        "a way out",
        "sed -i '1s#\\./#./../#' run/SHA256SUMS.txt",
        &["INT-004 SHA256SUMS.txt"],
    ),
    (
        "a line twice",
        "sed -i '1p' run/SHA256SUMS.txt",
        &["INT-004 SHA256SUMS.txt"],
    ),
    (
        "itself",
        "sha256sum ./run/report.md | sed 's#run/report.md#SHA256SUMS.txt#' >> run/SHA256SUMS.txt",
        &["INT-004 SHA256SUMS.txt"],
    ),
    (
        "no last line feed",
        "truncate -s -1 run/SHA256SUMS.txt",
        &["INT-004 SHA256SUMS.txt"],
    ),
    ("a symlink", "ln -s empty run/link", &["INT-003 link"]),
    (
        "a symlink to a directory",
        "ln -s . run/steps/loop",
        &["INT-003 steps/loop"],
    ),
    (
        "a symlink in place of a file",
        "mv run/empty e; ln -s ../e run/empty",
        &["INT-003 empty"],
    ),
    (
        "a symlink in place of the inventory",
        "mv run/SHA256SUMS.txt s; ln -s ../s run/SHA256SUMS.txt",
        &["INT-003 SHA256SUMS.txt"],
    ),
    (
        "a symlink among the clock values",
        "ln -s run.txt run/timestamps/x",
        &["INT-003 timestamps/x"],
    ),
    ("a pipe", "mkfifo run/pipe", &["INT-003 pipe"]),
    (
        "code among the clock values",
        "echo 'rm -rf /' > run/timestamps/run.txt",
        &["INT-002 timestamps/run.txt"],
    ),
    (
        "a long clock value",
        "yes 2026-01-01 | head -n 30 > run/timestamps/run.txt",
        &["INT-002 timestamps/run.txt"],
    ),
    (
        "a directory among the clock values",
        "mkdir run/timestamps/d; echo 2026-01-01 > run/timestamps/d/x",
        &["INT-002 timestamps/d/x"],
    ),
    (
        "an inventory beyond the limit",
        "truncate -s 8388609 run/SHA256SUMS.txt",
        &["INT-006 SHA256SUMS.txt"],
    ),
    (
        "a name for terminals",
        "touch \"run/$(printf 'a\\033[2J\\nb')\"",
        &["INT-002 \"a\\033[2J\\nb\""],
    ),
    (
        "many things at once",
        "echo x > run/empty; rm run/steps.b; ln -s x run/l; touch run/z; echo no > run/timestamps/t; mkfifo run/p",
        &[
            "INT-001 empty",
            "INT-003 l",
            "INT-003 p",
            "INT-002 steps.b",
            "INT-002 timestamps/t",
            "INT-002 z",
        ],
    ),
];

#[test]
fn every_kind_of_finding_has_its_code_and_names_what_it_is_about() {
    for (what, script, wanted) in KINDS {
        let outside = Outside::with_run();
        assert_eq!(outside.verified(), [""; 0], "before: {what}");
        outside.sh(script);
        assert_eq!(outside.verified(), *wanted, "{what}");
        let twice = || outside.awo(&["--json", "integrity", "verify", "run"]).out;
        assert_eq!(twice(), twice(), "the same bytes each time");
        let text = outside.awo(&["integrity", "verify", "run"]);
        assert_eq!((text.code, text.err.as_str()), (1, ""));
        assert!(!text.out.contains(&0x1b), "nothing a terminal would obey");
        assert!(
            !text.text().contains("root "),
            "no root that stands for nothing"
        );
        // And no tarball is made of it, nor anything left behind.
        let tar = outside.awo(&["--json", "tar", "run", "-o", "out.tar.gz"]);
        assert_eq!(
            (tar.code, tar.findings()),
            (1, wanted.iter().map(|it| it.to_string()).collect()),
            "{what}"
        );
        assert!(!outside.path("out.tar.gz").exists());
    }
}

#[test]
fn what_changes_nothing_that_counts_is_no_finding() {
    for (what, script) in [
        ("touched", "touch -d 2001-01-01 run/* run/SHA256SUMS.txt"),
        (
            "other modes",
            "chmod 755 run/report.md; chmod 700 run/steps",
        ),
        ("an empty directory", "mkdir -p run/artifacts/none"),
        (
            "other clock values",
            "echo 2027-01-01 > run/timestamps/run.txt; echo 2026-01-01 > run/timestamps/more",
        ),
        ("no clock values", "rm -r run/timestamps"),
        (
            "written anew",
            "cp run/empty e; rm run/empty; cp e run/empty",
        ),
        (
            "lines turned round",
            "tac run/SHA256SUMS.txt > s; cp s run/SHA256SUMS.txt",
        ),
        ("a hard link from elsewhere", "ln run/empty outside"),
    ] {
        let outside = Outside::with_run();
        outside.sh(script);
        assert_eq!(outside.verified(), [""; 0], "{what}");
    }
}

#[test]
fn every_flipped_byte_is_found() {
    let outside = Outside::with_run();
    let mut tried = 0;
    for name in ["report.md", "steps/01_a.json", "steps.b", "SHA256SUMS.txt"] {
        let file = format!("run/{name}");
        let good = outside.read(&file);
        for at in 0..good.len() {
            let mut bad = good.clone();
            // All bits one after the other, over the bytes.
            bad[at] ^= 1 << (at % 8);
            outside.write(&file, bad);
            let did = outside.awo(&["--json", "integrity", "verify", "run"]);
            assert_eq!(did.code, 1, "byte {at} of {name}");
            let found = did.findings();
            match name {
                // In a digest, a name or the form.
                "SHA256SUMS.txt" => assert!(!found.is_empty()),
                _ => assert_eq!(found, [format!("INT-001 {name}")], "byte {at}"),
            }
            tried += 1;
        }
        outside.write(&file, good);
    }
    assert!(tried > 350, "{tried}");
    assert_eq!(outside.verified(), [""; 0]);
}

#[test]
fn what_an_inventory_cannot_list_is_refused_each_by_its_name() {
    let outside = Outside::new();
    outside.write("run/good", "x");
    outside.sh(
        "ln -s good run/link; mkfifo run/pipe; mkdir run/timestamps; echo sh > run/timestamps/t; ln -s x run/SHA256SUMS.txt",
    );
    let wanted = [
        "INT-003 SHA256SUMS.txt",
        "INT-003 link",
        "INT-003 pipe",
        "INT-002 timestamps/t",
    ];
    for words in [
        &["--json", "integrity", "sums", "run"][..],
        &["--json", "integrity", "sums", "--replace", "run"],
    ] {
        let refused = outside.awo(words);
        assert_eq!(
            (refused.code, refused.findings()),
            (1, wanted.map(String::from).to_vec())
        );
    }
    let printed = outside.awo(&["integrity", "sums", "run", "--print"]);
    assert_eq!(
        (printed.code, printed.out.len()),
        (1, 0),
        "nothing is printed of it either"
    );
    outside.sh("cd run; rm link pipe timestamps/t SHA256SUMS.txt");
    assert_eq!(outside.awo(&["integrity", "sums", "run"]).code, 0);
    assert_eq!(outside.verified(), [""; 0]);
    outside.sh("rm -r run/*");
    let empty = outside.awo(&["--json", "integrity", "sums", "run"]);
    assert_eq!(
        (empty.code, empty.findings()),
        (1, vec!["INT-004 SHA256SUMS.txt".to_owned()])
    );
}

#[test]
fn an_argument_with_a_slash_a_dot_or_a_directory_of_that_name_is_a_directory() {
    let outside = Outside::with_run();
    for (place, word) in [
        ("", "run"),
        ("", "./run"),
        ("", "run/"),
        ("run", "."),
        ("run/steps", ".."),
    ] {
        let did = outside.awo_in(place, &["integrity", "verify", word]);
        assert_eq!(did.code, 0, "{place} {word}: {}{}", did.text(), did.err);
    }
    let absolute = outside.path("run").display().to_string();
    assert_eq!(
        outside
            .awo_in("run/steps", &["integrity", "verify", &absolute])
            .code,
        0
    );
    let chosen = outside.awo_in("run/steps", &["-C", "../..", "integrity", "verify", "run"]);
    assert_eq!(chosen.code, 0, "-C is where it is looked for");
    for (word, code) in [
        ("./absent", 2),
        ("run/report.md", 2),
        ("a b", 2),
        ("", 2),
        ("absent", 3),
    ] {
        let did = outside.awo(&["integrity", "verify", word]);
        assert_eq!(
            (did.code, did.text().as_str()),
            (code, ""),
            "{word:?}: {}",
            did.err
        );
    }
    for word in ["absent", "run/report.md", ""] {
        assert_eq!(
            outside.awo(&["integrity", "sums", word]).code,
            2,
            "{word:?}"
        );
    }
    // A symlink is followed only where that is said.
    outside.sh("ln -s run alias");
    let alias = outside.awo(&["--json", "integrity", "verify", "alias"]);
    assert_eq!(alias.code, 1);
    assert!(alias.findings()[0].starts_with("INT-003 "));
    assert_eq!(outside.awo(&["integrity", "verify", "alias/"]).code, 0);
}

#[test]
fn a_broken_repository_around_a_directory_does_not_matter() {
    let outside = Outside::with_run();
    outside.write(".git/HEAD", "garbage");
    outside.write(".git/config", "[core\n");
    assert_eq!(outside.verified(), [""; 0]);
    assert_eq!(outside.awo(&["tar", "run", "-o", "out.tgz"]).code, 0);
}

#[test]
fn inventories_made_at_once_list_nothing_of_each_other() {
    let outside = Outside::with_run();
    let made = outside.read("run/SHA256SUMS.txt");
    for round in 0..4 {
        let words = ["integrity", "sums", "run", "--replace"];
        // A different file each round, so that every round has something to write.
        outside.write("run/empty", format!("{round}"));
        let start = || {
            super::program(&outside.path(""))
                .args(words)
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap()
        };
        let children: Vec<_> = (0..6).map(|_| start()).collect();
        for mut child in children {
            assert!(child.wait().unwrap().success());
        }
        assert_eq!(outside.verified(), [""; 0]);
        let listed = outside.read("run/SHA256SUMS.txt");
        assert_eq!(listed.len(), made.len(), "the same files");
    }
}
