//! The parts of checking a statement: form, signature, context, role.

use super::*;
use crate::record::envelope::pae;
use crate::records::Signers;

pub(super) fn parse_signature(sig: &[u8], keyid: &str) -> Result<Signature, Unverified> {
    let signature =
        Signature::from_blob(sig).map_err(|error| Unverified::unread(error, Unverified::Form))?;
    let own = signature.public_key().fingerprint();
    if own != keyid {
        let found = format!("keyid {keyid} over a signature by {own}");
        return Err(Unverified::Form(found));
    }
    Ok(signature)
}

pub(super) fn check_raw(
    position: &Position<'_>,
    sig: &[u8],
    keyid: &str,
    kind: Kind,
    envelope: &Envelope,
) -> Result<Signer, Unverified> {
    let signature = parse_signature(sig, keyid)?;
    let check = |message: &[u8]| {
        let keyring = &position.policy.keyring;
        keyring.check(&signature, kind.namespace(), message, position.time)
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

pub(super) fn check_context(
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

pub(super) fn check_role(
    policy: &Policy,
    signers: Signers,
    context: &Context,
) -> Result<(), Unverified> {
    let person = &context.identity;
    let held = || format!("{person} holds {}", policy.roles_of(person));
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
        Signers::NamedByPolicy | Signers::Roots => (held(), signers.to_string()),
    };
    Err(Unverified::Role { found, expected })
}
