//! What is seen of the repository, what is trusted in it, and who signs.

use std::os::unix::fs::PermissionsExt as _;

use super::examination::Examination;
use crate::ops::Error;
use crate::policy::Role;
use crate::record::{Coded, Subject, chain_of};
use crate::rules::{policy, setup};
use crate::signing::open_signer;

pub(super) fn view(it: &mut Examination<'_>) -> Result<(), Error> {
    let problems = it.actor.repo.view_problems();
    it.complain(problems.into_iter().map(setup::incomplete_view));
    Ok(())
}

pub(super) fn anchor(it: &mut Examination<'_>) -> Result<(), Error> {
    let found = match it.actor.anchor() {
        Ok(Some(_)) => return Ok(()),
        Ok(None) => "no trust anchor".to_owned(),
        Err(error) => chain_of(&error),
    };
    it.complain([setup::no_anchor(found, it.server)]);
    Ok(())
}

/// What was seen of the remotes must be readable, or nothing can be fetched or verified.
pub(super) fn marks(it: &mut Examination<'_>) -> Result<(), Error> {
    if let Err(error) = it.actor.settings.high_water() {
        it.report.absorb(error.refusal(Subject::none()));
    }
    Ok(())
}

pub(super) fn policy(it: &mut Examination<'_>) -> Result<(), Error> {
    if let Err(newer) = it.session.require_known_policy() {
        it.report.undecided.extend(newer.findings());
        return Ok(());
    }
    let history = match it.session.history() {
        Ok(history) => history,
        Err(error) => {
            it.complain([setup::no_policy(error.message())]);
            return Ok(());
        }
    };
    if history.current().policy.expired_at(it.actor.now()) {
        it.complain([setup::expired()]);
    }
    // A damaged anchor has a finding of its own.
    if let Ok(Some(anchor)) = it.actor.anchor()
        && !history.starts_at(&anchor)
    {
        let found = history.repository();
        it.complain([policy::other_root(
            found,
            anchor,
            "git awo trust FINGERPRINT",
        )]);
    }
    Ok(())
}

/// A person's key must be there and named by the policy.
pub(super) fn own_key(it: &mut Examination<'_>) -> Result<(), Error> {
    let Ok(history) = it.session.history() else {
        return Ok(());
    };
    if it.server {
        return Ok(());
    }
    let signer = match it.actor.signer() {
        Ok(signer) => signer,
        Err(error) => {
            it.complain([setup::no_key(chain_of(&error))]);
            return Ok(());
        }
    };
    let key = signer.public_key();
    if history.current().policy.keyring().person_of(key).is_none() {
        it.complain([setup::unknown_key(key.fingerprint())]);
    }
    Ok(())
}

/// The key of the receive log must be there, its owner's alone, and the one that the policy names.
pub(super) fn server_key(it: &mut Examination<'_>) -> Result<(), Error> {
    if !it.server {
        return Ok(());
    }
    let path = it.actor.settings.server_key();
    let mode = std::fs::metadata(&path).map(|meta| meta.permissions().mode());
    it.complain(match mode {
        Ok(mode) => setup::server_key_mode(mode),
        Err(_) => Some(setup::no_server_key()),
    });
    let Ok(history) = it.session.history() else {
        return Ok(());
    };
    let policy = &history.current().policy;
    let line = it.actor.settings.server_key_line().unwrap_or_default();
    let signer = open_signer(&path.to_string_lossy());
    let named = signer.is_ok_and(|signer| {
        let person = policy.keyring().person_of(signer.public_key());
        person.is_some_and(|person| policy.holds(person, Role::Server))
    });
    it.complain(setup::server_key_named(policy, line.trim(), named));
    Ok(())
}
