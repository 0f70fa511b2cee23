//! What a destination takes and what it refuses.

use assert_fs::TempDir;

use super::*;

fn export(entries: &[(&str, &str)]) -> Files {
    let file = |(path, text): &(&str, &str)| (RepoPath::from(*path), text.as_bytes().to_vec());
    entries.iter().map(file).collect()
}

fn codes(root: &Path, files: &Files) -> Vec<&'static str> {
    let findings = Destination::open(root).unwrap().check(files).unwrap();
    findings.iter().map(|it| it.code.as_str()).collect()
}

const FILES: &[(&str, &str)] = &[
    ("runs/r/report.md", "report"),
    ("runs/r/steps/00_a.json", "{}"),
    ("provenance/index.json", "old"),
];

fn written() -> TempDir {
    let directory = TempDir::new().unwrap();
    let files = export(FILES);
    let destination = Destination::open(directory.path()).unwrap();
    assert_eq!(destination.write(&files).unwrap(), 3, "all are new");
    directory
}

#[test]
fn an_earlier_export_is_left_alone_but_for_the_index() {
    let directory = written();
    let mut files = export(FILES);
    assert!(codes(directory.path(), &files).is_empty(), "the same again");
    let destination = Destination::open(directory.path()).unwrap();
    assert_eq!(destination.write(&files).unwrap(), 0, "nothing is new");
    files.insert(RepoPath::from(INDEX), b"new".to_vec());
    assert!(
        codes(directory.path(), &files).is_empty(),
        "an index that grew"
    );
    assert_eq!(destination.write(&files).unwrap(), 1, "the index");
    let index = fs::read(directory.path().join(INDEX)).unwrap();
    assert_eq!(index, b"new", "the index is replaced");
    let left: Vec<_> = fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(left.len(), 2, "no temporary file is left: {left:?}");
}

#[test]
fn other_bytes_and_strangers_among_the_evidence_are_refused() {
    let directory = written();
    let report = directory.path().join("runs/r/report.md");
    fs::write(&report, "forged").unwrap();
    let files = export(FILES);
    assert_eq!(codes(directory.path(), &files), ["INT-001"]);
    let destination = Destination::open(directory.path()).unwrap();
    assert!(destination.write(&files).is_err(), "nor is it written over");
    assert_eq!(fs::read(&report).unwrap(), b"forged", "it stays");
    fs::write(&report, "report").unwrap();
    assert!(codes(directory.path(), &files).is_empty(), "mended");
    fs::write(directory.path().join("runs/r/steps/more"), "").unwrap();
    assert_eq!(codes(directory.path(), &files), ["INT-002"]);
}

#[test]
fn only_an_export_or_nothing_may_be_there() {
    let directory = TempDir::new().unwrap();
    let absent = directory.path().join("a/b");
    let destination = Destination::open(&absent).unwrap();
    assert!(!absent.exists(), "opening makes nothing");
    destination.write(&export(FILES)).unwrap();
    assert!(absent.join("runs/r/report.md").is_file());
    fs::write(absent.join("notes.txt"), "").unwrap();
    assert!(
        Destination::open(&absent).is_err(),
        "something of the user's"
    );
    assert!(
        Destination::open(&absent.join("notes.txt")).is_err(),
        "a file"
    );
}

#[cfg(unix)]
#[test]
fn no_symlink_is_followed() {
    use std::os::unix::fs::symlink;
    let outside = TempDir::new().unwrap();
    for link in [
        "runs",
        "runs/r",
        "runs/r/report.md",
        "provenance/index.json",
    ] {
        let directory = TempDir::new().unwrap();
        let place = directory.path().join(link);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        symlink(outside.path(), &place).unwrap();
        let files = export(FILES);
        let found = codes(directory.path(), &files);
        assert!(
            found.iter().all(|it| *it == "INT-003") && !found.is_empty(),
            "{link}: {found:?}"
        );
        let destination = Destination::open(directory.path()).unwrap();
        assert!(destination.write(&files).is_err(), "{link}");
        assert_eq!(
            fs::read_dir(outside.path()).unwrap().count(),
            0,
            "{link}: nothing outside"
        );
    }
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    let directory = TempDir::new().unwrap();
    let destination = Destination::open(&directory.path().join("in")).unwrap();
    for path in ["../x", "runs/../../x", "runs//x", "/x", "runs/./x"] {
        let files = export(&[(path, "x")]);
        assert!(destination.check(&files).is_err(), "{path}");
        assert!(destination.write(&files).is_err(), "{path}");
    }
    assert!(!directory.path().join("x").exists(), "nothing outside");
}
