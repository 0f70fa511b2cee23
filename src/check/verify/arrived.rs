//! Judges what arrived on governance refs, where possible run by run: whoever judges a run has just
//! read its records.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use crate::check::Error;
use crate::check::governance::{self, Piece};
use crate::facts::arrivals::Arrivals;
use crate::facts::run::{Collector, RunFacts};
use crate::record::{Findings, ObjectId, RunId};

use super::cores::Cores;

/// How many pieces are judged at once in one thread.
const CHUNK: usize = 64;

/// What arrived, and what of it was judged.
pub(super) struct Arrived<'a> {
    arrivals: &'a Arrivals,
    /// What arrived about each run, but for notes.
    runs: BTreeMap<&'a RunId, Vec<Piece<'a>>>,
    /// What was noted on each object.
    notes: HashMap<ObjectId, Vec<Piece<'a>>>,
    /// Everything else.
    others: Vec<Piece<'a>>,
    judged: Mutex<Judged>,
}

#[derive(Default)]
struct Judged {
    runs: BTreeSet<RunId>,
    /// Runs that notes are about.
    named: BTreeSet<RunId>,
    notes: BTreeSet<ObjectId>,
    findings: Findings,
    failed: bool,
}

impl<'a> Arrived<'a> {
    pub(super) fn new(arrivals: &'a Arrivals) -> Self {
        let mut runs: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut notes: HashMap<_, Vec<_>> = HashMap::new();
        let mut others = Vec::new();
        for piece in governance::pieces(arrivals) {
            match piece {
                Piece::File(path, _) => match path.run() {
                    Some(run) => runs.entry(run).or_default().push(piece),
                    None => others.push(piece),
                },
                Piece::Evidence(_, run) => runs.entry(run).or_default().push(piece),
                Piece::Note(lines) => {
                    if let Some(line) = lines.first() {
                        notes.entry(line.object).or_default().push(piece);
                    }
                }
            }
        }
        Self {
            arrivals,
            runs,
            notes,
            others,
            judged: Mutex::default(),
        }
    }

    /// Judges a run of which something arrived, with everything about it, unless that was done.
    pub(super) fn judge(&self, collector: &Collector<'_>, facts: &RunFacts) {
        let about = self.runs.get(&facts.id);
        let is_named = |judged: &Judged| judged.named.contains(&facts.id);
        {
            let mut judged = self.lock();
            if about.is_none() && !is_named(&judged) {
                return;
            }
            if !judged.runs.insert(facts.id.clone()) {
                return;
            }
        }
        let mut found = Findings::new();
        let done = governance::judge_run(collector, facts, self.arrivals.digests(), &mut found);
        {
            let mut judged = self.lock();
            judged.failed |= done.is_err();
            judged.findings.extend(found);
        }
        for piece in about.into_iter().flatten() {
            self.judge_piece(collector, *piece);
        }
        if let Some(run) = facts.held() {
            self.judge_notes(collector, run.says().commit);
            match collector.records.contract_blob(&run.says().task) {
                Ok(Some(blob)) => self.judge_notes(collector, blob),
                Ok(None) => {}
                Err(_) => self.lock().failed = true,
            }
        }
    }

    /// Judges all that is left. `judge` is told of each run.
    pub(super) fn judge_left<F: Fn(&Collector<'_>, &RunFacts) -> Result<Findings, Error> + Sync>(
        &self,
        cores: &Cores<'_>,
        judge: F,
    ) -> Result<(), Error> {
        self.judge_runs(cores, self.runs.keys().copied().cloned(), &judge)?;
        let notes = self.notes.iter();
        let notes = notes.filter(|(object, _)| !self.lock().notes.contains(object));
        let notes = notes.flat_map(|(_, pieces)| pieces);
        let left: Vec<_> = self.others.iter().chain(notes).copied().collect();
        let left: Vec<_> = left.chunks(CHUNK).collect();
        cores.spread(&left, |collector, pieces| {
            for piece in *pieces {
                self.judge_piece(collector, *piece);
            }
        })?;
        // Judged last: notes may be about runs of which nothing else arrived.
        let named = self.lock().named.clone();
        self.judge_runs(cores, named.into_iter(), &judge)
    }

    fn judge_runs<F: Fn(&Collector<'_>, &RunFacts) -> Result<Findings, Error> + Sync>(
        &self,
        cores: &Cores<'_>,
        runs: impl Iterator<Item = RunId>,
        judge: &F,
    ) -> Result<(), Error> {
        let runs: Vec<_> = {
            let judged = self.lock();
            runs.filter(|run| !judged.runs.contains(run)).collect()
        };
        let found = cores.spread(&runs, |collector, run| {
            let facts = collector.run(run)?;
            self.judge(collector, &facts);
            judge(collector, &facts)
        })?;
        for found in found {
            self.lock().findings.extend(found?);
        }
        Ok(())
    }

    fn judge_notes(&self, collector: &Collector<'_>, object: ObjectId) {
        let pieces = self.notes.get(&object);
        let Some(pieces) = pieces.filter(|_| self.lock().notes.insert(object)) else {
            return;
        };
        for piece in pieces {
            self.judge_piece(collector, *piece);
        }
    }

    fn judge_piece(&self, collector: &Collector<'_>, piece: Piece<'_>) {
        let (mut runs, mut found) = (BTreeSet::new(), Findings::new());
        let done = governance::judge_piece(collector, piece, &mut runs, &mut found);
        let mut judged = self.lock();
        judged.failed |= done.is_err();
        judged.named.extend(runs);
        judged.findings.extend(found);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Judged> {
        self.judged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what was found; `None` if something could not be judged.
    pub(super) fn into_findings(self) -> Option<Findings> {
        let judged = self.judged.into_inner();
        let judged = judged.unwrap_or_else(PoisonError::into_inner);
        (!judged.failed).then_some(judged.findings)
    }
}
