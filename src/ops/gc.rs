//! Makes anew what git-awo keeps beside a repository to find things fast.

use crate::git;
use crate::store::additions::Additions;
use crate::store::{layout, table};

use super::{Error, Session};

/// Makes the index of the ledger anew; returns how many commits it knows.
pub fn gc(session: &Session) -> Result<usize, Error> {
    let repo = session.repo();
    table::remove(repo).map_err(|source| git::Error::Io {
        path: table::directory(repo),
        source,
    })?;
    let tip = repo.reference(&layout::ledger())?;
    let (_, commits) = Additions::at(repo, tip).unfound()?;
    Ok(commits)
}
