//! Runs that took place elsewhere: what the gate says of them. Their files and commits are tested
//! through the command, in `tests/run_import.rs`.

use super::world::World;
use super::{MEND, files_of};
use crate::evidence::inventory::SUMS;
use crate::evidence::run_dir::tests::write_dir;
use crate::evidence::{self, Inventory};
use crate::record::contract::ContractDraft;
use crate::record::{Code, RepoPath, RunId, json};
use crate::run::{Error, Import, ImportRequest};

/// Makes a run in one world and asks for its import in another of the same contract and base.
fn import(there: &World, change: impl FnOnce(&mut ImportRequest)) -> Result<(), Error> {
    let here = World::new();
    let done = here.run(MEND).unwrap();
    let directory = there.outside("made");
    let mut files = files_of(&here, &done);
    // Who makes a run elsewhere says nothing of the approvals and the envelope here.
    let manifest = RepoPath::from("run_manifest.json");
    let mut says: serde_json::Value = serde_json::from_slice(&files[&manifest]).unwrap();
    for key in ["approvals", "contract"] {
        assert!(says.as_object_mut().unwrap().remove(key).is_some());
    }
    files.insert(manifest, json::canonical(&says));
    let inventory = Inventory::of(&evidence::digests(&files)).unwrap();
    files.insert(RepoPath::from(SUMS), inventory.to_bytes());
    write_dir(&directory, &files);
    there.write("src/a.txt", "one\nthree\n");
    there.git(&["commit", "-q", "-a", "-m", "made"]);
    let commit = there.id("HEAD");
    there.git(&["reset", "-q", "--hard", "HEAD^"]);
    let mut request = ImportRequest {
        directory,
        task: there.contract.id.clone(),
        run: RunId::new("run_1").unwrap(),
        commit,
        pre_work: None,
    };
    change(&mut request);
    let actor = there.actor("otto");
    let before = there.refs();
    let result = Import::check(&actor, &request);
    assert_eq!(there.refs(), before, "checking stores nothing");
    assert_eq!(result?.store()?.changed.len(), 1);
    Ok(())
}

fn codes(result: Result<(), Error>) -> Vec<(Code, String)> {
    match result {
        Err(Error::Refused(why)) => why
            .findings()
            .into_iter()
            .map(|finding| (finding.code, finding.rule.to_string()))
            .collect(),
        other => panic!("not refused: {other:?}"),
    }
}

fn with_contract(level: &str, change: impl FnOnce(&mut ContractDraft)) -> World {
    let mut world = World::bare(level);
    change(&mut world.contract);
    world.store_contract();
    world.approve();
    world
}

#[test]
fn a_run_of_the_harness_may_be_imported_where_the_gate_would_let_it_run_there() {
    alone!();
    import(&World::new(), |_| ()).unwrap();
    // A stage and an unclean work tree are matters of an execution.
    let staged = with_contract("FULL_HUMAN", |contract| {
        contract.stage = Some("2".to_owned());
    });
    staged.write("new.txt", "x");
    import(&staged, |_| ()).unwrap();
}

#[test]
fn what_keeps_a_run_from_beginning_keeps_it_from_being_imported() {
    alone!();
    let refused = |code, rule: &str| vec![(code, rule.to_owned())];
    let locked = with_contract("LOCKED", |_| ());
    assert_eq!(
        codes(import(&locked, |_| ())),
        refused(Code::Gov007, "locked")
    );
    let unadmitted = with_contract("FULL_HUMAN", |contract| {
        contract.target.admission.status = "unstated".to_owned();
    });
    assert_eq!(
        codes(import(&unadmitted, |_| ())),
        refused(Code::Gov002, "target-admitted")
    );
    let unapproved = World::bare("FULL_HUMAN");
    unapproved.store_contract();
    assert_eq!(
        codes(import(&unapproved, |_| ())),
        [
            refused(Code::Gov005, "task-approved"),
            refused(Code::Gov011, "run-in-turn")
        ]
        .concat()
    );
    let unanchored = World::new();
    let other = "0123456789012345678901234567890123456789\n";
    unanchored.write(".git/awo/anchor", other);
    assert_eq!(
        codes(import(&unanchored, |_| ())),
        refused(Code::Gov006, "pinned-root")
    );
}

#[test]
fn without_a_policy_the_files_are_judged_all_the_same() {
    alone!();
    let world = World::new();
    world.git(&["update-ref", "-d", "refs/awo/policy"]);
    let found = codes(import(&world, |request| {
        std::fs::write(request.directory.join("report.md"), "x").unwrap();
    }));
    for expected in [
        (Code::Gov002, "invariants"),
        (Code::Gov006, "policy-present"),
        (Code::Int001, "inventory-hash"),
    ] {
        assert!(
            found.contains(&(expected.0, expected.1.to_owned())),
            "{found:?}"
        );
    }
}
