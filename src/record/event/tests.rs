//! Each member of an event with everything that it must not be.

use serde_json::{Value, json};

use super::{Broken, Event};
use crate::record::Level;

const LEN: usize = 4_096;

/// An event that has every member.
fn whole() -> Value {
    json!({
        "activity_span_id": "span-1",
        "actor": "human",
        "capability_id": "cap/1",
        "event_id": "0b5c1f5e-7d0a-4f1c-9d52-0a3c1f1f0001",
        "fr_event_id": "FR-EVT-GOV-004",
        "job_id": "job-1",
        "model_id": "codex-cli:gpt-5.2",
        "model_session_id": "session-1",
        "payload": {
            "automation_level": "HYBRID",
            "confidence": 0.62,
            "decision": "defer",
            "decision_id": "dec-1",
            "evidence_refs": ["run/run_1", "task/WP-X"],
            "gate_type": "SpecApproval",
            "mt_id": "MT-1",
            "rationale": "below-threshold",
            "target_ref": "task/WP-X",
            "user_id": "olga",
            "wp_id": "WP-X",
        },
        "policy_decision_id": "pd-1",
        "session_span_id": "span-2",
        "timestamp": "2026-11-21T01:52:49Z",
        "type": "gov_human_intervention_requested",
        "wsids": ["ws-1"],
    })
}

/// Member, and whether it must be there.
const MEMBERS: &[(&str, bool)] = &[
    ("activity_span_id", false),
    ("actor", true),
    ("capability_id", false),
    ("event_id", true),
    ("fr_event_id", false),
    ("job_id", false),
    ("model_id", false),
    ("model_session_id", false),
    ("payload", true),
    ("payload.automation_level", true),
    ("payload.confidence", false),
    ("payload.decision", false),
    ("payload.decision_id", true),
    ("payload.evidence_refs", false),
    ("payload.gate_type", true),
    ("payload.mt_id", false),
    ("payload.rationale", false),
    ("payload.target_ref", true),
    ("payload.user_id", false),
    ("payload.wp_id", false),
    ("policy_decision_id", false),
    ("session_span_id", false),
    ("timestamp", true),
    ("type", true),
    ("wsids", false),
];

/// Texts: the member, its greatest length, and characters beside letters and digits.
const TEXTS: &[(&str, usize, &str)] = &[
    ("activity_span_id", 512, "_.:/-"),
    ("capability_id", 512, "_.:/-"),
    ("job_id", 512, "_.:/-"),
    ("model_id", 512, "_.:/-"),
    ("model_session_id", 512, "_.:/-"),
    ("payload.decision_id", 128, "_-"),
    ("payload.gate_type", 64, "_-"),
    ("payload.mt_id", 128, "_.:/-"),
    ("payload.rationale", 512, "_.:/-"),
    ("payload.target_ref", 512, "_.:/-"),
    ("payload.user_id", 512, "_.:/-"),
    ("payload.wp_id", 128, "_.:/-"),
    ("policy_decision_id", 512, "_.:/-"),
    ("session_span_id", 512, "_.:/-"),
];

/// Lists of tokens.
const LISTS: &[&str] = &["payload.evidence_refs", "wsids"];

fn object<'a>(event: &'a mut Value, key: &'a str) -> (&'a mut Value, &'a str) {
    match key.strip_prefix("payload.") {
        Some(key) => (&mut event["payload"], key),
        None => (event, key),
    }
}

fn with(key: &str, value: Value) -> Value {
    let mut event = whole();
    let (object, key) = object(&mut event, key);
    object[key] = value;
    event
}

fn without(key: &str) -> Value {
    let mut event = whole();
    let (object, key) = object(&mut event, key);
    object.as_object_mut().unwrap().remove(key).unwrap();
    event
}

fn read(line: &str) -> Result<Event, Broken> {
    Event::read(line.as_bytes(), LEN)
}

/// Returns what is found, and asserts that the decision is known where it can be.
#[track_caller]
fn found(line: &str) -> Vec<String> {
    match read(line) {
        Ok(_) => panic!("is taken: {line}"),
        Err(Broken::Limit(why)) => panic!("{why}: {line}"),
        Err(Broken::Faults { faults, .. }) => {
            assert!(!faults.is_empty() && faults.iter().all(|it| !it.expected.is_empty()));
            faults.into_iter().map(|it| it.found).collect()
        }
    }
}

#[track_caller]
fn refused(event: &Value, key: &str) {
    let found = found(&event.to_string());
    let begin = format!("{key}: ");
    assert!(
        found.len() == 1 && found[0].starts_with(&begin),
        "{key} and nothing else is wrong with {event}: {found:?}"
    );
}

#[track_caller]
fn taken(event: &Value) {
    let line = event.to_string();
    let read = read(&line).unwrap_or_else(|why| panic!("{line}: {why:?}"));
    let written = read.to_line();
    assert_eq!(Event::read(written.trim_end().as_bytes(), LEN), Ok(read));
}

#[test]
fn an_event_with_every_member_is_taken_and_written_as_it_was() {
    let line = whole().to_string();
    assert_eq!(read(&line).unwrap().to_line(), format!("{line}\n"));
    let listed: Vec<_> = MEMBERS.iter().map(|(key, _)| *key).collect();
    let mut keys = Vec::new();
    for (key, value) in whole().as_object().unwrap() {
        keys.push(key.clone());
        for (inner, _) in value.as_object().into_iter().flatten() {
            keys.push(format!("{key}.{inner}"));
        }
    }
    assert_eq!(keys, listed, "the table has every member");
}

#[test]
fn a_member_that_is_missing_is_named_if_it_must_be_there() {
    for (key, needed) in MEMBERS {
        match needed {
            true => refused(&without(key), key),
            false => taken(&without(key)),
        }
    }
    let empty = found("{}");
    assert_eq!(empty.len(), 5, "each is named: {empty:?}");
}

#[test]
fn a_member_of_another_type_is_named() {
    for (key, _) in MEMBERS {
        for other in [
            json!(null),
            json!(true),
            json!(7),
            json!(0.5),
            json!([]),
            json!(["x"]),
            json!({}),
            json!({"a": "b"}),
            json!("\u{1b}[2J"),
        ] {
            let kind_is_right = match *key {
                "payload.confidence" => other.is_f64(),
                // An object is looked into.
                "payload" => other.is_object(),
                key if LISTS.contains(&key) => other.is_array(),
                _ => false,
            };
            if !kind_is_right {
                refused(&with(key, other), key);
            }
        }
    }
    for list in LISTS {
        for other in [json!(null), json!(7), json!(["x"]), json!(""), json!("a b")] {
            let event = with(list, json!(["good", other, 7]));
            refused(&event, &format!("{list}[1]"));
        }
        taken(&with(list, json!([])));
        taken(&with(list, json!(["x", "x"])));
    }
}

#[test]
fn a_text_has_a_length_and_an_alphabet() {
    for (key, most, more) in TEXTS {
        taken(&with(key, json!("x")));
        taken(&with(key, json!("x".repeat(*most))));
        refused(&with(key, json!("x".repeat(most + 1))), key);
        refused(&with(key, json!("")), key);
        for c in (0..=255_u8)
            .map(char::from)
            .chain("\u{2028}é\u{202e}".chars())
        {
            let fits = c.is_ascii_alphanumeric() || more.contains(c);
            let event = with(key, json!(format!("x{c}y")));
            match fits {
                true => taken(&event),
                false => refused(&event, key),
            }
        }
    }
    for list in LISTS {
        taken(&with(list, json!(["x".repeat(512)])));
        refused(&with(list, json!(["x".repeat(513)])), &format!("{list}[0]"));
    }
}

#[test]
fn words_are_those_of_their_lists() {
    for (key, good, bad) in [
        (
            "actor",
            &["human", "agent", "system"][..],
            &["model", "Human", "human ", ""][..],
        ),
        (
            "payload.decision",
            &["approve", "reject", "defer"],
            &["approved", "Approve", "", "deny"],
        ),
        (
            "payload.automation_level",
            &[
                "FULL_HUMAN",
                "HYBRID",
                "AUTONOMOUS",
                "LOCKED",
                "assisted",
                " Supervised\t",
                "hybrid",
            ],
            &[
                "hybr\u{131}d",
                "a\u{17f}\u{17f}isted",
                "",
                "FULL HUMAN",
                "OPEN",
            ],
        ),
        (
            "event_id",
            &["ffffffff-ffff-ffff-ffff-ffffffffffff"],
            &[
                "00000000-0000-0000-0000-000000000000",
                "0B5C1F5E-7D0A-4F1C-9D52-0A3C1F1F0001",
                "0b5c1f5e7d0a4f1c9d520a3c1f1f0001",
                "0b5c1f5e-7d0a-4f1c-9d52-0a3c1f1f000",
                "x",
                "",
            ],
        ),
        (
            "timestamp",
            &["2026-02-19T14:59:33.593Z", "2026-02-19T14:59:33+01:00"],
            &["2026-02-19", "yesterday", "", "2026-02-30T00:00:00Z"],
        ),
        (
            "fr_event_id",
            &["FR-EVT-GOV-004"],
            // None of them is that of the type.
            &[
                "FR-EVT-GOV-001",
                "FR-EVT-GOV-005",
                "FR-EVT-GOV-006",
                "FR-EVT-GOV-000",
                "fr-evt-gov-004",
                "",
            ],
        ),
    ] {
        for text in good {
            taken(&with(key, json!(text)));
        }
        for text in bad {
            refused(&with(key, json!(text)), key);
        }
    }
    let legacy = with("payload.automation_level", json!("assisted")).to_string();
    assert_eq!(
        read(&legacy).unwrap().payload.automation_level,
        Level::Hybrid,
        "normalised"
    );
}

#[test]
fn there_are_five_types_and_each_has_its_id() {
    for (number, kind) in [
        "gov_decision_created",
        "gov_decision_applied",
        "gov_auto_signature_created",
        "gov_human_intervention_requested",
        "gov_human_intervention_received",
    ]
    .iter()
    .zip(1..)
    .map(|(kind, number)| (number, *kind))
    {
        let mut event = with("type", json!(kind));
        event["fr_event_id"] = json!(format!("FR-EVT-GOV-00{number}"));
        match number >= 4 {
            true => taken(&event),
            // Only these name a person.
            false => refused(&event, "payload.user_id"),
        }
        event["payload"].as_object_mut().unwrap().remove("user_id");
        taken(&event);
        for other in (0..=6).filter(|it| *it != number) {
            event["fr_event_id"] = json!(format!("FR-EVT-GOV-00{other}"));
            refused(&event, "fr_event_id");
        }
    }
    for unknown in [
        "gov_decision_revoked",
        "GOV_DECISION_CREATED",
        "llm_inference",
        "",
    ] {
        refused(&with("type", json!(unknown)), "type");
    }
}

#[test]
fn a_confidence_has_one_spelling() {
    let line = whole().to_string();
    for (text, good) in [
        ("0.0", true),
        ("1.0", true),
        ("0.8", true),
        ("0.1234", true),
        ("0.12345", false),
        ("0.80", false),
        ("0.800", false),
        ("0", false),
        ("1", false),
        ("1.0000", false),
        ("1.0001", false),
        ("-0.0", false),
        ("-0.1", false),
        ("8e-1", false),
        ("0.8e0", false),
        ("8E-1", false),
        ("0.79999999999999999999", false),
        ("\"0.8\"", false),
    ] {
        let line = line.replace("0.62", text);
        match good {
            true => assert!(read(&line).is_ok(), "{text}"),
            false => {
                let found = found(&line);
                assert!(found[0].starts_with("payload.confidence: "), "{found:?}");
            }
        }
    }
    for text in ["NaN", "Infinity", "1e400", "0.8.", ".8", "+0.8", "08", "0."] {
        let found = found(&line.replace("0.62", text));
        assert!(found[0].contains(", at column "), "no JSON: {found:?}");
    }
}

#[test]
fn keys_that_are_unknown_or_occur_twice_are_named() {
    let line = whole().to_string();
    for (key, _) in MEMBERS {
        let mut event = whole();
        let (object, name) = object(&mut event, key);
        let again = format!("{}:{},", json!(name), object[name]);
        let twice = match key.contains('.') {
            true => line.replace("\"payload\":{", &format!("\"payload\":{{{again}")),
            false => line.replacen('{', &format!("{{{again}"), 1),
        };
        let found = found(&twice);
        let named = format!("the key \"{name}\" occurs twice");
        assert!(found[0].starts_with(&named), "{key}: {found:?}");
    }
    for key in [
        "event_type",
        "trace_id",
        "actor_id",
        "Type",
        "payload.type",
        "payload.body",
        "payload.event_id",
        "payload.\u{1b}[2J",
    ] {
        let found = found(&with(key, json!("x")).to_string());
        let named = format!("unknown key {key:?}");
        assert_eq!(found, [named], "{key}");
    }
    let mut many = whole();
    for number in 0..9 {
        many[format!("x{number}")] = json!(number);
    }
    let found = found(&many.to_string());
    assert_eq!(found.len(), 1);
    assert!(found[0].ends_with("\"x4\" and 4 more"), "{found:?}");
}

#[test]
fn every_fault_of_a_line_is_told_and_its_decision_is_known() {
    let mut event = whole();
    event["actor"] = json!("robot");
    event["payload"]["gate_type"] = json!("a b");
    event["payload"]["extra"] = json!(1);
    let Err(Broken::Faults { faults, decision }) = read(&event.to_string()) else {
        panic!("is taken");
    };
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert_eq!(decision.unwrap().as_str(), "dec-1");
}

#[test]
fn what_is_no_object_or_too_large_is_no_event() {
    for line in [
        "",
        " ",
        "[]",
        "null",
        "\"x\"",
        "{",
        "{}{}",
        "\u{feff}{}",
        "{'a':1}",
    ] {
        found(line);
    }
    assert!(
        read(&format!(" {}\r", whole())).is_ok(),
        "white space of JSON"
    );
    let line = whole().to_string();
    let fits = Event::read(line.as_bytes(), line.len());
    assert!(fits.is_ok());
    let limit = Event::read(line.as_bytes(), line.len() - 1);
    assert!(matches!(limit, Err(Broken::Limit(_))));
    let deep = format!("{}{}", "[".repeat(33), "]".repeat(33));
    assert!(matches!(read(&deep), Err(Broken::Limit(_))));
    let bytes = Event::read(b"{\"actor\":\"\xff\"}", LEN);
    assert!(matches!(bytes, Err(Broken::Faults { .. })));
}
