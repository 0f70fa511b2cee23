//! Puts a baseline back into the work tree.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::facts::baseline::manifest_of;
use crate::git::Repo;
use crate::policy::document::Limits;
use crate::record::baseline::{Difference, FILES, Item, Kind, differences};
use crate::record::tree::Mode;
use crate::record::{ObjectId, RepoPath};
use crate::rules::baseline as rules;
use crate::state::{Found, Locked, Root, Survey, put, survey};
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
    let tree = work_tree(session)?;
    let place = Root::find(tree, own)?;
    let mut left = put::sweep(&place)?;
    let found = survey(repo, &place, limits)?;
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
        // What is refused leaves no directory behind.
        let place = Root::make(tree, own)?;
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
    let (repo, limits) = (session.repo(), &session.policy()?.document().limits);
    let wanted: BTreeMap<&RepoPath, &Item> = wanted.iter().map(|it| (&it.path, it)).collect();
    // An empty directory stays if something comes into it.
    let is_filled = |path: &RepoPath| {
        let inner = path.join(b"");
        let next = wanted.range::<&RepoPath, _>(&inner..).next();
        next.is_some_and(|(it, _)| it.as_bytes().starts_with(inner.as_bytes()))
    };
    let stays = |it: &Found| {
        let path = &it.item.path;
        wanted.get(path) == Some(&&it.item) || (it.stored.is_none() && is_filled(path))
    };
    let goes = found.found.iter().filter(|it| !stays(it));
    let mut lost = Lost(goes.map(|it| (&it.item.path, it.stored)).collect());
    if let Some(head) = repo.head_id()? {
        lost.save_files(repo, repo.entry(repo.tree_of(head)?, path)?, limits);
    }
    for standing in Lines::read(repo, session.refs()?).all() {
        // Nobody reads other baselines to lose nothing.
        if lost.0.is_empty() {
            break;
        }
        let files = repo.entry(repo.tree_of(standing.id)?, &RepoPath::from(FILES))?;
        lost.save_files(repo, files, limits);
        if lost.0.values().any(Option::is_none) {
            // Of empty directories the manifest alone tells.
            let manifest = manifest_of(repo, standing.id, limits);
            let items = manifest.into_iter().flat_map(|it| it.items);
            for it in items.filter(|it| it.kind == Kind::Directory) {
                lost.save(&it.path, None);
            }
        }
    }
    let lost = lost.0.keys().map(|path| path.to_string());
    let odd = found.odd.iter();
    let odd = odd.map(|(path, why)| format!("{path} ({why})"));
    Ok(lost.chain(odd).collect())
}

/// What would be lost, and how git stores it; nothing of an empty directory.
struct Lost<'a>(BTreeMap<&'a RepoPath, Option<(Mode, ObjectId)>>);

impl Lost<'_> {
    fn save(&mut self, path: &RepoPath, stored: Option<(Mode, ObjectId)>) {
        if self.0.get(path) == Some(&stored) {
            self.0.remove(path);
        }
    }

    /// Takes out what a tree has.
    fn save_files(&mut self, repo: &Repo, tree: Option<(Mode, ObjectId)>, limits: &Limits) {
        if let Some((Mode::Tree, tree)) = tree {
            // One that cannot be read saves nothing.
            let files = repo.files_before(tree, limits.inventory_lines);
            for (path, mode, id) in files.unwrap_or_default() {
                self.save(&path, Some((mode, id)));
            }
        }
    }
}
