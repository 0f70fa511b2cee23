//! The trailers of a commit message, exactly as `git log --format=%(trailers:only,unfold)` reads them
//! without configuration: what git shows as a trailer is one, and nothing else.

/// The prefixes that git itself writes: with one of them, a quarter of a paragraph's lines suffices.
const BY_GIT: &[&[u8]] = &[b"Signed-off-by: ", b"(cherry picked from commit "];
/// The line above a patch that `git commit --verbose` shows.
const SCISSORS: &[u8] = b"# ------------------------ >8 ------------------------\n";

/// Returns keys and values in their order; a value of several lines is joined by spaces.
pub fn of(message: &[u8]) -> Vec<(String, String)> {
    let lines: Vec<&[u8]> = message.split_inclusive(|b| *b == b'\n').collect();
    let first = lines.iter().position(|line| !is_blank(line));
    let lines = lines
        .get(first.unwrap_or(lines.len())..)
        .unwrap_or_default();
    let lines = lines.get(..end(lines)).unwrap_or_default();
    let block = lines.get(start(lines)..).unwrap_or_default();

    let mut whole: Vec<Vec<u8>> = Vec::new();
    // Whether the line before is a trailer, which this one may continue.
    let mut open = false;
    for line in block {
        match whole.last_mut().filter(|_| open && starts_with_space(line)) {
            Some(last) => last.extend_from_slice(line),
            None => {
                open = separator(line).is_some();
                whole.push(line.to_vec());
            }
        }
    }
    let trailer = |line: &Vec<u8>| {
        let (key, value) = line.split_at_checked(separator(line)?)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Some((text(trim(key)), text(&unfold(value.get(1..)?))))
    };
    whole.iter().filter_map(trailer).collect()
}

/// Returns the number of lines before those that git ignores at the end: blank lines, comments, and
/// the list of conflicts that it wrote before version 2.
fn end(lines: &[&[u8]]) -> usize {
    let cut = lines.iter().position(|line| *line == SCISSORS);
    let lines = lines.get(..cut.unwrap_or(lines.len())).unwrap_or_default();
    // As in git, zero is none: what begins with the first line is not ignored.
    let mut ignored = 0;
    let mut in_conflicts = false;
    for (at, line) in lines.iter().enumerate() {
        let conflicts = *line == b"Conflicts:\n";
        if conflicts || is_comment(line) || line.starts_with(b"\n") {
            in_conflicts = in_conflicts || conflicts;
            ignored = if ignored == 0 { at } else { ignored };
        } else if !(in_conflicts && line.starts_with(b"\t")) && ignored > 0 {
            ignored = 0;
            in_conflicts = false;
        }
    }
    match ignored {
        0 => lines.len(),
        ignored => ignored,
    }
}

/// Returns the first line of the paragraph of trailers; the number of lines if there is none.
fn start(lines: &[&[u8]]) -> usize {
    // The first paragraph is the title.
    let title = lines
        .iter()
        .position(|line| is_blank(line) && !is_comment(line));
    let title = title.unwrap_or(lines.len());
    let (mut trailers, mut others, mut continuations) = (0_usize, 0_usize, 0_usize);
    let mut by_git = false;
    let mut only_blank = true;
    for (at, line) in lines.iter().enumerate().skip(title).rev() {
        if is_comment(line) {
            others = others.saturating_add(std::mem::take(&mut continuations));
            continue;
        }
        if is_blank(line) {
            if only_blank {
                continue;
            }
            others = others.saturating_add(continuations);
            let enough = by_git && trailers.saturating_mul(3) >= others;
            let all = trailers > 0 && others == 0;
            return match enough || all {
                true => at.saturating_add(1),
                false => lines.len(),
            };
        }
        only_blank = false;
        if BY_GIT.iter().any(|prefix| line.starts_with(prefix)) {
            by_git = true;
            trailers = trailers.saturating_add(1);
            continuations = 0;
        } else if starts_with_space(line) {
            continuations = continuations.saturating_add(1);
        } else if separator(line).is_some() {
            trailers = trailers.saturating_add(1);
            continuations = 0;
        } else {
            others = others
                .saturating_add(1)
                .saturating_add(std::mem::take(&mut continuations));
        }
    }
    lines.len()
}

/// Returns where the colon after a key of letters, digits and hyphens is, blanks before it included.
fn separator(line: &[u8]) -> Option<usize> {
    let mut blank = false;
    for (at, byte) in line.iter().enumerate() {
        match byte {
            b':' => return (at > 0).then_some(at),
            b' ' | b'\t' if at > 0 => blank = true,
            b'-' if !blank => {}
            _ if !blank && byte.is_ascii_alphanumeric() => {}
            _ => return None,
        }
    }
    None
}

/// Joins the lines of a value.
fn unfold(value: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(value.len());
    for line in trim(value).split(|b| *b == b'\n') {
        let Some(text) = line.iter().position(|b| !is_space(*b)) else {
            continue;
        };
        if !joined.is_empty() {
            joined.push(b' ');
        }
        joined.extend_from_slice(line.get(text..).unwrap_or_default());
    }
    trim(&joined).to_vec()
}

/// What git takes for a blank: not the vertical tab and the form feed.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn starts_with_space(line: &[u8]) -> bool {
    line.first().is_some_and(|b| is_space(*b))
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|b| is_space(*b))
}

fn is_comment(line: &[u8]) -> bool {
    line.starts_with(b"#")
}

fn trim(bytes: &[u8]) -> &[u8] {
    let begin = bytes.iter().position(|b| !is_space(*b));
    let end = bytes.iter().rposition(|b| !is_space(*b));
    let range = begin.zip(end).map(|(begin, end)| begin..=end);
    range.and_then(|it| bytes.get(it)).unwrap_or_default()
}
