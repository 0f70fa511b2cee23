//! What is said is what happened.

use git_awo::store::layout;

use crate::world::{RUN, World};

/// Returns the path in the ledger of the first file whose path has this word.
fn path_of(world: &World, word: &str) -> String {
    let files = world.ledger_of("otto/.git");
    let (path, _) = files
        .into_iter()
        .find(|(path, _)| path.contains(word))
        .unwrap();
    path
}

#[test]
fn a_push_to_nowhere_or_of_nothing_governed_is_no_success() {
    let world = World::founded();
    let done = world.run("otto", "otto", &["git", "awo", "push", "nowhere"]);
    assert_eq!(done.code, 2, "{}", done.text);
    assert!(done.text.contains("git remote add"), "{}", done.text);
    world.ok("vera", "home/vera", &["git", "init", "-q", "."]);
    let remote = ["git", "remote", "add", "origin", "../../server.git"];
    world.ok("vera", "home/vera", &remote);
    let done = world.run("vera", "home/vera", &["git", "awo", "push"]);
    assert_eq!(done.code, 3, "{}", done.text);
    assert!(done.text.contains("GOV-006"), "{}", done.text);
}

#[test]
fn who_is_behind_is_told_to_fetch_and_who_is_ahead_to_push() {
    let world = World::attested();
    let status = |who: &str| world.ok(who, who, &["git", "awo", "status"]);
    world.ok("olga", "olga", &["git", "fetch", "-q"]);
    let behind = status("olga");
    assert!(behind.contains("next: git awo fetch"), "{behind}");
    assert!(!behind.contains("next: git awo push"), "{behind}");
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    assert!(!status("olga").contains("origin"), "{}", status("olga"));
    world.ok("otto", "otto", &["git", "awo", "finalize", RUN]);
    let ahead = status("otto");
    assert!(ahead.contains("next: git awo push"), "{ahead}");
}

#[test]
fn a_damaged_outcome_is_not_taken_for_none() {
    let path = path_of(&World::rejected(), "outcome");
    let world = World::landed();
    world.forge("otto", &layout::ledger(), &[(&path, Some(b"garbage"))]);
    let said = world.run("otto", "otto", &["git", "awo", "status", "--all"]);
    assert!(!said.text.contains("git awo outcome"), "{}", said.text);
    assert!(said.text.contains("broken"), "{}", said.text);
    assert!(said.text.contains("git awo verify"), "{}", said.text);
    let done = world.run("otto", "otto", &["git", "awo", "verify"]);
    assert_eq!(done.code, 1, "it says what is wrong: {}", done.text);
}

#[test]
fn a_rebuild_of_the_index_names_an_entry_that_it_cannot_mend() {
    let path = path_of(&World::finalized(), "provenance");
    let world = World::attested();
    world.forge("otto", &layout::ledger(), &[(&path, Some(b"garbage"))]);
    let rebuild = ["git", "awo", "provenance", "rebuild"];
    world.refused("otto", "otto", &rebuild, "STR-001");
}
