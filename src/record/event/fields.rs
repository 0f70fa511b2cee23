//! What an event says, and its one line of JSON.

use serde::Serialize;

use super::id::EventId;
use super::kind::{Kind, Party};
use super::moment::Moment;
use crate::record::name::{EventDecisionId, GateName, PacketName};
use crate::record::{
    Choice, Confidence, DecisionId, Gate, IdentityName, Level, ObjectId, Sha256, TaskId, Timestamp,
    Token,
};

/// An event about a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The name of the event.
    pub id: EventId,
    /// What it tells of.
    pub kind: Kind,
    /// When it happened.
    pub timestamp: Moment,
    /// Who acted.
    pub actor: Party,
    /// What else it belongs to.
    pub links: Links,
    /// What it says of the decision.
    pub payload: Payload,
}

/// What an event belongs to, in the words of whoever wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the member of that name")]
pub struct Links {
    pub job_id: Option<Token>,
    pub model_id: Option<Token>,
    pub model_session_id: Option<Token>,
    pub wsids: Vec<Token>,
    pub activity_span_id: Option<Token>,
    pub session_span_id: Option<Token>,
    pub capability_id: Option<Token>,
    pub policy_decision_id: Option<Token>,
}

/// What an event says of a decision: references and codes, never prose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// The decision whose sequence the event stands in.
    pub decision_id: EventDecisionId,
    /// The gate, which in an event of another program may be one that git-awo does not know.
    pub gate_type: GateName,
    /// What the gate is of.
    pub target_ref: Token,
    /// The level at that moment.
    pub automation_level: Level,
    /// What the decision decides; of an answer that was received, what the answer decides.
    pub decision: Option<Choice>,
    /// How confident the model says it is.
    pub confidence: Option<Confidence>,
    /// A reason code.
    pub rationale: Option<Token>,
    /// What the decision rests on.
    pub evidence_refs: Vec<Token>,
    /// The work packet.
    pub wp_id: Option<PacketName>,
    /// The micro-task.
    pub mt_id: Option<PacketName>,
    /// The person who is asked or has answered.
    pub user_id: Option<Token>,
}

/// What a derived event follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The first policy commit, which identifies the repository.
    pub repository: ObjectId,
    /// The record.
    pub record: Sha256,
}

impl Payload {
    /// Returns what every event of a decision says; the other members are empty.
    pub fn of(decision: &DecisionId, gate: Gate, target: Token, level: Level) -> Self {
        Self {
            decision_id: decision.into(),
            gate_type: gate.into(),
            target_ref: target,
            automation_level: level,
            decision: None,
            confidence: None,
            rationale: None,
            evidence_refs: Vec::new(),
            wp_id: None,
            mt_id: None,
            user_id: None,
        }
    }

    /// Returns the same, belonging to the task.
    pub fn of_task(self, task: &TaskId) -> Self {
        Self {
            wp_id: Some(task.into()),
            ..self
        }
    }

    /// Returns the same, deciding this.
    pub fn deciding(self, choice: Choice) -> Self {
        Self {
            decision: Some(choice),
            ..self
        }
    }

    /// Returns the same, naming the decision that answers it and what that decides.
    pub fn answered_by(mut self, answer: &DecisionId, choice: Choice) -> Self {
        self.decision = Some(choice);
        // An id has no character that a token has not, and leaves it far below its length.
        self.evidence_refs = Token::new(format!("decision/{answer}"))
            .into_iter()
            .collect();
        self
    }

    /// Returns the same, naming the person who is asked or has answered: by name where that is a token,
    /// else by the first 32 hex digits of its SHA-256.
    pub fn of_person(self, name: &IdentityName) -> Self {
        Self {
            user_id: Token::of_person(name),
            ..self
        }
    }
}

impl Event {
    /// Returns the event of this kind that follows from a record.
    ///
    /// The id follows from the repository, the record, the kind and the decision, so that it is the same in
    /// every clone. The decision is part of it, since one run may use several. A person is named only by
    /// the kinds that may name one.
    pub fn derived(
        kind: Kind,
        origin: Origin,
        time: Timestamp,
        actor: Party,
        mut payload: Payload,
    ) -> Self {
        let Origin { repository, record } = origin;
        let name = format!(
            "{repository} {record} {} {}",
            kind.id(),
            payload.decision_id
        );
        payload.user_id = payload.user_id.filter(|_| kind.names_a_person());
        Self {
            id: EventId::v5(EventId::DERIVED, name.as_bytes()),
            kind,
            timestamp: time.into(),
            actor,
            links: Links::default(),
            payload,
        }
    }

    /// Returns the event as a line of JSON without white space, its keys sorted, and a line feed.
    #[allow(
        clippy::expect_used,
        reason = "an event has only text keys: a fact of the type"
    )]
    pub fn to_line(&self) -> String {
        let Self { links, payload, .. } = self;
        let line = Line {
            activity_span_id: links.activity_span_id.as_ref(),
            actor: self.actor.word(),
            capability_id: links.capability_id.as_ref(),
            event_id: self.id.to_string(),
            fr_event_id: self.kind.id(),
            job_id: links.job_id.as_ref(),
            model_id: links.model_id.as_ref(),
            model_session_id: links.model_session_id.as_ref(),
            payload: PayloadLine {
                automation_level: payload.automation_level,
                confidence: payload.confidence,
                decision: payload.decision,
                decision_id: payload.decision_id.as_str(),
                evidence_refs: &payload.evidence_refs,
                gate_type: payload.gate_type.as_str(),
                mt_id: payload.mt_id.as_ref(),
                rationale: payload.rationale.as_ref(),
                target_ref: payload.target_ref.as_str(),
                user_id: payload.user_id.as_ref(),
                wp_id: payload.wp_id.as_ref(),
            },
            policy_decision_id: links.policy_decision_id.as_ref(),
            session_span_id: links.session_span_id.as_ref(),
            timestamp: self.timestamp.as_str(),
            kind: self.kind.name(),
            wsids: &links.wsids,
        };
        let mut text = serde_json::to_string(&line).expect("an event has only text keys");
        text.push('\n');
        text
    }
}

/// The members in the order of their keys, which is that of the line.
#[derive(Serialize)]
struct Line<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    activity_span_id: Option<&'a Token>,
    actor: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    capability_id: Option<&'a Token>,
    event_id: String,
    fr_event_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<&'a Token>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_id: Option<&'a Token>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model_session_id: Option<&'a Token>,
    payload: PayloadLine<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_decision_id: Option<&'a Token>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_span_id: Option<&'a Token>,
    timestamp: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(skip_serializing_if = "<[Token]>::is_empty")]
    wsids: &'a [Token],
}

#[derive(Serialize)]
struct PayloadLine<'a> {
    automation_level: Level,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<Confidence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<Choice>,
    decision_id: &'a str,
    #[serde(skip_serializing_if = "<[Token]>::is_empty")]
    evidence_refs: &'a [Token],
    gate_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mt_id: Option<&'a PacketName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rationale: Option<&'a Token>,
    target_ref: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<&'a Token>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wp_id: Option<&'a PacketName>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Origin {
        Origin {
            repository: ObjectId::Sha1([1; 20]),
            record: Sha256::of(b"record"),
        }
    }

    fn payload() -> Payload {
        let id = DecisionId::new("dec-1").unwrap();
        let target = Token::new("task/WP-X-v3").unwrap();
        Payload::of(&id, Gate::SpecApproval, target, Level::Hybrid)
    }

    fn event(kind: Kind, payload: Payload) -> Event {
        let time = "2026-11-21T01:52:49Z".parse().unwrap();
        Event::derived(kind, origin(), time, Party::Agent, payload)
    }

    #[test]
    fn a_derived_event_is_one_line_with_sorted_keys() {
        let mut payload = payload()
            .deciding(Choice::Defer)
            .of_task(&TaskId::new("WP-X").unwrap())
            .of_person(&IdentityName::new("olga").unwrap());
        payload.confidence = Confidence::of_ten_thousandths(9_200);
        payload.rationale = Token::new("below-threshold").ok();
        payload.evidence_refs = vec![Token::new("run/run_1").unwrap()];
        let requested = event(Kind::Requested, payload.clone());
        let id = requested.id;
        assert_eq!(
            requested.to_line(),
            format!(
                r#"{{"actor":"agent","event_id":"{id}","fr_event_id":"FR-EVT-GOV-004","payload":{{"automation_level":"HYBRID","confidence":0.92,"decision":"defer","decision_id":"dec-1","evidence_refs":["run/run_1"],"gate_type":"SpecApproval","rationale":"below-threshold","target_ref":"task/WP-X-v3","user_id":"olga","wp_id":"WP-X"}},"timestamp":"2026-11-21T01:52:49Z","type":"gov_human_intervention_requested"}}
"#
            )
        );
        let created = event(Kind::Created, payload);
        assert_eq!(created.payload.user_id, None, "it names no person");
    }

    #[test]
    fn every_key_is_sorted_whatever_is_there() {
        let token = || Token::new("x").ok();
        let mut event = event(
            Kind::Received,
            payload().of_person(&IdentityName::new("olga@example.org").unwrap()),
        );
        event.links = Links {
            job_id: token(),
            model_id: token(),
            model_session_id: token(),
            wsids: token().into_iter().collect(),
            activity_span_id: token(),
            session_span_id: token(),
            capability_id: token(),
            policy_decision_id: token(),
        };
        event.payload.mt_id = PacketName::new("MT-1").ok();
        let line = event.to_line();
        // A value of the library sorts its keys.
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(format!("{value}\n"), line);
        assert_eq!(value.as_object().unwrap().len(), 14, "every member");
        // Its name has an `@`, which no token has.
        assert_eq!(
            value["payload"]["user_id"],
            Sha256::of(b"olga@example.org").to_string()[..32]
        );
    }

    #[test]
    fn an_event_has_an_id_of_its_own_for_all_that_it_follows_from() {
        let base = event(Kind::Applied, payload());
        assert_eq!(base.id.to_string(), "197ab2ae-46bd-5387-ac6d-ff45d25cf980");
        assert_eq!(base, event(Kind::Applied, payload()), "the same again");
        let time = "2026-11-21T01:52:49Z".parse().unwrap();
        let at = |origin| Event::derived(Kind::Applied, origin, time, Party::Agent, payload());
        let mut other = payload();
        other.decision_id = (&DecisionId::new("dec-2").unwrap()).into();
        let ids = [
            event(Kind::Created, payload()).id,
            event(Kind::Applied, other).id,
            at(Origin {
                record: Sha256::of(b"other"),
                ..origin()
            })
            .id,
            at(Origin {
                repository: ObjectId::Sha1([2; 20]),
                ..origin()
            })
            .id,
        ];
        assert!(ids.iter().all(|id| *id != base.id));
    }

    #[test]
    fn an_answer_is_named_as_a_reference() {
        let longest = DecisionId::new("d".repeat(80)).unwrap();
        let payload = payload().answered_by(&longest, Choice::Reject);
        let refs: Vec<_> = payload.evidence_refs.iter().map(Token::as_str).collect();
        assert_eq!(refs, [format!("decision/{longest}")]);
        assert_eq!(payload.decision, Some(Choice::Reject));
    }
}
