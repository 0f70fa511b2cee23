//! Records a run that took place elsewhere: its directory and the commit it made are checked as if
//! git-awo had executed it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::actor::Actor;
use crate::cell::Demand;
use crate::check::PolicyHistory;
use crate::check::branch::changes_of;
use crate::evidence::run_dir::MAX_TOTAL;
use crate::evidence::{self, Demands, RunFiles};
use crate::facts::artefacts::{self, TakenBack};
use crate::facts::case::{CommitCase, CommitKind};
use crate::facts::claims::{Said, command};
use crate::facts::contradictions::{Around, contradictions};
use crate::facts::reruns;
use crate::facts::work_evidence::work_evidence;
use crate::git::Compared;
use crate::record::commit::Commit;
use crate::record::tree::{Change, Mode};
use crate::record::{
    Coded, DecisionId, Finding, Findings, IdentityName, ObjectId, Refusal, RunId, Sha256, Subject,
    TaskId,
};
use crate::rules::executed as rules;
use crate::rules::files::no_root;
use crate::rules::{fault, merge, rerun};
use crate::store::ledger::Records;

use super::ceiling;
use super::error::Error;
use super::finish::{self, Made, RunDone};
use super::gate::{self, Admission, GateRequest, GateResult};
use super::post_work;

/// What to take in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRequest {
    /// The run directory.
    pub directory: PathBuf,
    /// The task whose contract was executed.
    pub task: TaskId,
    /// The name of the run.
    pub run: RunId,
    /// The commit with what the run changed, on the base.
    pub commit: ObjectId,
    /// The pre-work to follow; none for the newest.
    pub pre_work: Option<Sha256>,
}

/// What a run directory is by itself, without contract and repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// Everything that stands against it.
    pub findings: Findings,
    /// Its root, where its integrity holds.
    pub root: Option<Sha256>,
    /// How many files it has.
    pub files: usize,
}

/// Inspects a run directory: integrity, each invariant, and the name it says it has.
pub fn inspect(directory: &Path, run: &RunId) -> Result<Inspection, Error> {
    let (files, mut findings) = read(directory)?;
    let (more, root) = rules::files(run, &files, &Demands::NONE, MAX_TOTAL);
    findings.extend(more);
    findings.extend(rules::names_run(&files, run));
    Ok(Inspection {
        root: root.filter(|_| findings.is_empty()),
        findings,
        files: files.len(),
    })
}

/// A run that may be recorded: everything about it was checked.
pub struct Import<'a> {
    actor: &'a Actor,
    history: PolicyHistory,
    admitted: Admission,
    files: RunFiles,
    root: Sha256,
    commit: Arc<Commit>,
    changes: Vec<Change>,
    /// The waivers that it uses.
    waivers: Vec<DecisionId>,
    ready: bool,
}

impl<'a> Import<'a> {
    /// Checks a run that took place elsewhere. Everything that stands against it is reported
    /// together: the files, the execution gate, the commit.
    ///
    /// Of the gate holds what holds for any run. `AWO_ALLOW_RUN`, `AWO_RUN_STAGE` and a clean
    /// work tree are not asked for: nothing is executed here, and the work tree is not touched.
    /// The contract's validation command is not executed either; its output, test.log, must be
    /// among the files, and not be empty unless git-awo executed the run.
    pub fn check(actor: &'a Actor, request: &ImportRequest) -> Result<Self, Error> {
        let run = &request.run;
        let (files, mut findings) = read(&request.directory)?;
        findings.extend(rules::names_run(&files, run));
        let (history, gate) = match examine(actor, request) {
            Ok(found) => found,
            Err(error) => {
                let (more, _) = rules::files(run, &files, &Demands::NONE, MAX_TOTAL);
                findings.extend(more);
                return Err(error.after(findings, Subject::none()));
            }
        };
        let policy = &history.current().policy;
        let contract = gate
            .contract
            .as_ref()
            .map(|(it, _)| &it.predicate().contract);
        let skeleton = gate.makes_skeleton();
        let demands = contract.map_or(Demands::NONE, |it| Demands::of(it, skeleton));
        // Where layers are demanded, a reviewer may have run it again in a cell: see below.
        let demanded = policy.cell().filter(|it| *it != Demand::BestEffort);
        let demands = demands.in_cell(policy.cell().filter(|_| demanded.is_none()));
        let limit = policy.document().limits.evidence_bytes;
        let (more, root) = rules::files(run, &files, &demands, limit);
        findings.extend(more);
        if let Some(base) = gate.base {
            findings.extend(rules::names_base(&files, base));
        }
        let most = policy.document().limits.paths;
        if findings.is_empty() {
            findings.extend(held(actor, run, &files, most)?);
        }
        let (commit, compared) = match changes_of(&actor.repo, request.commit, most) {
            Ok(found) => found,
            Err(error) => {
                findings.extend(gate.findings);
                let error = Error::from(error);
                return Err(error.after(findings, Subject::none()));
            }
        };
        if let (Some(demand), Some(person)) = (demanded, &gate.person) {
            let makers = commit.makers();
            let is_own = |it: &IdentityName| it == person || policy.is_among(it, &makers);
            let of = (&files, gate.base, commit.tree);
            findings.extend(unseen(actor, &history, (run, demand), of, &is_own)?);
        }
        let ready = judge(
            actor,
            &history,
            &gate,
            request,
            (&commit, &compared, root),
            &mut findings,
        )?;
        if let (Some(contract), Some(person), Some(base)) = (contract, &gate.person, gate.base) {
            let of = (person, contract, run);
            let refs = actor.refs()?;
            let found = ceiling::measured(actor, (&refs, &history), of, (base, commit.tree))?;
            let already = |it: &Finding| gate.findings.iter().any(|known| known.rule == it.rule);
            findings.extend(found.into_iter().filter(|it| !already(it)));
        }
        findings.extend(gate.findings.clone());
        let (true, Some(root)) = (findings.is_empty(), root) else {
            return Err(Error::Refused(Refusal::or(findings, no_root())));
        };
        let admitted = gate.admission()?;
        let contract = admitted.contract();
        let said = Said {
            approvals: &admitted.approvals,
            base: admitted.base,
            commit: commit.id,
            contract: admitted.contract.digest(),
            orchestrator: &admitted.person,
            reference: &contract.target_ref,
            run: &admitted.run,
            task: &contract.id,
            tree: commit.tree,
        };
        let mut findings = Findings::new();
        let mut waivers = Vec::new();
        if let Some(it) = post_work::manifest(actor, &admitted, commit.tree, &mut findings)? {
            post_work::brought(&admitted, &files, &it.manifest, &mut findings);
            waivers = it.waivers;
        }
        Error::unless_empty(findings)?;
        let around = Around {
            reader: &actor.repo,
            contract: Some(admitted.contract.predicate()),
            makes_skeleton: admitted.makes_skeleton(),
            history: &history,
        };
        let mut findings = contradictions(&said, &around, &files)?;
        findings.extend(work_evidence(&said, &around, &files)?);
        Error::unless_empty(findings)?;
        Ok(Self {
            admitted,
            actor,
            history,
            files,
            root,
            commit,
            changes: compared.changes,
            ready,
            waivers,
        })
    }

    /// Returns the root of its evidence.
    pub fn root(&self) -> Sha256 {
        self.root
    }

    /// Returns how many files its evidence has.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// Returns whether the commit is recorded as it is; otherwise a commit of the same tree on the
    /// same base is made and signed.
    pub fn takes_commit(&self) -> bool {
        self.ready
    }

    /// Records the run: all of it or nothing. No branch moves.
    pub fn store(self) -> Result<RunDone, Error> {
        let (actor, admitted) = (self.actor, &self.admitted);
        let commit = match self.ready {
            true => self.commit.id,
            false => {
                let author = actor.author();
                // Who made the first commit is no reviewer of this one either.
                let mut makers = self.commit.credits();
                let text = |it: &[u8]| String::from_utf8_lossy(it).into_owned();
                let own = format!("{} <{}>", text(&author.name), text(&author.email));
                makers.retain(|it| *it != own);
                finish::commit(
                    actor,
                    admitted,
                    &author,
                    self.commit.tree,
                    self.root,
                    &makers,
                )?
            }
        };
        let made = Made {
            commit,
            files: self.files,
            root: self.root,
            waivers: self.waivers,
        };
        let mut done = finish::record(actor, &self.history, admitted, made, actor.now())?;
        done.changed = self.changes.into_iter().map(|it| it.path).collect();
        Ok(done)
    }
}

fn examine(actor: &Actor, request: &ImportRequest) -> Result<(PolicyHistory, GateResult), Error> {
    let refs = actor.refs()?;
    let history = gate::load_history(actor)?;
    // Who assisted says the commit.
    let assisted = match actor.repo.contains(request.commit) {
        true => actor.repo.commit(request.commit)?.assisted_by(),
        false => Vec::new(),
    };
    let gate = GateRequest {
        assisted: &assisted,
        task: &request.task,
        run: Some(&request.run),
        pre_work: request.pre_work,
        execution: None,
    };
    let gate = gate::examine(actor, &gate, &refs, &history)?;
    Ok((history, gate))
}

/// Judges whether a run of which nobody here has seen that its commands were confined was run again in a cell by a
/// reviewer.
fn unseen(
    actor: &Actor,
    history: &PolicyHistory,
    (run, demand): (&RunId, Demand),
    (files, base, output): (&RunFiles, Option<ObjectId>, ObjectId),
    is_own: &dyn Fn(&IdentityName) -> bool,
) -> Result<Option<Finding>, Error> {
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    let recipe = base.map(|base| reruns::recipe(&actor.repo, base, command(files)));
    let recipe = recipe.transpose()?.flatten();
    let reruns = actor.collector(&records, history).reruns(recipe, &[])?;
    let lacks = rerun::in_a_cell(&reruns, demand, (output, is_own), None);
    Ok(lacks.map(|lacks| {
        let remedy = rerun::again(&lacks, &reruns, base);
        rules::imported(run, &lacks.why(), remedy)
    }))
}

/// Judges the commit as that of a run is judged. Returns whether it can be recorded as it is:
/// signed by who imports, with the trailers of this run.
fn judge(
    actor: &Actor,
    history: &PolicyHistory,
    gate: &GateResult,
    request: &ImportRequest,
    (commit, compared, root): (&Commit, &Compared, Option<Sha256>),
    findings: &mut Findings,
) -> Result<bool, Error> {
    findings.extend(rules::one_commit(commit, gate.base, &request.run));
    let Some((contract, _)) = &gate.contract else {
        return Ok(false);
    };
    let contract = &contract.predicate().contract;
    let policy = &history.current().policy;
    let Some(rules) = policy.ref_rules(&contract.target_ref) else {
        // The gate has found it.
        return Ok(false);
    };
    let taken_back = TakenBack::default();
    let artefacts =
        artefacts::of_commit(&actor.repo, policy, commit, &compared.changes, &taken_back)?;
    let lifting = actor.lifting(history, (Some(commit), &compared.changes))?;
    let case = CommitCase {
        rules: &rules,
        commit,
        changes: &compared.changes,
        faults: &compared.faults,
        artefacts,
        lifting: &lifting,
        signer: policy.keyring().signer_of(commit, actor.now()),
    };
    merge(&case, findings);
    let person = gate.person.as_ref();
    let skeleton = gate.makes_skeleton();
    rules::changes(&case, contract, skeleton, person, &request.run, findings);
    let signer = case.signer.as_ref().ok().map(|signer| &signer.person);
    Ok(signer.is_some()
        && signer == gate.person.as_ref()
        && CommitKind::of(commit) == CommitKind::Governed(request.run.clone())
        && commit.trailer("AWO-Task") == [request.task.to_string()]
        && root.is_some_and(|root| commit.trailer("AWO-Root") == [root.to_string()]))
}

/// Judges the files as the server will on the ref of the evidence: names that git or some file
/// system takes for another.
fn held(actor: &Actor, run: &RunId, files: &RunFiles, most: usize) -> Result<Findings, Error> {
    let mut edits = Vec::new();
    for (path, bytes) in files {
        edits.push((
            path.clone(),
            Some((Mode::File, actor.repo.write_blob(bytes)?)),
        ));
    }
    let tree = actor.repo.edit_tree(None, &edits)?;
    let compared = actor.repo.compare(None, Some(tree), most)?;
    let faults = compared.faults.iter();
    let found = faults.map(|it| {
        let remedy = format!("remove {} from the run directory", it.path);
        fault(it, Subject::of_run(run), remedy)
    });
    Ok(found.collect())
}

/// Reads the files of the directory; what it may not hold becomes findings.
fn read(directory: &Path) -> Result<(RunFiles, Findings), Error> {
    let (files, refused) = evidence::read_whole_dir(directory)?;
    let found = refused.iter().filter_map(|it| it.denies(Subject::none()));
    let mut findings: Findings = found.flatten().collect();
    for path in files.keys() {
        rules::path(path, &mut findings);
    }
    Ok((files, findings))
}
