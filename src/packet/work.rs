//! Work packets: metadata, scope, quality gate.

use crate::record::TaskId;

use super::gather::{Gather, List, Scalar};
use super::grammar::{Grammar, Means, Section};
use super::lines::{key, label as split_label};
use super::pieces::{Piece, PieceKind};

pub(super) const GRAMMAR: Grammar = Grammar {
    title,
    section,
    label,
};

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
        && TaskId::new(value).is_ok()
    {
        gather.mention(line, value);
    }
}

fn section(name: &str) -> Section {
    match name {
        "metadata"
        | "sub agent delegation"
        | "technical refinement"
        | "scope"
        | "quality gate"
        | "authority"
        | "end to end closure plan" => Section::Labels,
        "waivers granted" | "waivers" => Section::List(List::Waivers),
        "lineage audit" => Section::List(List::Lineage),
        "required approval" => Section::Sentence,
        _ => Section::Unknown,
    }
}

fn label(section: &str, label: &str) -> Means {
    let place = key(section);
    let name = key(label);
    let metadata = match name.as_str() {
        "task id" | "wp id" => Some(Scalar::Id),
        "base wp id" | "base task id" => Some(Scalar::BaseId),
        "merge base sha" => Some(Scalar::Base),
        "status" => Some(Scalar::Status),
        "risk tier" => Some(Scalar::RiskTier),
        "requestor" => Some(Scalar::Requestor),
        "user signature" => Some(Scalar::Signature),
        "target repository" => Some(Scalar::Locator),
        "target branch" | "target ref" => Some(Scalar::TargetRef),
        _ => None,
    };
    let contract = match name.as_str() {
        "in scope paths" | "allowed paths" => Some(List::AllowedPaths),
        "forbidden paths" | "out of scope paths" => Some(List::ForbiddenPaths),
        "forbidden actions" => Some(List::ForbiddenActions),
        _ => None,
    };
    match (place.as_str(), metadata, contract) {
        ("metadata", Some(scalar), _) => Means::Scalar(scalar),
        ("scope", _, Some(list)) => Means::List(list),
        // A restriction must not be overlooked because it is in another section.
        (_, _, Some(_)) => Means::Misplaced,
        ("metadata", ..) => Means::Extra(label.to_owned()),
        ("authority", ..) => Means::Extra(format!("AUTHORITY.{label}")),
        ("scope", ..) => match name.as_str() {
            "what" => Means::Scalar(Scalar::Task),
            "out of scope" => Means::List(List::OutOfScope),
            "why" => Means::Extra("SCOPE.Why".to_owned()),
            _ => Means::Unknown,
        },
        ("quality gate", ..) => match name.as_str() {
            "test plan" => Means::Scalar(Scalar::Validation),
            "done means" => Means::List(List::SuccessCriteria),
            "rollback hint" => Means::List(List::Rollback),
            "evidence required" => Means::List(List::Evidence),
            _ => Means::Unknown,
        },
        ("sub agent delegation" | "technical refinement" | "end to end closure plan", ..)
            if is_setting(label) =>
        {
            let place = place.to_ascii_uppercase().replace(' ', "_");
            Means::Extra(format!("{place}.{label}"))
        }
        _ => Means::Unknown,
    }
}

/// Returns whether a label is a setting of the form, such as `OPERATOR_APPROVAL_EVIDENCE`.
fn is_setting(label: &str) -> bool {
    label.contains('_')
        && label
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}
