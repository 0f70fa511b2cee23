//! The rules of the policy for one ref.

use std::collections::BTreeSet;

use crate::record::{IdentityName, ObjectId, RefName, RepoPath};

use super::grant::{Grant, Restriction};
use super::pattern::PathSet;
use super::person::Writers;
use super::policy::Policy;

/// The rules of the policy for one ref: every entry that matches it, all of which must allow a change.
pub struct RefRules<'a> {
    policy: &'a Policy,
    reference: RefName,
    grants: Vec<&'a Grant>,
    restrictions: Vec<&'a Restriction>,
}

impl Policy {
    /// Returns what the policy says about one ref, or `None` if no entry names it.
    pub fn ref_rules(&self, reference: &RefName) -> Option<RefRules<'_>> {
        let path = RepoPath::from(reference.as_str());
        let grants = self.grants.iter();
        let grants: Vec<_> = grants.filter(|it| it.pattern.matches(&path)).collect();
        if grants.is_empty() {
            return None;
        }
        let matches = |rule: &&Restriction| rule.refs.iter().any(|set| set.matches(&path));
        Some(RefRules {
            policy: self,
            reference: reference.clone(),
            grants,
            restrictions: self.restrictions.iter().filter(matches).collect(),
        })
    }

    /// Returns what was adopted on some branch, by the restrictions of that branch. One branch speaks
    /// for all that an entry names: which of them are there changes nothing.
    pub(super) fn adopted_somewhere(&self) -> BTreeSet<(BTreeSet<String>, ObjectId)> {
        let entries = self.document().refs.iter();
        let branches = entries.filter_map(|entry| branch_of(&entry.pattern));
        let rules: Vec<_> = branches.filter_map(|name| self.ref_rules(&name)).collect();
        let each = rules.iter().flat_map(|rules| {
            let restrictions = rules.restrictions();
            let adopted = rules.adopted().into_iter();
            adopted.map(move |tip| (restrictions.clone(), tip))
        });
        each.collect()
    }
}

/// Returns a branch that a pattern may match: the one that it names, or one of many.
fn branch_of(pattern: &str) -> Option<RefName> {
    let mut name = pattern.replace("**", "any").replace(['*', '?'], "any");
    if name.ends_with('/') {
        name.push_str("any");
    }
    RefName::new(name).ok()
}

impl<'a> RefRules<'a> {
    /// Returns the matching entries, which identify these rules within the policy: refs with the same
    /// entries are judged alike.
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

    /// Returns whether governed commits are accepted.
    pub fn accepts_governed(&self) -> bool {
        self.grants.iter().all(|grant| grant.governed)
    }

    /// Returns whether roll-backs are accepted.
    pub fn accepts_rollback(&self) -> bool {
        self.grants.iter().all(|grant| grant.rollback)
    }

    /// Returns whether direct commits are accepted.
    pub fn accepts_direct(&self) -> bool {
        self.grants.iter().all(|grant| grant.direct.is_some())
    }

    /// Returns whether commits for which a member vouches are accepted.
    pub fn accepts_vouched(&self) -> bool {
        self.grants.iter().all(|grant| grant.vouched.is_some())
    }

    /// Returns whether merges are accepted.
    pub fn accepts_merges(&self) -> bool {
        self.grants.iter().all(|grant| grant.merges)
    }

    /// Returns whether the ref may be deleted or moved other than forward.
    pub fn accepts_rewind(&self) -> bool {
        self.grants.iter().all(|grant| grant.rewind)
    }

    /// Returns the tip at adoption, whose history is not judged, if all entries name the same.
    pub fn adopted(&self) -> Vec<ObjectId> {
        let first = self.grants.iter().find_map(|grant| grant.adopted);
        first
            .filter(|tip| self.grants.iter().all(|grant| grant.adopted == Some(*tip)))
            .into_iter()
            .collect()
    }

    /// Returns the tips at adoption whose history is not judged on this branch: its own, and, if it
    /// takes direct commits or is new and may therefore build on others, those of branches with the
    /// same restrictions at least.
    pub fn adopted_below(&self, is_new: bool) -> BTreeSet<ObjectId> {
        let mut adopted: BTreeSet<_> = self.adopted().into_iter().collect();
        if is_new || self.accepts_direct() {
            let restrictions = self.restrictions();
            let others = self.policy.adoptions.iter();
            let others = others.filter(|(by, _)| restrictions.is_subset(by));
            adopted.extend(others.map(|(_, tip)| *tip));
        }
        adopted
    }

    /// Returns the names of the restrictions that apply to the ref.
    pub fn restrictions(&self) -> BTreeSet<String> {
        self.restrictions
            .iter()
            .map(|rule| rule.name.clone())
            .collect()
    }

    /// Returns whether the person may push any direct commits.
    pub fn grants_anything(&self, person: &IdentityName) -> bool {
        self.grants(|grant| &grant.direct, person, |_| true)
    }

    /// Returns whether the person may write the path in a direct commit.
    pub fn grants_direct(&self, person: &IdentityName, path: &RepoPath) -> bool {
        self.grants(|grant| &grant.direct, person, |paths| paths.matches(path))
    }

    /// Returns whether a vouch for a branch counts on this one.
    pub fn takes_vouches_for(&self, branch: &RefName) -> bool {
        let path = RepoPath::from(branch.as_str());
        let mut grants = self.grants.iter();
        *branch == self.reference
            || grants.all(|grant| grant.vouched_for.iter().any(|set| set.matches(&path)))
    }

    /// Returns whether the person may vouch for any commits.
    pub fn grants_vouching(&self, person: &IdentityName) -> bool {
        self.grants(|grant| &grant.vouched, person, |_| true)
    }

    /// Returns whether the person may vouch for a commit that changes the path.
    pub fn grants_vouched(&self, person: &IdentityName, path: &RepoPath) -> bool {
        self.grants(|grant| &grant.vouched, person, |paths| paths.matches(path))
    }

    fn grants(
        &self,
        what: impl Fn(&Grant) -> &Option<Vec<(Writers, PathSet)>>,
        person: &IdentityName,
        fits: impl Fn(&PathSet) -> bool,
    ) -> bool {
        self.grants.iter().all(|grant| {
            let mut granted = what(grant).iter().flatten();
            granted.any(|(writers, paths)| self.policy.includes(writers, person) && fits(paths))
        })
    }

    /// Returns the name of the first restriction that forbids the path to the person.
    pub fn restricts(&self, person: &IdentityName, path: &RepoPath) -> Option<&str> {
        self.restrictions
            .iter()
            .find(|rule| rule.paths.matches(path) && !self.policy.includes(&rule.writers, person))
            .map(|rule| rule.name.as_str())
    }
}
