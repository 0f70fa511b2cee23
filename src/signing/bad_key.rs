//! Reasons why a key is not accepted.

/// The bytes are not an acceptable public key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPublicKey {
    /// The bytes do not have the form of a key.
    #[error("not an OpenSSH public key: {0}")]
    Malformed(&'static str),
    /// A certificate: an authority outside the policy would decide who signs.
    #[error("certificates are not supported, name the key itself")]
    Certificate,
    /// A DSA key, which has only 1024 bits.
    #[error("DSA keys are too weak")]
    Dsa,
    /// An unknown kind of key.
    #[error("keys of the kind {0:?} are not supported")]
    UnknownAlgorithm(String),
    /// An RSA key that is too short to be safe or too long to be checked.
    #[error("the RSA key has {0} bits, only 2048 to 8192 are accepted")]
    RsaSize(usize),
    /// An RSA key whose exponent makes signatures easy to forge, or cannot be used.
    #[error("the RSA key has an exponent that is even, less than 65537 or above 33 bits")]
    RsaExponent,
    /// A point of small order, for which signatures can be made without a private key.
    #[error("the key is a point of small order, anyone can sign for it")]
    SmallOrder,
    /// The point is not on the curve.
    #[error("the key is not a point of its curve")]
    NotOnCurve,
}
