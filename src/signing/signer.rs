//! Signing with a key.

use std::io;
use std::path::{Path, PathBuf};

use crate::record::{Coded, Diagnosis, Rule};
use crate::sys::shell;

use super::bad_key::BadPublicKey;
use super::key::PublicKey;
use super::sshsig::{Signature, SignatureError};
use super::verify::verify;

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
    #[error("cannot write the comment {0:?}, it contains control characters")]
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

/// A key that cannot sign leaves everything undecided: its owner must repair it.
impl Coded for SigningError {
    fn diagnosis(&self) -> Diagnosis {
        use SigningError as E;
        let (rule, remedy) = match self {
            E::Read { .. }
            | E::NoKey(_)
            | E::Key { .. }
            | E::PrivateKey { .. }
            | E::NotPlainEd25519(_) => (
                Rule::KeyUsable,
                "git config user.signingkey PATH".to_owned(),
            ),
            E::OpenToOthers(path) => {
                let path = shell::quote(&path.display().to_string());
                (Rule::KeyPrivate, format!("chmod 600 {path}"))
            }
            E::Write { .. } | E::Encode(_) | E::Comment(_) => {
                (Rule::KeyMade, "git awo doctor".to_owned())
            }
            E::Run(_) | E::Refused(_) | E::Unsound(_) => (
                Rule::SignatureMade,
                "ssh-add -l, and ssh-keygen -Y sign by hand, to see what keeps the key from signing"
                    .to_owned(),
            ),
        };
        Diagnosis::undecided(self, rule, "a key that signs", remedy)
    }
}

/// Returns the signature only if it verifies.
pub(super) fn checked(
    key: &PublicKey,
    signature: Signature,
    namespace: &str,
    message: &[u8],
) -> Result<Signature, SigningError> {
    let _ = verify(key, &signature, namespace, message).map_err(SigningError::Unsound)?;
    Ok(signature)
}

/// Returns the path of the public key that belongs to a private key file.
pub(super) fn public_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}
