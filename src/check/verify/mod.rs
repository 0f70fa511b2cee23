//! Verifies a clone: everything again, from objects, offline.

mod blobs;
mod branches;
mod commits;
mod run;
mod seen;

use crate::facts::position::Positions;
use crate::facts::run::Collector;
use crate::record::{Coded, ObjectId, RefName, Report, RunId, Subject};
use crate::rules::{self, clone as known};
use crate::store::layout::{self, Place};
use crate::store::ledger::{Records, Refs};
use seen::{high_water, provenance};

use super::governance;
use super::{Error, PolicyHistory};
use crate::facts::arrivals::{Arrivals, Gained, MAX_RECORDS};

pub use seen::{Clone, positions};

/// What to verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every branch and every record.
    All,
    /// The commits reachable from the first and not from the second, as if on this branch.
    Commits {
        /// The branch by whose rules they are judged.
        reference: RefName,
        /// Tips.
        tips: Vec<ObjectId>,
        /// What is hidden.
        hidden: Vec<ObjectId>,
    },
    /// One run with its chain.
    Run(RunId),
}

/// Verifies. Without an anchor nothing is decided.
pub fn verify(clone: &Clone<'_>, scope: &Scope) -> Report {
    let mut report = Report::default();
    if let Err(error) = try_verify(clone, scope, &mut report) {
        report.absorb(error.refusal(Subject::none()));
    }
    report
}

fn try_verify(clone: &Clone<'_>, scope: &Scope, report: &mut Report) -> Result<(), Error> {
    let reader = clone.reader;
    reader.require_whole_view()?;
    let refs = super::push::refs(reader)?;
    let policy = layout::policy();
    let Some(tip) = refs.get(&policy) else {
        report.findings.push(known::policy_fetched());
        return Ok(());
    };
    let Some(anchor) = clone.anchor else {
        report.undecided.push(known::unpinned());
        return Ok(());
    };
    high_water(clone, &refs, report)?;
    let history = PolicyHistory::load(reader, *tip)?;
    report.count("policies", history.commits().len());
    if let Some(finding) = rules::push::pinned_root(anchor, &history) {
        report.findings.push(finding);
        return Ok(());
    }
    known::no_replace_refs(refs.keys(), &mut report.findings);
    let provenance = provenance(clone, &refs, &history, report)?;
    let records = Records::open(reader, &refs)?;
    let collector = Collector {
        records: &records,
        history: &history,
        positions: Positions::Logged(&provenance.positions),
        time: clone.time,
        arriving_policies: None,
    };
    match scope {
        Scope::All => {
            verify_records(&collector, &refs, report)?;
            branches::verify(&collector, &provenance.log, &refs, report)?;
        }
        Scope::Commits {
            reference,
            tips,
            hidden,
        } => {
            commits::verify(&collector, &provenance.log, reference, tips, hidden, report)?;
        }
        Scope::Run(run) => run::verify(&collector, &provenance.log, run, report)?,
    }
    Ok(())
}

/// Judges every record there is.
fn verify_records(
    collector: &Collector<'_>,
    refs: &Refs,
    report: &mut Report,
) -> Result<(), Error> {
    let mut arrivals = Arrivals::default();
    let reader = collector.records.reader();
    for (name, tip) in refs {
        match Place::of(name) {
            Some(Place::Ledger | Place::Notes(_) | Place::Evidence) => {
                arrivals.collect(reader, name, None, *tip, MAX_RECORDS)?;
                let gained = Gained {
                    reference: name,
                    old: None,
                    new: *tip,
                    most_commits: usize::MAX,
                    most_changes: MAX_RECORDS,
                };
                arrivals.collect_commits(reader, &gained, refs, collector.history)?;
            }
            Some(Place::Unknown) => {
                let finding = rules::push::known_kind(name, "upgrade git-awo");
                report.findings.push(finding);
            }
            _ => {}
        }
    }
    report.count("records", arrivals.count());
    if let Positions::Logged(logged) = &collector.positions {
        for digest in logged
            .keys()
            .filter(|digest| !arrivals.digests().contains(digest))
        {
            report.findings.push(known::records_kept(*digest));
        }
    }
    governance::judge(&arrivals, collector, &mut report.findings)
}
