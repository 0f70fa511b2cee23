//! Many who decide on the same at once: in one clone, and in several that push to one server.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};
use std::time::Instant;

use git_awo::actor::Actor;
use git_awo::record::{Choice, DecisionId};
use git_awo::records::{
    ActorKind, AutoSignaturePredicate, DecisionPredicate, Kind, LedgerPath, Statement,
};
use git_awo::store::additions::since;
use git_awo::store::ledger::Records;
use serde_json::Value;

use crate::figure::{Times, figure};
use crate::world::{Done, PROGRAM, World};

/// So long a command may take, in seconds, before it counts as one that never ends.
const ENDS: &str = "300";

/// How often a push that gave up after too many lost races is typed again.
const TYPED: usize = 20;

/// What somebody has decided, as the command said.
struct Made {
    id: String,
    place: String,
    target: String,
    deferred: bool,
}

/// What all did together.
#[derive(Default)]
struct Told {
    made: Mutex<Vec<Made>>,
    /// What pushes said in each clone.
    pushed: Mutex<BTreeMap<String, String>>,
    /// How often somebody was told that another decision counts: before it was recorded, and by the server.
    late: Mutex<(usize, usize)>,
    again: Mutex<usize>,
    decisions: Times,
    pushes: Times,
}

/// Runs a command of git-awo that must end, and that must not say that it could not tell.
fn ends(world: &World, who: &str, place: &str, words: &[&str]) -> Done {
    let words = [&["timeout", "-k", "5", ENDS, PROGRAM][..], words].concat();
    let done = world.run(who, place, &words);
    let said = format!("{place}$ {}\n{}", words.join(" "), done.text);
    assert!(matches!(done.code, 0 | 1), "exit {}: {said}", done.code);
    assert!(!done.text.contains("INT-005"), "{said}");
    done
}

/// Pushes until the server has said yes or no to everything.
fn pushes(world: &World, who: &str, place: &str, told: &Told) {
    for _ in 0..TYPED {
        let done = told.pushes.of(|| ends(world, who, place, &["push"]));
        let told_of = |mut said: MutexGuard<'_, BTreeMap<String, String>>| {
            said.entry(place.to_owned())
                .or_default()
                .push_str(&done.text);
        };
        told_of(told.pushed.lock().unwrap());
        if done.code == 0 {
            return;
        }
        // A model does not answer what it has asked a person meanwhile.
        let asked = done.text.contains("asks a person");
        let late = done.text.contains("REP-003") || asked;
        assert!(late, "{place}: {}", done.text);
        if asked && !done.text.contains("one-live-decision") {
            told.late.lock().unwrap().1 += 1;
            return;
        }
        if done.text.contains("one-live-decision") {
            told.late.lock().unwrap().1 += 1;
            return;
        }
        *told.again.lock().unwrap() += 1;
    }
    panic!("{place} never got through");
}

/// Decides on a target; a person takes the place of a decision that counts, one time in two.
fn decides(world: &World, who: &str, place: &str, target: &str, process: usize, told: &Told) {
    let base = world.ok(
        who,
        place,
        &["git", "rev-parse", "refs/remotes/origin/main"],
    );
    let (base, why) = (base.trim(), format!("process:{process}"));
    let mut words = vec!["--json", "decide", "SpecApproval", target];
    let digit = target.bytes().last().unwrap_or_default();
    let turn = process / 2 + usize::from(digit);
    let choice = match (who, turn % 4) {
        ("otto", 0) => "defer --confidence 0.5".to_owned(),
        ("otto", 1) => format!("approve --confidence 0.5 --evidence {base}"),
        ("otto", _) => format!("approve --confidence 0.9 --evidence {base}"),
        (_, 0) => "reject".to_owned(),
        _ => "approve".to_owned(),
    };
    words.extend(choice.split(' '));
    words.extend(["--rationale", &why, "--base", base]);
    let mut done = told.decisions.of(|| ends(world, who, place, &words));
    let live;
    if done.text.contains("asks a person") {
        told.late.lock().unwrap().0 += 1;
        return;
    }
    if done.text.contains("one-live-decision") {
        told.late.lock().unwrap().0 += 1;
        if who != "olga" || !process.is_multiple_of(4) {
            return;
        }
        let (_, after) = done.text.split_once("--supersedes ").expect("a remedy");
        live = after.split([' ', '\n', '"']).next().unwrap().to_owned();
        words.extend(["--supersedes", &live]);
        done = told.decisions.of(|| ends(world, who, place, &words));
        if done.text.contains("one-live-decision") {
            told.late.lock().unwrap().0 += 1;
            return;
        }
    }
    let mut values = serde_json::Deserializer::from_str(&done.text).into_iter::<Value>();
    let value = values.next().and_then(Result::ok).unwrap_or_default();
    let deferred = value["choice"] == "defer";
    let as_asked = done.code == 0 || (deferred && done.text.contains("below-threshold"));
    assert!(as_asked, "{place}: {}", done.text);
    let id = value["decision"].as_str().expect("a name").to_owned();
    told.made.lock().unwrap().push(Made {
        id,
        place: place.to_owned(),
        target: target.to_owned(),
        deferred,
    });
}

/// Returns the decisions that a clone has set aside.
fn set_aside(world: &World, place: &str) -> BTreeSet<String> {
    let actor = Actor::open(&world.path(place)).unwrap();
    let refs = actor.refs().unwrap();
    let kept = refs
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("refs/awo-displaced/"));
    let files = kept.flat_map(|(_, tip)| since(&actor.repo, None, *tip).unwrap());
    let names = files.map(|(path, ..)| path.to_string());
    names
        .filter_map(|name| Some(name.strip_suffix("@decision.dsse.json")?.to_owned()))
        .collect()
}

/// Checks each decision of a fresh clone against what stands beside it, and returns all.
fn whole(world: &World, place: &str) -> BTreeMap<String, DecisionPredicate> {
    let actor = Actor::open(&world.path(place)).unwrap();
    let refs = actor.refs().unwrap();
    let records = Records::open(&actor.repo, &refs).unwrap();
    let mut all = BTreeMap::new();
    for path in records.all_of(Kind::Decision).unwrap() {
        let envelope = records.envelope(&path).unwrap().unwrap();
        let says = Statement::<DecisionPredicate>::parse(envelope.payload());
        let says = says.unwrap().predicate;
        let digest = envelope.digest();
        let entry = LedgerPath::Decided(says.target_key(), says.id().clone());
        let entry = records.file(&entry).unwrap();
        let line = format!("{digest}\n").into_bytes();
        assert_eq!(entry, Some(line), "{} is listed", says.id());
        let signature = records.envelope(&Kind::AutoSignature.of(says.id()));
        let signature = signature.unwrap();
        let by_model = says.decision.actor.kind == ActorKind::Model;
        let approves = says.decision.decision == Choice::Approve;
        assert_eq!(signature.is_some(), by_model && approves, "{}", says.id());
        if let Some(signature) = signature {
            let of = Statement::<AutoSignaturePredicate>::parse(signature.payload());
            assert_eq!(of.unwrap().predicate.decision, digest);
        }
        all.insert(says.id().to_string(), says);
    }
    all
}

/// Lets processes decide at once on the same targets, some of them in each clone, and push after
/// every `each` targets.
fn at_once(processes: usize, clones: usize, targets: usize, each: usize) {
    let world = crate::automation::world("HYBRID", "");
    for target in 0..targets {
        world.writes_a_contract("olga", &format!("D-{target}"));
    }
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    // Processes take the clones in turn, so that some share one.
    let place_of = |process: usize| {
        let who = ["olga", "otto"][process % 2];
        (who, format!("{who}-{}", process % clones))
    };
    for process in 0..clones {
        let (who, place) = place_of(process);
        world.ok(who, ".", &["cp", "-a", who, &place]);
    }
    let (told, began) = (Told::default(), Instant::now());
    std::thread::scope(|scope| {
        for process in 0..processes {
            let (world, told) = (&world, &told);
            scope.spawn(move || {
                let (who, place) = place_of(process);
                for target in 0..targets {
                    let task = format!("task/D-{target}");
                    decides(world, who, &place, &task, process, told);
                    if target % each == each - 1 || target == targets - 1 {
                        pushes(world, who, &place, told);
                    }
                }
            });
        }
    });
    let took = began.elapsed();
    let places: BTreeSet<_> = (0..clones).map(place_of).collect();
    // What another process of the same clone has set aside meanwhile may have left something to push.
    for (who, place) in &places {
        pushes(&world, who, place, &told);
        world.ok(who, place, &["git", "awo", "fetch"]);
    }
    world.fresh_clone();
    let verified = world.ok("vera", "vera", &["git", "awo", "verify"]);
    assert!(verified.starts_with("ok"), "{verified}");

    let all = whole(&world, "vera");
    let superseded = all.values().filter_map(|it| it.supersedes.as_ref());
    let superseded: BTreeSet<&DecisionId> = superseded.collect();
    for target in 0..targets {
        let target = format!("task/D-{target}");
        let counts = all.values().filter(|it| {
            let says = &it.decision;
            says.target_ref.as_str() == target
                && says.decision != Choice::Defer
                && !superseded.contains(it.id())
        });
        assert_eq!(counts.count(), 1, "one decision counts on {target}");
    }

    let (made, pushed) = (
        told.made.into_inner().unwrap(),
        told.pushed.into_inner().unwrap(),
    );
    let names: BTreeSet<_> = made.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(names.len(), made.len(), "each has a name of its own");
    let aside: BTreeMap<_, _> = places
        .iter()
        .map(|(_, place)| (place.as_str(), set_aside(&world, place)))
        .collect();
    let mut lost = 0;
    for it in &made {
        if all.contains_key(&it.id) {
            continue;
        }
        lost += 1;
        let (id, place) = (&it.id, it.place.as_str());
        assert!(!it.deferred, "{id} of {place} stands in nobody's way");
        assert!(aside[place].contains(id), "{id} is kept in {place}");
        let said = format!("set aside: {id}@decision");
        assert!(
            pushed[place].contains(&said),
            "{place} was told of {id}: {}",
            pushed[place]
        );
        assert!(
            all.values()
                .any(|other| other.decision.target_ref.as_str() == it.target)
        );
    }
    assert_eq!(all.len(), made.len() - lost, "and nobody else has decided");
    for (who, place) in &places {
        world.ok(who, place, &["git", "awo", "verify"]);
        assert_eq!(whole(&world, place).len(), all.len(), "{place}");
    }
    let (before, after) = told.late.into_inner().unwrap();
    figure(
        "decisions: processes that decide on the same at once",
        processes * targets,
        format!(
            "0 lost, 0 second ones that count; {processes} processes in {clones} clones on {targets} targets; \
             {} stand, {before} were late before they were recorded, {lost} in {after} pushes were set aside; \
             {} pushes typed again; a decision {}; a push {}; {:.0} s",
            all.len(),
            told.again.into_inner().unwrap(),
            told.decisions,
            told.pushes,
            took.as_secs_f64(),
        ),
        "0 lost, 0 second ones that count",
    );
}

#[test]
fn of_eight_processes_in_four_clones_one_decides_on_each_target_and_nothing_is_lost() {
    at_once(8, 4, 4, 2);
}

#[test]
#[ignore = "takes minutes; .ci/run runs it"]
fn of_sixteen_processes_in_eight_clones_one_decides_on_each_of_twenty_targets() {
    at_once(16, 8, 20, 5);
}
