use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use super::*;
use crate::evidence::run_dir::tests::write_dir;
use crate::evidence::{digests, read_dir};

const TIME: &str = "2026-11-21T01:52:49Z\n";

fn run(list: &[(&str, &str)]) -> RunFiles {
    let mut files: RunFiles = list
        .iter()
        .map(|(path, content)| (RepoPath::from(*path), content.as_bytes().to_vec()))
        .collect();
    let sums = Inventory::of(&digests(&files)).unwrap().to_bytes();
    files.insert(RepoPath::from(SUMS), sums);
    files
}

fn good() -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("run");
    let files = [
        ("a", "abc"),
        ("b/c", "def"),
        ("b-d", ""),
        ("timestamps/t", TIME),
    ];
    write_dir(&place, &run(&files));
    (dir, place)
}

fn said(survey: &Survey) -> Vec<String> {
    let (findings, root) = survey.verify();
    assert_eq!(findings.is_empty(), root.is_some());
    findings
        .iter()
        .map(|it| format!("{} {}", it.code, it.subject.path.as_deref().unwrap_or("-")))
        .collect()
}

fn survey(place: &Path) -> Survey {
    Survey::of_dir(place).unwrap()
}

#[test]
fn a_directory_and_the_same_files_at_hand_are_judged_alike() {
    let (_dir, place) = good();
    let stored = Survey::of_files(&read_dir(&place).unwrap());
    let found = survey(&place);
    assert_eq!(said(&found), [""; 0]);
    assert_eq!(found.verify(), stored.verify());
    assert_eq!(found.digests(), stored.digests());
    assert_eq!((found.bytes(), found.len_of(&"a".into())), (6, Some(3)));
    fs::write(place.join("a"), "abd").unwrap();
    fs::remove_file(place.join("b-d")).unwrap();
    fs::write(place.join("e\n"), "").unwrap();
    fs::write(place.join("timestamps/t"), "echo\n").unwrap();
    let wanted = [
        "INT-002 \"e\\n\"",
        "INT-001 a",
        "INT-002 b-d",
        "INT-002 timestamps/t",
    ];
    assert_eq!(said(&survey(&place)), wanted);
    let stored = Survey::of_files(&read_dir(&place).unwrap());
    assert_eq!(survey(&place).verify(), stored.verify());
}

#[test]
fn every_refusal_is_collected_and_the_rest_is_still_compared() {
    let (_dir, place) = good();
    symlink("a", place.join("link")).unwrap();
    symlink("/", place.join("b/root")).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(place.join("socket")).unwrap();
    fs::write(place.join("a"), "changed").unwrap();
    fs::write(place.join("new"), "").unwrap();
    let wanted = [
        "INT-001 a",
        "INT-003 b/root",
        "INT-003 link",
        "INT-002 new",
        "INT-003 socket",
    ];
    assert_eq!(said(&survey(&place)), wanted);
    drop(socket);
}

#[test]
fn a_listed_file_that_became_a_symlink_is_named_once() {
    let (_dir, place) = good();
    fs::rename(place.join("a"), place.join("../a")).unwrap();
    symlink("../a", place.join("a")).unwrap();
    assert_eq!(said(&survey(&place)), ["INT-003 a"]);
    fs::remove_file(place.join("a")).unwrap();
    assert_eq!(said(&survey(&place)), ["INT-002 a"]);
    fs::rename(place.join("../a"), place.join("a")).unwrap();
    assert_eq!(said(&survey(&place)), [""; 0]);
}

#[test]
fn an_inventory_must_be_a_file_that_can_be_read() {
    let (_dir, place) = good();
    let sums = place.join(SUMS);
    let bytes = fs::read(&sums).unwrap();
    fs::remove_file(&sums).unwrap();
    assert_eq!(said(&survey(&place)), ["INT-002 SHA256SUMS.txt"]);
    symlink("a", &sums).unwrap();
    assert_eq!(said(&survey(&place)), ["INT-003 SHA256SUMS.txt"]);
    fs::remove_file(&sums).unwrap();
    fs::create_dir(&sums).unwrap();
    fs::write(sums.join("x"), "").unwrap();
    assert_eq!(said(&survey(&place)), ["INT-003 SHA256SUMS.txt"]);
    let inside = RunFiles::from([(RepoPath::from("SHA256SUMS.txt/x"), Vec::new())]);
    assert_eq!(said(&Survey::of_files(&inside)), ["INT-003 SHA256SUMS.txt"]);
    fs::remove_dir_all(&sums).unwrap();
    // Every bad line is named, each with its number.
    let garbage = [bytes.as_slice(), b"x\n", bytes.as_slice(), b"y\n"].concat();
    fs::write(&sums, garbage).unwrap();
    let findings = survey(&place).verify().0;
    let lines: Vec<_> = findings.iter().map(|it| it.found.clone()).collect();
    assert_eq!(
        lines.len(),
        5,
        "two of garbage, three said twice: {lines:?}"
    );
    assert!(
        findings
            .iter()
            .all(|it| it.code == crate::record::Code::Int004)
    );
    let large = File::create(&sums).unwrap();
    large.set_len(MAX_LEN as u64 + 1).unwrap();
    assert_eq!(said(&survey(&place)), ["INT-006 SHA256SUMS.txt"]);
    fs::write(&sums, &bytes).unwrap();
    assert_eq!(said(&survey(&place)), [""; 0]);
    // AWO's older runs did not sort.
    let mut lines: Vec<_> = bytes.split_inclusive(|b| *b == b'\n').collect();
    lines.reverse();
    fs::write(&sums, lines.concat()).unwrap();
    assert_eq!(said(&survey(&place)), [""; 0]);
}

#[test]
fn there_is_no_limit_on_bytes() {
    let (_dir, place) = good();
    let large = File::create(place.join("large")).unwrap();
    large
        .set_len(crate::evidence::run_dir::MAX_TOTAL + 1)
        .unwrap();
    assert!(read_dir(&place).is_err());
    let found = survey(&place);
    assert_eq!(found.bytes(), crate::evidence::run_dir::MAX_TOTAL + 7);
    assert_eq!(said(&found), ["INT-002 large"]);
    let sums = Inventory::of(found.digests()).unwrap();
    fs::write(place.join(SUMS), sums.to_bytes()).unwrap();
    assert_eq!(said(&survey(&place)), [""; 0]);
}

#[test]
fn paths_are_accepted_at_the_limit_and_named_beyond_it() {
    let (_dir, place) = good();
    let deep = |depth: usize| place.join(vec!["x"; depth].join("/"));
    fs::create_dir_all(deep(64)).unwrap();
    assert_eq!(
        said(&survey(&place)),
        [""; 0],
        "empty directories leave no trace"
    );
    fs::write(deep(64).join("f"), "").unwrap();
    fs::write(deep(63).join("g"), "").unwrap();
    let name = |depth: usize, file: &str| format!("{}/{file}", vec!["x"; depth].join("/"));
    let mut wanted = [
        format!("INT-006 {}", name(64, "f")),
        format!("INT-002 {}", name(63, "g")),
    ];
    wanted.sort_by_key(|line| line[8..].to_owned());
    assert_eq!(said(&survey(&place)), wanted);
}

#[test]
fn no_more_entries_are_walked_than_the_limit() {
    let dir = tempfile::tempdir().unwrap();
    let many = dir.path().join("many");
    fs::create_dir(&many).unwrap();
    for number in 0..=MAX_LINES {
        File::create(many.join(format!("{number:06}"))).unwrap();
    }
    // One file more than an inventory lists: all are hashed, and the number is refused.
    let found = survey(dir.path());
    assert_eq!(found.digests().len(), MAX_LINES + 1);
    assert_eq!(said(&found), ["INT-006 .", "INT-002 SHA256SUMS.txt"]);
    fs::remove_file(many.join("000000")).unwrap();
    let found = survey(dir.path());
    assert_eq!(said(&found), ["INT-002 SHA256SUMS.txt"]);
    let sums = Inventory::of(found.digests()).unwrap().to_bytes();
    fs::write(dir.path().join(SUMS), sums).unwrap();
    assert_eq!(said(&survey(dir.path())), [""; 0]);
    let others = dir.path().join("others");
    fs::create_dir(&others).unwrap();
    // `many`, `others`, the inventory and the files are there already.
    for number in 0..=MAX_LINES - 3 {
        symlink("x", others.join(format!("{number:06}"))).unwrap();
    }
    let findings = said(&survey(dir.path()));
    assert_eq!(
        findings,
        ["INT-006 others"],
        "and nothing is called missing"
    );
}

#[test]
fn names_of_any_bytes_are_surveyed() {
    let dir = tempfile::tempdir().unwrap();
    for name in [b"\xff".as_slice(), b"a\nb", b"\\", b" ", b"\x1b[2J", b"-rf"] {
        fs::write(dir.path().join(std::ffi::OsStr::from_bytes(name)), name).unwrap();
    }
    let found = survey(dir.path());
    assert_eq!(found.digests().len(), 6);
    let sums = Inventory::of(found.digests()).unwrap().to_bytes();
    fs::write(dir.path().join(SUMS), sums).unwrap();
    assert_eq!(said(&survey(dir.path())), [""; 0]);
}

#[test]
fn what_cannot_be_seen_at_all_ends_the_survey() {
    let (_dir, place) = good();
    assert!(matches!(
        Survey::of_dir(&place.join("absent")),
        Err(Error::Io { .. })
    ));
    symlink("run", place.join("../alias")).unwrap();
    let alias = survey(&place.join("../alias"));
    let codes: Vec<_> = said(&alias);
    assert!(
        codes.len() == 1 && codes[0].starts_with("INT-003 "),
        "{codes:?}"
    );
}
