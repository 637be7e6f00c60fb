//! Who waits for what: the poller, the registered descriptors and the timers of a context.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use slab::Slab;

use crate::poller::{Events, Poller};
use crate::sleepers::Sleepers;
use crate::source::Source;
use crate::timers::Timers;

/// Shared by the threads of a context and by everything that was registered.
pub(crate) struct Reactor {
    poller: Poller,
    sources: Mutex<Sources>,
    timers: Timers,
    sleepers: Sleepers,
    /// No connections are accepted any more.
    stopping: AtomicBool,
}

#[derive(Default)]
struct Sources {
    /// Weak, so that a source goes with its last handle.
    places: Slab<Weak<Source>>,
    /// Of the next source: it makes its key one that no other has had, as an event that was taken before a source went may be told
    /// when another one has its place.
    generation: u32,
}

/// The place of a source: the lower half of its key.
fn place(key: u64) -> usize {
    key as u32 as usize
}

impl Reactor {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            poller: Poller::new()?,
            sources: Mutex::default(),
            timers: Timers::default(),
            sleepers: Sleepers::default(),
            stopping: AtomicBool::new(false),
        })
    }

    pub(crate) fn poller(&self) -> &Poller {
        &self.poller
    }

    pub(crate) fn timers(&self) -> &Timers {
        &self.timers
    }

    /// Watches a descriptor, which is to be in non-blocking mode. For `is_tcp` see [`Source`].
    pub(crate) fn register(
        self: &Arc<Self>,
        descriptor: OwnedFd,
        is_tcp: bool,
    ) -> io::Result<Arc<Source>> {
        let source = {
            let mut sources = self.sources();
            let generation = sources.generation;
            sources.generation = generation.wrapping_add(1);
            let entry = sources.places.vacant_entry();
            let key = u64::from(generation) << 32 | entry.key() as u64;
            let source = Arc::new(Source::new(descriptor, key, self.clone(), is_tcp));
            entry.insert(Arc::downgrade(&source));
            source
        };
        // Dropping the source takes it out again.
        self.poller.add(source.as_fd(), source.key(), false)?;
        Ok(source)
    }

    /// Ends a registration: of a source that is being dropped.
    pub(crate) fn remove(&self, key: u64, descriptor: BorrowedFd<'_>) {
        self.poller.delete(descriptor);
        let gone = self.sources().places.try_remove(place(key));
        drop(gone);
    }

    /// The source with this key, if it is still there.
    fn source(&self, key: u64) -> Option<Arc<Source>> {
        let source = self.sources().places.get(place(key))?.upgrade()?;
        (source.key() == key).then_some(source)
    }

    /// Waits for events and timers, and wakes those they are for.
    ///
    /// `patience` says how long at most; it is asked once others can see that this thread is about to wait: when it has seen what they
    /// have brought, they need not tell.
    pub(crate) fn turn(
        &self,
        events: &mut Events,
        patience: impl FnOnce() -> Duration,
    ) -> io::Result<()> {
        let asleep = self.sleepers.enter();
        let patience = patience();
        if patience.is_zero() {
            // Nobody needs to wake who does not sleep.
            drop(asleep);
            self.poller.wait(events, Some(Duration::ZERO))?;
        } else {
            let nearest = self.timers.nearest();
            let timer = nearest.map(|at| at.saturating_duration_since(Instant::now()));
            let limit = (patience < Duration::MAX).then_some(patience);
            let waited = self
                .poller
                .wait(events, [timer, limit].into_iter().flatten().min());
            drop(asleep);
            waited?;
        }
        for (key, readiness) in events.iter() {
            if let Some(source) = self.source(key) {
                source.notify(readiness);
            }
        }
        self.timers.fire();
        Ok(())
    }

    /// Wakes a thread that waits, if one does.
    #[inline]
    pub(crate) fn wake_sleeper(&self) {
        if self.sleepers.are_there() {
            self.poller.wake();
        }
    }

    /// Has all accepts end.
    pub(crate) fn stop_accepting(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        let sources: Vec<_> = self
            .sources()
            .places
            .iter()
            .filter_map(|(_, source)| source.upgrade())
            .collect();
        for source in sources {
            source.rouse_readers();
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Descriptors that are watched.
    pub(crate) fn watched(&self) -> usize {
        self.sources().places.len()
    }

    fn sources(&self) -> MutexGuard<'_, Sources> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
