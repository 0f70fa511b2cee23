//! Patches as `git diff` writes them: which files they name, and what applying them gives.
//!
//! Nothing is skipped: text that belongs to no file, or that git would not apply exactly as it
//! stands, is an error. A patch is read file by file, and what it packs is unpacked when the file is
//! applied, since a few bytes may stand for very many.

use std::io::Read as _;

use flate2::read::ZlibDecoder;

use crate::record::RepoPath;
use crate::record::tree::Mode;

/// The fewest digits of an id that git abbreviates.
const FEWEST_DIGITS: usize = 4;
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
    /// The text of one or more hunks.
    Hunks(&'a [u8]),
    /// `Binary files differ`.
    Unshown,
    /// There and back.
    Binary([Packed<'a>; 2]),
}

/// One direction of a binary patch.
#[derive(Debug)]
struct Packed<'a> {
    is_delta: bool,
    /// How long it is when it is unpacked.
    size: u64,
    /// The lines in base 85.
    lines: &'a [u8],
}

#[derive(Debug)]
struct Hunk<'a> {
    /// The number of the first line before and afterwards.
    starts: (usize, usize),
    /// Whether it has lines that were there before, and such that are there afterwards.
    has: (bool, bool),
    lines: &'a [u8],
}

/// Why a patch cannot be read or applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadPatch(String);

impl FilePatch<'_> {
    /// Tells whether the patch shows the content; a binary one may only say that it differs.
    pub fn shows_content(&self) -> bool {
        !matches!(self.body, Body::Unshown)
    }

    /// Returns the content that it makes of the old one, which must have `size` bytes.
    pub fn apply(&self, old: &[u8], size: u64) -> Result<Vec<u8>, BadPatch> {
        match &self.body {
            Body::Same | Body::Unshown => Ok(old.to_vec()),
            Body::Binary([forth, back]) => {
                let new = forth.apply(old, size)?;
                if back.apply(&new, old.len() as u64)? != old {
                    return Err(BadPatch("a way back to other content".into()));
                }
                Ok(new)
            }
            Body::Hunks(text) => apply_hunks(old, text, size),
        }
    }

    /// Tells whether these are the two names in a header. Where there is no file, the other name or
    /// `/dev/null` stands.
    fn named(&self, names: &[u8], between: &[u8]) -> bool {
        let is = |text: &[u8], path: &Option<RepoPath>, other: &Option<RepoPath>| match path {
            None if text == b"/dev/null" => true,
            None => unquote(text).map(without_prefix) == *other,
            path => unquote(text).map(without_prefix) == *path,
        };
        let ends = match names {
            [b'"', ..] => [quote_end(names), None, None],
            _ => {
                let path = self.old.as_ref().or(self.new.as_ref());
                let length = path.map_or(0, |it| it.as_bytes().len());
                let with_prefix = length.saturating_add("a/".len());
                [Some(length), Some(with_prefix), Some("/dev/null".len())]
            }
        };
        ends.into_iter().flatten().any(|end| {
            names.split_at_checked(end).is_some_and(|(old, rest)| {
                let new = rest.strip_prefix(between);
                is(old, &self.old, &self.new)
                    && new.is_some_and(|new| is(new, &self.new, &self.old))
            })
        })
    }
}

fn apply_hunks(old: &[u8], text: &[u8], size: u64) -> Result<Vec<u8>, BadPatch> {
    let mut rest = old.split_inclusive(|b| *b == b'\n');
    let (mut new, mut read, mut written) = (Vec::new(), 0_usize, 0_usize);
    let mut write = |line: &[u8]| {
        new.extend_from_slice(line);
        match new.len() as u64 <= size {
            true => Ok(()),
            false => Err(BadPatch("longer content".into())),
        }
    };
    let mut hunks = Reading::of(text);
    while let Some(hunk) = hunks.hunk() {
        let from = hunk.starts.0;
        let elsewhere = || BadPatch(format!("a hunk at line {from} that is not there"));
        // Without lines of its own it stands after the line that is named.
        let before = |start: usize, some: bool| start.checked_sub(usize::from(some));
        let (begin, gives) = (
            before(from, hunk.has.0).ok_or_else(elsewhere)?,
            before(hunk.starts.1, hunk.has.1).ok_or_else(elsewhere)?,
        );
        while read < begin {
            write(rest.next().ok_or_else(elsewhere)?)?;
            (read, written) = (read.saturating_add(1), written.saturating_add(1));
        }
        if read != begin || written != gives {
            return Err(elsewhere());
        }
        let mut lines = Reading::of(hunk.lines);
        while let Some((sign, text)) = lines.line() {
            if sign != b'+' {
                if rest.next() != Some(text) {
                    return Err(BadPatch(format!("a hunk at line {from} of other content")));
                }
                read = read.saturating_add(1);
            }
            if sign != b'-' {
                write(text)?;
                written = written.saturating_add(1);
            }
        }
    }
    for line in rest {
        write(line)?;
    }
    Ok(new)
}

impl Packed<'_> {
    /// Returns what it makes of the old content, if that has `most` bytes.
    fn apply(&self, old: &[u8], most: u64) -> Result<Vec<u8>, BadPatch> {
        let longer = || BadPatch("content of another length".into());
        // git writes a delta only where it is shorter than the content, packed.
        let fits = match self.is_delta {
            true => self.size <= most.saturating_mul(2).saturating_add(4096),
            false => self.size == most,
        };
        if !fits {
            return Err(longer());
        }
        let bytes = self
            .unpack()
            .ok_or_else(|| BadPatch("a binary patch that cannot be unpacked".into()))?;
        match self.is_delta {
            true => apply_delta(old, &bytes, most)
                .ok_or_else(|| BadPatch("a delta of other content".into())),
            false => Ok(bytes),
        }
    }

    fn unpack(&self) -> Option<Vec<u8>> {
        let mut packed = Vec::new();
        for line in self.lines.split_inclusive(|b| *b == b'\n') {
            packed.extend(base_85(line.strip_suffix(b"\n").unwrap_or(line))?);
        }
        let mut bytes = Vec::new();
        let most = self.size.checked_add(1)?;
        let mut unpacked = ZlibDecoder::new(&*packed).take(most);
        unpacked.read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 == self.size).then_some(bytes)
    }
}

/// Applies a delta as git packs have them.
fn apply_delta(old: &[u8], delta: &[u8], most: u64) -> Option<Vec<u8>> {
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
    if from != old.len() || to as u64 != most {
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

/// Reads a patch file by file, up to the first that is not as git writes it.
pub fn files(patch: &[u8]) -> impl Iterator<Item = Result<FilePatch<'_>, BadPatch>> {
    let mut reading = Reading::of(patch);
    std::iter::from_fn(move || {
        if reading.rest.is_empty() {
            return None;
        }
        let file = reading.file().ok_or_else(|| {
            let line = match reading.rest.is_empty() {
                true => reading.at,
                false => reading.at.saturating_add(1),
            };
            reading.rest = &[];
            BadPatch(format!("line {line}, which is not as git writes it"))
        });
        Some(file)
    })
}

struct Reading<'a> {
    rest: &'a [u8],
    /// How many lines were read.
    at: usize,
}

impl<'a> Reading<'a> {
    fn of(rest: &'a [u8]) -> Self {
        Self { rest, at: 0 }
    }

    /// Returns the next line with its line feed, and goes to the one after.
    fn next(&mut self) -> Option<&'a [u8]> {
        let line = self.rest.split_inclusive(|b| *b == b'\n').next()?;
        self.rest = self.rest.get(line.len()..)?;
        self.at = self.at.saturating_add(1);
        Some(line)
    }

    /// Returns what follows a word at the beginning of the next line, if it begins so, and goes to
    /// the line after.
    fn take(&mut self, word: &str) -> Option<&'a [u8]> {
        if !self.rest.starts_with(word.as_bytes()) {
            return None;
        }
        let rest = self.next()?.get(word.len()..)?;
        Some(rest.strip_suffix(b"\n").unwrap_or(rest))
    }

    /// Returns what was read since `self` was at `rest`.
    fn since(&self, rest: &'a [u8]) -> &'a [u8] {
        let read = rest.len().saturating_sub(self.rest.len());
        rest.get(..read).unwrap_or_default()
    }

    fn file(&mut self) -> Option<FilePatch<'a>> {
        let mut file = FilePatch::default();
        let names = self.take("diff --git ");
        if let Some(names) = names {
            let name = same_name(names);
            (file.old, file.new) = (name.clone(), name);
            self.headers(&mut file)?;
            // All headers of a file speak of the same one.
            let is_whole = file.new.is_some() || (file.old.is_some() && !file.is_copy);
            if !is_whole || !file.named(names, b" ") {
                return None;
            }
        } else if !self.rest.starts_with(b"--- ") {
            return None;
        }
        if let Some(old) = self.take("--- ") {
            let (old, new) = (side(old)?, side(self.take("+++ ")?)?);
            if names.is_none() {
                (file.old, file.new) = (old, new);
            } else if (&file.old, &file.new) != (&old, &new) {
                return None;
            }
            let text = self.rest;
            while self.rest.starts_with(b"@@ -") {
                self.hunk()?;
            }
            file.body = Body::Hunks(Some(self.since(text)).filter(|it| !it.is_empty())?);
        } else if let Some(said) = self.take("Binary files ") {
            if !file.named(said.strip_suffix(b" differ")?, b" and ") {
                return None;
            }
            file.body = Body::Unshown;
        } else if self.take("GIT binary patch").is_some_and(<[u8]>::is_empty) {
            file.body = Body::Binary([self.binary()?, self.binary()?]);
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
                let (old, new) = ids.split_once("..")?;
                if [old, new].iter().any(|id| !is_id(id)) {
                    return None;
                }
                file.ids = Some((old, new));
                if !mode.is_empty() {
                    let mode = Some(Mode::from_octal(mode.as_bytes())?);
                    (file.old_mode, file.new_mode) = (mode, mode);
                }
            } else if let Some(share) = self
                .take("similarity index ")
                .or_else(|| self.take("dissimilarity index "))
            {
                let share = std::str::from_utf8(share).ok()?.strip_suffix('%')?;
                share.parse::<u8>().ok().filter(|it| *it <= 100)?;
            } else {
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
        let (has, text) = ((before > 0, afterwards > 0), self.rest);
        while before > 0 || afterwards > 0 {
            match self.line()?.0 {
                b' ' => (before, afterwards) = (before.checked_sub(1)?, afterwards.checked_sub(1)?),
                b'-' => before = before.checked_sub(1)?,
                b'+' => afterwards = afterwards.checked_sub(1)?,
                _ => return None,
            }
        }
        Some(Hunk {
            starts: (old, new),
            has,
            lines: self.since(text),
        })
    }

    /// Reads a line of a hunk: its sign, and the rest with its line feed, if it has one.
    fn line(&mut self) -> Option<(u8, &'a [u8])> {
        let (sign, mut text) = self.next()?.split_first()?;
        if self.take("\\ ").is_some() {
            text = text.strip_suffix(b"\n")?;
        }
        Some((*sign, text))
    }

    fn binary(&mut self) -> Option<Packed<'a>> {
        let (size, is_delta) = match self.take("literal ") {
            Some(size) => (size, false),
            None => (self.take("delta ")?, true),
        };
        let size = std::str::from_utf8(size).ok()?.parse().ok()?;
        let text = self.rest;
        while !matches!(self.rest, [] | [b'\n', ..]) {
            self.next()?;
        }
        let lines = self.since(text);
        self.take("")?;
        Some(Packed {
            is_delta,
            size,
            lines,
        })
    }
}

/// Tells whether this is an id in hex, whole or abbreviated.
fn is_id(text: &str) -> bool {
    (FEWEST_DIGITS..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
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

/// Returns where a quoted name ends that begins here.
fn quote_end(text: &[u8]) -> Option<usize> {
    let mut is_escaped = false;
    let end = text.iter().skip(1).position(|byte| {
        let ends = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        ends
    });
    end?.checked_add(2)
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
