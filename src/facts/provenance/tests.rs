//! How an entry of the index differs, as a table.

use super::*;
use crate::record::{Code, IdentityName, ObjectId};

fn entry(run: &str) -> Entry {
    Entry {
        approved_by: vec![IdentityName::new("rita").unwrap()],
        attestation_path: format!("governance/attestations/{run}/ATTESTATION.json"),
        commit: ObjectId::Sha1([7; 20]),
        gate1: None,
        run_id: RunId::new(run).unwrap(),
        workflow_run_url: String::new(),
    }
}

#[test]
fn only_the_bytes_that_the_finalization_implies_pass() {
    let implied = entry("run_1");
    let good = implied.to_bytes();
    let forged = Entry {
        approved_by: vec![IdentityName::new("mallory").unwrap()],
        ..entry("run_1")
    };
    let spaced = String::from_utf8(good.clone()).unwrap() + "\n";
    let code = |stored: Option<&[u8]>, implied: Option<&Entry>| {
        compare(stored, implied).map(|it| it.to_finding(Subject::none()).code)
    };
    let (some, none) = (Some(&implied), None);
    for (what, stored, implied, expected) in [
        ("neither", None, none, None),
        ("the implied bytes", Some(good.as_slice()), some, None),
        ("no entry", None, some, Some(Code::Str001)),
        ("no finalization", Some(&good), none, Some(Code::Str001)),
        (
            "another person",
            Some(&forged.to_bytes()),
            some,
            Some(Code::Int008),
        ),
        (
            "another run",
            Some(&entry("run_2").to_bytes()),
            some,
            Some(Code::Int008),
        ),
        (
            "a line feed more",
            Some(spaced.as_bytes()),
            some,
            Some(Code::Int008),
        ),
        ("no JSON", Some(b"x"), some, Some(Code::Int008)),
        ("nothing", Some(b""), some, Some(Code::Int008)),
    ] {
        assert_eq!(code(stored, implied), expected, "{what}");
    }
}
