//! Where baselines stand, and how they follow each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::git::Reader;
use crate::record::baseline::Place;
use crate::record::{ObjectId, RefName};

/// Every baseline that the refs name, and what each follows.
#[derive(Default)]
pub struct Lines {
    /// All of them, by their names.
    all: Vec<Standing>,
    /// Which of them are of each line.
    lines: BTreeMap<String, Vec<usize>>,
}

/// Where a baseline stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The ref.
    pub reference: RefName,
    /// What the ref says that it is.
    pub place: Place,
    /// The commit.
    pub id: ObjectId,
    /// The one before, by the parent of the commit.
    pub before: Option<ObjectId>,
    /// The place as file systems compare it.
    folded: (String, String),
}

impl Standing {
    /// Returns the word of its line, as [`Place::line`] does.
    pub fn line(&self) -> &str {
        &self.folded.0
    }

    /// Tells whether some file system takes its name for that of the other one.
    pub fn is_alike(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Lines {
    /// Reads which of these refs are baselines.
    pub fn read<'r>(
        reader: &Reader,
        refs: impl IntoIterator<Item = (&'r RefName, &'r ObjectId)>,
    ) -> Self {
        let standing = |(reference, id): (&RefName, &ObjectId)| {
            let place = Place::of(reference)?;
            // What cannot be read follows nothing; it is refused where it is judged.
            let parents = reader.parents_of(*id).unwrap_or_default();
            Some(Standing {
                reference: reference.clone(),
                folded: place.folded(),
                place,
                id: *id,
                before: parents.first().copied(),
            })
        };
        let mut all: Vec<_> = refs.into_iter().filter_map(standing).collect();
        all.sort_by(|one, other| one.reference.cmp(&other.reference));
        let mut lines: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, own) in all.iter().enumerate() {
            lines.entry(own.line().to_owned()).or_default().push(at);
        }
        Self { all, lines }
    }

    /// Returns all of them, by their names.
    pub fn all(&self) -> &[Standing] {
        &self.all
    }

    /// Returns the one of this name.
    pub fn get(&self, name: &RefName) -> Option<&Standing> {
        let at = self.all.binary_search_by(|it| it.reference.cmp(name));
        self.all.get(at.ok()?)
    }

    /// Returns the words of the lines, sorted.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.lines.keys().map(String::as_str)
    }

    /// Returns those of one line, as [`Place::line`] names it.
    pub fn of(&self, line: &str) -> impl Iterator<Item = &Standing> {
        let line = self.lines.get(line).into_iter().flatten();
        line.filter_map(|at| self.all.get(*at))
    }

    /// Returns those of a line that nothing follows: one, unless it was forked.
    pub fn newest(&self, line: &str) -> impl Iterator<Item = &Standing> {
        let followed: BTreeSet<_> = self.of(line).filter_map(|it| it.before).collect();
        self.of(line).filter(move |it| !followed.contains(&it.id))
    }
}
