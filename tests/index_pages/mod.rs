//! INDEX.md of directories of artefacts: made anew from the work tree, merged by git entry by entry.

mod merges;
mod property;
mod staged;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use crate::hostile::Case;
use crate::world::World;

pub const CASES: &[Case] = &[
    Case {
        id: "C-45",
        attack: "benign: names with brackets, spaces and bytes that are no text, nested pages, directories that git ignores, \
                 sparse checkouts, submodules",
        answer: "accepted",
        tests: &[
            "index_pages::what_stands_below_a_directory_is_listed_whatever_it_is_called",
            "index_pages::what_git_does_not_look_at_is_not_listed",
        ],
    },
    Case {
        id: "C-46",
        attack: "an INDEX.md that is a symlink, or in a directory that is one",
        answer: "nothing is written through it",
        tests: &["index_pages::no_page_is_written_through_a_symlink"],
    },
    Case {
        id: "C-47",
        attack: "two branches that each add, remove or rename files below one directory, merged, rebased or picked",
        answer: "accepted: the page is what the merged tree makes",
        tests: &[
            "index_pages::merges::branches_that_each_add_a_file_do_not_conflict",
            "index_pages::property::whatever_is_done_a_page_is_what_the_files_make",
        ],
    },
    Case {
        id: "C-55",
        attack: "benign: drafts, files that are only unstaged, and what a killed write left, below a directory with a page",
        answer: "accepted, after the remedy",
        tests: &[
            "index_pages::staged::files_that_the_commit_does_not_get_are_not_listed_by_it",
            "index_pages::staged::the_remedy_of_the_door_mends_a_commit_that_is_made",
            "index_pages::staged::what_a_killed_write_left_is_named_and_removed_unless_it_is_staged",
        ],
    },
];

/// Two directories with a page, one in the other.
pub const TABLES: &str = "\n[[artefacts]]\nroot = \"docs/\"\nindex = true\n\n[[artefacts]]\nroot = \"docs/specs/\"\nindex = true\n";

/// Gives the directories their pages.
pub fn with_pages(text: String) -> String {
    let requires = "level = \"HYBRID\"\nrequires = [\"artefacts/1\"]\n";
    text.replace("level = \"HYBRID\"\n", requires) + TABLES
}

/// A world in which directories have pages, and otto works on a branch that takes direct commits.
pub fn with_branch() -> World {
    let world = World::founded();
    world.next_policy(2, None, with_pages);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &["git", "switch", "-q", "-c", "wip/x"]);
    world
}

pub const RECONCILE: &[&str] = &["git", "awo", "index", "reconcile"];
pub const CHECK: &[&str] = &["git", "awo", "index", "reconcile", "--check"];

/// The lines of a page that are entries.
fn entries(world: &World, page: &str) -> Vec<String> {
    let text = fs::read_to_string(world.path(page)).unwrap();
    let lines = text.lines().filter(|it| it.starts_with("- ["));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_page_follows_the_work_tree_and_a_second_call_changes_nothing() {
    let world = with_branch();
    let said = world.ok("otto", "otto", RECONCILE);
    assert!(
        said.contains("every page is what the work tree makes"),
        "{said}"
    );
    world.write("otto/docs/specs/A.md", "a\n");
    world.write("otto/docs/b.md", "b\n");
    let said = world.refused("otto", "otto", CHECK, "INT-008");
    assert!(
        said.contains("missing: A.md") && said.contains("missing: b.md, specs/A.md"),
        "{said}"
    );
    assert!(!world.path("otto/docs/INDEX.md").exists(), "it only looks");
    let said = world.ok("otto", "otto", RECONCILE);
    assert!(
        said.contains("next: git add -- docs/specs/INDEX.md docs/INDEX.md"),
        "{said}"
    );
    assert_eq!(
        entries(&world, "otto/docs/specs/INDEX.md"),
        ["- [A.md](A.md)"]
    );
    let outer = [
        "- [b.md](b.md)",
        "- [specs/A.md](specs/A.md)",
        "- [specs/INDEX.md](specs/INDEX.md)",
    ];
    assert_eq!(entries(&world, "otto/docs/INDEX.md"), outer);
    world.ok("otto", "otto", CHECK);
    let said = world.ok("otto", "otto", RECONCILE);
    assert!(
        said.contains("every page is what the work tree makes"),
        "{said}"
    );
    world.commit("otto", "pages");
    let page = world.path("otto/docs/specs/INDEX.md");
    let good = fs::read_to_string(&page).unwrap();
    for (what, bad) in [
        ("orphaned: gone.md", good.clone() + "- [gone.md](gone.md)\n"),
        ("another text", good.clone() + "- [A.md](A.md)\n"),
        ("another text", good.replace("docs/specs/", "docs/other/")),
        ("another text", "by hand\n".to_owned()),
        ("another text", String::new()),
    ] {
        fs::write(&page, &bad).unwrap();
        let said = world.refused("otto", "otto", CHECK, "INT-008");
        assert!(said.contains(what), "{what}: {said}");
        assert_eq!(fs::read_to_string(&page).unwrap(), bad, "it only looks");
        world.ok("otto", "otto", RECONCILE);
        assert_eq!(fs::read_to_string(&page).unwrap(), good);
    }
    fs::remove_file(world.path("otto/docs/specs/A.md")).unwrap();
    let said = world.ok("otto", "otto", RECONCILE);
    assert!(said.contains("removed   docs/specs/INDEX.md"), "{said}");
    assert!(!page.exists());
    assert_eq!(entries(&world, "otto/docs/INDEX.md"), ["- [b.md](b.md)"]);
    world.ok("otto", "otto", CHECK);
}

#[test]
fn what_stands_below_a_directory_is_listed_whatever_it_is_called() {
    let world = with_branch();
    let odd: &[&[u8]] = &[
        b"a [b](c).md",
        b" space ",
        b"_x_ *y* `z` <w> &amp;.md",
        b"\xff\xfe.md",
        b"back\\slash",
        b"line\nfeed",
        b"inner/INDEX.md",
        b"-x",
        b".gitkeep",
    ];
    let below = world.path("otto/docs/specs");
    fs::create_dir_all(below.join("inner")).unwrap();
    for name in odd {
        fs::write(below.join(OsStr::from_bytes(name)), "x").unwrap();
    }
    symlink("nowhere", below.join("link")).unwrap();
    world.ok("otto", "otto", RECONCILE);
    assert_eq!(
        entries(&world, "otto/docs/specs/INDEX.md").len(),
        odd.len() + 1
    );
    assert_eq!(entries(&world, "otto/docs/INDEX.md").len(), odd.len() + 2);
    world.ok("otto", "otto", CHECK);
    world.commit("otto", "odd names");
    world.ok("otto", "otto", CHECK);
}

#[test]
fn what_git_does_not_look_at_is_not_listed() {
    let world = with_branch();
    world.write("otto/.git/info/exclude", "*.tmp\n");
    world.write("otto/docs/specs/a.md", "a");
    world.write("otto/docs/specs/b.tmp", "b");
    world.write(
        "otto/docs/specs/.git-awo-pending-write-1",
        "left by a process that was killed",
    );
    world.write("otto/docs/specs/other/x", "x");
    world.ok("otto", "otto/docs/specs/other", &["git", "init", "-q"]);
    world.ok("otto", "otto", RECONCILE);
    assert_eq!(
        entries(&world, "otto/docs/specs/INDEX.md"),
        ["- [a.md](a.md)"]
    );
    // What is tracked counts though it is ignored, and what is left out of the work tree stays listed.
    world.ok("otto", "otto", &["git", "add", "-f", "docs/specs/b.tmp"]);
    world.ok("otto", "otto", RECONCILE);
    let both = ["- [a.md](a.md)", "- [b.tmp](b.tmp)"];
    assert_eq!(entries(&world, "otto/docs/specs/INDEX.md"), both);
    for add in ["docs/specs/a.md", "docs/INDEX.md", "docs/specs/INDEX.md"] {
        world.ok("otto", "otto", &["git", "add", add]);
    }
    world.ok(
        "otto",
        "otto",
        &["git", "commit", "-qm", "pages", "--no-verify"],
    );
    world.ok(
        "otto",
        "otto",
        &[
            "git",
            "sparse-checkout",
            "set",
            "--no-cone",
            "/*",
            "!/docs/specs/b.tmp",
        ],
    );
    assert!(!world.path("otto/docs/specs/b.tmp").exists());
    world.ok("otto", "otto", CHECK);
    world.ok(
        "otto",
        "otto",
        &["git", "sparse-checkout", "set", "--no-cone", "/src/"],
    );
    assert!(!world.path("otto/docs/specs/a.md").exists());
    world.ok("otto", "otto", RECONCILE);
    assert!(
        !world.path("otto/docs/INDEX.md").exists(),
        "it stays left out"
    );
    world.ok("otto", "otto", &["git", "sparse-checkout", "disable"]);
    world.ok("otto", "otto", CHECK);
}

#[test]
fn no_page_is_written_through_a_symlink() {
    let world = with_branch();
    world.write("elsewhere/kept.md", "kept\n");
    fs::create_dir_all(world.path("otto/docs")).unwrap();
    symlink(world.path("elsewhere"), world.path("otto/docs/specs")).unwrap();
    world.ok("otto", "otto", RECONCILE);
    assert_eq!(entries(&world, "otto/docs/INDEX.md"), ["- [specs](specs)"]);
    assert!(!world.path("elsewhere/INDEX.md").exists());
    fs::remove_file(world.path("otto/docs/INDEX.md")).unwrap();
    symlink(
        world.path("elsewhere/kept.md"),
        world.path("otto/docs/INDEX.md"),
    )
    .unwrap();
    let done = world.run("otto", "otto", RECONCILE);
    assert_eq!(done.code, 3, "{}", done.text);
    assert_eq!(
        fs::read_to_string(world.path("elsewhere/kept.md")).unwrap(),
        "kept\n"
    );
}

#[test]
fn ten_times_the_files_cost_ten_times_the_time() {
    let world = with_branch();
    let took = |count: usize| {
        for at in 0..count {
            world.write(&format!("otto/docs/specs/{}/a{at}.md", at % 10), "x");
        }
        let start = Instant::now();
        world.ok("otto", "otto", RECONCILE);
        start.elapsed()
    };
    let small = took(1_000).max(Duration::from_millis(50));
    let large = took(10_000);
    assert!(
        large < small * 30,
        "{small:?} for 1,000, {large:?} for 10,000"
    );
}
