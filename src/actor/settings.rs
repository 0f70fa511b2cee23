//! What a clone or server has set besides git's configuration: `<common dir>/awo/`.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::check::{Anchor, KnownPolicies, Marks, PolicyHistory};
use crate::git::Repo;
use crate::record::json;
use crate::sys::file::{self, NewFile};

use super::error::Error;
use super::files::write_atomically;

/// The directory of our own files in a repository. Nothing in it is ever pushed or fetched.
#[derive(Clone, Debug)]
pub struct Settings {
    directory: PathBuf,
}

/// What was verified of the policy's history before.
const KNOWN_POLICIES: &str = "policies-known";
/// The largest file of that, in bytes.
const MAX_KNOWN: u64 = 64 * 1024 * 1024;

impl Settings {
    /// Returns the settings of the repository whose directory, shared by its work trees, this is.
    pub fn at(common_dir: &Path) -> Self {
        Self {
            directory: common_dir.join("awo"),
        }
    }

    /// Returns the settings of a repository.
    pub fn of(repo: &Repo) -> Self {
        Self::at(repo.common_dir())
    }

    /// Returns the directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Returns the server's private key.
    pub fn server_key(&self) -> PathBuf {
        self.directory.join("server_key")
    }

    /// Returns its public half.
    pub fn server_key_public(&self) -> PathBuf {
        self.directory.join("server_key.pub")
    }

    /// Returns the public half of the key of the receive log, as one line.
    pub fn server_key_line(&self) -> std::io::Result<String> {
        let line = file::read_existing(&self.server_key_public(), MAX_OWN)?;
        let line = String::from_utf8(line);
        line.map_err(|_| std::io::ErrorKind::InvalidData.into())
    }

    /// Returns the anchor.
    pub fn anchor(&self) -> Result<Option<Anchor>, Error> {
        let path = self.directory.join("anchor");
        let Some(bytes) = read(&path)? else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(&bytes);
        match Anchor::parse(text.trim_end_matches('\n')) {
            Some(anchor) => Ok(Some(anchor)),
            // A damaged anchor is not "no anchor": that would make a server accept less, and a
            // clone decide nothing, for a reason that nobody sees.
            None => Err(Error::Malformed {
                path,
                why: "no object id and no fingerprint".to_owned(),
            }),
        }
    }

    /// Sets the anchor.
    pub fn set_anchor(&self, anchor: &Anchor) -> Result<(), Error> {
        write_atomically(
            &self.directory.join("anchor"),
            format!("{anchor}\n").as_bytes(),
        )
    }

    /// Returns what was verified of the policy's history before, if that can be read.
    pub fn known_policies(&self) -> Option<Arc<KnownPolicies>> {
        let bytes = file::read(&self.directory.join(KNOWN_POLICIES), MAX_KNOWN).ok()??;
        KnownPolicies::parse(&bytes).map(Arc::new)
    }

    /// Tells later processes that this history was verified. If that fails, they verify it again.
    pub fn remember(&self, history: &PolicyHistory) {
        if let Some(known) = history.learned() {
            let path = self.directory.join(KNOWN_POLICIES);
            let _ = NewFile::at(&path)
                .over()
                .volatile()
                .write(&known.to_bytes());
        }
    }

    /// Forgets what was verified of the policy's history before.
    pub fn forget_policies(&self) -> Result<(), Error> {
        let path = self.directory.join(KNOWN_POLICIES);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != ErrorKind::NotFound => Err(Error::Io { path, source }),
            _ => Ok(()),
        }
    }

    /// Returns the marks below which governance refs may not fall.
    pub fn high_water(&self) -> Result<Marks, Error> {
        let path = self.directory.join("high-water.json");
        let Some(bytes) = read(&path)? else {
            return Ok(Marks::default());
        };
        json::parse_canonical(&bytes).map_err(|error| Error::Malformed {
            path,
            why: error.to_string(),
        })
    }

    /// Raises the marks.
    pub fn set_high_water(&self, marks: &Marks) -> Result<(), Error> {
        write_atomically(
            &self.directory.join("high-water.json"),
            &json::canonical(marks),
        )
    }
}

/// The largest file of ours, but for what was verified of policies.
const MAX_OWN: u64 = 64 * 1024 * 1024;

fn read(path: &Path) -> Result<Option<Vec<u8>>, Error> {
    file::read(path, MAX_OWN).map_err(|source| Error::Io {
        path: path.to_owned(),
        source,
    })
}
