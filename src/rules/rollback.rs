//! Roll-back: the exact inverse of one rejected governed commit, once.

use std::collections::BTreeMap;

use crate::facts::case::CommitCase;
use crate::facts::run::RunFacts;
use crate::policy::Role;
use crate::record::commit::Commit;
use crate::record::tree::Change;
use crate::record::{Finding, Findings, ObjectId, RepoPath, Rule};
use crate::records::Verdict;

use super::scope::policy_paths;
use super::{artefacts, life, remedy};

/// What a roll-back commit takes back.
pub struct Reverted<'a> {
    /// The harness commit.
    pub commit: &'a Commit,
    /// What that commit changed.
    pub changes: &'a [Change],
    /// Whether it is an ancestor of the roll-back.
    pub ancestor: bool,
    /// A roll-back of the same run between the two, if there is one.
    pub earlier: Option<ObjectId>,
}

/// What was taken back is not applied again: that spends the same approval twice.
pub fn again(case: &CommitCase<'_>, rollback: ObjectId) -> Finding {
    Rule::RolledBackForGood
        .finding(case.subject())
        .found(format!("applies again what {rollback} has taken back"))
        .expected("a run of its own, with approvals of its own")
        .remedy(remedy::TASK_OF_ITS_OWN)
}

/// A roll-back takes back one run; this one does not.
pub fn not_of_a_run(case: &CommitCase<'_>, found: &str) -> Finding {
    Rule::RollbackOfARun
        .finding(case.subject())
        .found(found)
        .expected("the commit of one governed run")
        .remedy(case.without_trailers("git awo rollback RUN"))
}

/// Judges a commit that claims to roll a run back.
pub fn rollback(
    case: &CommitCase<'_>,
    facts: &RunFacts,
    reverted: &Reverted<'_>,
    findings: &mut Findings,
) {
    let subject = || case.subject().run(&facts.id);
    let again = format!("git awo rollback {}", facts.id);
    let by_command = match case.rules.accepts_rollback() {
        true => format!("git reset --keep HEAD^, then {again}"),
        false => case.without_trailers(&again),
    };
    let reject = format!(
        "git awo outcome {} rejected --reason TEXT, then {again}",
        facts.id
    );
    let mut refuse = |rule: Rule, found: String, expected: &str| {
        let remedy = match rule {
            Rule::RollbackOnce => "git reset --keep HEAD^: the run is taken back already",
            Rule::RollbackRejected if facts.outcome.valid().is_none() => &reject,
            Rule::RollbackRejected => remedy::TASK_OF_ITS_OWN,
            _ => &by_command,
        };
        findings.push(
            rule.finding(subject())
                .found(found)
                .expected(expected)
                .remedy(remedy),
        );
    };
    if !case.rules.accepts_rollback() {
        refuse(
            Rule::RollbackAccepted,
            "a roll-back".to_owned(),
            "a ref that takes roll-backs",
        );
    }
    if case.commit.parents.len() != 1 {
        refuse(
            Rule::RollbackOneParent,
            format!("{} parents", case.commit.parents.len()),
            "one",
        );
    }
    let bound = facts
        .run
        .valid()
        .is_some_and(|run| run.predicate().commit == reverted.commit.id);
    if !bound {
        refuse(
            Rule::RollbackOfARun,
            format!("takes back {}", reverted.commit.id),
            "the commit of a governed run",
        );
    }
    if !reverted.ancestor {
        refuse(
            Rule::RollbackInHistory,
            format!("{} is no ancestor", reverted.commit.id),
            "a commit of this branch",
        );
    }
    if let Some(earlier) = reverted.earlier {
        refuse(
            Rule::RollbackOnce,
            format!("taken back before by {earlier}"),
            "one roll-back",
        );
    }
    match facts.outcome.valid() {
        Some(outcome) => {
            let says = outcome.predicate();
            if says.outcome != Verdict::Rejected {
                refuse(
                    Rule::RollbackRejected,
                    "the outcome is accepted".to_owned(),
                    "a recorded rejection",
                );
            }
            if says.commit != reverted.commit.id {
                refuse(
                    Rule::RollbackRejected,
                    format!("the outcome is of {}", says.commit),
                    "the outcome of this commit",
                );
            }
        }
        None => refuse(
            Rule::RollbackRejected,
            "no outcome recorded".to_owned(),
            "a recorded rejection",
        ),
    }
    let (landed, taken_back) = (reverted.ancestor, reverted.earlier.is_some());
    let policy = case.rules.policy();
    findings.extend(life::rolls_back(
        facts,
        policy,
        (landed, taken_back),
        subject(),
    ));
    artefacts::pages(case, findings);
    // What a page says follows from the files around it, which may be others since.
    let is_page = |it: &&Change| policy.is_index_page(&it.path);
    let without_pages =
        |all: &[Change]| -> Vec<Change> { all.iter().filter(|it| !is_page(it)).cloned().collect() };
    let (earlier, later) = (without_pages(reverted.changes), without_pages(case.changes));
    for (path, found) in inverse(&earlier, &later) {
        findings.push(
            Rule::ExactInverse
                .finding(subject().path(&path))
                .found(found)
                .expected("every path of the run put back as it was, and no other touched")
                .remedy(&by_command),
        );
    }
    let Some(person) = case.person(findings) else {
        return;
    };
    if !policy.holds(&person, Role::Operator) && !policy.holds(&person, Role::Orchestrator) {
        findings.push(
            Rule::RoleHeld
                .finding(subject())
                .found(format!("{person} holds {}", policy.roles_of(&person)))
                .expected("operator or orchestrator")
                .remedy("ask an operator: git awo rollback RUN"),
        );
    }
    policy_paths(case, &person, findings);
}

/// Returns each path at which `later` is not the exact inverse of `earlier`, and how it differs.
pub fn inverse(earlier: &[Change], later: &[Change]) -> Vec<(RepoPath, &'static str)> {
    let mut differences = Vec::new();
    let by_path = |set: &[Change]| -> BTreeMap<RepoPath, Change> {
        set.iter()
            .map(|change| (change.path.clone(), change.clone()))
            .collect()
    };
    let (earlier, later) = (by_path(earlier), by_path(later));
    for change in earlier.values() {
        match later.get(&change.path) {
            None => differences.push((change.path.clone(), "not put back")),
            Some(back) if back.new != change.old => {
                differences.push((change.path.clone(), "put back as something else"));
            }
            Some(back) if back.old != change.new => {
                differences.push((change.path.clone(), "changed by others since"));
            }
            Some(_) => {}
        }
    }
    let besides = later.into_keys().filter(|path| !earlier.contains_key(path));
    differences.extend(besides.map(|path| (path, "touched besides")));
    differences.sort();
    differences
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tree::Mode;

    fn change(path: &str, old: Option<u8>, new: Option<u8>) -> Change {
        let side = |n: Option<u8>| n.map(|n| (Mode::File, ObjectId::Sha1([n; 20])));
        Change {
            path: RepoPath::from(path),
            old: side(old),
            new: side(new),
        }
    }

    #[test]
    fn only_the_exact_inverse_differs_nowhere() {
        let run = [change("a", Some(1), Some(2)), change("b", None, Some(3))];
        let exact = [change("a", Some(2), Some(1)), change("b", Some(3), None)];
        assert!(inverse(&run, &exact).is_empty());
        for (what, other) in [
            ("partial", vec![change("a", Some(2), Some(1))]),
            (
                "larger",
                [exact.to_vec(), vec![change("c", None, Some(9))]].concat(),
            ),
            (
                "faked",
                vec![change("a", Some(2), Some(7)), change("b", Some(3), None)],
            ),
            (
                "stale",
                vec![change("a", Some(5), Some(1)), change("b", Some(3), None)],
            ),
        ] {
            assert!(!inverse(&run, &other).is_empty(), "{what}");
        }
    }
}
