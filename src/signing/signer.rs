//! Signers of statements.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use ed25519_dalek::Signer as _;

use crate::record::{Coded, Diagnosis, Rule};
use crate::sys::environment::expand_home;

use super::algorithm::Algorithm;
use super::key::{BadPublicKey, PublicKey};
use super::keygen::SshKeygen;
use super::private::{self, Header};
use super::sshsig::{HashAlgorithm, Signature, SignatureError, signed_data};
use super::verify::verify_with;
use super::wire::put_string;

/// Maximum size of a key file; an encrypted RSA-16384 key file has about 13 KiB.
const MAX_FILE: u64 = 64 * 1024;

/// Something that signs with one key.
pub trait Signer: Send + Sync {
    /// Returns the public key.
    fn public_key(&self) -> &PublicKey;

    /// Signs the message in a namespace; the returned signature has been verified.
    fn sign(&self, namespace: &str, message: &[u8]) -> Result<Signature, SigningError>;
}

/// A key cannot be used or created, or a signature cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// The key file could not be read.
    #[error("cannot read the key file {path:?}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The file, or the text instead of a path, holds no key.
    #[error("cannot find an OpenSSH key in {0:?}")]
    NoKey(String),
    /// The public key is not acceptable.
    #[error("cannot use the key {name:?}")]
    Key {
        /// Where the key came from.
        name: String,
        /// The reason.
        source: BadPublicKey,
    },
    /// The private key could not be read.
    #[error("cannot read the private key in {path:?}")]
    PrivateKey {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: ssh_key::Error,
    },
    /// The file needs a passphrase, or holds another kind of key.
    #[error("cannot sign in process, {0:?} is not an ed25519 key without a passphrase")]
    NotPlainEd25519(PathBuf),
    /// Others than its owner can read the private key.
    #[error("cannot trust the private key {0:?}, others can read it (try chmod 600)")]
    OpenToOthers(PathBuf),
    /// A new key file could not be written.
    #[error("cannot write the key file {path:?}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The new private key could not be encoded.
    #[error("cannot encode the new private key")]
    Encode(#[source] ssh_key::Error),
    /// A key's comment must be one line of text.
    #[error("cannot write the comment {0:?}, it holds control characters")]
    Comment(String),
    /// `ssh-keygen` could not be started or communicated with.
    #[error("cannot run ssh-keygen")]
    Run(#[source] io::Error),
    /// `ssh-keygen` gave no signature.
    #[error("cannot sign, ssh-keygen says {0:?}")]
    Refused(String),
    /// The new signature does not verify.
    #[error("cannot make a signature that holds")]
    Unsound(#[source] SignatureError),
}

/// A key that cannot sign must be repaired by its owner; nothing was judged.
impl Coded for SigningError {
    fn diagnosis(&self) -> Diagnosis {
        use SigningError as E;
        let (rule, remedy) = match self {
            E::Read { .. }
            | E::NoKey(_)
            | E::Key { .. }
            | E::PrivateKey { .. }
            | E::NotPlainEd25519(_) => (Rule::KeyUsable, "git config user.signingkey PATH"),
            E::OpenToOthers(_) => (Rule::KeyPrivate, "chmod 600, on the key file"),
            E::Write { .. } | E::Encode(_) | E::Comment(_) => (Rule::KeyMade, "git awo doctor"),
            E::Run(_) | E::Refused(_) | E::Unsound(_) => (
                Rule::SignatureMade,
                "ssh-add -l, and ssh-keygen -Y sign by hand, to see what keeps the key from signing",
            ),
        };
        Diagnosis::undecided(self, rule, "a key that signs", remedy)
    }
}

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
        let private = ssh_key::PrivateKey::from_openssh(&text).map_err(unreadable)?;
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

/// Returns the signature only if it verifies.
pub(super) fn checked(
    key: &PublicKey,
    signature: Signature,
    namespace: &str,
    message: &[u8],
) -> Result<Signature, SigningError> {
    let _ = verify_with(key, &signature, namespace, message).map_err(SigningError::Unsound)?;
    Ok(signature)
}

/// Returns the path of the public key that belongs to a private key file.
pub(super) fn public_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    name.into()
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
    let file = File::open(path).map_err(failed)?;
    let mut text = String::new();
    file.take(MAX_FILE)
        .read_to_string(&mut text)
        .map_err(failed)?;
    Ok(text)
}

#[cfg(unix)]
fn open_to_others(path: &Path) -> Result<bool, SigningError> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = std::fs::metadata(path);
    let metadata = metadata.map_err(|source| SigningError::Read {
        path: path.to_owned(),
        source,
    })?;
    Ok(metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn open_to_others(_path: &Path) -> Result<bool, SigningError> {
    Ok(false)
}
