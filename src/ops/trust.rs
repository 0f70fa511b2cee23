//! What this clone trusts: the first policy commit, or a key that signed it.

use crate::check::Anchor;
use crate::rules::policy;
use crate::store::layout;

use super::{Error, Session};

/// Returns the anchor that text names: an object id or a fingerprint.
pub fn anchor(text: &str) -> Result<Anchor, Error> {
    Anchor::parse(text).ok_or_else(|| {
        Error::usage(format!(
            "{text:?} is neither an object id nor a SHA256:… fingerprint"
        ))
    })
}

/// Sets the anchor. A wrong one is refused now, if the policy is here already. What was verified here
/// before is forgotten.
pub fn trust(session: &Session, anchor: &Anchor) -> Result<(), Error> {
    session.actor().forget()?;
    if session.repo().reference(&layout::policy())?.is_some() {
        let history = session.history()?;
        if !history.starts_at(anchor) {
            let remedy = "ask where the fingerprint came from, or clone again";
            return Err(Error::denied(
                "the policy in this clone does not start there",
                policy::other_root(history.repository(), anchor, remedy),
            ));
        }
    }
    Ok(session.actor().settings.set_anchor(anchor)?)
}
