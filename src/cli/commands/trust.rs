//! `git awo trust`

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::{Error, trust};

/// Show or set what this clone trusts: the first policy commit, or a key that signed it
#[derive(Debug, Args)]
pub struct TrustArgs {
    /// An object id or a SHA256:… fingerprint, got from somebody you trust
    fingerprint: Option<String>,
}

pub fn run(context: &Context, args: &TrustArgs) -> Result<Answer, Error> {
    let session = context.session()?;
    let anchor = match &args.fingerprint {
        None => session.actor().anchor()?,
        Some(text) => {
            let anchor = trust::anchor(text)?;
            trust::trust(&session, &anchor)?;
            Some(anchor)
        }
    };
    let text = match &anchor {
        Some(anchor) => format!("trusted: {anchor}\n"),
        None => "nothing is trusted; next: git awo trust FINGERPRINT\n".to_owned(),
    };
    let value = json!({ "anchor": anchor.map(|it| it.to_string()) });
    Ok(Answer::new("trust", value, text))
}
