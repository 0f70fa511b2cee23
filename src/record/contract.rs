//! Task contracts: what a task may touch, must achieve and must leave as evidence.
//!
//! A [`ContractDraft`] is unchecked; a [`Contract`] is checked. Only a contract is ever signed, and
//! it is checked again whenever it is read.

mod action;
mod ceiling;
mod cell;
mod pattern;
mod problem;
#[cfg(test)]
pub(crate) mod tests;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;

pub use action::{ActionName, UnknownAction};
pub use ceiling::CeilingTerms;
pub use cell::{CellLimits, CellTerms, HOMES, may_read};
pub use pattern::{BadPattern, PathList, check_pattern, is_unfit};
pub use problem::{ContractProblem, ContractProblems, FORMAT, SCHEMA};
pub use work::{
    Actors, Authority, Bootstrap, ClosurePlan, Delegation, EVIDENCE_MAP, ExecutionGate, Forms,
    HANDOFF, Lineage, Notice, Predecessor, Risk, SkeletonPlan, WORK_EVIDENCE, WORK_LOG, WorkPacket,
    is_default, is_signature, signature_key,
};

use problem::{MAX_ENTRIES, MAX_STEPS, check_text};

use super::determinism::RUNS;
use super::name::check_line;
use super::{ObjectId, RefName, Sha256, TaskId};

/// The kind of packet from which a contract was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PacketKind {
    /// Markdown: a target repository, a task contract and a required approval.
    #[serde(rename = "governed-workflow-approval")]
    GovernedWorkflowApproval,
    /// Markdown: metadata, scope and quality gate.
    #[serde(rename = "work-packet")]
    WorkPacket,
    /// TOML with the schema `awo.packet/1`.
    #[serde(rename = "toml")]
    Toml,
}

/// Who opens gate 1 of a contract: what must speak for its execution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gate1 {
    /// Operators, each by the exact sentence of the contract.
    #[default]
    Sentence,
    /// Operators, who need not type the sentence.
    Operator,
    /// One decision on the gate SpecApproval, which counts as one approval.
    Decision,
}

impl Gate1 {
    /// Every way.
    pub const ALL: &'static [Self] = &[Self::Sentence, Self::Operator, Self::Decision];

    /// Returns the word of a contract for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sentence => "sentence",
            Self::Operator => "operator",
            Self::Decision => "decision",
        }
    }

    /// Returns what a word means, if anything.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.word() == word)
    }

    fn is_sentence(&self) -> bool {
        *self == Self::Sentence
    }
}

impl fmt::Display for Gate1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The target repository, and its admission according to the packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The location of the repository, as written in the packet. A locator proves nothing: the
    /// admitted repository is identified by its first policy commit.
    pub locator: String,
    /// The admission according to the packet.
    pub admission: Admission,
}

/// The admission of the target according to the packet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Admission {
    /// The record of the admission.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// `admitted`, or another word of the packet; `unstated` if it has none.
    pub status: String,
    /// The owner of the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The risk classification.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk: Option<String>,
    /// The observed state of the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_state: Option<String>,
}

/// An unchecked contract: every field is public, and fields are not checked against each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContractDraft {
    /// [`SCHEMA`].
    pub schema: String,
    /// The task.
    pub id: TaskId,
    /// The id without its version, if the packet has versions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_task_id: Option<TaskId>,
    /// The packet's heading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What is to be done.
    pub task: String,
    /// The target repository.
    pub target: Target,
    /// The target branch.
    pub target_ref: RefName,
    /// The base commit of the packet, if it names one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<ObjectId>,
    /// Paths that the run may touch, in gitignore syntax. An empty list allows nothing.
    pub allowed_paths: Vec<String>,
    /// Paths that the run must not touch, in gitignore syntax; they take precedence over allowed ones.
    pub forbidden_paths: Vec<String>,
    /// What the run must not do.
    pub forbidden_actions: Vec<ActionName>,
    /// Exclusions in the words of the packet.
    pub out_of_scope: Vec<String>,
    /// What must hold afterwards.
    pub success_criteria: Vec<String>,
    /// The command (or script) that validates the result.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_command: Option<String>,
    /// Commands that validate the result one after the other, each with its own result, instead of a
    /// single command.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub validation_steps: Vec<String>,
    /// How the work is undone.
    pub rollback: Vec<String>,
    /// The exact sentence that an operator must approve.
    pub approval_sentence: String,
    /// Who opens gate 1. A contract that does not say is approved by its sentence.
    #[serde(skip_serializing_if = "Gate1::is_sentence", default)]
    pub gate1: Gate1,
    /// The required evidence.
    pub evidence: Vec<String>,
    /// The stage that `AWO_RUN_STAGE` must name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// The packet's own status. Informational: the status of a task is derived from records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The packet's risk tier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk_tier: Option<String>,
    /// Who asked for the work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requestor: Option<String>,
    /// The signature token that the packet carries. It is text and proves nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_signature: Option<String>,
    /// The predecessors according to the packet.
    pub lineage: Vec<String>,
    /// Waivers in the words of the packet. They have no effect until signed as records.
    pub waivers: Vec<String>,
    /// Other metadata, by its name in the packet.
    pub extra: BTreeMap<String, String>,
    /// The kind of the packet.
    pub packet_kind: PacketKind,
    /// The digest of the packet's original bytes.
    pub source_sha256: Sha256,
    /// `line N: text` for each line of the packet that supplied no field.
    pub not_understood: Vec<String>,
    /// `field: text` for each field that the importer supplied.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub supplied: Vec<String>,
    /// The first run touches documents only, and is approved as the skeleton.
    #[serde(skip_serializing_if = "is_default", default)]
    pub skeleton: bool,
    /// The server computes the manifest of the change and judges it.
    #[serde(skip_serializing_if = "is_default", default)]
    pub post_work: bool,
    /// What it says of the cell in which its commands run.
    #[serde(skip_serializing_if = "is_default", default)]
    pub cell: CellTerms,
    /// What it says of its ceiling.
    #[serde(skip_serializing_if = "is_default", default)]
    pub ceiling: CeilingTerms,
    /// How often a reviewer has to run the command again, with the same result each time.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub determinism: Option<u32>,
    /// What a work packet says beyond these fields.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub packet: Option<WorkPacket>,
    /// What an approval packet says of itself.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub notices: Vec<Notice>,
    /// What an approval packet says of the gate before its execution.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub execution_gate: Option<ExecutionGate>,
}

/// A checked contract. Its fields are accessible through [`ContractDraft`], and immutable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "ContractDraft", into = "ContractDraft")]
pub struct Contract(ContractDraft);

impl Deref for Contract {
    type Target = ContractDraft;

    fn deref(&self) -> &ContractDraft {
        &self.0
    }
}

impl TryFrom<ContractDraft> for Contract {
    type Error = ContractProblems;

    fn try_from(draft: ContractDraft) -> Result<Self, ContractProblems> {
        draft.check().map_err(ContractProblems)
    }
}

impl From<Contract> for ContractDraft {
    fn from(contract: Contract) -> Self {
        contract.0
    }
}

impl ContractDraft {
    /// Returns the contract, or all problems of the draft.
    pub fn check(self) -> Result<Contract, Vec<ContractProblem>> {
        let problems = self.problems();
        if problems.is_empty() {
            Ok(Contract(self))
        } else {
            Err(problems)
        }
    }

    /// Tells whether a run of it says what it rests on besides approvals: it is a work packet, or asks for a
    /// skeleton or for post-work.
    pub fn asks_for_work(&self) -> bool {
        self.packet.is_some() || self.skeleton || self.post_work
    }

    /// Tells whether it is a later version of a work packet that binds the version before neither by a contract
    /// nor by the digest of a packet.
    pub fn lacks_predecessor(&self) -> bool {
        let lineage = self.packet.as_ref().map(|it| &it.lineage);
        lineage.is_some_and(|it| {
            let before = it.predecessor.as_ref();
            it.version.is_some()
                && before.is_none_or(|it| it.contract.is_none() && it.sha256.is_none())
        })
    }

    /// Tells whether it asks for a file of the evidence by this name.
    pub fn asks_for(&self, name: &str) -> bool {
        self.evidence.iter().any(|it| it == name)
    }

    /// Returns the commands that validate the result of a run, in their order. A skeleton implements nothing,
    /// and what tests the implementation would not pass: it is not validated.
    pub fn validations(&self, makes_skeleton: bool) -> impl Iterator<Item = &str> {
        let one = self.validation_command.iter();
        let all = one.chain(&self.validation_steps).map(String::as_str);
        all.filter(move |_| !makes_skeleton)
    }

    /// Returns the validation steps of a run, which has none if it makes a skeleton.
    pub fn steps(&self, makes_skeleton: bool) -> &[String] {
        match makes_skeleton {
            true => &[],
            false => &self.validation_steps,
        }
    }

    /// Returns two keys of `extra` that are one name in two Unicode forms, if there are any.
    pub fn extra_twice(&self) -> Option<(&str, &str)> {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        let keys = self.extra.keys().map(String::as_str);
        keys.map(|key| (key, seen.insert(key.nfc().collect(), key)))
            .find_map(|(key, earlier)| Some((earlier?, key)))
    }

    fn problems(&self) -> Vec<ContractProblem> {
        let mut problems = Vec::new();
        if self.schema != SCHEMA {
            problems.push(ContractProblem::Schema(self.schema.clone()));
        }
        if self.allowed_paths.is_empty() {
            problems.push(ContractProblem::EmptyScope);
        }
        let lists = [
            ("allowed_paths", &self.allowed_paths, PathList::Allowed),
            (
                "forbidden_paths",
                &self.forbidden_paths,
                PathList::Forbidden,
            ),
        ];
        for (field, patterns, list) in lists {
            for pattern in patterns {
                if let Err(source) = check_pattern(pattern, list) {
                    problems.push(ContractProblem::Pattern {
                        field,
                        pattern: pattern.clone(),
                        source,
                    });
                }
            }
        }
        let forbidden: BTreeSet<&String> = self.forbidden_paths.iter().collect();
        for path in self
            .allowed_paths
            .iter()
            .filter(|path| forbidden.contains(path))
        {
            problems.push(ContractProblem::Contradiction(path.clone()));
        }
        self.text_problems(&mut problems);
        if let Err(why) = check_line(&self.approval_sentence) {
            problems.push(ContractProblem::Sentence(why));
        }
        if self.target_ref.branch().is_none() {
            problems.push(ContractProblem::TargetRef(self.target_ref.to_string()));
        }
        if self.base.is_some_and(|base| base.is_zero()) {
            problems.push(ContractProblem::ZeroBase);
        }
        if self.validation_command.is_some() && !self.validation_steps.is_empty() {
            problems.push(ContractProblem::TwoValidations);
        }
        if self.validation_steps.len() > MAX_STEPS {
            problems.push(ContractProblem::TooManySteps);
        }
        let token = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        if let Some(stage) = &self.stage
            && (stage.is_empty() || stage.len() > 32 || !stage.bytes().all(token))
        {
            problems.push(ContractProblem::Stage(stage.clone()));
        }
        if let Some(runs) = self.determinism.filter(|it| !RUNS.contains(it)) {
            problems.push(ContractProblem::Determinism(runs));
        }
        if let Some(gate) = &self.execution_gate
            && gate.stage != self.stage
        {
            problems.push(ContractProblem::GateStage);
        }
        self.cell.problems(&self.forbidden_actions, &mut problems);
        self.ceiling.problems(&mut problems);
        if let Some(packet) = &self.packet {
            let signature = self.user_signature.as_deref();
            let base = self.base_task_id.as_ref();
            packet.problems(&self.id, base, signature, &mut problems);
        }
        problems
    }

    fn text_problems(&self, problems: &mut Vec<ContractProblem>) {
        let admission = &self.target.admission;
        let texts = [
            ("title", self.title.as_ref()),
            ("task", Some(&self.task)),
            ("target.locator", Some(&self.target.locator)),
            ("target.admission.source", admission.source.as_ref()),
            ("target.admission.status", Some(&admission.status)),
            ("target.admission.owner", admission.owner.as_ref()),
            ("target.admission.risk", admission.risk.as_ref()),
            (
                "target.admission.observed_state",
                admission.observed_state.as_ref(),
            ),
            ("validation_command", self.validation_command.as_ref()),
            ("status", self.status.as_ref()),
            ("risk_tier", self.risk_tier.as_ref()),
            ("requestor", self.requestor.as_ref()),
            ("user_signature", self.user_signature.as_ref()),
            (
                "execution_gate.switch",
                self.execution_gate
                    .as_ref()
                    .and_then(|it| it.switch.as_ref()),
            ),
            (
                "execution_gate.admission_file",
                self.execution_gate
                    .as_ref()
                    .and_then(|it| it.admission_file.as_ref()),
            ),
        ];
        for notice in &self.notices {
            check_text("notices", &notice.text, problems);
            if let Some(section) = &notice.section {
                check_text("notices", section, problems);
            }
        }
        for (field, text) in texts {
            if let Some(text) = text {
                check_text(field, text, problems);
            }
        }
        let lists = [
            ("out_of_scope", &self.out_of_scope),
            ("success_criteria", &self.success_criteria),
            ("validation_steps", &self.validation_steps),
            ("rollback", &self.rollback),
            ("evidence", &self.evidence),
            ("lineage", &self.lineage),
            ("waivers", &self.waivers),
            ("not_understood", &self.not_understood),
            ("supplied", &self.supplied),
        ];
        for (field, entries) in lists {
            for text in entries {
                check_text(field, text, problems);
            }
        }
        for (key, value) in &self.extra {
            check_text("extra", key, problems);
            // A value may be empty, since a packet may leave a metadata line blank.
            if value.chars().any(is_unfit) {
                problems.push(ContractProblem::Unfit("extra"));
            }
        }
        let sizes = [
            ("allowed_paths", self.allowed_paths.len()),
            ("forbidden_paths", self.forbidden_paths.len()),
            ("forbidden_actions", self.forbidden_actions.len()),
            ("extra", self.extra.len()),
            ("notices", self.notices.len()),
        ];
        let sizes = sizes
            .into_iter()
            .chain(lists.map(|(field, entries)| (field, entries.len())));
        for (field, _) in sizes.filter(|(_, size)| *size > MAX_ENTRIES) {
            problems.push(ContractProblem::TooMany(field));
        }
    }
}
