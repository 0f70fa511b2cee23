//! A push that landed, and whose receipt was never written.

use crate::world::{PACKET, RUN, SENTENCE, TASK, World};

/// What follows comes to no end in `post-receive`, as if it had been killed there.
fn receipts_lost(world: &World, lost: bool) {
    let (hook, kept) = ("server.git/hooks/post-receive", "server.git/post-receive");
    if lost {
        std::fs::rename(world.path(hook), world.path(kept)).unwrap();
        world.write(hook, "#!/bin/sh\nkill -KILL $$\n");
        world.ok("server", ".", &["chmod", "+x", hook]);
    } else {
        std::fs::rename(world.path(kept), world.path(hook)).unwrap();
    }
}

fn fetched_and_verified(world: &World, who: &str) {
    world.ok(who, who, &["git", "awo", "fetch"]);
    world.ok(who, who, &["git", "awo", "verify"]);
}

#[test]
fn records_of_a_push_without_a_receipt_stay_valid_when_the_next_push_tells_of_it() {
    for lost in [true, false] {
        let world = World::executed();
        if lost {
            receipts_lost(&world, true);
        }
        for words in ["gate", "approve", "attest"] {
            world.ok("rita", "rita", &["git", "awo", words, RUN]);
        }
        world.ok("rita", "rita", &["git", "awo", "push"]);
        // Between the push and the next: nothing false is found, and nothing stands still.
        super::verified(&world);
        fetched_and_verified(&world, "otto");
        world.ok("otto", "otto", &["git", "awo", "finalize", RUN]);
        world.ok("otto", "otto", &["git", "awo", "push"]);
        super::verified(&world);
        if lost {
            receipts_lost(&world, false);
        }
        // The next push, which has a receipt again, ends what both of them are: what they did
        // then is no less valid.
        world.next_policy(2, None, |text| {
            text.replace(
                "roles = [\"orchestrator\", \"reviewer\"]",
                "roles = [\"reviewer\"]",
            )
            .replace(
                "name = \"rita\"\nroles = [\"reviewer\"]",
                "name = \"rita\"\nroles = [\"operator\"]",
            )
        });
        super::verified(&world);
        fetched_and_verified(&world, "rita");
        // And another, long after.
        world.next_policy(3, None, |text| text.replace("\"HYBRID\"", "\"LOCKED\""));
        super::verified(&world);
        fetched_and_verified(&world, "otto");
    }
}

#[test]
fn a_policy_without_a_receipt_is_in_force_all_the_same() {
    let world = World::founded();
    receipts_lost(&world, true);
    world.next_policy(2, None, |text| text.replace("\"HYBRID\"", "\"LOCKED\""));
    receipts_lost(&world, false);
    super::verified(&world);
    world.ok("rita", "rita", &["git", "checkout", "-q", "-b", "wip/rita"]);
    world.write("rita/src/new.py", "# new\n");
    world.commit("rita", "direct");
    let push = ["git", "push", "-q", "--no-verify", "origin", "wip/rita"];
    world.refused("rita", "rita", &push, "GOV-007");
    // The benign twin: the next policy lets it in.
    world.next_policy(3, None, |text| text);
    super::verified(&world);
    world.ok("rita", "rita", &push);
    super::verified(&world);
}

#[test]
fn the_first_push_of_a_server_may_lose_its_receipt() {
    let world = World::founded();
    let gone = ["git", "update-ref", "-d", "refs/awo/log"];
    world.ok("server", "server.git", &gone);
    // What was seen of the log elsewhere would be missed, rightly: a clone that saw nothing.
    world.fresh_clone();
    let said = world.refused("vera", "vera", &["git", "awo", "verify"], "STR-002");
    assert!(said.contains("git awo push"), "it says what helps: {said}");
    std::fs::remove_dir_all(world.path("vera")).unwrap();
    world.write("packet.md", PACKET);
    let forget = "git update-ref -d refs/awo/log; rm -rf .git/awo/seen*";
    world.ok("olga", "olga", &["sh", "-c", forget]);
    let import = ["git", "awo", "task", "import", "../packet.md"];
    world.ok("olga", "olga", &import);
    let approve = ["git", "awo", "approve", TASK, "--sentence", SENTENCE];
    world.ok("olga", "olga", &approve);
    let push = [
        "git",
        "push",
        "-q",
        "--no-verify",
        "origin",
        "refs/awo/ledger",
        "refs/notes/awo/approvals/*",
    ];
    world.ok("olga", "olga", &push);
    super::verified(&world);
}
