//! The keys of persons, and the verification of an envelope into a [`Verified`] statement.

mod statement;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::record::envelope::Envelope;
use crate::record::predicate::{Approves, PolicyPredicate};
use crate::record::statement::{BadStatement, Context, Kind, Predicate, Statement};
use crate::record::{Finding, IdentityName, ObjectId, Rule, Sha256, Subject, Timestamp};
use crate::signing::{self, AllowedSigners, PublicKey, Signature};

use super::{Person, Policy, Role};

use statement::{bad_statement, check_context, check_raw, check_role, parse_signature};
pub use statement::{refused_key, roles_for};

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

impl<P: Predicate> Verified<P> {
    /// Returns what the statement says.
    pub fn predicate(&self) -> &P {
        &self.predicate
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
    ) -> Result<Signer, Finding> {
        let fingerprint = signature.public_key().fingerprint().to_owned();
        let unknown = |found: String| {
            Rule::KeyKnown
                .finding(Subject::none())
                .found(found)
                .expected(format!("a key that the policy allows for {namespace}"))
                .remedy("ask a root to add the key: git awo policy propose FILE")
        };
        let Some(holder) = self.keys.get(signature.public_key()) else {
            return Err(unknown(format!(
                "key {fingerprint} is unknown to the policy"
            )));
        };
        let mut usable = holder
            .uses
            .iter()
            .filter(|it| it.entry.allows(namespace))
            .peekable();
        if usable.peek().is_none() {
            return Err(unknown(format!(
                "key {fingerprint} may not sign {namespace}"
            )));
        }
        if let Some(time) = time
            && !usable.any(|it| it.entry.valid_at(time))
        {
            return Err(unknown(format!("key {fingerprint} is not valid at {time}")));
        }
        let flags =
            signing::verify_with(&holder.key, signature, namespace, message).map_err(|error| {
                Rule::SignatureGood
                    .finding(Subject::none())
                    .found(error)
                    .expected(format!(
                        "a signature by {} in namespace {namespace}",
                        holder.person
                    ))
                    .remedy("sign it again with the key named")
            })?;
        if self.touched.contains(namespace) && !flags.touched() {
            return Err(Rule::KeyTouched.finding(Subject::none())
                .found(format!("key {fingerprint}, which tells of no touch"))
                .expected(format!(
                    "a security key that was touched, as gates.require_touch demands for {namespace}"
                ))
                .remedy("sign it again with a security key (ssh-keygen -t ed25519-sk)"));
        }
        Ok(Signer {
            person: holder.person.clone(),
            key: fingerprint,
        })
    }

    /// Checks an envelope with one signature: form, kind, signature, signer, role, repository and
    /// policy. The rules check all other bindings.
    pub fn verify<P: Predicate>(
        envelope: &Envelope,
        position: &Position<'_>,
    ) -> Result<Verified<P>, Finding> {
        let digest = envelope.digest();
        let about = || Subject::of_record(digest);
        let statement = Statement::<P>::parse(envelope.payload())
            .map_err(|error| bad_statement(&error, P::KIND, about()))?;
        let [raw] = envelope.signatures() else {
            return Err(Rule::OneSignature
                .finding(about())
                .found(format!("{} signatures", envelope.signatures().len()))
                .expected("one")
                .remedy("sign it again with git awo; do not edit it by hand"));
        };
        let signer = check_raw(position, &raw.sig, &raw.keyid, P::KIND, envelope, about())?;
        let Some(context) = statement.predicate.context() else {
            return Err(Rule::Context
                .finding(about())
                .found("a statement without a signer")
                .expected("a context that names who signs")
                .remedy("write the record again with git awo; do not edit it by hand"));
        };
        check_context(context, &signer, position, about())?;
        check_role(position.policy, &statement.predicate, context, about())?;
        let Signer { person, key } = signer;
        Ok(Verified {
            predicate: statement.predicate,
            digest,
            signer: person,
            key,
        })
    }

    /// Checks the signatures of a policy statement by the roots of `policy` and returns who signed.
    /// Signatures by others are findings.
    pub fn verify_policy(
        envelope: &Envelope,
        policy: &Policy,
        time: Timestamp,
    ) -> Result<(PolicyPredicate, Vec<Signer>), Finding> {
        let about = || Subject::of_record(envelope.digest());
        let statement = Statement::<PolicyPredicate>::parse(envelope.payload())
            .map_err(|error| bad_statement(&error, Kind::Policy, about()))?;
        if envelope.signatures().is_empty() {
            return Err(Rule::OneSignature
                .finding(about())
                .found("0 signatures")
                .expected("one by each root")
                .remedy("git awo policy sign, by a root"));
        }
        let mut signers = Vec::new();
        for raw in envelope.signatures() {
            let signature = parse_signature(&raw.sig, &raw.keyid, about())?;
            let namespace = Kind::Policy.namespace();
            let signer = policy
                .keyring
                .check(&signature, namespace, &envelope.pae(), Some(time))
                .map_err(|finding| Finding {
                    subject: about(),
                    ..finding
                })?;
            if !policy.roots.contains(&signer.person) {
                return Err(Rule::PolicyRoots
                    .finding(about())
                    .found(format!("signed by {}, who is no root", signer.person))
                    .expected("signatures of roots only")
                    .remedy("git awo policy sign, by a root"));
            }
            signers.push(signer);
        }
        Ok((statement.predicate, signers))
    }
}
