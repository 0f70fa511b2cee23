//! `git awo chain`

use clap::Args;
use serde_json::json;

use crate::cli::context::{facts_of, judge_chain, unheld};
use crate::cli::{Answer, CliError, Context};
use crate::facts::case::{Lookup, RunFacts};
use crate::record::Report;
use crate::record::RunId;
use crate::render;
use crate::store::ledger::Records;

/// Show each link of a run's chain, what it binds, and whether it holds
#[derive(Debug, Args)]
pub struct ChainArgs {
    /// The run
    run: String,
}

/// Runs the command.
pub fn run(context: &Context, args: &ChainArgs) -> Result<Answer, CliError> {
    let run = RunId::new(args.run.as_str()).map_err(|error| CliError::usage(error.to_string()))?;
    let actor = context.actor()?;
    let history = actor.history()?;
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    let facts = facts_of(&actor.collector(&records, &history), &run)?;
    let mut report = Report::default();
    report.count("runs", 1);
    match facts.run.valid() {
        Some(record) => report.findings.extend(judge_chain(
            &records,
            &history,
            &facts,
            record.predicate(),
            &[],
        )?),
        None => {
            let why = unheld(&facts, &history);
            report.absorb(why);
        }
    }
    let links = links(&facts);
    let mut text = format!("{run}\n");
    for (name, state, binds) in &links {
        text.push_str(&format!("  {name:<18} {state:<8} {binds}\n"));
    }
    text.push_str(&render::report::report(&report));
    let rows: Vec<_> = links
        .iter()
        .map(|(name, state, binds)| json!({ "link": name, "state": state, "binds": binds }))
        .collect();
    let mut value = report.to_json();
    if let Some(map) = value.as_object_mut() {
        map.insert("links".to_owned(), json!(rows));
    }
    Ok(Answer::new("verdict", value, text).judged(&report))
}

fn state<T>(link: &Lookup<T>) -> &'static str {
    match link {
        Lookup::Missing => "missing",
        Lookup::Invalid(_) => "bad",
        Lookup::Valid(_) => "held",
    }
}

/// Returns each link: its name, its state, and what it binds.
pub fn links(facts: &RunFacts) -> Vec<(&'static str, &'static str, String)> {
    let many = |count: usize| if count > 0 { "held" } else { "missing" };
    let names = |list: Vec<String>| list.join(", ");
    let run = facts.run.valid().map(|run| run.predicate());
    vec![
        (
            "contract",
            state(&facts.contract),
            facts
                .contract
                .valid()
                .map(|it| format!("{} by {}", it.digest(), it.signer()))
                .unwrap_or_default(),
        ),
        (
            "approval (gate 1)",
            many(facts.task_approvals.len()),
            names(
                facts
                    .task_approvals
                    .iter()
                    .map(|it| format!("{} by {}", it.digest(), it.signer()))
                    .collect(),
            ),
        ),
        (
            "run",
            state(&facts.run),
            facts
                .run
                .valid()
                .map(|it| format!("{} by {}", it.predicate().commit, it.signer()))
                .unwrap_or_default(),
        ),
        (
            "evidence",
            state(&facts.evidence),
            run.map(|run| format!("root {}", run.root))
                .unwrap_or_default(),
        ),
        (
            "gate 2",
            many(facts.independence.len()),
            names(
                facts
                    .independence
                    .iter()
                    .map(|it| format!("{} by {}", it.predicate().status.word(), it.signer()))
                    .collect(),
            ),
        ),
        (
            "gate 3",
            many(facts.audit_approvals.len()),
            names(
                facts
                    .audit_approvals
                    .iter()
                    .map(|it| format!("{} by {}", it.digest(), it.signer()))
                    .collect(),
            ),
        ),
        (
            "attestation",
            many(facts.attestations.len()),
            names(
                facts
                    .attestations
                    .iter()
                    .map(|it| format!("{} by {}", it.digest(), it.signer()))
                    .collect(),
            ),
        ),
        (
            "finalization",
            state(&facts.finalization),
            facts
                .finalization
                .valid()
                .map(|it| format!("{} by {}", it.digest(), it.signer()))
                .unwrap_or_default(),
        ),
        ("provenance index", state(&facts.indexed), String::new()),
        (
            "outcome",
            state(&facts.outcome),
            facts
                .outcome
                .valid()
                .map(|it| format!("{:?} by {}", it.predicate().outcome, it.signer()).to_lowercase())
                .unwrap_or_default(),
        ),
    ]
}
