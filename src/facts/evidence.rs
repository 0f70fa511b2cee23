//! The evidence of a run, read and compared with what its record says.

use crate::cell::Demand;
use crate::evidence::{self, Demands};
use crate::record::{Coded as _, Findings, Sha256, Subject};
use crate::records::RunPredicate;
use crate::store::ledger::Records;

use super::Error;
use super::claims::{claims, command};
use super::contradictions::{Around, contradictions};
use super::lookup::Lookup;
use super::work_evidence::work_evidence;

/// The evidence of a run, as recomputed from its bytes.
#[derive(Clone, Debug)]
pub struct EvidenceFacts {
    /// The root computed.
    pub root: Sha256,
    /// Hash and file-set mismatches.
    pub findings: Findings,
    /// The invariants broken (reasons, sorted).
    pub reasons: Vec<String>,
    /// The program and its arguments that ran, as git quotes paths, if the files say so.
    pub command: Option<Vec<String>>,
    /// What they lack of the cell that the policy demanded.
    pub unconfined: Option<String>,
}

/// What is asked of the evidence of a run.
pub(super) struct Asked<'a> {
    /// What must be there.
    pub demands: Demands,
    /// What had to hold of the cell of its commands.
    pub cell: Option<Demand>,
    /// With what it is compared.
    pub around: Around<'a>,
    /// Whether all of it is compared, not only the documents that name the run.
    pub whole: bool,
    /// The most bytes that it may have.
    pub most: u64,
}

impl EvidenceFacts {
    /// Reads the evidence of a run. Only what keeps the repository from being read is an error.
    pub(super) fn read(
        records: &Records<'_>,
        run: &RunPredicate,
        asked: Asked<'_>,
    ) -> Result<Lookup<Self>, Error> {
        let files = match records.evidence(&run.evidence, &run.run, asked.most) {
            Ok(Some(files)) => files,
            Ok(None) => return Ok(Lookup::Missing),
            Err(error) => {
                let found = error.denies(Subject::of_run(&run.run));
                return match found.into_iter().flatten().next() {
                    Some(finding) => Ok(Lookup::Invalid(finding)),
                    None => Err(error.into()),
                };
            }
        };
        let around = &asked.around;
        let (mut findings, _) = evidence::verify(&files);
        findings.extend(match asked.whole {
            true => contradictions(&run.into(), around, &files)?,
            false => claims(&run.into(), &files),
        });
        findings.extend(work_evidence(&run.into(), around, &files)?);
        let reasons = evidence::breaches(&run.run, &files, &asked.demands);
        let terms = asked.demands.terms.as_ref();
        // Without an inventory the root is that of nothing, and the findings say why.
        let sums = files
            .get(&evidence::inventory::SUMS.into())
            .map(Vec::as_slice)
            .unwrap_or_default();
        let root = Sha256::of(sums);
        let lacks = |cell: Demand| evidence::unconfined(&files, cell, terms);
        Ok(Lookup::Valid(Self {
            root,
            findings,
            reasons,
            command: command(&files),
            unconfined: asked.cell.and_then(lacks),
        }))
    }
}
