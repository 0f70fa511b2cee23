use crate::record::{Coded, Subject};
use std::process::Command;

use super::*;

fn hex(content: &str) -> String {
    Sha256::of(content.as_bytes()).to_string()
}

fn line(path: &str) -> String {
    format!("{}  ./{path}\n", hex(path))
}

fn code(bytes: &[u8]) -> &'static str {
    match Inventory::parse(bytes) {
        Ok(_) => "ok",
        Err(bad) => bad.to_finding(Subject::none()).code.as_str(),
    }
}

#[test]
fn what_sha256sum_puts_up_with_is_refused_and_its_benign_twin_is_read() {
    let h = hex("x");
    let upper = h.to_uppercase();
    let twins = [
        (line("a") + &line("a"), line("a") + &line("b")),
        (line("b") + &line("a"), line("a") + &line("b")),
        (line("a/b") + &line("a.b"), line("a.b") + &line("a/b")),
        (
            format!("{h}  /etc/passwd\n"),
            format!("{h}  ./etc/passwd\n"),
        ),
        (
            format!("{h}  .//etc/passwd\n"),
            format!("{h}  ./etc/passwd\n"),
        ),
        (format!("{h}  a\n"), format!("{h}  ./a\n")),
        (format!("{h}  ././a\n"), format!("{h}  ./.a\n")),
        (format!("{h}  ./../a\n"), format!("{h}  ./..a\n")),
        (format!("{h}  ./a/../b\n"), format!("{h}  ./a/...\n")),
        (format!("{h}  ./a//b\n"), format!("{h}  ./a/b\n")),
        (format!("{h}  ./a/\n"), format!("{h}  ./a\n")),
        (format!("{h}  ./\n"), format!("{h}  ./ \n")),
        (format!("{h}  ./a\0b\n"), format!("{h}  ./a\u{1}b\n")),
        (line("SHA256SUMS.txt"), line("sub/SHA256SUMS.txt")),
        (line("timestamps/a"), line("timestamps")),
        (line("timestamps/a/b"), line("timestamps.txt")),
        (format!("{h}  ./a\r\n"), format!("\\{h}  ./a\\r\n")),
        (format!("{upper}  ./a\n"), format!("{h}  ./a\n")),
        (format!("{h} ./a\n"), format!("{h}  ./ a\n")),
        (format!("{h} *./a\n"), format!("{h}  ./*a\n")),
        (format!("{h}\t./a\n"), format!("{h}  ./\ta\n")),
        (
            format!("SHA256 (./a) = {h}\n"),
            format!("{h}  ./SHA256 (.a) = {h}\n"),
        ),
        (format!("# {h}  ./a\n"), format!("{h}  ./# a\n")),
        ("garbage\n".to_owned(), line("garbage")),
        (line("a") + "\n", line("a") + &line("b")),
        (format!(" {h}  ./a\n"), format!("{h}  ./a\n")),
        (format!("{h}  ./a"), format!("{h}  ./a\n")),
        (format!("{h}0  ./a\n"), format!("{h}  ./0a\n")),
        (format!("{}  ./a\n", &h[1..]), format!("{h}  ./a\n")),
        (format!("{h}  ./a\\nb\n"), format!("\\{h}  ./a\\nb\n")),
        (format!("\\{h}  ./a\n"), format!("{h}  ./a\n")),
        (format!("\\{h}  ./a\\tb\n"), format!("\\{h}  ./a\\\\tb\n")),
        (format!("\\{h}  ./a\\\n"), format!("\\{h}  ./a\\\\\n")),
        (
            format!("\\{h}  ./a\\rb\r\n"),
            format!("\\{h}  ./a\\rb\\r\n"),
        ),
        (format!("\u{feff}{h}  ./a\n"), format!("{h}  ./\u{feff}a\n")),
        (String::new(), line("a")),
        ("\n".to_owned(), line("a")),
    ];
    for (bad, good) in twins {
        assert_eq!(code(bad.as_bytes()), "INT-004", "{bad:?}");
        assert_eq!(code(good.as_bytes()), "ok", "{good:?}");
        let read = Inventory::parse(good.as_bytes()).unwrap();
        assert_eq!(read.to_bytes(), good.as_bytes(), "{good:?} has one form");
        assert_eq!(read.root(), Sha256::of(good.as_bytes()));
    }
}

#[test]
fn lines_in_another_order_are_read_only_where_that_is_asked_for() {
    let (sorted, other) = (line("a") + &line("b"), line("b") + &line("a"));
    assert!(Inventory::parse(other.as_bytes()).is_err());
    let read = Inventory::parse_unsorted(other.as_bytes()).unwrap();
    assert_eq!(read.to_bytes(), sorted.as_bytes());
    let twice = line("b") + &line("a") + &line("b");
    assert!(Inventory::parse_unsorted(twice.as_bytes()).is_err());
    assert!(Inventory::parse_unsorted(b"garbage\n").is_err());
}

#[test]
fn an_error_names_its_line() {
    let bad = Inventory::parse((line("a") + &line("b") + "x\n").as_bytes()).unwrap_err();
    assert_eq!((bad.line, bad.limit), (3, false));
    assert_eq!(
        bad.to_string(),
        "cannot read the inventory at line 3: the line is too short for a digest"
    );
    assert!(bad.to_finding(Subject::none()).found.ends_with("in line 3"));
}

#[test]
fn limits_hold_at_the_limit_and_refuse_one_more() {
    let lines = |count: usize| -> String {
        (0..count)
            .map(|n| format!("{}  ./{n:06}\n", "0".repeat(64)))
            .collect()
    };
    assert_eq!(code(lines(MAX_LINES).as_bytes()), "ok");
    assert_eq!(code(lines(MAX_LINES + 1).as_bytes()), "INT-006");
    let path = |component: usize, count: usize| vec!["x".repeat(component); count].join("/");
    assert_eq!(code(line(&path(MAX_COMPONENT, 1)).as_bytes()), "ok");
    assert_eq!(
        code(line(&path(MAX_COMPONENT + 1, 1)).as_bytes()),
        "INT-006"
    );
    assert_eq!(code(line(&path(MAX_COMPONENT, 16)[..]).as_bytes()), "ok");
    assert_eq!(
        code(line(&(path(MAX_COMPONENT, 16) + "/x")).as_bytes()),
        "INT-006"
    );
    assert_eq!(code(line(&path(1, MAX_PATH_DEPTH)).as_bytes()), "ok");
    assert_eq!(
        code(line(&path(1, MAX_PATH_DEPTH + 1)).as_bytes()),
        "INT-006"
    );
    // Lines of 4,096 bytes and one shorter line fill the 8 MiB to the byte.
    let wide = |n: usize| {
        format!(
            "{}  ./{n:05}{}\n",
            "0".repeat(64),
            ["x".repeat(250), path(255, 14), "x".repeat(187)].join("/")
        )
    };
    assert_eq!(wide(0).len(), 4096);
    let mut full: String = (0..MAX_LEN / 4096).map(wide).collect();
    assert_eq!((full.len(), code(full.as_bytes())), (MAX_LEN, "ok"));
    full.insert(full.len() - 1, 'x');
    assert_eq!(code(full.as_bytes()), "INT-006");
}

#[test]
fn only_what_can_be_read_again_is_listed() {
    let of = |path: &[u8]| Inventory::of(&BTreeMap::from([(RepoPath::new(path), Sha256::of(b""))]));
    for good in [b"a".as_slice(), b"a\nb", b"a\r", b"\\", b"\xff", b"a/b"] {
        let inventory = of(good).unwrap();
        assert_eq!(Inventory::parse(&inventory.to_bytes()).unwrap(), inventory);
    }
    for bad in [
        b"".as_slice(),
        b"/a",
        b"a/../b",
        b"a\0",
        b"SHA256SUMS.txt",
        b"timestamps/a",
    ] {
        assert!(of(bad).is_err());
    }
    assert!(Inventory::of(&BTreeMap::new()).is_err());
}

#[test]
fn a_comparison_names_every_file_that_differs_is_missing_or_was_added() {
    let files = |list: &[(&str, &str)]| -> BTreeMap<RepoPath, Sha256> {
        list.iter()
            .map(|(path, content)| (RepoPath::from(*path), Sha256::of(content.as_bytes())))
            .collect()
    };
    let inventory = Inventory::of(&files(&[("a", "1"), ("b", "2"), ("c", "3")])).unwrap();
    assert!(
        inventory
            .compare(&files(&[("a", "1"), ("b", "2"), ("c", "3")]))
            .is_empty()
    );
    let findings = inventory.compare(&files(&[("a", "1"), ("b", "changed"), ("d\n", "4")]));
    let said: Vec<_> = findings
        .iter()
        .map(|finding| (finding.code.as_str(), finding.subject.path.clone().unwrap()))
        .collect();
    let wanted = [("INT-002", "\"d\\n\""), ("INT-001", "b"), ("INT-002", "c")];
    assert_eq!(said, wanted.map(|(code, path)| (code, path.to_owned())));
}

#[test]
fn names_are_escaped_as_the_real_sha256sum_does() {
    let dir = tempfile::tempdir().unwrap();
    let mut digests = BTreeMap::new();
    let pieces: [&[u8]; 12] = [
        b"a",
        b"\n",
        b"\r",
        b"\\",
        b"\\n",
        b" ",
        b"\t",
        b"\xff",
        "é".as_bytes(),
        b"\"",
        b"\x1b",
        b"-",
    ];
    for number in 0..300usize {
        let name = [
            pieces[number % 12],
            pieces[(number / 12) % 12],
            if number >= 144 {
                pieces[(number * 7) % 12]
            } else {
                b""
            },
        ]
        .concat();
        let path = RepoPath::new(if number % 5 == 0 {
            [b"d/", name.as_slice()].concat()
        } else {
            name
        });
        let real = dir
            .path()
            .join(std::ffi::OsStr::from_bytes(path.as_bytes()));
        std::fs::create_dir_all(real.parent().unwrap()).unwrap();
        std::fs::write(real, number.to_string()).unwrap();
        digests.insert(path, Sha256::of(number.to_string().as_bytes()));
    }
    assert!(digests.len() > 200);
    let output = Command::new("sh")
        .args([
            "-c",
            "find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum",
        ])
        .env("LC_ALL", "C")
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert!(output.status.success());
    let ours = Inventory::of(&digests).unwrap();
    assert_eq!(ours.to_bytes(), output.stdout);
    assert_eq!(Inventory::parse(&output.stdout).unwrap(), ours);
    // And the other way round: sha256sum takes what we write.
    std::fs::write(dir.path().join(SUMS), ours.to_bytes()).unwrap();
    let check = Command::new("sha256sum")
        .args(["--strict", "-c", SUMS])
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert!(check.status.success());
}

use std::os::unix::ffi::OsStrExt as _;

proptest::proptest! {
    #[test]
    fn whatever_is_read_is_written_back_the_same(
        start in proptest::sample::select(vec!["", "\\"]),
        name in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..12),
    ) {
        let mut bytes = format!("{start}{}  ./", hex("x")).into_bytes();
        bytes.extend(name);
        bytes.push(b'\n');
        if let Ok(inventory) = Inventory::parse(&bytes) {
            assert_eq!(inventory.to_bytes(), bytes);
        }
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        let _ = Inventory::parse(&bytes);
    }
}
