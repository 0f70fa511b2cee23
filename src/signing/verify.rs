//! Verifying signatures.

use ring::signature as ring_signature;
use sha2::{Digest as _, Sha256};

use super::key::{Decoded, Material, PublicKey};
use super::sshsig::{Raw, Signature, SignatureError, signed_data};

/// Flag: the security key was touched.
const USER_PRESENT: u8 = 0x01;

/// Proof that a signature verifies.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checked {
    touched: bool,
}

impl Checked {
    /// Returns whether a security key was touched; always `false` for other keys.
    pub fn touched(self) -> bool {
        self.touched
    }
}

/// Verifies the signature with a trusted key, which must equal the one inside it.
pub fn verify(
    key: &PublicKey,
    signature: &Signature,
    namespace: &str,
    message: &[u8],
) -> Result<Checked, SignatureError> {
    if signature.namespace() != namespace {
        return Err(SignatureError::Namespace {
            wanted: namespace.to_owned(),
            found: signature.namespace().to_owned(),
        });
    }
    if key != signature.public_key() {
        return Err(SignatureError::OtherKey(
            signature.public_key().fingerprint().to_owned(),
        ));
    }
    let data = signed_data(namespace, signature.hash_algorithm(), message);
    match (signature.token(), key.application()) {
        (None, None) => {
            holds(key, signature.raw(), &data)?;
            Ok(Checked { touched: false })
        }
        (Some(token), Some(application)) => {
            let mut signed = Vec::with_capacity(69);
            signed.extend_from_slice(application);
            signed.push(token.flags);
            signed.extend_from_slice(&token.counter.to_be_bytes());
            signed.extend_from_slice(&Sha256::digest(&data));
            // The flags are meaningful only if the signature over them verifies.
            holds(key, signature.raw(), &signed)?;
            if token.flags & USER_PRESENT == 0 {
                return Err(SignatureError::NotTouched);
            }
            Ok(Checked { touched: true })
        }
        _ => Err(SignatureError::Mismatch),
    }
}

fn holds(key: &PublicKey, raw: &Raw, data: &[u8]) -> Result<(), SignatureError> {
    let held = match (key.material(), raw, key.decoded()?) {
        (Material::Ed25519(_), Raw::Ed25519(bytes), Decoded::Ed25519(key)) => key
            .verify_strict(data, &ed25519_dalek::Signature::from_bytes(bytes))
            .is_ok(),
        (Material::P256(point), Raw::Ecdsa(bytes), _) => {
            by_ring(&ring_signature::ECDSA_P256_SHA256_FIXED, point, data, bytes)
        }
        (Material::P384(point), Raw::Ecdsa(bytes), _) => {
            by_ring(&ring_signature::ECDSA_P384_SHA384_FIXED, point, data, bytes)
        }
        (Material::P521(_), Raw::Ecdsa(bytes), Decoded::P521(key)) => {
            use p521::ecdsa::signature::Verifier as _;
            p521::ecdsa::Signature::from_slice(bytes)
                .is_ok_and(|signature| key.verify(data, &signature).is_ok())
        }
        (Material::Rsa { n, e }, Raw::RsaSha256(bytes), _) => {
            ring_signature::RsaPublicKeyComponents { n, e }
                .verify(&ring_signature::RSA_PKCS1_2048_8192_SHA256, data, bytes)
                .is_ok()
        }
        (Material::Rsa { n, e }, Raw::RsaSha512(bytes), _) => {
            ring_signature::RsaPublicKeyComponents { n, e }
                .verify(&ring_signature::RSA_PKCS1_2048_8192_SHA512, data, bytes)
                .is_ok()
        }
        _ => false,
    };
    if held {
        Ok(())
    } else {
        Err(SignatureError::Mismatch)
    }
}

fn by_ring(
    algorithm: &'static dyn ring_signature::VerificationAlgorithm,
    point: &[u8],
    data: &[u8],
    signature: &[u8],
) -> bool {
    ring_signature::UnparsedPublicKey::new(algorithm, point)
        .verify(data, signature)
        .is_ok()
}
