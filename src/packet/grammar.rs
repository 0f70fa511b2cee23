//! What one kind of packet calls things.

use super::gather::{Gather, List, Scalar};

/// What a label means in its section.
pub(super) enum Means {
    Scalar(Scalar),
    List(List),
    /// Metadata, kept under this key.
    Extra(String),
    /// A field of the contract outside its section.
    Misplaced,
    Unknown,
}

/// What a section holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// Labels with values and lists.
    Labels,
    /// One list.
    List(List),
    /// The approval sentence.
    Sentence,
    /// Settings of the execution gate, as `NAME=VALUE`.
    Gate,
    /// Words about the packet itself.
    Status,
    Unknown,
}

/// What one kind of packet calls things. Names come as [`super::lines::key`] returns them.
#[derive(Clone, Copy)]
pub(super) struct Grammar {
    pub(super) title: fn(&mut Gather, usize, &str),
    pub(super) section: fn(&str) -> Section,
    /// Section heading, label as written.
    pub(super) label: fn(&str, &str) -> Means,
}

/// What the next item, line or fence may belong to.
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
    /// A list that prose has interrupted: nobody can say what an item after it belongs to.
    Loose(List),
}
