//! What was seen before: high-water marks, the receive log, saved receipts.

use std::collections::BTreeSet;

use crate::check::{Anchor, Error, PolicyHistory};
use crate::facts::arrivals::{Arrivals, Blobs, Gained};
use crate::facts::log::{Entry, Log};
use crate::facts::position::Logged;
use crate::facts::remembered::Remembered;
use crate::git::Reader;
use crate::record::envelope::Envelope;
use crate::record::{Coded, Findings, ObjectId, RefName, Report, Sha256, Subject, Timestamp};
use crate::records::{Movement, ReceiptPredicate, Statement};
use crate::rules::clone as known;
use crate::rules::growth;
use crate::store::layout::{self, Place};
use crate::store::ledger::Refs;

use crate::facts::tips::Remotes;
use crate::facts::{Behind, Marks};

use super::cores::Threads;
use super::memory::Memory;

/// After how many days without news of the server a clone is told to fetch.
const DAYS: u32 = 30;
/// How many entries of the log one thread takes at once.
const CHUNK: usize = 32;

/// A clone, and what is known about it from before.
pub struct Clone<'a> {
    /// Its objects and refs.
    pub reader: &'a Reader,
    /// What is trusted.
    pub anchor: Option<&'a Anchor>,
    /// What this clone saw of its remotes before: no governance ref may have moved back.
    pub marks: &'a Marks,
    /// Receipts of pushes, which the log must contain.
    pub receipts: &'a [Envelope],
    /// For how many days what is known of the server counts; longer leaves all undecided.
    pub fresh: Option<u32>,
    /// The time.
    pub time: Timestamp,
    /// Whether what was verified before may be left out, and what is verified now remembered.
    pub cache: bool,
}

/// Where the records came from, by the log.
pub(super) struct Provenance {
    pub(super) log: Log,
    pub(super) positions: Logged,
    /// The time of the newest entry.
    pub(super) newest: Option<Timestamp>,
    /// The records that were read to know their positions.
    pub(super) records: Blobs,
}

/// Nothing that was seen before may be gone: a server that was rewound or forked is noticed.
pub(super) fn high_water(clone: &Clone<'_>, refs: &Refs, report: &mut Report) -> Result<(), Error> {
    for (reference, seen) in clone.marks.lowest() {
        if Place::of(reference) == Some(Place::Unknown) {
            continue;
        }
        let now = refs.get(reference);
        let is_here = clone.reader.contains(seen);
        let kept = match now {
            Some(now) => is_here && clone.reader.is_ancestor(seen, *now)?,
            None => false,
        };
        if !kept {
            let now = now.copied();
            known::high_water_mark(reference, now, seen, is_here, &mut report.findings);
        }
    }
    Ok(())
}

pub(super) fn provenance(
    clone: &Clone<'_>,
    threads: Threads<'_>,
    refs: &Refs,
    behind: &Behind,
    history: &PolicyHistory,
    known: Option<(&Memory, Remembered)>,
    report: &mut Report,
) -> Result<Option<Provenance>, Error> {
    let reader = clone.reader;
    let reference = layout::log();
    let Some(tip) = refs.get(&reference) else {
        report
            .notes
            .push("no receive log: every record is judged by the policy in force".to_owned());
        let missing = Report::of(known::log_present(history));
        report.absorb(known::or_fetch(missing, behind.may_lack_records()));
        if !clone.receipts.is_empty() {
            report.undecided.push(known::log_for_receipts());
        }
        return Ok(Some(Provenance {
            log: Log::default(),
            positions: Logged::default(),
            newest: None,
            records: Blobs::new(),
        }));
    };
    let findings = &mut report.findings;
    let (log, pushes, before) = match known {
        None => {
            let log = Log::load(reader, *tip, history, findings)?;
            findings.extend(known::log_begins(&log, history));
            (log, None, 0)
        }
        Some((memory, pushes)) => {
            let log = Log::load_after(reader, memory.log, *tip, history, findings)?;
            let Some(mut log) = log.filter(|log| !memory.is_overtaken_by(log)) else {
                return Ok(None);
            };
            log.unrecorded
                .splice(..0, memory.unrecorded.iter().cloned());
            (log, Some(pushes), memory.receipts())
        }
    };
    report.count("receipts", before.saturating_add(log.entries.len()));
    for gap in &log.unrecorded {
        if rewound(reader, gap, history)? {
            match is_mended(reader, gap, &log, history)? {
                Some(true) => {}
                // The entry that tells of it was verified before.
                None if pushes.is_some() => return Ok(None),
                _ => report.findings.push(known::moved_back(gap)),
            }
        }
        if is_adopted(reader, gap, history)? {
            continue;
        }
        report.notes.push(format!(
            "{} came to {} without a receipt: moved past the hooks, or the server died before it \
             wrote one",
            gap.reference,
            known::place(gap.new)
        ));
    }
    policies_in_time(&log, history, report);
    let remotes = Remotes::of(reader, refs);
    ahead(reader, &log, refs, behind, history, report)?;
    let (positions, records) = positions_on(threads, &log, pushes, &mut report.findings)?;
    let mut absent = Vec::new();
    let follows = |name: &RefName| name.tag().is_none();
    for (reference, logged) in log.state.refs.iter().filter(|(name, _)| follows(name)) {
        let mut found = Report::default();
        let kept = logged_state(
            reader,
            (reference, *logged),
            refs,
            (&remotes, behind),
            history,
            &mut found,
        )?;
        report.absorb(found);
        if !kept {
            absent.push(reference.as_str());
        }
    }
    if let Some(first) = absent.first() {
        report.notes.push(format!(
            "{} branches of the receive log are not in this clone, as {first}: git awo fetch tells \
             whether the server has them",
            absent.len()
        ));
    }
    receipts(clone, &log, report);
    Ok(Some(Provenance {
        newest: log.newest,
        log,
        positions,
        records,
    }))
}

/// Tells whether a branch may be rewound or deleted: by the policy's word, or since no rule names it
/// any more.
fn may_go(reference: &RefName, history: &PolicyHistory) -> bool {
    may_go_by(history.last_index(), reference, history)
}

fn may_go_by(version: usize, reference: &RefName, history: &PolicyHistory) -> bool {
    let rules = history.version(version).policy.ref_rules(reference);
    reference.branch().is_some() && rules.is_none_or(|rules| rules.accepts_rewind())
}

/// Tells whether what a movement past the hooks took away is not missed: the policy let it go when an
/// entry told of that, or it came back, as the log tells. What records were judged while some of them
/// were gone, nobody knows; without a policy nothing is judged. `None` if the entry is not among these.
fn is_mended(
    reader: &Reader,
    gap: &Movement,
    log: &Log,
    history: &PolicyHistory,
) -> Result<Option<bool>, Error> {
    // Before the same can happen again, it came back.
    let tells = |it: &Entry| it.receipt.predicate().unrecorded.contains(gap);
    let Some(at) = log.entries.iter().rposition(tells) else {
        return Ok(None);
    };
    let (_, since) = log.entries.split_at(at);
    if let Some(entry) = since.first() {
        let movements = &entry.receipt.predicate().movements;
        let mut arriving = movements
            .iter()
            .filter(|it| it.reference == layout::policy());
        let arriving = arriving.find_map(|it| history.index_of(it.new?));
        let mut versions = [entry.policy].into_iter().chain(arriving);
        if versions.any(|version| may_go_by(version, &gap.reference, history)) {
            return Ok(Some(true));
        }
    }
    let is_policy = gap.reference == layout::policy() && gap.new.is_none();
    if gap.reference.branch().is_none() && !is_policy {
        return Ok(Some(false));
    }
    let movements = since.iter().map(|it| it.receipt.predicate());
    let movements = movements.flat_map(|says| says.unrecorded.iter().chain(&says.movements));
    for it in movements.skip_while(|it| *it != gap) {
        if it.reference == gap.reference
            && let (Some(old), Some(new)) = (gap.old, it.new)
            && reader.contains(old)
            && reader.contains(new)
            && reader.is_ancestor(old, new)?
        {
            return Ok(Some(true));
        }
    }
    Ok(Some(false))
}

/// Tells whether a branch came to what a policy names as adopted: it was there before there was a log.
fn is_adopted(reader: &Reader, gap: &Movement, history: &PolicyHistory) -> Result<bool, Error> {
    let (None, Some(new)) = (gap.old, gap.new) else {
        return Ok(false);
    };
    for version in history.versions() {
        let tag = version.policy.tag_rules(&gap.reference);
        if tag.and_then(|rules| rules.adopted()) == Some(new) {
            return Ok(true);
        }
        let rules = version.policy.ref_rules(&gap.reference);
        for tip in rules.map(|rules| rules.adopted()).unwrap_or_default() {
            if reader.contains(new) && reader.contains(tip) && reader.is_ancestor(new, tip)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Tells whether a movement past the hooks took something away. A push whose receipt was not
/// written in time leaves a gap too, but one that only goes forward.
fn rewound(reader: &Reader, gap: &Movement, history: &PolicyHistory) -> Result<bool, Error> {
    // Where a tag is, and not how it came there, is judged in its own place.
    if may_go(&gap.reference, history) || gap.reference.tag().is_some() {
        return Ok(false);
    }
    Ok(match (gap.old, gap.new) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(old), Some(new)) => {
            !(reader.contains(old) && reader.contains(new) && reader.is_ancestor(old, new)?)
        }
    })
}

/// Notes the age of what is known: an expired policy, and a server that was not asked for long. Where
/// it must be fresh, both leave it undecided.
pub(super) fn age(
    clone: &Clone<'_>,
    history: &PolicyHistory,
    newest: Option<Timestamp>,
    report: &mut Report,
) {
    let policy = &history.current().policy;
    let mut old = Vec::from_iter(known::policy_unexpired(policy, clone.time));
    let last = newest.max(clone.marks.newest());
    // Where there is neither log nor fetch there may be no server.
    if clone.fresh.is_some() || last.is_some() {
        old.extend(known::fresh(last, clone.fresh.unwrap_or(DAYS), clone.time));
    }
    for finding in old {
        match clone.fresh {
            Some(_) => report.undecided.push(finding),
            None => report
                .notes
                .push(format!("{}: {}", finding.found, finding.remedy)),
        }
    }
}

/// Notes what stands at the server beyond what its log tells: no hook has seen it. Where there are
/// remotes, local refs may hold what was never pushed, and say nothing.
fn ahead(
    reader: &Reader,
    log: &Log,
    refs: &Refs,
    behind: &Behind,
    history: &PolicyHistory,
    report: &mut Report,
) -> Result<(), Error> {
    let policy = &history.current().policy;
    let remotes = reader.remotes();
    for (name, tip) in refs {
        let Some(place) = server_ref(name, refs, &remotes) else {
            continue;
        };
        let governed = policy.ref_rules(&place);
        if place == layout::log() || (place.branch().is_some() && governed.is_none()) {
            continue;
        }
        let mut known = governed.map(|rules| rules.adopted()).unwrap_or_default();
        known.extend(log.state.refs.get(&place));
        let mut told = false;
        for id in known {
            told |= reader.contains(id) && reader.is_ancestor(*tip, id)?;
        }
        if !told && behind.has_moved(name) {
            report.notes.push(format!(
                "{name} has moved since the last git awo fetch: what belongs to it may not be here"
            ));
        } else if !told {
            report.notes.push(format!(
                "{name} is ahead of the receive log, which does not tell of {tip}: moved past the \
                 hooks, or by a push under way; git awo fetch, and verify again"
            ));
        }
    }
    Ok(())
}

/// Returns the ref of the server of which a ref tells where it was seen: a tracking ref of a remote
/// whose log is fetched, or any ref where there is no remote.
fn server_ref(name: &RefName, refs: &Refs, remotes: &[String]) -> Option<RefName> {
    if remotes.is_empty() {
        let is_it = name.branch().is_some() || Place::of(name).is_some();
        return is_it.then(|| name.clone());
    }
    remotes.iter().find_map(|remote| {
        if !refs.contains_key(&layout::tracking(remote, &layout::log())?) {
            return None;
        }
        let text = name.as_str();
        let governance = text.strip_prefix(&format!("refs/awo-remotes/{remote}/"));
        let branch = text.strip_prefix(&format!("refs/remotes/{remote}/"));
        match (governance, branch) {
            (Some(rest), _) => RefName::new(format!("refs/{rest}")).ok(),
            (_, Some("HEAD")) | (None, None) => None,
            (_, Some(branch)) => RefName::new(format!("refs/heads/{branch}")).ok(),
        }
    })
}

/// What the log says was there must still be contained in what is there. Returns whether that could
/// be asked: a branch that this clone never fetched proves nothing about the server.
fn logged_state(
    reader: &Reader,
    (reference, logged): (&RefName, ObjectId),
    refs: &Refs,
    (remotes, behind): (&Remotes, &Behind),
    history: &PolicyHistory,
    report: &mut Report,
) -> Result<bool, Error> {
    if may_go(reference, history) {
        return Ok(true);
    }
    let is_it = |name: &RefName| remotes.stands_for(name).contains(reference);
    let mut candidates: Vec<_> = refs.iter().filter(|(name, _)| is_it(name)).collect();
    // What was last seen at a remote tells about it; the local branch may have it from before.
    if candidates
        .iter()
        .any(|(name, _)| name.as_str().starts_with("refs/remotes/"))
    {
        candidates.retain(|(name, _)| name.as_str().starts_with("refs/remotes/"));
    }
    let mut kept = false;
    for (_, id) in &candidates {
        kept |= reader.contains(logged) && reader.is_ancestor(logged, **id)?;
    }
    let fetched = Place::of(reference).is_some() || !candidates.is_empty();
    if fetched && !kept {
        let now = candidates.first().map(|(_, id)| *id);
        let mut found = Findings::new();
        known::logged_state(reference, now.copied(), logged, &mut found);
        let moved = candidates.iter().any(|(name, _)| behind.has_moved(name));
        let may_lack = moved || behind.may_lack_records();
        report.absorb(known::or_fetch(Report::of(found), may_lack));
    }
    Ok(fetched)
}

pub(super) fn receipts(clone: &Clone<'_>, log: &Log, report: &mut Report) {
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
        report
            .findings
            .push(known::receipt_in_log(digest, sequence));
    }
}

/// Returns which push brought each record, by the log.
///
/// The receipt of a push may never have been written. What that push brought was there before the
/// entry that tells of it, and is judged as of then: by the policy in force much later, what was
/// right would become wrong.
pub fn positions(reader: &Reader, log: &Log, findings: &mut Findings) -> Result<Logged, Error> {
    let number = None;
    Ok(positions_on(Threads { reader, number }, log, None, findings)?.0)
}

fn positions_on(
    threads: Threads<'_>,
    log: &Log,
    before: Option<Remembered>,
    findings: &mut Findings,
) -> Result<(Logged, Blobs), Error> {
    let (mut positions, mut records) = (Logged::after(before), Blobs::new());
    // An overtaken push has an entry of its own, which says by what it was judged.
    let told: [fn(&ReceiptPredicate) -> &[Movement]; 2] =
        [|says| &says.movements, |says| &says.unrecorded];
    // What moved past the hooks is judged where it stands; here only its place is asked for.
    let mut elsewhere = Findings::new();
    let chunks: Vec<_> = log.entries.chunks(CHUNK).collect();
    for (movements, findings) in told.into_iter().zip([findings, &mut elsewhere]) {
        let brought = threads.spread(&chunks, |reader, entries| {
            let brought = |entry: &Entry| brought(reader, movements(entry.receipt.predicate()));
            entries.iter().map(brought).collect::<Vec<_>>()
        })?;
        for (entry, brought) in log.entries.iter().zip(brought.into_iter().flatten()) {
            let (digests, read, found) = brought?;
            findings.extend(found);
            records.extend(read);
            let time = entry.receipt.predicate().time;
            for digest in digests {
                positions.add(digest, (entry.policy, time));
            }
        }
    }
    Ok((positions, records))
}

/// Returns the records that a push brought, the blobs of the ledger that hold them, and how else it
/// changed the refs that hold records.
fn brought(
    reader: &Reader,
    movements: &[Movement],
) -> Result<(BTreeSet<Sha256>, Blobs, Findings), Error> {
    let (mut arrivals, mut findings) = (Arrivals::default(), Findings::new());
    for movement in movements {
        let (Some(Place::Ledger | Place::Notes(_)), Some(new)) =
            (Place::of(&movement.reference), movement.new)
        else {
            continue;
        };
        if reader.contains(new) && movement.old.is_none_or(|old| reader.contains(old)) {
            let gained = Gained::accepted(&movement.reference, movement.old, new);
            arrivals.collect(reader, &gained, None)?;
        }
    }
    growth::irregular(&arrivals.irregular, &mut findings);
    Ok((arrivals.digests().clone(), arrivals.into_blobs(), findings))
}

/// Each version of the policy must have been signed by keys that were valid when it came.
fn policies_in_time(log: &Log, history: &PolicyHistory, report: &mut Report) {
    let reference = layout::policy();
    for entry in &log.entries {
        let says = entry.receipt.predicate();
        for movement in says.movements.iter().filter(|it| it.reference == reference) {
            let from = movement
                .old
                .and_then(|id| history.index_of(id))
                .map_or(0, |at| at.saturating_add(1));
            let to = movement
                .new
                .and_then(|id| history.index_of(id))
                .map_or(0, |at| at.saturating_add(1));
            let late = (from..to).filter_map(|at| history.refuses_at(at, says.time));
            let late = late.map(|it| it.to_finding(Subject::none()));
            report.findings.extend(late);
        }
    }
}
