//! in-toto statements: what is signed. One predicate type and one SSHSIG namespace per kind.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::json::{self, BadJson};
use super::predicate::Approves;
use super::{IdentityName, ObjectId, Sha256};

/// The `_type` of an in-toto statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// The kinds of statement.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Kind] = &[$(Kind::$name,)*];

            /// Returns the kind's word: `approval`.
            pub fn word(self) -> &'static str {
                match self { $(Kind::$name => $word,)* }
            }

            /// Returns the SSHSIG namespace: `git-awo.approval`.
            pub fn namespace(self) -> &'static str {
                match self { $(Kind::$name => concat!("git-awo.", $word),)* }
            }

            /// Returns the in-toto predicate type: `https://git-awo.dev/approval/v1`.
            pub fn predicate_type(self) -> &'static str {
                match self { $(Kind::$name => concat!("https://git-awo.dev/", $word, "/v1"),)* }
            }
        }
    };
}

kinds! {
    /// A policy: the roots sign the digests of its two files.
    Policy = "policy",
    /// A task contract, signed by an operator.
    Contract = "contract",
    /// An approval of a task (its exact sentence) or of a run (gate 3).
    Approval = "approval",
    /// A run record, signed by the orchestrator.
    Run = "run",
    /// An independence log: the result of gate 2.
    Independence = "independence",
    /// The permission `allow_self_approval="1"` for one run, by the policy's authority.
    Override = "override",
    /// An attestation of a harness commit, signed by a reviewer.
    Attestation = "attestation",
    /// A finalization: the chain was validated and the run entered the provenance index.
    Finalization = "finalization",
    /// An operator's verdict on a finalized run: accepted or rejected.
    Outcome = "outcome",
    /// An entry of the server's receive log.
    Receipt = "receipt",
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// What a kind of statement says about its subjects.
pub trait Predicate: Serialize + DeserializeOwned + Clone {
    /// The kind.
    const KIND: Kind;

    /// Returns who says so and where, if the kind has a signer with a role (a policy has not:
    /// its signers are the roots).
    fn context(&self) -> Option<&Context>;

    /// Returns what the statement is about: a name and its digests.
    fn subject(&self) -> Vec<Subject>;

    /// Returns what an approval approves, on which the roles that may sign it depend.
    fn approves(&self) -> Option<Approves> {
        None
    }
}

/// Where and as whom a statement is made. Part of every predicate but the policy's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// The person who signs, as the policy names them.
    pub identity: IdentityName,
    /// The policy commit in force for the signer.
    pub policy: ObjectId,
    /// The first policy commit, which identifies the repository.
    pub repository: ObjectId,
    /// The role in which they sign.
    pub role: String,
}

/// A subject of an in-toto statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Digests by algorithm: `gitCommit`, `gitTree`, `sha256`.
    pub digest: BTreeMap<String, String>,
    /// A name for people.
    pub name: String,
}

impl Subject {
    /// Returns a subject that is a commit.
    pub fn commit(name: impl Into<String>, commit: ObjectId) -> Self {
        Self {
            digest: [("gitCommit".to_owned(), commit.to_string())].into(),
            name: name.into(),
        }
    }

    /// Returns a subject that is content named by its SHA-256.
    pub fn content(name: impl Into<String>, digest: Sha256) -> Self {
        Self {
            digest: [("sha256".to_owned(), digest.to_string())].into(),
            name: name.into(),
        }
    }
}

/// An in-toto statement with a predicate of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement<P> {
    #[serde(rename = "_type")]
    statement_type: String,
    /// What it says.
    pub predicate: P,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    subject: Vec<Subject>,
}

/// The payload is no statement of the kind wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadStatement {
    /// The JSON breaks a rule.
    #[error("malformed statement")]
    Json(#[from] BadJson),
    /// It is a statement of another kind or type.
    #[error("a statement of type {found:?}, not {expected:?}")]
    Type {
        /// The type found.
        found: String,
        /// The type wanted.
        expected: &'static str,
    },
    /// It is a statement of this kind in another version.
    #[error("a statement of version {found:?}; this program knows {expected:?}")]
    Version {
        /// The type found.
        found: String,
        /// The type wanted.
        expected: &'static str,
    },
    /// The subject is not the one that the predicate implies.
    #[error("the subject does not follow from the predicate")]
    Subject,
}

impl<P: Predicate> Statement<P> {
    /// Returns the statement that carries this predicate.
    pub fn new(predicate: P) -> Self {
        Self {
            statement_type: STATEMENT_TYPE.to_owned(),
            subject: predicate.subject(),
            predicate_type: P::KIND.predicate_type().to_owned(),
            predicate,
        }
    }

    /// Returns the canonical bytes to sign.
    pub fn to_payload(&self) -> Vec<u8> {
        json::canonical(self)
    }

    /// Parses a payload strictly: canonical bytes, known fields, the kind wanted, its own subject.
    pub fn parse(payload: &[u8]) -> Result<Self, BadStatement> {
        // The kind first: a statement of another kind is reported as that, not as unknown fields.
        let found = kind_of(payload)?;
        let expected = P::KIND.predicate_type();
        if found != expected {
            return Err(other_type(found, expected));
        }
        let statement: Self = json::parse_canonical(payload)?;
        if statement.statement_type != STATEMENT_TYPE {
            return Err(other_type(statement.statement_type, STATEMENT_TYPE));
        }
        if statement.subject != statement.predicate.subject() {
            return Err(BadStatement::Subject);
        }
        Ok(statement)
    }
}

/// Returns the error for a type that is not the one wanted: types end in `/v` and a version.
fn other_type(found: String, expected: &'static str) -> BadStatement {
    let kind = |it: &str| it.rsplit_once("/v").map(|(kind, _)| kind.to_owned());
    match kind(&found) == kind(expected) {
        true => BadStatement::Version { found, expected },
        false => BadStatement::Type { found, expected },
    }
}

/// Returns the predicate type that a payload states (empty if it states none).
pub fn kind_of(payload: &[u8]) -> Result<String, BadJson> {
    let parsed = json::parse(payload)?;
    Ok(parsed
        .get("predicateType")
        .and_then(|value| value.as_str())
        .unwrap_or_default()
        .to_owned())
}
