//! `git awo show`

use clap::Args;
use serde_json::{Value, json};

use crate::cli::{Answer, Context};
use crate::ops::{Error, show};
use crate::record::path::escape_json;
use crate::render::one_line;

/// Show a task, a run or a commit with everything recorded about it
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// A task, a run or a commit
    id: String,
}

pub fn run(context: &Context, args: &ShowArgs) -> Result<Answer, Error> {
    let found = show::show(&context.session()?, &args.id)?;
    let mut text = String::new();
    let mut rows = Vec::new();
    for (place, envelope, recorded) in &found {
        let statement: Value = serde_json::from_slice(envelope.payload()).unwrap_or(Value::Null);
        let digest = envelope.digest();
        let signatures = envelope.signatures().iter();
        let keys: Vec<_> = signatures.map(|it| it.keyid.as_str()).collect();
        let signed_by = one_line(&keys.join(", "));
        let when = recorded.map_or_else(String::new, |it| format!("  recorded {it}"));
        text.push_str(&format!("{place}  {digest}  signed by {signed_by}{when}\n"));
        text.push_str(&escape_json(&String::from_utf8_lossy(envelope.payload())));
        text.push_str("\n\n");
        rows.push(json!({
            "record": place, "digest": digest, "signed_by": keys, "recorded": recorded,
            "statement": statement,
        }));
    }
    text.push_str("(shown as stored, not verified; git awo chain RUN or git awo verify judges)\n");
    let value = json!({ "id": args.id, "records": rows });
    Ok(Answer::new("show", value, text))
}
