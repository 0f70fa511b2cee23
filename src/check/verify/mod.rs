//! Verifies a clone: everything again, from objects, offline.

mod blobs;
mod branches;
mod commits;
mod cores;
mod run;
mod seen;

use std::collections::BTreeSet;
use std::num::NonZero;

use crate::facts::log::Log;
use crate::facts::run::Collector;
use crate::record::{Coded, Findings, ObjectId, RefName, Report, RunId, Subject};
use crate::rules::{self, clone as known, growth};
use crate::store::layout::{self, Place};
use crate::store::ledger::Records;
use branches::Arrived;
use cores::{Basis, Cores, Threads};
use seen::high_water;

use super::governance;
use super::{Error, PolicyHistory};
use crate::facts::arrivals::{Arrivals, Blobs, Gained};

pub use seen::{Clone, positions};

/// How many records are judged at once in one thread.
const CHUNK: usize = 64;

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

/// Verifies on all cores. Without an anchor nothing is decided.
pub fn verify(clone: &Clone<'_>, scope: &Scope) -> Report {
    verify_on(clone, scope, None)
}

/// Verifies on so many threads.
pub(super) fn verify_on(
    clone: &Clone<'_>,
    scope: &Scope,
    threads: Option<NonZero<usize>>,
) -> Report {
    let mut report = Report::default();
    if let Err(error) = try_verify(clone, scope, threads, &mut report) {
        report.absorb(error.refusal(Subject::none()));
    }
    report
}

fn try_verify(
    clone: &Clone<'_>,
    scope: &Scope,
    threads: Option<NonZero<usize>>,
    report: &mut Report,
) -> Result<(), Error> {
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
    let threads = Threads {
        reader,
        number: threads,
    };
    let provenance = seen::provenance(clone, threads, &refs, &history, report)?;
    let records = Records::open(reader, &refs)?;
    let basis = Basis {
        refs: &refs,
        history: &history,
        logged: &provenance.positions,
        time: clone.time,
    };
    let collector = basis.collector(&records);
    match scope {
        Scope::All => {
            let cores = Cores { threads, basis };
            verify_all(
                &cores,
                &collector,
                &provenance.log,
                provenance.records,
                report,
            )?;
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

/// Judges every record and every branch there is.
fn verify_all(
    cores: &Cores<'_>,
    collector: &Collector<'_>,
    log: &Log,
    records: Blobs,
    report: &mut Report,
) -> Result<(), Error> {
    let arrivals = arrivals(cores, records, report)?;
    growth::irregular(&arrivals, &mut report.findings);
    // Whatever fails now is met again by one thread, in order: then the same is told each time.
    let in_order = |report: &mut Report| {
        governance::judge(&arrivals, collector, &mut report.findings)?;
        let none = (BTreeSet::new(), BTreeSet::new());
        branches::verify(cores, log, &Arrived::new(&none.0, &none.1), report)
    };
    let Ok((runs, of_records)) = judge_records(cores, &arrivals) else {
        return in_order(report);
    };
    let arrived = Arrived::new(arrivals.digests(), &runs);
    let mut found = Report::default();
    let judged = branches::verify(cores, log, &arrived, &mut found);
    let left = cores.spread(&arrived.left(), |collector, run| {
        let facts = collector.run(run)?;
        arrived.judge(collector, &facts);
        Ok::<_, Error>(())
    });
    if !left.is_ok_and(|left| left.iter().all(Result::is_ok)) {
        return in_order(report);
    }
    report.findings.extend(of_records);
    report.findings.extend(arrived.into_findings());
    report.absorb(found);
    judged
}

/// Judges every record by itself; returns the runs that they are about, and what was found.
fn judge_records(
    cores: &Cores<'_>,
    arrivals: &Arrivals,
) -> Result<(BTreeSet<RunId>, Findings), Error> {
    let pieces: Vec<_> = governance::pieces(arrivals).collect();
    let pieces: Vec<_> = pieces.chunks(CHUNK).collect();
    let judged = cores.spread(&pieces, |collector, pieces| {
        let (mut runs, mut found) = (BTreeSet::new(), Findings::new());
        for it in *pieces {
            governance::judge_piece(collector, *it, &mut runs, &mut found)?;
        }
        Ok::<_, Error>((runs, found))
    })?;
    let (mut runs, mut findings) = (BTreeSet::new(), Findings::new());
    for judged in judged {
        let (more, found) = judged?;
        runs.extend(more);
        findings.extend(found);
    }
    Ok((runs, findings))
}

/// Collects every record there is.
fn arrivals(cores: &Cores<'_>, records: Blobs, report: &mut Report) -> Result<Arrivals, Error> {
    let mut arrivals = Arrivals::knowing(records);
    let (reader, refs) = (cores.reader(), cores.basis.refs);
    for (name, tip) in refs {
        match Place::of(name) {
            Some(Place::Ledger | Place::Notes(_) | Place::Evidence) => {
                let gained = Gained::accepted(name, None, *tip);
                arrivals.collect(reader, &gained, None)?;
                arrivals.collect_commits(reader, &gained, refs, cores.basis.history)?;
            }
            Some(Place::Unknown) => {
                let finding = rules::push::known_kind(name, "upgrade git-awo");
                report.findings.push(finding);
            }
            _ => {}
        }
    }
    report.count("records", arrivals.count());
    let logged = cores.basis.logged.keys();
    for digest in logged.filter(|digest| !arrivals.digests().contains(digest)) {
        report.findings.push(known::records_kept(*digest));
    }
    Ok(arrivals)
}
