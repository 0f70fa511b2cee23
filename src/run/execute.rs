//! Executes a contract: the stages of a run after the gate.

use std::ffi::{OsStr, OsString};
use std::process::{Command, ExitStatus, Stdio};

use crate::actor::Actor;
use crate::cell::Held;
use crate::check::PolicyHistory;
use crate::evidence::work::{argv, validations};
use crate::facts::artefacts::{self, TakenBack};
use crate::facts::case::CommitCase;
use crate::facts::policies::PolicyFiles;
use crate::git::Compared;
use crate::policy::keyring::Signer;
use crate::record::commit::Person;
use crate::record::contract::EVIDENCE_MAP;
use crate::record::path::escape;
use crate::record::{Findings, ObjectId, RunId, Sha256, Subject, TaskId};
use crate::rules::executed as rules;
use crate::store::layout;
use crate::store::ledger::Records;

use super::confine::Confinement;
use super::documents::Material;
use super::error::Error;
use super::execution::Execution;
use super::finish::{Made, RunDone};
use super::gate::{self, Admission, GateRequest, RunEnvironment};
use super::gateway::{Gateway, Terms};
use super::log::{Log, Logs};
use super::measure::{self, Measured};
use super::place::{self, Place};
use super::scrub::Scrub;
use super::snapshot::Snapshot;
use super::watch::Changed;
use super::{ceiling, clean, command, dossier, events, evidence_map, finish, post_work};

/// The name of the file of events.
const EVENTS: &str = "events.jsonl";

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRequest {
    /// The task whose contract is executed.
    pub task: TaskId,
    /// The name of the run; none for one made of the clock.
    pub run: Option<RunId>,
    /// The command and its arguments.
    pub command: Vec<OsString>,
    /// The pre-work to follow; none for the newest.
    pub pre_work: Option<Sha256>,
    /// The models that assist.
    pub assisted: Vec<String>,
    /// What the environment permits.
    pub environment: RunEnvironment,
}

/// Executes a contract.
///
/// Everything that stands against it is reported together, stage by stage: the execution gate;
/// what the command did; what the validation found. The branch does not move; the commit made
/// is held by the ref of its evidence.
///
/// While it goes on, this process should start no other children: what a command leaves running
/// cannot be told from them, and is ended. A second run in the same process waits.
pub fn run(actor: &Actor, request: &RunRequest) -> Result<RunDone, Error> {
    if request.command.first().is_none_or(|it| it.is_empty()) {
        return Err(Error::NoCommand);
    }
    // Before anything refuses: a run that was killed once it was recorded is not to be run again.
    place::sweep(actor.repo.common_dir());
    let started = actor.now();
    let refs = actor.refs()?;
    let history = gate::load_history(actor)?;
    let gate = GateRequest {
        task: &request.task,
        run: request.run.as_ref(),
        pre_work: request.pre_work,
        execution: Some(&request.environment),
        assisted: &request.assisted,
    };
    let admitted = gate::examine(actor, &gate, &refs, &history)?.admission()?;
    let place = Place::make(&actor.repo, admitted.run.as_str(), admitted.base, refs)?;
    let program = request.environment.program.as_deref();
    let cell = history.current().policy.cell();
    let cell = cell.map(|demand| Confinement::new(demand, program));
    let cell = cell.transpose()?;
    let cell = cell.map(|it| it.under(admitted.contract().cell.clone()));
    let terms = terms(actor, &history, &admitted)?;
    let gateway = program.zip(terms.as_ref());
    let gateway = gateway.map(|(program, terms)| Gateway::make(&place, program, terms));
    let gateway = gateway.transpose()?;
    let logs = validations(admitted.contract(), admitted.makes_skeleton()).map(|it| it.1);
    let logs = Logs::make(&place, logs)?;
    let execution = Execution {
        actor,
        history: &history,
        before: Snapshot::take(actor)?,
        scrub: Scrub::new(actor, &place),
        admitted,
        command: &request.command,
        logs,
        cell,
        gateway,
        place,
        started,
    };
    execution.execute()
}

/// Returns what a run tells `git awo write`.
fn terms(
    actor: &Actor,
    history: &PolicyHistory,
    admitted: &Admission,
) -> Result<Option<Terms>, Error> {
    let files = PolicyFiles::read(&actor.repo, history.current().commit)?;
    Ok(Terms::new(
        files,
        admitted.contract().clone(),
        admitted.person.clone(),
        admitted.base,
        admitted.makes_skeleton(),
    ))
}

impl Execution<'_> {
    /// Runs the command, measures, validates, commits and records.
    pub(super) fn execute(&self) -> Result<RunDone, Error> {
        let mut findings = Findings::new();
        let mut held = None;
        self.command(&mut held, &mut findings)?;
        let repo = &self.actor.repo;
        let admitted = &self.admitted;
        let measured = measure::measure(repo, &self.place, admitted.base, &mut findings)?;
        let base_tree = repo.commit(admitted.base)?.tree;
        let limits = &self.history.current().policy.document().limits;
        let (base, now) = (Some(base_tree), Some(measured.tree));
        let compared = repo.compare_files(base, now, limits.paths, limits.file_bytes)?;
        let changes = &compared.changes;
        let author = self.actor.author();
        self.changes(&compared, &measured, &author, &mut findings)?;
        let tree = measured.tree;
        let of = (&admitted.person, admitted.contract(), &admitted.run);
        let trees = (admitted.base, tree);
        let before = (self.place.refs(), self.history);
        findings.extend(ceiling::measured(self.actor, before, of, trees)?);
        let manifest = post_work::manifest(self.actor, admitted, tree, &mut findings)?;
        let path = self.place.report(EVENTS);
        let events = events::read(&path, admitted.contract(), &admitted.run, &mut findings)?;
        let map = evidence_map::read(&self.place.report(EVIDENCE_MAP), admitted, &mut findings)?;
        Error::unless_empty(findings)?;
        self.validate(&measured, &mut held)?;
        let material = Material {
            tree: measured.tree,
            changes,
            events: &events,
            post_work: manifest.as_ref().map(|it| &it.manifest),
            map: map.as_ref(),
            cell: held,
            times: (self.started, self.actor.now().max(self.started)),
        };
        let (files, root) = dossier::make(self, &material)?;
        // Compare again after the evidence is made, right before the record: a daemon that is no
        // descendant of the command may have acted for it meanwhile.
        let changed = self.compare()?;
        let tampered = changed.tampered;
        let mut findings = changed.findings;
        if findings.is_empty() {
            findings = self.freshness()?;
        }
        // Do not run git where it may start what the command has configured.
        if tampered {
            Error::unless_empty(findings.clone())?;
        }
        let why = "the run has reached outside of its work tree";
        findings.extend(clean::clean(self.actor, why)?);
        Error::unless_empty(findings)?;
        let now = self.actor.now();
        let (actor, history) = (self.actor, self.history);
        let commit = finish::commit(actor, admitted, &author, measured.tree, root, &[])?;
        let made = Made {
            commit,
            files,
            root,
            waivers: manifest.map(|it| it.waivers).unwrap_or_default(),
        };
        let mut done = finish::record(actor, history, admitted, made, now)?;
        done.changed = compared.changes.into_iter().map(|it| it.path).collect();
        Ok(done)
    }

    pub(super) fn subject(&self) -> Subject {
        Subject::of_run(&self.admitted.run)
    }

    /// Runs the command, and finds what it did to the repository besides its files.
    fn command(&self, held: &mut Option<Held>, findings: &mut Findings) -> Result<(), Error> {
        let [program, args @ ..] = self.command else {
            return Err(Error::NoCommand);
        };
        let mut command = self.untrusted(program);
        command.args(args);
        let events = self.place.report(EVENTS);
        command.env("AWO_EVENTS_FILE", &events);
        command.env("AWO_EVIDENCE_MAP", self.place.report(EVIDENCE_MAP));
        let (out, err) = (&self.logs.out, &self.logs.err);
        let status = self.start(command, [out, err], held)?;
        let changed = self.compare()?;
        findings.extend(changed.findings);
        if !status.success() {
            // A failed command leaves nothing to measure.
            let stderr = err.tail();
            let failed = Error::Failed { status, stderr };
            return Err(failed.after(std::mem::take(findings), self.subject()));
        }
        // Do not run git where it may start what the command has configured.
        if changed.tampered {
            Error::unless_empty(findings.clone())?;
        }
        Ok(())
    }

    /// Runs a command to its end, in the cell where there is one, and notes what held for all so far.
    fn start(
        &self,
        command: Command,
        [out, err]: [&Log; 2],
        held: &mut Option<Held>,
    ) -> Result<ExitStatus, Error> {
        let [out, err] = [out.stream()?.into(), err.stream()?.into()];
        let Some(cell) = &self.cell else {
            return command::run(command, Stdio::null(), out, err);
        };
        let here = (&self.actor.repo, &self.place);
        let (status, now) = cell.run(here, &command, [out, err], &self.subject())?;
        *held = Some(match held.take() {
            Some(before) => before.and(now),
            None => now,
        });
        Ok(status)
    }

    fn untrusted(&self, program: &OsStr) -> Command {
        let mut command = command::untrusted(program, self.place.tree());
        let admitted = &self.admitted;
        command
            .env("AWO_RUN_ID", admitted.run.as_str())
            .env("AWO_TASK_ID", admitted.contract().id.as_str())
            .env("AWO_BASE", admitted.base.to_string());
        if let Some(gateway) = &self.gateway {
            gateway.offer(&mut command);
        }
        command
    }

    /// Judges what was changed, by the rules of the server and those of the contract.
    fn changes(
        &self,
        compared: &Compared,
        measured: &Measured,
        author: &Person,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let admitted = &self.admitted;
        let contract = admitted.contract();
        let repo = &self.actor.repo;
        // The rules read a commit object. No ref names this one, so the next gc removes it.
        let draft = finish::draft(admitted, author, measured.tree, None, &[]);
        let commit = repo.commit(repo.write_commit(&draft)?)?;
        let policy = &self.history.current().policy;
        let Some(rules) = policy.ref_rules(&contract.target_ref) else {
            // Refused by the gate.
            return Ok(());
        };
        let key = self.actor.signer()?.public_key().fingerprint().to_owned();
        let person = admitted.person.clone();
        let taken_back = TakenBack::default();
        let artefacts =
            artefacts::of_commit(repo, policy, &commit, &compared.changes, &taken_back)?;
        let of = (Some(&*commit), &*compared.changes);
        let lifting = self.actor.lifting(self.history, of)?;
        let case = CommitCase {
            rules: &rules,
            commit: &commit,
            changes: &compared.changes,
            faults: &compared.faults,
            artefacts,
            lifting: &lifting,
            signer: Ok(Signer { person, key }),
        };
        let person = Some(&admitted.person);
        let makes_skeleton = admitted.makes_skeleton();
        rules::changes(
            &case,
            contract,
            makes_skeleton,
            person,
            &admitted.run,
            findings,
        );
        Ok(())
    }

    /// Runs the contract's validation command, or one validation step after the other.
    fn validate(&self, measured: &Measured, held: &mut Option<Held>) -> Result<(), Error> {
        let (contract, logs) = (self.admitted.contract(), &self.logs.validation);
        let skeleton = self.admitted.makes_skeleton();
        let commands: Vec<&str> = contract.validations(skeleton).collect();
        for (text, log) in commands.iter().zip(logs) {
            self.validate_by(text, log, measured, held)?;
        }
        let why = match skeleton {
            true => "a skeleton is not validated\n",
            false => "the contract names no validation command\n",
        };
        match logs.first().filter(|_| commands.is_empty()) {
            Some(log) => log.write(why),
            None => Ok(()),
        }
    }

    /// Runs a command that validates. It executes code that the command of the run wrote, so the
    /// repository and the work tree are compared again.
    fn validate_by(
        &self,
        text: &str,
        log: &Log,
        measured: &Measured,
        held: &mut Option<Held>,
    ) -> Result<(), Error> {
        let [program, args @ ..] = argv(text);
        let mut command = self.untrusted(OsStr::new(program));
        command.args(args);
        let status = self.start(command, [log, log], held)?;
        let changed = self.compare()?;
        let mut findings = changed.findings;
        if !self.place.is_in_place() {
            // Its files are not to be found by their paths.
            findings.push(rules::work_tree_replaced());
            return Error::unless_empty(findings);
        }
        for path in measured.changed_since(&self.actor.repo, &self.place)? {
            findings.push(rules::changed_by_validation(&self.admitted.run, &path));
        }
        if !status.success() {
            let step = match self.admitted.contract().validation_steps.is_empty() {
                true => String::new(),
                false => format!("step {} ", escape(text.as_bytes())),
            };
            let log = log.tail();
            let failed = Error::ValidationFailed { step, status, log };
            return Err(failed.after(findings, self.subject()));
        }
        Error::unless_empty(findings)
    }

    fn compare(&self) -> Result<Changed, Error> {
        let mut changed = self.before.compare(self.actor, &self.place, self.history)?;
        // Name the branch and the policy if they moved. If they cannot be read any more, the moved
        // refs are reported without.
        if !changed.findings.is_empty()
            && let Ok(more) = self.freshness()
        {
            changed.findings.extend(more);
        }
        Ok(changed)
    }

    /// Reports which of the branch, the policy and the contract changed during the run.
    fn freshness(&self) -> Result<Findings, Error> {
        let repo = &self.actor.repo;
        let contract = self.admitted.contract();
        let refs = self.actor.refs()?;
        let blob = Records::open(repo, &refs)?.contract_blob(&contract.id)?;
        let policy = layout::policy();
        let mut findings = Findings::new();
        let mut same = |subject: Subject, what: &str, now: Option<ObjectId>, then: ObjectId| {
            findings.extend(rules::fresh(contract, subject, what, now, then));
        };
        let target = &contract.target_ref;
        let tip = refs.get(target).copied();
        let then = self.admitted.base;
        same(Subject::of_ref(target), "the branch", tip, then);
        let tip = refs.get(&policy).copied();
        let then = self.history.current().commit;
        same(Subject::of_ref(&policy), "the policy", tip, then);
        same(self.subject(), "the contract", blob, self.admitted.blob);
        Ok(findings)
    }
}
