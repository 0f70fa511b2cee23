//! The documents in the evidence of a run.

use serde_json::{Value, json};

use crate::cell::Held;
use crate::evidence::confined::Confined;
use crate::evidence::work::{
    self, EvidenceMap, Handoff, LoggedCommand, STREAMS, WorkLog, steps_passed,
};
use crate::evidence::{self, RunFiles};
use crate::git;
use crate::record::contract::{EVIDENCE_MAP, HANDOFF, WORK_LOG};
use crate::record::json::{self, Json};
use crate::record::path::{escape, quote};
use crate::record::tree::{Change, Mode};
use crate::record::{ObjectId, RunId, Sha256, Timestamp};
use crate::records::Kind;
use crate::store::layout::{self, LedgerPath};

use super::error::Error;
use super::events;
use super::execution::Execution;
use super::finish::{review, title};

/// The version of this program.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What a run left behind.
pub(super) struct Material<'a> {
    /// The tree made.
    pub(super) tree: ObjectId,
    /// What it changes.
    pub(super) changes: &'a [Change],
    /// What the command reported.
    pub(super) events: &'a [Json],
    /// The manifest of post-work, where the contract asks for it.
    pub(super) post_work: Option<&'a Value>,
    /// Where the criteria are met, as the command has said.
    pub(super) map: Option<&'a EvidenceMap>,
    /// What held of the cell of all commands, where the policy demands one.
    pub(super) cell: Option<Held>,
    /// When the run began and when its last program ended.
    pub(super) times: (Timestamp, Timestamp),
}

/// Everything that the documents say.
pub(super) struct Documents<'a> {
    execution: &'a Execution<'a>,
    material: &'a Material<'a>,
    command: Vec<String>,
}

impl<'a> Documents<'a> {
    pub(super) fn new(execution: &'a Execution<'a>, material: &'a Material<'a>) -> Self {
        let shown =
            |arg: &std::ffi::OsString| quote(&execution.scrub.bytes(arg.as_encoded_bytes()));
        Self {
            execution,
            material,
            command: execution.command.iter().map(shown).collect(),
        }
    }

    /// Returns the run.
    pub(super) fn run(&self) -> &'a RunId {
        &self.execution.admitted.run
    }

    fn validation(&self) -> Value {
        let contract = self.execution.admitted.contract();
        let skeleton = self.execution.admitted.makes_skeleton();
        if !contract.steps(skeleton).is_empty() {
            return steps_passed(&contract.validation_steps);
        }
        match contract.validations(skeleton).next() {
            Some(command) => json!({"command": command, "exit_code": 0, "log": "test.log"}),
            None => json!({"command": null, "log": "test.log"}),
        }
    }

    fn paths(&self) -> Vec<String> {
        let changes = self.material.changes.iter();
        changes.map(|change| change.path.to_string()).collect()
    }

    /// The report for people.
    pub(super) fn report_md(&self) -> String {
        let admitted = &self.execution.admitted;
        let contract = admitted.contract();
        let mut text = format!("# AWO Run Report — {}\n\n", self.run());
        text.push_str(&format!(
            "- Task: {} ({})\n- Contract: {}\n- Target: {}\n- Base: {}\n- Tree: {}\n- Orchestrator: {}\n\n",
            contract.id,
            escape(title(contract).as_bytes()),
            admitted.contract.digest(),
            contract.target_ref,
            admitted.base,
            self.material.tree,
            admitted.person,
        ));
        text.push_str("## Command\n\n");
        for arg in &self.command {
            text.push_str(&format!("    {}\n", escape(arg.as_bytes())));
        }
        text.push_str("\nIt ended with exit code 0.\n\n## Validation\n\n");
        let skeleton = admitted.makes_skeleton();
        for command in contract.validations(skeleton) {
            for line in escape(command.as_bytes()).lines() {
                text.push_str(&format!("    {line}\n"));
            }
        }
        text.push_str(
            match (
                &contract.validation_command,
                contract.validation_steps.as_slice(),
            ) {
                _ if skeleton => "A skeleton is not validated.\n",
                (Some(_), _) => "\nIt passed; its output is test.log.\n",
                (None, []) => "The contract names no validation command.\n",
                (None, _) => "\nEach step passed; their outputs are logs/validation-NN.log.\n",
            },
        );
        if let Some(cell) = self.cell() {
            text.push_str(&format!(
                "\n## Cell\n\n- {}\n",
                escape(cell.to_string().as_bytes())
            ));
            let terms = &self.execution.admitted.contract().cell;
            for path in &terms.read {
                text.push_str(&format!("- reads {}\n", escape(path.as_bytes())));
            }
            if terms.network {
                text.push_str("- has the network\n");
            }
            if terms.limits.named().next().is_some() {
                text.push_str(&format!("- limits: {}\n", terms.limits));
            }
        }
        text.push_str("\n## Changed paths\n\n");
        for change in self.material.changes {
            let how = match (change.old, change.new) {
                (None, _) => "added",
                (_, None) => "deleted",
                _ => "changed",
            };
            text.push_str(&format!(
                "- {how}: {}\n",
                escape(quote(change.path.as_bytes()).as_bytes())
            ));
        }
        for (heading, lines) in [
            ("Success criteria", &contract.success_criteria),
            ("Roll-back", &contract.rollback),
        ] {
            if !lines.is_empty() {
                text.push_str(&format!("\n## {heading}\n\n"));
                for line in lines {
                    text.push_str(&format!(
                        "- {}\n",
                        escape(line.replace('\n', " ").as_bytes())
                    ));
                }
            }
        }
        text
    }

    /// What held of the cell of all commands, without the places of this machine.
    fn cell(&self) -> Option<Held> {
        let mut cell = self.material.cell.clone()?;
        for why in cell.not_held.values_mut() {
            *why = self.execution.scrub.text(why);
        }
        Some(cell)
    }

    /// The same as a document.
    pub(super) fn confined(&self) -> Option<Confined> {
        let terms = self.execution.admitted.contract().cell.clone();
        self.cell().map(|held| Confined::new(held, terms))
    }

    /// The report for programs.
    pub(super) fn report(&self) -> Value {
        let admitted = &self.execution.admitted;
        json!({
            "changed": self.paths(),
            "command": self.command,
            "command_exit_code": 0,
            "result": "completed",
            "run_id": self.run(),
            "schema": "awo.run-report/1",
            "task": admitted.contract().id,
            "tree": self.material.tree,
            "validation": self.validation(),
        })
    }

    /// What the run was made of.
    pub(super) fn manifest(&self) -> Value {
        let admitted = &self.execution.admitted;
        let contract = admitted.contract();
        let mut manifest = json!({
            "approvals": admitted.approvals,
            "base": admitted.base,
            "command": self.command,
            "contract": admitted.contract.digest(),
            "orchestrator": admitted.person,
            "packet_sha256": contract.source_sha256,
            "reference": contract.target_ref,
            "run_id": self.run(),
            "schema": evidence::demands::MANIFEST_SCHEMA,
            "task": contract.id,
            "tree": self.material.tree,
            "validation_command": contract.validation_command,
        });
        if let (Some(members), false) = (
            manifest.as_object_mut(),
            contract.validation_steps.is_empty(),
        ) {
            members.insert(
                "validation_steps".to_owned(),
                json!(contract.validation_steps),
            );
        }
        manifest
    }

    /// What a work packet asks for by name, given the other files.
    pub(super) fn of_work(&self, files: &RunFiles) -> Vec<(&'static str, Vec<u8>)> {
        let admitted = &self.execution.admitted;
        let contract = admitted.contract();
        let (run_id, task) = (self.run().clone(), contract.id.clone());
        let asked = |name: &str| contract.asks_for(name);
        let mut made = Vec::new();
        if asked(EVIDENCE_MAP)
            && let Some(map) = self.material.map
        {
            made.push((EVIDENCE_MAP, json::canonical(map)));
        }
        if asked(WORK_LOG) {
            let mut commands = vec![LoggedCommand::ended(self.command.clone(), &STREAMS, files)];
            for (command, log) in work::validations(contract, admitted.makes_skeleton()) {
                let argv = work::argv(command).map(str::to_owned).to_vec();
                commands.push(LoggedCommand::ended(argv, &[&log], files));
            }
            let log = WorkLog {
                assisted_by: admitted.models.clone(),
                commands,
                run_id: run_id.clone(),
                schema: work::LOG_SCHEMA.to_owned(),
                task: task.clone(),
            };
            made.push((WORK_LOG, json::canonical(&log)));
        }
        if asked(HANDOFF) {
            let handoff = Handoff {
                changed: self.paths(),
                next_step: review(admitted),
                run_id,
                schema: work::HANDOFF_SCHEMA.to_owned(),
                status: "completed".to_owned(),
                task,
            };
            made.push((HANDOFF, json::canonical(&handoff)));
        }
        made
    }

    /// Where the run came from.
    ///
    /// `code_digest` is that of this program's name and version and of the contract's digest,
    /// a line each: the code is what ran, the contract what told it to. `started` and `finished`
    /// are both the base commit's own date: the region that is hashed holds no clock, and the
    /// real times stand in `timestamps/run.txt`.
    pub(super) fn provenance(&self) -> Result<Value, Error> {
        let admitted = &self.execution.admitted;
        let repo = &self.execution.actor.repo;
        let base = repo.commit(admitted.base)?;
        let policy = &self.execution.history.current().statement;
        let contract = admitted.contract.digest();
        let date = Timestamp::from_seconds(base.committer.time);
        let date = date.or_else(|| Timestamp::from_seconds(0));
        let code = format!("git-awo {VERSION}\n{contract}\n");
        Ok(json!({
            "code_digest": Sha256::of(code.as_bytes()),
            "finished": date,
            "inputs_digest": {
                "allowed_signers": policy.allowed_signers,
                "base_tree": Sha256::of(&repo.tree_bytes(base.tree)?),
                "command": Sha256::of(self.command.join("\0").as_bytes()),
                "contract": contract,
                "packet": admitted.contract().source_sha256,
                "policy": policy.policy,
            },
            "runtime": {"name": "git-awo", "version": VERSION},
            "started": date,
        }))
    }

    /// What it ran on.
    pub(super) fn environment(&self) -> Result<Value, Error> {
        let admitted = &self.execution.admitted;
        let target = &admitted.contract().target_ref;
        let version = git::version(self.execution.place.root())?;
        Ok(json!({
            "git": {
                "branch": target.branch().unwrap_or(target.as_str()),
                "commit": admitted.base,
            },
            "os": std::env::consts::OS,
            "platform": format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH),
            "runner": {"name": "git-awo", "version": VERSION},
            "runtime": {"name": "git-awo", "version": VERSION},
            "tools": [{"name": "git", "version": version}],
        }))
    }

    /// That nothing moved under the run. It is only made when that is so.
    pub(super) fn freshness(&self) -> Value {
        let admitted = &self.execution.admitted;
        let policy = self.execution.history.current().commit;
        json!({
            "base": admitted.base,
            "contract": {"at_begin": admitted.contract.digest(), "at_end": admitted.contract.digest()},
            "policy": {"at_begin": policy, "at_end": policy},
            "reference": admitted.contract().target_ref,
            "target_tip": {"at_begin": admitted.base, "at_end": admitted.base},
            "unchanged": true,
        })
    }

    /// That the repository is the admitted one: by the commit that founds it, not by its place.
    pub(super) fn owned_repo(&self) -> Value {
        let target = &self.execution.admitted.contract().target;
        let history = self.execution.history;
        json!({
            "admission": target.admission,
            "contract_repository": self.execution.admitted.contract.predicate().context.repository,
            "locator": target.locator,
            "policy": history.current().commit,
            "repository": history.repository(),
        })
    }

    /// Where everything is to be found. The evidence's ref is not named: its month is the clock's.
    pub(super) fn control_surface(&self) -> Value {
        let run = self.run();
        json!({
            "evidence": {
                "directory": layout::run_directory(run),
                "refs": format!("{}*", layout::EVIDENCE_PREFIX),
            },
            "records": {
                "contract": Kind::Contract.of(self.execution.admitted.contract().id.clone()).to_path(),
                "inventory": LedgerPath::Inventory(run.clone()).to_path(),
                "run": Kind::Run.of(run).to_path(),
            },
            "replay": {
                "commands": [
                    format!("git awo chain {run}"),
                    format!("git awo verify {run}"),
                ],
                "events": "events.normalized.jsonl",
                "patch": "patch.diff",
                "trace": "trace.jsonl",
            },
            "summary": {"people": "report.md", "programs": "report.json"},
        })
    }

    /// What was allowed, and that it was kept to. It is only made when that is so.
    pub(super) fn scope(&self) -> Value {
        let contract = self.execution.admitted.contract();
        json!({
            "allowed_paths": contract.allowed_paths,
            "forbidden_actions": contract.forbidden_actions,
            "forbidden_paths": contract.forbidden_paths,
            "kept": true,
        })
    }

    /// The changes by path, mode and object.
    pub(super) fn changed_paths(&self) -> Value {
        let changes: Vec<_> = self.material.changes.iter().map(change).collect();
        json!({"base": self.execution.admitted.base, "changes": changes, "tree": self.material.tree})
    }

    /// The steps: id, operation, and what was done.
    pub(super) fn steps(&self) -> Vec<(&'static str, &'static str, Value)> {
        let admitted = &self.execution.admitted;
        let contract = admitted.contract();
        vec![
            (
                "worktree",
                "worktree_add",
                json!({"base": admitted.base, "detached": true, "status": "ok"}),
            ),
            (
                "command",
                "command_run",
                json!({
                    "command": self.command,
                    "exit_code": 0,
                    "logs": STREAMS,
                    "status": "ok",
                }),
            ),
            (
                "scope",
                "scope_validate",
                json!({
                    "changed": self.paths(),
                    "scope": "scope/contract_scope.json",
                    "status": "ok",
                    "tree": self.material.tree,
                }),
            ),
            ("validate", "validation_run", self.validation()),
            (
                "commit",
                "commit_make",
                json!({
                    "parent": admitted.base,
                    "reference": contract.target_ref,
                    "status": "ok",
                    "title": title(contract),
                    "tree": self.material.tree,
                }),
            ),
        ]
    }
}

/// Returns a value as one line.
pub(super) fn line(value: &Value) -> Vec<u8> {
    // The canonical bytes of a value of ours are JSON.
    let value = json::parse(&json::canonical(value)).unwrap_or(Json::Null);
    let mut line = events::compact(&value);
    line.push(b'\n');
    line
}

/// Returns a path with what stood and stands there, as JSON.
fn change(change: &Change) -> Value {
    let side = |side: Option<(Mode, ObjectId)>| match side {
        Some((mode, id)) => json!({"id": id, "mode": mode.as_str()}),
        None => Value::Null,
    };
    json!({"new": side(change.new), "old": side(change.old), "path": change.path})
}
