//! What a run tells `git awo write`: the contract and the policy by which a file is judged that its command writes.
//!
//! It is advice. The command can change it, and what it leaves behind is judged by what the run itself knows.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::facts::policies::PolicyFiles;
use crate::policy::Policy;
use crate::record::contract::Contract;
use crate::record::{IdentityName, ObjectId, json};
use crate::sys::{environment, file};

use super::error::Error;
use super::place::Place;

/// The variable that names the file.
pub const VARIABLE: &str = "AWO_GATEWAY";
/// The name of the program, as git looks for it.
const PROGRAM: &str = "git-awo";
/// The name of the file.
const TERMS: &str = "terms.json";
/// The largest file, in bytes.
const LONGEST: u64 = 64 << 20;

/// By what a file is judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    allowed_signers: String,
    /// The commit from which the run starts.
    pub base: ObjectId,
    /// The contract.
    pub contract: Contract,
    /// Who runs it.
    pub identity: IdentityName,
    policy: String,
    /// Whether the run makes a skeleton.
    pub skeleton: bool,
}

impl Terms {
    /// Returns the terms of a run; nothing where the files of the policy are no text.
    pub fn new(
        files: PolicyFiles,
        contract: Contract,
        identity: IdentityName,
        base: ObjectId,
        skeleton: bool,
    ) -> Option<Self> {
        Some(Self {
            allowed_signers: String::from_utf8(files.allowed_signers).ok()?,
            base,
            contract,
            identity,
            policy: String::from_utf8(files.policy).ok()?,
            skeleton,
        })
    }

    /// Reads the terms in a file; nothing if it does not hold any.
    pub fn read(path: &Path) -> std::io::Result<Option<Self>> {
        let bytes = file::read_plain(path, LONGEST)?;
        Ok(bytes.and_then(|it| json::parse_with_digest(&it)))
    }

    /// Returns the policy, if it holds.
    pub fn policy(&self) -> Option<Policy> {
        Policy::parse(self.policy.as_bytes(), self.allowed_signers.as_bytes()).ok()
    }
}

/// What the commands of a run are given: a directory with this program under the name by which git finds it, and the
/// terms.
pub(super) struct Gateway {
    directory: PathBuf,
}

impl Gateway {
    /// Makes the directory beside the work tree.
    pub(super) fn make(place: &Place, program: &Path, terms: &Terms) -> Result<Self, Error> {
        let directory = place.gateway();
        fs::create_dir(&directory).map_err(Error::io("make", &directory))?;
        let link = directory.join(PROGRAM);
        symlink(program, &link).map_err(Error::io("make", &link))?;
        let path = directory.join(TERMS);
        fs::write(&path, json::with_digest(terms)).map_err(Error::io("write", &path))?;
        Ok(Self { directory })
    }

    /// Lets a command find it.
    pub(super) fn offer(&self, command: &mut Command) {
        command.env("PATH", environment::search_path(&self.directory));
        command.env(VARIABLE, self.directory.join(TERMS));
    }
}
