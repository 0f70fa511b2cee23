//! Where everything stands, and the next command.

mod escalating;
mod left;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};

use crate::check::Anchor;
use crate::check::rollback::earlier_rollback;
use crate::facts::run::{Collector, RunSummary};
use crate::record::contract::Gate1;
use crate::record::{
    Choice, Findings, Gate, IdentityName, ObjectId, RefName, RunId, Subject, TaskId, Timestamp,
    Token,
};
use crate::records::{
    ApprovalPredicate, ContractPredicate, Kind, LedgerPath, RunPredicate, Statement, Target,
    Verdict,
};
use crate::rules::automation::Standing as Stands;
use crate::rules::{self, execution, life, revocation, skeleton};
use crate::store::layout::Place;
use crate::store::ledger::{Records, Refs};

use super::ceiling::{self, Measured};
use super::decide::Standings;
use super::remote::tracking;
use super::{Error, Session};
pub use escalating::{Escalating, Offered};
use left::Left;
pub use waiting::Waiting;

/// The figures of so many runs are shown.
const MOST_MEASURED: usize = 20;

/// Where everything stands.
pub struct Status {
    /// The commit of the policy in force.
    pub policy: ObjectId,
    /// Its version.
    pub version: u32,
    /// Its level.
    pub level: &'static str,
    /// Who asks, with their roles; none if the policy does not know the key.
    pub you: Option<(IdentityName, String)>,
    /// What this clone trusts.
    pub anchor: Option<Anchor>,
    /// The decisions that a person must answer: first those that whoever asks may answer, and those that
    /// have waited longest.
    pub waiting: Vec<Waiting>,
    /// The escalations that are under way.
    pub escalations: Vec<Escalating>,
    /// The tasks for which an escalation is offered.
    pub offered: Vec<Offered>,
    /// The runs; accepted ones too if they were asked for.
    pub runs: Vec<Standing<RunId>>,
    /// What counts against the ceilings of runs that are under way, of the first of them.
    pub ceilings: Vec<(RunId, Measured)>,
    /// How many runs are accepted.
    pub accepted: usize,
    /// The tasks without a run.
    pub tasks: Vec<Standing<TaskId>>,
    /// How many governance refs differ from those of `origin`.
    pub unpushed: usize,
    /// Whether `origin` has what is not here: it is fetched before anything is pushed.
    pub behind: bool,
}

/// How far a run or a task has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A task: nobody has approved it.
    Imported,
    /// A task that may be executed; a run that passed gate 3.
    Approved,
    /// The approvals of a task or of a run were withdrawn.
    Withdrawn,
    /// A run whose record does not hold.
    Broken,
    /// A run that nobody has reviewed.
    Executed,
    /// A run that makes a skeleton.
    Skeleton,
    /// A run that makes a skeleton, which was approved.
    SkeletonApproved,
    /// A run that was ended before anybody reviewed it.
    Cancelled,
    /// A run whose invariants do not hold, as a reviewer found.
    Failed,
    /// A run that passed gate 2.
    Gate2Passed,
    /// A run that is attested.
    Attested,
    /// A run whose chain is complete.
    Finalized,
    /// A run whose result is accepted.
    Accepted,
    /// A run whose result is rejected.
    Rejected,
    /// A run that was rejected, and whose commit was taken back.
    RolledBack,
}

impl State {
    /// Every state, in the order in which they come.
    pub const ALL: &'static [State] = &[
        State::Imported,
        State::Approved,
        State::Withdrawn,
        State::Broken,
        State::Executed,
        State::Skeleton,
        State::SkeletonApproved,
        State::Cancelled,
        State::Failed,
        State::Gate2Passed,
        State::Attested,
        State::Finalized,
        State::Accepted,
        State::Rejected,
        State::RolledBack,
    ];

    /// Tells whether a run that stands there has ended without a result that counts.
    pub fn is_over(self) -> bool {
        use State::{Cancelled, Failed, Rejected, RolledBack};
        matches!(self, Cancelled | Failed | Rejected | RolledBack)
    }

    /// Returns the words for it.
    pub fn words(self) -> &'static str {
        match self {
            State::Imported => "imported",
            State::Approved => "approved",
            State::Withdrawn => "withdrawn",
            State::Broken => "broken",
            State::Executed => "executed",
            State::Skeleton => "skeleton",
            State::SkeletonApproved => "skeleton approved",
            State::Cancelled => "cancelled",
            State::Failed => "failed",
            State::Gate2Passed => "gate 2 passed",
            State::Attested => "attested",
            State::Finalized => "finalized",
            State::Accepted => "accepted",
            State::Rejected => "rejected",
            State::RolledBack => "rolled back",
        }
    }
}

/// A run or a task, and what is to be done with it.
pub struct Standing<T> {
    /// The run or the task.
    pub id: T,
    /// How far it has come.
    pub state: State,
    /// When the newest record of it in the ledger was made, by the word of whoever wrote it.
    pub since: Option<Timestamp>,
    /// The next command; empty if nothing is left to be done.
    pub next: String,
}

/// Looks at everything with which something is left to be done, and at accepted runs if they are
/// asked for. What was accepted when somebody asked before is not looked at again.
pub fn status(session: &Session, with_accepted: bool) -> Result<Status, Error> {
    let history = session.history()?;
    let policy = session.policy()?;
    let records = session.records()?;
    let collector = session.collector(&records)?;
    let you = session.actor().person(history).ok();
    let mut status = Status {
        policy: history.current().commit,
        version: policy.version(),
        level: policy.level().word(),
        you: you.map(|person| (person.clone(), policy.roles_of(&person))),
        anchor: session.actor().anchor()?,
        waiting: Vec::new(),
        escalations: Vec::new(),
        offered: Vec::new(),
        runs: Vec::new(),
        ceilings: Vec::new(),
        accepted: 0,
        tasks: Vec::new(),
        unpushed: unpushed(session.refs()?),
        behind: behind(session)?,
    };
    let (repo, repository, now) = (session.repo(), history.repository(), session.now());
    let known = match with_accepted {
        true => None,
        false => Left::read(repo, repository, records.ledger(), now)?,
    };
    let mut left = match known {
        Some(left) => left,
        None => Left::all(repository, records.ledger())?,
    };
    let mut failed: BTreeMap<TaskId, usize> = BTreeMap::new();
    let mut succeeded = BTreeSet::new();
    // The tasks of runs that are over, and those of runs with which something is left to be done.
    let (mut over, mut under_way) = (BTreeSet::new(), BTreeSet::new());
    for id in std::mem::take(&mut left.runs) {
        let summary = collector.summary(&id)?;
        if let Some(run) = &summary.run {
            left.tasks.remove(&run.task);
        }
        let (state, next, has_failed) = run_stands(session, &collector, &summary)?;
        let done = summary.run.is_some() && summary.outcome == Some(Verdict::Accepted);
        match &summary.run {
            Some(run) if done => _ = succeeded.insert(run.task.clone()),
            Some(run) if has_failed => {
                let failed = failed.entry(run.task.clone()).or_default();
                *failed = failed.saturating_add(1);
            }
            _ => {}
        }
        left.accepted = left.accepted.saturating_add(usize::from(done));
        // A skeleton that a run follows has done its part.
        if let Some(run) = &summary.run {
            match state.is_over() && next.is_empty() {
                true => _ = over.insert(run.task.clone()),
                false if !done => _ = under_way.insert(run.task.clone()),
                false => {}
            }
        }
        let done = done || (state == State::SkeletonApproved && next.is_empty());
        if !done {
            left.runs.insert(id.clone());
        }
        if !done || with_accepted {
            let kinds = [Kind::Outcome, Kind::Finalization, Kind::Run];
            let since = newest(&records, kinds.map(|kind| kind.of(&id)))?;
            status.runs.push(Standing {
                id,
                state,
                since,
                next,
            });
        }
    }
    let measured = status.runs.iter().filter(|it| !it.state.is_over());
    for it in measured.take(MOST_MEASURED) {
        // One that cannot be measured here is no less under way.
        if let Ok(Some(measured)) = ceiling::of_run(&collector, policy, &it.id) {
            status.ceilings.push((it.id.clone(), measured));
        }
    }
    status.accepted = left.accepted;
    let you = status.you.as_ref().map(|(person, _)| person);
    status.waiting = waiting::waiting(&collector, policy, you, &mut left, now)?;
    // A task of which a run was accepted needs no help any more.
    left.settled.extend(succeeded);
    left.settled.retain(|task| failed.contains_key(task));
    status.escalations = escalating::under_way(&collector, &mut left, now)?;
    status.offered = escalating::offered(policy, &status.escalations, &left, failed);
    left.keep(repo);
    // An approval that no run has spent stands for another run.
    for id in over.difference(&under_way) {
        let task = collector.unrecorded_of(id)?;
        if life::open(&task, policy, now) == life::State::Approved {
            status.tasks.push(Standing {
                id: id.clone(),
                state: State::Approved,
                since: newest(&records, [Kind::Contract.of(id)])?,
                next: run_after(&collector, id)?,
            });
        }
    }
    for id in left.tasks {
        let given = match records.contract_blob(&id)? {
            Some(blob) => records.approvals_of(blob)?,
            None => Vec::new(),
        };
        let mut withdrawn = false;
        let mut upheld = false;
        for envelope in given {
            // One that does not hold approves nothing; `verify` says why.
            if let Ok(approval) = collector.verify::<ApprovalPredicate>(&envelope) {
                match collector.revoked(&approval, || Ok(Vec::new()))? {
                    true => withdrawn = true,
                    false => upheld |= approval.predicate().expires > now,
                }
            }
        }
        let decided = by_decision(&collector, &id, now)?;
        let (state, next) = match (upheld, withdrawn) {
            _ if decided == Some(false) => {
                let (gate, on) = (Gate::SpecApproval, format!("task/{id}"));
                let decide = format!("git awo decide {gate} {on} approve --rationale CODE");
                (State::Imported, decide)
            }
            _ if upheld || decided == Some(true) => (State::Approved, run_after(&collector, &id)?),
            (_, true) => (State::Withdrawn, format!("git awo approve {id}")),
            (_, false) => (State::Imported, format!("git awo approve {id}")),
        };
        let since = newest(&records, [Kind::Contract.of(&id)])?;
        status.tasks.push(Standing {
            id,
            state,
            since,
            next,
        });
    }
    Ok(status)
}

/// Returns the command that runs an approved task, and what comes before it where its target waits for an
/// admission.
fn run_after(collector: &Collector<'_>, task: &TaskId) -> Result<String, Error> {
    let run = format!("git awo run {task} -- COMMAND");
    if !collector.history.current().policy.admits_by_record() {
        return Ok(run);
    }
    let Some(contract) = collector.contract(task)?.into_valid() else {
        return Ok(run);
    };
    let says = &contract.predicate().contract;
    let facts = collector.admission(says, None)?;
    let found = facts.and_then(|it| execution::admitted(says, &it, &Subject::none()));
    Ok(match (found, &says.target.admission.risk) {
        (None, _) => run,
        (Some(_), Some(_)) => format!("{}, then {run}", execution::admit(says)),
        // Only another packet can name the class of risk.
        (Some(finding), None) => finding.remedy,
    })
}

/// Tells whether a decision opens gate 1 of a task; nothing where its contract does not leave that to one.
fn by_decision(
    collector: &Collector<'_>,
    task: &TaskId,
    now: Timestamp,
) -> Result<Option<bool>, Error> {
    let Some(envelope) = collector.records.envelope(&Kind::Contract.of(task))? else {
        return Ok(None);
    };
    let says = Statement::<ContractPredicate>::parse(envelope.payload());
    if !says.is_ok_and(|it| it.predicate.contract.gate1 == Gate1::Decision) {
        return Ok(None);
    }
    let gate = Token::new(Gate::SpecApproval.name())?;
    let target = Target::Record(envelope.digest());
    let mut standings = Standings::at(collector, now);
    for decision in collector.decisions_on(target.key(&gate))? {
        let approves = decision.predicate().decision.decision == Choice::Approve;
        if approves && standings.of(&decision)? == Stands::Counts {
            return Ok(Some(true));
        }
    }
    Ok(Some(false))
}

/// Returns how far a run has come, the next command, and whether it has failed: its result was rejected, or
/// gate 2 has found it wanting and passed it nowhere.
fn run_stands(
    session: &Session,
    collector: &Collector<'_>,
    summary: &RunSummary,
) -> Result<(State, String, bool), Error> {
    let id = &summary.id;
    let Some(run) = &summary.run else {
        return Ok((State::Broken, format!("git awo chain {id}"), false));
    };
    if summary.broken {
        return Ok((State::Broken, "git awo verify".to_owned(), false));
    }
    if summary.cancelled {
        return Ok((State::Cancelled, String::new(), false));
    }
    match summary.outcome {
        Some(Verdict::Accepted) => return Ok((State::Accepted, String::new(), false)),
        Some(Verdict::Rejected) if rolled_back(session, id, &run.reference, run.commit)? => {
            return Ok((State::RolledBack, String::new(), true));
        }
        // What has not landed needs no roll-back.
        Some(Verdict::Rejected) if !session.has_landed(run)? => {
            return Ok((State::Rejected, String::new(), true));
        }
        Some(Verdict::Rejected) => {
            return Ok((State::Rejected, format!("git awo rollback {id}"), true));
        }
        None => {}
    }
    let finalized = || {
        let next = format!("git awo outcome {id} accepted --reason TEXT");
        (State::Finalized, next, false)
    };
    if summary.finalized && !collector.may_be_withdrawn(run)? {
        return Ok(finalized());
    }
    if let Some((state, next)) = skeleton_stands(session, collector, run)? {
        return Ok((state, next, false));
    }
    // Only a run under review, or one whose approvals may be gone, needs its evidence and notes read.
    let facts = collector.run(id)?;
    let policy = session.policy()?;
    let reviews = rules::reviews(&facts, policy, None, &mut Findings::new());
    if life::life(&facts, policy, &reviews, false).state() == life::State::Failed {
        return Ok((State::Failed, String::new(), true));
    }
    Ok(if revocation::gate_1_withdrawn(&facts) {
        let task = &run.task;
        let next = format!("git awo approve {task}, then git awo run {task} -- COMMAND");
        (State::Withdrawn, next, false)
    } else if revocation::gate_3_withdrawn(&facts) {
        (State::Withdrawn, format!("git awo approve {id}"), false)
    } else if summary.finalized {
        finalized()
    } else if !reviews.attested.is_empty() {
        (State::Attested, format!("git awo finalize {id}"), false)
    } else if reviews.suffices {
        (State::Approved, format!("git awo attest {id}"), false)
    } else if !reviews.passed.is_empty() {
        (State::Gate2Passed, format!("git awo approve {id}"), false)
    } else {
        (State::Executed, format!("git awo gate {id}"), false)
    })
}

/// Returns how far a skeleton has come, if the run makes one, and what follows.
fn skeleton_stands(
    session: &Session,
    collector: &Collector<'_>,
    run: &RunPredicate,
) -> Result<Option<(State, String)>, Error> {
    let (id, task) = (&run.run, &run.task);
    let asks = match run.work {
        Some(_) => collector.contract(task)?.into_valid(),
        None => None,
    };
    if !asks.is_some_and(|it| run.is_skeleton(&it.predicate().contract)) {
        return Ok(None);
    }
    let (policy, subject) = (session.policy()?, Subject::of_run(id));
    for it in collector.skeletons_of(run)? {
        let mut refused = Findings::new();
        if skeleton::approved(run.contract, &it, policy, &subject, &mut refused).is_some() {
            let used = !collector
                .users_of(it.approval.decision.digest())?
                .is_empty();
            let next = match used {
                true => String::new(),
                false => {
                    format!("git awo approve {task} --again, then git awo run {task} -- COMMAND")
                }
            };
            return Ok(Some((State::SkeletonApproved, next)));
        }
    }
    let (gate, on) = (Gate::SkeletonApproval, format!("run/{id}"));
    let next = format!("git awo decide {gate} {on} approve --rationale CODE");
    Ok(Some((State::Skeleton, next)))
}

/// Returns when the first of these files that is there was recorded.
fn newest(
    records: &Records<'_>,
    paths: impl IntoIterator<Item = LedgerPath>,
) -> Result<Option<Timestamp>, Error> {
    for path in paths {
        if let Some(date) = records.ledger().date_of(&path)? {
            return Ok(Some(date));
        }
    }
    Ok(None)
}

fn unpushed(refs: &Refs) -> usize {
    let theirs = tracking(refs, "origin");
    if theirs.is_empty() {
        return 0;
    }
    let pushed = refs.iter().filter(|(name, _)| {
        let place = Place::of(name);
        !matches!(place, None | Some(Place::Unknown | Place::Log))
    });
    let differ = pushed.filter(|(name, id)| theirs.get(*name) != Some(*id));
    differ.count()
}

/// Tells whether a governance ref of `origin`, as it was seen last, is not contained in ours.
fn behind(session: &Session) -> Result<bool, Error> {
    let refs = session.refs()?;
    for (name, theirs) in tracking(refs, "origin") {
        if matches!(Place::of(&name), None | Some(Place::Unknown)) {
            continue;
        }
        let contained = match refs.get(&name) {
            Some(ours) => *ours == theirs || session.repo().is_ancestor(theirs, *ours)?,
            None => false,
        };
        if !contained {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Tells whether a branch, here or at a remote, holds the roll-back of the run.
pub(super) fn rolled_back(
    session: &Session,
    run: &RunId,
    reference: &RefName,
    commit: ObjectId,
) -> Result<bool, Error> {
    let repo = session.repo();
    let branch = reference.branch().unwrap_or_default();
    let end = format!("/{branch}");
    let tips = session.refs()?.iter().filter(|(name, _)| {
        *name == reference
            || (name.as_str().starts_with("refs/remotes/") && name.as_str().ends_with(&end))
    });
    for (_, tip) in tips {
        if repo.is_ancestor(commit, *tip)?
            && earlier_rollback(repo, &[*tip], commit, run)?.is_some()
        {
            return Ok(true);
        }
    }
    Ok(false)
}
