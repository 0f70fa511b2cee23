//! The receive log: which ref moved from where to where, when, under which policy. Written and
//! signed by the server, hash-linked, one commit an entry; each commit's tree holds the entry
//! (`entry.dsse.json`) and where every governed ref stood after it (`state.json`).

use std::cell::Cell;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::git::Reader;
use crate::policy::{Keyring, Unverified, Verified};
use crate::record::{
    Coded, Diagnosis, Findings, ObjectId, RefName, Rule, Sha256, Subject, Timestamp, json,
};
use crate::records::{Movement, ReceiptPredicate};
use crate::store::additions::Additions;
use crate::store::chain::{self, Broken, Chain, Link, Sequential};
use crate::store::layout::{self, Refs};

use super::{Error, PolicyHistory};

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
    /// Its commit.
    pub commit: ObjectId,
}

impl AsRef<ReceiptPredicate> for Entry {
    fn as_ref(&self) -> &ReceiptPredicate {
        self.receipt.predicate()
    }
}

/// The log, the first entry first.
#[derive(Default)]
pub struct Log {
    /// The entries.
    pub entries: Vec<Entry>,
    /// Where every governed ref stood at the end.
    pub state: State,
    /// The time of its last entry.
    pub newest: Option<Timestamp>,
    /// Movements that happened past the hook, as the next entry found them.
    pub unrecorded: Vec<Movement>,
}

/// The last entry of a part of the log that was checked before.
#[derive(Clone, Copy)]
struct Base {
    link: Link,
    policy: usize,
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
        let entry = match chain().read(reader, base) {
            Ok(entry) => entry,
            Err(chain::Error::Broken { .. }) => return Ok(None),
            Err(chain::Error::Store(error)) => return Err(error.into()),
        };
        let (Ok(says), Ok(state)) = (
            entry.parse::<ReceiptPredicate>(),
            State::parse(&entry.beside),
        ) else {
            return Ok(None);
        };
        let Some(policy) = history.index_of(says.context.policy) else {
            return Ok(None);
        };
        let base = Base {
            link: entry.link(&says),
            policy,
        };
        let log = Self {
            state,
            newest: Some(says.time),
            ..Self::default()
        };
        log.extend(reader, Some(base), tip, history, findings)
            .map(Some)
    }

    /// Appends the entries up to `tip`, and from after `base` on.
    fn extend(
        mut self,
        reader: &Reader,
        base: Option<Base>,
        tip: ObjectId,
        history: &PolicyHistory,
        findings: &mut Findings,
    ) -> Result<Self, Error> {
        let floor = Cell::new(base.map_or(0, |base| base.policy));
        let loaded = chain().load(
            reader,
            base.map(|base| base.link),
            tip,
            |entry| verify(entry, floor.get(), history),
            |stored, entry: Entry| {
                floor.set(entry.policy);
                self.state.apply(entry.as_ref());
                self.note_unrecorded(entry.as_ref());
                self.newest = Some(entry.as_ref().time);
                self.entries.push(entry);
                if stored.beside != self.state.to_bytes() {
                    let state = BadEntry::State(stored.commit);
                    findings.extend(state.refusal(Subject::none()).findings());
                }
                Ok(())
            },
        );
        let error = match loaded {
            Ok(()) => return Ok(self),
            Err(BadEntry::Chain(chain::Error::Store(error))) => return Err(error.into()),
            Err(error) => error,
        };
        findings.extend(error.refusal(Subject::none()).findings());
        match error {
            // Which of two sides the entries are on, nobody can say.
            BadEntry::Chain(chain::Error::Broken {
                broken: Broken::Linear,
                ..
            }) => Ok(Self::default()),
            _ => Ok(self),
        }
    }

    /// A movement that a later entry still reports as pushed was only overtaken, not hidden.
    fn note_unrecorded(&mut self, entry: &ReceiptPredicate) {
        self.unrecorded.extend(entry.unrecorded.iter().cloned());
        self.unrecorded.retain(|gap| !entry.movements.contains(gap));
    }
}

/// Checks who signed an entry, under a policy that is not older than that of the entry before.
fn verify(entry: &chain::Entry, floor: usize, history: &PolicyHistory) -> Result<Entry, BadEntry> {
    let named = super::position::policy_named(&entry.envelope);
    let named = named.and_then(|policy| history.index_of(policy));
    let policy = named.filter(|index| *index >= floor);
    let policy = policy.ok_or(BadEntry::Policy(entry.commit))?;
    let position = history.position(policy, Some(entry.date));
    let verified = Keyring::verify::<ReceiptPredicate>(&entry.envelope, &position);
    let receipt = verified.map_err(|error| BadEntry::Record(entry.commit, error))?;
    Ok(Entry {
        receipt,
        policy,
        commit: entry.commit,
    })
}

/// An entry of the log that does not hold.
#[derive(Debug, thiserror::Error)]
enum BadEntry {
    #[error(transparent)]
    Chain(#[from] chain::Error),
    #[error("an entry under an unknown or an older policy")]
    Policy(ObjectId),
    #[error("{1}")]
    Record(ObjectId, Unverified),
    #[error("state.json differs from the entries")]
    State(ObjectId),
}

impl Coded for BadEntry {
    fn diagnosis(&self) -> Diagnosis {
        let remedy = "ask the server's administrator; compare with another clone";
        match self {
            Self::Chain(error) => error.diagnosis(),
            Self::Policy(commit) => {
                let expected = "entries signed by the server, each naming the one before";
                Diagnosis::against(self, Rule::LogPolicy, expected, remedy).about(about(*commit))
            }
            Self::Record(commit, error) => error.diagnosis().about(about(*commit)),
            Self::State(commit) => {
                let expected = "what follows from the entries";
                Diagnosis::against(self, Rule::LogState, expected, remedy).about(about(*commit))
            }
        }
    }
}

impl Sequential for ReceiptPredicate {
    fn sequence(&self) -> u64 {
        self.sequence
    }

    fn previous(&self) -> Option<Sha256> {
        self.previous
    }

    fn time(&self) -> Timestamp {
        self.time
    }
}

/// Returns the sequence that the log is.
pub fn chain() -> Chain {
    Chain {
        reference: layout::log(),
        beside: Some(STATE),
        word: "receipt",
        author: "git-awo server",
    }
}

/// Returns the bytes of the entry of a log commit.
pub fn entry_bytes(reader: &Reader, id: ObjectId) -> Result<Vec<u8>, Error> {
    Ok(chain().read(reader, id)?.envelope.to_bytes())
}

/// Returns the state after an entry, nothing if it cannot be read: who judges the log says why.
pub fn state_at(reader: &Reader, id: ObjectId) -> Option<State> {
    State::parse(&chain().read(reader, id).ok()?.beside).ok()
}

/// Returns the ledger as far as the receive log of this clone tells that the server has it; `None` where the clone has
/// no log, and nothing is known.
pub fn published<'a>(reader: &'a Reader, refs: &Refs) -> Option<Additions<'a>> {
    let log = refs.get(&layout::log())?;
    let state = state_at(reader, *log).unwrap_or_default();
    let tip = state.refs.get(&layout::ledger()).copied();
    Some(Additions::at(
        reader,
        tip.filter(|tip| reader.contains(*tip)),
    ))
}

fn about(id: ObjectId) -> Subject {
    Subject::of_ref(&layout::log()).at(id)
}
