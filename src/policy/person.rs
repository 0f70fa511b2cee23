//! Persons, and sets of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::{IdentityName, Role};

/// A person whom the policy names.
#[derive(Clone, Debug)]
pub struct Person {
    /// The name.
    pub name: IdentityName,
    /// The names that `allowed_signers` may use for them, including `name`.
    pub principals: BTreeSet<String>,
    /// The roles held.
    pub roles: BTreeSet<Role>,
    /// Of a model: what it calls itself.
    pub model: Option<String>,
}

/// A set of persons, as a policy writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writers {
    anyone: bool,
    roles: BTreeSet<Role>,
    persons: BTreeSet<IdentityName>,
}

impl Writers {
    pub(super) fn parse(
        texts: &[String],
        persons: &BTreeMap<IdentityName, Person>,
    ) -> Result<Self, String> {
        let mut writers = Self::default();
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
    pub fn include(&self, person: &Person) -> bool {
        self.anyone || self.persons.contains(&person.name) || !self.roles.is_disjoint(&person.roles)
    }
}
