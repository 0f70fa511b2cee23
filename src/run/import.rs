//! Takes in a run that took place elsewhere: its directory and the commit it made are checked as
//! if the harness had made them, and recorded in the same way.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::actor::Actor;
use crate::check::PolicyHistory;
use crate::check::branch::changes_of;
use crate::evidence::run_dir::MAX_TOTAL;
use crate::evidence::{self, Demands, RunFiles};
use crate::facts::case::{CommitCase, CommitKind};
use crate::facts::claims::{Said, claims};
use crate::git::Compared;
use crate::record::commit::Commit;
use crate::record::json::{self, Json};
use crate::record::path::quote;
use crate::record::tree::Change;
use crate::record::{
    Coded, Finding, Findings, ObjectId, RepoPath, Rule, RunId, Sha256, Subject, TaskId,
};
use crate::rules;

use super::finish::{self, Made};
use super::gate::{self, Admitted, Asked, Looked};
use super::{Error, RunDone, dossier, load_history, scope};

/// The most components of a path: below the directory of a run on its ref, git must read it.
const DEEPEST: usize = 60;

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
    let (more, root) = dossier::judge(run, &files, Demands::NONE, MAX_TOTAL);
    findings.extend(more);
    findings.extend(another_run(&files, run));
    Ok(Inspection {
        root: root.filter(|_| findings.is_empty()),
        findings,
        files: files.len(),
    })
}

/// A run that may be taken in: everything about it was checked.
pub struct Import<'a> {
    actor: &'a Actor,
    history: PolicyHistory,
    admitted: Admitted,
    files: RunFiles,
    root: Sha256,
    commit: Arc<Commit>,
    changes: Vec<Change>,
    ready: bool,
}

impl<'a> Import<'a> {
    /// Checks a run that took place elsewhere. Everything that stands against it is reported
    /// together: the files, the execution gate, the commit.
    ///
    /// Of the gate holds what holds for any run. `AWO_ALLOW_RUN`, `AWO_RUN_STAGE` and a clean
    /// work tree are not asked for: nothing is executed here, and the work tree is not touched.
    /// The contract's validation command is not executed either; its output, test.log, must be
    /// among the files, and not be empty unless the harness made the run.
    pub fn check(actor: &'a Actor, request: &ImportRequest) -> Result<Self, Error> {
        let run = &request.run;
        let (files, mut findings) = read(&request.directory)?;
        findings.extend(another_run(&files, run));
        let (history, looked) = match look(actor, request) {
            Ok(found) => found,
            Err(error) => {
                let (more, _) = dossier::judge(run, &files, Demands::NONE, MAX_TOTAL);
                findings.extend(more);
                return Err(joined(error, findings));
            }
        };
        let policy = &history.current().policy;
        let contract = looked
            .contract
            .as_ref()
            .map(|(it, _)| &it.predicate().contract);
        let demands = contract.map_or(Demands::NONE, Demands::of);
        let limit = policy.document().limits.evidence_bytes;
        let (more, root) = dossier::judge(run, &files, demands, limit);
        findings.extend(more);
        if let Some(base) = looked.base {
            findings.extend(another_base(&files, base));
        }
        let most = policy.document().limits.paths;
        let (commit, compared) = match changes_of(&actor.repo, request.commit, most) {
            Ok(found) => found,
            Err(error) => {
                findings.extend(looked.findings);
                return Err(joined(error.into(), findings));
            }
        };
        let ready = judge(
            actor,
            &history,
            &looked,
            request,
            (&commit, &compared, root),
            &mut findings,
        );
        findings.extend(looked.findings.clone());
        let (true, Some(root)) = (findings.is_empty(), root) else {
            return Err(Error::Refused(findings));
        };
        let admitted = looked.admitted()?;
        let contract = admitted.contract();
        let said = Said {
            approvals: &admitted.approvals,
            base: admitted.base,
            contract: admitted.contract.digest(),
            orchestrator: &admitted.person,
            reference: &contract.target_ref,
            run: &admitted.run,
            task: &contract.id,
            tree: commit.tree,
        };
        let findings = claims(&said, &files);
        if !findings.is_empty() {
            return Err(Error::Refused(findings));
        }
        Ok(Self {
            admitted,
            actor,
            history,
            files,
            root,
            commit,
            changes: compared.changes,
            ready,
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

    /// Tells whether the commit is recorded as it is; otherwise a commit of the same tree on the
    /// same base is made and signed.
    pub fn takes_commit(&self) -> bool {
        self.ready
    }

    /// Records the run: all of it or nothing. No branch moves.
    pub fn store(self) -> Result<RunDone, Error> {
        let (actor, admitted) = (self.actor, &self.admitted);
        let commit = match self.ready {
            true => self.commit.id,
            false => finish::commit(
                actor,
                admitted,
                &actor.author(),
                self.commit.tree,
                self.root,
            )?,
        };
        let made = Made {
            commit,
            files: self.files,
            root: self.root,
        };
        let mut done = finish::record(actor, &self.history, admitted, made, actor.now())?;
        done.changed = self.changes.into_iter().map(|it| it.path).collect();
        Ok(done)
    }
}

fn look(actor: &Actor, request: &ImportRequest) -> Result<(PolicyHistory, Looked), Error> {
    let refs = actor.refs()?;
    let history = load_history(actor)?;
    let asked = Asked {
        task: &request.task,
        run: Some(&request.run),
        execution: None,
    };
    let looked = gate::look(actor, &asked, &refs, &history)?;
    Ok((history, looked))
}

/// Judges the commit as that of a run is judged. Returns whether it is the harness commit already:
/// signed by who imports, with the trailers of this run.
fn judge(
    actor: &Actor,
    history: &PolicyHistory,
    looked: &Looked,
    request: &ImportRequest,
    (commit, compared, root): (&Commit, &Compared, Option<Sha256>),
    findings: &mut Findings,
) -> bool {
    let subject = || Subject::of_commit(commit.id).run(&request.run);
    let base = looked.base;
    match commit.parents.as_slice() {
        [parent] if base.is_none_or(|base| base == *parent) => {}
        [parent] => findings.push(
            Rule::BindsBase
                .finding(subject())
                .found(format!("a commit on {parent}"))
                .expected(base.map_or(String::new(), |base| base.to_string()))
                .remedy("git rebase, or git awo approve the task on the new base"),
        ),
        parents => findings.push(
            Rule::SingleCommit
                .finding(subject())
                .found(format!("{} parents", parents.len()))
                .expected("exactly one commit on its base")
                .remedy("git rebase"),
        ),
    }
    let Some((contract, _)) = &looked.contract else {
        return false;
    };
    let contract = &contract.predicate().contract;
    let policy = &history.current().policy;
    let Some(rules) = policy.ref_rules(&contract.target_ref) else {
        // The gate has found it.
        return false;
    };
    let case = CommitCase {
        rules: &rules,
        commit,
        changes: &compared.changes,
        faults: &compared.faults,
        signer: policy.keyring().signer_of(commit, actor.now()),
    };
    rules::merge(&case, findings);
    scope::judge(
        &case,
        contract,
        looked.person.as_ref(),
        &request.run,
        findings,
    );
    let signer = case.signer.as_ref().ok().map(|signer| &signer.person);
    let trailer = |key: &str| {
        let found = commit.trailers().into_iter();
        let values = found.filter(|(name, _)| name.eq_ignore_ascii_case(key));
        values.map(|(_, value)| value).collect::<Vec<_>>()
    };
    signer.is_some()
        && signer == looked.person.as_ref()
        && CommitKind::of(commit) == CommitKind::Governed(request.run.clone())
        && trailer("AWO-Task") == [request.task.to_string()]
        && root.is_some_and(|root| trailer("AWO-Root") == [root.to_string()])
}

/// Reads the files of the directory; what it may not hold becomes findings.
fn read(directory: &Path) -> Result<(RunFiles, Findings), Error> {
    let (files, refused) = evidence::read_whole_dir(directory)?;
    let found = refused.iter().filter_map(|it| it.denies(Subject::none()));
    let mut findings: Findings = found.flatten().collect();
    for path in files.keys() {
        let names: Vec<_> = path.components().collect();
        let mut refuse = |rule: Rule, why: &str| {
            let finding = rule.finding(Subject::none().path(path)).found(why);
            let finding = finding.expected("a path that git can hold on the evidence ref");
            findings.push(finding.remedy(format!("remove {path} from the run directory")));
        };
        if names.iter().any(|name| name.eq_ignore_ascii_case(b".git")) {
            refuse(Rule::RunPath, "a component of the path is .git");
        }
        if names.len() > DEEPEST {
            refuse(Rule::RunLimit, "a path of more than 60 components");
        }
    }
    Ok((files, findings))
}

/// Finds that the manifest names another run.
fn another_run(files: &RunFiles, run: &RunId) -> Option<Finding> {
    let named = member(files, "run_manifest.json", &["run_id"])?;
    other(&named, run.as_str(), "run_manifest.json", Rule::BindsRun)
}

/// Finds that the run says it started from another commit.
fn another_base(files: &RunFiles, base: ObjectId) -> Option<Finding> {
    // Without one the invariants do not hold.
    let named = member(files, "environment.json", &["git", "commit"])?;
    other(
        &named,
        &base.to_string(),
        "environment.json",
        Rule::BindsBase,
    )
}

fn other(named: &Json, expected: &str, path: &str, rule: Rule) -> Option<Finding> {
    if named.as_str() == Some(expected) {
        return None;
    }
    let found = named.as_str().map_or("no text".to_owned(), |text| {
        let short: String = text.chars().take(80).collect();
        quote(short.as_bytes())
    });
    let subject = Subject::none().path(&RepoPath::from(path));
    let finding = rule.finding(subject).found(found);
    let finding = finding.expected(expected);
    Some(finding.remedy("import the directory of this run, made on this base"))
}

fn member(files: &RunFiles, file: &str, keys: &[&str]) -> Option<Json> {
    let mut value = json::parse(files.get(&RepoPath::from(file))?).ok()?;
    for key in keys {
        value = value.get(key)?.clone();
    }
    Some(value)
}

/// Adds what was found before to what ended the check.
fn joined(error: Error, mut findings: Findings) -> Error {
    if findings.is_empty() {
        return error;
    }
    findings.extend(error.refusal(Subject::none()).findings());
    Error::Refused(findings)
}
