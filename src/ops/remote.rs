//! What is known here of a remote: its governance refs, as they were fetched last.

use crate::git;
use crate::record::RefName;
use crate::store::layout;
use crate::store::ledger::Refs;

use super::{Error, Session};

/// How often a lost race for the refs of a clone or a server is run again.
pub(super) const ATTEMPTS: usize = 40;

/// Returns the governance refs of a remote, by their names there.
pub(super) fn tracking(refs: &Refs, remote: &str) -> Refs {
    refs.iter()
        .filter_map(|(name, id)| Some((layout::tracked(remote, name)?, *id)))
        .collect()
}

/// Tells whether a remote has a ref, by asking it.
pub(super) fn has(session: &Session, remote: &str, reference: &RefName) -> Result<bool, Error> {
    let words = ["ls-remote", "--refs", "--", remote, reference.as_str()];
    let output = git::run_at_home(session.repo(), &words)?;
    Ok(!output.stdout.is_empty())
}

/// Returns where a remote has these refs, by asking it.
pub(super) fn at<'r>(
    session: &Session,
    remote: &'r str,
    references: impl Iterator<Item = &'r RefName>,
) -> Result<Refs, Error> {
    let mut words = vec!["ls-remote", "--refs", "--", remote];
    words.extend(references.map(RefName::as_str));
    listed(session, &words)
}

fn listed(session: &Session, words: &[&str]) -> Result<Refs, Error> {
    let output = git::run_at_home(session.repo(), words)?;
    let text = String::from_utf8_lossy(&output.stdout);
    let lines = text.lines().filter_map(|line| line.split_once('\t'));
    Ok(lines
        .filter_map(|(id, name)| Some((RefName::new(name).ok()?, id.parse().ok()?)))
        .collect())
}

/// Returns the tags and the receive log of a remote, all seen at once, by asking it.
pub(super) fn tags_and_log(session: &Session, remote: &str) -> Result<Refs, Error> {
    let log = layout::log();
    // A pattern is compared with the end of a name; others than these are left out below.
    let words = [
        "ls-remote",
        "--refs",
        "--",
        remote,
        "refs/tags/*",
        log.as_str(),
    ];
    let mut there = listed(session, &words)?;
    there.retain(|name, _| name.tag().is_some() || *name == log);
    Ok(there)
}

/// Refuses a name that no remote has.
pub(super) fn require(session: &Session, remote: &str) -> Result<(), Error> {
    if session.repo().remotes().iter().any(|it| it == remote) {
        return Ok(());
    }
    Err(Error::usage(format!("there is no remote named {remote:?}"))
        .hint("git remote -v")
        .hint("git remote add origin URL"))
}

/// Returns the names of all remotes.
pub(super) fn names(session: &Session) -> Result<Vec<String>, Error> {
    let output = git::run_at_home(session.repo(), &["remote"])?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().map(str::to_owned).collect())
}

/// Tells whether git could not move a ref because another process has moved it or is about to. A
/// name that stands in the way of another stays there, and is not asked for again.
pub(super) fn raced(said: &str) -> bool {
    let locks = ["cannot lock ref", ".lock'"];
    let reasons = ["but expected", "File exists", "reference already exists"];
    locks.iter().any(|it| said.contains(it)) && reasons.iter().any(|it| said.contains(it))
}
