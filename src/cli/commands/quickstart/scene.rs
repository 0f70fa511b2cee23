//! What happens in the quickstart: the main road of the sandbox, and what is refused beside it.

use std::sync::Arc;

use crate::sandbox::{AGENT, Error, RUN, SENTENCE, TASK, World};

use super::teller::Teller;

/// A world that is told of while things happen in it.
pub struct Scene {
    world: World,
    teller: Arc<Teller>,
}

impl Scene {
    /// Sets the scene in an empty world.
    pub fn new(world: World, teller: &Arc<Teller>) -> Self {
        Self {
            world: world.watched(teller.clone()),
            teller: teller.clone(),
        }
    }

    /// Plays the whole road.
    pub fn play(&self) -> Result<(), Error> {
        self.teller.say(
            "Three persons with keys of their own, a bare server, an adopted history, and the policy that olga signs",
        );
        self.world.found()?;
        self.contract()?;
        self.refusals()?;
        self.run()?;
        self.review()?;
        self.model()?;
        self.person()?;
        self.locked()?;
        self.verify()?;
        self.rollback()
    }

    /// Runs a command that must succeed.
    fn ok(&self, who: &str, words: &[&str]) -> Result<String, Error> {
        self.world.ok(who, who, words)
    }

    /// Runs a command that must be refused, with this code in what it says.
    fn refused(&self, who: &str, words: &[&str], code: &str) -> Result<(), Error> {
        self.world.refused(who, who, words, code)?;
        self.teller.refused();
        Ok(())
    }

    fn contract(&self) -> Result<(), Error> {
        self.teller
            .say("olga writes the contract and approves it by its exact sentence");
        self.world.approve()?;
        let wrong = SENTENCE.replace("approve", "Approve");
        let approve = ["git", "awo", "approve", TASK, "--sentence", &wrong];
        self.refused("olga", &approve, "GOV-005")
    }

    fn refusals(&self) -> Result<(), Error> {
        self.teller
            .say("A direct push is refused by the server, whatever the client's hooks say");
        let source = "print(\"quick fix\")\n";
        self.world.write("otto/src/strings.py", source)?;
        self.commit("otto", "Quick fix")?;
        self.push_refused("otto", "GOV-002")?;
        self.teller
            .say("So is work outside the contract's paths: measured, not believed");
        let outside = "mkdir -p secrets; echo k > secrets/key";
        let run = ["git", "awo", "run", TASK, "--", "sh", "-c", outside];
        self.refused("otto", &run, "GOV-003")?;
        // A commit that only touches a path outside of everything, dressed as a run.
        self.world
            .write("otto/.github/workflows/ci.yml", "on: push\n")?;
        let root = "0".repeat(64);
        let dress = format!("Faster CI\n\nAWO-Task: {TASK}\nAWO-Run: run_fake\nAWO-Root: {root}\n");
        self.commit("otto", &dress)?;
        self.push_refused("otto", "GOV-003")
    }

    /// Commits everything past the client's hooks.
    fn commit(&self, who: &str, message: &str) -> Result<(), Error> {
        self.ok(who, &["git", "add", "."])?;
        self.ok(who, &["git", "commit", "-q", "--no-verify", "-m", message])?;
        Ok(())
    }

    /// Pushes main past the client's hooks; the server must refuse it, and it is undone.
    fn push_refused(&self, who: &str, code: &str) -> Result<(), Error> {
        let push = ["git", "push", "--no-verify", "origin", "main"];
        self.refused(who, &push, code)?;
        self.ok(who, &["git", "reset", "-q", "--hard", "origin/main"])?;
        Ok(())
    }

    fn run(&self) -> Result<(), Error> {
        self.teller.say(
            "otto executes the contract: separate work tree, validation, one signed commit, evidence",
        );
        let agent = format!("#!/bin/sh\n# The agent: any program that changes files.\n{AGENT}");
        self.world.write("agent.sh", agent)?;
        // The agent runs in a work tree of its own, elsewhere: it is named by its full path.
        let agent = self.world.path("agent.sh").display().to_string();
        let run = [
            "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", &agent,
        ];
        self.ok("otto", &run)?;
        Ok(())
    }

    fn review(&self) -> Result<(), Error> {
        self.teller
            .say("otto may not review his own run; rita does");
        self.refused("otto", &["git", "awo", "gate", RUN], "GOV-001")?;
        self.world.hand_over()?;
        self.world.gate()?;
        self.world.attest()?;
        self.teller
            .say("otto finalizes and pushes branch and records in one transaction: accepted");
        self.world.finalize()?;
        self.world.land()
    }

    fn verify(&self) -> Result<(), Error> {
        self.teller
            .say("Anyone verifies a fresh clone, offline, from a fingerprint");
        let clone = ["git", "clone", "-q", "server.git", "vera"];
        self.world.ok("vera", ".", &clone)?;
        let verify = ["git", "awo", "verify"];
        self.refused("vera", &verify, "STR-002")?;
        self.ok("vera", &["git", "awo", "fetch"])?;
        self.refused("vera", &verify, "GOV-006")?;
        let fingerprint = self.world.fingerprint("olga")?;
        self.ok("vera", &["git", "awo", "trust", &fingerprint])?;
        self.ok("vera", &verify)?;
        self.teller
            .say("The same clone after tampering: a line of the attestations is taken away");
        let listed = "--format=%(refname)";
        let below = "refs/notes/awo/attestations";
        let notes = self.ok("vera", &["git", "for-each-ref", listed, below])?;
        let notes = notes.trim();
        let before = self.ok("vera", &["git", "rev-parse", notes])?;
        let remove = ["git", "notes", "--ref", notes, "remove", "origin/main"];
        self.ok("vera", &remove)?;
        self.refused("vera", &verify, "GOV-002")?;
        self.ok("vera", &["git", "update-ref", notes, before.trim()])?;
        self.ok("vera", &verify)?;
        Ok(())
    }

    fn rollback(&self) -> Result<(), Error> {
        self.teller
            .say("olga rejects the result; a fake roll-back is refused, the exact one accepted");
        self.world.reject()?;
        let source = "print(\"not what was there\")\n";
        self.world.write("olga/src/strings.py", source)?;
        self.commit("olga", &format!("Roll back\n\nAWO-Rollback: {RUN}\n"))?;
        self.push_refused("olga", "GOV-008")?;
        self.ok("olga", &["git", "awo", "rollback", RUN])?;
        self.ok("olga", &["git", "awo", "push"])?;
        self.follow("vera")?;
        self.awo("vera", &["verify"])?;
        Ok(())
    }

    /// Somebody fetches, and their main follows that of the server.
    fn follow(&self, who: &str) -> Result<(), Error> {
        self.awo(who, &["fetch"])?;
        self.ok(who, &["git", "merge", "-q", "--ff-only", "origin/main"])?;
        Ok(())
    }

    fn model(&self) -> Result<(), Error> {
        self.teller.say(
            "olga lets otto's model approve contracts from a confidence of 0.8 on, and leaves it three of them",
        );
        for task in ["AGENT-1", "AGENT-2", "AGENT-3"] {
            let what = ["--task", "Say what was decided", "--allow", "docs/"];
            let how = ["--validate", "true", "--gate1", "decision"];
            let new = ["git", "awo", "task", "new", task];
            self.ok("olga", &[&new[..], &what, &how].concat())?;
        }
        self.policy(2, "HYBRID")?;
        self.follow("otto")?;
        self.teller.say(
            "The model is sure enough: its decision opens one run, which a person still reviews",
        );
        self.ok("otto", &decide("task/AGENT-1", "0.92"))?;
        self.awo("otto", &executes("AGENT-1", "run_agent", SURE))?;
        self.awo("otto", &["push"])?;
        for words in [
            &["fetch"][..],
            &["gate", "run_agent"],
            &["approve", "run_agent"],
            &["attest", "run_agent"],
            &["push"],
        ] {
            self.awo("rita", words)?;
        }
        for words in [&["fetch"][..], &["finalize", "run_agent"], &["push"]] {
            self.awo("otto", words)?;
        }
        Ok(())
    }

    fn person(&self) -> Result<(), Error> {
        self.teller
            .say("It is less sure of another: that is deferred, nothing runs, and olga answers");
        self.refused("otto", &decide("task/AGENT-2", "0.6"), "GOV-009")?;
        let run = executes("AGENT-2", "run_asked", ASKED);
        let run = [&["git", "awo"], &run[..]].concat();
        self.refused("otto", &run, "GOV-005")?;
        self.awo("otto", &["push"])?;
        self.follow("olga")?;
        let open = self.awo("olga", &["decisions", "--open"])?;
        let asked = open.split(' ').next().unwrap_or_default();
        let answer = ["decide", "SpecApproval", "task/AGENT-2", "approve"];
        let why = ["--rationale", "reviewed", "--answers", asked];
        self.awo("olga", &[&answer[..], &why].concat())?;
        self.awo("olga", &["push"])?;
        Ok(())
    }

    fn locked(&self) -> Result<(), Error> {
        self.teller.say(
            "Under LOCKED no gate opens, neither by what olga has answered nor by a model that is sure",
        );
        self.policy(3, "LOCKED")?;
        self.awo("otto", &["fetch"])?;
        let run = executes("AGENT-2", "run_asked", ASKED);
        self.refused("otto", &[&["git", "awo"], &run[..]].concat(), "GOV-007")?;
        self.refused("otto", &decide("task/AGENT-3", "1.0"), "GOV-007")?;
        self.teller.say("olga lifts it again");
        self.policy(4, "HYBRID")
    }

    fn awo(&self, who: &str, words: &[&str]) -> Result<String, Error> {
        self.ok(who, &[&["git", "awo"], words].concat())
    }

    /// olga puts the next policy into force: of this level, with otto as a model.
    fn policy(&self, version: u32, level: &str) -> Result<(), Error> {
        let text = self.world.read("policy/policy.toml")?;
        let text = String::from_utf8_lossy(&text)
            .replacen("version = 1", &format!("version = {version}"), 1)
            .replacen("level = \"HYBRID\"", &format!("level = \"{level}\""), 1)
            .replacen("schema =", "requires = [\"automation/1\"]\nschema =", 1)
            .replacen(
                "name = \"otto\"\nroles = [",
                "name = \"otto\"\nmodel = \"codex-cli:gpt-5.2\"\nroles = [\"model\", ",
                1,
            );
        self.world.write("policy/next.toml", text)?;
        for words in [
            &["policy", "propose", "../policy/next.toml"][..],
            &["policy", "apply"],
            &["push"],
        ] {
            self.awo("olga", words)?;
        }
        Ok(())
    }
}

/// What an agent does that has nothing to think about.
const SURE: &str = "mkdir -p docs; echo yes > docs/agent.md";
const ASKED: &str = "mkdir -p docs; echo yes > docs/asked.md";

/// The words by which otto executes a contract.
fn executes<'a>(task: &'a str, run: &'a str, script: &'a str) -> [&'a str; 8] {
    ["run", task, "--run-id", run, "--", "sh", "-c", script]
}

/// The words by which otto's model approves a contract, as sure as this.
fn decide<'a>(target: &'a str, confidence: &'a str) -> [&'a str; 12] {
    [
        "git",
        "awo",
        "decide",
        "SpecApproval",
        target,
        "approve",
        "--confidence",
        confidence,
        "--rationale",
        "scope:small",
        "--evidence",
        target,
    ]
}
