//! The newest entry of the receive log, which proves that a push arrived.

use crate::facts::log;
use crate::record::ObjectId;
use crate::rules::absent;
use crate::store::layout;

use super::{Error, Session};

/// An entry of the receive log.
pub struct Receipt {
    /// The commit that holds it.
    pub commit: ObjectId,
    /// Its envelope, byte for byte.
    pub bytes: Vec<u8>,
}

/// Returns the newest entry.
pub fn newest(session: &Session) -> Result<Receipt, Error> {
    let Some(commit) = session.repo().reference(&layout::log())? else {
        return Err(session.refused(
            "there is no receive log in this clone",
            absent::receive_log(),
        ));
    };
    let bytes = log::entry_bytes(session.repo(), commit)?;
    Ok(Receipt { commit, bytes })
}
