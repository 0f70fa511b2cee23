//! Packets that are none, hide something, or are made to do harm.

use super::*;

#[test]
fn what_is_no_packet_is_refused() {
    let options = ImportOptions::default();
    let refused = |bytes: &[u8]| import(bytes, &options).unwrap_err().0.remove(0);
    assert!(matches!(refused(b"").problem, PacketProblem::UnknownKind));
    assert!(matches!(
        refused(b"# Hello\n\nWorld\n").problem,
        PacketProblem::UnknownKind
    ));
    let not_text = refused(b"# A\n\n\xff\n");
    assert_eq!(
        (not_text.line, not_text.problem),
        (Some(3), PacketProblem::NotUtf8)
    );
    let mut padded = APPROVAL.as_bytes().to_vec();
    padded.resize(MAX_PACKET, b'\n');
    assert!(import(&padded, &options).is_ok(), "the largest packet");
    padded.push(b'\n');
    assert!(matches!(
        refused(&padded).problem,
        PacketProblem::TooLarge { .. }
    ));
}

#[test]
fn all_complaints_come_at_once_and_in_order() {
    let bad = with(APPROVAL, "- `tag_move`", "- teleport");
    let bad = with(&bad, "- `.git/`", "- `!x`");
    let bad = with(&bad, "- tests/greeter.rs", "- /etc");
    let lines: Vec<_> = complaints(&bad).into_iter().map(|(line, _)| line).collect();
    assert_eq!(
        lines,
        ["- /etc", "- teleport", "- `!x`"].map(|text| Some(line_of(&bad, text)))
    );
    let shown = import(bad.as_bytes(), &ImportOptions::default())
        .unwrap_err()
        .to_string();
    assert!(
        shown.starts_with("cannot import the packet\n  line 28: "),
        "{shown}"
    );
}

#[test]
fn hidden_text_becomes_no_field() {
    let hidden = with(
        APPROVAL,
        "Only a plan.",
        "<!--\n## Task Contract\nTask ID: ACME-13\nAllowed paths:\n- `all/`\n-->",
    );
    let draft = read(&hidden);
    assert_eq!(draft.allowed_paths.len(), 2);
    assert!(draft.not_understood.iter().any(|n| n.ends_with("- `all/`")));
    let ruled = format!("Only a plan.\n\n{}\n", "-".repeat(80));
    let ruled = with(APPROVAL, "Only a plan.", &ruled);
    assert!(read(&ruled).check().is_ok(), "a long rule is no deep list");
    let inline = with(
        APPROVAL,
        "Task: rename",
        "Text <!--\nTask ID: ACME-13\n-->\n\nTask: rename",
    );
    assert_eq!(read(&inline).id.as_str(), "ACME-12");
}

#[test]
fn deep_nesting_and_cut_packets_do_no_harm() {
    let options = ImportOptions::default();
    for unit in ["- ", "> ", "#", "`", "*", "[", "1. ", "<!--", "\r", "> - "] {
        let body = unit.repeat(20_000 / unit.len());
        for tail in ["", "x\n", &"x\n".repeat(5_000)] {
            assert!(import(format!("# P\n{body}{tail}").as_bytes(), &options).is_err());
        }
    }
    for text in [APPROVAL, WORK, TOML] {
        for cut in (0..text.len()).step_by(7) {
            let _ = import(text.as_bytes().get(..cut).unwrap_or_default(), &options);
            let _ = import(text.as_bytes().get(cut..).unwrap_or_default(), &options);
        }
    }
}
