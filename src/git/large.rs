//! Reading blobs that are too large for memory, piece by piece.
//!
//! gix unpacks an object as a whole, and beside it its base and its delta. Here a base lies in a
//! temporary file, and the rest passes through a small buffer. Nothing of a pack is trusted: what comes out
//! is hashed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::rc::Rc;

use flate2::bufread::ZlibDecoder;
use gix::odb::pack;
use gix::odb::pack::data::Entry;
use gix::odb::pack::data::entry::Header;

use super::error::Error;
use super::kind::Kind;
use super::object_files::open_index;
use super::odb::{id_from_gix, id_to_gix, kind_to_gix};
use super::reader::Reader;
use crate::record::ObjectId;
use crate::sys::environment;
use crate::sys::file::open_plain;

/// A blob up to this size is read as a whole.
const LARGEST_IN_MEMORY: u64 = 16 * 1024 * 1024;
/// Size of the pieces.
const PIECE: usize = 64 * 1024;
/// Enough for the header of an entry of a pack, or of a loose object.
const LONGEST_HEADER: usize = 64;
/// Maximum length of a chain of deltas. git makes chains of 50, or of 250 if it is told to.
const LONGEST_CHAIN: usize = 4_096;

/// Where an object is stored.
enum Place {
    Packed(Rc<Pack>, u64),
    Loose(File),
}

struct Pack {
    file: File,
    index: pack::index::File,
}

impl Reader {
    /// Hashes a blob of any size.
    pub fn check_blob(&self, id: ObjectId) -> Result<(), Error> {
        match self.header(id)? {
            Some((Kind::Blob, size)) if size > LARGEST_IN_MEMORY => self.check_in_pieces(id, size),
            _ => self.check_whole(id),
        }
    }

    fn check_in_pieces(&self, id: ObjectId, size: u64) -> Result<(), Error> {
        let failed = |source: io::Error| Error::Object {
            id,
            source: source.into(),
        };
        let mut hasher = gix::hash::hasher(kind_to_gix(self.hash_kind()));
        hasher.update(format!("blob {size}\0").as_bytes());
        let written = self
            .write_pieces(id, &mut Hashes(&mut hasher))
            .map_err(failed)?;
        let found = hasher.try_finalize().map_err(|_| Error::Collision { id })?;
        match id_from_gix(&found) {
            Some(found) if found == id && written == size => Ok(()),
            Some(found) => Err(Error::HashMismatch { id, found }),
            None => Err(Error::Collision { id }),
        }
    }

    /// Writes the content of an object, whose bytes are not checked; returns their number.
    fn write_pieces(&self, id: ObjectId, to: &mut dyn Write) -> io::Result<u64> {
        let mut deltas = Vec::new();
        let mut place = self.place(id)?;
        let mut base = loop {
            let (pack, offset) = match place {
                Place::Loose(file) => break loose(file)?,
                Place::Packed(pack, offset) => (pack, offset),
            };
            let mut head = [0; LONGEST_HEADER];
            let read = pack.file.read_at(&mut head, offset)?;
            let head = head.get(..read).unwrap_or_default();
            let hash = kind_to_gix(self.hash_kind());
            let entry = Entry::from_bytes(head, offset, hash);
            let entry = entry.map_err(|_| bad("an entry of a pack is malformed"))?;
            let data = inflated(Rc::clone(&pack), entry.data_offset);
            place = match entry.header {
                Header::OfsDelta { base_distance } => {
                    let base = Header::verified_base_pack_offset(offset, base_distance);
                    Place::Packed(pack, base.ok_or(bad("a delta has no base"))?)
                }
                Header::RefDelta { base_id } => {
                    let base = id_from_gix(&base_id).ok_or(bad("a delta has no base"))?;
                    match offset_in(&pack, base) {
                        Some(offset) => Place::Packed(pack, offset),
                        None => self.place(base)?,
                    }
                }
                _ => break data,
            };
            deltas.push(data);
            if deltas.len() > LONGEST_CHAIN {
                return Err(bad("a chain of deltas does not end"));
            }
        };
        let Some(last) = (!deltas.is_empty()).then(|| deltas.remove(0)) else {
            return copy(&mut base, to);
        };
        let temporary = || tempfile::tempfile_in(environment::temporary());
        let mut below = temporary()?;
        copy(&mut base, &mut below)?;
        for mut delta in deltas.into_iter().rev() {
            let mut next = temporary()?;
            apply(&below, &mut delta, &mut next)?;
            below = next;
        }
        let mut last = last;
        apply(&below, &mut last, to)
    }

    fn place(&self, id: ObjectId) -> io::Result<Place> {
        let hex = id.to_string();
        for directory in self.object_stores()? {
            let packs = directory.join("pack");
            for entry in std::fs::read_dir(&packs).into_iter().flatten() {
                let path = entry?.path();
                if path.extension().is_none_or(|it| it != "idx") {
                    continue;
                }
                let hash = kind_to_gix(self.hash_kind());
                // One that goes meanwhile is looked for elsewhere.
                let Some(index) = open_index(&path, hash) else {
                    continue;
                };
                let Ok(file) = open_plain(&path.with_extension("pack"), false) else {
                    continue;
                };
                let pack = Pack { file, index };
                if let Some(offset) = offset_in(&pack, id) {
                    return Ok(Place::Packed(Rc::new(pack), offset));
                }
            }
            let (first, rest) = hex.split_at_checked(2).unwrap_or_default();
            if let Ok(file) = open_plain(&directory.join(first).join(rest), false) {
                return Ok(Place::Loose(file));
            }
        }
        Err(ErrorKind::NotFound.into())
    }

    /// Returns the directories of objects, alternates included.
    pub fn object_stores(&self) -> io::Result<Vec<PathBuf>> {
        let own = self.shared.objects.clone();
        let others = gix::odb::alternate::resolve(own.clone(), &own);
        let others = others.map_err(io::Error::other)?;
        Ok(std::iter::once(own).chain(others).collect())
    }
}

fn offset_in(pack: &Pack, id: ObjectId) -> Option<u64> {
    let at = pack.index.lookup(id_to_gix(id))?;
    Some(pack.index.pack_offset_at_index(at))
}

fn bad(why: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}

/// Reads a file from some place on.
struct At {
    pack: Rc<Pack>,
    offset: u64,
}

impl Read for At {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.pack.file.read_at(to, self.offset)?;
        self.offset = self.offset.saturating_add(read as u64);
        Ok(read)
    }
}

fn inflated(pack: Rc<Pack>, offset: u64) -> Box<dyn BufRead> {
    let compressed = BufReader::with_capacity(PIECE, At { pack, offset });
    Box::new(BufReader::with_capacity(
        PIECE,
        ZlibDecoder::new(compressed),
    ))
}

/// Returns the content of a loose object.
fn loose(file: File) -> io::Result<Box<dyn BufRead>> {
    let compressed = BufReader::with_capacity(PIECE, file);
    let mut content = BufReader::with_capacity(PIECE, ZlibDecoder::new(compressed));
    let mut header = Vec::new();
    let limited = &mut content.by_ref().take(LONGEST_HEADER as u64);
    limited.read_until(0, &mut header)?;
    match header.ends_with(&[0]) {
        true => Ok(Box::new(content)),
        false => Err(bad("a loose object has no header")),
    }
}

/// Copies everything; returns the number of bytes.
fn copy(from: &mut dyn BufRead, to: &mut dyn Write) -> io::Result<u64> {
    let mut copied = 0_u64;
    loop {
        let piece = from.fill_buf()?;
        let length = piece.len();
        if length == 0 {
            return Ok(copied);
        }
        to.write_all(piece)?;
        from.consume(length);
        copied = copied.saturating_add(length as u64);
    }
}

/// Writes what a delta makes of its base (git's `patch_delta`); returns the number of bytes.
fn apply(base: &File, delta: &mut dyn BufRead, to: &mut dyn Write) -> io::Result<u64> {
    if size(delta)? != base.metadata()?.len() {
        return Err(bad("a delta has another base"));
    }
    let whole = size(delta)?;
    let mut written = 0_u64;
    let mut piece = vec![0; PIECE];
    while let Some(op) = next(delta)? {
        let length = match op {
            0 => return Err(bad("a delta holds an unknown instruction")),
            // Four bytes of an offset and three of a length follow, those that the bits tell.
            op if op & 0x80 != 0 => {
                let mut numbers = [0_u64; 2];
                for (bit, number, shift) in [
                    (0x01, 0, 0),
                    (0x02, 0, 8),
                    (0x04, 0, 16),
                    (0x08, 0, 24),
                    (0x10, 1, 0),
                    (0x20, 1, 8),
                    (0x40, 1, 16),
                ] {
                    if op & bit != 0 {
                        let byte = next(delta)?.ok_or(ErrorKind::UnexpectedEof)?;
                        if let Some(number) = numbers.get_mut(number) {
                            *number |= u64::from(byte) << shift;
                        }
                    }
                }
                let [mut offset, length] = numbers;
                let length = if length == 0 { 0x1_0000 } else { length };
                let mut left = length;
                while left > 0 {
                    let most = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    let part = piece.get_mut(..most).unwrap_or_default();
                    base.read_exact_at(part, offset)?;
                    to.write_all(part)?;
                    offset = offset.saturating_add(most as u64);
                    left = left.saturating_sub(most as u64);
                }
                length
            }
            length => {
                let part = piece.get_mut(..usize::from(length)).unwrap_or_default();
                delta.read_exact(part)?;
                to.write_all(part)?;
                u64::from(length)
            }
        };
        written = written.saturating_add(length);
        if written > whole {
            return Err(bad("a delta makes more than it says"));
        }
    }
    match written == whole {
        true => Ok(written),
        false => Err(bad("a delta makes less than it says")),
    }
}

fn next(from: &mut dyn BufRead) -> io::Result<Option<u8>> {
    let byte = from.fill_buf()?.first().copied();
    from.consume(usize::from(byte.is_some()));
    Ok(byte)
}

/// Reads a number of seven bits a byte, the lowest first.
fn size(from: &mut dyn BufRead) -> io::Result<u64> {
    let mut number = 0_u64;
    for shift in (0..63).step_by(7) {
        let byte = next(from)?.ok_or(ErrorKind::UnexpectedEof)?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(bad("a delta has a size that does not end"))
}

/// Writes into a hasher.
struct Hashes<'h>(&'h mut gix::hash::Hasher);

impl Write for Hashes<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::testing::bare;

    fn git(dir: &std::path::Path, words: &[&str]) -> String {
        let output = std::process::Command::new("git")
            .arg("--git-dir=.")
            .args(words)
            .current_dir(dir)
            .output()
            .unwrap();
        assert!(output.status.success(), "{words:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Versions of a file that differ in a few lines, and in where others stand.
    fn versions() -> Vec<Vec<u8>> {
        let line = |number: u64| format!("{:x}\n", number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut lines: Vec<String> = (0..20_000).map(line).collect();
        let mut versions = Vec::new();
        for version in 0..8_u64 {
            versions.push(lines.concat().into_bytes());
            lines.insert(
                100 * usize::try_from(version).unwrap(),
                line(99_999 + version),
            );
            lines.rotate_left(777);
        }
        versions
    }

    /// Asserts that every version is read as it was written.
    fn all(how: &str, dir: &std::path::Path, written: &[(ObjectId, Vec<u8>)]) {
        let reader = Reader::open(dir).unwrap();
        for (id, bytes) in written {
            let mut found = Vec::new();
            let length = reader.write_pieces(*id, &mut found).unwrap();
            assert!(found == *bytes && length == bytes.len() as u64, "{how}");
            reader.check_in_pieces(*id, length).unwrap();
            let other = reader.check_in_pieces(*id, length + 1);
            let differs = matches!(other, Err(Error::HashMismatch { .. }));
            assert!(differs, "{how}: {other:?}");
            assert!(reader.check_blob(*id).is_ok(), "{how}");
        }
    }

    #[test]
    fn what_is_hashed_in_pieces_is_what_git_stored() {
        for (how, base) in [("by offset", "--delta-base-offset"), ("by name", "-q")] {
            let dir = bare();
            let dir = dir.path();
            let repo = crate::git::Repo::open(dir).unwrap();
            let versions = versions().into_iter();
            let written: Vec<_> = versions
                .map(|bytes| (repo.write_blob(&bytes).unwrap(), bytes))
                .collect();
            all("loose", dir, &written);
            let list: String = written
                .iter()
                .map(|(id, _)| format!("{id} file\n"))
                .collect();
            std::fs::write(dir.join("list"), list).unwrap();
            let script = format!(
                "git --git-dir=. pack-objects -q {base} --depth=50 objects/pack/pack <list"
            );
            let packed = std::process::Command::new("sh")
                .args(["-c", &script])
                .current_dir(dir)
                .output()
                .unwrap();
            let packed = String::from_utf8(packed.stdout).unwrap();
            let index = format!("objects/pack/pack-{}.idx", packed.trim());
            let listed = git(dir, &["verify-pack", "-v", &index]);
            assert!(listed.contains("chain length = 2"), "{listed}");
            git(dir, &["prune-packed"]);
            all(how, dir, &written);
            let borrowing = bare();
            let alternates = format!("{}\n", dir.join("objects").display());
            let borrowing = borrowing.path();
            std::fs::create_dir(borrowing.join("objects/info")).unwrap();
            std::fs::write(borrowing.join("objects/info/alternates"), alternates).unwrap();
            all("borrowed", borrowing, &written);
        }
    }

    #[test]
    fn damage_of_a_large_object_is_found() {
        let dir = bare();
        let dir = dir.path();
        let repo = crate::git::Repo::open(dir).unwrap();
        let bytes = versions().remove(0);
        let (id, length) = (repo.write_blob(&bytes).unwrap(), bytes.len() as u64);
        let other = repo.write_blob(b"another").unwrap().to_string();
        let hex = id.to_string();
        let path = dir.join("objects").join(&hex[..2]).join(&hex[2..]);
        let good = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let reader = Reader::open(dir).unwrap();
        let damaged = |what: &str| {
            let found = reader.check_in_pieces(id, length);
            assert!(found.is_err(), "{what}");
            let _ = std::fs::remove_file(&path);
        };
        damaged("missing");
        std::fs::write(&path, &good[..good.len() / 2]).unwrap();
        damaged("cut short");
        let mut flipped = good.clone();
        flipped[good.len() / 2] ^= 1;
        std::fs::write(&path, flipped).unwrap();
        damaged("flipped");
        std::fs::copy(
            dir.join("objects").join(&other[..2]).join(&other[2..]),
            &path,
        )
        .unwrap();
        damaged("another object");
        std::fs::write(&path, good).unwrap();
        reader.check_in_pieces(id, length).unwrap();
    }
}
