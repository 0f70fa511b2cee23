//! What happens in the quickstart.

use crate::cli::CliError;
use crate::record::json::{self, Json};

use super::world::World;

/// The run's id.
pub const RUN: &str = "run_demo";

const TASK: &str = "SLUG-1";
const SENTENCE: &str = "I approve SLUG-1 against . for the slugify task.";

const PACKET: &str = r#"# A first governed task

## Proposed Target Repository

- Target Repository: `.`
- Admission status: `admitted`
- Repository owner: `olga`

## Proposed Task Contract

Task: make `slugify` collapse repeated spaces and drop outer ones.

Allowed paths:

- `src/strings.py`
- `test_strings.py`

Forbidden actions:

- push
- merge

Forbidden paths:

- `secrets/`
- `.github/workflows/`

Success criteria:

- `slugify("  a  b ")` gives `a-b`.

Validation command:

```bash
python3 -m unittest -q test_strings
```

Rollback expectation:

- Revert the single commit.

## Required Approval

Before execution, olga must approve this exact sentence:

```text
I approve SLUG-1 against . for the slugify task.
```
"#;

const AGENT: &str = r#"#!/bin/sh
# The agent: any program that changes files.
cat > src/strings.py <<'PY'
def slugify(text):
    return "-".join(text.lower().split())
PY
cat > test_strings.py <<'PY'
import unittest
from src.strings import slugify

class Slugify(unittest.TestCase):
    def test_plain(self):
        self.assertEqual(slugify("Hello World"), "hello-world")

    def test_spaces(self):
        self.assertEqual(slugify("  a  b "), "a-b")
PY
"#;

/// Plays the whole road.
pub fn play(world: &mut World) -> Result<(), CliError> {
    let fingerprint = found(world)?;
    contract(world)?;
    refusals(world)?;
    run(world)?;
    review(world)?;
    verify(world, &fingerprint)?;
    rollback(world)
}

fn found(world: &mut World) -> Result<String, CliError> {
    world.say("Three persons with keys of their own, and a bare server");
    let mut signers = String::new();
    for name in ["olga", "otto", "rita"] {
        signers.push_str(&format!("{name} {}\n", world.person(name)?));
    }
    world.person("server")?;
    world.ok(
        "server",
        ".",
        &["git", "init", "--quiet", "--bare", "server.git"],
    )?;
    let listed = world.ok(
        "olga",
        ".",
        &["ssh-keygen", "-l", "-f", "home/olga/key.pub"],
    )?;
    let fingerprint = listed
        .split_whitespace()
        .nth(1)
        .unwrap_or_default()
        .to_owned();
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
    )?;
    let line = json::parse(made.trim_end().as_bytes())
        .ok()
        .and_then(|value| {
            value
                .get("server_key")
                .and_then(Json::as_str)
                .map(str::to_owned)
        })
        .unwrap_or_default();
    signers.push_str(&format!("server {line}\n"));
    world.write("policy/allowed_signers", &signers)?;

    world.say("olga founds the repository: an adopted history, then the policy that she signs");
    world.ok(
        "olga",
        ".",
        &["git", "clone", "--quiet", "server.git", "olga"],
    )?;
    world.write(
        "olga/src/strings.py",
        "def slugify(text):\n    return text.lower().replace(\" \", \"-\")\n",
    )?;
    world.write("olga/src/__init__.py", "")?;
    world.write("olga/test_strings.py", "import unittest\nfrom src.strings import slugify\n\n\nclass Slugify(unittest.TestCase):\n    def test_plain(self):\n        self.assertEqual(slugify(\"Hello World\"), \"hello-world\")\n")?;
    world.ok("olga", "olga", &["git", "add", "."])?;
    world.ok(
        "olga",
        "olga",
        &["git", "commit", "--quiet", "-m", "Before adoption"],
    )?;
    let tip = world.ok("olga", "olga", &["git", "rev-parse", "HEAD"])?;
    world.write("policy/policy.toml", &policy(tip.trim()))?;
    world.ok(
        "olga",
        "olga",
        &[
            "git",
            "awo",
            "init",
            "--policy",
            "../policy/policy.toml",
            "--allowed-signers",
            "../policy/allowed_signers",
        ],
    )?;
    world.ok("olga", "olga", &["git", "awo", "push"])?;
    for name in ["otto", "rita"] {
        world.ok(name, ".", &["git", "clone", "--quiet", "server.git", name])?;
        world.ok(name, name, &["git", "awo", "trust", &fingerprint])?;
        world.ok(name, name, &["git", "awo", "fetch"])?;
        world.ok(name, name, &["git", "awo", "init"])?;
    }
    Ok(fingerprint)
}

fn policy(tip: &str) -> String {
    format!(
        r#"schema = "awo.policy/1"
version = 1
level = "HYBRID"

[roots]
threshold = 1
identities = ["olga"]

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

[tree]
protected = [".github/workflows/"]

[[ref]]
pattern = "refs/heads/main"
accept = ["governed", "rollback"]
adopted = "{tip}"
"#
    )
}

fn contract(world: &mut World) -> Result<(), CliError> {
    world.say("olga writes the contract and approves it by its exact sentence");
    world.write("packet.md", PACKET)?;
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "task", "import", "../packet.md"],
    )?;
    let wrong = SENTENCE.replace("approve", "Approve");
    world.refused(
        "olga",
        "olga",
        &["git", "awo", "approve", TASK, "--sentence", &wrong],
        "GOV-005",
    )?;
    world.ok(
        "olga",
        "olga",
        &["git", "awo", "approve", TASK, "--sentence", SENTENCE],
    )?;
    world.ok("olga", "olga", &["git", "awo", "push"])?;
    Ok(())
}

fn refusals(world: &mut World) -> Result<(), CliError> {
    world.say("A direct push is refused by the server, whatever the client's hooks say");
    world.ok("otto", "otto", &["git", "awo", "fetch"])?;
    world.write("otto/src/strings.py", "print(\"quick fix\")\n")?;
    world.ok(
        "otto",
        "otto",
        &[
            "git",
            "commit",
            "--quiet",
            "--no-verify",
            "-am",
            "Quick fix",
        ],
    )?;
    world.refused(
        "otto",
        "otto",
        &["git", "push", "--no-verify", "origin", "main"],
        "GOV-002",
    )?;
    world.ok(
        "otto",
        "otto",
        &["git", "reset", "--quiet", "--hard", "origin/main"],
    )?;
    world.say("So is work outside the contract's paths: measured, not believed");
    world.refused(
        "otto",
        "otto",
        &[
            "AWO_ALLOW_RUN=1",
            "git",
            "awo",
            "run",
            TASK,
            "--",
            "sh",
            "-c",
            "mkdir -p secrets; echo k > secrets/key",
        ],
        "GOV-003",
    )?;
    out_of_scope_push(world)
}

/// A commit that only touches a path outside of everything, dressed as a run, pushed for real.
fn out_of_scope_push(world: &mut World) -> Result<(), CliError> {
    world.write("otto/.github/workflows/ci.yml", "on: push\n")?;
    world.ok("otto", "otto", &["git", "add", "."])?;
    let message = format!(
        "Faster CI\n\nAWO-Task: {TASK}\nAWO-Run: run_fake\nAWO-Root: {}\n",
        "0".repeat(64)
    );
    world.ok(
        "otto",
        "otto",
        &["git", "commit", "--quiet", "--no-verify", "-m", &message],
    )?;
    world.refused(
        "otto",
        "otto",
        &["git", "push", "--no-verify", "origin", "main"],
        "GOV-003",
    )?;
    world.ok(
        "otto",
        "otto",
        &["git", "reset", "--quiet", "--hard", "origin/main"],
    )?;
    Ok(())
}

fn run(world: &mut World) -> Result<(), CliError> {
    world.say(
        "otto executes the contract: separate work tree, validation, one signed commit, evidence",
    );
    world.write("agent.sh", AGENT)?;
    // The agent runs in a work tree of its own, elsewhere: it is named by its full path.
    let agent = world.root().join("agent.sh").display().to_string();
    world.ok(
        "otto",
        "otto",
        &[
            "AWO_ALLOW_RUN=1",
            "git",
            "awo",
            "run",
            TASK,
            "--run-id",
            RUN,
            "--",
            "sh",
            &agent,
        ],
    )?;
    Ok(())
}

fn review(world: &mut World) -> Result<(), CliError> {
    world.say("otto may not review his own run; rita does");
    world.refused("otto", "otto", &["git", "awo", "gate", RUN], "GOV-001")?;
    world.ok("otto", "otto", &["git", "awo", "push"])?;
    world.ok("rita", "rita", &["git", "awo", "fetch"])?;
    world.ok("rita", "rita", &["git", "awo", "gate", RUN])?;
    world.ok("rita", "rita", &["git", "awo", "approve", RUN])?;
    world.ok("rita", "rita", &["git", "awo", "attest", RUN])?;
    world.ok("rita", "rita", &["git", "awo", "push"])?;
    world.say("otto finalizes and pushes branch and records in one transaction: accepted");
    world.ok("otto", "otto", &["git", "awo", "fetch"])?;
    world.ok("otto", "otto", &["git", "awo", "finalize", RUN])?;
    world.ok("otto", "otto", &["git", "awo", "push"])?;
    Ok(())
}

fn verify(world: &mut World, fingerprint: &str) -> Result<(), CliError> {
    world.say("Anyone verifies a fresh clone, offline, from a fingerprint");
    world.person("vera")?;
    world.ok(
        "vera",
        ".",
        &["git", "clone", "--quiet", "server.git", "vera"],
    )?;
    world.refused("vera", "vera", &["git", "awo", "verify"], "STR-002")?;
    world.ok("vera", "vera", &["git", "awo", "fetch"])?;
    world.refused("vera", "vera", &["git", "awo", "verify"], "GOV-006")?;
    world.ok("vera", "vera", &["git", "awo", "trust", fingerprint])?;
    world.ok("vera", "vera", &["git", "awo", "verify"])?;
    world.say("The same clone after tampering: a line of the attestations is taken away");
    let notes = "refs/notes/awo/attestations";
    let before = world.ok("vera", "vera", &["git", "rev-parse", notes])?;
    world.ok(
        "vera",
        "vera",
        &["git", "notes", "--ref", notes, "remove", "origin/main"],
    )?;
    world.refused("vera", "vera", &["git", "awo", "verify"], "GOV-002")?;
    world.ok("vera", "vera", &["git", "update-ref", notes, before.trim()])?;
    world.ok("vera", "vera", &["git", "awo", "verify"])?;
    Ok(())
}

fn rollback(world: &mut World) -> Result<(), CliError> {
    world.say("olga rejects the result; a fake roll-back is refused, the exact one accepted");
    world.ok("olga", "olga", &["git", "awo", "fetch"])?;
    world.ok(
        "olga",
        "olga",
        &["git", "merge", "--quiet", "--ff-only", "origin/main"],
    )?;
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
    )?;
    world.ok("olga", "olga", &["git", "awo", "push"])?;
    world.write("olga/src/strings.py", "print(\"not what was there\")\n")?;
    let message = format!("Roll back\n\nAWO-Rollback: {RUN}\n");
    world.ok(
        "olga",
        "olga",
        &["git", "commit", "--quiet", "--no-verify", "-am", &message],
    )?;
    world.refused(
        "olga",
        "olga",
        &["git", "push", "--no-verify", "origin", "main"],
        "GOV-008",
    )?;
    world.ok(
        "olga",
        "olga",
        &["git", "reset", "--quiet", "--hard", "origin/main"],
    )?;
    world.ok("olga", "olga", &["git", "awo", "rollback", RUN])?;
    world.ok("olga", "olga", &["git", "awo", "push"])?;
    world.ok("vera", "vera", &["git", "awo", "fetch"])?;
    world.ok("vera", "vera", &["git", "awo", "verify"])?;
    world.ok(
        "vera",
        "vera",
        &["git", "merge", "--quiet", "--ff-only", "origin/main"],
    )?;
    Ok(())
}
