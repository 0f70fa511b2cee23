//! Direct commits and merges.

use git_awo::record::tree::Mode;

use super::{VERSIONED, commit, commit_as, door, file, gone, refuses, refuses_all};
use crate::hostile::door::Door;

const FIXED: &str = "GOV-003 artefact-fixed";
const VERSION: &str = "GOV-003 artefact-version";
const NAME: &str = "GOV-003 artefact-name";
const ARCHIVE: &str = "GOV-003 artefact-archive";

/// A branch with some versions, one of them archived.
fn some(door: &Door) -> String {
    let (main, _) = door.base();
    let first = commit(
        door,
        &main,
        &[
            file("src/specs/Protocol_v1.0.md", "1.0"),
            file("src/specs/Protocol_v1.1.md", "1.1"),
            file("src/specs/Old_v1.0.md", "old"),
            file("src/specs/deep/Guide_v0.1.md", "guide"),
        ],
    );
    let second = commit(
        door,
        &first,
        &[
            gone("src/specs/Old_v1.0.md"),
            file("src/specs/archive/Old_v1.0.md", "old"),
        ],
    );
    door.accepts_push("some versions", &[&format!("{second}:refs/heads/wip/some")]);
    second
}

#[test]
fn a_version_never_changes_and_never_goes() {
    let door = door(VERSIONED);
    let base = some(&door);
    let made = |edits: &[super::Edit<'_>]| commit(&door, &base, edits);
    let (one, other) = ("src/specs/Protocol_v1.0.md", "src/specs/Other_v1.0.md");
    refuses_all(
        &door,
        &[
            ("overwritten", made(&[file(one, "2")]), FIXED),
            ("emptied", made(&[file(one, "")]), FIXED),
            (
                "another mode",
                made(&[(one, Some((Mode::Executable, "1.0")))]),
                FIXED,
            ),
            (
                "a symlink",
                made(&[(one, Some((Mode::Symlink, "x")))]),
                FIXED,
            ),
            ("deleted", made(&[gone(one)]), FIXED),
            ("renamed", made(&[gone(one), file(other, "1.0")]), FIXED),
            (
                "moved deeper",
                made(&[gone(one), file("src/specs/deep/Protocol_v1.0.md", "1.0")]),
                FIXED,
            ),
            (
                "moved out",
                made(&[gone(one), file("src/Protocol_v1.0.md", "1.0")]),
                FIXED,
            ),
            (
                "a directory",
                made(&[gone(one), file("src/specs/Protocol_v1.0.md/A_v1.0.md", "1")]),
                FIXED,
            ),
            (
                "another case",
                made(&[gone(one), file("src/specs/PROTOCOL_v1.0.md", "1.0")]),
                FIXED,
            ),
            (
                "archived under another name",
                made(&[gone(one), file("src/specs/archive/P_v1.0.md", "1.0")]),
                FIXED,
            ),
            (
                "archived elsewhere",
                made(&[
                    gone(one),
                    file("src/specs/archive/x/Protocol_v1.0.md", "1.0"),
                ]),
                FIXED,
            ),
            (
                "archived with another content",
                made(&[gone(one), file("src/specs/archive/Protocol_v1.0.md", "2")]),
                FIXED,
            ),
        ],
    );
    door.accepts(
        "a file elsewhere",
        &made(&[file("src/Protocol_v1.0.md", "x")]),
    );
    door.accepts(
        "archived",
        &made(&[gone(one), file("src/specs/archive/Protocol_v1.0.md", "1.0")]),
    );
    door.accepts(
        "archived with its directory",
        &made(&[
            gone("src/specs/deep/Guide_v0.1.md"),
            file("src/specs/archive/deep/Guide_v0.1.md", "guide"),
        ]),
    );
}

#[test]
fn what_comes_and_goes_within_one_push_is_seen() {
    let door = door(VERSIONED);
    let base = some(&door);
    let added = commit(&door, &base, &[file("src/specs/New_v1.0.md", "1")]);
    let removed = commit(&door, &added, &[gone("src/specs/New_v1.0.md")]);
    let changed = commit(&door, &added, &[file("src/specs/New_v1.0.md", "2")]);
    refuses_all(
        &door,
        &[
            ("removed again", removed, FIXED),
            ("changed again", changed, FIXED),
        ],
    );
    door.accepts("added", &added);
}

#[test]
fn the_next_version_follows_the_highest_one() {
    let door = door(VERSIONED);
    let base = some(&door);
    let added = |path: &str| commit(&door, &base, &[file(path, "x")]);
    let both = |one: &str, other: &str| commit(&door, &base, &[file(one, "x"), file(other, "y")]);
    refuses_all(
        &door,
        &[
            ("skipped", added("src/specs/Protocol_v1.3.md"), VERSION),
            (
                "a major skipped",
                added("src/specs/Protocol_v3.0.md"),
                VERSION,
            ),
            (
                "a major that does not begin",
                added("src/specs/Protocol_v2.1.md"),
                VERSION,
            ),
            (
                "a patch skipped",
                added("src/specs/Protocol_v1.1.2.md"),
                VERSION,
            ),
            ("late", added("src/specs/Protocol_v1.0.1.md"), VERSION),
            ("the same", added("src/specs/Protocol_v1.1.0.md"), VERSION),
            (
                "the same in another case",
                added("src/specs/protocol_v1.1.md"),
                VERSION,
            ),
            ("archived before", added("src/specs/Old_v1.0.md"), VERSION),
            (
                "below one that is archived",
                added("src/specs/Old_v0.1.md"),
                VERSION,
            ),
            ("a first one", added("src/specs/New_v2.0.md"), VERSION),
            ("0.0", added("src/specs/New_v0.0.md"), VERSION),
            (
                "two with a gap",
                both("src/specs/Protocol_v1.2.md", "src/specs/Protocol_v1.4.md"),
                VERSION,
            ),
            (
                "twice",
                both("src/specs/Protocol_v1.2.md", "src/specs/Protocol_v1.2.0.md"),
                VERSION,
            ),
        ],
    );
    for next in ["1.1.1", "1.2", "1.2.0", "2.0", "2.0.0"] {
        door.accepts(next, &added(&format!("src/specs/Protocol_v{next}.md")));
    }
    door.accepts("after an archived one", &added("src/specs/Old_v1.1.md"));
    door.accepts("another extension", &added("src/specs/Protocol_v1.0.txt"));
    door.accepts(
        "another directory",
        &added("src/specs/deep/Protocol_v0.0.1.md"),
    );
    let two = both("src/specs/Protocol_v2.0.md", "src/specs/Protocol_v1.2.md");
    door.accepts("two in order", &two);
}

#[test]
fn a_new_file_is_named_by_its_version() {
    let door = door(VERSIONED);
    let base = some(&door);
    let bad = [
        "A_v01.0.md",
        "A_v1.00.md",
        "A v1.0.md",
        "A_v1.0_Final.md",
        "A_Final_v1.0.md",
        "A_FINAL_v1.0.md",
        "A-copy_v1.0.md",
        "A.md",
        "A_v1.md",
        "A_v1.0",
        "A_V1.0.md",
        "A_v1.0.0.0.md",
        "README",
        "_v1.0.md",
        "index.md",
        "deep/INDEX.md",
        "A_v1.0.md~",
    ];
    let table = bad.map(|name| {
        let path = format!("src/specs/{name}");
        (name, commit(&door, &base, &[file(&path, "x")]), NAME)
    });
    refuses_all(&door, &table);
    for good in [
        "A_v1.0.md",
        "deep/er/A_v0.1.tar.gz",
        "INDEX.md",
        "A-B.c_v0.0.1.json",
    ] {
        let path = format!("src/specs/{good}");
        door.accepts(good, &commit(&door, &base, &[file(&path, "x")]));
    }
    let said = refuses(&door, "said", &table[3].1, NAME).text;
    assert!(
        said.contains("something after the version: \"1.0_Final.md\""),
        "{said}"
    );
}

#[test]
fn an_archive_only_takes_what_moves_there() {
    let door = door(VERSIONED);
    let base = some(&door);
    let made = |edits: &[super::Edit<'_>]| commit(&door, &base, edits);
    let (old, one) = (
        "src/specs/archive/Old_v1.0.md",
        "src/specs/Protocol_v1.0.md",
    );
    let archived = "src/specs/archive/Protocol_v1.0.md";
    refuses_all(
        &door,
        &[
            ("changed", made(&[file(old, "new")]), ARCHIVE),
            (
                "another mode",
                made(&[(old, Some((Mode::Executable, "old")))]),
                ARCHIVE,
            ),
            ("gone", made(&[gone(old)]), ARCHIVE),
            (
                "taken out again",
                made(&[gone(old), file("src/specs/Old_v1.0.md", "old")]),
                ARCHIVE,
            ),
            (
                "new there",
                made(&[file("src/specs/archive/New_v1.0.md", "x")]),
                ARCHIVE,
            ),
            (
                "a next version there",
                made(&[file("src/specs/archive/Old_v1.1.md", "x")]),
                ARCHIVE,
            ),
            ("a copy", made(&[file(archived, "1.0")]), ARCHIVE),
            (
                "changed on the way",
                made(&[gone(one), file(archived, "x")]),
                ARCHIVE,
            ),
            (
                "with another mode",
                made(&[gone(one), (archived, Some((Mode::Executable, "1.0")))]),
                ARCHIVE,
            ),
            (
                "from elsewhere",
                made(&[
                    gone("src/strings.py"),
                    file("src/specs/archive/strings.py", "x"),
                ]),
                ARCHIVE,
            ),
        ],
    );
    door.accepts("moved", &made(&[gone(one), file(archived, "1.0")]));
}

#[test]
fn no_other_spelling_and_nothing_else_stands_for_a_root() {
    let door = door(VERSIONED);
    let (main, _) = door.base();
    let made = |edits: &[super::Edit<'_>]| commit(&door, &main, edits);
    refuses_all(
        &door,
        &[
            (
                "another case",
                made(&[file("src/Specs/A_v1.0.md", "x")]),
                NAME,
            ),
            (
                "what is not seen",
                made(&[file("src/spe\u{200d}cs/A_v1.0.md", "x")]),
                NAME,
            ),
            ("a file", made(&[file("src/specs", "x")]), NAME),
            (
                "a symlink",
                made(&[("src/specs", Some((Mode::Symlink, "../docs")))]),
                NAME,
            ),
        ],
    );
    door.accepts("a longer name", &made(&[file("src/specs_evil/A.md", "x")]));
    door.accepts("a shorter one", &made(&[file("src/spec/A.md", "x")]));
}

#[test]
fn of_a_merge_only_its_own_changes_are_judged() {
    let door = door(VERSIONED);
    let base = some(&door);
    let (one, next) = ("src/specs/Protocol_v1.0.md", "src/specs/Protocol_v1.2.md");
    let archived = "src/specs/archive/Protocol_v1.0.md";
    let ours = commit(
        &door,
        &base,
        &[file(next, "ours"), gone(one), file(archived, "1.0")],
    );
    let theirs = commit(
        &door,
        &base,
        &[file("src/specs/Protocol_v2.0.md", "theirs")],
    );
    let rival = commit(&door, &base, &[file(next, "rival")]);
    let merged = |other: &str, edits: &[super::Edit<'_>]| {
        commit_as(&door, &[&ours, other], "Merge\n", edits)
    };
    let theirs_as_well = file("src/specs/Protocol_v2.0.md", "theirs");
    refuses_all(
        &door,
        &[
            (
                "changes one of theirs",
                merged(&theirs, &[file("src/specs/Protocol_v2.0.md", "x")]),
                FIXED,
            ),
            ("leaves one of theirs out", merged(&theirs, &[]), FIXED),
            (
                "revives what was archived",
                merged(&theirs, &[theirs_as_well, file(one, "1.0")]),
                VERSION,
            ),
            ("chooses between two contents", merged(&rival, &[]), FIXED),
            (
                "adds one that skips",
                merged(
                    &theirs,
                    &[theirs_as_well, file("src/specs/Protocol_v4.0.md", "x")],
                ),
                VERSION,
            ),
            (
                "adds one by a bad name",
                merged(&theirs, &[theirs_as_well, file("src/specs/notes.md", "x")]),
                NAME,
            ),
        ],
    );
    door.accepts("takes both sides", &merged(&theirs, &[theirs_as_well]));
    door.accepts(
        "adds what follows both",
        &merged(
            &theirs,
            &[theirs_as_well, file("src/specs/Protocol_v2.1.md", "x")],
        ),
    );
}

#[test]
fn a_merge_brings_no_version_twice() {
    let door = door(VERSIONED);
    let base = some(&door);
    let (short, long) = ("src/specs/Y_v1.0.md", "src/specs/Y_v1.0.0.md");
    let archived = "src/specs/archive/Y_v1.0.md";
    let ours = commit(&door, &base, &[file(short, "a")]);
    let put_away = commit(&door, &ours, &[gone(short), file(archived, "a")]);
    let theirs = commit(&door, &base, &[file(long, "b")]);
    let other_case = commit(&door, &base, &[file("src/specs/y_v1.0.MD", "b")]);
    let next = commit(&door, &theirs, &[file("src/specs/Y_v1.1.md", "c")]);
    let early = commit(&door, &base, &[file("src/specs/Y_v0.1.md", "d")]);
    for branch in [&put_away, &next, &other_case, &early] {
        door.accepts("a side", branch);
    }
    let merged =
        |sides: [&str; 2], edits: &[super::Edit<'_>]| commit_as(&door, &sides, "Merge\n", edits);
    refuses_all(
        &door,
        &[
            (
                "with a patch and without",
                merged([&ours, &theirs], &[file(long, "b")]),
                VERSION,
            ),
            (
                "in another case",
                merged([&ours, &other_case], &[file("src/specs/y_v1.0.MD", "b")]),
                VERSION,
            ),
            (
                "in an archive and outside",
                merged([&put_away, &theirs], &[file(long, "b")]),
                VERSION,
            ),
            (
                "outside and in an archive",
                merged([&theirs, &put_away], &[file(archived, "a")]),
                VERSION,
            ),
        ],
    );
    let both = merged([&ours, &early], &[file("src/specs/Y_v0.1.md", "d")]);
    door.accepts("two versions from two sides", &both);
    let moved = merged([&ours, &put_away], &[gone(short), file(archived, "a")]);
    door.accepts("what one side archived", &moved);
    let twice = merged([&ours, &theirs], &[file(long, "b")]);
    let said = refuses(&door, "what helps", &twice, VERSION).text;
    assert!(said.contains("the next version on its branch"), "{said}");
}

#[test]
fn a_merge_brings_nothing_that_the_other_side_took_back() {
    let door = door(VERSIONED);
    let base = some(&door);
    let (one, archived) = ("src/specs/M_v1.0.md", "src/specs/archive/M_v1.0.md");
    let added = commit(&door, &base, &[file(one, "a")]);
    let message = format!("Revert \"Work\"\n\nThis reverts commit {added}.\n");
    let ours = commit_as(&door, &[&added], &message, &[gone(one)]);
    let theirs = commit(&door, &base, &[file(one, "b")]);
    let put_away = commit(&door, &theirs, &[gone(one), file(archived, "b")]);
    let same = commit(&door, &base, &[file(one, "a"), file("src/x", "x")]);
    for branch in [&ours, &put_away, &same] {
        door.accepts("a side", branch);
    }
    let merged =
        |sides: [&str; 2], edits: &[super::Edit<'_>]| commit_as(&door, &sides, "Merge\n", edits);
    refuses_all(
        &door,
        &[
            ("theirs", merged([&ours, &theirs], &[file(one, "b")]), FIXED),
            ("into theirs", merged([&theirs, &ours], &[]), FIXED),
            (
                "theirs, archived",
                merged([&ours, &put_away], &[file(archived, "b")]),
                FIXED,
            ),
        ],
    );
    let again = merged([&ours, &same], &[file(one, "a"), file("src/x", "x")]);
    door.accepts("the same content", &again);
}

#[test]
fn names_that_only_begin_like_a_protected_one_are_allowed() {
    let tables = VERSIONED.replace("src/specs/", "src/");
    let world = crate::world::World::founded();
    world.next_policy(2, None, |text| {
        let text = super::with(text, &tables);
        assert!(text.contains("\n[tree]\n"), "{text}");
        text.replace("\nprotected = [", "\nprotected = [\"src/prot/\", ")
    });
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let door = Door::new(world, "otto");
    let (main, _) = door.base();
    let inside = commit(&door, &main, &[file("src/prot/A_v1.0.md", "x")]);
    refuses_all(&door, &[("inside", inside, "GOV-003 protected-artefact")]);
    let beside = commit(&door, &main, &[file("src/protocol_v1.0.md", "x")]);
    door.accepts("beside", &beside);
}

#[test]
fn what_stood_there_before_is_asked_nothing() {
    let world = crate::world::World::founded();
    let door = Door::new(world, "otto");
    let (main, _) = door.base();
    let odd = commit(
        &door,
        &main,
        &[
            file("src/specs/notes.md", "x"),
            file("src/specs/A_v7.3.md", "x"),
        ],
    );
    door.accepts_push("before", &[&format!("{odd}:refs/heads/wip/before")]);
    door.world
        .next_policy(2, None, |text| super::with(text, VERSIONED));
    door.world.ok("otto", "otto", &["git", "awo", "fetch"]);
    // A branch of its own is asked for everything that is new to it, until a root adopts it.
    let own = format!("{odd}:refs/heads/wip/own");
    let said = door.refused_push("a branch of its own", &[&own]).text;
    let adopted = format!("adopted = \"{odd}\"");
    // Where the lines break follows from the screen.
    assert!(said.contains(&format!("\"{odd}\"")), "{said}");
    door.world.next_policy(3, None, |text| {
        let pattern = "pattern = \"refs/heads/wip/**\"\n";
        let text = super::with(text, VERSIONED);
        let (before, wip) = text.split_once(pattern).unwrap();
        let (kept, rest) = wip.split_once("adopted = ").unwrap();
        let (_, rest) = rest.split_once('\n').unwrap();
        format!(
            "{before}{pattern}{kept}{adopted}
{rest}"
        )
    });
    door.world.ok("otto", "otto", &["git", "awo", "fetch"]);
    door.accepts_push("an adopted one", &[&own]);
    let on_it = |commit: &str| format!("{commit}:refs/heads/wip/before");
    let changed = commit(&door, &odd, &[file("src/specs/notes.md", "y")]);
    door.accepts_push("a file without a version changes", &[&on_it(&changed)]);
    let goes = commit(&door, &changed, &[gone("src/specs/notes.md")]);
    door.accepts_push("and goes", &[&on_it(&goes)]);
    for (what, path, rule) in [
        ("overwritten", "src/specs/A_v7.3.md", FIXED),
        ("skips", "src/specs/A_v7.5.md", VERSION),
        ("a bad name", "src/specs/notes.md", NAME),
    ] {
        let bad = commit(&door, &goes, &[file(path, "y")]);
        let pushed = door.refused_push(what, &[&on_it(&bad)]);
        assert!(pushed.rules.contains(rule), "{what}: {}", pushed.text);
    }
    let next = commit(&door, &goes, &[file("src/specs/A_v7.4.md", "y")]);
    door.accepts_push("the next version follows what there is", &[&on_it(&next)]);
    door.world.fresh_clone();
    door.world.ok("vera", "vera", &["git", "awo", "verify"]);
    let overwritten = commit(&door, &next, &[file("src/specs/A_v7.3.md", "y")]);
    door.world.force("otto", &[&on_it(&overwritten)]);
    door.world.fresh_clone();
    door.world.verify_finds("GOV-003");
}

#[test]
fn the_clients_hook_says_the_same_of_what_is_staged() {
    let world = door(super::INDEXED).world;
    let git = |words: &[&str]| world.run("otto", "otto", &[&["git"], words].concat());
    let commit = |code: Option<&str>| {
        git(&["add", "-A"]);
        let done = git(&["commit", "-q", "-m", "Try"]);
        match code {
            None => assert_eq!(done.code, 0, "{}", done.text),
            Some(code) => {
                assert!(done.code != 0 && done.text.contains(code), "{}", done.text);
                git(&["reset", "-q", "--hard"]);
            }
        }
        done.text
    };
    let page = |files: &[&str]| world.write("otto/src/specs/INDEX.md", super::pages::page(files));
    git(&["switch", "-q", "-c", "wip/x"]);
    let write = |name: &str, text: &str| world.write(&format!("otto/src/specs/{name}"), text);
    write("A_v1.0_Final.md", "x");
    page(&["A_v1.0_Final.md"]);
    commit(Some("GOV-003"));
    write("A_v1.0.md", "x");
    let said = commit(Some("INT-008"));
    assert!(said.contains("missing: A_v1.0.md"), "{said}");
    write("A_v1.0.md", "x");
    page(&["A_v1.0.md"]);
    commit(None);
    write("A_v1.0.md", "y");
    commit(Some("artefact-fixed"));
    write("A_v1.2.md", "y");
    page(&["A_v1.0.md", "A_v1.2.md"]);
    commit(Some("artefact-version"));
    write("A_v1.1.md", "y");
    page(&["A_v1.0.md", "A_v1.1.md"]);
    commit(None);
    // A revert that is committed by hand.
    std::fs::remove_file(world.path("otto/src/specs/A_v1.1.md")).unwrap();
    page(&["A_v1.0.md"]);
    commit(Some("artefact-fixed"));
    git(&["revert", "--no-commit", "HEAD"]);
    commit(None);
    write("A_v1.1.md", "z");
    page(&["A_v1.0.md", "A_v1.1.md"]);
    commit(None);
}

#[test]
fn ten_thousand_artefacts_are_judged_in_time() {
    let door = door(super::INDEXED);
    let (main, _) = door.base();
    let name = |n: usize| format!("{}/A{n}_v1.0.md", n % 7);
    let mut names: Vec<String> = (0..10_000).map(name).collect();
    let page = |names: &[String]| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        super::pages::page(&names)
    };
    let listed = page(&names);
    let paths: Vec<String> = names.iter().map(|it| format!("src/specs/{it}")).collect();
    let mut edits: Vec<_> = paths.iter().map(|it| file(it, "x")).collect();
    edits.push(file("src/specs/INDEX.md", &listed));
    let all = commit(&door, &main, &edits);
    let begin = std::time::Instant::now();
    door.accepts_push("all of them", &[&format!("{all}:refs/heads/wip/all")]);
    let first = begin.elapsed();
    names.push("0/A0_v1.1.md".to_owned());
    let listed = page(&names);
    let next = [
        file("src/specs/0/A0_v1.1.md", "y"),
        file("src/specs/INDEX.md", &listed),
    ];
    let next = commit(&door, &all, &next);
    let begin = std::time::Instant::now();
    door.accepts_push("one more", &[&format!("{next}:refs/heads/wip/all")]);
    let second = begin.elapsed();
    let most = std::time::Duration::from_secs(60);
    assert!(first < most && second < most, "{first:?}, {second:?}");
}
