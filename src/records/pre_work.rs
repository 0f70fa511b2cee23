//! Pre-work: what a run of a work packet is to change, published before the run.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::place::Stands;
use super::record::{Binding, Record, Signers, about};
use super::statement::Context;
use crate::record::digest::BadDigest;
use crate::record::{HashKind, ObjectId, RepoPath, Role, Sha256, TaskId};

about! {
    PreWork, "pre-work", PreWorkPredicate,
    title: "pre-work",
    purpose: "what a run of a work packet is to change, file by file; published before the push that brings the run",
    signers: Signers::Roles(&[Role::Orchestrator]),
    stands: Stands::ManyPerTask,
    after: &[Kind::Contract],
    fields: "`task`, `contract`, `base`, `files` sorted by path (`path`, `change`: `add`, `change` or `delete`, `delta`, `anchors`; of what the base has `pre_sha1`, `pre_blob`; of a text that is changed `window` and `rails`, each `first` and `last`)",
}

/// Pre-work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreWorkPredicate {
    /// The commit from which the run is to start.
    pub base: ObjectId,
    /// Who plans: the orchestrator.
    pub context: Context,
    /// Digest of the contract statement.
    pub contract: Sha256,
    /// What is to change, sorted by path.
    pub files: Vec<PlannedFile>,
    /// The task.
    pub task: TaskId,
}

/// A file that is to change. A rename is a deletion and an addition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedFile {
    /// Texts of which each occurs exactly once in what the base has.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub anchors: Vec<String>,
    /// How it is to change.
    pub change: PlannedChange,
    /// How many lines more the file is to have.
    pub delta: i64,
    /// Its path.
    pub path: String,
    /// The object that the base has there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pre_blob: Option<ObjectId>,
    /// The SHA-1 of the content that the base has there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pre_sha1: Option<Sha1>,
    /// The texts of the window's first and last line.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rails: Option<Rails>,
    /// The lines between which it is to change.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub window: Option<Window>,
}

impl PlannedFile {
    /// Returns the path as git has it.
    pub fn repo_path(&self) -> RepoPath {
        RepoPath::from(self.path.as_str())
    }
}

/// How a file is to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlannedChange {
    /// It is new.
    Add,
    /// It is there before and after.
    Change,
    /// It goes away.
    Delete,
}

impl fmt::Display for PlannedChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "add",
            Self::Change => "change",
            Self::Delete => "delete",
        })
    }
}

/// Lines of what the base has, counted from 1. The line before the first is 0, the edge of the file, and so
/// is the line after the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The first line, which stays as it is.
    pub first: u64,
    /// The last line, which stays as it is.
    pub last: u64,
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// The texts of a window's first and last line without the line feed, as git quotes them where they are not
/// plain. The edge of the file has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rails {
    /// The text of the first line.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first: Option<String>,
    /// The text of the last line.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last: Option<String>,
}

/// The SHA-1 of content, which is no object id: git hashes a header as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha1(ObjectId);

impl Sha1 {
    /// Returns the digest with these bytes.
    pub fn new(bytes: [u8; 20]) -> Self {
        Self(ObjectId::Sha1(bytes))
    }
}

impl fmt::Display for Sha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TryFrom<String> for Sha1 {
    type Error = BadDigest;

    fn try_from(text: String) -> Result<Self, BadDigest> {
        match text.parse::<ObjectId>()? {
            id if id.kind() == HashKind::Sha1 => Ok(Self(id)),
            _ => Err(BadDigest(text)),
        }
    }
}

impl From<Sha1> for String {
    fn from(digest: Sha1) -> Self {
        digest.to_string()
    }
}

impl Record for PreWorkPredicate {
    fn kind(&self) -> Kind {
        Kind::PreWork
    }

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }

    fn binds(&self) -> Vec<Binding> {
        vec![
            Binding::Task(self.task.clone()),
            Binding::Contract(self.contract),
            Binding::Base(self.base),
        ]
    }
}
