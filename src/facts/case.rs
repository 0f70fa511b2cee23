//! The case: the facts that the rules judge. Gathered by `check`, plain values here.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::commit::Commit;
use crate::record::tree::{Change, Fault};
use crate::record::{
    Coded, Finding, Findings, IdentityName, ObjectId, RunId, Sha256, Subject, Timestamp,
};
use crate::records::{
    ApprovalPredicate, AttestationPredicate, Binding, ContractPredicate, FinalizationPredicate,
    IndependencePredicate, OutcomePredicate, Record, RunPredicate, SelfApprovalPredicate,
};

use crate::policy::keyring::Signer;
use crate::policy::{RefRules, Unverified, Verified};

/// A new commit on a governed ref.
pub struct CommitCase<'a> {
    /// What the policy says about the ref.
    pub rules: &'a RefRules<'a>,
    /// The commit.
    pub commit: &'a Commit,
    /// What it changes, against every parent.
    pub changes: &'a [Change],
    /// What is wrong with entries of its trees that no parent has.
    pub faults: &'a [Fault],
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

/// A link of the chain as it was found.
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant, reason = "a run has half a dozen links")]
pub enum Lookup<T> {
    /// There is none.
    Missing,
    /// There is one that does not hold.
    Invalid(Finding),
    /// There is one, checked by itself; what it binds is for the rules.
    Valid(T),
}

impl<T> Lookup<T> {
    /// Returns the link if it holds.
    pub fn valid(&self) -> Option<&T> {
        match self {
            Lookup::Valid(value) => Some(value),
            _ => None,
        }
    }
}

/// The evidence of a run, as recomputed from its bytes.
#[derive(Clone, Debug)]
pub struct EvidenceFacts {
    /// The root computed.
    pub root: Sha256,
    /// Hash and file-set mismatches.
    pub findings: Findings,
    /// The invariants broken (reasons, sorted).
    pub reasons: Vec<String>,
}

impl RunFacts {
    /// Returns the digests of the records of the run that use an approval.
    pub fn uses_of(&self, approval: Sha256) -> Vec<Sha256> {
        fn of<P: Record>(it: &Verified<P>) -> (Sha256, &dyn Record) {
            (it.digest(), it.predicate())
        }
        let attestations = self.attestations.iter().map(of);
        let users = self.run.valid().map(of).into_iter().chain(attestations);
        users
            .chain(self.finalization.valid().map(of))
            .filter(|(_, it)| it.binds().contains(&Binding::Approval(approval)))
            .map(|(digest, _)| digest)
            .collect()
    }

    /// Returns the digests of the reviews of the run, and of its finalization.
    pub fn reviews(&self) -> impl Iterator<Item = Sha256> {
        let finalization = self.finalization.valid().map(Verified::digest);
        let logs = self.independence.iter().map(Verified::digest);
        let permitted = self.overrides.iter().map(Verified::digest);
        let approvals = self.audit_approvals.iter().map(Verified::digest);
        let attestations = self.attestations.iter().map(Verified::digest);
        let reviews = logs.chain(permitted).chain(approvals).chain(attestations);
        reviews.chain(finalization)
    }

    /// Tells whether a recorded override lets the orchestrator review this run.
    pub fn overridden(&self) -> bool {
        let Some(run) = self.run.valid().map(|run| run.predicate()) else {
            return false;
        };
        self.overrides.iter().any(|it| {
            let says = it.predicate();
            says.allow_self_approval == "1"
                && says.run == self.id
                && says.commit == run.commit
                && says.root == run.root
        })
    }
}

/// Everything known about a run.
pub struct RunFacts {
    /// The run.
    pub id: RunId,
    /// The run record.
    pub run: Lookup<Verified<RunPredicate>>,
    /// The contract that the run record names.
    pub contract: Lookup<Verified<ContractPredicate>>,
    /// The approvals noted on that contract.
    pub task_approvals: Vec<Verified<ApprovalPredicate>>,
    /// For each approval spent: the run that the ledger says spent it.
    pub spent: BTreeMap<Sha256, Option<RunId>>,
    /// The root of the inventory in the ledger, if there is one.
    pub inventory: Option<Sha256>,
    /// The evidence.
    pub evidence: Lookup<EvidenceFacts>,
    /// The independence logs.
    pub independence: Vec<Verified<IndependencePredicate>>,
    /// The overrides.
    pub overrides: Vec<Verified<SelfApprovalPredicate>>,
    /// The audit approvals noted on the harness commit.
    pub audit_approvals: Vec<Verified<ApprovalPredicate>>,
    /// The attestations noted on the harness commit.
    pub attestations: Vec<Verified<AttestationPredicate>>,
    /// The approvals, of the task and of the run, that were withdrawn before anything used them.
    pub revoked: BTreeSet<Sha256>,
    /// The finalization.
    pub finalization: Lookup<Verified<FinalizationPredicate>>,
    /// The run's entry in the provenance index; it must be the one that the finalization implies.
    pub indexed: Lookup<()>,
    /// The outcome.
    pub outcome: Lookup<Verified<OutcomePredicate>>,
    /// Records of this run that do not hold by themselves.
    pub bad: Findings,
    /// The time by which the task approvals are judged: when the run record arrived.
    pub time: Timestamp,
    /// The time by which the audit approvals are judged: when the finalization arrived.
    pub audited: Timestamp,
}
