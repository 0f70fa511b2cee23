//! Room `policy`: persons, keys, roles, refs, patterns and limits. A policy document becomes a
//! [`Policy`]. No clock, file or environment is read here.

pub mod document;
mod features;
pub mod keyring;
mod parse;
pub mod pattern;
mod refs;
mod role;
mod unverified;

use std::collections::{BTreeMap, BTreeSet};

use crate::record::{IdentityName, ObjectId, RefName, RepoPath, Timestamp};
use crate::signing::AllowedSigners;

pub use document::Document;
pub use features::BadPolicy;
pub use keyring::{Keyring, Position, Verified};
pub use refs::RefRules;
pub use role::{Level, Role};
pub use unverified::Unverified;

use pattern::PathSet;
/// A set of persons, as a policy writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writers {
    anyone: bool,
    roles: BTreeSet<Role>,
    persons: BTreeSet<IdentityName>,
}

/// A person whom the policy names.
#[derive(Clone, Debug)]
pub struct Person {
    /// The name.
    pub name: IdentityName,
    /// The names that `allowed_signers` may use for them, including `name`.
    pub principals: BTreeSet<String>,
    /// The roles held.
    pub roles: BTreeSet<Role>,
}

/// What a governed ref accepts, checked.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    pub(crate) pattern: PathSet,
    pub(crate) governed: bool,
    pub(crate) rollback: bool,
    pub(crate) merges: bool,
    pub(crate) rewind: bool,
    pub(crate) adopted: Option<ObjectId>,
    pub(crate) direct: Option<Vec<(Writers, PathSet)>>,
}

/// A restriction, checked.
#[derive(Clone, Debug)]
pub(crate) struct Restriction {
    pub(crate) name: String,
    pub(crate) refs: Vec<PathSet>,
    pub(crate) paths: PathSet,
    pub(crate) writers: Writers,
}

/// A checked policy, from `policy.toml` and `allowed_signers`.
#[derive(Clone, Debug)]
pub struct Policy {
    document: Document,
    level: Level,
    expires: Option<Timestamp>,
    roots: BTreeSet<IdentityName>,
    persons: BTreeMap<IdentityName, Person>,
    override_writers: Writers,
    pub(crate) grants: Vec<Grant>,
    pub(crate) restrictions: Vec<Restriction>,
    pub(crate) protected: PathSet,
    pub(crate) executable: PathSet,
    pub(crate) symlinks: PathSet,
    keyring: Keyring,
}

impl Policy {
    /// Returns the document.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// Returns the version.
    pub fn version(&self) -> u32 {
        self.document.version
    }

    /// Returns the automation level.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Returns whether the policy has expired at this time.
    pub fn expired_at(&self, time: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= time)
    }

    /// Returns when the policy expires, if ever.
    pub fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// Returns the persons who may change the policy.
    pub fn roots(&self) -> &BTreeSet<IdentityName> {
        &self.roots
    }

    /// Returns the number of roots who must sign.
    pub fn root_threshold(&self) -> usize {
        self.document.roots.threshold as usize
    }

    /// Returns the keys and their owners.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Returns the persons.
    pub fn persons(&self) -> impl Iterator<Item = &Person> {
        self.persons.values()
    }

    /// Returns whether the person holds the role.
    pub fn holds(&self, person: &IdentityName, role: Role) -> bool {
        self.persons
            .get(person)
            .is_some_and(|it| it.roles.contains(&role))
    }

    /// Returns the words of the roles that a person holds, for a message.
    pub fn roles_of(&self, person: &IdentityName) -> String {
        let Some(found) = self.persons.get(person) else {
            return "none".to_owned();
        };
        let mut words: Vec<_> = found.roles.iter().map(|role| role.word()).collect();
        if self.roots.contains(person) {
            words.push("root");
        }
        if words.is_empty() {
            "none".to_owned()
        } else {
            words.join(", ")
        }
    }

    /// Returns the persons who hold a role, for a message.
    pub fn holders(&self, role: Role) -> String {
        let names: Vec<_> = self
            .persons
            .values()
            .filter(|person| person.roles.contains(&role))
            .map(|person| person.name.to_string())
            .collect();
        if names.is_empty() {
            "nobody".to_owned()
        } else {
            names.join(", ")
        }
    }

    /// Returns the servers whose key may sign the receive log.
    pub fn log_writers(&self) -> impl Iterator<Item = &Person> {
        self.persons.values().filter(|person| {
            person.roles.contains(&Role::Server) && self.keyring.has_key_of(&person.name)
        })
    }

    /// Returns the persons, except one, who hold a role, for a message.
    pub fn holders_but(&self, role: Role, person: &IdentityName) -> String {
        let others = |it: &&Person| it.roles.contains(&role) && it.name != *person;
        let names: Vec<_> = self
            .persons
            .values()
            .filter(others)
            .map(|it| it.name.to_string())
            .collect();
        if names.is_empty() {
            "the policy names none".to_owned()
        } else {
            names.join(", ")
        }
    }

    /// Returns whether this person's override may permit a review by the orchestrator.
    pub fn may_override(&self, person: &IdentityName) -> bool {
        self.override_writers.include(self, person)
    }

    /// Returns the pattern that protects this path from all changes, if any.
    pub fn protects(&self, path: &RepoPath) -> Option<&str> {
        if self.protected.matches(path) {
            self.protected.which(path)
        } else {
            None
        }
    }

    /// Returns every tip at adoption.
    pub fn adopted(&self) -> impl Iterator<Item = ObjectId> {
        self.grants.iter().filter_map(|grant| grant.adopted)
    }

    /// Returns what the policy says about one ref, or `None` if no entry names it.
    pub fn ref_rules(&self, reference: &RefName) -> Option<RefRules<'_>> {
        RefRules::of(self, reference)
    }
}

impl Writers {
    fn nobody() -> Self {
        Self {
            anyone: false,
            roles: BTreeSet::new(),
            persons: BTreeSet::new(),
        }
    }

    fn parse(texts: &[String], persons: &BTreeMap<IdentityName, Person>) -> Result<Self, String> {
        let mut writers = Self::nobody();
        for text in texts {
            if text == "*" {
                writers.anyone = true;
            } else if let Some(word) = text.strip_prefix("role:") {
                let role = Role::of_word(word).ok_or_else(|| format!("unknown role {word:?}"))?;
                writers.roles.insert(role);
            } else {
                let name = IdentityName::new(text.clone()).map_err(|error| error.to_string())?;
                if !persons.contains_key(&name) {
                    return Err(format!("unknown identity {text:?}"));
                }
                writers.persons.insert(name);
            }
        }
        Ok(writers)
    }

    /// Returns whether the person is in the set.
    pub fn include(&self, policy: &Policy, person: &IdentityName) -> bool {
        let Some(found) = policy.persons.get(person) else {
            return false;
        };
        self.anyone || self.persons.contains(person) || !self.roles.is_disjoint(&found.roles)
    }
}
