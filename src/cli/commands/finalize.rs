//! `git awo finalize`

use clap::Args;
use serde_json::json;

use crate::cli::context::{before, catch_up, facts_of, follow, judge_chain, require_clean, unheld};
use crate::cli::{Answer, CliError, Context};
use crate::git::{Expected, RefUpdate};
use crate::policy::Role;
use crate::record::predicate::FinalizationPredicate;
use crate::record::{Findings, IdentityName, Refusal, Rule, RunId, Subject};
use crate::rules;
use crate::store::batch::Batch;
use crate::store::layout::LedgerPath;
use crate::store::ledger::Records;

/// Finalize a run: validate its chain, index it, move the branch to its commit
#[derive(Debug, Args)]
pub struct FinalizeArgs {
    /// The run
    run: String,
}

/// Runs the command.
pub fn run(context: &Context, args: &FinalizeArgs) -> Result<Answer, CliError> {
    let run = RunId::new(args.run.as_str()).map_err(|error| CliError::usage(error.to_string()))?;
    let actor = context.actor()?;
    let history = actor.history()?;
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    let collector = actor.collector(&records, &history);
    let facts = facts_of(&collector, &run)?;
    let policy = &history.current().policy;
    let signer_context = actor.context(
        &history,
        &[Role::Orchestrator, Role::Operator, Role::Reviewer],
    )?;
    let refuse = |why: Refusal| CliError::denied(format!("{run} cannot be finalized"), why);
    let Some(record) = facts.run.valid() else {
        return Err(refuse(unheld(&facts, &history)));
    };
    let says = record.predicate();
    let findings = judge_chain(
        &records,
        &history,
        &facts,
        says,
        &[Rule::Finalization, Rule::ProvenanceIndex],
    )?;
    let reviews = rules::reviews(&facts, policy, None, &mut Findings::new());
    let attested = reviews.attested.first().copied();
    let passed = attested.and_then(|digest| {
        let attestation = facts.attestations.iter().find(|it| it.digest() == digest)?;
        Some((
            attestation.predicate().independence,
            attestation.predicate().approvals.clone(),
        ))
    });
    let (Some(attestation), Some((independence, approvals)), true) =
        (attested, passed, findings.is_empty())
    else {
        let why = before(
            findings,
            Rule::Attestation,
            &run,
            format!("git awo attest {run}"),
        );
        return Err(refuse(why));
    };
    let tip = actor.repo.reference(&says.reference)?;
    if tip != Some(says.base) && tip != Some(says.commit) {
        return Err(refuse(Refusal::from([Rule::BaseIsTip
            .finding(Subject::of_run(&run))
            .found(format!(
                "{} is at {}",
                says.reference,
                tip.map_or("nothing".to_owned(), |id| id.to_string())
            ))
            .expected(says.base)
            .remedy(format!(
                "git awo approve {} and run it on the new tip",
                says.task
            ))])));
    }
    // A branch that is there already does not move, and no work tree with it.
    if tip == Some(says.base) {
        require_clean(&actor, &says.reference, says.base)?;
    }
    let mut approved_by: Vec<IdentityName> = reviews
        .approved
        .iter()
        .filter(|(digest, _)| approvals.contains(digest))
        .map(|(_, person)| person.clone())
        .collect();
    approved_by.sort();
    approved_by.dedup();
    let mut batch = Batch::new(format!("finalize {run}"));
    if facts.finalization.valid().is_none() {
        let workflow_run_url = facts
            .attestations
            .iter()
            .find(|it| it.digest() == attestation)
            .and_then(|it| it.predicate().workflow_run_url.clone());
        let finalization = FinalizationPredicate {
            approvals,
            approved_by,
            attestation,
            commit: says.commit,
            context: signer_context,
            independence,
            root: says.root,
            run: run.clone(),
            run_record: record.digest(),
            workflow_run_url,
        };
        let envelope = actor.sign(finalization.clone())?;
        batch = batch
            .record(&LedgerPath::Finalization(run.clone()), &envelope)
            .index(&finalization);
    }
    if tip == Some(says.base) {
        // Records and branch move in one transaction.
        batch = batch.moving(RefUpdate {
            name: says.reference.clone(),
            expected: Expected::At(says.base),
            new: Some(says.commit),
        });
    }
    batch.commit(&actor.repo, &actor.author())?;
    let remark = if tip == Some(says.base) {
        follow(&actor, &says.reference, says.base, says.commit)?;
        String::new()
    } else {
        catch_up(&actor, &says.reference, says.base, says.commit)?
    };
    let text = format!(
        "finalized {run}: {} is at {}\n{remark}next: git awo push\n",
        says.reference,
        says.commit.short()
    );
    let value = json!({ "run": run, "commit": says.commit, "ref": says.reference, "attestation": attestation });
    Ok(Answer::new("finalization", value, text))
}
