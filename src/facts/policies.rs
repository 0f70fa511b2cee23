//! The policy and its history: every version linked to the one before and signed by its roots.

use std::collections::BTreeSet;

use crate::git::Reader;
use crate::policy::keyring::Signer;
use crate::policy::{Keyring, Policy, Position};
use crate::record::envelope::Envelope;
use crate::record::tree::{Entry, Mode};
use crate::record::{IdentityName, ObjectId, Sha256, Timestamp};
use crate::records::PolicyPredicate;

use super::error::{BadVersion, Error, Flaw};

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
    versions: Vec<Version>,
    commits: Vec<ObjectId>,
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
        let mut commits = vec![tip];
        let mut last = tip;
        loop {
            let commit = reader.commit(last)?;
            match commit.parents.as_slice() {
                [] => break,
                [parent] if commits.len() < MAX_VERSIONS => {
                    last = *parent;
                    commits.push(last);
                }
                _ => return Err(BadVersion::at(last, Flaw::Forked).into()),
            }
        }
        commits.reverse();
        let mut history = Self {
            versions: Vec::new(),
            commits: Vec::new(),
        };
        for commit in commits {
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
        let files = PolicyFiles::read(reader, id)?;
        let policy = Policy::parse(&files.policy, &files.allowed_signers)
            .map_err(|bad| BadVersion::at(id, Flaw::Unreadable(bad)))?;
        let envelope = Envelope::parse(&files.envelope)
            .map_err(|error| BadVersion::at(id, Flaw::Envelope(error.to_string())))?;
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
        self.commits.push(id);
        self.versions.push(Version {
            commit: id,
            policy,
            signers,
            statement,
            envelope,
        });
        Ok(())
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
        let version = self.versions.get(index)?;
        let judge = &self.version(index.saturating_sub(1)).policy;
        let error = Keyring::verify_policy(&version.envelope, judge, time).err()?;
        Some(BadVersion::at(version.commit, Flaw::Signature(error)))
    }

    /// Returns the versions, the first one first.
    pub fn versions(&self) -> &[Version] {
        &self.versions
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
        &self.versions[index.min(self.last_index())]
    }

    /// Returns the index of the version in force.
    pub fn last_index(&self) -> usize {
        self.versions.len().saturating_sub(1)
    }

    /// Returns the first policy commit, which identifies the repository.
    pub fn repository(&self) -> ObjectId {
        self.version(0).commit
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
                .version(0)
                .signers
                .iter()
                .any(|signer| &signer.key == fingerprint),
        }
    }
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
