//! The hooks, what could bypass them, and whether the records can be fetched.

use std::path::{Path, PathBuf};

use super::examination::Examination;
use crate::check::push::refs;
use crate::facts::log;
use crate::git;
use crate::hook::gaps::{self, View};
use crate::hook::install::{self, Side};
use crate::hook::{merge_driver, places, receipt};
use crate::ops::Error;
use crate::ops::hooks::{not_installed, pages, word};
use crate::record::chain_of;
use crate::record::path::escape;
use crate::rules::setup;
use crate::store::layout;

pub(super) fn hooks(it: &mut Examination<'_>) -> Result<(), Error> {
    let side = match it.server {
        true => Side::Server,
        false => Side::Client,
    };
    let directory = install::hooks_dir(&it.actor.repo);
    let all = install::status(&directory, side, it.program)?;
    it.complain(all.iter().filter_map(not_installed));
    if places::is_gitaly(&directory) {
        it.note(places::NO_TRANSACTION);
    }
    Ok(())
}

/// Where a directory has an index, git must ask us to merge it: else branches that add files there conflict.
pub(super) fn merge_driver(it: &mut Examination<'_>) -> Result<(), Error> {
    let pages = pages(it.session);
    let has_index = !pages.is_empty() && !it.server;
    if has_index && !merge_driver::is_installed(&it.actor.repo, it.program, &pages)? {
        it.complain([setup::hook(
            "the merge driver of INDEX.md",
            "missing or outdated",
        )]);
    }
    Ok(())
}

/// git itself is asked where it looks for hooks: configuration of the user and of the machine counts.
pub(super) fn where_git_looks(it: &mut Examination<'_>) -> Result<(), Error> {
    let repo = &it.actor.repo;
    if repo.is_foreign() {
        let home = repo.work_tree().unwrap_or(repo.git_dir()).display();
        it.complain([setup::foreign(home)]);
        return Ok(());
    }
    let words = ["rev-parse", "--path-format=absolute", "--git-path", "hooks"];
    let output = match git::run_at_home(repo, &words) {
        Ok(output) => output,
        // With an empty core.hooksPath too: then git runs no hook at all.
        Err(error) => {
            it.complain([setup::hooks_unknown(chain_of(&error))]);
            return Ok(());
        }
    };
    let looked = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n'));
    let ours = install::hooks_dir(repo);
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if places::is_gitaly(&ours) {
        return called_by_gitaly(it, &looked);
    }
    if real(&looked) != real(&ours) {
        it.complain([setup::hooks_elsewhere(looked.display(), ours.display())]);
    }
    Ok(())
}

/// Only Gitaly runs `custom_hooks`: git itself, in a copy of the repository, runs what stands where
/// it looks, or nothing.
fn called_by_gitaly(it: &mut Examination<'_>, looked: &Path) -> Result<(), Error> {
    if places::in_gitalys_storage(it.actor.repo.git_dir()) {
        return Ok(());
    }
    let all = install::status(looked, Side::Server, it.program)?;
    if let Some(hook) = all.iter().find(|hook| not_installed(hook).is_some()) {
        let (looked, state) = (looked.display(), word(hook.state));
        it.complain([setup::hooks_without_gitaly(looked, hook.name, state)]);
    }
    Ok(())
}

/// On a server every movement has an entry in the receive log; one without bypassed the hooks, or
/// belongs to a push under way.
pub(super) fn past_the_hooks(it: &mut Examination<'_>) -> Result<(), Error> {
    let repo = &it.actor.repo;
    let Ok(history) = it.session.history() else {
        return Ok(());
    };
    if !it.server {
        return Ok(());
    }
    let Some(tip) = repo.reference(&layout::log())? else {
        it.complain(setup::no_log(&history.current().policy));
        return Ok(());
    };
    let Some(state) = log::state_at(repo, tip) else {
        it.complain([setup::unreadable_log()]);
        return Ok(());
    };
    let unrecorded = gaps::unrecorded(&View {
        logged: &state.refs,
        present: &receipt::followed(&refs(repo)?, history, &state.refs),
        own: &[],
        others: &[],
        reported: &|_| false,
    });
    let policy = &history.current().policy;
    let movements = unrecorded.into_iter();
    it.complain(movements.map(|it| match policy.tag_rules(&it.reference) {
        Some(rules) => setup::tag_past_the_hooks(&rules, it.old, it.new),
        None => setup::past_the_hooks(&it.reference, it.old, it.new),
    }));
    Ok(())
}

/// Records that a server does not announce cannot be fetched, and nobody would miss them.
pub(super) fn hidden_refs(it: &mut Examination<'_>) -> Result<(), Error> {
    for key in [
        "transfer.hideRefs",
        "uploadpack.hideRefs",
        "receive.hideRefs",
    ] {
        let values = values(it, key);
        it.complain(values.iter().filter_map(|it| setup::hidden_refs(key, it)));
    }
    Ok(())
}

/// `proc-receive` moves the refs of a push itself, whatever was judged before.
pub(super) fn other_receivers(it: &mut Examination<'_>) -> Result<(), Error> {
    let values = values(it, "receive.procReceiveRefs");
    it.complain(values.iter().map(|it| setup::other_receiver(it)));
    Ok(())
}

/// git itself checks what is pushed only where it is told to.
pub(super) fn objects_checked(it: &mut Examination<'_>) -> Result<(), Error> {
    if !it.server {
        return Ok(());
    }
    let mut set = values(it, "receive.fsckObjects");
    if set.is_empty() {
        set = values(it, "transfer.fsckObjects");
    }
    let unchecked = setup::objects_checked(set.last().map(String::as_str));
    if unchecked.is_none()
        && let Ok(history) = it.session.history()
    {
        let modes = values(it, "receive.fsck.zeroPaddedFilemode");
        let modes = modes.last().map(String::as_str);
        it.complain(setup::odd_modes(&history.current().policy, modes));
    }
    it.complain(unchecked);
    Ok(())
}

pub(super) fn refspecs(it: &mut Examination<'_>) -> Result<(), Error> {
    if !it.server {
        let specs = configured(it, r"^remote\..*\.fetch$");
        it.complain(setup::refspecs(&specs));
    }
    Ok(())
}

/// Who can write to the server's directory needs no push.
pub(super) fn remotes(it: &mut Examination<'_>) -> Result<(), Error> {
    let repo = &it.actor.repo;
    let home = repo.work_tree().unwrap_or(repo.git_dir()).to_owned();
    for url in configured(it, r"^remote\..*\.(push)?url$") {
        let path = url.strip_prefix("file://").unwrap_or(&url);
        let path = home.join(path);
        if path.is_dir() && rustix::fs::access(&path, rustix::fs::Access::WRITE_OK).is_ok() {
            it.note(format!(
                "{} is a directory that you can write to: git push runs its hooks as you, and whoever \
                 writes there otherwise goes past them (git awo verify finds what went past)",
                escape(url.as_bytes())
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
