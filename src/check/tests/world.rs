//! A repository in which one run goes its whole way, made in process: objects by our own writer,
//! refs in memory. A test changes one thing before it is signed ([`Edit`]), or one thing of what
//! stands on the refs ([`Shelf`]), and asks the checks.

use std::collections::BTreeMap;

use crate::check::push::{self, Door, Push};
use crate::check::verify::{self, Clone as Cloned, Scope};
use crate::check::{Anchor, PolicyHistory};
use crate::evidence::inventory::SUMS;
use crate::evidence::{self, Inventory, RunFiles};
use crate::facts::log::{STATE, State};
use crate::git::{CommitDraft, Repo};
use crate::record::Report;
use crate::record::commit::Person;
use crate::record::contract::ContractDraft;
use crate::record::envelope::Envelope;
use crate::record::tree::Mode;
use crate::record::{Finding, ObjectId, RefName, RepoPath, Sha256, TaskId, Timestamp};
use crate::records::*;
use crate::records::{Context, Kind, Statement};
pub use crate::rules::tests::people::{
    document, id, key, main, name, other_run, run_id, sealed, sha, signature, signers, time,
};
use crate::signing::Signer as _;
use crate::store::layout::{self, LedgerPath};
use crate::store::ledger::{Refs, spent};
use crate::store::provenance::Entry;

/// When everything happens.
pub const NOW: &str = "2026-01-10T00:00:00Z";
/// When the policies say that they were made.
const MADE: &str = "2026-01-01T00:00:00Z";
pub const SENTENCE: &str = "I approve T-1.";
pub const PACKET: &[u8] = b"the packet\n";

/// One change of what is said, made before it is signed.
pub enum Edit {
    /// Of the policy in force.
    Policy(fn(&mut String)),
    /// What makes the version before the one in force, of which there is none otherwise.
    Earlier(fn(&mut String)),
    Signers(fn(&mut String)),
    /// Everything names the first version of the policy.
    Older,
    Contract(fn(&mut ContractDraft)),
    Approval(fn(&mut ApprovalPredicate)),
    Message(fn(&mut String)),
    Evidence(fn(&mut RunFiles)),
    Run(fn(&mut RunPredicate)),
    Log(fn(&mut IndependencePredicate)),
    /// olga's override, of which there is none otherwise.
    Override(fn(&mut SelfApprovalPredicate)),
    Audit(fn(&mut ApprovalPredicate)),
    Attestation(fn(&mut AttestationPredicate)),
    Finalization(fn(&mut FinalizationPredicate)),
    /// olga's outcome, of which there is none otherwise.
    Outcome(fn(&mut OutcomePredicate)),
}

/// How far the run has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    Founded,
    Approved,
    Executed,
    Reviewed,
    Landed,
    Judged,
}

/// The files of a tree.
pub type Files = BTreeMap<String, (Mode, Vec<u8>)>;

/// What stands on the refs.
#[derive(Clone, Default)]
pub struct Shelf {
    pub governance: BTreeMap<RefName, Files>,
    pub branches: Refs,
}

impl Shelf {
    pub fn ledger(&mut self) -> &mut Files {
        self.of(layout::ledger())
    }

    pub fn of(&mut self, reference: RefName) -> &mut Files {
        self.governance.entry(reference).or_default()
    }

    /// Adds a line to the note on an object.
    pub fn note(&mut self, reference: RefName, object: ObjectId, envelope: &Envelope) {
        let note = self.of(reference).entry(object.to_string());
        let (_, text) = note.or_insert((Mode::File, Vec::new()));
        text.extend(envelope.to_bytes());
        text.push(b'\n');
    }

    pub fn put(&mut self, path: &LedgerPath, bytes: impl Into<Vec<u8>>) {
        let file = (Mode::File, bytes.into());
        self.ledger().insert(path.to_path().to_string(), file);
    }
}

/// The repository, and everything that is said in it.
pub struct World {
    dir: tempfile::TempDir,
    pub repo: Repo,
    /// The first version of the policy, and the one in force.
    pub repository: ObjectId,
    pub policy: ObjectId,
    pub base: ObjectId,
    pub commit: ObjectId,
    pub contract_blob: ObjectId,
    pub contract: Envelope,
    pub approval: Envelope,
    pub evidence: RunFiles,
    pub run: RunPredicate,
    pub run_record: Envelope,
    pub log: Envelope,
    pub overrides: Vec<Envelope>,
    pub audit: Envelope,
    pub attestation: Envelope,
    pub finalization: Envelope,
    pub finalized: FinalizationPredicate,
    pub outcomes: Vec<Envelope>,
}

macro_rules! edit {
    ($edits:expr, $kind:ident, $value:expr) => {
        for edit in $edits {
            if let Edit::$kind(edit) = edit {
                edit($value);
            }
        }
    };
}

pub fn month() -> RefName {
    layout::evidence("2026-01".parse().unwrap())
}

/// The segment to which a record belongs.
pub fn segment(envelope: &Envelope) -> RefName {
    let kind = Kind::of_payload(envelope.payload()).unwrap();
    let notes = match kind {
        Kind::Attestation => Notes::ATTESTATIONS,
        _ => Notes::APPROVALS,
    };
    let says = kind.parse(envelope.payload()).unwrap();
    layout::notes(notes.until(says.expires().unwrap()))
}

/// The segment of what expires in February.
pub fn approvals() -> RefName {
    layout::notes(Notes::APPROVALS.of("2026-02".parse().unwrap()))
}

pub fn attestations() -> RefName {
    layout::notes(Notes::ATTESTATIONS.of("2026-02".parse().unwrap()))
}

pub fn task() -> TaskId {
    TaskId::new("T-1").unwrap()
}

pub fn branch(name: &str) -> RefName {
    RefName::new(format!("refs/heads/{name}")).unwrap()
}

fn person(at: Timestamp) -> Person {
    Person {
        name: b"x".to_vec(),
        email: b"x@x".to_vec(),
        time: at.seconds(),
    }
}

/// Writes the files of a tree.
pub fn tree(repo: &Repo, files: &Files) -> ObjectId {
    let blob = |(path, (mode, bytes)): (&String, &(Mode, Vec<u8>))| {
        let id = repo.write_blob(bytes).unwrap();
        (RepoPath::from(path.as_str()), Some((*mode, id)))
    };
    let entries: Vec<_> = files.iter().map(blob).collect();
    repo.edit_tree(None, &entries).unwrap()
}

/// Writes a commit, signed if somebody is named.
pub fn commit(
    repo: &Repo,
    tree: ObjectId,
    parents: &[ObjectId],
    message: &str,
    by: Option<&str>,
) -> ObjectId {
    commit_at(repo, tree, parents, message, by, NOW)
}

fn commit_at(
    repo: &Repo,
    tree: ObjectId,
    parents: &[ObjectId],
    message: &str,
    by: Option<&str>,
    at: &str,
) -> ObjectId {
    let mut draft = CommitDraft {
        tree,
        parents: parents.to_vec(),
        author: person(time(at)),
        committer: person(time(at)),
        message: message.as_bytes().to_vec(),
        signature: None,
    };
    if let Some(by) = by {
        let payload = draft.payload(repo.hash_kind());
        let signature = key(by).sign("git", &payload).unwrap();
        draft.signature = Some(signature.to_armor().as_bytes().to_vec());
    }
    repo.write_commit(&draft).unwrap()
}

/// Returns the files of a branch, for a test to change.
pub fn sources() -> Files {
    [("README.md", "# readme\n"), ("src/a.py", "one\n")]
        .map(|(path, text)| (path.to_owned(), (Mode::File, text.as_bytes().to_vec())))
        .into()
}

/// Commits the version of the policy after these, signed by olga.
pub fn policy_commit(repo: &Repo, before: &[ObjectId], text: &str, keys: &str) -> ObjectId {
    let version = u32::try_from(before.len()).unwrap() + 1;
    let text = text.replacen("version = 1\n", &format!("version = {version}\n"), 1);
    let says = PolicyPredicate {
        allowed_signers: Sha256::of(keys.as_bytes()),
        policy: Sha256::of(text.as_bytes()),
        predecessor: before.last().copied(),
        repository: before.first().copied(),
        version,
    };
    let bare = Envelope::new(Statement::new(says).to_payload(), vec![]);
    let signed = signature("olga", Kind::Policy.namespace(), &bare.pae());
    let envelope = Envelope::new(bare.payload().to_vec(), vec![signed]);
    let files = [
        ("allowed_signers", keys.as_bytes().to_vec()),
        ("policy.dsse.json", envelope.to_bytes()),
        ("policy.toml", text.as_bytes().to_vec()),
    ];
    let files = files.map(|(path, bytes)| (path.to_owned(), (Mode::File, bytes)));
    let parents: Vec<_> = before.last().copied().into_iter().collect();
    let files = tree(repo, &files.into());
    commit_at(repo, files, &parents, "policy\n", None, MADE)
}

impl World {
    /// Tells everything: it is in order but for what the edits change.
    pub fn new(edits: &[Edit]) -> Self {
        let dir = crate::git::testing::bare();
        let repo = Repo::open(dir.path()).unwrap();

        let base = commit(&repo, tree(&repo, &sources()), &[], "Before\n", None);
        let mut text = texts::policy(base);
        edit!(edits, Policy, &mut text);
        let mut keys = signers();
        edit!(edits, Signers, &mut keys);
        let mut policies = Vec::new();
        for edit in edits {
            if let Edit::Earlier(edit) = edit {
                let mut earlier = text.clone();
                edit(&mut earlier);
                policies.push(policy_commit(&repo, &policies, &earlier, &keys));
            }
        }
        policies.push(policy_commit(&repo, &policies, &text, &keys));
        let (repository, policy) = (policies[0], policies[policies.len() - 1]);
        let older = edits.iter().any(|edit| matches!(edit, Edit::Older));
        let context = |who: &str, role: &str| Context {
            identity: name(who),
            policy: if older { repository } else { policy },
            repository,
            role: role.to_owned(),
        };

        let mut contract = texts::contract();
        edit!(edits, Contract, &mut contract);
        let contract = ContractPredicate {
            context: context("olga", "operator"),
            contract: contract.check().unwrap(),
        };
        let contract = sealed(contract, "olga");
        let contract_blob = repo.write_blob(&contract.to_bytes()).unwrap();
        let mut approval = ApprovalPredicate {
            approves: Approves::Task,
            base: Some(base),
            commit: None,
            context: context("olga", "operator"),
            contract: contract.digest(),
            expires: time("2026-02-01T00:00:00Z"),
            independence: None,
            nonce: "n1".to_owned(),
            root: None,
            run: None,
            sentence: Some(SENTENCE.to_owned()),
            task: task(),
            workflow_run_url: None,
        };
        edit!(edits, Approval, &mut approval);
        let by = approval.context.identity.clone();
        let approval = sealed(approval, by.as_str());

        let mut evidence = texts::evidence(base);
        edit!(edits, Evidence, &mut evidence);
        let sums = Inventory::of(&evidence::digests(&evidence)).unwrap();
        let root = sums.root();
        evidence.insert(RepoPath::from(SUMS), sums.to_bytes());
        let mut files = sources();
        files.insert("src/a.py".to_owned(), (Mode::File, b"two\n".to_vec()));
        let files = tree(&repo, &files);
        let mut message = format!("Align\n\nAWO-Run: run_one\nAWO-Task: T-1\nAWO-Root: {root}\n");
        edit!(edits, Message, &mut message);
        let done = commit(&repo, files, &[base], &message, Some("otto"));

        let mut run = RunPredicate {
            approvals: vec![approval.digest()],
            base,
            commit: done,
            context: context("otto", "orchestrator"),
            contract: contract.digest(),
            evidence: month(),
            gate1: None,
            reference: main(),
            root,
            run: run_id(),
            task: task(),
            tree: files,
            work: None,
        };
        edit!(edits, Run, &mut run);
        let run_record = sealed(run.clone(), "otto");
        let said = reviews::Said::new(edits, &run, &run_record, &context);
        Self {
            dir,
            repo,
            repository,
            policy,
            base,
            commit: done,
            contract_blob,
            contract,
            approval,
            evidence,
            run,
            run_record,
            log: said.log,
            overrides: said.overrides,
            audit: said.audit,
            attestation: said.attestation,
            finalization: sealed(said.finalized.clone(), "otto"),
            finalized: said.finalized,
            outcomes: said.outcomes,
        }
    }
}

mod logged;
mod reviews;
mod stages;
mod texts;
pub use logged::judged_by_log;
pub use stages::*;
