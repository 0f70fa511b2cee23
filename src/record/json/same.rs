//! The comparison of a record with bytes, without writing it.

use std::cell::Cell;
use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, PrettyFormatter, Serializer};

use super::value::MAX_INTEGER;

/// Tells whether these are the canonical bytes of a record, nested no deeper than this. `false`
/// also where that is not decided here: of a type whose fields are not declared in the order of
/// their names, of numbers that are not integers, and of keys with escapes.
pub(super) fn is_canonical<T: Serialize>(record: &T, bytes: &[u8], depth: usize) -> bool {
    let at = Cell::new(0);
    let strict = Strict {
        layout: PrettyFormatter::new(),
        bytes,
        at: &at,
        begin: 0,
        depth,
        keys: Vec::new(),
    };
    let writer = Compare { bytes, at: &at };
    let mut serializer = Serializer::with_formatter(writer, strict);
    record.serialize(&mut serializer).is_ok() && at.get() == bytes.len()
}

/// Tells whether these are the bytes of a value without white space, as it declares its fields.
pub(in crate::record) fn is_compact<T: Serialize>(value: &T, bytes: &[u8]) -> bool {
    let at = Cell::new(0);
    let writer = Compare { bytes, at: &at };
    serde_json::to_writer(writer, value).is_ok() && at.get() == bytes.len()
}

/// Fails at the first byte that is another one than was expected.
struct Compare<'a> {
    bytes: &'a [u8],
    /// So many were the same.
    at: &'a Cell<usize>,
}

impl io::Write for Compare<'_> {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        let end = self.at.get().saturating_add(part.len());
        if self.bytes.get(self.at.get()..end) != Some(part) {
            return refuse();
        }
        self.at.set(end);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn refuse<T>() -> io::Result<T> {
    Err(io::ErrorKind::InvalidData.into())
}

/// Writes as Python does, and fails where a record may not be written so.
struct Strict<'a> {
    layout: PrettyFormatter<'static>,
    bytes: &'a [u8],
    at: &'a Cell<usize>,
    /// Where the current key begins.
    begin: usize,
    /// How much deeper arrays and objects may be nested.
    depth: usize,
    /// The last key of each object that is open.
    keys: Vec<&'a [u8]>,
}

impl Strict<'_> {
    fn nest(&mut self) -> io::Result<()> {
        match self.depth.checked_sub(1) {
            Some(left) => self.depth = left,
            None => return refuse(),
        }
        Ok(())
    }
}

type Written = io::Result<()>;

impl Formatter for Strict<'_> {
    fn write_i64<W: ?Sized + io::Write>(&mut self, to: &mut W, value: i64) -> Written {
        match value.unsigned_abs() <= MAX_INTEGER {
            true => write!(to, "{value}"),
            false => refuse(),
        }
    }

    fn write_u64<W: ?Sized + io::Write>(&mut self, to: &mut W, value: u64) -> Written {
        match value <= MAX_INTEGER {
            true => write!(to, "{value}"),
            false => refuse(),
        }
    }

    fn write_i128<W: ?Sized + io::Write>(&mut self, _: &mut W, _: i128) -> Written {
        refuse()
    }

    fn write_u128<W: ?Sized + io::Write>(&mut self, _: &mut W, _: u128) -> Written {
        refuse()
    }

    fn write_f32<W: ?Sized + io::Write>(&mut self, _: &mut W, _: f32) -> Written {
        refuse()
    }

    fn write_f64<W: ?Sized + io::Write>(&mut self, _: &mut W, _: f64) -> Written {
        refuse()
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, to: &mut W) -> Written {
        self.nest()?;
        self.layout.begin_array(to)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, to: &mut W) -> Written {
        self.depth = self.depth.saturating_add(1);
        self.layout.end_array(to)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, to: &mut W, first: bool) -> Written {
        self.layout.begin_array_value(to, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, to: &mut W) -> Written {
        self.layout.end_array_value(to)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, to: &mut W) -> Written {
        self.nest()?;
        self.keys.push(&[]);
        self.layout.begin_object(to)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, to: &mut W) -> Written {
        self.depth = self.depth.saturating_add(1);
        self.keys.pop();
        self.layout.end_object(to)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, to: &mut W, first: bool) -> Written {
        self.layout.begin_object_key(to, first)?;
        self.begin = self.at.get();
        Ok(())
    }

    fn end_object_key<W: ?Sized + io::Write>(&mut self, to: &mut W) -> Written {
        let key = self.bytes.get(self.begin..self.at.get());
        let key = key.and_then(|key| key.strip_prefix(b"\"")?.strip_suffix(b"\""));
        let (Some(key), Some(last)) = (key, self.keys.last_mut()) else {
            return refuse();
        };
        // UTF-8 sorts as code points do. The empty key cannot be told from none.
        if key <= *last || key.contains(&b'\\') {
            return refuse();
        }
        *last = key;
        self.layout.end_object_key(to)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, to: &mut W) -> Written {
        self.layout.begin_object_value(to)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, to: &mut W) -> Written {
        self.layout.end_object_value(to)
    }
}
