//! `git awo revoke`

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::{Error, revoke};
use crate::record::Reason;

/// Withdraw an own approval, decision or consent before it is used, or an admission
///
/// An approval of a task is used when a run spends it, one of a run when an attestation or the
/// finalization counts it, a decision when what it opens is done, and a consent when its bytes are sent. An operator withdraws
/// anybody's admission. What was withdrawn counts for nothing that comes later.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// The digest of the approval or of the admission, or at least 4 digits of its beginning; git awo show TASK
    /// or RUN lists them. Or the name of a decision, or of an escalation to withdraw the consent
    record: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

pub fn run(context: &Context, args: &RevokeArgs) -> Result<Answer, Error> {
    let request = revoke::Request {
        record: args.record.clone(),
        reason: Reason::new(args.reason.as_str())?,
    };
    let done = revoke::revoke(&context.session()?, request)?;
    let (what, withdrawn) = (done.what, done.withdrawn);
    let text = format!("withdrew the {what} {withdrawn}\nnext: git awo push\n");
    let value = json!({ what: withdrawn, "record": done.record });
    Ok(Answer::new("revocation", value, text))
}
