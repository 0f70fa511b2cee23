//! The rules of the policy for one tag.

use std::collections::BTreeSet;

use crate::record::{IdentityName, ObjectId, RefName, RepoPath};

use super::document::TagForm;
use super::policy::Policy;
use super::tag_grant::TagGrant;

/// The rules of the policy for one tag: every entry that matches it, all of which must allow what
/// happens to it, and the object that it had at adoption.
pub struct TagRules<'a> {
    policy: &'a Policy,
    reference: RefName,
    grants: Vec<&'a TagGrant>,
    adopted: Option<ObjectId>,
}

impl Policy {
    /// Returns whether the policy names any tags that may be pushed.
    pub fn takes_tags(&self) -> bool {
        !self.tags.grants.is_empty()
    }

    /// Returns what the policy says about one tag, or `None` if nothing names it.
    pub fn tag_rules(&self, reference: &RefName) -> Option<TagRules<'_>> {
        reference.tag()?;
        let path = RepoPath::from(reference.as_str());
        let grants = self.tags.grants.iter();
        let grants: Vec<_> = grants.filter(|it| it.pattern.matches(&path)).collect();
        let adopted = self.tags.adopted.get(reference).copied();
        (adopted.is_some() || !grants.is_empty()).then(|| TagRules {
            policy: self,
            reference: reference.clone(),
            grants,
            adopted,
        })
    }
}

impl<'a> TagRules<'a> {
    /// Returns the policy.
    pub fn policy(&self) -> &'a Policy {
        self.policy
    }

    /// Returns the tag.
    pub fn reference(&self) -> &RefName {
        &self.reference
    }

    /// Returns the object that the tag had at adoption.
    pub fn adopted(&self) -> Option<ObjectId> {
        self.adopted
    }

    /// Returns whether tags of this name may be created, other than as adopted.
    pub fn accepts_new(&self) -> bool {
        !self.grants.is_empty()
    }

    /// Returns whether the tag may be moved.
    pub fn accepts_move(&self) -> bool {
        self.accepts_new() && self.grants.iter().all(|grant| grant.moves)
    }

    /// Returns whether the tag may be deleted.
    pub fn accepts_delete(&self) -> bool {
        self.accepts_new() && self.grants.iter().all(|grant| grant.delete)
    }

    /// Returns whether git could take the tag's short name for something else: an object id, `HEAD`, or
    /// a branch that the policy names in full.
    pub fn is_ambiguous(&self) -> bool {
        let short = self.reference.tag().unwrap_or_default();
        let refs = self.policy.document().refs.iter();
        let mut branches = refs.filter_map(|it| it.pattern.strip_prefix("refs/heads/"));
        short == "HEAD"
            || short.starts_with("refs/")
            || short.parse::<ObjectId>().is_ok()
            || branches.any(|branch| branch == short)
    }

    /// Returns the strictest form that an entry demands.
    pub fn form(&self) -> TagForm {
        let forms = self.grants.iter().map(|grant| grant.form);
        forms.min().unwrap_or_default()
    }

    /// Returns whether the person may create the tag.
    pub fn grants_creation(&self, person: &IdentityName) -> bool {
        let may = |grant: &&TagGrant| self.policy.includes(&grant.creators, person);
        self.accepts_new() && self.grants.iter().all(may)
    }

    /// Returns the entries, each by its own number in the policy: tags of the same entries are asked
    /// for the same branches.
    pub fn entries(&self) -> BTreeSet<usize> {
        let all = self.policy.tags.grants.iter().enumerate();
        let mine = |it: &TagGrant| self.grants.iter().any(|own| std::ptr::eq(*own, it));
        all.filter(|(_, it)| mine(it)).map(|(at, _)| at).collect()
    }
}

impl Policy {
    /// Returns whether a commit of this branch may have a tag, by this entry ([`TagRules::entries`]).
    /// What no rule governs was judged by nobody, and counts for no entry.
    pub fn tags_of(&self, entry: usize, branch: &RefName) -> bool {
        let Some((rules, grant)) = self.ref_rules(branch).zip(self.tags.grants.get(entry)) else {
            return false;
        };
        let path = RepoPath::from(branch.as_str());
        match grant.of.is_empty() {
            true => !rules.accepts_rewind(),
            false => grant.of.iter().any(|it| it.matches(&path)),
        }
    }
}
