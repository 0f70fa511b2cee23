//! Decides on a gate, as a person or as a model.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::facts::decisions::{Named, line};
use crate::facts::run::Collector;
use crate::policy::{Role, Verified};
use crate::record::contract::Gate1;
use crate::record::{
    Choice, Confidence, DecisionId, Findings, Gate, ObjectId, Protection, Reason, Refusal,
    RepoPath, RunId, Sha256, Subject, TaskId, Timestamp, Token,
};
use crate::records::{
    Actor, ActorKind, AutoSignature, AutoSignaturePredicate, DECISION_SCHEMA, DecisionPredicate,
    GovDecision, Kind, SIGNATURE_SCHEMA, Statement, Target, WaiverScope,
};
use crate::rules::absent;
use crate::rules::automation::{self, Standing};
use crate::rules::opening;
use crate::store::batch::Batch;
use crate::store::layout::LedgerPath;
use crate::store::ledger::Records;

use super::approve::base;
use super::revision::named;
use super::{Error, Session};

/// So many days a decision holds, where nobody says how many.
const DAYS: u32 = 7;

/// What is to be decided.
pub struct Request {
    /// The gate.
    pub gate: Token,
    /// What is decided on: `task/T-1`.
    pub target: Token,
    /// What is decided.
    pub choice: Choice,
    /// How confident the model is.
    pub confidence: Option<Confidence>,
    /// Why, as a reason code.
    pub rationale: Token,
    /// Why, in words.
    pub note: Option<Reason>,
    /// What speaks for it.
    pub evidence: Vec<Token>,
    /// The deferred decision that this one answers.
    pub answers: Option<DecisionId>,
    /// The decision that no longer counts.
    pub supersedes: Option<DecisionId>,
    /// So many days it holds.
    pub days: Option<u32>,
    /// The revision on which a contract may be executed; the tip of its branch if none is named.
    pub base: Option<String>,
    /// The file of a refinement, as `REVISION:PATH`.
    pub file: Option<String>,
    /// What it waives, if it is a waiver.
    pub waiver: Option<WaiverScope>,
    /// The actions of a run that it permits.
    pub permits: BTreeSet<Token>,
    /// The change of a protected artefact that it is about; of one that others have decided on, what they said.
    pub protection: Option<Protection>,
}

impl Request {
    /// Returns a person's approval of a PolicyViolation; its scope is still to be said.
    pub(super) fn of_violation(
        target: String,
        rationale: &str,
        note: Reason,
        days: Option<u32>,
    ) -> Result<Self, Error> {
        Ok(Self {
            gate: Token::new(Gate::PolicyViolation.name())?,
            target: Token::new(target)?,
            choice: Choice::Approve,
            confidence: None,
            rationale: Token::new(rationale)?,
            note: Some(note),
            evidence: Vec::new(),
            answers: None,
            supersedes: None,
            days,
            base: None,
            file: None,
            waiver: None,
            permits: BTreeSet::new(),
            protection: None,
        })
    }
}

/// A recorded decision.
pub struct Decided {
    /// Its name.
    pub id: DecisionId,
    /// What was recorded. Where the gate does not open for whoever asks, that is *defer*.
    pub choice: Choice,
    /// The record.
    pub record: Sha256,
    /// The model's signature, if it opens the gate.
    pub auto_signature: Option<Sha256>,
    /// Why the gate does not open, if that was asked.
    pub refused: Findings,
    /// What opens gate 1 of the contract, where no decision does.
    pub without_effect: Option<Gate1>,
}

/// Decides. A gate that does not open for whoever asks is deferred, and that is recorded.
pub fn decide(session: &Session, request: Request) -> Result<Decided, Error> {
    let records = session.records()?;
    let (decided, batch) = draft(session, &records, request)?;
    session.commit(&batch)?;
    Ok(decided)
}

/// Decides on something that counts only if the gate opens: `what` says what it is.
pub(super) fn open(session: &Session, request: Request, what: &str) -> Result<Decided, Error> {
    let done = decide(session, request)?;
    if done.choice == Choice::Approve {
        return Ok(done);
    }
    let message = format!("the gate is not open for {what}: it is recorded as deferred");
    Err(match Refusal::of(done.refused) {
        Some(why) => Error::denied(message, why),
        None => Error::usage(message),
    })
}

/// Returns a decision, and what is to be written for it.
pub(super) fn draft(
    session: &Session,
    records: &Records<'_>,
    request: Request,
) -> Result<(Decided, Batch), Error> {
    let history = session.history()?;
    let policy = session.policy()?;
    let person = session.actor().person(history)?;
    let by_model = policy.holds(&person, Role::Model);
    let gate = Gate::of_name(request.gate.as_str());
    let roles = match gate {
        _ if by_model => &[Role::Model],
        Some(gate) => gate.decided_by(),
        None => &[Role::Operator],
    };
    if by_model != request.confidence.is_some() {
        return Err(Error::usage(match by_model {
            true => "a model says how confident it is",
            false => "a person gives no confidence",
        })
        .hint(
            "git awo decide GATE TARGET approve --rationale CODE, of a model with --confidence 0.9",
        ));
    }
    let now = session.now();
    let days = policy.document().gates.approval_days;
    if request.days.is_some_and(|asked| asked > days) {
        let message = format!("a decision holds for {days} days at most, by gates.approval_days");
        return Err(Error::usage(message));
    }
    let (target, executed) = target(session, records, &request, gate)?;
    let base = executed.map(|it| it.0);
    let gate1 = executed.map(|it| it.1);
    let collector = session.collector(records)?;
    let mut protection = request.protection;
    if protection.is_none() && Protection::named(request.target.as_str()).is_some() {
        let same = collector.decisions_on(target.key(&request.gate))?;
        protection = same.iter().find_map(|it| it.predicate().protection.clone());
        if protection.is_none() {
            let why = absent::named(
                request.target.as_str(),
                "a change of a protected artefact that somebody has decided on",
                "git awo fetch; git awo decisions",
            );
            let message = format!("nobody here has decided on {}", request.target);
            return Err(session.refused(message, why));
        }
    }
    let asked = match request.choice {
        Choice::Defer => None,
        _ => collector.asked(target.key(&request.gate), &request.target)?,
    };
    // Whatever a person decides on it is the answer.
    let answers = request.answers.or_else(|| {
        let answered = asked.as_ref().filter(|_| !by_model);
        answered.map(|it| it.id().clone())
    });
    if request.choice == Choice::Approve
        && let Some(deferred) = &asked
        && let subject = Subject::of_record(&request.target)
        && let Some(why) = automation::asked(policy, by_model, deferred, &subject)
    {
        return Err(session.refused("a person is asked already", why));
    }
    let (task, run) = about(&request.target);
    let user = Token::of_person(&person).filter(|_| !by_model);
    let actor = Actor {
        kind: if by_model {
            ActorKind::Model
        } else {
            ActorKind::Human
        },
        model_id: policy
            .model_of(&person)
            .filter(|_| by_model)
            .map(str::to_owned),
        user_id: user,
    };
    let key = target.key(&request.gate);
    let mut says = DecisionPredicate {
        answers,
        base,
        context: session.context(roles)?,
        decision: GovDecision {
            actor: actor.clone(),
            confidence: request.confidence,
            decision: request.choice,
            decision_id: id(&[])?,
            evidence_refs: request.evidence,
            gate_type: request.gate,
            rationale: request.rationale,
            schema_version: DECISION_SCHEMA.to_owned(),
            target_ref: request.target,
            timestamp: now,
        },
        expires: now.plus_days(request.days.unwrap_or(DAYS.min(days))),
        level: policy.level(),
        note: request.note,
        permits: request.permits.into_iter().collect(),
        run,
        supersedes: request.supersedes,
        target,
        task,
        waiver: request.waiver,
        protection,
    };
    let asked = gate.filter(|_| says.decision.decision == Choice::Approve);
    let closed = asked.and_then(|gate| {
        let subject = Subject::of_record(&says.decision.target_ref);
        Some((gate, opening::opens(policy, gate, &says, &subject)?))
    });
    if closed.is_some() {
        says.decision.decision = Choice::Defer;
        says.waiver = None;
        says.permits = Vec::new();
        says.supersedes = None;
    }
    // Whoever decides otherwise at the same moment, here or elsewhere, gives it another name; whoever
    // decides the same again later, too.
    let earlier = records.ledger().about(&key.to_string())?.len();
    let payload = Statement::new(says.clone()).to_payload();
    let id = id(&[&payload, earlier.to_string().as_bytes()].concat())?;
    says.decision.decision_id = id.clone();
    let choice = says.decision.decision;
    let envelope = session.sign(says.clone())?;
    let record = envelope.digest();
    let mut batch = Batch::new(format!("{choice} {} {}", says.decision.gate_type, id))
        .record(&Kind::Decision.of(&id), &envelope)
        .file(&LedgerPath::Decided(key, id.clone()), line(record));
    let mut auto_signature = None;
    if by_model && choice == Choice::Approve {
        let signature = session.sign(signature(&says, record, now)?)?;
        auto_signature = Some(signature.digest());
        batch = batch.record(&Kind::AutoSignature.of(&id), &signature);
    }
    let closed = closed.map(|(gate, it)| automation::deferred(policy, gate, &says, it));
    let decided = Decided {
        id,
        choice,
        record,
        auto_signature,
        refused: closed.into_iter().collect(),
        without_effect: gate1.filter(|it| *it != Gate1::Decision),
    };
    Ok((decided, batch))
}

fn signature(
    says: &DecisionPredicate,
    decision: Sha256,
    now: Timestamp,
) -> Result<AutoSignaturePredicate, Error> {
    let it = &says.decision;
    Ok(AutoSignaturePredicate {
        context: says.context.clone(),
        decision,
        signature: AutoSignature {
            actor: it.actor.clone(),
            auto_signature_id: Token::new(format!("sig/{}", it.decision_id))?,
            created_at: now,
            decision_id: it.decision_id.clone(),
            gate_type: it.gate_type.clone(),
            schema_version: SIGNATURE_SCHEMA.to_owned(),
            target_ref: it.target_ref.clone(),
        },
    })
}

/// Returns a name that follows from what makes a decision another one than all others.
fn id(what: &[u8]) -> Result<DecisionId, Error> {
    let digest = Sha256::of(what).to_string();
    Ok(DecisionId::new(format!(
        "dec-{}",
        digest.get(..16).unwrap_or_default()
    ))?)
}

/// Returns the task or the run that a `target_ref` names.
fn about(reference: &Token) -> (Option<TaskId>, Option<RunId>) {
    match reference.as_str().split_once('/') {
        Some(("task" | "refinement", id)) => (TaskId::new(id).ok(), None),
        Some(("run", id)) => (None, RunId::new(id).ok()),
        _ => (None, None),
    }
}

/// Returns what is decided on, and of a contract to be executed the commit on which, and what opens its
/// gate 1.
fn target(
    session: &Session,
    records: &Records<'_>,
    request: &Request,
    gate: Option<Gate>,
) -> Result<(Target, Option<(ObjectId, Gate1)>), Error> {
    let collector = session.collector(records)?;
    let reference = &request.target;
    let missing = || {
        let what = "a task, a run, a refinement or a request: task/ID, run/ID, refinement/ID, escalation/ID";
        let why = absent::named(reference.as_str(), what, "git awo fetch; git awo task list");
        session.refused(format!("there is no {reference} in this clone"), why)
    };
    Ok(match collector.named(reference)? {
        Named::Nothing => return Err(missing()),
        Named::Run(commit) => (Target::Object(commit), None),
        Named::Escalation(digest) | Named::Protection(digest) => (Target::Record(digest), None),
        Named::Refinement => {
            let of = request
                .file
                .as_deref()
                .and_then(|text| text.split_once(':'));
            let Some((revision, path)) = of else {
                return Err(Error::usage(
                    "a refinement is a file: name it with --file REVISION:PATH",
                ));
            };
            let commit = named(session.actor(), revision)?.commit;
            let tree = session.repo().tree_of(commit)?;
            let entry = session.repo().entry(tree, &RepoPath::from(path))?;
            let Some((_, blob)) = entry else {
                return Err(Error::usage(format!("{revision} has no {path}")));
            };
            (Target::Object(blob), None)
        }
        Named::Contract(digest) => {
            let (Some(task), Some(Gate::SpecApproval)) = (about(reference).0, gate) else {
                return Ok((Target::Record(digest), None));
            };
            let (digest, contract) = super::task::signed(session, records, &task)?;
            let base = base(session, &contract, request.base.as_deref())?;
            (Target::Record(digest), Some((base, contract.gate1)))
        }
    })
}

/// A decision, and how it stands.
pub struct Listed {
    /// What it says.
    pub says: DecisionPredicate,
    /// The record.
    pub record: Sha256,
    /// How it stands now.
    pub standing: Standing,
}

/// Tells how decisions stand now, and looks at each target once.
pub(super) struct Standings<'a> {
    collector: &'a Collector<'a>,
    now: Timestamp,
    on: BTreeMap<Sha256, Vec<Verified<DecisionPredicate>>>,
}

impl<'a> Standings<'a> {
    /// Returns how decisions stand at a time.
    pub(super) fn at(collector: &'a Collector<'a>, now: Timestamp) -> Self {
        let on = BTreeMap::new();
        Self { collector, now, on }
    }

    /// Returns how a decision stands.
    pub(super) fn of(&mut self, decision: &Verified<DecisionPredicate>) -> Result<Standing, Error> {
        let (says, collector) = (decision.predicate(), self.collector);
        let all = match self.on.entry(says.target_key()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(collector.decisions_on(says.target_key())?),
        };
        let withdrawn = collector.is_withdrawn(decision)?;
        Ok(automation::stands(says, all, withdrawn, self.now))
    }
}

/// Returns every decision that holds by itself, oldest first.
pub fn decisions(session: &Session) -> Result<Vec<Listed>, Error> {
    let records = session.records()?;
    let collector = session.collector(&records)?;
    let mut standings = Standings::at(&collector, session.now());
    let listed = collector.all_decisions()?.into_iter().map(|decision| {
        Ok(Listed {
            says: decision.predicate().clone(),
            record: decision.digest(),
            standing: standings.of(&decision)?,
        })
    });
    listed.collect()
}
