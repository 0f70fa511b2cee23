//! A repository under a policy, with a contract that olga has approved and otto may run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::actor::Actor;
use crate::check::PolicyHistory;
use crate::git::{CommitDraft, Expected, RefUpdate, Repo};
use crate::record::commit::Person;
use crate::record::contract::{
    ActionName, Admission, Contract, ContractDraft, PacketKind, SCHEMA, Target,
};
use crate::record::envelope::{Envelope, EnvelopeSignature, pae};
use crate::record::tree::Mode;
use crate::record::{Code, Findings, ObjectId, RefName, RepoPath, RunId, Sha256, TaskId};
use crate::records::{
    ApprovalPredicate, Approves, ContractPredicate, Kind, Notes, PolicyPredicate, Statement,
};
use crate::run::{Error, RunDone, RunEnvironment, RunRequest, leftovers, run};
use crate::signing::{self, Signer as _};
use crate::store::batch::Batch;
use crate::store::layout;
use crate::store::ledger::{Records, Refs};

/// A moment before all runs: nothing in these repositories depends on the clock.
const LONG_AGO: i64 = 1_700_000_000;

pub(super) struct World {
    dir: TempDir,
    pub(super) repo: PathBuf,
    pub(super) contract: ContractDraft,
}

/// Returns whether this process runs one test only, with a home and a directory for temporary files of
/// its own. If not, it lets another one do so.
pub(super) fn is_alone(here: &str) -> bool {
    const ALONE: &str = "AWO_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let (_, name) = here.split_once("::").unwrap();
    let name = name.strip_suffix("::here").unwrap();
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", name, "--nocapture"]).env(ALONE, "1");
    let directory = || crate::sys::scratch::directory().unwrap();
    let (home, temporary) = (directory(), directory());
    again
        .env("HOME", home.path())
        .env("TMPDIR", temporary.path())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env_remove("GIT_CONFIG_GLOBAL")
        .env_remove("XDG_CONFIG_HOME");
    let output = again.output().unwrap();
    let said = [output.stdout, output.stderr].map(|it| String::from_utf8_lossy(&it).into_owned());
    assert!(output.status.success(), "{}", said.concat());
    assert!(said[0].contains("1 passed"), "{name} is a test");
    false
}

impl World {
    /// A world in which a run can begin.
    pub(super) fn new() -> Self {
        let world = Self::bare("FULL_HUMAN");
        world.store_contract();
        world.approve();
        world
    }

    /// A world with a policy of this level, without contract and approval.
    pub(super) fn bare(level: &str) -> Self {
        Self::of(level, "sha1")
    }

    /// The same in a repository whose objects are named by this hash function.
    pub(super) fn of(level: &str, format: &str) -> Self {
        let dir = crate::sys::scratch::directory().unwrap();
        let repo = dir.path().join("repo");
        std::fs::create_dir(&repo).unwrap();
        let world = Self {
            dir,
            repo,
            contract: contract(),
        };
        let format = format!("--object-format={format}");
        world.git(&["init", "-q", "-b", "main", &format]);
        world.git(&["config", "user.name", "Otto"]);
        world.git(&["config", "user.email", "otto@example.org"]);
        world.write("src/a.txt", "one\n");
        world.write("src/b.txt", "two\n");
        world.write("README.md", "read me\n");
        world.write(".gitignore", "*.ignored\n");
        world.git(&["add", "."]);
        world.git(&["commit", "-q", "-m", "base"]);
        for (person, seed) in [("olga", 1), ("otto", 2), ("rita", 3)] {
            signing::generate_ed25519(&world.key(person), person, [seed; 32]).unwrap();
        }
        world.store_policy(level);
        world
    }

    pub(super) fn key(&self, person: &str) -> PathBuf {
        self.dir.path().join(person)
    }

    pub(super) fn outside(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git")
            .current_dir(&self.repo)
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.dir.path())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_AUTHOR_DATE", format!("{LONG_AGO} +0000"))
            .env("GIT_COMMITTER_DATE", format!("{LONG_AGO} +0000"))
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {args:?}: {stderr}");
        String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned()
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.repo.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(super) fn actor(&self, person: &str) -> Actor {
        let repo = Repo::open(&self.repo).unwrap();
        Actor::of(repo).with_key(&self.key(person))
    }

    fn somebody(&self) -> Person {
        Person {
            name: b"Somebody".to_vec(),
            email: b"somebody@example.org".to_vec(),
            time: LONG_AGO,
        }
    }

    fn store_policy(&self, level: &str) {
        let mut text = format!("schema = \"awo.policy/1\"\nversion = 1\nlevel = \"{level}\"\n");
        text.push_str("[roots]\nthreshold = 1\nidentities = [\"olga\"]\n");
        let mut signers = String::new();
        for (person, role) in [
            ("olga", "operator"),
            ("otto", "orchestrator"),
            ("rita", "reviewer"),
        ] {
            text.push_str(&format!(
                "[[identity]]\nname = \"{person}\"\nroles = [\"{role}\"]\n"
            ));
            let key = signing::FileKey::open(&self.key(person)).unwrap();
            signers.push_str(&format!("{person} {}\n", key.public_key().to_line()));
        }
        text.push_str("[[ref]]\npattern = \"refs/heads/main\"\naccept = [\"governed\"]\n");
        let predicate = PolicyPredicate {
            allowed_signers: Sha256::of(signers.as_bytes()),
            policy: Sha256::of(text.as_bytes()),
            predecessor: None,
            repository: None,
            version: 1,
        };
        let payload = Statement::new(predicate).to_payload();
        let key = signing::FileKey::open(&self.key("olga")).unwrap();
        let signature = key.sign(Kind::Policy.namespace(), &pae(&payload)).unwrap();
        let signature = EnvelopeSignature {
            keyid: key.public_key().fingerprint().to_owned(),
            sig: signature.to_blob().to_vec(),
        };
        let envelope = Envelope::new(payload, vec![signature]).to_bytes();
        let repo = Repo::open(&self.repo).unwrap();
        let file = |name: &str, bytes: &[u8]| {
            let blob = repo.write_blob(bytes).unwrap();
            (RepoPath::from(name), Some((Mode::File, blob)))
        };
        let edits = [
            file("policy.toml", text.as_bytes()),
            file("allowed_signers", signers.as_bytes()),
            file("policy.dsse.json", &envelope),
        ];
        let draft = CommitDraft {
            tree: repo.edit_tree(None, &edits).unwrap(),
            parents: Vec::new(),
            author: self.somebody(),
            committer: self.somebody(),
            message: b"policy\n".to_vec(),
            signature: None,
        };
        let update = RefUpdate {
            name: layout::policy(),
            expected: Expected::Absent,
            new: Some(repo.write_commit(&draft).unwrap()),
        };
        repo.update_refs(&[update], "policy").unwrap();
    }

    pub(super) fn store_contract(&self) {
        let olga = self.actor("olga");
        let history = olga.history().unwrap();
        let predicate = ContractPredicate {
            context: olga.context_as(&history, "olga".parse().unwrap(), "operator"),
            contract: Contract::try_from(self.contract.clone()).unwrap(),
        };
        let path = Kind::Contract.of(&self.contract.id);
        let batch = Batch::new("contract").record(&path, &olga.sign(predicate).unwrap());
        batch.commit(&olga.repo, &self.somebody()).unwrap();
    }

    pub(super) fn approve(&self) {
        self.approve_with(|_| ());
    }

    /// Approves the contract on the branch as it is, changed as the test wants.
    pub(super) fn approve_with(&self, change: impl FnOnce(&mut ApprovalPredicate)) {
        let olga = self.actor("olga");
        let history = olga.history().unwrap();
        let refs = olga.refs().unwrap();
        let records = Records::open(&olga.repo, &refs).unwrap();
        let task = &self.contract.id;
        let envelope = records.envelope(&Kind::Contract.of(task));
        let blob = records.contract_blob(task).unwrap().unwrap();
        let mut approval = ApprovalPredicate {
            approves: Approves::Task,
            base: refs.get(&self.contract.target_ref).copied(),
            commit: None,
            context: olga.context_as(&history, "olga".parse().unwrap(), "operator"),
            contract: envelope.unwrap().unwrap().digest(),
            expires: "2099-01-01T00:00:00Z".parse().unwrap(),
            independence: None,
            nonce: "n1".to_owned(),
            root: None,
            run: None,
            sentence: Some(self.contract.approval_sentence.clone()),
            task: task.clone(),
            workflow_run_url: None,
        };
        change(&mut approval);
        let segment = Notes::APPROVALS.until(approval.expires);
        let batch = Batch::new("approval").note(segment, blob, olga.sign(approval).unwrap());
        batch.commit(&olga.repo, &self.somebody()).unwrap();
    }

    /// A script that finds the repository which is governed as `$real`.
    pub(super) fn script(&self, script: &str) -> String {
        format!("real='{}/.git'\n{script}", self.repo.display())
    }

    pub(super) fn request(&self, script: &str) -> RunRequest {
        let script = self.script(script);
        RunRequest {
            assisted: Vec::new(),
            task: self.contract.id.clone(),
            run: Some(RunId::new("run_1").unwrap()),
            command: ["sh", "-e", "-c", &script].map(OsString::from).into(),
            pre_work: None,
            environment: RunEnvironment {
                allow_run: Some("1".to_owned()),
                stage: None,
                program: None,
            },
        }
    }

    /// Lets otto run a script.
    pub(super) fn run(&self, script: &str) -> Result<RunDone, Error> {
        run(&self.actor("otto"), &self.request(script))
    }

    /// Lets otto run a script by an approval of its own, under a name of its own.
    pub(super) fn run_again(&self, script: &str) -> Result<RunDone, Error> {
        let digest = Sha256::of(script.as_bytes()).to_string();
        self.approve_with(|approval| approval.nonce = digest.clone());
        let mut request = self.request(script);
        request.run = Some(RunId::new(format!("run_{digest}")).unwrap());
        run(&self.actor("otto"), &request)
    }

    /// Asserts that a run is refused with these codes and rules, and leaves no trace.
    pub(super) fn assert_refused(&self, script: &str, expected: &[(Code, &str)]) {
        self.assert_request_refused(&self.request(script), expected);
    }

    pub(super) fn assert_request_refused(&self, request: &RunRequest, expected: &[(Code, &str)]) {
        let before = self.refs();
        let findings = refusal(run(&self.actor("otto"), request));
        let found: Vec<_> = findings
            .iter()
            .map(|finding| (finding.code, finding.rule.as_str()))
            .collect();
        assert_eq!(found, expected, "{findings:#?}");
        assert_eq!(self.refs(), before);
        self.assert_clean();
    }

    /// Asserts that nothing of a run's place is left.
    pub(super) fn assert_clean(&self) {
        let worktrees = self.git(&["worktree", "list", "--porcelain"]);
        assert_eq!(worktrees.matches("worktree ").count(), 1, "{worktrees}");
        assert!(!self.repo.join(".git/worktrees").exists());
        assert!(leftovers(&self.repo.join(".git").canonicalize().unwrap()).is_empty());
    }

    /// Every ref but those that the scripts of the tests make.
    pub(super) fn refs(&self) -> Refs {
        let mut refs = self.actor("otto").refs().unwrap();
        refs.retain(|name, _| !name.as_str().contains("/x"));
        refs
    }

    pub(super) fn history(&self) -> PolicyHistory {
        self.actor("otto").history().unwrap()
    }

    pub(super) fn id(&self, revision: &str) -> ObjectId {
        self.git(&["rev-parse", "--verify", revision])
            .parse()
            .unwrap()
    }
}

pub(super) fn refusal(result: Result<RunDone, Error>) -> Findings {
    match result {
        Err(Error::Refused(why)) => why.findings(),
        other => panic!("not refused: {other:?}"),
    }
}

/// Waits for a file that another thread or process makes.
pub(super) fn wait_for(path: &Path) {
    while !path.exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

fn contract() -> ContractDraft {
    ContractDraft {
        schema: SCHEMA.to_owned(),
        id: TaskId::new("TASK-1").unwrap(),
        base_task_id: None,
        title: Some("Mend the sources".to_owned()),
        task: "Mend them.".to_owned(),
        target: Target {
            locator: "/somewhere".to_owned(),
            admission: Admission {
                status: "admitted".to_owned(),
                ..Admission::default()
            },
        },
        target_ref: RefName::new("refs/heads/main").unwrap(),
        base: None,
        allowed_paths: vec!["src/".to_owned()],
        forbidden_paths: vec!["*.secret".to_owned()],
        forbidden_actions: vec![ActionName::Push, ActionName::ForcePush],
        out_of_scope: Vec::new(),
        success_criteria: vec!["it is mended".to_owned()],
        validation_command: Some("grep -q three src/a.txt && echo passed".to_owned()),
        validation_steps: Vec::new(),
        rollback: vec!["revert the commit".to_owned()],
        approval_sentence: "I approve the mending.".to_owned(),
        gate1: Default::default(),
        evidence: Vec::new(),
        stage: None,
        status: None,
        risk_tier: None,
        requestor: None,
        user_signature: None,
        lineage: Vec::new(),
        waivers: Vec::new(),
        extra: Default::default(),
        packet_kind: PacketKind::Toml,
        source_sha256: Sha256::of(b"packet"),
        not_understood: Vec::new(),
        supplied: Vec::new(),
        skeleton: false,
        post_work: false,
        cell: Default::default(),
        ceiling: Default::default(),
        determinism: None,
        packet: None,
        notices: Vec::new(),
        execution_gate: None,
    }
}
