//! The person or server who acts: clock, signer, settings and policy together. What an actor says
//! leaves as a signed envelope.

mod clock;
mod error;
mod files;
mod settings;

use std::path::Path;
use std::sync::Arc;

use crate::check::{self, Anchor, KnownPolicies, PolicyHistory};
use crate::facts::lifting::{self, Lifting, Uses, When};
use crate::facts::position::Positions;
use crate::facts::run::Collector;
use crate::git::{CommitDraft, Expected, RefUpdate, Repo, UpdateError};
use crate::policy::Role;
use crate::record::commit::{Commit, Person};
use crate::record::envelope::{Envelope, EnvelopeSignature, pae};
use crate::record::tree::Change;
use crate::record::{IdentityName, ObjectId, RefName, Refusal, Rule, Timestamp};
use crate::records::{Context, Kind, Movement, Predicate, Statement};
use crate::signing::{self, PublicKey, Signature, Signer};
use crate::store;
use crate::store::batch::Batch;
use crate::store::beside;
use crate::store::layout;
use crate::store::ledger::{Records, Refs};
use crate::sys::Environment;

pub use clock::Clock;
pub use error::Error;
pub use files::{publish_atomically, remove_pending, write_atomically};
pub use settings::Settings;

/// Somebody who acts in a repository.
pub struct Actor {
    /// The repository.
    pub repo: Repo,
    /// The clock.
    pub clock: Clock,
    /// What this clone or server has set besides git's configuration.
    pub settings: Settings,
    key: Option<String>,
    committer_name: Option<String>,
    committer_email: Option<String>,
}

impl Actor {
    /// Opens the repository around `dir`.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        Ok(Self::of(Repo::discover(dir)?))
    }

    /// Acts in an opened repository, by the system's clock.
    pub fn of(repo: Repo) -> Self {
        Self {
            clock: Clock::system(),
            settings: Settings::of(&repo),
            key: repo.config("user.signingkey"),
            committer_name: None,
            committer_email: None,
            repo,
        }
    }

    /// Acts as the environment says: `SOURCE_DATE_EPOCH`, `GIT_COMMITTER_NAME`,
    /// `GIT_COMMITTER_EMAIL`.
    pub fn told(mut self, environment: &Environment) -> Result<Self, Error> {
        let given = |name| environment.text(name).filter(|text| !text.is_empty());
        self.clock = Clock::told(environment)?;
        self.committer_name = given("GIT_COMMITTER_NAME");
        self.committer_email = given("GIT_COMMITTER_EMAIL");
        Ok(self)
    }

    /// Opens the repository again, to see objects that are new since.
    pub fn again(&self) -> Result<Self, Error> {
        Ok(Self {
            repo: Repo::open(self.repo.git_dir())?,
            clock: self.clock,
            settings: self.settings.clone(),
            key: self.key.clone(),
            committer_name: self.committer_name.clone(),
            committer_email: self.committer_email.clone(),
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

    /// Returns the checked history of the policy, and tells later processes that it was checked.
    pub fn history(&self) -> Result<PolicyHistory, Error> {
        let history = self.history_after(self.settings.known_policies().as_ref())?;
        history.read_all()?;
        Ok(history)
    }

    /// Returns the history of the policy, checked after what is known of it from before.
    pub fn history_after(
        &self,
        known: Option<&Arc<KnownPolicies>>,
    ) -> Result<PolicyHistory, Error> {
        let tip = self
            .repo
            .reference(&layout::policy())?
            .ok_or(Error::NoPolicy)?;
        let history = PolicyHistory::load_after(&self.repo, tip, known)?;
        self.settings.remember(&history);
        Ok(history)
    }

    /// Forgets what was verified in this repository before, and the indexes. Whoever now says by hand
    /// whom to trust has not vouched for them: they may have come with the repository, from whoever
    /// packed it.
    pub fn forget(&self) -> Result<(), Error> {
        beside::remove(&self.repo).map_err(|source| Error::Io {
            path: beside::directory(&self.repo),
            source,
        })?;
        self.settings.forget_policies()
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
            measures: Default::default(),
        }
    }

    /// Returns what lifts the protection of what a commit changes, as of now.
    pub fn lifting(
        &self,
        history: &PolicyHistory,
        (commit, changes): (Option<&Commit>, &[Change]),
    ) -> Result<Vec<Lifting>, Error> {
        let policy = &history.current().policy;
        if !lifting::may_be_lifted(policy, changes) {
            return Ok(Vec::new());
        }
        let refs = self.refs()?;
        let records = Records::open(&self.repo, &refs)?;
        let collector = self.collector(&records, history);
        let when = When {
            time: self.now(),
            arriving: true,
        };
        let uses = Uses::by_log(&self.repo, &refs);
        let lifting = collector.lifting(policy, &uses, (commit, changes), when);
        Ok(lifting?)
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

    /// Returns author and committer, as the environment or git's configuration names them.
    pub fn author(&self) -> Person {
        let from = |told: &Option<String>, key: &str, fallback: &str| {
            let told = told.clone().or_else(|| self.repo.config(key));
            told.unwrap_or_else(|| fallback.to_owned())
        };
        let clean = |text: String| {
            text.chars()
                .filter(|c| !matches!(c, '<' | '>' | '\n' | '\0'))
                .collect::<String>()
        };
        Person {
            name: clean(from(&self.committer_name, "user.name", "git-awo")).into_bytes(),
            email: clean(from(
                &self.committer_email,
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
            let words: Vec<_> = roles.iter().map(|role| role.word()).collect();
            return Err(Error::Role {
                role: words.join(" or "),
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

    /// Writes a batch, if the server would take it as far as this clone knows it: what is refused
    /// there would stand in the way of every later push.
    pub fn write(&self, batch: &Batch) -> Result<(), Error> {
        batch.commit_if(&self.repo, &self.author(), |updates| self.allow(updates))
    }

    /// Creates a ref, if the server would take it as far as this clone knows it. Tells whether it was free.
    pub fn create(&self, name: &RefName, id: ObjectId, message: &str) -> Result<bool, Error> {
        let update = RefUpdate {
            name: name.clone(),
            expected: Expected::Absent,
            new: Some(id),
        };
        self.allow(std::slice::from_ref(&update))?;
        match self.repo.update_refs(&[update], message) {
            Ok(()) => Ok(true),
            Err(UpdateError::Moved { .. }) => Ok(false),
            Err(error) => Err(store::Error::from(error).into()),
        }
    }

    /// Judges movements as the server will. What cannot be decided here is left to the server.
    fn allow(&self, updates: &[RefUpdate]) -> Result<(), Error> {
        let reader = self.repo.fork();
        if reader.require_whole_view().is_err() {
            return Ok(());
        }
        let mut before = self.refs()?;
        let mut movements = Vec::new();
        for update in updates {
            // Where it was as the batch was made, whatever others have moved since.
            let old = match update.expected {
                Expected::At(id) => Some(id),
                _ => None,
            };
            match old {
                Some(id) => _ = before.insert(update.name.clone(), id),
                None => _ = before.remove(&update.name),
            }
            let (reference, new) = (update.name.clone(), update.new);
            movements.extend((old != new).then_some(Movement {
                reference,
                old,
                new,
            }));
        }
        if movements.is_empty() {
            return Ok(());
        }
        let report = check::push::judge(&check::push::Push {
            reader: &reader,
            before: &before,
            movements: &movements,
            anchor: None,
            known: self.settings.known_policies().as_ref(),
            door: check::push::Door::Clone,
            time: self.now(),
        });
        // A halt and an expiry are of the moment of the push, and may be over by then.
        let halts = [Rule::Locked, Rule::PolicyUnexpired];
        let findings = report.findings.into_iter();
        let lasting = findings.filter(|it| !halts.iter().any(|rule| it.rule == *rule));
        Refusal::of(lasting).map_or(Ok(()), |why| Err(Error::Refused(why)))
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

    /// Signs a commit that is to be written.
    pub fn sign_commit(&self, mut draft: CommitDraft) -> Result<CommitDraft, Error> {
        let signature = self.sign_raw("git", &draft.payload(self.repo.hash_kind()))?;
        draft.signature = Some(signature.to_armor().into_bytes());
        Ok(draft)
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
