//! What keeps a run from being done, in the taxonomy's terms.

use crate::record::{Coded, Diagnosis, Refusal, Rule, Subject};

use super::Error;

impl Coded for Error {
    fn diagnosis(&self) -> Diagnosis {
        let stopped = |rule: Rule, status: &std::process::ExitStatus| {
            let remedy = "mend the command and run it again: the approval is not spent";
            Diagnosis::against(self, rule, "exit status: 0", remedy).found(status)
        };
        match self {
            Error::Refused(findings) => Refusal::or(
                findings.clone(),
                Rule::ExecutionGate
                    .finding(Subject::none())
                    .found("something that does not hold and has no finding")
                    .expected("everything that the execution gate asks for")
                    .remedy("git awo status"),
            )
            .into(),
            Error::Failed { status, .. } => stopped(Rule::CommandSucceeds, status),
            Error::ValidationFailed { status, .. } => stopped(Rule::ValidationSucceeds, status),
            Error::NoCommand => {
                let remedy = "git awo run TASK -- COMMAND";
                Diagnosis::against(self, Rule::CommandGiven, "a command to run", remedy)
                    .found("an empty command")
            }
            Error::Start { .. } => {
                let expected = "a program that can be started";
                let remedy = "name a program that is there: git awo run TASK -- COMMAND";
                Diagnosis::undecided(self, Rule::CommandStarts, expected, remedy)
            }
            Error::Io { .. } => Diagnosis::unusable(self, Rule::RunPlaceUsable),
            Error::CheckOut { path, .. } => {
                let expected = "paths that can be put on a disk";
                let remedy = "git mv, in a task of its own";
                Diagnosis::against(self, Rule::CheckoutPath, expected, remedy)
                    .about(Subject::none().path(path))
            }
            Error::Evidence(error) => error.diagnosis(),
            Error::Actor(error) => error.diagnosis(),
            Error::Check(error) => error.diagnosis(),
            Error::Git(error) => error.diagnosis(),
            Error::Store(error) => error.diagnosis(),
        }
    }
}
