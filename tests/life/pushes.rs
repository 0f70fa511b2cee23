//! What the server says of records out of their turn, pushed past every check of a client.

use git_awo::record::Sha256;
use git_awo::records::Verdict;

use super::{LEDGER, RECORDS};
use crate::world::{RUN, TASK, World};

fn awo(world: &World, who: &str, words: &[&str]) {
    world.ok(who, who, &[&["git", "awo"], words].concat());
}

/// rita takes every step of the review and pushes none; returns where her approval and her attestation are noted.
fn reviews(world: &World) -> (String, String) {
    for step in ["gate", "approve", "attest"] {
        awo(world, "rita", &[step, RUN]);
    }
    let [approvals, attestations] =
        ["approvals", "attestations"].map(|kind| world.notes("rita", kind));
    (approvals, attestations)
}

#[test]
fn what_is_pushed_before_its_turn_is_refused_and_taken_in_its_turn() {
    let world = World::executed();
    let (approvals, attestations) = reviews(&world);
    // An approval without gate 2, and an attestation without either.
    world.refuses("rita", &[&approvals], "run-in-turn");
    world.refuses("rita", &[&attestations], "run-in-turn");
    world.push_accepted("rita", LEDGER);
    world.refuses("rita", &[&attestations], "run-in-turn");
    world.push_accepted("rita", &[&approvals]);
    // A finalization without an attestation, and a landing without either.
    let commit = world.recorded("rita").commit.to_string();
    let land = format!("{commit}:refs/heads/main");
    world.refuses("rita", &[&land], "run-in-turn");
    world.push_accepted("rita", &[&attestations]);
    world.refuses("rita", &[&land], "run-in-turn");
    awo(&world, "otto", &["fetch"]);
    awo(&world, "otto", &["finalize", RUN]);
    // An outcome before the landing.
    world.push_accepted("otto", LEDGER);
    awo(&world, "olga", &["fetch"]);
    world.ends(Verdict::Accepted);
    world.refuses("olga", LEDGER, "run-in-turn");
    world.push_accepted("otto", &["refs/heads/main"]);
    world.push_accepted("olga", LEDGER);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_finalization_before_the_attestation_is_refused_and_taken_with_it() {
    let world = World::executed();
    let (approvals, attestations) = reviews(&world);
    // rita hands all of it to otto, past the server.
    let place = world.path("rita").display().to_string();
    let all: Vec<_> = ["refs/awo/ledger", &approvals, &attestations]
        .map(|it| format!("+{it}:{it}"))
        .to_vec();
    let mut words = vec!["git", "fetch", &place];
    words.extend(all.iter().map(String::as_str));
    world.ok("otto", "otto", &words);
    awo(&world, "otto", &["finalize", RUN]);
    world.refuses("otto", LEDGER, "run-in-turn");
    world.refuses("otto", &["refs/awo/ledger", &approvals], "run-in-turn");
    world.push_accepted("otto", &["refs/awo/ledger", &approvals, &attestations]);
    world.push_accepted("otto", &["refs/heads/main"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_run_without_an_approval_is_refused_and_taken_with_it() {
    let world = World::imported();
    let approve = ["approve", TASK, "--sentence", crate::world::SENTENCE];
    awo(&world, "olga", &approve);
    let approvals = world.notes("olga", "approvals");
    let place = world.path("olga").display().to_string();
    let notes = format!("+{approvals}:{approvals}");
    world.ok("otto", "otto", &["git", "fetch", &place, &notes]);
    world.executes("otto", RUN);
    let without = &["refs/awo/*:refs/awo/*"];
    world.refuses("otto", without, "run-in-turn");
    world.push_accepted("otto", RECORDS);
}

#[test]
fn what_is_pushed_after_its_turn_is_refused() {
    // A failure and a cancellation after the finalization.
    let world = World::attested();
    world.fetched();
    awo(&world, "otto", &["finalize", RUN]);
    awo(&world, "otto", &["push"]);
    world.fetched();
    let past = |act: &dyn Fn(&World), who: &str| {
        let world = world.copied();
        act(&world);
        world.refuses(who, LEDGER, "run-over");
    };
    past(&|world| world.fails(), "rita");
    past(&|world| world.cancels("olga", "operator", |_| {}), "olga");
    // Their twins, in time; a second failure says nothing new.
    let world = World::attested();
    world.fetched();
    world.fails();
    world.push_accepted("rita", LEDGER);
    world.fetched();
    let land = format!("{}:refs/heads/main", world.recorded("otto").commit);
    world.refuses("otto", &[&land], "run-over");
    let world = World::executed();
    world.fetched();
    world.cancels("olga", "operator", |_| {});
    world.push_accepted("olga", LEDGER);
}

#[test]
fn a_run_that_was_rejected_before_it_landed_does_not_land() {
    // The server has a rejection from before it knew states.
    let world = World::attested();
    world.fetched();
    world.ends(Verdict::Rejected);
    world.refuses("olga", LEDGER, "run-in-turn");
    awo(&world, "otto", &["finalize", RUN]);
    world.push_accepted("otto", LEDGER);
    let twin = world.copied();
    awo(&world, "olga", &["fetch"]);
    past_the_hooks(&world, "olga");
    world.refuses("otto", &["refs/heads/main"], "run-over");
    twin.push_accepted("otto", &["refs/heads/main"]);
}

/// The server takes somebody's ledger without a look at it.
fn past_the_hooks(world: &World, who: &str) {
    let place = world.path("server.git").display().to_string();
    let off = ["git", "config", "core.hooksPath", "/dev/null"];
    world.ok("server", "server.git", &off);
    world.ok(
        who,
        who,
        &["git", "push", "--no-verify", &place, "refs/awo/ledger"],
    );
    let on = ["git", "config", "--unset", "core.hooksPath"];
    world.ok("server", "server.git", &on);
}

#[test]
fn a_roll_back_without_a_rejection_is_refused_and_taken_with_it() {
    let world = World::landed();
    world.fetched();
    awo(
        &world,
        "olga",
        &["outcome", RUN, "rejected", "--reason", "no"],
    );
    awo(&world, "olga", &["rollback", RUN]);
    world.refuses("olga", &["refs/heads/main"], "run-in-turn");
    world.push_accepted("olga", &["refs/heads/main", "refs/awo/ledger"]);
}

#[test]
fn nothing_follows_a_cancellation() {
    let world = World::executed();
    world.fetched();
    let reviewed = world.copied();
    // What others made before they heard of it.
    let (approvals, attestations) = reviews(&world);
    awo(&world, "olga", &["cancel", RUN, "--reason", "no"]);
    awo(&world, "olga", &["push"]);
    awo(&world, "rita", &["fetch"]);
    world.refuses("rita", LEDGER, "run-over");
    world.refuses(
        "rita",
        &["refs/awo/ledger", &approvals, &attestations],
        "run-over",
    );
    world.refuses("rita", &[&approvals], "run-over");
    let land = format!("{}:refs/heads/main", world.recorded("rita").commit);
    world.refuses("rita", &[&land], "run-over");
    // A second cancellation, and an outcome.
    awo(&world, "otto", &["fetch"]);
    let again = world.copied();
    again.cancels("otto", "orchestrator", |_| {});
    again.refuses("otto", LEDGER, "run-over");
    let ended = world.copied();
    ended.ends(Verdict::Rejected);
    ended.refuses("olga", LEDGER, "run-over");
    // Without the cancellation all of it is taken.
    let (approvals, attestations) = reviews(&reviewed);
    reviewed.push_accepted("rita", &["refs/awo/ledger", &approvals, &attestations]);
}

#[test]
fn an_id_that_was_cancelled_is_no_runs() {
    let world = World::approved();
    world.executes("otto", RUN);
    let cancel = ["cancel", RUN, "--task", TASK, "--reason", "no"];
    awo(&world, "olga", &cancel);
    awo(&world, "olga", &["push"]);
    awo(&world, "otto", &["fetch"]);
    world.refuses("otto", RECORDS, "run-over");
    // A run of another name spends the approval.
    let twin = World::approved();
    awo(&twin, "olga", &cancel);
    awo(&twin, "olga", &["push"]);
    awo(&twin, "otto", &["fetch"]);
    twin.executes("otto", "run_2");
    twin.push_accepted("otto", RECORDS);
}

#[test]
fn a_cancellation_binds_its_run_and_is_made_by_who_may() {
    let world = World::executed();
    world.fetched();
    type Act<'a> = &'a dyn Fn(&World);
    let tries: &[(&str, Act<'_>, &str, &str)] = &[
        (
            "otto",
            &|it| it.cancels("otto", "operator", |_| {}),
            "ATT-001",
            "role-held",
        ),
        (
            "rita",
            &|it| it.cancels("rita", "reviewer", |_| {}),
            "ATT-001",
            "role-held",
        ),
        (
            "olga",
            &|it| it.cancels("olga", "operator", |says| says.contract = Sha256::of(b"x")),
            "ATT-002",
            "binds-contract",
        ),
        (
            "olga",
            &|it| {
                it.cancels("olga", "operator", |says| {
                    says.run_record = Some(Sha256::of(b"x"))
                })
            },
            "ATT-002",
            "binds-run-record",
        ),
        (
            "olga",
            &|it| it.cancels("olga", "operator", |says| says.run_record = None),
            "ATT-002",
            "binds-run-record",
        ),
    ];
    for (who, act, code, rule) in tries {
        let world = world.copied();
        act(&world);
        let said = world.push_refused(who, LEDGER, code);
        assert!(said.contains(rule), "{rule}: {said}");
    }
    world.cancels("otto", "orchestrator", |_| {});
    world.push_accepted("otto", LEDGER);
}

#[test]
fn verify_finds_what_follows_a_cancellation() {
    let world = World::executed();
    world.fetched();
    awo(&world, "olga", &["cancel", RUN, "--reason", "no"]);
    awo(&world, "olga", &["push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    // Past the hooks: the server's own user puts a failed review there.
    awo(&world, "rita", &["fetch"]);
    world.fails();
    past_the_hooks(&world, "rita");
    world.fresh_clone();
    let said = world.verify_finds("GOV-011");
    assert!(said.contains("run-over"), "{said}");
}

#[test]
fn a_cancellation_that_came_too_late_hides_nothing_of_the_chain() {
    let world = World::executed();
    awo(&world, "rita", &["gate", RUN]);
    awo(&world, "rita", &["push"]);
    world.fetched();
    // Past the hooks: the run was reviewed before.
    world.cancels("olga", "operator", |_| {});
    past_the_hooks(&world, "olga");
    world.fresh_clone();
    let said = world.refused("vera", "vera", &["git", "awo", "verify", RUN], "GOV-002");
    for step in ["approve", "attest", "finalize"] {
        let step = format!("git awo {step} {RUN}");
        assert!(said.contains(&step), "{step}: {said}");
    }
    let said = world.verify_finds("GOV-011");
    assert!(said.contains("run-over"), "{said}");
}
