//! The corpus: a server with hooks, and a history of signed commits to push to it.
//!
//! Everything is deterministic but the server's key: 2,000 or 5,000 files in nested folders, and commits
//! that touch three of them each, or merge two that do, signed by five persons in turn.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use git_awo::git::{CommitDraft, Repo};
use git_awo::record::commit::Person;
use git_awo::record::{HashKind, ObjectId};
use git_awo::signing::{FileKey, Signer as _, generate_ed25519};

use crate::world::PROGRAM;

/// The branch that is pushed to; any of the persons may write anything on it.
pub const BRANCH: &str = "refs/heads/wip/bench";

const PERSONS: [&str; 5] = ["olga", "otto", "rita", "sven", "tina"];
const COMMITS: usize = 10_000;
const LINES: usize = 24;
/// When the base was committed; a commit follows every minute.
const EPOCH: i64 = 1_700_000_000;
/// The tips that are pushed.
const TIPS: [usize; 4] = [1, 100, 1_000, COMMITS];

/// What the history is like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One line of commits to 2,000 files.
    Line,
    /// To 5,000 files; two of five commits are merges, of lines that parted up to five commits before.
    Merges,
}

impl Shape {
    fn files(self) -> usize {
        match self {
            Shape::Line => 2_000,
            Shape::Merges => 5_000,
        }
    }

    /// Returns the parents of a commit, as numbers of commits. The base is 0.
    fn parents(self, at: usize) -> Vec<usize> {
        let Some(before) = at.checked_sub(1) else {
            return Vec::new();
        };
        // Of five: two that part from each other, their merge, one that parts from the first of them, and a merge
        // of both.
        let back = match (self, before % 5) {
            (Shape::Merges, 1) => &[2][..],
            (Shape::Merges, 2) => &[2, 1],
            (Shape::Merges, 3) => &[3],
            (Shape::Merges, 4) => &[2, 1],
            _ => &[1],
        };
        back.iter().map(|back| at.saturating_sub(*back)).collect()
    }
}

/// A directory with the server (`server.git`), and a clone without hooks (`client.git`) that has
/// the history: `refs/bench/N` is `N` commits above what the server has.
pub struct Corpus {
    directory: PathBuf,
    shape: Shape,
    _temporary: Option<assert_fs::TempDir>,
}

impl Corpus {
    /// Builds the corpus, or takes up the one that `AWO_BENCH_KEEP` names.
    pub fn build(shape: Shape) -> Self {
        let (directory, temporary) = match std::env::var_os("AWO_BENCH_KEEP") {
            Some(kept) => {
                let name = if shape == Shape::Line { "" } else { "merges" };
                let directory = PathBuf::from(kept).join(name);
                std::fs::create_dir_all(&directory).unwrap();
                (directory, None)
            }
            None => {
                let temporary = assert_fs::TempDir::new().unwrap();
                (temporary.path().to_owned(), Some(temporary))
            }
        };
        let corpus = Self {
            directory,
            shape,
            _temporary: temporary,
        };
        if !corpus.path("done").exists() {
            corpus.found();
            std::fs::write(corpus.path("done"), "").unwrap();
        }
        corpus
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.directory.join(below)
    }

    fn command(&self, who: &str, place: &str, words: &[&str]) -> Command {
        let mut command = match words {
            ["git", "awo", rest @ ..] => {
                let mut command = Command::new(PROGRAM);
                command.args(rest);
                command
            }
            [program, rest @ ..] => {
                let mut command = Command::new(program);
                command.args(rest);
                command
            }
            [] => panic!("an empty command"),
        };
        command
            .current_dir(self.path(place))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.path("home").join(who))
            .env("LC_ALL", "C.UTF-8")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command that must succeed; returns what it printed.
    pub fn ok(&self, who: &str, place: &str, words: &[&str]) -> String {
        let output = self.command(who, place, words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}\n{said}", words.join(" "));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Makes `after-1.git` and `after-21.git`: the server after so many changes of the policy.
    pub fn change_policies(&self) {
        if self.path("after-21.git").exists() {
            return;
        }
        self.ok("server", ".", &["cp", "-a", "server.git", "before.git"]);
        for change in 1..=21 {
            let text = self.ok("olga", "olga", &["git", "awo", "policy", "show"]);
            let (now, next) = (format!("version = {change}"), change + 1);
            let text = text.replacen(&now, &format!("version = {next}"), 1);
            std::fs::write(self.path("next.toml"), text).unwrap();
            let propose = ["git", "awo", "policy", "propose", "../next.toml"];
            self.ok("olga", "olga", &propose);
            self.ok("olga", "olga", &["git", "awo", "policy", "apply"]);
            let push = ["git", "push", "-q", "--no-verify", "origin"];
            let refs = ["refs/awo/policy", "refs/awo/ledger"];
            self.ok("olga", "olga", &[&push[..], &refs].concat());
            let name = format!("after-{change}.git");
            if change == 1 || change == 21 {
                self.ok("server", "server.git", &["git", "repack", "-q", "-a", "-d"]);
                self.ok("server", ".", &["cp", "-a", "server.git", &name]);
            }
        }
        self.ok("server", ".", &["rm", "-rf", "server.git"]);
        self.ok("server", ".", &["mv", "before.git", "server.git"]);
    }

    /// Copies the prepared server to `run.git`.
    pub fn fresh_server(&self) {
        self.copy_of("server.git");
    }

    /// Copies a prepared server to `run.git`.
    pub fn copy_of(&self, server: &str) {
        self.ok("server", ".", &["rm", "-rf", "run.git"]);
        self.ok("server", ".", &["cp", "-a", server, "run.git"]);
        // What was just copied must not be written back while somebody measures.
        self.ok("server", ".", &["sync", "-f", "run.git"]);
    }

    /// Sees to it that a push landed, and that the hooks were there only if they should be.
    pub fn expect_pushed(&self, n: usize, hooks: bool) {
        let at = |place: &str, name: &str| self.ok("server", place, &["git", "rev-parse", name]);
        let wanted = at("client.git", &format!("refs/bench/{n}"));
        assert_eq!(at("run.git", BRANCH), wanted);
        let moved = at("run.git", "refs/awo/log") != at("server.git", "refs/awo/log");
        assert_eq!(moved, hooks, "a receipt is written by the hooks alone");
    }

    fn found(&self) {
        let mut signers = String::new();
        let mut keys = Vec::new();
        for (seed, name) in (1u8..).zip(PERSONS) {
            self.person(name);
            let path = self.path(&format!("home/{name}/key"));
            let key = generate_ed25519(&path, name, [seed; 32]).unwrap();
            writeln!(signers, "{name} {}", key.to_line()).unwrap();
            keys.push(FileKey::open(&path).unwrap());
        }
        self.person("server");
        self.ok(
            "server",
            ".",
            &["git", "init", "-q", "--bare", "server.git"],
        );
        for (key, value) in [("receive.autogc", "false"), ("gc.auto", "0")] {
            self.ok("server", "server.git", &["git", "config", key, value]);
        }
        let anchor = keys[0].public_key().fingerprint().to_owned();
        let init = ["git", "awo", "--json", "init", "--server", "--anchor"];
        let made = self.ok("server", "server.git", &[&init[..], &[&anchor]].concat());
        let made: serde_json::Value = serde_json::from_str(&made).unwrap();
        writeln!(signers, "server {}", made["server_key"].as_str().unwrap()).unwrap();

        self.ok("olga", ".", &["git", "clone", "-q", "server.git", "olga"]);
        let tips = self.history(&keys);
        let base = tips[0].to_string();
        self.ok("olga", "olga", &["git", "reset", "-q", "--hard", &base]);
        std::fs::write(self.path("policy.toml"), policy(&base)).unwrap();
        std::fs::write(self.path("signers"), signers).unwrap();
        let files = [
            "--policy",
            "../policy.toml",
            "--allowed-signers",
            "../signers",
        ];
        self.ok(
            "olga",
            "olga",
            &[&["git", "awo", "init"], &files[..]].concat(),
        );
        let push = ["git", "push", "-q", "--no-verify", "origin"];
        let start = format!("main:{BRANCH}");
        for refspecs in [&["refs/awo/policy"][..], &["main"], &[&start]] {
            self.ok("olga", "olga", &[&push[..], refspecs].concat());
        }

        self.ok(
            "olga",
            ".",
            &["git", "clone", "-q", "--bare", "olga", "client.git"],
        );
        let repack = ["git", "repack", "-q", "-a", "-d", "-f"];
        for (n, tip) in TIPS.iter().zip(&tips[1..]) {
            let (name, tip) = (format!("refs/bench/{n}"), tip.to_string());
            self.ok("olga", "olga", &["git", "update-ref", &name, &tip]);
            let fetch = ["git", "fetch", "-q", "../olga"];
            self.ok(
                "olga",
                "client.git",
                &[&fetch[..], &[&format!("{name}:{name}")]].concat(),
            );
        }
        self.ok("olga", "client.git", &repack);
        self.ok("server", "server.git", &repack);
    }

    fn person(&self, name: &str) {
        let config = format!(
            "[user]\n\tname = {name}\n\temail = {name}@example.org\n\tsigningkey = ~/key\n\
             [gpg]\n\tformat = ssh\n[commit]\n\tgpgsign = true\n[init]\n\tdefaultBranch = main\n\
             [gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n"
        );
        let home = self.path("home").join(name);
        std::fs::create_dir_all(&home).unwrap();
        std::fs::write(home.join(".gitconfig"), config).unwrap();
    }

    /// Writes the history; returns the base and the tips.
    fn history(&self, keys: &[FileKey]) -> Vec<ObjectId> {
        self.unsigned();
        let repo = Repo::open(&self.path("olga")).unwrap();
        let marks = std::fs::read_to_string(self.path("marks")).unwrap();
        let marked = |line: &str| {
            let (mark, id) = line.split_once(' ').unwrap();
            let at: usize = mark[1..].parse().unwrap();
            (at, id.parse::<ObjectId>().unwrap())
        };
        let by_mark: BTreeMap<usize, ObjectId> = marks.lines().map(marked).collect();
        let mut tips = Vec::new();
        let mut made: Vec<ObjectId> = Vec::new();
        for (at, unsigned) in by_mark.into_values().enumerate() {
            let who = at % PERSONS.len();
            let parents = self.shape.parents(at).into_iter().map(|it| made[it]);
            let tree = repo.tree_of(unsigned).unwrap();
            let draft = draft(at, tree, parents.collect(), PERSONS[who]);
            let payload = draft.payload(HashKind::Sha1);
            let signature = keys[who].sign("git", &payload).unwrap().to_armor();
            let signature = Some(signature.into_bytes());
            let id = repo
                .write_commit(&CommitDraft { signature, ..draft })
                .unwrap();
            if at == 0 || TIPS.contains(&at) {
                tips.push(id);
            }
            made.push(id);
        }
        assert_eq!(tips.len(), TIPS.len() + 1, "all commits are there");
        tips
    }

    /// Lets git write the files, in commits that serve only to hold their trees.
    fn unsigned(&self) {
        let mut import = String::new();
        let mut numbers = Numbers(1);
        let files = self.shape.files();
        // What each commit changed, and against which one.
        let mut changed: Vec<Vec<usize>> = Vec::new();
        for at in 0..=COMMITS {
            let time = EPOCH + 60 * at as i64;
            let mark = at + 1;
            writeln!(
                import,
                "commit refs/heads/unsigned\nmark :{mark}\ncommitter x <x> {time} +0000\ndata 0"
            )
            .unwrap();
            let parents = self.shape.parents(at);
            for (word, parent) in ["from", "merge"].iter().zip(&parents) {
                writeln!(import, "{word} :{}", parent + 1).unwrap();
            }
            let touched: Vec<usize> = match parents.as_slice() {
                [] => (0..files).collect(),
                // All that parted from the first one changed these, and no other line did.
                [_, other] => changed[*other].clone(),
                _ => {
                    let apart = at % 5;
                    (0..3)
                        .map(|_| numbers.below(files / 5) * 5 + apart)
                        .collect()
                }
            };
            for file in &touched {
                let version = match parents.as_slice() {
                    [] => 1,
                    [_, other] => *other as u64 + 1,
                    _ => at as u64 + 1,
                };
                let text = text(*file, version);
                let path = path(*file);
                write!(
                    import,
                    "M 100644 inline {path}\ndata {}\n{text}\n",
                    text.len()
                )
                .unwrap();
            }
            changed.push(touched);
        }
        let marks = format!("--export-marks={}", self.path("marks").display());
        let mut child = self
            .command("olga", "olga", &["git", "fast-import", "--quiet", &marks])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(import.as_bytes())
            .unwrap();
        assert!(child.wait().unwrap().success(), "the files are imported");
    }
}

fn draft(at: usize, tree: ObjectId, parents: Vec<ObjectId>, name: &str) -> CommitDraft {
    let person = Person {
        name: name.into(),
        email: format!("{name}@example.org").into_bytes(),
        time: EPOCH + 60 * at as i64,
    };
    CommitDraft {
        tree,
        parents,
        author: person.clone(),
        committer: person,
        message: format!("Change {at}\n\nThree files are touched, as in every commit here.\n")
            .into_bytes(),
        signature: None,
    }
}

fn path(file: usize) -> String {
    format!(
        "src/area{}/part{}/file{:02}.txt",
        file / 200,
        file / 20 % 10,
        file % 20
    )
}

fn text(file: usize, version: u64) -> String {
    let mut numbers = Numbers(file as u64 + 1);
    let mut text = String::new();
    for line in 0..LINES as u64 {
        // Each version changes one line.
        let changed = (version + LINES as u64 - 1 - line) / LINES as u64;
        writeln!(
            text,
            "line {line} of file {file}: {:016x} {changed}",
            numbers.next()
        )
        .unwrap();
    }
    text
}

/// Numbers without an order (xorshift64*), the same in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() >> 33) as usize % end
    }
}

fn policy(base: &str) -> String {
    let mut text = format!(
        "schema = \"awo.policy/1\"\nversion = 1\nlevel = \"HYBRID\"\n\n\
         [roots]\nthreshold = 1\nidentities = [\"olga\"]\n\n\
         [[ref]]\npattern = \"refs/heads/main\"\naccept = [\"governed\", \"rollback\"]\nadopted = \"{base}\"\n\n\
         [[ref]]\npattern = \"refs/heads/wip/**\"\naccept = [\"direct\"]\nmerges = true\nadopted = \"{base}\"\n\n\
         [[ref.direct]]\nwriters = {PERSONS:?}\npaths = [\"**\"]\n\n\
         [[identity]]\nname = \"server\"\nroles = [\"server\"]\n\n\
         [[rule]]\nname = \"keys-are-olgas\"\nrefs = [\"refs/heads/**\"]\npaths = [\"keys/\"]\nwriters = [\"olga\"]\n"
    );
    for name in PERSONS {
        let roles = if name == "olga" {
            "\"operator\""
        } else {
            "\"orchestrator\""
        };
        write!(
            text,
            "\n[[identity]]\nname = \"{name}\"\nroles = [{roles}]\n"
        )
        .unwrap();
    }
    text
}
