//! A cache of object bytes with generational eviction.

use std::collections::HashMap;
use std::sync::Arc;

use crate::record::ObjectId;

/// Keeps the bytes of objects up to a total size. Objects not requested during one generation are
/// evicted.
pub(super) struct Cache {
    young: HashMap<ObjectId, Arc<[u8]>>,
    old: HashMap<ObjectId, Arc<[u8]>>,
    young_bytes: usize,
    generation: usize,
}

impl Cache {
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
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

/// Ids of which it is known that they are those of blobs. One takes the place of another: the same few
/// blobs may stand at a million paths.
#[derive(Default)]
pub(super) struct KnownBlobs(Vec<Option<ObjectId>>);

impl KnownBlobs {
    const PLACES: usize = 4_096;

    fn place(id: ObjectId) -> usize {
        let first = |at: usize| usize::from(id.as_bytes().get(at).copied().unwrap_or_default());
        (first(0) << 4) | (first(1) >> 4)
    }

    pub(super) fn contains(&self, id: ObjectId) -> bool {
        self.0
            .get(Self::place(id))
            .is_some_and(|it| *it == Some(id))
    }

    pub(super) fn put(&mut self, id: ObjectId) {
        self.0.resize(Self::PLACES, None);
        if let Some(place) = self.0.get_mut(Self::place(id)) {
            *place = Some(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
