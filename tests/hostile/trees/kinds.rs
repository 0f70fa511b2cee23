//! Objects of another kind than their place asks for. git takes most of them without a word, and then
//! the server cannot be cloned.

use crate::hostile::door::Door;
use crate::world::World;

/// One object of each kind that is no blob, named by nothing else: git refuses to pack an object that
/// it has met as two kinds.
fn others(door: &Door, salt: &str) -> [(&'static str, String); 3] {
    let raw = door.raw();
    let blob = raw.blob(format!("{salt}\n"));
    let tree = raw.tree(&[("100644", b"x", &blob)]);
    let commit = raw.commit(&tree, &[], &format!("{salt}\n"));
    let text = format!(
        "object {commit}\ntype commit\ntag {salt}\ntagger otto <o@o> 1700000000 +0000\n\nTag\n"
    );
    let other = raw.blob(format!("{salt}, besides\n"));
    let other = raw.tree(&[("100644", b"y", &other)]);
    [
        ("a tree", other),
        ("a commit", commit),
        ("a tag", raw.object("tag", text.as_bytes())),
    ]
}

/// Clones the server as over a network: every object is packed, and walked again.
fn clones(world: &World) -> bool {
    let url = format!("file://{}", world.path("server.git").display());
    let words = ["git", "clone", "--quiet", "--no-local", &url, "cloned"];
    let cloned = world.run("rita", ".", &words).code == 0;
    let _ = std::fs::remove_dir_all(world.path("cloned"));
    cloned
}

#[test]
fn an_entry_that_names_an_object_of_another_kind_than_its_mode() {
    let door = Door::of_otto();
    let raw = door.raw();
    let (tip, root) = door.base();
    let mut table = Vec::new();
    for mode in ["100644", "100755", "120000"] {
        for (what, id) in others(&door, mode) {
            let commit = door.commit_in_src(&[(mode, b"odd", &id)]);
            table.push((format!("{mode} of {what}"), commit));
        }
    }
    let blob = raw.blob("a file\n");
    for (salt, kind) in [("m1", 0), ("m2", 1), ("m3", 2)] {
        let (what, id) = &others(&door, salt)[kind];
        // In place of a file that was there.
        let odd = door.commit_in_src(&[("100644", b"strings.py", id)]);
        let odd_root = door.world.rev("otto", &format!("{odd}^{{tree}}"));
        table.push((
            format!("{what}, undone"),
            raw.commit(&root, &[&odd], "Undo\n"),
        ));
        let good = door.commit_in_src(&[("100644", b"good.py", &blob)]);
        let merge = raw.commit(&odd_root, &[&tip, &good], "Merge\n");
        table.push((format!("{what}, in a merge"), merge));
    }
    for (what, commit) in &table {
        door.refuses(what, commit, &["INT-003"]);
    }
    // The client says it before the server is asked.
    let (_, first) = &table[0];
    let refspec = format!("{first}:refs/heads/wip/mine");
    let told = door
        .world
        .run("otto", "otto", &["git", "push", "origin", &refspec]);
    assert!(
        told.code != 0 && told.text.contains("INT-003"),
        "{}",
        told.text
    );
    assert!(!told.text.contains("remote:"), "{}", told.text);
    let again = door.commit_in_src(&[("100644", b"new.py", &blob)]);
    door.accepts("a file", &again);
    assert!(clones(&door.world), "the server is cloned after all that");
    let forced: Vec<_> = table.iter().map(|it| (it.1.as_str(), "INT-003")).collect();
    door.verify_finds_all(&forced);
    assert!(
        !clones(&door.world),
        "what was forced past the hooks does the harm"
    );
}

#[test]
fn git_itself_refuses_it_where_init_has_told_it_to() {
    let door = Door::of_otto();
    let set = ["git", "config", "receive.fsckObjects", "true"];
    door.world.ok("server", "server.git", &set);
    for (what, id) in others(&door, "fsck") {
        let commit = door.commit_in_src(&[("100644", b"odd", &id)]);
        // On a ref that nobody governs, no hook of ours would mind.
        let before = door.world.server();
        let pushed = door.push(&[&format!("{commit}:refs/heads/wip/odd")]);
        assert!(
            !pushed.accepted && pushed.codes.is_empty(),
            "{what}: {}",
            pushed.text
        );
        assert_eq!(door.world.server(), before);
    }
    let blob = door.raw().blob("x\n");
    door.accepts(
        "a file",
        &door.commit_in_src(&[("100644", b"new.py", &blob)]),
    );
}

#[test]
fn commits_and_directories_that_name_objects_of_other_kinds() {
    let door = Door::of_otto();
    let raw = door.raw();
    let (tip, root) = door.base();
    let [(_, tree), (_, commit), (_, tag)] = others(&door, "c");
    let blob = raw.blob("x\n");
    let zero = "0".repeat(tip.len());
    let directory = |id: &str| {
        let odd = raw.tree(&[("40000", b"odd", id)]);
        (raw.commit(&odd, &[&tip], "x\n"), odd)
    };
    let (of_blob, odd_blob) = directory(&blob);
    let (of_commit, odd_commit) = directory(&commit);
    let (of_tag, odd_tag) = directory(&tag);
    for (what, id, objects) in [
        (
            "a directory that is a blob",
            of_blob,
            vec![&odd_blob, &blob],
        ),
        (
            "a directory that is a commit",
            of_commit,
            vec![&odd_commit, &commit],
        ),
        (
            "a directory that is a tag",
            of_tag,
            vec![&odd_tag, &tag, &commit],
        ),
        (
            "a tree that is a blob",
            raw.commit(&blob, &[&tip], "x\n"),
            vec![&blob],
        ),
        (
            "a tree that is a commit",
            raw.commit(&commit, &[&tip], "x\n"),
            vec![&commit],
        ),
        (
            "a tree that is a tag",
            raw.commit(&tag, &[&tip], "x\n"),
            vec![&tag, &commit],
        ),
        (
            "a parent that is a tag",
            raw.commit(&root, &[&tag], "x\n"),
            vec![&tag, &commit],
        ),
        (
            "a parent that is a tree",
            raw.commit(&root, &[&tree], "x\n"),
            vec![&tree],
        ),
        (
            "a second parent that is a blob",
            raw.commit(&root, &[&tip, &blob], "x\n"),
            vec![&blob],
        ),
    ] {
        let before = door.world.server();
        // No client packs these. git refuses most before our hook is asked; then it is asked anyway.
        let mut pack = vec![id.as_str()];
        pack.extend(objects.iter().map(|it| it.as_str()));
        let answer = raw.receive("refs/heads/wip/odd", &zero, &id, &pack);
        assert!(!answer.contains("\nok refs/"), "{what}: {answer}");
        assert_eq!(door.world.server(), before, "{what}");
        raw.unpack(&pack);
        let said = door.hook(&format!("{zero} {id} refs/heads/wip/odd\n"));
        assert!(said.contains("INT-003"), "{what}: {said}");
    }
    assert!(clones(&door.world));
}

#[test]
fn records_and_notes_that_are_no_blobs() {
    let door = Door::new(World::attested(), "olga");
    let world = &door.world;
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let raw = door.raw();
    let month = world
        .ok(
            "olga",
            "olga",
            &[
                "git",
                "for-each-ref",
                "--format=%(refname)",
                "refs/awo/evidence",
            ],
        )
        .trim()
        .to_owned();
    let notes = world.notes("olga", "approvals");
    let mut forced = Vec::new();
    for reference in ["refs/awo/ledger", &*notes, &*month, "refs/awo/policy"] {
        let tip = world.rev("olga", reference);
        let tree = world.rev("olga", &format!("{reference}^{{tree}}"));
        for (kind, name) in ["11", "12", "13"].iter().enumerate() {
            let salt = format!("{reference} {name}").replace('/', "-");
            let (what, id) = &others(&door, &salt)[kind];
            let hex = format!("{name}{}", "a".repeat(tip.len() - 2));
            let odd = raw.tree_with(&tree, &[("100644", hex.as_bytes(), id)]);
            let between = raw.commit(&odd, &[&tip], "Odd\n");
            let undone = raw.commit(&tree, &[&between], "Undone\n");
            for (when, commit) in [("at its tip", &between), ("in between", &undone)] {
                let pushed = door.push(&[&format!("{commit}:{reference}")]);
                assert!(!pushed.accepted, "{reference}: {what} {when}");
                let code = match reference {
                    "refs/awo/policy" => "GOV-006",
                    _ => "INT-003",
                };
                let told = &pushed.text;
                assert!(
                    pushed.codes.contains(code),
                    "{reference}: {what} {when}\n{told}"
                );
            }
            if reference != "refs/awo/policy" {
                forced.push((reference.to_owned(), undone));
            }
        }
    }
    assert!(clones(world));
    // Forced past the hooks, `verify` and `fetch` see it, though the tips hold nothing odd.
    for (reference, commit) in forced {
        let good = world.rev("server.git", &reference);
        world.force("olga", &[&format!("{commit}:{reference}")]);
        world.fresh_clone();
        world.verify_finds("INT-003");
        world.ok("rita", ".", &["cp", "-a", "rita", "other"]);
        let told = world.run("rita", "other", &["git", "awo", "fetch"]);
        assert_eq!(told.code, 1, "{reference}: {}", told.text);
        assert!(told.text.contains("INT-003"), "{reference}: {}", told.text);
        for place in ["vera", "other"] {
            std::fs::remove_dir_all(world.path(place)).unwrap();
        }
        world.force("olga", &[&format!("+{good}:{reference}")]);
    }
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
}
