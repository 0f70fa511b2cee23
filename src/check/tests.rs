//! What the checks decide by themselves, below the doors.

mod admissions;
mod alike;
mod arrivals;
mod between;
mod branches;
mod cancellations;
mod ceilings;
mod clones;
mod decision_events;
mod decisions;
mod doors;
mod evidence;
mod histories;
mod life;
mod logs;
mod memory;
mod merges;
mod notes;
mod policies;
mod proposals;
mod records;
mod renewals;
mod reviews;
mod revocations;
mod road;
mod rollbacks;
mod versions;
mod vouches;
mod world;

use crate::facts::limits;
use crate::facts::policies::Anchor;
use crate::git;
use crate::policy::document::Limits;
use crate::record::envelope::Envelope;
use crate::record::{Code, Coded, Rule, Subject, chain_of};
use crate::rules::tests::people::id;

#[test]
fn an_anchor_is_a_commit_or_a_fingerprint() {
    let digest = |length: usize| format!("SHA256:{}", "aZ0+/".repeat(9)[..length].to_owned());
    for (text, expected) in [
        (id(7).to_string(), Some(Anchor::Commit(id(7)))),
        (digest(43), Some(Anchor::Key(digest(43)))),
        (digest(42), None),
        (digest(44), None),
        (digest(43).replace("SHA256:", "MD5:"), None),
        (digest(43).replace('+', "="), None),
        (digest(43).replace('/', "-"), None),
        ("main".to_owned(), None),
    ] {
        let anchor = Anchor::parse(&text);
        assert_eq!(anchor, expected, "{text}");
        if let Some(anchor) = anchor {
            assert_eq!(anchor.to_string(), text);
        }
    }
}

#[test]
fn a_record_is_as_large_and_as_deep_as_the_policy_allows() {
    let record = |payload: &str, record_bytes, record_depth| {
        let limits = Limits {
            record_bytes,
            record_depth,
            ..Limits::default()
        };
        limits::record(&Envelope::new(payload.into(), vec![]), &limits).map_err(|error| {
            let finding = error.to_finding(Subject::none());
            (finding.code, finding.rule)
        })
    };
    let refused = Err((Code::Int006, Rule::RecordLimit.into()));
    assert_eq!(record(r#"{"a":[1]}"#, 9, 2), Ok(()));
    assert_eq!(record(r#"{"a":[1]}"#, 8, 2), refused);
    assert_eq!(record(r#"{"a":[1]}"#, 9, 1), refused);
    assert_eq!(record("{", 9, 2), Ok(()), "its reader tells of the form");
}

#[test]
fn an_inventory_is_as_large_as_the_policy_allows() {
    let limits = Limits {
        inventory_bytes: 6,
        inventory_lines: 2,
        ..Limits::default()
    };
    for (bytes, taken) in [
        ("", true),
        ("ab\nde\n", true),
        ("abcdef\n", false),
        ("\n\n\n", false),
    ] {
        let error = limits::inventory(bytes.as_bytes(), &limits).err();
        assert_eq!(error.is_none(), taken, "{bytes:?}");
        if let Some(error) = error {
            assert_eq!(error.to_finding(Subject::none()).code, Code::Int006);
        }
    }
}

#[test]
fn a_lock_that_git_met_is_told_from_other_failures() {
    use std::os::unix::process::ExitStatusExt as _;
    for (stderr, code, rule) in [
        (
            "fatal: Unable to create '/r/index.lock': File exists.",
            "REP-003",
            "lock-free",
        ),
        (
            "error: could not lock config file /r/config: File exists",
            "REP-003",
            "lock-free",
        ),
        ("fatal: disk full", "", "git-succeeds"),
    ] {
        let error = git::Error::Git {
            args: vec!["commit".to_owned()],
            status: std::process::ExitStatus::from_raw(256),
            stderr: stderr.to_owned(),
        };
        let report = error.refusal(Subject::none()).into_report();
        assert!(report.findings.is_empty(), "{stderr}: it denies nothing");
        let found: Vec<_> = report.undecided.iter().collect();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].rule, rule);
        assert!(found[0].code.as_str().starts_with(code), "{stderr}");
    }
}

#[test]
fn a_cause_is_told_once() {
    let cause = || std::io::Error::other("the disk is full");
    let path = std::path::PathBuf::from("/r");
    let error = git::Error::Io {
        path,
        source: cause(),
    };
    assert_eq!(chain_of(&error), "cannot use /r: the disk is full");
    assert_eq!(chain_of(&cause()), "the disk is full");
    #[derive(Debug, thiserror::Error)]
    #[error("cannot: {0}")]
    struct Told(#[source] std::io::Error);
    assert_eq!(chain_of(&Told(cause())), "cannot: the disk is full");
}
