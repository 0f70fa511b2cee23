//! Post-work: what a run of a work packet changed, measured file by file and held against its pre-work by ten
//! gates.
//!
//! The harness computes the manifest and writes it into the evidence, the server computes it again, and so
//! does every clone: nobody enters a value. `docs/post-work.md` says what each gate and each result means.

pub(super) mod gates;
mod manifest;
mod result;
#[cfg(test)]
mod tests;
pub(crate) mod text;

use std::collections::BTreeSet;

use crate::facts::post_work::{ChangeFacts, Head, PostWorkFacts, Waivers};
use crate::record::{
    DecisionId, Finding, Findings, ObjectId, RepoPath, Rule, Subject, TaskId, WorkGate,
};
use crate::records::PreWorkPredicate;

pub use manifest::{Difference, FILE, differs, manifest};
pub use result::{FileResult, GateResult, Written};

/// Measures every file that changed or was to change.
pub fn measure(
    plan: Option<&PreWorkPredicate>,
    change: &ChangeFacts,
    written: Written<'_>,
) -> Vec<FileResult> {
    gates::measure(plan, change, written)
}

/// Tells of a gate and a path whether somebody has waived it.
pub type Waived<'a> = &'a dyn Fn(WorkGate, &RepoPath) -> bool;

/// Tells whether a gate refuses the change of a file: it does not hold, and nothing covers it that may.
fn refuses(path: &RepoPath, it: &GateResult, waived: Waived<'_>) -> bool {
    let covered = it.gate.may_be_waived() && waived(it.gate, path);
    !(it.outcome.lands() || covered)
}

/// Returns what the gates refuse.
pub fn refusals(
    files: &[FileResult],
    waived: Waived<'_>,
    task: &TaskId,
    subject: &Subject,
) -> Findings {
    let gates = |file: &'_ FileResult| -> Vec<Finding> {
        let refused = file
            .gates
            .iter()
            .filter(|it| refuses(&file.path, it, waived));
        refused
            .map(|it| refusal(it, subject.clone().path(&file.path), task))
            .collect()
    };
    files.iter().flat_map(gates).collect()
}

/// Returns which of these waivers a run needs, sorted: the first that covers each gate that does not hold.
pub fn needed(files: &[FileResult], waivers: &[(DecisionId, Waivers)]) -> Vec<DecisionId> {
    let mut needed = BTreeSet::new();
    for file in files {
        for it in file.gates.iter().filter(|it| !it.outcome.lands()) {
            let mut covering = waivers.iter();
            let first = covering.find(|(_, waiver)| waiver.covers(it.gate, &file.path));
            needed.extend(first.map(|(id, _)| id.clone()));
        }
    }
    needed.into_iter().collect()
}

fn refusal(it: &GateResult, subject: Subject, task: &TaskId) -> Finding {
    let again = format!(
        "git awo packet pre-work {task} --plan FILE, with what is really to change, then git awo push, git awo \
         fetch, and run it again"
    );
    Rule::PostWorkGate
        .finding(subject)
        .found(format!("{} {}: {}", it.gate, it.outcome, it.evidence))
        .expected("PASS")
        .remedy(again)
}

/// Judges what a run of a work packet came with, its pre-work aside: nine gates and the manifest.
pub fn arrived(
    facts: &PostWorkFacts,
    plan: &PreWorkPredicate,
    head: &Head<'_>,
    waivers: &Waivers,
    subject: &Subject,
) -> Findings {
    let waived = &|gate, path: &RepoPath| waivers.covers(gate, path);
    let written = Written::There {
        manifest: facts.manifest.as_deref(),
        listed: facts.listed,
    };
    let files = measure(Some(plan), &facts.change, written);
    let mut findings = refusals(&files, waived, &plan.task, subject);
    if let Some(bytes) = &facts.manifest {
        let made = manifest(head, &measure(Some(plan), &facts.change, Written::Now));
        if let Some(why) = differs(bytes, &made) {
            let finding = other_manifest(Some(why), &plan.task, subject.clone());
            findings.push(finding.remedy(super::remedy::run_again(&plan.task)));
        }
    }
    findings
}

/// Judges a run where its commit lands: the branch still has what the plan began with. `there` is what the
/// branch had at each path of the plan.
pub fn landed(
    plan: &PreWorkPredicate,
    there: &[(RepoPath, Option<ObjectId>)],
    subject: &Subject,
) -> Findings {
    let mut findings = Findings::new();
    for file in &plan.files {
        let path = file.repo_path();
        let found = there.iter().find(|(it, _)| *it == path);
        let it = gates::current(file, found.and_then(|(_, id)| *id));
        if !it.outcome.lands() {
            findings.push(refusal(&it, subject.clone().path(&path), &plan.task));
        }
    }
    findings
}

/// Returns the finding that a run of a work packet does not name what was planned before it.
pub fn unplanned(found: &str, task: &TaskId, subject: Subject) -> Finding {
    Rule::PreWorkFirst
        .finding(subject)
        .found(found)
        .expected("a pre-work that was published before the push that brings the run")
        .remedy(format!(
            "git awo packet pre-work {task} --plan FILE, then git awo push, git awo fetch, and run it again"
        ))
}

/// Returns the finding that a run which took place elsewhere does not bring the manifest that is computed here.
pub fn other_manifest(difference: Option<Difference>, task: &TaskId, subject: Subject) -> Finding {
    let (found, computed) = match difference {
        Some(it) => (it.found, it.computed),
        None => (
            format!("no {FILE}"),
            "the manifest that post-work computes".to_owned(),
        ),
    };
    Rule::EvidenceClaims
        .finding(subject.path(&RepoPath::from(FILE)))
        .found(found)
        .expected(computed)
        .remedy(format!(
            "take what git awo packet post-work {task} --manifest prints into the run directory, as {FILE}"
        ))
}
