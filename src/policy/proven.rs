//! Signatures that were found good: a record is looked at from several sides, and each would check
//! its signature again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::record::Sha256;
use crate::record::digest::Hasher;
use crate::signing::{self, Checked, PublicKey, Signature, SignatureError};

/// So many are remembered; others are checked each time.
const MOST: usize = 500_000;

/// Remembers good signatures by all the bytes that make them good. Whether the key may sign is not
/// remembered: that depends on who asks.
#[derive(Default)]
pub struct Proven(Mutex<HashMap<Sha256, Checked>>);

impl Proven {
    /// Verifies a signature as [`signing::verify`] does.
    pub(super) fn verify(
        &self,
        key: &PublicKey,
        signature: &Signature,
        namespace: &str,
        message: &[u8],
    ) -> Result<Checked, SignatureError> {
        let blob = signature.to_blob();
        let mut all = Hasher::new();
        for part in [key.wire(), namespace.as_bytes(), blob] {
            all.update(&part.len().to_be_bytes());
            all.update(part);
        }
        all.update(message);
        let digest = all.finish();
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(checked) = lock().get(&digest) {
            return Ok(*checked);
        }
        let checked = signing::verify(key, signature, namespace, message)?;
        let mut proven = lock();
        if proven.len() < MOST {
            proven.insert(digest, checked);
        }
        Ok(checked)
    }
}
