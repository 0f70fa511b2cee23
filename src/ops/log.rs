//! The history of a branch with its governance: what each commit claims to be, and who signed it.

use crate::facts::case::{CommitKind, RollbackTarget};
use crate::facts::vouched::Vouched;
use crate::record::{IdentityName, ObjectId, OverrideUse, Timestamp};

use super::revision::revision;
use super::{Error, Session};

/// A commit as it presents itself. Nothing of it is judged but the signature.
pub struct Row {
    /// The commit.
    pub commit: ObjectId,
    /// What it claims to be: `direct`, `governed`, `rollback` or `confused`; `vouched` if
    /// nobody signed it and somebody vouches for it.
    pub kind: &'static str,
    /// The run that it claims to hold or to take back, or the commit that it takes back.
    pub run: Option<String>,
    /// Who signed it, if the policy in force knows the key.
    pub signer: Option<IdentityName>,
    /// Who vouches for it.
    pub vouchers: Vec<IdentityName>,
    /// The protection overrides that it has used, as the receive log tells.
    pub overrides: Vec<OverrideUse>,
    /// How many attestations are noted on it.
    pub attestations: usize,
    /// When it was committed, by its own word.
    pub date: Option<Timestamp>,
    /// The first line of its message.
    pub title: String,
}

/// Returns so many commits from a revision on, by the first parent of each.
pub fn log(session: &Session, from: &str, number: usize) -> Result<Vec<Row>, Error> {
    let records = session.records()?;
    let policy = session.policy()?;
    let repo = session.repo();
    let mut next = Some(revision(session.actor(), from)?);
    let mut rows = Vec::new();
    while let Some(id) = next.filter(|_| rows.len() < number) {
        let commit = repo.commit(id)?;
        let (kind, run) = claim(&CommitKind::of(&commit));
        let signer = policy.keyring().signer_of(&commit, session.now());
        rows.push(Row {
            commit: id,
            kind,
            run,
            vouchers: Vec::new(),
            overrides: Vec::new(),
            signer: signer.ok().map(|signer| signer.person),
            attestations: records.attestations_of(id)?.len(),
            date: Timestamp::from_seconds(commit.committer.time),
            title: String::from_utf8_lossy(commit.title()).into_owned(),
        });
        next = commit.parents.first().copied();
    }
    for used in overrides(session)? {
        if let Some(row) = rows.iter_mut().find(|it| it.commit == used.commit)
            && !row.overrides.contains(&used)
        {
            row.overrides.push(used);
        }
    }
    if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
        let before = &repo.commit(last.commit)?.parents;
        let commits = repo.new_commits(&[first.commit], before)?;
        let vouched = Vouched::of(&session.collector(&records)?, None, &commits)?;
        for row in &mut rows {
            row.vouchers = vouched.by(row.commit).cloned().collect();
            if row.kind == "direct" && row.signer.is_none() && !row.vouchers.is_empty() {
                row.kind = "vouched";
            }
        }
    }
    Ok(rows)
}

/// Returns the overrides of which the receive log tells, if any version of the policy has let anybody use one.
pub(super) fn overrides(session: &Session) -> Result<Vec<OverrideUse>, Error> {
    let mut versions = session.history()?.versions();
    if !versions.any(|it| it.policy.protection_overrides().is_some()) {
        return Ok(Vec::new());
    }
    let log = session.log()?;
    let says = log.entries.iter().map(|it| it.receipt.predicate());
    Ok(says.flat_map(|it| it.overrides.iter().cloned()).collect())
}

fn claim(kind: &CommitKind) -> (&'static str, Option<String>) {
    match kind {
        CommitKind::Direct => ("direct", None),
        CommitKind::Governed(run) => ("governed", Some(run.to_string())),
        CommitKind::Rollback(RollbackTarget::Run(run)) => ("rollback", Some(run.to_string())),
        CommitKind::Rollback(RollbackTarget::Commit(commit)) => ("rollback", Some(commit.short())),
        CommitKind::Rollback(RollbackTarget::Unclear(_)) => ("rollback", None),
        CommitKind::Confused(_) => ("confused", None),
    }
}
