//! `git awo log`

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::{Error, log};
use crate::record::path::cut;
use crate::render::{date, one_line};

/// The longest title that is shown, in characters.
const LONGEST_TITLE: usize = 200;

/// Show the history with its governance: what each commit claims to be, and who signed it
///
/// It shows claims; `git awo verify` judges them.
#[derive(Debug, Args)]
pub struct LogArgs {
    /// Where to start
    #[arg(default_value = "HEAD")]
    rev: String,
    /// How many commits
    #[arg(short = 'n', long, default_value_t = 20)]
    number: usize,
}

pub fn run(context: &Context, args: &LogArgs) -> Result<Answer, Error> {
    let rows = log::log(&context.session()?, &args.rev, args.number)?;
    let mut text = String::new();
    let mut values = Vec::new();
    for row in &rows {
        let (kind, attestations) = (row.kind, row.attestations);
        let title = one_line(&cut(&row.title, LONGEST_TITLE));
        let signer = row.signer.as_ref().map_or("nobody", |it| it.as_str());
        text.push_str(&format!(
            "{}  {:<20}  {kind:<8} {signer:<12} {title}",
            row.commit.short(),
            date(row.date)
        ));
        if let Some(run) = &row.run {
            let attested = if attestations > 0 { ", attested" } else { "" };
            text.push_str(&format!("  [{run}{attested}]"));
        }
        if !row.vouchers.is_empty() {
            let names: Vec<_> = row.vouchers.iter().map(|it| it.as_str()).collect();
            text.push_str(&format!("  [vouched for by {}]", names.join(", ")));
        }
        for used in &row.overrides {
            text.push_str(&format!(
                "  [override of {}]",
                one_line(&used.path.to_string())
            ));
        }
        text.push('\n');
        values.push(json!({
            "commit": row.commit, "kind": kind, "run": row.run, "signer": signer,
            "vouched_by": row.vouchers, "overrides": row.overrides, "attestations": attestations, "date": row.date, "title": row.title,
        }));
    }
    let value = json!({ "commits": values });
    Ok(Answer::new("log", value, text))
}
