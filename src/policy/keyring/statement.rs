//! The parts of checking a statement: form, signature, context, role.

use super::*;
use crate::record::Rule;
use crate::record::envelope::pae;
use crate::signing::{BadPublicKey, SignatureError};

pub(super) fn parse_signature(
    sig: &[u8],
    keyid: &str,
    about: Subject,
) -> Result<Signature, Finding> {
    let bad = |found: String| {
        Rule::SignatureForm
            .finding(about.clone())
            .found(found)
            .expected("a binary SSHSIG whose key the keyid names")
            .remedy("sign it again with git awo; do not edit it by hand")
    };
    let signature = match Signature::from_blob(sig) {
        Ok(signature) => signature,
        Err(error) => {
            let refused = refused_key(&error, about.clone());
            return Err(refused.unwrap_or_else(|| bad(error.to_string())));
        }
    };
    if signature.public_key().fingerprint() != keyid {
        return Err(bad(format!(
            "keyid {keyid} over a signature by {}",
            signature.public_key().fingerprint()
        )));
    }
    Ok(signature)
}

/// Returns the finding on a signature whose key no policy can allow: a weak key, a certificate, or an
/// unknown kind of key. `None` if the signature has another fault.
pub fn refused_key(error: &SignatureError, about: Subject) -> Option<Finding> {
    let key = match error {
        SignatureError::Key(BadPublicKey::Malformed(_)) => return None,
        SignatureError::Key(key) => key,
        _ => return None,
    };
    let finding = Rule::KeyAccepted.finding(about).found(key);
    let finding = finding.expected("a key of a kind and size that is accepted");
    Some(finding.remedy("git awo policy propose FILE, with another key in allowed_signers"))
}

pub(super) fn check_raw(
    position: &Position<'_>,
    sig: &[u8],
    keyid: &str,
    kind: Kind,
    envelope: &Envelope,
    about: Subject,
) -> Result<Signer, Finding> {
    let signature = parse_signature(sig, keyid, about.clone())?;
    let check = |message: &[u8]| {
        let keyring = &position.policy.keyring;
        keyring.check(&signature, kind.namespace(), message, position.time)
    };
    let finding = match check(&envelope.pae()) {
        Ok(signer) => return Ok(signer),
        Err(finding) => finding,
    };
    let spelling = other_spellings(envelope.payload())
        .into_iter()
        .find(|(_, payload)| check(&pae(payload)).is_ok());
    if let Some((spelling, _)) = spelling {
        return Err(Rule::BindsBytes
            .finding(about)
            .found(format!("a signature over the record {spelling}"))
            .expected("a signature over the bytes that are stored")
            .remedy("sign it again with git awo; do not edit it by hand"));
    }
    Err(Finding {
        subject: about,
        ..finding
    })
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
    about: Subject,
) -> Result<(), Finding> {
    if context.identity != signer.person {
        return Err(Rule::SignerIsClaimed
            .finding(about)
            .found(format!(
                "claims {}, signed by {}",
                context.identity, signer.person
            ))
            .expected("the person whose key signed"));
    }
    if context.repository != position.repository {
        return Err(Rule::BindsRepository
            .finding(about)
            .found(context.repository)
            .expected(position.repository)
            .remedy("make the statement in this repository: it cannot be carried over"));
    }
    if !position.policies.contains(&context.policy) {
        return Err(Rule::BindsPolicy
            .finding(about)
            .found(context.policy)
            .expected("a policy in force by then")
            .remedy("git awo fetch, then make the statement again"));
    }
    Ok(())
}

pub(super) fn check_role<P: Predicate>(
    policy: &Policy,
    predicate: &P,
    context: &Context,
    about: Subject,
) -> Result<(), Finding> {
    let allowed = roles_for(P::KIND, predicate.approves());
    let refuse = |found: String, expected: String| {
        Rule::RoleHeld
            .finding(about.clone())
            .found(found)
            .expected(expected)
            .remedy("ask a person who holds the role")
    };
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

pub(super) fn bad_statement(error: &BadStatement, kind: Kind, about: Subject) -> Finding {
    let rule = match error {
        BadStatement::Json(bad) if bad.limit => Rule::RecordLimit,
        BadStatement::Json(_) | BadStatement::Subject => Rule::RecordCanonical,
        BadStatement::Version { .. } => Rule::StatementVersion,
        BadStatement::Type { .. } => Rule::StatementType,
    };
    let found = match error {
        BadStatement::Json(bad) => bad.to_string(),
        other => other.to_string(),
    };
    rule.finding(about)
        .found(found)
        .expected(format!("a canonical {kind} statement"))
        .remedy("write the record again with git awo; do not edit it by hand")
}
