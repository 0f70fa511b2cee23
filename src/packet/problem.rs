//! Reasons why a packet cannot be imported.

use std::fmt;

use crate::record::chain_of;
use crate::record::contract::{BadPattern, ContractProblem, FORMAT, UnknownAction};
use crate::record::digest::BadDigest;
use crate::record::name::BadName;

/// One reason why a packet cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketProblem {
    /// The packet is too large.
    #[error("cannot read a packet of {found} bytes, the maximum is {max}")]
    TooLarge {
        /// The size found.
        found: usize,
        /// The size allowed.
        max: usize,
    },
    /// The packet is not text.
    #[error("cannot read the packet as UTF-8")]
    NotUtf8,
    /// A character that hides or reorders what a reader sees.
    #[error("cannot accept {0} in a packet")]
    Unfit(String),
    /// The text does not look like a packet.
    #[error(
        "cannot recognise the packet: it is neither a workflow approval, nor a work packet, nor TOML"
    )]
    UnknownKind,
    /// The packet looks like two kinds.
    #[error("cannot tell which kind of packet this is: it has the headings of both")]
    TwoKinds,
    /// A code fence that begins before the packet, or never ends.
    #[error("cannot read a code fence that {0}")]
    Fence(&'static str),
    /// Lists are nested too deeply.
    #[error("cannot read lists nested more than {0} deep")]
    TooDeep(usize),
    /// A mandatory part of this kind of packet is missing.
    #[error("cannot find the {0}")]
    Missing(&'static str),
    /// A list has a label but no entries.
    #[error("cannot find any entry of {0}")]
    EmptyList(&'static str),
    /// A field is given twice, with different values.
    #[error("cannot choose between two texts for the {what}: the other is in line {first}")]
    Twice {
        /// The field.
        what: String,
        /// Where it was said first.
        first: usize,
    },
    /// Two task ids.
    #[error("cannot choose between two task ids: {second:?} here, {first:?} in line {line}")]
    TwoIds {
        /// The first id.
        first: String,
        /// Where it was said first.
        line: usize,
        /// The other one.
        second: String,
    },
    /// The sentence names another repository than the packet.
    #[error("cannot accept a sentence about {found:?}: the target repository is {expected:?}")]
    OtherTarget {
        /// What the sentence names.
        found: String,
        /// What the packet names.
        expected: String,
    },
    /// The sentence cannot be compared as one line, or is missing.
    #[error("cannot accept the approval sentence: {0}")]
    Sentence(&'static str),
    /// Nobody opens gate 1 like this.
    #[error("cannot accept {0:?} as gate1: it is sentence, operator or decision")]
    Gate1(String),
    /// An item is not a single path, action or value.
    #[error("cannot read {text:?} as one entry of {what}: {why}")]
    Item {
        /// The list or field.
        what: &'static str,
        /// The text of the item.
        text: String,
        /// Why it cannot be read.
        why: &'static str,
    },
    /// A contract field in a place where it has no meaning.
    #[error("cannot accept {0:?} here, outside the section it belongs to")]
    Misplaced(String),
    /// A path pattern that a contract must not contain.
    #[error("cannot accept the path {pattern:?}")]
    Path {
        /// The pattern.
        pattern: String,
        /// The rule it breaks.
        source: BadPattern,
    },
    /// An unknown action.
    #[error("cannot forbid an unknown action")]
    Action(#[source] UnknownAction),
    /// An invalid task id or branch.
    #[error("cannot read the {what}")]
    Name {
        /// What was expected.
        what: &'static str,
        /// The rule it breaks.
        source: BadName,
    },
    /// An invalid digest.
    #[error("cannot read the {what}")]
    Digest {
        /// What was expected.
        what: &'static str,
        /// The rule it breaks.
        source: BadDigest,
    },
    /// Neither yes nor no.
    #[error("cannot accept {text:?} as {what}: it is {} or {}", words.0, words.1)]
    Flag {
        /// The field.
        what: &'static str,
        /// The text.
        text: String,
        /// The words for yes and no.
        words: (&'static str, &'static str),
    },
    /// A work packet of another format.
    #[error("cannot read a work packet of the format {0:?}, only {FORMAT:?}")]
    Format(String),
    /// Several packets came before, and none has the name of the version before.
    #[error("cannot tell which of the prior packets is the version before")]
    Predecessor,
    /// Fields that contradict each other, or one that is missing beside another.
    #[error("cannot accept {0}")]
    Combination(&'static str),
    /// An invalid commit id.
    #[error("cannot read the base commit")]
    Base(#[source] BadDigest),
    /// Not TOML.
    #[error("cannot read the packet as TOML: {0}")]
    Toml(String),
    /// A key that a TOML packet does not have.
    #[error("cannot accept the unknown key {0:?}")]
    UnknownKey(String),
    /// A TOML value of the wrong type.
    #[error("cannot accept {key}: it must be {wanted}")]
    WrongType {
        /// The key.
        key: String,
        /// The expected type.
        wanted: &'static str,
    },
    /// A figure of a ceiling that is no whole number.
    #[error("cannot accept {text:?} as {key}: it is a whole number that is not negative")]
    Ceiling {
        /// The key.
        key: &'static str,
        /// The text.
        text: String,
    },
    /// The resulting contract is invalid.
    #[error("cannot make a contract of the packet")]
    Contract(#[source] ContractProblem),
}

/// One complaint about a packet, with its line where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The line of the packet, counted from 1; absent if something is missing from the whole packet.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: PacketProblem,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&self.reason())
    }
}

impl Complaint {
    /// Returns what is wrong and why. Complaints are listed together, so each includes its own sources.
    pub fn reason(&self) -> String {
        chain_of(&self.problem)
    }
}

/// All problems of a packet, sorted by line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketErrors(pub Vec<Complaint>);

impl PacketErrors {
    pub(super) fn one(line: Option<usize>, problem: PacketProblem) -> Self {
        Self(vec![Complaint { line, problem }])
    }
}

impl fmt::Display for PacketErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot import the packet")?;
        for complaint in &self.0 {
            write!(f, "\n  {complaint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PacketErrors {}
