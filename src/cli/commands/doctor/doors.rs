//! The hooks, what could go past them, and what people get to see of the records.

use std::path::{Path, PathBuf};

use super::Examination;
use crate::check::push::refs;
use crate::cli::CliError;
use crate::cli::commands::hooks::{not_installed, program, word};
use crate::facts::log;
use crate::git;
use crate::hook::gaps::{self, View};
use crate::hook::install::{self, Side};
use crate::hook::{places, receipt};
use crate::record::chain_of;
use crate::record::{Rule, Subject};
use crate::store::layout;

pub(super) fn hooks(it: &mut Examination<'_>) -> Result<(), CliError> {
    let side = if it.server {
        Side::Server
    } else {
        Side::Client
    };
    let directory = install::hooks_dir(&it.actor.repo);
    let all = install::status(&directory, side, &program()?)?;
    it.report
        .findings
        .extend(all.iter().filter_map(not_installed));
    if places::is_gitaly(&directory) {
        it.note(places::NO_TRANSACTION);
    }
    Ok(())
}

/// git itself is asked where it looks for hooks: configuration of the user and of the machine counts.
pub(super) fn where_git_looks(it: &mut Examination<'_>) -> Result<(), CliError> {
    if it.actor.repo.is_foreign() {
        let repo = &it.actor.repo;
        let home = repo.work_tree().unwrap_or(repo.git_dir()).display();
        let found = format!("{home} belongs to another user: what git would do here is not known");
        let remedy = format!("git config --global --add safe.directory {home}, or ask its owner");
        let expected = "a repository of the user who asks";
        it.complain(Rule::OwnRepository, found, expected, &remedy);
        return Ok(());
    }
    let words = ["rev-parse", "--path-format=absolute", "--git-path", "hooks"];
    let output = match git::run_at_home(&it.actor.repo, &words) {
        Ok(output) => output,
        Err(error) => {
            // As with an empty core.hooksPath: then git runs no hook at all.
            let expected = "an answer (git 2.31 or later)";
            let remedy = "git config --show-origin core.hooksPath";
            it.complain(Rule::HooksPath, chain_of(&error), expected, remedy);
            return Ok(());
        }
    };
    let looked = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n'));
    let ours = install::hooks_dir(&it.actor.repo);
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if places::is_gitaly(&ours) {
        return called_by_gitaly(it, &looked);
    }
    if real(&looked) != real(&ours) {
        let found = format!("git runs the hooks of {}", looked.display());
        let expected = format!("those of {}", ours.display());
        let remedy = "git config --show-origin core.hooksPath";
        it.complain(Rule::HooksPath, found, &expected, remedy);
    }
    Ok(())
}

/// Only Gitaly runs `custom_hooks`: git itself, at a copy of the repository, runs what stands where
/// it looks, or nothing.
fn called_by_gitaly(it: &mut Examination<'_>, looked: &Path) -> Result<(), CliError> {
    if places::in_gitalys_storage(it.actor.repo.git_dir()) {
        return Ok(());
    }
    let all = install::status(looked, Side::Server, &program()?)?;
    let Some(hook) = all.iter().find(|hook| not_installed(hook).is_some()) else {
        return Ok(());
    };
    let found = format!(
        "custom_hooks/ has ours, which only GitLab's Gitaly runs, and this is no storage of Gitaly's (no \
         .gitaly-metadata above it); git runs {}, with {} {}",
        looked.display(),
        hook.name,
        word(hook.state)
    );
    let expected = "our hooks where they are called";
    let remedy = "git awo hooks uninstall --server, then git awo hooks install --server";
    it.complain(Rule::HooksCalled, found, expected, remedy);
    Ok(())
}

/// On a server every movement has an entry in the receive log; one without went past the hooks, or
/// is of a push under way.
pub(super) fn past_the_hooks(it: &mut Examination<'_>) -> Result<(), CliError> {
    let repo = &it.actor.repo;
    let Ok(history) = it.actor.history() else {
        return Ok(());
    };
    if !it.server {
        return Ok(());
    }
    let Some(tip) = repo.reference(&layout::log())? else {
        if history.current().policy.log_writers().next().is_some() {
            let found = "no refs/awo/log, though the policy names who writes it";
            let remedy =
                "git fetch CLONE refs/awo/log:refs/awo/log, here, from a clone that has it";
            it.complain(Rule::LogKept, found, "the receive log", remedy);
        }
        return Ok(());
    };
    let Some(state) = log::state_at(repo, tip) else {
        it.complain(
            Rule::LogReadable,
            "the newest entry of the receive log cannot be read",
            "an entry of this version",
            "git awo verify",
        );
        return Ok(());
    };
    let unrecorded = gaps::unrecorded(&View {
        logged: &state.refs,
        present: &receipt::followed(&refs(repo)?, &history, &state.refs),
        own: &[],
        others: &[],
        reported: &|_| false,
    });
    for movement in unrecorded {
        let place = |id: Option<_>| {
            id.map_or("nowhere".to_owned(), |id: crate::record::ObjectId| {
                id.to_string()
            })
        };
        it.report.findings.push(
            Rule::PastTheHooks
                .finding(Subject::of_ref(&movement.reference))
                .found(format!(
                    "moved to {} without an entry in the log",
                    place(movement.new)
                ))
                .expected(format!("{}, as the receive log says", place(movement.old)))
                .remedy("git awo verify; if a push is under way, look again"),
        );
    }
    Ok(())
}

/// Records that a server does not announce cannot be fetched, and nobody would miss them.
pub(super) fn hidden_refs(it: &mut Examination<'_>) -> Result<(), CliError> {
    for key in [
        "transfer.hideRefs",
        "uploadpack.hideRefs",
        "receive.hideRefs",
    ] {
        for value in values(it, key) {
            let name = value.trim_start_matches(['^', '!']).trim_end_matches('/');
            let covers = [
                "refs/awo",
                "refs/notes",
                "refs/notes/awo",
                "refs/heads",
                "refs",
            ];
            let below = name.starts_with("refs/awo/") || name.starts_with("refs/notes/awo/");
            if !value.starts_with('!') && (covers.contains(&name) || below) {
                let found = format!("{key} = {value}");
                let expected = "branches and records announced to everybody";
                let remedy = format!("git config --unset {key}");
                it.complain(Rule::RecordsAnnounced, found, expected, &remedy);
            }
        }
    }
    Ok(())
}

/// `proc-receive` moves the refs of a push itself, whatever was judged before.
pub(super) fn other_receivers(it: &mut Examination<'_>) -> Result<(), CliError> {
    for value in values(it, "receive.procReceiveRefs") {
        let found = format!("receive.procReceiveRefs = {value}");
        let remedy = "git config --unset-all receive.procReceiveRefs";
        it.complain(Rule::ProcReceive, found, "no other receiver", remedy);
    }
    Ok(())
}

pub(super) fn refspecs(it: &mut Examination<'_>) -> Result<(), CliError> {
    if it.server {
        return Ok(());
    }
    let specs: Vec<String> = configured(it, r"^remote\..*\.fetch$");
    if !specs.is_empty() && !specs.iter().any(|spec| spec.contains("refs/awo/*")) {
        let found = "git fetch does not bring refs/awo/*";
        it.complain(Rule::Refspecs, found, "the refspecs", "git awo init");
    }
    Ok(())
}

/// Who can write to the server's directory needs no push.
pub(super) fn remotes(it: &mut Examination<'_>) -> Result<(), CliError> {
    let repo = &it.actor.repo;
    let home = repo.work_tree().unwrap_or(repo.git_dir()).to_owned();
    for url in configured(it, r"^remote\..*\.(push)?url$") {
        let path = url.strip_prefix("file://").unwrap_or(&url);
        let path = home.join(path);
        if path.is_dir() && rustix::fs::access(&path, rustix::fs::Access::WRITE_OK).is_ok() {
            it.note(format!(
                "{} is a directory that you can write to: git push runs its hooks as you, and whoever \
                 writes there otherwise goes past them (git awo verify finds what went past)",
                crate::record::path::escape(url.as_bytes())
            ));
        }
    }
    Ok(())
}

/// Every value of a key, from all configuration that git reads here.
fn values(it: &Examination<'_>, key: &str) -> Vec<String> {
    configured(it, &format!("^{}$", key.to_lowercase().replace('.', r"\.")))
}

fn configured(it: &Examination<'_>, pattern: &str) -> Vec<String> {
    let words = ["config", "-z", "--get-regexp", pattern];
    let Ok(output) = git::run_at_home(&it.actor.repo, &words) else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let values = text
        .split_terminator('\0')
        .filter_map(|pair| pair.split_once('\n'));
    values.map(|(_, value)| value.to_owned()).collect()
}
