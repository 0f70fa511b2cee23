//! The commands that change a clone.

use super::{Case, swept};
use git_awo::store::layout;

use crate::world::{AGENT, PACKET, RUN, SENTENCE, TASK, World};

fn with_packet() -> World {
    let world = World::founded();
    world.write("packet.md", PACKET);
    world
}

/// Its validation prints no time, so that each run gives the same evidence.
fn approved() -> World {
    let world = World::founded();
    let validation = "python3 -m unittest -q test_strings";
    assert!(PACKET.contains(validation));
    let quiet = "python3 -c \"import io, sys, unittest; \
        tests = unittest.defaultTestLoader.loadTestsFromName('test_strings'); \
        done = unittest.TextTestRunner(stream=io.StringIO()).run(tests); \
        sys.exit(done.testsRun != 2 or not done.wasSuccessful())\"";
    world.write("packet.md", PACKET.replace(validation, quiet));
    for words in [
        &["git", "awo", "task", "import", "../packet.md"][..],
        &["git", "awo", "approve", TASK, "--sentence", SENTENCE],
        &["git", "awo", "push"],
    ] {
        world.ok("olga", "olga", words);
    }
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world
}

fn imported() -> World {
    let world = with_packet();
    let import = ["git", "awo", "task", "import", "../packet.md"];
    world.ok("olga", "olga", &import);
    world
}

fn reviewed() -> World {
    let world = World::executed();
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
    world
}

fn audited() -> World {
    let world = reviewed();
    world.ok("rita", "rita", &["git", "awo", "approve", RUN]);
    world
}

fn proposal() -> World {
    let world = World::founded();
    let adopted = world.rev("olga", "refs/heads/main");
    let text = crate::world::policy(2, &adopted, "");
    world.write("policy/next.toml", text);
    world
}

const PROPOSE: [&str; 5] = ["git", "awo", "policy", "propose", "../policy/next.toml"];

fn proposed() -> World {
    let world = proposal();
    world.ok("olga", "olga", &PROPOSE);
    world
}

/// rita has not fetched what otto has executed.
fn behind() -> World {
    let world = World::landed();
    let outcome = [
        "git", "awo", "outcome", RUN, "accepted", "--reason", "it works",
    ];
    world.ok("olga", "olga", &outcome);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world
}

/// The index of otto's clone was emptied by somebody.
fn without_index() -> World {
    let world = World::finalized();
    let entry = format!("{RUN}@provenance.json");
    world.forge("otto", &layout::ledger(), &[(&entry, None)]);
    world
}

pub(super) fn own(stage: fn() -> World, who: &'static str, words: &'static [&'static str]) -> Case {
    let places: &'static [&'static str] = match who {
        "olga" => &["olga"],
        "otto" => &["otto"],
        _ => &["rita"],
    };
    Case {
        stage,
        who,
        words,
        places,
        files: &[],
        whole: false,
        program: "",
    }
}

swept! {
    a_task_is_imported_or_not: own(with_packet, "olga", &["git", "awo", "task", "import", "../packet.md"]);
    a_task_is_approved_or_not: own(imported, "olga", &["git", "awo", "approve", TASK, "--sentence", SENTENCE]);
    a_run_is_recorded_whole_or_not_at_all: own(approved, "otto", &["git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", "-c", AGENT]);
    a_gate_is_passed_or_not: own(World::executed, "rita", &["git", "awo", "gate", RUN]);
    a_run_is_approved_or_not: own(reviewed, "rita", &["git", "awo", "approve", RUN]);
    a_run_is_attested_or_not: own(audited, "rita", &["git", "awo", "attest", RUN]);
    a_run_is_finalized_with_its_branch_or_not: own(World::attested, "otto", &["git", "awo", "finalize", RUN]);
    a_cancellation_is_recorded_or_not: own(World::executed, "otto", &["git", "awo", "cancel", RUN, "--reason", "no"]);
    an_outcome_is_recorded_or_not: own(World::landed, "olga", &["git", "awo", "outcome", RUN, "rejected", "--reason", "no"]);
    a_roll_back_is_made_or_not: own(World::rejected, "otto", &["git", "awo", "rollback", RUN]);
    a_policy_is_proposed_or_not: own(proposal, "olga", &PROPOSE);
    a_policy_is_applied_or_not: own(proposed, "olga", &["git", "awo", "policy", "apply"]);
    an_index_is_rebuilt_or_not: own(without_index, "otto", &["git", "awo", "provenance", "rebuild"]);
    a_fetch_merges_or_not: Case { places: &["rita", "server.git"], ..own(behind, "rita", &["git", "awo", "fetch"]) };
}
