//! Markdown as a flat sequence of pieces: headings, lines, list items, code.
//!
//! pulldown-cmark finds the blocks; the text of a piece is the packet's own bytes, not the rendered
//! text. There is one deviation from CommonMark: a line at the margin directly after a list item
//! continues that item (a lazy continuation) unless it is a `Label: …`, because packets put the label
//! of the next list there.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Parser, Tag, TagEnd};

use super::gather::Gather;
use super::lines::{Lines, indent, label};
use super::problem::PacketProblem;

/// Maximum nesting depth of lists; also keeps the work linear in the packet's size.
const MAX_DEPTH: usize = 16;

/// One piece of a packet. `line` counts from 1.
pub(super) struct Piece {
    pub(super) line: usize,
    pub(super) kind: PieceKind,
    /// The text without markers; a wrapped item contains `\n`. Empty for fences.
    pub(super) text: String,
}

pub(super) enum PieceKind {
    Heading(usize),
    /// A line of a paragraph; `true` if it continues the previous line.
    Line(bool),
    /// A list item, with its depth from 1.
    Item(usize),
    /// A fenced block: its depth in lists, and its lines.
    Fence(usize, Vec<String>),
    /// HTML, quotes, indented code, rules, and anything else without a meaning here; `true` inside a list
    /// item.
    Other(bool),
}

#[derive(Clone, Copy)]
enum Mark {
    Plain,
    Heading(usize),
    /// A fence: the line of its closing fence, and the indentation of the opening one.
    Fence {
        end: usize,
        column: usize,
    },
    Item {
        depth: usize,
        column: usize,
    },
    Other,
}

struct Marks {
    marks: Vec<Mark>,
    /// The innermost item around each line: depth, and column of its content.
    within: Vec<Option<(usize, usize)>>,
}

impl Marks {
    fn set(&mut self, range: Range<usize>, mark: Mark) {
        for slot in self.marks.get_mut(range).into_iter().flatten() {
            *slot = mark;
        }
    }

    fn get(&self, line: usize) -> (Mark, Option<(usize, usize)>) {
        let mark = self.marks.get(line).copied().unwrap_or(Mark::Plain);
        (mark, self.within.get(line).copied().flatten())
    }
}

/// Splits the Markdown that begins with line `first` (from 0) into pieces.
pub(super) fn split(lines: &Lines<'_>, first: usize, gather: &mut Gather) -> Vec<Piece> {
    let Some(marks) = mark(lines, first, gather) else {
        return Vec::new();
    };
    let mut pieces: Vec<Piece> = Vec::new();
    let mut after_blank = true;
    let mut index = first;
    while index < lines.len() {
        let raw = lines.get(index);
        let text = raw.trim();
        let line = index.saturating_add(1);
        index = index.saturating_add(1);
        let (mark, within) = marks.get(line.saturating_sub(1));
        if text.is_empty() && !matches!(mark, Mark::Fence { .. }) {
            after_blank = true;
            continue;
        }
        let kind = match mark {
            Mark::Heading(level) => PieceKind::Heading(level),
            Mark::Other => PieceKind::Other(within.is_some()),
            Mark::Fence { end, column } => {
                let content = (index..end).map(|at| unindent(lines.get(at), column));
                let kind =
                    PieceKind::Fence(within.map_or(0, |(depth, _)| depth), content.collect());
                // The line at `end` is the closing fence.
                index = end.saturating_add(1);
                kind
            }
            Mark::Item { depth, .. } => PieceKind::Item(depth),
            Mark::Plain => match (within, pieces.last_mut()) {
                (None, last) => PieceKind::Line(!after_blank && goes_on(last.as_deref())),
                (
                    Some(_),
                    Some(Piece {
                        kind: PieceKind::Line(_),
                        ..
                    }),
                ) if !after_blank => PieceKind::Line(true),
                (Some((_, column)), Some(last))
                    if !after_blank && matches!(last.kind, PieceKind::Item(_)) =>
                {
                    if indent(raw) < column && label(text).is_some() {
                        PieceKind::Line(false)
                    } else {
                        last.text.push('\n');
                        last.text.push_str(text);
                        continue;
                    }
                }
                (Some(_), _) => PieceKind::Other(true),
            },
        };
        let text = match (&kind, mark) {
            (PieceKind::Fence(..), _) => "",
            (PieceKind::Heading(_), _) => heading_text(text),
            (_, Mark::Item { column, .. }) => raw.get(column..).unwrap_or_default().trim(),
            _ => text,
        };
        pieces.push(Piece {
            line,
            kind,
            text: text.to_owned(),
        });
        after_blank = false;
    }
    pieces
}

fn goes_on(last: Option<&Piece>) -> bool {
    last.is_some_and(|piece| matches!(piece.kind, PieceKind::Line(_)))
}

/// Removes up to `column` leading spaces.
fn unindent(line: &str, column: usize) -> String {
    let cut = line.bytes().take(column).take_while(|b| *b == b' ').count();
    line.get(cut..).unwrap_or_default().to_owned()
}

fn heading_text(text: &str) -> &str {
    let text = text.trim_start_matches('#').trim();
    // Closing marks count only after a space: `C#` keeps its `#`.
    match text.trim_end_matches('#') {
        "" => "",
        cut if cut.ends_with(' ') => cut.trim_end(),
        _ => text,
    }
}

fn mark(lines: &Lines<'_>, first: usize, gather: &mut Gather) -> Option<Marks> {
    let count = lines.len();
    let mut marks = Marks {
        marks: vec![Mark::Plain; count],
        within: vec![None; count],
    };
    // The parser checks every line against every open list and quote, so a line that opens thousands
    // of them would make it slow. Refuse it before parsing.
    if let Some(line) = (first..count).find(|line| markers(lines.get(*line)) > 2 * MAX_DEPTH) {
        gather.complain(
            Some(line.saturating_add(1)),
            PacketProblem::TooDeep(MAX_DEPTH),
        );
        return None;
    }
    let offset = lines.start(first);
    let mut depth = 0usize;
    let mut quotes = 0usize;
    for (event, range) in Parser::new(lines.from(first)).into_offset_iter() {
        let start = range.start.saturating_add(offset);
        let end = range.end.saturating_add(offset);
        let line = lines.at(start);
        let last = lines.at(end.saturating_sub(1).max(start));
        let span = line..last.saturating_add(1);
        let column = start.saturating_sub(lines.start(line));
        match event {
            Event::Start(Tag::BlockQuote(_)) => {
                // The outermost quote covers those inside it.
                if quotes == 0 {
                    marks.set(span, Mark::Other);
                }
                quotes = quotes.saturating_add(1);
            }
            Event::End(TagEnd::BlockQuote(_)) => quotes = quotes.saturating_sub(1),
            Event::Start(Tag::Item) => {
                depth = depth.saturating_add(1);
                if depth > MAX_DEPTH {
                    gather.complain(
                        Some(line.saturating_add(1)),
                        PacketProblem::TooDeep(MAX_DEPTH),
                    );
                    return None;
                }
                if quotes > 0 {
                    continue;
                }
                let item = lines.get(line).get(column..).unwrap_or_default();
                let column = column.saturating_add(marker_width(item));
                for slot in marks.within.get_mut(span).into_iter().flatten() {
                    *slot = Some((depth, column));
                }
                // Two items that begin on one line have no separate text.
                let mark = match marks.get(line).0 {
                    Mark::Plain => Mark::Item { depth, column },
                    _ => Mark::Other,
                };
                marks.set(line..line.saturating_add(1), mark);
            }
            Event::End(TagEnd::Item) => depth = depth.saturating_sub(1),
            _ if quotes > 0 => {}
            Event::Start(Tag::Heading { level, .. }) => {
                // A heading inside an item structures the item, not the packet; an underlined one may be a
                // paragraph above a rule.
                let atx = lines.get(line).trim_start().starts_with('#');
                let mark = if depth == 0 && atx {
                    Mark::Heading(level_number(level))
                } else {
                    Mark::Other
                };
                marks.set(span, mark);
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) => {
                let opening = lines.get(line).get(column..).unwrap_or_default();
                let last = span.end.saturating_sub(1);
                // Two openings in a row: the first block was never closed, and has swallowed everything
                // before the second.
                let reopens = (line.saturating_add(1)..last)
                    .any(|at| lines.get(at).trim_start().starts_with(fence_run(opening)));
                if last == line || reopens || !closes(opening, lines.get(last)) {
                    gather.complain(
                        Some(line.saturating_add(1)),
                        PacketProblem::Fence("is never closed"),
                    );
                    return None;
                }
                marks.set(
                    line..line.saturating_add(1),
                    Mark::Fence { end: last, column },
                );
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented) | Tag::HtmlBlock)
            | Event::Rule => {
                marks.set(span, Mark::Other);
            }
            // A comment of several lines hides them.
            Event::InlineHtml(_) if span.len() > 1 => marks.set(span, Mark::Other),
            _ => {}
        }
    }
    Some(marks)
}

/// Returns the width of a list marker, including its spaces.
fn marker_width(item: &str) -> usize {
    let digits = item.bytes().take_while(u8::is_ascii_digit).count();
    let rest = item.get(digits.saturating_add(1)..).unwrap_or_default();
    let blanks = indent(rest);
    let blanks = if rest.trim().is_empty() || blanks > 4 {
        1
    } else {
        blanks
    };
    digits.saturating_add(1).saturating_add(blanks)
}

/// Returns an upper bound for the number of lists and quotes that a line opens.
fn markers(line: &str) -> usize {
    let prefix = line
        .bytes()
        .take_while(|b| b" \t>-*+.)".contains(b) || b.is_ascii_digit());
    let after = line.bytes().skip(1).chain(std::iter::once(b' '));
    // A rule of forty dashes opens nothing: a list marker is followed by a space.
    let opens =
        |(b, next): &(u8, u8)| *b == b'>' || (b"-*+.)".contains(b) && b" \t".contains(next));
    prefix.zip(after).filter(opens).count()
}

fn level_number(level: HeadingLevel) -> usize {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        _ => 3,
    }
}

/// Returns the run of marks that opens a fence.
fn fence_run(opening: &str) -> &str {
    let rest = opening.trim_start_matches(if opening.starts_with('~') { '~' } else { '`' });
    opening.strip_suffix(rest).unwrap_or(opening)
}

/// Returns whether `line` closes the fence that `opening` opened.
fn closes(opening: &str, line: &str) -> bool {
    let run = fence_run(opening);
    line.trim()
        .strip_prefix(run)
        .is_some_and(|more| more.bytes().all(|b| run.as_bytes().first() == Some(&b)))
}
