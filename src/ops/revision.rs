//! The commit that a revision such as `main~3` names.

use crate::actor::Actor;
use crate::git;
use crate::record::{ObjectId, RefName};

use super::Error;

/// A commit, and the ref by which it was named.
pub(super) struct Named {
    /// The commit.
    pub(super) commit: ObjectId,
    /// The ref, where HEAD is the branch that is checked out and the HEAD of a remote its branch;
    /// `None` for an id and for whatever else names no ref, such as a detached HEAD.
    pub(super) reference: Option<RefName>,
}

/// Returns the commit that a revision names. `git rev-parse` knows the syntax.
pub fn revision(actor: &Actor, text: &str) -> Result<ObjectId, Error> {
    Ok(named(actor, text)?.commit)
}

/// Returns the commit that a revision names, and the ref by which it names it.
pub(super) fn named(actor: &Actor, text: &str) -> Result<Named, Error> {
    if text.starts_with('-') {
        return Err(Error::usage(format!("{text:?} is no revision")));
    }
    let (name, rest) = match other_branch(actor, text)? {
        Some(of) => of,
        None => {
            let (name, rest) = text.split_at(name_ends(text));
            (meant(actor, name)?, rest)
        }
    };
    let none = || Error::usage(format!("no commit {text:?}")).hint("git log --oneline");
    let output = rev_parse(actor, &["--verify"], &format!("{name}{rest}^{{commit}}"));
    let hex = output.map_err(|_| none())?;
    Ok(Named {
        commit: hex.parse().map_err(|_| none())?,
        reference: reference(actor, &name, rest)?,
    })
}

fn rev_parse(actor: &Actor, options: &[&str], spec: &str) -> Result<String, git::Error> {
    let words = [
        &["rev-parse", "--quiet"],
        options,
        &["--end-of-options", spec],
    ]
    .concat();
    let output = git::run_guarded(&actor.repo, &words)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Returns the full name of the branch that `@{upstream}`, `@{push}` or `@{-1}` means at the
/// beginning of a revision, and the rest of it.
fn other_branch<'a>(actor: &Actor, text: &'a str) -> Result<Option<(String, &'a str)>, Error> {
    let mut end = name_ends(text);
    while text.get(end..).is_some_and(|rest| rest.starts_with("@{")) {
        let close = text.get(end..).and_then(|rest| rest.find('}'));
        let Some(next) = close.and_then(|at| end.checked_add(at)?.checked_add(1)) else {
            return Ok(None);
        };
        end = next;
    }
    let (base, rest) = text.split_at(end);
    if !base.ends_with('}') {
        return Ok(None);
    }
    // It prints nothing for a place in a reflog.
    let full = rev_parse(actor, &["--symbolic-full-name", "--verify"], base);
    let full = full.unwrap_or_default();
    Ok(full.starts_with("refs/").then_some((full, rest)))
}

/// Returns the ref by which a name names what it does.
fn reference(actor: &Actor, name: &str, rest: &str) -> Result<Option<RefName>, Error> {
    let repo = &actor.repo;
    match name {
        "HEAD" | "@" if rest.starts_with("@{") => Ok(None),
        "HEAD" | "@" => Ok(repo.head()?),
        "" if rest.starts_with("@{") => Ok(repo.head()?),
        name if name.starts_with("refs/remotes/") && name.ends_with("/HEAD") => {
            Ok(repo.symbolic(name)?)
        }
        name => Ok(RefName::new(name).ok()),
    }
}

/// Returns where the name ends in a revision such as `main~3` or `v1@{yesterday}`.
fn name_ends(text: &str) -> usize {
    let ends = [text.find(['^', '~', ':']), text.find("@{")];
    ends.into_iter().flatten().min().unwrap_or(text.len())
}

/// Returns the full name of the ref that a name means; the name itself if it means none, or is
/// unambiguous by its form. git guesses among several (a tag before a branch, a ref before an
/// abbreviated id), so whoever made the clone could choose what is judged.
fn meant(actor: &Actor, name: &str) -> Result<String, Error> {
    let is_id = name.parse::<ObjectId>().is_ok();
    if name.is_empty() || is_id || matches!(name, "HEAD" | "@") || name.starts_with("refs/") {
        return Ok(name.to_owned());
    }
    let found = candidates(actor, name)?;
    let hex = name.len() >= 4 && name.bytes().all(|b| b.is_ascii_hexdigit());
    match found.as_slice() {
        [] => Ok(name.to_owned()),
        [one] if !hex => Ok(one.clone()),
        several => {
            let id = if hex {
                ", or the beginning of an id"
            } else {
                ""
            };
            let why = format!("{name} can mean {}{id}", several.join(", "));
            Err(Error::usage(why).hint("git rev-parse, and name it in full"))
        }
    }
}

/// Returns the full names of the refs that a name can mean.
pub(super) fn candidates(actor: &Actor, name: &str) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let places = ["refs", "refs/tags", "refs/heads", "refs/remotes"];
    let plain = places.map(|place| format!("{place}/{name}"));
    for full in plain
        .into_iter()
        .chain([format!("refs/remotes/{name}/HEAD")])
    {
        if let Ok(full) = RefName::new(full)
            && actor.repo.reference(&full)?.is_some()
        {
            found.push(full.to_string());
        }
    }
    Ok(found)
}
