//! A decision on a gate: by a person, or by a model that says how confident it is.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::place::Stands;
use super::record::{Binding, Record, Signers, about};
use super::statement::{Context, Subject};
use crate::record::contract::Gate1;
use crate::record::{
    Choice, Confidence, DecisionId, EscalationId, Gate, Level, ObjectId, Protection, Reason, Role,
    RunId, Sha256, TaskId, Timestamp, Token, WorkGate,
};

/// The schema of a decision, as the original system names it.
pub const SCHEMA: &str = "hsk.gov_decision@0.4";

about! {
    Decision, "decision", DecisionPredicate,
    title: "decision",
    purpose: "a person or a model decides on a gate: approve, reject or defer",
    signers: Signers::Roles(&[Role::Operator, Role::Reviewer, Role::Model]),
    stands: Stands::OncePerDecision,
    after: &[],
    fields: "`decision` (`schema_version`, `decision_id`, `gate_type`, `target_ref`, `decision`: `approve`, `reject` or `defer`; `rationale`, a reason code; `timestamp`, `actor`, of a model `confidence`, optional `evidence_refs`), `target` (the digest of what `target_ref` names: of a `record`, or the id of an `object`), `level`, `expires`; of a contract `base`; of a waiver `waiver` (`gates`, `paths`, `uses`); of what lifts the ceiling of a run `permits` (actions); of a protection override `protection` (`path`, `from`, `to`: each `id` and `mode`, or `null`); optional `task`, `run`, `answers`, `supersedes`, `note`",
}

/// What decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActorKind {
    /// A person.
    Human,
    /// A model.
    Model,
}

/// Who decides, as the decision itself says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// A person or a model.
    pub kind: ActorKind,
    /// What the model calls itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub model_id: Option<String>,
    /// The person.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user_id: Option<Token>,
}

/// What somebody decides, in the form of the original system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GovDecision {
    /// Who decides.
    pub actor: Actor,
    /// How confident the model is; of a person nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub confidence: Option<Confidence>,
    /// What is decided.
    pub decision: Choice,
    /// The decision's name.
    pub decision_id: DecisionId,
    /// What speaks for it, as references.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub evidence_refs: Vec<Token>,
    /// The name of the gate. One that is unknown is refused by a rule of its own.
    pub gate_type: Token,
    /// Why, as a reason code.
    pub rationale: Token,
    /// [`SCHEMA`].
    pub schema_version: String,
    /// What is decided on: `task/T-1`.
    pub target_ref: Token,
    /// When.
    pub timestamp: Timestamp,
}

/// What a `target_ref` named when it was decided on: the decision counts for exactly this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// A git object: a commit, or a file's blob.
    Object(ObjectId),
    /// A record, by its digest.
    Record(Sha256),
}

impl Target {
    /// Returns the name under which all decisions of a gate on this are found.
    pub fn key(self, gate: impl fmt::Display) -> Sha256 {
        Sha256::of(format!("{gate}\n{self}\n").as_bytes())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Object(id) => id.fmt(f),
            Target::Record(digest) => digest.fmt(f),
        }
    }
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecisionPredicate {
    /// The deferred decision that a person answers with this one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub answers: Option<DecisionId>,
    /// The commit on which a contract may be executed; of contracts only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub base: Option<ObjectId>,
    /// Who decides.
    pub context: Context,
    /// What they decide.
    pub decision: GovDecision,
    /// When it ceases to be valid.
    pub expires: Timestamp,
    /// The level at which it was decided.
    pub level: Level,
    /// Why, in words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<Reason>,
    /// The actions of a run that it permits, sorted; of a PolicyViolation on a run only.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub permits: Vec<Token>,
    /// The change of a protected artefact that it is about; of a PolicyViolation only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub protection: Option<Protection>,
    /// The run that it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run: Option<RunId>,
    /// The decision on the same that no longer counts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub supersedes: Option<DecisionId>,
    /// What is decided on.
    pub target: Target,
    /// The task that it is about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub task: Option<TaskId>,
    /// What it waives; of a PolicyViolation only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub waiver: Option<WaiverScope>,
}

/// What a waiver waives: gates of post-work, for paths, so many times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaiverScope {
    /// The gates, sorted.
    pub gates: Vec<WorkGate>,
    /// The paths, in gitignore syntax.
    pub paths: Vec<String>,
    /// How many runs may use it.
    pub uses: u32,
}

impl DecisionPredicate {
    /// Returns the decision's name.
    pub fn id(&self) -> &DecisionId {
        &self.decision.decision_id
    }

    /// Returns the gate, if it is one.
    pub fn gate(&self) -> Option<Gate> {
        Gate::of_name(self.decision.gate_type.as_str())
    }

    /// Tells whether this decision takes the place of another one on the same target: a person's is replaced
    /// by a person only.
    pub fn replaces(&self, other: &Self) -> bool {
        let by_person = |it: &Self| it.decision.actor.kind == ActorKind::Human;
        let named = self.supersedes.as_ref() == Some(other.id()) && self.id() != other.id();
        named && (by_person(self) || !by_person(other))
    }

    /// Tells whether another decision on the same target stands beside this one or against it. Waivers of other
    /// gates, paths or numbers are of their own, and so are permits of other actions, and approvals of one protection
    /// override by several persons; who rejects, rejects all of them.
    pub fn concerns(&self, other: &Self) -> bool {
        let rejects = |it: &Self| it.decision.decision == Choice::Reject;
        let another = self.context.identity != other.context.identity;
        let joins = self.protection.is_some() && (another || rejects(self));
        let alike = self.waiver == other.waiver && self.permits == other.permits && !joins;
        (alike || rejects(other)) && other.is_about(&self.decision.target_ref)
    }

    /// Tells whether a decision on the same target is about what this reference names. Tasks and versions of
    /// one may share a refinement, and it is signed for each of them.
    pub fn is_about(&self, reference: &Token) -> bool {
        self.gate() != Some(Gate::RefinementSign) || self.decision.target_ref == *reference
    }

    /// Tells whether this decision answers another one on the same target: only a person answers.
    pub fn responds_to(&self, other: &Self) -> bool {
        let by_person = self.decision.actor.kind == ActorKind::Human;
        by_person && self.answers.as_ref() == Some(other.id()) && self.id() != other.id()
    }

    /// Returns the name under which all decisions of its gate on its target are found.
    pub fn target_key(&self) -> Sha256 {
        self.target.key(&self.decision.gate_type)
    }
}

/// The decision that opened gate 1 of a run, as the records of the run name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenedBy {
    /// Who decided.
    pub actor: Actor,
    /// The level at which it was decided.
    pub automation_level: Level,
    /// The decision's name.
    pub decision_id: DecisionId,
    /// What spoke for it.
    pub evidence_refs: Vec<Token>,
    /// The gate.
    pub gate_type: Token,
    /// What opened gate 1: a decision.
    pub kind: Gate1,
    /// What was decided on.
    pub target_ref: Token,
}

impl OpenedBy {
    /// Returns what the records of a run say of a decision.
    pub fn of(says: &DecisionPredicate) -> Self {
        let it = &says.decision;
        Self {
            actor: it.actor.clone(),
            automation_level: says.level,
            decision_id: it.decision_id.clone(),
            evidence_refs: it.evidence_refs.clone(),
            gate_type: it.gate_type.clone(),
            kind: Gate1::Decision,
            target_ref: it.target_ref.clone(),
        }
    }
}

impl Record for DecisionPredicate {
    fn kind(&self) -> Kind {
        Kind::Decision
    }

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }

    fn binds(&self) -> Vec<Binding> {
        let mut binds = vec![Binding::Decision(self.id().clone())];
        binds.extend(self.task.clone().map(Binding::Task));
        binds.extend(self.run.clone().map(Binding::Run));
        binds.extend(self.base.map(Binding::Base));
        let escalation = self
            .decision
            .target_ref
            .as_str()
            .strip_prefix("escalation/");
        let escalation = escalation.and_then(|id| EscalationId::new(id).ok());
        binds.extend(escalation.map(Binding::Escalation));
        binds
    }

    fn expires(&self) -> Option<Timestamp> {
        Some(self.expires)
    }

    fn signers(&self) -> Signers {
        let by_model = self.decision.actor.kind == ActorKind::Model;
        Signers::Roles(match self.gate() {
            _ if by_model => &[Role::Model],
            Some(gate) => gate.decided_by(),
            None => &[Role::Operator],
        })
    }

    fn subject(&self) -> Vec<Subject> {
        let name = self.decision.target_ref.as_str();
        vec![match self.target {
            Target::Record(digest) => Subject::content(name, digest),
            Target::Object(id) => Subject {
                digest: [("gitObject".to_owned(), id.to_string())].into(),
                name: name.to_owned(),
            },
        }]
    }
}
