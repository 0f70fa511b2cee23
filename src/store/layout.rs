//! Where everything lives: every ref is one function. The paths inside them follow from the
//! registry of kinds ([`LedgerPath`]).

use crate::record::RefName;
use crate::records::Notes;

pub use crate::records::{LedgerPath, run_directory};

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

/// `refs/notes/awo/approvals`
pub fn approvals() -> RefName {
    notes(Notes::APPROVALS)
}

/// `refs/notes/awo/attestations`
pub fn attestations() -> RefName {
    notes(Notes::ATTESTATIONS)
}

/// `refs/notes/awo/<NAME>`
pub fn notes(of: Notes) -> RefName {
    fixed(&format!("{NOTES_PREFIX}{}", of.name()))
}

/// `refs/notes/awo/`
const NOTES_PREFIX: &str = "refs/notes/awo/";

/// `refs/awo/evidence/<YYYY-MM>`
pub fn evidence(month: &str) -> RefName {
    fixed(&format!("refs/awo/evidence/{month}"))
}

/// `refs/awo/evidence/`
pub const EVIDENCE_PREFIX: &str = "refs/awo/evidence/";

/// Every place below which only governance stands.
pub const GOVERNANCE_PREFIXES: &[&str] = &["refs/awo/", NOTES_PREFIX];

/// `refs/awo-remotes/<REMOTE>/<the ref without refs/>`: the last seen state of a server.
///
/// Outside `refs/awo/`, so that no push of `refs/awo/*` carries one clone's view into another.
pub fn tracking(remote: &str, reference: &RefName) -> Option<RefName> {
    let rest = reference.as_str().strip_prefix("refs/")?;
    RefName::new(format!("refs/awo-remotes/{remote}/{rest}")).ok()
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
    /// `refs/notes/awo/<NAME>`
    Notes(Notes),
    /// `refs/awo/evidence/<YYYY-MM>`
    Evidence,
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
            _ => {
                let noted = text.strip_prefix(NOTES_PREFIX);
                let month = text.strip_prefix(EVIDENCE_PREFIX);
                match noted.and_then(|name| Notes::ALL.iter().find(|it| it.name() == name)) {
                    Some(notes) => Self::Notes(*notes),
                    None if month.is_some_and(is_month) => Self::Evidence,
                    None => Self::Unknown,
                }
            }
        })
    }
}

fn is_month(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 7
        && bytes.iter().enumerate().all(|(at, byte)| {
            if at == 4 {
                *byte == b'-'
            } else {
                byte.is_ascii_digit()
            }
        })
        && matches!(
            text.get(5..),
            Some("01" | "02" | "03" | "04" | "05" | "06" | "07" | "08" | "09" | "10" | "11" | "12")
        )
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
        assert_eq!(place("refs/awo/ledger/x"), Some(Place::Unknown));
        assert_eq!(place("refs/awo"), Some(Place::Unknown));
        assert_eq!(place("refs/heads/refs/awo/ledger"), None);
        assert_eq!(place("refs/awo-remotes/origin/awo/ledger"), None);
    }
}
