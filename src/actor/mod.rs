//! Room 4, `actor`: the person or server who acts. Clock, signer and policy come together
//! here; what is said leaves as a signed envelope.

mod clock;
mod files;
mod settings;

use std::path::{Path, PathBuf};

use crate::check::{self, Anchor, PolicyHistory};
use crate::facts::position::Positions;
use crate::facts::run::Collector;
use crate::git::{self, Repo};
use crate::policy::Role;
use crate::record::commit::Person;
use crate::record::envelope::{Envelope, EnvelopeSignature, pae};
use crate::record::statement::{Context, Kind, Predicate, Statement};
use crate::record::{Coded, Diagnosis, IdentityName, RepoPath, Rule, Subject, Timestamp};
use crate::signing::{self, PublicKey, Signature, Signer, SigningError};
use crate::store::ledger::{Records, Refs};
use crate::store::{self, layout};

pub use clock::Clock;
pub use files::{publish_atomically, remove_pending, write_atomically};
pub use settings::Settings;

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
        role: &'static str,
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
                let path = RepoPath::new(path.as_os_str().as_encoded_bytes());
                let expected = "a file as git-awo writes it";
                Diagnosis::undecided(self, Rule::OwnFileForm, expected, "git awo doctor")
                    .about(Subject::none().path(&path))
            }
        }
    }
}

/// Somebody who acts in a repository.
pub struct Actor {
    /// The repository.
    pub repo: Repo,
    /// The clock.
    pub clock: Clock,
    /// What this clone or server has set besides git's configuration.
    pub settings: Settings,
    key: Option<String>,
}

impl Actor {
    /// Opens the repository around `dir`.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        Self::of(Repo::discover(dir)?)
    }

    /// Acts in an opened repository.
    pub fn of(repo: Repo) -> Result<Self, Error> {
        let settings = Settings::of(&repo);
        let key = repo.config("user.signingkey");
        Ok(Self {
            repo,
            clock: Clock::from_environment()?,
            settings,
            key,
        })
    }

    /// Acts with another key than `user.signingkey`: a path, as git takes it.
    pub fn with_key(mut self, key: &Path) -> Self {
        self.key = Some(key.display().to_string());
        self
    }

    /// Returns the present time.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Returns every ref.
    pub fn refs(&self) -> Result<Refs, Error> {
        Ok(check::push::refs(&self.repo)?)
    }

    /// Returns the checked history of the policy.
    pub fn history(&self) -> Result<PolicyHistory, Error> {
        let tip = self
            .repo
            .reference(&layout::policy())?
            .ok_or(Error::NoPolicy)?;
        Ok(PolicyHistory::load(&self.repo, tip)?)
    }

    /// Returns a collector over these records for a person's tools.
    pub fn collector<'a>(
        &self,
        records: &'a Records<'a>,
        history: &'a PolicyHistory,
    ) -> Collector<'a> {
        Collector {
            records,
            history,
            positions: Positions::Named,
            time: self.now(),
            arriving_policies: None,
        }
    }

    /// Returns the anchor that this clone or server trusts.
    pub fn anchor(&self) -> Result<Option<Anchor>, Error> {
        self.settings.anchor()
    }

    /// Returns the signer that git's configuration names.
    pub fn signer(&self) -> Result<Box<dyn Signer>, Error> {
        let key = self.key.as_deref().ok_or(Error::NoKey)?;
        signing::open_signer(key).map_err(Error::Sign)
    }

    /// Returns who one is by one's key.
    pub fn person(&self, history: &PolicyHistory) -> Result<IdentityName, Error> {
        let signer = self.signer()?;
        person_of(history, signer.public_key())
    }

    /// Returns author and committer, as git's configuration and environment name them.
    pub fn author(&self) -> Person {
        let from = |variable: &str, key: &str, fallback: &str| {
            std::env::var(variable)
                .ok()
                .filter(|value| !value.is_empty())
                .or_else(|| self.repo.config(key))
                .unwrap_or_else(|| fallback.to_owned())
        };
        let clean = |text: String| {
            text.chars()
                .filter(|c| !matches!(c, '<' | '>' | '\n' | '\0'))
                .collect::<String>()
        };
        Person {
            name: clean(from("GIT_COMMITTER_NAME", "user.name", "git-awo")).into_bytes(),
            email: clean(from(
                "GIT_COMMITTER_EMAIL",
                "user.email",
                "git-awo@localhost",
            ))
            .into_bytes(),
            time: self.now().seconds(),
        }
    }

    /// Returns the context of a statement made in the first of these roles that one holds.
    pub fn context(&self, history: &PolicyHistory, roles: &[Role]) -> Result<Context, Error> {
        let person = self.person(history)?;
        let policy = &history.current().policy;
        let role = roles.iter().find(|role| policy.holds(&person, **role));
        let Some(role) = role else {
            return Err(Error::Role {
                role: roles.first().map_or("nobody", |role| role.word()),
                held: policy.roles_of(&person),
                person,
            });
        };
        Ok(self.context_as(history, person, role.word()))
    }

    /// Returns the context of a statement made by a person in a role, as words.
    pub fn context_as(&self, history: &PolicyHistory, person: IdentityName, role: &str) -> Context {
        Context {
            identity: person,
            policy: history.current().commit,
            repository: history.repository(),
            role: role.to_owned(),
        }
    }

    /// Signs a statement.
    pub fn sign<P: Predicate>(&self, predicate: P) -> Result<Envelope, Error> {
        let payload = Statement::new(predicate).to_payload();
        let signature = self.sign_payload(P::KIND, &payload)?;
        Ok(Envelope::new(payload, vec![signature]))
    }

    /// Signs a payload in the namespace of its kind.
    pub fn sign_payload(&self, kind: Kind, payload: &[u8]) -> Result<EnvelopeSignature, Error> {
        let signature = self.sign_raw(kind.namespace(), &pae(payload))?;
        Ok(EnvelopeSignature {
            keyid: signature.public_key().fingerprint().to_owned(),
            sig: signature.to_blob().to_vec(),
        })
    }

    /// Signs bytes in a namespace, as for a commit (`git`).
    pub fn sign_raw(&self, namespace: &str, bytes: &[u8]) -> Result<Signature, Error> {
        self.signer()?.sign(namespace, bytes).map_err(Error::Sign)
    }
}

/// Returns whose key this is.
pub fn person_of(history: &PolicyHistory, key: &PublicKey) -> Result<IdentityName, Error> {
    let person = history.current().policy.keyring().person_of(key);
    person
        .cloned()
        .ok_or_else(|| Error::UnknownKey(key.fingerprint().to_owned()))
}
