//! The sandbox as the end-to-end tests use it: what goes wrong ends the test.
//!
//! Its stages are kept below the target directory until the program changes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use git_awo::actor::Actor;
use git_awo::git::Repo;
use git_awo::record::tree::Mode;
use git_awo::record::{ObjectId, RefName, RepoPath, Sha256};
use git_awo::sandbox::{self, Setting, Stage, Stages};
use git_awo::store::additions::since;
use git_awo::store::layout;
use git_awo::sys::scratch;
use tempfile::TempDir;

pub use git_awo::sandbox::{AGENT, PACKET, RUN, SENTENCE, TASK, confining};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_git-awo");

/// Fills git's index with all that stands in the ledger, for scripts that write another.
pub const READ_LEDGER: &str = r"git read-tree --empty; \
    git log --format= --raw --no-abbrev --diff-filter=A --no-renames refs/awo/ledger | \
    sed 's/^:[0-9]* \([0-9]*\) [0-9a-f]* \([0-9a-f]*\) A/\1 \2/' | git update-index --index-info";

/// A world; it goes away with the value.
pub struct World {
    world: sandbox::World,
    directory: TempDir,
}

/// What a command did.
pub struct Done {
    pub code: i32,
    pub text: String,
}

impl World {
    /// The server has a policy and an adopted main; all three have clones that trust it.
    pub fn founded() -> Self {
        Self::at(Stage::Founded)
    }

    /// The same, with another kind of object ids.
    pub fn founded_as(objects: &'static str) -> Self {
        Self::founded_in(Setting {
            objects,
            ..Setting::LIVE
        })
    }

    /// Returns the files that stand in the ledger of a repository: their paths and their bytes.
    pub fn ledger_of(&self, place: &str) -> Vec<(String, Vec<u8>)> {
        let repo = Repo::open(&self.path(place)).unwrap();
        let tip = repo.reference(&layout::ledger()).unwrap().unwrap();
        let files = since(&repo, None, tip).unwrap();
        let file =
            |(path, _, id): (RepoPath, Mode, ObjectId)| (path.to_string(), repo.blob(id).unwrap());
        files.into_iter().map(file).collect()
    }

    /// Writes or removes files on a ref of a clone, past every check: see [`sandbox::forge::edit`].
    pub fn forge(&self, who: &str, reference: &RefName, edits: &[(&str, Option<&[u8]>)]) {
        let actor = Actor::open(&self.path(who)).unwrap();
        sandbox::forge::edit(&actor.repo, &actor.author(), reference, edits).unwrap();
    }

    /// otto finalizes the run and pushes, and a fresh clone verifies.
    #[track_caller]
    pub fn finalize_and_verify(&self) {
        self.ok("otto", "otto", &["git", "awo", "fetch"]);
        self.ok("otto", "otto", &["git", "awo", "finalize", RUN]);
        self.ok("otto", "otto", &["git", "awo", "push"]);
        self.fresh_clone();
        self.ok("vera", "vera", &["git", "awo", "verify"]);
    }

    /// Another world like it, with other keys.
    pub fn founded_anew() -> Self {
        Self::founded_in(Setting {
            secret: [1; 32],
            ..Setting::LIVE
        })
    }

    /// olga's contract is approved and pushed.
    pub fn approved() -> Self {
        Self::at(Stage::Approved)
    }

    /// otto has executed it and pushed the records.
    pub fn executed() -> Self {
        Self::at(Stage::HandedOver)
    }

    /// rita has reviewed, approved and attested it, and pushed.
    pub fn attested() -> Self {
        Self::at(Stage::Attested)
    }

    /// otto has finalized it, and not pushed yet.
    pub fn finalized() -> Self {
        Self::at(Stage::Finalized)
    }

    /// The governed push has landed, and every clone is up to date.
    pub fn landed() -> Self {
        Self::at(Stage::Landed)
    }

    /// olga has rejected the result, and pushed that.
    pub fn rejected() -> Self {
        Self::at(Stage::Rejected)
    }

    fn at(stage: Stage) -> Self {
        static STAGES: LazyLock<Stages> = LazyLock::new(kept);
        let directory = scratch::directory().unwrap();
        let world = STAGES.copy(stage, directory.path()).unwrap();
        Self { world, directory }.indexed_or_not()
    }

    fn founded_in(setting: Setting) -> Self {
        let directory = scratch::directory().unwrap();
        let program = Path::new(PROGRAM);
        let world = sandbox::World::new(directory.path(), program, setting).unwrap();
        world.found().unwrap();
        Self { world, directory }.indexed_or_not()
    }

    /// With `AWO_TEST_INDEX=off` in the environment of the tests, no repository can have an index of
    /// its ledger: nothing may depend on one.
    fn indexed_or_not(self) -> Self {
        if std::env::var_os("AWO_TEST_INDEX").is_some_and(|it| it == "off") {
            for place in ["olga/.git", "otto/.git", "rita/.git", "server.git"] {
                let index = self.path(place).join("awo-index");
                if let Ok(true) = index.parent().unwrap().try_exists() {
                    let _ = std::fs::remove_dir_all(&index);
                    std::fs::write(index, "").unwrap();
                }
            }
        }
        self
    }

    /// Lets this clone have an index, also where none may have one.
    pub fn with_index(&self, place: &str) {
        let _ = std::fs::remove_file(self.path(place).join("awo-index"));
    }

    /// otto executes the task in this clone of his, under this name.
    #[track_caller]
    pub fn executes(&self, place: &str, run: &str) {
        let words = [
            "git", "awo", "run", TASK, "--run-id", run, "--", "sh", "-c", AGENT,
        ];
        self.ok("otto", place, &words);
    }

    /// otto executes a task by a script of his, under this name.
    #[track_caller]
    pub fn executes_by(&self, run: &str, task: &str, script: &str) {
        let words = [
            "git", "awo", "run", task, "--run-id", run, "--", "sh", "-c", script,
        ];
        self.ok("otto", "otto", &words);
    }

    /// Somebody writes a contract for anything below `src/`.
    #[track_caller]
    pub fn writes_a_contract(&self, who: &str, task: &str) {
        let words = [
            "git",
            "awo",
            "task",
            "new",
            task,
            "--task",
            "it",
            "--allow",
            "src/",
            "--validate",
            "true",
        ];
        self.ok(who, who, &words);
    }

    /// Another world in which everything is the same so far.
    pub fn copied(&self) -> Self {
        let directory = scratch::directory().unwrap();
        let world = self.world.copy(directory.path()).unwrap();
        Self { world, directory }
    }

    /// Copies the world without the directories and files at its top for whose names this holds.
    pub fn copy_without(&self, left: impl Fn(&str) -> bool) -> Self {
        let copy = self.copied();
        for entry in std::fs::read_dir(copy.directory.path()).unwrap() {
            let entry = entry.unwrap();
            if left(entry.file_name().to_str().unwrap()) {
                std::fs::remove_dir_all(entry.path()).unwrap();
            }
        }
        copy
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join(below)
    }

    pub fn write(&self, below: &str, text: impl AsRef<[u8]>) {
        let path = self.path(below);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Returns a command in this world as this person; `git awo` is the program under test.
    pub fn command(&self, who: &str, place: &str, words: &[&str]) -> Command {
        self.world.command(who, place, words)
    }

    pub fn run(&self, who: &str, place: &str, words: &[&str]) -> Done {
        let done = self.world.run(who, place, words).unwrap();
        let mut text = String::from_utf8_lossy(&done.stdout).into_owned();
        text.push_str(&String::from_utf8_lossy(&done.stderr));
        Done {
            code: done.code,
            text,
        }
    }

    /// Runs a command that must succeed; returns what it printed.
    #[track_caller]
    pub fn ok(&self, who: &str, place: &str, words: &[&str]) -> String {
        let done = self.run(who, place, words);
        assert_eq!(
            done.code,
            0,
            "{who}:{place}$ {}\n{}",
            words.join(" "),
            done.text
        );
        done.text
    }

    /// Runs a command that must fail with this taxonomy code.
    #[track_caller]
    pub fn refused(&self, who: &str, place: &str, words: &[&str], code: &str) -> String {
        let done = self.run(who, place, words);
        assert_ne!(
            done.code,
            0,
            "{who}:{place}$ {} should be refused\n{}",
            words.join(" "),
            done.text
        );
        assert!(
            done.text.contains(code),
            "{who}:{place}$ {} should say {code}\n{}",
            words.join(" "),
            done.text
        );
        done.text
    }

    /// Pushes with plain git, past the client's hooks; the server must refuse with this code, and
    /// nothing may have moved there.
    #[track_caller]
    pub fn push_refused(&self, who: &str, refspecs: &[&str], code: &str) -> String {
        let before = self.server();
        let mut words = vec!["git", "push", "--no-verify", "--atomic", "origin"];
        words.extend(refspecs);
        let text = self.refused(who, who, &words, code);
        assert_eq!(self.server(), before, "nothing moved on the server");
        text
    }

    /// Pushes with plain git, past the client's hooks; the server must accept.
    #[track_caller]
    pub fn push_accepted(&self, who: &str, refspecs: &[&str]) -> String {
        let mut words = vec!["git", "push", "--no-verify", "--atomic", "origin"];
        words.extend(refspecs);
        self.ok(who, who, &words)
    }

    /// Returns the one ref in which a repository has its `approvals` or its `attestations`.
    #[track_caller]
    pub fn notes(&self, place: &str, which: &str) -> String {
        let who = place.strip_suffix(".git").unwrap_or(place);
        let below = format!("refs/notes/awo/{which}");
        let list = ["git", "for-each-ref", "--format=%(refname)", &below];
        let listed = self.ok(who, place, &list);
        let names: Vec<_> = listed.lines().collect();
        assert_eq!(names.len(), 1, "{which} in one segment: {names:?}");
        names[0].to_owned()
    }

    /// Returns every ref of the server and where it is.
    pub fn server(&self) -> String {
        self.ok(
            "server",
            "server.git",
            &["git", "for-each-ref", "--format=%(refname) %(objectname)"],
        )
    }

    /// Returns the object that a revision names.
    #[track_caller]
    pub fn rev(&self, place: &str, revision: &str) -> String {
        let who = if place.ends_with(".git") {
            "server"
        } else {
            place
        };
        self.ok(who, place, &["git", "rev-parse", "--verify", revision])
            .trim()
            .to_owned()
    }

    /// Commits everything in a clone, past the client's hooks.
    #[track_caller]
    pub fn commit(&self, who: &str, message: &str) -> String {
        self.ok(who, who, &["git", "add", "-A"]);
        self.ok(
            who,
            who,
            &[
                "git",
                "commit",
                "--quiet",
                "--no-verify",
                "--allow-empty",
                "-m",
                message,
            ],
        );
        self.rev(who, "HEAD")
    }

    /// Clones the server afresh as `vera`, with the records, trusting olga's key.
    pub fn fresh_clone(&self) {
        let _ = std::fs::remove_dir_all(self.path("vera"));
        self.world.fresh_clone().unwrap();
    }

    /// Puts the next policy into force: the same with `edit` applied, and these signers.
    #[track_caller]
    pub fn next_policy(
        &self,
        version: u32,
        signers: Option<&str>,
        edit: impl FnOnce(String) -> String,
    ) {
        self.world.next_policy(version, signers, edit).unwrap();
    }

    /// Returns the fingerprint of olga's key.
    pub fn fingerprint(&self) -> String {
        self.world.fingerprint("olga").unwrap()
    }

    /// Verifies the fresh clone; it must fail with this code.
    #[track_caller]
    pub fn verify_finds(&self, code: &str) -> String {
        let done = self.run("vera", "vera", &["git", "awo", "verify", "--json"]);
        assert_eq!(done.code, 1, "verify finds it\n{}", done.text);
        assert!(
            done.text.contains(&format!("\"{code}\"")),
            "verify says {code}\n{}",
            done.text
        );
        done.text
    }
}

/// Returns the policy of these worlds with a version, the adopted tip, and more entries.
pub fn policy(version: u32, tip: &str, more: &str) -> String {
    Setting::LIVE.policy(version, tip, more)
}

/// The stages made by this very program today: an approval counts for some days only.
fn kept() -> Stages {
    let program = Path::new(PROGRAM);
    let git = Command::new("git").arg("--version").output().unwrap();
    let today = jiff::Timestamp::now().as_second() / 86_400;
    let key = [
        Sha256::of(&std::fs::read(program).unwrap()).to_string(),
        PROGRAM.to_owned(),
        String::from_utf8(git.stdout).unwrap(),
        today.to_string(),
    ];
    let key = Sha256::of(key.join("\n").as_bytes()).to_string();
    let all = Path::new(env!("CARGO_TARGET_TMPDIR")).join("worlds");
    for other in std::fs::read_dir(&all).into_iter().flatten().flatten() {
        // Another process of an older program makes what it needs again.
        if other.file_name() != key.as_str() {
            let _ = std::fs::remove_dir_all(other.path());
        }
    }
    Stages::new(&all.join(key), program, Setting::LIVE)
}
