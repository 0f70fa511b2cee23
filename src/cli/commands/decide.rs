//! `git awo decide`

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::{Error, decide};
use crate::record;
use crate::record::{Confidence, DecisionId, Reason, Report, Token};

/// Decide on a gate, as a person or as a model
///
/// A person gives no confidence; a model gives its own, and evidence where it approves. A gate that does
/// not open for whoever asks is deferred: that is recorded, the command exits with 1 and names
/// who may answer. A person answers with --answers.
#[derive(Debug, Args)]
pub struct DecideArgs {
    /// SpecApproval, RefinementSign, ScopeChange, SkeletonApproval, CloudEscalation or PolicyViolation
    gate: String,
    /// What is decided on: task/ID, run/ID, refinement/ID or escalation/ID
    target: String,
    /// The decision
    choice: Choice,
    /// How confident the model is: 0.0 to 1.0, with at most four decimals
    #[arg(long, value_name = "NUMBER")]
    confidence: Option<String>,
    /// Why, as a reason code: a word of A-Z a-z 0-9 _ . : / -
    #[arg(long, value_name = "CODE")]
    rationale: String,
    /// Why, in words
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// What speaks for it: an object id, ID:path, task/ID, run/ID or decision/ID
    #[arg(long, value_name = "REF")]
    evidence: Vec<String>,
    /// The deferred decision that this one answers
    #[arg(long, value_name = "DECISION")]
    answers: Option<String>,
    /// The decision whose place this one takes
    #[arg(long, value_name = "DECISION")]
    supersedes: Option<String>,
    /// So long it holds, in days: 7d
    #[arg(long, value_name = "DAYS", value_parser = days)]
    expires: Option<u32>,
    /// The commit on which a contract may be executed [default: the tip of its branch]
    #[arg(long, value_name = "REVISION")]
    base: Option<String>,
    /// The file of a refinement
    #[arg(long, value_name = "REVISION:PATH")]
    file: Option<String>,
    /// Of PolicyViolation on a run: the actions that it may take beyond its ceiling: create, change, delete, mode, or another
    /// word of its contract
    #[arg(long, value_name = "ACTION", value_delimiter = ',')]
    permits: Vec<String>,
}

/// What is decided.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Choice {
    Approve,
    Reject,
    Defer,
}

pub fn days(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix('d').unwrap_or(text);
    match number.parse() {
        Ok(0) | Err(_) => Err("a number of days: 7d".to_owned()),
        Ok(days) => Ok(days),
    }
}

pub fn run(context: &Context, args: &DecideArgs) -> Result<Answer, Error> {
    let token = |text: &String| Token::new(text.as_str());
    let id = |text: &Option<String>| text.as_deref().map(DecisionId::new).transpose();
    let confidence = args.confidence.as_deref();
    let confidence = confidence.map(str::parse::<Confidence>).transpose();
    let request = decide::Request {
        gate: token(&args.gate)?,
        target: token(&args.target)?,
        choice: match args.choice {
            Choice::Approve => record::Choice::Approve,
            Choice::Reject => record::Choice::Reject,
            Choice::Defer => record::Choice::Defer,
        },
        confidence: confidence.map_err(|error| Error::usage(error.to_string()))?,
        rationale: token(&args.rationale)?,
        note: args.note.as_deref().map(Reason::new).transpose()?,
        evidence: args.evidence.iter().map(token).collect::<Result<_, _>>()?,
        answers: id(&args.answers)?,
        supersedes: id(&args.supersedes)?,
        days: args.expires,
        base: args.base.clone(),
        file: args.file.clone(),
        waiver: None,
        permits: args.permits.iter().map(token).collect::<Result<_, _>>()?,
        protection: None,
    };
    let done = decide::decide(&context.session()?, request)?;
    let (id, choice) = (&done.id, done.choice);
    let mut report = Report::default();
    report.findings.extend(done.refused);
    let mut text = crate::render::report::lines(&report.findings);
    let word = match choice {
        record::Choice::Approve => "approved",
        record::Choice::Reject => "rejected",
        record::Choice::Defer => "deferred",
    };
    text.push_str(&format!("{word} {} {} as {id}\n", args.gate, args.target));
    if let Some(gate1) = done.without_effect {
        text.push_str(&format!(
            "the contract says gate1 = {gate1}: no decision opens a run of it\n"
        ));
    }
    text.push_str("next: git awo push\n");
    let value = json!({
        "decision": id, "choice": choice, "gate": args.gate, "target": args.target,
        "record": done.record, "auto_signature": done.auto_signature,
    });
    Ok(Answer::new("decision", value, text).with_findings(&report))
}
