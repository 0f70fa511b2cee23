//! Commits past the client's hooks.

use crate::world::World;

#[test]
fn commits_by_plumbing_skip_the_clients_hooks_and_not_the_servers() {
    let world = World::founded();
    world.write("otto/Makefile", "all:\n");
    world.ok("otto", "otto", &["git", "add", "-A"]);
    world.refused(
        "otto",
        "otto",
        &["git", "commit", "-m", "Outside"],
        "GOV-002",
    );
    let from_main =
        |name: &str| world.ok("otto", "otto", &["git", "checkout", "--quiet", "-B", name]);
    from_main("wip/otto");
    let said = world.refused(
        "otto",
        "otto",
        &["git", "commit", "-m", "Outside"],
        "GOV-003",
    );
    assert!(said.contains("Makefile"), "{said}");
    let ways: &[(&str, &[&str])] = &[
        ("no-verify", &["git", "commit", "-n", "-m", "Outside"]),
        (
            "hooks elsewhere",
            &[
                "git",
                "-c",
                "core.hooksPath=/dev/null",
                "commit",
                "-m",
                "Outside",
            ],
        ),
        (
            "amended",
            &[
                "git",
                "commit",
                "--amend",
                "-n",
                "--no-edit",
                "--allow-empty",
            ],
        ),
    ];
    for (what, words) in ways {
        world.ok("otto", "otto", words);
        for push in [
            &["git", "push"][..],
            &["git", "push", "--no-verify"],
            &["git", "-c", "core.hooksPath=/dev/null", "push"],
        ] {
            let mut words = push.to_vec();
            words.extend(["origin", "+HEAD:refs/heads/wip/otto"]);
            let before = world.server();
            world.refused("otto", "otto", &words, "GOV-003");
            assert_eq!(world.server(), before, "{what}: {words:?}");
        }
        if *what != "hooks elsewhere" {
            world.ok(
                "otto",
                "otto",
                &["git", "reset", "--quiet", "--soft", "origin/main"],
            );
        }
    }
    // Rebase, cherry-pick and revert call no pre-commit at all.
    world.ok(
        "otto",
        "otto",
        &["git", "commit", "--quiet", "-n", "-m", "Outside"],
    );
    let picked = world.rev("otto", "HEAD");
    world.ok(
        "otto",
        "otto",
        &[
            "git",
            "checkout",
            "--quiet",
            "-B",
            "wip/picked",
            "origin/main",
        ],
    );
    world.run(
        "otto",
        "otto",
        &[
            "git",
            "-c",
            "core.hooksPath=/dev/null",
            "cherry-pick",
            "--allow-empty",
            &picked,
        ],
    );
    world.push_refused("otto", &["HEAD:refs/heads/wip/picked"], "GOV-003");
    world.run(
        "otto",
        "otto",
        &[
            "git",
            "-c",
            "core.hooksPath=/dev/null",
            "revert",
            "--no-edit",
            "HEAD",
        ],
    );
    world.push_refused("otto", &["HEAD:refs/heads/wip/picked"], "GOV-003");
    world.ok(
        "otto",
        "otto",
        &[
            "git",
            "checkout",
            "--quiet",
            "-B",
            "wip/good",
            "origin/main",
        ],
    );
    world.write("otto/src/a.py", "x = 1\n");
    world.ok("otto", "otto", &["git", "add", "-A"]);
    world.ok(
        "otto",
        "otto",
        &["git", "commit", "--quiet", "-m", "Inside"],
    );
    world.ok(
        "otto",
        "otto",
        &["git", "push", "origin", "HEAD:refs/heads/wip/good"],
    );
}
