//! Runs a command several times, reports whether it makes the same each time, and signs that if asked.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;

use crate::cell::Demand;
use crate::facts::policies::PolicyFiles;
use crate::policy::Role;
use crate::policy::pattern::PathSet;
use crate::record::contract::{CellTerms, Contract};
use crate::record::determinism::{DeterminismReport, RUNS, Sameness};
use crate::record::path::unquote;
use crate::record::{Finding, ObjectId, Refusal, RunId, Sha256, Subject};
use crate::records::{DeterminismPredicate, Kind, RunPredicate, RunWork, Scope};
use crate::rules::rerun::OfRun;
use crate::rules::{cell, rerun, step};
use crate::run::gateway::Terms;
use crate::run::{self, Repeated};
use crate::store::batch::Batch;
use crate::store::layout;
use crate::sys::{environment, shell};

use super::revision::revision;
use super::{Error, Process, Session};

/// The number of runs where nothing else is said.
const DEFAULT: u32 = 3;

/// What is to be checked.
pub struct Request {
    /// What is run on which files.
    pub what: What,
    /// How many runs; none for as many as the contract of the run asks for, or for 3.
    pub runs: Option<u32>,
    /// Whether the standard streams are compared too.
    pub streams: bool,
    /// Whether the report is signed and recorded.
    pub sign: bool,
}

/// What is run, and on which files.
pub enum What {
    /// The command of a run, on its base.
    OfRun(RunId),
    /// A command.
    Command {
        /// The commit whose files it gets.
        revision: String,
        /// The command and its arguments.
        command: Vec<OsString>,
        /// What is compared, in gitignore syntax; nothing for all that a commit would hold.
        outputs: Vec<String>,
    },
}

/// A check that was made.
pub struct Checked {
    /// What came of it.
    pub report: DeterminismReport,
    /// Whether each run made the tree of the run's commit, if it is the command of a run and the runs agree.
    pub as_committed: Option<bool>,
    /// Why it does not allow anything, if it does not.
    pub finding: Option<Finding>,
    /// The record, if it was asked for.
    pub record: Option<Sha256>,
}

impl Checked {
    /// Returns the command as one would type it.
    pub fn command(&self) -> String {
        rerun::typed(&self.report.command)
    }
}

/// What is to be run.
struct Plan {
    commit: ObjectId,
    command: Vec<OsString>,
    outputs: Vec<String>,
    given: Vec<(&'static str, String)>,
    runs: Option<u32>,
    terms: CellTerms,
    /// What lets it write by `git awo write`, if it is that of a run.
    gateway: Option<Terms>,
    subject: Subject,
    /// The run, if it is the command of one.
    of: Option<OfRun>,
}

/// A check that can be made.
pub struct Prepared<'a> {
    session: &'a Session,
    request: &'a Request,
    plan: Plan,
    runs: u32,
}

impl Prepared<'_> {
    /// Returns the command as one would type it.
    pub fn command(&self) -> String {
        rerun::typed(&run::words(&self.plan.command))
    }

    /// Returns how often it will run.
    pub fn runs(&self) -> u32 {
        self.runs
    }
}

/// Looks what is to be run.
pub fn prepare<'a>(session: &'a Session, request: &'a Request) -> Result<Prepared<'a>, Error> {
    let plan = plan(session, &request.what)?;
    let runs = request.runs.unwrap_or(plan.runs.unwrap_or(DEFAULT));
    if !RUNS.contains(&runs) {
        let (least, most) = (RUNS.start(), RUNS.end());
        return Err(Error::usage(format!(
            "{runs} runs: at least {least}, at most {most}"
        )));
    }
    Ok(Prepared {
        session,
        request,
        plan,
        runs,
    })
}

/// Makes a check.
pub fn check(prepared: Prepared<'_>) -> Result<Checked, Error> {
    let Prepared {
        session,
        request,
        plan,
        runs,
    } = prepared;
    let actor = session.actor();
    let patterns = match plan.outputs.is_empty() {
        true => None,
        false => {
            let patterns = PathSet::broad(&plan.outputs);
            Some(patterns.map_err(|error| Error::usage(error.to_string()))?)
        }
    };
    // Before the command runs: who may not sign need not wait.
    let context = match request.sign {
        true => Some(session.context(&[Role::Reviewer, Role::Operator, Role::Orchestrator])?),
        false => None,
    };
    let program = environment::program().map_err(Process::Program)?;
    let draft = run::repeat(
        actor,
        &Repeated {
            commit: plan.commit,
            command: &plan.command,
            demand: demand(session)?,
            given: plan.given,
            outputs: &plan.outputs,
            patterns: patterns.as_ref(),
            program: &program,
            runs,
            streams: request.streams,
            terms: &plan.terms,
            gateway: plan.gateway.as_ref(),
            subject: &plan.subject,
        },
    );
    let draft = draft.map_err(|error| {
        let remedy = match &plan.of {
            Some(of) => format!("install it: git awo determinism check --run {}", of.run),
            None => "name a program that is there: git awo determinism check -- COMMAND".to_owned(),
        };
        Error::not_tried(error, &remedy)
    })?;
    if draft.verdict == Sameness::Same
        && let Some(pattern) = run::unmatched(&actor.repo, &draft)?
    {
        // What nobody made is the same each time.
        return Err(Error::usage(format!(
            "--output {}: nothing matches that in any run, or nothing that a commit could hold; nothing was compared or recorded",
            shell::quote(pattern)
        )));
    }
    let report = draft.check();
    let report = report.map_err(|error| Error::usage(error.to_string()))?;
    let mut record = None;
    if let Some(context) = context {
        let says = DeterminismPredicate {
            context,
            report: report.clone(),
        };
        let envelope = session.sign(says)?;
        let digest = envelope.digest();
        let recipe = Scope::Recipe(report.recipe().key());
        let path = Kind::Determinism.one_of(recipe, digest);
        let batch = Batch::new(format!("determinism of {}", report.input));
        session.commit(&batch.record(&path, &envelope))?;
        record = Some(digest);
    }
    let is_same = report.verdict == Sameness::Same;
    let of = plan.of.as_ref().filter(|_| is_same);
    Ok(Checked {
        as_committed: of.map(|it| report.output() == Some(it.tree)),
        finding: rerun::judged(&report, plan.of.as_ref(), &plan.subject),
        report,
        record,
    })
}

/// Returns what is to be run.
fn plan(session: &Session, what: &What) -> Result<Plan, Error> {
    match what {
        What::OfRun(run) => of_run(session, run),
        What::Command {
            revision: name,
            command,
            outputs,
        } => Ok(Plan {
            commit: revision(session.actor(), name)?,
            command: command.clone(),
            outputs: outputs.clone(),
            given: Vec::new(),
            runs: None,
            terms: CellTerms::default(),
            gateway: None,
            subject: Subject::none(),
            of: None,
        }),
    }
}

/// Returns what a run did: its command, on its base.
fn of_run(session: &Session, run: &RunId) -> Result<Plan, Error> {
    let facts = session.run(run)?;
    let policy = session.policy()?;
    let Some(held) = facts.held() else {
        return Err(session.refused(
            format!("{run} cannot be run again: its run record does not hold"),
            step::unheld(&facts, policy),
        ));
    };
    let says = held.says();
    let words = facts.evidence.valid().and_then(|it| it.command.as_ref());
    let unquoted = |words: &Vec<String>| words.iter().map(|it| unquote(it)).collect();
    let command: Option<Vec<Vec<u8>>> = words.and_then(unquoted);
    let Some(command) = command else {
        let why = rerun::no_command(run, &says.task);
        return Err(session.refused(format!("{run} cannot be run again"), why));
    };
    let contract = facts.contract_says();
    let subject = Subject::of_run(run);
    // What its contract grants, as far as the policy permits it now.
    let permits = contract.map(|it| cell::terms(it, policy.cells(), &subject));
    if let Some(why) = permits.and_then(Refusal::of) {
        return Err(Error::denied(format!("{run} cannot be run again"), why));
    }
    Ok(Plan {
        commit: says.base,
        command: command.into_iter().map(OsString::from_vec).collect(),
        outputs: Vec::new(),
        given: vec![
            ("AWO_BASE", says.base.to_string()),
            ("AWO_RUN_ID", says.run.to_string()),
            ("AWO_TASK_ID", says.task.to_string()),
        ],
        runs: contract.and_then(|it| it.determinism),
        terms: contract.map_or_else(CellTerms::default, |it| it.cell.clone()),
        gateway: gateway(session, says, contract)?,
        subject,
        of: Some(OfRun {
            run: says.run.clone(),
            task: says.task.clone(),
            tree: says.tree,
        }),
    })
}

/// Returns what a run told `git awo write`.
fn gateway(
    session: &Session,
    says: &RunPredicate,
    contract: Option<&Contract>,
) -> Result<Option<Terms>, Error> {
    let Some(contract) = contract else {
        return Ok(None);
    };
    let files = PolicyFiles::read(session.repo(), says.context.policy)?;
    let skeleton = RunWork::is_skeleton(says.work.as_ref(), contract);
    let (contract, person) = (contract.clone(), says.context.identity.clone());
    Ok(Terms::new(files, contract, person, says.base, skeleton))
}

/// Returns what of the cell must hold: what the policy says, where there is one.
fn demand(session: &Session) -> Result<Demand, Error> {
    let demand = match session.refs()?.contains_key(&layout::policy()) {
        true => session.policy()?.cell(),
        false => None,
    };
    Ok(demand.unwrap_or(Demand::BestEffort))
}
