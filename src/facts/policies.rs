//! The policy and its history: every version linked to the one before and signed by its roots.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::git::Reader;
use crate::policy::keyring::Signer;
use crate::policy::{BadPolicy, Keyring, Policy, Position, Proven, Unverified};
use crate::record::envelope::Envelope;
use crate::record::tree::{Entry, Mode};
use crate::record::{IdentityName, ObjectId, Sha256, Timestamp};
use crate::records::{Kind, PolicyPredicate, Statement};

use super::error::{BadVersion, Error, Flaw};
use super::known::{KnownPolicies, Stored};

/// What a clone or server trusts from the start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// The first policy commit.
    Commit(ObjectId),
    /// A key that signed the first policy commit, by fingerprint.
    Key(String),
}

impl Anchor {
    /// Parses an object id or a `SHA256:…` fingerprint.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(id) = text.parse() {
            return Some(Self::Commit(id));
        }
        let digest = text.strip_prefix("SHA256:")?;
        let fits = digest.len() == 43
            && digest
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/');
        fits.then(|| Self::Key(text.to_owned()))
    }
}

impl std::fmt::Display for Anchor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Commit(id) => id.fmt(f),
            Self::Key(fingerprint) => f.write_str(fingerprint),
        }
    }
}

/// One version of the policy.
pub struct Version {
    pub commit: ObjectId,
    /// Its text.
    pub policy: Policy,
    /// Who signed it.
    pub signers: Vec<Signer>,
    /// What was signed.
    pub statement: PolicyPredicate,
    envelope: Envelope,
}

/// The versions of the policy, the first one first. Never empty.
pub struct PolicyHistory {
    older: Option<Older>,
    /// The versions after those; at least the last one.
    versions: Vec<Version>,
    commits: Vec<ObjectId>,
    proven: Proven,
}

/// Versions that were verified by an earlier process. Each is read when it is asked for.
struct Older {
    known: Arc<KnownPolicies>,
    versions: Vec<OnceLock<Option<Version>>>,
    reader: Mutex<Reader>,
}

/// The three files of a policy commit.
pub struct PolicyFiles {
    /// `policy.toml`
    pub policy: Vec<u8>,
    /// `allowed_signers`
    pub allowed_signers: Vec<u8>,
    /// `policy.dsse.json`
    pub envelope: Vec<u8>,
}

/// The largest policy file.
const MAX_FILE: u64 = 1024 * 1024;
/// The most versions.
const MAX_VERSIONS: usize = 100_000;

impl PolicyHistory {
    /// Loads and checks the history that ends at `tip`.
    pub fn load(reader: &Reader, tip: ObjectId) -> Result<Self, Error> {
        Self::load_after(reader, tip, None)
    }

    /// Loads the history that ends at `tip` and checks the versions that are not known from before.
    ///
    /// A known version is read when it is asked for. If it cannot be read then, [`KnownPolicies::failed`]
    /// tells: what was judged by this history is void, and is to be judged by that of
    /// [`Self::load`].
    pub fn load_after(
        reader: &Reader,
        tip: ObjectId,
        known: Option<&Arc<KnownPolicies>>,
    ) -> Result<Self, Error> {
        let mut commits = Vec::new();
        let mut next = Some(tip);
        let mut base = None;
        while let Some(id) = next {
            base = known.and_then(|known| Some((known, known.up_to(id)?)));
            if base.is_some() {
                break;
            }
            commits.push(id);
            next = match reader.commit(id)?.parents.as_slice() {
                [] => None,
                [parent] if commits.len() < MAX_VERSIONS => Some(*parent),
                _ => return Err(BadVersion::at(id, Flaw::Forked).into()),
            };
        }
        let mut history = Self {
            older: None,
            versions: Vec::new(),
            commits: Vec::new(),
            proven: Proven::default(),
        };
        if let Some((known, [older @ .., last])) = base {
            history.commits.extend(older.iter().map(|it| it.commit));
            history.older = Some(Older {
                known: Arc::clone(known),
                versions: older.iter().map(|_| OnceLock::new()).collect(),
                reader: Mutex::new(reader.fork()),
            });
            history.append(Version::read(reader, last)?);
        }
        for commit in commits.into_iter().rev() {
            history.extend(reader, commit)?;
        }
        Ok(history)
    }

    /// Checks one more version and appends it.
    pub fn extend(&mut self, reader: &Reader, id: ObjectId) -> Result<(), Error> {
        let commit = reader.commit(id)?;
        let expected_parents: Vec<_> = self.commits.last().copied().into_iter().collect();
        if commit.parents != expected_parents {
            return Err(BadVersion::at(id, Flaw::OtherParent).into());
        }
        let (files, policy, envelope) = parts(reader, id)?;
        // A first policy is signed by its own roots; each later one by those before it.
        let judge = self
            .versions
            .last()
            .map_or(&policy, |version| &version.policy);
        let time = Timestamp::from_seconds(commit.committer.time)
            .ok_or_else(|| BadVersion::at(id, Flaw::Date))?;
        let (statement, signers) = Keyring::verify_policy(&envelope, judge, time)
            .map_err(|error| BadVersion::at(id, Flaw::Signature(error)))?;
        self.check_statement(&files, &policy, &statement)
            .map_err(|flaw| BadVersion::at(id, flaw))?;
        let persons: BTreeSet<&IdentityName> =
            signers.iter().map(|signer| &signer.person).collect();
        if persons.len() < judge.root_threshold() {
            let missing = judge.roots().iter().filter(|root| !persons.contains(root));
            let flaw = Flaw::Threshold {
                signed: persons.len(),
                needed: judge.root_threshold(),
                missing: missing.cloned().collect(),
            };
            return Err(BadVersion::at(id, flaw).into());
        }
        self.append(Version {
            commit: id,
            policy,
            signers,
            statement,
            envelope,
        });
        Ok(())
    }

    fn append(&mut self, version: Version) {
        self.commits.push(version.commit);
        self.versions.push(version);
    }

    fn check_statement(
        &self,
        files: &PolicyFiles,
        policy: &Policy,
        statement: &PolicyPredicate,
    ) -> Result<(), Flaw> {
        if statement.policy != Sha256::of(&files.policy)
            || statement.allowed_signers != Sha256::of(&files.allowed_signers)
        {
            return Err(Flaw::OtherFiles);
        }
        if statement.predecessor != self.commits.last().copied() {
            return Err(Flaw::OtherPredecessor);
        }
        if statement.repository != self.commits.first().copied() {
            return Err(Flaw::OtherRepository);
        }
        let last = self.versions.last();
        let expected = last.map_or(1, |last| last.policy.version().saturating_add(1));
        if policy.version() != expected || statement.version != expected {
            return Err(Flaw::Version {
                found: policy.version(),
                signed: statement.version,
                expected,
            });
        }
        Ok(())
    }

    /// Tells what is wrong with a version if it was put into force at this time: the date of its
    /// commit is its author's word, so a key could sign after its window by dating back.
    pub fn refuses_at(&self, index: usize, time: Timestamp) -> Option<BadVersion> {
        let version = self.commits.get(index).map(|_| self.version(index))?;
        let judge = &self.version(index.saturating_sub(1)).policy;
        let error = Keyring::verify_policy(&version.envelope, judge, time).err()?;
        Some(BadVersion::at(version.commit, Flaw::Signature(error)))
    }

    /// Tells what is wrong with a version that is to be put into force at this time: more is asked of it
    /// than of those that were accepted.
    pub fn refuses_new(&self, index: usize, time: Timestamp) -> Option<BadVersion> {
        self.refuses_at(index, time).or_else(|| {
            let version = self.version(index);
            let mut complaints = version.policy.lookalikes();
            complaints.extend(self.renames(&version.policy, index));
            let bad = BadPolicy::Complaints(complaints.clone());
            (!complaints.is_empty()).then(|| BadVersion::at(version.commit, Flaw::Unreadable(bad)))
        })
    }

    /// Returns complaints about keys of a policy which belonged to somebody else when one of these first
    /// versions named them last: one key under two names would count as two persons.
    pub fn renames(&self, policy: &Policy, before: usize) -> Vec<String> {
        let entries = policy.keyring().entries().into_iter();
        let mut keys: BTreeMap<_, _> = entries.map(|(person, key)| (key, person)).collect();
        let mut complaints = Vec::new();
        for index in (0..before).rev() {
            // Most versions have the keys of the one before, and no other is read.
            if keys.is_empty() {
                break;
            }
            for (earlier, key) in self.version(index).policy.keyring().entries() {
                if let Some(person) = keys.remove(&key).filter(|it| *it != earlier) {
                    complaints.push(format!(
                        "the key {key} of {earlier} would be {person}'s: a person keeps their name, and \
                         principals give them others"
                    ));
                }
            }
        }
        complaints
    }

    /// Returns the versions, the first one first.
    pub fn versions(&self) -> impl DoubleEndedIterator<Item = &Version> + ExactSizeIterator {
        (0..self.commits.len()).map(|index| self.version(index))
    }

    /// Returns the policy commits, the first one first.
    pub fn commits(&self) -> &[ObjectId] {
        &self.commits
    }

    /// Returns the version in force.
    pub fn current(&self) -> &Version {
        self.version(usize::MAX)
    }

    /// Returns the version at an index, or the last one if there is no such.
    #[allow(
        clippy::indexing_slicing,
        reason = "a history is made of at least one version, and the index is cut to the last"
    )]
    pub fn version(&self, index: usize) -> &Version {
        let last = self.versions.len().saturating_sub(1);
        let older = self.older.as_ref().map_or(0, |older| older.versions.len());
        let found = match index.checked_sub(older) {
            Some(at) => self.versions.get(at),
            None => self.older.as_ref().and_then(|older| older.version(index)),
        };
        found.unwrap_or(&self.versions[last])
    }

    /// Returns who signed the first version.
    pub fn founders(&self) -> &[Signer] {
        let first = self.older.as_ref().and_then(|it| it.stored().first());
        first.map_or_else(|| &*self.version(0).signers, |it| &it.signers)
    }

    /// Reads every version now, so that none can turn out to be unreadable later.
    pub fn read_all(&self) -> Result<(), Error> {
        let Some(older) = &self.older else {
            return Ok(());
        };
        let reader = older.reader.lock().unwrap_or_else(PoisonError::into_inner);
        for (slot, stored) in older.versions.iter().zip(older.stored()) {
            let version = Version::read(&reader, stored)?;
            slot.get_or_init(|| Some(version));
        }
        Ok(())
    }

    /// Returns what is known of this history now, if that is more than before.
    pub fn learned(&self) -> Option<KnownPolicies> {
        let mut stored = self.older.as_ref().map_or(&[][..], Older::stored).to_vec();
        if self.older.is_some() && self.versions.len() == 1 {
            return None;
        }
        stored.extend(self.versions.iter().map(|it| Stored {
            commit: it.commit,
            signers: it.signers.clone(),
        }));
        Some(KnownPolicies::of(stored))
    }

    /// Returns the index of the version in force.
    pub fn last_index(&self) -> usize {
        self.commits.len().saturating_sub(1)
    }

    /// Returns the first policy commit, which identifies the repository.
    pub fn repository(&self) -> ObjectId {
        let first = self.commits.first().copied();
        first.unwrap_or_else(|| self.current().commit)
    }

    /// Returns the position of a policy commit.
    pub fn index_of(&self, commit: ObjectId) -> Option<usize> {
        self.commits.iter().position(|it| *it == commit)
    }

    /// Returns the position at a version (the last one if there is no such) and time.
    pub fn position(&self, index: usize, time: Option<Timestamp>) -> Position<'_> {
        let index = index.min(self.last_index());
        Position {
            repository: self.repository(),
            policy: &self.version(index).policy,
            policies: self.commits.get(..=index).unwrap_or(&self.commits),
            time,
            proven: &self.proven,
        }
    }

    /// Returns the position of now.
    pub fn now(&self, time: Timestamp) -> Position<'_> {
        self.position(self.last_index(), Some(time))
    }

    /// Tells whether the history begins where the anchor says.
    pub fn starts_at(&self, anchor: &Anchor) -> bool {
        match anchor {
            Anchor::Commit(id) => *id == self.repository(),
            Anchor::Key(fingerprint) => self
                .founders()
                .iter()
                .any(|signer| &signer.key == fingerprint),
        }
    }
}

impl Older {
    fn stored(&self) -> &[Stored] {
        let known = self.known.versions();
        known.get(..self.versions.len()).unwrap_or(known)
    }

    /// Returns a version; `None`, and the knowledge has failed, if it cannot be read.
    fn version(&self, index: usize) -> Option<&Version> {
        let read = || {
            let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
            let read = Version::read(&reader, self.stored().get(index)?).ok();
            if read.is_none() {
                self.known.fail();
            }
            read
        };
        self.versions.get(index)?.get_or_init(read).as_ref()
    }
}

impl Version {
    /// Reads a version that was verified before.
    fn read(reader: &Reader, stored: &Stored) -> Result<Self, Error> {
        let (_, policy, envelope) = parts(reader, stored.commit)?;
        let kind = Kind::Policy;
        let statement = Statement::parse(envelope.payload()).map_err(|error| {
            let flaw = Flaw::Signature(Unverified::Statement { kind, error });
            BadVersion::at(stored.commit, flaw)
        })?;
        Ok(Self {
            commit: stored.commit,
            policy,
            signers: stored.signers.clone(),
            statement: statement.predicate,
            envelope,
        })
    }
}

/// Reads and parses the files of a policy commit.
fn parts(reader: &Reader, id: ObjectId) -> Result<(PolicyFiles, Policy, Envelope), Error> {
    let files = PolicyFiles::read(reader, id)?;
    let policy = Policy::parse(&files.policy, &files.allowed_signers)
        .map_err(|bad| BadVersion::at(id, Flaw::Unreadable(bad)))?;
    let envelope = Envelope::parse(&files.envelope)
        .map_err(|error| BadVersion::at(id, Flaw::Envelope(error.to_string())))?;
    Ok((files, policy, envelope))
}

impl PolicyFiles {
    /// Reads the files of a policy commit; any other file there is refused.
    pub fn read(reader: &Reader, id: ObjectId) -> Result<Self, Error> {
        let tree = reader.tree(reader.commit(id)?.tree)?;
        let names: Vec<_> = tree
            .entries
            .iter()
            .map(|entry| entry.name.as_slice())
            .collect();
        let expected: [&[u8]; 3] = [b"allowed_signers", b"policy.dsse.json", b"policy.toml"];
        let plain = tree.entries.iter().all(|entry| entry.mode == Mode::File);
        let [signers, envelope, policy] = tree.entries.as_slice() else {
            return Err(BadVersion::at(id, Flaw::Files).into());
        };
        if names != expected || !plain {
            return Err(BadVersion::at(id, Flaw::Files).into());
        }
        let read = |entry: &Entry| reader.blob_limited(entry.id, MAX_FILE);
        Ok(Self {
            allowed_signers: read(signers)?,
            envelope: read(envelope)?,
            policy: read(policy)?,
        })
    }
}
