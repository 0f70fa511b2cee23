//! Clones a governed repository. It is verified before a file of it is checked out, and a clone that
//! does not verify is removed.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::check::Anchor;
use crate::git;
use crate::hook::install::HookChange;
use crate::record::{ObjectId, RefName, Refusal, Report, Rule};
use crate::rules::clone as rules;
use crate::store::layout;
use crate::sys::directory::Directory;
use crate::sys::{file, lock};

use super::init::{self, CloneRequest};
use super::trust::trust;
use super::verify::{self, verify};
use super::{Error, Session, fetch};

/// The remote of a new clone.
const ORIGIN: &str = "origin";
/// How the directories begin in which clones are made.
const PREFIX: &str = ".awo-clone-";
/// A file in such a directory. As long as the process lives that makes the clone, it is locked.
const HELD: &str = "held";
/// What stands in it.
const MARK: &str = "a clone of git-awo is made here\n";

/// What is to be cloned.
pub struct Request<'a> {
    /// From where, as git takes it.
    pub url: String,
    /// To where; by the name of the repository if not given.
    pub to: Option<PathBuf>,
    /// What is trusted; the first policy commit of the server if not given.
    pub anchor: Option<Anchor>,
    /// The branch to check out; the one that the server names if not given.
    pub branch: Option<String>,
    /// Whether git shows its progress on standard error.
    pub progress: bool,
    /// The directory in which relative paths begin.
    pub directory: &'a Path,
    /// The path of this program, which the hooks call.
    pub program: &'a Path,
    /// Opens a repository.
    pub open: &'a dyn Fn(&Path) -> Result<Session, Error>,
}

/// A clone that is verified and set up.
pub struct Cloned {
    /// Where it is.
    pub directory: PathBuf,
    /// What it trusts.
    pub anchor: Anchor,
    /// The first policy commit.
    pub repository: ObjectId,
    /// Whether nobody has said that this is the right one.
    pub first_use: bool,
    /// What was verified.
    pub report: Report,
    /// What was done to the hooks.
    pub changes: Vec<HookChange>,
}

/// Clones, trusts, fetches, sets up and verifies, then checks out. The directory appears only when
/// everything is verified.
pub fn clone(request: &Request<'_>) -> Result<Cloned, Error> {
    let (url, to) = (request.url.as_str(), destination(request)?);
    let parent = to.parent().unwrap_or(request.directory);
    let unusable = |error: std::io::Error| {
        let message = format!("cannot make {}", to.display());
        Error::unusable(Rule::FileUsable, message, &error)
    };
    std::fs::create_dir_all(parent).map_err(unusable)?;
    sweep(parent);
    // Removed with all that is in it, unless the clone is moved out of it.
    let place = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent);
    let place = place.map_err(unusable)?;
    let _held = hold(place.path()).map_err(unusable)?;
    let made = place.path().join("clone");
    copy(request, &made)?;
    let session = (request.open)(&made)?;
    if session.repo().head()?.is_none() {
        let branch = request.branch.as_deref().unwrap_or_default();
        return Err(Error::usage(format!("{branch:?} is no branch of {url}"))
            .hint(format!("git ls-remote --heads {url}")));
    }
    let (session, cloned) = set_up(&session, request, to.clone())?;
    let report = &cloned.report;
    if let Some(why) = Refusal::by(report.clone()) {
        let message = format!("{url} does not verify: nothing was checked out or kept");
        return Err(Error::denied(message, why));
    }
    let checked_out = match session.repo().head_id()? {
        Some(_) => check_out(request, &session).err(),
        None => None,
    };
    drop(session);
    std::fs::rename(&made, &to).map_err(unusable)?;
    match checked_out {
        None => Ok(cloned),
        Some(error) => Err(Error::from(error)
            .hint(format!("the clone {} is verified and set up", to.display()))
            .hint("there: git checkout --force")),
    }
}

/// Marks a directory as one in use by this process, until the file returned is closed.
fn hold(directory: &Path) -> std::io::Result<File> {
    let mut file = File::create_new(directory.join(HELD))?;
    // Without locks the directory is only not found again.
    lock::try_alone(&file)?;
    file.write_all(MARK.as_bytes())?;
    Ok(file)
}

/// Removes what killed processes have left in the directory around a new clone.
fn sweep(parent: &Path) {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let named = entries.filter(|entry| {
        let name = entry.file_name();
        name.as_encoded_bytes().starts_with(PREFIX.as_bytes())
    });
    for entry in named {
        if let Some((directory, _held)) = left(&entry.path()) {
            directory.remove(HELD);
        }
    }
}

/// Returns a directory whose process is gone, with its lock.
fn left(path: &Path) -> Option<(Directory, File)> {
    let directory = Directory::open(path).ok()?;
    let file = file::open_plain(&path.join(HELD), false).ok()?;
    let mut text = Vec::new();
    let longest = MARK.len() as u64;
    // Not yet written, it is of a process that has just begun.
    (&file).take(longest).read_to_end(&mut text).ok()?;
    (text == MARK.as_bytes() && lock::try_alone(&file).ok()?).then_some((directory, file))
}

/// Returns where the clone goes, which is absent or an empty directory.
fn destination(request: &Request<'_>) -> Result<PathBuf, Error> {
    let url = request.url.as_str();
    if url.is_empty() || url.starts_with('-') {
        return Err(Error::usage(format!(
            "{url:?} is no address of a repository"
        )));
    }
    let to = match &request.to {
        Some(to) => to.clone(),
        None => {
            let path = url.trim_end_matches('/');
            let path = path.strip_suffix("/.git").unwrap_or(path);
            let name = path.rsplit(['/', ':']).next().unwrap_or_default();
            let name = name.strip_suffix(".git").unwrap_or(name);
            if matches!(name, "" | "." | "..") {
                return Err(Error::usage(format!("{url} does not name a directory"))
                    .hint("git awo clone URL DIR"));
            }
            PathBuf::from(name)
        }
    };
    let to = request.directory.join(to);
    let to = std::path::absolute(&to).unwrap_or(to);
    let is_free = match std::fs::read_dir(&to) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    if !is_free {
        let why = format!(
            "{} is there already, and not an empty directory",
            to.display()
        );
        return Err(Error::usage(why).hint("git awo clone URL DIR"));
    }
    Ok(to)
}

/// Runs `git clone`, without checking anything out.
fn copy(request: &Request<'_>, made: &Path) -> Result<(), Error> {
    let mut git = git::git(request.directory);
    // Nothing of this machine takes part before it is verified.
    git.args(["-c", "core.hooksPath=/dev/null", "clone"]);
    git.args(["--no-checkout", "--no-local", "--origin", ORIGIN]);
    if let Some(branch) = &request.branch {
        git.arg(format!("--branch={branch}"));
    }
    git.arg(match request.progress {
        true => "--progress",
        false => "--quiet",
    });
    git.arg("--").arg(&request.url).arg(made);
    match request.progress {
        true => git::run_shown(git)?,
        false => _ = git::output(git)?,
    }
    Ok(())
}

/// Checks out what is verified.
fn check_out(request: &Request<'_>, session: &Session) -> Result<(), git::Error> {
    let mut git = git::at_home(session.repo())?;
    git.args(["checkout", "--quiet", "--force"]);
    match request.progress {
        true => {
            // Filters tell of theirs too: git-lfs fetches content here.
            git.arg("--progress");
            git::run_shown(git)
        }
        false => git::output(git).map(|_| ()),
    }
}

/// Trusts, fetches, sets up and verifies.
fn set_up(
    session: &Session,
    request: &Request<'_>,
    directory: PathBuf,
) -> Result<(Session, Cloned), Error> {
    if let Some(anchor) = &request.anchor {
        trust(session, anchor)?;
    }
    fetch::fetch(session, &fetch::Request::of(ORIGIN))?;
    let session = session.again()?;
    if session.repo().reference(&layout::policy())?.is_none() {
        let url = &request.url;
        return Err(Error::undecided(
            format!("{url} is not governed: nothing can be verified"),
            rules::ungoverned_server(url),
        ));
    }
    let repository = session.history()?.repository();
    let first_use = request.anchor.is_none();
    let anchor = match &request.anchor {
        Some(anchor) => anchor.clone(),
        None => {
            let first = Anchor::Commit(repository);
            trust(&session, &first)?;
            first
        }
    };
    let clone = CloneRequest {
        identity: None,
        first: None,
        server_key: None,
        show_notes: false,
        program: request.program,
    };
    let changes = init::clone(&session, clone)?.changes;
    let session = session.again()?;
    let mut report = verify(&session, &verify::Request::of(None))?;
    if session.repo().head_id()?.is_none() {
        let head = session.repo().head()?;
        let head = head.as_ref().and_then(RefName::branch).unwrap_or("HEAD");
        let note = format!("the server has no branch {head}: nothing is checked out");
        report.notes.push(note);
    }
    let cloned = Cloned {
        directory,
        anchor,
        repository,
        first_use,
        report,
        changes,
    };
    Ok((session, cloned))
}
