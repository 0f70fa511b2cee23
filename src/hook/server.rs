//! The server's door: `pre-receive` judges, `post-receive` writes it down.

use crate::actor::Settings;
use crate::check::PolicyHistory;
use crate::check::{self, Report, push};
use crate::git::Reader;
use crate::policy::Role;
use crate::record::predicate::Movement;
use crate::record::{Code, Finding, ObjectId, Subject, Timestamp, Verdict};
use crate::signing::PublicKey;
use crate::store::layout;
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
            report.undecided.push(check::report::chain_of(&error));
            return (report, None);
        }
    };
    // A push of the policy alone may be what mends it.
    if movements.iter().any(|it| it.reference != layout::policy()) {
        report.absorb(log_is_possible(reader, &before));
    }
    report.absorb(push::judge(&push::Push {
        reader,
        before: &before,
        movements: &movements,
        anchor: anchor.as_ref(),
        time,
    }));
    let judged = (report.verdict() == Verdict::Allowed).then(|| Judged {
        before: transaction::relied_on(&before),
        movements,
    });
    (report, judged)
}

/// A server whose policy names it must be able to write its log: without it nothing shows later
/// which policy a push was judged by.
fn log_is_possible(reader: &Reader, before: &Refs) -> Report {
    let mut report = Report::default();
    let Some(tip) = before.get(&layout::policy()) else {
        return report;
    };
    // A policy that does not hold is found, and refused, by the judgement itself.
    let Ok(history) = PolicyHistory::load(reader, *tip) else {
        return report;
    };
    let policy = &history.current().policy;
    let servers: Vec<_> = policy
        .persons()
        .filter(|person| {
            person.roles.contains(&Role::Server) && policy.keyring().has_key_of(&person.name)
        })
        .collect();
    if servers.is_empty() {
        return report;
    }
    let settings = Settings::at(reader.common_dir());
    let own = std::fs::read_to_string(settings.server_key_public())
        .ok()
        .and_then(|line| PublicKey::from_line(line.trim()).ok())
        .and_then(|key| policy.keyring().person_of(&key).cloned());
    if !own.is_some_and(|own| servers.iter().any(|server| server.name == own)) {
        report.findings.push(
            Finding::new(Code::Str002, "log-key", Subject::none())
                .found("this server's key is not the one that the policy names for the log")
                .expected(format!("the key of {}", servers[0].name))
                .remedy("git awo init --server, and its key into allowed_signers by git awo policy propose"),
        );
    }
    report
}

/// git compares under the lock as well; but the verdict must be about what is there.
fn stale(movement: &Movement, before: &Refs) -> Option<Finding> {
    let real = before.get(&movement.reference).copied();
    let shown = |id: Option<ObjectId>| id.map_or("nothing".to_owned(), |id| id.to_string());
    (real != movement.old).then(|| {
        Finding::new(
            Code::Rep003,
            "old-value",
            Subject::of_ref(&movement.reference),
        )
        .found(format!("the ref is at {}", shown(real)))
        .expected(format!(
            "at {}, from where it is pushed",
            shown(movement.old)
        ))
        .remedy("git awo fetch, then push again")
    })
}

fn undecided(mut report: Report, error: &check::Error) -> Report {
    error.report(Subject::none(), &mut report);
    report
}
