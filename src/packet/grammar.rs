//! The labels and sections of one kind of packet.

use super::gather::{Gather, List, Scalar};

/// The meaning of a label in its section.
pub(super) enum Means {
    Scalar(Scalar),
    List(List),
    /// Metadata, kept under this key.
    Extra(String),
    /// A contract field outside its section.
    Misplaced,
    Unknown,
}

/// The contents of a section.
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
    /// Text about the packet itself.
    Status,
    Unknown,
}

/// The labels and sections of one kind of packet. Names are given as [`super::lines::key`] returns
/// them.
#[derive(Clone, Copy)]
pub(super) struct Grammar {
    pub(super) title: fn(&mut Gather, usize, &str),
    pub(super) section: fn(&str) -> Section,
    /// Section heading, label as written.
    pub(super) label: fn(&str, &str) -> Means,
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
