//! What keeps somebody from acting.

use std::path::PathBuf;

use crate::record::{Coded, Diagnosis, IdentityName, Refusal, RepoPath, Rule, Subject};
use crate::signing::SigningError;
use crate::store::layout;
use crate::sys::shell;
use crate::{check, git, store};

/// An act could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The repository could not be read or written.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// The records could not be read or written.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A check could not be made.
    #[error(transparent)]
    Check(#[from] check::Error),
    /// The server would refuse what was to be written.
    #[error("cannot write it: the server would refuse it")]
    Refused(Refusal),
    /// Nothing could be signed.
    #[error("cannot sign")]
    Sign(#[source] SigningError),
    /// No key is configured.
    #[error("cannot sign: no user.signingkey is set")]
    NoKey,
    /// The policy does not know the key.
    #[error("cannot act: the policy does not know your key {0}")]
    UnknownKey(String),
    /// The person lacks the role.
    #[error("cannot act as {role}: {person} holds {held}")]
    Role {
        /// Who.
        person: IdentityName,
        /// What is needed.
        role: String,
        /// What they hold.
        held: String,
    },
    /// There is no policy here.
    #[error("cannot act: this repository has no refs/awo/policy")]
    NoPolicy,
    /// The clock gives no usable time.
    #[error("cannot read the clock: {0}")]
    Clock(String),
    /// A file of ours could not be read or written.
    #[error("cannot use {}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file of ours does not hold what it should.
    #[error("cannot use {}: {why}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

impl Coded for Error {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Error::Git(error) => error.diagnosis(),
            Error::Store(error) => error.diagnosis(),
            Error::Check(error) => error.diagnosis(),
            Error::Refused(why) => why.clone().into(),
            Error::Sign(error) => error.diagnosis(),
            Error::NoKey => {
                let expected = "the key of a person whom the policy names";
                let remedy = "git config user.signingkey ~/.ssh/id_ed25519";
                Diagnosis::undecided(self, Rule::KeyConfigured, expected, remedy)
                    .found("no user.signingkey is set")
            }
            Error::UnknownKey(key) => {
                let remedy =
                    "git config user.signingkey PATH, or ask a root: git awo policy propose FILE";
                let expected = "a key of a person whom the policy names";
                Diagnosis::against(self, Rule::KeyKnown, expected, remedy).found(key)
            }
            Error::Role { person, role, held } => {
                let remedy = "ask a person who holds the role: git awo policy show";
                Diagnosis::against(self, Rule::RoleHeld, role, remedy)
                    .found(format!("{person} holds {held}"))
            }
            Error::NoPolicy => {
                let (expected, remedy) = (
                    "the policy and its records",
                    "git awo fetch, or git awo init",
                );
                Diagnosis::undecided(self, Rule::PolicyPresent, expected, remedy)
                    .found("no refs/awo/policy in this clone")
                    .about(Subject::of_ref(&layout::policy()))
            }
            Error::Clock(_) => Diagnosis::unusable(self, Rule::ClockReadable),
            Error::Io { .. } => Diagnosis::unusable(self, Rule::OwnFileUsable),
            Error::Malformed { path, .. } => {
                let remedy = format!(
                    "rm {}, then git awo trust FINGERPRINT and git awo fetch",
                    shell::quote(&path.display().to_string())
                );
                let path = RepoPath::new(path.as_os_str().as_encoded_bytes());
                let expected = "a file as git-awo writes it";
                Diagnosis::undecided(self, Rule::OwnFileForm, expected, remedy)
                    .about(Subject::none().path(&path))
            }
        }
    }
}
