use super::tests::{good, run_id};
use super::*;

fn good_evidence() -> RunFiles {
    let mut files = good();
    for (path, content) in [
        ("report.json", "{\n  \"status\": \"done\"\n}"),
        (
            "events.normalized.jsonl",
            "{\"event\": \"start\"}\n{\"event\": \"end\"}\n",
        ),
        ("trace.jsonl", ""),
        ("patch.diff", ""),
        ("test.log", "1 passed\n"),
        ("logs/backend.stdout.log", ""),
        ("logs/backend.stderr.log", ""),
        ("freshness.json", "{}"),
        ("owned_repo.json", "{}"),
        ("control_surface.json", "{}"),
        ("artifacts/time", "x"),
    ] {
        files.insert(RepoPath::from(path), content.as_bytes().to_vec());
    }
    let digests = artifact_digests(&files);
    files.insert(RepoPath::from("artifact_digests.json"), digests);
    files
}

fn evidence_with(path: &str, content: &[u8]) -> Vec<String> {
    let mut files = good_evidence();
    files.insert(RepoPath::from(path), content.to_vec());
    harness_evidence(&files)
}

#[test]
fn complete_evidence_gives_no_reasons_and_each_part_missing_is_named() {
    let files = good_evidence();
    assert_eq!(harness_evidence(&files), [""; 0]);
    assert_eq!(invariants(&run_id(), &files), [""; 0]);
    for name in required_evidence() {
        let mut files = files.clone();
        files.remove(&RepoPath::from(*name)).unwrap();
        assert_eq!(harness_evidence(&files), [format!("missing_file:{name}")]);
    }
    for stream in ["stdout", "stderr"] {
        let mut files = files.clone();
        files
            .remove(&RepoPath::new(format!("logs/backend.{stream}.log")))
            .unwrap();
        assert_eq!(harness_evidence(&files), [format!("missing_log:{stream}")]);
    }
}

#[test]
fn evidence_that_is_not_what_it_says_is_named() {
    for (path, content, reason) in [
        ("report.json", "{}\n", "not_canonical:report.json"),
        ("report.json", "[]", "not_object:report.json"),
        ("freshness.json", "{", "bad_json:freshness.json:1:2"),
        (
            "owned_repo.json",
            "{\n  \"pid\": 1\n}",
            "volatile_key:owned_repo.json:pid",
        ),
        ("trace.jsonl", "{}\n\n{}\n", "bad_json:trace.jsonl:2:1"),
        ("trace.jsonl", "{}\n1\n", "not_object:trace.jsonl"),
        (
            "events.normalized.jsonl",
            "{\"a\": {\"hostname\": \"h\"}}",
            "volatile_key:events.normalized.jsonl:hostname",
        ),
        (
            "artifacts/notes.json",
            "changed",
            "artifact_digests.mismatch:artifacts/notes.json",
        ),
        (
            "artifacts/more",
            "",
            "artifact_digests.missing:artifacts/more",
        ),
    ] {
        assert_eq!(
            evidence_with(path, content.as_bytes()),
            [reason],
            "{path}: {content}"
        );
    }
    let mut files = good_evidence();
    files.remove(&RepoPath::from("artifacts/time")).unwrap();
    assert_eq!(
        harness_evidence(&files),
        ["artifact_digests.extra:artifacts/time"]
    );
}

#[test]
fn a_file_is_not_read_further_than_its_faults_are_listed() {
    let faults = evidence_with("events.normalized.jsonl", &b"\n".repeat(1 << 25));
    assert_eq!(faults.len(), 10_000);
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_checks_panic(
        which in 0usize..40,
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..60),
        text in "[\\[\\]{}:,\"a-z0-9. ]{0,60}",
    ) {
        for content in [bytes.clone(), text.into_bytes()] {
            let mut files = good_evidence();
            let path = files.keys().nth(which % files.len()).cloned().unwrap();
            files.insert(path, content);
            files.insert(RepoPath::new([b"steps/", bytes.as_slice()].concat()), Vec::new());
            let _ = (invariants(&run_id(), &files), harness_evidence(&files));
        }
    }
}
