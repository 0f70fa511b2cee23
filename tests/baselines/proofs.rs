//! What `git awo verify`, `git awo amu0 verify` and `git awo fetch` find.

use std::fs;

use git_awo::record::tree::Mode;

use super::forge::Forge;
use super::{ROOT, seen, with_files};
use crate::world::World;

const BASE: &str = "refs/awo/amu0/-/BASE";

/// otto's two baselines are at the server, and everybody has them.
fn pushed() -> World {
    let world = with_files();
    world.amu0("otto", &["create", "BASE"]);
    fs::write(world.path("otto").join(ROOT).join("plain"), "next").unwrap();
    world.amu0("otto", &["create", "NEXT"]);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    world
}

/// Both commands refuse with this code, and nothing is restored.
#[track_caller]
fn found(world: &World, code: &str) {
    world.verify_finds(code);
    let again = world.run("vera", "vera", &["git", "awo", "verify", "--no-cache"]);
    assert_eq!(again.code, 1, "{}", again.text);
    world.amu0_refused("vera", &["verify"], code);
}

#[test]
fn a_baseline_that_was_replaced_whole_is_found() {
    let world = pushed();
    // Content, manifest, checksum and signature, by somebody who may make baselines.
    let mut forge = Forge::from(&world, "otto", BASE);
    let id = forge.blob("eno\n");
    forge.edit(&[("plain", Some((Mode::File, id)))]);
    let item = forge
        .manifest
        .items
        .iter_mut()
        .find(|it| it.path == "plain".into())
        .unwrap();
    item.sha256 = git_awo::record::Sha256::of(b"eno\n");
    let forged = forge.write().to_string();
    world.ok("vera", "vera", &["git", "fetch", "-q", "../otto", &forged]);
    world.ok("vera", "vera", &["git", "update-ref", BASE, &forged]);
    found(&world, "INT-001");
    world.amu0_refused("vera", &["restore", "BASE"], "INT-001");
    assert!(!world.path("vera").join(ROOT).exists());
    // The one after it is told too: what it follows is gone.
    world.amu0_refused("vera", &["verify", "NEXT"], "STR-002");
    // At the server past the hooks: a fetch refuses, and merges nothing.
    world.ok(
        "server",
        "server.git",
        &["git", "fetch", "-q", "../otto", &forged],
    );
    world.ok(
        "server",
        "server.git",
        &["git", "update-ref", BASE, &forged],
    );
    let refs = world.ok("olga", "olga", &["git", "for-each-ref", "refs/awo/"]);
    world.refused("olga", "olga", &["git", "awo", "fetch"], "INT-001");
    assert_eq!(
        world.ok("olga", "olga", &["git", "for-each-ref", "refs/awo/"]),
        refs
    );
    // The server takes nothing more while it is so.
    let server = world.server();
    world.writes_a_contract("olga", "T-9");
    world.refused(
        "olga",
        "olga",
        &["git", "push", "--no-verify", "origin", "refs/awo/ledger"],
        "REP-002",
    );
    assert_eq!(world.server(), server);
}

#[test]
fn a_baseline_that_is_gone_or_moved_is_found() {
    let world = pushed();
    let base = world.rev("vera", BASE);
    world.ok("vera", "vera", &["git", "update-ref", "-d", BASE]);
    let said = world.verify_finds("REP-002");
    assert!(
        said.contains("baseline-present"),
        "the one after it tells of it too: {said}"
    );
    world.ok("vera", "vera", &["git", "update-ref", BASE, &base]);
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    // Moved to its own successor: the log tells another commit, and there are two of one predecessor.
    let next = world.rev("vera", "refs/awo/amu0/-/NEXT");
    world.ok("vera", "vera", &["git", "update-ref", BASE, &next]);
    found(&world, "INT-001");
    world.ok("vera", "vera", &["git", "update-ref", BASE, &base]);
    // The newest one, whose absence no other baseline tells.
    world.ok(
        "vera",
        "vera",
        &["git", "update-ref", "-d", "refs/awo/amu0/-/NEXT"],
    );
    world.verify_finds("REP-002");
    world.ok(
        "vera",
        "vera",
        &["git", "update-ref", "refs/awo/amu0/-/NEXT", &next],
    );
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn what_is_missing_or_damaged_is_found() {
    let world = pushed();
    let blob = world.rev("vera", &format!("{BASE}:files/tool"));
    world.ok("vera", "vera", &["git", "gc", "--quiet", "--prune=now"]);
    let unpack = "mv .git/objects/pack/*.pack .git/objects/pack/*.idx . && rm -f .git/objects/pack/* && \
        for p in *.pack; do git unpack-objects -q < $p; done; rm -f *.pack *.idx";
    world.ok("vera", "vera", &["sh", "-c", unpack]);
    let path = world
        .path("vera/.git/objects")
        .join(&blob[..2])
        .join(&blob[2..]);
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    let bytes = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    found(&world, "INT-002");
    world.amu0_refused("vera", &["restore", "BASE"], "INT-002");
    // Another object under its name.
    let other = world.rev("vera", &format!("{BASE}:files/plain"));
    let other = world
        .path("vera/.git/objects")
        .join(&other[..2])
        .join(&other[2..]);
    fs::copy(&other, &path).unwrap();
    found(&world, "INT-001");
    fs::remove_file(&path).unwrap();
    fs::write(&path, bytes).unwrap();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    world.amu0("vera", &["restore", "BASE"]);
    assert_eq!(
        fs::read_to_string(world.path("vera").join(ROOT).join("tool")).unwrap(),
        "#!/bin/sh\n"
    );
}

#[test]
fn what_a_former_maker_made_holds_and_what_they_make_now_does_not() {
    let world = pushed();
    world.next_policy(3, None, |text| {
        super::with_root(text).replace(
            "roles = [\"orchestrator\", \"reviewer\"]",
            "roles = [\"reviewer\"]",
        )
    });
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.amu0_refused("otto", &["create", "LATE"], "ATT-001");
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    world.amu0("vera", &["restore", "BASE"]);
    let mut forge = Forge::from(&world, "otto", "refs/awo/amu0/-/NEXT");
    forge.manifest.name = "LATE".parse().unwrap();
    forge.manifest.policy = world.rev("otto", "refs/awo/policy").parse().unwrap();
    forge.follow(world.rev("otto", "refs/awo/amu0/-/NEXT").parse().ok());
    let late = format!("{}:refs/awo/amu0/-/LATE", forge.write());
    world.push_refused("otto", &[&late], "ATT-001");
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world.amu0("olga", &["restore", "BASE"]);
    world.amu0("olga", &["create", "LATE"]);
    world.ok("olga", "olga", &["git", "awo", "push"]);
}

#[test]
fn a_clone_brings_baselines_and_puts_them_back() {
    let world = pushed();
    let anchor = world.fingerprint();
    let url = world.path("server.git").display().to_string();
    world.ok(
        "olga",
        ".",
        &["git", "awo", "clone", &url, "joined", "--anchor", &anchor],
    );
    world.ok("olga", "joined", &["git", "awo", "amu0", "restore", "NEXT"]);
    assert_eq!(
        seen(&world.path("joined").join(ROOT)),
        seen(&world.path("otto").join(ROOT))
    );
    let status = world.ok("olga", "joined", &["git", "awo", "status"]);
    assert!(!status.contains("to be pushed"), "{status}");
}

#[test]
fn baselines_that_are_gone_are_found() {
    let world = pushed();
    world.amu0("vera", &["verify"]);
    let next = world.rev("vera", "refs/awo/amu0/-/NEXT");
    let gone = ["git", "update-ref", "-d", "refs/awo/amu0/-/NEXT"];
    world.ok("vera", "vera", &gone);
    found(&world, "REP-002");
    let back = ["git", "update-ref", "refs/awo/amu0/-/NEXT", &next];
    world.ok("vera", "vera", &back);
    world.amu0("vera", &["verify"]);
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}
