//! Modes.

use crate::hostile::door::Door;
use crate::world::policy;

#[test]
fn symlinks_submodules_and_new_executables() {
    let door = Door::of_otto();
    let raw = door.raw();
    let (tip, root) = door.base();
    let blob = raw.blob("x\n");
    let target = raw.blob("../../secrets/key");
    let int: &[&str] = &["INT-003"];
    let both: &[&str] = &["INT-003", "GOV-003"];
    let init = door.world.rev(door.who, "origin/main:src/__init__.py");
    let mut table = Vec::new();
    for (what, mode, name, id, codes) in [
        ("a symlink", "120000", "link", &target, int),
        ("in a file's place", "120000", "strings.py", &target, int),
        ("a symlink for git", "120000", ".gitmodules", &target, both),
        ("another for git", "120000", ".gitattributes", &target, both),
        ("a third for git", "120000", ".gitignore", &target, int),
        ("a submodule", "160000", "sub", &tip, int),
        ("in a file's place", "160000", "strings.py", &tip, int),
        ("a new executable", "100755", "tool.sh", &blob, int),
        ("made executable", "100755", "__init__.py", &init, int),
    ] {
        let commit = door.commit_in_src(&[(mode, name.as_bytes(), id)]);
        table.push((what.to_owned(), commit, codes));
    }
    let modules = raw.blob("[submodule \"sub\"]\n\tpath = src/sub\n\turl = ../x\n");
    let src = door.world.rev(door.who, "origin/main:src");
    let src = raw.tree_with(&src, &[("160000", b"sub", &tip)]);
    let entries = [
        ("40000", &b"src"[..], src.as_str()),
        ("100644", b".gitmodules", &modules),
    ];
    let commit = door.commit(&raw.tree_with(&root, &entries));
    table.push(("a submodule with its file".to_owned(), commit, both));
    door.refuses_each(&table);
    let forced: Vec<_> = table.iter().map(|it| (it.1.as_str(), "INT-003")).collect();
    door.verify_finds_all(&forced);
    door.accepts(
        "a file",
        &door.commit_in_src(&[("100644", b"tool.sh", &blob)]),
    );
}

#[test]
fn what_the_policy_names_may_be_executable_or_a_symlink() {
    let door = Door::of_otto();
    let world = &door.world;
    let (tip, _) = door.base();
    world.next_policy(2, None, |_| {
        policy(2, &tip, "").replace(
            "[tree]\n",
            "[tree]\nexecutable = [\"src/bin/\"]\nsymlinks = [\"src/links/\"]\n",
        )
    });
    let raw = door.raw();
    let (blob, target) = (raw.blob("x\n"), raw.blob("../strings.py"));
    let below = |name: &str, entry| {
        let inner = raw.tree(&[entry]);
        door.commit_in_src(&[("40000", name.as_bytes(), &inner)])
    };
    door.accepts(
        "an executable there",
        &below("bin", ("100755", b"run", &blob)),
    );
    door.accepts(
        "a symlink there",
        &below("links", ("120000", b"up", &target)),
    );
    let elsewhere = [
        (
            "an executable elsewhere".to_owned(),
            below("links", ("100755", b"run", &blob)),
        ),
        (
            "a symlink elsewhere".to_owned(),
            below("bin", ("120000", b"up", &target)),
        ),
        (
            "exact, not folded".to_owned(),
            below("BIN", ("100755", b"run", &blob)),
        ),
        (
            "a submodule".to_owned(),
            below("links", ("160000", b"up", &tip)),
        ),
    ];
    door.refuses_all(&elsewhere, "INT-003");
}
