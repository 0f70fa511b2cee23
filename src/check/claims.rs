//! What the files of a run say of it, against its record: evidence of another commit, task or
//! person is no evidence of this one.

use serde_json::json;

use crate::evidence::RunFiles;
use crate::evidence::demands::MANIFEST_SCHEMA;
use crate::record::json::{self, Json};
use crate::record::path::quote;
use crate::record::predicate::RunPredicate;
use crate::record::{Code, Finding, Findings, RepoPath, Subject};

const MANIFEST: &str = "run_manifest.json";
const ENVIRONMENT: &str = "environment.json";
const CHANGED: &str = "artifacts/changed_paths.json";

/// Compares the documents of a run with its record (ATT-002 for each difference).
///
/// A manifest of the harness's own schema must say what the record says of approvals, base,
/// contract, orchestrator, reference, run, task and tree, and its list of changed paths of base
/// and tree. Any other manifest may leave the run out, not name another. The environment's
/// `git.commit` is the base. What cannot be read, or is not there, is for the invariants to name.
pub fn claims(run: &RunPredicate, files: &RunFiles) -> Findings {
    let mut claims = Claims {
        run,
        findings: Findings::new(),
    };
    let read = |name: &str| json::parse(files.get(&RepoPath::from(name))?).ok();
    if let Some(manifest) = read(MANIFEST) {
        let harness = manifest.get("schema").and_then(Json::as_str) == Some(MANIFEST_SCHEMA);
        claims.compare(
            MANIFEST,
            "run_id",
            manifest.get("run_id"),
            json!(run.run),
            harness,
        );
        if harness {
            for (key, said) in [
                ("approvals", json!(run.approvals)),
                ("base", json!(run.base)),
                ("contract", json!(run.contract)),
                ("orchestrator", json!(run.context.identity)),
                ("reference", json!(run.reference)),
                ("task", json!(run.task)),
                ("tree", json!(run.tree)),
            ] {
                claims.compare(MANIFEST, key, manifest.get(key), said, true);
            }
            if let Some(changed) = read(CHANGED) {
                for (key, said) in [("base", json!(run.base)), ("tree", json!(run.tree))] {
                    claims.compare(CHANGED, key, changed.get(key), said, true);
                }
            }
        }
    }
    if let Some(environment) = read(ENVIRONMENT) {
        let commit = environment.get("git").and_then(|git| git.get("commit"));
        claims.compare(ENVIRONMENT, "git.commit", commit, json!(run.base), false);
    }
    claims.findings
}

struct Claims<'a> {
    run: &'a RunPredicate,
    findings: Findings,
}

impl Claims<'_> {
    fn compare(
        &mut self,
        file: &str,
        key: &str,
        claimed: Option<&Json>,
        said: serde_json::Value,
        needed: bool,
    ) {
        // Both in canonical form: a claim is the same if its bytes are.
        let said = json::canonical(&said);
        let found = match claimed {
            Some(claimed) => {
                let claimed = json::to_canonical(claimed);
                if claimed == said {
                    return;
                }
                let short: Vec<u8> = claimed.into_iter().take(160).collect();
                format!("{key} {}", quote(&short))
            }
            None if needed => format!("no {key}"),
            None => return,
        };
        let subject = Subject::of_run(&self.run.run).path(&RepoPath::from(file));
        self.findings.push(
            Finding::new(Code::Att002, "evidence-claims", subject)
                .found(found)
                .expected(quote(&said))
                .remedy(format!("git awo show {}", self.run.run)),
        );
    }
}
