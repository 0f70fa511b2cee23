//! What a work packet says beyond the fields that every contract has.
//!
//! Nothing here is a verdict: what a packet states of hygiene, evidence or validation is kept as it is
//! written, and decides nothing.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::super::{ObjectId, Sha256, TaskId};
use super::problem::{ContractProblem, FORMAT, MAX_ENTRIES, check_text};

/// Where each success criterion is met: a file of the evidence that a contract may ask for.
pub const EVIDENCE_MAP: &str = "evidence_map.json";
/// What was run, with the logs: such a file.
pub const WORK_LOG: &str = "work_log.json";
/// How the work is handed on: such a file.
pub const HANDOFF: &str = "handoff.json";
/// The files that the contract of a work packet asks for.
pub const WORK_EVIDENCE: [&str; 3] = [EVIDENCE_MAP, WORK_LOG, HANDOFF];

/// Tells whether a field has its default value, which is not written.
pub fn is_default<T: Default + PartialEq>(it: &T) -> bool {
    *it == T::default()
}

/// Defines a table whose fields are left out where they have their default value.
macro_rules! table {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $(
                $(#[$field_doc])*
                #[serde(default, skip_serializing_if = "is_default")]
                pub $field: $type,
            )*
        }
    };
}

table! {
    /// What a work packet says beyond the fields that every contract has.
    WorkPacket {
        /// [`FORMAT`].
        format_version: String,
        /// Which version of the packet this is, and what it follows.
        lineage: Lineage,
        /// Who is to work.
        actors: Actors,
        /// Whether others may help; absent, they may not.
        delegation: Option<Delegation>,
        /// The path of the refinement that must be signed.
        refinement_file: Option<String>,
        /// What stood there when the packet was imported: what must be signed.
        refinement_blob: Option<ObjectId>,
        /// Why it is to be done.
        why: Option<String>,
        /// The specification that decides what is right.
        authority: Authority,
        /// Where to begin.
        bootstrap: Bootstrap,
        /// The skeleton, as far as the packet has it.
        skeleton: SkeletonPlan,
        /// How all ends of the change are closed.
        closure_plan: Option<ClosurePlan>,
        /// The forms at the packet's end, as they are written.
        forms: Forms,
    }
}

table! {
    /// Which version of a packet this is, and what it follows.
    Lineage {
        /// The number after `-v`, if the id has one.
        version: Option<u32>,
        /// The version before.
        predecessor: Option<Predecessor>,
        /// What stays.
        preserved: Vec<String>,
        /// What changes, and why.
        changed: Vec<String>,
        /// What is dropped, and why.
        dropped: Vec<String>,
    }
}

table! {
    /// The version before: a contract of this ledger, or a packet outside of it.
    Predecessor {
        /// The digest of the contract's statement.
        contract: Option<Sha256>,
        /// The path of the packet.
        path: Option<String>,
        /// The digest of the packet.
        sha256: Option<Sha256>,
        /// The packet has no contract in this ledger.
        external: bool,
    }
}

table! {
    /// Who is to work.
    Actors {
        /// The agent that wrote the packet.
        agent_id: Option<String>,
        /// Its role.
        role: Option<String>,
        /// Whether a model orchestrates.
        agentic_mode: bool,
        /// The model that orchestrates.
        orchestrator_model: Option<String>,
        /// When it began.
        orchestration_started_at: Option<String>,
        /// The model that codes.
        coder_model: Option<String>,
        /// How hard it is to think.
        reasoning_strength: Option<String>,
    }
}

table! {
    /// Whether others may help.
    Delegation {
        /// They may.
        allowed: bool,
        /// The note of the operator's approval that allows it.
        operator_approval_evidence: Option<String>,
        /// How hard they are assumed to think.
        reasoning_assumption: Option<String>,
        /// The rules that they follow.
        rules: Vec<String>,
    }
}

table! {
    /// The specification that decides what is right.
    Authority {
        /// The specification at the time of the packet.
        spec_baseline: Option<String>,
        /// The path of the specification against which the work is closed.
        spec_target: Option<String>,
        /// What stood there when the packet was imported.
        spec_target_blob: Option<ObjectId>,
        /// The places of the specification that are implemented.
        spec_anchors: Vec<String>,
        /// The codex.
        codex: Option<String>,
        /// The task board.
        task_board: Option<String>,
        /// The registry of packets.
        traceability: Option<String>,
    }
}

table! {
    /// Where to begin.
    Bootstrap {
        /// Files to open.
        files: Vec<String>,
        /// Terms to search for.
        search_terms: Vec<String>,
        /// Commands to run first.
        commands: Vec<String>,
        /// What may go wrong, and what would follow.
        risk_map: Vec<Risk>,
    }
}

table! {
    /// Something that may go wrong, and what would follow.
    Risk {
        /// What may go wrong.
        risk: String,
        /// What would follow.
        effect: String,
    }
}

table! {
    /// The skeleton, as far as the packet has it.
    SkeletonPlan {
        /// Proposed interfaces, types and contracts.
        proposed: Vec<String>,
        /// Open questions.
        questions: Vec<String>,
        /// Notes.
        notes: Vec<String>,
    }
}

table! {
    /// How all ends of the change are closed.
    ClosurePlan {
        /// Whether the plan applies; if it does, no list is empty.
        applicable: bool,
        /// Where trust ends.
        trust_boundary: Option<String>,
        /// What the server believes.
        server_sources_of_truth: Vec<String>,
        /// What every record must say of its origin.
        required_provenance_fields: Vec<String>,
        /// What is verified, and how.
        verification_plan: Vec<String>,
        /// Which failures are told apart.
        error_taxonomy_plan: Vec<String>,
        /// What the interface must not allow.
        ui_guardrails: Vec<String>,
        /// What the validator asserts.
        validator_assertions: Vec<String>,
    }
}

table! {
    /// The forms at a packet's end, line by line as they are written.
    Forms {
        /// What was implemented.
        implementation: Vec<String>,
        /// Activities and commands.
        hygiene: Vec<String>,
        /// The form of the manifest, which post-work computes.
        validation: Vec<String>,
        /// The state in which the packet was handed on.
        status_handoff: Vec<String>,
        /// Which requirement is met where.
        evidence_mapping: Vec<String>,
        /// Logs and outputs.
        evidence: Vec<String>,
        /// Reports, which claim nothing here.
        validation_reports: Vec<String>,
    }
}

/// A passage of an approval packet about the packet itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// The heading above it; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// What it says.
    pub text: String,
}

table! {
    /// What an approval packet says of the gate before its execution.
    ExecutionGate {
        /// The setting that switches execution on, as `NAME=1`.
        switch: Option<String>,
        /// The stage; that of the contract.
        stage: Option<String>,
        /// The setting that names the file of the admission.
        admission_file: Option<String>,
        /// An outcome is recorded afterwards.
        outcome_required: bool,
    }
}

impl ClosurePlan {
    /// Returns the lists, by name.
    pub fn lists(&self) -> [(&'static str, &Vec<String>); 6] {
        [
            (
                "packet.closure_plan.server_sources_of_truth",
                &self.server_sources_of_truth,
            ),
            (
                "packet.closure_plan.required_provenance_fields",
                &self.required_provenance_fields,
            ),
            (
                "packet.closure_plan.verification_plan",
                &self.verification_plan,
            ),
            (
                "packet.closure_plan.error_taxonomy_plan",
                &self.error_taxonomy_plan,
            ),
            ("packet.closure_plan.ui_guardrails", &self.ui_guardrails),
            (
                "packet.closure_plan.validator_assertions",
                &self.validator_assertions,
            ),
        ]
    }
}

impl Forms {
    /// Returns the forms, by name.
    pub fn lists(&self) -> [(&'static str, &Vec<String>); 7] {
        [
            ("packet.forms.implementation", &self.implementation),
            ("packet.forms.hygiene", &self.hygiene),
            ("packet.forms.validation", &self.validation),
            ("packet.forms.status_handoff", &self.status_handoff),
            ("packet.forms.evidence_mapping", &self.evidence_mapping),
            ("packet.forms.evidence", &self.evidence),
            ("packet.forms.validation_reports", &self.validation_reports),
        ]
    }
}

impl WorkPacket {
    /// Returns the texts, by the name of their field.
    pub fn texts(&self) -> Vec<(&'static str, &str)> {
        let (actors, authority) = (&self.actors, &self.authority);
        let predecessor = self.lineage.predecessor.as_ref();
        let delegation = self.delegation.as_ref();
        let plan = self.closure_plan.as_ref();
        let texts = [
            ("packet.format_version", Some(&self.format_version)),
            (
                "packet.lineage.predecessor.path",
                predecessor.and_then(|it| it.path.as_ref()),
            ),
            ("packet.actors.agent_id", actors.agent_id.as_ref()),
            ("packet.actors.role", actors.role.as_ref()),
            (
                "packet.actors.orchestrator_model",
                actors.orchestrator_model.as_ref(),
            ),
            (
                "packet.actors.orchestration_started_at",
                actors.orchestration_started_at.as_ref(),
            ),
            ("packet.actors.coder_model", actors.coder_model.as_ref()),
            (
                "packet.actors.reasoning_strength",
                actors.reasoning_strength.as_ref(),
            ),
            (
                "packet.delegation.operator_approval_evidence",
                delegation.and_then(|it| it.operator_approval_evidence.as_ref()),
            ),
            (
                "packet.delegation.reasoning_assumption",
                delegation.and_then(|it| it.reasoning_assumption.as_ref()),
            ),
            ("packet.refinement_file", self.refinement_file.as_ref()),
            ("packet.why", self.why.as_ref()),
            (
                "packet.authority.spec_baseline",
                authority.spec_baseline.as_ref(),
            ),
            (
                "packet.authority.spec_target",
                authority.spec_target.as_ref(),
            ),
            ("packet.authority.codex", authority.codex.as_ref()),
            ("packet.authority.task_board", authority.task_board.as_ref()),
            (
                "packet.authority.traceability",
                authority.traceability.as_ref(),
            ),
            (
                "packet.closure_plan.trust_boundary",
                plan.and_then(|it| it.trust_boundary.as_ref()),
            ),
        ];
        let texts = texts.into_iter();
        texts
            .filter_map(|(field, text)| Some((field, text?.as_str())))
            .collect()
    }

    /// Returns the lists of texts, by the name of their field.
    pub fn lists(&self) -> Vec<(&'static str, &Vec<String>)> {
        let (lineage, bootstrap, skeleton) = (&self.lineage, &self.bootstrap, &self.skeleton);
        let mut lists = vec![
            ("packet.lineage.preserved", &lineage.preserved),
            ("packet.lineage.changed", &lineage.changed),
            ("packet.lineage.dropped", &lineage.dropped),
            (
                "packet.authority.spec_anchors",
                &self.authority.spec_anchors,
            ),
            ("packet.bootstrap.files", &bootstrap.files),
            ("packet.bootstrap.search_terms", &bootstrap.search_terms),
            ("packet.bootstrap.commands", &bootstrap.commands),
            ("packet.skeleton.proposed", &skeleton.proposed),
            ("packet.skeleton.questions", &skeleton.questions),
            ("packet.skeleton.notes", &skeleton.notes),
        ];
        let delegation = self.delegation.iter();
        lists.extend(delegation.map(|it| ("packet.delegation.rules", &it.rules)));
        lists.extend(self.closure_plan.iter().flat_map(ClosurePlan::lists));
        lists.extend(self.forms.lists());
        lists
    }

    /// Adds what is wrong with the packet of a contract.
    pub(super) fn problems(
        &self,
        id: &TaskId,
        base_id: Option<&TaskId>,
        signature: Option<&str>,
        problems: &mut Vec<ContractProblem>,
    ) {
        if self.format_version != FORMAT {
            problems.push(ContractProblem::Format(self.format_version.clone()));
        }
        let (base, version) = id.versioned();
        if self.lineage.version != version {
            problems.push(ContractProblem::Version(id.clone()));
        }
        if base_id != Some(&base) {
            problems.push(ContractProblem::BaseId(base));
        }
        if let Some(signature) = signature.filter(|it| !is_signature(it)) {
            problems.push(ContractProblem::Signature(signature.to_owned()));
        }
        if !self.actors.agentic_mode && self.actors.orchestrator_model.is_some() {
            problems.push(ContractProblem::NotAgentic);
        }
        if let Some(it) = &self.delegation
            && it.allowed
            && it.operator_approval_evidence.is_none()
        {
            problems.push(ContractProblem::Delegation);
        }
        if let Some(plan) = self.closure_plan.as_ref().filter(|it| it.applicable) {
            let empty = plan.lists().into_iter().filter(|(_, it)| it.is_empty());
            problems.extend(empty.map(|(field, _)| ContractProblem::OpenEnd(field)));
            if plan.trust_boundary.is_none() {
                let field = "packet.closure_plan.trust_boundary";
                problems.push(ContractProblem::OpenEnd(field));
            }
        }
        for (field, text) in self.texts() {
            check_text(field, text, problems);
        }
        for (field, entries) in self.lists() {
            if entries.len() > MAX_ENTRIES {
                problems.push(ContractProblem::TooMany(field));
            }
            for text in entries {
                check_text(field, text, problems);
            }
        }
        for risk in &self.bootstrap.risk_map {
            check_text("packet.bootstrap.risk_map", &risk.risk, problems);
            check_text("packet.bootstrap.risk_map", &risk.effect, problems);
        }
        if self.bootstrap.risk_map.len() > MAX_ENTRIES {
            problems.push(ContractProblem::TooMany("packet.bootstrap.risk_map"));
        }
    }
}

impl Risk {
    /// Reads `"what may go wrong" -> "what would follow"`; the quotes may be missing.
    pub fn parse(text: &str) -> Option<Self> {
        let (risk, effect) = text.split_once(" -> ")?;
        let bare = |text: &str| {
            let text = text.trim();
            let inner = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
            inner.unwrap_or(text).to_owned()
        };
        let (risk, effect) = (bare(risk), bare(effect));
        let said = !risk.trim().is_empty() && !effect.trim().is_empty();
        said.then_some(Self { risk, effect })
    }
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} -> {:?}", self.risk, self.effect)
    }
}

/// Tells whether text has the form of a user signature: `ann010120260000`.
pub fn is_signature(text: &str) -> bool {
    let digits = text.trim_start_matches(|c: char| c.is_ascii_lowercase());
    digits.len() < text.len() && digits.len() == 12 && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Returns the name under which the one contract with a user signature is found.
pub fn signature_key(signature: &str) -> Sha256 {
    Sha256::of(format!("user signature\n{signature}\n").as_bytes())
}

impl TaskId {
    /// Returns the id without `-vN`, and the number.
    pub fn versioned(&self) -> (TaskId, Option<u32>) {
        let split = || {
            let (base, number) = self.as_str().rsplit_once("-v")?;
            // One spelling a number: `-v02` is a part of the name.
            let number: u32 = number
                .parse()
                .ok()
                .filter(|it: &u32| it.to_string() == number)?;
            Some((TaskId::new(base).ok()?, Some(number).filter(|it| *it > 0)?))
        };
        match split() {
            Some((base, number)) => (base, Some(number)),
            None => (self.clone(), None),
        }
    }

    /// Returns what the id ends with if it looks like the number of a version: `v02` of `X-v02`.
    pub fn numbered(&self) -> Option<&str> {
        let (_, end) = self.as_str().rsplit_once('-')?;
        let digits = end.strip_prefix(['v', 'V'])?;
        let is = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
        is.then_some(end)
    }

    /// Returns the id of the version after: of `X` and of `X-v1`, `X-v2`.
    pub fn later(&self) -> Option<TaskId> {
        let (base, version) = self.versioned();
        let next = version.unwrap_or(1).checked_add(1)?;
        TaskId::new(format!("{base}-v{next}")).ok()
    }

    /// Returns the id of the version before, if there is one: of `X-v2`, first `X-v1`, then `X`.
    pub fn earlier(&self) -> Vec<TaskId> {
        let (base, Some(version)) = self.versioned() else {
            return Vec::new();
        };
        let before = version.saturating_sub(1);
        let numbered = (before > 0).then(|| TaskId::new(format!("{base}-v{before}")).ok());
        let plain = (before == 1).then_some(base);
        numbered.flatten().into_iter().chain(plain).collect()
    }
}
