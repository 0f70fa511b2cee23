//! Branches of a clone: each push by the policy in force then, each file hashed.

use super::world::*;
use crate::check::tests::world::Stage::*;
use crate::check::verify::Scope;
use crate::git::Kind;
use crate::record::tree::Mode;
use crate::record::{Code, ObjectId, RepoPath};
use crate::records::Movement;
use crate::store::layout;
use crate::store::ledger::Refs;

const NO_SERVER: Edit = Edit::Policy(|it| *it = it.replace("roles = [\"server\"]", "roles = []"));

/// dev takes text files too, and next runs alone.
const WIDER: Edit = Edit::Policy(|it| {
    let dev = "writers = [\"*\"]\npaths = [\"src/\", \"*.md\", \"*.txt\"]\n";
    let all = "writers = [\"*\"]\npaths = [\"src/\", \"*.md\"]\n";
    *it = it.replacen(all, dev, 1);
    it.push_str("[[ref]]\npattern = \"refs/heads/next\"\naccept = [\"governed\"]\n");
});

fn work(world: &World, on: ObjectId, path: &str, by: &str) -> ObjectId {
    let mut files = sources();
    for path in [path, "src/more.py"] {
        files.insert(path.to_owned(), (Mode::File, path.as_bytes().to_vec()));
    }
    let tree = tree(&world.repo, &files);
    commit(&world.repo, tree, &[on], "Work\n", Some(by))
}

/// Returns `CODE rule on-branch` of everything that is found.
pub fn found(world: &World, refs: &Refs, scope: &Scope) -> Vec<String> {
    let report = world.verify(refs, scope);
    let all = report.findings.iter().chain(report.undecided.iter());
    let mut words: Vec<_> = all
        .map(|it| {
            let on = it.subject.reference.as_deref().unwrap_or_default();
            format!("{} {} {on}", it.code.as_str(), it.rule)
        })
        .collect();
    words.sort();
    words.dedup();
    words
}

/// Commits the second version of the policy, by which less is allowed.
fn stricter(world: &World, refs: &Refs, edit: fn(&mut String)) -> Refs {
    let mut text = world.policy_text();
    edit(&mut text);
    let next = policy_commit(&world.repo, &[world.policy], &text, &signers());
    let mut after = refs.clone();
    after.insert(layout::policy(), next);
    world.receive(refs, &mut after, |_| {});
    after
}

#[test]
fn what_was_right_when_it_came_stays_right() {
    let world = World::new(&[
        Edit::Outcome(|_| {}),
        Edit::Override(|_| {}),
        Edit::Contract(|it| it.risk_tier = Some("HIGH".to_owned())),
    ]);
    let mut refs = world.logged(Judged);
    let before = refs.clone();
    refs.insert(branch("dev"), work(&world, world.base, "src/x.py", "otto"));
    world.receive(&before, &mut refs, |_| {});
    for (what, edit) in [
        ("nothing", (|_| {}) as fn(&mut String)),
        ("nobody reviews", |it| {
            *it = it.replace("roles = [\"reviewer\"]", "roles = []");
        }),
        ("two must approve", |it| {
            *it = it.replace("audit_approvals = 1", "audit_approvals = 2");
        }),
        ("two must approve what is of this tier", |it| {
            *it = it.replacen("schema =", "requires = [\"risk/1\"]\nschema =", 1);
            it.push_str("[risk.HIGH]\naudit_approvals = 2\n");
        }),
        ("rita is a model, and persons approve", |it| {
            let requires = "requires = [\"automation/1\", \"risk/1\"]\nschema =";
            *it = it.replacen("schema =", requires, 1);
            let rita = "name = \"rita\"\nroles = [\"";
            let model = "name = \"rita\"\nmodel = \"m\"\nroles = [\"model\", \"";
            *it = it.replace(rita, model);
            it.push_str("[risk.HIGH]\nmodel_reviewers = false\n");
        }),
        ("rita is a draft", |it| {
            let rita = "name = \"rita\"\nroles = [\"reviewer\"]";
            *it = it.replace(rita, "name = \"rita\"\nroles = [\"draft\"]");
        }),
        ("two must approve the task", |it| {
            *it = it.replace("task_approvals = 1", "task_approvals = 2");
        }),
        ("nobody runs", |it| {
            *it = it.replace("\"orchestrator\", ", "");
        }),
        ("approvals are short", |it| {
            *it = it.replace("task_approvals", "approval_days = 1\ntask_approvals");
        }),
        ("olga writes alone", |it| {
            *it = it.replace("writers = [\"*\"]", "writers = [\"olga\"]");
        }),
        ("little evidence", |it| {
            it.push_str("[limits]\nevidence_bytes = 1\n")
        }),
        ("short inventories", |it| {
            it.push_str("[limits]\ninventory_lines = 1\n")
        }),
        ("main takes no runs", |it| {
            *it = it.replacen("[\"governed\", \"rollback\"]", "[\"rollback\"]", 1);
        }),
    ] {
        let refs = stricter(&world, &refs, edit);
        let commits = Scope::Commits {
            tag: None,
            reference: Some(main()),
            tips: vec![world.commit],
            hidden: vec![world.base],
        };
        for scope in [Scope::All, Scope::Run(run_id()), commits] {
            let found = found(&world, &refs, &scope);
            assert_eq!(found, [""; 0], "{what}, {scope:?}");
        }
    }
}

#[test]
fn a_run_is_judged_by_the_policy_of_the_push_that_brought_it() {
    // Before the policy in force no run was taken.
    let world = World::new(&[Edit::Earlier(|it| {
        *it = it.replacen("[\"governed\", \"rollback\"]", "[\"rollback\"]", 1);
    })]);
    let mut first = Refs::new();
    first.insert(layout::policy(), world.repository);
    first.insert(main(), world.base);
    world.receive(&Refs::new(), &mut first, |it| {
        it.says.context.policy = it.says.context.repository
    });
    let mut before = first;
    for stage in [Approved, Executed, Reviewed, Landed] {
        let mut after = world.commit(&before, &world.shelf(stage));
        world.receive(&before, &mut after, |_| {});
        before = after;
    }
    let commits = |reference| Scope::Commits {
        tag: None,
        reference: Some(reference),
        tips: vec![world.commit],
        hidden: vec![world.base],
    };
    for (scope, expected) in [
        (Scope::Run(run_id()), vec![]),
        (Scope::All, vec![]),
        (commits(main()), vec![]),
        (
            commits(branch("x")),
            vec!["GOV-004 ungoverned-ref refs/heads/x"],
        ),
        (
            commits(branch("dev")),
            vec![
                "ATT-002 binds-ref refs/heads/dev",
                "GOV-002 governed-accepted refs/heads/dev",
            ],
        ),
    ] {
        assert_eq!(found(&world, &before, &scope), expected, "{scope:?}");
    }
}

#[test]
fn a_run_is_judged_by_the_push_that_moved_its_branch() {
    // Its records came while main took no runs, its commit when it did.
    let world = World::new(&[
        Edit::Older,
        Edit::Earlier(|it| {
            *it = it.replacen("[\"governed\", \"rollback\"]", "[\"rollback\"]", 1);
        }),
    ]);
    let older = |it: &mut Receipt| it.says.context.policy = it.says.context.repository;
    let mut before = Refs::new();
    for stage in [Founded, Approved, Executed, Reviewed] {
        let mut shelf = world.shelf(stage);
        shelf.branches.insert(layout::policy(), world.repository);
        let mut after = world.commit(&before, &shelf);
        world.receive(&before, &mut after, older);
        before = after;
    }
    let mut after = before.clone();
    after.insert(layout::policy(), world.policy);
    world.receive(&before, &mut after, older);
    let mut landed = world.commit(&after, &world.shelf(Landed));
    world.receive(&after, &mut landed, |_| {});
    let commits = Scope::Commits {
        tag: None,
        reference: Some(main()),
        tips: vec![world.commit],
        hidden: vec![world.base],
    };
    for scope in [Scope::Run(run_id()), commits, Scope::All] {
        assert_eq!(found(&world, &landed, &scope), [""; 0], "{scope:?}");
    }
}

#[test]
fn a_branch_may_build_on_what_was_judged_as_strictly() {
    let world = World::new(&[NO_SERVER, WIDER]);
    let done = world.commit;
    let text = work(&world, world.base, "x.txt", "otto");
    let on_done = work(&world, done, "src/x.py", "otto");
    let on_text = work(&world, text, "src/x.py", "otto");
    for (what, branches, expected) in [
        ("free on main", vec![("free", on_done)], vec![]),
        ("next on main", vec![("next", done)], vec![]),
        ("dev by itself", vec![("dev", text)], vec![]),
        (
            "free on dev",
            vec![("dev", text), ("free", on_text)],
            vec!["GOV-003 direct-writers refs/heads/free"],
        ),
    ] {
        let mut refs = world.refs(Landed);
        refs.extend(branches.iter().map(|(name, id)| (branch(name), *id)));
        assert_eq!(found(&world, &refs, &Scope::All), expected, "{what}");
    }
    // What is not in order where it was judged is told there: elsewhere it is no news, as at the door.
    let world = World::new(&[NO_SERVER, Edit::Log(|it| it.commit = id(1))]);
    let mut refs = world.refs(Landed);
    refs.insert(branch("next"), world.commit);
    let told = found(&world, &refs, &Scope::All);
    assert!(told.iter().any(|it| it.ends_with("refs/heads/main")));
    assert!(
        !told.iter().any(|it| it.ends_with("refs/heads/next")),
        "{told:?}"
    );
}

#[test]
fn a_branch_is_judged_push_by_push() {
    let world = World::new(&[WIDER]);
    let mut founded = world.refs(Founded);
    founded.insert(branch("free"), work(&world, world.base, "src/x.py", "otto"));
    world.receive(&Refs::new(), &mut founded, |_| {});
    let mut before = founded;
    for stage in [Approved, Executed, Reviewed, Landed] {
        let mut after = world.commit(&before, &world.shelf(stage));
        after.insert(branch("free"), before[&branch("free")]);
        world.receive(&before, &mut after, |_| {});
        before = after;
    }
    // It goes on from main.
    let mut after = before.clone();
    after.insert(
        branch("free"),
        work(&world, world.commit, "src/y.py", "otto"),
    );
    world.receive(&before, &mut after, |_| {});
    assert_eq!(found(&world, &after, &Scope::All), [""; 0]);
}

#[test]
fn a_clone_behind_the_log_judges_what_it_has() {
    let world = World::new(&[]);
    let refs = world.logged(Landed);
    let commits = |refs: &Refs| {
        let report = world.verify(refs, &Scope::All);
        assert_eq!(codes(&report), [""; 0]);
        report.checked.get("commits").copied()
    };
    assert_eq!(commits(&refs), Some(1));
    let mut without = refs.clone();
    without.remove(&main());
    assert_eq!(commits(&without), None);
    let mut other = without.clone();
    other.insert(
        branch("free"),
        work(&world, world.commit, "src/x.py", "otto"),
    );
    // A branch may have in it what the log says of another one.
    assert_eq!(commits(&other), Some(2));
    // A movement to what is not here says nothing.
    let mut refs = world.refs(Founded);
    world.receive(&Refs::new(), &mut refs, |it| {
        it.says.movements.push(Movement {
            reference: branch("dev"),
            old: None,
            new: Some(id(9)),
        });
        it.says.movements.sort();
    });
    assert_eq!(found(&world, &refs, &Scope::All), [""; 0]);
}

#[test]
fn a_branch_without_a_rule_is_noted_once() {
    let world = World::new(&[]);
    let mut refs = world.refs(Founded);
    refs.insert(branch("x"), world.base);
    world.receive(&Refs::new(), &mut refs, |_| {});
    let report = world.verify(&refs, &Scope::All);
    assert_eq!(codes(&report), [""; 0]);
    assert_eq!(report.notes, ["refs/heads/x is not governed"]);
}

/// Returns the blob at a path of a commit.
fn blob(world: &World, commit: ObjectId, path: &str) -> ObjectId {
    let tree = world.repo.commit(commit).unwrap().tree;
    world.repo.entry(tree, &path.into()).unwrap().unwrap().1
}

#[test]
fn every_file_is_hashed() {
    let world = World::new(&[NO_SERVER]);
    let refs = world.refs(Landed);
    let report = world.verify(&refs, &Scope::All);
    assert_eq!(codes(&report), [""; 0]);
    for (what, bad, scope) in [
        (
            "what a commit brought",
            blob(&world, world.commit, "src/a.py"),
            Scope::All,
        ),
        (
            "what was there before",
            blob(&world, world.base, "README.md"),
            Scope::All,
        ),
        (
            "what a commit brought",
            blob(&world, world.commit, "src/a.py"),
            Scope::Commits {
                tag: None,
                reference: Some(main()),
                tips: vec![world.commit],
                hidden: vec![world.base],
            },
        ),
    ] {
        let raw = world.repo.blob(bad).unwrap();
        world.overwrite(bad, Kind::Blob, b"swapped\n");
        let told = found(&world, &refs, &scope);
        assert_eq!(told, ["INT-001 object-hash refs/heads/main"], "{what}");
        world.lose(bad);
        let told = found(&world, &refs, &scope);
        assert_eq!(told, ["INT-005 object-present refs/heads/main"], "{what}");
        world.overwrite(bad, Kind::Blob, &raw);
    }
    assert_eq!(found(&world, &refs, &Scope::All), [""; 0]);
}

#[test]
fn what_a_later_commit_took_away_is_hashed_too() {
    let world = World::new(&[NO_SERVER]);
    let mut refs = world.refs(Founded);
    let first = work(&world, world.base, "src/x.py", "otto");
    let files = tree(&world.repo, &sources());
    let second = commit(&world.repo, files, &[first], "Back\n", Some("otto"));
    refs.insert(branch("dev"), second);
    assert_eq!(found(&world, &refs, &Scope::All), [""; 0]);
    world.overwrite(blob(&world, first, "src/x.py"), Kind::Blob, b"swapped\n");
    let told = found(&world, &refs, &Scope::All);
    assert_eq!(told, ["INT-001 object-hash refs/heads/dev"]);
}

#[test]
fn what_cannot_be_read_on_one_branch_hides_no_other() {
    let world = World::new(&[NO_SERVER]);
    let mut refs = world.refs(Landed);
    refs.insert(branch("both"), id(9));
    let bad = work(&world, world.commit, "other.bin", "otto");
    refs.insert(branch("free"), bad);
    let told = found(&world, &refs, &Scope::All);
    assert_eq!(
        told,
        [
            "GOV-003 direct-writers refs/heads/free",
            "INT-005 object-present refs/heads/both"
        ]
    );
}

#[test]
fn a_submodule_is_no_file_of_this_repository() {
    let world = World::new(&[NO_SERVER]);
    let link = [("src/sub".into(), Some((Mode::Gitlink, id(9))))];
    let tree = world.repo.commit(world.commit).unwrap().tree;
    let linked = world.repo.edit_tree(Some(tree), &link).unwrap();
    let mut refs = world.refs(Landed);
    let with = commit(&world.repo, linked, &[world.commit], "Link\n", Some("otto"));
    refs.insert(branch("free"), with);
    let told = found(&world, &refs, &Scope::All);
    assert_eq!(told, ["INT-003 tree-entry-mode refs/heads/free"]);
}

#[test]
fn evidence_accepted_before_it_was_compared_stays_accepted() {
    const CONTRADICTS: Edit = Edit::Evidence(|it| {
        it.insert(RepoPath::from("patch.diff"), b"nothing\n".to_vec());
    });
    const REQUIRES: Edit = Edit::Policy(|it| {
        let requires = "\nrequires = [\"evidence/1\"]\nversion";
        *it = it.replacen("\nversion", requires, 1);
    });
    let denied = "ATT-002 evidence-claims ";
    // As a server of an older version has taken it.
    let world = World::new(&[CONTRADICTS]);
    let refs = world.logged(Landed);
    for scope in [Scope::All, Scope::Run(run_id())] {
        assert_eq!(found(&world, &refs, &scope), [""; 0], "{scope:?}");
    }
    // A later policy does not reach back.
    let later = stricter(&world, &refs, |it| {
        *it = it.replacen("\nversion", "\nrequires = [\"evidence/1\"]\nversion", 1);
    });
    assert_eq!(found(&world, &later, &Scope::All), [""; 0]);
    // Under a policy that requires it, whoever says that it was taken.
    let world = World::new(&[CONTRADICTS, REQUIRES]);
    let all = found(&world, &world.logged(Landed), &Scope::All);
    assert!(all.contains(&denied.to_owned()), "{all:?}");
    // And where it arrives, under any policy.
    let world = World::new(&[CONTRADICTS]);
    let report = world.push(Executed, &|_, _| {});
    assert!(report.findings.has(Code::Att002), "{:?}", report.findings);
}
