//! The receive log: which ref moved from where to where, when, under which policy. Written and
//! signed by the server, hash-linked, one commit an entry; each commit's tree holds the entry
//! (`entry.dsse.json`) and where every governed ref stood after it (`state.json`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::git::Reader;
use crate::policy::{Keyring, Verified};
use crate::record::predicate::{Movement, ReceiptPredicate};
use crate::record::tree::Mode;
use crate::record::{Code, Finding, Findings, ObjectId, RefName, RepoPath, Sha256, Subject, json};
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
        let mut commits = vec![tip];
        loop {
            let commit = reader.commit(commits[commits.len() - 1])?;
            match commit.parents.as_slice() {
                [] => break,
                [parent] => commits.push(*parent),
                _ => {
                    findings.push(broken(
                        commit.id,
                        "log-linear",
                        "an entry with several parents",
                    ));
                    return Ok(Self::default());
                }
            }
        }
        commits.reverse();
        let mut log = Self::default();
        let mut previous: Option<Sha256> = None;
        for id in commits {
            match log.entry(reader, id, history, previous) {
                Ok(entry) => {
                    previous = Some(entry.receipt.digest());
                    log.state.apply(entry.receipt.says());
                    log.note_unrecorded(entry.receipt.says());
                    log.entries.push(entry);
                    let (_, stored) = files(reader, id)?;
                    if stored != log.state.to_bytes() {
                        findings.push(
                            Finding::new(Code::Int008, "log-state", about(id))
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

    fn entry(
        &self,
        reader: &Reader,
        id: ObjectId,
        history: &PolicyHistory,
        previous: Option<Sha256>,
    ) -> Result<Entry, EntryError> {
        let (entry, _) = files(reader, id)?;
        let envelope = ledger::parse(ENTRY, &entry).map_err(|error| {
            EntryError::Bad(broken(id, "log-entry", &super::report::chain_of(&error)))
        })?;
        let named = super::run::policy_named(&envelope).and_then(|policy| history.index_of(policy));
        let floor = self.entries.last().map_or(0, |entry| entry.policy);
        let Some(policy) = named.filter(|index| *index >= floor) else {
            return Err(EntryError::Bad(broken(
                id,
                "log-policy",
                "an entry under an unknown or an older policy",
            )));
        };
        let time = reader.commit(id).map_err(Error::from)?.committer.time;
        let time = crate::record::Timestamp::from_seconds(time)
            .ok_or_else(|| EntryError::Bad(broken(id, "log-entry", "an impossible date")))?;
        let receipt =
            Keyring::verify::<ReceiptPredicate>(&envelope, &history.position(policy, Some(time)))
                .map_err(|finding| {
                EntryError::Bad(Finding {
                    subject: about(id),
                    ..finding
                })
            })?;
        let says = receipt.says();
        if says.previous != previous || says.sequence != self.entries.len() as u64 + 1 {
            return Err(EntryError::Bad(broken(
                id,
                "log-linked",
                "an entry that does not follow the one before",
            )));
        }
        if let Some(last) = self.entries.last()
            && says.time < last.receipt.says().time
        {
            return Err(EntryError::Bad(broken(
                id,
                "log-time",
                "an entry older than the one before",
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

fn about(id: ObjectId) -> Subject {
    Subject::of_ref(&store::layout::log()).at(id)
}

fn broken(id: ObjectId, rule: &str, found: &str) -> Finding {
    Finding::new(Code::Rep002, rule, about(id))
        .found(found)
        .expected("entries signed by the server, each naming the one before")
        .remedy("ask the server's administrator; compare with another clone")
}
