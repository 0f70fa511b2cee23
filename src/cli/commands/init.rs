//! `git awo init`

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::cli::commands::hooks::{lines, lost, program, unlines};
use crate::cli::{Answer, Context};
use crate::ops::habits::Habits;
use crate::ops::init::{self, CloneRequest, ServerRequest};
use crate::ops::policy::Files;
use crate::ops::{Error, Session, trust};
use crate::signing::PublicKey;

/// Found the policy of a repository, join one, or set up a server
///
/// In a clone without a policy: writes and signs the first one, with you as root and operator
/// unless --policy says otherwise. The policy permits what the branch and its newest 2,000 commits use:
/// executables, symlinks, submodules, merges and the like, each with its risk as a comment. A branch
/// without a commit then takes your direct commits. In a clone that has one: sets up refspecs and hooks
/// only. With --server in a bare repository: makes the server's key, sets the anchor that the first policy
/// must match, and installs the server's hooks.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Your name in the policy [default: user.email]
    #[arg(long, value_name = "NAME", conflicts_with = "server")]
    identity: Option<String>,
    /// The first policy
    #[arg(
        long,
        value_name = "FILE",
        requires = "allowed_signers",
        conflicts_with = "server"
    )]
    policy: Option<PathBuf>,
    /// Its allowed_signers
    #[arg(long, value_name = "FILE", requires = "policy")]
    allowed_signers: Option<PathBuf>,
    /// The server's public key, or a file with it [default: that of a remote on this machine]
    #[arg(long, value_name = "KEY|FILE", conflicts_with_all = ["server", "policy"])]
    server_key: Option<String>,
    /// Let git log show approvals and attestations: sets notes.displayRef
    #[arg(long, conflicts_with = "server")]
    show_notes: bool,
    /// Set up a server: a bare repository
    #[arg(long, requires = "anchor")]
    server: bool,
    /// A fingerprint of a key that signs the first policy, or the first policy commit
    #[arg(long, value_name = "FINGERPRINT", requires = "server")]
    anchor: Option<String>,
    /// Install the hooks below custom_hooks/, where GitLab looks for those of a repository
    #[arg(long, requires = "server")]
    gitlab: bool,
}

pub fn run(context: &Context, args: &InitArgs) -> Result<Answer, Error> {
    let session = context.session()?;
    match args.server {
        true => server(&session, args),
        false => clone(context, &session, args),
    }
}

fn server(session: &Session, args: &InitArgs) -> Result<Answer, Error> {
    let anchor = trust::anchor(args.anchor.as_deref().unwrap_or_default())?;
    let request = ServerRequest {
        anchor: anchor.clone(),
        gitlab: args.gitlab,
        program: &program()?,
    };
    let done = init::server(session, &request)?;
    let (key, hooks) = (done.key, lines(&done.changes));
    let next = match done.is_moved {
        true => "next: git awo verify, then git awo doctor",
        false => "next: push refs/awo/policy, alone, as its first push",
    };
    let text = format!(
        "anchor: {anchor}\n{}{}for allowed_signers: server {key}\n\
         {next}\n",
        unlines(&hooks),
        lost(&done.hooks)
    );
    let value = json!({ "anchor": anchor.to_string(), "server_key": key, "hooks": hooks });
    Ok(Answer::new("init", value, text))
}

fn clone(context: &Context, session: &Session, args: &InitArgs) -> Result<Answer, Error> {
    let first = match (&args.policy, &args.allowed_signers) {
        (Some(policy), Some(signers)) => Some(Files {
            policy: context.read(policy)?,
            allowed_signers: Some(context.read(signers)?),
        }),
        _ => None,
    };
    let request = CloneRequest {
        identity: args.identity.clone(),
        first,
        server_key: args
            .server_key
            .as_deref()
            .map(|it| key(context, it))
            .transpose()?,
        show_notes: args.show_notes,
        program: &program()?,
    };
    let done = init::clone(session, request)?;
    let (repository, key, hooks) = (done.repository, done.signed_by, lines(&done.changes));
    let mut text = match &done.founded {
        Some(founded) => {
            let mut text = format!(
                "founded: first policy {repository}\nanchor for others: {repository} or {key}\n"
            );
            if let Some(branch) = &founded.begins {
                text.push_str(&format!(
                    "{branch} has no commit yet: it takes your direct commits, besides those of runs\n"
                ));
            }
            text.push_str(&permitted(&founded.habits));
            text.push_str(&match &founded.server_key {
                Some(key) => format!("the receive log is kept with the server's key {key}\n"),
                None => "the policy names no server key: the server will keep no receive log; \
                     git awo init --server prints its key, --server-key adds it\n"
                    .to_owned(),
            });
            text
        }
        None => format!("joined: first policy {repository}\n"),
    };
    text.push_str(&unlines(&hooks));
    for remote in &done.remotes {
        text.push_str(&format!("git fetch {remote} brings the records too\n"));
    }
    if args.show_notes {
        text.push_str("git log shows approvals and attestations\n");
    }
    text.push_str("next: git awo push, then git awo task import FILE\n");
    let value = json!({
        "repository": repository, "founded": done.founded.is_some(), "signed_by": key, "hooks": hooks,
        "remotes": done.remotes,
        "permits": done.founded.as_ref().map(|it| it.habits.keys()),
        "server_key": done.founded.and_then(|it| it.server_key),
    });
    Ok(Answer::new("init", value, text))
}

/// Says what the first policy permits, since it is used.
fn permitted(habits: &Habits) -> String {
    let mut text = String::new();
    let keys = habits.keys();
    if !keys.is_empty() {
        text.push_str(&format!(
            "permitted, since it is used here: {}\nlook at it: git show refs/awo/policy:policy.toml\n",
            keys.join(", ")
        ));
    }
    let authors = habits.authors.len();
    if authors > 1 {
        text.push_str(&format!(
            "{authors} people wrote the newest commits: each who pushes needs an [[identity]] and a key\n"
        ));
    }
    if habits.lfs {
        text.push_str("large files go to git-lfs: docs/lfs.md says how the two work together\n");
    }
    if let Some(why) = &habits.unread {
        text.push_str(&format!(
            "not all of the branch could be looked at: {why}\n"
        ));
    }
    text
}

/// Reads a public key: the words of one, as `git awo init --server` prints them, or a file.
fn key(context: &Context, given: &str) -> Result<PublicKey, Error> {
    let line = match given.contains(' ') {
        true => given.to_owned(),
        false => String::from_utf8_lossy(&context.read(Path::new(given))?).into_owned(),
    };
    let words = line.trim().trim_start_matches("server ");
    PublicKey::from_line(words).map_err(|error| {
        Error::usage(format!("this is no public key: {error}"))
            .hint("git awo init --server-key server.git/awo/server_key.pub")
    })
}
