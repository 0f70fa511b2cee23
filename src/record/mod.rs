//! Room `record`: the basic types. Ids, names, paths as bytes, canonical JSON, contracts, envelopes,
//! findings and verdicts. No input or output happens here.

pub mod artefact;
pub mod baseline;
pub mod ceiling;
pub mod choice;
pub mod code;
pub mod coded;
pub mod commit;
pub mod confidence;
pub mod contract;
pub mod determinism;
pub mod digest;
pub mod directory_path;
pub mod envelope;
pub mod event;
pub mod finding;
pub mod fold;
pub mod gate;
pub mod index_page;
pub mod json;
pub mod level;
pub mod lines;
pub mod links;
pub mod name;
pub mod names;
pub mod overridden;
pub mod path;
pub mod protection;
pub mod refusal;
pub mod report;
pub mod role;
pub mod rule;
pub mod sentence;
pub mod tag;
pub mod time;
pub mod trailers;
pub mod tree;
pub mod work_gate;

pub use choice::Choice;
pub use code::Code;
pub use coded::{Coded, Diagnosis, chain_of};
pub use confidence::{BadConfidence, Confidence};
pub use digest::{DigestPrefix, HashKind, Hasher, ObjectId, Sha256};
pub use directory_path::DirectoryPath;
pub use finding::{Finding, Findings, Subject, Verdict};
pub use gate::Gate;
pub use level::Level;
pub use name::{
    BaselineName, DecisionId, EscalationId, IdentityName, Line, PlanId, Reason, RefName, RunId,
    TaskId, Token, WorkflowUrl,
};
pub use overridden::{OverrideUse, Overrides};
pub use path::RepoPath;
pub use protection::{Held, Protection};
pub use refusal::Refusal;
pub use report::{Checked, Dependencies, Report, add_checked};
pub use role::Role;
pub use rule::{Rule, RuleName};
pub use time::{Day, Month, Timestamp};
pub use work_gate::WorkGate;
