//! Room `signing`: OpenSSH public keys, SSHSIG signatures, `allowed_signers` files, and
//! signers. It determines which key signed which bytes in which namespace; rooms above decide whether
//! that key is trusted. Verification runs in process. Only signing with keys that
//! cannot be loaded (agents, hardware keys, passphrases) starts `ssh-keygen`.

pub mod algorithm;
pub mod allowed;
mod bad_key;
pub mod generate;
pub mod key;
pub mod keygen;
mod open;
pub mod signer;
pub mod sshsig;
pub mod verify;

mod private;
mod wire;

#[cfg(test)]
mod interop_tests;
#[cfg(test)]
mod signer_tests;
#[cfg(test)]
mod token_tests;

pub use algorithm::Algorithm;
pub use allowed::{AllowedSigner, AllowedSigners, BadAllowedSigners};
pub use bad_key::BadPublicKey;
pub use generate::generate_ed25519;
pub use key::PublicKey;
pub use keygen::SshKeygen;
pub use open::{FileKey, open_signer};
pub use signer::{Signer, SigningError};
pub use sshsig::{HashAlgorithm, Signature, SignatureError};
pub use verify::{Checked, verify};
