//! The verification of an envelope into a [`Verified`] statement: form, signature, signer, role,
//! repository and policy.

use std::any::Any;

use crate::record::envelope::{Envelope, pae};
use crate::record::{IdentityName, ObjectId, Role, Sha256, Timestamp};
use crate::records::{
    BadStatement, Context, Kind, PolicyPredicate, Predicate, Record, Signers, Statement,
};
use crate::signing::Signature;

use super::keyring::{Keyring, Signer};
use super::policy::Policy;
use super::proven::Proven;
use super::unverified::Unverified;

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
    /// What was found good already.
    pub proven: &'a Proven,
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

impl Keyring {
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
        check_role(position.policy, says, context)?;
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
        let kind = Kind::Policy;
        let statement = Statement::<PolicyPredicate>::parse(envelope.payload())
            .map_err(|error| Unverified::Statement { kind, error })?;
        if envelope.signatures().is_empty() {
            return Err(Unverified::ByNoRoot);
        }
        let mut signers = Vec::new();
        for raw in envelope.signatures() {
            let signature = parse_signature(&raw.sig, &raw.keyid)?;
            let namespace = kind.namespace();
            let keyring = policy.keyring();
            let signer = keyring.check(&signature, namespace, &envelope.pae(), Some(time))?;
            if !policy.roots().contains(&signer.person) {
                return Err(Unverified::NoRoot(signer.person));
            }
            signers.push(signer);
        }
        Ok((statement.predicate, signers))
    }
}

fn parse_signature(sig: &[u8], keyid: &str) -> Result<Signature, Unverified> {
    let signature =
        Signature::from_blob(sig).map_err(|error| Unverified::unread(error, Unverified::Form))?;
    let own = signature.public_key().fingerprint();
    if own != keyid {
        let found = format!("keyid {keyid} over a signature by {own}");
        return Err(Unverified::Form(found));
    }
    Ok(signature)
}

fn check_raw(
    position: &Position<'_>,
    sig: &[u8],
    keyid: &str,
    kind: Kind,
    envelope: &Envelope,
) -> Result<Signer, Unverified> {
    let signature = parse_signature(sig, keyid)?;
    let check = |message: &[u8]| {
        let keyring = position.policy.keyring();
        let namespace = kind.namespace();
        keyring.check_by(&signature, namespace, position.time, |key| {
            position.proven.verify(key, &signature, namespace, message)
        })
    };
    let error = match check(&envelope.pae()) {
        Ok(signer) => return Ok(signer),
        Err(error) => error,
    };
    let spelling = other_spellings(envelope.payload())
        .into_iter()
        .find(|(_, payload)| check(&pae(payload)).is_ok());
    Err(spelling.map_or(error, |(spelling, _)| Unverified::OtherBytes(spelling)))
}

/// Returns the same value in the encodings of other tools: a signature over one of them is valid, but
/// binds other bytes.
fn other_spellings(payload: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let with_line_feed = |bytes: &[u8]| [bytes, b"\n"].concat();
    let mut spellings = vec![("with a final line feed", with_line_feed(payload))];
    let value = serde_json::from_slice::<serde_json::Value>(payload);
    if let Some(compact) = value.ok().and_then(|it| serde_json::to_vec(&it).ok()) {
        let line = with_line_feed(&compact);
        spellings.push(("without white space", compact));
        spellings.push(("without white space and with a final line feed", line));
    }
    spellings
}

fn check_context(
    context: &Context,
    signer: &Signer,
    position: &Position<'_>,
) -> Result<(), Unverified> {
    if context.identity != signer.person {
        return Err(Unverified::Claimed {
            claimed: context.identity.clone(),
            signer: signer.person.clone(),
        });
    }
    if context.repository != position.repository {
        return Err(Unverified::Repository {
            found: context.repository,
            expected: position.repository,
        });
    }
    if !position.policies.contains(&context.policy) {
        return Err(Unverified::Policy(context.policy));
    }
    Ok(())
}

fn check_role(policy: &Policy, says: &dyn Record, context: &Context) -> Result<(), Unverified> {
    let signers = says.signers();
    let person = &context.identity;
    let held = || format!("{person} holds {}", policy.roles_of(person));
    // Also where no role is asked for: among those who override or vouch.
    if policy.holds(person, Role::Draft) {
        let expected = "somebody whose role is not draft".to_owned();
        let found = held();
        return Err(Unverified::Role { found, expected });
    }
    let (found, expected) = match signers {
        Signers::Roles(roles) => match Role::of_word(&context.role) {
            Some(role) if roles.contains(&role) && policy.holds(person, role) => return Ok(()),
            Some(role) if roles.contains(&role) => (held(), format!("the role {}", role.word())),
            _ => (
                format!("made as {:?}", context.role),
                format!("made as {signers}"),
            ),
        },
        Signers::NamedByPolicy if policy.may_override(person) => return Ok(()),
        Signers::Roots if policy.roots().contains(person) => return Ok(()),
        Signers::Vouchers => {
            let reference = says.reference();
            let rules = reference.as_ref().and_then(|it| policy.ref_rules(it));
            match (rules, reference) {
                (Some(rules), _) if rules.grants_vouching(person) => return Ok(()),
                (_, Some(reference)) => (
                    format!("{person} vouches for commits on {reference}"),
                    format!("a person whom `vouched` names for {reference}"),
                ),
                (_, None) => (held(), signers.to_string()),
            }
        }
        Signers::NamedByPolicy | Signers::Roots => (held(), signers.to_string()),
    };
    Err(Unverified::Role { found, expected })
}
