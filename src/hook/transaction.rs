//! `reference-transaction`: what was judged is what is applied.
//!
//! `pre-receive` is not serialised: between its verdict and the update another push may land.
//! In the state `prepared` git holds the locks of the refs it is about to move, and asks again.

use std::collections::BTreeSet;

use crate::facts::log;
use crate::git::Reader;
use crate::record::{
    Coded, Diagnosis, Finding, Findings, ObjectId, OverrideUse, RefName, RepoPath, Report, Rule,
    Subject,
};
use crate::records::{Movement, ReceiptPredicate};
use crate::store::layout::{self, Place};
use crate::store::ledger::Refs;
use crate::sys::shell::quote;

use super::Error;
use super::input::{self, Change, Value};
use super::locks;
use super::parent::{Caller, Key};
use super::pushes::{Judged, Pushes};

/// Judges a transaction that is about to be committed.
///
/// `local` says that a git command of a working repository calls: it cannot be a push that arrives.
pub fn prepared(
    reader: &Reader,
    input: &[u8],
    caller: &Caller,
    local: bool,
) -> Result<Report, Error> {
    let mut report = Report::default();
    let key = match caller {
        Caller::ReceivePack(key) | Caller::Unknown(key) => key,
        // The administrator moves refs, or git tidies up. A hook cannot stop who can remove it;
        // the receive log and `git awo verify` show what happened.
        Caller::Other => return Ok(report),
    };
    let mut changes = input::changes(input, reader.hash_kind(), &mut report.findings);
    changes.retain(moves);
    if changes.is_empty() && report.findings.is_empty() {
        return Ok(report);
    }
    let Some(judged) = Pushes::at(reader.common_dir()).recall(key)? else {
        if !(local && matches!(caller, Caller::Unknown(_))) {
            report.absorb(Unapplied::Unjudged.refusal(Subject::none()));
        }
        return Ok(report);
    };
    report.count("refs", changes.len());
    if let Err(busy) = locks::wait(reader.common_dir(), &changes) {
        report.absorb(busy.refusal(Subject::none()));
    }
    // Without --atomic each ref of a push comes here by itself: the others are not asked for, but those
    // that it builds on.
    let names = changes.iter().filter_map(|it| RefName::new(&it.name).ok());
    let names: BTreeSet<_> = names.collect();
    let bases = names.iter().filter_map(|it| judged.depends_on.get(it));
    let bases: Vec<_> = bases.flatten().cloned().collect();
    let now = current(reader, names.into_iter().chain(bases))?;
    report.findings.extend(judge(&judged, &changes, &now));
    report
        .findings
        .extend(overrides_unused(reader, key, &judged)?);
    Ok(report)
}

/// Nobody else may have used the same override since: not in an entry of the log, nor in a push under way, which
/// has none yet.
fn overrides_unused(reader: &Reader, own: &Key, judged: &Judged) -> Result<Findings, Error> {
    let mut findings = Findings::new();
    if judged.overrides.is_empty() {
        return Ok(findings);
    }
    // In this order: a push that ends in between stands in the log.
    let pushes = Pushes::at(reader.common_dir());
    let mut others: Vec<OverrideUse> = Vec::new();
    for other in pushes.under_way(own) {
        // A push whose process is not seen is remembered twice.
        if other.movements != judged.movements {
            others.extend(other.overrides.into_values().flatten());
        }
    }
    let mut next = reader.reference(&layout::log())?;
    while let Some(id) = next.filter(|id| Some(*id) != judged.log) {
        let says: ReceiptPredicate = log::chain().says(reader, id)?;
        others.extend(says.overrides);
        next = reader.commit(id)?.parents.first().copied();
    }
    for (reference, uses) in &judged.overrides {
        for used in uses {
            let same = |it: &&OverrideUse| {
                it.commit != used.commit
                    && it.decisions.iter().any(|id| used.decisions.contains(id))
            };
            if let Some(other) = others.iter().find(same) {
                let problem = Unapplied::OverrideUsed {
                    path: used.path.clone(),
                    by: other.commit,
                };
                findings.push(moved(reference.as_str(), problem));
            }
        }
    }
    Ok(findings)
}

/// Tells whether a ref moves. libgit2 also sends the refs that are where they should be, and git moves
/// these last of all, after the receipt. (An old value of zeros says that git does not look.)
fn moves(change: &Change) -> bool {
    !matches!(change.old, Value::Object(Some(_))) || change.old != change.new
}

/// Returns the movements of a push that stand already. Without `--atomic` some can, when a later
/// one is refused; git then ends, and never calls `post-receive`.
pub fn applied(reader: &Reader, judged: &Judged) -> Result<Vec<Movement>, Error> {
    let names = judged.movements.iter().map(|it| it.reference.clone());
    let now = current(reader, names)?;
    let stands = |it: &&Movement| now.get(&it.reference).copied() == it.new;
    Ok(judged.movements.iter().filter(stands).cloned().collect())
}

/// Returns where governance is, on which verdicts rely, and where these refs are.
fn current(reader: &Reader, names: impl Iterator<Item = RefName>) -> Result<Refs, Error> {
    let mut now = Refs::new();
    for prefix in layout::GOVERNANCE_PREFIXES {
        now.extend(reader.references(prefix)?);
    }
    for name in names {
        if let Some(id) = reader.reference(&name)? {
            now.insert(name, id);
        }
    }
    Ok(now)
}

/// Returns the governance refs on which a verdict relies: all but the receive log.
pub fn relied_on(refs: &Refs) -> Refs {
    let relied = |name: &RefName| Place::of(name).is_some_and(|place| place != Place::Log);
    refs.iter()
        .filter(|(name, _)| relied(name))
        .map(|(name, id)| (name.clone(), *id))
        .collect()
}

/// Judges the changes of one transaction of a push. `now` is where governance is, and the refs that
/// change.
pub fn judge(judged: &Judged, changes: &[Change], now: &Refs) -> Findings {
    let mut findings = Findings::new();
    let mut moving: BTreeSet<&RefName> = BTreeSet::new();
    for change in changes {
        if change.name == "HEAD" && mirrors(change, changes) {
            continue;
        }
        let planned = judged
            .movements
            .iter()
            .find(|it| it.reference.as_str() == change.name);
        match planned {
            Some(movement) => {
                moving.insert(&movement.reference);
                same(movement, change, now, &mut findings);
            }
            None => findings.push(moved(&change.name, Unapplied::Other)),
        }
    }
    unmoved(judged, now, &mut findings);
    // Without --atomic each ref has a transaction of its own, and the records may stay behind.
    let code = moving.iter().any(|name| Place::of(name).is_none());
    if code {
        for movement in records(judged) {
            let applied = now.get(&movement.reference).copied() == movement.new;
            if !applied && !moving.contains(&movement.reference) {
                findings.push(moved(movement.reference.as_str(), Unapplied::RecordsFirst));
            }
        }
    }
    // The same for a branch that another one of this push builds on.
    for (reference, on) in &judged.depends_on {
        if !moving.contains(reference) {
            continue;
        }
        let stays = |it: &&Movement| {
            on.contains(&it.reference)
                && !moving.contains(&it.reference)
                && now.get(&it.reference).copied() != it.new
        };
        for base in judged.movements.iter().filter(stays) {
            let (reference, base) = (reference.clone(), base.reference.clone());
            let name = reference.to_string();
            findings.push(moved(&name, Unapplied::GovernedFirst { reference, base }));
        }
    }
    findings
}

/// Older gits also show `HEAD` when the branch moves that it points to.
fn mirrors(head: &Change, changes: &[Change]) -> bool {
    matches!(head.new, Value::Object(_))
        && changes
            .iter()
            .any(|it| it.name != "HEAD" && it.new == head.new)
}

fn same(movement: &Movement, change: &Change, now: &Refs, findings: &mut Findings) {
    let old: Option<ObjectId> = now.get(&movement.reference).copied();
    // An old value of zeros also means that git does not care, so the ref itself is looked at.
    let demanded = match change.old {
        Value::Object(None) => true,
        Value::Object(old) => old == movement.old,
        Value::Symbolic => false,
    };
    if !demanded || old != movement.old || change.new != Value::Object(movement.new) {
        let (at, judged) = (shown(old), shown(movement.old));
        findings.push(moved(
            movement.reference.as_str(),
            Unapplied::Elsewhere { at, judged },
        ));
    }
}

/// No governance ref may have moved since, but by this push.
fn unmoved(judged: &Judged, now: &Refs, findings: &mut Findings) {
    let current = relied_on(now);
    let names: BTreeSet<&RefName> = judged.before.keys().chain(current.keys()).collect();
    for name in names {
        let before = judged.before.get(name).copied();
        let current = current.get(name).copied();
        let by_us = judged
            .movements
            .iter()
            .any(|it| it.reference == *name && it.old == before && it.new == current);
        if before != current && !by_us {
            let problem = Unapplied::Moved {
                policy: *name == layout::policy(),
                to: shown(current),
                from: shown(before),
            };
            findings.push(moved(name.as_str(), problem));
        }
    }
}

fn records(judged: &Judged) -> impl Iterator<Item = &Movement> {
    judged
        .movements
        .iter()
        .filter(|it| Place::of(&it.reference).is_some())
}

/// What is about to be applied is not what was judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Unapplied {
    #[error("a push arrives that pre-receive has not judged")]
    Unjudged,
    #[error("a ref moves that was not judged")]
    Other,
    #[error("a branch moves before the records pushed with it")]
    RecordsFirst,
    #[error("it moves before {base}, which it builds on")]
    GovernedFirst { reference: RefName, base: RefName },
    #[error("{by} uses the override of {path} at this moment")]
    OverrideUsed { path: RepoPath, by: ObjectId },
    #[error("it is at {at}")]
    Elsewhere { at: String, judged: String },
    #[error("it moved to {to} since this push was judged")]
    Moved {
        policy: bool,
        to: String,
        from: String,
    },
}

impl Coded for Unapplied {
    fn diagnosis(&self) -> Diagnosis {
        let against =
            |rule, expected: &str, remedy| Diagnosis::against(self, rule, expected, remedy);
        let again = "git awo fetch, then push again";
        match self {
            Self::Unjudged => {
                let expected = "the pre-receive hook of git-awo to run first";
                against(
                    Rule::TransactionJudged,
                    expected,
                    "git awo hooks install --server",
                )
            }
            Self::Other => against(
                Rule::TransactionJudged,
                "only what pre-receive allowed",
                again,
            ),
            Self::OverrideUsed { .. } => {
                let expected = "an override that no other commit uses";
                against(Rule::RecordsUnmoved, expected, again)
            }
            Self::RecordsFirst => {
                let expected = "one transaction, or the records before the branch";
                against(Rule::RecordsFirst, expected, "git awo push")
            }
            Self::GovernedFirst { reference, base } => {
                let expected = "one transaction, or the governed branch before it";
                // git moves the refs in the order in which they were named, and ends at this.
                let remedy = match reference.tag() {
                    Some(_) => format!(
                        "git push --atomic SERVER {} {}",
                        quote(base.as_str()),
                        quote(reference.as_str())
                    ),
                    None => "git awo push".to_owned(),
                };
                Diagnosis::against(self, Rule::GovernedFirst, expected, remedy)
            }
            Self::Elsewhere { judged, .. } => {
                let expected = format!("at {judged}, from where it was judged");
                against(Rule::TransactionJudged, &expected, again)
            }
            Self::Moved { policy, from, .. } => {
                let rule = match policy {
                    true => Rule::PolicyUnmoved,
                    false => Rule::RecordsUnmoved,
                };
                against(rule, &format!("at {from}"), again)
            }
        }
    }
}

fn moved(name: &str, problem: Unapplied) -> Finding {
    problem.to_finding(Subject {
        reference: Some(crate::record::path::quote(name.as_bytes())),
        ..Subject::none()
    })
}

fn shown(id: Option<ObjectId>) -> String {
    id.map_or("nothing".to_owned(), |id| id.short())
}
