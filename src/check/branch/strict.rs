//! Branches on which others may build without being judged again.

use std::collections::{BTreeMap, BTreeSet};

use crate::policy::{Policy, RefRules};
use crate::record::{ObjectId, RefName};

/// The tips of branches that take only governed commits, by their restrictions, as one version of
/// the policy has both: that in force says which branches these are, and not the one by which they
/// were judged. Each tip once: a server may have a hundred thousand refs at few commits.
#[derive(Default)]
pub(in crate::check) struct Strict(BTreeMap<BTreeSet<String>, BTreeSet<ObjectId>>);

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
                strict.insert(&rules, *tip);
            }
        }
        strict
    }

    /// Adds a tip, if the rules of its branch take only governed commits.
    pub(in crate::check) fn insert(&mut self, rules: &RefRules<'_>, tip: ObjectId) {
        if !rules.accepts_direct() {
            let tips = self.0.entry(rules.restrictions()).or_default();
            tips.insert(tip);
        }
    }

    /// Adds a tip as [`Self::insert`] does, in place of one that it contains.
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
            tips.insert(tip);
        }
    }

    /// Returns the tips on which a branch of these rules may build, if it takes direct commits or
    /// is new: those of the same restrictions at least.
    pub(in crate::check) fn below(
        &self,
        rules: &RefRules<'_>,
        is_new: bool,
    ) -> impl Iterator<Item = ObjectId> {
        let may_build = rules.accepts_direct() || is_new;
        let restrictions = rules.restrictions();
        let tips = self.0.iter();
        let as_strict = tips.filter(move |(by, _)| may_build && restrictions.is_subset(by));
        as_strict.flat_map(|(_, tips)| tips).copied()
    }
}
