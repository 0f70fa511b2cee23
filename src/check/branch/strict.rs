//! Branches on which others may build without being judged again.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::PolicyHistory;
use crate::facts::case::{CommitKind, RollbackTarget};
use crate::git::{self, Reader};
use crate::policy::{Policy, RefRules};
use crate::record::{ObjectId, RefName};

/// The tips of branches that take only governed commits, by their restrictions, as one version of
/// the policy has both: that in force says which branches these are, and not the one by which they
/// were judged. Each tip once: a server may have a hundred thousand refs at few commits.
#[derive(Default)]
pub(in crate::check) struct Strict(BTreeMap<BTreeSet<String>, Tips>);

/// Tips, and the branches that are there.
type Tips = BTreeMap<ObjectId, BTreeSet<RefName>>;

/// Tips on which a branch may build, and the branches that are there.
pub(in crate::check) type Below<'s> = Vec<(ObjectId, &'s BTreeSet<RefName>)>;

impl Strict {
    /// Returns those among these refs.
    pub(in crate::check) fn of<'r>(
        policy: &Policy,
        refs: impl IntoIterator<Item = (&'r RefName, &'r ObjectId)>,
    ) -> Self {
        let mut strict = Self::default();
        for (name, tip) in refs {
            if name.branch().is_some()
                && let Some(rules) = policy.ref_rules(name)
            {
                strict.replace(&rules, None, *tip);
            }
        }
        strict
    }

    /// Adds a tip, in place of one that it contains, if the rules of its branch take only governed
    /// commits.
    pub(in crate::check) fn replace(
        &mut self,
        rules: &RefRules<'_>,
        contained: Option<ObjectId>,
        tip: ObjectId,
    ) {
        if !rules.accepts_direct() {
            let tips = self.0.entry(rules.restrictions()).or_default();
            if let Some(contained) = contained {
                tips.remove(&contained);
            }
            let names = tips.entry(tip).or_default();
            names.insert(rules.reference().clone());
        }
    }

    /// Returns the tips on which a branch of these rules may build, if it takes direct commits or
    /// is new: those of the same restrictions at least.
    pub(in crate::check) fn below(&self, rules: &RefRules<'_>, is_new: bool) -> Below<'_> {
        let may_build = rules.accepts_direct() || is_new;
        let restrictions = rules.restrictions();
        let tips = self.0.iter();
        let as_strict = tips.filter(|(by, _)| may_build && restrictions.is_subset(by));
        let tips = as_strict.flat_map(|(_, tips)| tips);
        tips.map(|(tip, names)| (*tip, names)).collect()
    }
}

/// What may hide commits of a branch from judgement.
pub(in crate::check) struct Hidden<'s> {
    /// What was adopted, on it or where it may build.
    pub(in crate::check) adopted: BTreeSet<ObjectId>,
    /// Where it was before.
    pub(in crate::check) own: Vec<ObjectId>,
    /// On what it may build.
    pub(in crate::check) below: Below<'s>,
}

impl Hidden<'_> {
    /// Lists the commits of `new` that are hidden by nothing.
    ///
    /// A branch that took direct commits under any version of the policy, or was there before one
    /// named it, hides what runs made and what its `adopted` contains, and no more: whatever else
    /// stands there was judged by rules of that branch that are gone, or never.
    pub(in crate::check) fn new_commits(
        &self,
        reader: &Reader,
        history: &PolicyHistory,
        new: ObjectId,
    ) -> Result<Vec<ObjectId>, git::Error> {
        let fewest = self.fewest(reader, new)?;
        let mut hidden = self.always();
        // Most branches go on from where they were, and no older version is read for them.
        if self.below.is_empty()
            || (!self.own.is_empty() && reader.new_commits(&[new], &hidden)?.len() == fewest.len())
        {
            return Ok(fewest);
        }
        let current = &history.current().policy;
        let mut is_mixed = false;
        for (tip, names) in &self.below {
            let always = |name: &RefName| {
                let mut rules = history.versions().rev().map(|it| it.policy.ref_rules(name));
                rules.all(|rules| rules.is_some_and(|rules| !rules.accepts_direct()))
            };
            if names.iter().any(always) {
                hidden.push(*tip);
                continue;
            }
            is_mixed = true;
            let rules = names.iter().filter_map(|name| current.ref_rules(name));
            hidden.extend(rules.flat_map(|rules| rules.adopted()));
        }
        if !is_mixed {
            return Ok(fewest);
        }
        let fewest: BTreeSet<_> = fewest.into_iter().collect();
        let mut commits = Vec::new();
        for id in reader.new_commits(&[new], &hidden)? {
            if fewest.contains(&id) || !of_a_run(reader, id)? {
                commits.push(id);
            }
        }
        Ok(commits)
    }

    /// Returns what hides its commits whatever else is known.
    fn always(&self) -> Vec<ObjectId> {
        self.adopted.iter().chain(&self.own).copied().collect()
    }

    /// Lists the commits of `new` that neither the branch nor those below it contain, whatever stands
    /// there.
    pub(in crate::check) fn fewest(
        &self,
        reader: &Reader,
        new: ObjectId,
    ) -> Result<Vec<ObjectId>, git::Error> {
        let mut hidden = self.always();
        hidden.extend(self.below.iter().map(|(tip, _)| *tip));
        reader.new_commits(&[new], &hidden)
    }
}

/// Tells whether no branch takes such a commit but with the records of a run. git's own revert may
/// have been taken as a direct commit.
fn of_a_run(reader: &Reader, id: ObjectId) -> Result<bool, git::Error> {
    let commit = match reader.commit(id) {
        Err(git::Error::BadCommit { .. }) => return Ok(false),
        commit => commit?,
    };
    Ok(matches!(
        CommitKind::of(&commit),
        CommitKind::Governed(_) | CommitKind::Rollback(RollbackTarget::Run(_))
    ))
}
