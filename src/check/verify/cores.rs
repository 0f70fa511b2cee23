//! Spreads work over all cores. Each thread reads with a reader of its own.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::check::{Error, PolicyHistory};
use crate::facts::position::{Logged, Positions};
use crate::facts::run::Collector;
use crate::git::Reader;
use crate::record::Timestamp;
use crate::store::additions::Places;
use crate::store::ledger::{Records, Refs};

/// More threads than these only wait for each other, and each has caches of its own.
const MOST_THREADS: usize = 16;

/// By what everything is judged.
#[derive(Clone, Copy)]
pub struct Basis<'a> {
    /// Where every ref is.
    pub refs: &'a Refs,
    /// The policy.
    pub history: &'a PolicyHistory,
    /// Which push brought each record.
    pub logged: &'a Logged,
    /// Where everything stands in the ledger, if that is not left to an index.
    pub places: Option<&'a Arc<Places>>,
    /// The time at which records are judged that no push is known to have brought.
    pub time: Timestamp,
}

impl<'a> Basis<'a> {
    /// Opens the records.
    pub(super) fn open<'b>(self, reader: &'b Reader) -> Result<Records<'b>, Error>
    where
        'a: 'b,
    {
        Ok(match self.places {
            Some(places) => Records::open_anew(reader, self.refs, Arc::clone(places)),
            None => Records::open(reader, self.refs)?,
        })
    }

    /// Returns a collector over these records.
    pub fn collector<'b>(self, records: &'b Records<'b>) -> Collector<'b>
    where
        'a: 'b,
    {
        Collector {
            records,
            history: self.history,
            positions: Positions::Logged(self.logged),
            time: self.time,
            arriving_policies: None,
            measures: Default::default(),
        }
    }
}

/// The threads among which work is spread.
#[derive(Clone, Copy)]
pub(super) struct Threads<'a> {
    pub(super) reader: &'a Reader,
    /// How many; as many as there are cores if it is not given.
    pub(super) number: Option<NonZero<usize>>,
}

/// The pieces of work that nobody has taken so far, with their places.
struct Queue<'a, T> {
    pieces: &'a [T],
    next: &'a AtomicUsize,
}

impl<'a, T> Iterator for Queue<'a, T> {
    type Item = (usize, &'a T);

    fn next(&mut self) -> Option<Self::Item> {
        let at = self.next.fetch_add(1, Ordering::Relaxed);
        Some((at, self.pieces.get(at)?))
    }
}

impl Threads<'_> {
    /// Does all pieces of work, whoever is free the next one, and returns what they gave in order.
    pub(super) fn spread<T: Sync, R: Send>(
        self,
        pieces: &[T],
        work: impl Fn(&Reader, &T) -> R + Sync,
    ) -> Result<Vec<R>, Error> {
        self.run(pieces, |reader, queue| {
            Ok(queue
                .map(|(at, piece)| (at, work(&reader, piece)))
                .collect())
        })
    }

    fn run<T: Sync, R: Send>(
        self,
        pieces: &[T],
        thread: impl Fn(Reader, Queue<'_, T>) -> Result<Vec<(usize, R)>, Error> + Sync,
    ) -> Result<Vec<R>, Error> {
        let cores = self.number.map_or_else(
            || std::thread::available_parallelism().map_or(1, NonZero::get),
            NonZero::get,
        );
        let number = cores.min(MOST_THREADS).min(pieces.len());
        let next = AtomicUsize::new(0);
        let (thread, next) = (&thread, &next);
        let mut done = std::thread::scope(|scope| {
            let readers = (0..number).map(|_| self.reader.fork());
            let threads: Vec<_> = readers
                .map(|reader| scope.spawn(move || thread(reader, Queue { pieces, next })))
                .collect();
            let mut done = Vec::with_capacity(pieces.len());
            for thread in threads {
                let joined = thread.join();
                done.extend(joined.unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            Ok::<_, Error>(done)
        })?;
        done.sort_unstable_by_key(|(at, _)| *at);
        Ok(done.into_iter().map(|(_, it)| it).collect())
    }
}

/// The threads, and by what everything is judged in them.
pub(super) struct Cores<'a> {
    pub(super) threads: Threads<'a>,
    pub(super) basis: Basis<'a>,
}

impl<'a> Cores<'a> {
    pub(super) fn reader(&self) -> &'a Reader {
        self.threads.reader
    }

    /// Spreads work that needs to look records up.
    pub(super) fn spread<T: Sync, R: Send>(
        &self,
        pieces: &[T],
        work: impl Fn(&Collector<'_>, &T) -> R + Sync,
    ) -> Result<Vec<R>, Error> {
        let basis = self.basis;
        self.threads.run(pieces, |reader, queue| {
            let records = basis.open(&reader)?;
            let collector = basis.collector(&records);
            Ok(queue
                .map(|(at, piece)| (at, work(&collector, piece)))
                .collect())
        })
    }
}
