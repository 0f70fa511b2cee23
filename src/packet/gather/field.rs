//! The fields that a packet can fill.

use crate::record::ceiling::Figure;

macro_rules! fields {
    ($(#[$doc:meta])* $kind:ident: $($name:ident = $field:literal, $said:literal;)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(in super::super) enum $kind { $($name,)* }

        impl $kind {
            pub(in super::super) const ALL: &'static [$kind] = &[$($kind::$name,)*];

            /// Returns the field of the contract, as it is serialised.
            pub(in super::super) fn field(self) -> &'static str {
                match self { $($kind::$name => $field,)* }
            }

            /// Returns the name for people.
            pub(in super::super) fn name(self) -> &'static str {
                match self { $($kind::$name => $said,)* }
            }
        }
    };
}

fields! {
    /// Fields with one value.
    Scalar:
    Id = "id", "task id";
    BaseId = "base_task_id", "base task id";
    Title = "title", "title";
    Task = "task", "task";
    Locator = "target.locator", "target repository";
    AdmissionSource = "target.admission.source", "admission source";
    AdmissionStatus = "target.admission.status", "admission status";
    AdmissionOwner = "target.admission.owner", "repository owner";
    AdmissionRisk = "target.admission.risk", "risk classification";
    Observed = "target.admission.observed_state", "observed state";
    TargetRef = "target_ref", "target branch";
    Base = "base", "base commit";
    Validation = "validation_command", "validation command";
    TestPlan = "validation_steps", "test plan";
    Sentence = "approval_sentence", "approval sentence";
    Gate1 = "gate1", "gate 1";
    Stage = "stage", "stage";
    Status = "status", "status";
    RiskTier = "risk_tier", "risk tier";
    Requestor = "requestor", "requestor";
    Signature = "user_signature", "user signature";
    Skeleton = "skeleton", "skeleton";
    PostWork = "post_work", "post-work";
    CellNetwork = "cell.network", "network of the cell";
    CellCpu = "cell.limits.cpu_seconds", "processor time";
    CellFile = "cell.limits.file_bytes", "size of files";
    CellMemory = "cell.limits.memory_bytes", "memory";
    CellFiles = "cell.limits.open_files", "open files";
    CellWall = "cell.limits.wall_seconds", "time of a command";
    CeilingLevel = "ceiling.level", "level of the ceiling";
    CeilingFiles = "ceiling.files", "files of the ceiling";
    CeilingDirectories = "ceiling.directories", "directories of the ceiling";
    CeilingLines = "ceiling.lines", "lines of the ceiling";
    Determinism = "determinism", "number of runs that must agree";
    Format = "packet.format_version", "packet format version";
    Why = "packet.why", "reason of the work";
    AgentId = "packet.actors.agent_id", "agent id";
    AgentRole = "packet.actors.role", "role";
    AgenticMode = "packet.actors.agentic_mode", "agentic mode";
    OrchestratorModel = "packet.actors.orchestrator_model", "orchestrator model";
    OrchestrationStart = "packet.actors.orchestration_started_at", "start of the orchestration";
    CoderModel = "packet.actors.coder_model", "coder model";
    Reasoning = "packet.actors.reasoning_strength", "reasoning strength";
    Delegation = "packet.delegation.allowed", "sub-agent delegation";
    DelegationEvidence = "packet.delegation.operator_approval_evidence", "operator approval evidence";
    DelegationReasoning = "packet.delegation.reasoning_assumption", "reasoning assumption";
    Refinement = "packet.refinement_file", "refinement file";
    PredecessorPath = "packet.lineage.predecessor.path", "path of the predecessor";
    PredecessorSha256 = "packet.lineage.predecessor.sha256", "digest of the predecessor";
    PredecessorContract = "packet.lineage.predecessor.contract", "contract of the predecessor";
    PredecessorExternal = "packet.lineage.predecessor.external", "external predecessor";
    SpecBaseline = "packet.authority.spec_baseline", "spec baseline";
    SpecTarget = "packet.authority.spec_target", "spec target";
    Codex = "packet.authority.codex", "codex";
    TaskBoard = "packet.authority.task_board", "task board";
    Traceability = "packet.authority.traceability", "traceability registry";
    ClosureApplicable = "packet.closure_plan.applicable", "applicability of the closure plan";
    TrustBoundary = "packet.closure_plan.trust_boundary", "trust boundary";
    GateSwitch = "execution_gate.switch", "switch of the execution gate";
    GateAdmission = "execution_gate.admission_file", "admission file";
    GateOutcome = "execution_gate.outcome_required", "outcome";
}

fields! {
    /// Fields with a list of values.
    List:
    AllowedPaths = "allowed_paths", "allowed paths";
    ForbiddenPaths = "forbidden_paths", "forbidden paths";
    ForbiddenActions = "forbidden_actions", "forbidden actions";
    OutOfScope = "out_of_scope", "out of scope";
    SuccessCriteria = "success_criteria", "success criteria";
    Steps = "validation_steps", "validation steps";
    Rollback = "rollback", "rollback";
    Evidence = "evidence", "evidence";
    Lineage = "lineage", "lineage";
    Waivers = "waivers", "waivers";
    CellRead = "cell.read", "what the cell may read";
    CeilingPaths = "ceiling.paths", "paths of the ceiling";
    CeilingActions = "ceiling.actions", "actions of the ceiling";
    Preserved = "packet.lineage.preserved", "what is preserved";
    Changed = "packet.lineage.changed", "what is changed";
    Dropped = "packet.lineage.dropped", "what is dropped";
    DelegationRules = "packet.delegation.rules", "rules of delegation";
    Anchors = "packet.authority.spec_anchors", "spec anchors";
    FilesToOpen = "packet.bootstrap.files", "files to open";
    SearchTerms = "packet.bootstrap.search_terms", "search terms";
    RunCommands = "packet.bootstrap.commands", "run commands";
    RiskMap = "packet.bootstrap.risk_map", "risk map";
    SkeletonProposed = "packet.skeleton.proposed", "proposed interfaces";
    SkeletonQuestions = "packet.skeleton.questions", "open questions";
    SkeletonNotes = "packet.skeleton.notes", "notes on the skeleton";
    SourcesOfTruth = "packet.closure_plan.server_sources_of_truth", "server sources of truth";
    ProvenanceFields = "packet.closure_plan.required_provenance_fields", "required provenance fields";
    VerificationPlan = "packet.closure_plan.verification_plan", "verification plan";
    ErrorTaxonomy = "packet.closure_plan.error_taxonomy_plan", "error taxonomy plan";
    UiGuardrails = "packet.closure_plan.ui_guardrails", "UI guardrails";
    ValidatorAssertions = "packet.closure_plan.validator_assertions", "validator assertions";
    Implementation = "packet.forms.implementation", "implementation";
    Hygiene = "packet.forms.hygiene", "hygiene";
    Validation = "packet.forms.validation", "validation";
    StatusHandoff = "packet.forms.status_handoff", "status hand-off";
    EvidenceMapping = "packet.forms.evidence_mapping", "evidence mapping";
    EvidenceForm = "packet.forms.evidence", "evidence of the work";
    Reports = "packet.forms.validation_reports", "validation reports";
}

impl Scalar {
    /// Returns the words for yes and no, if those are what the field can say.
    pub(in super::super) fn flag(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Delegation => Some(("ALLOWED", "DISALLOWED")),
            Self::AgenticMode
            | Self::ClosureApplicable
            | Self::Skeleton
            | Self::PostWork
            | Self::CellNetwork
            | Self::PredecessorExternal
            | Self::GateOutcome => Some(("YES", "NO")),
            _ => None,
        }
    }

    /// Returns the limit of a cell that the field sets.
    pub(in super::super) fn limit(self) -> Option<&'static str> {
        self.field().strip_prefix("cell.limits.")
    }

    /// Returns the figure of a ceiling that the field sets.
    pub(in super::super) fn figure(self) -> Option<Figure> {
        let word = self.field().strip_prefix("ceiling.")?;
        Figure::ALL.iter().copied().find(|it| it.word() == word)
    }

    /// Returns whether the field is commands, word for word and on as many lines as they have.
    pub(in super::super) fn is_script(self) -> bool {
        matches!(self, Self::Validation | Self::TestPlan)
    }

    /// Returns whether a remark in brackets may follow the value.
    pub(in super::super) fn has_remark(self) -> bool {
        matches!(
            self,
            Self::Id
                | Self::BaseId
                | Self::Base
                | Self::Signature
                | Self::Format
                | Self::SpecTarget
                | Self::Refinement
                | Self::DelegationReasoning
        ) || self.flag().is_some()
    }
}

impl List {
    /// Returns whether an entry is an exact name, not a text.
    pub(in super::super) fn is_exact(self) -> bool {
        matches!(
            self,
            Self::AllowedPaths
                | Self::ForbiddenPaths
                | Self::ForbiddenActions
                | Self::CeilingPaths
                | Self::CeilingActions
        )
    }

    /// Returns whether an entry is asked for, so that a placeholder is none.
    pub(in super::super) fn is_demanded(self) -> bool {
        self.field().starts_with("packet.closure_plan.")
            || matches!(
                self,
                Self::SuccessCriteria | Self::Anchors | Self::OutOfScope | Self::Rollback
            )
    }

    /// Returns whether a heading or label of the list may stand without entries.
    pub(in super::super) fn may_be_empty(self) -> bool {
        !self.is_exact()
            && (self.field().starts_with("packet.")
                || matches!(self, Self::Lineage | Self::Waivers))
    }
}
