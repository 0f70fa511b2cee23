//! Judges notes: approvals and attestations.

use super::*;
use crate::record::Rule;

/// Judges a note by itself; returns the run whose reviews must be judged with it.
pub(super) fn judge_note(
    collector: &Collector<'_>,
    place: Place,
    object: ObjectId,
    envelope: &Envelope,
    findings: &mut Findings,
) -> Result<Option<RunId>, Error> {
    let subject = || Subject::of_record(envelope.digest()).at(object);
    let wrong = |found: &str| {
        Rule::NoteObject
            .finding(subject())
            .found(found)
            .expected("a note on the object that it binds")
            .remedy("git awo approve")
    };
    if place == Place::Attestations {
        return Ok(match collector.verify::<AttestationPredicate>(envelope) {
            Ok(attestation) => {
                let says = attestation.predicate();
                let bound = Bound {
                    commit: Some(says.commit),
                    root: Some(says.root),
                    contract: says.contract,
                };
                if says.commit != object {
                    findings.push(wrong("an attestation of another commit"));
                }
                run_of_record(collector, &says.run, &bound, subject(), findings)?
            }
            Err(finding) => {
                findings.push(Finding {
                    subject: subject(),
                    ..finding
                });
                None
            }
        });
    }
    let approval = match collector.verify::<ApprovalPredicate>(envelope) {
        Ok(approval) => approval,
        Err(finding) => {
            findings.push(Finding {
                subject: subject(),
                ..finding
            });
            return Ok(None);
        }
    };
    lifetime(collector, &approval, subject(), findings);
    nonce(collector, object, &approval, subject(), findings)?;
    match approval.predicate().approves {
        Approves::Task => {
            judge_task_approval(collector, object, &approval, subject(), findings)?;
            Ok(None)
        }
        Approves::Audit => {
            let says = approval.predicate();
            if says.commit != Some(object) {
                findings.push(wrong("an approval of another commit"));
            }
            let bound = Bound {
                commit: says.commit,
                root: says.root,
                contract: says.contract,
            };
            match &says.run {
                Some(run) => run_of_record(collector, run, &bound, subject(), findings),
                None => {
                    findings.push(wrong("an approval of no run"));
                    Ok(None)
                }
            }
        }
    }
}

/// What a review binds of its run.
struct Bound {
    commit: Option<ObjectId>,
    root: Option<Sha256>,
    contract: Sha256,
}

/// Returns the run of a review, if there is one and it is what the review binds: a review of
/// anything else would count for nothing, and stand in the way of those that do.
fn run_of_record(
    collector: &Collector<'_>,
    run: &RunId,
    bound: &Bound,
    subject: Subject,
    findings: &mut Findings,
) -> Result<Option<RunId>, Error> {
    let envelope = collector.records.envelope(&LedgerPath::Run(run.clone()))?;
    let record = envelope.and_then(|it| Statement::<RunPredicate>::parse(it.payload()).ok());
    let Some(record) = record.map(|it| it.predicate) else {
        findings.push(
            Rule::RunOfRecord
                .finding(subject.run(run))
                .found("no such run")
                .expected("a run record")
                .remedy("git awo push"),
        );
        return Ok(None);
    };
    let same = bound.commit == Some(record.commit)
        && bound.root == Some(record.root)
        && bound.contract == record.contract;
    if !same {
        findings.push(
            Rule::BindsRun
                .finding(subject.run(run))
                .found("a review that binds another commit, root or contract")
                .expected(format!("{} with root {}", record.commit, record.root))
                .remedy(format!("git awo gate {run}")),
        );
    }
    Ok(Some(run.clone()))
}

pub(super) fn judge_task_approval(
    collector: &Collector<'_>,
    object: ObjectId,
    approval: &Verified<ApprovalPredicate>,
    subject: Subject,
    findings: &mut Findings,
) -> Result<(), Error> {
    let says = approval.predicate();
    let task: &TaskId = &says.task;
    let mut bind = |rule: Rule, found: String, expected: String| {
        findings.push(
            rule.finding(subject.clone())
                .found(found)
                .expected(expected)
                .remedy(format!("git awo approve {task}")),
        );
    };
    let envelope = collector
        .records
        .envelope(&LedgerPath::Contract(task.clone()))?;
    let Some(envelope) = envelope.filter(|it| kind_of(it) == Some(Kind::Contract)) else {
        bind(
            Rule::BindsContract,
            format!("no contract {task}"),
            "a contract in the ledger".to_owned(),
        );
        return Ok(());
    };
    if collector.records.contract_blob(task)? != Some(object) {
        bind(
            Rule::NoteObject,
            format!("noted on {object}"),
            "a note on the contract".to_owned(),
        );
    }
    if says.contract != envelope.digest() {
        bind(
            Rule::BindsContract,
            says.contract.to_string(),
            envelope.digest().to_string(),
        );
    }
    if says.base.is_none() || says.commit.is_some() || says.run.is_some() || says.root.is_some() {
        bind(
            Rule::BindsBase,
            "not exactly a base commit".to_owned(),
            "a base commit, and no run".to_owned(),
        );
    }
    if let Ok(statement) = Statement::<ContractPredicate>::parse(envelope.payload()) {
        let expected = &statement.predicate.contract.approval_sentence;
        let given = says.sentence.as_deref().unwrap_or_default();
        if let Err(mismatch) = sentence::compare(expected, given.as_bytes()) {
            findings.push(
                Rule::ExactSentence
                    .finding(subject.clone())
                    .found(mismatch)
                    .expected(format!("{expected:?}"))
                    .remedy(format!("git awo approve {task}")),
            );
        }
    }
    if let Some(time) = collector.judging().arrival(approval.digest())
        && says.expires <= time
    {
        findings.push(
            Rule::ApprovalUnexpired
                .finding(subject)
                .found(format!("expired at {}", says.expires))
                .expected(format!("valid at {time}"))
                .remedy(format!("git awo approve {task}")),
        );
    }
    Ok(())
}

/// An approval that arrives may not be valid for longer than the policy says, give or take a day
/// for clocks that disagree.
fn lifetime(
    collector: &Collector<'_>,
    approval: &Verified<ApprovalPredicate>,
    subject: Subject,
    findings: &mut Findings,
) {
    if !collector.judging().at_a_door() {
        return;
    }
    let days = collector
        .history
        .current()
        .policy
        .document()
        .gates
        .approval_days;
    let latest = collector.time.plus_days(days.saturating_add(1));
    if approval.predicate().expires > latest {
        findings.push(
            Rule::ApprovalLifetime
                .finding(subject)
                .found(format!("valid until {}", approval.predicate().expires))
                .expected(format!("at most {days} days"))
                .remedy(format!("git awo approve {}", approval.predicate().task)),
        );
    }
}

/// The longest nonce of an approval, in characters.
const MAX_NONCE: usize = 64;

/// The nonce of an approval that arrives is a plain word, and of this person's approvals on this
/// object the only one of its name: the same one twice is a replay with other words.
fn nonce(
    collector: &Collector<'_>,
    object: ObjectId,
    approval: &Verified<ApprovalPredicate>,
    subject: Subject,
    findings: &mut Findings,
) -> Result<(), Error> {
    if !collector.judging().at_a_door() {
        return Ok(());
    }
    let says = approval.predicate();
    let plain = |it: u8| it.is_ascii_alphanumeric() || b"._-".contains(&it);
    let fits = (1..=MAX_NONCE).contains(&says.nonce.len()) && says.nonce.bytes().all(plain);
    if !fits {
        findings.push(
            Rule::ApprovalNonce
                .finding(subject.clone())
                .found(format!("{:?}", says.nonce))
                .expected(format!("1 to {MAX_NONCE} of 0-9 A-Z a-z . _ -"))
                .remedy(format!("git awo approve {}", says.task)),
        );
    }
    for other in collector.records.approvals_of(object)? {
        let Ok(statement) = Statement::<ApprovalPredicate>::parse(other.payload()) else {
            continue;
        };
        let there = statement.predicate;
        let same = there.nonce == says.nonce && there.context.identity == says.context.identity;
        if same && other.digest() != approval.digest() {
            findings.push(
                Rule::NonceOnce
                    .finding(subject.clone())
                    .found(format!(
                        "{:?} is the nonce of {}",
                        says.nonce,
                        other.digest()
                    ))
                    .expected("a nonce of its own")
                    .remedy(format!("git awo approve {}", says.task)),
            );
        }
    }
    Ok(())
}
