//! What a command says of where the criteria of its contract are met.

use std::path::Path;

use crate::evidence::work::EvidenceMap;
use crate::record::contract::EVIDENCE_MAP;
use crate::record::{Coded, Diagnosis, Findings, Rule, Subject};
use crate::sys::file;

use super::error::Error;
use super::gate::Admission;

/// The longest map, in bytes.
const LONGEST: u64 = 4 << 20;

/// Reads the map that the command has written, where the contract asks for one; what else it says is looked
/// at with the rest of the evidence.
pub(super) fn read(
    path: &Path,
    admitted: &Admission,
    findings: &mut Findings,
) -> Result<Option<EvidenceMap>, Error> {
    let contract = admitted.contract();
    if !contract.asks_for(EVIDENCE_MAP) || admitted.makes_skeleton() {
        return Ok(None);
    }
    let read = || {
        let bytes = file::read_plain(path, LONGEST).map_err(|error| error.to_string())?;
        let bytes = bytes.ok_or("the command has written none")?;
        EvidenceMap::read(&bytes).map_err(|error| error.to_string())
    };
    match read() {
        Ok(map) => Ok(Some(map)),
        Err(why) => {
            let subject = Subject::of_run(&admitted.run);
            findings.push(NoMap(why).to_finding(subject));
            Ok(None)
        }
    }
}

/// There is no map that can be read.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct NoMap(String);

impl Coded for NoMap {
    fn diagnosis(&self) -> Diagnosis {
        let expected = "a map of the evidence in the file that AWO_EVIDENCE_MAP names";
        let remedy = "let the command write {\"schema\": \"awo.evidence-map/1\", \"entries\": [{\"criterion\": TEXT, \"evidence\": [\"path:line\"]}]} there, and run it again";
        Diagnosis::against(self, Rule::EvidenceMap, expected, remedy)
    }
}
