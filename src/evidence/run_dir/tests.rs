use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use super::*;
use crate::evidence::Inventory;
use crate::evidence::inventory::SUMS;
use crate::evidence::timestamps::MAX_TIMESTAMPS;
use crate::record::{Code, Coded, Subject};

fn code(error: &Error) -> Code {
    let findings = error.refusal(Subject::none()).findings();
    findings.iter().next().unwrap().code
}

fn run(list: &[(&str, &str)]) -> RunFiles {
    let mut files: RunFiles = list
        .iter()
        .map(|(path, content)| (RepoPath::from(*path), content.as_bytes().to_vec()))
        .collect();
    let sums = Inventory::of(&digests(&files)).unwrap().to_bytes();
    files.insert(RepoPath::from(SUMS), sums);
    files
}

fn said(findings: &Findings) -> Vec<String> {
    findings
        .iter()
        .map(|finding| {
            format!(
                "{} {}",
                finding.code,
                finding.subject.path.as_deref().unwrap_or("-")
            )
        })
        .collect()
}

#[test]
fn a_good_run_verifies_and_its_root_is_the_digest_of_the_inventory() {
    let files = run(&[
        ("report.md", "x"),
        ("steps/01_a.json", "{}"),
        ("timestamps/run.txt", "started=2026-11-21T01:52:49Z\n"),
    ]);
    let (findings, root) = verify(&files);
    assert_eq!(said(&findings), [""; 0]);
    assert_eq!(root, Some(Sha256::of(&files[&RepoPath::from(SUMS)])));
}

#[test]
fn every_byte_of_a_file_counts_and_so_does_every_file() {
    let good = run(&[("a", "abc"), ("b/c", "def")]);
    for path in ["a", "b/c"] {
        for at in 0..3 {
            let mut files = good.clone();
            files.get_mut(&RepoPath::from(path)).unwrap()[at] ^= 1;
            let (findings, root) = verify(&files);
            assert_eq!(
                (said(&findings), root),
                (vec![format!("INT-001 {path}")], None)
            );
        }
        let mut files = good.clone();
        files.remove(&RepoPath::from(path));
        assert_eq!(said(&verify(&files).0), [format!("INT-002 {path}")]);
    }
    let mut files = good.clone();
    files.insert(RepoPath::from("b/d"), Vec::new());
    assert_eq!(said(&verify(&files).0), ["INT-002 b/d"]);
}

#[test]
fn a_run_without_a_readable_inventory_has_no_root() {
    let mut files = run(&[("a", "abc")]);
    files.insert(RepoPath::from(SUMS), b"garbage\n".to_vec());
    let (findings, root) = verify(&files);
    assert_eq!(
        (said(&findings), root),
        (vec!["INT-004 SHA256SUMS.txt".to_owned()], None)
    );
    files.remove(&RepoPath::from(SUMS));
    let (findings, root) = verify(&files);
    assert_eq!(
        (said(&findings), root),
        (vec!["INT-002 SHA256SUMS.txt".to_owned()], None)
    );
}

#[test]
fn clock_values_do_not_touch_the_root_and_nothing_else_hides_among_them() {
    let good = run(&[("a", "abc")]);
    let root = verify(&good).1;
    let with = |name: &str, content: &str| {
        let mut files = good.clone();
        files.insert(RepoPath::from(name), content.as_bytes().to_vec());
        verify(&files)
    };
    let time = "2026-11-21T01:52:49Z";
    for content in [
        format!("{time}\n"),
        format!("started={time}\nfinished={time}\n"),
        "2026-11-21\n".to_owned(),
        format!("{time}\n").repeat(12),
    ] {
        let (findings, found) = with("timestamps/run.txt", &content);
        assert_eq!(said(&findings), [""; 0], "{content}");
        assert_eq!(found, root);
    }
    for content in [
        "",
        "\n",
        "#!/bin/sh\n",
        "rm -rf /=2026-11-21T01:52:49Z\n",
        "started=now\n",
        "=2026-11-21T01:52:49Z\n",
        "started=2026-11-21T01:52:49Z",
        "started=2026-11-21T01:52:49Z\n\n",
        "started=2026-11-21T01:52:49Z\r\n",
        "2026-11-21 \n",
        "2026-02-30\n",
        "a=b=2026-11-21T01:52:49Z\n",
        &format!("{time}\n").repeat(13),
    ] {
        let (findings, found) = with("timestamps/run.txt", content);
        assert_eq!(
            (said(&findings), found),
            (vec!["INT-002 timestamps/run.txt".to_owned()], None),
            "{content}"
        );
    }
    for name in ["timestamps/a/b", "timestamps/a b", "timestamps/é"] {
        assert_eq!(
            verify_codes(&with(name, &format!("{time}\n"))),
            ["INT-002"],
            "{name}"
        );
    }
    let nameless = with("timestamps/", &format!("{time}\n"));
    assert_eq!(verify_codes(&nameless), ["INT-003"], "no path at all");
    let mut files = good.clone();
    for number in 0..MAX_TIMESTAMPS {
        files.insert(
            RepoPath::new(format!("timestamps/{number:02}")),
            format!("{time}\n").into_bytes(),
        );
    }
    assert_eq!(verify(&files).1, root);
    files.insert(
        RepoPath::from("timestamps/99"),
        format!("{time}\n").into_bytes(),
    );
    assert_eq!(said(&verify(&files).0), ["INT-002 timestamps/99"]);
}

fn verify_codes(verified: &(Findings, Option<Sha256>)) -> Vec<&'static str> {
    verified
        .0
        .iter()
        .map(|finding| finding.code.as_str())
        .collect()
}

/// Writes files to a directory.
pub(crate) fn write_dir(dir: &Path, files: &RunFiles) {
    for (path, content) in files {
        let real = dir.join(OsStr::from_bytes(path.as_bytes()));
        fs::create_dir_all(real.parent().unwrap()).unwrap();
        fs::write(real, content).unwrap();
    }
}

#[test]
fn a_run_is_read_as_it_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut files = run(&[("a", "abc"), ("b/c/d", ""), ("b/é\n\\", "x")]);
    files.insert(RepoPath::new(b"\xff".as_slice()), b"\0".to_vec());
    let place = dir.path().join("runs/r");
    write_dir(&place, &files);
    fs::create_dir(place.join("empty")).unwrap();
    assert_eq!(read_dir(&place).unwrap(), files);
}

#[test]
fn symlinks_and_special_files_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("run");
    fs::create_dir_all(place.join("steps")).unwrap();
    fs::write(place.join("steps/real"), "x").unwrap();
    assert_eq!(read_dir(&place).unwrap().len(), 1);
    let refused = |what: &str| {
        let error = read_dir(&place).unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
        assert_eq!(code(&error), Code::Int003);
    };
    symlink("real", place.join("steps/link")).unwrap();
    refused("steps/link into a run: it is a symlink");
    fs::remove_file(place.join("steps/link")).unwrap();
    symlink("steps", place.join("dir")).unwrap();
    refused("dir into a run: it is a symlink");
    fs::remove_file(place.join("dir")).unwrap();
    let socket = std::os::unix::net::UnixListener::bind(place.join("socket")).unwrap();
    refused("socket into a run: it is a special file");
    drop(socket);
    fs::remove_file(place.join("socket")).unwrap();
    assert!(read_dir(&place).is_ok());
    symlink("run", dir.path().join("alias")).unwrap();
    assert!(matches!(
        read_dir(&dir.path().join("alias")),
        Err(Error::NotRegular { .. })
    ));
    assert!(matches!(
        read_dir(&dir.path().join("absent")),
        Err(Error::Io { .. })
    ));
}

#[test]
fn what_a_run_may_not_hold_is_named_each_and_the_rest_is_read() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("real"), "x").unwrap();
    fs::write(dir.path().join("long"), "y").unwrap();
    for name in ["a", "b"] {
        symlink("real", dir.path().join(name)).unwrap();
    }
    let (files, refused) = read_whole_dir(dir.path()).unwrap();
    assert_eq!(files.len(), 2);
    let mut named: Vec<_> = refused.iter().map(ToString::to_string).collect();
    named.sort();
    assert_eq!(
        named,
        ["a", "b"].map(|name| format!("cannot take {name} into a run: it is a symlink"))
    );
    for name in ["a", "b"] {
        fs::remove_file(dir.path().join(name)).unwrap();
    }
    let (files, refused) = read_whole_dir(dir.path()).unwrap();
    assert!(refused.is_empty());
    assert_eq!(files, read_dir(dir.path()).unwrap());
}

#[test]
fn a_run_may_hold_64_mib_and_not_a_byte_more() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("small"), [0; 10]).unwrap();
    let large = File::create(dir.path().join("large")).unwrap();
    large.set_len(MAX_TOTAL - 10).unwrap();
    assert_eq!(read_dir(dir.path()).unwrap().len(), 2);
    large.set_len(MAX_TOTAL - 9).unwrap();
    let refused = read_dir(dir.path()).unwrap_err();
    assert_eq!(code(&refused), Code::Int006);
}
