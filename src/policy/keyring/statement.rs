//! The parts of checking a statement: form, signature, context, role.

use super::*;
use crate::record::envelope::pae;

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

pub(super) fn check_role<P: Predicate>(
    policy: &Policy,
    predicate: &P,
    context: &Context,
) -> Result<(), Unverified> {
    let allowed = roles_for(P::KIND, predicate.approves());
    let refuse = |found, expected| Unverified::Role { found, expected };
    if P::KIND == Kind::Override {
        if !policy.may_override(&context.identity) {
            return Err(refuse(
                format!(
                    "{} holds {}",
                    context.identity,
                    policy.roles_of(&context.identity)
                ),
                "a person whom gates.self_approval_override names".to_owned(),
            ));
        }
        return Ok(());
    }
    let words: Vec<_> = allowed.iter().map(|role| role.word()).collect();
    let Some(role) = Role::of_word(&context.role).filter(|role| allowed.contains(role)) else {
        return Err(refuse(
            format!("made as {:?}", context.role),
            format!("made as {}", words.join(" or ")),
        ));
    };
    if !policy.holds(&context.identity, role) {
        return Err(refuse(
            format!(
                "{} holds {}",
                context.identity,
                policy.roles_of(&context.identity)
            ),
            format!("the role {}", role.word()),
        ));
    }
    Ok(())
}

/// Returns the roles that may make a statement of this kind.
pub fn roles_for(kind: Kind, approves: Option<Approves>) -> &'static [Role] {
    use Role::{Operator, Orchestrator, Reviewer, Server};
    match kind {
        Kind::Contract | Kind::Outcome => &[Operator],
        Kind::Approval => match approves {
            Some(Approves::Audit) => &[Reviewer],
            _ => &[Operator],
        },
        Kind::Run => &[Orchestrator],
        Kind::Independence | Kind::Attestation => &[Reviewer],
        Kind::Finalization => &[Orchestrator, Operator, Reviewer],
        Kind::Receipt => &[Server],
        Kind::Policy | Kind::Override => &[],
    }
}
