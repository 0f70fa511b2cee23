//! A cache of object bytes with generational eviction.

use std::sync::Arc;

use foldhash::{HashMap, HashMapExt as _};

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

/// The sizes of blobs, of which it is known that they are some. One takes the place of another: the same few
/// blobs may stand at a million paths.
#[derive(Default)]
pub(super) struct KnownBlobs(Vec<Option<(ObjectId, u64)>>);

impl KnownBlobs {
    const PLACES: usize = 4_096;

    fn place(id: ObjectId) -> usize {
        let first = |at: usize| usize::from(id.as_bytes().get(at).copied().unwrap_or_default());
        (first(0) << 4) | (first(1) >> 4)
    }

    pub(super) fn size(&self, id: ObjectId) -> Option<u64> {
        let (known, size) = (*self.0.get(Self::place(id))?)?;
        (known == id).then_some(size)
    }

    pub(super) fn put(&mut self, id: ObjectId, size: u64) {
        self.0.resize(Self::PLACES, None);
        if let Some(place) = self.0.get_mut(Self::place(id)) {
            *place = Some((id, size));
        }
    }
}
