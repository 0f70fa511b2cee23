//! Faulty packets in TOML, each refused with its line.

use super::*;

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
        ("stage = 5", "determinism = true", 11, "a number"),
        ("stage = 5", "determinism = \"3\"", 11, "a number"),
        ("stage = 5", "determinism = 1", 11, "from 2 to 16"),
        ("stage = 5", "determinism = -3", 11, "from 2 to 16"),
        ("stage = 5", "determinism = 99999999999", 11, "from 2 to 16"),
        ("stage = 5", "source_sha256 = \"x\"", 11, "unknown key"),
        ("stage = 5", "stage = ", 11, "as TOML"),
        ("locator =", "place =", 14, "unknown key \"target.place\""),
        ("ticket = \"42\"", "ticket = 42", 18, "a string"),
    ];
    for (from, to, line, message) in table {
        refused_in(to, &with(TOML, from, to), Some(line), message);
    }
    let cell = |said: &str| format!("{TOML}\n[cell]\n{said}\n");
    let fits = "read = [\"/opt/x\", \"~/y\"]\nlimits = { wall_seconds = 1_000, open_files = 0x40 }";
    let draft = read(&cell(fits));
    assert_eq!(draft.cell.read, ["/opt/x", "~/y"]);
    assert_eq!(
        draft.cell.limits.to_string(),
        "open_files 64, wall_seconds 1000"
    );
    for said in [
        "read = [7]",
        "network = 1",
        "limits = 5",
        "limits = {}",
        "read = []",
        "limits.wall_seconds = 1.0",
    ] {
        assert_eq!(complaints(&cell(said)).len(), 1, "{said}");
    }
    let empty = with(TOML, "[\"src/\", \"a b.txt\"]", "[]");
    assert!(complaints(&empty).iter().any(|(at, _)| *at == Some(5)));
    let escaped = with(TOML, "Do it.", "Do\\u001b it.");
    refused_in("an escape", &escaped, Some(4), "control");
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
