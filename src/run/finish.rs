//! The one commit, and the record that binds it to its evidence.

use crate::actor::Actor;
use crate::check::PolicyHistory;
use crate::evidence::RunFiles;
use crate::evidence::inventory::SUMS;
use crate::facts::contradictions::{Around, contradictions};
use crate::facts::work_evidence::work_evidence;
use crate::git::CommitDraft;
use crate::policy::Keyring;
use crate::policy::Role;
use crate::record::commit::{ASSISTED_BY, CO_AUTHORED_BY, Person};
use crate::record::contract::Contract;
use crate::record::{
    Coded, DecisionId, Findings, ObjectId, RefName, RepoPath, Rule, RunId, Sha256, Subject,
    Timestamp,
};
use crate::records::{Kind, RunPredicate, RunWork, Scope};
use crate::rules::executed as rules;
use crate::rules::skeleton;
use crate::store::batch::Batch;
use crate::store::layout::{self, LedgerPath};
use crate::store::ledger::{Records, spent};
use crate::{actor, store};

use super::error::Error;
use super::gate::Admission;

/// A run that was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDone {
    /// The run.
    pub run: RunId,
    /// The one commit it made. No branch holds it yet: finalization moves the branch.
    pub commit: ObjectId,
    /// The SHA-256 root of its evidence.
    pub root: Sha256,
    /// The branch that the commit is for.
    pub reference: RefName,
    /// The ref that holds the evidence, and through it the commit.
    pub evidence: RefName,
    /// The paths changed, sorted.
    pub changed: Vec<RepoPath>,
    /// What is to be done once the server has it.
    pub review: String,
}

/// Returns what is to be done with a run, once the server has it.
pub(super) fn review(admitted: &Admission) -> String {
    let run = &admitted.run;
    match admitted.makes_skeleton() {
        true => skeleton::ask(run.as_str()),
        false => format!("ask a reviewer to run git awo gate {run}"),
    }
}

/// Returns the message of the commit; the root is none as long as the evidence is not made. All of its
/// trailers are written here; who made the change besides its author is named, so that they do not review it.
fn message(admitted: &Admission, root: Option<Sha256>, makers: &[String]) -> String {
    let (contract, run) = (admitted.contract(), &admitted.run);
    let mut message = format!(
        "{}\n\nAWO-Task: {}\nAWO-Run: {run}\n",
        title(contract),
        contract.id
    );
    if let Some(root) = root {
        message.push_str(&format!("AWO-Root: {root}\n"));
    }
    // The policy lets a model call itself nothing that could end the line.
    for model in &admitted.models {
        message.push_str(&format!("{ASSISTED_BY}: {model}\n"));
    }
    for maker in makers {
        message.push_str(&format!("{CO_AUTHORED_BY}: {maker}\n"));
    }
    message
}

/// Returns the title: the packet's, or the first line of the task.
pub(super) fn title(contract: &Contract) -> String {
    let texts = contract.title.iter().chain([&contract.task]);
    let mut lines = texts.flat_map(|text| text.lines()).map(str::trim);
    let line = lines.find(|line| !line.is_empty()).unwrap_or("Task");
    line.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// Returns the commit before it is signed.
pub(super) fn draft(
    admitted: &Admission,
    author: &Person,
    tree: ObjectId,
    root: Option<Sha256>,
    makers: &[String],
) -> CommitDraft {
    CommitDraft {
        tree,
        parents: vec![admitted.base],
        author: author.clone(),
        committer: author.clone(),
        message: message(admitted, root, makers).into_bytes(),
        signature: None,
    }
}

/// What a run made.
pub(super) struct Made {
    /// The signed commit.
    pub(super) commit: ObjectId,
    /// The evidence.
    pub(super) files: RunFiles,
    /// Its root.
    pub(super) root: Sha256,
    /// The waivers that it uses, sorted.
    pub(super) waivers: Vec<DecisionId>,
}

/// Signs and writes the commit. No ref names it yet.
pub(super) fn commit(
    actor: &Actor,
    admitted: &Admission,
    author: &Person,
    tree: ObjectId,
    root: Sha256,
    makers: &[String],
) -> Result<ObjectId, Error> {
    let draft = draft(admitted, author, tree, Some(root), makers);
    Ok(actor.repo.write_commit(&actor.sign_commit(draft)?)?)
}

/// Stores the record of the run with its evidence, which holds the commit: all of it or nothing.
pub(super) fn record(
    actor: &Actor,
    history: &PolicyHistory,
    admitted: &Admission,
    made: Made,
    now: Timestamp,
) -> Result<RunDone, Error> {
    let repo = &actor.repo;
    let contract = admitted.contract();
    let Made {
        commit,
        files,
        root,
        waivers,
    } = made;
    let read = repo.commit(commit)?;
    let run = RunPredicate {
        approvals: admitted.approvals.clone(),
        base: admitted.base,
        commit,
        context: actor.context_as(history, admitted.person.clone(), Role::Orchestrator.word()),
        contract: admitted.contract.digest(),
        evidence: layout::evidence(now.month()),
        gate1: admitted.gate1.clone(),
        reference: contract.target_ref.clone(),
        root,
        run: admitted.run.clone(),
        task: contract.id.clone(),
        tree: read.tree,
        work: admitted
            .work
            .clone()
            .map(|work| RunWork { waivers, ..work }),
    };
    let envelope = actor.sign(run.clone())?;
    // Do not store what the server would refuse.
    let mut findings = Findings::new();
    let policy = &history.current().policy;
    let signer = policy.keyring().signer_of(&read, now);
    let subject = Subject::of_ref(&run.reference).at(read.id);
    findings.extend(signer.err().map(|it| it.to_finding(subject)));
    let record = Keyring::verify::<RunPredicate>(&envelope, &history.now(now));
    let subject = Subject::of_record(envelope.digest());
    findings.extend(record.err().map(|it| it.to_finding(subject)));
    let around = Around {
        reader: repo,
        contract: Some(admitted.contract.predicate()),
        makes_skeleton: admitted.makes_skeleton(),
        history,
    };
    findings.extend(contradictions(&(&run).into(), &around, &files)?);
    findings.extend(work_evidence(&(&run).into(), &around, &files)?);
    Error::unless_empty(findings)?;

    let inventory = files
        .get(&RepoPath::from(SUMS))
        .cloned()
        .unwrap_or_default();
    let mut batch = Batch::new(format!("run {} of {}", run.run, run.task))
        .evidence(run.evidence.clone(), run.run.clone(), files, commit)
        .record(&Kind::Run.of(&run.run), &envelope)
        .file(&LedgerPath::Inventory(run.run.clone()), inventory);
    for approval in &run.approvals {
        batch = batch
            .unless(
                &Kind::Revocation.of(Scope::Record(*approval)),
                Rule::ApprovalRevoked,
            )
            .file(&LedgerPath::Spent(*approval), spent(&run.run));
    }
    for decision in used(actor, history, &run)? {
        let withdrawn = Kind::Revocation.of(Scope::Record(decision));
        batch = batch.unless(&withdrawn, Rule::ApprovalRevoked).file(
            &LedgerPath::Used(decision, run.run.clone()),
            spent(&run.run),
        );
    }
    actor
        .write(&batch)
        .map_err(|error| replayed(error, &run.run))?;
    Ok(RunDone {
        run: run.run,
        commit,
        root,
        reference: run.reference,
        evidence: run.evidence,
        changed: Vec::new(),
        review: review(admitted),
    })
}

/// Returns the digests of the decisions on its work packet that a run names.
fn used(actor: &Actor, history: &PolicyHistory, run: &RunPredicate) -> Result<Vec<Sha256>, Error> {
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    let collector = actor.collector(&records, history);
    let mut used = Vec::new();
    for id in run.work.iter().flat_map(RunWork::decisions) {
        used.extend(collector.decision_of(id)?.map(|it| it.digest()));
    }
    Ok(used)
}

/// Turns the error that a record exists already into the finding that another run was faster.
fn replayed(error: actor::Error, run: &RunId) -> Error {
    let path = match &error {
        actor::Error::Store(store::Error::Exists { path }) => path,
        actor::Error::Refused(why) => return Error::Refused(why.clone()),
        _ => return error.into(),
    };
    let finding = match LedgerPath::parse(path) {
        Some(LedgerPath::Spent(approval)) => rules::spent_meanwhile(run, path, approval),
        _ => rules::recorded_meanwhile(run, path),
    };
    Error::Refused(finding.into())
}
