//! Founding the world, and the steps of the main workflow.

use crate::record::Sha256;
use crate::signing::generate_ed25519;

use super::error::{Error, io};
use super::world::{Setting, TEMPORARY, World};

/// The task of the sandbox.
pub const TASK: &str = "SLUG-1";
/// The run of the sandbox.
pub const RUN: &str = "run_slugify";
/// The sentence that approves the task.
pub const SENTENCE: &str = "I approve SLUG-1 against the sandbox for the slugify alignment task.";

/// The script of an agent that does what the contract asks for.
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

/// The packet of the task, in the form of a governed-workflow approval.
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

/// The validation command of the packet.
const VALIDATION: &str = Setting::LIVE.validation;

const BEFORE: &str = "def slugify(text):\n    return text.lower().replace(\" \", \"-\")\n";

const TEST_BEFORE: &str = "import unittest
from src.strings import slugify


class Slugify(unittest.TestCase):
    def test_plain(self):
        self.assertEqual(slugify(\"Hello World\"), \"hello-world\")
";

/// Returns the policy that confines the commands of its runs: `required`, `own-root` or `best-effort`.
pub fn confining(policy: &str, how: &str) -> String {
    policy
        .replacen("schema =", "requires = [\"cell/1\"]\nschema =", 1)
        .replacen("[gates]\n", &format!("[gates]\ncell = \"{how}\"\n"), 1)
}

impl Setting {
    /// Returns the policy of a world with this version, adopted tip and additional entries.
    pub fn policy(&self, version: u32, tip: &str, more: &str) -> String {
        let Setting {
            approval_days,
            authority,
            ..
        } = self;
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
approval_days = {approval_days}
self_approval_override = ["{authority}"]

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
}

impl World {
    /// Founds the world: olga is root and operator, otto orchestrates and may review, rita
    /// reviews. The server takes governed commits on main, direct ones on `wip/`.
    pub fn found(&self) -> Result<(), Error> {
        let temporary = self.path(TEMPORARY);
        std::fs::create_dir_all(&temporary).map_err(io(&temporary))?;
        let mut signers = String::new();
        for name in ["olga", "otto", "rita"] {
            signers.push_str(&self.person(name)?);
        }
        self.person("server")?;
        self.person("vera")?;
        self.ok(
            "server",
            ".",
            &[
                "git",
                "init",
                "-q",
                "--bare",
                &format!("--object-format={}", self.setting.objects),
                "server.git",
            ],
        )?;
        let key = self.path("server.git/awo/server_key");
        let keys = self.path("server.git/awo");
        std::fs::create_dir_all(&keys).map_err(io(&keys))?;
        let line = generate_ed25519(&key, "git-awo server", self.seed("server key"))?.to_line();
        signers.push_str(&format!("server {line}\n"));
        let anchor = self.fingerprint("olga")?;
        let init = ["git", "awo", "init", "--server", "--anchor", &anchor];
        self.ok("server", "server.git", &init)?;
        self.write("policy/allowed_signers", &signers)?;

        self.clone_for("olga")?;
        self.write("olga/README.md", "# sandbox\n")?;
        self.write("olga/src/__init__.py", "")?;
        self.write("olga/src/strings.py", BEFORE)?;
        self.write("olga/test_strings.py", TEST_BEFORE)?;
        self.ok("olga", "olga", &["git", "add", "-A"])?;
        self.ok(
            "olga",
            "olga",
            &["git", "commit", "-q", "-m", "Before adoption"],
        )?;
        let tip = self.ok("olga", "olga", &["git", "rev-parse", "HEAD"])?;
        self.write("policy/policy.toml", self.setting.policy(1, tip.trim(), ""))?;
        let (policy, signers) = ("../policy/policy.toml", "../policy/allowed_signers");
        let init = [
            "git",
            "awo",
            "init",
            "--policy",
            policy,
            "--allowed-signers",
            signers,
        ];
        self.ok("olga", "olga", &init)?;
        self.ok(
            "olga",
            "olga",
            &["git", "push", "-q", "origin", "refs/awo/policy"],
        )?;
        self.ok("olga", "olga", &["git", "push", "-q", "origin", "main"])?;
        self.ok("olga", "olga", &["git", "awo", "fetch"])?;
        for name in ["otto", "rita"] {
            self.clone_for(name)?;
            self.ok(name, name, &["git", "awo", "trust", &anchor])?;
            self.ok(name, name, &["git", "awo", "fetch"])?;
            self.ok(name, name, &["git", "awo", "init"])?;
        }
        Ok(())
    }

    /// olga puts this version of the policy into force, made of the first one by `edit`, with these signers if they
    /// change. The others have not fetched it.
    pub fn next_policy(
        &self,
        version: u32,
        signers: Option<&str>,
        edit: impl FnOnce(String) -> String,
    ) -> Result<(), Error> {
        let first = ["git", "rev-list", "--max-parents=0", "refs/heads/main"];
        let adopted = self.ok("olga", "olga", &first)?;
        let text = edit(self.setting.policy(version, adopted.trim(), ""));
        self.write("policy/next.toml", text)?;
        let mut propose = vec!["git", "awo", "policy", "propose", "../policy/next.toml"];
        if let Some(signers) = signers {
            self.write("policy/next_signers", signers)?;
            propose.extend(["--allowed-signers", "../policy/next_signers"]);
        }
        self.ok("olga", "olga", &["git", "awo", "fetch"])?;
        self.ok("olga", "olga", &propose)?;
        self.ok("olga", "olga", &["git", "awo", "policy", "apply"])?;
        self.ok("olga", "olga", &["git", "awo", "push"])?;
        Ok(())
    }

    /// Creates a home and a key for a person; returns their line of `allowed_signers`.
    fn person(&self, name: &str) -> Result<String, Error> {
        let home = format!("home/{name}");
        self.write(
            &format!("{home}/.gitconfig"),
            format!(
                "[user]\n\tname = {name}\n\temail = {name}@example.org\n\tsigningkey = ~/key\n\
                 [gpg]\n\tformat = ssh\n[commit]\n\tgpgsign = true\n[init]\n\tdefaultBranch = main\n\
                 [advice]\n\tdetachedHead = false\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n\
                 [receive]\n\tautogc = false\n"
            ),
        )?;
        let key = generate_ed25519(&self.path(&home).join("key"), name, self.seed(name))?;
        Ok(format!("{name} {} {name}\n", key.to_line()))
    }

    /// Returns the seed of a key.
    fn seed(&self, name: &str) -> [u8; 32] {
        let text = format!("git-awo sandbox: {name}");
        *Sha256::of(&[&self.setting.secret, text.as_bytes()].concat()).as_bytes()
    }

    fn clone_for(&self, name: &str) -> Result<(), Error> {
        self.ok(name, ".", &["git", "clone", "-q", "server.git", name])?;
        // Relative, so that a copy of the world uses its own server.
        let url = ["git", "remote", "set-url", "origin", "../server.git"];
        self.ok(name, name, &url)?;
        Ok(())
    }

    /// Makes a new clone of the server with all records for vera, who has no role.
    pub fn fresh_clone(&self) -> Result<(), Error> {
        self.clone_for("vera")?;
        let anchor = self.fingerprint("olga")?;
        self.ok("vera", "vera", &["git", "awo", "trust", &anchor])?;
        let all = [
            "+refs/awo/*:refs/awo/*",
            "+refs/notes/awo/*:refs/notes/awo/*",
        ];
        let fetch = ["git", "fetch", "-q", "origin", all[0], all[1]];
        self.ok("vera", "vera", &fetch)?;
        Ok(())
    }

    /// Returns the fingerprint of a person's key.
    pub fn fingerprint(&self, name: &str) -> Result<String, Error> {
        let line = self.read(&format!("home/{name}/key.pub"))?;
        let line = String::from_utf8_lossy(&line).into_owned();
        let key = crate::signing::PublicKey::from_line(line.trim());
        key.map(|key| key.fingerprint().to_owned())
            .map_err(|source| crate::signing::SigningError::Key {
                name: name.to_owned(),
                source,
            })
            .map_err(Error::Key)
    }

    /// olga imports the packet, approves it and pushes; the others fetch.
    pub fn approve(&self) -> Result<(), Error> {
        let validation = self.setting.validation;
        self.write("packet.md", PACKET.replace(VALIDATION, validation))?;
        let import = ["git", "awo", "task", "import", "../packet.md"];
        self.ok("olga", "olga", &import)?;
        let approve = ["git", "awo", "approve", TASK, "--sentence", SENTENCE];
        self.ok("olga", "olga", &approve)?;
        self.ok("olga", "olga", &["git", "awo", "push"])?;
        self.ok("otto", "otto", &["git", "awo", "fetch"])?;
        self.ok("rita", "rita", &["git", "awo", "fetch"])?;
        Ok(())
    }

    /// otto executes it, and does not push it.
    pub fn execute(&self) -> Result<(), Error> {
        let run = [
            "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", "-c", AGENT,
        ];
        self.ok("otto", "otto", &run)?;
        Ok(())
    }

    /// otto pushes the run; rita fetches it.
    pub fn hand_over(&self) -> Result<(), Error> {
        self.ok("otto", "otto", &["git", "awo", "push"])?;
        self.ok("rita", "rita", &["git", "awo", "fetch"])?;
        Ok(())
    }

    /// rita runs gate 2.
    pub fn gate(&self) -> Result<(), Error> {
        self.ok("rita", "rita", &["git", "awo", "gate", RUN])?;
        Ok(())
    }

    /// rita approves (gate 3), attests and pushes; otto fetches.
    pub fn attest(&self) -> Result<(), Error> {
        self.ok("rita", "rita", &["git", "awo", "approve", RUN])?;
        self.ok("rita", "rita", &["git", "awo", "attest", RUN])?;
        self.ok("rita", "rita", &["git", "awo", "push"])?;
        self.ok("otto", "otto", &["git", "awo", "fetch"])?;
        Ok(())
    }

    /// otto finalizes; the branch moves in his clone.
    pub fn finalize(&self) -> Result<(), Error> {
        self.ok("otto", "otto", &["git", "awo", "finalize", RUN])?;
        Ok(())
    }

    /// otto pushes branch and records; the others follow.
    pub fn land(&self) -> Result<(), Error> {
        self.ok("otto", "otto", &["git", "awo", "push"])?;
        for name in ["olga", "rita"] {
            self.ok(name, name, &["git", "awo", "fetch"])?;
            let merge = ["git", "merge", "-q", "--ff-only", "origin/main"];
            self.ok(name, name, &merge)?;
        }
        Ok(())
    }

    /// olga rejects the result and pushes the outcome; otto fetches.
    pub fn reject(&self) -> Result<(), Error> {
        let reason = "wrong separator";
        let reject = ["git", "awo", "outcome", RUN, "rejected", "--reason", reason];
        self.ok("olga", "olga", &reject)?;
        self.ok("olga", "olga", &["git", "awo", "push"])?;
        self.ok("otto", "otto", &["git", "awo", "fetch"])?;
        Ok(())
    }
}
