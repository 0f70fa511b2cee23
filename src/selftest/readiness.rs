//! The five phases of AWO's stabilization plan, as far as its 25 tests prove them.

use serde_json::{Value, json};

use super::case::{Layer, Suite};
use super::row::{Row, Status};

/// The phases in their order, each with the layers that prove it.
const PHASES: &[(&str, &[Layer])] = &[
    ("Integrity", &[Layer::I]),
    ("Determinism", &[Layer::D]),
    ("Attestation", &[Layer::A]),
    ("Pipeline", &[Layer::G, Layer::P]),
    ("Provenance", &[Layer::S]),
];

/// How far a phase has come.
struct Phase {
    name: &'static str,
    tests: Vec<&'static str>,
    status: &'static str,
}

/// What the results say of the phases.
pub(super) struct Readiness(Vec<Phase>);

impl Readiness {
    /// Reads it from the results; none where AWO's tests were not among them.
    pub(super) fn of(rows: &[Row]) -> Option<Self> {
        let mut awo = rows.iter().map(|row| row.case.layer.suite());
        if !awo.any(|suite| suite == Suite::Awo) {
            return None;
        }
        let mut sound = true;
        let phase = |(name, layers): &(&'static str, &[Layer])| {
            let own: Vec<_> = rows
                .iter()
                .filter(|it| layers.contains(&it.case.layer))
                .collect();
            let has = |status: fn(&Status) -> bool| own.iter().any(|row| status(&row.status));
            let status = match () {
                () if has(|it| matches!(it, Status::Failed(_))) => "failed",
                // A phase does not begin before the one before it is complete.
                () if !sound || has(|it| *it != Status::Passed) => "not_started",
                () => "complete",
            };
            sound &= status == "complete";
            Phase {
                name,
                tests: own.iter().map(|row| row.case.id).collect(),
                status,
            }
        };
        Some(Self(PHASES.iter().map(phase).collect()))
    }

    /// Tells whether all phases are complete.
    pub(super) fn is_ready(&self) -> bool {
        self.0.iter().all(|it| it.status == "complete")
    }

    /// Returns an object for each phase.
    pub(super) fn to_json(&self) -> Value {
        let phase = |it: &Phase| json!({"phase": it.name, "status": it.status, "tests": it.tests});
        self.0.iter().map(phase).collect()
    }

    /// Returns a line for each phase, and one more if all are complete.
    pub(super) fn to_text(&self) -> String {
        let mut text = String::new();
        for it in &self.0 {
            let status = it.status.replace('_', " ");
            text.push_str(&format!(
                "{:<12} {status:<11}  {}\n",
                it.name,
                it.tests.join(" ")
            ));
        }
        if self.is_ready() {
            text.push_str("Test-Ready State: R0\n");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::selftest::cases;

    fn rows(status: impl Fn(&str) -> Status) -> Vec<Row> {
        let row = |case| Row {
            case,
            status: status(case.id),
            found: BTreeSet::new(),
        };
        cases().map(row).collect()
    }

    fn statuses(rows: &[Row]) -> Vec<&'static str> {
        let phases = Readiness::of(rows).unwrap().0;
        phases.iter().map(|it| it.status).collect()
    }

    #[test]
    fn it_is_ready_exactly_if_all_25_tests_passed() {
        let all = rows(|_| Status::Passed);
        let ready = Readiness::of(&all).unwrap();
        let count: usize = ready.0.iter().map(|it| it.tests.len()).sum();
        assert_eq!(count, 25, "every published test proves one phase");
        assert!(ready.is_ready() && ready.to_text().ends_with("\nTest-Ready State: R0\n"));
        for case in cases().filter(|it| it.layer.suite() == Suite::Awo) {
            for other in [
                Status::Failed("so".to_owned()),
                Status::NotStarted,
                Status::NotAsked,
            ] {
                let rows = rows(|id| match id == case.id {
                    true => other.clone(),
                    false => Status::Passed,
                });
                let less = Readiness::of(&rows).unwrap();
                assert!(!less.is_ready(), "{}", case.id);
                assert!(!less.to_text().contains("R0"), "{}", case.id);
            }
        }
        let tier1 = rows(|id| match id.starts_with("TS-") {
            true => Status::Passed,
            false => Status::Failed("so".to_owned()),
        });
        assert!(
            Readiness::of(&tier1).unwrap().is_ready(),
            "Tier 1 is another matter"
        );
    }

    #[test]
    fn no_phase_starts_before_the_one_before_it_is_complete() {
        let failed = rows(|id| match id {
            "TS-0013" => Status::Failed("so".to_owned()),
            _ => Status::Passed,
        });
        assert_eq!(
            statuses(&failed),
            [
                "complete",
                "failed",
                "not_started",
                "not_started",
                "not_started"
            ]
        );
        let mut none = rows(|_| Status::Passed);
        none.retain(|row| row.case.layer.suite() == Suite::Tier1);
        assert!(
            Readiness::of(&none).is_none(),
            "without AWO's tests nothing is said"
        );
    }
}
