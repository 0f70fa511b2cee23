//! An entry of the server's receive log.

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::place::Stands;
use super::record::{Binding, Record, Signers, about};
use super::statement::{Context, Subject};
use crate::record::{ObjectId, OverrideUse, RefName, Role, Sha256, Timestamp};

about! {
    Receipt, "receipt", ReceiptPredicate,
    title: "receipt",
    purpose: "which refs a push moved, when, and by which policy it was judged",
    signers: Signers::Roles(&[Role::Server]),
    stands: Stands::Log,
    after: &[],
    fields: "`sequence`, `previous`, `time`, `pusher`, `movements`, `unrecorded`, optional `overrides` (`commit`, `path`, `decisions`: the protection overrides that the push used)",
}

/// One ref that a push moved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Movement {
    /// The ref.
    #[serde(rename = "ref")]
    pub reference: RefName,
    /// The old value; none if it did not exist.
    pub old: Option<ObjectId>,
    /// The new value; none if it was deleted.
    pub new: Option<ObjectId>,
}

/// An entry of the server's receive log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptPredicate {
    /// Who writes the log. Its `policy` is the one by which the push was judged.
    pub context: Context,
    /// The refs that moved, in order.
    pub movements: Vec<Movement>,
    /// The protection overrides that the push used, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub overrides: Vec<OverrideUse>,
    /// Digest of the entry before; none in the first.
    pub previous: Option<Sha256>,
    /// Who pushed, according to the server's environment; `unknown` if it does not say.
    pub pusher: String,
    /// The entry's number, from 1.
    pub sequence: u64,
    /// When.
    pub time: Timestamp,
    /// Movements found now that no earlier entry recorded: the hook was bypassed or interrupted.
    pub unrecorded: Vec<Movement>,
}

impl Record for ReceiptPredicate {
    fn kind(&self) -> Kind {
        Kind::Receipt
    }

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }

    fn binds(&self) -> Vec<Binding> {
        Vec::new()
    }

    fn subject(&self) -> Vec<Subject> {
        let movements = self.movements.iter();
        let moved =
            movements.filter_map(|it| Some(Subject::commit(it.reference.as_str(), it.new?)));
        moved.collect()
    }
}
