//! Collects what a packet says, with lines, and makes the draft of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::contract::is_unfit;
use crate::record::sentence::describe;

use super::lines::{Lines, code_span, code_spans, is_id, is_plain};
use super::problem::{Complaint, PacketProblem};

mod field;
mod finish;

pub(super) use field::{List, Scalar};

#[derive(Clone, Debug)]
struct Said {
    line: usize,
    text: String,
}

#[derive(Clone, Debug)]
struct Listed {
    line: usize,
    /// Where the packet says that there are none.
    none: Option<usize>,
    entries: Vec<Said>,
    seen: BTreeSet<String>,
}

impl Listed {
    fn at(line: usize) -> Self {
        Self {
            line,
            none: None,
            entries: Vec::new(),
            seen: BTreeSet::new(),
        }
    }
}

/// What a packet says so far, and every complaint about it.
#[derive(Default)]
pub(super) struct Gather {
    scalars: BTreeMap<Scalar, Said>,
    lists: BTreeMap<List, Listed>,
    extra: BTreeMap<String, Said>,
    /// Other places that name the task, which have to agree.
    mentions: Vec<Said>,
    /// The branch that the observed state speaks of.
    observed_branch: Option<Said>,
    notes: Vec<(usize, String)>,
    complaints: Vec<Complaint>,
}

impl Gather {
    pub(super) fn complain(&mut self, line: Option<usize>, problem: PacketProblem) {
        self.complaints.push(Complaint { line, problem });
    }

    /// Complains about characters that hide something from a reader: a carriage return in the
    /// middle of a line, for one, lets a terminal overwrite the line.
    pub(super) fn look_through(&mut self, lines: &Lines<'_>) {
        for index in 0..lines.len() {
            if let Some(c) = lines.get(index).chars().find(|c| is_unfit(*c)) {
                let line = Some(index.saturating_add(1));
                self.complain(line, PacketProblem::Unfit(describe(c)));
            }
        }
    }

    /// Lists a line as not understood.
    pub(super) fn note(&mut self, line: usize, text: &str) {
        // An item that was wrapped is several lines of the packet.
        for (line, text) in (line..).zip(text.lines()) {
            if !text.trim().is_empty() {
                self.notes.push((line, text.trim().to_owned()));
            }
        }
    }

    pub(super) fn mention(&mut self, line: usize, id: &str) {
        self.mentions.push(Said {
            line,
            text: id.to_owned(),
        });
    }

    /// Says a scalar. Saying the same again is no harm, saying something else is.
    pub(super) fn say(&mut self, scalar: Scalar, line: usize, text: &str) {
        let first = match self.scalars.get(&scalar) {
            None => {
                self.scalars.insert(
                    scalar,
                    Said {
                        line,
                        text: text.to_owned(),
                    },
                );
                return;
            }
            Some(said) if said.text == text => return,
            Some(said) => said.clone(),
        };
        match scalar {
            // A packet's status binds nobody, and is often said once as a token and once in words.
            Scalar::Status => self.extra("Status", line, text),
            Scalar::Id => {
                let problem = PacketProblem::TwoIds {
                    first: first.text,
                    line: first.line,
                    second: text.to_owned(),
                };
                self.complain(Some(line), problem);
            }
            _ => {
                let problem = PacketProblem::Twice {
                    what: scalar.name().to_owned(),
                    first: first.line,
                };
                self.complain(Some(line), problem);
            }
        }
    }

    /// Says a scalar in Markdown: a code span loses its marks, `N/A` and `<…>` say nothing.
    pub(super) fn say_markdown(&mut self, scalar: Scalar, line: usize, raw: &str) {
        let raw = &raw.replace('\n', " ");
        match scalar {
            Scalar::Task | Scalar::Title => return self.say(scalar, line, raw),
            Scalar::Observed => {
                let branches = code_spans(raw).filter(|(_, after)| after.starts_with(" branch"));
                let branches: Vec<&str> = branches.map(|(branch, _)| branch).collect();
                // Two branches in one sentence: neither is obviously the target.
                if let [branch] = branches.as_slice() {
                    self.observed_branch = Some(Said {
                        line,
                        text: (*branch).to_owned(),
                    });
                }
                return self.say(scalar, line, raw);
            }
            Scalar::Validation | Scalar::Sentence => {
                if let Some(text) = self.exact(scalar.name(), line, raw) {
                    self.say(scalar, line, &text);
                }
                return;
            }
            _ => {}
        }
        let mut value = raw.as_str();
        if matches!(
            scalar,
            Scalar::Id | Scalar::BaseId | Scalar::Base | Scalar::Signature
        ) && let Some((token, remark)) = raw.split_once(" (")
            && remark.ends_with(')')
        {
            self.note(line, &format!("({remark}"));
            value = token.trim();
        }
        let value = code_span(value).unwrap_or(value);
        if is_none(value) || is_open(value) || value.is_empty() {
            self.note(line, &format!("{}: {raw}", scalar.name()));
        } else {
            self.say(scalar, line, value);
        }
    }

    /// Says more of a scalar that was wrapped.
    pub(super) fn go_on(&mut self, scalar: Scalar, joint: char, text: &str) {
        if let Some(said) = self.scalars.get_mut(&scalar) {
            said.text.push(joint);
            said.text.push_str(text);
        }
    }

    pub(super) fn extra(&mut self, key: &str, line: usize, value: &str) {
        let value = code_span(value).unwrap_or(value);
        match self.extra.get(key) {
            Some(said) if said.text != value => {
                let problem = PacketProblem::Twice {
                    what: key.to_owned(),
                    first: said.line,
                };
                self.complain(Some(line), problem);
            }
            Some(_) => {}
            None => {
                self.extra.insert(
                    key.to_owned(),
                    Said {
                        line,
                        text: value.replace('\n', " "),
                    },
                );
            }
        }
    }

    /// Begins a list. A list that begins twice is two lists, and nobody can say which holds.
    pub(super) fn open(&mut self, list: List, line: usize) {
        match self.lists.get(&list) {
            Some(listed) => {
                let problem = PacketProblem::Twice {
                    what: list.name().to_owned(),
                    first: listed.line,
                };
                self.complain(Some(line), problem);
            }
            None => {
                self.lists.insert(list, Listed::at(line));
            }
        }
    }

    /// Says that a list has no entries.
    pub(super) fn none(&mut self, list: List, line: usize) {
        self.lists
            .entry(list)
            .and_modify(|listed| listed.none = Some(line));
    }

    /// Adds an entry as it is.
    pub(super) fn entry(&mut self, list: List, line: usize, text: &str) {
        let listed = self.lists.entry(list).or_insert_with(|| Listed::at(line));
        if !listed.seen.insert(text.to_owned()) && list.is_exact() {
            self.notes.push((line, format!("{text} (listed before)")));
            return;
        }
        listed.entries.push(Said {
            line,
            text: text.to_owned(),
        });
    }

    /// Adds an item of a Markdown list.
    pub(super) fn item(&mut self, list: List, line: usize, raw: &str) {
        if is_none(raw) {
            self.none(list, line);
        } else if list.is_exact() {
            if let Some(text) = self.exact(list.name(), line, raw) {
                self.entry(list, line, &text);
            }
        } else if raw.is_empty()
            || (list == List::Waivers && raw.starts_with('(') && raw.ends_with(')'))
        {
            // A form's own instruction is no waiver.
            self.note(line, raw);
        } else {
            let text = raw.replace('\n', " ");
            self.entry(list, line, code_span(&text).unwrap_or(&text));
        }
    }

    /// Adds to the last entry of a list of texts what is nested below it.
    pub(super) fn nested(&mut self, list: List, line: usize, text: &str) {
        if list.is_exact() {
            self.unreadable(list.name(), line, text, "it is nested below another entry");
        } else if let Some(last) = self
            .lists
            .get_mut(&list)
            .and_then(|listed| listed.entries.last_mut())
        {
            last.text.push('\n');
            last.text.push_str(text);
        } else {
            self.note(line, text);
        }
    }

    pub(super) fn unreadable(
        &mut self,
        what: &'static str,
        line: usize,
        text: &str,
        why: &'static str,
    ) {
        self.complain(
            Some(line),
            PacketProblem::Item {
                what,
                text: text.to_owned(),
                why,
            },
        );
    }

    /// Returns the one exact name or command that a Markdown text is, or complains.
    fn exact(&mut self, what: &'static str, line: usize, raw: &str) -> Option<String> {
        if let Some(inner) = code_span(raw) {
            return Some(inner.to_owned());
        }
        let spaced = what != Scalar::Validation.name() && raw.contains(char::is_whitespace);
        let why = if raw.is_empty() {
            "it is empty"
        } else if is_open(raw) {
            "it is a place to be filled in"
        } else if spaced || !is_plain(raw) {
            "put the exact text in backticks and nothing beside it"
        } else {
            return Some(raw.to_owned());
        };
        self.unreadable(what, line, raw, why);
        None
    }
}

/// Tells whether a value says that there is none.
fn is_none(raw: &str) -> bool {
    matches!(
        raw.to_ascii_uppercase().as_str(),
        "NONE" | "N/A" | "NONE." | "(NONE)"
    )
}

/// Tells whether a value waits to be filled in.
fn is_open(raw: &str) -> bool {
    matches!(
        raw.to_ascii_uppercase().as_str(),
        "TBD" | "TODO" | "PENDING" | "<PENDING>"
    ) || (raw.starts_with('<') && raw.ends_with('>'))
}

/// Returns the task id that a sentence approves: the id-like word after `approve`.
fn approved_id(sentence: &str) -> Option<&str> {
    let mut words = sentence
        .split_whitespace()
        .skip_while(|word| !word.eq_ignore_ascii_case("approve"));
    let token = words.nth(1)?.trim_end_matches(['.', ',', ';', ':']);
    is_id(token).then_some(token)
}

/// Returns the repository that a sentence names: the word after `against`, if it is a locator.
fn approved_target(sentence: &str) -> Option<&str> {
    let mut words = sentence
        .split_whitespace()
        .skip_while(|word| !word.eq_ignore_ascii_case("against"));
    let token = words.nth(1)?.trim_end_matches(['.', ',', ';']);
    token.contains('/').then_some(token)
}
