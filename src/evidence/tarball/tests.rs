use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;

use super::*;
use crate::evidence::{self, Inventory, RunFiles, digests};

fn run(list: &[(&[u8], &[u8])]) -> RunFiles {
    let mut files: RunFiles = list
        .iter()
        .map(|(path, content)| (RepoPath::new(*path), content.to_vec()))
        .collect();
    let sums = Inventory::of(&digests(&files)).unwrap().to_bytes();
    files.insert(RepoPath::from(SUMS), sums);
    files
}

/// Gives at most so many bytes at once.
struct Slow<'a>(&'a [u8], usize);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len().min(self.1);
        self.0.read(&mut buffer[..room])
    }
}

fn pack(files: &RunFiles, piece: usize) -> (Tarball, Vec<u8>) {
    let mut out = Vec::new();
    let open = |path: &RepoPath| Ok::<_, evidence::Error>(Slow(&files[path], piece));
    let packed = write(&Survey::of_files(files), open, &mut out).unwrap();
    (packed, out)
}

fn small() -> RunFiles {
    run(&[
        (b"report.md", "# AWO Run Report — r\n".as_bytes()),
        (b"steps/01_a.json", b"{}"),
        (b"steps-b", b"sorted before what is below steps/\n"),
        (b"empty", b""),
        (b"block", &[b'x'; 512]),
        (b"\xff\n\\", b"a name of strange bytes"),
        (&[b'l'; 99], b"101 bytes with ./"),
        (b"timestamps/run.txt", b"2026-01-31T23:59:59Z\n"),
    ])
}

/// Bytes that were ever signed never change: if this test fails, every tarball anyone has
/// attested has another digest now. Change the program, not the test.
#[test]
fn the_bytes_of_a_tarball_are_pinned() {
    let (packed, bytes) = pack(&small(), usize::MAX);
    assert_eq!(packed.sha256, Sha256::of(&bytes));
    assert_eq!((packed.bytes, packed.files), (bytes.len() as u64, 8));
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    assert_eq!(bytes[..10], head, "no name, no time, no system");
    assert_eq!(
        packed.sha256.to_string(),
        "d09ca2f62edf2aa20b58a7d3d60b8d3c433b858cc5842b334e1903803b7789bd"
    );
}

/// Enough to fill the compressor's window and to need blocks of every kind.
#[test]
fn the_bytes_of_a_large_tarball_are_pinned() {
    let mut noise = Vec::new();
    let mut state = 1u64;
    for _ in 0..200_000 {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        noise.push((state >> 56) as u8);
    }
    let text: Vec<u8> = (0..40_000u32)
        .flat_map(|it| format!("line {} of {}\n", it % 977, it * 31 % 10_007).into_bytes())
        .collect();
    let zeros = vec![0; 300_000];
    let files = run(&[(b"noise", &noise), (b"text", &text), (b"zeros", &zeros)]);
    let (packed, bytes) = pack(&files, usize::MAX);
    assert_eq!(
        packed.sha256.to_string(),
        "8cbef4600b4e4a3a61705ac13ef6f814c4925f5acf1856147a93e00131f86a88"
    );
    // However the files come in.
    for piece in [1, 7, 511, 4096, 100_000] {
        assert!(pack(&files, piece).1 == bytes, "in pieces of {piece}");
    }
}

#[test]
fn what_is_in_the_tarball_depends_on_nothing_but_the_deterministic_region() {
    let mut files = small();
    let bytes = pack(&files, 100).1;
    files.insert("timestamps/run.txt".into(), b"2027-01-01\n".to_vec());
    files.insert("timestamps/more".into(), b"2027-01-01\n".to_vec());
    assert!(pack(&files, 100).1 == bytes);
    files.insert("empty".into(), b"x".to_vec());
    assert!(pack(&files, 100).1 != bytes);
}

const PYTHON: &str = r#"
import sys, tarfile, gzip, hashlib
path, into = sys.argv[1:]
members = tarfile.open(path, "r:gz", encoding="utf-8", errors="surrogateescape").getmembers()
names = [m.name.encode("utf-8", "surrogateescape") for m in members]
assert names == sorted(names), names
for m in members:
    assert m.isreg() and m.mode == 0o644 and m.mtime == 0, m.get_info()
    assert (m.uid, m.gid, m.uname, m.gname) == (0, 0, "", ""), m.get_info()
    assert m.name.startswith("./"), m.name
with tarfile.open(path, "r:gz", encoding="utf-8", errors="surrogateescape") as archive:
    archive.extractall(into)
assert len(gzip.open(path).read()) % 512 == 0
"#;

#[test]
fn python_unpacks_what_was_packed_and_sha256sum_finds_it_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let long = vec![vec![b'x'; 255]; 8].join(&b'/');
    let mut list: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    for len in [97, 98, 99, 100, 101, 154, 155, 156, 255] {
        list.push((vec![b'n'; len], format!("{len}").into_bytes()));
    }
    for name in [
        b" ".as_slice(),
        b"\xfe\xff",
        b"a\rb",
        b"-rf",
        b"d/\x1b[2J",
        "é/😀".as_bytes(),
        &long,
    ] {
        list.push((name.to_vec(), name.repeat(100)));
    }
    let borrowed: Vec<_> = list
        .iter()
        .map(|(a, b)| (a.as_slice(), b.as_slice()))
        .collect();
    let mut files = run(&borrowed);
    files.extend(
        small()
            .into_iter()
            .filter(|(path, _)| path.as_bytes() != SUMS.as_bytes()),
    );
    let sums = Inventory::of(&digests(&files)).unwrap().to_bytes();
    files.insert(SUMS.into(), sums);
    let packed = dir.path().join("run.tar.gz");
    std::fs::write(&packed, pack(&files, 1000).1).unwrap();
    let into = dir.path().join("out");
    let done = Command::new("python3")
        .args(["-I", "-W", "ignore", "-c", PYTHON])
        .args([&packed, &into])
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    files.retain(|path, _| !path.as_bytes().starts_with(b"timestamps/"));
    assert!(crate::evidence::read_dir(&into).unwrap() == files);
    assert!(Survey::of_dir(&into).unwrap().verify().0.is_empty());
    let check = Command::new("sha256sum")
        .args(["--strict", "--quiet", "-c", SUMS])
        .current_dir(&into)
        .output()
        .unwrap();
    assert!(
        check.status.success(),
        "{}",
        String::from_utf8_lossy(&check.stderr)
    );
    let listed = std::fs::metadata(into.join(std::ffi::OsStr::from_bytes(&long))).unwrap();
    assert_eq!(listed.len(), long.len() as u64 * 100);
}

#[test]
fn files_that_changed_since_the_survey_are_all_named() {
    let files = small();
    let survey = Survey::of_files(&files);
    let pack = |now: &RunFiles| {
        let open = |path: &RepoPath| Ok::<_, evidence::Error>(Slow(&now[path], 64));
        write(&survey, open, &mut Vec::new())
    };
    assert!(pack(&files).is_ok());
    let mut now = files.clone();
    now.insert("empty".into(), b"x".to_vec());
    now.insert("steps-b".into(), b"shorter\n".to_vec());
    now.insert("block".into(), vec![b'y'; 512]);
    let Err(Error::Changed(why)) = pack(&now) else {
        panic!("it must be refused");
    };
    let findings = why.findings();
    let said: Vec<_> = findings
        .iter()
        .map(|it| format!("{} {}", it.code, it.subject.path.as_deref().unwrap()))
        .collect();
    assert_eq!(said, ["INT-001 block", "INT-001 empty", "INT-001 steps-b"]);
}

#[test]
fn failures_to_read_and_to_write_are_told_apart() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("broken"))
        }
    }
    let survey = Survey::of_files(&run(&[(b"a", b"content")]));
    let read = write(
        &survey,
        |_| Ok::<_, evidence::Error>(Broken),
        &mut Vec::new(),
    );
    assert!(matches!(read, Err(Error::Read(path, _)) if path == "a".into()));
    let path = RepoPath::from("a");
    let gone = |_: &_| Err::<Broken, _>(evidence::Error::Replaced { path: path.clone() });
    let closed = write(&survey, gone, &mut Vec::new());
    assert!(matches!(
        closed,
        Err(Error::Open(evidence::Error::Replaced { .. }))
    ));
    let mut full = [0u8; 20];
    let written = write(
        &survey,
        |_| Ok::<_, evidence::Error>(Slow(b"content", 9)),
        &mut full[..],
    );
    assert!(matches!(written, Err(Error::Write(_))));
}
