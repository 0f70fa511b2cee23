//! Names that some file system takes for one.

use crate::hostile::door::Door;
use crate::world::{World, policy};

#[test]
fn names_that_a_file_system_takes_for_one() {
    let door = Door::of_otto();
    let raw = door.raw();
    let blob = raw.blob("x\n");
    let inner = raw.tree(&[("100644", b"x", &blob)]);
    let pairs = [
        ("README", "readme"),
        ("\u{e9}.py", "e\u{301}.py"),
        ("stra\u{df}e", "STRASSE"),
        ("\u{3c3}a", "\u{3a3}A"),
        ("\u{3c3}", "\u{3c2}"),
        ("k", "\u{212a}"),
        ("\u{fb01}n", "fin"),
        ("ab", "a\u{ad}b"),
        ("\u{ac00}", "\u{1100}\u{1161}"),
        ("\u{c5}", "\u{212b}"),
    ];
    let mut table = Vec::new();
    for (one, other) in pairs {
        for (mode, id) in [("100644", &blob), ("40000", &inner)] {
            let entries = [
                ("100644", one.as_bytes(), blob.as_str()),
                (mode, other.as_bytes(), id),
            ];
            let commit = door.commit_in_src(&entries);
            table.push((format!("{one} and {other} ({mode})"), commit));
        }
    }
    let two = [
        ("40000", &b"Lib"[..], inner.as_str()),
        ("40000", b"lib", &inner),
    ];
    table.push(("two directories".to_owned(), door.commit_in_src(&two)));
    let deep = raw.tree(&two);
    let deep = raw.tree(&[("40000", b"b", &deep)]);
    let commit = door.commit_in_src(&[("40000", b"a", &deep)]);
    table.push(("two directories far below".to_owned(), commit));
    door.refuses_all(&table, "INT-003");
    let apart = [
        ("a.py", "a.pyc"),
        ("e", "\u{e9}"),
        ("ab", "a b"),
        ("\u{131}", "i"),
        ("2", "\u{b2}"),
        ("a", "\u{430}"),
    ];
    let mut table = Vec::new();
    for (one, other) in apart {
        let entries = [
            ("100644", one.as_bytes(), blob.as_str()),
            ("40000", other.as_bytes(), &inner),
        ];
        table.push((format!("{one} and {other}"), door.commit_in_src(&entries)));
    }
    // The same names, in different directories.
    let upper = raw.tree(&[("100644", b"X", &blob)]);
    let entries = [
        ("40000", &b"one"[..], inner.as_str()),
        ("40000", b"two", &upper),
    ];
    table.push((
        "in two directories".to_owned(),
        door.commit_in_src(&entries),
    ));
    door.accepts_all(&table);
}

#[test]
fn a_new_name_that_collides_with_one_that_was_there() {
    let door = Door::of_otto();
    let blob = door.raw().blob("x\n");
    let names: [&[u8]; 3] = [b"Strings.py", b"STRINGS.PY", b"__INIT__.py"];
    let mut table = super::commits_in_src(&door, &names);
    let inner = door.raw().tree(&[("100644", b"x", &blob)]);
    let commit = door.commit_in_src(&[("40000", b"Strings.PY", &inner)]);
    table.push(("a directory".to_owned(), commit));
    door.refuses_all(&table, "INT-003");
    // Renamed in case only, the old one gone: one name again.
    let (_, root) = door.base();
    let src = door.world.rev(door.who, "origin/main:src");
    let kept = door.raw().entries(&src);
    let kept = kept.iter().filter(|it| it.1 != b"strings.py");
    let mut kept: Vec<_> = kept
        .map(|it| (it.0.as_str(), it.1.as_slice(), it.2.as_str()))
        .collect();
    kept.push(("100644", b"Strings.py", &blob));
    let src = door.raw().tree(&kept);
    let root = door.raw().tree_with(&root, &[("40000", b"src", &src)]);
    door.accepts("a new spelling of a name", &door.commit(&root));
}

#[test]
fn a_merge_of_two_innocent_sides_collides() {
    let door = Door::of_otto();
    let blob = door.raw().blob("x\n");
    let one = door.commit_in_src(&[("100644", b"New.py", &blob)]);
    let other = door.commit_in_src(&[("100644", b"new.py", &blob)]);
    door.accepts("one side", &one);
    door.accepts("the other side", &other);
    let (_, root) = door.base();
    let src = door.world.rev(door.who, "origin/main:src");
    let both = [
        ("100644", &b"New.py"[..], blob.as_str()),
        ("100644", b"new.py", &blob),
    ];
    let src = door.raw().tree_with(&src, &both);
    let tree = door.raw().tree_with(&root, &[("40000", b"src", &src)]);
    let merge = door.raw().commit(&tree, &[&one, &other], "Merge\n");
    door.refuses_all(&[("the merge".to_owned(), merge)], "INT-003");
    // Their twin merges two sides that fit.
    let third = door.commit_in_src(&[("100644", b"other.py", &blob)]);
    let src = door.world.rev(door.who, "origin/main:src");
    let both = [
        ("100644", &b"New.py"[..], blob.as_str()),
        ("100644", b"other.py", &blob),
    ];
    let src = door.raw().tree_with(&src, &both);
    let tree = door.raw().tree_with(&root, &[("40000", b"src", &src)]);
    door.accepts(
        "a merge",
        &door.raw().commit(&tree, &[&one, &third], "Merge\n"),
    );
}

/// A server whose adopted main holds what no new commit might bring.
fn adopted_oddities() -> (Door, String) {
    let door = Door::new(World::founded(), "olga");
    let raw = door.raw();
    let blob = raw.blob("x\n");
    let (_, root) = door.base();
    let src = door.world.rev("olga", "origin/main:src");
    let odd = raw.tree_with(
        &src,
        &[
            ("100644", b"Same.py", &blob),
            ("100644", b"same.py", &blob),
            ("100644", b"ends with a dot.", &blob),
            ("100664", b"written by an old git", &blob),
            ("120000", b"link", &blob),
        ],
    );
    let root = raw.tree_with(&root, &[("40000", b"src", &odd)]);
    let tip = door.commit(&root);
    let world = &door.world;
    world.force("olga", &[&format!("{tip}:refs/heads/main")]);
    world.next_policy(2, None, |_| policy(2, &tip, ""));
    world.ok("otto", "otto", &["git", "fetch", "--quiet", "origin"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let Door { world, .. } = door;
    (Door::new(world, "otto"), odd)
}

#[test]
fn what_was_adopted_does_not_stand_in_the_way() {
    let (door, odd) = adopted_oddities();
    let raw = door.raw();
    let blob = raw.blob("y\n");
    let (_, root) = door.base();
    // As git writes it: modes that it knows, all else kept.
    let kept = raw.entries(&odd);
    let mut kept: Vec<_> = kept
        .iter()
        .map(|(mode, name, id)| {
            let mode = if mode == "100664" {
                "100644"
            } else {
                mode.as_str()
            };
            (mode, name.as_slice(), id.as_str())
        })
        .collect();
    kept.push(("100644", b"new.py", &blob));
    let commit_of = |entries: &[_]| {
        let src = raw.tree(entries);
        door.commit(&raw.tree_with(&root, &[("40000", b"src", &src)]))
    };
    door.accepts("a file beside them", &commit_of(&kept));
    let changed: Vec<_> = kept
        .iter()
        .map(|it| match it.1 {
            b"Same.py" | b"ends with a dot." => (it.0, it.1, blob.as_str()),
            _ => *it,
        })
        .collect();
    door.accepts("a change of them", &commit_of(&changed));
    let fewer: Vec<_> = kept
        .iter()
        .filter(|it| it.1 != b"Same.py")
        .copied()
        .collect();
    door.accepts("one of a pair removed", &commit_of(&fewer));
    let mut more = kept.clone();
    more.push(("100644", b"SAME.py", &blob));
    door.refuses("a third of their kind", &commit_of(&more), &["INT-003"]);
    let mut more = kept.clone();
    more.push(("100644", b"another dot.", &blob));
    door.refuses("a second of its kind", &commit_of(&more), &["INT-003"]);
}

#[test]
fn what_was_adopted_is_merged_into_a_branch_that_began_before() {
    let (door, odd) = adopted_oddities();
    let raw = door.raw();
    let blob = raw.blob("y\n");
    let (tip, root) = door.base();
    let before = door.world.rev("otto", "origin/main^");
    let old_root = door.world.rev("otto", "origin/main^^{tree}");
    let docs = raw.tree(&[("100644", b"mine.md", &blob)]);
    let docs = ("40000", &b"docs"[..], docs.as_str());
    let mine = raw.commit(&raw.tree_with(&old_root, &[docs]), &[&before], "Mine\n");
    door.accepts("a branch that began before", &mine);
    let merge = |tree: &str, parents: &[&str]| raw.commit(tree, parents, "Merge\n");
    // The trees of main as they are, with what only an old git wrote.
    let both = raw.tree_with(&root, &[docs]);
    door.accepts("main merged into it", &merge(&both, &[&mine, &tip]));
    door.accepts("it merged into main", &merge(&both, &[&tip, &mine]));
    // As git's own merge would, if it had to write that directory again.
    let kept = raw.entries(&odd);
    let kept: Vec<_> = kept
        .iter()
        .map(|(mode, name, id)| {
            let mode = if mode == "100664" { "100644" } else { mode };
            (mode, name.as_slice(), id.as_str())
        })
        .collect();
    let with = |more: &[super::super::raw::Entry<'_>]| {
        let src = raw.tree(&[kept.as_slice(), more].concat());
        raw.tree_with(&both, &[("40000", b"src", &src)])
    };
    for (what, entry, codes) in [
        (
            "a third of their kind",
            ("100644", &b"SAME.py"[..], blob.as_str()),
            ["INT-003"],
        ),
        (
            "a symlink of its own",
            ("120000", b"up", &blob),
            ["INT-003"],
        ),
    ] {
        let commit = merge(&with(&[entry]), &[&mine, &tip]);
        door.refuses(what, &commit, &codes);
    }
    let broken = raw.tree_as_it_is(&[("100664", b"new", blob.as_str())]);
    let broken = raw.tree_with(&both, &[("40000", b"broken", &broken)]);
    door.refuses(
        "a tree as no git writes it",
        &merge(&broken, &[&mine, &tip]),
        &["GOV-003", "INT-003"],
    );
}

/// What stood there before adoption, and was taken away, does not come back by a merge of that time.
#[test]
fn what_was_taken_away_is_not_merged_back() {
    let door = Door::new(World::founded(), "olga");
    let raw = door.raw();
    let (blob, other) = (raw.blob("x\n"), raw.blob("y\n"));
    let (_, root) = door.base();
    let src = door.world.rev("olga", "origin/main:src");
    let with = |entries: &[super::super::raw::Entry<'_>]| {
        let src = raw.tree_with(&src, entries);
        raw.tree_with(&root, &[("40000", b"src", &src)])
    };
    let plain = ("100644", &b"coll.txt"[..], blob.as_str());
    let old = [
        plain,
        ("100644", b"Coll.txt", &blob),
        ("100644", b"bad.", &blob),
        ("100755", b"x.sh", &blob),
    ];
    let first = door.commit(&with(&old));
    let now = [plain, ("100644", b"x.sh", &blob)];
    let tip = raw.commit(&with(&now), &[&first], "Tidy up\n");
    let world = &door.world;
    world.force("olga", &[&format!("{tip}:refs/heads/main")]);
    world.next_policy(2, None, |_| policy(2, &tip, ""));
    let merge = |entries: &[_], parents: &[&str]| raw.commit(&with(entries), parents, "Merge\n");
    let side = raw.commit(&with(&old), &[&first], "From then on\n");
    for (what, entries) in [
        ("a collision", vec![now[0], now[1], old[1]]),
        (
            "with other content",
            vec![now[0], now[1], ("100644", b"Coll.txt", &other)],
        ),
        ("a name", vec![now[0], now[1], old[2]]),
        ("an executable", vec![now[0], old[3]]),
        (
            "with another content",
            vec![now[0], ("100755", b"x.sh", &other)],
        ),
    ] {
        for parents in [[&tip, &first], [&first, &tip], [&tip, &side], [&side, &tip]] {
            let parents = parents.map(String::as_str);
            door.refuses(what, &merge(&entries, &parents), &["INT-003"]);
        }
    }
    for parents in [[&tip, &first], [&side, &tip]] {
        let parents = parents.map(String::as_str);
        door.accepts("as it is now", &merge(&now, &parents));
    }
}
