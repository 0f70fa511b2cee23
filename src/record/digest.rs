//! Git object ids of both hash kinds, and SHA-256 digests of content.

use std::fmt;
use std::str::FromStr;

use base16ct::lower;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;

/// The hash function that names the objects of a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HashKind {
    /// 20 bytes, git's default.
    Sha1,
    /// 32 bytes, `git init --object-format=sha256`.
    Sha256,
}

impl HashKind {
    /// Returns the length of an id in bytes.
    pub fn bytes(self) -> usize {
        match self {
            HashKind::Sha1 => 20,
            HashKind::Sha256 => 32,
        }
    }
}

/// The id of a git object.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ObjectId {
    /// An id in a SHA-1 repository.
    Sha1([u8; 20]),
    /// An id in a SHA-256 repository.
    Sha256([u8; 32]),
}

impl ObjectId {
    /// Returns the id with these raw bytes, if there are 20 or 32 of them.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes.len() {
            20 => bytes.try_into().ok().map(ObjectId::Sha1),
            32 => bytes.try_into().ok().map(ObjectId::Sha256),
            _ => None,
        }
    }

    /// Returns the raw bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            ObjectId::Sha1(bytes) => bytes,
            ObjectId::Sha256(bytes) => bytes,
        }
    }

    /// Returns the hash kind this id belongs to.
    pub fn kind(&self) -> HashKind {
        match self {
            ObjectId::Sha1(_) => HashKind::Sha1,
            ObjectId::Sha256(_) => HashKind::Sha256,
        }
    }

    /// Returns whether this is the all-zero id, which means "no object" in git.
    pub fn is_zero(&self) -> bool {
        self.as_bytes().iter().all(|b| *b == 0)
    }

    /// Returns the first twelve hex digits, for people.
    pub fn short(&self) -> String {
        self.to_string().chars().take(12).collect()
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, self.as_bytes())
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, self.as_bytes())
    }
}

impl FromStr for ObjectId {
    type Err = BadDigest;

    fn from_str(text: &str) -> Result<Self, BadDigest> {
        let mut bytes = [0; 32];
        let bytes = lower::decode(text, &mut bytes).ok();
        bytes
            .and_then(Self::from_bytes)
            .ok_or_else(|| BadDigest(text.to_owned()))
    }
}

impl TryFrom<String> for ObjectId {
    type Error = BadDigest;

    fn try_from(text: String) -> Result<Self, BadDigest> {
        text.parse()
    }
}

impl From<ObjectId> for String {
    fn from(id: ObjectId) -> Self {
        id.to_string()
    }
}

/// A SHA-256 digest of content (not a git object id).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256([u8; 32]);

impl Sha256 {
    /// Returns the digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Returns the raw bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the first two hex digits, which name the fan-out directory.
    pub fn fanout(&self) -> String {
        format!("{:02x}", self.0[0])
    }
}

/// The beginning of a SHA-256 digest, by which people name a record: at least 4 hex digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestPrefix(String);

impl DigestPrefix {
    /// The shortest one, as in git.
    const SHORTEST: usize = 4;

    /// Returns whether the digest begins so.
    pub fn matches(&self, digest: &Sha256) -> bool {
        digest.to_string().starts_with(&self.0)
    }
}

impl From<Sha256> for DigestPrefix {
    fn from(digest: Sha256) -> Self {
        Self(digest.to_string())
    }
}

impl fmt::Display for DigestPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not the beginning of a digest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the beginning of a digest: 4 to 64 hex digits")]
pub struct BadPrefix(pub String);

impl FromStr for DigestPrefix {
    type Err = BadPrefix;

    fn from_str(text: &str) -> Result<Self, BadPrefix> {
        let fits = (Self::SHORTEST..=64).contains(&text.len());
        match fits && text.bytes().all(|it| it.is_ascii_hexdigit()) {
            true => Ok(Self(text.to_ascii_lowercase())),
            false => Err(BadPrefix(text.to_owned())),
        }
    }
}

/// Computes the digest of content that arrives in pieces.
#[derive(Clone, Default)]
pub struct Hasher(sha2::Sha256);

impl Hasher {
    /// Returns a hasher without content.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the digest of the concatenated pieces.
    pub fn finish(self) -> Sha256 {
        Sha256(self.0.finalize().into())
    }
}

impl std::io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl FromStr for Sha256 {
    type Err = BadDigest;

    fn from_str(text: &str) -> Result<Self, BadDigest> {
        let mut bytes = [0; 32];
        match lower::decode(text, &mut bytes) {
            Ok(all) if all.len() == 32 => Ok(Self(bytes)),
            _ => Err(BadDigest(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Sha256 {
    type Error = BadDigest;

    fn try_from(text: String) -> Result<Self, BadDigest> {
        text.parse()
    }
}

impl From<Sha256> for String {
    fn from(digest: Sha256) -> Self {
        digest.to_string()
    }
}

/// The text is not a lower-case hex digest of the expected length.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a lower-case hex digest")]
pub struct BadDigest(pub String);

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    let mut text = [0u8; 64];
    f.pad(lower::encode_str(bytes, &mut text).map_err(|_| fmt::Error)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_named_by_four_digits_or_more() {
        let empty = Sha256::of(b"");
        for (text, expected) in [
            ("e3b0", Some(true)),
            ("E3B0C4", Some(true)),
            (&empty.to_string(), Some(true)),
            ("e3b1", Some(false)),
            ("e3b", None),
            ("", None),
            ("T-12", None),
            (&format!("{empty}0"), None),
        ] {
            let prefix: Option<DigestPrefix> = text.parse().ok();
            let found = prefix.map(|it| it.matches(&empty));
            assert_eq!(found, expected, "{text:?}");
        }
        assert!(DigestPrefix::from(empty).matches(&empty));
    }

    #[test]
    fn ids_round_trip_and_refuse_upper_case() {
        let sha1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
        assert_eq!(sha1.parse::<ObjectId>().unwrap().to_string(), sha1);
        assert!(sha1.to_uppercase().parse::<ObjectId>().is_err());
        assert!(sha1[1..].parse::<ObjectId>().is_err());
        let empty = Sha256::of(b"");
        assert_eq!(
            empty.to_string(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
        assert_eq!(empty.to_string().parse::<Sha256>().unwrap(), empty);
        assert_eq!(empty.fanout(), "e3");
    }

    #[test]
    fn pieces_have_the_digest_of_the_whole() {
        let mut pieces = Hasher::new();
        for piece in [b"ab".as_slice(), b"", b"c"] {
            pieces.update(piece);
        }
        assert_eq!(pieces.finish(), Sha256::of(b"abc"));
        assert_eq!(Hasher::new().finish(), Sha256::of(b""));
    }
}
