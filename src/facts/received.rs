//! When the server received single records, by its log: for what lists them in that order.

use std::collections::BTreeMap;

use crate::git::Reader;
use crate::record::{Findings, ObjectId, RefName, Timestamp};
use crate::store;
use crate::store::layout;
use crate::store::ledger::{Records, Refs};

use super::log::Log;
use super::{Error, PolicyHistory};

/// The receive log, checked: the values that each ref took, in order, with the push that brought each.
pub struct Received<'a> {
    reader: &'a Reader,
    values: BTreeMap<RefName, Vec<(ObjectId, Push)>>,
}

/// The push that brought a record: its number in the log, and its time.
pub type Push = (u64, Timestamp);

impl<'a> Received<'a> {
    /// Reads and checks the log; nothing if there is none. What does not hold is a finding.
    pub fn load(
        reader: &'a Reader,
        refs: &Refs,
        history: &PolicyHistory,
        findings: &mut Findings,
    ) -> Result<Option<Self>, Error> {
        let Some(tip) = refs.get(&layout::log()) else {
            return Ok(None);
        };
        let log = Log::load(reader, *tip, history, findings)?;
        let mut values: BTreeMap<RefName, Vec<_>> = BTreeMap::new();
        for entry in &log.entries {
            let says = entry.as_ref();
            for movement in &says.movements {
                let of_ref = values.entry(movement.reference.clone()).or_default();
                of_ref.extend(movement.new.map(|it| (it, (says.sequence, says.time))));
            }
        }
        Ok(Some(Self { reader, values }))
    }

    /// Returns the first push after which a ref, or one below it, had something. It never loses what it
    /// has: of the values that it took, the first that has it is looked for by halving.
    pub fn first(
        &self,
        below: &str,
        has: impl Fn(&Records<'_>) -> Result<bool, store::Error>,
    ) -> Result<Option<Push>, Error> {
        let mut first: Option<Push> = None;
        let named = self.values.iter();
        for (name, values) in named.filter(|(name, _)| name.as_str().starts_with(below)) {
            let (mut low, mut high) = (0, values.len());
            while low < high {
                let middle = low.midpoint(high);
                let Some((tip, _)) = values.get(middle) else {
                    break;
                };
                let refs = Refs::from([(name.clone(), *tip)]);
                match has(&Records::open(self.reader, &refs)?)? {
                    true => high = middle,
                    false => low = middle.saturating_add(1),
                }
            }
            let found = values.get(low).map(|(_, push)| *push);
            first = first.into_iter().chain(found).min();
        }
        Ok(first)
    }
}
