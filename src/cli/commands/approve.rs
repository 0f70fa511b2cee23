//! `git awo approve`

use std::collections::BTreeSet;
use std::io::{BufRead as _, IsTerminal as _};

use clap::Args;
use serde_json::json;

use crate::actor::Actor;
use crate::check::PolicyHistory;
use crate::cli::context::{
    before, effective, facts_of, judge_chain, revision, unheld, workflow_url,
};
use crate::cli::{Answer, CliError, Context};
use crate::facts::run::Collector;
use crate::policy::Role;
use crate::record::envelope::Envelope;
use crate::record::predicate::{ApprovalPredicate, Approves, ContractPredicate};
use crate::record::statement::Statement;
use crate::record::{
    Findings, IdentityName, ObjectId, Rule, RunId, Sha256, Subject, TaskId, Timestamp, sentence,
};
use crate::rules;
use crate::store::batch::Batch;
use crate::store::layout::LedgerPath;
use crate::store::ledger::Records;

/// Approve a task by its exact sentence, or a run (gate 3)
///
/// A task is approved for one execution on one base commit; as long as no run has spent the
/// approval, the same person's next one adds nothing. The sentence is compared byte for byte. On a terminal it is asked for. A run is approved after gate 2, by a reviewer.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// The task or run
    id: String,
    /// The sentence, exactly as the contract demands it
    #[arg(long, value_name = "TEXT")]
    sentence: Option<String>,
    /// The commit on which the task may be executed [default: the tip of its branch]
    #[arg(long, value_name = "REV")]
    base: Option<String>,
    /// Add a further approval of the task, for another execution on the same commit
    #[arg(long)]
    again: bool,
    /// Where the forge ran the audit
    #[arg(long, value_name = "URL")]
    workflow_run_url: Option<String>,
}

/// Runs the command.
pub fn run(context: &Context, args: &ApproveArgs) -> Result<Answer, CliError> {
    let actor = context.actor()?;
    let history = actor.history()?;
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    let task = TaskId::new(args.id.as_str()).map_err(|error| CliError::usage(error.to_string()))?;
    let run = RunId::new(args.id.as_str()).map_err(|error| CliError::usage(error.to_string()))?;
    let is_task = records.contract_blob(&task)?.is_some();
    let is_run = records.file(&LedgerPath::Run(run.clone()))?.is_some();
    if is_run && !is_task && args.again {
        return Err(CliError::usage("a run is approved once by each reviewer"));
    }
    match (is_task, is_run) {
        (true, false) => approve_task(context, args, &actor, &history, &records, task),
        (false, true) => approve_run(args, &actor, &history, &records, run),
        (true, true) => Err(CliError::usage(format!("{} is a task and a run", args.id))),
        (false, false) => Err(CliError::denied(
            format!("there is no task and no run {} in this clone", args.id),
            [Rule::RecordPresent
                .finding(Subject::of_record(&args.id))
                .found("nothing of that name")
                .expected("a task or a run")
                .remedy("git awo fetch; git awo task list")],
        )),
    }
}

fn approve_task(
    context: &Context,
    args: &ApproveArgs,
    actor: &Actor,
    history: &PolicyHistory,
    records: &Records<'_>,
    task: TaskId,
) -> Result<Answer, CliError> {
    let missing = || {
        let finding = Rule::NothingMoved
            .finding(Subject::of_record(&task))
            .found("the contract went away")
            .expected("the contract that was there a moment ago")
            .remedy("git awo fetch");
        CliError::undecided(format!("the contract {task} went away"), finding)
    };
    let envelope = records
        .envelope(&LedgerPath::Contract(task.clone()))?
        .ok_or_else(missing)?;
    let blob = records.contract_blob(&task)?.ok_or_else(missing)?;
    let collector = actor.collector(records, history);
    let contract = collector
        .verify::<ContractPredicate>(&envelope)
        .map_err(|finding| {
            CliError::denied(format!("the contract {task} does not hold"), [finding])
        })?;
    let contract = &contract.predicate().contract;
    let signer_context = actor.context(history, &[Role::Operator])?;
    let base = match &args.base {
        Some(text) => revision(actor, text)?,
        None => actor.repo.reference(&contract.target_ref)?.ok_or_else(|| {
            CliError::usage(format!(
                "{} does not exist here; name the commit with --base",
                contract.target_ref
            ))
        })?,
    };
    let given = match &args.sentence {
        Some(sentence) => sentence.clone().into_bytes(),
        None => ask(context, contract.task.as_str(), &contract.approval_sentence)?,
    };
    sentence::compare(&contract.approval_sentence, &given).map_err(|mismatch| {
        CliError::denied(
            "the sentence is not the one that the contract demands",
            [Rule::ExactSentence
                .finding(Subject::of_record(&task))
                .found(mismatch)
                .expected(format!("{:?}", contract.approval_sentence))
                .remedy(format!("git awo task show {task}"))],
        )
    })?;
    let dead = dead(&collector, blob)?;
    let now = actor.now();
    let earlier = earlier(records, blob, &signer_context.identity)?;
    let mut approval = ApprovalPredicate {
        approves: Approves::Task,
        base: Some(base),
        commit: None,
        context: signer_context,
        contract: envelope.digest(),
        expires: now.plus_days(history.current().policy.document().gates.approval_days),
        independence: None,
        nonce: nonce(earlier, now),
        root: None,
        run: None,
        sentence: Some(contract.approval_sentence.clone()),
        task: task.clone(),
        workflow_run_url: workflow_url(args.workflow_run_url.as_deref())?,
    };
    let expires = approval.expires;
    let mut number = earlier;
    let (digest, effective) = loop {
        let envelope = actor.sign(approval.clone())?;
        let own = envelope.digest();
        let batch = Batch::new(format!("approve {task}")).approval(blob, envelope);
        let (again, wanted, dead) = (args.again, approval.clone(), dead.clone());
        let batch = batch.once(move |it| match again {
            true => it.digest() == own || uses_nonce(it, &wanted),
            false => !dead.contains(&it.digest()) && approves_the_same(it, &wanted, now),
        });
        let noted = batch.commit(&actor.repo, &actor.author());
        let (digest, effective) = effective(noted, own)?;
        if effective || !again {
            break (digest, effective);
        }
        // Another process has said the very same at this moment: this one is to be one more.
        number = number.saturating_add(1);
        approval.nonce = nonce(number, now);
    };
    let done = match effective {
        true => format!(
            "approved {task} for one execution on {}, until {expires}",
            base.short()
        ),
        false => format!(
            "{task} was approved by you before on {}, as {digest}, and no run has spent it: nothing was added (--again approves another execution)",
            base.short()
        ),
    };
    let mut value = json!({
        "approves": "task", "task": task, "base": base, "approval": digest, "effective": effective,
    });
    if let Some(object) = value.as_object_mut().filter(|_| effective) {
        object.insert("expires".to_owned(), json!(expires));
    }
    let text =
        format!("{done}\nnext: git awo push, then AWO_ALLOW_RUN=1 git awo run {task} -- COMMAND\n");
    Ok(Answer::new("approval", value, text))
}

/// Returns the approvals of a task that no run can use: spent ones, and those that do not hold.
fn dead(collector: &Collector<'_>, blob: ObjectId) -> Result<BTreeSet<Sha256>, CliError> {
    let mut dead = BTreeSet::new();
    for envelope in collector.records.approvals_of(blob)? {
        let spent = collector.records.spender(&envelope.digest())?.is_some();
        if spent || collector.verify::<ApprovalPredicate>(&envelope).is_err() {
            dead.insert(envelope.digest());
        }
    }
    Ok(dead)
}

/// Asks for the sentence on a terminal; elsewhere it must be given.
fn ask(context: &Context, task: &str, expected: &str) -> Result<Vec<u8>, CliError> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(CliError::usage("the sentence must be given")
            .hint("git awo approve TASK --sentence TEXT"));
    }
    context.say(format!(
        "{task}\nTo approve, type this sentence exactly:\n{expected}"
    ));
    let mut line = Vec::new();
    stdin.lock().read_until(b'\n', &mut line).map_err(|error| {
        CliError::unusable(Rule::TerminalReadable, "cannot read the sentence", &error)
    })?;
    Ok(line)
}

fn approve_run(
    args: &ApproveArgs,
    actor: &Actor,
    history: &PolicyHistory,
    records: &Records<'_>,
    run: RunId,
) -> Result<Answer, CliError> {
    let collector = actor.collector(records, history);
    let facts = facts_of(&collector, &run)?;
    let signer_context = actor.context(history, &[Role::Reviewer])?;
    let policy = &history.current().policy;
    let later = [
        Rule::RunApproved,
        Rule::Attestation,
        Rule::Finalization,
        Rule::ProvenanceIndex,
    ];
    let Some(record) = facts.run.valid() else {
        return Err(CliError::denied(
            format!("{run} cannot be approved"),
            unheld(&facts, history),
        ));
    };
    let says = record.predicate();
    let mut findings = judge_chain(records, history, &facts, says, &later)?;
    let reviews = rules::reviews(&facts, policy, None, &mut Findings::new());
    let overridden = facts.overridden();
    if &signer_context.identity == record.signer() && !overridden {
        findings.push(
            Rule::IndependentReviewer
                .finding(Subject::of_run(&run))
                .found(format!(
                    "gate 3: {} orchestrated and reviewed",
                    signer_context.identity
                ))
                .expected("another person")
                .remedy(format!(
                    "ask another reviewer ({})",
                    policy.holders(Role::Reviewer)
                )),
        );
    }
    let independence = reviews.passed.first().copied();
    if !findings.is_empty() || independence.is_none() {
        let why = before(findings, Rule::Gate2, &run, format!("git awo gate {run}"));
        return Err(CliError::denied(format!("{run} cannot be approved"), why));
    }
    let now = actor.now();
    let approval = ApprovalPredicate {
        approves: Approves::Audit,
        base: None,
        commit: Some(says.commit),
        nonce: nonce(
            earlier(records, says.commit, &signer_context.identity)?,
            now,
        ),
        context: signer_context,
        contract: says.contract,
        expires: now.plus_days(policy.document().gates.approval_days),
        independence,
        root: Some(says.root),
        run: Some(run.clone()),
        sentence: None,
        task: says.task.clone(),
        workflow_run_url: workflow_url(args.workflow_run_url.as_deref())?,
    };
    let envelope = actor.sign(approval.clone())?;
    let noted = Batch::new(format!("approve {run}"))
        .approval(says.commit, envelope.clone())
        .once(move |envelope| approves_the_same(envelope, &approval, now))
        .commit(&actor.repo, &actor.author());
    let (digest, effective) = effective(noted, envelope.digest())?;
    let done = match effective {
        true => format!("approved {run} ({}), gate 3", says.commit.short()),
        false => format!("{run} was approved by you before, as {digest}: nothing was added"),
    };
    let value = json!({
        "approves": "audit", "run": run, "commit": says.commit, "approval": digest, "effective": effective,
    });
    let text = format!("{done}\nnext: git awo attest {run}\n");
    Ok(Answer::new("approval", value, text))
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
fn earlier(
    records: &Records<'_>,
    object: ObjectId,
    person: &IdentityName,
) -> Result<usize, CliError> {
    let mut earlier = 0_usize;
    for envelope in records.approvals_of(object)? {
        let parsed = Statement::<ApprovalPredicate>::parse(envelope.payload());
        earlier = earlier.saturating_add(usize::from(
            parsed.is_ok_and(|it| &it.predicate.context.identity == person),
        ));
    }
    Ok(earlier)
}

/// Returns what tells two approvals of the same apart: their number, and the second. No randomness:
/// the same acts at the same time give the same bytes. Two clones of one person that count alike
/// have different seconds, or have said the very same.
fn nonce(earlier: usize, now: Timestamp) -> String {
    format!("{}-{}", earlier.saturating_add(1), now.seconds())
}
