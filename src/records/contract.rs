//! A task contract.

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::place::Stands;
use super::record::{Binding, Record, Signers, about};
use super::statement::{Context, Subject};
use crate::record::Role;
use crate::record::contract::Contract;

about! {
    Contract, "contract", ContractPredicate,
    title: "contract",
    purpose: "what a run may do and what it must leave behind; its blob carries the approvals of the task",
    signers: Signers::Roles(&[Role::Operator]),
    stands: Stands::OncePerTask,
    after: &[],
    fields: "`contract` (schema `awo.contract/1`)",
}

/// A task contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractPredicate {
    /// Who imports it.
    pub context: Context,
    /// The contract.
    pub contract: Contract,
}

impl Record for ContractPredicate {
    fn kind(&self) -> Kind {
        Kind::Contract
    }

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }

    fn binds(&self) -> Vec<Binding> {
        vec![
            Binding::Task(self.contract.id.clone()),
            Binding::Packet(self.contract.source_sha256),
        ]
    }

    fn subject(&self) -> Vec<Subject> {
        let contract = &self.contract;
        vec![Subject::content(
            contract.id.as_str(),
            contract.source_sha256,
        )]
    }
}
