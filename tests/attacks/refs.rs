//! Refs that go away, go back, or should not be.

use super::*;

#[test]
fn deletion_of_any_governance_ref_is_refused() {
    let world = World::landed();
    let refs = governance_refs(&world);
    assert!(
        refs.len() >= 6,
        "policy, ledger, log, evidence and two notes: {refs:?}"
    );
    for name in refs {
        world.push_refused("otto", &[&format!(":{name}")], "REP-002");
    }
}

#[test]
fn rewind_of_any_governance_ref_is_refused_and_found() {
    let world = World::landed();
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    for name in governance_refs(&world) {
        let parents = world.ok(
            "server",
            "server.git",
            &["git", "rev-list", "--parents", "-n1", &name],
        );
        let earlier = match parents.split_whitespace().nth(1) {
            Some(parent) if !name.starts_with("refs/awo/evidence/") => parent.to_owned(),
            // The first of its kind has nothing to rewind to but something else.
            _ => world.rev("otto", "refs/heads/main"),
        };
        let code = if name == "refs/awo/policy" || name == "refs/awo/log" {
            "GOV-006"
        } else {
            "REP-002"
        };
        world.push_refused("otto", &[&format!("+{earlier}:{name}")], code);
    }
}

#[test]
fn a_ledger_rewound_on_the_server_is_found_by_a_fresh_clone_and_by_an_old_one() {
    let world = World::landed();
    let earlier = world.rev("server.git", "refs/awo/ledger^");
    world.ok(
        "server",
        "server.git",
        &["git", "update-ref", "refs/awo/ledger", &earlier],
    );
    world.fresh_clone();
    world.verify_finds("REP-002");
    world.refused("rita", "rita", &["git", "awo", "fetch"], "REP-002");
}

#[test]
fn a_governance_ref_deleted_on_the_server_is_found() {
    let world = World::landed();
    let notes = world.notes("server.git", "attestations");
    world.ok("server", "server.git", &["git", "update-ref", "-d", &notes]);
    world.fresh_clone();
    world.verify_finds("REP-002");
    world.refused("rita", "rita", &["git", "awo", "fetch"], "REP-002");
}

#[test]
fn a_note_removed_by_git_notes_is_refused_and_found() {
    let world = World::landed();
    let commit = world.rev("otto", "refs/heads/main");
    let notes = world.notes("otto", "attestations");
    let remove = ["git", "notes", "--ref", &notes, "remove", &commit];
    world.ok("otto", "otto", &remove);
    world.attack("otto", &[&notes], "REP-002");
}

#[test]
fn refs_of_other_kinds_are_refused() {
    let world = World::landed();
    let tip = world.rev("otto", "refs/heads/main");
    for (name, code) in [
        ("refs/tags/v1", "GOV-004"),
        (&*format!("refs/replace/{tip}"), "GOV-004"),
        ("refs/heads/unnamed", "GOV-004"),
        ("refs/awo/other", "STR-002"),
        ("refs/awo/evidence/latest", "STR-002"),
        ("refs/notes/awo/other", "STR-002"),
        ("refs/notes/awo/approvals", "STR-002"),
        ("refs/notes/awo/attestations/latest", "STR-002"),
        ("refs/notes/awo/attestations/2026-13", "STR-002"),
        ("refs/heads/refs/heads/main", "GOV-004"),
    ] {
        world.push_refused("otto", &[&format!("{tip}:{name}")], code);
    }
}

#[test]
fn branches_are_neither_deleted_nor_rewound() {
    let world = World::landed();
    world.push_refused("otto", &[":main"], "GOV-004");
    world.push_refused("otto", &["+main^:main"], "GOV-004");
    let earlier = world.rev("otto", "main^");
    world.force("otto", &["+main^:main"]);
    assert_eq!(world.rev("server.git", "refs/heads/main"), earlier);
    world.fresh_clone();
    world.verify_finds("REP-002");
}

fn governance_refs(world: &World) -> BTreeSet<String> {
    let listed = world.ok(
        "server",
        "server.git",
        &[
            "git",
            "for-each-ref",
            "--format=%(refname)",
            "refs/awo",
            "refs/notes/awo",
        ],
    );
    let names: BTreeSet<String> = listed.lines().map(str::to_owned).collect();
    assert!(names.iter().all(|name| RefName::new(name.as_str()).is_ok()));
    names
}
