//! Which members answer for commits that others made.

use std::collections::{BTreeSet, HashMap};

use crate::git::{self, Reader};
use crate::policy::{RefRules, Verified};
use crate::record::{IdentityName, ObjectId, RefName};
use crate::records::{Kind, VouchPredicate};

use super::Error;
use super::run::Collector;

/// A listed commit is as much work as so many entries of a tree.
const COST_OF_COMMIT: u64 = 4;

/// The members who vouch for commits on one branch.
#[derive(Debug, Default)]
pub struct Vouched(HashMap<ObjectId, BTreeSet<IdentityName>>);

impl Vouched {
    /// Returns what a person would say who vouched for all of these.
    pub fn all(commits: &[ObjectId], person: &IdentityName) -> Self {
        let by = |id: &ObjectId| (*id, BTreeSet::from([person.clone()]));
        Self(commits.iter().map(by).collect())
    }

    /// Looks for vouches for these commits that count by these rules of a branch, or for any. A vouch is found by the tip of its range, which
    /// must be among them: a part of a range is not vouched for.
    pub fn of(
        collector: &Collector<'_>,
        rules: Option<&RefRules<'_>>,
        commits: &[ObjectId],
    ) -> Result<Self, Error> {
        let mut vouched = Self::default();
        let counts = |branch: &RefName| rules.is_none_or(|it| it.takes_vouches_for(branch));
        each(collector, commits, counts, |id, record| {
            let by = vouched.0.entry(id).or_default();
            by.insert(record.signer().clone());
        })?;
        Ok(vouched)
    }

    /// Returns those who vouch for a commit.
    pub fn by(&self, commit: ObjectId) -> impl Iterator<Item = &IdentityName> {
        self.0.get(&commit).into_iter().flatten()
    }
}

/// Returns the branches for which somebody vouches for these commits, and not for this one.
pub fn elsewhere(
    collector: &Collector<'_>,
    rules: &RefRules<'_>,
    commits: &[ObjectId],
) -> Result<HashMap<ObjectId, BTreeSet<RefName>>, Error> {
    let mut branches: HashMap<_, BTreeSet<_>> = HashMap::new();
    let counts = |branch: &RefName| !rules.takes_vouches_for(branch);
    each(collector, commits, counts, |id, record| {
        let on = branches.entry(id).or_default();
        on.insert(record.predicate().reference.clone());
    })?;
    Ok(branches)
}

/// Hands on each commit of a range of which the tip is among these, with the vouch for it, if that
/// is for a branch that counts.
fn each(
    collector: &Collector<'_>,
    commits: &[ObjectId],
    counts: impl Fn(&RefName) -> bool,
    mut found: impl FnMut(ObjectId, &Verified<VouchPredicate>),
) -> Result<(), Error> {
    for tip in commits {
        for (_, envelope) in collector.records.of_commit(*tip, Kind::Vouch)? {
            // One that does not hold is found where it arrives.
            let Ok(record) = collector.verify::<VouchPredicate>(&envelope) else {
                continue;
            };
            let says = record.predicate();
            if says.tip != *tip || !counts(&says.reference) {
                continue;
            }
            let range = range(collector.records.reader(), says)?;
            for id in range.filter(|it| is_range(says, it)).into_iter().flatten() {
                found(id, &record);
            }
        }
    }
    Ok(())
}

/// Returns the commits of the range that a vouch names, if the ends of it are here.
pub fn range(reader: &Reader, says: &VouchPredicate) -> Result<Option<Vec<ObjectId>>, git::Error> {
    let mut ends = says.base.iter().chain([&says.tip]);
    if !ends.all(|id| id.kind() == reader.hash_kind() && reader.contains(*id)) {
        return Ok(None);
    }
    let commits = reader.new_commits(&[says.tip], &says.base)?;
    let work = (commits.len() as u64).saturating_mul(COST_OF_COMMIT);
    reader.work(work)?;
    Ok(Some(commits))
}

/// Tells whether these are the commits that a vouch counts.
pub fn is_range(says: &VouchPredicate, commits: &[ObjectId]) -> bool {
    commits.len() == says.commits && VouchPredicate::digest_of(commits) == says.digest
}
