use super::super::{digests, verify};
use super::*;

const STEP: &str = r#"{"ok": true}"#;

pub(super) fn run_id() -> RunId {
    RunId::new("run_2026-11-21T01-52-49Z").unwrap()
}

pub(super) fn good() -> RunFiles {
    let sha = Sha256::of(b"x").to_string();
    let text = |text: &str| text.replace("SHA", &sha).into_bytes();
    RunFiles::from(
        [
            ("report.md", text("# AWO Run Report — run_2026-11-21T01-52-49Z\n\nText\n")),
            ("run_manifest.json", text("{\n  \"status\": \"done\"\n}")),
            (
                "provenance.json",
                text(
                    r#"{"inputs_digest": {"src/time": "SHA"}, "code_digest": "SHA", "runtime": {"name": "cpython"},
                    "started": "2026-11-21T01:52:49Z", "finished": "2026-11-21T01:52:49.000001Z"}"#,
                ),
            ),
            (
                "index.json",
                text(
                    r#"{"steps": [{"op": "scope_validate", "id": "scope", "index": 1},
                    {"op": "emit", "id": "emit.b-1", "index": 12}]}"#,
                ),
            ),
            (
                "environment.json",
                text(
                    r#"{"os": "Linux", "python": "3.11.7", "platform": "x86_64", "hostname": "",
                    "git": {"commit": "abc", "branch": "main"}, "runner": {"name": "awo", "version": "1"},
                    "tools": [{"name": "git", "version": "2.47.3", "format": "text"}]}"#,
                ),
            ),
            ("steps/01_scope.json", text(STEP)),
            ("steps/12_emit.b-1.json", text(STEP)),
            ("artifacts/notes.json", text(r#"{"pid": 1}"#)),
            ("scope/summary.json", text("{}")),
        ]
        .map(|(path, content)| (RepoPath::from(path), content)),
    )
}

/// The good run with one text in one file replaced by another.
fn changed(path: &str, from: &str, to: &str) -> Vec<String> {
    let mut files = good();
    let content = files.get_mut(&RepoPath::from(path)).unwrap();
    let text = String::from_utf8(content.clone()).unwrap();
    assert!(text.contains(from), "{path} has {from}");
    *content = text.replacen(from, to, 1).into_bytes();
    invariants(&run_id(), &files)
}

fn without(path: &str) -> Vec<String> {
    let mut files = good();
    let before = files.len();
    files.retain(|name, _| !name.as_bytes().starts_with(path.as_bytes()));
    assert!(files.len() < before);
    invariants(&run_id(), &files)
}

fn with(path: &str, content: &[u8]) -> Vec<String> {
    let mut files = good();
    files.insert(RepoPath::from(path), content.to_vec());
    invariants(&run_id(), &files)
}

#[test]
fn a_good_run_gives_no_reasons() {
    assert_eq!(invariants(&run_id(), &good()), [""; 0]);
    assert_eq!(
        changed("environment.json", "\"python\"", "\"runtime\""),
        [""; 0]
    );
    assert_eq!(
        changed("environment.json", r#""hostname": """#, r#""pid": null"#),
        [""; 0]
    );
    assert_eq!(
        changed(
            "steps/01_scope.json",
            "true",
            r#"1, "ended_at": "2026-11-21T01:52:49Z""#
        ),
        [""; 0]
    );
    assert_eq!(
        with("timestamps/run", b"x"),
        [""; 0],
        "the integrity check speaks of those"
    );
}

#[test]
fn an_empty_run_lacks_everything() {
    assert_eq!(
        invariants(&run_id(), &RunFiles::new()),
        [
            "missing_dir:artifacts",
            "missing_file:environment.json",
            "missing_file:index.json",
            "missing_file:provenance.json",
            "missing_file:report.md",
            "missing_file:run_manifest.json",
            "steps_empty",
        ]
    );
}

#[test]
fn each_missing_part_is_named() {
    for name in REQUIRED {
        assert_eq!(without(name), [format!("missing_file:{name}")]);
    }
    assert_eq!(without("artifacts/"), ["missing_dir:artifacts"]);
    assert_eq!(without("scope/"), ["missing_dir:scope"]);
    assert_eq!(without("steps/"), ["steps_empty"]);
    assert_eq!(
        without("steps/12"),
        ["index.missing_step_file:12_emit.b-1.json"]
    );
}

#[test]
fn each_rule_on_text_broken_alone_gives_its_reason_alone() {
    let long_id = "x".repeat(81);
    #[rustfmt::skip]
    let rows = [
        ("report.md", "# AWO", "#  AWO", "report_title"),
        ("report.md", "—", "-", "report_title"),
        ("report.md", "49Z\n", "49Z\r\n", "report_title"),
        ("report.md", "49Z\n", "50Z\n", "report_title"),
        ("index.json", "\"steps\"", "\"stages\"", "index.steps_missing index.unlisted_step_file:01_scope.json index.unlisted_step_file:12_emit.b-1.json"),
        ("index.json", "\"index\": 12", "\"index\": 1", "index.duplicate_index:1 index.missing_step_file:01_emit.b-1.json index.unlisted_step_file:12_emit.b-1.json"),
        ("index.json", "\"index\": 12", "\"index\": 100", "index.bad_step:1 index.unlisted_step_file:12_emit.b-1.json"),
        ("index.json", "\"index\": 12", "\"index\": -1", "index.bad_step:1 index.unlisted_step_file:12_emit.b-1.json"),
        ("index.json", "\"index\": 12", "\"index\": 12.0", "index.bad_step:1 index.unlisted_step_file:12_emit.b-1.json"),
        ("index.json", "\"op\": \"emit\"", "\"op\": \"\"", "index.bad_step:1 index.unlisted_step_file:12_emit.b-1.json"),
        ("index.json", "emit.b-1", "../x", "index.bad_step:1 index.unlisted_step_file:12_emit.b-1.json"),
        ("index.json", "emit.b-1", &long_id, "index.bad_step:1 index.unlisted_step_file:12_emit.b-1.json"),
        ("environment.json", "Linux", " ", "environment.os_empty"),
        ("environment.json", "\"3.11.7\"", "null", "environment.python_empty"),
        ("environment.json", "\"x86_64\"", "{}", "environment.platform_empty"),
        ("environment.json", "abc", "unknown", "environment.git.commit_unknown"),
        ("environment.json", "abc", "", "environment.git.commit_unknown"),
        ("environment.json", "main", "UNKNOWN", "environment.git.branch_unknown"),
        ("environment.json", "\"branch\"", "\"ref\"", "environment.git.branch_unknown"),
        ("environment.json", "\"awo\"", "\"\"", "environment.runner.name_empty"),
        ("environment.json", "\"1\"", "1", "environment.runner.version_empty"),
        ("environment.json", "\"tools\"", "\"programs\"", "environment.tools_empty"),
        ("environment.json", "\"git\", ", "\"\", ", "environment.tools.0.name_empty"),
        ("environment.json", "2.47.3", "", "environment.tools.0.version_empty"),
        ("environment.json", "\"hostname\": \"\"", "\"hostname\": \"h\"", "volatile_key:environment.json:hostname"),
        ("environment.json", "\"format\": \"text\"", "\"pid\": 7", "volatile_key:environment.json:pid"),
        ("environment.json", "\"format\": \"text\"", "\"x\": [{\"container_id\": \"c\"}]", "volatile_key:environment.json:container_id"),
        ("environment.json", "\"format\": \"text\"", "\"built_at\": \"today\"", "bad_timestamp:environment.json:built_at"),
        ("steps/01_scope.json", "ok", "pod_uid", "volatile_key:steps/01_scope.json:pod_uid"),
        ("steps/01_scope.json", "ok", "Instance_ID", "volatile_key:steps/01_scope.json:Instance_ID"),
        ("steps/01_scope.json", "true", "1, \"\u{202e}\\u001btime\": \"\"", "bad_timestamp:steps/01_scope.json:\"\\u{202e}\\033time\""),
        ("scope/summary.json", "{", "{\"at\": \"x\"", "bad_timestamp:scope/summary.json:at"),
        ("provenance.json", "src/time\": \"", "src/time\": \"0", "provenance.inputs_digest.bad_sha256:src/time"),
        ("provenance.json", "\"inputs_digest\": {", "\"inputs_digest\": {}, \"x\": {", "bad_timestamp:provenance.json:src/time provenance.inputs_digest_empty"),
        ("provenance.json", "\"code_digest\": \"", "\"code_digest\": \"sha256:", "provenance.code_digest_bad"),
        ("provenance.json", "{\"name\": \"cpython\"}", "{}", "provenance.runtime_empty"),
        ("provenance.json", "\"started\"", "\"began\"", "provenance.started_missing"),
        ("provenance.json", "\"finished\"", "\"ended\"", "provenance.finished_missing"),
        ("provenance.json", "2026-11-21T01:52:49Z", "2026-11-21", "bad_timestamp:provenance.json:started"),
        ("provenance.json", "49.000001Z", "48.999999Z", "provenance.finished_before_started"),
        ("provenance.json", "49Z", "49.000002Z", "provenance.finished_before_started"),
        ("run_manifest.json", "  \"status\"", "    \"status\"", "not_canonical:run_manifest.json"),
    ];
    for (path, from, to, reason) in rows {
        assert_eq!(
            changed(path, from, to).join(" "),
            reason,
            "{path}: {from} to {to}"
        );
    }
}

#[test]
fn names_in_steps_have_one_form() {
    for bad in [
        "steps/notes.txt",
        "steps/1_a.json",
        "steps/001_a.json",
        "steps/01-a.json",
        "steps/01_.json",
        "steps/sub/02_a.json",
        "steps/02_a b.json",
        "steps/02_a.JSON",
        "steps/+2_a.json",
    ] {
        let name = bad.strip_prefix("steps/").unwrap();
        assert_eq!(with(bad, b"{}"), [format!("bad_step_filenames:{name}")]);
    }
    assert_eq!(
        with("steps/02_a.json", b"{}"),
        ["index.unlisted_step_file:02_a.json"]
    );
    let mut files = good();
    files.insert(RepoPath::new(b"steps/\xff".as_slice()), Vec::new());
    files.insert(RepoPath::from("steps/b"), Vec::new());
    assert_eq!(
        invariants(&run_id(), &files),
        ["bad_step_filenames:b,\"\\377\""]
    );
}

#[test]
fn a_file_that_is_no_json_is_named_with_the_place() {
    for path in [
        "environment.json",
        "provenance.json",
        "index.json",
        "run_manifest.json",
        "scope/summary.json",
        "steps/01_scope.json",
    ] {
        assert_eq!(
            with(path, b"{\"a\": 1,\n \"a\": 2}"),
            [format!("bad_json:{path}:2:2")]
        );
        assert_eq!(
            with(path, &b"[".repeat(100_000)),
            [format!("json_limit:{path}")]
        );
    }
    for path in [
        "environment.json",
        "provenance.json",
        "index.json",
        "run_manifest.json",
    ] {
        assert_eq!(with(path, b"[]"), [format!("not_object:{path}")]);
    }
    assert_eq!(
        with("artifacts/notes.json", b"{"),
        [""; 0],
        "artifacts may be anything"
    );
}

#[test]
fn an_inventory_in_another_order_verifies_but_breaks_an_invariant() {
    let mut files = good();
    let sums = Inventory::of(&digests(&files)).unwrap().to_bytes();
    let mut lines: Vec<&[u8]> = sums.split_inclusive(|b| *b == b'\n').collect();
    lines.reverse();
    let reversed = lines.concat();
    files.insert(RepoPath::from(SUMS), sums);
    assert_eq!(invariants(&run_id(), &files), [""; 0]);
    files.insert(RepoPath::from(SUMS), reversed.clone());
    assert_eq!(verify(&files).1, Some(Sha256::of(&reversed)));
    assert_eq!(invariants(&run_id(), &files), ["sums_unsorted"]);
}
