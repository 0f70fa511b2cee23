//! Writers that add records at the same time.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::figure::{Times, figure};
use crate::world::World;

/// Returns the contracts in the ledger of a repository.
fn contracts(world: &World, place: &str) -> Vec<String> {
    let names = world.ledger_of(place).into_iter().map(|(path, _)| path);
    names
        .filter(|path| path.contains("W-") && path.contains("@contract."))
        .collect()
}

fn expected(writers: usize, records: usize) -> BTreeSet<String> {
    let all = (0..writers).flat_map(|w| (0..records).map(move |r| format!("W-{w}-{r}")));
    all.collect()
}

fn all_there(world: &World, place: &str, writers: usize, records: usize) {
    let found = contracts(world, place);
    assert_eq!(found.len(), writers * records, "none lost, none twice");
    for id in expected(writers, records) {
        let named = |path: &&String| path.starts_with(&format!("{id}@contract."));
        let count = found.iter().filter(named).count();
        assert_eq!(count, 1, "{id} is there once");
    }
    let fsck = ["git", "fsck", "--strict", "--no-dangling", "--no-progress"];
    world.ok("server", place, &fsck);
}

/// Lets each writer act `records` times, all writers at once; returns how long that took, and each
/// act.
fn at_once(writers: usize, records: usize, act: impl Fn(usize, usize) + Sync) -> (Duration, Times) {
    let (start, times) = (Instant::now(), Times::default());
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let (act, times) = (&act, &times);
            scope.spawn(move || (0..records).for_each(|record| times.of(|| act(writer, record))));
        }
    });
    (start.elapsed(), times)
}

fn publish(what: &str, writers: usize, records: usize, took: &(Duration, Times), more: &str) {
    let all = writers * records;
    figure(
        &format!("writers: {what}"),
        all,
        format!(
            "0 lost, 0 twice{more}; {writers} writers of {records}; a record {}; {:.0} s in all, {:.1} records a second",
            took.1,
            took.0.as_secs_f64(),
            all as f64 / took.0.as_secs_f64()
        ),
        "0 lost, 0 twice",
    );
}

fn new_contract(world: &World, who: &str, place: &str, id: &str) {
    let words = [
        "git",
        "awo",
        "task",
        "new",
        id,
        "--task",
        "do it",
        "--allow",
        "src/",
        "--validate",
        "true",
    ];
    world.ok(who, place, &words);
}

/// Processes that write into one clone.
fn locally(writers: usize, records: usize) {
    let world = World::founded();
    let took = at_once(writers, records, |writer, record| {
        new_contract(&world, "olga", "olga", &format!("W-{writer}-{record}"));
    });
    all_there(&world, "olga", writers, records);
    // One push brings 10,000 commits at most.
    let words = [
        "git",
        "rev-list",
        "--reverse",
        "origin/main..refs/awo/ledger",
    ];
    let listed = world.ok("olga", "olga", &words);
    for part in listed.lines().skip(9_999).step_by(10_000) {
        let part = format!("{part}:refs/awo/ledger");
        world.ok("olga", "olga", &["git", "push", "--quiet", "origin", &part]);
    }
    world.ok("olga", "olga", &["git", "awo", "push"]);
    super::verified(&world);
    publish("processes in one clone", writers, records, &took, "");
}

/// Clones that push to one server.
fn by_push(writers: usize, records: usize) {
    let world = World::founded();
    for writer in 0..writers {
        let place = format!("olga-{writer}");
        world.ok("olga", ".", &["cp", "-a", "olga", &place]);
    }
    let again = AtomicUsize::new(0);
    let took = at_once(writers, records, |writer, record| {
        let place = format!("olga-{writer}");
        new_contract(&world, "olga", &place, &format!("W-{writer}-{record}"));
        // A push gives up when it has lost too many races, and says so: then it is typed again.
        for _ in 0..20 {
            let done = world.run("olga", &place, &["git", "awo", "push"]);
            if done.code == 0 {
                return;
            }
            assert!(done.text.contains("REP-003"), "{}", done.text);
            again.fetch_add(1, Ordering::Relaxed);
        }
        panic!("{place} never got through");
    });
    all_there(&world, "server.git", writers, records);
    super::verified(&world);
    let more = format!(", {} pushes typed again", again.into_inner());
    publish("clones that push", writers, records, &took, &more);
}

#[test]
fn sixteen_processes_add_five_records_each_and_none_is_lost_or_there_twice() {
    locally(16, 5);
}

#[test]
fn eight_clones_push_three_records_each_and_none_is_lost_or_there_twice() {
    by_push(8, 3);
}

mod long {
    use crate::figure::size;

    #[test]
    #[ignore = "takes long; its figures are published"]
    fn sixty_four_processes_add_two_hundred_records_each() {
        super::locally(size("AWO_RACE_WRITERS", 64), size("AWO_RACE_RECORDS", 200));
    }

    #[test]
    #[ignore = "takes long; its figures are published"]
    fn sixty_four_clones_push_two_hundred_records_each() {
        super::by_push(size("AWO_RACE_WRITERS", 64), size("AWO_RACE_RECORDS", 200));
    }
}
