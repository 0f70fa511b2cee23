//! What held of the cell in which the commands of a run were executed: `cell.json`. It is the word of whoever ran
//! them, and no proof.

use serde::{Deserialize, Serialize};

use super::RunFiles;
use crate::cell::{Demand, Held};
use crate::record::RepoPath;
use crate::record::contract::{CellTerms, is_default};
use crate::record::json::{self, BadJson};

/// Where it stands.
pub const CELL: &str = "cell.json";

/// The schema of [`Confined`].
const SCHEMA: &str = "awo.run-cell/1";

/// What held for all commands of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confined {
    /// What held.
    pub cell: Held,
    /// What it granted or limited by the word of the contract.
    #[serde(default, skip_serializing_if = "is_default")]
    pub terms: CellTerms,
    /// `awo.run-cell/1`.
    schema: String,
}

impl Confined {
    /// Returns the document that this held, under these terms.
    pub fn new(cell: Held, terms: CellTerms) -> Self {
        Self {
            cell,
            terms,
            schema: SCHEMA.to_owned(),
        }
    }

    /// Reads the document.
    pub fn read(bytes: &[u8]) -> Result<Self, BadJson> {
        json::parse_canonical(bytes)
    }
}

/// Returns the breach where it granted something else than the contract says, if there is one, or where less is told of a cell than the policy demands.
pub(super) fn lacks(files: &RunFiles, demand: Demand, terms: Option<&CellTerms>) -> Option<String> {
    let Some(bytes) = files.get(&RepoPath::from(CELL)) else {
        return Some(format!("missing_file:{CELL}"));
    };
    let confined = match Confined::read(bytes) {
        Ok(confined) => confined,
        Err(why) => return Some(format!("bad_form:{CELL}:{why}")),
    };
    if confined.schema != SCHEMA {
        return Some(format!("bad_schema:{CELL}"));
    }
    let differing = terms.map_or_else(Vec::new, |it| confined.terms.differing(it));
    if !differing.is_empty() {
        return Some(format!("cell_differs:{}", differing.join(",")));
    }
    let lacking = confined.cell.lacking(demand.layers());
    if lacking.is_empty() {
        return None;
    }
    let layers: Vec<_> = lacking.iter().map(|(layer, _)| layer.to_string()).collect();
    Some(format!("cell_does_not_hold:{}", layers.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell::Layer;

    #[test]
    fn a_report_is_asked_for_and_where_all_is_required_all_must_have_held() {
        let rooted = Held {
            kernel: "6.18.0".to_owned(),
            landlock: 7,
            held: Layer::ALL.iter().copied().collect(),
            ..Held::default()
        };
        let mut all = rooted.clone();
        all.held.remove(&Layer::OwnRoot);
        let mut some = all.clone();
        some.held.remove(&Layer::Files);
        some.held.remove(&Layer::Signals);
        let canonical = |held: Held| json::canonical(&Confined::new(held, CellTerms::default()));
        let text = String::from_utf8(canonical(all.clone())).unwrap();
        let other = text.replace("run-cell/1", "run-cell/2").into_bytes();
        let more = text.replacen('{', "{\n  \"a\": 1,", 1).into_bytes();
        for (bytes, best, required, own_root) in [
            (
                None,
                "missing_file:cell.json",
                "missing_file:cell.json",
                "missing_file:cell.json",
            ),
            (Some(canonical(rooted)), "", "", ""),
            (Some(canonical(all)), "", "", "cell_does_not_hold:own-root"),
            (
                Some(canonical(some)),
                "",
                "cell_does_not_hold:files,signals",
                "cell_does_not_hold:files,own-root,signals",
            ),
            (
                Some(other),
                "bad_schema:cell.json",
                "bad_schema:cell.json",
                "bad_schema:cell.json",
            ),
            (
                Some(more),
                "bad_form:cell.json",
                "bad_form:cell.json",
                "bad_form:cell.json",
            ),
            (
                Some(b"{}".to_vec()),
                "bad_form:cell.json",
                "bad_form:cell.json",
                "bad_form:cell.json",
            ),
        ] {
            let files: RunFiles = bytes.into_iter().map(|it| (CELL.into(), it)).collect();
            for (demand, expected) in [
                (Demand::BestEffort, best),
                (Demand::Required, required),
                (Demand::OwnRoot, own_root),
            ] {
                let found = lacks(&files, demand, Some(&CellTerms::default()));
                let fits = match &found {
                    Some(found) => !expected.is_empty() && found.starts_with(expected),
                    None => expected.is_empty(),
                };
                assert!(fits, "{demand:?}: {found:?}, not {expected}");
            }
        }
    }

    #[test]
    fn what_it_granted_is_what_the_contract_says() {
        let held = Held {
            held: Layer::ALL.iter().copied().collect(),
            ..Held::default()
        };
        let network = CellTerms {
            network: true,
            ..CellTerms::default()
        };
        let mut other = CellTerms {
            read: vec!["/opt/x".to_owned()],
            ..CellTerms::default()
        };
        other.limits.set("wall_seconds", 5);
        let none = CellTerms::default();
        for (had, says, breach) in [
            (&none, Some(&none), None),
            (&network, Some(&network), None),
            (&other, Some(&other), None),
            // Of a contract that cannot be read nobody knows what it says.
            (&network, None, None),
            (&network, Some(&none), Some("cell_differs:network")),
            (&none, Some(&network), Some("cell_differs:network")),
            (&other, Some(&none), Some("cell_differs:read,limits")),
        ] {
            let bytes = json::canonical(&Confined::new(held.clone(), had.clone()));
            let files: RunFiles = [(CELL.into(), bytes)].into();
            for demand in [Demand::BestEffort, Demand::Required, Demand::OwnRoot] {
                assert_eq!(lacks(&files, demand, says).as_deref(), breach);
            }
        }
        let plain = json::canonical(&Confined::new(held, none));
        assert!(!String::from_utf8(plain).unwrap().contains("terms"));
    }
}
