//! What the tree and the newest commits of a branch hold that a policy permits only where it says so.

use std::collections::{BTreeMap, BTreeSet};

use crate::git::{self, Compared, Repo};
use crate::policy::GIT_FILES;
use crate::policy::document::TagForm;
use crate::record::tag::Tag;
use crate::record::tree::{Mode, What};
use crate::record::{ObjectId, RepoPath};

use super::{Error, tag_names};

/// Number of commits that are looked at.
const NEWEST: &str = "--max-count=2000";
/// Maximum number of files in a tree that is looked at.
const MOST_FILES: usize = 4_000_000;

/// What a branch holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Habits {
    /// The keys of `[tree]` that permit it: `executable`, `odd_modes`.
    pub tree: BTreeSet<&'static str>,
    /// The files that git obeys, by their names.
    pub git_files: BTreeSet<&'static str>,
    /// Whether `.gitattributes` gives files to git-lfs.
    pub lfs: bool,
    /// Whether there are merges.
    pub merges: bool,
    /// The addresses of those who wrote the newest commits.
    pub authors: BTreeSet<Vec<u8>>,
    /// The bytes of the largest file, if that is more than a policy permits by default.
    pub largest: Option<u64>,
    /// The tags that there are, by their full names, and the object of each.
    pub tags: BTreeMap<String, String>,
    /// The strictest form that all of them have, but for those that move.
    pub tag_form: TagForm,
    /// The strictest form that all of those have that move.
    pub moving_form: TagForm,
    /// Why not all of it could be looked at.
    pub unread: Option<String>,
}

impl Habits {
    /// Looks at the tree of a commit, and at what it and the newest commits behind it added.
    pub fn of(repo: &Repo, tip: ObjectId, file_bytes: u64) -> Result<Self, Error> {
        let mut habits = Self::default();
        let look = Look { repo, file_bytes };
        let tree = repo.tree_of(tip)?;
        look.note(
            repo.compare_files(None, Some(tree), MOST_FILES, file_bytes),
            &mut habits,
        );
        habits.lfs = given_to_lfs(repo, tree)?.is_some();
        let tags = repo.references("refs/tags/")?;
        let names: BTreeSet<_> = tags.iter().map(|(name, _)| name.as_str()).collect();
        for (name, id) in &tags {
            let form = match tag_names::moves(name.as_str(), &names) {
                true => &mut habits.moving_form,
                false => &mut habits.tag_form,
            };
            *form = look.form(*id).max(*form);
            habits.tags.insert(name.to_string(), id.to_string());
        }
        let newest = git::run_at_home(repo, &["rev-list", NEWEST, &tip.to_string()])?;
        let newest = String::from_utf8_lossy(&newest.stdout).into_owned();
        for id in newest.lines().filter_map(|line| line.parse().ok()) {
            look.commit(id, &mut habits);
        }
        Ok(habits)
    }

    /// Returns the keys of a policy that permit it, as a person writes them.
    pub fn keys(&self) -> Vec<String> {
        let tags: BTreeSet<_> = self.tags.keys().map(String::as_str).collect();
        let any_moves = tags.iter().any(|name| tag_names::moves(name, &tags));
        let keys = [
            ("merges", self.merges),
            ("file_bytes", self.largest.is_some()),
            ("tags", !self.tags.is_empty()),
            ("tags that move", any_moves),
        ];
        let used = keys.into_iter().filter(|(_, used)| *used);
        let git_files = self
            .git_files
            .iter()
            .map(|name| format!("git_files {name}"));
        let keys = self.tree.iter().copied().chain(used.map(|(key, _)| key));
        let keys = keys.map(str::to_owned);
        keys.chain(git_files).collect()
    }
}

struct Look<'r> {
    repo: &'r Repo,
    file_bytes: u64,
}

impl<'r> Look<'r> {
    /// Notes what a commit adds to its first parent: what other parents have is looked at as theirs.
    fn commit(&self, id: ObjectId, habits: &mut Habits) {
        let compared = || {
            let commit = self.repo.commit(id)?;
            let before = commit.parents.first().map(|it| self.repo.tree_of(*it));
            let tree = Some(commit.tree);
            let compared =
                self.repo
                    .compare_files(before.transpose()?, tree, MOST_FILES, self.file_bytes)?;
            Ok((commit, compared))
        };
        match compared() {
            Ok((commit, compared)) => {
                habits.merges |= commit.parents.len() > 1;
                habits.authors.insert(commit.author.email.clone());
                self.note(Ok(compared), habits);
            }
            // Where a shallow clone ends.
            Err(git::Error::Missing { .. }) => {}
            Err(error) => self.note(Err(error), habits),
        }
    }

    fn note(&self, compared: Result<Compared, git::Error>, habits: &mut Habits) {
        let compared = match compared {
            Ok(compared) => compared,
            Err(error) => {
                habits.unread.get_or_insert(error.to_string());
                return;
            }
        };
        for change in &compared.changes {
            let last = change.path.components().last();
            let git_file = GIT_FILES.iter().find(|it| Some(it.as_bytes()) == last);
            habits.git_files.extend(git_file.copied());
            let Some((mode, _)) = change.new else {
                continue;
            };
            habits.tree.extend(match mode {
                Mode::Executable => Some("executable"),
                Mode::Symlink => Some("symlinks"),
                Mode::Gitlink => Some("submodules"),
                Mode::File | Mode::Tree => None,
            });
        }
        for fault in &compared.faults {
            habits.tree.extend(match fault.what {
                What::Mode { .. } => Some("odd_modes"),
                What::Odd(_) => Some("odd_names"),
                What::Collides { .. } => Some("collisions"),
                // No policy permits these.
                What::Name(_) | What::Empty | What::Null | What::Kind(_) | What::Modules(_) => None,
                What::Large { size, .. } => {
                    habits.largest = habits.largest.max(Some(size));
                    None
                }
            });
        }
    }

    /// Returns the form of a tag at this object.
    fn form(&self, id: ObjectId) -> TagForm {
        let is_signed = |tag: &Tag| {
            let signature = tag.signature.as_ref();
            signature.is_some_and(|it| it.armor.starts_with(b"-----BEGIN SSH"))
        };
        match (self.repo.header(id), self.repo.tag(id)) {
            (_, Ok(tag)) if is_signed(&tag) => TagForm::Signed,
            (Ok(Some((git::Kind::Tag, _))), _) => TagForm::Annotated,
            _ => TagForm::Any,
        }
    }
}

/// Returns the attributes at the top of a tree, if they give files to git-lfs.
pub fn given_to_lfs(repo: &Repo, tree: ObjectId) -> Result<Option<String>, Error> {
    let path = RepoPath::from(".gitattributes");
    let Some((Mode::File, id)) = repo.entry(tree, &path)? else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(&repo.blob(id)?).into_owned();
    Ok(Some(text).filter(|text| text.contains("filter=lfs")))
}
