//! Roll-back: each condition broken alone, and a run that was rejected before it landed.

use super::story::*;
use crate::facts::run::Lookup;
use crate::record::tree::Change;
use crate::record::{ObjectId, Subject};
use crate::records::{OutcomePredicate, Verdict};
use crate::rules::{self, Reverted, life};

/// A roll-back in order, of a story whose run was rejected.
struct Rollback {
    told: Told,
    ancestor: bool,
    earlier: Option<ObjectId>,
    changed: Vec<Change>,
}

fn rollback(edits: &[Edit], verdict: Verdict, edit: fn(&mut OutcomePredicate)) -> Rollback {
    let mut told = told(edits);
    let mut says = outcome(&told, verdict);
    edit(&mut says);
    told.facts.outcome = Lookup::Valid(verified(&told.policy, says));
    let changed = told.changes.clone();
    for change in &mut told.changes {
        std::mem::swap(&mut change.old, &mut change.new);
    }
    told.commit.id = id(13);
    told.commit.parents = vec![id(11)];
    Rollback {
        told,
        ancestor: true,
        earlier: None,
        changed,
    }
}

fn rejected(edits: &[Edit]) -> Rollback {
    rollback(edits, Verdict::Rejected, |_| {})
}

impl Rollback {
    fn found(&self) -> Vec<String> {
        let mut commit = commit("Align\n");
        commit.id = id(11);
        let reverted = Reverted {
            commit: &commit,
            changes: &self.changed,
            ancestor: self.ancestor,
            earlier: self.earlier,
        };
        self.told.judged(|case, facts, findings| {
            rules::rollback(case, facts, &reverted, findings);
        })
    }

    fn but(mut self, edit: fn(&mut Self)) -> Vec<String> {
        edit(&mut self);
        self.found()
    }
}

#[test]
fn each_condition_of_a_roll_back_is_needed() {
    use Edit::{Changes, Committer, Policy};
    const NOTHING: [&str; 0] = [];
    assert_eq!(rejected(&[]).found(), NOTHING, "in order");
    assert_eq!(
        rejected(&[Committer("olga")]).found(),
        NOTHING,
        "by an operator"
    );
    for (what, found, rule) in [
        (
            "a ref that takes none",
            rejected(&[Policy(|it| *it = it.replace(", \"rollback\"", ""))]).found(),
            "GOV-008 rollback-accepted",
        ),
        (
            "two parents",
            rejected(&[]).but(|it| it.told.commit.parents.push(id(9))),
            "GOV-008 rollback-one-parent",
        ),
        (
            "no parent",
            rejected(&[]).but(|it| it.told.commit.parents.clear()),
            "GOV-008 rollback-one-parent",
        ),
        (
            "no run",
            rejected(&[]).but(|it| it.told.facts.run = Lookup::Missing),
            "GOV-008 rollback-of-a-run",
        ),
        (
            "no ancestor",
            rejected(&[]).but(|it| it.ancestor = false),
            "GOV-008 rollback-in-history",
        ),
        (
            "twice",
            rejected(&[]).but(|it| it.earlier = Some(id(9))),
            "GOV-008 rollback-once",
        ),
        (
            "no outcome",
            rejected(&[]).but(|it| it.told.facts.outcome = Lookup::Missing),
            "GOV-008 rollback-rejected",
        ),
        (
            "accepted",
            rollback(&[], Verdict::Accepted, |_| {}).found(),
            "GOV-008 rollback-rejected",
        ),
        (
            "the outcome of another commit",
            rollback(&[], Verdict::Rejected, |it| it.commit = id(9)).found(),
            "GOV-008 rollback-rejected",
        ),
        (
            "one more path",
            rejected(&[]).but(|it| it.told.changes.push(change("src/b"))),
            "GOV-008 exact-inverse",
        ),
        (
            "nobody who may",
            rejected(&[Committer("rita")]).found(),
            "ATT-001 role-held",
        ),
        (
            "a protected path",
            rejected(&[Changes(|it| *it = vec![change("guarded/a")])]).found(),
            "GOV-003 protected-artefact",
        ),
    ] {
        // Where the run is says so too.
        let turn = match what {
            "no outcome" => Some("GOV-011 run-in-turn"),
            "accepted" | "twice" => Some("GOV-011 run-over"),
            _ => None,
        };
        let expected: Vec<_> = [rule].into_iter().chain(turn).collect();
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn another_commit_than_the_runs_is_not_rolled_back() {
    let found = rejected(&[Edit::Run(|it| it.commit = id(14))]).found();
    assert_eq!(
        found,
        ["GOV-008 rollback-of-a-run", "GOV-008 rollback-rejected"]
    );
}

#[test]
fn a_run_that_was_rejected_does_not_land() {
    for (verdict, expected) in [
        (Verdict::Rejected, Some("GOV-011 run-over".to_owned())),
        (Verdict::Accepted, None),
    ] {
        let story = rollback(&[], verdict, |_| {}).told;
        let found = life::lands(&story.facts, &story.policy, Subject::none());
        let found = found.map(|it| format!("{} {}", it.code.as_str(), it.rule));
        assert_eq!(found, expected, "{verdict:?}");
    }
    let story = told(&[]);
    assert!(life::lands(&story.facts, &story.policy, Subject::none()).is_none());
}

#[test]
fn an_inverse_says_how_it_differs() {
    let changed = |path: &str, old: u8, new: u8| {
        let mut change = change(path);
        change.old.as_mut().unwrap().1 = id(old);
        change.new.as_mut().unwrap().1 = id(new);
        change
    };
    let run = [changed("a", 1, 2), changed("b", 1, 2), changed("c", 1, 2)];
    let back = [changed("b", 2, 3), changed("c", 4, 1), changed("d", 1, 2)];
    let found: Vec<_> = rules::rollback::inverse(&run, &back)
        .into_iter()
        .map(|(path, how)| (path.to_string(), how))
        .collect();
    let expected = [
        ("a", "not put back"),
        ("b", "put back as something else"),
        ("c", "changed by others since"),
        ("d", "touched besides"),
    ];
    assert_eq!(
        found,
        expected.map(|(path, how)| (path.to_owned(), how)).to_vec()
    );
}
