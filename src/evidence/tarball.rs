//! The canonical tarball of a run: the deterministic region, every file but `timestamps/`.
//!
//! The same files give the same bytes on every machine, always: these bytes are signed. Of each file
//! only the path and the content are used.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

use super::flaw::{Flaw, findings};
use super::inventory::SUMS;
use super::survey::Survey;
use crate::record::digest::Hasher;
use crate::record::{Coded, Diagnosis, Refusal, RepoPath, Rule, Sha256};

/// The compression level. Another level would give another tarball.
const LEVEL: u32 = 6;

/// The operating system in the gzip header: unknown.
const NO_SYSTEM: u8 = 255;

/// The name of GNU tar's entry for a long name.
const LONG_NAME: &[u8] = b"././@LongLink";

/// Length of a name in a header, in bytes.
const NAME_LEN: usize = 100;

/// A tarball that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tarball {
    /// The digest of its bytes, as written: compressed.
    pub sha256: Sha256,
    /// Its compressed size, in bytes.
    pub bytes: u64,
    /// Number of files in it, including the inventory.
    pub files: usize,
}

/// The tarball could not be made. Data that was written before is useless.
#[derive(Debug, thiserror::Error)]
pub enum Error<E: Coded> {
    /// Files have changed since the survey: INT-001 for each.
    #[error("the files changed while the tarball was made")]
    Changed(Refusal),
    /// A file could not be opened.
    #[error("{0}")]
    Open(E),
    /// A file could not be read.
    #[error("cannot read {0}")]
    Read(RepoPath, #[source] io::Error),
    /// The tarball could not be written.
    #[error("cannot write the tarball")]
    Write(#[source] io::Error),
}

impl<E: Coded> Coded for Error<E> {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Error::Changed(why) => why.clone().into(),
            Error::Open(error) => error.diagnosis(),
            Error::Read(..) => Diagnosis::unusable(self, Rule::RunReadable),
            Error::Write(_) => Diagnosis::unusable(self, Rule::FileWritten),
        }
    }
}

/// Writes the tarball of surveyed files. Each is read again through `open` and compared with the
/// survey while it is copied.
///
/// The survey must have been verified: files that it refused are not in the tarball.
pub fn write<E: Coded, R: Read>(
    survey: &Survey,
    mut open: impl FnMut(&RepoPath) -> Result<R, E>,
    out: impl Write,
) -> Result<Tarball, Error<E>> {
    let out = GzBuilder::new()
        .operating_system(NO_SYSTEM)
        .mtime(0)
        .write(Counted::new(out), Compression::new(LEVEL));
    let mut archive = Builder::new(out);
    let mut changed = Vec::new();
    let mut members: BTreeMap<RepoPath, Option<Sha256>> = survey
        .digests()
        .iter()
        .map(|(path, digest)| (path.clone(), Some(*digest)))
        .collect();
    if survey.sums().is_some() {
        members.insert(RepoPath::from(SUMS), None);
    }
    let files = members.len();
    for (path, digest) in members {
        // The inventory is the verified one; every other file is compared with it.
        let Some(digest) = digest else {
            let sums = survey.sums().unwrap_or_default();
            append(&mut archive, &path, sums.len() as u64, sums).map_err(Error::Write)?;
            continue;
        };
        let len = survey.len_of(&path).unwrap_or_default();
        let mut content = Checked::new(open(&path).map_err(Error::Open)?, len);
        let appended = append(&mut archive, &path, len, &mut content);
        if let Some(error) = content.failed.take() {
            return Err(Error::Read(path, error));
        }
        appended.map_err(Error::Write)?;
        if let Some(found) = content.differs(digest) {
            changed.push(Flaw::Exchanged {
                path,
                found,
                surveyed: digest,
            });
        }
    }
    let counted = archive
        .into_inner()
        .and_then(|gzip| gzip.finish())
        .map_err(Error::Write)?;
    if let Some(why) = Refusal::of(findings(&changed)) {
        return Err(Error::Changed(why));
    }
    let (sha256, bytes) = counted.finish().map_err(Error::Write)?;
    Ok(Tarball {
        sha256,
        bytes,
        files,
    })
}

/// Appends a file, with its name as `sha256sum -c` expects it. A name too long for a header gets an
/// entry of its own before it, as in GNU tar, and the header holds its beginning.
fn append(
    archive: &mut Builder<impl Write>,
    path: &RepoPath,
    len: u64,
    content: impl Read,
) -> io::Result<()> {
    let name = [b"./", path.as_bytes()].concat();
    if name.len() > NAME_LEN {
        let announced = header(
            Header::new_gnu(),
            EntryType::GNULongName,
            LONG_NAME,
            (name.len() as u64).saturating_add(1),
        );
        archive.append(&announced, [name.as_slice(), b"\0"].concat().as_slice())?;
    }
    let short = name.get(..NAME_LEN).unwrap_or(&name);
    archive.append(
        &header(Header::new_ustar(), EntryType::Regular, short, len),
        content,
    )
}

fn header(mut header: Header, kind: EntryType, name: &[u8], len: u64) -> Header {
    // Write the name directly: the library would remove the `./`.
    for (place, byte) in header.as_mut_bytes().iter_mut().zip(name) {
        *place = *byte;
    }
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(len);
    header.set_cksum();
    header
}

/// Yields exactly as many bytes as the header promises, and records the real content.
struct Checked<R> {
    inner: R,
    hasher: Hasher,
    len: u64,
    left: u64,
    /// Number of missing bytes.
    short: u64,
    failed: Option<io::Error>,
}

impl<R: Read> Checked<R> {
    fn new(inner: R, len: u64) -> Self {
        Self {
            inner,
            hasher: Hasher::new(),
            len,
            left: len,
            short: 0,
            failed: None,
        }
    }

    /// Returns what was found, if the content does not have this digest.
    fn differs(mut self, digest: Sha256) -> Option<String> {
        let more = self.inner.read(&mut [0]).is_ok_and(|count| count > 0);
        let found = self.hasher.finish();
        if self.short > 0 {
            Some(format!(
                "{} bytes, before {}",
                self.len.saturating_sub(self.short),
                self.len
            ))
        } else if more {
            Some(format!("more than the {} bytes before", self.len))
        } else {
            (found != digest).then(|| found.to_string())
        }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        if room == 0 {
            return Ok(0);
        }
        let buffer = buffer.get_mut(..room).unwrap_or_default();
        let mut count = 0;
        // Fill the buffer, so that the output does not depend on the sizes of reads.
        while count < room && self.short == 0 {
            match self.inner.read(buffer.get_mut(count..).unwrap_or_default()) {
                Ok(0) => self.short = self.left.saturating_sub(count as u64),
                Ok(more) => count = count.saturating_add(more),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.failed = Some(error);
                    return Err(io::Error::other("the file cannot be read"));
                }
            }
        }
        let (content, missing) = buffer.split_at_mut(count.min(room));
        self.hasher.update(content);
        // Pad to the length that the header promises; the tarball will be discarded.
        missing.fill(0);
        self.left = self.left.saturating_sub(room as u64);
        Ok(room)
    }
}

/// Counts and hashes the bytes written.
struct Counted<W> {
    inner: W,
    hasher: Hasher,
    bytes: u64,
}

impl<W: Write> Counted<W> {
    fn new(inner: W) -> Self {
        Self {
            inner,
            hasher: Hasher::new(),
            bytes: 0,
        }
    }

    fn finish(mut self) -> io::Result<(Sha256, u64)> {
        self.inner.flush()?;
        Ok((self.hasher.finish(), self.bytes))
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hasher.update(bytes.get(..count).unwrap_or(bytes));
        self.bytes = self.bytes.saturating_add(count as u64);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests;
