//! JSON.

use git_awo::records::Kind;

use crate::hostile::door::Door;
use crate::hostile::forge::LEDGER;
use crate::hostile::signatures::olga;
use crate::world::{RUN, World};

#[test]
fn a_record_in_any_other_form_is_refused_and_found() {
    let door = olga();
    let payload = door.override_of(|it| it.reason = "caf\u{e9}".into());
    let text = String::from_utf8(payload.clone()).unwrap();
    // In the place of the reason, which is a string.
    let value = |value: &str| text.replace("\"caf\u{e9}\"", value);
    let nested = |depth: usize| value(&format!("{}{}", "[".repeat(depth), "]".repeat(depth)));
    let indented: serde_json::Value = serde_json::from_str(&text).unwrap();
    let table = vec![
        (
            "a key twice",
            text.replacen(
                "\"reason\": \"caf\u{e9}\"",
                "\"reason\": \"other\",\n    \"reason\": \"caf\u{e9}\"",
                1,
            ),
            "INT-004",
        ),
        (
            "a key twice, one escaped",
            text.replacen(
                "\"reason\":",
                "\"\\u0072eason\": \"other\",\n    \"reason\":",
                1,
            ),
            "INT-004",
        ),
        ("NaN", value("NaN"), "INT-004"),
        ("Infinity", value("Infinity"), "INT-004"),
        ("-Infinity", value("-Infinity"), "INT-004"),
        ("1e400", value("1e400"), "INT-004"),
        ("a float", value("1.5"), "INT-004"),
        ("a float that is whole", value("1.0"), "INT-004"),
        ("an exponent", value("1E2"), "INT-004"),
        ("2^53", value("9007199254740992"), "INT-004"),
        ("-2^53", value("-9007199254740992"), "INT-004"),
        ("5000 digits", value(&"7".repeat(5000)), "INT-004"),
        ("-0", value("-0"), "INT-004"),
        ("01", value("01"), "INT-004"),
        ("+1", value("+1"), "INT-004"),
        ("0x1", value("0x1"), "INT-004"),
        ("a number", value("1"), "INT-004"),
        ("null", value("null"), "INT-004"),
        ("true", value("true"), "INT-004"),
        ("a list", value("[]"), "INT-004"),
        ("a byte order mark", format!("\u{feff}{text}"), "INT-004"),
        ("bytes behind", format!("{text}x"), "INT-004"),
        ("a second document", format!("{text}{text}"), "INT-004"),
        ("a NUL behind", format!("{text}\0"), "INT-004"),
        ("a NUL within", value("\"a\0b\""), "INT-004"),
        ("a tab within", value("\"a\tb\""), "INT-004"),
        ("a line feed behind", format!("{text}\n"), "INT-004"),
        ("a line feed before", format!("\n{text}"), "INT-004"),
        ("carriage returns", text.replace('\n', "\r\n"), "INT-004"),
        (
            "an escape of what needs none",
            value("\"caf\\u00e9\""),
            "INT-004",
        ),
        ("an escaped slash", value("\"a\\/b\""), "INT-004"),
        ("a lone surrogate", value("\"\\ud800\""), "INT-004"),
        (
            "surrogates in the wrong order",
            value("\"\\udc00\\ud800\""),
            "INT-004",
        ),
        (
            "surrogates of a pair",
            value("\"\\ud83d\\ude00\""),
            "INT-004",
        ),
        (
            "compact",
            serde_json::to_string(&indented).unwrap(),
            "INT-004",
        ),
        ("four spaces", text.replace("  ", "    "), "INT-004"),
        ("tabs", text.replace("  ", "\t"), "INT-004"),
        (
            "a space behind a comma",
            text.replacen(",\n", ", \n", 1),
            "INT-004",
        ),
        (
            "a comma too many",
            text.replacen("\"\n    }", "\",\n    }", 1),
            "INT-004",
        ),
        ("a comment", format!("// olga\n{text}"), "INT-004"),
        ("single quotes", value("'a'"), "INT-004"),
        ("half of it", text[..text.len() / 2].to_owned(), "INT-004"),
        ("nothing", String::new(), "INT-004"),
        (
            "an unknown field",
            text.replacen("\"reason\":", "\"please\": \"1\",\n    \"reason\":", 1),
            "INT-004",
        ),
        (
            "an unknown field in the context",
            text.replacen(
                "\"identity\":",
                "\"deputy\": \"otto\",\n      \"identity\":",
                1,
            ),
            "INT-004",
        ),
        (
            "an unknown field of the statement",
            text.replacen("\"predicate\":", "\"note\": \"\",\n  \"predicate\":", 1),
            "INT-004",
        ),
        (
            "a field too few",
            text.replacen("    \"reason\": \"caf\u{e9}\",\n", "", 1),
            "INT-004",
        ),
        (
            "another subject",
            text.replacen(
                &format!("\"name\": \"{RUN}\""),
                "\"name\": \"run_other\"",
                1,
            ),
            "INT-004",
        ),
        (
            "unsorted",
            text.replacen("    \"reason\": \"caf\u{e9}\",\n", "", 1)
                .replacen(
                    "\"context\":",
                    "\"reason\": \"caf\u{e9}\",\n    \"context\":",
                    1,
                ),
            "INT-004",
        ),
        ("33 levels", nested(31), "INT-006"),
        ("128 levels", nested(128), "INT-006"),
        ("100000 levels", nested(100_000), "INT-006"),
        (
            "a million brackets, never closed",
            "[".repeat(1_000_000),
            "INT-006",
        ),
        (
            "another statement",
            text.replacen("Statement/v1", "Statement/v99", 1),
            "INT-004",
        ),
        (
            "version 99 of the kind",
            text.replacen("self-approval/v1", "self-approval/v99", 1),
            "INT-004",
        ),
        (
            "a kind that there is not",
            text.replacen("dev/self-approval/v1", "dev/permit/v1", 1),
            "ATT-003",
        ),
        ("no JSON object", "[]".to_owned(), "ATT-003"),
    ];
    for (what, bad, code) in &table {
        assert_ne!(*bad, text, "{what}");
        door.refuses_override(what, &door.sealed(Kind::SelfApproval, bad), &[code]);
    }
    let mut latin = payload.clone();
    let at = latin.iter().position(|byte| *byte == 0xc3).unwrap();
    latin.splice(at..at + 2, [0xe9]);
    door.refuses_override(
        "no UTF-8",
        &door.sealed(Kind::SelfApproval, &latin),
        &["INT-004"],
    );
    // Once each code, forced past the hooks.
    for name in ["a key twice", "128 levels", "version 99 of the kind"] {
        let (what, bad, code) = table.iter().find(|row| row.0 == name).unwrap();
        let commit = door.overridden(&door.sealed(Kind::SelfApproval, bad));
        door.refuses_and_finds(what, &[&format!("{commit}:{LEDGER}")], &[code], &[code]);
    }
    for reason in [
        "caf\u{e9}",
        "",
        "a\"b\\c/d\n\te\u{7f}\u{1f600}\u{feff}",
        "9007199254740992",
    ] {
        let payload = door.override_of(|it| it.reason = reason.to_owned());
        door.accepts_override(reason, &door.sealed(Kind::SelfApproval, payload));
    }
    assert_eq!(door.verdict().exit, 0);
}

#[test]
fn a_run_id_is_a_plain_name() {
    let door = olga();
    let text = String::from_utf8(door.override_of(|_| {})).unwrap();
    let long = "x".repeat(300);
    let bad = [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "/etc/passwd",
        "x.lock",
        "-x",
        "x.",
        "a..b",
        "a b",
        "run\\n",
        &long,
        "caf\u{e9}",
        "a\\u0000b",
        "RUN@",
        "a\\\\b",
        "\u{202e}nur",
    ];
    for id in bad {
        let forged = text.replace(&format!("\"{RUN}\""), &format!("\"{id}\""));
        assert_ne!(forged, text);
        door.refuses_override(id, &door.sealed(Kind::SelfApproval, &forged), &["INT-004"]);
    }
    // And as the name under which it stands: of no kind that there is.
    let good = door.sealed(Kind::SelfApproval, &text);
    let blob = door.raw().blob(good.to_bytes());
    let digest = good.digest();
    for id in ["", "..", "x.lock", "-x", &long, "a b"] {
        let name = format!("{id}@self-approval-{digest}.dsse.json");
        let tree = door.raw().tree(&[("100644", name.as_bytes(), &blob)]);
        let tip = door.world.rev("olga", LEDGER);
        let commit = door.raw().commit(&tree, &[&tip], "forged\n");
        door.refuses_push(id, &[&format!("{commit}:{LEDGER}")], &["STR-002"]);
    }
    let other = text.replace(&format!("\"{RUN}\""), "\"run_other\"");
    door.refuses_override(
        "another run's, in this one's place",
        &door.sealed(Kind::SelfApproval, other),
        &["INT-004"],
    );
    door.accepts_override("this run's", &good);
}

#[test]
fn the_address_of_a_workflow_run_is_one_of_the_web() {
    let world = World::executed();
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
    world.ok("rita", "rita", &["git", "awo", "push"]);
    for bad in [
        "javascript:alert(1)",
        "https://forge.example/a b",
        "https://",
        "ftp://x",
    ] {
        let words = ["git", "awo", "approve", RUN, "--workflow-run-url", bad];
        world.refused("rita", "rita", &words, "INT-004");
    }
    let url = "https://forge.example/runs/1";
    world.ok(
        "rita",
        "rita",
        &["git", "awo", "approve", RUN, "--workflow-run-url", url],
    );
    let door = Door::new(world, "rita");
    let actor = door.actor();
    let commit = door.run_says().commit;
    let refs = actor.refs().unwrap();
    let records = git_awo::store::ledger::Records::open(&actor.repo, &refs).unwrap();
    let approval = records.approvals_of(commit).unwrap().remove(0);
    let text = String::from_utf8(approval.payload().to_vec()).unwrap();
    let notes = &*door.world.notes("rita", "approvals");
    let standing = door.standing(notes).unwrap().to_string();
    for words in [
        ["git", "update-ref", "refs/keep", notes],
        ["git", "update-ref", notes, &standing],
    ] {
        door.world.ok("rita", "rita", &words);
    }
    let long = format!("https://{}", "x".repeat(2_041));
    for bad in [
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//forge.example",
        "HTTPS://forge.example",
        "https://",
        "https:///runs",
        "https://forge.example/a b",
        "https://f\u{f6}rge.example",
        "https://forge.example/\\u001b[2J",
        "https://forge.example\\n",
        "https://forge.example/\u{202e}",
        &long,
    ] {
        let forged = text.replace(url, bad);
        let envelope = door.sealed(Kind::Approval, &forged);
        let noted = door.noted(notes, commit, &[&envelope.to_bytes()]);
        door.refuses_push(bad, &[&format!("{noted}:{notes}")], &["INT-004"]);
    }
    let envelope = door.sealed(Kind::Approval, text.replace(url, "javascript:alert(1)"));
    let noted = door.noted(notes, commit, &[&envelope.to_bytes()]);
    door.refuses_and_finds(
        "a script",
        &[&format!("{noted}:{notes}")],
        &["INT-004"],
        &["INT-004"],
    );
    let noted = door.noted(notes, commit, &[&approval.to_bytes()]);
    door.accepts_record("an address", notes, &noted);
}

/// An older policy took less than the one in force. Later pushes judge a record by the policy that it
/// names: taken now, it would stand in the way of the run for good.
#[test]
fn a_record_that_names_a_policy_which_took_less_meets_its_limits() {
    let world = World::executed();
    world.next_policy(2, None, |text| text + "\n[limits]\nrecord_bytes = 1800\n");
    let older = world.rev("olga", "refs/awo/policy");
    world.next_policy(3, None, |text| text);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    let newer = world.rev("rita", "refs/awo/policy");
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
    world.ok("rita", "rita", &["git", "awo", "push"]);
    let url = format!("https://forge.example/{}", "x".repeat(1_500));
    let words = ["git", "awo", "approve", RUN, "--workflow-run-url", &url];
    world.ok("rita", "rita", &words);
    let door = Door::new(world, "rita");
    let actor = door.actor();
    let commit = door.run_says().commit;
    let refs = actor.refs().unwrap();
    let records = git_awo::store::ledger::Records::open(&actor.repo, &refs).unwrap();
    let approval = records.approvals_of(commit).unwrap().remove(0);
    let text = String::from_utf8(approval.payload().to_vec()).unwrap();
    let notes = &*door.world.notes("rita", "approvals");
    let standing = door.standing(notes).unwrap().to_string();
    let as_it_was = ["git", "update-ref", notes, &standing];
    let kept = ["git", "update-ref", "refs/keep", notes];
    door.world.ok("rita", "rita", &kept);
    door.world.ok("rita", "rita", &as_it_was);
    let old = text.replace(&newer, &older);
    assert_ne!(old, text);
    let envelope = door.sealed(Kind::Approval, &old);
    let noted = door.noted(notes, commit, &[&envelope.to_bytes()]);
    let push = [&*format!("{noted}:{notes}")];
    door.refuses_push("by the older", &push, &["INT-006"]);
    let short = door.sealed(Kind::Approval, old.replace(&url, "https://forge.example/1"));
    let noted = door.noted(notes, commit, &[&short.to_bytes()]);
    door.accepts_push("short, by the older", &[&format!("{noted}:{notes}")]);
    let world = &door.world;
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok("rita", "rita", &words);
    world.ok("rita", "rita", &["git", "awo", "attest", RUN]);
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.finalize_and_verify();
}
