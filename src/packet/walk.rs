//! Walks the pieces of a packet and interprets each of them.

use super::gather::{Gather, List, Scalar};
use super::grammar::{Grammar, Means, Open, Section};
use super::lines::{code_span, code_spans, is_id, key, label};
use super::pieces::{Piece, PieceKind};
use super::problem::PacketProblem;

struct Walk<'a> {
    gather: &'a mut Gather,
    grammar: Grammar,
    heading: String,
    section: Section,
    open: Open,
    /// The line that announces the sentence, until its block follows.
    announced: Option<usize>,
    /// Nothing but the title has come yet.
    intro: bool,
    /// A label of the lineage and its depth, while items below it may follow.
    below: Option<(List, usize)>,
}

/// Reads all pieces.
pub(super) fn walk(pieces: Vec<Piece>, grammar: Grammar, gather: &mut Gather) {
    let mut walk = Walk {
        gather,
        grammar,
        heading: String::new(),
        section: Section::Unknown,
        open: Open::Nothing,
        announced: None,
        intro: true,
        below: None,
    };
    let mut titled = false;
    for piece in &pieces {
        if !matches!(piece.kind, PieceKind::Fence(..)) {
            walk.no_sentence();
        }
        let (line, text) = (piece.line, piece.text.as_str());
        match &piece.kind {
            PieceKind::Heading(1) | PieceKind::Heading(2) => {}
            _ => {
                if let Section::Form(list) = walk.section
                    && walk.announced.is_none()
                {
                    walk.form(list, piece);
                    continue;
                }
            }
        }
        match &piece.kind {
            PieceKind::Heading(1) if !titled => {
                titled = true;
                (grammar.title)(walk.gather, line, text);
            }
            PieceKind::Heading(1) => {
                walk.gather.note(line, text);
                walk.section = Section::Unknown;
                walk.intro = false;
                walk.heading.clear();
                walk.open = Open::Nothing;
            }
            PieceKind::Heading(2) => walk.section(line, text),
            PieceKind::Heading(_) => walk.labelled(line, text, "", 0, true),
            PieceKind::Line(goes_on) => walk.line(line, text, *goes_on),
            PieceKind::Item(depth) => walk.item(line, text, *depth),
            PieceKind::Fence(depth, content) => walk.fence(line, *depth, content),
            PieceKind::Other(inside) => walk.other(line, text, *inside),
        }
    }
    walk.no_sentence();
}

impl Walk<'_> {
    fn no_sentence(&mut self) {
        if let Some(line) = self.announced.take() {
            let problem = PacketProblem::Sentence("is announced, with no block of text after it");
            self.gather.complain(Some(line), problem);
        }
    }

    fn section(&mut self, line: usize, text: &str) {
        self.heading = text.to_owned();
        self.section = self.grammar.section(text);
        self.intro = false;
        self.below = None;
        self.gather.place(text, "", line);
        self.open = match self.section {
            Section::Form(list) => {
                self.gather.open(list, line);
                Open::Nothing
            }
            Section::List(list) => {
                self.gather.open(list, line);
                Open::List {
                    list,
                    depth: 0,
                    heading: true,
                    items: false,
                }
            }
            Section::Unknown => {
                self.gather.note(line, text);
                Open::Unknown { depth: 0 }
            }
            _ => Open::Nothing,
        };
    }

    /// Reads `label: value`; `depth` is the depth of the enclosing item.
    fn labelled(&mut self, line: usize, label: &str, value: &str, depth: usize, heading: bool) {
        let bullet = if depth > 0 { "- " } else { "" };
        self.gather.place(&self.heading, label, line);
        match self.grammar.label(&self.heading, label) {
            Means::Left => self.open = Open::Nothing,
            Means::Scalar(scalar) => {
                if !value.is_empty() {
                    self.gather.say_markdown(scalar, line, value);
                }
                self.open = Open::Scalar {
                    scalar,
                    depth,
                    heading,
                };
            }
            Means::List(list) => {
                self.gather.open(list, line);
                if !value.is_empty() {
                    self.gather.item(list, line, value);
                }
                self.open = Open::List {
                    list,
                    depth,
                    heading,
                    items: !value.is_empty(),
                };
            }
            Means::Extra(key) => {
                if value.is_empty() {
                    self.gather.note(line, &format!("{bullet}{label}:"));
                } else {
                    self.gather.extra(&key, line, value);
                }
                self.open = Open::Unknown { depth };
            }
            Means::Misplaced => {
                self.gather
                    .complain(Some(line), PacketProblem::Misplaced(label.to_owned()));
                self.open = Open::Unknown { depth };
            }
            Means::Unknown => {
                let joint = if heading { "" } else { ":" };
                self.unread(line, &format!("{bullet}{label}{joint} {value}"), false);
                // A label with a value announces no list, so it counts as prose.
                if value.is_empty() || depth > 0 {
                    self.open = Open::Unknown { depth };
                } else {
                    self.interrupt();
                }
            }
        }
    }

    /// Reads an approval sentence, announced or after its label, if the line or item is one.
    fn sentence(&mut self, line: usize, text: &str) -> bool {
        if text.ends_with(':') && text.to_lowercase().contains("sentence") {
            self.announced = Some(line);
            self.open = Open::Nothing;
            return true;
        }
        match label(text) {
            Some((label, value)) if label.to_lowercase().ends_with("sentence") => {
                match code_span(value) {
                    Some(sentence) => self.gather.say(Scalar::Sentence, line, sentence),
                    None => self.gather.complain(
                        Some(line),
                        PacketProblem::Sentence("is in a line without backticks around it"),
                    ),
                }
                true
            }
            _ => false,
        }
    }

    fn line(&mut self, line: usize, text: &str, goes_on: bool) {
        if self.sentence(line, text) {
            return;
        }
        if let Some((label, value)) = label(text) {
            return self.labelled(line, label, value, 0, false);
        }
        if let Open::Scalar {
            scalar: Scalar::Task,
            depth: 0,
            ..
        } = self.open
            && goes_on
        {
            return self.gather.go_on(Scalar::Task, ' ', text);
        }
        self.words(line, text, goes_on);
        self.interrupt();
    }

    /// Keeps text about the packet itself as a notice; lists other text as not understood.
    fn unread(&mut self, line: usize, text: &str, goes_on: bool) {
        let about = matches!(
            self.section,
            Section::Status | Section::Notice | Section::Gate | Section::Sentence
        );
        if self.grammar.notices && (about || self.intro) {
            let section = Some(self.heading.as_str()).filter(|it| !it.is_empty());
            self.gather.notice(section, text, goes_on);
        } else {
            self.gather.note(line, text);
        }
    }

    /// Reads text without a field; text about the packet itself must name the same task.
    fn words(&mut self, line: usize, text: &str, goes_on: bool) {
        self.unread(line, text, goes_on);
        if self.section == Section::Gate
            && code_spans(text).any(|(span, _)| span.contains("_STAGE="))
        {
            // The stage restricts the run, so it must not get lost in prose.
            self.gather.unreadable(
                "stage",
                line,
                text,
                "put it in an item and backticks of its own",
            );
        }
        if self.section == Section::Status {
            for (id, _) in code_spans(text).filter(|(id, _)| is_id(id)) {
                self.gather.mention(line, id);
            }
        }
    }

    /// Lists a quote, HTML and the like as not understood; in a list of names it may be an entry.
    fn other(&mut self, line: usize, text: &str, inside: bool) {
        match self.open {
            Open::List { list, .. } if inside && list.is_exact() => {
                let why = "it is not a plain list item";
                self.gather.unreadable(list.name(), line, text, why);
            }
            _ => {
                self.gather.note(line, text);
                self.interrupt();
            }
        }
    }

    /// Ends the open list or field at prose.
    fn interrupt(&mut self) {
        self.open = match self.open {
            // Text between a heading and its list introduces the list.
            Open::List {
                heading: true,
                items: false,
                ..
            }
            | Open::Scalar { heading: true, .. } => self.open,
            Open::List { list, .. } | Open::Loose(list) => Open::Loose(list),
            Open::Unknown { depth: 0 } if self.section == Section::Unknown => self.open,
            _ => Open::Nothing,
        };
    }

    fn item(&mut self, line: usize, text: &str, depth: usize) {
        if self.section == Section::Gate {
            return self.setting(line, text);
        }
        match &mut self.open {
            Open::List {
                list,
                depth: base,
                items,
                ..
            } if depth == base.saturating_add(1) => {
                *items = true;
                let list = *list;
                if list != List::Lineage || !self.lineage(line, text, depth) {
                    self.gather.item(list, line, text);
                }
                return;
            }
            _ => {}
        }
        match self.open {
            Open::List {
                list, depth: base, ..
            } if depth > base => {
                if list == List::Lineage && self.lineage(line, text, depth) {
                    return;
                }
                return self.gather.nested(list, line, &format!("- {text}"));
            }
            Open::Scalar {
                scalar: Scalar::Task,
                depth: base,
                ..
            } if depth > base => {
                return self.gather.go_on(Scalar::Task, '\n', &format!("- {text}"));
            }
            Open::Scalar {
                scalar,
                depth: base,
                ..
            } if scalar.is_script() && depth > base => {
                return self.gather.say_markdown(scalar, line, text);
            }
            Open::Unknown { depth: base } if depth > base => {
                if let Some((label, _)) = label(text)
                    && self.grammar.label(&self.heading, label) == Means::Misplaced
                {
                    self.gather
                        .complain(Some(line), PacketProblem::Misplaced(label.to_owned()));
                }
                return self.unread(line, &format!("- {text}"), true);
            }
            _ => {}
        }
        if self.sentence(line, text) {
            return;
        }
        let loose = match self.open {
            Open::Loose(list) if list.is_exact() => Some(list),
            _ => None,
        };
        match (label(text), loose) {
            (Some((label, value)), None) => self.labelled(line, label, value, depth, false),
            (_, Some(list)) => {
                let why = "prose separates it from the list";
                self.gather.unreadable(list.name(), line, text, why);
            }
            (None, None) => {
                self.words(line, &format!("- {text}"), false);
                self.open = Open::Unknown { depth };
            }
        }
    }

    fn setting(&mut self, line: usize, text: &str) {
        let name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_uppercase())
                && name
                    .bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        };
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        if let Some((key, value)) = code_span(first).and_then(|span| span.split_once('='))
            && name(key)
        {
            self.words(line.saturating_add(1), rest, false);
            self.gather.extra(&format!("env.{key}"), line, value);
            if key.ends_with("_STAGE") {
                self.gather.say(Scalar::Stage, line, value);
            } else if value == "1" {
                let switch = format!("{key}={value}");
                self.gather.say(Scalar::GateSwitch, line, &switch);
            }
            return;
        }
        match code_spans(text).next() {
            Some((key, _)) if text.starts_with('`') && name(key) => {
                if key.ends_with("_ADMISSION_FILE") {
                    self.gather.say(Scalar::GateAdmission, line, key);
                } else if key.ends_with("_OUTCOME") {
                    self.gather.say(Scalar::GateOutcome, line, "YES");
                }
            }
            _ => {}
        }
        self.words(line, &format!("- {text}"), false);
    }

    /// Reads what a lineage says of a version before, or of what becomes of it.
    fn lineage(&mut self, line: usize, text: &str, depth: usize) -> bool {
        if let Some((list, at)) = self.below.filter(|(_, at)| depth > *at) {
            match depth == at.saturating_add(1) {
                true => self.gather.item(list, line, text),
                false => self.gather.nested(list, line, &format!("- {text}")),
            }
            return true;
        }
        self.below = None;
        let Some((label, value)) = label(text) else {
            return false;
        };
        let list = match key(label).as_str() {
            "preserved" => List::Preserved,
            "changed" | "changed/clarified" => List::Changed,
            "dropped" => List::Dropped,
            name if name.starts_with("prior ") && name.ends_with(" packet") => {
                match code_spans(value).next() {
                    Some((name, remark)) => self.gather.prior(line, name, remark),
                    None => self.gather.prior(line, value, ""),
                }
                return false;
            }
            _ => return false,
        };
        if !value.is_empty() {
            self.gather.item(list, line, value);
        }
        self.below = Some((list, depth));
        true
    }

    /// Keeps a piece of a form as it is written.
    fn form(&mut self, list: List, piece: &Piece) {
        let (line, text) = (piece.line, piece.text.as_str());
        if !matches!(piece.kind, PieceKind::Fence(..)) && self.sentence(line, text) {
            return;
        }
        if let Some((label, _)) = label(text)
            && self.grammar.label(&self.heading, label) == Means::Misplaced
        {
            let problem = PacketProblem::Misplaced(label.to_owned());
            return self.gather.complain(Some(line), problem);
        }
        match &piece.kind {
            PieceKind::Item(depth) => {
                let indent = "  ".repeat(depth.saturating_sub(1));
                self.gather.form(list, line, &format!("{indent}- {text}"));
            }
            PieceKind::Fence(_, content) => {
                for (text, line) in content.iter().zip(line.saturating_add(1)..) {
                    self.gather.form(list, line, text);
                }
            }
            _ => self.gather.form(list, line, text),
        }
    }

    fn fence(&mut self, line: usize, depth: usize, content: &[String]) {
        if self.announced.take().is_some() || self.section == Section::Sentence {
            let [sentence] = content else {
                let why = if content.is_empty() {
                    "it is blank"
                } else {
                    "it has more than one line"
                };
                return self
                    .gather
                    .complain(Some(line), PacketProblem::Sentence(why));
            };
            return self
                .gather
                .say(Scalar::Sentence, line.saturating_add(1), sentence);
        }
        let numbered = content
            .iter()
            .zip(line.saturating_add(1)..)
            .filter(|(text, _)| !text.trim().is_empty());
        match &mut self.open {
            Open::Scalar {
                scalar,
                depth: base,
                ..
            } if scalar.is_script() && depth == *base => {
                self.gather.say(*scalar, line, &content.join("\n"));
            }
            Open::List {
                list,
                depth: base,
                items,
                ..
            } if depth == *base => {
                *items = true;
                for (text, line) in numbered {
                    self.gather.stated(*list, line, text);
                }
            }
            Open::List {
                list, depth: base, ..
            } if depth > *base => {
                self.gather
                    .nested(*list, line.saturating_add(1), &content.join("\n"));
            }
            _ => {
                for (text, line) in numbered {
                    self.gather.note(line, text);
                }
            }
        }
    }
}
