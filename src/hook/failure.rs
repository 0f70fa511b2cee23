//! What keeps a hook from doing its work, in the taxonomy's terms: what it then refuses by.

use crate::check::Failure;
use crate::check::failure::{git_failure, unusable};
use crate::check::report::chain_of;
use crate::record::{Code, Finding, RepoPath, Subject};

use super::{Error, install};

impl Error {
    /// Returns what the failure amounts to.
    pub fn failure(&self) -> Failure {
        let undecided = |rule| Failure::Undecided(unusable(rule, self, Subject::none()).into());
        match self {
            Error::Git(error) => git_failure(error, Subject::none()),
            Error::Actor(error) => error.failure(Subject::none()),
            Error::Check(error) => error.failure(Subject::none()),
            Error::Io { .. } => undecided("hook-file-usable"),
            Error::Input(_) => undecided("hook-input-readable"),
            Error::Malformed { path, .. } => {
                let path = RepoPath::new(path.as_os_str().as_encoded_bytes());
                Failure::Undecided(
                    Finding::new(Code::Int004, "hook-file-form", Subject::none().path(&path))
                        .found(chain_of(self))
                        .expected("a file as git-awo writes it")
                        .remedy("git awo doctor")
                        .into(),
                )
            }
            Error::Odd(_) => undecided("git-understood"),
            Error::Log(_) => undecided("receipt-written"),
            Error::Usage(_) => undecided("hook-called"),
        }
    }
}

impl install::Error {
    /// Returns what the failure amounts to.
    pub fn failure(&self) -> Failure {
        use install::Error as E;
        match self {
            E::Io { .. } => {
                Failure::Undecided(unusable("hooks-writable", self, Subject::none()).into())
            }
            E::Taken { .. } => Failure::Undecided(
                Finding::new(Code::Str002, "one-kept-hook", Subject::none())
                    .found(self)
                    .expected("one hook beside ours")
                    .remedy("join the two hooks in one file, then git awo hooks install")
                    .into(),
            ),
            E::Gitolite { hook, target } => Failure::Found(
                Finding::new(Code::Str002, "hook-stays", Subject::none())
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
                Failure::Undecided(unusable("program-named", self, Subject::none()).into())
            }
        }
    }
}
