//! The kinds of signed record. One file a kind, in which the kind says
//! everything the house asks of it; the registry below lists them.
//!
//! A new kind is a file here, a variant of [`Kind`] and its line in `registry`. Collection, placement, role and binding
//! checks, union merge, export, `show` and the tables of the formats page follow from what the
//! file says: nobody else matches over kinds.

mod approval;
mod attestation;
mod contract;
mod finalization;
mod independence;
mod kind;
mod outcome;
mod place;
mod policy;
mod receipt;
mod record;
mod registry;
mod revocation;
mod run;
mod self_approval;
mod statement;

pub use approval::{ApprovalPredicate, Approves};
pub use attestation::AttestationPredicate;
pub use contract::ContractPredicate;
pub use finalization::FinalizationPredicate;
pub use independence::{GateStatus, IndependencePredicate};
pub use kind::Kind;
pub use outcome::{OutcomePredicate, Verdict};
pub use place::{LedgerPath, Location, Notes, Object, Scope, Stands, run_directory};
pub use policy::PolicyPredicate;
pub use receipt::{Movement, ReceiptPredicate};
pub use record::{Binding, Predicate, Record, Signers};
pub use revocation::RevocationPredicate;
pub use run::RunPredicate;
pub use self_approval::SelfApprovalPredicate;
pub use statement::{BadStatement, Context, STATEMENT_TYPE, Statement, Subject, type_of};
