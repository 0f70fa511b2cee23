//! `git awo init`

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::actor::{Actor, publish_atomically};
use crate::check::{Anchor, PolicyHistory};
use crate::cli::commands::complaints::complaints_of;
use crate::cli::commands::hooks::{gitlab, lost, program};
use crate::cli::commands::policy::write_version;
use crate::cli::commands::push::remote_has;
use crate::cli::{Answer, CliError, Context};
use crate::git;
use crate::hook::install::{self, Side};
use crate::policy::Policy;
use crate::policy::document::{
    DirectGrant, Document, Gates, Identity, Limits, RefGrant, Roots, SCHEMA, TreeRules,
};
use crate::record::predicate::PolicyPredicate;
use crate::record::statement::{Kind, Statement};
use crate::record::{IdentityName, Rule, Sha256, Subject};
use crate::signing::{generate_ed25519, open_signer};
use crate::store::layout;

/// Found the policy of a repository, join one, or set up a server
///
/// In a clone without a policy: writes and signs the first one, with you as root and operator
/// unless --policy says otherwise. In a clone that has one: sets up refspecs and hooks only. With
/// --server in a bare repository: makes the server's key, sets the anchor that the first policy
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

/// Runs the command.
pub fn run(context: &Context, args: &InitArgs) -> Result<Answer, CliError> {
    let actor = context.actor()?;
    if args.server {
        server(&actor, args)
    } else {
        clone(context, &actor, args)
    }
}

fn server(actor: &Actor, args: &InitArgs) -> Result<Answer, CliError> {
    if !actor.repo.is_bare() {
        return Err(CliError::usage("a server is a bare repository").hint("git init --bare DIR"));
    }
    let text = args.anchor.as_deref().unwrap_or_default();
    let anchor = Anchor::parse(text).ok_or_else(|| {
        CliError::usage(format!(
            "{text:?} is neither an object id nor a SHA256:… fingerprint"
        ))
    })?;
    if let Some(set) = actor.anchor()?
        && set != anchor
    {
        return Err(CliError::denied(
            "this server has another anchor",
            [Rule::PinnedRoot
                .finding(Subject::none())
                .found(&anchor)
                .expected(set)
                .remedy("an anchor is for the life of a repository: make a new one")],
        ));
    }
    let key = actor.settings.server_key();
    let public = public_of(&key);
    if !key.exists() {
        let directory = actor.settings.directory();
        std::fs::create_dir_all(directory).map_err(|error| {
            let message = format!("cannot make {}", directory.display());
            CliError::unusable(Rule::OwnFileUsable, message, &error)
        })?;
        let mut seed = [0u8; 32];
        getrandom::fill(&mut seed).map_err(|_| crate::store::Error::Random)?;
        generate_ed25519(&key, "git-awo server", seed)
            .map_err(|error| CliError::from(crate::actor::Error::Sign(error)))?;
    } else if !public.exists() {
        // Whoever made the key came no further.
        let signer = open_signer(&key.to_string_lossy())
            .map_err(|error| CliError::from(crate::actor::Error::Sign(error)))?;
        let line = format!("{}\n", signer.public_key().to_line());
        publish_atomically(&public, |file| file.write_all(line.as_bytes()))?.map_err(|error| {
            let message = format!("cannot write {}", public.display());
            CliError::unusable(Rule::OwnFileUsable, message, &error)
        })?;
    }
    actor.settings.set_anchor(&anchor)?;
    let hooks = match args.gitlab {
        true => gitlab(&actor.repo)?,
        false => install::hooks_dir(&actor.repo),
    };
    let changes = install::install(&hooks, Side::Server, &program()?)?;
    let line = std::fs::read_to_string(&public).map_err(|error| {
        let message = format!("cannot read {}", public.display());
        CliError::unusable(Rule::OwnFileUsable, message, &error)
    })?;
    let line = line.trim().to_owned();
    let mut text = format!("anchor: {anchor}\n");
    for change in &changes {
        text.push_str(&format!("{}: {}\n", change.name, change.what));
    }
    text.extend(lost(&hooks));
    text.push_str(&format!(
        "for allowed_signers: server {line}\nnext: push refs/awo/policy, alone, as its first push\n"
    ));
    let names: Vec<_> = changes
        .iter()
        .map(|change| format!("{}: {}", change.name, change.what))
        .collect();
    Ok(Answer::new(
        "init",
        json!({ "anchor": anchor.to_string(), "server_key": line, "hooks": names }),
        text,
    ))
}

fn public_of(key: &Path) -> PathBuf {
    let mut name = key.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

fn clone(context: &Context, actor: &Actor, args: &InitArgs) -> Result<Answer, CliError> {
    let founded = actor.repo.reference(&layout::policy())?.is_none();
    let history: PolicyHistory = if founded {
        must_be_first(actor)?;
        found(context, actor, args)?;
        trust_own(actor)?
    } else {
        if args.policy.is_some() {
            return Err(
                CliError::usage("this clone has a policy").hint("git awo policy propose FILE")
            );
        }
        trust_own(actor)?
    };
    let remotes = refspecs(actor)?;
    let hooks = install::hooks_dir(&actor.repo);
    let changes = install::install(&hooks, Side::Client, &program()?)?;
    let repository = history.repository();
    let key = history
        .version(0)
        .signers
        .first()
        .map(|signer| signer.key.clone())
        .unwrap_or_default();
    let mut text = if founded {
        format!("founded: first policy {repository}\nanchor for others: {repository} or {key}\n")
    } else {
        format!("joined: first policy {repository}\n")
    };
    for change in &changes {
        text.push_str(&format!("{}: {}\n", change.name, change.what));
    }
    for remote in &remotes {
        text.push_str(&format!("git fetch {remote} brings the records too\n"));
    }
    text.push_str("next: git awo push, then git awo task import FILE\n");
    let names: Vec<_> = changes
        .iter()
        .map(|change| format!("{}: {}", change.name, change.what))
        .collect();
    let value = json!({ "repository": repository, "founded": founded, "signed_by": key, "hooks": names, "remotes": remotes });
    Ok(Answer::new("init", value, text))
}

fn own_key(actor: &Actor) -> Result<Anchor, CliError> {
    Ok(Anchor::Key(
        actor.signer()?.public_key().fingerprint().to_owned(),
    ))
}

/// Trusts the first policy commit where the key of whoever founded it is trusted, and is one's own.
fn trust_own(actor: &Actor) -> Result<PolicyHistory, CliError> {
    let history = actor.history()?;
    if let Some(anchor @ Anchor::Key(_)) = actor.anchor()?
        && own_key(actor).is_ok_and(|own| own == anchor)
        && history.starts_at(&anchor)
    {
        let first = Anchor::Commit(history.repository());
        actor.settings.set_anchor(&first)?;
    }
    Ok(history)
}

/// Refuses to found a second policy beside the one that a remote has already.
fn must_be_first(actor: &Actor) -> Result<(), CliError> {
    let output = git::run_at_home(&actor.repo, &["remote"])?;
    for remote in String::from_utf8_lossy(&output.stdout).lines() {
        let has = remote_has(actor, remote, &layout::policy()).map_err(|error| {
            error
                .hint(format!(
                    "cannot ask {remote} whether it has a policy already"
                ))
                .hint(format!("git ls-remote {remote} refs/awo/policy"))
        })?;
        if has {
            return Err(CliError::denied(
                format!("{remote} has a policy: this clone only has to join it"),
                [Rule::FirstPolicy
                    .finding(Subject::of_ref(&layout::policy()))
                    .found("a second first policy")
                    .expected("the one there is")
                    .remedy(format!("git awo fetch {remote}, then git awo init"))],
            ));
        }
    }
    Ok(())
}

/// Writes and signs the first policy.
fn found(context: &Context, actor: &Actor, args: &InitArgs) -> Result<(), CliError> {
    let signer = actor.signer()?;
    let (policy, signers) = match (&args.policy, &args.allowed_signers) {
        (Some(policy), Some(signers)) => (read(context, policy)?, read(context, signers)?),
        _ => {
            let name = args
                .identity
                .clone()
                .or_else(|| actor.repo.config("user.email"))
                .unwrap_or_default();
            let name = IdentityName::new(name).map_err(|error| {
                CliError::usage(error.to_string()).hint("git awo init --identity NAME")
            })?;
            (
                default_policy(actor, &name)?,
                format!("{name} {}\n", signer.public_key().to_line()).into_bytes(),
            )
        }
    };
    let checked = Policy::parse(&policy, &signers)
        .map_err(|bad| CliError::denied("the policy does not hold", complaints_of(bad)))?;
    for grant in &checked.document().refs {
        let there = |text: &String| text.parse().is_ok_and(|id| actor.repo.tree_of(id).is_ok());
        if let Some(text) = grant.adopted.as_ref().filter(|text| !there(text)) {
            return Err(CliError::usage(format!(
                "{}: there is no commit {text} to adopt",
                grant.pattern
            ))
            .hint("git rev-parse HEAD, and name that as adopted"));
        }
    }
    if checked.root_threshold() > 1 {
        return Err(
            CliError::usage("the first policy has one signature: its threshold must be 1").hint(
                "found it with threshold 1, then git awo policy propose FILE with the higher one",
            ),
        );
    }
    let predicate = PolicyPredicate {
        allowed_signers: Sha256::of(&signers),
        policy: Sha256::of(&policy),
        predecessor: None,
        repository: None,
        version: 1,
    };
    let payload = Statement::new(predicate).to_payload();
    let signature = actor.sign_payload(Kind::Policy, &payload)?;
    // First, or the policy would stand here trusted by nobody if this ended between the two.
    actor.settings.set_anchor(&own_key(actor)?)?;
    write_version(actor, None, &policy, &signers, payload, vec![signature])?;
    Ok(())
}

fn read(context: &Context, file: &Path) -> Result<Vec<u8>, CliError> {
    std::fs::read(context.directory().join(file))
        .map_err(|error| CliError::usage(format!("cannot read {}: {error}", file.display())))
}

/// Returns the policy of somebody who starts alone: main is governed, wip/ is free for all named.
#[allow(clippy::expect_used, reason = "the name is written here")]
fn default_policy(actor: &Actor, name: &IdentityName) -> Result<Vec<u8>, CliError> {
    let main = crate::record::RefName::new("refs/heads/main").expect("a ref name");
    let adopted = actor.repo.reference(&main)?.map(|id| id.to_string());
    let document = Document {
        schema: SCHEMA.to_owned(),
        version: 1,
        requires: Vec::new(),
        level: "FULL_HUMAN".to_owned(),
        expires: None,
        roots: Roots {
            threshold: 1,
            identities: vec![name.to_string()],
        },
        gates: Gates::default(),
        tree: TreeRules {
            protected: vec![".github/workflows/".to_owned(), ".gitlab-ci.yml".to_owned()],
            ..TreeRules::default()
        },
        identities: vec![Identity {
            name: name.to_string(),
            principals: Vec::new(),
            roles: vec!["operator".to_owned()],
        }],
        refs: vec![
            RefGrant {
                pattern: main.to_string(),
                accept: vec!["governed".to_owned(), "rollback".to_owned()],
                merges: false,
                rewind: false,
                adopted,
                direct: Vec::new(),
            },
            RefGrant {
                pattern: "refs/heads/wip/**".to_owned(),
                accept: vec!["direct".to_owned()],
                merges: true,
                rewind: true,
                adopted: None,
                direct: vec![DirectGrant {
                    writers: vec!["*".to_owned()],
                    paths: vec!["**".to_owned()],
                }],
            },
        ],
        rules: Vec::new(),
        limits: Limits::default(),
    };
    let text = toml::to_string(&document).map_err(|error| {
        CliError::unusable(Rule::PolicyWritten, "cannot write the policy", &error)
    })?;
    Ok(text.into_bytes())
}

/// Makes `git fetch` bring the records into tracking refs, for every remote.
fn refspecs(actor: &Actor) -> Result<Vec<String>, CliError> {
    let output = git::run_at_home(&actor.repo, &["remote"])?;
    let mut remotes = Vec::new();
    for remote in String::from_utf8_lossy(&output.stdout).lines() {
        let key = format!("remote.{remote}.fetch");
        let known = git::run_at_home(&actor.repo, &["config", "--get-all", &key])
            .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
            .unwrap_or_default();
        for refspec in [
            format!("+refs/awo/*:refs/awo-remotes/{remote}/awo/*"),
            format!("+refs/notes/awo/*:refs/awo-remotes/{remote}/notes/awo/*"),
        ] {
            if !known.lines().any(|line| line == refspec) {
                git::run_at_home(&actor.repo, &["config", "--add", &key, &refspec])?;
            }
        }
        remotes.push(remote.to_owned());
    }
    Ok(remotes)
}
