//! The labels and sections of one kind of packet.

use super::gather::{Gather, List, Scalar};
use super::lines::key;

/// The meaning of a label in its section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Means {
    Scalar(Scalar),
    List(List),
    /// Metadata, kept under this key.
    Extra(String),
    /// A state that is derived from records: it stays in the packet.
    Left,
    /// A contract field outside its section.
    Misplaced,
    Unknown,
}

/// The contents of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    /// Labels with values and lists.
    Labels,
    /// One list.
    List(List),
    /// A form, of which every line is kept as it is written.
    Form(List),
    /// The approval sentence.
    Sentence,
    /// Settings of the execution gate, as `NAME=VALUE`.
    Gate,
    /// Text about the packet itself, which names no other task.
    Status,
    /// Text about the packet itself.
    Notice,
    Unknown,
}

/// A field that a label can fill.
#[derive(Clone, Copy)]
pub(super) enum Field {
    Scalar(Scalar),
    List(List),
    Left,
}

/// A section that packets of each kind may have.
pub(super) const CEILING: &str = "ceiling";

/// Its labels.
const OF_CEILING: &[(&str, &str, Field)] = &[
    (CEILING, "level", Field::Scalar(Scalar::CeilingLevel)),
    (CEILING, "files", Field::Scalar(Scalar::CeilingFiles)),
    (
        CEILING,
        "directories",
        Field::Scalar(Scalar::CeilingDirectories),
    ),
    (CEILING, "lines", Field::Scalar(Scalar::CeilingLines)),
    (CEILING, "paths", Field::List(List::CeilingPaths)),
    (CEILING, "actions", Field::List(List::CeilingActions)),
];

/// The labels and sections of one kind of packet. Names are given as [`super::lines::key`] returns
/// them.
#[derive(Clone, Copy)]
pub(super) struct Grammar {
    pub(super) title: fn(&mut Gather, usize, &str),
    pub(super) sections: &'static [(&'static str, Section)],
    /// Section, label, field.
    pub(super) labels: &'static [(&'static str, &'static str, Field)],
    /// What an unknown label of a section means.
    pub(super) other: fn(&str, &str) -> Means,
    /// What must be there: section, label, and its name for people.
    pub(super) required: &'static [(&'static str, &'static str, &'static str)],
    /// Whether text about the packet itself is kept.
    pub(super) notices: bool,
}

impl Grammar {
    /// Returns every label: its own, and those of sections that packets of each kind may have.
    pub(super) fn labels(
        &self,
    ) -> impl Iterator<Item = &'static (&'static str, &'static str, Field)> + Clone + use<> {
        self.labels.iter().chain(OF_CEILING)
    }

    pub(super) fn section(&self, heading: &str) -> Section {
        let name = key(heading);
        let mut rows = self.sections.iter();
        rows.find(|(section, _)| *section == name)
            .map_or(Section::Unknown, |(_, it)| *it)
    }

    pub(super) fn label(&self, heading: &str, label: &str) -> Means {
        let (section, name) = (key(heading), key(label));
        let mut rows = self.labels().filter(|(_, label, _)| *label == name);
        match rows.clone().find(|(place, ..)| *place == section) {
            Some((.., Field::Scalar(scalar))) => Means::Scalar(*scalar),
            Some((.., Field::List(list))) => Means::List(*list),
            Some((.., Field::Left)) => Means::Left,
            // A restriction must not be overlooked because it is in another section.
            None if rows.any(|(.., field)| field.restricts(self.notices)) => Means::Misplaced,
            None => (self.other)(heading, label),
        }
    }
}

impl Field {
    /// Returns whether the field has a meaning in its own section only, so that it is refused in others.
    fn restricts(self, approval: bool) -> bool {
        match self {
            Self::List(list) => list.is_exact() || approval && list != List::Evidence,
            Self::Scalar(scalar) => {
                let field = scalar.field();
                let target = field.starts_with("target") || matches!(scalar, Scalar::Base);
                approval && (target || matches!(scalar, Scalar::Validation))
            }
            Self::Left => false,
        }
    }
}

/// The list or field to which the next item, line or fence may belong.
#[derive(Clone, Copy)]
pub(super) enum Open {
    Nothing,
    Scalar {
        scalar: Scalar,
        depth: usize,
        heading: bool,
    },
    List {
        list: List,
        depth: usize,
        heading: bool,
        items: bool,
    },
    Unknown {
        depth: usize,
    },
    /// A list that prose has interrupted: it is ambiguous to which list a later item belongs.
    Loose(List),
}
