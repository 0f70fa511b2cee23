//! Evidence that arrives, and what arrives in general.

use super::world::*;
use crate::check::tests::world::Stage::*;
use crate::git;
use crate::record::tree::Mode;
use crate::record::{ObjectId, RefName, RepoPath, RunId};
use crate::records::Kind;
use crate::store::layout::{self, run_directory};

fn evidence_of(run: &RunId, file: &str) -> String {
    format!("{}/{file}", run_directory(run))
}

#[test]
fn evidence_arrives_once_and_whole_in_the_place_of_its_run() {
    finds(&[
        (
            "evidence of no run",
            &[],
            Executed,
            |_, it| {
                let path = evidence_of(&other_run(), "report.md");
                it.of(month()).insert(path, (Mode::File, b"x".to_vec()));
            },
            &["STR-001 evidence-of-a-run"],
        ),
        (
            "evidence in another month than the run says",
            &[],
            Executed,
            |_, it| {
                let files = it.governance.remove(&month()).unwrap();
                it.governance
                    .insert(layout::evidence("2026-02".parse().unwrap()), files);
            },
            &["GOV-002 evidence", "STR-001 evidence-of-a-run"],
        ),
        (
            "a file beside the runs",
            &[],
            Executed,
            |_, it| {
                let file = (Mode::File, b"x".to_vec());
                it.of(month()).insert("report.md".to_owned(), file);
            },
            &["STR-002 record-kind"],
        ),
        (
            "a run at another fan-out",
            &[],
            Executed,
            |_, it| {
                let file = (Mode::File, b"x".to_vec());
                it.of(month()).insert("runs/00/run_one/x".to_owned(), file);
            },
            &["STR-002 record-kind"],
        ),
        (
            "a program",
            &[],
            Executed,
            |_, it| {
                let path = evidence_of(&run_id(), "report.md");
                it.of(month()).get_mut(&path).unwrap().0 = Mode::Executable;
            },
            &["INT-003 record-mode", "STR-002 record-kind"],
        ),
        (
            "a file more, later",
            &[],
            Reviewed,
            |_, it| {
                let path = evidence_of(&run_id(), "more.md");
                it.of(month()).insert(path, (Mode::File, b"x".to_vec()));
            },
            &["INT-002 evidence-whole"],
        ),
        (
            "a file changed, later",
            &[],
            Reviewed,
            |_, it| {
                let path = evidence_of(&run_id(), "report.md");
                it.of(month()).insert(path, (Mode::File, b"x".to_vec()));
            },
            &["REP-002 records-never-change"],
        ),
        (
            "a file removed, later",
            &[],
            Reviewed,
            |_, it| {
                let path = evidence_of(&run_id(), "report.md");
                it.of(month()).remove(&path).unwrap();
            },
            &["REP-002 records-never-change"],
        ),
    ]);
}

#[test]
fn what_arrives_is_counted_and_named() {
    let world = World::new(&[]);
    let report = world.push(Approved, &|_, _| {});
    assert_eq!(report.checked["records"], 3);
    assert_eq!(report.checked["refs"], 2);
    let report = world.push(Executed, &|_, _| {});
    assert_eq!(report.checked["records"], 3);

    let world = World::new(&[Edit::Run(|it| it.context.repository = id(1))]);
    let path = Kind::Run.of(run_id()).to_path().to_string();
    let report = world.push(Executed, &|_, _| {});
    assert!(
        report
            .findings
            .iter()
            .any(|it| it.subject.record.as_ref() == Some(&path)),
        "{:?}",
        report.findings
    );

    // What no run is asked about names its place too.
    let world = World::new(&[]);
    let path = Kind::Contract.of(task());
    let report = world.push(Approved, &|world, it| {
        it.put(&path, world.approval.to_bytes())
    });
    let mut found = report.findings.iter();
    let finding = found.find(|it| it.rule == "statement-type").unwrap();
    let path = path.to_path().to_string();
    assert_eq!(finding.subject.record.as_ref(), Some(&path));
}

/// Writes the tree with an empty directory besides, which git itself would not make.
fn with_empty_directory(world: &World, tree: ObjectId, name: &str) -> ObjectId {
    let mut raw = world.repo.tree(tree).unwrap().to_bytes();
    let empty = world.raw(git::Kind::Tree, b"");
    raw.extend(format!("40000 {name}\0").as_bytes());
    let hex = empty.to_string();
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    raw.extend((0..hex.len()).step_by(2).map(byte));
    world.raw(git::Kind::Tree, &raw)
}

#[test]
fn every_tree_that_a_governance_ref_gained_is_judged() {
    let world = World::new(&[]);
    let before = world.refs(Approved);
    let ledger = before[&layout::ledger()];
    let none = tree(&world.repo, &Files::new());
    let odd = with_empty_directory(&world, none, "zzz");
    let between = commit(&world.repo, odd, &[ledger], "x\n", None);
    let later = commit(&world.repo, none, &[between, ledger], "x\n", None);
    for (what, new, expected) in [
        ("at the end", between, "INT-003 tree-entry-empty"),
        ("in between", later, "INT-003 tree-entry-empty"),
    ] {
        let report = world.judge_moves(&before, &[(layout::ledger(), Some(new))]);
        assert_eq!(codes(&report), [expected], "{what}");
        let named = report.findings.iter().next().unwrap().subject.clone();
        assert_eq!(named.commit, Some(between.to_string()));
    }
    // Behind evidence stand the commits of runs, which this is none of, and behind those what is of
    // branches.
    let before = world.refs(Executed);
    let evidence = before[&month()];
    let tree = world.repo.commit(world.base).unwrap().tree;
    let odd = with_empty_directory(&world, tree, "zzz");
    let odd = commit(&world.repo, odd, &[world.base], "x\n", None);
    let run = commit(
        &world.repo,
        world.repo.commit(odd).unwrap().tree,
        &[odd],
        "x\n",
        None,
    );
    let files = world.repo.commit(evidence).unwrap().tree;
    let new = commit(&world.repo, files, &[evidence, run], "x\n", None);
    for (there, expected) in [
        (None, "INT-003 tree-entry-empty"),
        (Some("refs/heads/x"), "STR-002 record-kind"),
        (Some("refs/remotes/origin/x"), "STR-002 record-kind"),
        (Some("refs/awo/x"), "INT-003 tree-entry-empty"),
    ] {
        let mut before = before.clone();
        before.extend(there.map(|name| (RefName::new(name).unwrap(), odd)));
        let report = world.judge_moves(&before, &[(month(), Some(new))]);
        assert_eq!(codes(&report).join(", "), expected, "{there:?}");
    }
}

#[test]
fn what_the_policy_permits_on_branches_is_permitted_behind_evidence_and_not_in_it() {
    let permits = Edit::Policy(|it| *it = it.replace("[tree]", "[tree]\nodd_names = [\"**\"]"));
    let month = month();
    for (permits, odd, expected) in [
        (None, "src/a\tb", "INT-003 tree-entry-name"),
        (Some(&permits), "src/a\tb", ""),
        (Some(&permits), "src/git~1", "INT-003 tree-entry-name"),
    ] {
        let world = World::new(permits.map(std::slice::from_ref).unwrap_or_default());
        // A commit on which the run stands and that no branch has any more.
        let mut before = world.refs(Executed);
        let evidence = before.remove(&month).unwrap();
        before.retain(|name, _| name.branch().is_none());
        let base = world.repo.commit(world.base).unwrap();
        let blob = world.repo.write_blob(b"x").unwrap();
        let edit = (RepoPath::from(odd), Some((Mode::File, blob)));
        let with = world.repo.edit_tree(Some(base.tree), &[edit]).unwrap();
        let odd = commit(&world.repo, with, &[world.base], "x\n", None);
        let files = world.repo.commit(evidence).unwrap().tree;
        let run = "x\n\nAWO-Run: other\nAWO-Task: T\nAWO-Root: x\n";
        let run = commit(&world.repo, base.tree, &[odd], run, None);
        let new = commit(&world.repo, files, &[evidence, run], "x\n", None);
        let report = world.judge_moves(&before, &[(month.clone(), Some(new))]);
        let found: Vec<_> = codes(&report);
        let found = found.iter().filter(|it| it.contains("tree-entry"));
        assert_eq!(
            found.cloned().collect::<Vec<_>>().join(", "),
            expected,
            "{odd}"
        );
    }
    // Evidence that claims to be the commit of a run is none.
    let world = World::new(&[permits]);
    let before = world.refs(Executed);
    let evidence = before[&month];
    let claims = "x\n\nAWO-Run: other\nAWO-Task: T\nAWO-Root: x\n";
    let odd = evidence_of(&other_run(), "a\tb");
    let blob = world.repo.write_blob(b"x").unwrap();
    let files = world.repo.commit(evidence).unwrap().tree;
    let edit = (RepoPath::from(odd.as_str()), Some((Mode::File, blob)));
    let files = world.repo.edit_tree(Some(files), &[edit]).unwrap();
    for (message, expected) in [
        ("x\n", "INT-003 tree-entry-name"),
        (claims, "STR-002 record-kind"),
    ] {
        let new = commit(&world.repo, files, &[evidence], message, None);
        let report = world.judge_moves(&before, &[(month.clone(), Some(new))]);
        let found = codes(&report);
        assert!(found.iter().any(|it| it == expected), "{found:?}");
    }
}

#[test]
fn a_governance_ref_gains_so_many_commits_at_most() {
    let world = World::new(&[Edit::Policy(|it| it.push_str("[limits]\ncommits = 3\n"))]);
    let before = world.refs(Founded);
    // Two clones add the same, side by side.
    let one = world.refs(Approved)[&layout::ledger()];
    let files = world.repo.commit(one).unwrap().tree;
    let other = commit(&world.repo, files, &[], "x\n", None);
    let none = tree(&world.repo, &Files::new());
    let join = |one, other| commit(&world.repo, none, &[one, other], "x\n", None);
    let three = join(one, other);
    for (new, expected) in [(three, ""), (join(three, one), "INT-006 limits")] {
        let report = world.judge_moves(&before, &[(layout::ledger(), Some(new))]);
        assert_eq!(codes(&report).join(", "), expected);
    }
}

#[test]
fn the_record_of_a_run_arrives_with_the_objects_that_it_names() {
    // Only at the door: a clone may not have the objects yet.
    let found = |edits: &[Edit]| codes(&World::new(edits).push(Executed, &|_, _| {}));
    assert_eq!(found(&[]), [""; 0]);
    let absent = "INT-005 object-present".to_owned();
    // The evidence holds another commit than the record names.
    let kind = "STR-002 record-kind";
    let other = found(&[Edit::Run(|it| it.commit = id(7))]);
    assert_eq!(other, [&*absent, kind]);
    let tree = found(&[Edit::Run(|it| it.commit = it.tree)]);
    assert_eq!(tree, ["INT-003 object-kind", kind]);
    for edit in [
        Edit::Run(|it| it.base = id(7)),
        Edit::Run(|it| it.tree = id(7)),
    ] {
        let found = found(&[edit]);
        assert!(found.contains(&absent), "{found:?}");
    }
}
