//! Generating new keys.

use std::fs;
use std::path::Path;

use ssh_key::LineEnding;
use ssh_key::private::{Ed25519Keypair, KeypairData, PrivateKey};

use crate::sys::file::{Access, NewFile};

use super::key::PublicKey;
use super::signer::{SigningError, public_path};

/// Writes a new ed25519 key, without a passphrase, to `path` and `path.pub`.
///
/// The seed is the secret: take it from the system's random number generator. Neither file may
/// exist yet. If one of them cannot be written, neither is left.
pub fn generate_ed25519(
    path: &Path,
    comment: &str,
    seed: [u8; 32],
) -> Result<PublicKey, SigningError> {
    if comment.chars().any(char::is_control) {
        return Err(SigningError::Comment(comment.to_owned()));
    }
    let pair = Ed25519Keypair::from_seed(&seed);
    let private = PrivateKey::new(KeypairData::Ed25519(pair), comment);
    let private = private.map_err(SigningError::Encode)?;
    let pem = private
        .to_openssh(LineEnding::LF)
        .map_err(SigningError::Encode)?;
    let wire = private
        .public_key()
        .to_bytes()
        .map_err(SigningError::Encode)?;
    let name = || path.display().to_string();
    let key = PublicKey::from_wire(&wire).map_err(|source| SigningError::Key {
        name: name(),
        source,
    })?;
    let mut line = key.to_line();
    if !comment.is_empty() {
        line.push(' ');
        line.push_str(comment);
    }
    line.push('\n');

    write_new(path, pem.as_bytes(), 0o600)?;
    write_new(&public_path(path), line.as_bytes(), 0o644).inspect_err(|_| {
        // Remove only files that this call has created.
        let _ = fs::remove_file(path);
    })?;
    Ok(key)
}

/// Writes a file completely or not at all: half a key could be mistaken for a key. Others may read the
/// public key only.
fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), SigningError> {
    let file = NewFile::at(path).access(Access::Mode(mode));
    file.write(bytes).map_err(|source| SigningError::Write {
        path: path.to_owned(),
        source,
    })
}
