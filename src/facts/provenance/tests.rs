//! How a shard differs, as a table.

use super::*;
use crate::record::{IdentityName, ObjectId, RunId};

/// Two run ids whose digests fall into one shard (found by trying), and one that falls elsewhere.
fn runs() -> (RunId, RunId, RunId) {
    let ids = (0u32..).map(|n| RunId::new(format!("run_{n}")).unwrap());
    let first = RunId::new("run_0").unwrap();
    let shard = LedgerPath::shard_of(&first);
    let second = ids
        .clone()
        .skip(1)
        .find(|id| LedgerPath::shard_of(id) == shard)
        .unwrap();
    let other = ids
        .skip(1)
        .find(|id| LedgerPath::shard_of(id) != shard)
        .unwrap();
    (first, second, other)
}

fn entry(run: &RunId) -> Entry {
    Entry {
        approved_by: vec![IdentityName::new("rita").unwrap()],
        attestation_path: format!("governance/attestations/{run}/ATTESTATION.json"),
        commit: ObjectId::Sha1([7; 20]),
        run_id: run.clone(),
        workflow_run_url: String::new(),
    }
}

fn codes(bytes: &[u8], implied: &Index) -> Vec<&'static str> {
    let (first, ..) = runs();
    let mut findings = Findings::new();
    compare(&LedgerPath::shard_of(&first), bytes, implied, &mut findings);
    assert!(
        findings
            .iter()
            .all(|it| is_rule(&it.rule) && it.remedy == REBUILD)
    );
    findings.iter().map(|it| it.code.as_str()).collect()
}

#[test]
fn only_the_bytes_that_the_finalizations_imply_pass() {
    let (first, second, other) = runs();
    let implied = Index::of([entry(&first), entry(&second)]);
    let good = implied.to_bytes();
    assert!(codes(&good, &implied).is_empty(), "the implied bytes");
    let of = |entries: Vec<Entry>| {
        let mut index = Index::of([]);
        index.entries = entries;
        index.to_bytes()
    };
    let mut forged = entry(&second);
    forged.approved_by = vec![IdentityName::new("mallory").unwrap()];
    let sorted = implied.entries.clone();
    let reversed: Vec<_> = sorted.iter().rev().cloned().collect();
    let twice = vec![sorted[0].clone(), sorted[0].clone(), sorted[1].clone()];
    let text = String::from_utf8(good.clone()).unwrap();
    for (what, bytes, expected) in [
        ("an entry missing", of(vec![entry(&first)]), vec!["STR-001"]),
        ("out of order", of(reversed), vec!["INT-008"]),
        ("twice", of(twice), vec!["INT-008"]),
        (
            "a final line feed",
            format!("{text}\n").into_bytes(),
            vec!["INT-008"],
        ),
        (
            "compact",
            text.replace(['\n', ' '], "").into_bytes(),
            vec!["INT-008"],
        ),
        ("no JSON", b"x".to_vec(), vec!["INT-008"]),
        (
            "an unknown key",
            text.replacen('{', "{\n  \"a\": 1,", 1).into_bytes(),
            vec!["INT-008"],
        ),
    ] {
        assert_eq!(codes(&bytes, &implied), expected, "{what}");
    }
    let changed = Index::of([entry(&first), forged]).to_bytes();
    assert_eq!(
        codes(&changed, &implied),
        ["INT-008"],
        "an entry that differs"
    );
    let elsewhere = Index::of([entry(&first), entry(&second), entry(&other)]).to_bytes();
    assert_eq!(
        codes(&elsewhere, &implied),
        ["INT-008"],
        "an entry of another shard"
    );
    let one = Index::of([entry(&first)]);
    assert_eq!(
        codes(&good, &one),
        ["STR-001"],
        "an entry without a finalization"
    );
    assert_eq!(
        codes(&of(vec![]), &Index::of([])),
        ["INT-008"],
        "an empty shard"
    );
    assert_eq!(codes(&of(vec![]), &one), ["STR-001"], "emptied");
}

#[test]
fn a_difference_names_the_fields_and_nothing_else() {
    let (first, ..) = runs();
    let implied = entry(&first);
    let mut found = implied.clone();
    found.workflow_run_url = "https://evil.example".to_owned();
    let finding = Differs::between(&found, &implied).to_finding(Subject::of_run(&first));
    assert_eq!(finding.found, r#"workflow_run_url "https://evil.example""#);
    assert_eq!(finding.expected, r#"workflow_run_url """#);
}
