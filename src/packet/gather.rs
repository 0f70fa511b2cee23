//! Collects the contents of a packet with their lines, and builds the contract draft.

use std::collections::{BTreeMap, BTreeSet};

use unicode_normalization::UnicodeNormalization as _;

use crate::record::TaskId;
use crate::record::contract::is_unfit;
use crate::record::sentence::describe;

use super::lines::{Lines, code_span, code_spans, is_id, is_plain, key};
use super::problem::{Complaint, PacketProblem};

mod field;
mod finish;
mod work;

pub(super) use field::{List, Scalar};

#[derive(Clone, Debug)]
struct Said {
    line: usize,
    text: String,
}

impl Said {
    fn new(line: usize, text: impl Into<String>) -> Self {
        Self {
            line,
            text: text.into(),
        }
    }
}

#[derive(Clone, Debug)]
struct Listed {
    line: usize,
    /// The line in which the packet says that there are none.
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

/// The fields collected so far, and all complaints about the packet.
#[derive(Default)]
pub(super) struct Gather {
    scalars: BTreeMap<Scalar, Said>,
    lists: BTreeMap<List, Listed>,
    extra: BTreeMap<String, Said>,
    /// Other places that name the task; they must agree.
    mentions: Vec<Said>,
    /// The branch that the observed state names.
    observed_branch: Option<Said>,
    notes: Vec<(usize, String)>,
    /// Lines above the packet.
    wrapper: Vec<(usize, String)>,
    /// What the packet says of itself: the heading above it, and the text.
    notices: Vec<(Option<String>, String)>,
    /// Headings and labels, by section and label, with their lines; the label of a heading is empty.
    places: BTreeMap<(String, String), usize>,
    /// Packets that came before, with the remark on each.
    priors: Vec<(Said, String)>,
    /// The lines that say the task's id.
    ids: BTreeSet<usize>,
    complaints: Vec<Complaint>,
}

impl Gather {
    pub(super) fn complain(&mut self, line: Option<usize>, problem: PacketProblem) {
        self.complaints.push(Complaint { line, problem });
    }

    /// Complains about characters that hide text from a reader. For example, a carriage return in
    /// the middle of a line makes a terminal overwrite the line.
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
        // A wrapped item spans several lines of the packet.
        for (line, text) in (line..).zip(text.lines()) {
            if !text.trim().is_empty() {
                self.notes.push((line, text.trim().to_owned()));
            }
        }
    }

    /// Keeps a line above the packet.
    pub(super) fn wrapper(&mut self, line: usize, text: &str) {
        if !text.trim().is_empty() {
            self.wrapper.push((line, text.trim().to_owned()));
        }
    }

    /// Keeps what the packet says of itself; lines that follow each other are one text.
    pub(super) fn notice(&mut self, section: Option<&str>, text: &str, goes_on: bool) {
        let text = text.trim();
        match self.notices.last_mut() {
            Some((above, said)) if goes_on && above.as_deref() == section => {
                said.push('\n');
                said.push_str(text);
            }
            _ if text.is_empty() => {}
            _ => self
                .notices
                .push((section.map(str::to_owned), text.to_owned())),
        }
    }

    /// Remembers where a heading stands, or a label below it.
    pub(super) fn place(&mut self, section: &str, label: &str, line: usize) {
        let place = (key(section), key(label));
        self.places.entry(place).or_insert(line);
    }

    /// Takes a packet that came before, unless the packet says that there was none.
    pub(super) fn prior(&mut self, line: usize, name: &str, remark: &str) {
        let bare = name.split(" (").next().unwrap_or_default();
        let bare = bare.trim().trim_end_matches('.');
        if is_open(bare) {
            self.unreadable("prior packets", line, name, PLACEHOLDER);
        } else if !(bare.is_empty() || is_none(bare)) {
            self.priors.push((Said::new(line, name), remark.to_owned()));
        }
    }

    /// Keeps a line of a form as it is written.
    pub(super) fn form(&mut self, list: List, line: usize, text: &str) {
        if is_instruction(text.trim_start_matches([' ', '-'])) {
            self.note(line, text.trim());
        } else if !text.trim().is_empty() {
            self.entry(list, line, text);
        }
    }

    pub(super) fn mention(&mut self, line: usize, id: &str) {
        self.mentions.push(Said::new(line, id));
    }

    /// Takes the task that the title of a packet names; other words there name none.
    pub(super) fn titled(&mut self, line: usize, value: &str) {
        if is_open(value) {
            self.unreadable(Scalar::Id.name(), line, value, PLACEHOLDER);
        } else if TaskId::new(value).is_ok() {
            self.mention(line, value);
        }
    }

    /// Sets a scalar. Setting it to the same value again is allowed; a different value is a complaint.
    pub(super) fn say(&mut self, scalar: Scalar, line: usize, text: &str) {
        if scalar == Scalar::Id {
            self.ids.insert(line);
        }
        let first = match self.scalars.get(&scalar) {
            None => {
                self.scalars.insert(scalar, Said::new(line, text));
                return;
            }
            Some(said) if said.text == text => return,
            Some(said) => said.clone(),
        };
        match scalar {
            // A packet's status is informational, and is often given as a token and again in words.
            Scalar::Status => self.extra("Status", line, text),
            Scalar::Id => self.other_id(&first, Said::new(line, text)),
            _ => self.twice(scalar.name(), line, first.line),
        }
    }

    fn twice(&mut self, what: &str, line: usize, first: usize) {
        let what = what.to_owned();
        self.complain(Some(line), PacketProblem::Twice { what, first });
    }

    fn other_id(&mut self, first: &Said, other: Said) {
        let problem = PacketProblem::TwoIds {
            first: first.text.clone(),
            line: first.line,
            second: other.text,
        };
        self.complain(Some(other.line), problem);
    }

    /// Sets a scalar from Markdown: removes the marks of a code span, and ignores `N/A` and `<…>`.
    pub(super) fn say_markdown(&mut self, scalar: Scalar, line: usize, raw: &str) {
        let raw = &raw.replace('\n', " ");
        match scalar {
            Scalar::Task | Scalar::Title => return self.say(scalar, line, raw),
            Scalar::Observed => {
                let branches = code_spans(raw).filter(|(_, after)| after.starts_with(" branch"));
                let branches: Vec<&str> = branches.map(|(branch, _)| branch).collect();
                // With two branches in one sentence, neither is obviously the target.
                if let [branch] = branches.as_slice() {
                    self.observed_branch = Some(Said::new(line, *branch));
                }
                return self.say(scalar, line, raw);
            }
            Scalar::Validation | Scalar::TestPlan | Scalar::Sentence => {
                if let Some(text) = self.exact(scalar.name(), scalar.is_script(), line, raw) {
                    self.say(scalar, line, &text);
                }
                return;
            }
            _ => {}
        }
        let mut value = raw.as_str();
        if scalar.has_remark()
            && let Some((token, remark)) = raw.split_once(" (")
            && remark.ends_with(')')
        {
            self.note(line, &format!("({remark}"));
            value = token.trim();
        }
        let value = code_span(value).unwrap_or(value);
        if is_none(value) && scalar.field().starts_with("packet.") {
            // The form says that there is none.
        } else if is_none(value) || is_open(value) || value.is_empty() {
            self.note(line, &format!("{}: {raw}", scalar.name()));
        } else {
            self.say(scalar, line, value);
        }
    }

    /// Appends to a wrapped scalar.
    pub(super) fn go_on(&mut self, scalar: Scalar, joint: char, text: &str) {
        if let Some(said) = self.scalars.get_mut(&scalar) {
            said.text.push(joint);
            said.text.push_str(text);
        }
    }

    pub(super) fn extra(&mut self, key: &str, line: usize, value: &str) {
        let value = code_span(value).unwrap_or(value);
        let same = |it: &&String| it.nfc().eq(key.nfc());
        let there = self.extra.keys().find(same).cloned();
        match there.and_then(|it| Some((self.extra.get(&it)?, it))) {
            // Two keys that look alike are one key in two spellings.
            Some((said, it)) if said.text != value || it != key => {
                self.twice(key, line, said.line);
            }
            Some(_) => {}
            None => {
                let said = Said::new(line, value.replace('\n', " "));
                self.extra.insert(key.to_owned(), said);
            }
        }
    }

    /// Begins a list. A second list for the same field is ambiguous, and a complaint.
    pub(super) fn open(&mut self, list: List, line: usize) {
        match self.lists.get(&list) {
            Some(listed) => self.twice(list.name(), line, listed.line),
            None => {
                self.lists.insert(list, Listed::at(line));
            }
        }
    }

    /// Records that a list has no entries.
    pub(super) fn none(&mut self, list: List, line: usize) {
        self.lists
            .entry(list)
            .and_modify(|listed| listed.none = Some(line));
    }

    /// Adds an entry unchanged.
    pub(super) fn entry(&mut self, list: List, line: usize, text: &str) {
        let listed = self.lists.entry(list).or_insert_with(|| Listed::at(line));
        if !listed.seen.insert(text.to_owned()) && list.is_exact() {
            self.notes.push((line, format!("{text} (listed before)")));
            return;
        }
        listed.entries.push(Said::new(line, text));
    }

    /// Adds an entry of a work packet unchanged, unless it is a placeholder where something must be said.
    pub(super) fn stated(&mut self, list: List, line: usize, text: &str) {
        if is_open(text.trim()) && list.is_demanded() {
            self.unreadable(list.name(), line, text, PLACEHOLDER);
        } else {
            self.entry(list, line, text);
        }
    }

    /// Adds an item of a Markdown list.
    pub(super) fn item(&mut self, list: List, line: usize, raw: &str) {
        if is_none(raw) {
            self.none(list, line);
        } else if is_open(raw) && list.is_demanded() {
            self.unreadable(list.name(), line, raw, PLACEHOLDER);
        } else if list.is_exact() {
            if let Some(text) = self.exact(list.name(), false, line, raw) {
                self.entry(list, line, &text);
            }
        } else if raw.is_empty() || (list.may_be_empty() && is_instruction(raw)) {
            // The instruction of a form is not a waiver.
            self.note(line, raw);
        } else {
            let text = raw.replace('\n', " ");
            let quoted = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
            let quoted = quoted.filter(|it| list == List::SearchTerms && !it.contains('"'));
            self.entry(list, line, quoted.or(code_span(&text)).unwrap_or(&text));
        }
    }

    /// Appends nested text to the last entry of a list of texts.
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

    /// Returns the exact name or command that a Markdown text consists of, or complains. A command may have
    /// spaces without backticks.
    fn exact(
        &mut self,
        what: &'static str,
        is_script: bool,
        line: usize,
        raw: &str,
    ) -> Option<String> {
        if let Some(inner) = code_span(raw) {
            return Some(inner.to_owned());
        }
        let spaced = !is_script && raw.contains(char::is_whitespace);
        let why = if raw.is_empty() {
            "it is empty"
        } else if is_open(raw) {
            PLACEHOLDER
        } else if spaced || !is_plain(raw) {
            "put the exact text in backticks, with nothing else"
        } else {
            return Some(raw.to_owned());
        };
        self.unreadable(what, line, raw, why);
        None
    }
}

/// Why a text that only holds the place of one is none.
const PLACEHOLDER: &str = "it is a placeholder";

/// Returns whether a value means "none".
fn is_none(raw: &str) -> bool {
    matches!(
        raw.to_ascii_uppercase().as_str(),
        "NONE" | "N/A" | "NONE." | "(NONE)"
    )
}

/// Returns whether a text is an instruction of a form, which stands in brackets.
fn is_instruction(raw: &str) -> bool {
    raw.starts_with('(') && raw.ends_with(')')
}

/// Returns whether a value is a placeholder.
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
