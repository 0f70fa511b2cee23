//! A commit as the rules judge it: what it changes, who signed it, what it claims to be.

use crate::record::commit::Commit;
use crate::record::tree::{Change, Fault};
use crate::record::{Coded, Findings, IdentityName, ObjectId, RunId, Subject};

use super::artefacts::Artefacts;
use super::lifting::Lifting;
use crate::policy::keyring::Signer;
use crate::policy::{RefRules, Unverified};

/// A new commit on a governed ref.
pub struct CommitCase<'a> {
    /// What the policy says about the ref.
    pub rules: &'a RefRules<'a>,
    pub commit: &'a Commit,
    /// What it changes, against every parent.
    pub changes: &'a [Change],
    /// What is wrong with entries of its trees that no parent has.
    pub faults: &'a [Fault],
    /// What stands in the directories of artefacts before it and after it.
    pub artefacts: Artefacts,
    /// What lifts the protection of artefacts that it changes, where the policy lets anybody lift it.
    pub lifting: &'a [Lifting],
    /// Who signed it, or why nobody can be said to have.
    pub signer: Result<Signer, Unverified>,
}

impl CommitCase<'_> {
    /// Returns a subject that names the ref and the commit.
    pub fn subject(&self) -> Subject {
        Subject::of_ref(self.rules.reference()).at(self.commit.id)
    }

    /// Returns what mends a commit whose message claims more than it is: where direct commits are
    /// taken, it is one without those lines.
    pub fn without_trailers(&self, otherwise: &str) -> String {
        match self.rules.accepts_direct() {
            true => {
                "take the AWO-* lines out of the message: git commit --amend (of an older commit: \
                     git rebase -i, reword)"
                    .to_owned()
            }
            false => otherwise.to_owned(),
        }
    }

    /// Returns the person who signed; adds the finding and returns `None` if nobody did.
    pub fn person(&self, findings: &mut Findings) -> Option<IdentityName> {
        match &self.signer {
            Ok(signer) => Some(signer.person.clone()),
            Err(error) => {
                findings.push(error.to_finding(self.subject()));
                None
            }
        }
    }
}

/// What a commit claims to be, by its trailers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitKind {
    /// Neither of the others.
    Direct,
    /// A harness commit: `AWO-Run`, `AWO-Task`, `AWO-Root`.
    Governed(RunId),
    /// A roll-back of a run (`AWO-Rollback`) or of a commit (git's own "This reverts commit").
    Rollback(RollbackTarget),
    /// The trailers contradict each other or are malformed.
    Confused(String),
}

/// What a roll-back says it takes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RollbackTarget {
    /// A run.
    Run(RunId),
    /// A commit.
    Commit(ObjectId),
    /// No one run: why it is not clear which.
    Unclear(String),
}

impl CommitKind {
    /// Returns what a commit claims to be.
    pub fn of(commit: &Commit) -> Self {
        // Read once: every commit of every push comes through here.
        let trailers = commit.trailers();
        let values = |key: &str| -> Vec<&String> {
            let wanted = |(name, _): &&(String, String)| name.eq_ignore_ascii_case(key);
            let found = trailers.iter().filter(wanted);
            found.map(|(_, value)| value).collect()
        };
        let runs = values("AWO-Run");
        let rollbacks = values("AWO-Rollback");
        let governed =
            !runs.is_empty() || !values("AWO-Task").is_empty() || !values("AWO-Root").is_empty();
        match (governed, runs.as_slice(), rollbacks.as_slice()) {
            (true, [run], []) => match RunId::new((*run).clone()) {
                Ok(run) => Self::Governed(run),
                Err(error) => Self::Confused(error.to_string()),
            },
            (false, [], [run]) => match RunId::new((*run).clone()) {
                Ok(run) => Self::Rollback(RollbackTarget::Run(run)),
                Err(error) => Self::Rollback(RollbackTarget::Unclear(error.to_string())),
            },
            (false, [], [_, _, ..]) => Self::Rollback(RollbackTarget::Unclear(
                "more than one run taken back in one commit".to_owned(),
            )),
            (false, [], []) => match reverted(&commit.message) {
                Some(commit) => Self::Rollback(RollbackTarget::Commit(commit)),
                None => Self::Direct,
            },
            _ => Self::Confused(
                "trailers AWO-Run, AWO-Task, AWO-Root and AWO-Rollback do not fit together"
                    .to_owned(),
            ),
        }
    }
}

/// Returns the commit that git's own revert message names.
fn reverted(message: &[u8]) -> Option<ObjectId> {
    let text = String::from_utf8_lossy(message);
    let (_, rest) = text.split_once("This reverts commit ")?;
    let hex: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
    hex.parse().ok()
}
