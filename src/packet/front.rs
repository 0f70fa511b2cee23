//! The text before a packet's Markdown: wrapper lines and front matter.
//!
//! Packets pass through chats, viewers and listings, which add lines at the top (a file name, a
//! date, a size). The packet begins with its structure: at the `---` that opens a well-formed front
//! matter, or at the first heading, whichever comes first. Lines before that never supply a field:
//! an approval packet keeps them as notices, otherwise they are listed as not understood.

use super::gather::{Gather, Scalar};
use super::lines::{Lines, indent};
use super::problem::PacketProblem;

/// Contract fields that belong in the packet, not in its front matter.
const MISPLACED: &[&str] = &[
    "allowed_paths",
    "forbidden_paths",
    "forbidden_actions",
    "success_criteria",
    "validation_command",
    "validation_steps",
    "rollback",
    "approval_sentence",
    "evidence",
    "task",
    "target_ref",
    "base",
];

/// Reads wrapper and front matter, and returns the first line of the Markdown.
pub(super) fn read(lines: &Lines<'_>, gather: &mut Gather) -> usize {
    for index in 0..lines.len() {
        let line = lines.get(index);
        if line == "---"
            && let Some(end) = front_matter_end(lines, index)
        {
            wrapper(lines, index, gather);
            for inner in index.saturating_add(1)..end {
                entry(inner.saturating_add(1), lines.get(inner), gather);
            }
            return end.saturating_add(1);
        }
        if line.starts_with('#') && line.trim_start_matches('#').starts_with(' ') {
            wrapper(lines, index, gather);
            return index;
        }
        if line.starts_with("```") || line.starts_with("~~~") {
            gather.complain(
                Some(index.saturating_add(1)),
                PacketProblem::Fence("opens before the packet begins"),
            );
            return lines.len();
        }
    }
    0
}

fn wrapper(lines: &Lines<'_>, end: usize, gather: &mut Gather) {
    for index in 0..end {
        gather.wrapper(index.saturating_add(1), lines.get(index));
    }
}

/// Returns the line of the closing `---`, if all lines between are front matter.
fn front_matter_end(lines: &Lines<'_>, open: usize) -> Option<usize> {
    let mut seen = false;
    for index in open.saturating_add(1)..lines.len() {
        let line = lines.get(index);
        if line == "---" {
            return seen.then_some(index);
        }
        let nested = indent(line) > 0 || line.starts_with("- ") || line.starts_with('#');
        if !line.trim().is_empty() && !nested && pair(line).is_none() {
            return None;
        }
        seen |= pair(line).is_some();
    }
    None
}

/// Splits `key: value`.
fn pair(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once(':')?;
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    let sound =
        !key.is_empty() && key.bytes().all(fits) && (value.is_empty() || value.starts_with(' '));
    sound.then(|| (key, value.trim()))
}

fn entry(line: usize, text: &str, gather: &mut Gather) {
    let Some((key, value)) = pair(text) else {
        gather.note(line, text);
        return;
    };
    let quoted = |quote| {
        value
            .strip_prefix(quote)
            .and_then(|v: &str| v.strip_suffix(quote))
    };
    let value = quoted('"').or_else(|| quoted('\'')).unwrap_or(value);
    let name = key.to_ascii_lowercase().replace('-', "_");
    let scalar = match name.as_str() {
        "id" | "task_id" => Some(Scalar::Id),
        "base_task_id" => Some(Scalar::BaseId),
        "status" => Some(Scalar::Status),
        "stage" => Some(Scalar::Stage),
        "risk_tier" => Some(Scalar::RiskTier),
        "requestor" => Some(Scalar::Requestor),
        _ => None,
    };
    if MISPLACED.contains(&name.as_str()) {
        gather.complain(Some(line), PacketProblem::Misplaced(key.to_owned()));
    } else if value.is_empty() {
        gather.note(line, text);
    } else if let Some(scalar) = scalar {
        gather.say(scalar, line, value);
    } else {
        gather.extra(key, line, value);
    }
}
