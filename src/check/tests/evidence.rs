//! Evidence that arrives, and what arrives in general.

use super::world::*;
use crate::check::tests::world::Stage::*;
use crate::record::RunId;
use crate::record::tree::Mode;
use crate::store::layout::{self, LedgerPath, run_directory};

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
                it.governance.insert(layout::evidence("2026-02"), files);
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
    let path = LedgerPath::Run(run_id()).to_path().to_string();
    let report = world.push(Executed, &|_, _| {});
    assert!(
        report
            .findings
            .iter()
            .any(|it| it.subject.record.as_ref() == Some(&path)),
        "{:?}",
        report.findings
    );
}
