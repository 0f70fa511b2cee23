//! The server's door: `pre-receive` judges, `post-receive` writes it down.

use crate::actor::Settings;
use crate::check::{self, push};
use crate::git::Reader;
use crate::record::predicate::Movement;
use crate::record::{Coded, Finding, ObjectId, Report, Rule, Subject, Timestamp, Verdict};
use crate::signing::PublicKey;
use crate::store::ledger::Refs;

use super::input;
use super::pushes::Judged;
use super::transaction;

/// Judges what arrives. The second value is what the transaction hook must find unchanged;
/// there is none if anything was found or undecided.
pub fn pre_receive(reader: &Reader, input: &[u8], time: Timestamp) -> (Report, Option<Judged>) {
    let mut report = Report::default();
    let movements = input::movements(input, reader.hash_kind(), &mut report.findings);
    if !report.findings.is_empty() {
        return (report, None);
    }
    let before = match push::refs(reader) {
        Ok(before) => before,
        Err(error) => return (undecided(report, &error), None),
    };
    for movement in &movements {
        report.findings.extend(stale(movement, &before));
    }
    if !report.findings.is_empty() {
        return (report, None);
    }
    let anchor = match Settings::at(reader.common_dir()).anchor() {
        Ok(anchor) => anchor,
        Err(error) => {
            report.absorb(error.refusal(Subject::none()));
            return (report, None);
        }
    };
    report.absorb(push::judge(&push::Push {
        reader,
        before: &before,
        movements: &movements,
        anchor: anchor.as_ref(),
        door: push::Door::Server(log_key(reader)),
        time,
    }));
    let judged = (report.verdict() == Verdict::Allowed).then(|| Judged {
        before: transaction::relied_on(&before),
        movements,
        depends_on: std::mem::take(&mut report.depends_on),
    });
    (report, judged)
}

/// Returns the key that this server writes its log with, if it has one.
fn log_key(reader: &Reader) -> Option<PublicKey> {
    let path = Settings::at(reader.common_dir()).server_key_public();
    let line = std::fs::read_to_string(path).ok()?;
    PublicKey::from_line(line.trim()).ok()
}

/// git compares under the lock as well; but the verdict must be about what is there.
fn stale(movement: &Movement, before: &Refs) -> Option<Finding> {
    let real = before.get(&movement.reference).copied();
    let shown = |id: Option<ObjectId>| id.map_or("nothing".to_owned(), |id| id.to_string());
    (real != movement.old).then(|| {
        Rule::OldValue
            .finding(Subject::of_ref(&movement.reference))
            .found(format!("the ref is at {}", shown(real)))
            .expected(format!(
                "at {}, from where it is pushed",
                shown(movement.old)
            ))
            .remedy("git awo fetch, then push again")
    })
}

fn undecided(mut report: Report, error: &check::Error) -> Report {
    report.absorb(error.refusal(Subject::none()));
    report
}
