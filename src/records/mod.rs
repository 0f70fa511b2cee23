//! Room `records`: the kinds of signed records. One file per kind defines everything that depends on
//! the kind.
//!
//! A new kind needs a file here, a variant of [`Kind`] and a line in `registry`. Collection, placement,
//! checks of roles and bindings, union merge, export, `show` and the tables of the formats page use
//! that definition: no other room matches on kinds.

mod admission;
mod approval;
mod attestation;
mod auto_signature;
mod cancellation;
mod consent_receipt;
mod contract;
mod decision;
mod determinism;
mod escalation;
mod escalation_use;
mod finalization;
mod independence;
mod kind;
mod lease;
mod outcome;
mod place;
mod policy;
mod pre_work;
mod projection_plan;
mod receipt;
mod record;
mod registry;
mod revocation;
mod run;
mod self_approval;
mod statement;
mod vouch;

pub use admission::{AdmissionPredicate, AdmissionSource};
pub use approval::{ApprovalPredicate, Approves};
pub use attestation::AttestationPredicate;
pub use auto_signature::{AutoSignature, AutoSignaturePredicate, SCHEMA as SIGNATURE_SCHEMA};
pub use cancellation::CancellationPredicate;
pub use consent_receipt::{ConsentReceipt, ConsentReceiptPredicate, SCHEMA as CONSENT_SCHEMA};
pub use contract::ContractPredicate;
pub use decision::{
    Actor, ActorKind, DecisionPredicate, GovDecision, OpenedBy, SCHEMA as DECISION_SCHEMA, Target,
    WaiverScope,
};
pub use determinism::DeterminismPredicate;
pub use escalation::{CloudEscalation, EscalationPredicate, SCHEMA as ESCALATION_SCHEMA};
pub use escalation_use::EscalationUsePredicate;
pub use finalization::FinalizationPredicate;
pub use independence::{GateStatus, IndependencePredicate};
pub use kind::Kind;
pub use lease::LeasePredicate;
pub use outcome::{OutcomePredicate, Verdict};
pub use place::{
    LedgerPath, Location, Notes, Object, Scope, Segment, Stands, is_below_runs, run_directory,
    run_of,
};
pub use policy::PolicyPredicate;
pub use pre_work::{PlannedChange, PlannedFile, PreWorkPredicate, Rails, Sha1, Window};
pub use projection_plan::{ProjectionPlan, ProjectionPlanPredicate, SCHEMA as PLAN_SCHEMA};
pub use receipt::{Movement, ReceiptPredicate};
pub use record::{Binding, Predicate, Record, Signers};
pub use revocation::RevocationPredicate;
pub use run::{RunPredicate, RunWork};
pub use self_approval::SelfApprovalPredicate;
pub use statement::{BadStatement, Context, STATEMENT_TYPE, Statement, Subject, type_of};
pub use vouch::VouchPredicate;
