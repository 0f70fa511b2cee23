//! `git awo attest`

use clap::Args;
use serde_json::json;

use crate::cli::context::{before, effective, facts_of, judge_chain, unheld, workflow_url};
use crate::cli::{Answer, CliError, Context};
use crate::policy::Role;
use crate::record::envelope::Envelope;
use crate::record::predicate::AttestationPredicate;
use crate::record::statement::Statement;
use crate::record::{Findings, Refusal, Rule, RunId, Sha256, Subject};
use crate::rules;
use crate::store::batch::Batch;
use crate::store::ledger::Records;

/// Attest a run: only after integrity, gate 2 and approval
#[derive(Debug, Args)]
pub struct AttestArgs {
    /// The run
    run: String,
    /// Where the forge ran the audit
    #[arg(long, value_name = "URL")]
    workflow_run_url: Option<String>,
}

/// Runs the command.
pub fn run(context: &Context, args: &AttestArgs) -> Result<Answer, CliError> {
    let run = RunId::new(args.run.as_str()).map_err(|error| CliError::usage(error.to_string()))?;
    let actor = context.actor()?;
    let history = actor.history()?;
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    let collector = actor.collector(&records, &history);
    let facts = facts_of(&collector, &run)?;
    let signer_context = actor.context(&history, &[Role::Reviewer])?;
    let policy = &history.current().policy;
    let refuse = |why: Refusal| CliError::denied(format!("{run} cannot be attested"), why);
    let Some(record) = facts.run.valid() else {
        return Err(refuse(unheld(&facts, &history)));
    };
    let says = record.predicate();
    let later = [Rule::Attestation, Rule::Finalization, Rule::ProvenanceIndex];
    let mut findings = judge_chain(&records, &history, &facts, says, &later)?;
    let overridden = facts.overridden();
    if &signer_context.identity == record.signer() && !overridden {
        findings.push(
            Rule::IndependentReviewer
                .finding(Subject::of_run(&run))
                .found(format!(
                    "attestation: {} orchestrated and reviewed",
                    record.signer()
                ))
                .expected("another person")
                .remedy(format!(
                    "ask another reviewer ({})",
                    policy.holders(Role::Reviewer)
                )),
        );
    }
    let reviews = rules::reviews(&facts, policy, None, &mut Findings::new());
    let independence = reviews.passed.first().copied();
    let (Some(independence), true) = (independence, findings.is_empty()) else {
        let why = before(findings, Rule::Gate2, &run, format!("git awo gate {run}"));
        return Err(refuse(why));
    };
    let reviewer = signer_context.identity.clone();
    let attestation = AttestationPredicate {
        approvals: reviews.approved.iter().map(|(digest, _)| *digest).collect(),
        commit: says.commit,
        context: signer_context,
        contract: says.contract,
        independence,
        reviewer_sha256: Sha256::of(reviewer.as_str().as_bytes()),
        reviewer,
        root: says.root,
        run: run.clone(),
        run_record: record.digest(),
        tree: says.tree,
        workflow_run_url: workflow_url(args.workflow_run_url.as_deref())?,
    };
    let envelope = actor.sign(attestation.clone())?;
    let noted = Batch::new(format!("attest {run}"))
        .attestation(says.commit, envelope.clone())
        .once(move |envelope| attests_the_same(envelope, &attestation))
        .commit(&actor.repo, &actor.author());
    let (digest, effective) = effective(noted, envelope.digest())?;
    let done = match effective {
        true => format!(
            "attested {run}: {} with root {}",
            says.commit.short(),
            says.root
        ),
        false => format!("{run} was attested by you before, as {digest}: nothing was added"),
    };
    let text = format!("{done}\nnext: git awo push, then git awo finalize {run}\n");
    let value = json!({
        "run": run, "commit": says.commit, "root": says.root, "attestation": digest, "effective": effective,
    });
    Ok(Answer::new("attestation", value, text))
}

/// Tells whether an attestation already says this, wherever the forge ran.
fn attests_the_same(envelope: &Envelope, wanted: &AttestationPredicate) -> bool {
    let Ok(statement) = Statement::<AttestationPredicate>::parse(envelope.payload()) else {
        return false;
    };
    let there = statement.predicate;
    let same = AttestationPredicate {
        workflow_run_url: there.workflow_run_url.clone(),
        ..wanted.clone()
    };
    there == same
}
