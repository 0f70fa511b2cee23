//! Workflow approval packets: target repository, task contract, required approval.

use super::gather::{Gather, List, Scalar};
use super::grammar::{Grammar, Means, Section};
use super::lines::key;
use super::pieces::{Piece, PieceKind};

pub(super) const GRAMMAR: Grammar = Grammar {
    title,
    section,
    label,
};

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

fn section(name: &str) -> Section {
    match name {
        "status" => Section::Status,
        "target repository" | "task contract" => Section::Labels,
        "required approval" | "approval" => Section::Sentence,
        "execution gate" => Section::Gate,
        "evidence required after execution" | "evidence required" => Section::List(List::Evidence),
        _ => Section::Unknown,
    }
}

fn label(section: &str, label: &str) -> Means {
    let section = key(section);
    let name = key(label);
    let target = match name.as_str() {
        "target repository" => Some(Scalar::Locator),
        "admission source" => Some(Scalar::AdmissionSource),
        "admission status" => Some(Scalar::AdmissionStatus),
        "repository owner" => Some(Scalar::AdmissionOwner),
        "risk classification" => Some(Scalar::AdmissionRisk),
        "current observed state" | "observed state" => Some(Scalar::Observed),
        "target branch" | "target ref" => Some(Scalar::TargetRef),
        "base commit" => Some(Scalar::Base),
        _ => None,
    };
    let contract = match name.as_str() {
        "allowed paths" => Some(Means::List(List::AllowedPaths)),
        "forbidden paths" => Some(Means::List(List::ForbiddenPaths)),
        "forbidden actions" => Some(Means::List(List::ForbiddenActions)),
        "out of scope" => Some(Means::List(List::OutOfScope)),
        "success criteria" => Some(Means::List(List::SuccessCriteria)),
        "rollback expectation" | "rollback" => Some(Means::List(List::Rollback)),
        "validation command" => Some(Means::Scalar(Scalar::Validation)),
        _ => None,
    };
    match (section.as_str(), target, contract) {
        ("target repository", Some(scalar), _) => Means::Scalar(scalar),
        ("task contract", _, Some(means)) => means,
        // A restriction must not be overlooked because it is in another section.
        (_, Some(_), _) | (_, _, Some(_)) => Means::Misplaced,
        ("task contract", ..) => match name.as_str() {
            "task" => Means::Scalar(Scalar::Task),
            "task id" => Means::Scalar(Scalar::Id),
            "risk tier" => Means::Scalar(Scalar::RiskTier),
            "requestor" => Means::Scalar(Scalar::Requestor),
            _ => Means::Unknown,
        },
        ("status", ..) if name == "status" => Means::Scalar(Scalar::Status),
        ("status", ..) if name == "task id" => Means::Scalar(Scalar::Id),
        _ => Means::Unknown,
    }
}
