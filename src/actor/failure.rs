//! What keeps somebody from acting, in the taxonomy's terms.

use crate::check::Failure;
use crate::facts::failure::{git_failure, store_failure, unusable};
use crate::facts::report::chain_of;
use crate::record::{Finding, RepoPath, Rule, Subject};
use crate::signing::SigningError;
use crate::store::layout;

use super::Error;

impl Error {
    /// Returns what the failure amounts to.
    pub fn failure(&self, subject: Subject) -> Failure {
        let undecided = |rule| Failure::Undecided(unusable(rule, self, subject.clone()).into());
        match self {
            Error::Git(error) => git_failure(error, subject),
            Error::Store(error) => store_failure(error, subject),
            Error::Check(error) => error.failure(subject),
            Error::Sign(error) => Failure::Undecided(unsigned(error, subject).into()),
            Error::NoKey => Failure::Undecided(
                Rule::KeyConfigured.finding(subject)
                    .found("no user.signingkey is set")
                    .expected("the key of a person whom the policy names")
                    .remedy("git config user.signingkey ~/.ssh/id_ed25519")
                    .into(),
            ),
            Error::UnknownKey(key) => Failure::Found(
                Rule::KeyKnown.finding(subject)
                    .found(key)
                    .expected("a key of a person whom the policy names")
                    .remedy("git config user.signingkey PATH, or ask a root: git awo policy propose FILE")
                    .into(),
            ),
            Error::Role { person, role, held } => Failure::Found(
                Rule::RoleHeld.finding(subject)
                    .found(format!("{person} holds {held}"))
                    .expected(role)
                    .remedy("ask a person who holds the role: git awo policy show")
                    .into(),
            ),
            Error::NoPolicy => Failure::Undecided(no_policy().into()),
            Error::Clock(_) => undecided(Rule::ClockReadable),
            Error::Io { .. } => undecided(Rule::OwnFileUsable),
            Error::Malformed { path, .. } => {
                let path = RepoPath::new(path.as_os_str().as_encoded_bytes());
                Failure::Undecided(
                    Rule::OwnFileForm.finding(subject.path(&path))
                        .found(chain_of(self))
                        .expected("a file as git-awo writes it")
                        .remedy("git awo doctor")
                        .into(),
                )
            }
        }
    }
}

/// Returns the finding that a repository has no policy.
pub fn no_policy() -> Finding {
    Rule::PolicyPresent
        .finding(Subject::of_ref(&layout::policy()))
        .found("no refs/awo/policy in this clone")
        .expected("the policy and its records")
        .remedy("git awo fetch, or git awo init")
}

/// Whatever keeps a key from signing, its owner has to mend it: nothing was judged.
fn unsigned(error: &SigningError, subject: Subject) -> Finding {
    use SigningError as E;
    let (rule, remedy) = match error {
        E::Read { .. } | E::NoKey(_) | E::Key { .. } | E::PrivateKey { .. } => {
            (Rule::KeyUsable, "git config user.signingkey PATH")
        }
        E::NotPlainEd25519(_) => (Rule::KeyUsable, "git config user.signingkey PATH"),
        E::OpenToOthers(_) => (Rule::KeyPrivate, "chmod 600, on the key file"),
        E::Write { .. } | E::Encode(_) | E::Comment(_) => (Rule::KeyMade, "git awo doctor"),
        E::Run(_) | E::Refused(_) | E::Unsound(_) => (
            Rule::SignatureMade,
            "ssh-add -l, and ssh-keygen -Y sign by hand, to see what keeps the key from signing",
        ),
    };
    rule.finding(subject)
        .found(chain_of(error))
        .expected("a key that signs")
        .remedy(remedy)
}
