//! Housekeeping while others write and verify.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::figure::{Times, figure};
use crate::world::World;

/// What git refuses because an object is just being moved is typed again.
fn persist(world: &World, who: &str, words: &[&str]) {
    let tries = (0..10).map(|_| world.run(who, who, words));
    let last = tries.inspect(|done| assert_ne!(done.code, 4, "{}", done.text));
    let mut said = String::new();
    for done in last {
        if done.code == 0 {
            return;
        }
        let gits = [
            "bad object",
            "not our ref",
            "INT-005",
            "unable to",
            "missing",
        ];
        let excused = gits.iter().any(|it| done.text.contains(it));
        assert!(excused, "{who}: {}", done.text);
        said = done.text;
    }
    panic!("{who}, ten times: {said}");
}

/// olga pushes record after record while the server is repacked and her clone too, and vera fetches
/// and verifies.
fn housekeeping(pushes: usize) {
    let world = World::founded();
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "init"]);
    let (done, rounds, verified) = (
        AtomicBool::new(false),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    let times = Times::default();
    std::thread::scope(|scope| {
        for place in ["server.git", "olga"] {
            let (world, done, rounds) = (&world, &done, &rounds);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    for words in [
                        &["git", "pack-refs", "--all"][..],
                        &["git", "repack", "-ad", "-q"],
                        &["git", "gc", "--quiet"],
                    ] {
                        // What loses a race for a lock, or for an object that another repack has
                        // moved, says so and has done nothing.
                        world.run("server", place, words);
                    }
                    rounds.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                for place in ["vera", "olga"] {
                    let seen = world.run(place, place, &["git", "awo", "verify"]);
                    // An object that two repacks have moved in one moment is not seen: then
                    // nothing is decided, and nothing is said against anybody.
                    let honest = match seen.code {
                        0 => true,
                        3 => seen.text.contains("INT-005"),
                        _ => false,
                    };
                    assert!(honest, "no false violation in {place}: {}", seen.text);
                }
                verified.fetch_add(1, Ordering::Relaxed);
                persist(&world, "vera", &["git", "awo", "fetch"]);
            }
        });
        let pushed = std::panic::catch_unwind(AssertUnwindSafe(|| {
            for n in 0..pushes {
                let id = format!("W-0-{n}");
                let words = [
                    "git",
                    "awo",
                    "task",
                    "new",
                    &id,
                    "--task",
                    "do it",
                    "--allow",
                    "src/",
                    "--validate",
                    "true",
                ];
                world.ok("olga", "olga", &words);
                times.of(|| persist(&world, "olga", &["git", "awo", "push"]));
            }
        }));
        done.store(true, Ordering::Relaxed);
        if let Err(why) = pushed {
            std::panic::resume_unwind(why);
        }
    });
    let there = world
        .ledger_of("server.git")
        .iter()
        .filter(|(path, _)| path.contains("W-0-") && path.contains("@contract."))
        .count();
    assert_eq!(there, pushes, "nothing is lost");
    world.ok(
        "server",
        "server.git",
        &["git", "fsck", "--strict", "--no-dangling"],
    );
    world.ok("vera", "vera", &["git", "awo", "fetch"]);
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    figure(
        "housekeeping: pushes beside gc, repack and pack-refs",
        pushes,
        format!(
            "0 lost, 0 false violations; {} rounds of housekeeping, {} of verification; a push {times}",
            rounds.into_inner(),
            verified.into_inner()
        ),
        "0 lost, 0 false violations",
    );
}

#[test]
fn ten_pushes_beside_gc_repack_and_pack_refs_lose_nothing_and_nothing_false_is_found() {
    housekeeping(10);
}

mod long {
    #[test]
    #[ignore = "takes long; its figures are published"]
    fn fifty_pushes_beside_housekeeping() {
        super::housekeeping(crate::figure::size("AWO_RACE_PUSHES", 50));
    }
}
