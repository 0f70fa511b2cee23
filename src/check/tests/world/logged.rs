//! Records that stand, judged by when a receive log says that they came.

use std::collections::BTreeSet;

use super::World;
use crate::check::governance;
use crate::facts::arrivals::{Arrivals, Gained};
use crate::facts::position::{Logged, Positions};
use crate::facts::run::Collector;
use crate::record::{Findings, Report, Sha256};
use crate::rules::tests::people::time;
use crate::store::layout::Place;
use crate::store::ledger::{Records, Refs};

/// Judges all records that stand on these refs, of which the log knows what this returns.
pub fn judged_by_log(
    world: &World,
    refs: &Refs,
    logged: impl FnOnce(&BTreeSet<Sha256>) -> Logged,
) -> Report {
    let mut arrivals = Arrivals::default();
    for (reference, new) in refs {
        if matches!(Place::of(reference), Some(Place::Ledger | Place::Notes(_))) {
            let gained = Gained::accepted(reference, None, *new);
            arrivals.collect(&world.repo, &gained, None).unwrap();
        }
    }
    let logged = logged(arrivals.digests());
    let collector = Collector {
        records: &Records::open(&world.repo, refs).unwrap(),
        history: &world.history(),
        positions: Positions::Logged(&logged),
        time: time("2026-01-11T00:00:00Z"),
        arriving_policies: None,
        measures: Default::default(),
    };
    let mut findings = Findings::new();
    governance::judge(&arrivals, &collector, &mut findings).unwrap();
    Report {
        findings,
        ..Report::default()
    }
}
