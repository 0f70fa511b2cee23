//! The keys of persons, and the check of a signature by one of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use crate::record::commit::Commit;
use crate::record::tag::Tag;
use crate::record::{IdentityName, Timestamp};
use crate::signing::{self, AllowedSigner, AllowedSigners, PublicKey, Signature, SignatureError};

use super::person::Person;
use super::unverified::Unverified;

/// git's SSHSIG namespace for commits.
pub const COMMIT_NAMESPACE: &str = "git";

/// The keys of a policy, and the persons to whom they belong.
#[derive(Clone, Debug, Default)]
#[allow(
    clippy::mutable_key_type,
    reason = "a key hashes by its wire form; cached values are ignored"
)]
pub struct Keyring {
    keys: HashMap<PublicKey, Holder>,
    /// The namespaces in which only a touched security key may sign.
    touched: BTreeSet<&'static str>,
}

#[derive(Clone, Debug)]
struct Holder {
    person: IdentityName,
    /// The policy's copy of the key: its decoded form is computed once and shared.
    key: PublicKey,
    /// The lines of `allowed_signers` that name the key.
    uses: Vec<AllowedSigner>,
}

/// The signer of a verified signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signer {
    /// The person.
    pub person: IdentityName,
    /// The fingerprint of the key.
    pub key: String,
}

#[allow(
    clippy::mutable_key_type,
    reason = "a key hashes by its wire form; cached values are ignored"
)]
impl Keyring {
    pub(super) fn new(
        signers: &AllowedSigners,
        persons: &BTreeMap<IdentityName, Person>,
        touched: BTreeSet<&'static str>,
        complaints: &mut Vec<String>,
    ) -> Self {
        let mut keys: HashMap<PublicKey, Holder> = HashMap::new();
        for entry in signers.entries() {
            for principal in &entry.principals {
                let Some(person) = persons
                    .values()
                    .find(|it| it.principals.contains(principal))
                else {
                    let line = entry.line;
                    let names: Vec<_> = persons.keys().map(IdentityName::as_str).collect();
                    complaints.push(format!(
                        "allowed_signers line {line}: {principal:?} is not an identity: write one of {}, or add \
                         principals = [{principal:?}] to one in policy.toml",
                        names.join(", ")
                    ));
                    continue;
                };
                let holder = keys.entry(entry.key.clone()).or_insert_with(|| Holder {
                    person: person.name.clone(),
                    key: entry.key.clone(),
                    uses: Vec::new(),
                });
                // Independence is between persons, so a key must not belong to two of them.
                if holder.person != person.name {
                    complaints.push(format!(
                        "allowed_signers line {}: the key belongs to {} and to {}",
                        entry.line, holder.person, person.name
                    ));
                }
                holder.uses.push(entry.clone());
            }
        }
        Self { keys, touched }
    }

    /// Returns whether some key belongs to this person.
    pub fn has_key_of(&self, person: &IdentityName) -> bool {
        self.keys.values().any(|holder| &holder.person == person)
    }

    /// Returns whether some key of this person may, at some time, sign in this namespace.
    pub fn may_sign(&self, person: &IdentityName, namespace: &str) -> bool {
        self.keys.values().any(|holder| {
            let key = holder.key.algorithm();
            let allowed = holder.uses.iter().any(|it| it.allows(namespace));
            let touched = !self.touched.contains(namespace) || key.is_security_key();
            &holder.person == person && allowed && touched
        })
    }

    /// Returns the owner of a key.
    pub fn person_of(&self, key: &PublicKey) -> Option<&IdentityName> {
        self.keys.get(key).map(|holder| &holder.person)
    }

    /// Returns persons and fingerprints, sorted.
    pub fn entries(&self) -> Vec<(IdentityName, String)> {
        let mut entries: Vec<_> = self
            .keys
            .values()
            .map(|holder| (holder.person.clone(), holder.key.fingerprint().to_owned()))
            .collect();
        entries.sort();
        entries
    }

    /// Checks a signature over raw bytes: known key, permitted for the namespace at that time.
    pub fn check(
        &self,
        signature: &Signature,
        namespace: &str,
        message: &[u8],
        time: Option<Timestamp>,
    ) -> Result<Signer, Unverified> {
        self.check_by(signature, namespace, time, |key| {
            signing::verify(key, signature, namespace, message)
        })
    }

    /// Checks a signature as [`Keyring::check`] does; `verify` tells whether it is one by the key.
    pub(super) fn check_by(
        &self,
        signature: &Signature,
        namespace: &str,
        time: Option<Timestamp>,
        verify: impl FnOnce(&PublicKey) -> Result<signing::Checked, SignatureError>,
    ) -> Result<Signer, Unverified> {
        let fingerprint = signature.public_key().fingerprint().to_owned();
        let unknown = |why: String| Unverified::UnknownKey {
            key: fingerprint.clone(),
            why,
            namespace: namespace.to_owned(),
        };
        let Some(holder) = self.keys.get(signature.public_key()) else {
            return Err(unknown("is unknown to the policy".to_owned()));
        };
        let mut usable = holder
            .uses
            .iter()
            .filter(|it| it.allows(namespace))
            .peekable();
        if usable.peek().is_none() {
            return Err(unknown(format!("may not sign {namespace}")));
        }
        if let Some(time) = time
            && !usable.any(|it| it.valid_at(time))
        {
            return Err(unknown(format!("is not valid at {time}")));
        }
        let flags = verify(&holder.key).map_err(|error| Unverified::Signature {
            person: holder.person.clone(),
            namespace: namespace.to_owned(),
            error,
        })?;
        if self.touched.contains(namespace) && !flags.touched() {
            return Err(Unverified::Untouched {
                key: fingerprint,
                namespace: namespace.to_owned(),
            });
        }
        Ok(Signer {
            person: holder.person.clone(),
            key: fingerprint,
        })
    }

    /// Returns who signed a commit, checked in process on the raw bytes.
    pub fn signer_of(&self, commit: &Commit, time: Timestamp) -> Result<Signer, Unverified> {
        let none = || Unverified::Commit("no signature".to_owned());
        let signature = commit.signature.as_ref().ok_or_else(none)?;
        let parsed = Signature::from_armor(&signature.armor)
            .map_err(|error| Unverified::unread(error, Unverified::Commit))?;
        self.check(&parsed, COMMIT_NAMESPACE, &signature.payload, Some(time))
    }

    /// Returns who signed a tag, checked in process on the raw bytes.
    pub fn signer_of_tag(&self, tag: &Tag, time: Timestamp) -> Result<Signer, Unverified> {
        let none = || Unverified::Tag("no signature".to_owned());
        let signature = tag.signature.as_ref().ok_or_else(none)?;
        let parsed = Signature::from_armor(&signature.armor)
            .map_err(|error| Unverified::unread(error, Unverified::Tag))?;
        self.check(&parsed, COMMIT_NAMESPACE, &signature.payload, Some(time))
    }
}
