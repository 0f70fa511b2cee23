//! The commit that a revision such as `main~3` names.

use crate::actor::Actor;
use crate::git;
use crate::record::{ObjectId, RefName};

use super::Error;

/// Returns the commit that a revision names. `git rev-parse` knows the syntax.
pub fn revision(actor: &Actor, text: &str) -> Result<ObjectId, Error> {
    if text.starts_with('-') {
        return Err(Error::usage(format!("{text:?} is no revision")));
    }
    let (name, rest) = text.split_at(name_ends(text));
    let spec = format!("{}{rest}^{{commit}}", meant(actor, name)?);
    let output = git::run_guarded(
        &actor.repo,
        &[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &spec,
        ],
    )
    .map_err(|_| Error::usage(format!("no commit {text:?}")).hint("git log --oneline"))?;
    let hex = String::from_utf8_lossy(&output.stdout);
    hex.trim()
        .parse()
        .map_err(|_| Error::usage(format!("no commit {text:?}")))
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
    let mut found = Vec::new();
    for place in ["refs", "refs/tags", "refs/heads", "refs/remotes"] {
        if let Ok(full) = RefName::new(format!("{place}/{name}"))
            && actor.repo.reference(&full)?.is_some()
        {
            found.push(full.to_string());
        }
    }
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
