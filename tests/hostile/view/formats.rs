//! Repositories of other forms: they work, or are refused plainly.

use crate::hostile::environment::every_command;
use crate::world::World;

#[test]
fn a_reftable_clone_is_refused_by_every_command() {
    let world = World::landed();
    for migrated in [false, true] {
        if migrated {
            world.ok("otto", "otto", &["rm", "-rf", ".git/logs"]);
            world.ok(
                "otto",
                "otto",
                &["git", "refs", "migrate", "--ref-format=reftable"],
            );
        } else {
            // Only what the configuration says, and only the stub.
            world.ok("otto", ".", &["cp", "-a", "otto", "kept"]);
            world.ok(
                "otto",
                "otto",
                &[
                    "git",
                    "init",
                    "--quiet",
                    "--ref-format=reftable",
                    "../table",
                ],
            );
            world.ok(
                "otto",
                ".",
                &["cp", "-a", "table/.git/reftable", "otto/.git/reftable"],
            );
        }
        for call in every_command(&world) {
            let alone = [
                "init",
                "clone",
                "events check",
                "integrity",
                "policy check",
                "trust",
                "hooks",
            ];
            let name = call.words.join(" ");
            if call.own_world || alone.iter().any(|it| name.starts_with(it)) && name.contains("..")
            {
                continue;
            }
            let mut words = vec!["git", "awo"];
            words.extend(call.words.iter().map(String::as_str));
            let done = world.run("otto", "otto", &words);
            let why = format!("{name}: {} {}", done.code, done.text);
            assert!(done.text.contains("INT-005"), "{why}");
            assert!(
                done.text.contains("git refs migrate --ref-format=files"),
                "{why}"
            );
            assert_eq!(done.code, 3, "{why}");
        }
        if !migrated {
            world.ok("otto", ".", &["rm", "-rf", "otto"]);
            world.ok("otto", ".", &["mv", "kept", "otto"]);
        }
    }
    world.ok(
        "otto",
        "otto",
        &["git", "refs", "migrate", "--ref-format=files"],
    );
    world.ok("otto", "otto", &["git", "awo", "verify"]);
}

#[test]
fn a_reftable_server_refuses_pushes() {
    let world = World::founded();
    world.write("otto/src/a.py", "x = 1\n");
    world.commit("otto", "Work");
    world.ok(
        "server",
        "server.git",
        &["git", "refs", "migrate", "--ref-format=reftable"],
    );
    let before = world.server();
    let words = [
        "git",
        "push",
        "--no-verify",
        "origin",
        "HEAD:refs/heads/wip/otto",
    ];
    let text = world.refused("otto", "otto", &words, "INT-005");
    assert!(text.contains("git refs migrate"), "{text}");
    assert_eq!(world.server(), before);
    world.ok(
        "server",
        "server.git",
        &["git", "refs", "migrate", "--ref-format=files"],
    );
    world.push_accepted("otto", &["HEAD:refs/heads/wip/otto"]);
}

#[test]
fn linked_worktrees_and_git_files_are_the_same_repository() {
    let world = World::landed();
    let verdict = |place: &str| world.ok("otto", place, &["git", "awo", "verify", "--json"]);
    let here = verdict("otto");
    world.ok(
        "otto",
        "otto",
        &[
            "git",
            "worktree",
            "add",
            "--quiet",
            "-b",
            "wip/linked",
            "../linked",
        ],
    );
    let linked = verdict("linked");
    world.ok("otto", "otto", &["git", "worktree", "remove", "../linked"]);
    world.ok(
        "otto",
        "otto",
        &["git", "branch", "--quiet", "-D", "wip/linked"],
    );
    assert_eq!(verdict("otto"), here);
    assert!(linked.contains("\"allowed\""), "{linked}");
    // As a submodule has it: a file that names the directory.
    world.ok(
        "otto",
        "otto",
        &[
            "git",
            "init",
            "--quiet",
            "--separate-git-dir",
            "../elsewhere",
        ],
    );
    assert!(world.path("otto/.git").is_file());
    assert_eq!(verdict("otto"), here);
    assert_eq!(verdict("elsewhere"), here);
    // A file that names nothing, or itself.
    for text in ["gitdir: ../nowhere\n", "gitdir: .git\n", "nonsense\n", ""] {
        world.write("otto/.git", text);
        let done = world.run("otto", "otto", &["git", "awo", "verify"]);
        assert_eq!(done.code, 3, "{text:?}: {}", done.text);
        assert!(done.text.contains("INT-005"), "{text:?}: {}", done.text);
    }
}

/// The whole road on SHA-256: see `environment::road`.
#[test]
fn the_whole_road_on_sha256() {
    let world = World::founded_as("sha256");
    assert_eq!(world.rev("olga", "HEAD").len(), 64);
    crate::hostile::environment::walk(&world, |_, _| {});
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    let door = crate::hostile::door::Door::new(world, "otto");
    let blob = door.raw().blob("x = 1\n");
    door.world.ok("otto", "otto", &["git", "fetch", "--quiet"]);
    let good = door.commit_in_src(&[("100644", b"a.py", &blob)]);
    door.accepts("a direct commit", &good);
    let (_, root) = door.base();
    let evil = door
        .raw()
        .tree_with(&root, &[("100644", b"Makefile", &blob)]);
    door.refuses("a path outside", &door.commit(&evil), &["GOV-003"]);
    door.refuses_push(
        "the same on main",
        &[&format!("{good}:refs/heads/main")],
        &["GOV-002"],
    );
}
