//! Faulty work packets, each refused with its line.

use super::*;

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
        refused_in(to, &bad, Some(line_of(&bad, place)), message);
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
            refused_in(&empty, &open, Some(line_of(&open, &start)), "closure plan");
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
        refused_in(to, &text, Some(line_of(&text, place)), message);
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
