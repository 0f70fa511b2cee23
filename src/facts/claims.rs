//! What the files of a run say of it, against its record: evidence of another commit, task or
//! person is no evidence of this one.

use serde_json::json;

use crate::evidence::RunFiles;
use crate::evidence::demands::MANIFEST_SCHEMA;
use crate::record::json::{self, Json};
use crate::record::path::quote;
use crate::record::{
    Coded, Diagnosis, Findings, IdentityName, ObjectId, RefName, RepoPath, Rule, RunId, Sha256,
    Subject, TaskId,
};
use crate::records::RunPredicate;

pub const MANIFEST: &str = "run_manifest.json";
pub(super) const ENVIRONMENT: &str = "environment.json";
pub(super) const CHANGED: &str = "artifacts/changed_paths.json";

/// What a run's record says of it, or will say.
pub struct Said<'a> {
    /// The approvals it spends, sorted.
    pub approvals: &'a [Sha256],
    /// The commit it started from.
    pub base: ObjectId,
    /// The commit it made.
    pub commit: ObjectId,
    /// The digest of the contract.
    pub contract: Sha256,
    /// Who ran it.
    pub orchestrator: &'a IdentityName,
    /// The branch it is for.
    pub reference: &'a RefName,
    pub run: &'a RunId,
    pub task: &'a TaskId,
    /// The tree it made.
    pub tree: ObjectId,
}

impl<'a> From<&'a RunPredicate> for Said<'a> {
    fn from(record: &'a RunPredicate) -> Self {
        Self {
            approvals: &record.approvals,
            base: record.base,
            commit: record.commit,
            contract: record.contract,
            orchestrator: &record.context.identity,
            reference: &record.reference,
            run: &record.run,
            task: &record.task,
            tree: record.tree,
        }
    }
}

/// Compares the documents of a run with its record (ATT-002 for each difference).
///
/// What a manifest of the harness's own schema says of approvals, base, contract, orchestrator,
/// reference, run, task and tree must be what the record says, and so what the list of changed
/// paths says of base and tree. Any other manifest must not name another run. The environment's
/// `git.commit` is the base. What is not said contradicts nothing; what cannot be read is for the
/// invariants to name.
pub fn claims(run: &Said<'_>, files: &RunFiles) -> Findings {
    let mut claims = Claims {
        run,
        findings: Findings::new(),
    };
    let read = |name: &str| document(files, name);
    if let Some(manifest) = read(MANIFEST) {
        let harness = is_harness(&manifest);
        claims.compare(MANIFEST, "run_id", manifest.get("run_id"), json!(run.run));
        if harness {
            for (key, said) in [
                ("approvals", json!(run.approvals)),
                ("base", json!(run.base)),
                ("contract", json!(run.contract)),
                ("orchestrator", json!(run.orchestrator)),
                ("reference", json!(run.reference)),
                ("task", json!(run.task)),
                ("tree", json!(run.tree)),
            ] {
                claims.compare(MANIFEST, key, manifest.get(key), said);
            }
            if let Some(changed) = read(CHANGED) {
                for (key, said) in [("base", json!(run.base)), ("tree", json!(run.tree))] {
                    claims.compare(CHANGED, key, changed.get(key), said);
                }
            }
        }
    }
    if let Some(environment) = read(ENVIRONMENT) {
        let commit = environment.get("git").and_then(|git| git.get("commit"));
        claims.compare(ENVIRONMENT, "git.commit", commit, json!(run.base));
    }
    claims.findings
}

/// So many differences of one run are listed: lines of a file may differ by the million.
const MOST: usize = 1000;

/// Returns a document of a run, if it can be read.
pub(super) fn document(files: &RunFiles, name: &str) -> Option<Json> {
    json::parse(files.get(&RepoPath::from(name))?).ok()
}

/// Returns the program and its arguments that ran, each quoted as git quotes paths, if the manifest says so.
pub fn command(files: &RunFiles) -> Option<Vec<String>> {
    let manifest = document(files, MANIFEST)?;
    let words = manifest.get("command")?.as_array()?;
    let words: Option<Vec<&str>> = words.iter().map(Json::as_str).collect();
    let words = words.filter(|it| !it.is_empty())?;
    // git-awo has quoted them.
    let word = |it: &str| match is_harness(&manifest) {
        true => it.to_owned(),
        false => quote(it.as_bytes()),
    };
    Some(words.into_iter().map(word).collect())
}

/// Tells whether a manifest says that git-awo executed the run.
pub(super) fn is_harness(manifest: &Json) -> bool {
    manifest.get("schema").and_then(Json::as_str) == Some(MANIFEST_SCHEMA)
}

pub(super) struct Claims<'a> {
    pub(super) run: &'a Said<'a>,
    pub(super) findings: Findings,
}

impl Claims<'_> {
    /// Compares what a document says under a key, if it says it.
    pub(super) fn compare(
        &mut self,
        file: &str,
        key: &str,
        claimed: Option<&Json>,
        said: serde_json::Value,
    ) {
        let Some(claimed) = claimed else { return };
        // Both in canonical form: a claim is the same if its bytes are.
        let (claimed, said) = (json::to_canonical(claimed), json::canonical(&said));
        if claimed == said {
            return;
        }
        let short = |bytes: Vec<u8>| quote(&bytes.into_iter().take(160).collect::<Vec<_>>());
        self.differ(file, &format!("{key} {}", short(claimed)), &short(said));
    }

    /// Adds that a document says something else than is so, unless enough was found already.
    pub(super) fn differ(&mut self, file: &str, claimed: &str, recorded: &str) {
        if self.findings.len() >= MOST {
            return;
        }
        let claim = OtherClaim {
            claimed: claimed.to_owned(),
            recorded: recorded.to_owned(),
            run: self.run.run.clone(),
        };
        let subject = Subject::of_run(self.run.run).path(&RepoPath::from(file));
        self.findings.push(claim.to_finding(subject));
    }
}

/// A document of a run contradicts its record.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{claimed}")]
struct OtherClaim {
    claimed: String,
    recorded: String,
    run: RunId,
}

impl Coded for OtherClaim {
    fn diagnosis(&self) -> Diagnosis {
        let remedy = format!("git awo show {}", self.run);
        Diagnosis::against(self, Rule::EvidenceClaims, &self.recorded, remedy)
    }
}
