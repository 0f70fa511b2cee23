//! What a baseline says of itself: `manifest.json`.

use serde::{Deserialize, Serialize};

use super::item::{Item, Kind};
use super::scope::{Place, Scope};
use crate::record::{
    BaselineName, DirectoryPath, ObjectId, PlanId, RepoPath, RunId, Sha256, TaskId, json, names,
};

/// The name of the form.
pub const SCHEMA: &str = "awo.baseline/1";
/// The directory in the tree of a baseline that holds the state.
pub const FILES: &str = "files";
/// The file beside it.
pub const MANIFEST: &str = "manifest.json";
/// So many bytes a state may have, all files together.
pub const MOST_BYTES: u64 = 1024 * 1024 * 1024;

/// What a baseline holds, and what binds it. Canonical JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Everything in it, sorted by path; directories only where they are empty.
    pub items: Vec<Item>,
    /// Its name.
    pub name: BaselineName,
    /// The plan that it is of.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub plan: Option<PlanId>,
    /// The version of the policy under which it was made.
    pub policy: ObjectId,
    /// The baseline before it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub predecessor: Option<ObjectId>,
    /// The first policy commit.
    pub repository: ObjectId,
    /// The directory that it holds.
    pub root: DirectoryPath,
    /// The run whose result it is; none of one that was taken from a work tree.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run: Option<RunId>,
    /// [`SCHEMA`].
    pub schema: String,
    /// The task that it is of.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub task: Option<TaskId>,
}

/// The bytes are not the manifest of a state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadManifest {
    /// They are not canonical JSON of the form.
    #[error(transparent)]
    Json(#[from] json::BadJson),
    /// The schema is another.
    #[error("the schema is {0:?}")]
    Schema(String),
    /// It names a task and a plan.
    #[error("it names a task and a plan")]
    Scope,
    /// An item cannot be.
    #[error("{path}: {why}")]
    Item {
        /// Its path.
        path: RepoPath,
        /// Why not.
        why: &'static str,
    },
    /// There is more than may be.
    #[error("{found} {what}, at most {most}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// How much.
        found: u64,
        /// How much may be.
        most: u64,
    },
}

impl Manifest {
    /// Returns the stored form.
    pub fn to_bytes(&self) -> Vec<u8> {
        json::canonical(self)
    }

    /// Reads and checks the stored form, of at most so many bytes and items.
    pub fn parse(bytes: &[u8], longest: usize, most: usize) -> Result<Self, BadManifest> {
        let limits = json::Limits {
            len: longest,
            ..json::Limits::default()
        };
        let manifest: Self = json::parse_canonical_with(bytes, limits)?;
        manifest.check(bytes.len(), longest, most)?;
        Ok(manifest)
    }

    /// Checks what is stored or to be stored in so many bytes, as [`Manifest::parse`] does.
    pub fn check(&self, length: usize, longest: usize, most: usize) -> Result<(), BadManifest> {
        if self.schema != SCHEMA {
            return Err(BadManifest::Schema(self.schema.clone()));
        }
        if self.task.is_some() && self.plan.is_some() {
            return Err(BadManifest::Scope);
        }
        let limit = |what, found: usize, most: usize| BadManifest::Limit {
            what,
            found: found as u64,
            most: most as u64,
        };
        if self.items.len() > most {
            return Err(limit("paths", self.items.len(), most));
        }
        if length > longest {
            return Err(limit("bytes of manifest.json", length, longest));
        }
        let bytes = self.items.iter().map(|it| it.size);
        let bytes = bytes.fold(0_u64, u64::saturating_add);
        if bytes > MOST_BYTES {
            let (what, most) = ("bytes", MOST_BYTES);
            let found = bytes;
            return Err(BadManifest::Limit { what, found, most });
        }
        check_items(&self.items)
    }

    /// Returns what it is of.
    pub fn scope(&self) -> Scope {
        match (&self.task, &self.plan) {
            (Some(task), _) => Scope::Task(task.clone()),
            (None, Some(plan)) => Scope::Plan(plan.clone()),
            (None, None) => Scope::None,
        }
    }

    /// Returns where it says that it stands.
    pub fn place(&self) -> Place {
        Place::new(&self.scope(), self.name.clone())
    }
}

fn check_items(items: &[Item]) -> Result<(), BadManifest> {
    let bad = |item: &Item, why| {
        Err(BadManifest::Item {
            path: item.path.clone(),
            why,
        })
    };
    let mut before: Option<&Item> = None;
    let mut files: Vec<&[u8]> = Vec::new();
    for item in items {
        let path = item.path.as_bytes();
        let wrong = |name: &[u8]| matches!(name, b"" | b"." | b"..") || names::is_git(name);
        if path.contains(&0) || item.path.components().any(wrong) {
            return bad(
                item,
                "a component is empty, '.', '..', like .git or has a NUL",
            );
        }
        if before.is_some_and(|it| it.path >= item.path) {
            return bad(item, "the paths are not sorted, or one is there twice");
        }
        let is_below = |file: &&[u8]| {
            let rest = path.strip_prefix(*file);
            rest.is_some_and(|rest| rest.starts_with(b"/"))
        };
        // In this order, what is below a path need not follow it: `a`, `a-b`, `a/c`.
        while let Some(file) = files.last() {
            if path.starts_with(file) {
                break;
            }
            files.pop();
        }
        if files.iter().any(is_below) {
            return bad(
                item,
                "it is below something that is no directory, or an empty one",
            );
        }
        files.push(path);
        if item.executable && item.kind != Kind::File {
            return bad(item, "only files are executable");
        }
        if item.kind == Kind::Directory && (item.size, item.sha256) != (0, Sha256::of(b"")) {
            return bad(item, "a directory has no content of its own");
        }
        before = Some(item);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &[u8]) -> Item {
        Item::new(RepoPath::new(path), Kind::File, false, b"x")
    }

    fn manifest(items: Vec<Item>) -> Manifest {
        let id = ObjectId::Sha1([1; 20]);
        Manifest {
            items,
            name: BaselineName::new("BASE").unwrap(),
            plan: None,
            policy: id,
            predecessor: None,
            repository: id,
            root: DirectoryPath::new("state/").unwrap(),
            run: None,
            schema: SCHEMA.to_owned(),
            task: None,
        }
    }

    fn parsed(manifest: &Manifest) -> Result<Manifest, BadManifest> {
        Manifest::parse(&manifest.to_bytes(), 10_000, 10)
    }

    #[test]
    fn any_path_of_a_file_system_comes_back_as_it_was() {
        let paths: [&[u8]; 7] = [
            b"\x01\n",
            b"\"q\\",
            b"...",
            b"a",
            b"a-b",
            b"b/c d",
            b"\xff\xfe",
        ];
        let written = manifest(paths.iter().map(|it| file(it)).collect());
        assert_eq!(parsed(&written).unwrap(), written);
    }

    #[test]
    fn items_that_no_directory_can_hold_are_refused() {
        for paths in [
            &[&b"b"[..], b"a"][..],
            &[b"a", b"a"],
            &[b"a", b"a-b", b"a/c"],
            &[b"a/../b"],
            &[b"/a"],
            &[b"a//b"],
            &[b""],
            &[b".git"],
            &[b"a/.GIT/x"],
            &[b"git~1"],
        ] {
            let bad = manifest(paths.iter().map(|it| file(it)).collect());
            assert!(
                matches!(parsed(&bad), Err(BadManifest::Item { .. })),
                "{paths:?}"
            );
        }
        let mut link = file(b"a");
        link.kind = Kind::Symlink;
        link.executable = true;
        assert!(parsed(&manifest(vec![link])).is_err());
        let mut directory = Item::directory(RepoPath::from("a"));
        assert!(parsed(&manifest(vec![directory.clone()])).is_ok());
        directory.size = 1;
        assert!(parsed(&manifest(vec![directory])).is_err());
    }

    #[test]
    fn limits_are_reached_and_not_passed() {
        let paths = |number: u8| (0..number).map(|at| file(&[b'a' + at])).collect();
        assert!(parsed(&manifest(paths(10))).is_ok());
        assert!(matches!(
            parsed(&manifest(paths(11))),
            Err(BadManifest::Limit { .. })
        ));
        let mut large = file(b"a");
        large.size = MOST_BYTES;
        assert!(parsed(&manifest(vec![large.clone()])).is_ok());
        large.size += 1;
        assert!(parsed(&manifest(vec![large])).is_err());
    }

    #[test]
    fn another_schema_and_two_scopes_are_refused() {
        let mut other = manifest(Vec::new());
        other.schema = "awo.baseline/2".to_owned();
        assert_eq!(
            parsed(&other),
            Err(BadManifest::Schema(other.schema.clone()))
        );
        let mut both = manifest(Vec::new());
        both.task = Some(TaskId::new("T").unwrap());
        both.plan = Some(PlanId::new("P").unwrap());
        assert_eq!(parsed(&both), Err(BadManifest::Scope));
    }
}
