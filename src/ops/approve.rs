//! Approves a task by its exact sentence (gate 1), or a run (gate 3).

use std::collections::BTreeSet;

use crate::facts::run::{Collector, Lookup};
use crate::facts::upstream::ahead;
use crate::policy::{Role, Verified};
use crate::record::contract::{Contract, Gate1};
use crate::record::envelope::Envelope;
use crate::record::{
    Findings, IdentityName, ObjectId, Refusal, RunId, Sha256, Subject, TaskId, Timestamp,
    WorkflowUrl, sentence,
};
use crate::records::{ApprovalPredicate, Approves, ContractPredicate, Kind, Notes, Statement};
use crate::rules::{Step, absent, contract as rules, step, work};
use crate::store::batch::Batch;
use crate::store::ledger::Records;

use super::revision::revision;
use super::session::Noted;
use super::{Error, Session};

/// What is to be approved.
pub struct Request {
    /// The name of a task or a run.
    pub name: String,
    /// The sentence, if it was given.
    pub sentence: Option<String>,
    /// The revision on which the task may be executed; the tip of its branch if none is named.
    pub base: Option<String>,
    /// Add a further approval of the task, for another execution on the same commit.
    pub again: bool,
    /// Where the forge ran the audit.
    pub workflow_run_url: Option<String>,
}

/// The approval that stands now.
pub enum Approved {
    /// Of a task.
    Task {
        /// The task.
        task: TaskId,
        /// The commit on which it may be executed.
        base: ObjectId,
        /// Until when.
        expires: Timestamp,
        /// The approval, and whether this act added it.
        noted: Noted,
    },
    /// Of a run.
    Run {
        /// The run.
        run: RunId,
        /// Its commit.
        commit: ObjectId,
        /// The approval, and whether this act added it.
        noted: Noted,
    },
}

/// Approves a task or a run. If the sentence of a task was not given, `ask` gets it from a person.
pub fn approve(
    session: &Session,
    request: Request,
    ask: impl FnOnce(&Contract) -> Result<Vec<u8>, Error>,
) -> Result<Approved, Error> {
    // Whoever is nobody here learns that first.
    session.history()?;
    let records = session.records()?;
    let name = request.name.as_str();
    let task = TaskId::new(name)?;
    let run = RunId::new(name)?;
    let blob = records.contract_blob(&task)?;
    let is_run = records.file(&Kind::Run.of(&run))?.is_some();
    if is_run && blob.is_none() && request.again {
        return Err(Error::usage("a run is approved once by each reviewer"));
    }
    match (blob, is_run) {
        (Some(blob), false) => approve_task(session, &records, request, (task, blob), ask),
        (None, true) => approve_run(session, &records, request, run),
        (Some(_), true) => Err(Error::usage(format!("{name} is a task and a run"))),
        (None, false) => Err(session.refused(
            format!("there is no task and no run {name} in this clone"),
            absent::named(name, "a task or a run", "git awo fetch; git awo task list"),
        )),
    }
}

fn approve_task(
    session: &Session,
    records: &Records<'_>,
    request: Request,
    (task, blob): (TaskId, ObjectId),
    ask: impl FnOnce(&Contract) -> Result<Vec<u8>, Error>,
) -> Result<Approved, Error> {
    let (digest, contract) = super::task::signed(session, records, &task)?;
    let context = session.context(&[Role::Operator])?;
    let base = base(session, &contract, request.base.as_deref())?;
    let given = match request.sentence {
        Some(sentence) => sentence.into_bytes(),
        None if contract.gate1 == Gate1::Operator => {
            contract.approval_sentence.clone().into_bytes()
        }
        None => ask(&contract)?,
    };
    sentence::compare(&contract.approval_sentence, &given).map_err(|mismatch| {
        Error::denied(
            "the sentence is not the one that the contract demands",
            rules::sentence(&task, &contract, mismatch),
        )
    })?;
    let collector = session.collector(records)?;
    work_ready(session, &collector, &task, base)?;
    let dead = dead(&collector, blob)?;
    let now = session.now();
    let mut number = earlier(records, blob, &context.identity)?;
    let mut approval = ApprovalPredicate {
        approves: Approves::Task,
        base: Some(base),
        commit: None,
        context,
        contract: digest,
        expires: expires(session, now)?,
        independence: None,
        nonce: nonce(number, now),
        root: None,
        run: None,
        sentence: Some(contract.approval_sentence.clone()),
        task: task.clone(),
        workflow_run_url: workflow_url(request.workflow_run_url)?,
    };
    let expires = approval.expires;
    let noted = loop {
        let envelope = session.sign(approval.clone())?;
        let own = envelope.digest();
        let batch = Batch::new(format!("approve {task}"));
        let batch = batch.note(Notes::APPROVALS.until(expires), blob, envelope);
        let (again, wanted, dead) = (request.again, approval.clone(), dead.clone());
        let batch = batch.once(move |it| match again {
            true => it.digest() == own || uses_nonce(it, &wanted),
            false => !dead.contains(&it.digest()) && approves_the_same(it, &wanted, now),
        });
        let noted = session.note(&batch, own)?;
        if noted.effective || !request.again {
            break noted;
        }
        // Another process has noted the same statement at this moment: count on, to add one more.
        number = number.saturating_add(1);
        approval.nonce = nonce(number, now);
    };
    Ok(Approved::Task {
        task,
        base,
        expires,
        noted,
    })
}

/// Says what must be decided on a work packet first, also to whoever approved it before.
fn work_ready(
    session: &Session,
    collector: &Collector<'_>,
    task: &TaskId,
    base: ObjectId,
) -> Result<(), Error> {
    let contract: Lookup<Verified<ContractPredicate>> = collector.contract(task)?;
    let Some(contract) = contract.valid() else {
        return Ok(());
    };
    let mut findings = Findings::new();
    if let Some(facts) = collector.work(contract, &[base], None)? {
        let subject = Subject::of_record(Kind::Contract.of(task).to_path());
        work::ready(
            &contract.predicate().contract,
            &facts,
            &subject,
            &mut findings,
        );
    }
    match Refusal::of(findings) {
        Some(why) => Err(session.refused(format!("{task} cannot be approved"), why)),
        None => Ok(()),
    }
}

/// Returns the commit on which a contract may be executed: the one that is given, or the tip of its branch.
pub(super) fn base(
    session: &Session,
    contract: &Contract,
    given: Option<&str>,
) -> Result<ObjectId, Error> {
    if let Some(text) = given {
        return revision(session.actor(), text);
    }
    let (repo, target) = (session.repo(), &contract.target_ref);
    let tip = repo.reference(target)?.ok_or_else(|| {
        Error::usage(format!(
            "{target} does not exist here; name the commit with --base"
        ))
    })?;
    // On a tip that is known to be behind, nothing can land any more.
    if let Some(behind) = ahead(repo, target, tip)? {
        let what = format!("{target} is behind {} here", behind.tracking);
        return Err(Error::denied(what, rules::behind(&behind, tip)));
    }
    Ok(tip)
}

/// Returns the approvals on an object that nothing can use: spent and withdrawn ones, and those that
/// do not hold.
fn dead(collector: &Collector<'_>, blob: ObjectId) -> Result<BTreeSet<Sha256>, Error> {
    let mut dead = BTreeSet::new();
    for envelope in collector.records.approvals_of(blob)? {
        let spent = collector.records.spender(&envelope.digest())?.is_some();
        let of_use = match collector.verify::<ApprovalPredicate>(&envelope) {
            Ok(approval) => !spent && !collector.revoked(&approval, || Ok(Vec::new()))?,
            Err(_) => false,
        };
        if !of_use {
            dead.insert(envelope.digest());
        }
    }
    Ok(dead)
}

fn approve_run(
    session: &Session,
    records: &Records<'_>,
    request: Request,
    run: RunId,
) -> Result<Approved, Error> {
    let facts = session.run(&run)?;
    let context = session.context(&[Role::Reviewer])?;
    let policy = session.policy()?;
    let refuse = |why: Refusal| session.refused(format!("{run} cannot be approved"), why);
    let held = facts.held();
    let held = held.ok_or_else(|| refuse(step::unheld(&facts, policy)))?;
    let says = held.says();
    let chain = session.judge_chain(held, Some(Step::Gate3))?;
    let life = session.life(&facts)?;
    let (_, independence) =
        step::by_reviewer(Step::Gate3, held, policy, &context.identity, &life, chain)
            .map_err(refuse)?;
    let now = session.now();
    let number = earlier(records, says.commit, &context.identity)?;
    let approval = ApprovalPredicate {
        approves: Approves::Audit,
        base: None,
        commit: Some(says.commit),
        context,
        contract: says.contract,
        expires: expires(session, now)?,
        independence: Some(independence),
        nonce: nonce(number, now),
        root: Some(says.root),
        run: Some(run.clone()),
        sentence: None,
        task: says.task.clone(),
        workflow_run_url: workflow_url(request.workflow_run_url)?,
    };
    let dead = dead(&session.collector(records)?, says.commit)?;
    let envelope = session.sign(approval.clone())?;
    let own = envelope.digest();
    let batch = Batch::new(format!("approve {run}"))
        .note(
            Notes::APPROVALS.until(approval.expires),
            says.commit,
            envelope,
        )
        .once(move |it| !dead.contains(&it.digest()) && approves_the_same(it, &approval, now));
    let noted = session.note(&batch, own)?;
    let commit = says.commit;
    Ok(Approved::Run { run, commit, noted })
}

/// Returns the address of a forge's run as a record holds it (INT-004 if it is none).
pub(super) fn workflow_url(text: Option<String>) -> Result<Option<WorkflowUrl>, Error> {
    let checked = text.as_deref().map(WorkflowUrl::new).transpose();
    checked.map_err(|bad| {
        let message = "the address of the workflow run cannot stand in a record";
        Error::denied(message, rules::workflow_url(bad))
    })
}

fn expires(session: &Session, now: Timestamp) -> Result<Timestamp, Error> {
    let days = session.policy()?.document().gates.approval_days;
    Ok(now.plus_days(days))
}

/// Tells whether an approval of the same person already says this and is still valid.
fn approves_the_same(envelope: &Envelope, wanted: &ApprovalPredicate, now: Timestamp) -> bool {
    let Ok(statement) = Statement::<ApprovalPredicate>::parse(envelope.payload()) else {
        return false;
    };
    let there = statement.predicate;
    let same = ApprovalPredicate {
        expires: there.expires,
        nonce: there.nonce.clone(),
        workflow_run_url: there.workflow_run_url.clone(),
        ..wanted.clone()
    };
    there == same && there.expires > now
}

/// Tells whether an approval of the same person has this nonce: the server takes each once.
fn uses_nonce(envelope: &Envelope, wanted: &ApprovalPredicate) -> bool {
    let parsed = Statement::<ApprovalPredicate>::parse(envelope.payload());
    parsed.is_ok_and(|it| {
        let there = it.predicate;
        there.context.identity == wanted.context.identity && there.nonce == wanted.nonce
    })
}

/// Returns how many approvals of a person stand on an object.
fn earlier(records: &Records<'_>, object: ObjectId, person: &IdentityName) -> Result<usize, Error> {
    let mut earlier = 0_usize;
    for envelope in records.approvals_of(object)? {
        let parsed = Statement::<ApprovalPredicate>::parse(envelope.payload());
        earlier = earlier.saturating_add(usize::from(
            parsed.is_ok_and(|it| &it.predicate.context.identity == person),
        ));
    }
    Ok(earlier)
}

/// Returns what distinguishes two approvals or admissions that say the same: their number, and the second. No
/// randomness, so that the same acts at the same time give the same bytes. Two clones of one person
/// that count alike have different seconds, or made the same statement.
pub(super) fn nonce(earlier: usize, now: Timestamp) -> String {
    format!("{}-{}", earlier.saturating_add(1), now.seconds())
}
