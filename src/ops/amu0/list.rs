//! Names the baselines of a clone.

use crate::facts::baseline::{Lines, Standing, manifest_of};
use crate::record::baseline::Manifest;

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
    let lines = Lines::read(session.repo(), session.refs()?)?;
    let limits = &session.policy()?.document().limits;
    let mut words: Vec<_> = lines.all().iter().map(|it| it.place.line()).collect();
    words.sort();
    words.dedup();
    let mut listed = Vec::new();
    for word in words {
        let mut line: Vec<&Standing> = lines.of(&word).collect();
        line.sort_by_key(|it| depth(&lines, &word, it));
        for it in line {
            let before = lines.of(&word).find(|other| it.before == Some(other.id));
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
fn depth(lines: &Lines, word: &str, of: &Standing) -> usize {
    let mut at = of.before;
    let mut depth = 0_usize;
    while let Some(before) = lines.of(word).find(|it| at == Some(it.id)) {
        at = before.before;
        depth = depth.saturating_add(1);
    }
    depth
}
