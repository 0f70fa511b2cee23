//! Reads an event from a line, which may be of another program: strictly, and naming each member that is
//! wrong.

use std::collections::BTreeMap;

use super::fields::{Event, Links, Payload};
use super::id::EventId;
use super::kind::{Kind, Party};
use crate::record::json::{BadJson, Json, Limits, parse_with};
use crate::record::name::{EventDecisionId, GateName, PacketName};
use crate::record::path::escape;
use crate::record::{Choice, Confidence, Level, Token};

/// How much of a foreign text is shown, in characters.
const SHOWN: usize = 60;

/// So many unknown keys of a line are named.
const NAMED: usize = 5;

/// One thing that is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What was found, beginning with the key where there is one: `payload.gate_type: a number`.
    pub found: String,
    /// What was expected.
    pub expected: &'static str,
}

/// Why a line is no event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It is nested too deeply or too long.
    Limit(String),
    /// It has these faults, at least one.
    Faults {
        /// In the order of the members.
        faults: Vec<Fault>,
        /// The decision that it is about, where that can be read.
        decision: Option<EventDecisionId>,
    },
}

const TOKEN: &str = "1 to 512 characters of A-Z a-z 0-9 _ . : / -";
const TOKENS: &str = "an array of texts, each 1 to 512 characters of A-Z a-z 0-9 _ . : / -";
const PACKET: &str = "1 to 128 characters of A-Z a-z 0-9 _ . : / -";

impl Event {
    /// Reads a line, without its line feed, of at most this many bytes.
    pub fn read(line: &[u8], len: usize) -> Result<Self, Broken> {
        let limits = Limits {
            len,
            ..Limits::default()
        };
        let members = match parse_with(line, limits) {
            Ok(Json::Object(members)) => members,
            Ok(other) => return Err(not_an_object(shape(&other))),
            Err(bad) if bad.limit => return Err(Broken::Limit(bad.why)),
            Err(bad) => return Err(not_an_object(&shown_json(&bad))),
        };
        let mut faults = Vec::new();
        let event = members_of(line, members, &mut faults);
        match (event, faults.is_empty()) {
            (Ok(event), true) => Ok(event),
            (Ok(event), false) => Err(Broken::Faults {
                faults,
                decision: Some(event.payload.decision_id),
            }),
            (Err(decision), _) => Err(Broken::Faults { faults, decision }),
        }
    }
}

fn not_an_object(found: &str) -> Broken {
    let fault = Fault {
        found: found.to_owned(),
        expected: "one JSON object a line, each key once",
    };
    Broken::Faults {
        faults: vec![fault],
        decision: None,
    }
}

/// Returns the event if every member that must be there can be read, else its decision if that can.
fn members_of(
    line: &[u8],
    members: BTreeMap<String, Json>,
    faults: &mut Vec<Fault>,
) -> Result<Event, Option<EventDecisionId>> {
    let mut base = Members::new("", members, faults);
    let kind = base.required(
        "type",
        "one of the five gov_ types: gov_decision_created, gov_decision_applied, \
         gov_auto_signature_created, gov_human_intervention_requested, gov_human_intervention_received",
        |it| Kind::of_name(it.as_str()?),
    );
    let of_id = |it: &Json| {
        let id = it.as_str()?;
        Kind::ALL.iter().copied().find(|kind| kind.id() == id)
    };
    base.optional(
        "fr_event_id",
        "FR-EVT-GOV-001 to FR-EVT-GOV-005, the one of its type",
        // Where the type is unknown already, any of the five will do.
        |it| of_id(it).filter(|id| kind.is_none_or(|kind| kind == *id)),
    );
    let id = base.required(
        "event_id",
        "a UUID that is not nil, in lower case with hyphens",
        |it| it.as_str()?.parse::<EventId>().ok(),
    );
    let timestamp = base.required(
        "timestamp",
        "a time of RFC 3339, such as 2026-01-31T23:59:59Z",
        |it| it.as_str()?.parse().ok(),
    );
    let actor = base.required("actor", "human, agent or system", |it| {
        Party::of_word(it.as_str()?)
    });
    let links = Links {
        job_id: base.token("job_id"),
        model_id: base.token("model_id"),
        model_session_id: base.token("model_session_id"),
        wsids: base.tokens("wsids"),
        activity_span_id: base.token("activity_span_id"),
        session_span_id: base.token("session_span_id"),
        capability_id: base.token("capability_id"),
        policy_decision_id: base.token("policy_decision_id"),
    };
    let payload = base.required("payload", "an object", |it| it.as_object().cloned());
    base.end();
    let Some(payload) = payload else {
        return Err(None);
    };
    let payload = payload_of(line, kind, Members::new("payload.", payload, faults))?;
    match (id, kind, timestamp, actor) {
        (Some(id), Some(kind), Some(timestamp), Some(actor)) => Ok(Event {
            id,
            kind,
            timestamp,
            actor,
            links,
            payload,
        }),
        _ => Err(Some(payload.decision_id)),
    }
}

fn payload_of(
    line: &[u8],
    kind: Option<Kind>,
    mut members: Members<'_>,
) -> Result<Payload, Option<EventDecisionId>> {
    let decision_id = members.required(
        "decision_id",
        "1 to 128 characters of A-Z a-z 0-9 _ -",
        |it| EventDecisionId::new(it.as_str()?).ok(),
    );
    let gate_type = members.required("gate_type", "1 to 64 characters of A-Z a-z 0-9 _ -", |it| {
        GateName::new(it.as_str()?).ok()
    });
    let target_ref = members.required("target_ref", TOKEN, |it| Token::new(it.as_str()?).ok());
    let automation_level = members.required(
        "automation_level",
        "FULL_HUMAN, HYBRID, AUTONOMOUS or LOCKED",
        |it| Level::of_text(it.as_str()?),
    );
    let decision = members.optional("decision", "approve, reject or defer", |it| {
        Choice::of_word(it.as_str()?)
    });
    let confidence = members.optional(
        "confidence",
        "a number from 0.0 to 1.0 with one to four decimals and no zero too many, as 0.92",
        |it| match it {
            // No other member takes a number: a line that has a second one is refused for that.
            Json::Number(_) => numbers(line)
                .iter()
                .find_map(|it| it.parse::<Confidence>().ok()),
            _ => None,
        },
    );
    let rationale = members.token("rationale");
    let evidence_refs = members.tokens("evidence_refs");
    let packet = |it: &Json| PacketName::new(it.as_str()?).ok();
    let wp_id = members.optional("wp_id", PACKET, packet);
    let mt_id = members.optional("mt_id", PACKET, packet);
    let user_id = match kind.is_none_or(Kind::names_a_person) {
        true => members.token("user_id"),
        false => members.optional(
            "user_id",
            "no such key: only FR-EVT-GOV-004 and FR-EVT-GOV-005 name a person",
            |_| None,
        ),
    };
    members.end();
    match (decision_id, gate_type, target_ref, automation_level) {
        (Some(decision_id), Some(gate_type), Some(target_ref), Some(automation_level)) => {
            Ok(Payload {
                decision_id,
                gate_type,
                target_ref,
                automation_level,
                decision,
                confidence,
                rationale,
                evidence_refs,
                wp_id,
                mt_id,
                user_id,
            })
        }
        (decision_id, ..) => Err(decision_id),
    }
}

/// The members of an object that have not been read yet.
struct Members<'a> {
    /// What stands before a key in what is said of it.
    within: &'static str,
    left: BTreeMap<String, Json>,
    faults: &'a mut Vec<Fault>,
}

impl<'a> Members<'a> {
    fn new(within: &'static str, left: BTreeMap<String, Json>, faults: &'a mut Vec<Fault>) -> Self {
        Self {
            within,
            left,
            faults,
        }
    }

    fn fault(&mut self, key: &str, found: &str, expected: &'static str) {
        let found = format!("{}{key}: {found}", self.within);
        self.faults.push(Fault { found, expected });
    }

    /// Reads a member that may be missing.
    fn optional<T>(
        &mut self,
        key: &str,
        expected: &'static str,
        read: impl FnOnce(&Json) -> Option<T>,
    ) -> Option<T> {
        let json = self.left.remove(key)?;
        let value = read(&json);
        if value.is_none() {
            self.fault(key, &shown(&json), expected);
        }
        value
    }

    /// Reads a member that must be there.
    fn required<T>(
        &mut self,
        key: &str,
        expected: &'static str,
        read: impl FnOnce(&Json) -> Option<T>,
    ) -> Option<T> {
        if !self.left.contains_key(key) {
            self.fault(key, "no such key", expected);
        }
        self.optional(key, expected, read)
    }

    fn token(&mut self, key: &str) -> Option<Token> {
        self.optional(key, TOKEN, |it| Token::new(it.as_str()?).ok())
    }

    fn tokens(&mut self, key: &str) -> Vec<Token> {
        let Some(json) = self.left.remove(key) else {
            return Vec::new();
        };
        let Some(items) = json.as_array() else {
            self.fault(key, &shown(&json), TOKENS);
            return Vec::new();
        };
        let mut tokens = Vec::new();
        for (at, item) in items.iter().enumerate() {
            match item.as_str().map(Token::new) {
                Some(Ok(token)) => tokens.push(token),
                // The first one will do: there may be thousands.
                _ => {
                    self.fault(&format!("{key}[{at}]"), &shown(item), TOKENS);
                    break;
                }
            }
        }
        tokens
    }

    /// Refuses what is left.
    fn end(self) {
        if self.left.is_empty() {
            return;
        }
        let named = self.left.keys().take(NAMED);
        let named: Vec<_> = named
            .map(|key| quoted(&format!("{}{key}", self.within)))
            .collect();
        let mut found = format!("unknown key {}", named.join(", "));
        if let Some(more) = self.left.len().checked_sub(NAMED)
            && more > 0
        {
            found.push_str(&format!(" and {more} more"));
        }
        self.faults.push(Fault {
            found,
            expected: "no keys but those of docs/events.md",
        });
    }
}

/// Returns the numbers of a JSON text as they are spelled, which a parsed value does not tell.
fn numbers(line: &[u8]) -> Vec<&str> {
    let line = std::str::from_utf8(line).unwrap_or_default();
    let mut quoted = false;
    let mut escaped = false;
    let outside = line.split(|c: char| {
        let was_quoted = quoted;
        if quoted {
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else {
            quoted = c == '"';
        }
        was_quoted || quoted || !(c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    // What begins otherwise is `true`, `false` or `null`.
    outside
        .filter(|it| it.starts_with(|c: char| c == '-' || c.is_ascii_digit()))
        .collect()
}

/// Returns what kind of value it is.
fn shape(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "true or false",
        Json::Number(_) => "a number",
        Json::String(_) => "a text",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

fn shown(json: &Json) -> String {
    match json {
        Json::String(text) => quoted(text),
        other => shape(other).to_owned(),
    }
}

/// Returns a foreign text in quotes, without what a terminal would obey, and cut if it is long.
fn quoted(text: &str) -> String {
    let begin: String = text.chars().take(SHOWN).collect();
    let begin = escape(format!("{begin:?}").as_bytes());
    match text.chars().nth(SHOWN) {
        None => begin,
        Some(_) => format!("{begin}… of {} characters", text.chars().count()),
    }
}

fn shown_json(bad: &BadJson) -> String {
    let why = escape(bad.why.as_bytes());
    format!("{why}, at column {}", bad.column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_a_line_are_found_as_they_are_spelled() {
        for (line, expected) in [
            (r#"{"a":0.90}"#, &["0.90"][..]),
            (r#"{"1.5":0.9}"#, &["0.9"]),
            (r#"{"a\"1":0.9,"b":"2\\"}"#, &["0.9"]),
            (r#"[true, false,null,-1e+5 ]"#, &["-1e+5"]),
            (r#"{"a":"1"}"#, &[]),
            ("[1,2.0]", &["1", "2.0"]),
        ] {
            assert_eq!(numbers(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn a_foreign_text_is_shown_harmlessly() {
        assert_eq!(quoted("a\u{1b}[2J\u{202e}"), r#""a\u{1b}[2J\u{202e}""#);
        let long = "x".repeat(100);
        assert!(quoted(&long).ends_with("… of 100 characters"));
    }
}
