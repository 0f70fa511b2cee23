//! `git awo doctor`

use clap::Args;

use crate::check::report::Report;
use crate::cli::commands::hooks::{not_installed, program};
use crate::cli::context::answer_of;
use crate::cli::{Answer, CliError, Context};
use crate::git;
use crate::hook::install::{self, Side};
use crate::record::{Code, Finding, Subject};
use crate::store::layout;

/// Find everything that would make enforcement silently absent
#[derive(Debug, Args)]
pub struct DoctorArgs {}

/// The oldest git whose hooks do what we need: `reference-transaction` came with 2.28, and
/// `rev-parse --end-of-options` works from 2.30 on.
const OLDEST_GIT: (u32, u32) = (2, 30);

/// Runs the command.
pub fn run(context: &Context, _args: &DoctorArgs) -> Result<Answer, CliError> {
    let actor = context.actor()?;
    let mut report = Report::default();
    let mut complain = |code: Code, rule: &str, found: String, expected: &str, remedy: &str| {
        report.findings.push(
            Finding::new(code, rule, Subject::none())
                .found(found)
                .expected(expected)
                .remedy(remedy),
        );
    };
    let server = actor.repo.is_bare();
    for problem in actor.repo.view_problems() {
        complain(
            Code::Int005,
            "whole-view",
            problem,
            "a complete clone",
            "git fetch --unshallow",
        );
    }
    match actor.anchor() {
        Ok(Some(_)) => {}
        Ok(None) => {
            let remedy = if server {
                "git awo init --server --anchor FINGERPRINT"
            } else {
                "git awo trust FINGERPRINT"
            };
            complain(
                Code::Gov006,
                "pinned-root",
                "no trust anchor".to_owned(),
                "an anchor",
                remedy,
            );
        }
        Err(error) => complain(
            Code::Gov006,
            "pinned-root",
            error.to_string(),
            "an anchor",
            "git awo trust FINGERPRINT",
        ),
    }
    match actor.history() {
        Ok(history) => {
            let policy = &history.current().policy;
            if policy.expired_at(actor.now()) {
                complain(
                    Code::Gov006,
                    "policy-unexpired",
                    "the policy has expired".to_owned(),
                    "one in force",
                    "git awo policy propose FILE",
                );
            }
            if let Some(anchor) = actor.anchor()?
                && !history.starts_at(&anchor)
            {
                complain(
                    Code::Gov006,
                    "pinned-root",
                    history.repository().to_string(),
                    &anchor.to_string(),
                    "git awo trust",
                );
            }
            let own = std::fs::read_to_string(actor.settings.server_key().with_extension("pub"));
            if server && policy.holders(crate::policy::Role::Server) == "nobody" {
                let found = format!(
                    "no identity with the role server{}",
                    own.map_or(String::new(), |line| format!(" for {}", line.trim()))
                );
                complain(
                    Code::Str002,
                    "log-present",
                    found,
                    "a server key in the policy, so that pushes are logged",
                    "git awo policy propose FILE",
                );
            }
        }
        Err(error) => complain(
            Code::Gov006,
            "policy-present",
            error.to_string(),
            "a policy that holds",
            "git awo fetch, or git awo init",
        ),
    }
    if !server && let Ok(history) = actor.history() {
        match actor.signer() {
            Ok(signer)
                if history
                    .current()
                    .policy
                    .keyring()
                    .person_of(signer.public_key())
                    .is_none() =>
            {
                complain(
                    Code::Att004,
                    "key-known",
                    signer.public_key().fingerprint().to_owned(),
                    "a key that the policy names",
                    "git config user.signingkey PATH, or ask a root to add the key",
                )
            }
            Ok(_) => {}
            Err(error) => complain(
                Code::Att004,
                "key-usable",
                crate::check::report::chain_of(&error),
                "a signing key",
                "git config user.signingkey PATH",
            ),
        }
    }
    let side = if server { Side::Server } else { Side::Client };
    let directory = install::hooks_dir(&actor.repo);
    for hook in install::status(&directory, side, &program()?)? {
        if let Some(finding) = not_installed(&hook) {
            let (found, expected) = (finding.found, finding.expected);
            complain(
                finding.code,
                &finding.rule,
                found,
                &expected,
                &finding.remedy,
            );
        }
    }
    if !server {
        let specs = git::run_at_home(
            &actor.repo,
            &["config", "--get-regexp", r"^remote\..*\.fetch$"],
        )
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
        if !specs.is_empty() && !specs.contains("refs/awo/*") {
            complain(
                Code::Str002,
                "refspecs",
                "git fetch does not bring refs/awo/*".to_owned(),
                "the refspecs",
                "git awo init",
            );
        }
    }
    let version = git::run(actor.repo.git_dir(), &["--version"])?;
    let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    if git_version(&version).is_none_or(|found| found < OLDEST_GIT) {
        complain(
            Code::Str002,
            "git-version",
            version,
            "git 2.30 or later",
            "upgrade git",
        );
    }
    if let Some(tip) = actor.repo.reference(&layout::log())? {
        let last = actor.repo.commit(tip)?.committer.time;
        if last > actor.now().seconds() + 300 {
            complain(
                Code::Gov011,
                "clock",
                "the receive log is ahead of this clock".to_owned(),
                "a clock that agrees with the server's",
                "set the clock",
            );
        }
    }
    report.count("checks", 8);
    Ok(answer_of(&report))
}

fn git_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.strip_prefix("git version ")?.split(['.', ' ']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::git_version;

    #[test]
    fn reads_git_versions() {
        assert_eq!(git_version("git version 2.47.3"), Some((2, 47)));
        assert_eq!(git_version("git version 2.39.2.windows.1"), Some((2, 39)));
        assert_eq!(git_version("gti"), None);
    }
}
