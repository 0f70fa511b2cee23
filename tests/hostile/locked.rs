//! Policy and LOCKED.

use super::Case;
use super::door::Door;
use crate::world::{RUN, TASK, World, policy};

pub const CASES: &[Case] = &[
    Case {
        id: "L-01",
        attack: "one push brings a looser policy and the code that needs it",
        answer: "GOV-003, GOV-006",
        tests: &[
            "hostile::locked::a_push_is_judged_by_the_policy_before_it",
            "attacks::policy_pushes::a_push_that_changes_the_policy_and_profits_from_it_is_refused",
        ],
    },
    Case {
        id: "L-02",
        attack: "a person who is not a root edits the policy, or a file of that name in the tree",
        answer: "GOV-006",
        tests: &[
            "attacks::policy_pushes::a_policy_by_somebody_who_is_no_root_is_refused",
            "hostile::locked::a_policy_file_in_the_tree_is_a_file",
        ],
    },
    Case {
        id: "L-03",
        attack: "a policy with a lower version, or with the same version and other content",
        answer: "GOV-006",
        tests: &["hostile::locked::versions_only_rise"],
    },
    Case {
        id: "L-05",
        attack: "pushes while the policy is LOCKED",
        answer: "GOV-007",
        tests: &[
            "hostile::locked::nothing_passes_a_locked_policy",
            "policy_changes::nothing_but_a_policy_change_passes_a_locked_policy",
        ],
    },
    Case {
        id: "L-06",
        attack: "the level is missing, empty, unknown or unreadable on the server",
        answer: "GOV-006, GOV-007",
        tests: &["hostile::locked::a_policy_that_cannot_be_read_counts_as_locked"],
    },
    Case {
        id: "L-14",
        attack: "an agent enables itself by its environment",
        answer: "GOV-005",
        tests: &["hostile::locked::the_environment_approves_nothing"],
    },
    Case {
        id: "U-32",
        attack: "benign: a policy with two roots is changed through a LOCKED server, and through one whose policy has expired",
        answer: "accepted",
        tests: &["hostile::locked::two_roots_change_a_policy_that_stops_everything_else"],
    },
    Case {
        id: "U-32a",
        attack: "records, notes and commits beside a proposal, on a server that takes nothing else",
        answer: "GOV-006, GOV-007",
        tests: &["hostile::locked::two_roots_change_a_policy_that_stops_everything_else"],
    },
];

/// Writes a successor of the policy in force with this text, unsigned, onto `refs/awo/policy` of
/// the attacker's clone; returns the commit.
fn forged(door: &Door, text: &[u8]) -> String {
    let tip = door.world.rev(door.who, "refs/awo/policy");
    let tree = door.world.rev(door.who, "refs/awo/policy^{tree}");
    let blob = door.raw().blob(text);
    let tree = door
        .raw()
        .tree_with(&tree, &[("100644", b"policy.toml", &blob)]);
    door.raw().commit(&tree, &[&tip], "policy\n")
}

#[test]
fn a_push_is_judged_by_the_policy_before_it() {
    let door = Door::of_otto();
    let adopted = door.world.rev("otto", "origin/main");
    let text = policy(2, &adopted, "").replace("paths = [\"src/\"", "paths = [\"lib/\", \"src/\"");
    let policy = forged(&door, text.as_bytes());
    let blob = door.raw().blob("x\n");
    let lib = door.raw().tree(&[("100644", b"a.py", &blob)]);
    let (_, root) = door.base();
    let commit = door.commit(&door.raw().tree_with(&root, &[("40000", b"lib", &lib)]));
    let code = format!("{commit}:refs/heads/wip/lib");
    let policy = format!("{policy}:refs/awo/policy");
    door.refuses_push("both at once", &[&policy, &code], &["GOV-003", "GOV-006"]);
    door.refuses_push("the policy alone", &[&policy], &["GOV-006"]);
    door.refuses_push("the code alone", &[&code], &["GOV-003"]);
}

#[test]
fn a_policy_file_in_the_tree_is_a_file() {
    let door = Door::of_otto();
    let adopted = door.world.rev("otto", "origin/main");
    let text = policy(9, &adopted, "").replace("paths = [\"src/\"", "paths = [\"**\", \"src/\"");
    let blob = door.raw().blob(text.as_bytes());
    let commit = door.commit_in_src(&[("100644", b"policy.toml", &blob)]);
    door.accepts("a file named policy.toml", &commit);
    let (_, root) = door.base();
    for name in [".awo", "awo", ".git-awo"] {
        let below = door.raw().tree(&[("100644", b"policy.toml", &blob)]);
        let tree = door
            .raw()
            .tree_with(&root, &[("40000", name.as_bytes(), &below)]);
        door.refuses(name, &door.commit(&tree), &["GOV-003"]);
    }
}

#[test]
fn versions_only_rise() {
    let door = Door::new(World::founded(), "olga");
    let adopted = door.world.rev("olga", "origin/main");
    for version in [0, 1, 3] {
        let text = policy(version, &adopted, "# other\n");
        let commit = forged(&door, text.as_bytes());
        let push = format!("{commit}:refs/awo/policy");
        door.refuses_push(&format!("version {version}"), &[&push], &["GOV-006"]);
        door.world.write("policy/next.toml", text);
        let propose = ["git", "awo", "policy", "propose", "../policy/next.toml"];
        let said = door.world.refused("olga", "olga", &propose, "GOV-006");
        assert!(said.contains("version"), "{said}");
    }
    let text = policy(2, &adopted, "# other\n");
    door.world.write("policy/next.toml", text);
    let propose = ["git", "awo", "policy", "propose", "../policy/next.toml"];
    door.world.ok("olga", "olga", &propose);
    door.world
        .ok("olga", "olga", &["git", "awo", "policy", "apply"]);
    door.accepts_push("the next version", &["refs/awo/policy", "refs/awo/ledger"]);
}

#[test]
fn nothing_passes_a_locked_policy() {
    let world = World::executed();
    world.next_policy(2, None, |text| text.replace("HYBRID", "LOCKED"));
    // Made before the lock was known, pushed after it.
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    let door = Door::new(world, "rita");
    door.refuses_push("a record", &["refs/awo/ledger"], &["GOV-007"]);
    let blob = door.raw().blob("x\n");
    let commit = door.commit_in_src(&[("100644", b"a.py", &blob)]);
    door.refuses("a commit", &commit, &["GOV-007"]);
    door.world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let run = [
        "git",
        "awo",
        "run",
        TASK,
        "--run-id",
        "run_again",
        "--",
        "true",
    ];
    door.world.refused("otto", "otto", &run, "GOV-007");
    door.world.fresh_clone();
    door.world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_policy_that_cannot_be_read_counts_as_locked() {
    let door = Door::of_otto();
    let adopted = door.world.rev("otto", "origin/main");
    let good = policy(2, &adopted, "");
    let blob = door.raw().blob("x\n");
    let commit = door.commit_in_src(&[("100644", b"a.py", &blob)]);
    let real = door.world.rev("server.git", "refs/awo/policy");
    for (what, text) in [
        (
            "no level",
            good.replace("level = \"HYBRID\"\n", "").into_bytes(),
        ),
        ("an empty level", good.replace("HYBRID", "").into_bytes()),
        (
            "an unknown level",
            good.replace("HYBRID", "PERMISSIVE").into_bytes(),
        ),
        (
            "two levels",
            good.replace("level =", "level = \"LOCKED\"\nlevel =")
                .into_bytes(),
        ),
        (
            "a level that is no text",
            good.replace("\"HYBRID\"", "1").into_bytes(),
        ),
        ("an empty policy", Vec::new()),
        ("no text", vec![0xff, 0xfe, 0]),
    ] {
        let bad = forged(&door, &text);
        door.world
            .force("otto", &[&format!("{bad}:refs/awo/policy")]);
        let codes = &["GOV-006", "GOV-007"];
        door.refuses(what, &commit, codes);
        door.world.ok(
            "server",
            "server.git",
            &["git", "update-ref", "refs/awo/policy", &real],
        );
    }
    // Without any policy the server is new, and takes nothing but one.
    door.world.ok(
        "server",
        "server.git",
        &["git", "update-ref", "-d", "refs/awo/policy"],
    );
    door.refuses("no policy", &commit, &["GOV-006"]);
    door.world.ok(
        "server",
        "server.git",
        &["git", "update-ref", "refs/awo/policy", &real],
    );
    door.accepts("the same commit under a readable policy", &commit);
}

#[test]
fn the_environment_approves_nothing() {
    let world = World::imported();
    let ran = world.path("ran");
    let touch = ["touch", ran.to_str().unwrap()];
    let words = [&["git", "awo", "run", TASK, "--"], &touch[..]].concat();
    for variable in [
        "AWO_ALLOW_RUN",
        "AWO_APPROVED",
        "CTO_HARNESS_ALLOW_CASE",
        "AWO_LEVEL",
    ] {
        let mut command = world.command("otto", "otto", &words);
        let output = command.env(variable, "1").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("GOV-005"), "{variable}: {said}");
    }
    assert!(!ran.exists(), "nothing was started");
}

#[test]
fn two_roots_change_a_policy_that_stops_everything_else() {
    let roots = |text: String| {
        let one = "threshold = 1\nidentities = [\"olga\"]";
        text.replace(one, "threshold = 2\nidentities = [\"olga\", \"rita\"]")
    };
    let locked = |text: String| text.replace("HYBRID", "LOCKED");
    let expired =
        |text: String| text.replace("level =", "expires = \"2020-01-01T00:00:00Z\"\nlevel =");
    let stops: [(&str, &dyn Fn(String) -> String); 2] =
        [("GOV-007", &locked), ("GOV-006", &expired)];
    for (code, stop) in stops {
        let world = World::executed();
        world.next_policy(2, None, |text| stop(roots(text)));
        let awo = |who, words: &[&str]| world.ok(who, who, &[&["git", "awo"], words].concat());
        // Made before the stop was known; it waits until the policy takes records again.
        awo("rita", &["gate", RUN]);
        awo("rita", &["fetch"]);
        let adopted = world.rev("olga", "main");
        world.write("policy/next.toml", roots(policy(3, &adopted, "")));
        awo("olga", &["policy", "propose", "../policy/next.toml"]);
        world.refused(
            "olga",
            "olga",
            &["git", "awo", "policy", "apply"],
            "GOV-006",
        );
        awo("olga", &["push"]);
        awo("rita", &["fetch"]);
        awo("rita", &["policy", "sign"]);
        let door = Door::new(world.copied(), "rita");
        door.refuses_push("a record beside a signature", &["refs/awo/ledger"], &[code]);
        let blob = door.raw().blob("x\n");
        let commit = door.commit_in_src(&[("100644", b"a.py", &blob)]);
        door.refuses("a commit", &commit, &[code]);
        awo("rita", &["push"]);
        let has_log = |place: &str| {
            let mut files = world.ledger_of(place).into_iter();
            files.any(|(path, _)| path.contains("@independence"))
        };
        assert!(
            has_log("rita") && !has_log("server.git"),
            "the record waits"
        );
        awo("olga", &["fetch"]);
        awo("olga", &["policy", "apply"]);
        awo("olga", &["push"]);
        awo("rita", &["fetch"]);
        awo("rita", &["push"]);
        assert!(has_log("server.git"));
        world.fresh_clone();
        awo("vera", &["verify"]);
    }
}
