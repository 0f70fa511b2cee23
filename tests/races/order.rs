//! Two pushes of which the order decides.

use std::collections::BTreeMap;
use std::time::Instant;

use super::{ended, stagger, start};
use crate::figure::{Times, figure, size};
use crate::world::{AGENT, TASK, World};

/// Lets the server write down in which order transactions are prepared and have been committed: a
/// hook of its own, which ours keeps and runs.
fn with_witness() -> World {
    let world = World::founded();
    let hook = "server.git/hooks/reference-transaction.before-awo";
    let script = "#!/bin/sh\nwhile read -r old new ref; do\n\
        echo \"$1 $ref $new\" >>witness\ndone\n";
    world.write(hook, script);
    world.ok("server", ".", &["chmod", "+x", hook]);
    world
}

/// Writes the next version of the policy at this level into olga's clone.
fn policy(world: &World, version: u32, level: &str) {
    let words = ["git", "rev-list", "--max-parents=0", "refs/heads/main"];
    let adopted = world.ok("olga", "olga", &words);
    let text = crate::world::policy(version, adopted.trim(), "");
    let text = text.replace("\"HYBRID\"", &format!("{level:?}"));
    world.write("policy/next.toml", text);
    let propose = ["git", "awo", "policy", "propose", "../policy/next.toml"];
    world.ok("olga", "olga", &propose);
    world.ok("olga", "olga", &["git", "awo", "policy", "apply"]);
}

/// A push of code races one that sets LOCKED, again and again.
fn lock_races(trials: usize) {
    let base = with_witness();
    policy(&base, 2, "LOCKED");
    base.ok("rita", "rita", &["git", "checkout", "-q", "-b", "wip/rita"]);
    base.write("rita/src/new.py", "# new\n");
    let commit = base.commit("rita", "direct");
    let push = |what| ["git", "push", "-q", "--no-verify", "origin", what];
    let (mut landed, mut by_policy, mut by_race) = (0, 0, 0);
    let times = Times::default();
    for trial in 0..trials {
        let world = base.copy_without(|name| ["otto", "vera"].contains(&name));
        let start_code = || start(&world, "rita", "rita", &push("wip/rita"));
        let start_lock = || start(&world, "olga", "olga", &push("refs/awo/policy"));
        let (code, lock);
        let began = Instant::now();
        // LOCK has less to do, and so mostly the later start.
        if trial % 4 == 0 {
            lock = start_lock();
            stagger(trial);
            code = start_code();
        } else {
            code = start_code();
            stagger(trial);
            lock = start_lock();
        }
        let (code, lock) = (ended(code), ended(lock));
        times.add(began.elapsed());
        assert_eq!(lock.code, 0, "trial {trial}: {}", lock.text);
        let policy_tip = world.rev("server.git", "refs/awo/policy");
        assert_eq!(policy_tip, world.rev("olga", "refs/awo/policy"));
        let witness = String::from_utf8(std::fs::read(world.path("server.git/witness")).unwrap());
        let witness = witness.unwrap();
        let line = |text: String| witness.lines().position(|it| it == text);
        let locked = line(format!("committed refs/awo/policy {policy_tip}")).unwrap();
        if code.code == 0 {
            landed += 1;
            assert_eq!(world.rev("server.git", "refs/heads/wip/rita"), commit);
            let prepared = line(format!("prepared refs/heads/wip/rita {commit}")).unwrap();
            assert!(
                prepared < locked,
                "trial {trial}: code after LOCK\n{witness}"
            );
        } else {
            // Judged after LOCK, or before it and overtaken.
            let policy = code.text.contains("GOV-007");
            let race = code.text.contains("REP-003");
            assert!(policy || race, "trial {trial}: {}", code.text);
            let words = ["git", "for-each-ref", "refs/heads/wip"];
            assert_eq!(world.ok("server", "server.git", &words), "");
            *(if race { &mut by_race } else { &mut by_policy }) += 1;
        }
        if trial % 50 == 0 {
            super::verified(&world);
        }
    }
    figure(
        "order: a push of code races one of LOCK",
        trials,
        format!(
            "0 landed after LOCK; {landed} landed before it, {by_policy} refused by GOV-007, \
             {by_race} by REP-003; both pushes {times}"
        ),
        "0 landed after LOCK",
    );
}

/// otto's two clones spend one approval each, and push at once, again and again.
fn spends_race(trials: usize) {
    let world = World::approved();
    world.ok("otto", ".", &["cp", "-a", "otto", "otto2"]);
    for (place, run) in [("otto", "run_one"), ("otto2", "run_two")] {
        let words = [
            "git", "awo", "run", TASK, "--run-id", run, "--", "sh", "-c", AGENT,
        ];
        world.ok("otto", place, &words);
    }
    let (mut won, mut told) = ([0, 0], BTreeMap::new());
    let times = Times::default();
    for trial in 0..trials {
        let world = world.copy_without(|_| false);
        let push = ["git", "awo", "push"];
        let places = ["otto", "otto2"];
        let began = Instant::now();
        let first = start(&world, "otto", places[trial % 2], &push);
        stagger(trial);
        let second = start(&world, "otto", places[(trial + 1) % 2], &push);
        let mut ends = [ended(first), ended(second)];
        times.add(began.elapsed());
        if trial % 2 == 1 {
            ends.swap(0, 1);
        }
        let ledger = world.ledger_of("server.git").into_iter();
        let ledger: Vec<_> = ledger.map(|(path, _)| path).collect();
        for (at, (end, run)) in ends.iter().zip(["run_one", "run_two"]).enumerate() {
            assert_eq!(
                end.code == 0,
                ledger.iter().any(|path| path.contains(run)),
                "{}\n{ledger:?}",
                end.text
            );
            assert!(end.code == 0 || end.text.contains("REP-0"), "{}", end.text);
            won[at] += usize::from(end.code == 0);
            if end.code != 0 {
                let code = ["REP-001", "REP-002", "REP-003"].into_iter();
                let codes: Vec<_> = code.filter(|code| end.text.contains(code)).collect();
                *told.entry(codes.join(" and ")).or_insert(0) += 1;
            }
        }
        let landed = ends.iter().filter(|it| it.code == 0).count();
        assert_eq!(landed, 1, "{}\n{}", ends[0].text, ends[1].text);
        if trial % 50 == 0 {
            super::verified(&world);
        }
    }
    let told: Vec<_> = told
        .iter()
        .map(|(codes, n)| format!("{n} {codes}"))
        .collect();
    figure(
        "order: two spends of one approval race",
        trials,
        format!(
            "0 landed both or neither; the one won {}, the other {}; told: {}; both pushes {times}",
            won[0],
            won[1],
            told.join(", ")
        ),
        "0 landed both or neither",
    );
}

#[test]
fn no_code_lands_after_lock_whichever_push_is_faster() {
    lock_races(6);
}

#[test]
fn of_two_spends_of_one_approval_one_lands() {
    spends_race(6);
}

mod long {
    #[test]
    #[ignore = "takes long; its figures are published"]
    fn a_thousand_pushes_race_lock() {
        super::lock_races(super::size("AWO_RACE_TRIALS", 1_000));
    }

    #[test]
    #[ignore = "takes long; its figures are published"]
    fn a_thousand_times_two_spends_of_one_approval_race() {
        super::spends_race(super::size("AWO_RACE_TRIALS", 1_000));
    }
}
