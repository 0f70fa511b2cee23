//! How the world comes to be, and the stages of the main road in it.

use crate::record::Sha256;
use crate::signing::generate_ed25519;

use super::{Error, World, io};

/// The task of the sandbox.
pub const TASK: &str = "NOTE-1";
/// The run of the sandbox.
pub const RUN: &str = "run_note";
/// The sentence that approves the task.
pub const SENTENCE: &str = "I approve NOTE-1 against the sandbox for the greeting.";

const PACKET: &str = "# A greeting

## Proposed Target Repository

- Target Repository: `the sandbox`
- Admission status: `admitted`
- Repository owner: `olga`

## Proposed Task Contract

Task: let `notes/greeting.txt` greet.

Allowed paths:

- `notes/`

Forbidden actions:

- push
- merge

Forbidden paths:

- `secrets/`

Success criteria:

- The greeting greets.

Validation command:

```bash
grep -q hello notes/greeting.txt
```

Rollback expectation:

- Revert the single commit.

## Required Approval

Before execution, olga must approve this exact sentence:

```text
I approve NOTE-1 against the sandbox for the greeting.
```
";

const POLICY: &str = r#"schema = "awo.policy/1"
version = 1
level = "HYBRID"

[roots]
threshold = 1
identities = ["olga"]

[gates]
task_approvals = 1
audit_approvals = 1
approval_days = 3650
self_approval_override = ["otto"]

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
"#;

impl World {
    /// Founds the world: olga is root and operator, otto orchestrates and may review, rita
    /// reviews. otto alone may permit a self-approval. The server takes governed commits on main.
    pub fn found(&self) -> Result<(), Error> {
        let mut signers = String::new();
        for name in ["olga", "otto", "rita"] {
            signers.push_str(&self.person(name)?);
        }
        self.person("server")?;
        self.person("vera")?;
        self.ok(
            "server",
            ".",
            &["git", "init", "-q", "--bare", "server.git"],
        )?;
        let key = self.path("server.git/awo/server_key");
        let keys = self.path("server.git/awo");
        std::fs::create_dir_all(&keys).map_err(io(&keys))?;
        let line = generate_ed25519(&key, "git-awo server", seed("server key"))?.to_line();
        signers.push_str(&format!("server {line}\n"));
        let anchor = self.fingerprint("olga")?;
        let init = ["git", "awo", "init", "--server", "--anchor", &anchor];
        self.ok("server", "server.git", &init)?;
        self.write("policy/allowed_signers", &signers)?;

        self.clone_for("olga")?;
        self.write("olga/README.md", "# sandbox\n")?;
        self.write("olga/notes/greeting.txt", "nothing yet\n")?;
        self.ok("olga", "olga", &["git", "add", "-A"])?;
        self.ok(
            "olga",
            "olga",
            &["git", "commit", "-q", "-m", "Before adoption"],
        )?;
        let tip = self.ok("olga", "olga", &["git", "rev-parse", "HEAD"])?;
        let policy = format!("{POLICY}adopted = \"{}\"\n", tip.trim());
        self.write("policy/policy.toml", policy)?;
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

    /// Gives a person a home and a key; returns their line of `allowed_signers`.
    fn person(&self, name: &str) -> Result<String, Error> {
        let home = format!("home/{name}");
        self.write(
            &format!("{home}/.gitconfig"),
            format!(
                "[user]\n\tname = {name}\n\temail = {name}@example.org\n\tsigningkey = ~/key\n\
                 [gpg]\n\tformat = ssh\n[commit]\n\tgpgsign = true\n[init]\n\tdefaultBranch = main\n\
                 [advice]\n\tdetachedHead = false\n[gc]\n\tauto = 0\n"
            ),
        )?;
        let key = generate_ed25519(&self.path(&home).join("key"), name, seed(name))?;
        Ok(format!("{name} {}\n", key.to_line()))
    }

    fn clone_for(&self, name: &str) -> Result<(), Error> {
        self.ok(name, ".", &["git", "clone", "-q", "server.git", name])?;
        // Relative, so that a copy of the world talks to its own server.
        let url = ["git", "remote", "set-url", "origin", "../server.git"];
        self.ok(name, name, &url)?;
        Ok(())
    }

    /// Clones the server afresh for vera, who has no role, with all records.
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

    /// olga imports the packet, approves it and pushes.
    pub fn approve(&self) -> Result<(), Error> {
        self.write("packet.md", PACKET)?;
        let import = ["git", "awo", "task", "import", "../packet.md"];
        self.ok("olga", "olga", &import)?;
        let approve = ["git", "awo", "approve", TASK, "--sentence", SENTENCE];
        self.ok("olga", "olga", &approve)?;
        self.ok("olga", "olga", &["git", "awo", "push"])?;
        Ok(())
    }

    /// otto executes it, and keeps it to himself.
    pub fn execute(&self) -> Result<(), Error> {
        self.ok("otto", "otto", &["git", "awo", "fetch"])?;
        let agent = "echo hello > notes/greeting.txt; echo done";
        let run = [
            "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", "-c", agent,
        ];
        self.ok("otto", "otto", &run)?;
        Ok(())
    }

    /// otto pushes what he has; rita fetches it.
    pub fn hand_over(&self) -> Result<(), Error> {
        self.ok("otto", "otto", &["git", "awo", "push"])?;
        self.ok("rita", "rita", &["git", "awo", "fetch"])?;
        Ok(())
    }

    /// rita reviews by machine: gate 2.
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

    /// otto pushes branch and records.
    pub fn land(&self) -> Result<(), Error> {
        self.ok("otto", "otto", &["git", "awo", "push"])?;
        Ok(())
    }
}

/// Returns the seed of a key: of its name, and so no secret at all.
fn seed(name: &str) -> [u8; 32] {
    *Sha256::of(format!("git-awo sandbox: {name}").as_bytes()).as_bytes()
}
