//! A policy that a newer git-awo wrote: this one does not know what it requires.

use super::Case;
use super::door::Door;
use crate::world::{PACKET, RUN, TASK, World};

pub const CASES: &[Case] = &[Case {
    id: "F-01",
    attack: "a policy of a newer git-awo, which this one would have to read by half",
    answer: "STR-002",
    tests: &[
        "hostile::newer::a_policy_that_requires_what_the_server_does_not_know_is_refused",
        "hostile::newer::where_the_server_was_upgraded_every_command_says_so",
        "src/policy/features::what_a_policy_needs_is_found_among_what_is_unknown",
    ],
}];

pub const POLICY: &str = "refs/awo/policy";

/// Returns the second policy with this at its head and at its end.
pub fn second(door: &Door, head: &str, end: &str) -> String {
    let text = door
        .document()
        .replacen("schema", &format!("{head}schema"), 1);
    door.second_policy(&format!("{text}{end}"), &door.signers())
}

const HEAD: &str = "requires = [\"automation/9\"]\n";
const TABLE: &str = "\n[automation]\nmode = \"shadow\"\n";

#[test]
fn a_policy_that_requires_what_the_server_does_not_know_is_refused() {
    let door = Door::new(World::founded(), "olga");
    for (what, head, end, code) in [
        ("a policy of a newer program", HEAD, TABLE, "STR-002"),
        ("a policy all of which is known", HEAD, "", "STR-002"),
        (
            "a table unknown here and not required",
            "",
            TABLE,
            "GOV-006",
        ),
        (
            "a feature that is none",
            "requires = [\"automation\"]\n",
            "",
            "GOV-006",
        ),
    ] {
        let refspec = format!("{}:{POLICY}", second(&door, head, end));
        let pushed = door.refuses_push(what, &[&refspec], &[code]);
        assert_eq!(pushed.text.contains("upgrade git-awo"), code == "STR-002");
    }
    let refspec = format!("{}:{POLICY}", second(&door, "requires = []\n", ""));
    door.accepts_push("a policy that requires nothing", &[&refspec]);
}

#[test]
fn where_the_server_was_upgraded_every_command_says_so() {
    let door = Door::new(World::finalized(), "olga");
    let world = &door.world;
    let checked = ["git", "config", "receive.fsckObjects", "true"];
    world.ok("server", "server.git", &checked);
    let commit = second(&door, HEAD, TABLE);
    world.force("olga", &[&format!("{commit}:{POLICY}")]);
    let says = |who: &str, place: &str, words: &[&str]| {
        let done = world.run(who, place, words);
        let text = &done.text;
        assert_eq!(done.code, 3, "{}\n{text}", words.join(" "));
        for word in [
            "STR-002",
            "policy-requires",
            "upgrade git-awo",
            "automation/9",
        ] {
            assert!(text.contains(word), "{}: {word}\n{text}", words.join(" "));
        }
    };
    says("otto", "otto", &["git", "awo", "fetch"]);
    says("otto", "otto", &["git", "awo", "push"]);
    world.ok(
        "otto",
        "otto",
        &[
            "git",
            "update-ref",
            POLICY,
            "refs/awo-remotes/origin/awo/policy",
        ],
    );
    world.write("packet.md", PACKET);
    for words in [
        vec!["status"],
        vec!["verify"],
        vec!["log"],
        vec!["chain", RUN],
        vec!["run", TASK, "--", "true"],
        vec!["gate", RUN],
        vec!["attest", RUN],
        vec!["finalize", RUN],
        vec!["policy", "show"],
        vec!["policy", "log"],
        vec!["doctor"],
        vec!["verify", RUN],
        vec!["provenance", "verify"],
        vec!["provenance", "rebuild"],
        vec!["provenance", "export", "index.json"],
        vec!["export", RUN, "exported"],
        vec!["integrity", "verify", RUN],
        vec!["task", "show", TASK],
        vec!["task", "import", "../packet.md"],
        vec!["approve", TASK],
        vec!["approve", RUN],
        vec!["revoke", &"a".repeat(64), "--reason", "x"],
        vec!["outcome", RUN, "accepted", "--reason", "x"],
        vec!["rollback", RUN],
        vec!["policy", "sign"],
        vec!["policy", "apply"],
        vec!["init"],
        vec!["trust", &format!("SHA256:{}", "a".repeat(43))],
    ] {
        says(
            "otto",
            "otto",
            &[&["git", "awo"], words.as_slice()].concat(),
        );
    }
    says("server", "server.git", &["git", "awo", "doctor"]);
    let done = world.run("olga", "olga", &["git", "push", "origin", "main:wip/x"]);
    assert!(done.code != 0 && done.text.contains("STR-002"));
    assert!(!done.text.contains("GOV-007"), "{}", done.text);
    world.write("otto/src/strings.py", "x = 1\n");
    world.ok("otto", "otto", &["git", "add", "src"]);
    let done = world.run("otto", "otto", &["git", "commit", "-m", "x"]);
    assert_ne!(done.code, 0, "the client's hooks refuse too");
    assert!(done.text.contains("STR-002") && done.text.contains("upgrade git-awo"));
    // What only shows what is stored, and decides nothing, goes on.
    for words in [
        vec!["show", RUN],
        vec!["task", "list"],
        vec!["provenance", "show"],
        vec!["receipt"],
    ] {
        world.ok(
            "otto",
            "otto",
            &[&["git", "awo"], words.as_slice()].concat(),
        );
    }
}
