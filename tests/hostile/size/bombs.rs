//! A few small objects that stand for very much, in one commit and in many, on every kind of ref.

use super::costs::{cheap, measured};
use crate::hostile::door::Door;
use crate::hostile::raw::Raw;

/// A tree of `names` entries in each of four levels, with `leaf` at the end of every path.
fn power(raw: &Raw<'_>, names: &[String], leaf: (&str, &str)) -> String {
    let (mut mode, mut tree) = (leaf.0.to_owned(), leaf.1.to_owned());
    for _ in 0..4 {
        let entries: Vec<_> = names
            .iter()
            .map(|name| (mode.as_str(), name.as_bytes(), tree.as_str()))
            .collect();
        tree = raw.tree(&entries);
        mode = "40000".to_owned();
    }
    tree
}

fn names(count: usize, end: &str) -> Vec<String> {
    (0..count).map(|at| format!("n{at:02}{end}")).collect()
}

#[test]
fn what_small_pushes_stand_for_costs_little_however_it_is_divided() {
    let door = Door::of_otto();
    measured(&door);
    let raw = door.raw();
    let (tip, root) = door.base();
    let src = door.world.rev("otto", "origin/main:src");
    let (one, two) = (raw.blob("1\n"), raw.blob("2\n"));
    let root_with = |bomb: &str| {
        let src = raw.tree_with(&src, &[("40000", b"bomb", bomb)]);
        raw.tree_with(&root, &[("40000", b"src", &src)])
    };
    // 83,521 paths are fewer than one push may change; forty times they are not.
    let seventeen = names(17, "");
    let trees = [&one, &two].map(|leaf| root_with(&power(&raw, &seventeen, ("100644", leaf))));
    let mut last = tip.clone();
    for at in 0..40 {
        last = raw.commit(&trees[at % 2], &[&last], "Again\n");
    }
    door.refuses("forty commits", &last, &["INT-006"]);
    cheap(&door, "forty commits of 83,521 paths");
    let many = raw.commit(&trees[0], &vec![tip.as_str(); 40], "Merge\n");
    door.push(&[&format!("{many}:refs/heads/wip/many")]);
    cheap(&door, "one parent forty times");
    let odd = root_with(&power(&raw, &names(17, "\\"), ("100644", &one)));
    door.refuses("bad names", &door.commit(&odd), &["INT-006"]);
    cheap(&door, "83,521 bad names");
    let empty = raw.tree(&[]);
    let hollow = root_with(&power(&raw, &names(24, ""), ("40000", &empty)));
    door.refuses("empty directories", &door.commit(&hollow), &["INT-006"]);
    cheap(&door, "331,776 empty directories");
    let junk = power(&raw, &names(31, ""), ("100644", &one));
    for (reference, what) in [
        ("refs/awo/ledger", "ledger"),
        ("refs/awo/evidence/2024-01", "evidence"),
        ("refs/notes/awo/approvals/2024-01", "notes"),
    ] {
        let parent = door.world.run(
            "otto",
            "otto",
            &["git", "rev-parse", "--verify", "-q", reference],
        );
        let parents: Vec<&str> = [parent.text.trim()]
            .into_iter()
            .filter(|it| !it.is_empty())
            .collect();
        let commit = raw.commit(&junk, &parents, "junk\n");
        let pushed = door.push(&[&format!("{commit}:{reference}")]);
        assert!(
            !pushed.accepted && !pushed.codes.is_empty(),
            "{what}: {}",
            pushed.text
        );
        cheap(&door, what);
    }
}

#[test]
fn a_governance_ref_keeps_what_was_recorded_in_every_commit() {
    let door = Door::new(crate::world::World::landed(), "otto");
    door.world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let raw = door.raw();
    let blob = raw.blob("x\n");
    let empty = raw.tree(&[]);
    let notes = door.world.notes("otto", "approvals");
    for reference in ["refs/awo/ledger", &notes] {
        let tip = door.world.rev("otto", reference);
        let tree = door.world.rev("otto", &format!("{reference}^{{tree}}"));
        let undone = |between: &str| {
            let between = raw.commit(between, &[&tip], "between\n");
            format!(
                "{}:{reference}",
                raw.commit(&tree, &[&between], "as before\n")
            )
        };
        for (what, mode, id) in [
            ("a symlink", "120000", blob.as_str()),
            ("a submodule", "160000", tip.as_str()),
            ("an executable file", "100755", blob.as_str()),
        ] {
            let between = raw.tree_with(&tree, &[(mode, b"odd", id)]);
            let pushed = door.push(&[&undone(&between)]);
            assert!(
                pushed.codes.contains("INT-003"),
                "{reference}, {what}: {}",
                pushed.text
            );
        }
    }
    // A ref that can never be deleted is not made for nothing.
    let nothing = raw.commit(&empty, &[], "nothing\n");
    let refspec = format!("{nothing}:refs/awo/evidence/2999-12");
    door.refuses_push("an empty month", &[&refspec], &["STR-002"]);
    // Forced past the hooks, `verify` finds what stood in between, also where fetch has left its marks.
    let odd = raw.tree(&[("100644", b"config", &blob)]);
    let tree = door.world.rev("otto", "refs/awo/ledger^{tree}");
    let tip = door.world.rev("otto", "refs/awo/ledger");
    let between = raw.tree_with(&tree, &[("40000", b".git", &odd)]);
    let between = raw.commit(&between, &[&tip], "between\n");
    let undone = raw.commit(&tree, &[&between], "as before\n");
    door.world
        .force("otto", &[&format!("{undone}:refs/awo/ledger")]);
    door.world.ok(
        "vera",
        ".",
        &["git", "clone", "--quiet", "server.git", "vera"],
    );
    door.world.ok(
        "vera",
        "vera",
        &["git", "remote", "set-url", "origin", "../server.git"],
    );
    door.world.ok(
        "vera",
        "vera",
        &["git", "awo", "trust", &door.world.fingerprint()],
    );
    door.world.run("vera", "vera", &["git", "awo", "fetch"]);
    door.world.ok(
        "vera",
        "vera",
        &[
            "git",
            "fetch",
            "--quiet",
            "origin",
            "+refs/awo/*:refs/awo/*",
        ],
    );
    door.world.verify_finds("INT-003");
}

/// Nobody signs them, so they need no key: a long branch, and as many merges into it, each of a side
/// that parted where the branch began.
#[test]
fn merges_of_what_parted_long_ago_cost_little() {
    let door = Door::of_otto();
    measured(&door);
    let (tip, _) = door.base();
    let count = 3_000;
    let mut stream = String::new();
    let mut mark = 0;
    let mut commit = |parents: &[String], file: &str| {
        mark += 1;
        stream.push_str(&format!(
            "commit refs/far/{mark}\nmark :{mark}\ncommitter o <o@x> 1700000000 +0000\ndata 2\nx\n"
        ));
        for (at, parent) in parents.iter().enumerate() {
            let word = if at == 0 { "from" } else { "merge" };
            stream.push_str(&format!("{word} {parent}\n"));
        }
        stream.push_str(&format!("M 100644 inline src/{file}\ndata 2\nx\n\n"));
        format!(":{mark}")
    };
    let mut last = tip.clone();
    for at in 0..count {
        last = commit(&[last], &format!("a{}", at % 5));
    }
    for at in 0..count {
        let side = commit(std::slice::from_ref(&tip), &format!("b{}", at % 5));
        last = commit(&[last, side], "a0");
    }
    let far = format!("refs/far/{mark}");
    import(&door, &stream);
    let pushed = door.push(&[&format!("{far}:refs/heads/wip/far")]);
    assert!(!pushed.accepted, "{}", pushed.text);
    assert!(pushed.codes.contains("INT-006"), "{:?}", pushed.codes);
    cheap(&door, "3,000 merges of what parted 6,000 commits ago");
}

/// One merge of 1,000 branches, each with files of its own, all of which it takes.
#[test]
fn a_merge_of_very_many_costs_little() {
    let door = Door::of_otto();
    measured(&door);
    let (tip, _) = door.base();
    let count = 1_000;
    let mut stream = String::new();
    for at in 0..count {
        stream.push_str(&format!(
            "commit refs/many/{at}\nmark :{}\ncommitter o <o@x> 1700000000 +0000\ndata 2\nx\nfrom {tip}\n",
            at + 1
        ));
        for file in 0..60 {
            stream.push_str(&format!("M 100644 inline src/m/{file}/{at}\ndata 2\nx\n"));
        }
        stream.push('\n');
    }
    stream.push_str(&format!(
        "commit refs/many/all\ncommitter o <o@x> 1700000000 +0000\ndata 2\nx\nfrom {tip}\n"
    ));
    for at in 0..count {
        stream.push_str(&format!("merge :{}\n", at + 1));
    }
    for at in 0..count {
        for file in 0..60 {
            stream.push_str(&format!("M 100644 inline src/m/{file}/{at}\ndata 2\nx\n"));
        }
    }
    import(&door, &stream);
    let pushed = door.push(&["refs/many/all:refs/heads/wip/many"]);
    assert!(!pushed.accepted, "{}", pushed.text);
    cheap(&door, "a merge of 1,000 branches");
}

fn import(door: &Door, stream: &str) {
    let words = ["git", "fast-import", "--quiet", "--force"];
    let mut child = door
        .world
        .command("otto", "otto", &words)
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), stream.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}
