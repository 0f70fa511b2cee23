//! Faulty approval packets, each refused with its line, and what any packet must have.

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
        let line = (!place.is_empty()).then(|| line_of(&bad, place));
        refused_in(to, &bad, line, message);
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
