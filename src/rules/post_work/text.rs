//! Lines of contents, and where two contents differ.
//!
//! A line ends with its line feed; a carriage return belongs to it. What follows the last line feed is a line
//! as well. Nothing here depends on an algorithm of comparison: between the lines that both contents begin with
//! and those that both end with lies everything that any comparison can find, so that every version and every
//! clone computes the same.

use crate::records::Window;

/// A NUL among so many first bytes makes a content binary, as in git.
const LOOKED_AT: usize = 8_000;

/// Tells whether a content is binary.
pub fn is_binary(bytes: &[u8]) -> bool {
    bytes.iter().take(LOOKED_AT).any(|byte| *byte == 0)
}

/// Returns the lines, each with its line feed if it has one.
pub fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}

/// Returns a line without its line feed.
pub fn text(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

/// The lines of the old content that a change replaces: from `first` to `last`, counted from 1. Where lines
/// are only added, `last` is the line after which they are, and `first` the one after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hull {
    pub first: u64,
    pub last: u64,
}

/// Tells whether the new content begins with the first `head` lines of the old one and ends with its last
/// `tail` lines.
pub fn keeps(old: &[&[u8]], new: &[&[u8]], head: usize, tail: usize) -> bool {
    let enough = |lines: &[&[u8]]| head.saturating_add(tail) <= lines.len();
    enough(old)
        && enough(new)
        && old.get(..head) == new.get(..head)
        && ending(old, tail) == ending(new, tail)
}

fn ending<'a, 'b>(lines: &'a [&'b [u8]], count: usize) -> Option<&'a [&'b [u8]]> {
    lines.get(lines.len().checked_sub(count)?..)
}

/// Returns how many lines lie before the first line of a window, and behind its last; and the same with these
/// lines themselves. Nothing if the window is not one of the content.
pub fn around(window: Window, old: &[&[u8]]) -> Option<[(usize, usize); 2]> {
    let end = (old.len() as u64).checked_add(1)?;
    if window.first >= window.last || window.last > end {
        return None;
    }
    let first = usize::try_from(window.first).ok()?;
    let behind = usize::try_from(end.checked_sub(window.last)?).ok()?;
    Some([
        (first.saturating_sub(1), behind.saturating_sub(1)),
        (first, behind),
    ])
}

/// Returns where two contents differ. Where equal lines leave a choice, it is made for the planned window.
pub fn hull(old: &[&[u8]], new: &[&[u8]], window: Option<Window>) -> Option<Hull> {
    if old == new {
        return None;
    }
    let most = old.len().min(new.len());
    let common = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let after = |head: usize| {
        let pairs = old.iter().rev().zip(new.iter().rev());
        let tail = pairs.take_while(|(a, b)| a == b).count();
        tail.min(most.saturating_sub(head))
    };
    let of = |head: usize, tail: usize| Hull {
        first: (head as u64).saturating_add(1),
        last: (old.len().saturating_sub(tail)) as u64,
    };
    let around = window.and_then(|it| around(it, old));
    for (head, tail) in around
        .into_iter()
        .flat_map(|[window, rails]| [rails, window])
    {
        if keeps(old, new, head, tail) {
            // As far as the window's end lets the beginning reach.
            let head = common.min(most.saturating_sub(tail)).max(head);
            return Some(of(head, after(head)));
        }
    }
    Some(of(common, after(common)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(first: u64, last: u64) -> Window {
        Window { first, last }
    }

    #[test]
    fn a_line_ends_with_its_line_feed() {
        for (content, expected) in [
            ("", &[][..]),
            ("a", &["a"]),
            ("a\n", &["a\n"]),
            ("a\r\nb", &["a\r\n", "b"]),
            ("\n\n", &["\n", "\n"]),
        ] {
            let expected: Vec<&[u8]> = expected.iter().map(|it| it.as_bytes()).collect();
            assert_eq!(lines(content.as_bytes()), expected, "{content:?}");
        }
        assert!(is_binary(b"a\0") && !is_binary(b"a\xff"));
        let far = [vec![b'a'; LOOKED_AT], vec![0]].concat();
        assert!(!is_binary(&far));
    }

    #[test]
    fn the_hull_holds_every_difference_and_follows_the_window_where_lines_are_equal() {
        for (old, new, planned, expected) in [
            ("a b c", "a b c", None, None),
            ("a b c", "a x c", None, Some((2, 2))),
            ("a b c", "a b x c", None, Some((3, 2))),
            ("a b c", "", None, Some((1, 3))),
            ("", "a", None, Some((1, 0))),
            ("a b c d e", "a x c y e", None, Some((2, 4))),
            ("x x x", "x x x x", None, Some((4, 3))),
            ("x x x", "x x x x", Some((1, 2)), Some((2, 1))),
            ("x x x", "x x", Some((0, 2)), Some((1, 1))),
            ("a b c", "x b c", Some((0, 2)), Some((1, 1))),
            ("a b c", "x b c", Some((2, 3)), Some((1, 1))),
        ] {
            let words = |text: &'static str| -> Vec<&[u8]> {
                text.split_whitespace().map(str::as_bytes).collect()
            };
            let planned = planned.map(|(first, last)| window(first, last));
            let found = hull(&words(old), &words(new), planned);
            let found = found.map(|it| (it.first, it.last));
            assert_eq!(found, expected, "{old} -> {new} {planned:?}");
        }
    }

    #[test]
    fn a_window_reaches_from_edge_to_edge_at_most() {
        let old: Vec<&[u8]> = vec![b"a", b"b", b"c"];
        for (planned, expected) in [
            (window(0, 4), Some([(0, 0), (0, 0)])),
            (window(1, 3), Some([(0, 0), (1, 1)])),
            (window(2, 3), Some([(1, 0), (2, 1)])),
            (window(3, 4), Some([(2, 0), (3, 0)])),
            (window(2, 2), None),
            (window(3, 2), None),
            (window(0, 5), None),
        ] {
            assert_eq!(around(planned, &old), expected, "{planned}");
        }
        assert_eq!(around(window(0, 1), &[]), Some([(0, 0), (0, 0)]));
    }
}
