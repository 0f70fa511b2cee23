//! Hands content to a model elsewhere: request, plan, consent, use. Nothing of the content is recorded
//! but its digest and size.

use std::path::Path;

use crate::actor;
use crate::facts::escalation::{Escalation, Sending};
use crate::facts::log;
use crate::facts::run::Collector;
use crate::policy::{Role, Verified};
use crate::record::{
    Choice, EscalationId, Findings, Gate, Reason, Refusal, Rule, RunId, Sha256, Subject, TaskId,
    Timestamp, Token,
};
use crate::records::{
    CONSENT_SCHEMA, CloudEscalation, ConsentReceipt, ConsentReceiptPredicate, ESCALATION_SCHEMA,
    EscalationPredicate, EscalationUsePredicate, Kind, PLAN_SCHEMA, Predicate, ProjectionPlan,
    ProjectionPlanPredicate, Target,
};
use crate::rules::{absent, clone, escalation as rules};
use crate::store;
use crate::store::additions::Additions;
use crate::store::batch::Batch;
use crate::store::layout;
use crate::sys::{file, random};

use super::decide::{self, Decided};
use super::{Error, Session, fetch, push, remote};

/// Who may ask, plan and send.
const SENDERS: &[Role] = &[Role::Operator, Role::Orchestrator, Role::Model];

/// What is asked for.
pub struct Request {
    /// The task.
    pub task: Option<TaskId>,
    /// A run of it that did not succeed.
    pub run: Option<RunId>,
    /// The model that is to get the content.
    pub model: Token,
    /// A label for where it is reached.
    pub endpoint: Option<Token>,
    /// Why, as a reason code.
    pub reason: Token,
}

/// Asks to hand content to a model elsewhere.
pub fn request(session: &Session, request: Request) -> Result<EscalationId, Error> {
    let records = session.records()?;
    allowed(session, "nothing can be asked for")?;
    let (task, run) = match (request.task, request.run) {
        (Some(task), None) => (task, None),
        (_, Some(run)) => {
            let facts = session.run(&run)?;
            let held = facts.held().map(|it| it.says().task.clone());
            let missing =
                || session.refused(format!("{run} does not hold"), absent::run_record(&run));
            (held.ok_or_else(missing)?, Some(run))
        }
        (None, None) => return Err(Error::usage("name a task or a run: --task ID or --run RUN")),
    };
    let (contract, _) = super::task::signed(session, &records, &task)?;
    let context = session.context(SENDERS)?;
    let now = session.now();
    let of = |number: usize| {
        let what = format!(
            "{task} {} {} {now} {number}",
            context.identity, request.model
        );
        let digest = Sha256::of(what.as_bytes()).to_string();
        EscalationId::new(format!("esc-{}", digest.get(..16).unwrap_or_default()))
    };
    let mut id = of(0)?;
    for number in 1.. {
        if records.ledger().find(&Kind::Escalation.of(&id))?.is_none() {
            break;
        }
        id = of(number)?;
    }
    let envelope = session.sign(EscalationPredicate {
        context,
        contract,
        request: CloudEscalation {
            endpoint: request.endpoint,
            reason: request.reason,
            request_id: id.clone(),
            requested_model_id: request.model,
            schema_version: ESCALATION_SCHEMA.to_owned(),
            wp_id: task,
        },
        run,
    })?;
    let batch = Batch::new(format!("ask for {id}")).record(&Kind::Escalation.of(&id), &envelope);
    session.commit(&batch)?;
    Ok(id)
}

/// Refuses what the policy in force does not allow.
fn allowed(session: &Session, message: &str) -> Result<(), Error> {
    match rules::closed(session.policy()?, &Subject::none()) {
        Some(why) => Err(Error::denied(message, why)),
        None => Ok(()),
    }
}

/// What is to be handed over.
pub struct PlanRequest<'a> {
    /// The escalation.
    pub id: EscalationId,
    /// The file with the bytes, and its name for messages.
    pub file: (&'a Path, &'a str),
    /// From what they were made.
    pub includes: Vec<Token>,
    /// What was taken out.
    pub redactions: Vec<Token>,
    /// So many bytes they may be.
    pub max_bytes: u64,
}

/// What is planned.
pub struct Planned {
    /// The digest of the bytes.
    pub payload: Sha256,
    /// Their number.
    pub bytes: u64,
    /// The record.
    pub record: Sha256,
}

/// Plans what exactly is handed over.
pub fn plan(session: &Session, request: PlanRequest<'_>) -> Result<Planned, Error> {
    let records = session.records()?;
    // Before anything of the content is read.
    allowed(session, "nothing can be planned")?;
    let collector = session.collector(&records)?;
    let id = request.id;
    let there = found(session, &collector, &id)?;
    let bytes = read(request.file, request.max_bytes)?;
    let planned = ProjectionPlanPredicate {
        bytes: bytes.len() as u64,
        context: session.context(SENDERS)?,
        plan: ProjectionPlan {
            created_at: session.now(),
            include_artifact_refs: request.includes,
            max_bytes: request.max_bytes,
            payload_sha256: Sha256::of(&bytes),
            projection_plan_id: id.clone(),
            redactions_applied: request.redactions,
            schema_version: PLAN_SCHEMA.to_owned(),
        },
        request: there.request.digest(),
    };
    let (payload, bytes) = (planned.plan.payload_sha256, planned.bytes);
    let path = Kind::ProjectionPlan.of(&id);
    let message = format!("plan {id}");
    let record = add(session, &collector, (message, path), planned, |it| {
        Ok(rules::plan(&collector.plan(it)?, &Subject::of_record(&id)))
    })?;
    Ok(Planned {
        payload,
        bytes,
        record,
    })
}

/// Signs a record, judges it as the server will, and adds it.
fn add<P: Predicate>(
    session: &Session,
    collector: &Collector<'_>,
    (message, path): (String, layout::LedgerPath),
    says: P,
    judge: impl FnOnce(&Verified<P>) -> Result<Findings, Error>,
) -> Result<Sha256, Error> {
    let envelope = session.sign(says)?;
    let refused = |why: Refusal| session.refused("it would be refused", why);
    let verified = collector.verify::<P>(&envelope);
    let verified = verified.map_err(|why| refused(why.into()))?;
    if let Some(why) = Refusal::of(judge(&verified)?) {
        return Err(refused(why));
    }
    session.commit(&Batch::new(message).record(&path, &envelope))?;
    Ok(envelope.digest())
}

/// Returns an escalation, or says that there is none.
fn found(
    session: &Session,
    collector: &Collector<'_>,
    id: &EscalationId,
) -> Result<Escalation, Error> {
    let missing = || {
        let why = absent::named(
            id.as_str(),
            "a request of an escalation",
            "git awo fetch; git awo escalate list",
        );
        session.refused(format!("there is no request {id} in this clone"), why)
    };
    collector.escalation(id)?.ok_or_else(missing)
}

/// Reads a file that is no larger than this.
fn read((path, shown): (&Path, &str), most: u64) -> Result<Vec<u8>, Error> {
    let unusable = |error: std::io::Error| {
        Error::unusable(Rule::FileUsable, format!("cannot read {shown}"), &error)
    };
    file::read_existing(path, most).map_err(unusable)
}

/// What a person says of a plan.
pub struct ConsentRequest<'a> {
    /// The escalation.
    pub id: EscalationId,
    /// Whether the bytes may be handed over.
    pub approved: bool,
    /// So many hours it holds; as long as the policy lets it, if nothing is said.
    pub hours: Option<u32>,
    /// Why, in words.
    pub note: Option<Reason>,
    /// A file that must be the planned one, and its name for messages.
    pub file: Option<(&'a Path, &'a str)>,
}

/// What is to be handed over.
pub struct Projection {
    /// So many bytes.
    pub bytes: u64,
    /// The plan.
    pub plan: ProjectionPlan,
}

impl Projection {
    fn of(says: &ProjectionPlanPredicate) -> Self {
        Self {
            bytes: says.bytes,
            plan: says.plan.clone(),
        }
    }
}

/// A recorded consent or refusal.
pub struct Consented {
    /// The plan to which it was given.
    pub plan: Projection,
    /// The request.
    pub request: CloudEscalation,
    /// The decision.
    pub decided: Decided,
    /// The record.
    pub record: Sha256,
    /// Until when it holds.
    pub expires: Timestamp,
}

/// Consents that the planned bytes are handed over, once, or refuses. It is a decision on the gate too,
/// and answers whoever was deferred.
pub fn consent(session: &Session, request: ConsentRequest<'_>) -> Result<Consented, Error> {
    let records = session.records()?;
    allowed(session, "nobody can be asked")?;
    let collector = session.collector(&records)?;
    let id = request.id;
    let there = found(session, &collector, &id)?;
    if let Some(consent) = &there.consent {
        let why = rules::answered(&id, consent, there.withdrawn);
        return Err(session.refused("a person has answered already", why));
    }
    let subject = Subject::of_record(&id);
    let Some(plan) = there.plan else {
        let facts = collector.sending(&id, None)?;
        let why = Refusal::of(rules::sending(&facts, &subject));
        let missing = || Error::usage("there is no plan to consent to");
        return Err(why.map_or_else(missing, |why| session.refused("there is no plan yet", why)));
    };
    if let Some(file) = request.file {
        let says = plan.predicate();
        let bytes = read(file, says.plan.max_bytes)?;
        let read = (Sha256::of(&bytes), bytes.len() as u64);
        if let Some(why) = rules::payload(says, says.plan.payload_sha256, read) {
            return Err(session.refused("the plan is of another file", why));
        }
    }
    let context = session.context(&[Role::Operator])?;
    let now = session.now();
    let document = session.policy()?.document();
    // The decision that it names holds no longer than others.
    let days = document.gates.approval_days;
    let most = document
        .automation
        .escalation
        .consent_hours
        .min(days.saturating_mul(24));
    if request.hours.is_some_and(|asked| asked > most) {
        return Err(Error::usage(format!(
            "a consent holds for {most} hours at most, by the policy"
        )));
    }
    let expires = now.plus_hours(request.hours.unwrap_or(most));
    let on = Token::new(format!("escalation/{id}"))?;
    let gate = Token::new(Gate::CloudEscalation.name())?;
    let asked = collector.asked(Target::Record(there.request.digest()).key(&gate), &on)?;
    let (decided, batch) = decide::draft(
        session,
        &records,
        decide::Request {
            permits: Default::default(),
            waiver: None,
            protection: None,
            gate,
            answers: asked.map(|it| it.id().clone()),
            target: on,
            choice: match request.approved {
                true => Choice::Approve,
                false => Choice::Reject,
            },
            confidence: None,
            rationale: Token::new(match request.approved {
                true => "consent:given",
                false => "consent:refused",
            })?,
            note: request.note.clone(),
            evidence: Vec::new(),
            supersedes: None,
            days: None,
            base: None,
            file: None,
        },
    )?;
    if let Some(why) = Refusal::of(decided.refused.iter().cloned()) {
        return Err(session.refused("the gate does not open", why));
    }
    let user = Token::of_person(&context.identity);
    let envelope = session.sign(ConsentReceiptPredicate {
        consent: ConsentReceipt {
            approved: request.approved,
            approved_at: now,
            consent_receipt_id: id.clone(),
            notes: request.note,
            payload_sha256: plan.predicate().plan.payload_sha256,
            projection_plan_id: id.clone(),
            schema_version: CONSENT_SCHEMA.to_owned(),
            user_id: user.ok_or_else(|| Error::usage("a person has a name"))?,
        },
        context,
        decided: decided.record,
        decision: decided.id.clone(),
        expires,
        plan: plan.digest(),
        request: there.request.digest(),
    })?;
    session.commit(&batch.record(&Kind::ConsentReceipt.of(&id), &envelope))?;
    Ok(Consented {
        plan: Projection::of(plan.predicate()),
        request: there.request.into_predicate().request,
        decided,
        record: envelope.digest(),
        expires,
    })
}

/// Bytes that may be handed over now: the server has recorded that they are.
pub struct Sent {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// To which model.
    pub request: CloudEscalation,
    /// The record of the use.
    pub record: Sha256,
    /// Why other records were set aside, which the server will never take.
    pub aside: Findings,
}

/// Records the use of a consent, waits for the receipt of the server, and only then returns the bytes.
///
/// Nobody can use a consent twice: not in another clone, nor by running the command again. If the
/// server cannot be reached, nothing is recorded; if it is lost between the use and its receipt, the
/// consent counts as used and the bytes are not returned.
pub fn send(
    session: &Session,
    id: &EscalationId,
    from: (&Path, &str),
    remote: &str,
) -> Result<Sent, Error> {
    let message = "nothing is handed over";
    remote::require(session, remote)?;
    // Whose server it is, nobody could say otherwise.
    if session.actor().anchor()?.is_none() {
        return Err(Error::undecided(message, clone::unpinned()));
    }
    // Before the bundle is read, and without asking anybody.
    allowed(session, message)?;
    fetch::fetch(session, &fetch::Request::of(remote))?;
    let session = session.again()?;
    allowed(&session, message)?;
    let refuse = |why: Refusal| session.refused(message, why);
    if !session.refs()?.contains_key(&layout::log()) {
        return Err(Error::undecided(
            message,
            rules::without_receipt(id, remote),
        ));
    }
    let records = session.records()?;
    let collector = session.collector(&records)?;
    let there = found(&session, &collector, id)?;
    let path = Kind::EscalationUse.of(id);
    if records.ledger().find(&path)?.is_some() {
        return Err(refuse(rules::spent(id).into()));
    }
    let facts = collector.sending(id, None)?;
    if let Some(why) = Refusal::of(rules::sending(&facts, &Subject::of_record(id))) {
        return Err(refuse(why));
    }
    let Sending { plan, consent, .. } = &facts;
    let (Some(plan), Some(consent)) = (plan.valid(), consent.valid()) else {
        return Err(refuse(rules::spent(id).into()));
    };
    let bytes = read(from, plan.predicate().plan.max_bytes)?;
    let digest = Sha256::of(&bytes);
    let read = (digest, bytes.len() as u64);
    if let Some(why) = rules::payload(
        plan.predicate(),
        consent.predicate().consent.payload_sha256,
        read,
    ) {
        return Err(refuse(why.into()));
    }
    let nonce = random::bytes::<16>().map_err(|_| store::Error::Random)?;
    let says = consent.predicate();
    let envelope = session.sign(EscalationUsePredicate {
        consent: consent.digest(),
        context: session.context(SENDERS)?,
        decided: says.decided,
        decision: says.decision.clone(),
        escalation: id.clone(),
        nonce: Token::new(Sha256::of(&nonce).to_string())?,
        payload_sha256: digest,
        time: session.now(),
    })?;
    let batch = Batch::new(format!("use the consent to {id}"))
        .record(&path, &envelope)
        .unless(&path, Rule::RecordName);
    match session.actor().write(&batch) {
        // Another process of this clone was faster.
        Err(actor::Error::Store(store::Error::Meanwhile { .. })) => {
            return Err(refuse(rules::spent(id).into()));
        }
        written => written?,
    }
    let pushed = push::push(
        &session.again()?,
        &push::Request {
            remote: remote.to_owned(),
            branches: Vec::new(),
            records_only: true,
            set_aside: false,
        },
    )?;
    let own = envelope.digest();
    let aside = pushed.aside.why;
    if session.again()?.records()?.ledger().find(&path)?.is_none()
        && let Some(why) = Refusal::of(aside.iter().cloned())
    {
        return Err(Error::denied(
            "nothing is handed over: the server refused the use",
            why,
        ));
    }
    await_receipt(&session, id, own, remote)?;
    Ok(Sent {
        bytes,
        request: there.request.into_predicate().request,
        record: own,
        aside,
    })
}

/// Waits until the receive log of the server has the use, and refuses if another one came first.
fn await_receipt(
    session: &Session,
    id: &EscalationId,
    own: Sha256,
    remote: &str,
) -> Result<(), Error> {
    let message = "nothing is handed over: the use is not confirmed";
    let path = Kind::EscalationUse.of(id);
    for attempt in 0..remote::ATTEMPTS {
        let session = session.again()?;
        let log = session.refs()?.get(&layout::log()).copied();
        let state = log.and_then(|it| log::state_at(session.repo(), it));
        let ledger = state.and_then(|it| it.refs.get(&layout::ledger()).copied());
        if let Some(ledger) = ledger
            && session.repo().contains(ledger)
            && let Some((_, blob)) = Additions::at(session.repo(), Some(ledger)).find(&path)?
        {
            let bytes = session.repo().blob(blob)?;
            let used = store::ledger::parse(path.to_path(), &bytes)?;
            return match used.digest() == own {
                true => Ok(()),
                false => Err(session.refused(message, rules::spent(id))),
            };
        }
        // The entry of the push is still to come.
        store::swap::pause(attempt)?;
        fetch::fetch(&session, &fetch::Request::of(remote))?;
    }
    Err(Error::undecided(
        message,
        rules::without_receipt(id, remote),
    ))
}

/// An escalation, and how it stands.
pub struct Listed {
    /// Its name.
    pub id: EscalationId,
    /// What stands of it.
    pub there: Escalation,
    /// How it stands now.
    pub state: State,
}

impl Listed {
    /// Returns what is planned.
    pub fn plan(&self) -> Option<Projection> {
        let plan = self.there.plan.as_ref();
        plan.map(|it| Projection::of(it.predicate()))
    }
}

/// How an escalation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It was asked for.
    Requested,
    /// A person must consent to the plan or refuse.
    Planned,
    /// A person has consented.
    Consented,
    /// A person has refused.
    Refused,
    /// Whoever consented has withdrawn that.
    Withdrawn,
    /// The consent has expired.
    Expired,
    /// The consent is used: the bytes were handed over, or were about to be.
    Used,
}

impl State {
    /// Tells whether something is left to be done with it.
    pub fn is_open(self) -> bool {
        matches!(self, State::Requested | State::Planned | State::Consented)
    }

    /// Returns the state's word.
    pub fn word(self) -> &'static str {
        match self {
            State::Requested => "requested",
            State::Planned => "planned",
            State::Consented => "consented",
            State::Refused => "refused",
            State::Withdrawn => "withdrawn",
            State::Expired => "expired",
            State::Used => "used",
        }
    }

    /// Returns how an escalation stands at a time.
    pub fn of(it: &Escalation, now: Timestamp) -> Self {
        let consent = it.consent.as_ref().map(Verified::predicate);
        match (consent, &it.plan) {
            _ if it.used.is_some() => State::Used,
            (Some(consent), _) if !consent.consent.approved => State::Refused,
            (Some(_), _) if it.withdrawn => State::Withdrawn,
            (Some(consent), _) if consent.expires <= now => State::Expired,
            (Some(_), _) => State::Consented,
            (None, Some(_)) => State::Planned,
            (None, None) => State::Requested,
        }
    }
}

/// Returns one escalation, and how it stands.
pub fn escalation(session: &Session, id: EscalationId) -> Result<Listed, Error> {
    let records = session.records()?;
    let there = found(session, &session.collector(&records)?, &id)?;
    let state = State::of(&there, session.now());
    Ok(Listed { id, there, state })
}

/// Returns every escalation whose request holds by itself.
pub fn escalations(session: &Session) -> Result<Vec<Listed>, Error> {
    let records = session.records()?;
    let all = session.collector(&records)?.escalations()?;
    let listed = all.into_iter().map(|(id, there)| Listed {
        state: State::of(&there, session.now()),
        id,
        there,
    });
    Ok(listed.collect())
}
