//! The closed world of the end-to-end tests: a bare server with hooks, three persons with their
//! own homes, keys and clones, and nothing of the machine's configuration.
//!
//! Each stage of the main road is played once and copied for every test that starts there.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use assert_fs::TempDir;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_git-awo");
pub const TASK: &str = "SLUG-1";
pub const RUN: &str = "run_slugify";
pub const SENTENCE: &str = "I approve SLUG-1 against the sandbox for the slugify alignment task.";

/// A world; it goes away with the value.
pub struct World {
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
        static STAGE: OnceLock<World> = OnceLock::new();
        STAGE.get_or_init(|| found("sha1")).copy()
    }

    /// The same, with another kind of object ids.
    pub fn founded_as(format: &str) -> Self {
        found(format)
    }

    /// Another world like it, with other keys.
    pub fn founded_anew() -> Self {
        found("sha1")
    }

    /// olga's contract is approved and pushed.
    pub fn approved() -> Self {
        static STAGE: OnceLock<World> = OnceLock::new();
        STAGE.get_or_init(|| approve(World::founded())).copy()
    }

    /// otto has executed it and pushed the records.
    pub fn executed() -> Self {
        static STAGE: OnceLock<World> = OnceLock::new();
        STAGE.get_or_init(|| execute(World::approved())).copy()
    }

    /// rita has reviewed, approved and attested it, and pushed.
    pub fn attested() -> Self {
        static STAGE: OnceLock<World> = OnceLock::new();
        STAGE.get_or_init(|| attest(World::executed())).copy()
    }

    /// otto has finalized it, and not pushed yet.
    pub fn finalized() -> Self {
        static STAGE: OnceLock<World> = OnceLock::new();
        STAGE.get_or_init(|| finalize(World::attested())).copy()
    }

    /// The governed push has landed, and every clone is up to date.
    pub fn landed() -> Self {
        static STAGE: OnceLock<World> = OnceLock::new();
        STAGE.get_or_init(|| land(World::finalized())).copy()
    }

    /// olga has rejected the result, and pushed that.
    pub fn rejected() -> Self {
        static STAGE: OnceLock<World> = OnceLock::new();
        STAGE.get_or_init(|| reject(World::landed())).copy()
    }

    /// Another world in which everything is the same so far.
    pub fn copied(&self) -> Self {
        self.copy()
    }

    fn copy(&self) -> Self {
        let directory = TempDir::new().unwrap();
        let status = Command::new("cp")
            .arg("-a")
            .arg(format!("{}/.", self.directory.path().display()))
            .arg(directory.path())
            .status()
            .unwrap();
        assert!(status.success(), "the world is copied");
        Self { directory }
    }

    /// Copies the world without the directories and files at its top for whose names this holds.
    pub fn copy_without(&self, left: impl Fn(&str) -> bool) -> Self {
        let directory = TempDir::new().unwrap();
        let mut command = Command::new("cp");
        command.arg("-a");
        for entry in std::fs::read_dir(self.directory.path()).unwrap().flatten() {
            if !left(entry.file_name().to_str().unwrap()) {
                command.arg(entry.path());
            }
        }
        let status = command.arg(directory.path()).status().unwrap();
        assert!(status.success(), "the world is copied");
        Self { directory }
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
        let home = self.path(&format!("home/{who}"));
        command
            .current_dir(self.path(place))
            .env_clear()
            .env("PATH", path())
            .env("HOME", &home)
            .env("LC_ALL", "C.UTF-8")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("AWO_ALLOW_RUN", "1")
            .stdin(Stdio::null());
        command
    }

    pub fn run(&self, who: &str, place: &str, words: &[&str]) -> Done {
        done(self.command(who, place, words).output().unwrap())
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
        self.ok(
            "vera",
            ".",
            &["git", "clone", "--quiet", "server.git", "vera"],
        );
        self.ok(
            "vera",
            "vera",
            &["git", "remote", "set-url", "origin", "../server.git"],
        );
        self.ok(
            "vera",
            "vera",
            &["git", "awo", "trust", &self.fingerprint()],
        );
        let refspecs = [
            "+refs/awo/*:refs/awo/*",
            "+refs/notes/awo/*:refs/notes/awo/*",
        ];
        let mut words = vec!["git", "fetch", "--quiet", "origin"];
        words.extend(refspecs);
        self.ok("vera", "vera", &words);
    }

    /// Returns the fingerprint of olga's key.
    pub fn fingerprint(&self) -> String {
        let listed = self.ok(
            "olga",
            ".",
            &["ssh-keygen", "-l", "-f", "home/olga/key.pub"],
        );
        listed.split_whitespace().nth(1).unwrap().to_owned()
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

fn path() -> String {
    std::env::var("PATH").unwrap()
}

fn done(output: Output) -> Done {
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Done {
        code: output.status.code().unwrap_or(-1),
        text,
    }
}

/// The agent script that does what the contract asks for.
pub const AGENT: &str = r#"cat > src/strings.py <<'PY'
def slugify(text):
    return "-".join(text.lower().split())
PY
cat > test_strings.py <<'PY'
import unittest
from src.strings import slugify


class Slugify(unittest.TestCase):
    def test_plain(self):
        self.assertEqual(slugify("Hello World"), "hello-world")

    def test_repeated_and_outer_spaces(self):
        self.assertEqual(slugify("  a   b "), "a-b")
PY
"#;

/// A packet in the form of a governed-workflow approval, of our own writing.
pub const PACKET: &str = r#"---
name: slugify-approval
status: validated
owner: olga
---
# Slugify approval packet

## Proposed Target Repository

- Target Repository: `the sandbox`
- Admission status: `admitted`
- Repository owner: `olga`

## Proposed Task Contract

Task: align `src/strings.py` with the root implementation.

Allowed paths:

- `src/strings.py`
- `test_strings.py`

Forbidden actions:

- push
- merge

Forbidden paths:

- `.env`
- `secrets/`
- `.github/workflows/`

Success criteria:

- Repeated and outer spaces are covered.

Validation command:

```bash
python3 -m unittest -q test_strings
```

Rollback expectation:

- Revert the single commit.

## Required Approval

Before execution, olga must approve this exact sentence:

```text
I approve SLUG-1 against the sandbox for the slugify alignment task.
```
"#;

fn person(world: &World, name: &str) -> String {
    world.write(
        &format!("home/{name}/.gitconfig"),
        format!(
            "[user]\n\tname = {name}\n\temail = {name}@example.org\n\tsigningkey = ~/key\n[gpg]\n\tformat = ssh\n\
             [commit]\n\tgpgsign = true\n[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n"
        ),
    );
    world.ok(
        name,
        &format!("home/{name}"),
        &[
            "ssh-keygen",
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-C",
            name,
            "-f",
            "key",
        ],
    );
    std::fs::read_to_string(world.path(&format!("home/{name}/key.pub")))
        .unwrap()
        .trim()
        .to_owned()
}

fn found(format: &str) -> World {
    let world = World {
        directory: TempDir::new().unwrap(),
    };
    let mut signers = String::new();
    for name in ["olga", "otto", "rita"] {
        signers.push_str(&format!("{name} {}\n", person(&world, name)));
    }
    person(&world, "server");
    person(&world, "vera");
    world.ok(
        "server",
        ".",
        &[
            "git",
            "init",
            "--quiet",
            "--bare",
            &format!("--object-format={format}"),
            "server.git",
        ],
    );
    let fingerprint = world.fingerprint();
    let made = world.ok(
        "server",
        "server.git",
        &[
            "git",
            "awo",
            "--json",
            "init",
            "--server",
            "--anchor",
            &fingerprint,
        ],
    );
    let made: serde_json::Value = serde_json::from_str(&made).unwrap();
    signers.push_str(&format!(
        "server {}\n",
        made["server_key"].as_str().unwrap()
    ));
    world.write("policy/allowed_signers", &signers);

    world.ok(
        "olga",
        ".",
        &["git", "clone", "--quiet", "server.git", "olga"],
    );
    world.ok(
        "olga",
        "olga",
        &["git", "remote", "set-url", "origin", "../server.git"],
    );
    world.write("olga/src/__init__.py", "");
    world.write(
        "olga/src/strings.py",
        "def slugify(text):\n    return text.lower().replace(\" \", \"-\")\n",
    );
    world.write(
        "olga/test_strings.py",
        "import unittest\nfrom src.strings import slugify\n\n\nclass Slugify(unittest.TestCase):\n    def test_plain(self):\n        self.assertEqual(slugify(\"Hello World\"), \"hello-world\")\n",
    );
    world.write("olga/README.md", "# sandbox\n");
    let tip = world.commit("olga", "Before adoption");
    world.write("policy/policy.toml", policy(1, &tip, ""));
    let init = [
        "git",
        "awo",
        "init",
        "--policy",
        "../policy/policy.toml",
        "--allowed-signers",
        "../policy/allowed_signers",
    ];
    world.ok("olga", "olga", &init);
    world.push_accepted("olga", &["refs/awo/policy"]);
    world.push_accepted("olga", &["main"]);
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    for name in ["otto", "rita"] {
        world.ok(name, ".", &["git", "clone", "--quiet", "server.git", name]);
        world.ok(
            name,
            name,
            &["git", "remote", "set-url", "origin", "../server.git"],
        );
        world.ok(name, name, &["git", "awo", "trust", &fingerprint]);
        world.ok(name, name, &["git", "awo", "fetch"]);
        world.ok(name, name, &["git", "awo", "init"]);
    }
    world
}

/// Returns the policy of this world with a version, the adopted tip, and more entries.
pub fn policy(version: u32, tip: &str, more: &str) -> String {
    format!(
        r#"schema = "awo.policy/1"
version = {version}
level = "HYBRID"

[roots]
threshold = 1
identities = ["olga"]

[gates]
task_approvals = 1
audit_approvals = 1
approval_days = 30
self_approval_override = ["olga"]

[tree]
protected = [".github/workflows/"]

[[identity]]
name = "olga"
roles = ["operator"]

[[identity]]
name = "otto"
roles = ["orchestrator", "reviewer"]

[[identity]]
name = "rita"
roles = ["reviewer"]

[[identity]]
name = "server"
roles = ["server"]

[[ref]]
pattern = "refs/heads/main"
accept = ["governed", "rollback"]
adopted = "{tip}"

[[ref]]
pattern = "refs/heads/wip/**"
accept = ["direct"]
merges = true
adopted = "{tip}"

[[ref.direct]]
writers = ["role:orchestrator", "olga", "rita"]
paths = ["src/", "docs/", "test_strings.py"]

[[rule]]
name = "keys-are-olgas"
refs = ["refs/heads/**"]
paths = ["keys/"]
writers = ["olga"]
{more}"#
    )
}

fn approve(world: World) -> World {
    world.write("packet.md", PACKET);
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "task", "import", "../packet.md"],
    );
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "approve", TASK, "--sentence", SENTENCE],
    );
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world
}

fn execute(world: World) -> World {
    world.write("agent.sh", AGENT);
    let agent = world.path("agent.sh").display().to_string();
    world.ok(
        "otto",
        "otto",
        &[
            "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", &agent,
        ],
    );
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world
}

fn attest(world: World) -> World {
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
    world.ok("rita", "rita", &["git", "awo", "approve", RUN]);
    world.ok("rita", "rita", &["git", "awo", "attest", RUN]);
    world.ok("rita", "rita", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world
}

fn finalize(world: World) -> World {
    world.ok("otto", "otto", &["git", "awo", "finalize", RUN]);
    world
}

fn land(world: World) -> World {
    world.ok("otto", "otto", &["git", "awo", "push"]);
    for name in ["olga", "rita"] {
        world.ok(name, name, &["git", "awo", "fetch"]);
        world.ok(
            name,
            name,
            &["git", "merge", "--quiet", "--ff-only", "origin/main"],
        );
    }
    world
}

fn reject(world: World) -> World {
    world.ok(
        "olga",
        "olga",
        &[
            "git",
            "awo",
            "outcome",
            RUN,
            "rejected",
            "--reason",
            "wrong separator",
        ],
    );
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world
}
