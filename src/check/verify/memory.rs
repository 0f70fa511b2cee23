//! What a clone remembers of what it has verified, so that the next time only what has come since is
//! verified.
//!
//! What the receive log tells of up to an entry was judged and holds, by the log's own positions: by
//! no clock, and by nothing that comes later. So it still holds under the same anchor, the same
//! policy and the same program, while the refs contain what they contained and the objects stand in
//! the same files. Anything else, and all is verified.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::check::{Anchor, Error};
use crate::facts::log::Log;
use crate::facts::remembered::{Brought, Remembered};
use crate::facts::tips::{self, Judged};
use crate::git::{ObjectFiles, Reader};
use crate::record::{Checked, ObjectId, RefName};
use crate::records::Movement;
use crate::store::beside;
use crate::store::layout::{self, Place};
use crate::store::ledger::Refs;
use crate::store::table::padded;

use crate::sys::process::program;

/// The tags that the log tells of and that were judged, each at the object that it says.
pub(super) type Tags = BTreeMap<RefName, ObjectId>;

/// What was verified up to an entry of the receive log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Memory {
    /// The program.
    program: String,
    anchor: String,
    /// The tip of the policy.
    policy: ObjectId,
    /// The entry.
    pub(super) log: ObjectId,
    /// Where the objects stood.
    objects: ObjectFiles,
    /// Governance refs and branches, and the commits of each that were judged with all that lies
    /// behind them.
    pub(super) refs: Judged,
    /// The tags that were judged.
    pub(super) tags: Tags,
    /// Movements past the hooks that no entry reports as pushed.
    pub(super) unrecorded: Vec<Movement>,
    /// How much was checked.
    checked: BTreeMap<String, u64>,
}

/// Its file beside the repository.
const FILE: &str = "verified.json";
/// What is counted.
const COUNTED: [&str; 5] = ["records", "commits", "paths", "runs", "rollbacks"];

impl Memory {
    /// Returns what is remembered, if all of it still holds, and the pushes up to there.
    pub(super) fn read(
        reader: &Reader,
        anchor: &Anchor,
        refs: &Refs,
    ) -> Result<Option<(Self, Remembered)>, Error> {
        let Some(memory) = beside::read::<Self>(reader, FILE) else {
            return Ok(None);
        };
        let same = memory.program == program()
            && memory.anchor == anchor.to_string()
            && refs.get(&layout::policy()) == Some(&memory.policy);
        if !same || !reader.still_has(&memory.objects) || !memory.is_contained(reader, refs)? {
            return Ok(None);
        }
        let pushes = Remembered::up_to(reader, memory.log);
        Ok(pushes.map(|pushes| (memory, pushes)))
    }

    /// Tells whether the refs contain everything that was judged.
    fn is_contained(&self, reader: &Reader, refs: &Refs) -> Result<bool, Error> {
        let branches = tips::tips(reader, refs);
        let log = (layout::log(), vec![self.log]);
        for (name, judged) in self.refs.iter().chain([(&log.0, &log.1)]) {
            let now: Vec<_> = match Place::of(name) {
                Some(_) => refs.get(name).copied().into_iter().collect(),
                None => {
                    let tips = branches.iter().filter(|(branch, _)| branch == name);
                    tips.map(|(_, tip)| *tip).collect()
                }
            };
            for id in judged {
                // A clone fetches with a ref what lies behind it.
                if now.contains(id) {
                    continue;
                }
                if !reader.contains(*id) || !reader.new_commits(&[*id], &now)?.is_empty() {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Tells whether a newer part of the log reports a push of which it was known before only that
    /// something had moved: then what that push brought has another place in the log.
    pub(super) fn is_overtaken_by(&self, newer: &Log) -> bool {
        let mut entries = newer.entries.iter().map(|it| it.receipt.predicate());
        entries.any(|says| {
            self.unrecorded
                .iter()
                .any(|gap| says.movements.contains(gap))
        })
    }

    /// Returns where the objects stood.
    pub(super) fn objects(&self) -> &ObjectFiles {
        &self.objects
    }

    /// Returns where a governance ref was.
    pub(super) fn place(&self, name: &RefName) -> Option<ObjectId> {
        self.refs.get(name)?.last().copied()
    }

    /// Returns the number of entries of the log.
    pub(super) fn receipts(&self) -> usize {
        let counted = self.checked.get("receipts").copied().unwrap_or_default();
        usize::try_from(counted).unwrap_or(usize::MAX)
    }

    /// Returns how much else was checked.
    pub(super) fn checked(&self) -> Checked {
        let counted = COUNTED.iter();
        let counted = counted.filter_map(|what| Some((*what, *self.checked.get(*what)?)));
        counted.collect()
    }
}

/// What was verified now.
pub(super) struct Verified<'a> {
    pub(super) anchor: &'a Anchor,
    pub(super) policy: ObjectId,
    pub(super) log: ObjectId,
    pub(super) objects: &'a ObjectFiles,
    pub(super) refs: Judged,
    pub(super) tags: Tags,
    pub(super) unrecorded: Vec<Movement>,
    pub(super) checked: Checked,
}

impl Verified<'_> {
    /// Remembers it: `pushes` go up to what was remembered before, and `brought` is what came since.
    /// If that fails, everything is verified again.
    pub(super) fn keep(
        self,
        reader: &Reader,
        pushes: Option<&Remembered>,
        brought: impl Iterator<Item = Brought>,
    ) {
        let none = Remembered::nothing(reader);
        let pushes = pushes.unwrap_or(&none);
        // Files that have changed meanwhile may have been read before.
        if pushes.is_damaged() || !reader.still_has(self.objects) {
            return;
        }
        if pushes.entry() != Some(padded(self.log)) && !pushes.add(self.log, brought) {
            return;
        }
        let checked = self.checked.into_iter();
        let memory = Memory {
            program: program(),
            anchor: self.anchor.to_string(),
            policy: self.policy,
            log: self.log,
            objects: self.objects.clone(),
            refs: self.refs,
            tags: self.tags,
            unrecorded: self.unrecorded,
            checked: checked
                .filter(|(_, number)| *number > 0)
                .map(|(what, number)| (what.to_owned(), number))
                .collect(),
        };
        beside::keep(reader, FILE, &memory);
    }
}
