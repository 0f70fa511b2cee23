//! Makes anew what git-awo keeps beside a repository to find things fast.

use crate::git;
use crate::store::additions::Additions;
use crate::store::notes::Segments;
use crate::store::{beside, layout};

use super::{Error, Session};

/// What the index knows.
pub struct Known {
    /// So many commits of the ledger.
    pub commits: usize,
    /// So many notes.
    pub notes: usize,
}

/// Makes the index of the ledger and of the notes anew.
pub fn gc(session: &Session) -> Result<Known, Error> {
    let repo = session.repo();
    let made_anew = beside::remove(repo).and_then(|()| beside::require_writable(repo));
    made_anew.map_err(|source| git::Error::Io {
        path: beside::directory(repo),
        source,
    })?;
    let tip = repo.reference(&layout::ledger())?;
    let (_, commits) = Additions::at(repo, tip).unfound()?;
    let segments = Segments::of(repo)?;
    segments.prepare_all();
    let (_, notes) = segments.unfound()?;
    Ok(Known { commits, notes })
}
