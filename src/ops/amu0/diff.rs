//! Compares a baseline with the work tree or with another one.

use crate::record::RepoPath;
use crate::record::baseline::{Difference, Item, differences};
use crate::rules::baseline as rules;
use crate::state::{Root, survey};
use crate::store::baselines::Lines;

use super::named::{Named, proved, require_root, root, work_tree};
use crate::ops::{Error, Session};

/// What is compared.
pub enum Sides {
    /// The newest baseline and the work tree, where there is one line of baselines.
    Newest,
    /// This baseline and the work tree.
    One(String),
    /// Two baselines.
    Two(String, String),
}

/// How two states differ.
pub struct Differs {
    /// What the first is.
    pub from: String,
    /// What the second is.
    pub to: String,
    /// The paths that differ below the root, and how.
    pub paths: Vec<(RepoPath, Difference)>,
    /// What stands in the work tree and is nothing that a baseline can hold.
    pub odd: Vec<(RepoPath, &'static str)>,
}

/// Compares two states. Nothing is written.
pub fn diff(session: &Session, sides: &Sides) -> Result<Differs, Error> {
    let policy = session.policy()?;
    let own = root(policy)?;
    let one = match sides {
        Sides::One(name) | Sides::Two(name, _) => proved(session, name)?,
        Sides::Newest => newest(session)?,
    };
    if let Sides::Two(_, name) = sides {
        let other = proved(session, name)?;
        return Ok(differs(
            &one,
            other.standing.place.to_string(),
            &other.manifest.items,
            Vec::new(),
        ));
    }
    require_root(session, &one)?;
    let place = Root::find(work_tree(session)?, own)?;
    let limits = &policy.document().limits;
    let found = survey(session.repo(), &place, limits)?.unwrap_or_default();
    Ok(differs(&one, own.to_string(), &found.items(), found.odd))
}

fn differs(one: &Named, to: String, items: &[Item], odd: Vec<(RepoPath, &'static str)>) -> Differs {
    Differs {
        from: one.standing.place.to_string(),
        to,
        paths: differences(&one.manifest.items, items),
        odd,
    }
}

fn newest(session: &Session) -> Result<Named, Error> {
    let lines = Lines::read(session.repo(), session.refs()?);
    let newest: Vec<_> = lines.words().flat_map(|it| lines.newest(it)).collect();
    match newest.as_slice() {
        [one] => proved(session, &one.place.to_string()),
        [] => Err(Error::denied("there is no baseline", rules::absent("NAME"))),
        several => {
            let names: Vec<_> = several.iter().map(|it| it.place.to_string()).collect();
            Err(
                Error::usage(format!("there are several: {}", names.join(", ")))
                    .hint("git awo amu0 diff NAME"),
            )
        }
    }
}
