//! `git awo decisions`

use clap::Args;
use serde_json::{Value, json};

use crate::cli::{Answer, Context};
use crate::ops::Error;
use crate::ops::decide::{self, Listed};
use crate::record::Held;
use crate::render::one_line;
use crate::rules::automation::Standing;

/// List decisions on gates
#[derive(Debug, Args)]
pub struct DecisionsArgs {
    /// Only those that a person must answer
    #[arg(long)]
    open: bool,
    /// Only those on this gate
    #[arg(long, value_name = "GATE")]
    gate: Option<String>,
    /// Only those on this target
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,
}

pub fn run(context: &Context, args: &DecisionsArgs) -> Result<Answer, Error> {
    let mut all = decide::decisions(&context.session()?)?;
    let is = |wanted: &Option<String>, found: &str| wanted.as_ref().is_none_or(|it| it == found);
    all.retain(|it| {
        let says = &it.says.decision;
        (!args.open || it.standing == Standing::Open)
            && is(&args.gate, says.gate_type.as_str())
            && is(&args.target, says.target_ref.as_str())
    });
    let mut text = String::new();
    for it in &all {
        text.push_str(&line(it));
    }
    if all.is_empty() {
        text.push_str("no decisions\n");
    }
    let value = json!({ "decisions": all.iter().map(value).collect::<Vec<_>>() });
    Ok(Answer::new("decisions", value, text))
}

/// Returns a decision as JSON.
pub(super) fn value(it: &Listed) -> Value {
    json!({
        "state": it.standing.word(), "record": it.record, "decision": it.says.decision,
        "answers": it.says.answers, "supersedes": it.says.supersedes, "expires": it.says.expires,
        "level": it.says.level, "by": it.says.context.identity, "protection": it.says.protection,
    })
}

/// Returns what a protected path holds, in words.
pub(super) fn held(side: Option<Held>) -> String {
    side.map_or_else(
        || "nothing".to_owned(),
        |it| format!("{} {}", it.mode, it.id),
    )
}

fn line(it: &Listed) -> String {
    let says = &it.says.decision;
    let confidence = says
        .confidence
        .map(|it| format!(" ({it})"))
        .unwrap_or_default();
    let protection = it.says.protection.as_ref();
    let path = protection.map(|it| format!(" ({})", one_line(&it.path.to_string())));
    let path = path.unwrap_or_default();
    format!(
        "{}  {} {} {}{path} by {}{confidence}: {}, {}\n",
        says.decision_id,
        says.decision,
        says.gate_type,
        says.target_ref,
        it.says.context.identity,
        says.rationale,
        it.standing.word()
    )
}
