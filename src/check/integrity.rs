//! The integrity of a run's files, in a directory or stored: what they are against what the
//! inventory says. Chain and approvals are not looked at.

use std::collections::BTreeMap;
use std::path::Path;

use crate::evidence::{self, Inventory, Survey};
use crate::facts::run::{Collector, Lookup};
use crate::record::tree::Mode;
use crate::record::{Code, Coded, ObjectId, RefName, RepoPath, Report, RunId, Sha256, Subject};
use crate::rules::{absent, integrity as rules};
use crate::store::layout::LedgerPath;

use super::Error;

/// What is known of the files of a run.
#[derive(Default)]
pub struct Integrity {
    /// What was found.
    pub report: Report,
    /// The SHA256 root; none unless everything holds.
    pub root: Option<Sha256>,
    /// The files.
    pub survey: Survey,
    /// The blob of each stored file; none for a directory.
    pub blobs: BTreeMap<RepoPath, ObjectId>,
}

/// Judges a directory. What cannot be read leaves it undecided.
pub fn directory(dir: &Path) -> Integrity {
    let mut judged = Integrity::default();
    match Survey::of_dir(dir) {
        Ok(survey) => {
            let (findings, root) = survey.verify();
            judged.report.count("files", survey.digests().len());
            judged.report.findings.extend(findings);
            judged.root = root;
            judged.survey = survey;
        }
        Err(error) => undecided(&error, &mut judged.report),
    }
    judged
}

fn undecided(error: &evidence::Error, report: &mut Report) {
    report.count("files", 0);
    report.absorb(error.refusal(Subject::none()));
}

/// Judges a stored run: its evidence against the inventory inside it, against the one in the
/// ledger, and against the root that the signed run record binds.
pub fn stored(collector: &Collector<'_>, run: &RunId) -> Integrity {
    let mut judged = Integrity::default();
    let result = gather(collector, run, &mut judged);
    if let Err(error) = result {
        judged.report.absorb(error.refusal(Subject::of_run(run)));
    }
    judged.report.count("files", judged.survey.digests().len());
    // Said of this run: a path alone would be one of the repository.
    judged.report.findings = std::mem::take(&mut judged.report.findings)
        .into_iter()
        .map(|mut finding| {
            finding.subject = finding.subject.run(run);
            finding
        })
        .collect();
    let holds = judged.report.findings.is_empty() && judged.report.undecided.is_empty();
    judged.root = judged.root.filter(|_| holds);
    judged
}

fn gather(collector: &Collector<'_>, run: &RunId, judged: &mut Integrity) -> Result<(), Error> {
    collector.records.reader().require_whole_view()?;
    let record = match collector.run_record(run)? {
        Lookup::Valid(record) => record,
        Lookup::Missing => {
            judged.report.undecided.push(absent::run_record(run));
            return Ok(());
        }
        Lookup::Invalid(mut finding) => {
            if finding.remedy.is_empty() {
                finding.remedy = format!("git awo verify {run}, here and in another clone");
            }
            judged.report.findings.push(finding);
            return Ok(());
        }
    };
    let says = record.predicate();
    judged
        .report
        .findings
        .extend(rules::binds_run(&says.run, run));
    survey(collector, &says.evidence, run, judged)?;
    if let Some(found) = judged.survey.sums().map(Sha256::of) {
        let other_root = rules::evidence_root(run, says.root, found);
        judged.report.findings.extend(other_root);
    }
    against_ledger(collector, run, says.root, judged)
}

/// Reads the evidence, each file by itself: one that cannot be read does not hide the others.
fn survey(
    collector: &Collector<'_>,
    reference: &RefName,
    run: &RunId,
    judged: &mut Integrity,
) -> Result<(), Error> {
    let records = collector.records;
    let Some(files) = records.evidence_files(reference, run)? else {
        judged
            .report
            .findings
            .push(rules::evidence_present(reference));
        return Ok(());
    };
    let limits = &collector.history.current().policy.document().limits;
    let mut left = limits.evidence_bytes;
    let mut survey = Survey::new();
    for (path, mode, id) in files {
        if mode != Mode::File {
            survey.refuse([rules::plain_file(&path, mode)]);
            continue;
        }
        match records.reader().blob_limited(id, left) {
            Ok(content) => {
                left = left.saturating_sub(content.len() as u64);
                survey.add(&path, &content);
                judged.blobs.insert(path, id);
            }
            Err(error) => {
                survey.refuse(error.refusal(Subject::none().path(&path)).findings());
            }
        }
    }
    let survey = survey.finish();
    let (findings, root) = survey.verify();
    // A file that this clone does not have speaks against nobody.
    for finding in findings.iter().cloned() {
        match finding.code {
            Code::Int005 => judged.report.undecided.push(finding),
            _ => judged.report.findings.push(finding),
        }
    }
    judged.root = root;
    judged.survey = survey;
    Ok(())
}

fn against_ledger(
    collector: &Collector<'_>,
    run: &RunId,
    root: Sha256,
    judged: &mut Integrity,
) -> Result<(), Error> {
    let path = LedgerPath::Inventory(run.clone());
    let subject = || Subject::of_record(path.to_path());
    let findings = &mut judged.report.findings;
    let bytes = collector.records.file(&path)?;
    let found = bytes.as_deref().map(Sha256::of);
    findings.extend(rules::ledger_inventory(run, root, found));
    let Some(bytes) = bytes else {
        return Ok(());
    };
    match Inventory::judge(&bytes, false) {
        Err(complaints) => findings.extend(complaints.into_iter().map(|mut finding| {
            finding.subject = subject();
            finding
        })),
        Ok(inventory) if !judged.blobs.is_empty() => {
            findings.extend(judged.survey.compare(&inventory));
        }
        // Evidence that is missing as a whole is said once.
        Ok(_) => {}
    }
    Ok(())
}
