//! What a failure of the machinery amounts to in the taxonomy. Every variant of every error has its
//! arm: no wildcard, so that a new one cannot go without a code.

use std::path::Path;

use crate::record::{Finding, ObjectId, Refusal, Rule, Subject};
use crate::{evidence, git, store};

use super::Error;
use super::report::{Report, chain_of};

/// A failure in the taxonomy's terms. It never means "ok".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It speaks against what was read or was to be written.
    Found(Refusal),
    /// It says nothing of that: the check or the act could not be done.
    Undecided(Refusal),
}

impl Failure {
    /// Returns why.
    pub fn refusal(&self) -> &Refusal {
        match self {
            Failure::Found(refusal) | Failure::Undecided(refusal) => refusal,
        }
    }

    /// Returns why, whichever of both it is.
    pub fn into_refusal(self) -> Refusal {
        match self {
            Failure::Found(refusal) | Failure::Undecided(refusal) => refusal,
        }
    }

    /// Returns the findings if it speaks against what was read.
    pub fn found(self) -> Option<Refusal> {
        match self {
            Failure::Found(refusal) => Some(refusal),
            Failure::Undecided(_) => None,
        }
    }

    /// Puts the failure into a report.
    pub fn report(self, report: &mut Report) {
        match self {
            Failure::Found(refusal) => report.findings.extend(refusal.into_findings()),
            Failure::Undecided(refusal) => report.undecided.extend(refusal.into_findings()),
        }
    }
}

/// Returns a failure of the machinery around us as a finding: a file, a program, the system.
pub fn unusable(rule: Rule, error: &dyn std::error::Error, subject: Subject) -> Finding {
    rule.finding(subject)
        .found(chain_of(error))
        .expected("a repository and a system that can be read and written")
        .remedy("git awo doctor")
}

impl Error {
    /// Returns what the failure amounts to.
    pub fn failure(&self, subject: Subject) -> Failure {
        match self {
            Error::Policy(findings) => Failure::Found(Refusal::or(
                findings.clone(),
                Rule::PolicyHolds
                    .finding(subject)
                    .found(self)
                    .expected("a policy that holds")
                    .remedy("git awo policy log"),
            )),
            Error::Git(error) => git_failure(error, subject),
            Error::Store(error) => store_failure(error, subject),
        }
    }

    /// Returns the findings that this failure amounts to, if it speaks against what was read;
    /// otherwise the check is undecided.
    pub fn findings(&self, subject: Subject) -> Vec<Finding> {
        let found = self.failure(subject).found();
        let found = found.map(|refusal| refusal.into_findings().into_iter().collect());
        found.unwrap_or_default()
    }

    /// Puts the failure into a report.
    pub fn report(&self, subject: Subject, report: &mut Report) {
        self.failure(subject).report(report);
    }
}

/// Returns the finding that a failure to read amounts to, if it speaks against what was read.
pub fn git_finding(error: &git::Error, subject: Subject) -> Option<Finding> {
    git_failure(error, subject)
        .found()?
        .into_findings()
        .into_iter()
        .next()
}

/// Returns what a failure to read or write the repository amounts to.
pub fn git_failure(error: &git::Error, subject: Subject) -> Failure {
    use git::Error as E;
    let at = |id: &ObjectId| subject.clone().record(id);
    let found = |rule: Rule, subject, remedy| {
        let finding = rule.finding(subject).found(chain_of(error));
        Failure::Found(finding.expected("a readable object").remedy(remedy).into())
    };
    let written = |rule: Rule| {
        let finding = rule.finding(subject.clone()).found(chain_of(error));
        let finding = finding.expected("something that git can hold");
        Failure::Found(finding.remedy("git fsck --strict").into())
    };
    // What is not shown speaks against nobody: nothing can be decided until all is there.
    let unseen = |rule: Rule, subject, remedy| {
        let finding = rule.finding(subject).found(chain_of(error));
        let finding = finding.expected("a view of all objects");
        Failure::Undecided(finding.remedy(remedy).into())
    };
    let undecided = |rule: Rule| Failure::Undecided(unusable(rule, error, subject.clone()).into());
    match error {
        E::HashMismatch { id, .. } => found(
            Rule::ObjectHash,
            at(id),
            "restore the object from another clone",
        ),
        E::Missing { id } => unseen(
            Rule::ObjectPresent,
            at(id),
            "git fetch --refetch, or git awo fetch",
        ),
        E::Unsupported { remedy, .. } => {
            let finding = unusable(Rule::RepositoryReadable, error, subject.clone());
            Failure::Undecided(finding.remedy(remedy).into())
        }
        E::Foreign { home, .. } => {
            let finding = unusable(Rule::OwnRepository, error, subject.clone());
            let remedy = format!(
                "git config --global --add safe.directory {}, if you trust its owner",
                home.display()
            );
            Failure::Undecided(finding.remedy(remedy).into())
        }
        E::IncompleteView { .. } => unseen(
            Rule::WholeView,
            subject,
            "git fetch --unshallow, or a full clone",
        ),
        E::Environment { .. } => unseen(Rule::HookEnvironment, subject, "git awo doctor"),
        E::Collision { id } => found(Rule::ObjectCollision, at(id), "do not use this object"),
        E::Object { id, .. } => found(
            Rule::ObjectReadable,
            at(id),
            "restore the object from another clone",
        ),
        E::WrongKind { id, .. } => {
            found(Rule::ObjectKind, at(id), "push the kind of object wanted")
        }
        E::BadCommit { id, .. } | E::BadTree { id, .. } | E::BadTag { id, .. } => {
            found(Rule::ObjectForm, at(id), "git fsck --strict")
        }
        E::BadNotes { .. } => found(Rule::NotesForm, subject, "git awo fetch"),
        E::TooLarge { id, .. } => found(Rule::ObjectSize, at(id), "make it smaller"),
        E::Limit { .. } => found(Rule::Limits, subject, "push less at once"),
        E::BadEdit { .. } => written(Rule::TreeEdit),
        E::BadDraft { .. } => written(Rule::CommitDraft),
        E::Open { .. } => {
            let finding = unusable(Rule::RepositoryReadable, error, subject.clone());
            let finding = finding.remedy("git status, in the repository that is meant");
            Failure::Undecided(finding.into())
        }
        E::Ref { .. } => undecided(Rule::RefReadable),
        E::Write { .. } | E::Io { .. } => undecided(Rule::FileUsable),
        E::Git { stderr, .. } if stderr.contains(".lock': File exists") => Failure::Undecided(
            Rule::RefUnlocked
                .finding(subject)
                .found(chain_of(error))
                .expected("a repository in which no other git process is at work")
                .remedy("remove that lock, if nobody else is at work in the repository")
                .into(),
        ),
        E::Git { stderr, .. } if config_locked(stderr).is_some() => {
            let lock = format!("{}.lock", config_locked(stderr).unwrap_or_default());
            Failure::Undecided(
                Rule::ConfigUnlocked
                    .finding(subject)
                    .found(chain_of(error))
                    .expected(format!(
                        "no {lock}, which a git at work holds or has left behind"
                    ))
                    .remedy(format!(
                        "if no git runs here: rm {}",
                        quoted(Path::new(&lock))
                    ))
                    .into(),
            )
        }
        E::Start { .. } | E::Git { .. } => undecided(Rule::GitSucceeds),
    }
}

/// Returns the configuration whose lock git has found taken, from what it said.
fn config_locked(stderr: &str) -> Option<&str> {
    let (_, rest) = stderr.split_once("could not lock config file ")?;
    rest.split_once(": File exists").map(|(path, _)| path)
}

/// Returns a path as one would type it in a shell.
pub(crate) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%,:=".contains(c);
    match text.chars().all(plain) {
        true => text,
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// Returns what a failure to move refs amounts to.
pub fn update_failure(error: &git::UpdateError, subject: Subject) -> Failure {
    use git::UpdateError as E;
    let moved = |name, rule: Rule, expected: &str| {
        rule.finding(subject.clone().on(name))
            .found(chain_of(error))
            .expected(expected)
            .remedy("run the command again: git awo status")
    };
    match error {
        E::Moved { name } => {
            Failure::Found(moved(name, Rule::NothingMoved, "the state that was judged").into())
        }
        E::Locked { name, path, .. } => Failure::Undecided(
            moved(name, Rule::RefUnlocked, "a ref that nobody else moves")
                .remedy(format!(
                    "rm {}, if nobody else is at work in the repository",
                    quoted(path)
                ))
                .into(),
        ),
        E::Bad { name, .. } => {
            Failure::Undecided(moved(name, Rule::RefUpdate, "one movement of each ref").into())
        }
        E::Other(_) => Failure::Undecided(unusable(Rule::RefsWritable, error, subject).into()),
    }
}

/// Returns what a failure to read or write the records amounts to.
pub fn store_failure(error: &store::Error, subject: Subject) -> Failure {
    use store::Error as E;
    let form = |rule: Rule, subject| {
        let finding = rule.finding(subject).found(chain_of(error));
        let finding = finding.expected("a record in its one form");
        Failure::Found(
            finding
                .remedy("git awo verify --all on another clone")
                .into(),
        )
    };
    let record = |limit, subject| match limit {
        true => form(Rule::RecordLimit, subject),
        false => form(Rule::RecordForm, subject),
    };
    let taken = |path: &crate::record::RepoPath, remedy: &str| {
        let subject = subject.clone().record(path);
        let finding = Rule::RecordName.finding(subject);
        let finding = finding.found("another record of that name");
        Failure::Found(finding.expected("a new name").remedy(remedy).into())
    };
    match error {
        E::Git(error) => git_failure(error, subject),
        E::Update(error) => update_failure(error, subject),
        E::Envelope {
            record: name,
            source,
        } => record(source.limit, subject.record(name)),
        E::Malformed { path, source } => record(source.limit, subject.record(path)),
        E::NoFile { path } => form(Rule::RecordMode, subject.record(path)),
        E::Exists { path } => taken(path, "git awo status"),
        E::Noted { digest } => {
            let finding = Rule::NotedOnce.finding(subject.record(digest));
            let finding = finding.found("the same person has said this before");
            let finding = finding.expected("something new");
            Failure::Found(finding.remedy("git awo status").into())
        }
        E::Conflict { path, .. } => taken(path, "git awo fetch --theirs, then do it again"),
        E::Unrelated { reference, .. } => Failure::Found(
            Rule::ForwardOnly
                .finding(subject.on(reference))
                .found("histories with nothing in common")
                .expected("one history")
                .remedy("compare with another clone: the server was rewound or forked")
                .into(),
        ),
        E::Contended { .. } => Failure::Undecided(
            Rule::RaceWon
                .finding(subject)
                .found(chain_of(error))
                .expected("a moment in which nobody else writes")
                .remedy("run the command again: git awo status")
                .into(),
        ),
        E::Random => Failure::Undecided(unusable(Rule::Randomness, error, subject).into()),
    }
}

/// Returns what a failure to read or write a run directory amounts to.
pub fn evidence_failure(error: &evidence::Error) -> Failure {
    use evidence::Error as E;
    let found = |finding: Option<Finding>| match finding {
        Some(finding) => Failure::Found(finding.into()),
        None => Failure::Undecided(unusable(Rule::RunReadable, error, Subject::none()).into()),
    };
    match error {
        E::NotRegular { .. } | E::BadPath { .. } | E::Replaced { .. } | E::Limit { .. } => {
            found(error.finding())
        }
        E::Io { .. } => found(None),
        E::NotEmpty { .. } => Failure::Found(
            Rule::RunDirectoryEmpty
                .finding(Subject::none())
                .found(chain_of(error))
                .expected("an empty directory, or none")
                .remedy("name another directory")
                .into(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::config_locked;

    #[test]
    fn the_lock_of_a_configuration_is_told_from_other_failures() {
        let taken = "error: could not lock config file /r/.git/config: File exists\n";
        assert_eq!(config_locked(taken), Some("/r/.git/config"));
        let denied = "error: could not lock config file /r/.git/config: Permission denied\n";
        assert_eq!(config_locked(denied), None);
        assert_eq!(config_locked("error: no such section\n"), None);
    }
}
