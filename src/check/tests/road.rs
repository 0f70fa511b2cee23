//! The road of a run, in order: the benign twin of every other case.

use super::world::*;
use crate::check::verify::Scope;

#[test]
fn a_run_in_order_goes_the_whole_road() {
    finds(&[
        ("the task", &[], Stage::Approved, |_, _| {}, &[]),
        ("the run", &[], Stage::Executed, |_, _| {}, &[]),
        ("the reviews", &[], Stage::Reviewed, |_, _| {}, &[]),
        ("the end", &[], Stage::Landed, |_, _| {}, &[]),
        (
            "the outcome",
            &[Edit::Outcome(|_| {})],
            Stage::Judged,
            |_, _| {},
            &[],
        ),
    ]);
}

#[test]
fn a_log_of_the_whole_road_verifies() {
    let world = World::new(&[Edit::Outcome(|_| {})]);
    let refs = world.logged(Stage::Judged);
    for scope in [Scope::All, Scope::Run(run_id())] {
        let report = world.verify(&refs, &scope);
        assert_eq!(codes(&report), [""; 0], "{scope:?}");
    }
}
