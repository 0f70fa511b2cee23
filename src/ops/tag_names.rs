//! What the names of tags tell: which of them move, and by which patterns the others can be named
//! without these.

use std::collections::BTreeSet;

use crate::policy::pattern::ref_pattern;
use crate::record::RepoPath;

/// Last components of names of tags that are moved on from one commit to the next.
const MOVING: &[&str] = &[
    "canary", "current", "edge", "latest", "nightly", "rolling", "stable", "tip",
];
/// Every tag.
const ALL: &str = "refs/tags/**";

/// Patterns of full names, for entries of a policy. No moving tag is matched by a pattern of the
/// others: all entries that match a tag must allow what happens to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns {
    /// Of the tags that move.
    pub moving: BTreeSet<String>,
    /// Of those that stay.
    pub staying: BTreeSet<String>,
}

impl Patterns {
    /// Returns the patterns of these full names.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let names: BTreeSet<&str> = names.into_iter().collect();
        let (moving, staying): (Vec<_>, Vec<_>) =
            names.iter().partition(|name| moves(name, &names));
        if moving.is_empty() {
            let staying = staying.first().map(|_| ALL.to_owned());
            return Self {
                moving: BTreeSet::new(),
                staying: staying.into_iter().collect(),
            };
        }
        Self {
            moving: covered(&moving, &staying, next_major),
            staying: covered(&staying, &moving, family),
        }
    }
}

/// Tells whether a tag moves, by its name: `latest`; or `v1` beside `v1.2.3`.
pub fn moves(name: &str, all: &BTreeSet<&str>) -> bool {
    let last = name.rsplit('/').next().unwrap_or_default();
    if MOVING.contains(&last.to_ascii_lowercase().as_str()) {
        return true;
    }
    let below = format!("{name}.");
    let is_version = |it: &&str| {
        let parts = it.strip_prefix(&below).map(|rest| rest.split('.'));
        parts.is_some_and(|mut parts| {
            let is_number = |part: Option<&str>| part.is_some_and(begins_with_digit);
            is_number(parts.next()) && is_number(parts.next())
        })
    };
    last.ends_with(|c: char| c.is_ascii_digit()) && all.iter().any(is_version)
}

fn begins_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// Returns a pattern for each name: that of its kind, or where that matches one of the others too, the
/// name itself.
fn covered(names: &[&&str], others: &[&&str], kind: fn(&str) -> String) -> BTreeSet<String> {
    let alone = |pattern: &String| {
        let set = ref_pattern(pattern);
        set.is_ok_and(|set| !others.iter().any(|it| set.matches(&RepoPath::from(**it))))
    };
    let pattern = |name: &&&str| {
        Some(kind(name))
            .filter(alone)
            .unwrap_or((**name).to_string())
    };
    names.iter().map(pattern).collect()
}

/// Returns the pattern of one number that counts on: `v1` becomes `v[0-9]`, `v12` `v[0-9][0-9]`.
fn next_major(name: &str) -> String {
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = name.len().saturating_sub(stem.len());
    format!("{stem}{}", "[0-9]".repeat(digits))
}

/// Returns the pattern of names that differ in their numbers: `v1.2.3-rc1` becomes `v[0-9]*.[0-9]*`.
fn family(name: &str) -> String {
    let (directory, last) = name.rsplit_once('/').unwrap_or(("", name));
    let is_digit = |c: char| c.is_ascii_digit();
    let Some((stem, rest)) = last.find(is_digit).and_then(|at| last.split_at_checked(at)) else {
        return name.to_owned();
    };
    let rest = rest.trim_start_matches(is_digit);
    let mut next = rest.chars();
    let second = match (next.next(), begins_with_digit(next.as_str())) {
        (Some(between), true) => format!("{between}[0-9]*"),
        _ => String::new(),
    };
    format!("{directory}/{stem}[0-9]*{second}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(names: &[&str]) -> (Vec<String>, Vec<String>) {
        let full: Vec<_> = names.iter().map(|it| format!("refs/tags/{it}")).collect();
        let patterns = Patterns::of(full.iter().map(String::as_str));
        let short = |it: String| it.strip_prefix("refs/tags/").unwrap().to_owned();
        let list = |set: BTreeSet<String>| set.into_iter().map(short).collect();
        (list(patterns.moving), list(patterns.staying))
    }

    #[test]
    fn tags_that_move_are_known_by_their_names() {
        for (names, moving, staying) in [
            (&[][..], &[][..], &[][..]),
            (&["v1", "v1.0", "v2"], &[], &["**"]),
            (&["v1.0.0", "anything"], &[], &["**"]),
            (&["latest"], &["latest"], &[]),
            (
                &["v1", "v1.0.0", "v1.1.0-rc1", "v2.0.0", "v2"],
                &["v[0-9]"],
                &["v[0-9]*.[0-9]*"],
            ),
            (
                &[
                    "app/v9",
                    "app/v9.0.1",
                    "app/v10",
                    "app/v10.0.1",
                    "build/Latest",
                ],
                &["app/v[0-9]", "app/v[0-9][0-9]", "build/Latest"],
                &["app/v[0-9]*.[0-9]*"],
            ),
            // v7 stays, and no pattern of those that move may match it.
            (&["v1", "v1.0.0", "v7"], &["v1"], &["v7", "v[0-9]*.[0-9]*"]),
            (
                &["nightly", "nightly-2026-01-02", "2026.1", "first"],
                &["nightly"],
                &["[0-9]*.[0-9]*", "first", "nightly-[0-9]*-[0-9]*"],
            ),
        ] {
            let expected = [moving, staying].map(|it| {
                let list = it.iter().map(|it| (*it).to_owned());
                list.collect::<Vec<_>>()
            });
            let (moving, staying) = patterns(names);
            assert_eq!([moving, staying], expected, "{names:?}");
        }
    }
}
