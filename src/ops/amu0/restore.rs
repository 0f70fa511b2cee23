//! Puts a baseline back into the work tree.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::facts::baseline::manifest_of;
use crate::record::baseline::{Difference, FILES, Item, Kind, differences};
use crate::record::tree::Mode;
use crate::record::{ObjectId, RepoPath};
use crate::rules::baseline as rules;
use crate::state::{Locked, Root, Survey, put, survey};
use crate::store::baselines::Lines;

use super::named::{proved, require_root, root, work_tree};
use crate::ops::{Error, Session};

/// What a restore did.
pub struct Restored {
    /// The baseline.
    pub name: String,
    /// Its commit.
    pub id: ObjectId,
    /// How the state that stood there differed: what was added there is gone now.
    pub changed: Vec<(RepoPath, Difference)>,
    /// What was saved nowhere and is lost, since that was forced.
    pub lost: Vec<String>,
    /// What could not be removed of what stood there, now or before.
    pub left: Vec<PathBuf>,
}

/// Makes the directory that the policy names what the baseline holds, byte for byte. Without `force` nothing
/// is lost that neither a baseline nor the commit at HEAD has.
pub fn restore(session: &Session, name: &str, force: bool) -> Result<Restored, Error> {
    let policy = session.policy()?;
    let own = root(policy)?;
    let named = proved(session, name)?;
    require_root(session, &named)?;
    let (repo, limits) = (session.repo(), &policy.document().limits);
    let _locked = Locked::on(repo.common_dir())?;
    // What is refused leaves no directory behind.
    let mut left = put::sweep(&Root::find(work_tree(session)?, own)?)?;
    let found = survey(repo, &Root::find(work_tree(session)?, own)?, limits)?;
    let lost = match &found {
        Some(found) => unsaved(session, &own.path(), found, &named.manifest.items)?,
        None => Vec::new(),
    };
    if let Some(why) = rules::unsaved(&lost, &named.standing.place).filter(|_| !force) {
        let message = format!("{own} has what is saved nowhere");
        return Err(Error::denied(message, why));
    }
    let items = found.as_ref().map(Survey::items).unwrap_or_default();
    let changed = differences(&items, &named.manifest.items);
    let is_same = found.as_ref().is_some_and(|it| it.odd.is_empty()) && changed.is_empty();
    if !is_same {
        let place = Root::make(work_tree(session)?, own)?;
        let what = (&named.manifest, named.files);
        left.extend(put::put(repo, &place, what, found.as_ref(), limits)?);
    }
    Ok(Restored {
        name: named.standing.place.to_string(),
        id: named.standing.id,
        changed,
        lost,
        left,
    })
}

/// Returns what stands in the directory and would not stand there afterwards, and that neither a baseline nor
/// the commit at HEAD has at the same path.
fn unsaved(
    session: &Session,
    path: &RepoPath,
    found: &Survey,
    wanted: &[Item],
) -> Result<Vec<String>, Error> {
    let repo = session.repo();
    let limits = &session.policy()?.document().limits;
    let below = |path: &RepoPath| {
        let inner = path.join(b"");
        let mut wanted = wanted.iter();
        wanted.any(|it| it.path.as_bytes().starts_with(inner.as_bytes()))
    };
    let key = |it: &Item| (it.path.clone(), it.kind, it.executable, it.sha256);
    let stay: BTreeSet<_> = wanted.iter().map(key).collect();
    let mut saved: BTreeSet<(RepoPath, Mode, ObjectId)> = BTreeSet::new();
    let mut directories: BTreeSet<RepoPath> = BTreeSet::new();
    let lines = Lines::read(repo, session.refs()?);
    let mut trees = Vec::new();
    for standing in lines.all() {
        let files = repo.entry(repo.tree_of(standing.id)?, &RepoPath::from(FILES))?;
        trees.extend(files);
        let manifest = manifest_of(repo, standing.id, limits);
        let items = manifest.into_iter().flat_map(|it| it.items);
        directories.extend(
            items
                .filter(|it| it.kind == Kind::Directory)
                .map(|it| it.path),
        );
    }
    if let Some(head) = repo.head_id()? {
        trees.extend(repo.entry(repo.tree_of(head)?, path)?);
    }
    for (mode, tree) in trees {
        if mode == Mode::Tree {
            // One that cannot be read saves nothing.
            saved.extend(
                repo.files_before(tree, limits.inventory_lines)
                    .unwrap_or_default(),
            );
        }
    }
    let mut lost = Vec::new();
    for it in found
        .found
        .iter()
        .filter(|it| !stay.contains(&key(&it.item)))
    {
        let path = &it.item.path;
        let is_saved = match it.stored {
            Some((mode, id)) => saved.contains(&(path.clone(), mode, id)),
            None => directories.contains(path) || below(path),
        };
        if !is_saved {
            lost.push(path.to_string());
        }
    }
    lost.extend(
        found
            .odd
            .iter()
            .map(|(path, why)| format!("{path} ({why})")),
    );
    Ok(lost)
}
