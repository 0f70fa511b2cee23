//! The unencrypted part of OpenSSH private key files.

use base64ct::{Base64, Encoding as _};

use super::bad_key::BadPublicKey;
use super::key::PublicKey;
use super::wire::Reader;

const BEGIN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
const END: &str = "-----END OPENSSH PRIVATE KEY-----";
const MAGIC: &[u8] = b"openssh-key-v1\0";

/// The unencrypted header of an OpenSSH private key file.
pub(super) struct Header {
    pub(super) encrypted: bool,
    pub(super) public_key: PublicKey,
}

/// Reads the header; `None` if the text is not an OpenSSH private key.
pub(super) fn header(text: &str) -> Result<Option<Header>, BadPublicKey> {
    let Some(container) = container(text) else {
        return Ok(None);
    };
    let mut reader = Reader::new(&container);
    let mut fields = || {
        if reader.bytes(MAGIC.len())? != MAGIC {
            return Err("it is not an openssh-key-v1 file");
        }
        let encrypted = reader.text()? != "none";
        let _kdf = reader.string()?;
        let _kdf_options = reader.string()?;
        if reader.uint32()? != 1 {
            return Err("the file does not hold exactly one key");
        }
        Ok((encrypted, reader.string()?))
    };
    let (encrypted, wire) = fields().map_err(BadPublicKey::Malformed)?;
    Ok(Some(Header {
        encrypted,
        public_key: PublicKey::from_wire(wire)?,
    }))
}

/// Decodes the file, however its lines are wrapped; `None` if it is no OpenSSH private key.
pub(super) fn container(text: &str) -> Option<Vec<u8>> {
    let body = text.trim().strip_prefix(BEGIN)?.strip_suffix(END)?;
    let base64: String = body.split_ascii_whitespace().collect();
    Base64::decode_vec(&base64).ok()
}
