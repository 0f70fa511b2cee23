//! What was seen before: high-water marks, the receive log, saved receipts.

use super::*;
use crate::facts::policies::Version;
use crate::record::Rule;
use crate::record::predicate::Movement;
use crate::record::{Coded, Findings};

/// Nothing that was seen before may be gone: a server that was rewound or forked is noticed.
pub(super) fn high_water(clone: &Clone<'_>, refs: &Refs, report: &mut Report) -> Result<(), Error> {
    for (reference, seen) in clone.high_water {
        if Place::of(reference) == Some(Place::Unknown) {
            continue;
        }
        let now = refs.get(reference);
        let kept = match now {
            Some(now) => clone.reader.contains(*seen) && clone.reader.is_ancestor(*seen, *now)?,
            None => false,
        };
        if !kept {
            report.findings.extend(older_policy(reference, now, *seen));
            report.findings.push(
                Rule::HighWaterMark
                    .finding(Subject::of_ref(reference))
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

/// An older policy is validly signed too: only that a newer one was in force tells it apart.
fn older_policy(reference: &RefName, now: Option<&ObjectId>, seen: ObjectId) -> Option<Finding> {
    (*reference == layout::policy()).then(|| {
        Rule::PolicyDowngraded
            .finding(Subject::of_ref(reference))
            .found(now.map_or("no policy".to_owned(), ObjectId::to_string))
            .expected(format!("{seen}, which was in force, or a successor"))
            .remedy("git awo fetch; else the server was rewound")
    })
}

pub(super) fn hidden_by_refs(refs: &Refs, report: &mut Report) {
    for name in refs
        .keys()
        .filter(|name| name.as_str().starts_with("refs/replace/"))
    {
        report.findings.push(
            Rule::ReplaceRef
                .finding(Subject::of_ref(name))
                .found("a replace ref, which shows other objects to git than to git-awo")
                .expected("none")
                .remedy(format!("git update-ref -d {name}")),
        );
    }
}

pub(super) fn provenance(
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
        // Without its log a server can rewind everything alike, and nobody would notice.
        if let Some(server) = history.current().policy.log_writers().next() {
            report.findings.push(
                Rule::LogPresent
                    .finding(Subject::of_ref(&reference))
                    .found("no refs/awo/log")
                    .expected(format!(
                        "the log that {} writes, as the policy says",
                        server.name
                    ))
                    .remedy("git awo fetch; before the first push: git awo push"),
            );
        }
        if !clone.receipts.is_empty() {
            report.undecided.push(
                Rule::LogPresent
                    .finding(Subject::of_ref(&reference))
                    .found("a receipt that cannot be looked up: no receive log")
                    .expected("the log that holds the receipt")
                    .remedy("git awo fetch"),
            );
        }
        return Ok(Provenance {
            log: Log::default(),
            positions: BTreeMap::new(),
        });
    };
    let log = Log::load(reader, *tip, history, &mut report.findings)?;
    report.count("receipts", log.entries.len());
    report.findings.extend(begun_anew(&log, history));
    for gap in &log.unrecorded {
        if rewound(reader, gap, history)? {
            report.findings.push(
                Rule::ForwardOnly
                    .finding(Subject::of_ref(&gap.reference))
                    .found(format!("moved past the hooks to {}", describe(gap.new)))
                    .expected(format!("a descendant of {}", describe(gap.old)))
                    .remedy("compare with another clone: the server was rewound or forked"),
            );
        }
        report.notes.push(format!(
            "{} came to {} without a receipt: moved past the hooks, or the server died before it \
             wrote one",
            gap.reference,
            describe(gap.new)
        ));
    }
    policies_in_time(&log, history, report);
    let positions = positions(reader, &log, &mut report.findings)?;
    let mut absent = Vec::new();
    for (reference, logged) in &log.state.refs {
        if !logged_state(reader, reference, *logged, refs, history, report)? {
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
    Ok(Provenance { log, positions })
}

fn describe(id: Option<ObjectId>) -> String {
    id.map_or("nothing".to_owned(), |id| id.to_string())
}

/// Tells whether a branch may be rewound or deleted: by the policy's word, or since no rule names it
/// any more.
fn may_go(reference: &RefName, history: &PolicyHistory) -> bool {
    let rules = history.current().policy.ref_rules(reference);
    reference.branch().is_some() && rules.is_none_or(|rules| rules.accepts_rewind())
}

/// Tells whether a movement past the hooks took something away. A push whose receipt was not
/// written in time leaves a gap too, but one that only goes forward.
fn rewound(reader: &Reader, gap: &Movement, history: &PolicyHistory) -> Result<bool, Error> {
    if may_go(&gap.reference, history) {
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

/// Whether the log is not the first that there was. From when the policy names who writes it every
/// push has an entry, so that a first entry cannot find a later policy, nor records from then on. A
/// server that died before the receipt of its founding push leaves the policy behind, and no more.
fn begun_anew(log: &Log, history: &PolicyHistory) -> Option<Finding> {
    let receipt = &log.entries.first()?.receipt;
    // What a push under way had moved is told again by its own entry.
    let mut before = receipt
        .predicate()
        .unrecorded
        .iter()
        .filter(|it| it.old.is_none() && log.unrecorded.contains(it));
    let policy = layout::policy();
    let found = before.clone().find(|it| it.reference == policy)?.new;
    let found = found.and_then(|id| history.index_of(id))?;
    let own = (receipt.signer().clone(), receipt.key().to_owned());
    let names_it = |version: &Version| {
        let mut writers = version.policy.log_writers();
        writers.any(|it| it.name == own.0) && version.policy.keyring().entries().contains(&own)
    };
    let since = history.versions().iter().position(names_it)?;
    let founded = history.version(0).policy.log_writers().next().is_some();
    let is_record = |it: &Movement| {
        let place = Place::of(&it.reference);
        place.is_some_and(|it| !matches!(it, Place::Policy | Place::Log | Place::Unknown))
    };
    let what = match found > since {
        true => format!("policy version {}", history.version(found).policy.version()),
        // Whatever key a policy named: without one that it names no records were accepted.
        false if founded => before.find(|it| is_record(it))?.reference.to_string(),
        false => return None,
    };
    Some(
        Rule::LogBegins
            .finding(Subject::of_ref(&layout::log()))
            .found(format!(
                "the first entry finds {what} there, of which no entry tells"
            ))
            .expected("the log from when the policy names who writes it")
            .remedy("compare with an older clone: it has the log that was deleted on the server"),
    )
}

/// What the log says was there must still be contained in what is there. Returns whether that could
/// be asked: a branch that this clone never fetched proves nothing about the server.
pub(super) fn logged_state(
    reader: &Reader,
    reference: &RefName,
    logged: ObjectId,
    refs: &Refs,
    history: &PolicyHistory,
    report: &mut Report,
) -> Result<bool, Error> {
    if may_go(reference, history) {
        return Ok(true);
    }
    let stands_for = |name: &RefName| governed_name(name).as_ref() == Some(reference);
    let mut candidates: Vec<_> = refs.iter().filter(|(name, _)| stands_for(name)).collect();
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
        report.findings.extend(older_policy(reference, now, logged));
        report.findings.push(
            Rule::LoggedState
                .finding(Subject::of_ref(reference))
                .found(
                    candidates
                        .first()
                        .map_or("no such ref".to_owned(), |(_, id)| id.to_string()),
                )
                .expected(format!("a descendant of {logged}, as the receive log says"))
                .remedy("git fetch, git awo fetch; else the server was rewound"),
        );
    }
    Ok(fetched)
}

/// Returns the ref on the server that a local ref stands for.
pub(super) fn governed_name(name: &RefName) -> Option<RefName> {
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
        report.findings.push(
            Rule::ReceiptInLog
                .finding(Subject::of_record(digest))
                .found("the receive log does not contain the receipt")
                .expected(format!("entry {sequence} of the log"))
                .remedy("git awo fetch; else the server has hidden a push"),
        );
    }
}

/// Returns which push brought each record, by the log.
///
/// The receipt of a push may never have been written. What that push brought was there before the
/// entry that tells of it, and is judged as of then: by the policy in force much later, what was
/// right would become wrong.
pub fn positions(reader: &Reader, log: &Log, findings: &mut Findings) -> Result<Logged, Error> {
    let mut positions = Logged::new();
    // An overtaken push has an entry of its own, which says by what it was judged.
    let told: [fn(&ReceiptPredicate) -> &[Movement]; 2] =
        [|says| &says.movements, |says| &says.unrecorded];
    // What moved past the hooks is judged where it stands; here only its place is asked for.
    let mut elsewhere = Findings::new();
    for (movements, findings) in told.into_iter().zip([findings, &mut elsewhere]) {
        for entry in &log.entries {
            let says = entry.receipt.predicate();
            let mut arrivals = Arrivals::default();
            for movement in movements(says) {
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
                        MAX_RECORDS,
                        findings,
                    )?;
                }
            }
            for digest in arrivals.digests() {
                positions
                    .entry(*digest)
                    .or_insert((entry.policy, says.time));
            }
        }
    }
    Ok(positions)
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
