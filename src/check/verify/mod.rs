//! Verifies a clone: everything again, from objects, offline.

mod blobs;
mod branches;
mod commits;
mod run;
mod seen;

use std::collections::{BTreeMap, BTreeSet};

use crate::git::Reader;
use crate::record::envelope::Envelope;
use crate::record::predicate::ReceiptPredicate;
use crate::record::statement::Statement;
use crate::record::{Coded, Finding, ObjectId, RefName, Rule, RunId, Subject, Timestamp};
use crate::rules;
use crate::store::layout::{self, Place};
use crate::store::ledger::{Records, Refs};

pub use seen::positions;
use seen::{hidden_by_refs, high_water, provenance};

use super::branch::{self, Branch};
use super::governance::{Arrivals, Gained, MAX_RECORDS, trees};
use super::{Anchor, Error, PolicyHistory};
use crate::facts::log::Log;
use crate::facts::position::{Logged, Positions};
use crate::facts::run::Collector;
use crate::record::Report;

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

/// A clone, and what is known about it from before.
pub struct Clone<'a> {
    /// Its objects and refs.
    pub reader: &'a Reader,
    /// What is trusted.
    pub anchor: Option<&'a Anchor>,
    /// Governance refs as this clone saw them before: none of them may have moved back.
    pub high_water: &'a [(RefName, ObjectId)],
    /// Receipts of pushes, which the log must contain.
    pub receipts: &'a [Envelope],
    /// The time.
    pub time: Timestamp,
}

/// Verifies. Without an anchor nothing is decided.
pub fn verify(clone: &Clone<'_>, scope: &Scope) -> Report {
    let mut report = Report::default();
    if let Err(error) = try_verify(clone, scope, &mut report) {
        report.absorb(error.refusal(Subject::none()));
    }
    report
}

/// Where the records came from, by the log.
struct Provenance {
    log: Log,
    positions: Logged,
}

fn try_verify(clone: &Clone<'_>, scope: &Scope, report: &mut Report) -> Result<(), Error> {
    let reader = clone.reader;
    reader.require_whole_view()?;
    let refs = super::push::refs(reader)?;
    let policy = layout::policy();
    let Some(tip) = refs.get(&policy) else {
        report.findings.push(
            Rule::PolicyFetched
                .finding(Subject::of_ref(&policy))
                .found("no refs/awo/policy in this clone")
                .expected("the policy and its records")
                .remedy("git awo fetch"),
        );
        return Ok(());
    };
    let Some(anchor) = clone.anchor else {
        report.undecided.push(
            Rule::PinnedRoot
                .finding(Subject::of_ref(&policy))
                .found("no pinned root: nothing says that this policy is the right one")
                .expected("the first policy commit or a fingerprint, from somebody you trust")
                .remedy("git awo trust FINGERPRINT"),
        );
        return Ok(());
    };
    high_water(clone, &refs, report)?;
    let history = PolicyHistory::load(reader, *tip)?;
    report.count("policies", history.commits().len());
    if !history.starts_at(anchor) {
        report.findings.push(
            Rule::PinnedRoot
                .finding(Subject::of_ref(&policy))
                .found(history.repository())
                .expected(anchor)
                .remedy("git awo trust"),
        );
        return Ok(());
    }
    hidden_by_refs(&refs, report);
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

/// Returns why commits of a ref without rules cannot be judged.
fn ungoverned(reference: &RefName) -> Finding {
    Rule::UngovernedRef
        .finding(Subject::of_ref(reference))
        .found("a ref that no rule governs")
        .expected("a branch that the policy names")
        .remedy("git awo verify REV --ref BRANCH")
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
            Some(Place::Ledger | Place::Approvals | Place::Attestations | Place::Evidence) => {
                let found = &mut report.findings;
                arrivals.collect(reader, name, None, *tip, MAX_RECORDS, found)?;
                let gained = Gained {
                    reference: name,
                    old: None,
                    new: *tip,
                    most_commits: usize::MAX,
                    most_changes: MAX_RECORDS,
                };
                trees(reader, &gained, refs, collector.history, found)?;
            }
            Some(Place::Unknown) => report.findings.push(
                Rule::RefKind
                    .finding(Subject::of_ref(name))
                    .found("a governance ref of an unknown kind")
                    .expected("the refs of this version")
                    .remedy("upgrade git-awo"),
            ),
            _ => {}
        }
    }
    report.count("records", arrivals.count());
    if let Positions::Logged(logged) = &collector.positions {
        for digest in logged
            .keys()
            .filter(|digest| !arrivals.digests().contains(digest))
        {
            report.findings.push(
                Rule::RecordsKept
                    .finding(Subject::of_record(digest))
                    .found("a record that the receive log knows is gone")
                    .expected("every record kept")
                    .remedy("git awo fetch; else compare with another clone"),
            );
        }
    }
    arrivals.judge(collector, &mut report.findings)
}
