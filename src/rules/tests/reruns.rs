//! What a report of a repeated command must show.

use super::people::{context, document, name, policy, sha, verified};
use crate::cell::Layer;
use crate::facts::reruns::{Rerun, Reruns};
use crate::record::determinism::DeterminismDraft;
use crate::record::determinism::tests::report;
use crate::record::{IdentityName, ObjectId};
use crate::records::DeterminismPredicate;
use crate::rules::rerun::{Lacks, Wanted, shown};

/// A report by somebody in a role, changed.
fn by(who: &str, role: &str, made: &[(u8, u8)], change: fn(&mut DeterminismDraft)) -> Rerun {
    let mut draft = report(made);
    draft.cell.held = Layer::ALL.iter().map(ToString::to_string).collect();
    change(&mut draft);
    let says = DeterminismPredicate {
        context: context(who, role),
        report: draft.check().unwrap(),
    };
    Rerun {
        record: verified(&policy(&document()), says),
        before: [sha(1)].into(),
    }
}

fn reruns(reports: Vec<Rerun>) -> Reruns {
    let recipe = reports
        .first()
        .map(|it| it.record.predicate().report.recipe());
    Reruns { recipe, reports }
}

const THREE: &[(u8, u8)] = &[(1, 0), (1, 0), (1, 0)];

#[test]
fn a_report_counts_by_a_reviewer_of_another_mind_who_made_the_committed_tree_so_often() {
    let none: fn(&mut DeterminismDraft) = |_| {};
    let good = || by("rita", "reviewer", THREE, none);
    let mut late = good();
    late.before.clear();
    let two: &[(u8, u8)] = &[(1, 0), (1, 0)];
    for (what, reports, expected) in [
        ("good", vec![good()], None),
        ("nobody", vec![], Some("what ran is not known here")),
        ("late", vec![late], Some("the report of rita came later")),
        (
            "another role",
            vec![by("olga", "operator", THREE, none)],
            Some("the report of olga is signed as operator"),
        ),
        (
            "who made it, as a reviewer",
            vec![by("otto", "reviewer", THREE, none)],
            Some("otto made the run"),
        ),
        (
            "few",
            vec![by("rita", "reviewer", two, none)],
            Some("only 2 runs"),
        ),
        (
            "failed",
            vec![by("rita", "reviewer", &[(1, 1), (1, 1), (1, 1)], none)],
            Some("the command fails"),
        ),
        (
            "another tree",
            vec![by("rita", "reviewer", &[(2, 0), (2, 0), (2, 0)], none)],
            Some("it makes the tree 0202"),
        ),
        (
            "a layer",
            vec![by("rita", "reviewer", THREE, |it| {
                it.cell.held.remove("files");
            })],
            Some("of its cells did not hold: files"),
        ),
        (
            "one that counts among others",
            vec![by("rita", "reviewer", two, none), good()],
            None,
        ),
        (
            "one that differs among others",
            vec![good(), by("rita", "reviewer", &[(1, 0), (2, 0)], none)],
            Some("rita ran it 2 times: run 2 differs from run 1 in the content of out at byte 3"),
        ),
        (
            "one that differs, by who made it",
            vec![good(), by("otto", "reviewer", &[(1, 0), (2, 0)], none)],
            None,
        ),
    ] {
        let wanted = Wanted {
            runs: 3,
            output: ObjectId::Sha1([1; 20]),
            layers: Layer::ORDINARY,
            is_own: &|it: &IdentityName| *it == name("otto"),
            used_by: Some(sha(1)),
        };
        let found = match shown(&reruns(reports), &wanted) {
            Ok(()) => None,
            Err(Lacks::Differs(why)) => {
                assert!(what.contains("differs"), "{what}");
                Some(why)
            }
            Err(Lacks::Otherwise(why)) => {
                assert_eq!(what, "another tree");
                Some(why)
            }
            Err(Lacks::Uncounted(why)) => Some(why),
        };
        match (&found, expected) {
            (None, None) => {}
            (Some(found), Some(expected)) if found.starts_with(expected) => {}
            _ => panic!("{what}: {found:?}, not {expected:?}"),
        }
    }
    // Where the policy asks for no cell, none has to hold.
    let open = by("rita", "reviewer", THREE, |it| it.cell.held.clear());
    let wanted = Wanted {
        runs: 3,
        output: ObjectId::Sha1([1; 20]),
        layers: &[],
        is_own: &|_| false,
        used_by: None,
    };
    assert!(shown(&reruns(vec![open]), &wanted).is_ok());
}
