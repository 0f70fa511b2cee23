//! What the contract, the policy and the evidence of the run are.

use super::*;

pub fn contract() -> ContractDraft {
    let text = format!(
        r#"{{"schema": "awo.contract/1", "id": "T-1", "task": "align it", "target":
        {{"locator": "here", "admission": {{"status": "admitted"}}}}, "target_ref": "refs/heads/main",
        "allowed_paths": ["src/"], "forbidden_paths": [], "forbidden_actions": [],
        "out_of_scope": [], "success_criteria": [], "rollback": [],
        "approval_sentence": "{SENTENCE}", "evidence": [], "lineage": [], "waivers": [],
        "extra": {{}}, "packet_kind": "toml", "source_sha256": "{}", "not_understood": []}}"#,
        Sha256::of(PACKET)
    );
    serde_json::from_str(&text).unwrap()
}

/// A policy by which main takes runs and roll-backs, dev direct commits, both all of them, and
/// free may be moved back.
pub fn policy(base: ObjectId) -> String {
    let on_main = "accept = [\"governed\", \"rollback\"]\n";
    let direct = "[[ref.direct]]\nwriters = [\"*\"]\npaths = [\"src/\", \"*.md\"]\n";
    let more = format!(
        "[[ref]]\npattern = \"refs/heads/dev\"\naccept = [\"direct\"]\n{direct}\
         [[ref]]\npattern = \"refs/heads/both\"\naccept = [\"governed\", \"rollback\", \"direct\"]\n\
         merges = true\n{direct}\
         [[ref]]\npattern = \"refs/heads/free\"\naccept = [\"direct\"]\nrewind = true\n{direct}"
    );
    let text = document();
    let text = text.replace("[[rule]]", &format!("{more}[[rule]]"));
    text.replacen(on_main, &format!("{on_main}adopted = \"{base}\"\n"), 1)
}

pub fn evidence(base: ObjectId) -> RunFiles {
    let sha = Sha256::of(b"x");
    RunFiles::from(
        [
            (
                "report.md",
                "# AWO Run Report — run_one\n\nText\n".to_owned(),
            ),
            (
                "run_manifest.json",
                "{\n  \"run_id\": \"run_one\"\n}".to_owned(),
            ),
            (
                "provenance.json",
                format!(
                    r#"{{"inputs_digest": {{"src": "{sha}"}}, "code_digest": "{sha}",
                    "runtime": {{"name": "sh"}}, "started": "2026-01-09T00:00:00Z",
                    "finished": "2026-01-09T00:00:01Z"}}"#
                ),
            ),
            (
                "index.json",
                r#"{"steps": [{"op": "emit", "id": "e", "index": 1}]}"#.to_owned(),
            ),
            (
                "environment.json",
                format!(
                    r#"{{"os": "Linux", "runtime": {{"name": "sh", "version": "1"}},
                    "platform": "x86_64", "git": {{"commit": "{base}", "branch": "main"}},
                    "runner": {{"name": "awo", "version": "1"}},
                    "tools": [{{"name": "git", "version": "2", "format": "text"}}]}}"#
                ),
            ),
            ("steps/01_e.json", r#"{"ok": true}"#.to_owned()),
            ("artifacts/notes.json", "{}".to_owned()),
            ("scope/summary.json", "{}".to_owned()),
        ]
        .map(|(path, text)| (RepoPath::from(path), text.into_bytes())),
    )
}
