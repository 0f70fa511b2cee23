//! Where everything lives: every ref is one function. The paths inside them follow from the
//! registry of kinds ([`LedgerPath`]).

use std::collections::BTreeMap;

use crate::record::{Month, ObjectId, RefName, baseline};
use crate::records::{Notes, Segment};

pub use crate::records::{LedgerPath, is_below_runs, run_directory, run_of};

/// Where every ref is, as far as it matters: now, or after a push.
pub type Refs = BTreeMap<RefName, ObjectId>;

/// `refs/awo/policy`
pub fn policy() -> RefName {
    fixed("refs/awo/policy")
}

/// `refs/awo/ledger`
pub fn ledger() -> RefName {
    fixed("refs/awo/ledger")
}

/// `refs/awo/log`
pub fn log() -> RefName {
    fixed("refs/awo/log")
}

/// `refs/notes/awo/<NAME>/<YYYY-MM>`
pub fn notes(segment: Segment) -> RefName {
    let (name, month) = (segment.notes.name(), segment.month);
    fixed(&format!("{NOTES_PREFIX}{name}/{month}"))
}

/// `refs/notes/awo/<NAME>/`, below which all segments of these notes stand.
pub fn notes_prefix(of: Notes) -> String {
    format!("{NOTES_PREFIX}{}/", of.name())
}

/// `refs/notes/awo/`
pub const NOTES_PREFIX: &str = "refs/notes/awo/";

/// `refs/awo/evidence/<YYYY-MM>`
pub fn evidence(month: Month) -> RefName {
    fixed(&format!("refs/awo/evidence/{month}"))
}

/// `refs/awo/evidence/`
pub const EVIDENCE_PREFIX: &str = "refs/awo/evidence/";

/// `refs/awo/amu0/<TASK or PLAN>/<NAME>`, or `refs/awo/amu0/-/<NAME>` for a baseline of neither.
pub fn baseline(place: &baseline::Place) -> RefName {
    // Both words are stricter than what a ref may be.
    fixed(&format!("{}{place}", baseline::Place::PREFIX))
}

/// Every place below which only governance stands.
pub const GOVERNANCE_PREFIXES: &[&str] = &["refs/awo/", NOTES_PREFIX];

/// `refs/awo-remotes/<REMOTE>/<the ref without refs/>`: the last seen state of a server.
///
/// Outside `refs/awo/`, so that no push of `refs/awo/*` carries one clone's view into another.
pub fn tracking(remote: &str, reference: &RefName) -> Option<RefName> {
    let rest = reference.as_str().strip_prefix("refs/")?;
    RefName::new(format!("refs/awo-remotes/{remote}/{rest}")).ok()
}

/// Returns the governance ref of a remote that this ref tracks, by its name there.
pub fn tracked(remote: &str, tracking: &RefName) -> Option<RefName> {
    let below = tracking.as_str().strip_prefix("refs/awo-remotes/")?;
    let rest = below.strip_prefix(remote)?.strip_prefix('/')?;
    RefName::new(format!("refs/{rest}")).ok()
}

/// What a governance ref holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// `refs/awo/policy`
    Policy,
    /// `refs/awo/ledger`
    Ledger,
    /// `refs/awo/log`
    Log,
    /// `refs/notes/awo/<NAME>/<YYYY-MM>`
    Notes(Segment),
    /// `refs/awo/evidence/<YYYY-MM>`
    Evidence,
    /// `refs/awo/amu0/<TASK or PLAN>/<NAME>`
    Baseline,
    /// Some other ref below our prefixes: of an unknown kind, never taken.
    Unknown,
}

impl Place {
    /// Returns what the ref holds, or `None` if it is no governance ref.
    pub fn of(reference: &RefName) -> Option<Self> {
        let text = reference.as_str();
        if !GOVERNANCE_PREFIXES
            .iter()
            .any(|prefix| text.starts_with(prefix))
        {
            // `refs/awo` itself would stand in the way of all of ours.
            let blocks = text == "refs/awo" || text == "refs/notes/awo";
            return blocks.then_some(Self::Unknown);
        }
        Some(match text {
            "refs/awo/policy" => Self::Policy,
            "refs/awo/ledger" => Self::Ledger,
            "refs/awo/log" => Self::Log,
            _ => match (segment(text), text.strip_prefix(EVIDENCE_PREFIX)) {
                (Some(segment), _) => Self::Notes(segment),
                (None, Some(month)) if month.parse::<Month>().is_ok() => Self::Evidence,
                (None, _) if baseline::Place::of(reference).is_some() => Self::Baseline,
                (None, _) => Self::Unknown,
            },
        })
    }
}

fn segment(text: &str) -> Option<Segment> {
    let (name, month) = text.strip_prefix(NOTES_PREFIX)?.split_once('/')?;
    let notes = Notes::ALL.iter().find(|it| it.name() == name)?;
    Some(notes.of(month.parse().ok()?))
}

#[allow(clippy::expect_used, reason = "the names are written in this file")]
fn fixed(text: &str) -> RefName {
    RefName::new(text).expect("our own ref names are well formed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_exact() {
        let place = |text: &str| Place::of(&RefName::new(text).unwrap());
        assert_eq!(place("refs/awo/ledger"), Some(Place::Ledger));
        assert_eq!(place("refs/awo/evidence/2026-11"), Some(Place::Evidence));
        assert_eq!(place("refs/awo/evidence/2026-13"), Some(Place::Unknown));
        let month = "2026-11".parse().unwrap();
        for notes in Notes::ALL {
            let segment = notes.of(month);
            let name = super::notes(segment);
            assert_eq!(Place::of(&name), Some(Place::Notes(segment)));
            assert!(name.as_str().starts_with(&notes_prefix(*notes)));
        }
        for unknown in ["", "/2026-13", "/2026-11/x", "/latest", "-2026-11"] {
            let name = format!("refs/notes/awo/approvals{unknown}");
            assert_eq!(place(&name), Some(Place::Unknown), "{name}");
        }
        assert_eq!(place("refs/notes/awo/2026-11"), Some(Place::Unknown));
        let base = "-/BASE".parse().unwrap();
        assert_eq!(place(baseline(&base).as_str()), Some(Place::Baseline));
        for unknown in ["refs/awo/amu0/BASE", "refs/awo/amu0/-/a/b", "refs/awo/amu0"] {
            assert_eq!(place(unknown), Some(Place::Unknown), "{unknown}");
        }
        assert_eq!(place("refs/awo/ledger/x"), Some(Place::Unknown));
        assert_eq!(place("refs/awo"), Some(Place::Unknown));
        assert_eq!(place("refs/heads/refs/awo/ledger"), None);
        assert_eq!(place("refs/awo-remotes/origin/awo/ledger"), None);
    }
}
