//! What a task packet, an approval's sentence and an address must be to stand in a record.

use std::fmt::Display;

use crate::facts::upstream::Ahead;
use crate::packet::{Complaint, PacketProblem};
use crate::record::contract::{Contract, FORMAT};
use crate::record::sentence::SentenceMismatch;
use crate::record::{Finding, ObjectId, Refusal, Rule, Subject, TaskId};

use super::remedy;

/// Returns the refusal of a packet: the line of each complaint, if it has one, and the complaint.
pub fn packet(complaints: &[Complaint]) -> Refusal {
    let finding = |rule: Rule, subject, found: &str| {
        let expected = match rule {
            Rule::PacketFormat => FORMAT,
            _ => "a complete, unambiguous packet",
        };
        rule.finding(subject)
            .found(found)
            .expected(expected)
            .remedy("mend the packet and import it again")
    };
    let complaints = complaints.iter().map(|complaint| {
        let line = complaint.line;
        let place = line.map_or("packet".to_owned(), |line| format!("line {line}"));
        let rule = match complaint.problem {
            PacketProblem::Format(_) => Rule::PacketFormat,
            PacketProblem::Ceiling { .. } => Rule::CeilingTerms,
            _ => Rule::Packet,
        };
        finding(rule, Subject::of_record(place), &complaint.reason())
    });
    let found = "a packet that cannot be understood";
    let nothing = finding(Rule::Packet, Subject::none(), found);
    Refusal::or(complaints, nothing)
}

/// Judges the further fields of a contract that arrives: a name in two Unicode forms is one name.
pub fn extra(contract: &Contract, subject: Subject) -> Option<Finding> {
    let (one, other) = contract.extra_twice()?;
    let escaped = |text: &str| text.escape_unicode().to_string();
    let finding = Rule::RecordCanonical
        .finding(subject)
        .found(format!("extra: {} and {}", escaped(one), escaped(other)))
        .expected("each name once, in one Unicode form");
    Some(finding.remedy("mend the packet and import it again"))
}

/// Returns the finding that a user signature is that of another contract, or that the ledger lists none for
/// it.
pub fn signature_once(listed: Option<&TaskId>, subject: Subject) -> Finding {
    let found = match listed {
        Some(task) => format!("the user signature of {task}"),
        None => "a user signature that the ledger does not list".to_owned(),
    };
    Rule::SignatureOnce
        .finding(subject)
        .found(found)
        .expected("a user signature that no other contract has")
        .remedy("write a new USER_SIGNATURE into the packet and import it again")
}

/// Returns the finding that a sentence is not the one that the contract demands.
pub fn sentence(task: &TaskId, contract: &Contract, mismatch: SentenceMismatch) -> Finding {
    Rule::ExactSentence
        .finding(Subject::of_record(task))
        .found(mismatch)
        .expected(format!("{:?}", contract.approval_sentence))
        .remedy(format!("git awo task show {task}"))
}

/// Returns the finding that text is no address of a forge's run.
pub fn workflow_url(bad: impl Display) -> Finding {
    Rule::WorkflowUrl
        .finding(Subject::none())
        .found(bad)
        .expected("http:// or https://, printable ASCII, at most 2,048 bytes")
        .remedy("git awo approve RUN --workflow-run-url URL")
}

/// Returns the finding that the branch of a contract, on whose tip it is to be executed, is behind where
/// it was seen last.
pub fn behind(it: &Ahead, tip: ObjectId) -> Finding {
    Rule::BranchMoved
        .finding(Subject::of_ref(&it.branch))
        .found(tip)
        .expected(format!("a descendant of {}, as {} is", it.tip, it.tracking))
        .remedy(format!(
            "{}; or name the commit: --base REV",
            remedy::follow(it)
        ))
}
