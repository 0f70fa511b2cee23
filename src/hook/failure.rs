//! What keeps a hook from doing its work, in the taxonomy's terms: what it then refuses by.

use crate::check::Failure;
use crate::facts::failure::{git_failure, unusable};
use crate::facts::report::chain_of;
use crate::record::{RepoPath, Rule, Subject};

use super::{Error, install};

impl Error {
    /// Returns what the failure amounts to.
    pub fn failure(&self) -> Failure {
        let undecided = |rule| Failure::Undecided(unusable(rule, self, Subject::none()).into());
        match self {
            Error::Git(error) => git_failure(error, Subject::none()),
            Error::Actor(error) => error.failure(Subject::none()),
            Error::Check(error) => error.failure(Subject::none()),
            Error::Io { .. } => undecided(Rule::HookFileUsable),
            Error::Input(_) => undecided(Rule::HookInputReadable),
            Error::Malformed { path, .. } => {
                let path = RepoPath::new(path.as_os_str().as_encoded_bytes());
                Failure::Undecided(
                    Rule::HookFileForm
                        .finding(Subject::none().path(&path))
                        .found(chain_of(self))
                        .expected("a file as git-awo writes it")
                        .remedy("git awo doctor")
                        .into(),
                )
            }
            Error::Odd(_) => undecided(Rule::GitUnderstood),
            Error::Log(_) => undecided(Rule::ReceiptWritten),
            Error::Usage(_) => undecided(Rule::HookCalled),
        }
    }
}

impl install::Error {
    /// Returns what the failure amounts to.
    pub fn failure(&self) -> Failure {
        use install::Error as E;
        match self {
            E::Io { .. } => {
                Failure::Undecided(unusable(Rule::HooksWritable, self, Subject::none()).into())
            }
            E::Taken { .. } => Failure::Undecided(
                Rule::OneKeptHook
                    .finding(Subject::none())
                    .found(self)
                    .expected("one hook beside ours")
                    .remedy("join the two hooks in one file, then git awo hooks install")
                    .into(),
            ),
            E::Gitolite { hook, target } => Failure::Found(
                Rule::HookStays
                    .finding(Subject::none())
                    .found(format!(
                        "{} leads to {}, and gitolite links it again",
                        hook.display(),
                        target.display()
                    ))
                    .expected("a hook of this repository alone")
                    .remedy("take it out of gitolite's hooks/common, then git awo hooks install")
                    .into(),
            ),
            E::Program(_) => {
                Failure::Undecided(unusable(Rule::ProgramNamed, self, Subject::none()).into())
            }
        }
    }
}
