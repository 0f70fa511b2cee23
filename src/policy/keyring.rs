//! The keys of persons, and the verification of an envelope into a [`Verified`] statement.

mod statement;

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::record::commit::Commit;
use crate::record::envelope::Envelope;
use crate::record::{IdentityName, ObjectId, Sha256, Timestamp};
use crate::records::{BadStatement, Context, Kind, PolicyPredicate, Predicate, Record, Statement};
use crate::signing::{self, AllowedSigners, PublicKey, Signature};

use super::{Person, Policy, Role, Unverified};

use statement::{check_context, check_raw, check_role, parse_signature};

/// git's SSHSIG namespace for commits.
pub const COMMIT_NAMESPACE: &str = "git";

/// The keys of a policy, and the persons to whom they belong.
#[derive(Clone, Debug, Default)]
#[allow(
    clippy::mutable_key_type,
    reason = "a key hashes by its wire form; what is cached beside it does not count"
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
    uses: Vec<Use>,
}

/// One line of `allowed_signers`: namespaces and validity period.
#[derive(Clone, Debug)]
struct Use {
    entry: signing::AllowedSigner,
}

/// The position of a statement in the history, which determines how it is judged.
#[derive(Clone, Copy)]
pub struct Position<'a> {
    /// The first policy commit, which identifies the repository.
    pub repository: ObjectId,
    /// The policy in force before the push with which the statement arrived.
    pub policy: &'a Policy,
    /// The policy commits up to that one, oldest first.
    pub policies: &'a [ObjectId],
    /// The time of that push; `None` for a record that was accepted before, when the validity of its
    /// key was checked.
    pub time: Option<Timestamp>,
}

/// A statement whose signature, kind, signer, role, repository and policy were checked.
///
/// Rules accept only verified statements, and only [`Keyring::verify`] makes them.
#[derive(Clone, Debug)]
pub struct Verified<P> {
    predicate: P,
    digest: Sha256,
    signer: IdentityName,
    key: String,
}

impl<P> Verified<P> {
    /// Returns what the statement says.
    pub fn predicate(&self) -> &P {
        &self.predicate
    }

    /// Returns what the statement says, by value.
    pub fn into_predicate(self) -> P {
        self.predicate
    }

    /// Returns the digest of its payload.
    pub fn digest(&self) -> Sha256 {
        self.digest
    }

    /// Returns the person who signed.
    pub fn signer(&self) -> &IdentityName {
        &self.signer
    }

    /// Returns the fingerprint of the key.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl Verified<Box<dyn Record>> {
    /// Returns the statement as one of this kind, if it is of this kind.
    pub fn downcast<P: Predicate>(&self) -> Option<Verified<P>> {
        let any: &dyn Any = &*self.predicate;
        Some(Verified {
            predicate: any.downcast_ref::<P>()?.clone(),
            digest: self.digest,
            signer: self.signer.clone(),
            key: self.key.clone(),
        })
    }
}

/// The signer of a verified signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The person.
    pub person: IdentityName,
    /// The fingerprint of the key.
    pub key: String,
}

#[allow(
    clippy::mutable_key_type,
    reason = "a key hashes by its wire form; what is cached beside it does not count"
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
                    complaints.push(format!(
                        "allowed_signers line {}: {principal:?} is no identity",
                        entry.line
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
                holder.uses.push(Use {
                    entry: entry.clone(),
                });
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
            let allowed = holder.uses.iter().any(|it| it.entry.allows(namespace));
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
            .filter(|it| it.entry.allows(namespace))
            .peekable();
        if usable.peek().is_none() {
            return Err(unknown(format!("may not sign {namespace}")));
        }
        if let Some(time) = time
            && !usable.any(|it| it.entry.valid_at(time))
        {
            return Err(unknown(format!("is not valid at {time}")));
        }
        let flags = signing::verify_with(&holder.key, signature, namespace, message);
        let flags = flags.map_err(|error| Unverified::Signature {
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

    /// Checks an envelope with one signature: form, kind, signature, signer, role, repository and
    /// policy. The rules check all other bindings.
    pub fn verify<P: Predicate>(
        envelope: &Envelope,
        position: &Position<'_>,
    ) -> Result<Verified<P>, Unverified> {
        let parsed = Statement::parse(envelope.payload()).map(|it| it.predicate);
        Self::verified(P::KIND, parsed, |it: &P| it, envelope, position)
    }

    /// Checks an envelope as [`Keyring::verify`] does, of a kind that is known at run time only.
    pub fn verify_as(
        kind: Kind,
        envelope: &Envelope,
        position: &Position<'_>,
    ) -> Result<Verified<Box<dyn Record>>, Unverified> {
        let parsed = kind.parse(envelope.payload());
        Self::verified(kind, parsed, |it| &**it, envelope, position)
    }

    fn verified<P>(
        kind: Kind,
        parsed: Result<P, BadStatement>,
        record: impl Fn(&P) -> &dyn Record,
        envelope: &Envelope,
        position: &Position<'_>,
    ) -> Result<Verified<P>, Unverified> {
        let predicate = parsed.map_err(|error| Unverified::Statement { kind, error })?;
        let says = record(&predicate);
        let [raw] = envelope.signatures() else {
            return Err(Unverified::NotOne(envelope.signatures().len()));
        };
        let signer = check_raw(position, &raw.sig, &raw.keyid, kind, envelope)?;
        let context = says.context().ok_or(Unverified::NoContext)?;
        check_context(context, &signer, position)?;
        check_role(position.policy, says.signers(), context)?;
        let Signer { person, key } = signer;
        Ok(Verified {
            predicate,
            digest: envelope.digest(),
            signer: person,
            key,
        })
    }

    /// Checks the signatures of a policy statement by the roots of `policy` and returns who signed.
    /// Signatures by others are refused.
    pub fn verify_policy(
        envelope: &Envelope,
        policy: &Policy,
        time: Timestamp,
    ) -> Result<(PolicyPredicate, Vec<Signer>), Unverified> {
        let statement = statement_of::<PolicyPredicate>(envelope)?;
        if envelope.signatures().is_empty() {
            return Err(Unverified::ByNoRoot);
        }
        let mut signers = Vec::new();
        for raw in envelope.signatures() {
            let signature = parse_signature(&raw.sig, &raw.keyid)?;
            let namespace = Kind::Policy.namespace();
            let keyring = &policy.keyring;
            let signer = keyring.check(&signature, namespace, &envelope.pae(), Some(time))?;
            if !policy.roots.contains(&signer.person) {
                return Err(Unverified::NoRoot(signer.person));
            }
            signers.push(signer);
        }
        Ok((statement.predicate, signers))
    }
}

fn statement_of<P: Predicate>(envelope: &Envelope) -> Result<Statement<P>, Unverified> {
    let kind = P::KIND;
    Statement::parse(envelope.payload()).map_err(|error| Unverified::Statement { kind, error })
}
