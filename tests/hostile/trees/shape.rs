//! Trees that no git would write.

use crate::hostile::door::Door;

const NULL: &str = "0000000000000000000000000000000000000000";

/// Commits with one malformed tree each, far below; the ones that git packs.
fn malformed(door: &Door) -> Vec<(String, String)> {
    let raw = door.raw();
    let blob = raw.blob("x\n");
    let other = raw.blob("y\n");
    let good = raw.tree(&[("100644", b"x", &blob)]);
    let empty = raw.tree(&[]);
    let holds_empty = raw.tree(&[("40000", b"e", &empty)]);
    let file = |mode: &'static str| raw.tree_as_it_is(&[(mode, b"f", &blob)]);
    let in_order = |entries: &[_]| raw.tree_as_it_is(entries);
    let (b, o) = (blob.as_str(), other.as_str());
    let trees = [
        (
            "a name twice",
            in_order(&[("100644", b"f", b), ("100644", b"f", b)]),
        ),
        (
            "with other content",
            in_order(&[("100644", b"f", b), ("100644", b"f", o)]),
        ),
        (
            "no order",
            in_order(&[("100644", b"g", b), ("100644", b"f", b)]),
        ),
        (
            "a directory as a file",
            in_order(&[("40000", b"f", &good), ("100644", b"f.", b)]),
        ),
        (
            "file and directory",
            in_order(&[("100644", b"f", b), ("40000", b"f", &good)]),
        ),
        (
            "the same, apart",
            in_order(&[
                ("100644", b"f", b),
                ("100644", b"f-x", b),
                ("40000", b"f", &good),
            ]),
        ),
        ("mode 0100644", file("0100644")),
        ("mode 100664", file("100664")),
        ("mode 100600", file("100600")),
        ("mode 100640", file("100640")),
        ("mode 100000", file("100000")),
        ("mode 100777", file("100777")),
        ("mode 120777", file("120777")),
        ("mode 040000", in_order(&[("040000", b"d", &good)])),
        ("mode 40755", in_order(&[("40755", b"d", &good)])),
        ("an empty directory", holds_empty.clone()),
        ("and one more", in_order(&[("40000", b"d", &holds_empty)])),
        (
            "beside a file",
            in_order(&[("40000", b"e", &empty), ("100644", b"f", b)]),
        ),
    ];
    let mut table = Vec::new();
    for (what, tree) in trees {
        let below = raw.tree(&[("40000", b"deep", &tree)]);
        let commit = door.commit_in_src(&[("40000", b"new", &below)]);
        table.push((what.to_owned(), commit));
    }
    // In the tree that holds what was there before, whose files do not change.
    let src = raw.entries(&door.world.rev(door.who, "origin/main:src"));
    let same: Vec<_> = src
        .iter()
        .map(|it| (it.0.as_str(), it.1.as_slice(), it.2.as_str()))
        .collect();
    let mut reversed = same.clone();
    reversed.reverse();
    let modes: Vec<_> = same.iter().map(|it| ("100664", it.1, it.2)).collect();
    let mut more = same.clone();
    more.push(("40000", b"zz", &empty));
    let (_, root) = door.base();
    for (what, entries) in [
        ("only the order", reversed),
        ("only modes", modes),
        ("only an empty directory", more),
    ] {
        let src = raw.tree_as_it_is(&entries);
        let tree = raw.tree_with(&root, &[("40000", b"src", &src)]);
        table.push((what.to_owned(), door.commit(&tree)));
    }
    table
}

#[test]
fn trees_that_git_would_not_write() {
    let door = Door::of_otto();
    let table = malformed(&door);
    door.refuses_all(&table, "INT-003");
    let raw = door.raw();
    let blob = raw.blob("x\n");
    let good = raw.tree(&[
        ("100644", b"a", &blob),
        ("100644", b"a-b", &blob),
        ("40000", b"a.c", &raw.tree(&[("100644", b"x", &blob)])),
    ]);
    door.accepts(
        "a tree in order",
        &door.commit_in_src(&[("40000", b"new", &good)]),
    );
}

#[test]
fn where_git_checks_objects_itself() {
    let door = Door::of_otto();
    let set = ["git", "config", "receive.fsckObjects", "true"];
    door.world.ok("server", "server.git", &set);
    for (what, commit) in malformed(&door) {
        let before = door.world.server();
        let branch = format!("{commit}:refs/heads/wip/fsck");
        let pushed = door.push(&[&branch]);
        assert!(!pushed.accepted, "{what}\n{}", pushed.text);
        // git refuses it before it asks us, or does not mind and we refuse it.
        let ours = pushed.codes.iter().map(String::as_str).collect::<Vec<_>>();
        let gits = ours.is_empty() && pushed.text.contains("fsck");
        assert!(gits || ours == ["INT-003"], "{what}\n{}", pushed.text);
        assert_eq!(door.world.server(), before, "{what}");
    }
    let blob = door.raw().blob("x\n");
    let table = super::commits_in_src(
        &door,
        &[b".g\xe2\x80\x8cit", b"a\nb", b"Strings.py", b"\xff"],
    );
    for (what, commit) in table {
        let pushed = door.push(&[&format!("{commit}:refs/heads/wip/fsck")]);
        assert!(!pushed.accepted, "{what}\n{}", pushed.text);
    }
    door.accepts(
        "a file",
        &door.commit_in_src(&[("100644", b"new.py", &blob)]),
    );
}

#[test]
fn in_a_merge_and_in_between() {
    let door = Door::of_otto();
    let raw = door.raw();
    let (tip, root) = door.base();
    let blob = raw.blob("x\n");
    let good = door.commit_in_src(&[("100644", b"good.py", &blob)]);
    let good_tree = door.world.rev(door.who, &format!("{good}^{{tree}}"));
    let empty = raw.tree(&[]);
    let mut table = Vec::new();
    let mut trees = malformed(&door);
    trees.truncate(3);
    let odd = door.commit_in_src(&[("40000", b"hole", &empty)]);
    trees.push(("an empty directory".to_owned(), odd));
    let odd = door.commit_in_src(&[("100644", b".git ", &blob)]);
    trees.push(("a disguise".to_owned(), odd));
    for (what, odd) in trees {
        let tree = door.world.rev(door.who, &format!("{odd}^{{tree}}"));
        // Undone by the next commit: the net change is nothing.
        let undone = raw.commit(&root, &[&odd], "Undo\n");
        table.push((format!("{what}, undone"), undone));
        // Only in the merge, in none of its sides.
        let merge = raw.commit(&tree, &[&tip, &good], "Merge\n");
        table.push((format!("{what}, in a merge"), merge));
        // Behind a merge that leaves it out.
        let merge = raw.commit(&good_tree, &[&good, &odd], "Merge\n");
        table.push((format!("{what}, behind a merge"), merge));
    }
    let codes: &[&str] = &["INT-003"];
    let each = table
        .iter()
        .map(|(what, id)| (what.clone(), id.clone(), codes));
    door.refuses_each(&each.collect::<Vec<_>>());
    door.accepts(
        "a merge",
        &raw.commit(&good_tree, &[&tip, &good], "Merge\n"),
    );
    let back = raw.commit(&root, &[&good], "Undo\n");
    door.accepts("done and undone", &back);
}

#[test]
fn trees_that_git_itself_cannot_read() {
    let door = Door::of_otto();
    let raw = door.raw();
    let blob = raw.blob("x\n");
    let (_, root) = door.base();
    let id = (0..40)
        .step_by(2)
        .map(|at| u8::from_str_radix(&blob[at..at + 2], 16).unwrap());
    let id: Vec<u8> = id.collect();
    let line = |head: &[u8]| [head, b"\0", &id].concat();
    let trees: &[(&str, Vec<u8>)] = &[
        ("an empty name", line(b"100644 ")),
        ("no mode", line(b" f")),
        ("a mode of letters", line(b"file f")),
        ("a slash in a name", line(b"100644 a/f")),
        ("cut off", line(b"100644 f")[..20].to_vec()),
        ("no name's end", b"100644 f".to_vec()),
        ("a mode of nothing", line(b"0 f")),
        (
            "more behind it",
            [line(b"100644 f"), b"x".to_vec()].concat(),
        ),
        ("no object", [&b"100644 f\0"[..], &[0; 20]].concat()),
        ("no directory", [&b"40000 f\0"[..], &[0; 20]].concat()),
        ("a blob as a directory", line(b"40000 f")),
    ];
    let before = door.world.server();
    for (what, bytes) in trees {
        let odd = raw.object("tree", bytes);
        let tree = raw.tree_with(&root, &[("40000", b"docs", &odd)]);
        let commit = door.commit(&tree);
        let objects = [commit.as_str(), &tree, &odd, &blob];
        let said = raw.receive("refs/heads/wip/raw", NULL, &commit, &objects);
        assert!(!said.contains("\nok refs/"), "{what} is accepted: {said}");
        assert!(
            said.contains("ng refs/heads/wip/raw") || said.contains("unpack"),
            "{what}: {said}"
        );
        assert_eq!(door.world.server(), before, "{what}: nothing moved");
    }
    let tree = raw.tree(&[("100644", b"x.md", &blob)]);
    let root = raw.tree_with(&root, &[("40000", b"docs", &tree)]);
    let commit = door.commit(&root);
    let said = raw.receive(
        "refs/heads/wip/raw",
        NULL,
        &commit,
        &[&commit, &root, &tree, &blob],
    );
    assert!(
        said.contains("ok refs/heads/wip/raw"),
        "a plain tree by the same road: {said}"
    );
}
