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
        (
            "  - src/greeter/mod.rs",
            "  - TBD",
            "  - TBD",
            "placeholder",
        ),
        (
            "  - src/greeter/mod.rs",
            "  - /src/greeter",
            "  - /src",
            "absolute",
        ),
        (
            "## NOTES\n",
            "## NOTES\n- FORBIDDEN_PATHS:\n  - x\n",
            "- FORBIDDEN_PATHS",
            "outside the section",
        ),
        (
            "## AUTHORITY\n",
            "### TEST_PLAN\n```\nmake\n```\n## AUTHORITY\n",
            "```\nmake",
            "two texts for the validation",
        ),
        (
            "- OUT_OF_SCOPE:",
            "- FORBIDDEN_ACTIONS:\n  - Push\n- OUT_OF_SCOPE:",
            "  - Push",
            "not a known action",
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
