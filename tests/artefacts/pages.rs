//! INDEX.md at the door.

use std::collections::BTreeSet;

use git_awo::record::tree::Mode;
use git_awo::record::{RepoPath, index_page};

use super::{INDEXED, commit, commit_as, door, file, gone, refuses, refuses_all, with};
use crate::hostile::door::Door;
use crate::world::World;

const PAGE: &str = "src/specs/INDEX.md";
const WRONG: &str = "INT-008 index-page";

/// The page of the directory with these files.
pub fn page(files: &[&str]) -> String {
    page_of("src/specs", files)
}

fn page_of(root: &str, files: &[&str]) -> String {
    let files: BTreeSet<RepoPath> = files.iter().map(|it| RepoPath::from(*it)).collect();
    String::from_utf8(index_page::render(&RepoPath::from(root), &files)).unwrap()
}

#[test]
fn a_page_that_is_not_what_the_files_make_is_refused() {
    let door = door(INDEXED);
    let (main, _) = door.base();
    let (a, b, c) = (
        "src/specs/A_v1.0.md",
        "src/specs/B [x]_v1.0.md",
        "src/specs/C_v1.0.md",
    );
    let b = b.replace(" [x]", "-x");
    let right = page(&["A_v1.0.md", "B-x_v1.0.md"]);
    let base = commit(
        &door,
        &main,
        &[file(a, "a"), file(&b, "b"), file(PAGE, &right)],
    );
    door.accepts_push("a page", &[&format!("{base}:refs/heads/wip/some")]);
    let next = page(&["A_v1.0.md", "B-x_v1.0.md", "C_v1.0.md"]);
    let with = |text: &str| commit(&door, &base, &[file(c, "c"), file(PAGE, text)]);
    let mut lines: Vec<&str> = next.lines().collect();
    let last = lines.len() - 1;
    lines.swap(last, last - 1);
    let reordered = lines.join("\n") + "\n";
    let orphaned = page(&["A_v1.0.md", "B-x_v1.0.md", "C_v1.0.md", "D_v1.0.md"]);
    let missing = commit(&door, &base, &[file(c, "c")]);
    let (orphaned, reordered) = (with(&orphaned), with(&reordered));
    refuses_all(
        &door,
        &[
            ("missing", missing.clone(), WRONG),
            ("orphaned", orphaned.clone(), WRONG),
            ("reordered", reordered.clone(), WRONG),
            (
                "another title",
                with(&next.replace("# Index", "# My index")),
                WRONG,
            ),
            ("other line ends", with(&next.replace('\n', "\r\n")), WRONG),
            ("no line end", with(next.trim_end()), WRONG),
            ("empty", with(""), WRONG),
            (
                "none",
                commit(&door, &base, &[file(c, "c"), gone(PAGE)]),
                WRONG,
            ),
            (
                "a symlink",
                commit(
                    &door,
                    &base,
                    &[file(c, "c"), (PAGE, Some((Mode::Symlink, "A_v1.0.md")))],
                ),
                WRONG,
            ),
            (
                "executable",
                commit(
                    &door,
                    &base,
                    &[file(c, "c"), (PAGE, Some((Mode::Executable, &next)))],
                ),
                WRONG,
            ),
            (
                "a directory",
                commit(
                    &door,
                    &base,
                    &[
                        file(c, "c"),
                        gone(PAGE),
                        file("src/specs/INDEX.md/A_v1.0.md", "x"),
                    ],
                ),
                WRONG,
            ),
            (
                "only the page",
                commit(&door, &base, &[file(PAGE, &next)]),
                WRONG,
            ),
            ("the page gone", commit(&door, &base, &[gone(PAGE)]), WRONG),
            (
                "a page of nothing",
                commit(&door, &main, &[file(PAGE, &page(&[]))]),
                WRONG,
            ),
        ],
    );
    for (commit, words) in [
        (missing, "missing: C_v1.0.md"),
        (orphaned, "orphaned: D_v1.0.md"),
        (reordered, "reordered: B-x_v1.0.md"),
    ] {
        let said = refuses(&door, words, &commit, WRONG).text;
        assert!(said.contains(words), "{said}");
        assert!(said.contains("git awo index reconcile"), "{said}");
    }
    let right = with(&next);
    door.accepts("right", &right);
    let moved = page(&["B-x_v1.0.md", "C_v1.0.md", "archive/A_v1.0.md"]);
    let moved = [
        gone(a),
        file("src/specs/archive/A_v1.0.md", "a"),
        file(PAGE, &moved),
    ];
    door.accepts("archived", &commit(&door, &right, &moved));
    let elsewhere = commit(&door, &base, &[file("src/other.md", "x")]);
    door.accepts("nothing below it changes", &elsewhere);
}

#[test]
fn the_page_of_a_merge_is_that_of_the_merged_tree() {
    let door = door(INDEXED);
    let (main, _) = door.base();
    let one = |name: &str| {
        let path = format!("src/specs/{name}");
        commit(
            &door,
            &main,
            &[file(&path, name), file(PAGE, &page(&[name]))],
        )
    };
    let (ours, theirs) = (one("A_v1.0.md"), one("B_v1.0.md"));
    let merge = |edits: &[super::Edit<'_>]| commit_as(&door, &[&ours, &theirs], "Merge\n", edits);
    let b = file("src/specs/B_v1.0.md", "B_v1.0.md");
    let right = page(&["A_v1.0.md", "B_v1.0.md"]);
    refuses_all(
        &door,
        &[
            ("the page of one side", merge(&[b]), WRONG),
            (
                "the page of the other one",
                merge(&[b, file(PAGE, &page(&["B_v1.0.md"]))]),
                WRONG,
            ),
        ],
    );
    let right = merge(&[b, file(PAGE, &right)]);
    door.accepts("both", &right);
    door.world.fresh_clone();
    let takes_one = commit_as(&door, &[&right, &theirs], "Merge\n", &[]);
    door.accepts("what a side has is taken whole", &takes_one);
}

#[test]
fn a_page_names_what_is_in_inner_directories_and_their_pages() {
    let inner = "\n[[artefacts]]\nroot = \"src/specs/inner/\"\nindex = true\n";
    let door = door(&format!("{INDEXED}{inner}"));
    let (main, _) = door.base();
    let own = "src/specs/inner/INDEX.md";
    let made = |outer: &[&str], inner: Option<&[&str]>| {
        let (outer, inner) = (page(outer), inner.map(|it| page_of("src/specs/inner", it)));
        let mut edits = vec![file("src/specs/inner/notes.txt", "x"), file(PAGE, &outer)];
        edits.extend(inner.as_deref().map(|text| file(own, text)));
        commit(&door, &main, &edits)
    };
    let all = ["inner/INDEX.md", "inner/notes.txt"];
    refuses_all(
        &door,
        &[
            (
                "without the inner page",
                made(&["inner/notes.txt"], None),
                WRONG,
            ),
            (
                "not named by the outer one",
                made(&["inner/notes.txt"], Some(&["notes.txt"])),
                WRONG,
            ),
            (
                "the inner one names itself",
                made(&all, Some(&["INDEX.md", "notes.txt"])),
                WRONG,
            ),
        ],
    );
    door.accepts("both", &made(&all, Some(&["notes.txt"])));
}

#[test]
fn a_page_that_follows_from_what_is_granted_needs_no_grant() {
    let world = World::founded();
    let granted = "paths = [\"src/specs/*_v*.md\"]";
    let rule = "\n[[rule]]\nname = \"page-is-olgas\"\nrefs = [\"refs/heads/wip/kept\"]\npaths = [\"src/specs/INDEX.md\"]\nwriters = [\"olga\"]\n";
    world.next_policy(2, None, |text| {
        let before = "paths = [\"src/\", \"docs/\", \"test_strings.py\"]";
        assert!(text.contains(before));
        with(text.replace(before, granted), &format!("{INDEXED}{rule}"))
    });
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let door = Door::new(world, "otto");
    let (main, _) = door.base();
    let made = |more: super::Edit<'_>, listed: &[&str]| {
        let page = page(listed);
        commit(
            &door,
            &main,
            &[file("src/specs/A_v1.0.md", "a"), file(PAGE, &page), more],
        )
    };
    let b = file("src/specs/B_v1.0.md", "b");
    let right = made(b, &["A_v1.0.md", "B_v1.0.md"]);
    let outside = made(file("src/other.md", "x"), &["A_v1.0.md"]);
    refuses_all(
        &door,
        &[
            ("a wrong page", made(b, &["A_v1.0.md"]), WRONG),
            ("another path", outside, "GOV-003 direct-writers"),
        ],
    );
    // What forbids it counts.
    let kept = door.refused_push("kept", &[&format!("{right}:refs/heads/wip/kept")]);
    assert!(kept.text.contains("page-is-olgas"), "{}", kept.text);
    door.accepts("it follows", &right);
}
