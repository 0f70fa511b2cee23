//! `git awo trust`

use clap::Args;
use serde_json::json;

use crate::check::Anchor;
use crate::cli::{Answer, CliError, Context};
use crate::record::{Rule, Subject};
use crate::store::layout;

/// Show or set what this clone trusts: the first policy commit, or a key that signed it
#[derive(Debug, Args)]
pub struct TrustArgs {
    /// An object id or a SHA256:… fingerprint, got from somebody you trust
    fingerprint: Option<String>,
}

/// Runs the command.
pub fn run(context: &Context, args: &TrustArgs) -> Result<Answer, CliError> {
    let actor = context.actor()?;
    let Some(text) = &args.fingerprint else {
        let anchor = actor.anchor()?;
        let text = match &anchor {
            Some(anchor) => format!("trusted: {anchor}\n"),
            None => "nothing is trusted; next: git awo trust FINGERPRINT\n".to_owned(),
        };
        return Ok(Answer::new(
            "trust",
            json!({ "anchor": anchor.map(|it| it.to_string()) }),
            text,
        ));
    };
    let anchor = Anchor::parse(text).ok_or_else(|| {
        CliError::usage(format!(
            "{text:?} is neither an object id nor a SHA256:… fingerprint"
        ))
    })?;
    // A wrong anchor is noticed now, if the policy is here already.
    if actor.repo.reference(&layout::policy())?.is_some() {
        let history = actor.history()?;
        if !history.starts_at(&anchor) {
            return Err(CliError::denied(
                "the policy in this clone does not start there",
                [Rule::PinnedRoot
                    .finding(Subject::of_ref(&layout::policy()))
                    .found(history.repository())
                    .expected(&anchor)
                    .remedy("ask where the fingerprint came from, or clone again")],
            ));
        }
    }
    actor.settings.set_anchor(&anchor)?;
    Ok(Answer::new(
        "trust",
        json!({ "anchor": anchor.to_string() }),
        format!("trusted: {anchor}\n"),
    ))
}
