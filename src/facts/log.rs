//! The receive log: which ref moved from where to where, when, under which policy. Written and
//! signed by the server, hash-linked, one commit an entry; each commit's tree holds the entry
//! (`entry.dsse.json`) and where every governed ref stood after it (`state.json`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::git::{self, CommitDraft, Reader};
use crate::policy::{Keyring, Verified};
use crate::record::commit::Person;
use crate::record::predicate::{Movement, ReceiptPredicate};
use crate::record::statement::Statement;
use crate::record::tree::Mode;
use crate::record::{
    Coded, Finding, Findings, ObjectId, RefName, RepoPath, Rule, Sha256, Subject, Timestamp, json,
};
use crate::store;
use crate::store::ledger;

use super::{Error, PolicyHistory};

/// `entry.dsse.json`
pub const ENTRY: &str = "entry.dsse.json";
/// `state.json`
pub const STATE: &str = "state.json";

/// Where every governed ref stood after an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The refs.
    pub refs: BTreeMap<RefName, ObjectId>,
}

impl State {
    /// Parses the stored form.
    pub fn parse(bytes: &[u8]) -> Result<Self, json::BadJson> {
        json::parse_canonical(bytes)
    }

    /// Returns the stored form.
    pub fn to_bytes(&self) -> Vec<u8> {
        json::canonical(self)
    }

    /// Applies the movements of an entry. One that starts elsewhere than here was overtaken by a
    /// later push whose entry came first, and is already contained.
    pub fn apply(&mut self, entry: &ReceiptPredicate) {
        for movement in entry.unrecorded.iter().chain(&entry.movements) {
            if self.refs.get(&movement.reference).copied() != movement.old {
                continue;
            }
            match movement.new {
                Some(new) => _ = self.refs.insert(movement.reference.clone(), new),
                None => _ = self.refs.remove(&movement.reference),
            }
        }
    }
}

/// An entry that was read and checked.
pub struct Entry {
    /// What it says, checked.
    pub receipt: Verified<ReceiptPredicate>,
    /// The version of the policy by which the push was judged.
    pub policy: usize,
}

/// The log, the first entry first.
#[derive(Default)]
pub struct Log {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Where every governed ref stood at the end.
    pub state: State,
    /// Movements that happened past the hook, as the next entry found them.
    pub unrecorded: Vec<Movement>,
    /// What the entries follow, if not the beginning.
    base: Option<Base>,
}

/// The last entry of a part of the log that was checked before.
#[derive(Clone, Copy)]
struct Base {
    digest: Sha256,
    sequence: u64,
    policy: usize,
    time: Timestamp,
}

impl Log {
    /// Reads and checks the log that ends at `tip`. What does not hold is a finding, and the
    /// entries from there on are not believed.
    pub fn load(
        reader: &Reader,
        tip: ObjectId,
        history: &PolicyHistory,
        findings: &mut Findings,
    ) -> Result<Self, Error> {
        Self::default().extend(reader, None, tip, history, findings)
    }

    /// Reads and checks the entries after `base`, up to `tip`, as [`Log::load`] does. The caller
    /// knows that it checked the log up to `base` before: that part is believed, and what is read
    /// of it is its last entry. `None` if the part cannot be continued: then the log must be
    /// loaded whole.
    pub fn load_after(
        reader: &Reader,
        base: ObjectId,
        tip: ObjectId,
        history: &PolicyHistory,
        findings: &mut Findings,
    ) -> Result<Option<Self>, Error> {
        if !reader.contains(base) || !reader.is_ancestor(base, tip)? {
            return Ok(None);
        }
        let (entry, state) = files(reader, base)?;
        let Ok(envelope) = ledger::parse(ENTRY, &entry) else {
            return Ok(None);
        };
        let statement = Statement::<ReceiptPredicate>::parse(envelope.payload());
        let (Ok(statement), Ok(state)) = (statement, State::parse(&state)) else {
            return Ok(None);
        };
        let says = statement.predicate;
        let Some(policy) = history.index_of(says.context.policy) else {
            return Ok(None);
        };
        let log = Self {
            state,
            base: Some(Base {
                digest: envelope.digest(),
                sequence: says.sequence,
                policy,
                time: says.time,
            }),
            ..Self::default()
        };
        log.extend(reader, Some(base), tip, history, findings)
            .map(Some)
    }

    /// Appends the entries up to `tip`, and from after `base` on.
    fn extend(
        self,
        reader: &Reader,
        base: Option<ObjectId>,
        tip: ObjectId,
        history: &PolicyHistory,
        findings: &mut Findings,
    ) -> Result<Self, Error> {
        let mut commits = Vec::new();
        let mut next = Some(tip);
        while let Some(id) = next.filter(|id| Some(*id) != base) {
            commits.push(id);
            let commit = reader.commit(id)?;
            next = match commit.parents.as_slice() {
                [] => None,
                [parent] => Some(*parent),
                _ => {
                    findings.push(broken(
                        commit.id,
                        Rule::LogLinear,
                        "an entry with several parents",
                    ));
                    return Ok(Self::default());
                }
            }
        }
        commits.reverse();
        let mut log = self;
        for id in commits {
            match log.entry(reader, id, history) {
                Ok(entry) => {
                    log.state.apply(entry.receipt.predicate());
                    log.note_unrecorded(entry.receipt.predicate());
                    log.entries.push(entry);
                    let (_, stored) = files(reader, id)?;
                    if stored != log.state.to_bytes() {
                        findings.push(
                            Rule::LogState
                                .finding(about(id))
                                .found("state.json differs from the entries")
                                .expected("what follows from the entries")
                                .remedy(
                                    "ask the server's administrator; compare with another clone",
                                ),
                        );
                    }
                }
                Err(EntryError::Bad(finding)) => {
                    findings.push(finding);
                    break;
                }
                Err(EntryError::Read(error)) => return Err(error),
            }
        }
        Ok(log)
    }

    /// A movement that a later entry still reports as pushed was only overtaken, not hidden.
    fn note_unrecorded(&mut self, entry: &ReceiptPredicate) {
        self.unrecorded.extend(entry.unrecorded.iter().cloned());
        self.unrecorded.retain(|gap| !entry.movements.contains(gap));
    }

    /// Returns what the next entry must follow.
    fn last(&self) -> Option<Base> {
        match (self.entries.last(), &self.base) {
            (Some(entry), _) => Some(Base {
                digest: entry.receipt.digest(),
                sequence: entry.receipt.predicate().sequence,
                policy: entry.policy,
                time: entry.receipt.predicate().time,
            }),
            (None, base) => *base,
        }
    }

    fn entry(
        &self,
        reader: &Reader,
        id: ObjectId,
        history: &PolicyHistory,
    ) -> Result<Entry, EntryError> {
        let last = self.last();
        let (entry, _) = files(reader, id)?;
        let envelope = ledger::parse(ENTRY, &entry).map_err(|error| {
            EntryError::Bad(broken(id, Rule::LogEntry, &crate::record::chain_of(&error)))
        })?;
        let named =
            super::position::policy_named(&envelope).and_then(|policy| history.index_of(policy));
        let floor = last.as_ref().map_or(0, |last| last.policy);
        let Some(policy) = named.filter(|index| *index >= floor) else {
            return Err(EntryError::Bad(broken(
                id,
                Rule::LogPolicy,
                "an entry under an unknown or an older policy",
            )));
        };
        let time = reader.commit(id).map_err(Error::from)?.committer.time;
        let time = Timestamp::from_seconds(time)
            .ok_or_else(|| EntryError::Bad(broken(id, Rule::LogEntry, "an impossible date")))?;
        let receipt =
            Keyring::verify::<ReceiptPredicate>(&envelope, &history.position(policy, Some(time)))
                .map_err(|error| EntryError::Bad(error.to_finding(about(id))))?;
        let says = receipt.predicate();
        let sequence = last
            .as_ref()
            .map_or(1, |last| last.sequence.saturating_add(1));
        if says.previous != last.as_ref().map(|last| last.digest) || says.sequence != sequence {
            return Err(EntryError::Bad(broken(
                id,
                Rule::LogLinked,
                "an entry that does not follow the one before",
            )));
        }
        if last.is_some_and(|last| says.time < last.time) {
            return Err(EntryError::Bad(broken(
                id,
                Rule::LogTime,
                "an entry older than the one before",
            )));
        }
        let commit = reader.commit(id).map_err(Error::from)?;
        let draft = commit_of(says, commit.tree, commit.parents.first().copied());
        let implied = reader.hash(git::Kind::Commit, &draft.payload(reader.hash_kind()));
        let alone = reader.tree(commit.tree).map_err(Error::from)?.entries.len() == 2;
        if implied != Some(id) || !alone {
            return Err(EntryError::Bad(broken(
                id,
                Rule::LogEntry,
                "a commit that says more than its entry, or something else",
            )));
        }
        Ok(Entry { receipt, policy })
    }
}

enum EntryError {
    Bad(Finding),
    Read(Error),
}

impl<E: Into<Error>> From<E> for EntryError {
    fn from(error: E) -> Self {
        Self::Read(error.into())
    }
}

/// Returns the commit that holds an entry: it follows from the entry, so that nothing in it is anybody's
/// to choose.
pub fn commit_of(says: &ReceiptPredicate, tree: ObjectId, parent: Option<ObjectId>) -> CommitDraft {
    let server = Person {
        name: b"git-awo server".to_vec(),
        email: b"git-awo@localhost".to_vec(),
        time: says.time.seconds(),
    };
    CommitDraft {
        tree,
        parents: parent.into_iter().collect(),
        author: server.clone(),
        committer: server,
        message: format!("receipt {}\n", says.sequence).into_bytes(),
        signature: None,
    }
}

/// Returns the bytes of entry and state of a log commit.
pub fn files(reader: &Reader, id: ObjectId) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let tree = reader.commit(id)?.tree;
    let read = |name: &str| -> Result<Vec<u8>, Error> {
        let path = RepoPath::from(name);
        match reader.entry(tree, &path)? {
            Some((Mode::File, id)) => Ok(reader.blob(id)?),
            _ => Err(store::Error::NoFile { path }.into()),
        }
    };
    Ok((read(ENTRY)?, read(STATE)?))
}

/// Returns the state after an entry, nothing if it cannot be read: who judges the log says why.
pub fn state_at(reader: &Reader, id: ObjectId) -> Option<State> {
    let (_, state) = files(reader, id).ok()?;
    State::parse(&state).ok()
}

fn about(id: ObjectId) -> Subject {
    Subject::of_ref(&store::layout::log()).at(id)
}

fn broken(id: ObjectId, rule: Rule, found: &str) -> Finding {
    rule.finding(about(id))
        .found(found)
        .expected("entries signed by the server, each naming the one before")
        .remedy("ask the server's administrator; compare with another clone")
}
