//! What a clone has verified before is left out the next time, and changes no verdict.

use std::fs;
use std::path::PathBuf;

use super::world::*;
use crate::check::Marks;
use crate::check::tests::world::Stage::*;
use crate::check::verify::{self, Clone, Scope};
use crate::facts::policies::Anchor;
use crate::git::testing::Kept;
use crate::git::{Kind, Reader};
use crate::record::{Report, Timestamp, Verdict};
use crate::store::ledger::Refs;

const STAGES: [Stage; 6] = [Founded, Approved, Executed, Reviewed, Landed, Judged];

fn verify_at(world: &World, scope: &Scope, anchor: &Anchor, cache: bool, at: Timestamp) -> Report {
    let clone = Clone {
        reader: &Reader::open(world.path()).unwrap(),
        anchor: Some(anchor),
        marks: &Marks::default(),
        receipts: &[],
        fresh: None,
        time: at,
        cache,
    };
    verify::verify(&clone, scope)
}

fn cached(world: &World) -> Report {
    verify_at(world, &Scope::All, &world.anchor(), true, time(NOW))
}

fn whole(world: &World) -> Report {
    verify_at(world, &Scope::All, &world.anchor(), false, time(NOW))
}

fn directory(world: &World) -> PathBuf {
    world.path().join("awo-index")
}

/// How many rows each part of the table has: a part is written for what was verified at once.
fn parts(world: &World) -> Vec<u64> {
    let part = |number: usize| {
        let path = directory(world).join("verified").join(number.to_string());
        let bytes = fs::read(path).ok()?;
        Some(u64::from_be_bytes(bytes[16..24].try_into().unwrap()))
    };
    (0..).map_while(part).collect()
}

/// The refs after every stage.
fn grown(world: &World) -> Vec<Refs> {
    STAGES.map(|stage| world.logged(stage)).into()
}

#[test]
fn only_what_has_come_since_is_verified() {
    let world = World::new(&[]);
    let mut all = 0;
    for refs in grown(&world) {
        world.set(&refs);
        let rows = parts(&world).iter().sum::<u64>();
        let whole = whole(&world);
        assert_eq!(whole.verdict(), Verdict::Allowed);
        assert_eq!(
            parts(&world).iter().sum::<u64>(),
            rows,
            "it remembers nothing"
        );
        for _ in 0..2 {
            assert_eq!(cached(&world), whole);
        }
        let now = parts(&world).iter().sum();
        assert!(now >= all, "{now} rows after {all}");
        all = now;
    }
    // A record in each stage but the first, and a commit: more than one part at least.
    assert!(all > 7, "{all} rows");
    assert!(parts(&world).len() > 1, "{:?}", parts(&world));
}

#[test]
fn no_damage_to_what_is_remembered_changes_a_verdict() {
    let world = World::new(&[]);
    let steps = grown(&world);
    let [.., before, last] = steps.as_slice() else {
        panic!("two stages");
    };
    for refs in [&steps[2], before] {
        world.set(refs);
        cached(&world);
    }
    let root = directory(&world);
    let kept = Kept::of(&[root.join("verified.json"), root.join("verified")]);
    world.set(last);
    let run = Scope::Run(run_id());
    let wanted = [
        whole(&world),
        verify_at(&world, &run, &world.anchor(), false, time(NOW)),
    ];
    let same = |what: &str| {
        let of_run = verify_at(&world, &run, &world.anchor(), true, time(NOW));
        assert_eq!([cached(&world), of_run], wanted, "{what}");
    };
    kept.restore();
    same("whole");
    kept.damage(|length| length / 12 + 1, same);
    kept.restore();
    fs::remove_dir_all(root.join("verified")).unwrap();
    fs::write(root.join("verified"), "").unwrap();
    same("a file in place of the table");
}

#[test]
fn what_is_damaged_after_it_was_verified_is_found() {
    let world = World::new(&[]);
    let refs = world.logged(Judged);
    world.set(&refs);
    assert_eq!(cached(&world).verdict(), Verdict::Allowed);
    assert_eq!(cached(&world).verdict(), Verdict::Allowed);
    // The clock by which files are stamped goes in ticks.
    std::thread::sleep(std::time::Duration::from_millis(20));
    let tree = world.repo.tree_of(world.commit).unwrap();
    let file = world.repo.files(tree, 100).unwrap()[0].2;
    let bytes = world.repo.blob(file).unwrap();
    world.overwrite(file, Kind::Blob, &vec![b'x'; bytes.len()]);
    let found = cached(&world);
    assert_eq!(found, whole(&world));
    assert_eq!(codes(&found), ["INT-001 object-hash"]);
    world.overwrite(file, Kind::Blob, &bytes);
    assert_eq!(cached(&world).verdict(), Verdict::Allowed);
    world.lose(file);
    assert_eq!(cached(&world), whole(&world));
    assert_ne!(cached(&world).verdict(), Verdict::Allowed);
}

#[test]
fn another_anchor_and_refs_that_went_back_verify_everything() {
    let world = World::new(&[]);
    let steps = grown(&world);
    world.set(&steps[5]);
    assert_eq!(cached(&world).verdict(), Verdict::Allowed);
    let other = Anchor::Commit(world.base);
    let found = verify_at(&world, &Scope::All, &other, true, time(NOW));
    assert_eq!(
        found,
        verify_at(&world, &Scope::All, &other, false, time(NOW))
    );
    assert_ne!(found.verdict(), Verdict::Allowed);
    for refs in steps.iter().rev() {
        world.set(refs);
        assert_eq!(cached(&world), whole(&world));
        for name in refs.keys() {
            let mut fewer = refs.clone();
            fewer.remove(name);
            world.set(&fewer);
            assert_eq!(cached(&world), whole(&world), "without {name}");
            let mut back = refs.clone();
            back.insert(
                name.clone(),
                steps[2].get(name).copied().unwrap_or(world.base),
            );
            world.set(&back);
            assert_eq!(cached(&world), whole(&world), "{name} went back");
        }
    }
}

#[test]
fn what_the_log_does_not_tell_is_judged_by_the_clock_each_time() {
    let world = World::new(&[]);
    let mut refs = world.logged(Approved);
    let logged = refs.clone();
    // The approvals and the run are here, and no push brought them.
    for stage in [Executed, Reviewed, Landed] {
        refs = world.commit(&refs, &world.shelf(stage));
    }
    for refs in [&logged, &refs, &world.logged(Landed)] {
        world.set(refs);
        for late in [false, true] {
            let at = if late {
                time(NOW).plus_days(4000)
            } else {
                time(NOW)
            };
            let wanted = verify_at(&world, &Scope::All, &world.anchor(), false, at);
            for _ in 0..2 {
                let found = verify_at(&world, &Scope::All, &world.anchor(), true, at);
                assert_eq!(found, wanted);
            }
        }
    }
}
