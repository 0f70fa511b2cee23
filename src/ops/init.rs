//! Founds the policy of a repository, joins one, or sets up a server.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use crate::actor::{self, Settings, publish_atomically};
use crate::check::Anchor;
use crate::git;
use crate::hook::install::{self, HookChange, Side};
use crate::hook::merge_driver;
use crate::policy::Policy;
use crate::policy::document::Limits;
use crate::record::envelope::Envelope;
use crate::record::{IdentityName, ObjectId, RefName, Role, Rule, Sha256};
use crate::records::{Kind, PolicyPredicate, Statement};
use crate::rules::policy as rules;
use crate::signing::{PublicKey, generate_ed25519, open_signer};
use crate::store::layout;
use crate::sys::{file, random};

use super::first_policy::{Founding, SERVER, first_policy};
use super::habits::Habits;
use super::policy::{Files, absent_adoptions, write_version};
use super::trust::trust;
use super::{Error, Session, hooks, remote};

/// The largest file with a public key, in bytes.
const MAX_KEY: u64 = 64 * 1024;

/// A server that is to be set up.
pub struct ServerRequest<'a> {
    /// What the first policy must match.
    pub anchor: Anchor,
    /// Install the hooks below `custom_hooks/`, where GitLab looks for those of a repository.
    pub gitlab: bool,
    /// The path of this program, which the hooks call.
    pub program: &'a Path,
}

/// A server that is set up.
pub struct Server {
    /// The public key of the receive log, as a line of `allowed_signers` without its principal.
    pub key: String,
    /// The directory of the hooks.
    pub hooks: PathBuf,
    /// What was done there.
    pub changes: Vec<HookChange>,
    /// Whether it has a policy already, from another server.
    pub is_moved: bool,
}

/// Sets up a server, in a bare repository: its key, its anchor, its hooks.
pub fn server(session: &Session, request: &ServerRequest<'_>) -> Result<Server, Error> {
    if !session.repo().is_bare() {
        return Err(Error::usage("a server is a bare repository").hint("git init --bare DIR"));
    }
    let (actor, anchor) = (session.actor(), &request.anchor);
    if let Some(set) = actor.anchor()?
        && set != *anchor
    {
        return Err(Error::denied(
            "this server has another anchor",
            rules::other_anchor(anchor, set),
        ));
    }
    let is_moved = session.repo().reference(&layout::policy())?.is_some();
    trust(session, anchor)?;
    let public = server_key(session)?;
    check_objects(session)?;
    let hooks = hooks::directory(session.repo(), request.gitlab)?;
    let changes = install::install(&hooks, Side::Server, request.program)?;
    let line = session.actor().settings.server_key_line();
    let line = line.map_err(|error| unusable("read", &public, &error))?;
    Ok(Server {
        key: line.trim().to_owned(),
        hooks,
        changes,
        is_moved,
    })
}

/// Faults that old programs left in real histories, and that keep nobody from cloning. git-awo
/// refuses them in new commits of governed branches.
const OLD_FAULTS: &[&str] = &[
    "badDate",
    "badDateOverflow",
    "badEmail",
    "badTimezone",
    "missingEmail",
    "missingNameBeforeEmail",
    "missingSpaceBeforeDate",
    "missingSpaceBeforeEmail",
    "nulInCommit",
    "zeroPaddedDate",
    "zeroPaddedFilemode",
];

/// Lets git check the objects of every push, on all refs, before a hook is asked. Adopted histories
/// must still pass.
fn check_objects(session: &Session) -> Result<(), Error> {
    let repo = session.repo();
    git::run_at_home(repo, &["config", "receive.fsckObjects", "true"])?;
    for fault in OLD_FAULTS {
        let key = format!("receive.fsck.{fault}");
        if repo.config(&key).is_none() {
            git::run_at_home(repo, &["config", &key, "ignore"])?;
        }
    }
    Ok(())
}

fn unusable(what: &str, path: &Path, error: &dyn std::error::Error) -> Error {
    let message = format!("cannot {what} {}", path.display());
    Error::unusable(Rule::OwnFileUsable, message, error)
}

/// Makes the key of the receive log, unless it is there, and returns the file of its public half.
fn server_key(session: &Session) -> Result<PathBuf, Error> {
    let settings = &session.actor().settings;
    let (key, public) = (settings.server_key(), settings.server_key_public());
    if !key.exists() {
        let directory = settings.directory();
        std::fs::create_dir_all(directory).map_err(|error| unusable("make", directory, &error))?;
        let seed = random::bytes().map_err(|_| crate::store::Error::Random)?;
        generate_ed25519(&key, "git-awo server", seed).map_err(actor::Error::Sign)?;
    } else if !public.exists() {
        // The process that made the key was killed before it wrote the public half.
        let signer = open_signer(&key.to_string_lossy()).map_err(actor::Error::Sign)?;
        let line = format!("{}\n", signer.public_key().to_line());
        publish_atomically(&public, |file| file.write_all(line.as_bytes()))?
            .map_err(|error| unusable("write", &public, &error))?;
    }
    Ok(public)
}

/// A clone that is to be set up.
pub struct CloneRequest<'a> {
    /// The name in the policy; `user.email` if not given.
    pub identity: Option<String>,
    /// The first policy and its keys; one's own, with oneself as root and operator, if not given.
    pub first: Option<Files>,
    /// The key of the server, which keeps the receive log; if not given, that of a remote on this
    /// machine.
    pub server_key: Option<PublicKey>,
    /// Let `git log` show approvals and attestations.
    pub show_notes: bool,
    /// The path of this program, which the hooks call.
    pub program: &'a Path,
}

/// A clone that is set up.
pub struct Cloned {
    /// What the first policy says, if it was made here.
    pub founded: Option<Founded>,
    /// The first policy commit.
    pub repository: ObjectId,
    /// The fingerprint of a key that signed it.
    pub signed_by: String,
    /// What was done to the hooks.
    pub changes: Vec<HookChange>,
    /// The remotes from which `git fetch` brings the records now.
    pub remotes: Vec<String>,
}

/// What the first policy says of the things that people ask about.
pub struct Founded {
    /// The branch that takes direct commits of the founder, since there was nothing to adopt.
    pub begins: Option<RefName>,
    /// The key that keeps the receive log.
    pub server_key: Option<String>,
    /// What the adopted branch holds, and the policy permits therefore.
    pub habits: Habits,
}

/// Sets up a clone: founds the policy or joins the one there is, then refspecs and hooks.
pub fn clone(session: &Session, request: CloneRequest<'_>) -> Result<Cloned, Error> {
    session.actor().forget()?;
    let mut founded = None;
    if session.repo().reference(&layout::policy())?.is_none() {
        must_be_first(session)?;
        founded = Some(found(session, &request)?);
    } else if request.first.is_some() || request.server_key.is_some() {
        return Err(Error::usage("this clone has a policy").hint("git awo policy propose FILE"));
    }
    trust_own(session)?;
    let remotes = refspecs(session)?;
    if request.show_notes {
        add_value(session, "notes.displayRef", "refs/notes/awo/*")?;
    }
    let hooks = install::hooks_dir(session.repo());
    let changes = install::install(&hooks, Side::Client, request.program)?;
    merge_driver::install(session.repo(), request.program, &hooks::pages(session))?;
    let history = session.history()?;
    let signer = history.founders().first();
    Ok(Cloned {
        founded,
        repository: history.repository(),
        signed_by: signer.map_or_else(String::new, |signer| signer.key.clone()),
        changes,
        remotes,
    })
}

fn own_key(session: &Session) -> Result<Anchor, Error> {
    let signer = session.actor().signer()?;
    Ok(Anchor::Key(signer.public_key().fingerprint().to_owned()))
}

/// Trusts the first policy commit where so far one's own key is trusted, and that key signed it.
fn trust_own(session: &Session) -> Result<(), Error> {
    let history = session.history()?;
    let settings = &session.actor().settings;
    if let Some(anchor @ Anchor::Key(_)) = settings.anchor()?
        && own_key(session).is_ok_and(|own| own == anchor)
        && history.starts_at(&anchor)
    {
        settings.set_anchor(&Anchor::Commit(history.repository()))?;
    }
    Ok(())
}

/// Refuses to found a second policy beside the one that a remote has already.
fn must_be_first(session: &Session) -> Result<(), Error> {
    for remote in remote::names(session)? {
        let has = remote::has(session, &remote, &layout::policy()).map_err(|error| {
            error
                .hint(format!(
                    "cannot ask {remote} whether it has a policy already"
                ))
                .hint(format!("git ls-remote {remote} refs/awo/policy"))
        })?;
        if has {
            return Err(Error::denied(
                format!("{remote} has a policy: this clone only has to join it"),
                rules::second(&remote),
            ));
        }
    }
    Ok(())
}

/// Writes and signs the first policy.
fn found(session: &Session, request: &CloneRequest<'_>) -> Result<Founded, Error> {
    let actor = session.actor();
    let signer = actor.signer()?;
    let mut habits = Habits::default();
    let (policy, signers, begins) = match &request.first {
        Some(files) => {
            let signers = files.allowed_signers.clone().unwrap_or_default();
            (files.policy.clone(), signers, None)
        }
        None => {
            let name = request.identity.clone();
            let name = name.or_else(|| actor.repo.config("user.email"));
            let name = IdentityName::new(name.unwrap_or_default())
                .map_err(|error| Error::from(error).hint("git awo init --identity NAME"))?;
            let mut signers = format!("{name} {}\n", signer.public_key().to_line());
            let server_key = match &request.server_key {
                Some(key) => Some(key.clone()),
                None => key_of_remote(session)?,
            };
            if let Some(key) = &server_key {
                signers.push_str(&format!("{SERVER} {}\n", key.to_line()));
            }
            let branch = branch_to_govern(session)?;
            let adopted = session.repo().reference(&branch)?;
            if let Some(tip) = adopted {
                let file_bytes = Limits::default().file_bytes;
                habits = Habits::of(session.repo(), tip, file_bytes)?;
            }
            let policy = first_policy(&Founding {
                name: &name,
                branch: &branch,
                adopted,
                server: server_key.is_some(),
                habits: &habits,
            })?;
            let begins = adopted.is_none().then_some(branch);
            (policy, signers.into_bytes(), begins)
        }
    };
    let checked = Policy::parse_new(&policy, &signers)
        .map_err(|bad| Error::denied("the policy does not hold", rules::bad(bad)))?;
    require_adopted(session, &checked)?;
    if checked.root_threshold() > 1 {
        let message = "the first policy has one signature: its threshold must be 1";
        let hint =
            "found it with threshold 1, then git awo policy propose FILE with the higher one";
        return Err(Error::usage(message).hint(hint));
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
    let envelope = Envelope::new(payload, vec![signature]);
    // The anchor goes first: a process killed between the two leaves no policy that nobody trusts.
    actor.settings.set_anchor(&own_key(session)?)?;
    write_version(session, None, &policy, &signers, &envelope)?;
    let mut keys = checked.keyring().entries().into_iter();
    let server = keys.find(|(person, _)| checked.holds(person, Role::Server));
    Ok(Founded {
        begins,
        server_key: server.map(|(_, key)| key),
        habits,
    })
}

/// Returns the branch that a default policy governs: `main`, or the one that is checked out where
/// there is no `main`.
fn branch_to_govern(session: &Session) -> Result<RefName, Error> {
    let main = RefName::new("refs/heads/main")?;
    match session.repo().reference(&main)? {
        Some(_) => Ok(main),
        None => Ok(session.repo().head()?.unwrap_or(main)),
    }
}

/// Returns the key of the server that a remote is, if it is a path on this machine.
fn key_of_remote(session: &Session) -> Result<Option<PublicKey>, Error> {
    let repo = session.repo();
    let home = repo.work_tree().unwrap_or(repo.git_dir());
    for remote in remote::names(session)? {
        let url = repo.config(&format!("remote.{remote}.url"));
        let url = url.unwrap_or_default();
        let path = home.join(url.strip_prefix("file://").unwrap_or(&url));
        let file = Settings::at(&path).server_key_public();
        // Whatever is wrong there, the founder can name the key.
        let line = file::read(&file, MAX_KEY).ok().flatten();
        let line = line.unwrap_or_default();
        if let Ok(key) = PublicKey::from_line(&String::from_utf8_lossy(&line)) {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

/// Refuses a policy that adopts a commit that is not here.
fn require_adopted(session: &Session, policy: &Policy) -> Result<(), Error> {
    match absent_adoptions(session.repo(), policy).first() {
        Some((what, id)) => {
            let message = format!("{what}: there is no {id} to adopt");
            let hint = "git rev-parse HEAD, and name that as adopted";
            Err(Error::usage(message).hint(hint))
        }
        None => Ok(()),
    }
}

/// Makes `git fetch` bring the records into tracking refs, for every remote. Returns the remotes.
fn refspecs(session: &Session) -> Result<Vec<String>, Error> {
    let remotes = remote::names(session)?;
    for remote in &remotes {
        let key = format!("remote.{remote}.fetch");
        for refspec in [
            format!("+refs/awo/*:refs/awo-remotes/{remote}/awo/*"),
            format!("+refs/notes/awo/*:refs/awo-remotes/{remote}/notes/awo/*"),
        ] {
            add_value(session, &key, &refspec)?;
        }
    }
    Ok(remotes)
}

/// Adds a value to a configuration key, unless it has it.
fn add_value(session: &Session, key: &str, value: &str) -> Result<(), Error> {
    let repo = session.repo();
    let known = git::run_at_home(repo, &["config", "--get-all", key]);
    let known = known.map_or_else(|_| Vec::new(), |output| output.stdout);
    if !String::from_utf8_lossy(&known)
        .lines()
        .any(|it| it == value)
    {
        git::run_at_home(repo, &["config", "--add", key, value])?;
    }
    Ok(())
}
