//! Faulty packets, each refused with its line.

use super::*;

#[test]
fn a_faulty_approval_is_refused_with_its_line() {
    let table = [
        (
            "- `src/**/*.rs`\n- tests/greeter.rs\n",
            "",
            "Allowed paths:",
            "any entry of allowed paths",
        ),
        (
            "- `src/**/*.rs`\n- tests/greeter.rs\n",
            "- NONE\n",
            "Allowed paths:",
            "any entry of allowed paths",
        ),
        ("- `src/**/*.rs`", "- `/etc/passwd`", "- `/etc", "absolute"),
        ("- `src/**/*.rs`", "- `../up`", "- `../up", "'..'"),
        (
            "- `src/**/*.rs`",
            "- `.git/hooks/`",
            "- `.git/hooks",
            "reaches into .git",
        ),
        ("- `src/**/*.rs`", "- `!src/`", "- `!src", "negated"),
        (
            "- `src/**/*.rs`",
            "- src/__init__.py",
            "- src/__init",
            "in backticks",
        ),
        (
            "- `src/**/*.rs`",
            "- `src/a` and `src/b`",
            "- `src/a",
            "in backticks",
        ),
        (
            "- `src/**/*.rs`",
            "- `src/a`\n  wrapped",
            "- `src/a",
            "in backticks",
        ),
        (
            "- `src/**/*.rs`",
            "- <fill in>",
            "- <fill",
            "not a plain list item",
        ),
        ("- `src/**/*.rs`", "- NONE", "- NONE", "other entries"),
        ("- `src/**/*.rs`", "- `a`\n  - `b`", "  - `b`", "nested"),
        (
            "- tests/greeter.rs",
            "\nThe tests too\n\n- tests/greeter.rs",
            "- tests",
            "prose separates it",
        ),
        (
            "- `tag_move`",
            "- teleport",
            "- teleport",
            "\"teleport\" is not a known action",
        ),
        ("- `.git/`", "- `!.git/`", "- `!.git", "negated"),
        (
            "- `.git/`\n- `/Cargo.lock`\n",
            "",
            "Forbidden paths:",
            "any entry of forbidden paths",
        ),
        (
            "Reviewers:\n- bob",
            "Allowed paths:\n- bob",
            "Allowed paths:\n- bob",
            "two texts for the allowed paths",
        ),
        (
            "Nothing runs before.",
            "Allowed paths:\n- x",
            "Allowed paths:\n- x",
            "outside the section",
        ),
        (
            "owner: ann",
            "allowed_paths: x",
            "allowed_paths",
            "outside the section",
        ),
        (
            "Nothing runs before.",
            "```\nI approve more.\n```",
            "I approve more",
            "two texts for the approval sentence",
        ),
        (
            "Nothing runs before.",
            "Or this sentence:\n```\nI approve B-1.\n```",
            "I approve B",
            "two texts for the approval",
        ),
        (
            "Nothing runs before.",
            "Approval sentence: `I approve B-1.`",
            "Approval sentence",
            "two texts for the approval",
        ),
        (
            "Nothing runs before.",
            "Or another sentence:",
            "Or another",
            "no block of text after it",
        ),
        (
            "and nothing else.\n",
            "and nothing\nelse.\n",
            "```text",
            "more than one line",
        ),
        (
            "and nothing else.\n",
            "and nothing else. \n",
            "I approve ACME",
            "white space",
        ),
        (
            "I approve ACME-12",
            "I approve ACME-13",
            "`ACME-12` is not",
            "two task ids: \"ACME-12\"",
        ),
        (
            "`ACME-12` is not",
            "`ACME-13` is not",
            "`ACME-13` is not",
            "two task ids: \"ACME-13\"",
        ),
        (
            "Task: rename",
            "Task ID: ACME-13\nTask: rename",
            "I approve ACME",
            "two task ids: \"ACME-12\"",
        ),
        (
            "against /srv/git/greeter,",
            "against /srv/git/other,",
            "I approve ACME",
            "\"/srv/git/other\"",
        ),
        (
            "- Admission status: `admitted`\n",
            "- Target Repository: `/srv/y`\n",
            "- Target Repository: `/srv/y",
            "two texts for the target",
        ),
        (
            "`trunk` branch",
            "`a..b` branch",
            "- Current observed",
            "cannot read the target branch",
        ),
        (
            "- `ACME_STAGE=2`",
            "- `ACME_STAGE=2`\n- `OTHER_STAGE=3`",
            "- `OTHER",
            "two texts for the stage",
        ),
        (
            "- `ACME_STAGE=2`",
            "- set `ACME_STAGE=2`",
            "- set",
            "backticks of its own",
        ),
        (
            "- `ACME_STAGE=2`",
            "- `ACME_STAGE=2; x`",
            "- `ACME_STAGE",
            "stage",
        ),
        (
            "cargo test\n```",
            "cargo test\n",
            "```sh",
            "is never closed",
        ),
        ("cargo test\n", "\n", "```sh", "blank validation_command"),
        (
            "41 lines",
            "```markdown",
            "```markdown",
            "before the packet begins",
        ),
        ("Only a plan.", "Only a\rplan.", "Only a", "U+000D"),
        (
            "Only a plan.",
            "Only a \u{202e}plan.",
            "Only a",
            "U+202E RIGHT-TO-LEFT OVERRIDE",
        ),
        (
            "## Notes\n",
            "## METADATA\n## SCOPE\n",
            "",
            "headings of both",
        ),
    ];
    for (from, to, place, message) in table {
        let bad = with(APPROVAL, from, to);
        let found = complaints(&bad);
        let line = (!place.is_empty()).then(|| line_of(&bad, place));
        let hit = found
            .iter()
            .any(|(at, text)| *at == line && text.contains(message));
        assert!(
            hit,
            "{to:?} must be refused in line {line:?} with {message:?}, got {found:#?}"
        );
    }
}

#[test]
fn what_a_packet_lacks_is_named() {
    let table = [
        (
            "- Target Repository: `/srv/git/greeter`\n",
            "target repository",
        ),
        ("- Admission status: `admitted`\n", "admission status"),
        ("Task: rename `greet` to `hello`\nin the library.\n", "task"),
        (
            "Allowed paths:\n- `src/**/*.rs`\n- tests/greeter.rs\n",
            "allowed paths",
        ),
        (
            "Say exactly this sentence:\n```text\nI approve ACME-12 against /srv/git/greeter, and nothing else.\n```\n",
            "approval sentence",
        ),
    ];
    for (cut, what) in table {
        let found = complaints(&with(APPROVAL, cut, ""));
        let hit = found
            .iter()
            .any(|(_, text)| text == &format!("cannot find the {what}"));
        assert!(hit, "{what} is missing, got {found:#?}");
    }
    let anonymous = with(APPROVAL, "I approve ACME-12", "I approve it");
    assert!(
        complaints(&anonymous)
            .iter()
            .any(|(_, text)| text.contains("cannot find the task id"))
    );
    let labelled = with(
        &anonymous,
        "Task: rename",
        "Task ID: `ACME-12`\nTask: rename",
    );
    assert_eq!(
        read(&labelled).id.as_str(),
        "ACME-12",
        "a labelled id does as well"
    );
}

#[test]
fn a_faulty_work_packet_is_refused_with_its_line() {
    let table = [
        (
            "- WP_ID: WP-7-Greeter-v2",
            "- WP_ID: WP-7-Greeter-v3",
            "- WP_ID",
            "two task ids",
        ),
        (
            "# Task Packet: WP-7-Greeter-v2",
            "# Task Packet: WP-7-Greeter",
            "# Task",
            "two task ids",
        ),
        ("111111\n", "11111\n", "- MERGE_BASE", "base commit"),
        (
            "  - src/greeter/mod.rs\n  - `src/__init__.py`\n",
            "",
            "- IN_SCOPE",
            "any entry of allowed paths",
        ),
        ("  - `src/__init__.py`", "  - TBD", "  - TBD", "placeholder"),
        (
            "  - `src/__init__.py`",
            "  - /src/greeter",
            "  - /src",
            "absolute",
        ),
        (
            "- COMMAND: just lint\n",
            "- FORBIDDEN_PATHS:\n  - x\n",
            "- FORBIDDEN_PATHS",
            "outside the section",
        ),
        (
            "## AUTHORITY\n",
            "### TEST_PLAN\n```\nmake\n```\n## AUTHORITY\n",
            "```\nmake",
            "two texts for the test plan",
        ),
        (
            "- OUT_OF_SCOPE:",
            "- FORBIDDEN_ACTIONS:\n  - Push\n- OUT_OF_SCOPE:",
            "  - Push",
            "not a known action",
        ),
        (
            "- BASE_WP_ID: WP-7-Greeter (",
            "- BASE_WP_ID: WP-7 (",
            "- BASE_WP_ID",
            "another base id than WP-7-Greeter",
        ),
        (
            "- BASE_WP_ID: WP-7-Greeter (",
            "- BASE_WP_ID: WP-7-Greeter-v2 (",
            "- BASE_WP_ID",
            "another base id than WP-7-Greeter",
        ),
        (
            "AGENTIC_MODE: NO",
            "AGENTIC_MODE: YES",
            "- AGENTIC_MODE",
            "without the model that orchestrates",
        ),
        (
            "STARTED_AT_UTC: N/A",
            "STARTED_AT_UTC: 2026-01-01T00:00:00Z",
            "- ORCHESTRATION_STARTED",
            "where the agentic mode is NO",
        ),
        (
            "FORMAT_VERSION: 2026-02-01",
            "FORMAT_VERSION: 2026-02-02",
            "- PACKET_FORMAT",
            "a work packet of the format",
        ),
        (
            "ann010120260000",
            "Ann010120260000",
            "- USER_SIG",
            "as a user signature",
        ),
        (
            "ann010120260000",
            "ann01012026000",
            "- USER_SIG",
            "as a user signature",
        ),
        (
            "ann010120260000",
            "010120260000",
            "- USER_SIG",
            "as a user signature",
        ),
        (
            "ORCHESTRATOR_MODEL: N/A",
            "ORCHESTRATOR_MODEL: agent:three",
            "- ORCHESTRATOR_MODEL",
            "where the agentic mode is NO",
        ),
        (
            "AGENTIC_MODE: NO",
            "AGENTIC_MODE: no",
            "- AGENTIC_MODE",
            "it is YES or NO",
        ),
        (
            "- SUB_AGENT_DELEGATION: DISALLOWED",
            "- SUB_AGENT_DELEGATION: ALLOWED",
            "- SUB_AGENT_DELEGATION:",
            "delegation without",
        ),
        (
            "- SUB_AGENT_DELEGATION: DISALLOWED",
            "- SUB_AGENT_DELEGATION: N/A",
            "- SUB_AGENT_REASONING",
            "cannot find the sub-agent delegation",
        ),
        (
            "PLAN_APPLICABLE: YES",
            "PLAN_APPLICABLE: N/A",
            "- TRUST_BOUNDARY",
            "cannot find the applicability",
        ),
        (
            "- SUB_AGENT_DELEGATION: DISALLOWED",
            "- SUB_AGENT_DELEGATION: PERHAPS",
            "- SUB_AGENT_DELEGATION:",
            "it is ALLOWED or DISALLOWED",
        ),
        (
            "  - \"a caller is missed\" -> \"it does not compile\"",
            "  - a caller is missed",
            "  - a caller",
            "one entry of risk map",
        ),
        (
            "- Prior packet: `old",
            "- Something: `old",
            "## LINEAGE_AUDIT",
            "cannot find the prior packet",
        ),
        (
            "- Prior packet: `old",
            "- Prior packet: `a.md`\n- Prior packet: `b.md`\n- Something: `old",
            "- Prior packet: `a",
            "which of the prior packets",
        ),
    ];
    for (from, to, place, message) in table {
        let bad = with(WORK, from, to);
        let found = complaints(&bad);
        let line = Some(line_of(&bad, place));
        let hit = found
            .iter()
            .any(|(at, text)| *at == line && text.contains(message));
        assert!(
            hit,
            "{to:?} must be refused in line {line:?} with {message:?}, got {found:#?}"
        );
    }
    let bare = with(
        WORK,
        "- TASK_ID: WP-7-Greeter-v2\n- WP_ID: WP-7-Greeter-v2\n",
        "",
    );
    assert!(
        complaints(&bare)
            .iter()
            .any(|(_, text)| text.contains("task id")),
        "no id at all"
    );
}

#[test]
fn what_a_work_packet_must_have_is_missed_with_a_line() {
    let labels = [
        ("METADATA", "TASK_ID"),
        ("METADATA", "WP_ID"),
        ("METADATA", "BASE_WP_ID"),
        ("METADATA", "MERGE_BASE_SHA"),
        ("METADATA", "REQUESTOR"),
        ("METADATA", "AGENT_ID"),
        ("METADATA", "ROLE"),
        ("METADATA", "AGENTIC_MODE"),
        ("METADATA", "CODER_MODEL"),
        ("METADATA", "CODER_REASONING_STRENGTH"),
        ("METADATA", "RISK_TIER"),
        ("METADATA", "USER_SIGNATURE"),
        ("METADATA", "PACKET_FORMAT_VERSION"),
        ("SUB_AGENT_DELEGATION", "SUB_AGENT_DELEGATION"),
        ("TECHNICAL_REFINEMENT", "REFINEMENT_FILE"),
        ("SCOPE", "What"),
        ("SCOPE", "Why"),
        ("AUTHORITY", "SPEC_BASELINE"),
        ("AUTHORITY", "SPEC_TARGET"),
        ("AUTHORITY", "SPEC_ANCHOR"),
        (
            "END_TO_END_CLOSURE_PLAN",
            "END_TO_END_CLOSURE_PLAN_APPLICABLE",
        ),
    ];
    for (section, label) in labels {
        let start = format!("\n- {label}: ");
        let rest = WORK.split(&start).nth(1).expect("the label stands there");
        let value = rest.split('\n').next().unwrap();
        let line = format!("{start}{value}");
        let gone = complaints(&with(WORK, &line, ""));
        let heading = Some(line_of(WORK, &format!("## {section}")));
        assert!(
            gone.iter()
                .any(|(at, text)| *at == heading && text.contains(label)),
            "{label} is gone: {gone:#?}"
        );
        // The label is there and says nothing.
        if !matches!(label, "TASK_ID" | "WP_ID" | "SUB_AGENT_DELEGATION")
            && !label.starts_with("END_TO_END")
        {
            for empty in ["", "TBD", "<fill in>"] {
                let text = with(WORK, &line, format!("{start}{empty}").trim_end());
                if label == "What" && !empty.is_empty() {
                    continue;
                }
                let said = complaints(&text);
                let at = Some(line_of(&text, start.trim()));
                assert!(
                    said.iter().any(|(line, _)| *line == at),
                    "{label} says {empty:?}: {said:#?}"
                );
            }
        }
    }
    for section in ["TECHNICAL_REFINEMENT", "QUALITY_GATE", "AUTHORITY"] {
        let gone = complaints(&WORK.replace(&format!("## {section}"), "## ELSE"));
        assert!(
            gone.iter().any(|(_, text)| text.contains(section)),
            "{section} is gone: {gone:#?}"
        );
    }
}

#[test]
fn a_closure_plan_that_applies_leaves_nothing_open() {
    let lists = [
        "SERVER_SOURCES_OF_TRUTH",
        "REQUIRED_PROVENANCE_FIELDS",
        "VERIFICATION_PLAN",
        "ERROR_TAXONOMY_PLAN",
        "UI_GUARDRAILS",
        "VALIDATOR_ASSERTIONS",
    ];
    for list in lists {
        let start = format!("- {list}:\n");
        let rest = WORK.split(&start).nth(1).unwrap();
        let entry = rest.split_inclusive('\n').next().unwrap();
        for empty in [start.clone(), format!("{start}  - N/A\n")] {
            let open = with(WORK, &format!("{start}{entry}"), &empty);
            let found = complaints(&open);
            let line = Some(line_of(&open, &start));
            assert!(
                found
                    .iter()
                    .any(|(at, text)| *at == line && text.contains("closure plan")),
                "{list} is empty: {found:#?}"
            );
            let off = with(&open, "PLAN_APPLICABLE: YES", "PLAN_APPLICABLE: NO");
            assert!(read(&off).check().is_ok(), "{list} need not be there");
        }
    }
    let open = with(WORK, "- TRUST_BOUNDARY: the library's interface\n", "");
    assert!(
        complaints(&open)
            .iter()
            .any(|(_, text)| text.contains("trust_boundary"))
    );
}

#[test]
fn the_twins_of_refused_work_packets_are_read() {
    let agentic = with(WORK, "AGENTIC_MODE: NO", "AGENTIC_MODE: YES");
    let agentic = with(&agentic, "TOR_MODEL: N/A", "TOR_MODEL: agent:three");
    let actors = read(&agentic).packet.unwrap().actors;
    assert!(actors.agentic_mode);
    assert_eq!(actors.orchestrator_model.as_deref(), Some("agent:three"));
    let helped = with(WORK, "DELEGATION: DISALLOWED", "DELEGATION: ALLOWED");
    let helped = with(&helped, "EVIDENCE: N/A", "EVIDENCE: Olga says yes.");
    let delegation = read(&helped).packet.unwrap().delegation.unwrap();
    assert!(delegation.allowed);
    let evidence = delegation.operator_approval_evidence;
    assert_eq!(evidence.as_deref(), Some("Olga says yes."));
    let plain = WORK.replace("WP-7-Greeter-v2", "WP-7-Greeter");
    let plain = read(&plain);
    assert_eq!(plain.packet.unwrap().lineage.version, None);
    assert_eq!(plain.base_task_id, Some(plain.id));
    let several = with(
        WORK,
        "- Prior packet: `old",
        "- Prior packet: `a.md`\n- Prior packet: `old",
    );
    let before = read(&several).packet.unwrap().lineage.predecessor.unwrap();
    assert_eq!(before.path.as_deref(), Some("old/WP-7-Greeter-v1.md"));
    let digest = "ab".repeat(32);
    let external = with(
        WORK,
        "(a stub; not activated)",
        &format!("(external, SHA-256 {digest})"),
    );
    let before = read(&external).packet.unwrap().lineage.predecessor.unwrap();
    assert!(before.external);
    assert_eq!(before.sha256.map(|it| it.to_string()), Some(digest));
}

#[test]
fn a_faulty_toml_packet_is_refused_with_its_line() {
    let table = [
        ("awo.packet/1", "awo.packet/2", 2, "awo.packet/1"),
        ("id = \"T-1\"", "id = \"../x\"", 3, "task id"),
        (
            "task = \"Do it.\"",
            "tusk = \"Do it.\"",
            4,
            "unknown key \"tusk\"",
        ),
        ("\"src/\"", "7", 5, "array of strings"),
        ("\"src/\"", "\"/src\"", 5, "absolute"),
        ("  \"merge\"", "  \"Merge\"", 8, "not a known action"),
        ("stage = 5", "stage = 5.5", 11, "a string"),
        ("stage = 5", "source_sha256 = \"x\"", 11, "unknown key"),
        ("stage = 5", "stage = ", 11, "as TOML"),
        ("locator =", "place =", 14, "unknown key \"target.place\""),
        ("ticket = \"42\"", "ticket = 42", 18, "a string"),
    ];
    for (from, to, line, message) in table {
        let found = complaints(&with(TOML, from, to));
        let hit = found
            .iter()
            .any(|(at, text)| *at == Some(line) && text.contains(message));
        assert!(
            hit,
            "{to:?} must be refused in line {line} with {message:?}, got {found:#?}"
        );
    }
    let empty = with(TOML, "[\"src/\", \"a b.txt\"]", "[]");
    assert!(complaints(&empty).iter().any(|(at, _)| *at == Some(5)));
    let escaped = with(TOML, "Do it.", "Do\\u001b it.");
    assert!(
        complaints(&escaped)
            .iter()
            .any(|(at, text)| *at == Some(4) && text.contains("control"))
    );
}

#[test]
fn a_work_packet_in_toml_says_all_that_one_in_markdown_must_say() {
    assert!(read(OWN_WORK).check().is_ok(), "the twin");
    let table = line_of(OWN_WORK, "[packet]");
    // Each field is missed at the table, and one that says nothing in its own line.
    for (key, field) in [
        ("base", "base"),
        ("base_task_id", "base_task_id"),
        ("requestor", "requestor"),
        ("risk_tier", "risk_tier"),
        ("out_of_scope", "out_of_scope"),
        ("success_criteria", "success_criteria"),
        ("validation_command", "validation_command"),
        ("rollback", "rollback"),
        ("user_signature", "user_signature"),
        ("format_version", "packet.format_version"),
        ("refinement_file", "packet.refinement_file"),
        ("why", "packet.why"),
        ("agent_id", "packet.actors.agent_id"),
        ("role", "packet.actors.role"),
        ("agentic_mode", "packet.actors.agentic_mode"),
        ("coder_model", "packet.actors.coder_model"),
        ("reasoning_strength", "packet.actors.reasoning_strength"),
        ("spec_baseline", "packet.authority.spec_baseline"),
        ("spec_target", "packet.authority.spec_target"),
        ("spec_anchors", "packet.authority.spec_anchors"),
    ] {
        let start = format!("\n{key} = ");
        let value = OWN_WORK.split(&start).nth(1).unwrap();
        let value = value.split('\n').next().unwrap();
        let line = format!("{start}{value}");
        let gone = with(OWN_WORK, &line, "");
        let at = line_of(&gone, "[packet]");
        let wanted = (Some(at), format!("line {at}: cannot find the {field}"));
        let found = complaints(&gone);
        assert!(found.contains(&wanted), "{key} is gone: {found:#?}");
        if matches!(value, "true" | "false") {
            continue;
        }
        for empty in ["TBD", "<fill in>", "", "N/A"] {
            let says = match value.starts_with('[') {
                true => format!("{start}[\"{empty}\"]"),
                false => format!("{start}\"{empty}\""),
            };
            let may_say_so = value.starts_with('[') || key == "rollback";
            if may_say_so && empty == "N/A" {
                continue;
            }
            let text = with(OWN_WORK, &line, &says);
            let at = Some(line_of(&text, says.trim()));
            let found = complaints(&text);
            let hit = found.iter().any(|(line, _)| *line == at);
            assert!(hit, "{key} says {empty:?}: {found:#?}");
        }
    }
    for (from, to, place) in [
        ("task = \"Rename it.\"", "task = \"TBD\"", "task ="),
        ("codex = \"the codex\"", "codex = \"<codex>\"", "codex"),
        (
            "path = \"old/WP-7-Greeter-v1.md\"",
            "path = \"N/A\"",
            "path =",
        ),
    ] {
        let text = with(OWN_WORK, from, to);
        let found = complaints(&text);
        let at = Some(line_of(&text, &format!("\n{place}")) + 1);
        assert!(
            found.iter().any(|(line, _)| *line == at),
            "{to}: {found:#?}"
        );
    }
    // Several commands are a test plan too.
    let command = "validation_command = \"just test\"";
    let steps = with(
        OWN_WORK,
        command,
        "validation_steps = [\"just test\", \"just lint\"]",
    );
    assert_eq!(read(&steps).validation_steps, ["just test", "just lint"]);
    for none in ["[]", "[\"TBD\"]"] {
        let text = with(OWN_WORK, command, &format!("validation_steps = {none}"));
        let at = Some(line_of(&text, "validation_steps"));
        let found = complaints(&text);
        assert!(
            found.iter().any(|(line, _)| *line == at),
            "{none}: {found:#?}"
        );
    }
    // A table that is empty is missed everything in.
    let (before, _) = OWN_WORK.split_at(OWN_WORK.find("[packet]").unwrap());
    let found = complaints(&format!("{before}[packet]\n"));
    let found: Vec<_> = found.iter().filter(|(at, _)| *at == Some(table)).collect();
    assert_eq!(found.len(), 11, "{found:#?}");
    let plain = before
        .replace("WP-7-Greeter-v2", "T-7")
        .replace("WP-7-Greeter", "T-7");
    assert_eq!(
        read(&plain).packet,
        None,
        "without the table it is no work packet"
    );
}

#[test]
fn a_placeholder_stands_for_nothing() {
    let command = "# first:\njust test\n\njust lint\n";
    for (from, to, place, message) in [
        (
            "What: Rename it.\n  - in the library",
            "What: TBD",
            "- What",
            "placeholder",
        ),
        (
            "What: Rename it.\n  - in the library",
            "What: <what>",
            "- What",
            "placeholder",
        ),
        (
            "What: Rename it.\n  - in the library",
            "What: N/A",
            "- What",
            "find the task",
        ),
        (
            "- TASK_ID: WP-7-Greeter-v2",
            "- TASK_ID: <id>",
            "- TASK_ID",
            "TASK_ID",
        ),
        (
            "- TASK_ID: WP-7-Greeter-v2",
            "- TASK_ID:",
            "- TASK_ID",
            "TASK_ID",
        ),
        (
            "- TASK_ID: WP-7-Greeter-v2",
            "- TASK_ID: TBD",
            "- TASK_ID",
            "TASK_ID",
        ),
        (
            "- WP_ID: WP-7-Greeter-v2",
            "- WP_ID: <id>",
            "- WP_ID",
            "WP_ID",
        ),
        ("- WP_ID: WP-7-Greeter-v2", "- WP_ID:", "- WP_ID", "WP_ID"),
        (
            "# Task Packet: WP-7-Greeter-v2",
            "# Task Packet: <id>",
            "# Task",
            "placeholder",
        ),
        (
            "  - The manual\n    and its index",
            "  - TBD",
            "  - TBD",
            "placeholder",
        ),
        (
            "- It is renamed.\n  - Also in comments.",
            "- TODO",
            "- TODO",
            "placeholder",
        ),
        ("git revert <commit>", "TBD", "TBD", "placeholder"),
        (command, "TBD\n", "```bash\nTBD", "placeholder"),
        (command, "N/A\n", "```bash\nN/A", "find the test plan"),
        (
            "`old/WP-7-Greeter-v1.md` (a stub; not activated).",
            "N/A",
            "## LINEAGE",
            "prior packet",
        ),
        (
            "`old/WP-7-Greeter-v1.md` (a stub; not activated).",
            "`NONE`",
            "## LINEAGE",
            "prior packet",
        ),
        (
            "`old/WP-7-Greeter-v1.md` (a stub; not activated).",
            "N/A (the first).",
            "## LINEAGE",
            "prior packet",
        ),
        (
            "`old/WP-7-Greeter-v1.md` (a stub; not activated).",
            "TBD",
            "- Prior packet: TBD",
            "placeholder",
        ),
    ] {
        let text = with(WORK, from, to);
        let found = complaints(&text);
        let at = Some(line_of(&text, place));
        let hit = found
            .iter()
            .any(|(line, told)| *line == at && told.contains(message));
        assert!(
            hit,
            "{to:?} is refused in line {at:?} with {message:?}: {found:#?}"
        );
    }
    let text = with(
        APPROVAL,
        "Task: rename `greet` to `hello`\nin the library.",
        "Task: TBD",
    );
    let at = Some(line_of(&text, "Task: TBD"));
    assert!(complaints(&text).iter().any(|(line, _)| *line == at));
    // The first version has no prior packet, and may say so. Nothing need be left out.
    let first = WORK.replace("WP-7-Greeter-v2", "WP-7-Greeter");
    for none in ["N/A", "NONE.", "`N/A`", "N/A (the first)", ""] {
        let prior = "`old/WP-7-Greeter-v1.md` (a stub; not activated).";
        let draft = read(&with(&first, prior, none));
        assert_eq!(draft.packet.unwrap().lineage.predecessor, None, "{none:?}");
    }
    let open = with(WORK, "  - The manual\n    and its index", "  - NONE");
    assert_eq!(read(&open).out_of_scope, [""; 0]);
    let spoken = with(WORK, "What: Rename it.", "What: TBD is what it says now.");
    assert!(read(&spoken).check().is_ok());
}
