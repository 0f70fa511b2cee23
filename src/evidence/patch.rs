//! Patches as `git diff` writes them: which files they name, and what applying them gives.
//!
//! Nothing is skipped: text that belongs to no file, or that git would not apply exactly as it
//! stands, is an error.

use std::io::Read as _;

use flate2::read::ZlibDecoder;

use crate::record::RepoPath;
use crate::record::tree::Mode;

/// Maximum size of the content that a patch gives, in bytes.
const LARGEST: u64 = 256 << 20;
/// The characters of git's base 85, by value.
const BASE_85: &[u8; 85] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

/// What a patch says of one file.
#[derive(Debug, Default)]
pub struct FilePatch<'a> {
    /// The path before; `None` if the file is new.
    pub old: Option<RepoPath>,
    /// The path afterwards; `None` if the file is deleted.
    pub new: Option<RepoPath>,
    /// Whether the old path is only copied from.
    pub is_copy: bool,
    /// The mode before, if the patch says it.
    pub old_mode: Option<Mode>,
    /// The mode afterwards, if the patch says it.
    pub new_mode: Option<Mode>,
    /// The beginnings of the ids of the blobs before and afterwards, in hex.
    pub ids: Option<(&'a str, &'a str)>,
    body: Body<'a>,
}

#[derive(Debug, Default)]
enum Body<'a> {
    /// The content is the same.
    #[default]
    Same,
    Hunks(Vec<Hunk<'a>>),
    /// `Binary files differ`.
    Unshown,
    Literal(Vec<u8>),
    Delta(Vec<u8>),
}

#[derive(Debug)]
struct Hunk<'a> {
    /// The number of the first line before and afterwards.
    starts: (usize, usize),
    lines: Vec<Line<'a>>,
}

/// A line with its sign and its line feed, if it has one.
#[derive(Debug)]
struct Line<'a>(u8, &'a [u8]);

/// Why a patch cannot be read or applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadPatch(String);

impl FilePatch<'_> {
    /// Tells whether the patch shows the content; a binary one may only say that it differs.
    pub fn shows_content(&self) -> bool {
        !matches!(self.body, Body::Unshown)
    }

    /// Returns the content that it makes of the old one.
    pub fn apply(&self, old: &[u8]) -> Result<Vec<u8>, BadPatch> {
        match &self.body {
            Body::Same | Body::Unshown => Ok(old.to_vec()),
            Body::Literal(new) => Ok(new.clone()),
            Body::Delta(delta) => {
                apply_delta(old, delta).ok_or_else(|| BadPatch("a delta of other content".into()))
            }
            Body::Hunks(hunks) => apply_hunks(old, hunks),
        }
    }
}

fn apply_hunks(old: &[u8], hunks: &[Hunk<'_>]) -> Result<Vec<u8>, BadPatch> {
    let mut rest = old.split_inclusive(|b| *b == b'\n');
    let (mut new, mut read, mut written) = (Vec::with_capacity(old.len()), 0_usize, 0_usize);
    for hunk in hunks {
        let from = hunk.starts.0;
        let elsewhere = || BadPatch(format!("a hunk at line {from} that is not there"));
        let has = |signs: &[u8]| hunk.lines.iter().any(|it| signs.contains(&it.0));
        // Without lines of its own it stands after the line that is named.
        let before = |start: usize, some: bool| start.checked_sub(usize::from(some));
        let (begin, gives) = (
            before(from, has(b" -")).ok_or_else(elsewhere)?,
            before(hunk.starts.1, has(b" +")).ok_or_else(elsewhere)?,
        );
        while read < begin {
            new.extend_from_slice(rest.next().ok_or_else(elsewhere)?);
            (read, written) = (read.saturating_add(1), written.saturating_add(1));
        }
        if read != begin || written != gives {
            return Err(elsewhere());
        }
        for Line(sign, text) in &hunk.lines {
            if *sign != b'+' {
                if rest.next() != Some(text) {
                    return Err(BadPatch(format!("a hunk at line {from} of other content")));
                }
                read = read.saturating_add(1);
            }
            if *sign != b'-' {
                new.extend_from_slice(text);
                written = written.saturating_add(1);
            }
        }
    }
    for line in rest {
        new.extend_from_slice(line);
    }
    Ok(new)
}

/// Applies a delta as git packs have them.
fn apply_delta(old: &[u8], delta: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = delta.iter().copied();
    let size = |bytes: &mut dyn Iterator<Item = u8>| {
        let (mut value, mut shift) = (0_u64, 0_u32);
        loop {
            let byte = bytes.next()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte & 0x80 == 0 {
                return usize::try_from(value).ok();
            }
            shift = shift.checked_add(7).filter(|shift| *shift < 57)?;
        }
    };
    let (from, to) = (size(&mut bytes)?, size(&mut bytes)?);
    if from != old.len() || u64::try_from(to).ok()? > LARGEST {
        return None;
    }
    let mut new = Vec::new();
    while let Some(op) = bytes.next() {
        if op & 0x80 == 0 {
            let count = usize::from(op);
            let taken = new.len().checked_add(count)?;
            new.extend(bytes.by_ref().take(count));
            if count == 0 || new.len() != taken {
                return None;
            }
        } else {
            let mut number = |first: u32, bits: u32| {
                let mut value = 0_usize;
                for bit in 0..bits {
                    if op & 1_u8.checked_shl(first.checked_add(bit)?)? != 0 {
                        let byte = usize::from(bytes.next()?);
                        value |= byte.checked_shl(bit.checked_mul(8)?)?;
                    }
                }
                Some(value)
            };
            let start = number(0, 4)?;
            let count = number(4, 3).map(|it| if it == 0 { 0x10000 } else { it })?;
            new.extend_from_slice(old.get(start..start.checked_add(count)?)?);
        }
        if new.len() > to {
            return None;
        }
    }
    (new.len() == to).then_some(new)
}

/// Reads a patch.
pub fn parse(patch: &[u8]) -> Result<Vec<FilePatch<'_>>, BadPatch> {
    let lines: Vec<_> = patch.split_inclusive(|b| *b == b'\n').collect();
    let mut reading = Reading { lines, at: 0 };
    let mut files = Vec::new();
    while reading.peek().is_some() {
        match reading.file() {
            Some(file) => files.push(file),
            None => {
                let line = reading.at.saturating_add(1).min(reading.lines.len());
                return Err(BadPatch(format!(
                    "line {line}, which is not as git writes it"
                )));
            }
        }
    }
    Ok(files)
}

struct Reading<'a> {
    lines: Vec<&'a [u8]>,
    at: usize,
}

impl<'a> Reading<'a> {
    /// Returns the next line with its line feed.
    fn peek(&self) -> Option<&'a [u8]> {
        self.lines.get(self.at).copied()
    }

    /// Returns what follows a word at the beginning of the next line, if it begins so.
    fn after(&self, word: &str) -> Option<&'a [u8]> {
        let rest = self.peek()?.strip_prefix(word.as_bytes())?;
        Some(rest.strip_suffix(b"\n").unwrap_or(rest))
    }

    /// As [`Self::after`], and goes to the next line.
    fn take(&mut self, word: &str) -> Option<&'a [u8]> {
        let rest = self.after(word)?;
        self.step();
        Some(rest)
    }

    fn step(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn file(&mut self) -> Option<FilePatch<'a>> {
        let mut file = FilePatch::default();
        if let Some(names) = self.take("diff --git ") {
            let name = same_name(names);
            (file.old, file.new) = (name.clone(), name);
            self.headers(&mut file)?;
        } else if self.after("--- ").is_none() {
            return None;
        }
        if let Some(old) = self.take("--- ") {
            file.old = side(old)?;
            file.new = side(self.take("+++ ")?)?;
            let mut hunks = Vec::new();
            while self.after("@@ -").is_some() {
                hunks.push(self.hunk()?);
            }
            file.body = Body::Hunks(Some(hunks).filter(|hunks| !hunks.is_empty())?);
        } else if self.after("Binary files ").is_some() {
            self.step();
            file.body = Body::Unshown;
        } else if self.take("GIT binary patch").is_some_and(<[u8]>::is_empty) {
            file.body = self.binary()?;
            // The way back.
            self.binary()?;
        }
        (file.old.is_some() || file.new.is_some()).then_some(file)
    }

    fn headers(&mut self, file: &mut FilePatch<'a>) -> Option<()> {
        loop {
            if let Some(mode) = self.take("old mode ") {
                file.old_mode = Some(Mode::from_octal(mode)?);
            } else if let Some(mode) = self.take("new mode ") {
                file.new_mode = Some(Mode::from_octal(mode)?);
            } else if let Some(mode) = self.take("deleted file mode ") {
                file.old_mode = Some(Mode::from_octal(mode)?);
                file.new = None;
            } else if let Some(mode) = self.take("new file mode ") {
                file.new_mode = Some(Mode::from_octal(mode)?);
                file.old = None;
            } else if let Some(name) = self.take("copy from ") {
                file.old = Some(unquote(name)?);
                file.is_copy = true;
            } else if let Some(name) = self.take("rename from ") {
                file.old = Some(unquote(name)?);
            } else if let Some(name) = self.take("copy to ") {
                file.new = Some(unquote(name)?);
            } else if let Some(name) = self.take("rename to ") {
                file.new = Some(unquote(name)?);
            } else if let Some(ids) = self.take("index ") {
                let ids = std::str::from_utf8(ids).ok()?;
                let (ids, mode) = ids.split_once(' ').unwrap_or((ids, ""));
                file.ids = Some(ids.split_once("..")?);
                if !mode.is_empty() {
                    let mode = Some(Mode::from_octal(mode.as_bytes())?);
                    (file.old_mode, file.new_mode) = (mode, mode);
                }
            } else if self.take("similarity index ").is_none()
                && self.take("dissimilarity index ").is_none()
            {
                return Some(());
            }
        }
    }

    fn hunk(&mut self) -> Option<Hunk<'a>> {
        let text = self.take("@@ -")?;
        let end = text.windows(3).position(|it| it == b" @@")?;
        let (old, new) = std::str::from_utf8(text.get(..end)?)
            .ok()?
            .split_once(" +")?;
        let numbers = |text: &str| {
            let (start, count) = text.split_once(',').unwrap_or((text, "1"));
            Some((start.parse().ok()?, count.parse().ok()?))
        };
        let ((old, mut before), (new, mut afterwards)): ((_, usize), (_, usize)) =
            (numbers(old)?, numbers(new)?);
        let mut lines = Vec::new();
        while before > 0 || afterwards > 0 {
            let (sign, mut text) = self.peek()?.split_first()?;
            self.step();
            match sign {
                b' ' => (before, afterwards) = (before.checked_sub(1)?, afterwards.checked_sub(1)?),
                b'-' => before = before.checked_sub(1)?,
                b'+' => afterwards = afterwards.checked_sub(1)?,
                _ => return None,
            }
            if self.take("\\ ").is_some() {
                text = text.strip_suffix(b"\n")?;
            }
            lines.push(Line(*sign, text));
        }
        let starts = (old, new);
        Some(Hunk { starts, lines })
    }

    /// One direction of a binary patch.
    fn binary(&mut self) -> Option<Body<'a>> {
        let (size, is_delta) = match self.take("literal ") {
            Some(size) => (size, false),
            None => (self.take("delta ")?, true),
        };
        let size: u64 = std::str::from_utf8(size).ok()?.parse().ok()?;
        let mut packed = Vec::new();
        loop {
            let line = self.take("")?;
            if line.is_empty() {
                break;
            }
            packed.extend(base_85(line)?);
        }
        let mut bytes = Vec::new();
        let most = size.min(LARGEST).checked_add(1)?;
        let mut unpacked = ZlibDecoder::new(&*packed).take(most);
        unpacked.read_to_end(&mut bytes).ok()?;
        if u64::try_from(bytes.len()).ok()? != size {
            return None;
        }
        Some(match is_delta {
            true => Body::Delta(bytes),
            false => Body::Literal(bytes),
        })
    }
}

/// Decodes a line of a binary patch: its length, then five characters for four bytes.
fn base_85(line: &[u8]) -> Option<Vec<u8>> {
    let (length, text) = line.split_first()?;
    let length = match length {
        b'A'..=b'Z' => length.checked_sub(b'A')?.checked_add(1)?,
        b'a'..=b'z' => length.checked_sub(b'a')?.checked_add(27)?,
        _ => return None,
    };
    let mut bytes = Vec::new();
    for group in text.chunks(5) {
        let mut value = 0_u32;
        for c in group {
            let digit = BASE_85.iter().position(|it| it == c)?;
            value = value
                .checked_mul(85)?
                .checked_add(u32::try_from(digit).ok()?)?;
        }
        bytes.extend(Some(value.to_be_bytes()).filter(|_| group.len() == 5)?);
    }
    let length = usize::from(length);
    let padded = length.div_ceil(4).checked_mul(4)?;
    if bytes.len() != padded {
        return None;
    }
    bytes.truncate(length);
    Some(bytes)
}

/// Returns the path on a line that begins with `---` or `+++`.
fn side(text: &[u8]) -> Option<Option<RepoPath>> {
    // git ends a name with spaces with a tab, others put a date there.
    let text = match text.first() {
        Some(b'"') => text,
        _ => text.split(|b| *b == b'\t').next()?,
    };
    match text {
        b"/dev/null" => Some(None),
        _ => Some(Some(without_prefix(unquote(text)?))),
    }
}

/// Returns the path that both names after `diff --git` mean, if they do.
fn same_name(names: &[u8]) -> Option<RepoPath> {
    let middle = names.len() / 2;
    let (one, other) = (
        names.get(..middle)?,
        names.get(middle..)?.strip_prefix(b" ")?,
    );
    let (one, other) = (
        without_prefix(unquote(one)?),
        without_prefix(unquote(other)?),
    );
    (one == other).then_some(one)
}

/// Returns the path without `a/`, `b/` or what else git writes before it.
fn without_prefix(path: RepoPath) -> RepoPath {
    match path.as_bytes() {
        [b'a' | b'b' | b'c' | b'i' | b'o' | b'w', b'/', rest @ ..] => RepoPath::new(rest),
        _ => path,
    }
}

/// Reads a name that may be quoted as git quotes it.
fn unquote(text: &[u8]) -> Option<RepoPath> {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        return Some(RepoPath::new(text));
    };
    let mut inner = quoted.strip_suffix(b"\"")?.iter().copied();
    let mut bytes = Vec::new();
    while let Some(byte) = inner.next() {
        bytes.push(match byte {
            b'"' => return None,
            b'\\' => match inner.next()? {
                b'a' => 7,
                b'b' => 8,
                b't' => b'\t',
                b'n' => b'\n',
                b'v' => 11,
                b'f' => 12,
                b'r' => b'\r',
                same @ (b'"' | b'\\') => same,
                first @ b'0'..=b'3' => {
                    let mut value = first.checked_sub(b'0')?;
                    for _ in 0..2 {
                        let digit = inner.next().filter(|it| matches!(it, b'0'..=b'7'))?;
                        value = value
                            .checked_mul(8)?
                            .checked_add(digit.checked_sub(b'0')?)?;
                    }
                    value
                }
                _ => return None,
            },
            plain => plain,
        });
    }
    Some(RepoPath::new(bytes))
}
