//! in-toto statements, the signed payloads.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::record::json::{self, BadJson};
use crate::record::{IdentityName, ObjectId, Sha256};

/// The `_type` of an in-toto statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";

/// The repository, the person and the role of a statement. Part of every predicate except the policy's.
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
    /// The predicate.
    pub predicate: P,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    subject: Vec<Subject>,
}

/// The payload is not a statement of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadStatement {
    /// The JSON breaks a rule.
    #[error("malformed statement")]
    Json(#[from] BadJson),
    /// The statement has another kind or type.
    #[error("a statement of type {found:?}, not {expected:?}")]
    Type {
        /// The type found.
        found: String,
        /// The type expected.
        expected: &'static str,
    },
    /// The statement has this kind, but another version.
    #[error("a statement of version {found:?}; this program knows {expected:?}")]
    Version {
        /// The type found.
        found: String,
        /// The type expected.
        expected: &'static str,
    },
    /// The subject is not the one that the predicate implies.
    #[error("the subject does not follow from the predicate")]
    Subject,
}

impl<P: Serialize> Statement<P> {
    /// Returns the statement that carries this predicate.
    pub(super) fn of(predicate: P, predicate_type: &str, subject: Vec<Subject>) -> Self {
        Self {
            statement_type: STATEMENT_TYPE.to_owned(),
            subject,
            predicate_type: predicate_type.to_owned(),
            predicate,
        }
    }

    /// Returns the canonical bytes to sign.
    pub fn to_payload(&self) -> Vec<u8> {
        json::canonical(self)
    }
}

impl<P: Serialize + DeserializeOwned> Statement<P> {
    /// Parses a payload strictly; `subject` returns the one that a predicate implies.
    pub(super) fn read(
        payload: &[u8],
        expected: &'static str,
        subject: impl Fn(&P) -> Vec<Subject>,
    ) -> Result<Self, BadStatement> {
        // Check the kind first, so that another kind is not reported as unknown fields.
        let statement = match json::parse_canonical::<Self>(payload) {
            Ok(statement) if statement.predicate_type == expected => statement,
            other => {
                let found = type_of(payload)?;
                if found != expected {
                    return Err(other_type(found, expected));
                }
                other?
            }
        };
        if statement.statement_type != STATEMENT_TYPE {
            return Err(other_type(statement.statement_type, STATEMENT_TYPE));
        }
        if statement.subject != subject(&statement.predicate) {
            return Err(BadStatement::Subject);
        }
        Ok(statement)
    }
}

/// Returns the error for an unexpected type. Types end in `/v` and a version.
fn other_type(found: String, expected: &'static str) -> BadStatement {
    let kind = |it: &str| it.rsplit_once("/v").map(|(kind, _)| kind.to_owned());
    match kind(&found) == kind(expected) {
        true => BadStatement::Version { found, expected },
        false => BadStatement::Type { found, expected },
    }
}

/// Returns the predicate type that a payload states (empty if it states none).
pub fn type_of(payload: &[u8]) -> Result<String, BadJson> {
    let parsed = json::parse(payload)?;
    Ok(parsed
        .get("predicateType")
        .and_then(|value| value.as_str())
        .unwrap_or_default()
        .to_owned())
}
