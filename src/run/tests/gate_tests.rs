//! The execution gate: what keeps a run from beginning.

use super::MEND;
use super::world::{World, refusal};
use crate::record::contract::ContractDraft;
use crate::record::{Code, RunId};
use crate::run::run;

fn with_contract(change: impl FnOnce(&World, &mut ContractDraft)) -> World {
    let mut world = World::bare("FULL_HUMAN");
    let mut contract = world.contract.clone();
    change(&world, &mut contract);
    world.contract = contract;
    world.store_contract();
    world.approve();
    world
}

#[test]
fn nothing_runs_without_the_exact_switch_and_all_failures_are_told_together() {
    alone!();
    let world = World::new();
    let marker = world.outside("marker");
    let mut request = world.request(&format!("touch {}", marker.display()));
    for value in [None, Some(""), Some("true"), Some("1 "), Some("01")] {
        request.environment.allow_run = value.map(str::to_owned);
        world.assert_request_refused(&request, &[(Code::Gov002, "execution-enabled")]);
    }
    world.write("new.txt", "x");
    let both = [
        (Code::Gov002, "execution-enabled"),
        (Code::Gov002, "work-tree-clean"),
    ];
    world.assert_request_refused(&request, &both);
    assert!(!marker.exists());
}

#[test]
fn an_unclean_work_tree_is_named_path_by_path() {
    alone!();
    let world = World::new();
    world.write("README.md", "changed");
    world.git(&["mv", "src/a.txt", "src/moved.txt"]);
    let findings = refusal(world.run(MEND));
    let finding = findings.iter().next().unwrap();
    assert_eq!(finding.rule, "work-tree-clean");
    let found = "changed or untracked: src/moved.txt, README.md";
    assert_eq!(
        finding
            .found
            .replace("README.md, src/moved.txt", "src/moved.txt, README.md"),
        found
    );
    world.git(&["reset", "-q", "--hard"]);
    world.run(MEND).unwrap();
}

#[test]
fn the_stage_must_be_the_contracts() {
    alone!();
    let world = with_contract(|_, contract| contract.stage = Some("2".to_owned()));
    let mut request = world.request(MEND);
    for value in [None, Some("1")] {
        request.environment.stage = value.map(str::to_owned);
        world.assert_request_refused(&request, &[(Code::Gov002, "execution-stage")]);
    }
    request.environment.stage = Some("2".to_owned());
    run(&world.actor("otto"), &request).unwrap();
}

#[test]
fn an_unadmitted_target_or_an_ungoverned_branch_is_refused() {
    alone!();
    let world =
        with_contract(|_, contract| contract.target.admission.status = "pending".to_owned());
    world.assert_refused(MEND, &[(Code::Gov002, "target-admitted")]);
    let world = with_contract(|world, contract| {
        world.git(&["branch", "other"]);
        contract.target_ref = "refs/heads/other".parse().unwrap();
    });
    world.assert_refused(MEND, &[(Code::Gov002, "governed-accepted")]);
}

#[test]
fn an_unknown_task_or_branch_is_refused() {
    alone!();
    let world = World::new();
    let mut request = world.request(MEND);
    request.task = "OTHER".parse().unwrap();
    world.assert_request_refused(&request, &[(Code::Str002, "record-present")]);
    world.git(&["checkout", "-q", "--detach"]);
    world.git(&["update-ref", "-d", "refs/heads/main"]);
    world.assert_refused(MEND, &[(Code::Str002, "target-ref")]);
}

#[test]
fn an_approval_is_for_one_base() {
    alone!();
    let world = World::new();
    world.git(&["commit", "-q", "--allow-empty", "-m", "later"]);
    let expected = [
        (Code::Gov005, "task-approved"),
        (Code::Att002, "binds-base"),
    ];
    let findings = refusal(world.run(MEND));
    for (code, rule) in expected {
        let found = |it: &&crate::record::Finding| it.code == code && it.rule == rule;
        assert!(
            findings.iter().any(|it| found(&it)),
            "{rule}: {findings:#?}"
        );
    }
    world.approve();
    world.run(MEND).unwrap();
}

#[test]
fn a_contracts_base_may_be_older_but_of_no_other_history() {
    alone!();
    let world = with_contract(|world, contract| {
        contract.base = Some(world.id("HEAD"));
        world.git(&["commit", "-q", "--allow-empty", "-m", "later"]);
    });
    world.run(MEND).unwrap();
    let world = with_contract(|world, contract| {
        let tree = world.git(&["rev-parse", "HEAD^{tree}"]);
        contract.base = Some(
            world
                .git(&["commit-tree", "-m", "x", &tree])
                .parse()
                .unwrap(),
        );
    });
    world.assert_refused(MEND, &[(Code::Att002, "contract-base")]);
}

#[test]
fn an_approval_is_for_one_run() {
    alone!();
    let world = World::new();
    world.run(MEND).unwrap();
    let before = world.refs();
    let mut request = world.request(MEND);
    let findings = refusal(run(&world.actor("otto"), &request));
    let rules: Vec<_> = findings.iter().map(|it| it.rule.as_str()).collect();
    assert!(findings.has(Code::Rep001) && findings.has(Code::Gov005));
    assert!(rules.contains(&"run-id") && rules.contains(&"one-approval-one-run"));
    request.run = Some(RunId::new("run_2").unwrap());
    let findings = refusal(run(&world.actor("otto"), &request));
    assert!(findings.has(Code::Rep001), "{findings:#?}");
    assert_eq!(world.refs(), before);
    world.approve_with(|approval| approval.nonce = "n2".to_owned());
    run(&world.actor("otto"), &request).unwrap();
}

#[test]
fn an_approval_that_says_or_binds_something_else_does_not_count() {
    alone!();
    type Change = fn(&mut crate::records::ApprovalPredicate);
    let cases: [(Change, Code); 4] = [
        (
            |it| it.sentence = Some("I approve the mending".to_owned()),
            Code::Gov005,
        ),
        (|it| it.sentence = None, Code::Gov005),
        (
            |it| it.expires = "2020-01-01T00:00:00Z".parse().unwrap(),
            Code::Gov005,
        ),
        (
            |it| it.contract = crate::record::Sha256::of(b"another"),
            Code::Att002,
        ),
    ];
    for (change, code) in cases {
        let world = World::bare("FULL_HUMAN");
        world.store_contract();
        world.approve_with(change);
        let before = world.refs();
        let findings = refusal(world.run(MEND));
        assert!(
            findings.has(Code::Gov005) && findings.has(code),
            "{findings:#?}"
        );
        assert!(findings.has(Code::Gov011), "nobody has approved it");
        assert_eq!((findings.len(), world.refs()), (3, before));
    }
    let world = World::bare("FULL_HUMAN");
    world.store_contract();
    let expected = [
        (Code::Gov005, "task-approved"),
        (Code::Gov011, "run-in-turn"),
    ];
    world.assert_refused(MEND, &expected);
}

#[test]
fn only_an_orchestrator_runs_and_never_under_a_locked_policy() {
    alone!();
    let world = World::new();
    for person in ["olga", "rita"] {
        let findings = refusal(run(&world.actor(person), &world.request(MEND)));
        assert!(findings.has(Code::Att001) && findings.len() == 1);
    }
    let world = World::bare("LOCKED");
    world.store_contract();
    world.approve();
    world.assert_refused(MEND, &[(Code::Gov007, "locked")]);
}
