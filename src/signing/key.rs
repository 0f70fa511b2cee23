//! OpenSSH public keys, read strictly.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

use base64::engine::Engine as _;
use base64::engine::general_purpose::{STANDARD as BASE64, STANDARD_NO_PAD as UNPADDED};
use sha2::{Digest as _, Sha256};

use super::algorithm::Algorithm;
use super::bad_key::BadPublicKey;
use super::wire::Reader;

/// Maximum size of a key blob; an RSA key of 8192 bits needs a little more than a kilobyte.
const MAX_BLOB: usize = 4096;
/// The sizes that `ring` verifies and that are safe.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// A public key; copies are cheap and share the decoded point.
///
/// Two keys are equal if their wire blobs are equal; comments are ignored.
#[derive(Clone)]
pub struct PublicKey(Arc<Inner>);

struct Inner {
    wire: Box<[u8]>,
    algorithm: Algorithm,
    material: Material,
    /// SHA-256 of a security key's application, as the token signs it.
    application: Option<[u8; 32]>,
    decoded: OnceLock<Option<Decoded>>,
    fingerprint: OnceLock<String>,
}

/// The numbers of the key, checked for form only.
pub(super) enum Material {
    Ed25519([u8; 32]),
    /// An uncompressed point.
    P256(Box<[u8]>),
    /// An uncompressed point.
    P384(Box<[u8]>),
    /// An uncompressed point.
    P521(Box<[u8]>),
    /// Modulus and exponent, without leading zeros.
    Rsa {
        n: Box<[u8]>,
        e: Box<[u8]>,
    },
}

/// The decoded form, which is expensive and therefore computed once.
pub(super) enum Decoded {
    Ed25519(ed25519_dalek::VerifyingKey),
    P521(Box<p521::ecdsa::VerifyingKey>),
    /// `ring` takes the encoded key, and checks the point with every signature.
    AsItStands,
}

impl PublicKey {
    /// Reads the raw wire blob.
    pub fn from_wire(wire: &[u8]) -> Result<Self, BadPublicKey> {
        let key = Self::undecoded(wire)?;
        key.decoded()?;
        Ok(key)
    }

    /// Reads the base64 of the wire blob.
    pub fn from_base64(text: &str) -> Result<Self, BadPublicKey> {
        if text.len() > MAX_BLOB.saturating_mul(2) {
            return Err(BadPublicKey::Malformed("it is too long"));
        }
        let bad = || BadPublicKey::Malformed("its base64 is not canonical");
        let wire = BASE64.decode(text).map_err(|_| bad())?;
        // A key must have only one encoding.
        if BASE64.encode(&wire) != text {
            return Err(bad());
        }
        Self::from_wire(&wire)
    }

    /// Reads a line of a `*.pub` file: kind, base64, and an optional comment.
    pub fn from_line(line: &str) -> Result<Self, BadPublicKey> {
        let line = line.strip_suffix('\n').unwrap_or(line);
        if line.chars().any(|c| c.is_control() && c != '\t') {
            return Err(BadPublicKey::Malformed(
                "it contains control characters or several lines",
            ));
        }
        let mut words = line.split([' ', '\t']).filter(|word| !word.is_empty());
        let (Some(name), Some(base64)) = (words.next(), words.next()) else {
            return Err(BadPublicKey::Malformed("it needs a kind and a base64 text"));
        };
        let named = Algorithm::named(name)?;
        let key = Self::from_base64(base64)?;
        if key.algorithm() != named {
            return Err(BadPublicKey::Malformed(
                "its kind is another than the one in its base64",
            ));
        }
        Ok(key)
    }

    /// Checks the form only. A signature carries its key, but the trusted copy of that key is already
    /// decoded, so decoding it again for each signature would be wasteful.
    pub(super) fn undecoded(wire: &[u8]) -> Result<Self, BadPublicKey> {
        if wire.len() > MAX_BLOB {
            return Err(BadPublicKey::Malformed("it is too long"));
        }
        let malformed = BadPublicKey::Malformed;
        let mut reader = Reader::new(wire);
        let algorithm = Algorithm::named(reader.text().map_err(malformed)?)?;
        let material = match algorithm {
            Algorithm::Ed25519 | Algorithm::SkEd25519 => ed25519(&mut reader)?,
            Algorithm::EcdsaP256 | Algorithm::SkEcdsaP256 => {
                Material::P256(point(&mut reader, "nistp256", 65).map_err(malformed)?)
            }
            Algorithm::EcdsaP384 => {
                Material::P384(point(&mut reader, "nistp384", 97).map_err(malformed)?)
            }
            Algorithm::EcdsaP521 => {
                Material::P521(point(&mut reader, "nistp521", 133).map_err(malformed)?)
            }
            Algorithm::Rsa => rsa(&mut reader)?,
        };
        let application = if algorithm.is_security_key() {
            let application = reader.text().map_err(malformed)?;
            Some(Sha256::digest(application.as_bytes()).into())
        } else {
            None
        };
        reader.finish().map_err(malformed)?;
        Ok(Self(Arc::new(Inner {
            wire: wire.into(),
            algorithm,
            material,
            application,
            decoded: OnceLock::new(),
            fingerprint: OnceLock::new(),
        })))
    }

    /// Returns the fingerprint as `ssh-keygen -l` prints it: `SHA256:…`.
    pub fn fingerprint(&self) -> &str {
        self.0.fingerprint.get_or_init(|| {
            let digest = Sha256::digest(&self.0.wire);
            format!("SHA256:{}", UNPADDED.encode(digest))
        })
    }

    /// Returns the kind of the key.
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// Returns the wire blob.
    pub fn wire(&self) -> &[u8] {
        &self.0.wire
    }

    /// Returns kind and base64, as in a `*.pub` file, without a comment.
    pub fn to_line(&self) -> String {
        format!("{} {}", self.0.algorithm, BASE64.encode(&self.0.wire))
    }

    pub(super) fn material(&self) -> &Material {
        &self.0.material
    }

    pub(super) fn application(&self) -> Option<&[u8; 32]> {
        self.0.application.as_ref()
    }

    /// Returns the decoded key, decoding it the first time.
    pub(super) fn decoded(&self) -> Result<&Decoded, BadPublicKey> {
        let decoded = self.0.decoded.get_or_init(|| match &self.0.material {
            Material::Ed25519(bytes) => ed25519_dalek::VerifyingKey::from_bytes(bytes)
                .ok()
                .filter(|key| !key.is_weak())
                .map(Decoded::Ed25519),
            Material::P521(point) => p521::ecdsa::VerifyingKey::from_sec1_bytes(point)
                .ok()
                .map(|key| Decoded::P521(Box::new(key))),
            Material::P256(_) | Material::P384(_) | Material::Rsa { .. } => {
                Some(Decoded::AsItStands)
            }
        });
        decoded.as_ref().ok_or(BadPublicKey::NotOnCurve)
    }
}

fn ed25519(reader: &mut Reader<'_>) -> Result<Material, BadPublicKey> {
    let bytes = reader.string().map_err(BadPublicKey::Malformed)?;
    let bytes: [u8; 32] = bytes
        .try_into()
        .map_err(|_| BadPublicKey::Malformed("an ed25519 key has 32 bytes"))?;
    let mut y = bytes;
    y[31] &= 0x7f;
    // The prime is 2^255 - 19; dalek would silently reduce larger numbers.
    if y[0] >= 0xed && y[31] == 0x7f && y[1..31].iter().all(|byte| *byte == 0xff) {
        return Err(BadPublicKey::Malformed(
            "its point is not written canonically",
        ));
    }
    if SMALL_ORDER.contains(&y) {
        return Err(BadPublicKey::SmallOrder);
    }
    Ok(Material::Ed25519(bytes))
}

/// The y coordinates of the eight points of small order, as a table, so that a signature's key can
/// be refused without decoding it.
const SMALL_ORDER: [[u8; 32]; 5] = [
    [0; 32],
    [
        1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0,
    ],
    [
        0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0x7f,
    ],
    [
        0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98,
        0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
        0xfc, 0x05,
    ],
    [
        0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67,
        0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
        0x03, 0x7a,
    ],
];

fn point(reader: &mut Reader<'_>, curve: &str, length: usize) -> Result<Box<[u8]>, &'static str> {
    if reader.text()? != curve {
        return Err("its curve does not match its kind");
    }
    let point = reader.string()?;
    if point.len() != length || point.first() != Some(&4) {
        return Err("its point is not in uncompressed form");
    }
    Ok(point.into())
}

fn rsa(reader: &mut Reader<'_>) -> Result<Material, BadPublicKey> {
    let e = reader.positive().map_err(BadPublicKey::Malformed)?;
    let n = reader.positive().map_err(BadPublicKey::Malformed)?;
    let leading = n.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = n.len().saturating_mul(8).saturating_sub(leading);
    if !RSA_BITS.contains(&bits) {
        return Err(BadPublicKey::RsaSize(bits));
    }
    let odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
    // OpenSSH writes 65537, FIPS 186-5 allows nothing smaller, and `ring` nothing above 33 bits.
    let fits = match e {
        [high, _, _, _, _] => *high == 1,
        _ => (3..5).contains(&e.len()),
    };
    if !odd(n) {
        return Err(BadPublicKey::Malformed("its RSA modulus is even"));
    }
    if !odd(e) || !fits {
        return Err(BadPublicKey::RsaExponent);
    }
    Ok(Material::Rsa {
        n: n.into(),
        e: e.into(),
    })
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.wire == other.0.wire
    }
}

impl Eq for PublicKey {}

impl Hash for PublicKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.wire.hash(state);
    }
}

impl Ord for PublicKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.wire.cmp(&other.0.wire)
    }
}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} {})", self.0.algorithm, self.fingerprint())
    }
}

#[cfg(test)]
#[path = "key_tests.rs"]
mod tests;
