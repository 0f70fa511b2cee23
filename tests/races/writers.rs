//! Writers that add records at the same time.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::world::World;

/// Returns the contracts in the ledger of a repository.
fn contracts(world: &World, place: &str) -> Vec<String> {
    let words = ["git", "ls-tree", "-r", "--name-only", "refs/awo/ledger"];
    let listed = world.ok("server", place, &words);
    let names = listed
        .lines()
        .filter(|line| line.contains("W-") && line.contains("@contract."));
    names.map(str::to_owned).collect()
}

fn expected(writers: usize, records: usize) -> BTreeSet<String> {
    let all = (0..writers).flat_map(|w| (0..records).map(move |r| format!("W-{w}-{r}")));
    all.collect()
}

fn all_there(world: &World, place: &str, writers: usize, records: usize) {
    let found = contracts(world, place);
    assert_eq!(found.len(), writers * records, "none lost, none twice");
    for id in expected(writers, records) {
        let named = |path: &&String| path.contains(&format!("/{id}@contract."));
        let count = found.iter().filter(named).count();
        assert_eq!(count, 1, "{id} is there once");
    }
    let fsck = ["git", "fsck", "--strict", "--no-dangling", "--no-progress"];
    world.ok("server", place, &fsck);
}

/// Lets each writer act `records` times, all writers at once; prints how long an act took.
fn at_once(what: &str, writers: usize, records: usize, act: impl Fn(usize, usize) + Sync) {
    let (start, times) = (Instant::now(), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for writer in 0..writers {
            let (act, times) = (&act, &times);
            scope.spawn(move || {
                for record in 0..records {
                    let start = Instant::now();
                    act(writer, record);
                    times.lock().unwrap().push(start.elapsed());
                }
            });
        }
    });
    let mut times = times.into_inner().unwrap();
    times.sort();
    let at = |percent: usize| -> Duration { times[(times.len() - 1) * percent / 100] };
    println!(
        "{writers} writers x {records} records {what}: {:.1} s, p50 {:?}, p99 {:?}, longest {:?}",
        start.elapsed().as_secs_f64(),
        at(50),
        at(99),
        at(100)
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
    at_once("in one clone", writers, records, |writer, record| {
        new_contract(&world, "olga", "olga", &format!("W-{writer}-{record}"));
    });
    all_there(&world, "olga", writers, records);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    super::verified(&world);
}

/// Clones that push to one server.
fn by_push(writers: usize, records: usize) {
    let world = World::founded();
    for writer in 0..writers {
        let place = format!("olga-{writer}");
        world.ok("olga", ".", &["cp", "-a", "olga", &place]);
    }
    at_once("by push", writers, records, |writer, record| {
        let place = format!("olga-{writer}");
        new_contract(&world, "olga", &place, &format!("W-{writer}-{record}"));
        // A push gives up when it has lost too many races, and says so: then it is typed again.
        for _ in 0..20 {
            let done = world.run("olga", &place, &["git", "awo", "push"]);
            if done.code == 0 {
                return;
            }
            assert!(done.text.contains("REP-003"), "{}", done.text);
        }
        panic!("{place} never got through");
    });
    all_there(&world, "server.git", writers, records);
    super::verified(&world);
}

#[test]
fn sixteen_processes_add_five_records_each_and_none_is_lost_or_there_twice() {
    locally(16, 5);
}

#[test]
fn six_clones_push_three_records_each_and_none_is_lost_or_there_twice() {
    by_push(6, 3);
}

mod long {
    #[test]
    #[ignore = "takes long; its figures are published"]
    fn sixty_four_processes_add_two_hundred_records_each() {
        super::locally(64, 200);
    }

    #[test]
    #[ignore = "takes long; its figures are published"]
    fn sixty_four_clones_push_two_hundred_records_each() {
        super::by_push(64, 200);
    }

    #[test]
    #[ignore = "takes minutes"]
    fn sixteen_clones_push_twenty_records_each() {
        super::by_push(16, 20);
    }
}
