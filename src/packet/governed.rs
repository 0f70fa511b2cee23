//! Workflow approval packets: target repository, task contract, required approval.

use super::gather::{Gather, List, Scalar};
use super::grammar::{CEILING, Field, Grammar, Means, Section};
use super::lines::key;
use super::pieces::{Piece, PieceKind};

pub(super) const GRAMMAR: Grammar = Grammar {
    title,
    sections: &[
        ("status", Section::Status),
        ("target repository", Section::Labels),
        ("task contract", Section::Labels),
        (CEILING, Section::Labels),
        ("required approval", Section::Sentence),
        ("approval", Section::Sentence),
        ("execution gate", Section::Gate),
        (
            "evidence required after execution",
            Section::List(List::Evidence),
        ),
        ("evidence required", Section::List(List::Evidence)),
        ("non-authority notice", Section::Notice),
        ("non-authority", Section::Notice),
    ],
    labels: LABELS,
    other,
    required: &[],
    notices: true,
};

const TARGET: &str = "target repository";
const CONTRACT: &str = "task contract";

const LABELS: &[(&str, &str, Field)] = &[
    (TARGET, "target repository", Field::Scalar(Scalar::Locator)),
    (
        TARGET,
        "admission source",
        Field::Scalar(Scalar::AdmissionSource),
    ),
    (
        TARGET,
        "admission status",
        Field::Scalar(Scalar::AdmissionStatus),
    ),
    (
        TARGET,
        "repository owner",
        Field::Scalar(Scalar::AdmissionOwner),
    ),
    (
        TARGET,
        "risk classification",
        Field::Scalar(Scalar::AdmissionRisk),
    ),
    (
        TARGET,
        "current observed state",
        Field::Scalar(Scalar::Observed),
    ),
    (TARGET, "observed state", Field::Scalar(Scalar::Observed)),
    (TARGET, "target branch", Field::Scalar(Scalar::TargetRef)),
    (TARGET, "target ref", Field::Scalar(Scalar::TargetRef)),
    (TARGET, "base commit", Field::Scalar(Scalar::Base)),
    (CONTRACT, "task", Field::Scalar(Scalar::Task)),
    (CONTRACT, "task id", Field::Scalar(Scalar::Id)),
    (CONTRACT, "risk tier", Field::Scalar(Scalar::RiskTier)),
    (CONTRACT, "requestor", Field::Scalar(Scalar::Requestor)),
    (CONTRACT, "allowed paths", Field::List(List::AllowedPaths)),
    (
        CONTRACT,
        "forbidden paths",
        Field::List(List::ForbiddenPaths),
    ),
    (
        CONTRACT,
        "forbidden actions",
        Field::List(List::ForbiddenActions),
    ),
    (CONTRACT, "out of scope", Field::List(List::OutOfScope)),
    (
        CONTRACT,
        "success criteria",
        Field::List(List::SuccessCriteria),
    ),
    (
        CONTRACT,
        "rollback expectation",
        Field::List(List::Rollback),
    ),
    (CONTRACT, "rollback", Field::List(List::Rollback)),
    (
        CONTRACT,
        "validation command",
        Field::Scalar(Scalar::Validation),
    ),
    ("status", "task id", Field::Scalar(Scalar::Id)),
];

/// Returns whether the packet has the headings of this kind.
pub(super) fn recognise(pieces: &[Piece]) -> bool {
    let named = |piece: &Piece| {
        let name = key(&piece.text);
        matches!(piece.kind, PieceKind::Heading(2))
            && matches!(name.as_str(), "task contract" | "required approval")
    };
    pieces.iter().any(named)
}

fn title(gather: &mut Gather, line: usize, text: &str) {
    gather.say_markdown(Scalar::Title, line, text);
}

fn other(_section: &str, _label: &str) -> Means {
    Means::Unknown
}
