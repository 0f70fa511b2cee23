//! Makes the result of a finalized run the next baseline of its task.

use crate::facts::run::Held;
use crate::git::{Reader, refused_by_fsck};
use crate::record::baseline::{Item, Kind, Scope};
use crate::record::tree::Mode;
use crate::record::{BaselineName, ObjectId, RepoPath, RunId, Subject, names};
use crate::rules::baseline as rules;
use crate::state::{self, Locked};

use super::create::{Created, New};
use super::named::root;
use crate::ops::{Error, Session};

/// Makes a baseline of what the commit of a run has in the directory that the policy names.
pub fn promote(session: &Session, run: &RunId, name: BaselineName) -> Result<Created, Error> {
    session.context(rules::MAKERS)?;
    let _locked = Locked::on(session.repo().common_dir())?;
    let session = &session.again()?;
    let policy = session.policy()?;
    let (own, limits) = (root(policy)?, &policy.document().limits);
    let facts = session.run(run)?;
    if let Some(why) = rules::promotes(run, &facts, true, Subject::of_run(run)) {
        return Err(session.refused(format!("{run} is not promoted"), why));
    }
    let Some(held) = facts.held() else {
        return Err(Error::usage(format!("there is no run {run}")));
    };
    let scope = Scope::Task(held.says().task.clone());
    let new = New::of(session, scope, name)?;
    if new.before.is_none() {
        let why = rules::before(new.place(), Subject::of_run(run));
        return Err(session.refused(format!("{run} is not promoted"), why));
    }
    let Some(files) = state_of(session.repo(), held, &own.path())? else {
        let why = rules::stateless(run, &new.scope, own);
        return Err(session.refused(format!("{run} is not promoted"), why));
    };
    let most = limits.inventory_lines;
    let mut items = Vec::new();
    for (path, mode, id) in session.repo().files(files, most)? {
        let shown = || own.path().join(path.as_bytes());
        let kind = match mode {
            Mode::Symlink => Kind::Symlink,
            Mode::Gitlink => {
                let why = "a submodule";
                return Err(state::Error::Kind { path: shown(), why }.into());
            }
            _ => Kind::File,
        };
        if path.components().any(names::is_git) {
            let why = "named like .git";
            return Err(state::Error::Kind { path: shown(), why }.into());
        }
        let bytes = session.repo().blob_limited(id, limits.file_bytes)?;
        let mut around: Vec<_> = path.components().collect();
        let name = around.pop().unwrap_or_default();
        let mut around = around.into_iter();
        let why = refused_by_fsck(name, mode, &bytes)
            .or_else(|| around.find_map(|it| refused_by_fsck(it, Mode::Tree, b"")));
        if let Some(why) = why {
            return Err(state::Error::Kind { path: shown(), why }.into());
        }
        items.push(Item::new(path, kind, mode == Mode::Executable, &bytes));
    }
    items.sort_by(|one, other| one.path.cmp(&other.path));
    new.write(session, items, files, Some(run.clone()))
}

/// Returns the tree of the state in the commit of a run, if it has one.
fn state_of(reader: &Reader, run: Held<'_>, path: &RepoPath) -> Result<Option<ObjectId>, Error> {
    match reader.entry(reader.tree_of(run.says().commit)?, path)? {
        Some((Mode::Tree, id)) => Ok(Some(id)),
        Some(_) => {
            let (path, why) = (path.clone(), "no directory in the commit of the run");
            Err(state::Error::Kind { path, why }.into())
        }
        None => Ok(None),
    }
}
