//! Trees and paths.

use super::Case;
use super::door::Door;

pub const CASES: &[Case] = &[
    Case {
        id: "P-02",
        attack: "a path that only begins like an allowed one",
        answer: "GOV-003",
        tests: &["hostile::trees::a_path_that_only_begins_like_an_allowed_one"],
    },
    Case {
        id: "P-10",
        attack: "names with line feeds, tabs, escapes and quotes",
        answer: "INT-003",
        tests: &["hostile::trees::names_that_a_reader_of_lines_would_split"],
    },
];

#[test]
fn names_that_a_reader_of_lines_would_split() {
    let door = Door::of_otto();
    let blob = door.raw().blob("x\n");
    let mut forced = Vec::new();
    let names: &[&[u8]] = &[
        b"ok\n.github",
        b"a\tb",
        b"a\x1b[2Jb",
        b"a\x7fb",
        b"\xc2\x85",
    ];
    for name in names {
        let commit = door.commit_in_src(&[("100644", name, &blob)]);
        door.refuses(&String::from_utf8_lossy(name), &commit, &["INT-003"]);
        forced.push((commit, "INT-003"));
    }
    for name in ["plain.py", "\u{e9}t\u{e9}.py", "with space.py", "quote'.py"] {
        let commit = door.commit_in_src(&[("100644", name.as_bytes(), &blob)]);
        door.accepts(name, &commit);
    }
    let forced: Vec<(&str, &str)> = forced
        .iter()
        .map(|(it, code)| (it.as_str(), *code))
        .collect();
    door.verify_finds_all(&forced);
}

#[test]
fn a_path_that_only_begins_like_an_allowed_one() {
    let door = Door::of_otto();
    let blob = door.raw().blob("x\n");
    let (_, root) = door.base();
    for name in ["test_strings.py.bak", "test_strings.pyx", "src.py", "srcs"] {
        let tree = door
            .raw()
            .tree_with(&root, &[("100644", name.as_bytes(), &blob)]);
        door.refuses(name, &door.commit(&tree), &["GOV-003"]);
    }
    let tree = door
        .raw()
        .tree_with(&root, &[("100644", b"test_strings.py", &blob)]);
    door.accepts("the path itself", &door.commit(&tree));
    let below = door.raw().tree(&[("100644", b"evil", &blob)]);
    let tree = door
        .raw()
        .tree_with(&root, &[("40000", b"test_strings.py", &below)]);
    door.refuses(
        "a directory in its place",
        &door.commit(&tree),
        &["GOV-003"],
    );
}
