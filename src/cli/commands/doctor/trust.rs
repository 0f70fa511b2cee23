//! What is seen of the repository, what is trusted in it, and who signs.

use crate::record::Rule;
use std::os::unix::fs::PermissionsExt as _;

use super::Examination;
use crate::cli::CliError;
use crate::policy::Role;
use crate::record::chain_of;

pub(super) fn view(it: &mut Examination<'_>) -> Result<(), CliError> {
    for problem in it.actor.repo.view_problems() {
        let expected = "a complete clone";
        it.complain(Rule::WholeView, problem, expected, "git fetch --unshallow");
    }
    Ok(())
}

pub(super) fn anchor(it: &mut Examination<'_>) -> Result<(), CliError> {
    let remedy = match it.server {
        true => "git awo init --server --anchor FINGERPRINT",
        false => "git awo trust FINGERPRINT",
    };
    let found = match it.actor.anchor() {
        Ok(Some(_)) => return Ok(()),
        Ok(None) => "no trust anchor".to_owned(),
        Err(error) => chain_of(&error),
    };
    it.complain(Rule::PinnedRoot, found, "an anchor", remedy);
    Ok(())
}

pub(super) fn policy(it: &mut Examination<'_>) -> Result<(), CliError> {
    let history = match it.actor.history() {
        Ok(history) => history,
        Err(error) => {
            let remedy = "git awo fetch, or git awo init";
            it.complain(Rule::PolicyPresent, error, "a policy that holds", remedy);
            return Ok(());
        }
    };
    let policy = &history.current().policy;
    if policy.expired_at(it.actor.now()) {
        let found = "the policy has expired";
        let remedy = "git awo policy propose FILE";
        it.complain(Rule::PolicyUnexpired, found, "one in force", remedy);
    }
    // A damaged anchor has a finding of its own.
    if let Ok(Some(anchor)) = it.actor.anchor()
        && !history.starts_at(&anchor)
    {
        let expected = anchor.to_string();
        it.complain(
            Rule::PinnedRoot,
            history.repository(),
            &expected,
            "git awo trust",
        );
    }
    Ok(())
}

/// A person's key must be there and named by the policy.
pub(super) fn own_key(it: &mut Examination<'_>) -> Result<(), CliError> {
    let Ok(history) = it.actor.history() else {
        return Ok(());
    };
    if it.server {
        return Ok(());
    }
    let signer = match it.actor.signer() {
        Ok(signer) => signer,
        Err(error) => {
            let remedy = "git config user.signingkey PATH";
            it.complain(Rule::KeyUsable, chain_of(&error), "a signing key", remedy);
            return Ok(());
        }
    };
    let key = signer.public_key();
    if history.current().policy.keyring().person_of(key).is_none() {
        let expected = "a key that the policy names";
        let remedy = "git config user.signingkey PATH, or ask a root to add the key";
        it.complain(Rule::KeyKnown, key.fingerprint(), expected, remedy);
    }
    Ok(())
}

/// The key of the receive log must be there, its owner's alone, and the one that the policy names.
pub(super) fn server_key(it: &mut Examination<'_>) -> Result<(), CliError> {
    if !it.server {
        return Ok(());
    }
    let path = it.actor.settings.server_key();
    let own = std::fs::read_to_string(it.actor.settings.server_key_public()).unwrap_or_default();
    let own = own.trim();
    match std::fs::metadata(&path) {
        Ok(meta) if meta.permissions().mode() & 0o077 != 0 => {
            let found = format!(
                "awo/server_key may be read by others: {:o}",
                meta.permissions().mode() & 0o777
            );
            let remedy = "chmod 600 awo/server_key";
            it.complain(
                Rule::ServerKeyPrivate,
                found,
                "a file of its owner alone",
                remedy,
            );
        }
        Ok(_) => {}
        Err(_) => {
            let remedy = "git awo init --server --anchor FINGERPRINT";
            it.complain(
                Rule::ServerKey,
                "no awo/server_key",
                "the key of the receive log",
                remedy,
            );
        }
    }
    let Ok(history) = it.actor.history() else {
        return Ok(());
    };
    let policy = &history.current().policy;
    let remedy = "git awo policy propose FILE";
    if policy.log_writers().next().is_none() {
        let found = format!("no identity with the role server for {own}");
        let expected = "a server key in the policy, so that pushes are logged";
        it.complain(Rule::LogPresent, found, expected, remedy);
        return Ok(());
    }
    let known = crate::signing::open_signer(&path.to_string_lossy())
        .ok()
        .is_some_and(|signer| {
            let person = policy.keyring().person_of(signer.public_key());
            person.is_some_and(|person| policy.holds(person, Role::Server))
        });
    if !known {
        let found = format!("the policy gives this server's key no role server: {own}");
        it.complain(Rule::LogKey, found, "the key that the policy names", remedy);
    }
    Ok(())
}
