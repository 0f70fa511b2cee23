//! Compares the repository after an untrusted command with a snapshot from before it: its refs,
//! configuration, hooks and trust files must be what they were.

use std::collections::BTreeSet;

use crate::actor::Actor;
use crate::check::PolicyHistory;
use crate::check::governance;
use crate::facts::arrivals::{Arrivals, Gained};
use crate::facts::position::Positions;
use crate::facts::run::Collector;
use crate::record::{Findings, ObjectId, RefName};
use crate::rules::executed as rules;
use crate::store::additions::Additions;
use crate::store::beside;
use crate::store::layout::Place as Governance;
use crate::store::ledger::Records;

use super::error::Error;
use super::place::Place;
use super::snapshot::{Snapshot, Values, differences};

/// What a command changed besides files.
pub(super) struct Changed {
    /// Everything changed.
    pub(super) findings: Findings,
    /// Whether git may be configured to start programs of the command: do not run it any more.
    pub(super) tampered: bool,
}

impl Snapshot {
    /// Compares the repository as it is now with this snapshot.
    pub(super) fn compare(
        &self,
        actor: &Actor,
        place: &Place,
        history: &PolicyHistory,
    ) -> Result<Changed, Error> {
        let mut findings = Findings::new();
        let now = self.again(actor)?;
        let keys = differences(&self.keys, &now.keys);
        for (key, how) in &keys {
            findings.push(rules::configuration_key(key, how));
        }
        for (file, how) in differences(&self.files, &now.files) {
            // The changed keys say more than the changed file.
            if keys.is_empty() || file != b"config" {
                findings.push(rules::configuration_file(&file, how));
            }
        }
        // Its content may change: nothing else reads it.
        if !place.is_in_place() {
            findings.push(rules::work_tree_replaced());
        } else if !place.has_repository() {
            findings.push(rules::configuration_file(b"the run's .git", "removed"));
        }
        for (file, how) in differences(&self.hooks, &now.hooks) {
            findings.push(rules::hook(&file, how));
        }
        // Also refuses what a fetch in another terminal wrote: its writer cannot be told from the
        // command.
        for (file, how) in differences(&self.trust, &now.trust) {
            findings.push(rules::trust(&file, how));
        }
        // Another process may have continued the index, and the command may have written one that
        // hides a record. Neither can be told, so it is made anew.
        if self.index != now.index {
            let place = beside::directory(&actor.repo);
            beside::remove(&actor.repo).map_err(Error::io("remove", &place))?;
        }
        let tampered = !findings.is_empty();
        self.compare_refs(actor, history, &now.refs, &mut findings)?;
        Ok(Changed { findings, tampered })
    }

    fn compare_refs(
        &self,
        actor: &Actor,
        history: &PolicyHistory,
        now: &Values,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let moved = differences(&self.refs, now);
        // Refs that cannot be judged count as moved by the command.
        let grown = self.grown_by_others(actor, history, now, &moved);
        let grown = grown.unwrap_or_default();
        for (name, how) in moved {
            if grown.contains(&name) {
                continue;
            }
            let then = self.refs.get(&name).map(Vec::as_slice);
            let now = now.get(&name).map(Vec::as_slice);
            findings.push(rules::ref_moved(&name, how, now, then));
        }
        Ok(())
    }

    /// Returns the governance refs that only gained valid records: other persons go on working
    /// while a command runs.
    fn grown_by_others(
        &self,
        actor: &Actor,
        history: &PolicyHistory,
        now: &Values,
        moved: &[(Vec<u8>, &'static str)],
    ) -> Result<BTreeSet<Vec<u8>>, Error> {
        let reader = actor.repo.reader();
        let mut arrivals = Arrivals::default();
        let mut findings = Findings::new();
        let mut grown = BTreeSet::new();
        for (raw, _) in moved {
            let Some(name) = ref_name(raw) else { continue };
            let records = matches!(
                Governance::of(&name),
                Some(Governance::Ledger | Governance::Notes(_) | Governance::Evidence)
            );
            let old = self.refs.get(raw);
            let (Some(new), true) = (now.get(raw).and_then(|it| id(it)), records) else {
                continue;
            };
            let old = match old.map(|it| id(it)) {
                Some(None) => continue,
                Some(old) => old,
                None => None,
            };
            if !reader.contains(new) {
                continue;
            }
            let before = Additions::at(reader, old);
            arrivals.collect(reader, &Gained::accepted(&name, old, new), Some(&before))?;
            grown.insert(raw.clone());
        }
        if grown.is_empty() {
            return Ok(grown);
        }
        let after = now
            .iter()
            .filter_map(|(name, value)| Some((ref_name(name)?, id(value)?)))
            .collect();
        let records = Records::open(reader, &after)?;
        let collector = Collector {
            records: &records,
            history,
            positions: Positions::Arriving(arrivals.digests()),
            time: actor.now(),
            arriving_policies: None,
            measures: Default::default(),
        };
        governance::judge(&arrivals, &collector, &mut findings)?;
        if !findings.is_empty() {
            grown.clear();
        }
        Ok(grown)
    }
}

fn ref_name(raw: &[u8]) -> Option<RefName> {
    RefName::new(std::str::from_utf8(raw).ok()?).ok()
}

fn id(raw: &[u8]) -> Option<ObjectId> {
    std::str::from_utf8(raw).ok()?.parse().ok()
}
