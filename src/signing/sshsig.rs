//! SSHSIG: the signatures that `ssh-keygen -Y sign` makes and git stores (PROTOCOL.sshsig).

use base64::engine::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest as _, Sha256, Sha512};

use super::algorithm::Algorithm;
use super::bad_key::BadPublicKey;
use super::key::PublicKey;
use super::wire::{Read, Reader, put_string};

const MAGIC: &[u8; 6] = b"SSHSIG";
const VERSION: u32 = 1;
const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----\n";
const END: &str = "-----END SSH SIGNATURE-----";
/// Length of OpenSSH's base64 lines, in characters.
const WIDTH: usize = 70;
/// Maximum size of a signature; an RSA-8192 signature with its key needs less than 3 KiB.
const MAX_BLOB: usize = 8192;

/// The hash algorithm for the message before signing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HashAlgorithm {
    /// `sha256`.
    Sha256,
    /// `sha512`, OpenSSH's default.
    Sha512,
}

impl HashAlgorithm {
    /// Returns OpenSSH's name for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }
}

/// A signature cannot be read, or does not verify.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The bytes do not have the form of a signature.
    #[error("not an SSH signature: {0}")]
    Malformed(&'static str),
    /// The key in the signature is not acceptable.
    #[error("cannot accept the key in the signature")]
    Key(#[from] BadPublicKey),
    /// The algorithm of the signature is unsafe, unknown, or does not match its key.
    #[error("cannot accept the signature algorithm {0:?}")]
    Algorithm(String),
    /// The signature was made in another namespace.
    #[error("the signature is for the namespace {found:?}, not {wanted:?}")]
    Namespace {
        /// The required namespace.
        wanted: String,
        /// The namespace in the signature.
        found: String,
    },
    /// The signature names another key than the one with which it is verified.
    #[error("the signature was made by another key, {0}")]
    OtherKey(String),
    /// The security key signed without being touched.
    #[error("the signature was made without a touch of the security key")]
    NotTouched,
    /// The signature does not match the message.
    #[error("the signature does not match the message")]
    Mismatch,
}

/// A signature, parsed strictly but not yet verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    blob: Box<[u8]>,
    key: PublicKey,
    namespace: String,
    hash: HashAlgorithm,
    raw: Raw,
    token: Option<Token>,
}

/// The numbers of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Raw {
    Ed25519([u8; 64]),
    /// r and s, each at the full length of the curve's order.
    Ecdsa(Box<[u8]>),
    RsaSha256(Box<[u8]>),
    RsaSha512(Box<[u8]>),
}

/// What a security key adds to the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) flags: u8,
    pub(super) counter: u32,
}

impl Signature {
    /// Reads the binary form.
    pub fn from_blob(blob: &[u8]) -> Result<Self, SignatureError> {
        use SignatureError::Malformed;
        if blob.len() > MAX_BLOB {
            return Err(Malformed("it is too long"));
        }
        let mut reader = Reader::new(blob);
        if reader.bytes(MAGIC.len()).map_err(Malformed)? != MAGIC {
            return Err(Malformed("it does not start with SSHSIG"));
        }
        if reader.uint32().map_err(Malformed)? != VERSION {
            return Err(Malformed("its version is not 1"));
        }
        let key = PublicKey::undecoded(reader.string().map_err(Malformed)?)?;
        let namespace = reader.text().map_err(Malformed)?;
        if namespace.is_empty() {
            return Err(Malformed("its namespace is empty"));
        }
        if !reader.string().map_err(Malformed)?.is_empty() {
            return Err(Malformed("its reserved field is not empty"));
        }
        let hash = match reader.text().map_err(Malformed)? {
            "sha256" => HashAlgorithm::Sha256,
            "sha512" => HashAlgorithm::Sha512,
            other => return Err(SignatureError::Algorithm(other.to_owned())),
        };
        let inner = reader.string().map_err(Malformed)?;
        reader.finish().map_err(Malformed)?;
        let (raw, token) = signature_of(&key, inner)?;
        Ok(Self {
            blob: blob.into(),
            key,
            namespace: namespace.to_owned(),
            hash,
            raw,
            token,
        })
    }

    /// Reads the armoured form, exactly as OpenSSH writes it.
    ///
    /// The final LF may be missing, because git sometimes strips it.
    pub fn from_armor(armor: &[u8]) -> Result<Self, SignatureError> {
        let bad = || SignatureError::Malformed("its armour is not as OpenSSH writes it");
        if armor.len() > MAX_BLOB.saturating_mul(2) {
            return Err(SignatureError::Malformed("it is too long"));
        }
        let text = std::str::from_utf8(armor).map_err(|_| bad())?;
        let text = text.strip_suffix('\n').unwrap_or(text);
        let body = text
            .strip_prefix(BEGIN)
            .and_then(|rest| rest.strip_suffix(END));
        let mut base64 = body.ok_or_else(bad)?.to_owned();
        base64.retain(|c| c != '\n');
        let blob = BASE64.decode(&base64).map_err(|_| bad())?;
        // A signature must have only one encoding, so anything but our own is refused.
        if armored(&blob).strip_suffix('\n') != Some(text) {
            return Err(bad());
        }
        Self::from_blob(&blob)
    }

    /// Returns the armoured form as OpenSSH writes it, with a final LF.
    pub fn to_armor(&self) -> String {
        armored(&self.blob)
    }

    /// Returns the binary form.
    pub fn to_blob(&self) -> &[u8] {
        &self.blob
    }

    /// Returns the namespace of the signature.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns the key that the signature names.
    ///
    /// Verification decodes it. The caller decides whether it is trusted.
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// Returns the hash algorithm for the message.
    pub fn hash_algorithm(&self) -> HashAlgorithm {
        self.hash
    }

    pub(super) fn raw(&self) -> &Raw {
        &self.raw
    }

    pub(super) fn token(&self) -> Option<Token> {
        self.token
    }

    /// Builds a signature from its parts.
    pub(super) fn assemble(
        key: &PublicKey,
        namespace: &str,
        hash: HashAlgorithm,
        inner: &[u8],
    ) -> Result<Self, SignatureError> {
        let mut blob = Vec::with_capacity(256);
        blob.extend_from_slice(MAGIC);
        blob.extend_from_slice(&VERSION.to_be_bytes());
        put_string(&mut blob, key.wire());
        put_string(&mut blob, namespace.as_bytes());
        put_string(&mut blob, b"");
        put_string(&mut blob, hash.as_str().as_bytes());
        put_string(&mut blob, inner);
        Self::from_blob(&blob)
    }
}

/// Returns the bytes that the key signs for this message.
pub(super) fn signed_data(namespace: &str, hash: HashAlgorithm, message: &[u8]) -> Vec<u8> {
    let mut data = Vec::with_capacity(160);
    data.extend_from_slice(MAGIC);
    put_string(&mut data, namespace.as_bytes());
    put_string(&mut data, b"");
    put_string(&mut data, hash.as_str().as_bytes());
    match hash {
        HashAlgorithm::Sha256 => put_string(&mut data, &Sha256::digest(message)),
        HashAlgorithm::Sha512 => put_string(&mut data, &Sha512::digest(message)),
    }
    data
}

fn signature_of(key: &PublicKey, inner: &[u8]) -> Result<(Raw, Option<Token>), SignatureError> {
    use SignatureError::Malformed;
    let mut reader = Reader::new(inner);
    let name = reader.text().map_err(Malformed)?;
    let bytes = reader.string().map_err(Malformed)?;
    let algorithm = key.algorithm();
    let fits = match algorithm {
        // A plain `ssh-rsa` signature uses SHA-1.
        Algorithm::Rsa => matches!(name, "rsa-sha2-256" | "rsa-sha2-512"),
        _ => name == algorithm.as_str(),
    };
    if !fits {
        return Err(SignatureError::Algorithm(name.to_owned()));
    }
    let raw = match algorithm {
        Algorithm::Ed25519 | Algorithm::SkEd25519 => Raw::Ed25519(
            bytes
                .try_into()
                .map_err(|_| Malformed("an ed25519 signature has 64 bytes"))?,
        ),
        Algorithm::EcdsaP256 | Algorithm::SkEcdsaP256 => ecdsa(bytes, 32).map_err(Malformed)?,
        Algorithm::EcdsaP384 => ecdsa(bytes, 48).map_err(Malformed)?,
        Algorithm::EcdsaP521 => ecdsa(bytes, 66).map_err(Malformed)?,
        Algorithm::Rsa if name == "rsa-sha2-256" => Raw::RsaSha256(bytes.into()),
        Algorithm::Rsa => Raw::RsaSha512(bytes.into()),
    };
    let token = if algorithm.is_security_key() {
        let flags = reader.byte().map_err(Malformed)?;
        let counter = reader.uint32().map_err(Malformed)?;
        Some(Token { flags, counter })
    } else {
        None
    };
    reader.finish().map_err(Malformed)?;
    Ok((raw, token))
}

/// Reads r and s, and pads them to the length that the libraries expect.
fn ecdsa(bytes: &[u8], length: usize) -> Read<Raw> {
    let mut reader = Reader::new(bytes);
    let mut fixed = Vec::with_capacity(length.saturating_mul(2));
    for _ in 0..2 {
        let number = reader.positive()?;
        let missing = length
            .checked_sub(number.len())
            .ok_or("a number in it is too large")?;
        fixed.resize(fixed.len().saturating_add(missing), 0);
        fixed.extend_from_slice(number);
    }
    reader.finish()?;
    Ok(Raw::Ecdsa(fixed.into()))
}

fn armored(blob: &[u8]) -> String {
    let base64 = BASE64.encode(blob);
    let mut armor = String::with_capacity(base64.len().saturating_add(128));
    armor.push_str(BEGIN);
    let mut rest = base64.as_str();
    while rest.len() > WIDTH {
        let (line, more) = rest.split_at_checked(WIDTH).unwrap_or((rest, ""));
        armor.push_str(line);
        armor.push('\n');
        rest = more;
    }
    armor.push_str(rest);
    armor.push('\n');
    armor.push_str(END);
    armor.push('\n');
    armor
}
