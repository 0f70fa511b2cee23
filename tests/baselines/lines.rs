//! How baselines follow each other, also where several people make them at once.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use git_awo::record::{BaselineName, ObjectId};

use super::forge::Forge;
use super::{ROOT, fill, seen, with_files, with_state};
use crate::figure::figure;
use crate::hostile::door::Door;
use crate::world::World;

fn id(world: &World, place: &str, name: &str) -> ObjectId {
    world
        .rev(place, &format!("refs/awo/amu0/{name}"))
        .parse()
        .unwrap()
}

#[test]
fn a_baseline_has_one_successor() {
    let world = with_files();
    world.amu0("otto", &["create", "A"]);
    world.amu0("otto", &["create", "B"]);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    let door = Door::new(world, "otto");
    let world = &door.world;
    let (a, b) = (id(world, "otto", "-/A"), id(world, "otto", "-/B"));
    let forged = |name: &str, follows: Option<ObjectId>| {
        let mut forge = Forge::from(world, "otto", "refs/awo/amu0/-/A");
        forge.manifest.name = BaselineName::new(name).unwrap();
        forge.follow(follows);
        let id = forge.write();
        (id, format!("{id}:refs/awo/amu0/-/{name}"))
    };
    door.refuses_push(
        "a second successor",
        &[&forged("C", Some(a)).1],
        &["REP-003"],
    );
    door.refuses_push("a second first one", &[&forged("C", None).1], &["REP-003"]);
    let main = id(world, "otto", "-/A");
    assert_eq!(main, a);
    let main: ObjectId = world.rev("otto", "origin/main").parse().unwrap();
    door.refuses_push(
        "after a commit",
        &[&forged("C", Some(main)).1],
        &["STR-002"],
    );
    let (c, as_c) = forged("C", Some(b));
    let (_, as_d) = forged("D", Some(b));
    door.refuses_push("two at once", &[&as_c, &as_d], &["REP-003"]);
    let (_, as_d) = forged("D", Some(c));
    door.refuses_push("without the one before", &[&as_d], &["STR-002"]);
    let mut merge = Forge::from(world, "otto", "refs/awo/amu0/-/A");
    merge.manifest.name = BaselineName::new("C").unwrap();
    merge.follow(Some(b));
    merge.parents.push(a);
    let merge = format!("{}:refs/awo/amu0/-/C", merge.write());
    door.refuses_push("a merge", &[&merge], &["INT-004"]);
    door.accepts_push("two that follow each other", &[&as_d, &as_c]);
}

#[test]
fn each_task_has_a_line_of_its_own() {
    let world = super::with_task();
    for words in [
        &["create", "A"][..],
        &["create", "A", "--task", "T-1"],
        &["create", "A", "--plan", "P-1"],
        &["create", "B", "--task", "T-1"],
    ] {
        world.amu0("otto", words);
    }
    let parents = |name: &str| {
        world.ok(
            "otto",
            "otto",
            &[
                "git",
                "log",
                "-1",
                "--format=%P",
                &format!("refs/awo/amu0/{name}"),
            ],
        )
    };
    for first in ["-/A", "T-1/A", "P-1/A"] {
        assert_eq!(parents(first).trim(), "", "{first}");
    }
    assert_eq!(
        parents("T-1/B").trim(),
        id(&world, "otto", "T-1/A").to_string()
    );
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.fresh_clone();
    let said = world.ok("vera", "vera", &["git", "awo", "verify"]);
    assert!(said.contains("4 baselines"), "{said}");
    let said = world.amu0("vera", &["verify"]);
    assert!(said.contains("4 baselines"), "{said}");
}

#[test]
fn of_sixteen_who_create_one_name_one_wins_and_nothing_is_lost() {
    let world = with_files();
    let root = world.path("otto").join(ROOT);
    let before = seen(&root);
    let won = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let words = ["git", "awo", "amu0", "create", "BASE"];
                let done = world.run("otto", "otto", &words);
                if done.code == 0 {
                    won.fetch_add(1, Ordering::Relaxed);
                } else {
                    assert!(done.text.contains("REP-003"), "{}", done.text);
                    assert!(done.text.contains("with another name"), "{}", done.text);
                }
            });
        }
    });
    assert_eq!(won.into_inner(), 1);
    assert_eq!(seen(&root), before);
    world.amu0("otto", &["verify", "BASE"]);
    figure(
        "baselines: processes that create one name",
        16,
        "1 won, 15 were told to take another",
        "1 wins",
    );
}

#[test]
fn of_two_clones_that_make_one_name_the_first_to_push_has_it() {
    let world = with_files();
    fill(&world.path("olga").join(ROOT));
    fs::write(world.path("olga").join(ROOT).join("plain"), "olga's").unwrap();
    world.amu0("otto", &["create", "BASE"]);
    world.amu0("olga", &["create", "BASE"]);
    world.amu0("olga", &["create", "NEXT"]);
    let (base, next) = (id(&world, "olga", "-/BASE"), id(&world, "olga", "-/NEXT"));
    world.ok("otto", "otto", &["git", "awo", "push"]);
    let server = world.server();
    let said = world.refused("olga", "olga", &["git", "awo", "push"], "REP-003");
    assert!(said.contains("make it again"), "{said}");
    assert_eq!(world.server(), server);
    // Both of hers are kept out of the way, and the server's is here.
    let kept = world.ok(
        "olga",
        "olga",
        &["git", "for-each-ref", "refs/awo-displaced/"],
    );
    assert!(
        kept.contains(&base.to_string()) && kept.contains(&next.to_string()),
        "{kept}"
    );
    assert_eq!(id(&world, "olga", "-/BASE"), id(&world, "otto", "-/BASE"));
    world.amu0("olga", &["create", "MINE"]);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.fresh_clone();
    for (who, place) in [("olga", "olga"), ("otto", "otto"), ("vera", "vera")] {
        world.ok(who, place, &["git", "awo", "verify"]);
    }
    // What olga had is what her next one holds.
    world.amu0("otto", &["restore", "MINE", "--force"]);
    let plain = world.path("otto").join(ROOT).join("plain");
    assert_eq!(fs::read_to_string(plain).unwrap(), "olga's");
}

#[test]
fn a_policy_that_names_the_directory_is_pushed_before_the_first_baseline() {
    let world = World::founded();
    let text = fs::read_to_string(world.path("policy/policy.toml")).unwrap();
    world.write(
        "next.toml",
        super::with_root(text).replace("version = 1", "version = 2"),
    );
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "policy", "propose", "../next.toml"],
    );
    world.ok("olga", "olga", &["git", "awo", "policy", "apply"]);
    fill(&world.path("olga").join(ROOT));
    world.amu0("olga", &["create", "BASE"]);
    world.ok("olga", "olga", &["git", "awo", "push"]);
    assert!(world.server().contains("refs/awo/amu0/-/BASE"));
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_fetch_says_what_has_no_place_any_more() {
    let world = with_files();
    fill(&world.path("olga").join(ROOT));
    world.amu0("otto", &["create", "ONE"]);
    world.amu0("olga", &["create", "OTHER"]);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    let said = world.refused("olga", "olga", &["git", "awo", "fetch"], "REP-003");
    assert!(said.contains("refs/awo/amu0/-/OTHER"), "{said}");
    world.ok("olga", "olga", &["git", "awo", "fetch", "--theirs"]);
    world.ok("olga", "olga", &["git", "awo", "verify"]);
    world.amu0("olga", &["restore", "ONE", "--force"]);
}

/// Pushes at the same time, by plain git, from clones of otto's; returns how many the server took.
fn at_once(world: &World, pushes: &[(String, String)]) -> usize {
    let taken = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for (place, refspec) in pushes {
            let taken = &taken;
            scope.spawn(move || {
                let words = ["git", "push", "--no-verify", "origin", refspec.as_str()];
                let done = world.run("otto", place, &words);
                match done.code {
                    0 => _ = taken.fetch_add(1, Ordering::Relaxed),
                    _ => assert!(
                        ["REP-003", "cannot lock ref"]
                            .iter()
                            .any(|it| done.text.contains(it)),
                        "{}",
                        done.text
                    ),
                }
            });
        }
    });
    taken.into_inner()
}

#[test]
fn of_two_pushes_at_once_that_follow_one_baseline_one_wins() {
    let world = with_state();
    fill(&world.path("otto").join(ROOT));
    world.amu0("otto", &["create", "N-0"]);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    let mut rounds = 0;
    let mut pushed = 0;
    while rounds < 6 {
        rounds += 1;
        world.ok("otto", "otto", &["git", "awo", "fetch"]);
        let names = ["A", "B", "C"].map(|it| format!("N-{rounds}-{it}"));
        let pushes: Vec<_> = names
            .iter()
            .map(|name| {
                let _ = fs::remove_dir_all(world.path(name));
                world.ok("otto", ".", &["cp", "-a", "otto", name]);
                world.ok("otto", name, &["git", "awo", "amu0", "create", name]);
                (name.clone(), format!("refs/awo/amu0/-/{name}"))
            })
            .collect();
        pushed += pushes.len();
        let taken = at_once(&world, &pushes);
        assert!(taken <= 1, "round {rounds}: {taken} were taken");
        if taken == 0 {
            // Each gave way to another one; who tries again alone is taken.
            assert_eq!(at_once(&world, &pushes[..1]), 1);
        }
    }
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    figure(
        "baselines: pushes of successors of one baseline, three at once",
        pushed,
        "never two taken",
        "never two taken",
    );
}
