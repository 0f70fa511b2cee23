//! Verifies a clone: everything again, from objects, offline.

mod arrived;
mod blobs;
mod branches;
mod commits;
mod cores;
mod memory;
mod run;
mod seen;
mod tags;

use std::collections::BTreeSet;
use std::num::NonZero;
use std::sync::{Mutex, PoisonError};

use crate::facts::arrivals::{Arrivals, Blobs, Gained, Irregular};
use crate::facts::between;
use crate::facts::lifting::{Uses, When};
use crate::facts::log::{Entry, Log};
use crate::facts::remembered::{Brought, Remembered};
use crate::facts::run::{Collector, RunFacts};
use crate::facts::tips::{self, Judged};
use crate::git::ObjectFiles;
use crate::record::{
    Coded, Findings, ObjectId, RefName, Report, RunId, Sha256, Subject, Verdict, add_checked,
};
use crate::rules::{self, growth};
use crate::store::additions::Additions;
use crate::store::layout::{self, Place};
use crate::store::ledger::{Records, Refs};
use arrived::Arrived;
use cores::{Cores, Threads};
use memory::{Memory, Verified};
use run::Whence;
use seen::high_water;
use tags::Tags;

use super::baselines::{Baselines, Told};
use super::{Anchor, Behind, Error, PolicyHistory};
use super::{branch, governance};

pub use crate::facts::tips::stands_for;
pub use cores::Basis;
pub use seen::{Clone, positions};

/// What to verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every branch and every record.
    All,
    /// The commits reachable from the first and not from the second.
    Commits {
        /// The branch by whose rules they are judged; if none, each by those of a governed branch
        /// of this clone that contains it.
        reference: Option<RefName>,
        /// Tips.
        tips: Vec<ObjectId>,
        /// What is hidden.
        hidden: Vec<ObjectId>,
        /// The tag by which they were named, which is judged too.
        tag: Option<RefName>,
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
    clone.reader.require_whole_view()?;
    let refs = super::push::refs(clone.reader)?;
    // Where something is found, or what is remembered does not answer everything, all is verified:
    // then the same is told each time.
    if let Some(known) = known(clone, scope, &refs) {
        let mut found = Report::default();
        let judged = verify_after(clone, scope, threads, &refs, Some(known), &mut found);
        if judged.is_ok_and(|whole| whole) && found.verdict() == Verdict::Allowed {
            report.absorb(found);
            return Ok(());
        }
    }
    verify_after(clone, scope, threads, &refs, None, report)?;
    Ok(())
}

/// Returns what was verified before, if that may be left out.
fn known(clone: &Clone<'_>, scope: &Scope, refs: &Refs) -> Option<(Memory, Remembered)> {
    // Saved receipts are looked for in the whole log, and single commits are judged by it.
    let asks_whole_log = matches!(scope, Scope::Commits { .. }) || !clone.receipts.is_empty();
    if !clone.cache || asks_whole_log {
        return None;
    }
    Memory::read(clone.reader, clone.anchor?, refs).ok()?
}

/// Verifies what has come since what is known, or everything. Returns whether that answered all.
fn verify_after(
    clone: &Clone<'_>,
    scope: &Scope,
    threads: Option<NonZero<usize>>,
    refs: &Refs,
    known: Option<(Memory, Remembered)>,
    report: &mut Report,
) -> Result<bool, Error> {
    let reader = clone.reader;
    // Only who verifies all has something to remember.
    let objects = match clone.cache && *scope == Scope::All {
        true => reader.object_files(known.as_ref().map(|(memory, _)| memory.objects())),
        false => None,
    };
    let policy = layout::policy();
    let Some(tip) = refs.get(&policy) else {
        report.undecided.push(rules::clone::policy_fetched());
        return Ok(true);
    };
    let Some(anchor) = clone.anchor else {
        report.undecided.push(rules::clone::unpinned());
        return Ok(true);
    };
    high_water(clone, refs, report)?;
    let history = PolicyHistory::load(reader, *tip)?;
    report.count("policies", history.commits().len());
    if let Some(finding) = rules::push::pinned_root(anchor, &history) {
        report.findings.push(finding);
        return Ok(true);
    }
    rules::clone::no_replace_refs(refs.keys(), &mut report.findings);
    let threads = Threads {
        reader,
        number: threads,
    };
    let (memory, pushes) = known.unzip();
    let before = memory.as_ref().zip(pushes);
    let behind = Behind::of(reader, refs, clone.marks)?;
    let provenance = seen::provenance(clone, threads, refs, &behind, &history, before, report)?;
    let Some(provenance) = provenance else {
        return Ok(false);
    };
    seen::age(clone, &history, provenance.newest, report);
    // What is verified as a whole is not left to an index, which could leave something out.
    let places = match memory {
        Some(_) => None,
        None => Some(Additions::at(reader, refs.get(&layout::ledger()).copied()).read_anew()?),
    };
    let basis = Basis {
        refs,
        history: &history,
        logged: &provenance.positions,
        places: places.as_ref(),
        time: clone.time,
    };
    let records = basis.open(reader)?;
    let collector = basis.collector(&records);
    let log = &provenance.log;
    let tags = |only| Tags {
        reader,
        basis,
        log,
        memory: memory.as_ref(),
        marks: clone.marks,
        only,
    };
    match scope {
        Scope::All => {
            tips::Remotes::of(reader, refs).note_others(refs, report);
            let Some(tags) = tags(None).verify(report)? else {
                return Ok(false);
            };
            let all = All {
                cores: Cores { threads, basis },
                behind: &behind,
                collector: &collector,
                log,
                told: Told::by(log),
                memory: memory.as_ref(),
            };
            let Some(found) = all.verify(provenance.records, report)? else {
                return Ok(false);
            };
            let objects = objects.filter(|_| report.verdict() == Verdict::Allowed);
            if let (Some(objects), (arrivals, Some(logged))) = (objects, found) {
                all.keep(anchor, &objects, (arrivals, logged, tags), report)?;
            }
        }
        Scope::Commits {
            reference,
            tips,
            hidden,
            tag,
        } => {
            if let Some(tag) = tag {
                match history.current().policy.tag_rules(tag) {
                    Some(_) => _ = tags(Some(tag)).verify(report)?,
                    None => report.notes.push(format!(
                        "no [[tag]] entry of the policy names {tag}: only its commit is judged"
                    )),
                }
            }
            let range = commits::Range { tips, hidden };
            commits::verify(
                &collector,
                (log, &behind),
                reference.as_ref(),
                range,
                report,
            )?;
        }
        Scope::Run(run) => {
            let place = Whence {
                log,
                behind: &behind,
                pushes: provenance.positions.older().zip(memory.as_ref()),
            };
            if !run::verify(&collector, place, run, report)? {
                return Ok(false);
            }
        }
    }
    Ok(!provenance.positions.is_damaged())
}

/// A whole clone.
struct All<'a> {
    cores: Cores<'a>,
    /// What came without its records.
    behind: &'a Behind,
    collector: &'a Collector<'a>,
    /// The log, or what has come to it since.
    log: &'a Log,
    /// What it tells of baselines.
    told: Told<'a>,
    /// What was verified before.
    memory: Option<&'a Memory>,
}

impl All<'_> {
    /// Judges every record and every branch there is; returns what there was to judge, and what of
    /// it need not be judged again. `None` if it was not judged like that, and must be without what
    /// was verified before.
    fn verify(
        &self,
        records: Blobs,
        report: &mut Report,
    ) -> Result<Option<(Arrivals, Option<branches::Logged>)>, Error> {
        let (cores, log) = (&self.cores, self.log);
        let basis = cores.basis;
        // What was used before is not remembered.
        let tells = |it: &Entry| !it.receipt.predicate().overrides.is_empty();
        if self.memory.is_some() && log.entries.iter().any(tells) {
            return Ok(None);
        }
        let none = Judged::new();
        let before = self.memory.map_or(&none, |memory| &memory.refs);
        if let Some(memory) = self.memory {
            add_checked(&mut report.checked, &memory.checked());
        }
        let arrivals = self.arrivals(records, report)?;
        growth::irregular(&arrivals.irregular, &mut report.findings);
        growth::irregular(&self.between(&arrivals)?, &mut report.findings);
        branches::judge_movements(cores, log, &mut report.findings)?;
        let mut found = Report::default();
        let baselines = Baselines::of(self.collector, basis.refs, false);
        baselines.verify(&self.told, basis.logged.older(), &mut found);
        report.absorb(rules::clone::or_fetch(
            found,
            self.behind.may_lack_records(),
        ));
        let arrived = Arrived::new(&arrivals);
        let mut found = Report::default();
        let judged = branches::verify(
            cores,
            (log, self.behind),
            Some(&arrived),
            before,
            &mut found,
        );
        let dangling = Mutex::new(BTreeSet::new());
        let left = arrived.judge_left(cores, |collector, facts| {
            if let Some(note) = nowhere(basis, self.behind, collector, facts)? {
                let mut notes = dangling.lock().unwrap_or_else(PoisonError::into_inner);
                notes.insert(note);
            }
            landed_before(basis, collector, facts)
        });
        let dangling = dangling
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        // What is noted is looked for again the next time.
        let is_whole = dangling.is_empty();
        if self.memory.is_some() && judged.as_ref().is_ok_and(|it| it.lifts) {
            return Ok(None);
        }
        if let (Ok(()), Some(of_records)) = (left, arrived.into_findings()) {
            report.findings.extend(of_records);
            report.absorb(found);
            report.notes.extend(dangling);
            return Ok(Some((arrivals, is_whole.then_some(judged?))));
        }
        if self.memory.is_some() {
            return Ok(None);
        }
        // What failed is met again by one thread, in order: then the same is told each time.
        governance::judge(&arrivals, self.collector, &mut report.findings)?;
        let logged = branches::verify(cores, (log, self.behind), None, before, report)?;
        Ok(Some((arrivals, Some(logged))))
    }

    /// Collects every record there is.
    fn arrivals(&self, records: Blobs, report: &mut Report) -> Result<Arrivals, Error> {
        let mut arrivals = Arrivals::knowing(records);
        let basis = self.cores.basis;
        let reader = self.cores.reader();
        for (name, tip) in basis.refs {
            match Place::of(name) {
                Some(Place::Ledger | Place::Notes(_) | Place::Evidence) => {
                    let old = self.memory.and_then(|memory| memory.place(name));
                    let gained = Gained::accepted(name, old, *tip);
                    let before = old.map(|old| Additions::at(reader, Some(old)));
                    arrivals.collect(reader, &gained, before.as_ref())?;
                    arrivals.collect_commits(reader, &gained, basis.refs, basis.history)?;
                }
                Some(Place::Unknown) => {
                    let finding = rules::push::known_kind(name, "upgrade git-awo");
                    report.findings.push(finding);
                }
                _ => {}
            }
        }
        report.count("records", arrivals.count());
        let logged = basis.logged.newer().keys();
        for digest in logged.filter(|digest| !arrivals.digests().contains(digest)) {
            let gone = Report::of([rules::clone::records_kept(*digest)]);
            let may_lack = self.behind.may_lack_records();
            report.absorb(rules::clone::or_fetch(gone, may_lack));
        }
        Ok(arrivals)
    }

    /// Returns what is wrong with the commits of notes and evidence that the log does not tell of:
    /// these are judged as if they arrived now.
    fn between(&self, arrivals: &Arrivals) -> Result<Vec<(RefName, Irregular)>, Error> {
        let (basis, logged) = (self.cores.basis, &self.log.state.refs);
        let mut found = Vec::new();
        for (name, tip) in basis.refs {
            let place = logged.get(name).copied();
            if logged.is_empty() || place == Some(*tip) {
                continue;
            }
            let gained = Gained {
                arriving: true,
                ..Gained::accepted(name, place, *tip)
            };
            found.extend(between::collect(
                arrivals,
                &gained,
                basis.refs,
                self.collector,
            )?);
        }
        Ok(found)
    }

    /// Remembers what the log tells of: that was judged by its positions, and is at any time.
    fn keep(
        &self,
        anchor: &Anchor,
        objects: &ObjectFiles,
        (arrivals, logged, tags): (Arrivals, branches::Logged, memory::Tags),
        report: &Report,
    ) -> Result<(), Error> {
        let (reader, basis) = (self.cores.reader(), self.cores.basis);
        let Some(log) = basis.refs.get(&layout::log()) else {
            return Ok(());
        };
        let mut refs = logged.tips;
        let mut unlogged = Arrivals::default();
        for (name, tip) in basis.refs {
            if !matches!(
                Place::of(name),
                Some(Place::Ledger | Place::Notes(_) | Place::Evidence)
            ) {
                continue;
            }
            let place = self.log.state.refs.get(name).copied();
            refs.extend(place.map(|place| (name.clone(), vec![place])));
            if place != Some(*tip) {
                let before = place.map(|place| Additions::at(reader, Some(place)));
                let gained = Gained::accepted(name, place, *tip);
                unlogged.collect(reader, &gained, before.as_ref())?;
            }
        }
        let by_the_clock = |digest: &&Sha256| basis.logged.get(**digest).is_none();
        let mut by_the_clock = arrivals.digests().iter().filter(by_the_clock);
        if by_the_clock.any(|digest| !unlogged.digests().contains(digest)) {
            return Ok(());
        }
        let mut checked = self.memory.map(Memory::checked).unwrap_or_default();
        add_checked(&mut checked, &logged.checked);
        let of = |what| report.checked.get(what).copied().unwrap_or_default();
        let unlogged = u64::try_from(unlogged.count()).unwrap_or(u64::MAX);
        checked.insert("records", of("records").saturating_sub(unlogged));
        checked.insert("receipts", of("receipts"));
        let verified = Verified {
            anchor,
            policy: basis.history.current().commit,
            log: *log,
            objects,
            refs,
            tags,
            unrecorded: self.log.unrecorded.clone(),
            checked,
        };
        let records = basis.logged.newer().iter();
        let records = records.map(|(record, at)| Brought::record(*record, *at));
        let runs = logged.runs.iter();
        let runs = runs.map(|(branch, commit, at)| Brought::commit(branch, *commit, *at));
        let baselines = basis.refs.iter().filter_map(|(name, id)| {
            let at = self.told.brought(name, *id)?;
            Some(Brought::commit(name, *id, at))
        });
        verified.keep(
            reader,
            basis.logged.older(),
            records.chain(runs).chain(baselines),
        );
        Ok(())
    }
}

/// Says that a finalized run has not landed: a push was interrupted between the records and the
/// branch, or has not come. `None` too if this clone does not have the branch.
fn nowhere(
    basis: Basis<'_>,
    behind: &Behind,
    collector: &Collector<'_>,
    facts: &RunFacts,
) -> Result<Option<String>, Error> {
    let (Some(run), Some(_)) = (facts.held(), facts.finalization.valid()) else {
        return Ok(None);
    };
    let reader = collector.records.reader();
    let (branch, commit) = (&run.says().reference, run.says().commit);
    let rules = basis.history.current().policy.ref_rules(branch);
    let tips = tips::tips(reader, basis.refs);
    let is_here = tips.iter().any(|(name, _)| name == branch);
    let may_be_gone = rules.is_some_and(|rules| rules.accepts_rewind());
    if !is_here || may_be_gone || tips::contained(reader, &tips, branch, commit)? {
        return Ok(None);
    }
    let what = format!(
        "run {} is finalized, and its commit {commit} is in no {branch} here",
        facts.id
    );
    Ok(Some(
        match behind.is_behind() || behind.may_lack_records() {
            true => format!("{what}: git awo fetch brings the branch, if it has landed"),
            false => format!(
                "{what}: its push was interrupted, or has not come; git push origin {commit}:{branch}"
            ),
        },
    ))
}

/// Judges the commit of a run again about which something has come since it was judged.
fn landed_before(
    basis: Basis<'_>,
    collector: &Collector<'_>,
    facts: &RunFacts,
) -> Result<Findings, Error> {
    let Some((pushes, run)) = basis.logged.older().zip(facts.held()) else {
        return Ok(Findings::new());
    };
    let (branch, commit) = (&run.says().reference, run.says().commit);
    let Some((version, time)) = pushes.commit(branch, commit) else {
        return Ok(Findings::new());
    };
    let rules = basis.history.version(version).policy.ref_rules(branch);
    let uses = Uses::by_log(collector.records.reader(), basis.refs);
    let when = When {
        time,
        arriving: false,
    };
    let judge =
        |rules| branch::judge_run(collector, &uses, &rules, facts, (commit, time, when), None);
    let judged = rules.map(judge);
    Ok(judged.transpose()?.unwrap_or_default())
}

/// Judges what arrived of records, on all cores: each by itself, and the runs.
pub fn judge_arrivals(
    basis: Basis<'_>,
    records: &Records<'_>,
    arrivals: &Arrivals,
    findings: &mut Findings,
) -> Result<(), Error> {
    let threads = Threads {
        reader: records.reader(),
        number: None,
    };
    let cores = Cores { threads, basis };
    let arrived = Arrived::new(arrivals);
    let judged = arrived.judge_left(&cores, |_, _| Ok(Findings::new()));
    let Some(found) = arrived.into_findings().filter(|_| judged.is_ok()) else {
        // What failed is met again by one thread, in order: then the same is told each time.
        return governance::judge(arrivals, &basis.collector(records), findings);
    };
    growth::irregular(&arrivals.irregular, findings);
    findings.extend(found);
    Ok(())
}
