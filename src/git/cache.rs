//! A cache of object bytes with generational eviction.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use crate::record::ObjectId;

/// Keeps the bytes of objects up to a total size. Objects not requested during one generation are
/// evicted.
pub(super) struct Cache {
    young: HashMap<ObjectId, Arc<[u8]>, Seed>,
    old: HashMap<ObjectId, Arc<[u8]>, Seed>,
    young_bytes: usize,
    generation: usize,
}

impl Cache {
    pub(super) fn new(bytes: usize) -> Self {
        let seed = Seed::random();
        Self {
            young: HashMap::with_hasher(seed),
            old: HashMap::with_hasher(seed),
            young_bytes: 0,
            generation: bytes / 2,
        }
    }

    pub(super) fn get(&mut self, id: &ObjectId) -> Option<Arc<[u8]>> {
        if let Some(bytes) = self.young.get(id) {
            return Some(Arc::clone(bytes));
        }
        let bytes = self.old.remove(id)?;
        self.put(*id, Arc::clone(&bytes));
        Some(bytes)
    }

    pub(super) fn put(&mut self, id: ObjectId, bytes: Arc<[u8]>) {
        // Count the table as well, so that many small objects cannot fill the memory.
        let cost = bytes.len().saturating_add(96);
        if cost > self.generation {
            return;
        }
        if self.young_bytes.saturating_add(cost) > self.generation {
            std::mem::swap(&mut self.old, &mut self.young);
            self.young.clear();
            self.young_bytes = 0;
        }
        self.young_bytes = self.young_bytes.saturating_add(cost);
        self.young.insert(id, bytes);
    }
}

/// Hashes object ids, and nothing else.
///
/// An id is a digest already, so two of its words are enough. An attacker can choose ids, so the
/// hash is keyed: its buckets must not be predictable.
#[derive(Clone, Copy)]
pub(super) struct Seed {
    offset: u64,
    factor: u64,
}

impl Seed {
    pub(super) fn random() -> Self {
        let random = RandomState::new();
        Self {
            offset: random.hash_one(0),
            factor: random.hash_one(1) | 1,
        }
    }
}

impl BuildHasher for Seed {
    type Hasher = Spread;

    fn build_hasher(&self) -> Spread {
        Spread {
            seed: *self,
            state: 0,
        }
    }
}

pub(super) struct Spread {
    seed: Seed,
    state: u64,
}

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        for word in bytes.as_chunks().0.iter().take(2) {
            self.write_u64(u64::from_le_bytes(*word));
        }
    }

    #[allow(
        clippy::cast_possible_truncation,
        reason = "a hash folds the halves of a product"
    )]
    fn write_u64(&mut self, word: u64) {
        let mixed = u128::from(self.state ^ word ^ self.seed.offset)
            .wrapping_mul(u128::from(self.seed.factor));
        self.state = (mixed as u64) ^ ((mixed >> 64) as u64);
    }

    // The length and the kind of an id are the same for all ids of a repository.
    fn write_usize(&mut self, _: usize) {}

    fn write_isize(&mut self, _: isize) {}

    fn finish(&self) -> u64 {
        self.state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_share_words_are_spread_all_the_same() {
        let seed = Seed::random();
        let mut rows = std::collections::HashSet::new();
        for n in 0..=255 {
            let mut bytes = [0; 20];
            // An attacker can choose the low bits of either word, but not the result.
            bytes[7] = n;
            rows.insert(seed.hash_one(ObjectId::Sha1(bytes)) & 0xffff);
            bytes[7] = 0;
            bytes[15] = n;
            rows.insert(seed.hash_one(ObjectId::Sha1(bytes)) & 0xffff);
        }
        assert!(rows.len() > 400, "{} rows for 511 ids", rows.len());
    }

    #[test]
    fn it_keeps_what_is_asked_for_and_forgets_the_rest() {
        let id = |n: u8| ObjectId::Sha1([n; 20]);
        let mut cache = Cache::new(2 * 3 * (96 + 4));
        for n in 0..9 {
            cache.put(id(n), vec![n; 4].into());
            assert!(cache.get(&id(0)).is_some(), "still there after {n}");
        }
        assert!(cache.get(&id(1)).is_none());
        assert_eq!(cache.get(&id(8)).unwrap()[..], [8; 4]);
        cache.put(id(20), vec![0; 10_000].into());
        assert!(cache.get(&id(20)).is_none(), "too large for any generation");
    }
}
