//! `git awo gate`

use clap::Args;
use serde_json::json;

use crate::cli::context::{facts_of, judge_chain, unheld};
use crate::cli::{Answer, CliError, Context};
use crate::policy::Role;
use crate::record::predicate::{GateStatus, IndependencePredicate, OverridePredicate};
use crate::record::{Code, Finding, Refusal, Rule, RunId, Subject};
use crate::store::batch::Batch;
use crate::store::layout::LedgerPath;
use crate::store::ledger::Records;

/// Review a run by machine: gate 2
///
/// Recomputes every hash, checks the invariants and what the run binds, and that the reviewer is
/// another person than the orchestrator. Writes the independence log, also when the gate fails.
#[derive(Debug, Args)]
pub struct GateArgs {
    /// The run
    run: String,
    /// Record an override: only for whom the policy's gates.self_approval_override names
    #[arg(long)]
    allow_self_approval: bool,
    /// Why the override is needed
    #[arg(long, value_name = "TEXT", requires = "allow_self_approval")]
    reason: Option<String>,
}

/// Runs the command.
pub fn run(context: &Context, args: &GateArgs) -> Result<Answer, CliError> {
    let run = RunId::new(args.run.as_str()).map_err(|error| CliError::usage(error.to_string()))?;
    let actor = context.actor()?;
    let history = actor.history()?;
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    let collector = actor.collector(&records, &history);
    let facts = facts_of(&collector, &run)?;
    let policy = &history.current().policy;
    let signer_context = actor.context(&history, &[Role::Reviewer])?;
    let Some(record) = facts.run.valid() else {
        return Err(CliError::denied(
            format!("{run} cannot be reviewed: its run record does not hold"),
            unheld(&facts, &history),
        ));
    };
    let says = record.predicate();
    // Everything of the chain that exists before gate 2.
    let later = [
        Rule::Gate2,
        Rule::RunApproved,
        Rule::Attestation,
        Rule::Finalization,
        Rule::ProvenanceIndex,
        Rule::IndependentReviewer,
    ];
    let mut findings = judge_chain(&records, &history, &facts, says, &later)?;
    // A failed log ends the run for good. What is only missing here proves nothing against it.
    if let Some(why) = Refusal::of(findings.clone())
        && !findings.iter().any(speaks_against_the_run)
    {
        return Err(CliError::denied(
            format!("{run} cannot be reviewed here: a link is missing or does not hold"),
            why,
        )
        .hint("git awo fetch"));
    }
    let mut batch = Batch::new(format!("gate 2 of {run}"));
    let same = record.signer() == &signer_context.identity;
    let recorded = facts.overridden();
    if args.allow_self_approval && !recorded {
        let person = &signer_context.identity;
        if !policy.may_override(person) {
            return Err(CliError::denied(
                "you may not permit a self-approval",
                [Rule::RoleHeld
                    .finding(Subject::of_run(&run))
                    .found(format!("{person} holds {}", policy.roles_of(person)))
                    .expected("a person whom gates.self_approval_override names")
                    .remedy(format!(
                        "ask another reviewer ({}) to run git awo gate {run}",
                        policy.holders_but(Role::Reviewer, person)
                    ))],
            ));
        }
        let envelope = actor.sign(OverridePredicate {
            allow_self_approval: "1".to_owned(),
            commit: says.commit,
            context: signer_context.clone(),
            reason: args.reason.clone().unwrap_or_default(),
            root: says.root,
            run: run.clone(),
        })?;
        batch = batch.record(
            &LedgerPath::Override(run.clone(), envelope.digest()),
            &envelope,
        );
    }
    let overridden = recorded || args.allow_self_approval;
    let status = if !findings.is_empty() {
        GateStatus::FailedInvariants
    } else if !same {
        GateStatus::ApprovedByIndependentReviewer
    } else if overridden {
        GateStatus::SelfApprovedWithOverride
    } else {
        GateStatus::FailedSelfApproval
    };
    if status == GateStatus::FailedSelfApproval {
        findings.push(
            Rule::IndependentReviewer
                .finding(Subject::of_run(&run))
                .found(format!(
                    "gate 2: {} orchestrated and reviewed",
                    record.signer()
                ))
                .expected("another person")
                .remedy(format!(
                    "ask another reviewer ({}) to run git awo gate {run}",
                    policy.holders_but(Role::Reviewer, record.signer())
                )),
        );
    }
    if !status.passed() && facts.finalization.valid().is_some() {
        let finding = Rule::Gate2InTurn
            .finding(Subject::of_run(&run))
            .found(format!("{} after the finalization", status.word()))
            .expected("failures of gate 2 before a run is finalized")
            .remedy(format!("git awo outcome {run} rejected --reason TEXT"));
        return Err(CliError::denied(
            format!("{run} is finalized: nothing was recorded"),
            Refusal::from(finding).and(findings),
        ));
    }
    let mut reasons: Vec<String> = if status == GateStatus::FailedInvariants {
        findings
            .iter()
            .map(|it| format!("{}:{}:{}", it.code, it.rule, it.found))
            .collect()
    } else {
        Vec::new()
    };
    reasons.sort();
    let log = IndependencePredicate {
        allow_self_approval: if same && overridden { "1" } else { "0" }.to_owned(),
        commit: says.commit,
        invariants_ok: reasons.is_empty(),
        invariants_reasons: reasons,
        message: message(status).to_owned(),
        orchestrator: record.signer().clone(),
        reviewer: signer_context.identity.clone(),
        context: signer_context,
        root: facts
            .evidence
            .valid()
            .map_or(says.root, |evidence| evidence.root),
        run_id: run.clone(),
        status,
    };
    let value = json!({ "run": run, "status": status.word(), "findings": findings.iter().collect::<Vec<_>>() });
    let envelope = actor.sign(log)?;
    batch
        .record(
            &LedgerPath::Independence(run.clone(), envelope.digest()),
            &envelope,
        )
        .commit(&actor.repo, &actor.author())?;
    let mut text = String::new();
    for finding in findings.iter() {
        text.push_str(&crate::render::report::line(finding));
        text.push('\n');
    }
    text.push_str(&format!("{run}: {}: {}\n", status.word(), message(status)));
    if status.passed() {
        text.push_str(&format!("next: git awo approve {run}\n"));
    }
    let answer = Answer::new("gate", value, text);
    // Findings and a gate that passed exclude each other, by how the status was chosen.
    Ok(match Refusal::of(findings) {
        Some(why) => answer.refused(&why),
        None => answer,
    })
}

/// Tells whether a finding is about what the run did or left behind, not about other records.
fn speaks_against_the_run(finding: &Finding) -> bool {
    let codes = [
        Code::Int001,
        Code::Int002,
        Code::Int003,
        Code::Gov003,
        Code::Gov004,
    ];
    let rules = [
        Rule::Invariants,
        Rule::SingleCommit,
        Rule::Trailers,
        Rule::EvidenceClaims,
    ];
    codes.contains(&finding.code) || rules.iter().any(|rule| finding.rule == *rule)
}

fn message(status: GateStatus) -> &'static str {
    match status {
        GateStatus::FailedInvariants => "an invariant, a hash or a binding does not hold",
        GateStatus::FailedSelfApproval => "orchestrator and reviewer are one person",
        GateStatus::SelfApprovedWithOverride => {
            "orchestrator and reviewer are one person, by a recorded override"
        }
        GateStatus::ApprovedByIndependentReviewer => "reviewed by another person",
    }
}
