//! Opens the signer that git's configuration names.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use ed25519_dalek::Signer as _;

use crate::sys::environment::expand_home;
use crate::sys::file;

use super::algorithm::Algorithm;
use super::bad_key::BadPublicKey;
use super::key::PublicKey;
use super::keygen::SshKeygen;
use super::private::{self, Header};
use super::signer::{Signer, SigningError, checked, public_path};
use super::sshsig::{HashAlgorithm, Signature, signed_data};
use super::wire::put_string;

/// Maximum size of a key file; an encrypted RSA-16384 key file has about 13 KiB.
const MAX_FILE: u64 = 64 * 1024;

/// Opens the signer that `user.signingkey` names, following git's conventions.
///
/// A private key file, a `*.pub` file (then the private key beside it, or the agent), or the text
/// of a public key that the agent holds: `key::…` for any kind, or bare if it begins with `ssh-`.
/// Plain ed25519 files are used in process, everything else through `ssh-keygen`.
pub fn open_signer(path_or_literal: &str) -> Result<Box<dyn Signer>, SigningError> {
    let literal = path_or_literal.strip_prefix("key::").or_else(|| {
        path_or_literal
            .starts_with("ssh-")
            .then_some(path_or_literal)
    });
    if let Some(line) = literal {
        let key = PublicKey::from_line(line).map_err(|source| bad_key(line, source))?;
        return Ok(Box::new(SshKeygen::with_agent(key)));
    }
    let path = expand_home(path_or_literal);
    let text = read(&path)?;
    if let Some(header) = header(&path, &text)? {
        if is_plain(&header) {
            return Ok(Box::new(FileKey::open(&path)?));
        }
        return Ok(Box::new(SshKeygen::with_file(path, header.public_key)));
    }
    if path.extension().is_some_and(|extension| extension == "pub") {
        let key = PublicKey::from_line(&text).map_err(|source| bad_key(path_or_literal, source))?;
        // If the private key file beside it does not match, the agent may still hold the key.
        return match FileKey::open(&path.with_extension("")) {
            Ok(file) if file.public_key == key => Ok(Box::new(file)),
            _ => Ok(Box::new(SshKeygen::with_file(path, key))),
        };
    }
    // Old PEM files do not contain their public key in clear.
    if !text.contains("PRIVATE KEY-----") {
        return Err(SigningError::NoKey(path_or_literal.to_owned()));
    }
    let beside = public_path(&path);
    let line = read(&beside)?;
    let key = PublicKey::from_line(&line).map_err(|source| bad_key(path_or_literal, source))?;
    Ok(Box::new(SshKeygen::with_file(path, key)))
}

/// An ed25519 key in a file without a passphrase, used in process.
pub struct FileKey {
    public_key: PublicKey,
    secret: ed25519_dalek::SigningKey,
}

impl FileKey {
    /// Reads the key file.
    pub fn open(path: &Path) -> Result<Self, SigningError> {
        let unreadable = |source| SigningError::PrivateKey {
            path: path.to_owned(),
            source,
        };
        let text = read(path)?;
        let header = header(path, &text)?;
        let header = header.ok_or_else(|| SigningError::NoKey(path.display().to_string()))?;
        if !is_plain(&header) {
            return Err(SigningError::NotPlainEd25519(path.to_owned()));
        }
        if open_to_others(path)? {
            return Err(SigningError::OpenToOthers(path.to_owned()));
        }
        let container = private::container(&text).unwrap_or_default();
        let private = ssh_key::PrivateKey::from_bytes(&container).map_err(unreadable)?;
        let pair = private.key_data().ed25519();
        let pair = pair.ok_or_else(|| SigningError::NotPlainEd25519(path.to_owned()))?;
        let secret = ed25519_dalek::SigningKey::from_bytes(&pair.private.to_bytes());
        // Signing with a public key that does not belong to the private key would leak the latter.
        if !header
            .public_key
            .wire()
            .ends_with(secret.verifying_key().as_bytes())
        {
            return Err(unreadable(ssh_key::Error::PublicKey));
        }
        Ok(Self {
            public_key: header.public_key,
            secret,
        })
    }
}

impl Signer for FileKey {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn sign(&self, namespace: &str, message: &[u8]) -> Result<Signature, SigningError> {
        let hash = HashAlgorithm::Sha512;
        let raw = self.secret.sign(&signed_data(namespace, hash, message));
        let mut inner = Vec::with_capacity(96);
        put_string(&mut inner, Algorithm::Ed25519.as_str().as_bytes());
        put_string(&mut inner, &raw.to_bytes());
        let signature = Signature::assemble(&self.public_key, namespace, hash, &inner)
            .map_err(SigningError::Unsound)?;
        checked(&self.public_key, signature, namespace, message)
    }
}

impl std::fmt::Debug for FileKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Keep the secret out of logs.
        f.debug_tuple("FileKey").field(&self.public_key).finish()
    }
}

fn is_plain(header: &Header) -> bool {
    !header.encrypted && header.public_key.algorithm() == Algorithm::Ed25519
}

fn header(path: &Path, text: &str) -> Result<Option<Header>, SigningError> {
    private::header(text).map_err(|source| bad_key(&path.display().to_string(), source))
}

fn bad_key(name: &str, source: BadPublicKey) -> SigningError {
    SigningError::Key {
        name: name.to_owned(),
        source,
    }
}

fn read(path: &Path) -> Result<String, SigningError> {
    let failed = |source| SigningError::Read {
        path: path.to_owned(),
        source,
    };
    let bytes = file::read_existing(path, MAX_FILE).map_err(failed)?;
    String::from_utf8(bytes).map_err(|_| failed(std::io::ErrorKind::InvalidData.into()))
}

fn open_to_others(path: &Path) -> Result<bool, SigningError> {
    let metadata = std::fs::metadata(path);
    let metadata = metadata.map_err(|source| SigningError::Read {
        path: path.to_owned(),
        source,
    })?;
    Ok(metadata.permissions().mode() & 0o077 != 0)
}
