//! `git awo policy`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::actor::Actor;
use crate::check::PolicyHistory;
use crate::cli::commands::complaints::{complaint, complaints_of, without_files};
use crate::cli::context::answer_of;
use crate::cli::{Answer, CliError, Context};
use crate::facts::policies::PolicyFiles;
use crate::git::{CommitDraft, Expected, RefUpdate};
use crate::policy::{Keyring, Policy};
use crate::record::Report;
use crate::record::envelope::{Envelope, EnvelopeSignature};
use crate::record::predicate::PolicyPredicate;
use crate::record::statement::{Kind, Statement};
use crate::record::tree::Mode;
use crate::record::{ObjectId, RepoPath, Rule, Sha256, Subject};
use crate::store;
use crate::store::batch::Batch;
use crate::store::layout::{self, LedgerPath};
use crate::store::ledger::{self, Records};

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
        /// The proposal's digest
        digest: Option<String>,
    },
    /// Put the proposal into force, if enough roots have signed
    Apply {
        /// The proposal's digest
        digest: Option<String>,
    },
    /// List the versions and who signed them
    Log,
}

/// Runs the command.
pub fn run(context: &Context, args: &PolicyArgs) -> Result<Answer, CliError> {
    match &args.command {
        PolicyCommand::Show => show(context),
        PolicyCommand::Check {
            file,
            allowed_signers,
        } => check(context, file, allowed_signers.as_deref()),
        PolicyCommand::Propose {
            file,
            allowed_signers,
        } => propose(context, file, allowed_signers.as_deref()),
        PolicyCommand::Sign { digest } => sign(context, digest.as_deref()),
        PolicyCommand::Apply { digest } => apply(context, digest.as_deref()),
        PolicyCommand::Log => log(context),
    }
}

fn show(context: &Context) -> Result<Answer, CliError> {
    let actor = context.actor()?;
    let history = actor.history()?;
    let files = PolicyFiles::read(&actor.repo, history.current().commit)?;
    let text = String::from_utf8_lossy(&files.policy).into_owned();
    let keys: Vec<_> = history.current().policy.keyring().entries();
    let people: Vec<_> = keys
        .iter()
        .map(|(person, key)| json!({ "identity": person, "key": key }))
        .collect();
    let value = json!({
        "commit": history.current().commit,
        "repository": history.repository(),
        "policy": history.current().policy.document(),
        "keys": people,
    });
    let mut out = format!(
        "# policy {} of {}\n{text}",
        history.current().commit.short(),
        history.repository()
    );
    for (person, key) in keys {
        out.push_str(&format!("# key of {person}: {key}\n"));
    }
    Ok(Answer::new(
        "policy",
        value,
        crate::record::path::escape(out.as_bytes()),
    ))
}

fn read(context: &Context, file: &Path) -> Result<Vec<u8>, CliError> {
    std::fs::read(context.directory().join(file))
        .map_err(|error| CliError::usage(format!("cannot read {}: {error}", file.display())))
}

/// Returns allowed_signers from a file, or those in force.
fn signers(context: &Context, file: Option<&Path>) -> Result<Vec<u8>, CliError> {
    if let Some(file) = file {
        return read(context, file);
    }
    let actor = context.actor()?;
    let history = actor.history()?;
    Ok(PolicyFiles::read(&actor.repo, history.current().commit)?.allowed_signers)
}

fn check(
    context: &Context,
    file: &Path,
    allowed_signers: Option<&Path>,
) -> Result<Answer, CliError> {
    let mut report = Report::default();
    report.count("policies", 1);
    if let Err(bad) = Policy::parse(&read(context, file)?, &signers(context, allowed_signers)?) {
        report.absorb(complaints_of(bad));
    }
    Ok(answer_of(&report))
}

fn propose(
    context: &Context,
    file: &Path,
    allowed_signers: Option<&Path>,
) -> Result<Answer, CliError> {
    let actor = context.actor()?;
    let history = actor.history()?;
    let (policy, signers) = (read(context, file)?, signers(context, allowed_signers)?);
    let checked = Policy::parse(&policy, &signers)
        .map_err(|bad| CliError::denied("the policy does not hold", complaints_of(bad)))?;
    let next = history.current().policy.version().saturating_add(1);
    if checked.version() != next {
        let found = format!("version {}, not {next}", checked.version());
        return Err(CliError::denied(
            "the policy does not follow the one in force",
            [complaint(found)],
        ));
    }
    let predicate = PolicyPredicate {
        allowed_signers: Sha256::of(&signers),
        policy: Sha256::of(&policy),
        predecessor: Some(history.current().commit),
        repository: Some(history.repository()),
        version: next,
    };
    let payload = Statement::new(predicate).to_payload();
    let digest = Sha256::of(&payload);
    let batch = Batch::new(format!("propose policy {next}"))
        .file(&LedgerPath::ProposedPolicy(digest), policy)
        .file(&LedgerPath::ProposedSigners(digest), signers);
    add_signature(&actor, batch, digest, payload)?;
    answer_for(context, digest, "proposed")
}

fn add_signature(
    actor: &Actor,
    batch: Batch,
    digest: Sha256,
    payload: Vec<u8>,
) -> Result<(), CliError> {
    let history = actor.history()?;
    let person = actor.person(&history)?;
    if !history.current().policy.roots().contains(&person) {
        return Err(CliError::denied(
            "only a root signs policies",
            [Rule::PolicyRoots
                .finding(Subject::none())
                .found(format!(
                    "{person} holds {}",
                    history.current().policy.roles_of(&person)
                ))
                .expected("a root")
                .remedy("ask a root: git awo policy sign")],
        ));
    }
    let signature = actor.sign_payload(Kind::Policy, &payload)?;
    let of = Sha256::of(signature.keyid.as_bytes());
    let envelope = Envelope::new(payload, vec![signature]);
    batch
        .record(&LedgerPath::ProposalSignature(digest, of), &envelope)
        .commit(&actor.repo, &actor.author())?;
    Ok(())
}

/// A proposal for which signatures are collected.
struct Proposal {
    digest: Sha256,
    payload: Vec<u8>,
    signatures: Vec<EnvelopeSignature>,
    statement: PolicyPredicate,
}

/// Returns the proposals that follow the policy in force.
fn proposals(actor: &Actor, history: &PolicyHistory) -> Result<Vec<Proposal>, CliError> {
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    let mut found: Vec<Proposal> = Vec::new();
    for (path, id) in records.list("proposals")? {
        let Some(LedgerPath::ProposalSignature(digest, _)) = LedgerPath::parse(&path) else {
            continue;
        };
        let envelope = ledger::parse(&path, &actor.repo.blob(id)?)?;
        let Ok(statement) = Statement::<PolicyPredicate>::parse(envelope.payload()) else {
            continue;
        };
        if statement.predicate.predecessor != Some(history.current().commit)
            || envelope.digest() != digest
        {
            continue;
        }
        let signatures = envelope.signatures().to_vec();
        match found.iter_mut().find(|proposal| proposal.digest == digest) {
            Some(proposal) => proposal.signatures.extend(signatures),
            None => found.push(Proposal {
                digest,
                payload: envelope.payload().to_vec(),
                signatures,
                statement: statement.predicate,
            }),
        }
    }
    Ok(found)
}

fn the_proposal(
    actor: &Actor,
    history: &PolicyHistory,
    digest: Option<&str>,
) -> Result<Proposal, CliError> {
    let mut found = proposals(actor, history)?;
    if let Some(text) = digest {
        found.retain(|proposal| proposal.digest.to_string().starts_with(text));
    }
    match (found.pop(), found.len()) {
        (Some(proposal), 0) => Ok(proposal),
        (None, _) => {
            Err(CliError::usage("there is no such proposal").hint("git awo policy propose FILE"))
        }
        (Some(last), _) => Err(CliError::usage(format!(
            "there are several proposals: {}",
            found
                .iter()
                .chain([&last])
                .map(|it| it.digest.to_string())
                .collect::<Vec<_>>()
                .join(" ")
        ))
        .hint("git awo policy sign DIGEST")),
    }
}

fn sign(context: &Context, digest: Option<&str>) -> Result<Answer, CliError> {
    let actor = context.actor()?;
    let history = actor.history()?;
    let proposal = the_proposal(&actor, &history, digest)?;
    let digest = proposal.digest;
    add_signature(
        &actor,
        Batch::new("sign a policy"),
        digest,
        proposal.payload,
    )?;
    answer_for(context, digest, "signed")
}

fn answer_for(context: &Context, digest: Sha256, what: &str) -> Result<Answer, CliError> {
    let actor = context.actor()?;
    let history = actor.history()?;
    let proposal = the_proposal(&actor, &history, Some(&digest.to_string()))?;
    let current = &history.current().policy;
    let envelope = Envelope::new(proposal.payload.clone(), proposal.signatures.clone());
    let (_, who) = Keyring::verify_policy(&envelope, current, actor.now())
        .map_err(|finding| CliError::denied("the proposal does not hold", [finding]))?;
    let persons: BTreeSet<_> = who.into_iter().map(|signer| signer.person).collect();
    let (signed, needed) = (persons.len(), current.root_threshold());
    let next = if signed >= needed {
        "git awo policy apply"
    } else {
        "git awo push; another root: git awo policy sign"
    };
    let text = format!(
        "{what}: policy {} as {digest}, signed by {signed} of {needed} persons\nnext: {next}\n",
        proposal.statement.version
    );
    let value = json!({ "digest": digest, "version": proposal.statement.version, "signed_by": signed, "threshold": needed });
    Ok(Answer::new("policy-proposal", value, text))
}

fn apply(context: &Context, digest: Option<&str>) -> Result<Answer, CliError> {
    let actor = context.actor()?;
    let history = actor.history()?;
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    let proposal = the_proposal(&actor, &history, digest)?;
    let missing = || without_files(proposal.digest);
    let policy = records
        .file(&LedgerPath::ProposedPolicy(proposal.digest))?
        .ok_or_else(missing)?;
    let signers = records
        .file(&LedgerPath::ProposedSigners(proposal.digest))?
        .ok_or_else(missing)?;
    let current = &history.current().policy;
    let envelope = Envelope::new(proposal.payload.clone(), proposal.signatures.clone());
    let (_, who) = Keyring::verify_policy(&envelope, current, actor.now())
        .map_err(|finding| CliError::denied("the proposal does not hold", [finding]))?;
    let mut persons: Vec<_> = who.into_iter().map(|signer| signer.person).collect();
    persons.sort();
    persons.dedup();
    if persons.len() < current.root_threshold() {
        let missing: Vec<_> = current
            .roots()
            .iter()
            .filter(|root| !persons.contains(root))
            .map(ToString::to_string)
            .collect();
        return Err(CliError::denied(
            "too few roots have signed",
            [Rule::PolicyThreshold
                .finding(Subject::of_record(proposal.digest))
                .found(format!("signed by {} persons", persons.len()))
                .expected(format!("{} of the roots", current.root_threshold()))
                .remedy(format!("git awo policy sign, by {}", missing.join(" or ")))],
        ));
    }
    let tip = history.current().commit;
    let commit = write_version(
        &actor,
        Some(tip),
        &policy,
        &signers,
        proposal.payload,
        proposal.signatures,
    )?;
    let text = format!(
        "policy {} is in force here: {}\nnext: git awo push\n",
        proposal.statement.version,
        commit.short()
    );
    Ok(Answer::new(
        "policy-applied",
        json!({ "commit": commit, "version": proposal.statement.version }),
        text,
    ))
}

/// Writes a policy commit, checks it as everybody will, and moves the ref.
pub fn write_version(
    actor: &Actor,
    parent: Option<ObjectId>,
    policy: &[u8],
    signers: &[u8],
    payload: Vec<u8>,
    signatures: Vec<EnvelopeSignature>,
) -> Result<ObjectId, CliError> {
    let envelope = Envelope::new(payload, signatures);
    let repo = &actor.repo;
    let files: [(&str, &[u8]); 3] = [
        ("policy.toml", policy),
        ("allowed_signers", signers),
        ("policy.dsse.json", &envelope.to_bytes()),
    ];
    let mut edits = Vec::new();
    for (name, bytes) in files {
        edits.push((
            RepoPath::from(name),
            Some((Mode::File, repo.write_blob(bytes)?)),
        ));
    }
    let author = actor.author();
    let commit = repo.write_commit(&CommitDraft {
        tree: repo.edit_tree(None, &edits)?,
        parents: parent.into_iter().collect(),
        author: author.clone(),
        committer: author,
        message: b"policy\n".to_vec(),
        signature: None,
    })?;
    PolicyHistory::load(repo, commit)?;
    let update = RefUpdate {
        name: layout::policy(),
        expected: parent.map_or(Expected::Absent, Expected::At),
        new: Some(commit),
    };
    repo.update_refs(&[update], "awo: policy")
        .map_err(store::Error::from)?;
    Ok(commit)
}

fn log(context: &Context) -> Result<Answer, CliError> {
    let actor = context.actor()?;
    let history = actor.history()?;
    let mut text = String::new();
    let mut rows = Vec::new();
    for version in history.versions().iter().rev() {
        let names: Vec<_> = version
            .signers
            .iter()
            .map(|signer| signer.person.to_string())
            .collect();
        text.push_str(&format!(
            "{}  version {}  signed by {}\n",
            version.commit.short(),
            version.policy.version(),
            names.join(", ")
        ));
        rows.push(json!({ "commit": version.commit, "version": version.policy.version(), "signed_by": names }));
    }
    Ok(Answer::new("policy-log", json!({ "versions": rows }), text))
}
