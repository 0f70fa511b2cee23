//! What was left to be done when somebody asked last, so that a finished run is looked at once.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::git::Repo;
use crate::record::{DecisionId, EscalationId, ObjectId, RunId, TaskId, Timestamp};
use crate::records::{Kind, Scope};
use crate::store::additions::{Additions, since};
use crate::store::beside;
use crate::store::layout::LedgerPath;
use crate::sys::process::program;

use crate::ops::Error;

/// The runs, tasks, decisions and escalations with which something is to be done, as of a commit of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Left {
    /// How many runs are accepted: nothing is left to be done with them.
    pub(super) accepted: usize,
    /// Every decision that waits for an answer, and those that do not hold.
    pub(super) decisions: BTreeSet<DecisionId>,
    /// How many escalations of a task have ended.
    pub(super) escalated: BTreeMap<TaskId, usize>,
    /// Every escalation that has not ended, and those that do not hold.
    pub(super) escalations: BTreeSet<EscalationId>,
    /// Until when decisions and consents that are left out might have been answered: at an earlier time everything
    /// is looked at.
    pub(super) expired: Option<Timestamp>,
    /// The ledger's commit; none if there is no ledger.
    pub(super) ledger: Option<ObjectId>,
    /// The program.
    program: String,
    /// The first commit of the policy.
    repository: ObjectId,
    /// Every run that is not accepted.
    pub(super) runs: BTreeSet<RunId>,
    /// Every task of which a run was accepted, and others have failed.
    pub(super) settled: BTreeSet<TaskId>,
    /// Every task without a run.
    pub(super) tasks: BTreeSet<TaskId>,
}

/// Its file beside the repository.
const FILE: &str = "left";

impl Left {
    /// Returns what was left when it was written, if it can be continued to where the ledger is, with
    /// what has come since as if something were left to be done with it.
    pub(super) fn read(
        repo: &Repo,
        repository: ObjectId,
        ledger: &Additions<'_>,
        now: Timestamp,
    ) -> Result<Option<Self>, Error> {
        let (Some(mut left), Some(tip)) = (Self::stored(repo, repository), ledger.tip()) else {
            return Ok(None);
        };
        let Some(known) = left.ledger else {
            return Ok(None);
        };
        let early = left.expired.is_some_and(|it| now < it);
        if early || !repo.contains(known) || !repo.is_ancestor(known, tip)? {
            return Ok(None);
        }
        for (name, ..) in since(repo, Some(known), tip)? {
            if let Some(path) = LedgerPath::parse(&name) {
                left.add(path);
            }
        }
        left.ledger = Some(tip);
        Ok(Some(left))
    }

    /// Returns everything that the ledger has, as if something were left to be done with it.
    pub(super) fn all(repository: ObjectId, ledger: &Additions<'_>) -> Result<Self, Error> {
        let mut left = Self {
            accepted: 0,
            decisions: BTreeSet::new(),
            escalated: BTreeMap::new(),
            escalations: BTreeSet::new(),
            expired: None,
            ledger: ledger.tip(),
            program: program(),
            repository,
            runs: BTreeSet::new(),
            settled: BTreeSet::new(),
            tasks: BTreeSet::new(),
        };
        ledger.each(|path, _| left.add(path))?;
        Ok(left)
    }

    fn add(&mut self, path: LedgerPath) {
        match path {
            LedgerPath::Record(Scope::Run(run), Kind::Run, _) => _ = self.runs.insert(run),
            LedgerPath::Record(Scope::Task(task), Kind::Contract, _) => {
                self.tasks.insert(task);
            }
            LedgerPath::Record(Scope::Decision(decision), Kind::Decision, _) => {
                self.decisions.insert(decision);
            }
            LedgerPath::Record(Scope::Escalation(id), Kind::Escalation, _) => {
                self.escalations.insert(id);
            }
            _ => {}
        }
    }

    fn stored(repo: &Repo, repository: ObjectId) -> Option<Self> {
        let left: Self = beside::read(repo, FILE)?;
        let ours = left.repository == repository && left.program == program();
        ours.then_some(left)
    }

    /// Writes it for the next time. If that fails, everything is looked at again.
    pub(super) fn keep(&self, repo: &Repo) {
        beside::keep(repo, FILE, self);
    }
}
