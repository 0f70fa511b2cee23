//! How gathering fails: what cannot be read, and a policy that does not hold.

use crate::policy::{BadPolicy, Unverified};
use crate::record::{Coded, Diagnosis, IdentityName, ObjectId, Rule, Subject};
use crate::{git, store};

/// A check could not be made. At a server's door this refuses; it never means "ok".
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The repository could not be read.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// The records could not be read.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A sequence could not be read.
    #[error(transparent)]
    Chain(#[from] store::chain::Error),
    /// The policy does not hold.
    #[error("cannot judge by this policy: {}", describe(.0))]
    Policy(Box<BadVersion>),
}

impl Error {
    /// Tells whether a policy requires what this version does not know. Whether such a policy holds
    /// is undecided: it is not one that is known to be bad.
    pub fn is_newer_policy(&self) -> bool {
        matches!(self, Error::Policy(bad) if bad.denies(Subject::none()).is_none())
    }

    /// Returns whether the work that a push may take is used up.
    pub fn is_out_of_work(&self) -> bool {
        matches!(self, Error::Git(error) if error.is_out_of_work())
    }
}

fn describe(bad: &BadVersion) -> String {
    format!("{} {bad}", bad.to_finding(Subject::none()).code)
}

impl Coded for Error {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Error::Git(error) => error.diagnosis(),
            Error::Store(error) => error.diagnosis(),
            Error::Chain(error) => error.diagnosis(),
            Error::Policy(bad) => bad.diagnosis(),
        }
    }
}

/// A policy commit that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{flaw}")]
pub struct BadVersion {
    commit: ObjectId,
    flaw: Flaw,
}

/// What is wrong with a policy commit. The words are what a finding says was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Flaw {
    #[error("more than one parent, or too many versions")]
    Forked,
    #[error("its parent is not the policy before it")]
    OtherParent,
    #[error("not exactly policy.toml, allowed_signers and policy.dsse.json")]
    Files,
    #[error("{0}")]
    Unreadable(BadPolicy),
    #[error("{0}")]
    Envelope(String),
    #[error("an impossible date")]
    Date,
    #[error("{0}")]
    Signature(Unverified),
    #[error("the files are not those that were signed")]
    OtherFiles,
    #[error("the statement names another predecessor")]
    OtherPredecessor,
    #[error("the statement names another repository")]
    OtherRepository,
    #[error("version {found} (signed as {signed}), not {expected}")]
    Version {
        found: u32,
        signed: u32,
        expected: u32,
    },
    #[error("signed by {signed} of the roots")]
    Threshold {
        signed: usize,
        needed: usize,
        missing: Vec<IdentityName>,
    },
}

impl BadVersion {
    pub(super) fn at(commit: ObjectId, flaw: Flaw) -> Self {
        Self { commit, flaw }
    }
}

impl From<BadVersion> for Error {
    fn from(bad: BadVersion) -> Self {
        Error::Policy(Box::new(bad))
    }
}

/// A policy that does not hold is made again; a clone goes back to that of the server.
const POLICY_AGAIN: &str = "make it again: git awo policy propose FILE; in a clone that has a wrong one: git \
    update-ref refs/awo/policy refs/awo-remotes/origin/awo/policy";

impl Coded for BadVersion {
    fn diagnosis(&self) -> Diagnosis {
        let broken = |rule| {
            let expected = "a policy linked to its predecessor and signed by its roots";
            Diagnosis::against(&self.flaw, rule, expected, POLICY_AGAIN)
        };
        let diagnosis = match &self.flaw {
            Flaw::Forked => broken(Rule::PolicyLinear),
            Flaw::OtherParent | Flaw::OtherPredecessor => broken(Rule::PolicyLinked),
            Flaw::Files => broken(Rule::PolicyFiles),
            Flaw::Unreadable(bad) => bad.diagnosis(),
            Flaw::Envelope(_) => broken(Rule::PolicyEnvelope),
            Flaw::Date => broken(Rule::PolicyDate),
            Flaw::Signature(error) => error.diagnosis(),
            Flaw::OtherFiles => broken(Rule::PolicyDigests),
            Flaw::OtherRepository => broken(Rule::PolicyRepository),
            Flaw::Version { .. } => broken(Rule::PolicyVersion),
            Flaw::Threshold {
                needed, missing, ..
            } => {
                let missing: Vec<_> = missing.iter().map(ToString::to_string).collect();
                let remedy = format!("git awo policy sign, by {}", missing.join(" or "));
                let rule = Rule::PolicyThreshold;
                Diagnosis::against(&self.flaw, rule, format!("{needed} of them"), remedy)
            }
        };
        diagnosis.about(Subject::of_commit(self.commit))
    }
}
