//! What the policy says about one ref.

use std::collections::BTreeSet;

use crate::record::{IdentityName, ObjectId, RefName, RepoPath};

use super::{Grant, Policy, Restriction};

/// What the policy says about one ref: every entry that names it, all of which must agree.
pub struct RefRules<'a> {
    policy: &'a Policy,
    reference: RefName,
    grants: Vec<&'a Grant>,
    restrictions: Vec<&'a Restriction>,
}

impl<'a> RefRules<'a> {
    pub(super) fn of(policy: &'a Policy, reference: &RefName) -> Option<Self> {
        let path = RepoPath::from(reference.as_str());
        let grants: Vec<_> = policy
            .grants
            .iter()
            .filter(|grant| grant.pattern.matches(&path))
            .collect();
        if grants.is_empty() {
            return None;
        }
        let matches = |rule: &&Restriction| rule.refs.iter().any(|set| set.matches(&path));
        let restrictions = policy.restrictions.iter().filter(matches).collect();
        Some(Self {
            policy,
            reference: reference.clone(),
            grants,
            restrictions,
        })
    }

    /// Returns what tells these rules from others of the same policy: refs that are named by the
    /// same entries are judged alike.
    pub fn entries(&self) -> Vec<usize> {
        let grants = self.grants.iter().map(|it| std::ptr::from_ref(*it).addr());
        let restrictions = self.restrictions.iter();
        let restrictions = restrictions.map(|it| std::ptr::from_ref(*it).addr());
        grants.chain(restrictions).collect()
    }

    /// Returns the policy.
    pub fn policy(&self) -> &'a Policy {
        self.policy
    }

    /// Returns the ref.
    pub fn reference(&self) -> &RefName {
        &self.reference
    }

    /// Tells whether governed commits are taken.
    pub fn accepts_governed(&self) -> bool {
        self.grants.iter().all(|grant| grant.governed)
    }

    /// Tells whether roll-backs are taken.
    pub fn accepts_rollback(&self) -> bool {
        self.grants.iter().all(|grant| grant.rollback)
    }

    /// Tells whether direct commits are taken.
    pub fn accepts_direct(&self) -> bool {
        self.grants.iter().all(|grant| grant.direct.is_some())
    }

    /// Tells whether merges are taken.
    pub fn accepts_merges(&self) -> bool {
        self.grants.iter().all(|grant| grant.merges)
    }

    /// Tells whether the ref may be deleted or moved other than forward.
    pub fn accepts_rewind(&self) -> bool {
        self.grants.iter().all(|grant| grant.rewind)
    }

    /// Returns the tip at adoption, whose history is not judged, if every entry names that one.
    pub fn adopted(&self) -> Vec<ObjectId> {
        let first = self.grants.iter().find_map(|grant| grant.adopted);
        first
            .filter(|tip| self.grants.iter().all(|grant| grant.adopted == Some(*tip)))
            .into_iter()
            .collect()
    }

    /// Returns the names of the restrictions that apply to the ref.
    pub fn restrictions(&self) -> BTreeSet<String> {
        self.restrictions
            .iter()
            .map(|rule| rule.name.clone())
            .collect()
    }

    /// Tells whether the person may push direct commits at all.
    pub fn grants_anything(&self, person: &IdentityName) -> bool {
        self.grants.iter().all(|grant| {
            let mut direct = grant.direct.iter().flatten();
            direct.any(|(writers, _)| writers.include(self.policy, person))
        })
    }

    /// Tells whether the person may write the path in a direct commit.
    pub fn grants_direct(&self, person: &IdentityName, path: &RepoPath) -> bool {
        self.grants.iter().all(|grant| {
            grant
                .direct
                .iter()
                .flatten()
                .any(|(writers, paths)| writers.include(self.policy, person) && paths.matches(path))
        })
    }

    /// Returns the name of the first restriction that keeps the person from the path.
    pub fn restricts(&self, person: &IdentityName, path: &RepoPath) -> Option<&str> {
        self.restrictions
            .iter()
            .find(|rule| rule.paths.matches(path) && !rule.writers.include(self.policy, person))
            .map(|rule| rule.name.as_str())
    }
}
