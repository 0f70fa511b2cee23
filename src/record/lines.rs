//! How many lines two contents differ by: those that one must delete and add, at least, to make the one of the other.
//!
//! The number is canonical. It follows from the bytes alone, and not from the order in which some diff happens to find
//! matches: a line that was moved counts where it was and where it is.

use std::collections::HashMap;

/// So long a line may be, in bytes, and counts once; a longer one counts once for each further part of this length.
pub const LONGEST: usize = 1_024;

/// Of what is no text, so many bytes count as one line.
pub const BINARY: usize = 64;

/// So many comparisons are made for one file. Where they do not suffice, all that is left on both sides counts.
const MOST_WORK: u64 = 5_000_000;

/// Returns the smallest number of lines to delete and to add that makes the one content of the other; `None` is no
/// content at all.
///
/// A content with a zero byte is no text, and shares no line with one that is.
pub fn changed(old: Option<&[u8]>, new: Option<&[u8]>) -> u64 {
    changed_within(old, new, MOST_WORK)
}

fn changed_within(old: Option<&[u8]>, new: Option<&[u8]>, work: u64) -> u64 {
    let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
    if old == new {
        return 0;
    }
    if is_binary(old) != is_binary(new) {
        return count(old).saturating_add(count(new));
    }
    let (old, new) = (lines(old), lines(new));
    let (mut old, mut new) = (old.as_slice(), new.as_slice());
    while let ([a, old_rest @ ..], [b, new_rest @ ..]) = (old, new)
        && a == b
    {
        (old, new) = (old_rest, new_rest);
    }
    while let ([old_rest @ .., a], [new_rest @ .., b]) = (old, new)
        && a == b
    {
        (old, new) = (old_rest, new_rest);
    }
    // What one side alone has can match nothing: it counts, and need not be compared.
    let mut names: HashMap<&[u8], (u32, bool, bool)> = HashMap::new();
    for (side, is_old) in [(old, true), (new, false)] {
        for line in side {
            let next = u32::try_from(names.len()).unwrap_or(u32::MAX);
            let known = names.entry(line).or_insert((next, false, false));
            match is_old {
                true => known.1 = true,
                false => known.2 = true,
            }
        }
    }
    let shared = |side: &[&[u8]]| -> Vec<u32> {
        let known = side.iter().filter_map(|line| names.get(line));
        known.filter(|it| it.1 && it.2).map(|it| it.0).collect()
    };
    let (old_shared, new_shared) = (shared(old), shared(new));
    let all = old.len().saturating_add(new.len());
    let left = old_shared.len().saturating_add(new_shared.len());
    let alone = all.saturating_sub(left);
    let moved = distance(&old_shared, &new_shared, work).unwrap_or(left);
    u64::try_from(alone.saturating_add(moved)).unwrap_or(u64::MAX)
}

/// Returns the number of lines of a content.
pub fn count(content: &[u8]) -> u64 {
    u64::try_from(lines(content).len()).unwrap_or(u64::MAX)
}

/// Returns at least how many lines a content of so many bytes has.
pub fn at_least(bytes: u64) -> u64 {
    bytes.div_ceil(LONGEST as u64)
}

/// Returns how many lines a content of so many bytes counts for which is not read.
pub fn unread(bytes: u64) -> u64 {
    bytes.div_ceil(BINARY as u64)
}

fn is_binary(content: &[u8]) -> bool {
    content.contains(&0)
}

/// Returns the lines of a content, each with its end.
fn lines(content: &[u8]) -> Vec<&[u8]> {
    match is_binary(content) {
        true => content.chunks(BINARY).collect(),
        false => {
            let lines = content.split_inclusive(|byte| *byte == b'\n');
            lines.flat_map(|line| line.chunks(LONGEST)).collect()
        }
    }
}

/// Returns how many entries must be deleted and added, at least; nothing if that takes more than so many comparisons.
///
/// By E. Myers, "An O(ND) difference algorithm and its variations" (1986), without the path.
fn distance(old: &[u32], new: &[u32], mut work: u64) -> Option<usize> {
    let (n, m) = (
        isize::try_from(old.len()).ok()?,
        isize::try_from(new.len()).ok()?,
    );
    let most = n.checked_add(m)?;
    // Of each diagonal, how far down it the paths of the last length lead.
    let mut furthest: Vec<isize> = vec![0, 0, 0];
    for d in 0..=most {
        // One diagonal more on either side, so that its neighbours exist.
        let middle = d.checked_add(1)?;
        let mut next = vec![0; usize::try_from(d.checked_mul(2)?.checked_add(3)?).ok()?];
        let lowest = d.checked_neg()?;
        let mut k = lowest;
        while k <= d {
            // `furthest` is about paths of length d - 1, whose middle lies one to the left.
            let at = |k: isize| -> Option<isize> {
                let place = usize::try_from(k.checked_add(d)?).ok()?;
                furthest.get(place).copied()
            };
            let mut x = match d {
                0 => 0,
                _ => {
                    let below = (k > lowest).then(|| at(k.saturating_sub(1))).flatten();
                    let above = (k < d).then(|| at(k.saturating_add(1))).flatten();
                    let right = below.map(|x| x.saturating_add(1));
                    right.max(above)?
                }
            };
            let mut y = x.checked_sub(k)?;
            work = work.checked_sub(1)?;
            while x < n && y >= 0 && y < m {
                let same = old.get(usize::try_from(x).ok()?) == new.get(usize::try_from(y).ok()?);
                if !same {
                    break;
                }
                work = work.checked_sub(1)?;
                (x, y) = (x.checked_add(1)?, y.checked_add(1)?);
            }
            if x >= n && y >= m {
                return usize::try_from(d).ok();
            }
            let place = usize::try_from(k.checked_add(middle)?).ok()?;
            if let Some(it) = next.get_mut(place) {
                *it = x;
            }
            k = k.checked_add(2)?;
        }
        furthest = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(lines: &[&str]) -> Vec<u8> {
        lines
            .iter()
            .flat_map(|it| [it, "\n"])
            .collect::<String>()
            .into_bytes()
    }

    fn of(old: &[&str], new: &[&str]) -> u64 {
        changed(Some(&text(old)), Some(&text(new)))
    }

    #[test]
    fn what_is_added_and_deleted_counts() {
        for (old, new, expected) in [
            (&[][..], &[][..], 0),
            (&["a"], &["a"], 0),
            (&[], &["a", "b"], 2),
            (&["a", "b"], &[], 2),
            (&["a", "b", "c"], &["a", "x", "c"], 2),
            (&["a", "b", "c"], &["a", "c"], 1),
            (&["a", "c"], &["a", "b", "c"], 1),
            // Moved: deleted there, added here.
            (&["a", "b", "c"], &["b", "c", "a"], 2),
            (&["a", "b", "c", "d"], &["c", "d", "a", "b"], 4),
            (&["a", "b", "c", "d"], &["d", "c", "b", "a"], 6),
            // Lines that come again.
            (&["x", "x", "x"], &["x"], 2),
            (
                &["{", "a", "}", "{", "b", "}"],
                &["{", "b", "}", "{", "a", "}"],
                4,
            ),
            (
                &["a", "b", "c", "a", "b", "b", "a"],
                &["c", "b", "a", "b", "a", "c"],
                5,
            ),
        ] {
            assert_eq!(of(old, new), expected, "{old:?} {new:?}");
            assert_eq!(of(new, old), expected, "{new:?} {old:?}");
        }
        // The end of a line is a part of it.
        assert_eq!(changed(Some(b"a"), Some(b"a\n")), 2);
        assert_eq!(changed(Some(b"a\r\n"), Some(b"a\n")), 2);
        assert_eq!(changed(None, Some(b"")), 0);
        assert_eq!(changed(None, Some(b"a\nb")), 2);
    }

    #[test]
    fn long_lines_and_what_is_no_text_count_by_their_size() {
        assert_eq!(count(&[b'a'; LONGEST]), 1);
        assert_eq!(count(&[b'a'; LONGEST + 1]), 2);
        assert_eq!(count(&[0; 2 * BINARY]), 2);
        assert_eq!(count(&[0; 2 * BINARY + 1]), 3);
        // One byte of the second part.
        let (old, mut new) = ([0_u8; 4 * BINARY], [0_u8; 4 * BINARY]);
        if let Some(byte) = new.get_mut(BINARY) {
            *byte = 1;
        }
        assert_eq!(changed(Some(&old), Some(&new)), 2);
        // From text to something else: all of both.
        assert_eq!(changed(Some(b"a\nb\n"), Some(b"a\nb\n\0")), 3);
        let bytes = [7_u8; 5_000];
        assert!(count(&bytes) >= at_least(5_000));
        assert!(count(&bytes) <= unread(5_000));
    }

    /// The plain way, by a table.
    fn slowly(old: &[u32], new: &[u32]) -> usize {
        let mut above = vec![0_usize; new.len() + 1];
        for a in old {
            let mut row = vec![0_usize];
            for (at, b) in new.iter().enumerate() {
                row.push(match a == b {
                    true => above[at] + 1,
                    false => row[at].max(above[at + 1]),
                });
            }
            above = row;
        }
        old.len() + new.len() - 2 * above[new.len()]
    }

    #[test]
    fn the_distance_is_the_smallest() {
        let mut state = 12_345_u32;
        let mut next = |most: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % most
        };
        for _ in 0..2_000 {
            let alphabet = 1 + next(5);
            let side = |next: &mut dyn FnMut(u32) -> u32| -> Vec<u32> {
                (0..next(12)).map(|_| next(alphabet)).collect()
            };
            let (old, new) = (side(&mut next), side(&mut next));
            let expected = slowly(&old, &new);
            assert_eq!(
                distance(&old, &new, 1_000),
                Some(expected),
                "{old:?} {new:?}"
            );
            let lines = |side: &[u32]| -> Vec<u8> {
                side.iter()
                    .flat_map(|it| format!("{it}\n").into_bytes())
                    .collect()
            };
            let found = changed(Some(&lines(&old)), Some(&lines(&new)));
            assert_eq!(found, expected as u64, "{old:?} {new:?}");
        }
    }

    #[test]
    fn what_takes_too_long_counts_whole() {
        let (old, new) = (text(&["a", "b", "c", "z"]), text(&["b", "c", "a", "z"]));
        assert_eq!(changed_within(Some(&old), Some(&new), 0), 6);
        assert_eq!(changed_within(Some(&old), Some(&new), 100), 2);
    }
}
