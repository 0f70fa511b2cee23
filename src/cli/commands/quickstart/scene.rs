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
        self.ok("vera", &["git", "awo", "fetch"])?;
        self.ok("vera", &["git", "awo", "verify"])?;
        self.ok("vera", &["git", "merge", "-q", "--ff-only", "origin/main"])?;
        Ok(())
    }
}
