//! A signed, hash-linked sequence on a ref: the receive log, and every other list whose order must
//! be provable.
//!
//! One commit an entry. Its tree holds the entry (`entry.dsse.json`, one signed envelope) and
//! perhaps one file that follows from the entries so far; everything else of the commit follows
//! from the entry, so that nothing in it is anybody's to choose. Entries are numbered from 1, name
//! the digest of the one before, and never go back in time. Whose signature counts is for the
//! caller to say.

use crate::git::{self, CommitDraft, Expected, Reader, RefUpdate, Repo};
use crate::record::commit::Person;
use crate::record::envelope::Envelope;
use crate::record::tree::Mode;
use crate::record::{
    Coded, Diagnosis, ObjectId, RefName, RepoPath, Rule, Sha256, Subject, Timestamp, chain_of,
};
use crate::records::{Predicate, Statement};

use super::ledger;
use super::swap::swap;

/// `entry.dsse.json`
pub const ENTRY: &str = "entry.dsse.json";

/// What an entry says about its place in a sequence.
pub trait Sequential: Predicate {
    /// Returns its number, from 1.
    fn sequence(&self) -> u64;
    /// Returns the digest of the entry before; none in the first.
    fn previous(&self) -> Option<Sha256>;
    /// Returns when it was made.
    fn time(&self) -> Timestamp;
}

/// Which sequence: where it stands, and what its commits look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// The ref. It only moves forward, by one commit an entry.
    pub reference: RefName,
    /// The file beside each entry, if there is one.
    pub beside: Option<&'static str>,
    /// What an entry is called in the subjects of the commits: `receipt`.
    pub word: &'static str,
    /// Who is author and committer of them: `git-awo server`.
    pub author: &'static str,
}

/// An entry as it is stored. Who signed it is not known yet.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its commit.
    pub commit: ObjectId,
    /// The date of the commit: the entry must say the same.
    pub date: Timestamp,
    /// The entry.
    pub envelope: Envelope,
    /// The file beside it; empty if the chain has none.
    pub beside: Vec<u8>,
}

/// Which entry of a sequence another one has to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The commit.
    pub commit: ObjectId,
    /// The digest of the entry.
    pub digest: Sha256,
    /// Its number.
    pub sequence: u64,
    /// Its time.
    pub time: Timestamp,
}

/// An entry to be appended.
#[derive(Clone, Debug)]
pub struct New<P> {
    /// What it says.
    pub says: P,
    /// The same, signed.
    pub envelope: Envelope,
    /// The file beside it; empty if the chain has none.
    pub beside: Vec<u8>,
}

/// A sequence could not be read, written or believed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The records could not be read or written.
    #[error(transparent)]
    Store(#[from] super::Error),
    /// The sequence is broken here.
    #[error("{broken}")]
    Broken {
        /// Where it stands.
        reference: RefName,
        /// The commit, if it is there already.
        commit: Option<ObjectId>,
        /// How.
        broken: Broken,
    },
}

/// How a sequence is broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A merge.
    #[error("an entry with several parents")]
    Linear,
    /// No entry, or more than one.
    #[error("{0}")]
    Entry(String),
    /// Another number, or another entry before.
    #[error("an entry that does not follow the one before")]
    Linked,
    /// Back in time.
    #[error("an entry older than the one before")]
    Time,
}

impl From<git::Error> for Error {
    fn from(error: git::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Coded for Error {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Store(error) => error.diagnosis(),
            Self::Broken {
                reference,
                commit,
                broken,
            } => {
                let rule = match broken {
                    Broken::Linear => Rule::LogLinear,
                    Broken::Entry(_) => Rule::LogEntry,
                    Broken::Linked => Rule::LogLinked,
                    Broken::Time => Rule::LogTime,
                };
                let expected = "signed entries, each naming the one before";
                let remedy = "ask the server's administrator; compare with another clone";
                let subject = Subject::of_ref(reference);
                Diagnosis::against(self, rule, expected, remedy).about(match commit {
                    Some(commit) => subject.at(*commit),
                    None => subject,
                })
            }
        }
    }
}

impl Entry {
    /// Returns what the entry says, unchecked.
    pub fn parse<P: Predicate>(&self) -> Result<P, String> {
        let statement = Statement::<P>::parse(self.envelope.payload());
        let statement = statement.map_err(|error| chain_of(&error))?;
        Ok(statement.predicate)
    }

    /// Returns the link that the entry is, if it says this.
    pub fn link(&self, says: &impl Sequential) -> Link {
        Link {
            commit: self.commit,
            digest: self.envelope.digest(),
            sequence: says.sequence(),
            time: says.time(),
        }
    }
}

impl Chain {
    /// Returns the last commit, if there is any.
    pub fn tip(&self, reader: &Reader) -> Result<Option<ObjectId>, Error> {
        Ok(reader.reference(&self.reference)?)
    }

    /// Returns the commits from after `base` up to `tip`, the oldest first.
    pub fn commits(
        &self,
        reader: &Reader,
        base: Option<ObjectId>,
        tip: ObjectId,
    ) -> Result<Vec<ObjectId>, Error> {
        let mut commits = Vec::new();
        let mut next = Some(tip);
        while let Some(id) = next.filter(|id| Some(*id) != base) {
            commits.push(id);
            next = match reader.commit(id)?.parents.as_slice() {
                [] => None,
                [parent] => Some(*parent),
                _ => return Err(self.broken(id, Broken::Linear)),
            };
        }
        commits.reverse();
        Ok(commits)
    }

    /// Reads the entry of a commit.
    pub fn read(&self, reader: &Reader, id: ObjectId) -> Result<Entry, Error> {
        let broken = |why: String| self.broken(id, Broken::Entry(why));
        let commit = reader.commit(id)?;
        let file = |name: &str| -> Result<Vec<u8>, Error> {
            let path = RepoPath::from(name);
            match reader.entry(commit.tree, &path)? {
                Some((Mode::File, id)) => Ok(reader.blob(id)?),
                _ => Err(super::Error::NoFile { path }.into()),
            }
        };
        let entry = file(ENTRY)?;
        let beside = self.beside.map(file).transpose()?.unwrap_or_default();
        let envelope = ledger::parse(ENTRY, &entry).map_err(|error| broken(chain_of(&error)))?;
        let date = Timestamp::from_seconds(commit.committer.time)
            .ok_or_else(|| broken("an impossible date".to_owned()))?;
        Ok(Entry {
            commit: id,
            date,
            envelope,
            beside,
        })
    }

    /// Returns what one entry says. Who signed it is not asked.
    pub fn says<P: Predicate>(&self, reader: &Reader, id: ObjectId) -> Result<P, Error> {
        let says = self.read(reader, id)?.parse();
        says.map_err(|why| self.broken(id, Broken::Entry(why)))
    }

    /// Checks that an entry that says this follows the last one, and that its commit follows from
    /// it. Returns what the next one has to follow.
    pub fn check(
        &self,
        reader: &Reader,
        last: Option<&Link>,
        entry: &Entry,
        says: &impl Sequential,
    ) -> Result<Link, Error> {
        let link = entry.link(says);
        follows(last, says).map_err(|broken| self.broken(entry.commit, broken))?;
        let commit = reader.commit(entry.commit)?;
        let draft = self.commit_of(says, commit.tree, commit.parents.first().copied());
        let implied = reader.hash(git::Kind::Commit, &draft.payload(reader.hash_kind()));
        let files = reader.tree(commit.tree)?.entries.len();
        let wanted = if self.beside.is_some() { 2 } else { 1 };
        if implied != Some(entry.commit) || files != wanted {
            let why = "a commit that says more than its entry, or something else";
            return Err(self.broken(entry.commit, Broken::Entry(why.to_owned())));
        }
        Ok(link)
    }

    /// Reads and checks the entries after `base` up to `tip`, and hands each to `take` with what
    /// `verify` made of it. Stops at the first that does not hold: those before it were taken.
    ///
    /// The caller knows that it has checked the sequence up to `base` before.
    pub fn load<P, V, E>(
        &self,
        reader: &Reader,
        base: Option<Link>,
        tip: ObjectId,
        mut verify: impl FnMut(&Entry) -> Result<V, E>,
        mut take: impl FnMut(Entry, V) -> Result<(), E>,
    ) -> Result<(), E>
    where
        P: Sequential,
        V: AsRef<P>,
        E: From<Error>,
    {
        let mut last = base;
        for id in self.commits(reader, base.map(|base| base.commit), tip)? {
            let entry = self.read(reader, id)?;
            let verified = verify(&entry)?;
            last = Some(self.check(reader, last.as_ref(), &entry, verified.as_ref())?);
            take(entry, verified)?;
        }
        Ok(())
    }

    /// Appends the entry that `make` makes to follow the last one, and makes it anew if somebody
    /// else was faster. Returns the new tip.
    pub fn append<P, E>(
        &self,
        repo: &Repo,
        mut make: impl FnMut(Option<&(Entry, P)>) -> Result<New<P>, E>,
    ) -> Result<ObjectId, E>
    where
        P: Sequential,
        E: From<Error> + From<super::Error>,
    {
        swap(repo, &format!("awo: {}", self.word), &[], || {
            let last = match self.tip(repo)? {
                Some(tip) => {
                    let entry = self.read(repo, tip)?;
                    let says = entry.parse::<P>();
                    let says = says.map_err(|why| self.broken(tip, Broken::Entry(why)))?;
                    Some((entry, says))
                }
                None => None,
            };
            let new = make(last.as_ref())?;
            let link = last.as_ref().map(|(entry, says)| entry.link(says));
            let tip = link.map(|link| link.commit);
            // What breaks a sequence breaks it for everybody: better no entry.
            follows(link.as_ref(), &new.says).map_err(|broken| self.broken(None, broken))?;
            let commit = self.write(repo, tip, &new)?;
            let update = RefUpdate {
                name: self.reference.clone(),
                expected: tip.map_or(Expected::Absent, Expected::At),
                new: Some(commit),
            };
            Ok((vec![update], commit))
        })
    }

    /// Returns the commit that holds an entry.
    pub fn commit_of(
        &self,
        says: &impl Sequential,
        tree: ObjectId,
        parent: Option<ObjectId>,
    ) -> CommitDraft {
        let person = Person {
            name: self.author.as_bytes().to_vec(),
            email: b"git-awo@localhost".to_vec(),
            time: says.time().seconds(),
        };
        CommitDraft {
            tree,
            parents: parent.into_iter().collect(),
            author: person.clone(),
            committer: person,
            message: format!("{} {}\n", self.word, says.sequence()).into_bytes(),
            signature: None,
        }
    }

    fn write<P: Sequential>(
        &self,
        repo: &Repo,
        parent: Option<ObjectId>,
        new: &New<P>,
    ) -> Result<ObjectId, Error> {
        let mut files = vec![(ENTRY, new.envelope.to_bytes())];
        files.extend(self.beside.map(|name| (name, new.beside.clone())));
        let mut edits = Vec::new();
        for (name, bytes) in files {
            let blob = repo.write_blob(&bytes)?;
            edits.push((RepoPath::from(name), Some((Mode::File, blob))));
        }
        let tree = repo.edit_tree(None, &edits)?;
        Ok(repo.write_commit(&self.commit_of(&new.says, tree, parent))?)
    }

    fn broken(&self, commit: impl Into<Option<ObjectId>>, broken: Broken) -> Error {
        Error::Broken {
            reference: self.reference.clone(),
            commit: commit.into(),
            broken,
        }
    }
}

/// Tells whether an entry that says this may follow the last one.
fn follows(last: Option<&Link>, says: &impl Sequential) -> Result<(), Broken> {
    let number = last.map_or(1, |last| last.sequence.saturating_add(1));
    if says.previous() != last.map(|last| last.digest) || says.sequence() != number {
        return Err(Broken::Linked);
    }
    match last.is_some_and(|last| says.time() < last.time) {
        true => Err(Broken::Time),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests;
