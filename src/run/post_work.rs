//! The manifest of what a run changed.

use serde_json::Value;

use crate::actor::Actor;
use crate::evidence::RunFiles;
use crate::facts::post_work::{self as facts, Head};
use crate::record::{DecisionId, Findings, ObjectId, RepoPath, Subject};
use crate::rules::post_work as rules;

use super::error::Error;
use super::gate::Admission;

/// What is computed of a run.
pub(super) struct Computed {
    /// The manifest.
    pub(super) manifest: Value,
    /// The waivers without which a gate would refuse it, sorted.
    pub(super) waivers: Vec<DecisionId>,
}

/// Computes the manifest of what a run changed, from its base to a tree; what the gates refuse becomes findings.
pub(super) fn manifest(
    actor: &Actor,
    admitted: &Admission,
    tree: ObjectId,
    findings: &mut Findings,
) -> Result<Option<Computed>, Error> {
    let Some(plan) = &admitted.plan else {
        return Ok(None);
    };
    let (repo, contract) = (&actor.repo, admitted.contract());
    let change = facts::change(repo, (admitted.base, tree), Some(plan.predicate()))?;
    let spec = facts::spec_target(repo, contract, tree)?;
    let head = Head {
        contract,
        digest: admitted.contract.digest(),
        pre_work: Some(plan.digest()),
        base: admitted.base,
        tree,
        operator: &admitted.person,
        spec: spec.as_ref(),
    };
    let files = rules::measure(Some(plan.predicate()), &change, rules::Written::Now);
    let subject = Subject::of_run(&admitted.run);
    let waivers = &admitted.waivers;
    let covered = |gate, path: &RepoPath| waivers.iter().any(|(_, it)| it.covers(gate, path));
    findings.extend(rules::refusals(&files, &covered, &contract.id, &subject));
    Ok(Some(Computed {
        waivers: rules::needed(&files, waivers),
        manifest: rules::manifest(&head, &files),
    }))
}

/// Judges that a run which took place elsewhere brings the manifest that is computed here.
pub(super) fn brought(
    admitted: &Admission,
    files: &RunFiles,
    computed: &Value,
    findings: &mut Findings,
) {
    let found = files.get(&RepoPath::from(rules::FILE));
    let difference = match found {
        Some(found) => match rules::differs(found, computed) {
            None => return,
            some => some,
        },
        None => None,
    };
    let subject = Subject::of_run(&admitted.run);
    let task = &admitted.contract().id;
    findings.push(rules::other_manifest(difference, task, subject));
}
