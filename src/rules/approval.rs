//! An approval that arrives: it approves one thing exactly, for a while, once.

use crate::facts::approvals::ApprovalFacts;
use crate::record::{Findings, Rule, Subject, sentence};
use crate::records::Approves;

use super::work;

/// The longest nonce of an approval, in characters.
const MAX_NONCE: usize = 64;

/// Judges an approval that arrived on an object, given by `subject`.
pub fn arrives(facts: &ApprovalFacts<'_>, subject: &Subject, findings: &mut Findings) {
    lifetime(facts, subject, findings);
    nonce(facts, subject, findings);
    expired(facts, subject, findings);
    let says = facts.approval.predicate();
    match says.approves {
        Approves::Task => {
            task(facts, subject, findings);
            if let Some((contract, facts)) = &facts.work {
                work::ready(&contract.predicate().contract, facts, subject, findings);
            }
        }
        Approves::Audit if says.run.is_none() => findings.push(
            Rule::NoteObject
                .finding(subject.clone())
                .found("an approval of no run")
                .expected("a note on the object that it binds")
                .remedy("git awo approve RUN"),
        ),
        Approves::Audit if facts.is_new => audit(facts, subject, findings),
        Approves::Audit => {}
    }
}

/// An approval of a run says nothing that one of a task says, and names the task of the run.
fn audit(facts: &ApprovalFacts<'_>, subject: &Subject, findings: &mut Findings) {
    let says = facts.approval.predicate();
    let run = says.run.as_ref().map_or("RUN", |run| run.as_str());
    let mut refuse = |rule: Rule, found: String, expected: String| {
        let finding = rule.finding(subject.clone()).found(found);
        let again = format!("git awo approve {run}");
        findings.push(finding.expected(expected).remedy(again));
    };
    if says.base.is_some() || says.sentence.is_some() {
        let found = "an approval of a run with the base or the sentence of a task";
        let expected = "run, commit, root and independence log only";
        refuse(Rule::ApprovesRun, found.to_owned(), expected.to_owned());
    }
    if let Some(task) = facts.run_task.as_ref().filter(|task| **task != says.task) {
        refuse(Rule::BindsTask, says.task.to_string(), task.to_string());
    }
}

fn task(facts: &ApprovalFacts<'_>, subject: &Subject, findings: &mut Findings) {
    let says = facts.approval.predicate();
    let again = format!("git awo approve {}", says.task);
    let mut refuse = |rule: Rule, found: String, expected: String| {
        let finding = rule.finding(subject.clone()).found(found);
        findings.push(finding.expected(expected).remedy(&again));
    };
    let Some((contract, read)) = &facts.contract else {
        let found = format!("no contract {}", says.task);
        return refuse(
            Rule::BindsContract,
            found,
            "a contract in the ledger".to_owned(),
        );
    };
    if says.contract != *contract {
        let found = says.contract.to_string();
        refuse(Rule::BindsContract, found, contract.to_string());
    }
    if says.base.is_none() || says.commit.is_some() || says.run.is_some() || says.root.is_some() {
        let found = "not exactly a base commit".to_owned();
        refuse(
            Rule::BindsBase,
            found,
            "a base commit, and no run".to_owned(),
        );
    }
    if let Some(read) = read {
        let expected = &read.contract.approval_sentence;
        let given = says.sentence.as_deref().unwrap_or_default();
        // A line feed at the end is for whoever types the sentence; a record has the sentence itself.
        let longer = facts.is_new && given.strip_suffix('\n') == Some(expected.as_str());
        if longer {
            let found = "the sentence with a line feed at its end".to_owned();
            refuse(Rule::ExactSentence, found, format!("{expected:?}"));
        }
        if let Err(mismatch) = sentence::compare(expected, given.as_bytes()) {
            refuse(
                Rule::ExactSentence,
                mismatch.to_string(),
                format!("{expected:?}"),
            );
        }
    }
}

/// An approval has not expired when it arrives, unless its maker has withdrawn it.
fn expired(facts: &ApprovalFacts<'_>, subject: &Subject, findings: &mut Findings) {
    let says = facts.approval.predicate();
    if let Some(time) = facts.arrival
        && says.expires <= time
        && !facts.revoked
    {
        let approved = says
            .run
            .as_ref()
            .map_or(says.task.as_str(), |run| run.as_str());
        findings.push(
            Rule::ApprovalUnexpired
                .finding(subject.clone())
                .found(format!("expired at {}", says.expires))
                .expected(format!("valid at {time}"))
                .remedy(format!("git awo approve {approved}")),
        );
    }
}

/// An approval that arrives may not be valid for longer than the policy says, give or take a day
/// for clocks that disagree.
fn lifetime(facts: &ApprovalFacts<'_>, subject: &Subject, findings: &mut Findings) {
    let says = facts.approval.predicate();
    if let Some((days, latest)) = facts.lifetime
        && says.expires > latest
    {
        findings.push(
            Rule::ApprovalLifetime
                .finding(subject.clone())
                .found(format!("valid until {}", says.expires))
                .expected(format!("at most {days} days"))
                .remedy(format!("git awo approve {}", says.task)),
        );
    }
}

/// The nonce of an approval that arrives is a plain word, and of this person's approvals on this
/// object the only one of its name: the same one twice is a replay with other words.
fn nonce(facts: &ApprovalFacts<'_>, subject: &Subject, findings: &mut Findings) {
    if facts.lifetime.is_none() {
        return;
    }
    let says = facts.approval.predicate();
    let mut refuse = |rule: Rule, found: String, expected: String| {
        let finding = rule.finding(subject.clone()).found(found);
        let again = format!("git awo approve {}", says.task);
        findings.push(finding.expected(expected).remedy(again));
    };
    let plain = |it: u8| it.is_ascii_alphanumeric() || b"._-".contains(&it);
    if !((1..=MAX_NONCE).contains(&says.nonce.len()) && says.nonce.bytes().all(plain)) {
        let expected = format!("1 to {MAX_NONCE} of 0-9 A-Z a-z . _ -");
        refuse(Rule::ApprovalNonce, format!("{:?}", says.nonce), expected);
    }
    if let Some(twin) = facts.twin {
        let found = format!("{:?} is the nonce of {twin}", says.nonce);
        refuse(Rule::NonceOnce, found, "a nonce of its own".to_owned());
    }
}
