//! Names of any bytes, against the real coreutils.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use super::{Did, Outside, shell};

const PIECES: &[&[u8]] = &[
    b"a",
    b"B",
    b" ",
    b"  ",
    b"'",
    b"\"",
    b"\\",
    b"\\n",
    b"\\\\",
    b"\n",
    b"\r",
    b"\r\n",
    b"\t",
    b"\x1b[31m",
    b"\x7f",
    b"-",
    b"*",
    b"?",
    b"$(x)",
    b"`",
    b";",
    b"#",
    b"~",
    b".",
    b"..x",
    b"\xff",
    b"\xc3",
    "é".as_bytes(),
    "e\u{301}".as_bytes(),
    "😀".as_bytes(),
    "\u{202e}".as_bytes(),
    "\u{feff}".as_bytes(),
    b"%00",
    b"\x01",
];

/// Names from a fixed sequence: the same in each run.
fn names(count: usize) -> BTreeSet<Vec<u8>> {
    let mut state = 20_261_121u64;
    let mut next = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut names = BTreeSet::new();
    while names.len() < count {
        let mut component = |long: bool| {
            let mut name = Vec::new();
            for _ in 0..=next(5) {
                name.extend(PIECES[next(PIECES.len())]);
            }
            if long {
                name.resize(250.min(name.len() + 200 + next(50)), b'x');
            }
            name
        };
        let mut path = b"f".to_vec();
        path.extend(component(names.len() % 50 == 7));
        // A directory begins with another letter, so that no file stands in its way.
        for _ in 0..names.len() % 4 {
            path = [
                b"d",
                component(names.len() % 97 == 5).as_slice(),
                b"/",
                &path,
            ]
            .concat();
        }
        names.insert(path);
    }
    // At the limits of a name and of a path.
    names.insert(vec![b'n'; 255]);
    names.insert(
        [
            &[vec![b'p'; 254].as_slice(); 13].join(&b'/')[..],
            b"/",
            &[b'q'; 200],
        ]
        .concat(),
    );
    names.insert([[b"s".as_slice(); 63].join(&b'/'), b"t".to_vec()].join(&b'/'));
    names
}

#[test]
#[ignore = "needs GNU coreutils; takes some seconds"]
fn ten_thousand_names_are_listed_as_coreutils_list_them() {
    let outside = Outside::new();
    let names = names(12_000);
    for (number, name) in names.iter().enumerate() {
        let path = outside.path("run").join(OsStr::from_bytes(name));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, number.to_string()).unwrap();
    }
    outside.write("run/timestamps/t", "2026-01-31\n");
    assert!(names.len() > 10_000);
    assert!(names.iter().any(|it| std::str::from_utf8(it).is_err()));
    let made = outside.awo(&["--json", "integrity", "sums", "run"]);
    assert_eq!(made.code, 0, "{}", made.err);
    assert_eq!(made.json()["files"], names.len());
    let listed = Did::of(shell(
        &outside.path("run"),
        "find . -type f ! -path ./SHA256SUMS.txt ! -path './timestamps/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum",
    ));
    assert_eq!(listed.code, 0, "{}", listed.err);
    let ours = outside.read("run/SHA256SUMS.txt");
    let line = |bytes: &[u8], at: usize| {
        let line = bytes.split(|b| *b == b'\n').nth(at).unwrap_or_default();
        String::from_utf8_lossy(line).into_owned()
    };
    for at in 0..names.len() {
        assert_eq!(line(&ours, at), line(&listed.out, at), "line {at}");
        if ours == listed.out {
            break;
        }
    }
    assert!(ours == listed.out, "byte for byte");
    crate::figure::figure(
        "file names against `sha256sum` and `tar`",
        names.len(),
        "0 differences",
        "0 of 10^5",
    );
    let check = shell(
        &outside.path("run"),
        "sha256sum --strict --quiet -c SHA256SUMS.txt",
    );
    assert!(
        check.status.success(),
        "{}",
        String::from_utf8_lossy(&check.stderr)
    );
    assert_eq!(outside.verified(), [""; 0]);
    let printed = outside.awo(&["integrity", "sums", "--print", "run"]);
    assert!(printed.out == ours);
    // Through the tarball, too.
    assert_eq!(outside.awo(&["tar", "run", "-o", "run.tgz"]).code, 0);
    outside.sh("mkdir copy; tar -xzf run.tgz -C copy; cp -r run/timestamps copy; diff -r run copy");
}

#[test]
fn names_of_any_bytes_go_through_inventory_verdict_and_tarball() {
    let outside = Outside::new();
    for (number, name) in names(60).iter().enumerate() {
        let path = outside.path("run").join(OsStr::from_bytes(name));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, number.to_string()).unwrap();
    }
    let made = outside.awo(&["--json", "integrity", "sums", "run"]);
    assert_eq!(made.code, 0, "{}", made.err);
    assert_eq!(outside.verified(), [""; 0]);
    assert_eq!(outside.awo(&["tar", "run", "-o", "run.tgz"]).code, 0);
    let unpack = "import sys, tarfile; tarfile.open('run.tgz', encoding='utf-8', errors='surrogateescape').extractall('copy')";
    let done = Did::of(
        std::process::Command::new("python3")
            .args(["-I", "-W", "ignore", "-c", unpack])
            .env("LC_ALL", "C.UTF-8")
            .current_dir(outside.path(""))
            .output()
            .unwrap(),
    );
    assert_eq!(done.code, 0, "{}", done.err);
    outside.sh("diff -r run copy");
}
