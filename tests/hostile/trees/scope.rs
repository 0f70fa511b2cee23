//! What may be touched.

use super::variants::{Form, deeds, neighbours, spellings, with};
use crate::hostile::door::Door;
use crate::world::World;

#[test]
fn a_path_that_only_begins_like_an_allowed_one() {
    let door = Door::of_otto();
    let raw = door.raw();
    let blob = raw.blob("x\n");
    let (_, root) = door.base();
    let mut table = Vec::new();
    for name in [
        "test_strings.py.bak",
        "test_strings.pyx",
        "src.py",
        "srcs",
        "docs2",
        "Docs",
        "SRC.py",
    ] {
        let tree = raw.tree_with(&root, &[("100644", name.as_bytes(), &blob)]);
        table.push((name.to_owned(), door.commit(&tree)));
    }
    let below = raw.tree(&[("100644", b"evil", &blob)]);
    for name in ["test_strings.py", "srcs", "adocs"] {
        let tree = raw.tree_with(&root, &[("40000", name.as_bytes(), &below)]);
        table.push((format!("{name}/evil"), door.commit(&tree)));
    }
    // `src/` is what is in it, not a file of that name.
    let tree = raw.tree_with(&root, &[("100644", b"src", &blob)]);
    table.push(("a file in its place".to_owned(), door.commit(&tree)));
    door.refuses_all(&table, "GOV-003");
    let tree = raw.tree_with(&root, &[("100644", b"test_strings.py", &blob)]);
    door.accepts("the path itself", &door.commit(&tree));
}

/// A commit on main in which these paths hold something new.
fn commit_of(door: &Door, paths: &[&str]) -> String {
    let (world, who) = (&door.world, door.who);
    world.ok(
        who,
        who,
        &["git", "checkout", "-q", "-f", "--detach", "origin/main"],
    );
    world.ok(who, who, &["git", "clean", "-qfdx"]);
    for path in paths {
        world.write(&format!("{who}/{path}"), "new\n");
    }
    world.ok(who, who, &["git", "add", "-A", "-f"]);
    world.ok(
        who,
        who,
        &["git", "commit", "-q", "--no-verify", "-m", "Work"],
    );
    world.rev(who, "HEAD")
}

#[test]
fn paths_that_nobody_granted() {
    let door = Door::of_otto();
    let table: Vec<_> = [
        ".github/workflows/ci.yml",
        "README.md",
        "a/src/strings.py",
        "lib/x.py",
        "keys/k",
        "src/keys/k",
        "src/a/b/KEYS",
    ]
    .iter()
    .map(|path| {
        let commit = commit_of(&door, &["src/strings.py", path]);
        ((*path).to_owned(), commit)
    })
    .collect();
    door.refuses_all(&table, "GOV-003");
    let commit = commit_of(&door, &["src/strings.py", "src/new/x.py", "docs/keyboard"]);
    door.accepts("granted paths", &commit);
}

/// A commit on main that adds a file at each of these paths, whatever a work tree could hold.
fn commit_at(door: &Door, paths: &[&str]) -> String {
    let raw = door.raw();
    let (_, root) = door.base();
    let blob = raw.blob("new\n");
    let add = |tree: String, path: &&str| with(&raw, &tree, path, Some(("100644", &blob)));
    door.commit(&paths.iter().fold(root, add))
}

/// Protects more, and lets otto write below `src/` and `docs/` as before.
fn protecting(patterns: &str) -> Door {
    let world = World::founded();
    world.next_policy(2, None, |text| {
        text.replace("protected = [", &format!("protected = [{patterns}, "))
    });
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    Door::new(world, "otto")
}

#[test]
fn a_protected_path_spelt_otherwise() {
    let door = protecting("\"credentials/\", \"/docs/.github/workflows/\", \"/src/r\u{e9}fi.py\"");
    for (path, component) in [
        ("src/keys/k", "keys"),
        ("src/a/keys", "keys"),
        ("docs/.gitmodules", ".gitmodules"),
        ("src/.mailmap", ".mailmap"),
        ("src/credentials/k", "credentials"),
        ("docs/.github/workflows/ci.yml", ".github"),
        ("docs/.github/workflows/ci.yml", "workflows"),
        ("src/r\u{e9}fi.py", "r\u{e9}fi.py"),
    ] {
        let spelt = spellings(path, component);
        assert!(spelt.len() > 8, "{spelt:?}");
        let (disguised, plain): (Vec<_>, Vec<_>) = spelt
            .into_iter()
            .map(|(form, it)| {
                (
                    form == Form::Disguised,
                    (it.clone(), commit_at(&door, &[&it])),
                )
            })
            .partition(|it| it.0);
        let of = |table: Vec<(bool, (String, String))>| -> Vec<_> {
            table.into_iter().map(|it| it.1).collect()
        };
        // Some spellings of git's own files are none that a tree may hold.
        let codes: &[_] = match component {
            ".gitmodules" | ".mailmap" => &["GOV-003", "INT-003"],
            _ => &["GOV-003"],
        };
        door.refuses_with_one_of(&of(plain), codes);
        door.refuses_with_one_of(&of(disguised), &["INT-003"]);
    }
    let benign = [
        "src/key/k",
        "src/keysx/k",
        "docs/.mailmaps",
        "src/k\u{e9}ys",
        "src/NOTES~1",
        "src/creden~a",
        "src/creden~1.txt",
        "docs/GITHUB~1/other/ci.yml",
        "src/WORKFL~1/ci.yml",
    ];
    door.accepts("names that differ", &commit_at(&door, &benign));
}

#[test]
fn a_protected_file_got_at_in_every_way() {
    let door = Door::of_otto();
    let (world, who) = (&door.world, door.who);
    // olga may write it, and otto everything around it.
    let (tip, root) = door.base();
    let raw = door.raw();
    let key = raw.blob("key\n");
    let root = with(&raw, &root, "src/prot/keys/k", Some(("100644", &key)));
    let base = raw.commit(&root, &[&tip], "Base\n");
    world.force(who, &[&format!("{base}:refs/heads/main")]);
    world.ok("olga", "olga", &["git", "fetch", "-q", "origin"]);
    world.next_policy(2, None, |_| crate::world::policy(2, &base, ""));
    world.ok(who, who, &["git", "fetch", "-q", "origin"]);
    let deeds = deeds(&door, "src/prot/keys/k", "src/mine");
    let deeds: Vec<_> = deeds
        .into_iter()
        .map(|(what, id)| (what.to_owned(), id))
        .collect();
    assert!(deeds.len() > 10);
    door.refuses_with_one_of(&deeds, &["GOV-003"]);
    let beside = neighbours("src/prot/keys");
    let beside: Vec<&str> = beside.iter().map(String::as_str).collect();
    door.accepts("beside it", &commit_at(&door, &beside));
    let copy = with(&raw, &root, "src/mine", Some(("100644", &key)));
    door.accepts("a copy of it", &door.commit(&copy));
}

#[test]
fn files_that_git_obeys_at_any_depth() {
    let door = Door::of_otto();
    let mut table = Vec::new();
    for name in [".gitattributes", ".gitmodules", ".mailmap", ".lfsconfig"] {
        for directory in ["src/", "docs/a/b/c/", "src/x/"] {
            let path = format!("{directory}{name}");
            table.push((path.clone(), commit_of(&door, &[&path])));
        }
    }
    // A directory of that name as well.
    table.push(("below it".to_owned(), commit_of(&door, &["src/.mailmap/x"])));
    door.refuses_all(&table, "GOV-003");
    let commit = commit_of(&door, &["src/.gitignore", "src/gitmodules", "docs/mailmap"]);
    door.accepts("names like those", &commit);
}

#[test]
fn everything_deleted() {
    let door = Door::of_otto();
    let empty = door.raw().tree(&[]);
    let table = [("the empty tree".to_owned(), door.commit(&empty))];
    door.refuses_all(&table, "GOV-003");
    let world = &door.world;
    world.ok(
        "otto",
        "otto",
        &["git", "rm", "-rq", "src", "test_strings.py"],
    );
    world.commit("otto", "Removed");
    door.accepts("what is granted, deleted", &world.rev("otto", "HEAD"));
}

#[test]
fn what_is_touched_and_put_back_in_one_push_is_seen() {
    let door = Door::of_otto();
    let raw = door.raw();
    let (tip, root) = door.base();
    let blob = raw.blob("x\n");
    let both = |path: &str| {
        let touched = with(&raw, &root, path, Some(("100644", &blob)));
        let one = raw.commit(&touched, &[&tip], "There\n");
        raw.commit(&root, &[&one], "And back\n")
    };
    let table: Vec<_> = [".github/workflows/ci.yml", "lib/x.py", "src/keys/k"]
        .iter()
        .map(|path| ((*path).to_owned(), both(path)))
        .collect();
    door.refuses_all(&table, "GOV-003");
    door.accepts("where one may write", &both("src/x.py"));
}

#[test]
fn renames_copies_and_swaps() {
    let door = Door::of_otto();
    let (world, who) = (&door.world, door.who);
    // olga may write both; otto only one side.
    let (tip, root) = door.base();
    let raw = door.raw();
    let (key, mine) = (raw.blob("key\n"), raw.blob("mine\n"));
    let src = world.rev(who, "origin/main:src");
    let keys = raw.tree(&[("100644", b"k", &key), ("100644", b"a", &key)]);
    let src = raw.tree_with(&src, &[("100644", b"a", &mine)]);
    let entries = [
        ("40000", &b"keys"[..], keys.as_str()),
        ("40000", b"src", &src),
    ];
    let base = raw.commit(&raw.tree_with(&root, &entries), &[&tip], "Base\n");
    world.force(who, &[&format!("{base}:refs/heads/main")]);
    world.ok("olga", "olga", &["git", "fetch", "-q", "origin"]);
    world.next_policy(2, None, |_| crate::world::policy(2, &base, ""));
    world.ok(who, who, &["git", "fetch", "-q", "origin"]);
    for config in [
        "diff.renames=copies",
        "diff.renameLimit=1",
        "diff.orderFile=/dev/null",
    ] {
        let (name, value) = config.split_once('=').unwrap();
        world.ok("server", "server.git", &["git", "config", name, value]);
    }
    let from_base = |words: &[&[&str]]| {
        world.ok(
            who,
            who,
            &["git", "checkout", "-q", "-f", "--detach", &base],
        );
        world.ok(who, who, &["git", "clean", "-qfdx"]);
        for words in words {
            world.ok(who, who, words);
        }
        world.commit(who, "Work")
    };
    let table = [
        (
            "a rename out",
            from_base(&[&["git", "mv", "keys/k", "src/k.py"]]),
        ),
        (
            "a rename in",
            from_base(&[&["git", "mv", "src/a", "keys/b"]]),
        ),
        (
            "a swap",
            from_base(&[&["sh", "-c", "mv keys/a t; mv src/a keys/a; mv t src/a"]]),
        ),
        (
            "a directory",
            from_base(&[&["git", "mv", "keys", "src/keys2"]]),
        ),
        (
            "directories",
            from_base(&[&["sh", "-c", "mv keys t; mv src keys; mv t src"]]),
        ),
        ("a copy in", from_base(&[&["cp", "src/a", "keys/c"]])),
    ];
    let table = table.map(|(what, id)| (what.to_owned(), id));
    door.refuses_all(&table, "GOV-003");
    let copy = from_base(&[&["cp", "keys/k", "src/copy"]]);
    door.accepts("a copy out, which touches nothing protected", &copy);
    door.accepts(
        "a rename inside",
        &from_base(&[&["git", "mv", "src/a", "src/b"]]),
    );
}
