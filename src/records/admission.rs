//! An admission: an operator admits a repository for tasks, under an owner and a class of risk.

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::place::Stands;
use super::record::{Binding, Record, Signers, about};
use super::statement::{Context, Subject};
use crate::record::{Line, Role, Sha256, Token};

about! {
    Admission, "admission", AdmissionPredicate,
    title: "admission",
    purpose: "an operator admits the repository that packets call by a locator; the first `<sha256>` is that of the locator",
    signers: Signers::Roles(&[Role::Operator]),
    stands: Stands::ManyPerLocator,
    after: &[],
    fields: "`locator`, `owner`, `risk` (the class), `nonce`; optional `source` (`name` and `sha256` of the file that says so)",
}

/// An admission.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdmissionPredicate {
    /// Who admits it, and in which repository: by its identity, which the locator does not prove.
    pub context: Context,
    /// What packets call the repository.
    pub locator: Line,
    /// Distinguishes this admission from every other one.
    pub nonce: Token,
    /// Who owns the repository.
    pub owner: Line,
    /// The class of its risk.
    pub risk: Line,
    /// The file that says so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<AdmissionSource>,
}

/// The file that says that a repository is admitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdmissionSource {
    /// Its name, without directories.
    pub name: Line,
    /// The SHA-256 of its content.
    pub sha256: Sha256,
}

impl AdmissionPredicate {
    /// Returns under what the admissions of a locator stand.
    pub fn key_of(locator: &str) -> Sha256 {
        Sha256::of(locator.as_bytes())
    }
}

impl Record for AdmissionPredicate {
    fn kind(&self) -> Kind {
        Kind::Admission
    }

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }

    fn binds(&self) -> Vec<Binding> {
        vec![Binding::Locator(Self::key_of(self.locator.as_str()))]
    }

    fn subject(&self) -> Vec<Subject> {
        let key = Self::key_of(self.locator.as_str());
        vec![Subject::content(self.locator.as_str(), key)]
    }
}
