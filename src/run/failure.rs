//! What keeps a run from being done, in the taxonomy's terms.

use crate::check::Failure;
use crate::facts::failure::{evidence_failure, git_failure, store_failure, unusable};
use crate::facts::report::chain_of;
use crate::record::{Refusal, Rule, Subject};

use super::Error;

impl Error {
    /// Returns what the failure amounts to.
    pub fn failure(&self) -> Failure {
        let none = Subject::none;
        let stopped = |rule: Rule, status: &std::process::ExitStatus| {
            let finding = rule.finding(none()).found(status);
            let finding = finding.expected("exit status: 0");
            let remedy = "mend the command and run it again: the approval is not spent";
            Failure::Found(finding.remedy(remedy).into())
        };
        match self {
            Error::Refused(findings) => Failure::Found(Refusal::or(
                findings.clone(),
                Rule::ExecutionGate
                    .finding(none())
                    .found("something that does not hold and has no finding")
                    .expected("everything that the execution gate asks for")
                    .remedy("git awo status"),
            )),
            Error::Failed { status, .. } => stopped(Rule::CommandSucceeds, status),
            Error::ValidationFailed { status, .. } => stopped(Rule::ValidationSucceeds, status),
            Error::NoCommand => Failure::Found(
                Rule::CommandGiven
                    .finding(none())
                    .found("an empty command")
                    .expected("a command to run")
                    .remedy("git awo run TASK -- COMMAND")
                    .into(),
            ),
            Error::Start { .. } => Failure::Undecided(
                unusable(Rule::CommandStarts, self, none())
                    .expected("a program that can be started")
                    .remedy("name a program that is there: git awo run TASK -- COMMAND")
                    .into(),
            ),
            Error::Io { .. } => {
                Failure::Undecided(unusable(Rule::RunPlaceUsable, self, none()).into())
            }
            Error::CheckOut { path, .. } => Failure::Found(
                Rule::CheckoutPath
                    .finding(none().path(path))
                    .found(chain_of(self))
                    .expected("paths that can be put on a disk")
                    .remedy("git mv, in a task of its own")
                    .into(),
            ),
            Error::Evidence(error) => evidence_failure(error),
            Error::Actor(error) => error.failure(none()),
            Error::Check(error) => error.failure(none()),
            Error::Git(error) => git_failure(error, none()),
            Error::Store(error) => store_failure(error, none()),
        }
    }
}
