mod harmless;
mod places;
mod real;
mod refused;
mod refused_toml;
mod refused_work;

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
- `ACME_ADMISSION_FILE` names the admission
- `ACME_OUTCOME` comes afterwards
Nobody else chooses.
## Evidence Required
- `report.json`
- backend logs
## Non-Authority Notice
It activates nothing.
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
- DATE: 2026-01-01
- MERGE_BASE_SHA: 1111111111111111111111111111111111111111
- REQUESTOR: Ann
- AGENT_ID: agent:one (planner)
- ROLE: Planner
- AGENTIC_MODE: NO
- ORCHESTRATOR_MODEL: N/A
- ORCHESTRATION_STARTED_AT_UTC: N/A
- CODER_MODEL: agent:two
- CODER_REASONING_STRENGTH: HIGH
- **Status:** Ready
- RISK_TIER: LOW
- USER_SIGNATURE: ann010120260000
- PACKET_FORMAT_VERSION: 2026-02-01

## SUB_AGENT_DELEGATION (OPTIONAL)
- SUB_AGENT_DELEGATION: DISALLOWED
- OPERATOR_APPROVAL_EVIDENCE: N/A
- SUB_AGENT_REASONING_ASSUMPTION: LOW (HARD)
- RULES (if allowed):
  - Helpers only draft.
- NOTE: Ask first.

## TECHNICAL_REFINEMENT (SPEC)
- REFINEMENT_FILE: plans/WP-7-Greeter-v2.md
- Rule: A plan comes first.

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
- SPEC_BASELINE: spec-3.md (recorded in January)
- SPEC_TARGET: docs/SPEC.md (at the end)
- SPEC_ANCHOR: spec-3.md 2.1 (names)
- Codex: the codex
- Task Board: docs/BOARD.md
- WP Traceability: docs/TRACE.md

## LINEAGE_AUDIT (ALL) [X-1]
- Say what came before.
- Prior packet: `old/WP-7-Greeter-v1.md` (a stub; not activated).
  - Preserved: the new name.
  - Changed/clarified: where it is used.
  - Dropped:
    - \"The manual is changed.\" (it has an owner)

## BOOTSTRAP
- FILES_TO_OPEN:
  - src/greeter/mod.rs
- SEARCH_TERMS:
  - \"greet\"
- RUN_COMMANDS:
  ```bash
  just test
  ```
- RISK_MAP:
  - \"a caller is missed\" -> \"it does not compile\"

## SKELETON
- Proposed interfaces/types/contracts:
  - fn hello()
- Open questions:
- Notes:

## END_TO_END_CLOSURE_PLAN [X-2]
- END_TO_END_CLOSURE_PLAN_APPLICABLE: YES
- TRUST_BOUNDARY: the library's interface
- SERVER_SOURCES_OF_TRUTH:
  - the compiler
- REQUIRED_PROVENANCE_FIELDS:
  - none beyond git's (there is no server)
- VERIFICATION_PLAN:
  - Compile all callers
- ERROR_TAXONOMY_PLAN:
  - an unknown name
- UI_GUARDRAILS:
  - N/A (no interface)
- VALIDATOR_ASSERTIONS:
  - nothing is called greet

## IMPLEMENTATION
- (Fill this in.)

## HYGIENE
- (Fill this in.)
- COMMAND: just lint

## VALIDATION
- **Target File**: `path/to/file`
- **Gates Passed**:
  - [x] anchors_present

## STATUS_HANDOFF
- Next step: Write the skeleton.

## EVIDENCE_MAPPING
- (Fill this in.)
- Form:
  - REQUIREMENT: \"<quote>\"

## EVIDENCE
- (Fill this in.)

## VALIDATION_REPORTS
- (Others fill this in.)
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

/// What [`WORK`] says, as a packet of git-awo's own.
const OWN_WORK: &str = r#"schema = "awo.packet/1"
id = "WP-7-Greeter-v2"
base_task_id = "WP-7-Greeter"
task = "Rename it."
base = "1111111111111111111111111111111111111111"
requestor = "Ann"
risk_tier = "LOW"
allowed_paths = ["src/greeter/mod.rs"]
out_of_scope = ["The manual and its index"]
success_criteria = ["It is renamed."]
validation_command = "just test"
rollback = "git revert <commit>"
user_signature = "ann010120260000"
skeleton = true
post_work = true
[packet]
format_version = "2026-02-01"
refinement_file = "plans/WP-7-Greeter-v2.md"
why = "It reads better."
[packet.lineage]
preserved = ["the new name."]
changed = ["where it is used."]
dropped = ["\"The manual is changed.\" (it has an owner)"]
[packet.lineage.predecessor]
path = "old/WP-7-Greeter-v1.md"
[packet.actors]
agent_id = "agent:one (planner)"
role = "Planner"
agentic_mode = false
coder_model = "agent:two"
reasoning_strength = "HIGH"
[packet.delegation]
allowed = false
reasoning_assumption = "LOW"
rules = ["Helpers only draft."]
[packet.authority]
spec_baseline = "spec-3.md (recorded in January)"
spec_target = "docs/SPEC.md"
spec_anchors = ["spec-3.md 2.1 (names)"]
codex = "the codex"
task_board = "docs/BOARD.md"
traceability = "docs/TRACE.md"
[packet.bootstrap]
files = ["src/greeter/mod.rs"]
search_terms = ["greet"]
commands = ["just test"]
risk_map = ["a caller is missed -> it does not compile"]
[packet.skeleton]
proposed = ["fn hello()"]
[packet.closure_plan]
applicable = true
trust_boundary = "the library's interface"
server_sources_of_truth = ["the compiler"]
required_provenance_fields = ["none beyond git's (there is no server)"]
verification_plan = ["Compile all callers"]
error_taxonomy_plan = ["an unknown name"]
ui_guardrails = ["N/A (no interface)"]
validator_assertions = ["nothing is called greet"]
[packet.forms]
hygiene = ["- COMMAND: just lint"]
validation = [
  "- **Target File**: `path/to/file`",
  "- **Gates Passed**:",
  "  - [x] anchors_present",
]
status_handoff = ["- Next step: Write the skeleton."]
evidence_mapping = ["- Form:", "  - REQUIREMENT: \"<quote>\""]
"#;

fn read(text: &str) -> ContractDraft {
    import(text.as_bytes(), &ImportOptions::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn complaints(text: &str) -> Vec<(Option<usize>, String)> {
    let error = import(text.as_bytes(), &ImportOptions::default())
        .expect_err("this packet must be refused");
    error.0.iter().map(|c| (c.line, c.to_string())).collect()
}

/// Checks that a packet that says `what` is refused in this line for this reason.
#[track_caller]
fn refused_in(what: &str, text: &str, line: Option<usize>, message: &str) {
    let found = complaints(text);
    let hit = found
        .iter()
        .any(|(at, told)| *at == line && told.contains(message));
    assert!(
        hit,
        "{what:?} must be refused in line {line:?} with {message:?}, got {found:#?}"
    );
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
        "nested:",
        "- one",
        "Reviewers:",
        "- bob",
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
    assert_eq!(
        read(APPROVAL).supplied,
        ["target_ref: the branch observed in line 22"]
    );
    let notices = read(APPROVAL).notices;
    let notices = notices
        .iter()
        .map(|it| (it.section.as_deref(), it.text.as_str()));
    assert_eq!(
        notices.collect::<Vec<_>>(),
        [
            (None, "docs/packets/T-12.md"),
            (None, "41 lines"),
            (None, "Only a plan."),
            (
                Some("Status"),
                "Status: waiting for an answer.\n`ACME-12` is not started."
            ),
            (Some("Required Approval"), "Nothing runs before."),
            (Some("Execution Gate"), "Run it with:"),
            (
                Some("Execution Gate"),
                "- `ACME_ADMISSION_FILE` names the admission"
            ),
            (
                Some("Execution Gate"),
                "- `ACME_OUTCOME` comes afterwards\nNobody else chooses."
            ),
            (Some("Non-Authority Notice"), "It activates nothing."),
        ]
    );
    let gate = read(APPROVAL).execution_gate.unwrap();
    assert_eq!(gate.switch.as_deref(), Some("ACME_ALLOW=1"));
    assert_eq!(gate.stage.as_deref(), Some("2"));
    assert_eq!(gate.admission_file.as_deref(), Some("ACME_ADMISSION_FILE"));
    assert!(gate.outcome_required);
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
    assert_eq!(draft.validation_command, None);
    assert_eq!(draft.validation_steps, ["just test", "just lint"]);
    assert_eq!(
        draft.success_criteria,
        ["It is renamed.\n- Also in comments."]
    );
    assert_eq!(draft.rollback, ["git revert <commit>"]);
    assert_eq!(
        draft.lineage,
        [
            "Say what came before.",
            "Prior packet: `old/WP-7-Greeter-v1.md` (a stub; not activated)."
        ]
    );
    assert_eq!(draft.user_signature.as_deref(), Some("ann010120260000"));
    assert_eq!(draft.risk_tier.as_deref(), Some("LOW"));
    assert_eq!(draft.status, None, "the status follows from records");
    assert_eq!(draft.extra["DATE"], "2026-01-01");
    assert_eq!(draft.extra["SUB_AGENT_DELEGATION.NOTE"], "Ask first.");
    assert_eq!(
        draft.extra["TECHNICAL_REFINEMENT.Rule"],
        "A plan comes first."
    );
    assert_eq!(draft.target.locator, ".");
    assert_eq!(draft.approval_sentence, "I approve WP-7-Greeter-v2.");
    assert!(draft.skeleton && draft.post_work);
    let instructions = [
        "line 6: (without the version)",
        "line 25: (HARD)",
        "line 46: (Write waivers here.)",
        "line 69: (at the end)",
        "line 118: - (Fill this in.)",
        "line 121: - (Fill this in.)",
        "line 133: - (Fill this in.)",
        "line 138: - (Fill this in.)",
        "line 141: - (Others fill this in.)",
    ];
    assert_eq!(draft.not_understood, instructions);
    let supplied = [
        "target.locator",
        "target.admission.status",
        "target_ref",
        "approval_sentence",
        "forbidden_paths",
        "forbidden_actions",
        "evidence",
    ];
    let fields = draft
        .supplied
        .iter()
        .map(|it| it.split(':').next().unwrap());
    assert_eq!(fields.collect::<Vec<_>>(), supplied);
    assert!(draft.check().is_ok());
}

#[test]
fn what_a_work_packet_says_of_the_change_is_kept() {
    let packet = read(WORK).packet.unwrap();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(packet.format_version, "2026-02-01");
    assert_eq!(packet.lineage.version, Some(2));
    let before = packet.lineage.predecessor.unwrap();
    assert_eq!(before.path, some("old/WP-7-Greeter-v1.md"));
    assert!(!before.external && before.contract.is_none() && before.sha256.is_none());
    assert_eq!(packet.lineage.preserved, ["the new name."]);
    assert_eq!(packet.lineage.changed, ["where it is used."]);
    assert_eq!(
        packet.lineage.dropped,
        ["\"The manual is changed.\" (it has an owner)"]
    );
    let actors = packet.actors;
    assert_eq!(actors.agent_id, some("agent:one (planner)"));
    assert_eq!(actors.role, some("Planner"));
    assert!(!actors.agentic_mode);
    assert_eq!(actors.orchestrator_model, None);
    assert_eq!(actors.coder_model, some("agent:two"));
    assert_eq!(actors.reasoning_strength, some("HIGH"));
    let delegation = packet.delegation.unwrap();
    assert!(!delegation.allowed);
    assert_eq!(delegation.reasoning_assumption, some("LOW"));
    assert_eq!(delegation.rules, ["Helpers only draft."]);
    assert_eq!(packet.refinement_file, some("plans/WP-7-Greeter-v2.md"));
    assert_eq!(packet.why, some("It reads better."));
    let authority = packet.authority;
    assert_eq!(
        authority.spec_baseline,
        some("spec-3.md (recorded in January)")
    );
    assert_eq!(authority.spec_target, some("docs/SPEC.md"));
    assert_eq!(authority.spec_anchors, ["spec-3.md 2.1 (names)"]);
    assert_eq!(authority.codex, some("the codex"));
    assert_eq!(authority.task_board, some("docs/BOARD.md"));
    assert_eq!(authority.traceability, some("docs/TRACE.md"));
    let bootstrap = packet.bootstrap;
    assert_eq!(bootstrap.files, ["src/greeter/mod.rs"]);
    assert_eq!(bootstrap.search_terms, ["greet"]);
    assert_eq!(bootstrap.commands, ["just test"]);
    let risks = bootstrap.risk_map.iter().map(ToString::to_string);
    assert_eq!(
        risks.collect::<Vec<_>>(),
        ["\"a caller is missed\" -> \"it does not compile\""]
    );
    assert_eq!(packet.skeleton.proposed, ["fn hello()"]);
    assert!(packet.skeleton.questions.is_empty());
    let plan = packet.closure_plan.unwrap();
    assert!(plan.applicable);
    assert_eq!(plan.trust_boundary, some("the library's interface"));
    let sizes = plan.lists().map(|(_, entries)| entries.len());
    assert_eq!(sizes, [1; 6]);
    assert_eq!(plan.ui_guardrails, ["N/A (no interface)"]);
    assert_eq!(packet.forms.hygiene, ["- COMMAND: just lint"]);
    assert_eq!(
        packet.forms.validation,
        [
            "- **Target File**: `path/to/file`",
            "- **Gates Passed**:",
            "  - [x] anchors_present"
        ]
    );
    assert_eq!(
        packet.forms.status_handoff,
        ["- Next step: Write the skeleton."]
    );
    assert_eq!(
        packet.forms.evidence_mapping,
        ["- Form:", "  - REQUIREMENT: \"<quote>\""]
    );
    assert!(packet.forms.validation_reports.is_empty());
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
fn a_work_packet_may_say_how_its_target_was_admitted() {
    let said = "- RISK_TIER: LOW\n- TARGET_REPOSITORY: git@example.org:greeter\n\
                - ADMISSION_SOURCE: `admissions/greeter.json`\n- ADMISSION_STATUS: admitted\n\
                - REPOSITORY_OWNER: acme\n- RISK_CLASSIFICATION: high\n";
    let draft = read(&with(WORK, "- RISK_TIER: LOW\n", said));
    assert_eq!(draft.target.locator, "git@example.org:greeter");
    let admission = draft.target.admission;
    assert_eq!(admission.status, "admitted");
    assert_eq!(admission.source.as_deref(), Some("admissions/greeter.json"));
    assert_eq!(admission.owner.as_deref(), Some("acme"));
    assert_eq!(admission.risk.as_deref(), Some("high"));
    assert_eq!(draft.risk_tier.as_deref(), Some("LOW"), "another thing");
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

#[test]
fn a_toml_packet_asks_for_determinism() {
    assert_eq!(read(TOML).determinism, None);
    let asks = read(&with(TOML, "stage = 5", "determinism = 3"));
    assert_eq!(asks.determinism, Some(3));
    assert!(asks.check().is_ok());
}

#[test]
fn a_toml_packet_says_all_that_a_work_packet_says() {
    let (own, work) = (read(OWN_WORK), read(WORK));
    assert_eq!(own.packet, work.packet);
    assert_eq!((own.skeleton, own.post_work), (true, true));
    assert_eq!(own.base_task_id, work.base_task_id);
    assert_eq!(own.user_signature, work.user_signature);
    assert!(own.check().is_ok());
    // Nothing of it is guessed either.
    for (from, to, message) in [
        ("skeleton = true", "skeleton = \"YES\"", "true or false"),
        ("allowed = false", "allowed = \"ALLOWED\"", "true or false"),
        ("allowed = false", "allowed = true", "delegation without"),
        ("\"2026-02-01\"", "\"2026-02-02\"", "of the format"),
        ("codex = ", "kodex = ", "packet.authority.kodex"),
        (
            "coder_model = ",
            "orchestrator_model = \"agent:three\"\ncoder_model = ",
            "where the agentic mode is NO",
        ),
        (
            "base_task_id = \"WP-7-Greeter\"",
            "base_task_id = \"WP-7\"",
            "another base id",
        ),
        (" -> it does", " and it does", "one entry of risk map"),
        (
            "path = \"old/WP-7-Greeter-v1.md\"",
            "sha256 = \"abc\"",
            "digest of the predecessor",
        ),
        (
            "path = \"old/WP-7-Greeter-v1.md\"",
            "external = true\ncontract = \"1111111111111111111111111111111111111111111111111111111111111111\"",
            "a contract of the ledger and a packet outside of it",
        ),
        (
            "[packet.lineage.predecessor]\npath = \"old/WP-7-Greeter-v1.md\"\n",
            "",
            "cannot find the prior packet",
        ),
        (
            "agentic_mode = false",
            "agentic_mode = true",
            "without the model that orchestrates",
        ),
        (
            "ui_guardrails = [\"N/A (no interface)\"]",
            "ui_guardrails = [\"TBD\"]",
            "it is a placeholder",
        ),
        ("allowed = false\n", "", "sub-agent delegation"),
        (
            "applicable = true\n",
            "",
            "applicability of the closure plan",
        ),
        (
            "ui_guardrails = [\"N/A (no interface)\"]",
            "ui_guardrails = []",
            "closure plan",
        ),
    ] {
        let text = with(OWN_WORK, from, to);
        let found = complaints(&text);
        let line = Some(line_of(&text, to.trim()));
        let hit = found.iter().any(|(at, text)| {
            let placed = if to.is_empty() {
                at.is_some()
            } else {
                *at == line
            };
            placed && text.contains(message)
        });
        assert!(hit, "{to:?} is refused in line {line:?}: {found:#?}");
    }
}

#[test]
fn a_toml_packet_says_all_that_an_approval_packet_says() {
    let text = format!(
        "{}\n[execution_gate]\nswitch = \"ACME_ALLOW=1\"\nadmission_file = \"ACME_ADMISSION_FILE\"\n\
         outcome_required = true\n[[notices]]\ntext = \"Only a plan.\"\n[[notices]]\nsection = \"Status\"\n\
         text = \"open\"\n",
        TOML.replace("stage = 5", "stage = 2").trim_end()
    );
    let draft = read(&text);
    assert_eq!(draft.execution_gate, read(APPROVAL).execution_gate);
    let notices = draft.notices.iter();
    let notices = notices.map(|it| (it.section.as_deref(), it.text.as_str()));
    assert_eq!(
        notices.collect::<Vec<_>>(),
        [(None, "Only a plan."), (Some("Status"), "open")]
    );
    for wrong in ["text = 7", "word = \"x\"", "section = \"x\""] {
        let text = format!("{text}[[notices]]\n{wrong}\n");
        assert!(
            complaints(&text)
                .iter()
                .any(|(_, it)| it.contains("notices")),
            "{wrong}"
        );
    }
}
