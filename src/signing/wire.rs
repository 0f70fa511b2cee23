//! The SSH wire format (RFC 4251, section 5): a bounds-checked reader.

/// The result of the reader: the value, or the rule that the bytes break.
pub(super) type Read<T> = Result<T, &'static str>;

/// Reads values one after the other.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(&mut self, count: usize) -> Read<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count).ok_or("it ends too early")?;
        self.0 = tail;
        Ok(head)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk().ok_or("it ends too early")?;
        self.0 = tail;
        Ok(*head)
    }

    pub(super) fn byte(&mut self) -> Read<u8> {
        self.array().map(|[byte]| byte)
    }

    pub(super) fn uint32(&mut self) -> Read<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn string(&mut self) -> Read<&'a [u8]> {
        let length = self.uint32()?;
        self.bytes(usize::try_from(length).map_err(|_| "it ends too early")?)
    }

    /// Reads a string without NUL: it is a C string in OpenSSH, where a NUL would truncate it.
    pub(super) fn text(&mut self) -> Read<&'a str> {
        let text = std::str::from_utf8(self.string()?).map_err(|_| "a name in it is not UTF-8")?;
        if text.contains('\0') {
            return Err("a name in it contains a NUL");
        }
        Ok(text)
    }

    /// Reads a positive `mpint` and returns its magnitude without leading zeros.
    pub(super) fn positive(&mut self) -> Read<&'a [u8]> {
        match self.string()? {
            [] => Err("a number in it is zero"),
            [0, rest @ ..] => match rest.first() {
                Some(0x80..=0xff) => Ok(rest),
                _ => Err("a number in it has needless leading zeros"),
            },
            [0x80..=0xff, ..] => Err("a number in it is negative"),
            number => Ok(number),
        }
    }

    pub(super) fn finish(self) -> Read<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err("bytes follow its end")
        }
    }
}

/// Appends an SSH string.
pub(super) fn put_string(out: &mut Vec<u8>, bytes: &[u8]) {
    // Strings here are far shorter than 4 GiB; for a longer one the length would not match, and
    // every reader would refuse the result.
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_was_written_and_nothing_beyond() {
        let mut bytes = Vec::new();
        put_string(&mut bytes, b"abc");
        put_string(&mut bytes, b"");
        let mut reader = Reader::new(&bytes);
        assert_eq!(reader.text(), Ok("abc"));
        assert_eq!(reader.string(), Ok(&b""[..]));
        assert_eq!(reader.byte(), Err("it ends too early"));
        assert_eq!(reader.finish(), Ok(()));
        assert_eq!(
            Reader::new(b"\xff\xff\xff\xffabc").string(),
            Err("it ends too early")
        );
        assert_eq!(Reader::new(b"a").finish(), Err("bytes follow its end"));
        assert_eq!(
            Reader::new(b"\0\0\0\x02a\0").text(),
            Err("a name in it contains a NUL")
        );
    }

    #[test]
    fn numbers_are_positive_and_as_short_as_can_be() {
        let read = |number: &[u8]| {
            let mut bytes = Vec::new();
            put_string(&mut bytes, number);
            Reader::new(&bytes).positive().map(<[u8]>::to_vec)
        };
        assert_eq!(read(&[1]), Ok(vec![1]));
        assert_eq!(read(&[0, 0x80]), Ok(vec![0x80]));
        for bad in [&[][..], &[0], &[0, 1], &[0x80], &[0, 0, 0x80]] {
            assert!(read(bad).is_err(), "{bad:?} is refused");
        }
    }
}
