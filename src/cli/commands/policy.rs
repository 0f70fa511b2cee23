//! `git awo policy`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::policy::{self, Files, Proposed};
use crate::ops::{Error, Session};
use crate::record::DigestPrefix;

/// Show, check and change the policy
#[derive(Debug, Args)]
pub struct PolicyArgs {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Show the policy in force
    Show,
    /// Check a policy file; all complaints at once
    Check {
        /// The policy
        file: PathBuf,
        /// Its allowed_signers [default: those in force]
        #[arg(long, value_name = "FILE")]
        allowed_signers: Option<PathBuf>,
    },
    /// Propose a new version and sign it
    Propose {
        /// The policy; its version must be the next one
        file: PathBuf,
        /// Its allowed_signers [default: those in force]
        #[arg(long, value_name = "FILE")]
        allowed_signers: Option<PathBuf>,
    },
    /// Sign the proposal (of this digest, or the only one)
    Sign {
        /// The proposal's digest, or at least 4 digits of its beginning
        digest: Option<String>,
    },
    /// Put the proposal into force, if enough roots have signed
    Apply {
        /// The proposal's digest, or at least 4 digits of its beginning
        digest: Option<String>,
    },
    /// List the versions and who signed them
    Log,
}

pub fn run(context: &Context, args: &PolicyArgs) -> Result<Answer, Error> {
    match &args.command {
        PolicyCommand::Show => show(&context.session()?),
        PolicyCommand::Check {
            file,
            allowed_signers,
        } => {
            let files = files(context, file, allowed_signers.as_deref())?;
            Ok(Answer::of(&policy::check(|| context.session(), &files)?))
        }
        PolicyCommand::Propose {
            file,
            allowed_signers,
        } => {
            let session = context.session()?;
            let files = files(context, file, allowed_signers.as_deref())?;
            Ok(proposal(&policy::propose(&session, &files)?, "proposed"))
        }
        PolicyCommand::Sign { digest } => {
            let signed = policy::sign(&context.session()?, prefix(digest.as_deref())?)?;
            Ok(proposal(&signed, "signed"))
        }
        PolicyCommand::Apply { digest } => apply(&context.session()?, digest.as_deref()),
        PolicyCommand::Log => log(&context.session()?),
    }
}

fn files(context: &Context, file: &Path, signers: Option<&Path>) -> Result<Files, Error> {
    Ok(Files {
        policy: context.read(file)?,
        allowed_signers: signers.map(|file| context.read(file)).transpose()?,
    })
}

fn show(session: &Session) -> Result<Answer, Error> {
    let history = session.history()?;
    let (current, repository) = (history.current(), history.repository());
    let text = policy::text(session)?;
    let mut out = format!(
        "# policy {} of {repository}\n{}",
        current.commit.short(),
        String::from_utf8_lossy(&text)
    );
    let mut keys = Vec::new();
    for (person, key) in current.policy.keyring().entries() {
        out.push_str(&format!("# key of {person}: {key}\n"));
        keys.push(json!({ "identity": person, "key": key }));
    }
    let value = json!({
        "commit": current.commit, "repository": repository, "policy": current.policy.document(),
        "keys": keys,
    });
    Ok(Answer::new("policy", value, out))
}

fn proposal(it: &Proposed, what: &str) -> Answer {
    let (digest, version) = (it.digest, it.version);
    let (signed, needed) = (it.signed_by, it.threshold);
    let next = match signed >= needed {
        true => "git awo policy apply",
        false => "git awo push; another root: git awo policy sign",
    };
    let text = format!(
        "{what}: policy {version} as {digest}, signed by {signed} of {needed} persons\n\
         next: {next}\n"
    );
    let value = json!({
        "digest": digest, "version": version, "signed_by": signed, "threshold": needed,
    });
    Answer::new("policy-proposal", value, text)
}

fn prefix(text: Option<&str>) -> Result<Option<DigestPrefix>, Error> {
    Ok(text.map(str::parse).transpose()?)
}

fn apply(session: &Session, digest: Option<&str>) -> Result<Answer, Error> {
    let done = policy::apply(session, prefix(digest)?)?;
    let (commit, version) = (done.commit, done.version);
    let text = format!(
        "policy {version} is in force here: {}\nnext: git awo push\n",
        commit.short()
    );
    let value = json!({ "commit": commit, "version": version });
    Ok(Answer::new("policy-applied", value, text))
}

fn log(session: &Session) -> Result<Answer, Error> {
    let mut text = String::new();
    let mut rows = Vec::new();
    for it in session.history()?.versions().rev() {
        let version = it.policy.version();
        let signers = it.signers.iter();
        let names: Vec<_> = signers.map(|signer| signer.person.to_string()).collect();
        text.push_str(&format!(
            "{}  version {version}  signed by {}\n",
            it.commit.short(),
            names.join(", ")
        ));
        rows.push(json!({ "commit": it.commit, "version": version, "signed_by": names }));
    }
    Ok(Answer::new("policy-log", json!({ "versions": rows }), text))
}
