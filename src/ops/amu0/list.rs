//! Names the baselines of a clone.

use std::collections::HashMap;

use crate::facts::baseline::manifest_of;
use crate::record::ObjectId;
use crate::record::baseline::Manifest;
use crate::store::baselines::{Lines, Standing};

use crate::ops::{Error, Session};

/// A baseline, as it is listed: nothing of it is proved.
pub struct Listed {
    /// Where it stands.
    pub standing: Standing,
    /// The name of the one before, if that is here.
    pub before: Option<String>,
    /// What it says of itself, if that can be read.
    pub manifest: Option<Manifest>,
}

/// Returns the baselines, each line from its first to its newest.
pub fn list(session: &Session) -> Result<Vec<Listed>, Error> {
    let lines = Lines::read(session.repo(), session.refs()?);
    let limits = &session.policy()?.document().limits;
    let mut listed = Vec::new();
    for word in lines.words() {
        let mut line: Vec<_> = lines.of(word).collect();
        let by_id: HashMap<_, _> = line.iter().map(|it| (it.id, *it)).collect();
        line.sort_by_cached_key(|it| depth(&by_id, it));
        for it in line {
            let before = it.before.and_then(|it| by_id.get(&it));
            listed.push(Listed {
                standing: it.clone(),
                before: before.map(|it| it.place.to_string()),
                manifest: manifest_of(session.repo(), it.id, limits),
            });
        }
    }
    Ok(listed)
}

/// Returns how many of its line come before one.
fn depth(line: &HashMap<ObjectId, &Standing>, of: &Standing) -> usize {
    let before = |it: &&Standing| line.get(&it.before?).copied();
    std::iter::successors(Some(of), before).skip(1).count()
}
