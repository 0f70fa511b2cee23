//! Runs that took place elsewhere, where the policy requires a cell.

use git_awo::record::RepoPath;

use super::asked;
use crate::cell::here::confines;
use crate::run_import::{conforming, seal};
use crate::world::{RUN, World, confining};

const SCRIPT: &str = "mkdir -p src; echo one > src/one.txt";

const RECORDS: &[&str] = &["refs/awo/ledger", "refs/awo/evidence/*", "refs/notes/awo/*"];

/// A task that was done elsewhere, by this command as its directory says.
fn done_elsewhere(how: &str, command: Option<&str>) -> World {
    let world = World::founded();
    world.next_policy(2, None, |text| confining(&text, how));
    asked(&world, &[]);
    let base = world.rev("otto", "origin/main");
    let mut files = conforming(&base);
    if let Some(command) = command {
        let manifest = files.get_mut(&RepoPath::from("run_manifest.json")).unwrap();
        let text = String::from_utf8(manifest.clone()).unwrap();
        let text = text.replacen('{', &format!("{{\n  \"command\": {command},"), 1);
        *manifest = text.into_bytes();
    }
    seal(&mut files);
    for (path, bytes) in &files {
        world.write(&format!("ci/{RUN}/{path}"), bytes);
    }
    let ok = |words: &[&str]| world.ok("otto", "otto", words);
    ok(&["git", "checkout", "--quiet", "-b", "ci", "main"]);
    world.write("otto/src/one.txt", "one\n");
    world.commit("otto", "What CI made");
    ok(&["git", "checkout", "--quiet", "main"]);
    world
}

const SAID: &str =
    "[\n    \"sh\",\n    \"-ec\",\n    \"mkdir -p src; echo one > src/one.txt\"\n  ]";

fn import(directory: &str) -> Vec<&str> {
    vec![
        "git", "awo", "run", "import", directory, "--task", "D-1", "--commit", "ci",
    ]
}

/// Somebody runs a script again, signs the report and shares it.
fn reruns(world: &World, who: &str, script: &str) {
    let base = world.rev("otto", "origin/main");
    let words = [
        "git",
        "awo",
        "determinism",
        "check",
        "--sign",
        "--runs",
        "2",
        "--tree",
        &base,
        "--",
        "sh",
        "-ec",
        script,
    ];
    world.ok(who, who, &words);
    world.ok(who, who, &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
}

#[test]
fn a_run_from_elsewhere_needs_a_reviewer_who_ran_it_in_a_cell() {
    if !confines() {
        return;
    }
    let world = done_elsewhere("required", Some(SAID));
    let directory = world.path("ci").join(RUN).display().to_string();
    let import = import(&directory);
    let refused = |why: &str| {
        let before = world.ok("otto", "otto", &["git", "for-each-ref"]);
        let text = world.refused("otto", "otto", &import, "GOV-002");
        assert!(
            text.contains("a run that took place elsewhere: ") && text.contains(why),
            "{why}: {text}"
        );
        assert_eq!(world.ok("otto", "otto", &["git", "for-each-ref"]), before);
        text
    };
    let text = refused("nobody has run its command again");
    let remedy = "git awo determinism check --sign --tree";
    assert!(
        text.contains(remedy) && text.contains("-- sh -ec 'mkdir -p src; echo one > src/one.txt'"),
        "{text}"
    );
    reruns(&world, "rita", "mkdir -p src; echo other > src/one.txt");
    refused("nobody has run its command again");
    reruns(&world, "otto", SCRIPT);
    refused("otto made the run");
    reruns(&world, "olga", SCRIPT);
    refused("the report of olga is signed as operator");
    reruns(&world, "rita", SCRIPT);
    world.ok("otto", "otto", &import);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.everybody_follows();
    world.rita_reviews(RUN);
    world.finalize_and_verify();
}

#[test]
fn a_run_that_does_not_say_what_ran_or_makes_something_else_is_not_imported() {
    if !confines() {
        return;
    }
    let world = done_elsewhere("required", None);
    let directory = world.path("ci").join(RUN).display().to_string();
    reruns(&world, "rita", SCRIPT);
    let text = world.refused("otto", "otto", &import(&directory), "GOV-002");
    assert!(text.contains("what ran is not known here"), "{text}");

    let other = SAID.replace("echo one", "echo two");
    let world = done_elsewhere("required", Some(&other));
    let directory = world.path("ci").join(RUN).display().to_string();
    reruns(&world, "rita", "mkdir -p src; echo two > src/one.txt");
    let text = world.refused("otto", "otto", &import(&directory), "GOV-002");
    assert!(text.contains("it makes the tree "), "{text}");
}

/// Imported under a policy that takes what can be had; it arrives under one that requires all.
#[test]
fn the_door_and_verify_ask_for_the_same_report() {
    if !confines() {
        return;
    }
    let world = done_elsewhere("best-effort", Some(SAID));
    let directory = world.path("ci").join(RUN).display().to_string();
    world.ok("otto", "otto", &import(&directory));
    world.next_policy(3, None, |text| confining(&text, "required"));
    for who in ["otto", "rita"] {
        let policy = ["git", "fetch", "origin", "refs/awo/policy:refs/awo/policy"];
        world.ok(who, who, &policy);
        world.ok(who, who, &["git", "awo", "fetch"]);
    }
    let other = world.copied();
    let text = other.push_refused("otto", RECORDS, "GOV-002");
    assert!(
        text.contains("missing_file:cell.json; nobody has run its command again"),
        "{text}"
    );
    other.is_found_of("otto", RECORDS, "GOV-002", "invariants");

    // By somebody whose cell did not hold: another policy let them.
    reruns(&world, "rita", "mkdir -p src; echo other > src/one.txt");
    world.push_refused("otto", RECORDS, "GOV-002");
    reruns(&world, "rita", SCRIPT);
    world.push_accepted("otto", RECORDS);
    world.everybody_follows();
    world.rita_reviews(RUN);
    world.finalize_and_verify();
}
