mod harmless;
mod refused;

use super::*;

use crate::record::contract::ActionName;

const APPROVAL: &str = "\
docs/packets/T-12.md
41 lines

---
name: t-12
status: draft
owner: ann
nested:
  - one
---
# Rename the greeter
Only a plan.
## Status
Status: waiting for an answer.
`ACME-12` is not started.
## Target Repository
- Target Repository: `/srv/git/greeter`
- Admission source: `admissions/greeter.json`
- Admission status: `admitted`
- Repository owner: `ann`
- Risk classification: `low`
- Current observed state: clean `trunk` branch, nothing pending
## Proposed Task Contract
Task: rename `greet` to `hello`
in the library.
Allowed paths:
- `src/**/*.rs`
- tests/greeter.rs
Forbidden actions:
- push
- `tag_move`
- push
Forbidden paths:
- `.git/`
- `/Cargo.lock`
Success criteria:
- `hello` is there.
- All tests
  still pass.
Validation command:
```sh
cargo test
```
Rollback expectation:
- Revert the one commit.
Reviewers:
- bob
## Required Approval
Say exactly this sentence:
```text
I approve ACME-12 against /srv/git/greeter, and nothing else.
```
Nothing runs before.
## Execution Gate
Run it with:
- `ACME_ALLOW=1`
- `ACME_STAGE=2`
Nobody else chooses.
## Evidence Required
- `report.json`
- backend logs
## Notes
> Allowed paths:
> - `everything/`
";

const WORK: &str = "\
# Task Packet: WP-7-Greeter-v2

## METADATA
- TASK_ID: WP-7-Greeter-v2
- WP_ID: WP-7-Greeter-v2
- BASE_WP_ID: WP-7-Greeter (without the version)
- MERGE_BASE_SHA: 1111111111111111111111111111111111111111
- REQUESTOR: Ann
- DATE: 2026-01-01
- **Status:** Ready
- RISK_TIER: LOW
- USER_SIGNATURE: ann010120260000

## SCOPE
- What: Rename it.
  - in the library
- Why: It reads better.
- IN_SCOPE_PATHS:
  - src/greeter/mod.rs
  - `src/__init__.py`
- OUT_OF_SCOPE:
  - The manual
    and its index

## WAIVERS GRANTED
- (Write waivers here.)
- NONE

## QUALITY_GATE
### TEST_PLAN
```bash
# first:
just test

just lint
```

### DONE_MEANS
- It is renamed.
  - Also in comments.

### ROLLBACK_HINT
```bash
git revert <commit>
```

## AUTHORITY
- Codex: the codex

## LINEAGE_AUDIT (ALL)
- v1 was dropped.

## NOTES
- FILES:
  - a.rs
";

const TOML: &str = r#"# a packet of our own
schema = "awo.packet/1"
id = "T-1"
task = "Do it."
allowed_paths = ["src/", "a b.txt"]
forbidden_actions = [
  "push",
  "merge",
]
rollback = "Revert it."
stage = 5
base = "1111111111111111111111111111111111111111"
[target]
locator = "/srv/x"
[target.admission]
status = "admitted"
[extra]
ticket = "42"
"#;

fn read(text: &str) -> ContractDraft {
    import(text.as_bytes(), &ImportOptions::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn complaints(text: &str) -> Vec<(Option<usize>, String)> {
    let error = import(text.as_bytes(), &ImportOptions::default())
        .expect_err("this packet must be refused");
    error.0.iter().map(|c| (c.line, c.to_string())).collect()
}

/// Replaces the one place where `from` stands.
fn with(text: &str, from: &str, to: &str) -> String {
    assert_eq!(
        text.matches(from).count(),
        1,
        "{from:?} must stand there once"
    );
    text.replace(from, to)
}

/// The line in which `needle` begins, counted from 1.
fn line_of(text: &str, needle: &str) -> usize {
    text.split(needle).next().unwrap().matches('\n').count() + 1
}

#[test]
fn a_workflow_approval_gives_every_field() {
    let draft = read(APPROVAL);
    assert_eq!(draft.packet_kind, PacketKind::GovernedWorkflowApproval);
    assert_eq!(draft.id.as_str(), "ACME-12");
    assert_eq!(draft.title.as_deref(), Some("Rename the greeter"));
    assert_eq!(draft.task, "rename `greet` to `hello` in the library.");
    assert_eq!(draft.target.locator, "/srv/git/greeter");
    assert_eq!(draft.target.admission.status, "admitted");
    assert_eq!(
        draft.target.admission.source.as_deref(),
        Some("admissions/greeter.json")
    );
    assert_eq!(draft.target_ref.as_str(), "refs/heads/trunk");
    assert_eq!(draft.allowed_paths, ["src/**/*.rs", "tests/greeter.rs"]);
    assert_eq!(
        draft.forbidden_actions,
        [ActionName::Push, ActionName::TagMove]
    );
    assert_eq!(draft.forbidden_paths, [".git/", "/Cargo.lock"]);
    assert_eq!(
        draft.success_criteria,
        ["`hello` is there.", "All tests still pass."]
    );
    assert_eq!(draft.validation_command.as_deref(), Some("cargo test"));
    assert_eq!(draft.rollback, ["Revert the one commit."]);
    assert_eq!(
        draft.approval_sentence,
        "I approve ACME-12 against /srv/git/greeter, and nothing else."
    );
    assert_eq!(draft.evidence, ["report.json", "backend logs"]);
    assert_eq!(draft.stage.as_deref(), Some("2"));
    assert_eq!(draft.status.as_deref(), Some("draft"));
    assert_eq!(draft.extra["owner"], "ann");
    assert_eq!(draft.extra["env.ACME_ALLOW"], "1");
    assert_eq!(draft.source_sha256, Sha256::of(APPROVAL.as_bytes()));
    assert!(draft.check().is_ok());
}

#[test]
fn what_became_no_field_is_listed_with_its_line() {
    let notes = read(APPROVAL).not_understood;
    let listed = [
        "docs/packets/T-12.md",
        "41 lines",
        "nested:",
        "- one",
        "Only a plan.",
        "`ACME-12` is not started.",
        "Reviewers:",
        "- bob",
        "Nothing runs before.",
        "Run it with:",
        "Nobody else chooses.",
        "> Allowed paths:",
        "> - `everything/`",
    ];
    for text in listed {
        let wanted = format!("line {}: {text}", line_of(APPROVAL, text));
        assert!(
            notes.contains(&wanted),
            "{wanted:?} is listed in {notes:#?}"
        );
    }
    assert!(notes.iter().any(|n| n.ends_with("push (listed before)")));
    assert!(notes.contains(&"target_ref: the branch observed in line 22".to_owned()));
    let fields = [
        "I approve",
        "hello` is there",
        "cargo test",
        "Revert",
        "admitted",
    ];
    for text in fields {
        assert!(
            !notes.iter().any(|n| n.contains(text)),
            "{text:?} became a field"
        );
    }
}

#[test]
fn a_work_packet_gives_every_field() {
    let draft = read(WORK);
    assert_eq!(draft.packet_kind, PacketKind::WorkPacket);
    assert_eq!(draft.id.as_str(), "WP-7-Greeter-v2");
    assert_eq!(
        draft.base_task_id.as_ref().map(|id| id.as_str()),
        Some("WP-7-Greeter")
    );
    assert_eq!(draft.base.map(|id| id.to_string()), Some("1".repeat(40)));
    assert_eq!(draft.task, "Rename it.\n- in the library");
    assert_eq!(
        draft.allowed_paths,
        ["src/greeter/mod.rs", "src/__init__.py"]
    );
    assert_eq!(draft.out_of_scope, ["The manual and its index"]);
    assert_eq!(draft.waivers, [""; 0]);
    assert_eq!(
        draft.validation_command.as_deref(),
        Some("# first:\njust test\n\njust lint")
    );
    assert_eq!(
        draft.success_criteria,
        ["It is renamed.\n- Also in comments."]
    );
    assert_eq!(draft.rollback, ["git revert <commit>"]);
    assert_eq!(draft.lineage, ["v1 was dropped."]);
    assert_eq!(draft.user_signature.as_deref(), Some("ann010120260000"));
    assert_eq!(draft.risk_tier.as_deref(), Some("LOW"));
    assert_eq!(draft.status.as_deref(), Some("Ready"));
    assert_eq!(draft.extra["DATE"], "2026-01-01");
    assert_eq!(draft.extra["SCOPE.Why"], "It reads better.");
    assert_eq!(draft.extra["AUTHORITY.Codex"], "the codex");
    assert_eq!(draft.target.locator, ".");
    assert_eq!(draft.approval_sentence, "I approve WP-7-Greeter-v2.");
    let notes = &draft.not_understood;
    for text in [
        "line 6: (without the version)",
        "line 26: (Write waivers here.)",
        "- a.rs",
        "- FILES:",
        "approval_sentence: generated",
        "target_ref: supplied",
        "target.locator: supplied",
    ] {
        assert!(
            notes.iter().any(|n| n.contains(text)),
            "{text:?} is listed in {notes:#?}"
        );
    }
    assert!(draft.check().is_ok());
}

#[test]
fn a_toml_packet_gives_every_field_and_the_smallest_needs_three() {
    let draft = read(TOML);
    assert_eq!(draft.packet_kind, PacketKind::Toml);
    assert_eq!(draft.allowed_paths, ["src/", "a b.txt"]);
    assert_eq!(
        draft.forbidden_actions,
        [ActionName::Push, ActionName::Merge]
    );
    assert_eq!(draft.rollback, ["Revert it."]);
    assert_eq!(draft.stage.as_deref(), Some("5"));
    assert_eq!(draft.target.locator, "/srv/x");
    assert_eq!(draft.extra["ticket"], "42");
    assert_eq!(draft.approval_sentence, "I approve T-1.");
    let small = "schema = \"awo.packet/1\"\nid = \"T-1\"\ntask = \"x\"\nallowed_paths = [\"a\"]\n";
    assert_eq!(read(small).target.admission.status, "unstated");
    let closed = ImportOptions {
        locator: None,
        ..ImportOptions::default()
    };
    assert!(
        import(small.as_bytes(), &closed).is_err(),
        "no target, and none supplied"
    );
}

#[test]
fn the_smallest_workflow_approval_is_read() {
    let small = "# P\n## Target Repository\n- Target Repository: /srv/x\n- Admission status: admitted\n\
        ## Task Contract\nTask: x\n\nAllowed paths:\n\n* `a`\n\n## Required Approval\n\n```\nI approve A-1.\n```\n";
    let draft = read(small);
    assert_eq!((draft.id.as_str(), draft.task.as_str()), ("A-1", "x"));
    assert_eq!(draft.allowed_paths, ["a"]);
    let nested = with(
        small,
        "Allowed paths:\n",
        "### Allowed paths\nThese, and no others\n",
    );
    assert_eq!(
        read(&nested).allowed_paths,
        ["a"],
        "a heading does as well as a label"
    );
}

#[test]
fn line_ends_and_a_byte_order_mark_change_nothing() {
    for text in [APPROVAL, WORK, TOML] {
        let plain = read(text);
        let crlf = read(&text.replace('\n', "\r\n"));
        let marked = read(&format!("\u{feff}{text}"));
        for mut other in [crlf, marked] {
            assert_ne!(
                other.source_sha256, plain.source_sha256,
                "the packet's own bytes are digested"
            );
            other.source_sha256 = plain.source_sha256;
            assert_eq!(other, plain);
        }
        assert!(
            import(text.trim_end().as_bytes(), &ImportOptions::default()).is_ok(),
            "no line feed at the end"
        );
    }
}

#[test]
fn two_unicode_forms_of_a_key_are_refused() {
    let text = TOML.replace(
        "ticket = \"42\"",
        "\"\u{e5}\" = \"1\"\n\"a\u{30a}\" = \"1\"",
    );
    let found = complaints(&text);
    assert!(
        found.iter().any(|(_, it)| it.contains("between two texts")),
        "{found:?}"
    );
}
