//! The receive log, on a real bare repository.

use super::pushes::Judged;
use super::receipt::{self, Pushed, Receipt};
use super::testing::{World, movement, name};
use crate::check::PolicyHistory;
use crate::check::verify::positions;
use crate::facts::log::Log;
use crate::record::envelope::Envelope;
use crate::record::{Findings, RunId, Sha256};
use crate::records::{Kind, Movement};
use crate::store::layout;

fn write(
    world: &World,
    movements: &[Movement],
    judged: Option<&Judged>,
    others: &[Movement],
) -> Receipt {
    let pushed = Pushed {
        movements,
        judged,
        pusher: "carl".to_owned(),
        others: &|| others.to_vec(),
    };
    receipt::record(&world.actor(), &pushed).unwrap()
}

fn push(world: &World, movements: &[Movement]) {
    world.apply(movements);
    let receipt = write(world, movements, None, &[]);
    assert!(matches!(receipt, Receipt::Written { .. }), "{receipt:?}");
}

/// Loads the log, which must hold, with states that follow from the entries.
fn log(world: &World) -> Log {
    let reader = world.reader();
    let tip = |text: &str| reader.reference(&name(text)).unwrap().unwrap();
    let history = PolicyHistory::load(&reader, tip("refs/awo/policy")).unwrap();
    let mut findings = Findings::new();
    let log = Log::load(&reader, tip("refs/awo/log"), &history, &mut findings).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    log
}

fn on_main(world: &World, parents: usize) -> Vec<Movement> {
    let mut last = None;
    let mut list = Vec::new();
    for at in 0..parents {
        let bytes = at.to_string();
        let commit = world.commit(last, &[("src/a", bytes.as_bytes())], Some("carl"));
        list.push(movement("refs/heads/main", last, Some(commit)));
        last = Some(commit);
    }
    list
}

#[test]
fn every_push_leaves_an_entry_and_the_state_follows() {
    let world = World::new();
    let policy = world.policy(1, &[], "HYBRID", "\"server\"");
    push(&world, &[movement("refs/awo/policy", None, Some(policy))]);
    let main = on_main(&world, 2);
    push(&world, &main[..1]);
    push(&world, &main[1..]);
    let log = log(&world);
    assert_eq!(log.entries.len(), 3);
    assert_eq!(log.unrecorded, []);
    assert_eq!(
        log.state.refs.get(&name("refs/heads/main")).copied(),
        main[1].new
    );
    assert_eq!(log.state.refs.get(&layout::policy()).copied(), Some(policy));
    let last = log.entries[2].receipt.predicate();
    assert_eq!((last.sequence, last.pusher.as_str()), (3, "carl"));
    assert_eq!(last.context.identity.as_str(), "server");
}

#[test]
fn two_pushes_whose_receipts_come_in_the_other_order_hide_nothing() {
    // With what is known of the other push, and without.
    for knows in [true, false] {
        let (world, _) = World::governed();
        let main = on_main(&world, 3);
        push(&world, &main[..1]);
        let before = log(&world).unrecorded.len();
        world.apply(&main[1..2]);
        world.apply(&main[2..]);
        let others = if knows { &main[1..2] } else { &[] };
        write(&world, &main[2..], None, others);
        assert_eq!(
            log(&world).unrecorded.len(),
            before + 1,
            "the earlier push is not told yet"
        );
        write(&world, &main[1..2], None, &[]);
        let log = log(&world);
        assert_eq!(log.unrecorded.len(), before, "{:?}", log.unrecorded);
        assert_eq!(
            log.state.refs.get(&name("refs/heads/main")).copied(),
            main[2].new
        );
    }
}

#[test]
fn three_overlapping_pushes_are_told_piece_by_piece() {
    let (world, _) = World::governed();
    let main = on_main(&world, 4);
    push(&world, &main[..1]);
    let before = log(&world).unrecorded;
    for at in 1..4 {
        world.apply(&main[at..=at]);
    }
    write(&world, &main[3..], None, &main[1..3]);
    write(&world, &main[1..2], None, &main[2..3]);
    write(&world, &main[2..3], None, &[]);
    let log = log(&world);
    assert_eq!(log.unrecorded, before);
    assert_eq!(
        log.state.refs.get(&name("refs/heads/main")).copied(),
        main[3].new
    );
}

#[test]
fn a_ref_that_another_push_moves_is_left_to_its_own_entry() {
    let (world, policy) = World::governed();
    let main = on_main(&world, 1);
    let wip = [movement("refs/heads/wip/x", None, main[0].new)];
    world.apply(&main);
    world.apply(&wip);
    write(&world, &wip, None, &main);
    write(&world, &main, None, &[]);
    let log = log(&world);
    let gap = movement("refs/awo/policy", None, Some(policy));
    assert_eq!(log.unrecorded, [gap], "only what was there before the log");
    assert_eq!(log.state.refs.len(), 3);
}

#[test]
fn a_movement_past_the_hooks_is_told_by_the_next_entry() {
    let (world, _) = World::governed();
    let main = on_main(&world, 3);
    push(&world, &main[..1]);
    world.apply(&main[1..2]);
    push(&world, &main[2..]);
    assert!(log(&world).unrecorded.contains(&main[1]));
    // A branch that somebody moves by hand, and one that nobody governs.
    let wip = [movement("refs/heads/wip/x", None, main[0].new)];
    world.apply(&[movement("refs/heads/else", None, main[0].new)]);
    world.apply(&[movement("refs/heads/wip/y", None, main[1].new)]);
    push(&world, &wip);
    let log = log(&world);
    assert!(
        log.unrecorded
            .contains(&movement("refs/heads/wip/y", None, main[1].new))
    );
    assert!(!log.state.refs.contains_key(&name("refs/heads/else")));
}

#[test]
fn an_entry_names_the_policy_before_the_push_and_never_an_older_one_than_its_neighbour() {
    let (world, first) = World::governed();
    let main = on_main(&world, 2);
    push(&world, &main[..1]);
    let second = world.policy(2, &[first], "HYBRID", "\"server\"");
    let change = [movement("refs/awo/policy", Some(first), Some(second))];
    let judged = Judged {
        before: [(layout::policy(), first)].into(),
        ..Judged::default()
    };
    // Judged under the first policy, landed, and written after an entry under the second.
    world.apply(&main[1..]);
    push(&world, &change);
    let wip = [movement("refs/heads/wip/x", None, main[0].new)];
    push(&world, &wip);
    write(&world, &main[1..], Some(&judged), &[]);
    let policies: Vec<_> = log(&world)
        .entries
        .iter()
        .map(|entry| entry.policy)
        .collect();
    assert_eq!(policies, [0, 0, 1, 1]);
}

#[test]
fn many_servers_at_once_lose_no_entry() {
    let (world, _) = World::governed();
    let main = on_main(&world, 1);
    let wips: Vec<_> = (0..6)
        .map(|at| movement(&format!("refs/heads/wip/{at}"), None, main[0].new))
        .collect();
    std::thread::scope(|scope| {
        for wip in &wips {
            let world = &world;
            scope.spawn(move || push(world, std::slice::from_ref(wip)));
        }
    });
    let log = log(&world);
    assert_eq!(log.entries.len(), 6);
    for wip in &wips {
        assert_eq!(log.state.refs.get(&wip.reference).copied(), wip.new);
    }
}

#[test]
fn a_server_without_key_or_role_writes_nothing_and_says_so() {
    let world = World::new();
    let policy = world.policy(1, &[], "HYBRID", "");
    let first = [movement("refs/awo/policy", None, Some(policy))];
    world.apply(&first);
    assert!(
        matches!(write(&world, &first, None, &[]), Receipt::Impossible(why) if why.contains("role"))
    );
    std::fs::remove_file(world.actor().settings.server_key()).unwrap();
    assert!(
        matches!(write(&world, &first, None, &[]), Receipt::Impossible(why) if why.contains("key"))
    );
    assert_eq!(world.reader().reference(&layout::log()).unwrap(), None);
}

#[test]
fn who_pushed_is_taken_from_the_environment_and_made_plain() {
    let pusher = |list: &[(&str, &str)]| {
        let list: Vec<(String, String)> = list
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        receipt::pusher(|key| {
            list.iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value.clone())
        })
    };
    assert_eq!(pusher(&[]), "unknown");
    assert_eq!(pusher(&[("USER", "git"), ("GL_USER", "carl")]), "carl");
    assert_eq!(pusher(&[("REMOTE_USER", ""), ("USER", "zoë")]), "zoë");
    assert_eq!(pusher(&[("GL_USER", "\u{1b}[31m\n\u{202e}x")]), "[31mx");
    assert_eq!(pusher(&[("GL_USER", &"y".repeat(500))]).len(), 120);
}

/// A ledger with one record, and the digest of that.
fn ledger(world: &World) -> (Movement, Sha256) {
    let envelope = Envelope::new(b"{}".to_vec(), Vec::new());
    let run = RunId::new("run_1").unwrap();
    let path = Kind::Run.of(run).to_path();
    let file = (path.to_str().unwrap(), &envelope.to_bytes()[..]);
    let commit = world.commit(None, &[file], None);
    let movement = movement("refs/awo/ledger", None, Some(commit));
    (movement, envelope.digest())
}

#[test]
fn records_of_a_push_without_a_receipt_are_placed_where_the_log_tells_of_them() {
    let (world, first) = World::governed();
    let main = on_main(&world, 1);
    let (record, digest) = ledger(&world);
    world.apply(std::slice::from_ref(&record));
    push(&world, &main);
    let placed = |log: &Log| {
        let mut findings = Findings::new();
        let placed = positions(&world.reader(), log, &mut findings).unwrap();
        assert!(findings.is_empty(), "{findings:?}");
        placed.get(digest)
    };
    let told = log(&world);
    let time = told.entries[0].receipt.predicate().time;
    assert_eq!(placed(&told), Some((0, time)));
    // An own entry that comes after all, under a later policy, says it better.
    let second = world.policy(2, &[first], "HYBRID", "\"server\"");
    push(
        &world,
        &[movement("refs/awo/policy", Some(first), Some(second))],
    );
    let judged = Judged {
        before: [(layout::policy(), second)].into(),
        movements: vec![record.clone()],
        ..Judged::default()
    };
    write(&world, &[record], Some(&judged), &[]);
    let told = log(&world);
    assert_eq!(placed(&told).map(|(policy, _)| policy), Some(1));
}
