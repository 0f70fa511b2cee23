//! Verifies a clone: everything again, from objects, offline.

use std::collections::{BTreeMap, BTreeSet};

use crate::git::Reader;
use crate::policy::rules;
use crate::record::envelope::Envelope;
use crate::record::predicate::ReceiptPredicate;
use crate::record::statement::Statement;
use crate::record::{Code, Finding, ObjectId, RefName, RunId, Sha256, Subject, Timestamp};
use crate::store::layout::{self, Place};
use crate::store::ledger::{Records, Refs};

use super::branch::{self, Branch};
use super::governance::Arrivals;
use super::log::Log;
use super::report::Report;
use super::run::{Gatherer, Positions};
use super::{Anchor, Error, PolicyHistory};

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
    pub high_water: &'a BTreeMap<RefName, ObjectId>,
    /// Receipts of pushes, which the log must contain.
    pub receipts: &'a [Envelope],
    /// The time.
    pub time: Timestamp,
}

/// Verifies. Without an anchor nothing is decided.
pub fn verify(clone: &Clone<'_>, scope: &Scope) -> Report {
    let mut report = Report::default();
    if let Err(error) = try_verify(clone, scope, &mut report) {
        error.report(Subject::none(), &mut report);
    }
    report
}

/// Where the records came from, by the log.
struct Provenance {
    log: Log,
    positions: BTreeMap<Sha256, (usize, Timestamp)>,
}

fn try_verify(clone: &Clone<'_>, scope: &Scope, report: &mut Report) -> Result<(), Error> {
    let reader = clone.reader;
    reader.require_whole_view()?;
    let refs = super::push::refs(reader)?;
    let policy = layout::policy();
    let Some(tip) = refs.get(&policy) else {
        report.findings.push(
            Finding::new(Code::Str002, "policy-present", Subject::of_ref(&policy))
                .found("no refs/awo/policy in this clone")
                .expected("the policy and its records")
                .remedy("git awo fetch"),
        );
        return Ok(());
    };
    let Some(anchor) = clone.anchor else {
        report.undecided.push("GOV-006 no pinned root: nothing says that this policy is the right one; git awo trust FINGERPRINT".to_owned());
        return Ok(());
    };
    high_water(clone, &refs, report)?;
    let history = PolicyHistory::load(reader, *tip)?;
    report.count("policies", history.commits().len());
    if !history.starts_at(anchor) {
        report.findings.push(
            Finding::new(Code::Gov006, "pinned-root", Subject::of_ref(&policy))
                .found(history.repository())
                .expected(anchor)
                .remedy("git awo trust"),
        );
        return Ok(());
    }
    hidden_by_refs(&refs, report);
    let provenance = provenance(clone, &refs, &history, report)?;
    let records = Records::open(reader, &refs)?;
    let gatherer = Gatherer {
        records: &records,
        history: &history,
        positions: Positions::Logged(&provenance.positions),
        time: clone.time,
    };
    match scope {
        Scope::All => {
            verify_records(&gatherer, &refs, report)?;
            for (reference, tip) in tips(&refs) {
                verify_branch(&gatherer, &provenance.log, &reference, tip, &refs, report)?;
            }
        }
        Scope::Commits {
            reference,
            tips,
            hidden,
        } => {
            let Some(rules) = history.current().policy.ref_rules(reference) else {
                report.undecided.push(format!(
                    "{reference} is not governed: name the branch with --ref"
                ));
                return Ok(());
            };
            let commits = reader.new_commits(tips, hidden)?;
            let limit = usize::MAX / 2;
            let branch = Branch {
                rules,
                commits,
                time: clone.time,
            };
            report.absorb(branch::judge(reader, &branch, &gatherer, limit)?);
        }
        Scope::Run(run) => verify_run(&gatherer, &provenance.log, run, report)?,
    }
    Ok(())
}

/// Nothing that was seen before may be gone: a server that was rewound or forked is noticed.
fn high_water(clone: &Clone<'_>, refs: &Refs, report: &mut Report) -> Result<(), Error> {
    for (reference, seen) in clone.high_water {
        let now = refs.get(reference);
        let kept = match now {
            Some(now) => clone.reader.contains(*seen) && clone.reader.is_ancestor(*seen, *now)?,
            None => false,
        };
        if !kept {
            report.findings.push(
                Finding::new(Code::Rep002, "high-water-mark", Subject::of_ref(reference))
                    .found(now.map_or("the ref is gone".to_owned(), |id| {
                        format!("{id}, which does not contain it")
                    }))
                    .expected(format!("a descendant of {seen}, seen before"))
                    .remedy("compare with another clone: the server was rewound or forked"),
            );
        }
    }
    Ok(())
}

fn hidden_by_refs(refs: &Refs, report: &mut Report) {
    for name in refs
        .keys()
        .filter(|name| name.as_str().starts_with("refs/replace/"))
    {
        report.findings.push(
            Finding::new(Code::Int005, "replace-ref", Subject::of_ref(name))
                .found("a replace ref, which shows other objects to git than to git-awo")
                .expected("none")
                .remedy(format!("git update-ref -d {name}")),
        );
    }
}

fn provenance(
    clone: &Clone<'_>,
    refs: &Refs,
    history: &PolicyHistory,
    report: &mut Report,
) -> Result<Provenance, Error> {
    let reader = clone.reader;
    let reference = layout::log();
    let Some(tip) = refs.get(&reference) else {
        report
            .notes
            .push("no receive log: every record is judged by the policy in force".to_owned());
        if !clone.receipts.is_empty() {
            report
                .undecided
                .push("the receipt cannot be looked up: no receive log; git awo fetch".to_owned());
        }
        return Ok(Provenance {
            log: Log::default(),
            positions: BTreeMap::new(),
        });
    };
    let log = Log::load(reader, *tip, history, &mut report.findings)?;
    report.count("receipts", log.entries.len());
    for gap in &log.unrecorded {
        report.notes.push(format!(
            "{} moved past the hooks to {}",
            gap.reference,
            gap.new.map_or("nothing".to_owned(), |id| id.to_string())
        ));
    }
    let mut positions = BTreeMap::new();
    for entry in &log.entries {
        let says = entry.receipt.says();
        let mut arrivals = Arrivals::default();
        for movement in says.movements.iter() {
            let (Some(Place::Ledger | Place::Approvals | Place::Attestations), Some(new)) =
                (Place::of(&movement.reference), movement.new)
            else {
                continue;
            };
            if reader.contains(new) && movement.old.is_none_or(|old| reader.contains(old)) {
                arrivals.collect(
                    reader,
                    &movement.reference,
                    movement.old,
                    new,
                    &mut report.findings,
                )?;
            }
        }
        for digest in arrivals.digests() {
            positions
                .entry(*digest)
                .or_insert((entry.policy, says.time));
        }
    }
    for (reference, logged) in &log.state.refs {
        logged_state(reader, reference, *logged, refs, history, report)?;
    }
    receipts(clone, &log, report);
    Ok(Provenance { log, positions })
}

/// What the log says was there must still be contained in what is there.
fn logged_state(
    reader: &Reader,
    reference: &RefName,
    logged: ObjectId,
    refs: &Refs,
    history: &PolicyHistory,
    report: &mut Report,
) -> Result<(), Error> {
    let rewinds = history
        .current()
        .policy
        .ref_rules(reference)
        .is_some_and(|rules| rules.accepts_rewind());
    if rewinds {
        return Ok(());
    }
    let candidates: Vec<_> = refs
        .iter()
        .filter(|(name, _)| governed_name(name).as_ref() == Some(reference))
        .collect();
    let mut kept = false;
    for (_, id) in &candidates {
        kept |= reader.contains(logged) && reader.is_ancestor(logged, **id)?;
    }
    // A branch that this clone never fetched proves nothing about the server.
    let fetched = Place::of(reference).is_some() || !candidates.is_empty();
    if fetched && !kept {
        report.findings.push(
            Finding::new(Code::Rep002, "logged-state", Subject::of_ref(reference))
                .found(
                    candidates
                        .first()
                        .map_or("no such ref".to_owned(), |(_, id)| id.to_string()),
                )
                .expected(format!("a descendant of {logged}, as the receive log says"))
                .remedy("git fetch, git awo fetch; else the server was rewound"),
        );
    }
    Ok(())
}

/// Returns the ref on the server that a local ref stands for.
fn governed_name(name: &RefName) -> Option<RefName> {
    if name.branch().is_some() || Place::of(name).is_some() {
        return Some(name.clone());
    }
    let (_, branch) = name
        .as_str()
        .strip_prefix("refs/remotes/")?
        .split_once('/')?;
    if branch == "HEAD" {
        return None;
    }
    RefName::new(format!("refs/heads/{branch}")).ok()
}

/// Returns every tip of every branch: local ones and those last seen at the remotes.
fn tips(refs: &Refs) -> BTreeSet<(RefName, ObjectId)> {
    refs.iter()
        .filter(|(name, _)| Place::of(name).is_none())
        .filter_map(|(name, id)| Some((governed_name(name)?, *id)))
        .collect()
}

fn receipts(clone: &Clone<'_>, log: &Log, report: &mut Report) {
    for receipt in clone.receipts {
        let digest = receipt.digest();
        if log
            .entries
            .iter()
            .any(|entry| entry.receipt.digest() == digest)
        {
            report.count("saved receipts", 1);
            continue;
        }
        let sequence = Statement::<ReceiptPredicate>::parse(receipt.payload())
            .map_or(0, |it| it.predicate.sequence);
        report.findings.push(
            Finding::new(Code::Rep002, "receipt-in-log", Subject::of_record(digest))
                .found("the receive log does not contain the receipt")
                .expected(format!("entry {sequence} of the log"))
                .remedy("git awo fetch; else the server has hidden a push"),
        );
    }
}

/// Judges every record there is.
fn verify_records(gatherer: &Gatherer<'_>, refs: &Refs, report: &mut Report) -> Result<(), Error> {
    let mut arrivals = Arrivals::default();
    let reader = gatherer.records.reader();
    for (name, tip) in refs {
        match Place::of(name) {
            Some(Place::Ledger | Place::Approvals | Place::Attestations | Place::Evidence) => {
                arrivals.collect(reader, name, None, *tip, &mut report.findings)?;
            }
            Some(Place::Unknown) => report.findings.push(
                Finding::new(Code::Str002, "ref-kind", Subject::of_ref(name))
                    .found("a governance ref of an unknown kind")
                    .expected("the refs of this version")
                    .remedy("upgrade git-awo"),
            ),
            _ => {}
        }
    }
    report.count("records", arrivals.len());
    if let Positions::Logged(logged) = &gatherer.positions {
        for digest in logged
            .keys()
            .filter(|digest| !arrivals.digests().contains(digest))
        {
            report.findings.push(
                Finding::new(Code::Rep002, "records-kept", Subject::of_record(digest))
                    .found("a record that the receive log knows is gone")
                    .expected("every record kept")
                    .remedy("git awo fetch; else compare with another clone"),
            );
        }
    }
    arrivals.judge(gatherer, &mut report.findings)
}

/// Judges a branch push by push, each by the policy in force then, and what is left by today's.
fn verify_branch(
    gatherer: &Gatherer<'_>,
    log: &Log,
    reference: &RefName,
    tip: ObjectId,
    refs: &Refs,
    report: &mut Report,
) -> Result<(), Error> {
    let reader = gatherer.records.reader();
    let history = gatherer.history;
    let mut state = super::log::State::default();
    let mut judged: Vec<ObjectId> = Vec::new();
    for entry in &log.entries {
        let says = entry.receipt.says();
        for movement in says
            .movements
            .iter()
            .filter(|it| &it.reference == reference)
        {
            let Some(new) = movement.new.filter(|new| reader.contains(*new)) else {
                continue;
            };
            // Only what this tip contains: a clone may be behind the log.
            if !reader.is_ancestor(new, tip)? {
                continue;
            }
            let policy = &history.versions()[entry.policy].policy;
            if let Some(rules) = policy.ref_rules(reference) {
                let mut known = branch::known_tips(policy, &rules, movement.old, &state.refs);
                known.retain(|id| reader.contains(*id));
                let commits = reader.new_commits(&[new], &known)?;
                let branch = Branch {
                    rules,
                    commits,
                    time: says.time,
                };
                report.absorb(branch::judge(reader, &branch, gatherer, usize::MAX / 2)?);
                judged.push(new);
            }
        }
        state.apply(says);
    }
    let policy = &history.current().policy;
    let Some(rules) = policy.ref_rules(reference) else {
        report.notes.push(format!("{reference} is not governed"));
        return Ok(());
    };
    let others: Refs = refs
        .iter()
        .filter(|(name, _)| *name != reference)
        .map(|(name, id)| (name.clone(), *id))
        .collect();
    let logged = log.state.refs.get(reference).copied();
    let mut known = branch::known_tips(policy, &rules, logged, &others);
    known.extend(judged);
    known.retain(|id| reader.contains(*id));
    let commits = reader.new_commits(&[tip], &known)?;
    let branch = Branch {
        rules,
        commits,
        time: gatherer.time,
    };
    report.absorb(branch::judge(reader, &branch, gatherer, usize::MAX / 2)?);
    Ok(())
}

fn verify_run(
    gatherer: &Gatherer<'_>,
    log: &Log,
    run: &RunId,
    report: &mut Report,
) -> Result<(), Error> {
    report.count("runs", 1);
    let facts = gatherer.run(run)?;
    let Some(record) = facts.run.held().map(|record| record.says().clone()) else {
        rules::run_binds(
            &facts,
            &gatherer.history.current().policy,
            &mut report.findings,
        );
        return Ok(());
    };
    // By the policy of the push that brought the commit, if the log knows it.
    let entry = log.entries.iter().find(|entry| {
        entry
            .receipt
            .says()
            .movements
            .iter()
            .any(|it| it.reference == record.reference && it.new == Some(record.commit))
    });
    let index = entry.map_or(usize::MAX, |entry| entry.policy);
    let time = entry.map_or(gatherer.time, |entry| entry.receipt.says().time);
    let position = gatherer.history.position(index, time);
    let Some(rules) = position.policy.ref_rules(&record.reference) else {
        report
            .undecided
            .push(format!("{} is not governed", record.reference));
        return Ok(());
    };
    let branch = Branch {
        rules,
        commits: vec![record.commit],
        time,
    };
    report.absorb(branch::judge(
        gatherer.records.reader(),
        &branch,
        gatherer,
        usize::MAX / 2,
    )?);
    Ok(())
}
