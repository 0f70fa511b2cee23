//! `git awo verify`

use std::path::PathBuf;

use clap::Args;

use crate::cli::{Answer, Context};
use crate::ops::verify::{CiRequest, Request, verify, verify_ci};
use crate::ops::{Error, trust};

/// Verify everything again, from objects, offline
///
/// Without an argument or with --all: every branch and every record. Exits 0 if all holds, 1 with
/// findings, 3 if it cannot be decided, as without a trust anchor. Where policies were fetched from
/// remotes, the branches of others, such as a contributor's fork, are judged only if they are named.
///
/// Commits named by a branch are judged by its rules, by a tracking ref by those of the branch that
/// it tracks; an id, a tag or a detached HEAD by those of a governed branch of this clone that
/// contains the commit. The answer names the branch. What no rules are known for is undecided. A tag
/// that the policy names is judged itself as well.
///
/// What the receive log tells of is verified once. The next time, only what has come since is read,
/// while anchor, policy and program are the same and the files of the objects have not changed. The
/// numbers are those of everything.
///
/// In a checkout of CI, --ci first fetches what is missing, as git awo fetch --whole does: the cut-off
/// history, the branches, the tags, the policy and the records. With --ref it also judges HEAD as proposed for
/// that branch, unless the branch contains it.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// A commit, a tag, a range A..B, or a run
    what: Option<String>,
    /// Verify everything
    #[arg(long, conflicts_with = "what")]
    all: bool,
    /// The branch by whose rules commits are judged [default: see above]
    #[arg(long = "ref", value_name = "REF")]
    reference: Option<String>,
    /// Leave undecided what rests on an expired policy, or on news of the server older than so many
    /// days: of its newest receipt, or of the last git awo fetch
    #[arg(long, value_name = "DAYS")]
    fresh: Option<u32>,
    /// Verify also what this clone has verified before, and remember nothing
    #[arg(long)]
    no_cache: bool,
    /// Fetch first whatever a checkout of CI lacks, from the remote origin
    #[arg(long, conflicts_with_all = ["what", "receipts", "no_cache"])]
    ci: bool,
    /// With --ci: the first policy commit, or the fingerprint of a key that signed it, as git awo trust
    /// takes it. It must not come from the checkout, whose author could have changed it
    #[arg(long, value_name = "FINGERPRINT", requires = "ci")]
    anchor: Option<String>,
    /// A saved receipt of a push, which the receive log must contain (repeatable)
    #[arg(long = "receipt", value_name = "FILE")]
    receipts: Vec<PathBuf>,
}

pub fn run(context: &Context, args: &VerifyArgs) -> Result<Answer, Error> {
    let session = context.session()?;
    if args.ci {
        let request = CiRequest {
            anchor: args.anchor.as_deref().map(trust::anchor).transpose()?,
            reference: args.reference.clone(),
            fresh: args.fresh,
        };
        return Ok(Answer::of(&verify_ci(&session, &request)?));
    }
    let mut receipts = Vec::new();
    for file in &args.receipts {
        receipts.push((file.display().to_string(), context.read(file)?));
    }
    let request = Request {
        what: args.what.clone(),
        reference: args.reference.clone(),
        receipts,
        fresh: args.fresh,
        cache: !args.no_cache,
    };
    Ok(Answer::of(&verify(&session, &request)?))
}
