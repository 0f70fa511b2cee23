//! Work packets: metadata, scope, quality gate, and the discipline around a change.

use super::gather::{Gather, List, Scalar};
use super::grammar::{CEILING, Field, Grammar, Means, Section};
use super::lines::{key, label as split_label};
use super::pieces::{Piece, PieceKind};

pub(super) const GRAMMAR: Grammar = Grammar {
    title,
    sections: &[
        ("metadata", Section::Labels),
        (DELEGATION, Section::Labels),
        (REFINEMENT, Section::Labels),
        ("scope", Section::Labels),
        ("waivers granted", Section::List(List::Waivers)),
        ("waivers", Section::List(List::Waivers)),
        (QUALITY, Section::Labels),
        ("authority", Section::Labels),
        ("lineage audit", Section::List(List::Lineage)),
        ("bootstrap", Section::Labels),
        ("skeleton", Section::Labels),
        (CLOSURE, Section::Labels),
        ("implementation", Section::Form(List::Implementation)),
        ("hygiene", Section::Form(List::Hygiene)),
        ("validation", Section::Form(List::Validation)),
        ("status handoff", Section::Form(List::StatusHandoff)),
        ("evidence mapping", Section::Form(List::EvidenceMapping)),
        ("evidence", Section::Form(List::EvidenceForm)),
        ("validation reports", Section::Form(List::Reports)),
        (CEILING, Section::Labels),
        ("required approval", Section::Sentence),
    ],
    labels: LABELS,
    other,
    required: REQUIRED,
    notices: false,
};

const DELEGATION: &str = "sub agent delegation";
const REFINEMENT: &str = "technical refinement";
const QUALITY: &str = "quality gate";
const CLOSURE: &str = "end to end closure plan";

const LABELS: &[(&str, &str, Field)] = &[
    ("metadata", "task id", Field::Scalar(Scalar::Id)),
    ("metadata", "wp id", Field::Scalar(Scalar::Id)),
    ("metadata", "base wp id", Field::Scalar(Scalar::BaseId)),
    ("metadata", "base task id", Field::Scalar(Scalar::BaseId)),
    ("metadata", "merge base sha", Field::Scalar(Scalar::Base)),
    ("metadata", "requestor", Field::Scalar(Scalar::Requestor)),
    ("metadata", "agent id", Field::Scalar(Scalar::AgentId)),
    ("metadata", "role", Field::Scalar(Scalar::AgentRole)),
    (
        "metadata",
        "agentic mode",
        Field::Scalar(Scalar::AgenticMode),
    ),
    (
        "metadata",
        "orchestrator model",
        Field::Scalar(Scalar::OrchestratorModel),
    ),
    (
        "metadata",
        "orchestration started at utc",
        Field::Scalar(Scalar::OrchestrationStart),
    ),
    ("metadata", "coder model", Field::Scalar(Scalar::CoderModel)),
    (
        "metadata",
        "coder reasoning strength",
        Field::Scalar(Scalar::Reasoning),
    ),
    ("metadata", "status", Field::Left),
    ("metadata", "risk tier", Field::Scalar(Scalar::RiskTier)),
    (
        "metadata",
        "user signature",
        Field::Scalar(Scalar::Signature),
    ),
    (
        "metadata",
        "packet format version",
        Field::Scalar(Scalar::Format),
    ),
    (
        "metadata",
        "target repository",
        Field::Scalar(Scalar::Locator),
    ),
    (
        "metadata",
        "admission source",
        Field::Scalar(Scalar::AdmissionSource),
    ),
    (
        "metadata",
        "admission status",
        Field::Scalar(Scalar::AdmissionStatus),
    ),
    (
        "metadata",
        "repository owner",
        Field::Scalar(Scalar::AdmissionOwner),
    ),
    (
        "metadata",
        "risk classification",
        Field::Scalar(Scalar::AdmissionRisk),
    ),
    (
        "metadata",
        "target branch",
        Field::Scalar(Scalar::TargetRef),
    ),
    ("metadata", "target ref", Field::Scalar(Scalar::TargetRef)),
    (
        DELEGATION,
        "sub agent delegation",
        Field::Scalar(Scalar::Delegation),
    ),
    (
        DELEGATION,
        "operator approval evidence",
        Field::Scalar(Scalar::DelegationEvidence),
    ),
    (
        DELEGATION,
        "sub agent reasoning assumption",
        Field::Scalar(Scalar::DelegationReasoning),
    ),
    (DELEGATION, "rules", Field::List(List::DelegationRules)),
    (
        REFINEMENT,
        "refinement file",
        Field::Scalar(Scalar::Refinement),
    ),
    ("scope", "what", Field::Scalar(Scalar::Task)),
    ("scope", "why", Field::Scalar(Scalar::Why)),
    ("scope", "in scope paths", Field::List(List::AllowedPaths)),
    ("scope", "allowed paths", Field::List(List::AllowedPaths)),
    (
        "scope",
        "forbidden paths",
        Field::List(List::ForbiddenPaths),
    ),
    (
        "scope",
        "out of scope paths",
        Field::List(List::ForbiddenPaths),
    ),
    (
        "scope",
        "forbidden actions",
        Field::List(List::ForbiddenActions),
    ),
    ("scope", "out of scope", Field::List(List::OutOfScope)),
    (QUALITY, "test plan", Field::Scalar(Scalar::TestPlan)),
    (QUALITY, "done means", Field::List(List::SuccessCriteria)),
    (QUALITY, "rollback hint", Field::List(List::Rollback)),
    (QUALITY, "evidence required", Field::List(List::Evidence)),
    (
        "authority",
        "spec baseline",
        Field::Scalar(Scalar::SpecBaseline),
    ),
    (
        "authority",
        "spec target",
        Field::Scalar(Scalar::SpecTarget),
    ),
    ("authority", "spec anchor", Field::List(List::Anchors)),
    ("authority", "spec anchors", Field::List(List::Anchors)),
    ("authority", "codex", Field::Scalar(Scalar::Codex)),
    ("authority", "task board", Field::Scalar(Scalar::TaskBoard)),
    (
        "authority",
        "wp traceability",
        Field::Scalar(Scalar::Traceability),
    ),
    ("bootstrap", "files to open", Field::List(List::FilesToOpen)),
    ("bootstrap", "search terms", Field::List(List::SearchTerms)),
    ("bootstrap", "run commands", Field::List(List::RunCommands)),
    ("bootstrap", "risk map", Field::List(List::RiskMap)),
    (
        "skeleton",
        "interfaces/types/contracts",
        Field::List(List::SkeletonProposed),
    ),
    (
        "skeleton",
        "open questions",
        Field::List(List::SkeletonQuestions),
    ),
    ("skeleton", "notes", Field::List(List::SkeletonNotes)),
    (
        CLOSURE,
        "end to end closure plan applicable",
        Field::Scalar(Scalar::ClosureApplicable),
    ),
    (
        CLOSURE,
        "trust boundary",
        Field::Scalar(Scalar::TrustBoundary),
    ),
    (
        CLOSURE,
        "server sources of truth",
        Field::List(List::SourcesOfTruth),
    ),
    (
        CLOSURE,
        "required provenance fields",
        Field::List(List::ProvenanceFields),
    ),
    (
        CLOSURE,
        "verification plan",
        Field::List(List::VerificationPlan),
    ),
    (
        CLOSURE,
        "error taxonomy plan",
        Field::List(List::ErrorTaxonomy),
    ),
    (CLOSURE, "ui guardrails", Field::List(List::UiGuardrails)),
    (
        CLOSURE,
        "validator assertions",
        Field::List(List::ValidatorAssertions),
    ),
];

/// What must be there, where its section is; these sections must be there: [`SECTIONS`].
const REQUIRED: &[(&str, &str, &str)] = &[
    ("metadata", "task id", "TASK_ID"),
    ("metadata", "wp id", "WP_ID"),
    ("metadata", "base wp id", "BASE_WP_ID"),
    ("metadata", "merge base sha", "MERGE_BASE_SHA"),
    ("metadata", "requestor", "REQUESTOR"),
    ("metadata", "agent id", "AGENT_ID"),
    ("metadata", "role", "ROLE"),
    ("metadata", "agentic mode", "AGENTIC_MODE"),
    ("metadata", "coder model", "CODER_MODEL"),
    (
        "metadata",
        "coder reasoning strength",
        "CODER_REASONING_STRENGTH",
    ),
    ("metadata", "risk tier", "RISK_TIER"),
    ("metadata", "user signature", "USER_SIGNATURE"),
    ("metadata", "packet format version", "PACKET_FORMAT_VERSION"),
    (DELEGATION, "sub agent delegation", "SUB_AGENT_DELEGATION"),
    (REFINEMENT, "refinement file", "REFINEMENT_FILE"),
    ("scope", "what", "What"),
    ("scope", "why", "Why"),
    ("scope", "in scope paths", "IN_SCOPE_PATHS"),
    ("scope", "out of scope", "OUT_OF_SCOPE"),
    (QUALITY, "test plan", "TEST_PLAN"),
    (QUALITY, "done means", "DONE_MEANS"),
    (QUALITY, "rollback hint", "ROLLBACK_HINT"),
    ("authority", "spec baseline", "SPEC_BASELINE"),
    ("authority", "spec target", "SPEC_TARGET"),
    ("authority", "spec anchor", "SPEC_ANCHOR"),
    (
        CLOSURE,
        "end to end closure plan applicable",
        "END_TO_END_CLOSURE_PLAN_APPLICABLE",
    ),
];

/// The sections without which there is no work packet.
pub(super) const SECTIONS: &[(&str, &str)] = &[
    ("metadata", "METADATA"),
    (REFINEMENT, "TECHNICAL_REFINEMENT"),
    ("scope", "SCOPE"),
    (QUALITY, "QUALITY_GATE"),
    ("authority", "AUTHORITY"),
];

/// Returns whether the packet has the metadata of this kind.
pub(super) fn recognise(pieces: &[Piece]) -> bool {
    let metadata =
        |p: &Piece| matches!(p.kind, PieceKind::Heading(2)) && key(&p.text) == "metadata";
    let scope = |p: &Piece| matches!(p.kind, PieceKind::Heading(2)) && key(&p.text) == "scope";
    pieces.iter().any(metadata) && pieces.iter().any(scope)
}

/// Reads `Task Packet: <ID>`; the id must equal that of the metadata.
fn title(gather: &mut Gather, line: usize, text: &str) {
    gather.say_markdown(Scalar::Title, line, text);
    if let Some((label, value)) = split_label(text)
        && matches!(key(label).as_str(), "task packet" | "work packet")
    {
        gather.titled(line, value);
    }
}

/// A further setting of a form is kept under its name.
fn other(section: &str, label: &str) -> Means {
    let place = key(section);
    match place.as_str() {
        "metadata" => Means::Extra(label.to_owned()),
        DELEGATION | REFINEMENT | CLOSURE | "authority" | "bootstrap" => {
            let place = place.to_ascii_uppercase().replace(' ', "_");
            Means::Extra(format!("{place}.{label}"))
        }
        _ => Means::Unknown,
    }
}
