//! Merges: compared with every parent, and none where none are taken.

use crate::hostile::door::Door;
use crate::hostile::raw::Raw;
use crate::world::policy;

#[test]
fn merges_are_compared_with_every_parent() {
    let door = Door::of_otto();
    let raw = door.raw();
    let (tip, root) = door.base();
    let src = door.world.rev("otto", "origin/main:src");
    let blob = raw.blob("x = 1\n");
    let with = |names: &[&str]| {
        let entries: Vec<_> = names
            .iter()
            .map(|name| ("100644", name.as_bytes(), blob.as_str()))
            .collect();
        let src = raw.tree_with(&src, &entries);
        raw.tree_with(&root, &[("40000", b"src", &src)])
    };
    let evil = |tree: &str| raw.tree_with(tree, &[("100644", b"Makefile", &blob)]);
    let one = raw.commit(&with(&["a.py"]), &[&tip], "One\n");
    let two = raw.commit(&with(&["b.py"]), &[&tip], "Two\n");
    let three = raw.commit(&with(&["c.py"]), &[&tip], "Three\n");
    let both = with(&["a.py", "b.py"]);
    let all = with(&["a.py", "b.py", "c.py"]);
    // Something that only olga may change; its side alone is refused, so is what brings it along.
    let foreign = raw.commit(&evil(&root), &[&tip], "Foreign\n");
    let mut found = Vec::new();
    for (what, tree, parents) in [
        ("a file in the merge alone", evil(&both), vec![&one, &two]),
        ("the parents swapped", evil(&both), vec![&two, &one]),
        ("an octopus", evil(&all), vec![&one, &two, &three]),
        (
            "an octopus, from no parent at all",
            evil(&root),
            vec![&one, &two, &three],
        ),
        ("a parent twice", evil(&both), vec![&one, &one]),
        ("a parent and its own parent", evil(&both), vec![&one, &tip]),
        (
            "ours, over a foreign change",
            with(&["a.py"]),
            vec![&one, &foreign],
        ),
        (
            "theirs, a foreign change",
            evil(&root),
            vec![&one, &foreign],
        ),
        (
            "the last of four parents",
            all.clone(),
            vec![&one, &two, &three, &foreign],
        ),
        (
            "README.md left out",
            {
                let src = raw.tree_with(&src, &[("100644", b"a.py", &blob)]);
                raw.tree(&[("40000", b"src", &src)])
            },
            vec![&one, &two],
        ),
    ] {
        let parents: Vec<&str> = parents.into_iter().map(String::as_str).collect();
        let commit = raw.commit(&tree, &parents, "Merge\n");
        let codes: &[&str] = match what {
            "a parent twice" => &["GOV-003", "INT-003"],
            _ => &["GOV-003"],
        };
        door.refuses(what, &commit, codes);
        found.push((commit, "GOV-003"));
    }
    let many: Vec<String> = (0..20)
        .map(|at| raw.commit(&root, &[&tip], &format!("{at}\n")))
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for (what, tree, parents) in [
        ("a plain merge", &both, vec![one.as_str(), &two]),
        ("an octopus", &all, vec![one.as_str(), &two, &three]),
        (
            "ours, over one's own change",
            &with(&["a.py"]),
            vec![one.as_str(), &two],
        ),
        ("twenty parents", &root, many),
    ] {
        door.accepts(what, &raw.commit(tree, &parents, "Merge\n"));
    }
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(id, code)| (id.as_str(), *code))
        .collect();
    door.verify_finds_all(&found);
}

#[test]
fn no_merge_is_taken_on_a_governed_branch() {
    let door = Door::of_otto();
    let raw = door.raw();
    let (tip, root) = door.base();
    let side = raw.commit(&root, &[&tip], "Side\n");
    let orphan = raw.commit(&root, &[], "Root\n");
    for (what, parents) in [
        ("a merge", vec![&tip, &side]),
        ("a merge, the parents swapped", vec![&side, &tip]),
        ("main merged with itself", vec![&tip, &tip]),
        ("an octopus", vec![&tip, &side, &orphan]),
        ("a root of its own merged", vec![&tip, &orphan]),
    ] {
        let parents: Vec<&str> = parents.into_iter().map(String::as_str).collect();
        let commit = raw.commit(&root, &parents, "Merge\n");
        let refspec = format!("{commit}:refs/heads/main");
        let codes: &[&str] = match what {
            "main merged with itself" => &["GOV-002", "GOV-004", "INT-003"],
            _ => &["GOV-002", "GOV-004"],
        };
        door.refuses_push(what, &[&refspec], codes);
    }
}

#[test]
fn an_unrelated_history_is_judged_whole() {
    let door = Door::of_otto();
    let raw = door.raw();
    let (tip, root) = door.base();
    let blob = raw.blob("x = 1\n");
    let src = raw.tree(&[("100644", b"a.py", &blob)]);
    let mine = raw.tree(&[("40000", b"src", &src)]);
    let orphan = raw.commit(&root, &[], "Everything anew\n");
    door.refuses("a root with foreign files", &orphan, &["GOV-003"]);
    let mine = raw.commit(&mine, &[], "Of my own\n");
    door.accepts("a root with files of one's own", &mine);
    let merged = raw.commit(&root, &[&tip, &orphan], "Merge\n");
    door.refuses(
        "a merge of the root with foreign files",
        &merged,
        &["GOV-003"],
    );
}

/// A branch of olga's, who may change what otto may not, and one of otto's; a merge takes from
/// each side what that side changed, and nothing else is let pass under its name.
#[test]
fn a_merge_brings_in_what_each_side_may_and_no_more() {
    let door = Door::of_otto();
    let raw = door.raw();
    let olga = Raw {
        world: &door.world,
        who: "olga",
    };
    let (tip, root) = door.base();
    let hers = "\n[[ref.direct]]\nwriters = [\"olga\"]\npaths = [\"Makefile\"]\n\n[[rule]]";
    door.world.next_policy(2, None, |_| {
        policy(2, &tip, "").replacen("\n[[rule]]", hers, 1)
    });
    let src = door.world.rev("otto", "origin/main:src");
    let tree = |raw: &Raw<'_>, makefile: Option<&str>, mine: &[&str]| {
        let blob = raw.blob("x = 1\n");
        let files: Vec<_> = mine
            .iter()
            .map(|name| ("100644", name.as_bytes(), blob.as_str()))
            .collect();
        let src = raw.tree_with(&src, &files);
        let makefile = makefile.map(|text| raw.blob(text));
        let mut entries = vec![("40000", &b"src"[..], src.as_str())];
        entries.extend(
            makefile
                .iter()
                .map(|id| ("100644", &b"Makefile"[..], id.as_str())),
        );
        raw.tree_with(&root, &entries)
    };
    let first = olga.commit(&tree(&olga, Some("all:\n"), &[]), &[&tip], "Make\n");
    let second = olga.commit(&tree(&olga, Some("all: test\n"), &[]), &[&first], "Test\n");
    door.world.ok(
        "olga",
        "olga",
        &[
            "git",
            "push",
            "origin",
            &format!("{second}:refs/heads/wip/olga"),
        ],
    );
    door.world.ok("otto", "otto", &["git", "fetch", "origin"]);
    let mine = raw.commit(&tree(&raw, None, &["a.py"]), &[&tip], "Mine\n");
    let later = raw.commit(&tree(&raw, Some("all:\n"), &["b.py"]), &[&first], "Later\n");
    let orphan = raw.tree(&[(
        "40000",
        b"src",
        &raw.tree(&[("100644", b"c.py", &raw.blob("c\n"))]),
    )]);
    let orphan = raw.commit(&orphan, &[], "Of its own\n");
    let merge = |makefile: Option<&str>, files: &[&str], parents: &[&str]| {
        raw.commit(&tree(&raw, makefile, files), parents, "Merge\n")
    };
    let good = merge(Some("all: test\n"), &["a.py"], &[&mine, &second]);
    door.accepts("theirs, what olga made", &good);
    for (what, makefile, files, parents) in [
        (
            "the sides swapped",
            Some("all: test\n"),
            vec!["a.py"],
            [&second, &mine],
        ),
        (
            "from the middle of her branch",
            Some("all:\n"),
            vec!["a.py"],
            [&mine, &first],
        ),
        (
            "her later version",
            Some("all: test\n"),
            vec!["b.py"],
            [&later, &second],
        ),
        (
            "merged again",
            Some("all: test\n"),
            vec!["a.py", "b.py"],
            [&good, &later],
        ),
        (
            "a history of its own",
            Some("all: test\n"),
            vec!["c.py"],
            [&second, &orphan],
        ),
        (
            "that one first",
            Some("all: test\n"),
            vec!["c.py"],
            [&orphan, &second],
        ),
    ] {
        let parents: Vec<&str> = parents.into_iter().map(String::as_str).collect();
        door.accepts(what, &merge(makefile, &files, &parents));
    }
    let mut found = Vec::new();
    for (what, makefile, files, parents) in [
        ("her work undone", None, vec!["a.py"], vec![&mine, &second]),
        (
            "undone, the sides swapped",
            None,
            vec!["a.py"],
            vec![&second, &mine],
        ),
        (
            "her later version undone",
            Some("all:\n"),
            vec!["b.py"],
            vec![&later, &second],
        ),
        (
            "undone by way of the base",
            Some("all:\n"),
            vec!["a.py"],
            vec![&second, &first],
        ),
        (
            "undone by way of an older one",
            None,
            vec![],
            vec![&second, &tip],
        ),
        (
            "undone by way of a merge",
            Some("all:\n"),
            vec!["a.py", "b.py"],
            vec![&good, &later],
        ),
        (
            "neither side's",
            Some("evil:\n"),
            vec!["a.py"],
            vec![&mine, &second],
        ),
        (
            "an octopus that undoes",
            Some("all:\n"),
            vec!["a.py", "b.py"],
            vec![&mine, &later, &second],
        ),
        (
            "undone by a history of its own",
            None,
            vec!["c.py"],
            vec![&second, &orphan],
        ),
    ] {
        let parents: Vec<&str> = parents.into_iter().map(String::as_str).collect();
        let commit = merge(makefile, &files, &parents);
        let codes: &[&str] = match what {
            "a parent twice" => &["GOV-003", "INT-003"],
            _ => &["GOV-003"],
        };
        door.refuses(what, &commit, codes);
        found.push((commit, "GOV-003"));
    }
    // Two merges of the same two, of which one takes more: where they parted is not one place.
    let other = merge(Some("all: test\n"), &["a.py", "b.py"], &[&later, &good]);
    let cross = merge(Some("all: test\n"), &["a.py", "b.py"], &[&good, &other]);
    door.accepts("criss-cross", &cross);
    let evil = merge(Some("all:\n"), &["a.py", "b.py"], &[&good, &other]);
    door.refuses("criss-cross, undone", &evil, &["GOV-003"]);
    let found: Vec<_> = found
        .iter()
        .map(|(id, code)| (id.as_str(), *code))
        .collect();
    door.verify_finds_all(&found);
}
