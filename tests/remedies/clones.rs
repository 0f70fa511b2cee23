//! What is missing or damaged in a clone.

use std::os::unix::fs::PermissionsExt as _;

use git_awo::record::Rule;

use super::{BY_HAND, CASE, Case, End, play_all};
use crate::world::{PACKET, RUN, TASK, World};

const PLAIN: (&str, &str) = ("vera", "home/vera/c");
const RITA: (&str, &str) = ("rita", "rita");

fn plain(world: &World) {
    clone(world, &[]);
}

fn clone(world: &World, more: &[&str]) {
    let url = format!("file://{}", world.path("server.git").display());
    let words = [&["git", "clone", "--quiet"], more, &[&url, "home/vera/c"]].concat();
    world.ok("vera", ".", &words);
}

fn executed_by_otto(world: &World) {
    world.executes("otto", RUN);
    world.ok("otto", "otto", &["git", "awo", "push"]);
}

/// Makes every object of otto's clone a file of its own; returns the file of the ledger's tip.
fn loose(world: &World) -> std::path::PathBuf {
    let id = world.rev("otto", "refs/awo/ledger");
    let (fan, rest) = id.split_at(2);
    let path = world.path(&format!("otto/.git/objects/{fan}/{rest}"));
    if !path.exists() {
        let unpack = "mv .git/objects/pack ../packs && mkdir .git/objects/pack && \
             for pack in ../packs/*.pack; do git unpack-objects -q < $pack; done";
        world.ok("otto", "otto", &["sh", "-c", unpack]);
    }
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    path
}

fn otto(world: &World, words: &[&str]) {
    world.ok("otto", "otto", words);
}

/// Damages a mark so that it names a commit that never was.
fn seen_nowhere(world: &World) {
    let marks = "otto/.git/awo/high-water.json";
    let text = std::fs::read_to_string(world.path(marks)).unwrap();
    let id = world.rev("otto", "refs/awo/ledger");
    assert!(text.contains(&id), "{text}");
    world.write(marks, text.replace(&id, &"1".repeat(id.len())));
}

pub const CASES: &[Case] = &[
    Case {
        rule: Rule::RecordPresent,
        stage: World::approved,
        prepare: executed_by_otto,
        who: RITA,
        act: &["git", "awo", "gate", RUN],
        ..CASE
    },
    Case {
        rule: Rule::RecordPresent,
        stage: World::founded,
        prepare: |world| {
            world.write("packet.md", PACKET);
            world.ok(
                "olga",
                "olga",
                &["git", "awo", "task", "import", "../packet.md"],
            );
            world.ok("olga", "olga", &["git", "awo", "push"]);
        },
        act: &["git", "awo", "task", "show", TASK],
        ..CASE
    },
    Case {
        rule: Rule::IndexEntry,
        stage: World::finalized,
        prepare: |world| otto(world, &["git", "awo", "push"]),
        who: RITA,
        act: &["git", "awo", "provenance", "show", RUN],
        pick: &[0],
        ..CASE
    },
    Case {
        rule: Rule::LedgerPresent,
        prepare: plain,
        who: PLAIN,
        act: &["git", "awo", "provenance", "verify"],
        ..CASE
    },
    Case {
        rule: Rule::LogPresent,
        prepare: plain,
        who: PLAIN,
        act: &["git", "awo", "receipt"],
        ..CASE
    },
    Case {
        rule: Rule::PolicyFetched,
        prepare: |world| {
            plain(world);
            let trust = ["git", "awo", "trust", &world.fingerprint()];
            world.ok("vera", "home/vera/c", &trust);
        },
        who: PLAIN,
        act: &["git", "awo", "verify"],
        ..CASE
    },
    Case {
        rule: Rule::PolicyPresent,
        prepare: plain,
        who: PLAIN,
        act: &["git", "awo", "status"],
        pick: &[0],
        ..CASE
    },
    Case {
        rule: Rule::PolicyPresent,
        prepare: |world| _ = world.ok("vera", "home/vera", &["git", "init", "-q", "c"]),
        who: PLAIN,
        act: &["git", "awo", "status"],
        pick: &[1],
        ..CASE
    },
    Case {
        rule: Rule::PinnedRoot,
        prepare: |world| std::fs::remove_file(world.path("rita/.git/awo/anchor")).unwrap(),
        who: RITA,
        act: &["git", "awo", "verify"],
        ..CASE
    },
    Case {
        rule: Rule::FirstPolicy,
        stage: World::founded,
        prepare: plain,
        who: PLAIN,
        act: &["git", "awo", "init"],
        ..CASE
    },
    Case {
        rule: Rule::OwnFileForm,
        prepare: |world| world.write("rita/.git/awo/anchor", "x\n"),
        who: RITA,
        act: &["git", "awo", "verify"],
        ..CASE
    },
    Case {
        rule: Rule::OwnFileForm,
        prepare: |world| world.write("rita/.git/awo/high-water.json", "{"),
        who: RITA,
        act: &["git", "awo", "verify"],
        ..CASE
    },
    Case {
        rule: Rule::OwnFileUsable,
        prepare: |world| {
            let file = world.path("rita/.git/awo/high-water.json");
            std::fs::remove_file(&file).unwrap();
            std::fs::create_dir(&file).unwrap();
        },
        who: RITA,
        act: &["git", "awo", "fetch"],
        pick: BY_HAND,
        then: |world| std::fs::remove_dir(world.path("rita/.git/awo/high-water.json")).unwrap(),
        ..CASE
    },
    Case {
        rule: Rule::HooksInstalled,
        prepare: |world| otto(world, &["git", "awo", "hooks", "uninstall"]),
        act: &["git", "awo", "doctor"],
        ..CASE
    },
    Case {
        rule: Rule::HooksInstalled,
        prepare: |world| otto(world, &["git", "awo", "hooks", "uninstall"]),
        act: &["git", "awo", "hooks", "status"],
        ..CASE
    },
    Case {
        rule: Rule::HooksInstalled,
        prepare: |world| otto(world, &["git", "config", "core.hooksPath", "../hooks"]),
        act: &["git", "awo", "doctor"],
        ..CASE
    },
    Case {
        rule: Rule::OneKeptHook,
        prepare: |world| {
            for name in ["pre-push", "pre-push.before-awo"] {
                let hook = format!("otto/.git/hooks/{name}");
                world.write(&hook, format!("#!/bin/sh\n# {name}\nexit 0\n"));
                let mode = std::fs::Permissions::from_mode(0o755);
                std::fs::set_permissions(world.path(&hook), mode).unwrap();
            }
        },
        act: &["git", "awo", "hooks", "install"],
        pick: BY_HAND,
        then: |world| std::fs::remove_file(world.path("otto/.git/hooks/pre-push")).unwrap(),
        ..CASE
    },
    Case {
        rule: Rule::HooksWritable,
        prepare: |world| {
            std::fs::remove_dir_all(world.path("otto/.git/hooks")).unwrap();
            world.write("otto/.git/hooks", "");
        },
        act: &["git", "awo", "hooks", "install"],
        pick: BY_HAND,
        then: |world| std::fs::remove_file(world.path("otto/.git/hooks")).unwrap(),
        ..CASE
    },
    Case {
        rule: Rule::Refspecs,
        prepare: |world| {
            plain(world);
            let trust = ["git", "awo", "trust", &world.fingerprint()];
            world.ok("vera", "home/vera/c", &trust);
            world.ok("vera", "home/vera/c", &["git", "awo", "fetch"]);
        },
        who: PLAIN,
        act: &["git", "awo", "doctor"],
        end: End::Goes,
        ..CASE
    },
    Case {
        rule: Rule::WholeView,
        prepare: |world| {
            clone(world, &["--depth=1"]);
            let trust = ["git", "awo", "trust", &world.fingerprint()];
            world.ok("vera", "home/vera/c", &trust);
        },
        who: PLAIN,
        act: &["git", "awo", "verify"],
        ..CASE
    },
    Case {
        rule: Rule::WholeView,
        prepare: |world| {
            let allow = ["git", "config", "uploadpack.allowFilter", "true"];
            world.ok("server", "server.git", &allow);
            clone(world, &["--filter=blob:none"]);
            let trust = ["git", "awo", "trust", &world.fingerprint()];
            world.ok("vera", "home/vera/c", &trust);
        },
        who: PLAIN,
        act: &["git", "awo", "fetch"],
        ..CASE
    },
    Case {
        rule: Rule::ObjectReadable,
        prepare: |world| std::fs::write(loose(world), "garbage").unwrap(),
        act: &["git", "awo", "verify"],
        ..CASE
    },
    Case {
        rule: Rule::ObjectHash,
        prepare: |world| {
            let file = loose(world);
            let other = world.rev("otto", "HEAD");
            let (fan, rest) = other.split_at(2);
            let other = world.path(&format!("otto/.git/objects/{fan}/{rest}"));
            std::fs::copy(other, file).unwrap();
        },
        act: &["git", "awo", "verify"],
        ..CASE
    },
    Case {
        rule: Rule::ObjectPresent,
        prepare: |world| std::fs::remove_file(loose(world)).unwrap(),
        act: &["git", "awo", "verify"],
        ..CASE
    },
    Case {
        rule: Rule::HighWaterMark,
        prepare: |world| {
            otto(
                world,
                &["git", "update-ref", "refs/awo/ledger", "refs/awo/ledger^"],
            )
        },
        act: &["git", "awo", "verify"],
        pick: &[0],
        ..CASE
    },
    Case {
        rule: Rule::HighWaterMark,
        prepare: seen_nowhere,
        act: &["git", "awo", "verify"],
        pick: &[0],
        ..CASE
    },
    Case {
        rule: Rule::HighWaterMark,
        prepare: seen_nowhere,
        act: &["git", "awo", "fetch"],
        pick: &[0],
        ..CASE
    },
    Case {
        rule: Rule::OwnFileForm,
        prepare: |world| world.write("otto/.git/awo/high-water.json", "{"),
        act: &["git", "awo", "doctor"],
        ..CASE
    },
    Case {
        rule: Rule::PolicyFiles,
        prepare: |world| otto(world, &["git", "update-ref", "refs/awo/policy", "main"]),
        act: &["git", "awo", "status"],
        pick: &[1],
        ..CASE
    },
    Case {
        rule: Rule::UngovernedRef,
        act: &["git", "awo", "verify", "HEAD", "--ref", "elsewhere"],
        fill: &[("REV", "HEAD"), ("BRANCH", "main")],
        end: End::Done,
        ..CASE
    },
    Case {
        rule: Rule::ReplaceRef,
        prepare: |world| otto(world, &["git", "replace", "HEAD", "HEAD^"]),
        act: &["git", "awo", "verify"],
        ..CASE
    },
    Case {
        rule: Rule::LockFree,
        prepare: |world| {
            world.write("otto/.git/refs/awo/ledger.lock", "");
            let old = ["touch", "-d", "1 hour ago", ".git/refs/awo/ledger.lock"];
            otto(world, &old);
        },
        act: &["git", "awo", "doctor"],
        ..CASE
    },
    Case {
        rule: Rule::RefReadable,
        prepare: |world| {
            otto(world, &["git", "update-ref", "refs/heads/wip/x", "main"]);
            world.write("otto/.git/refs/heads/wip/x", "");
        },
        act: &["git", "awo", "doctor"],
        pick: &[0, 1],
        ..CASE
    },
    Case {
        rule: Rule::EvidencePresent,
        prepare: |world| {
            let delete = "for it in $(git for-each-ref --format='%(refname)' refs/awo/evidence); do \
                 git update-ref -d $it; done";
            otto(world, &["sh", "-c", delete]);
        },
        act: &["git", "awo", "integrity", "verify", RUN],
        ..CASE
    },
    Case {
        rule: Rule::IndexAttestation,
        prepare: |world| {
            let notes = world.notes("otto", "attestations");
            otto(world, &["git", "update-ref", "-d", &notes]);
        },
        act: &["git", "awo", "provenance", "verify"],
        ..CASE
    },
    Case {
        rule: Rule::LoggedState,
        prepare: |world| {
            let notes = world.notes("otto", "attestations");
            otto(world, &["git", "update-ref", "-d", &notes]);
        },
        act: &["git", "awo", "verify"],
        pick: &[0],
        ..CASE
    },
    Case {
        rule: Rule::RecordsKept,
        prepare: |world| {
            let notes = world.notes("otto", "attestations");
            otto(world, &["git", "update-ref", "-d", &notes]);
        },
        act: &["git", "awo", "verify"],
        pick: &[0],
        ..CASE
    },
    Case {
        rule: Rule::RecordForm,
        prepare: |world| world.write("receipt", "x\n"),
        act: &["git", "awo", "verify", "--receipt", "../receipt"],
        pick: BY_HAND,
        then: |world| world.shell("otto", "otto", "git awo receipt > ../receipt"),
        ..CASE
    },
    Case {
        rule: Rule::RepositoryReadable,
        who: ("vera", "home/vera"),
        prepare: |world| _ = world.ok("vera", "home/vera", &["mkdir", "-p", "c"]),
        act: &["git", "awo", "status"],
        pick: BY_HAND,
        then: |world| _ = world.ok("otto", "otto", &["git", "awo", "status"]),
        end: End::Done,
        ..CASE
    },
];

#[test]
fn what_a_clone_lacks_is_there_after_the_remedy() {
    play_all(&CASES[..CASES.len() / 2]);
}

#[test]
fn what_is_damaged_in_a_clone_is_whole_after_the_remedy() {
    play_all(&CASES[CASES.len() / 2..]);
}
