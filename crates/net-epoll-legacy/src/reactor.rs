//! Who waits for what: the poller, the registered descriptors and the timers of a context.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use slab::Slab;

use crate::poller::{Events, Poller};
use crate::source::{Interest, Source};
use crate::timers::Timers;

/// Shared by the threads of a context and by everything that was registered.
pub(crate) struct Reactor {
    poller: Poller,
    /// Weak, so that a source goes with its last handle.
    sources: Mutex<Slab<Weak<Source>>>,
    timers: Timers,
    /// Threads that are about to wait, or wait.
    sleepers: AtomicUsize,
    /// No connections are accepted any more.
    stopping: AtomicBool,
}

impl Reactor {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            poller: Poller::new()?,
            sources: Mutex::default(),
            timers: Timers::default(),
            sleepers: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
        })
    }

    pub(crate) fn poller(&self) -> &Poller {
        &self.poller
    }

    pub(crate) fn timers(&self) -> &Timers {
        &self.timers
    }

    /// Watches a descriptor, which is to be in non-blocking mode.
    pub(crate) fn register(self: &Arc<Self>, descriptor: OwnedFd) -> io::Result<Arc<Source>> {
        self.register_as(descriptor, |poller, descriptor, key| {
            poller.add(descriptor, key, false)
        })
    }

    /// Watches a listener.
    pub(crate) fn register_listener(
        self: &Arc<Self>,
        descriptor: OwnedFd,
    ) -> io::Result<Arc<Source>> {
        self.register_as(descriptor, Poller::add_listener)
    }

    fn register_as(
        self: &Arc<Self>,
        descriptor: OwnedFd,
        add: fn(&Poller, BorrowedFd<'_>, u64) -> io::Result<()>,
    ) -> io::Result<Arc<Source>> {
        let source = {
            let mut sources = self.sources();
            let entry = sources.vacant_entry();
            let source = Arc::new(Source::new(descriptor, entry.key(), self.clone()));
            entry.insert(Arc::downgrade(&source));
            source
        };
        // Dropping the source takes it out again.
        add(&self.poller, source.as_fd(), source.key() as u64)?;
        Ok(source)
    }

    /// Ends a registration: of a source that is being dropped.
    pub(crate) fn remove(&self, key: usize, descriptor: BorrowedFd<'_>) {
        self.poller.delete(descriptor);
        let gone = self.sources().try_remove(key);
        drop(gone);
    }

    /// Waits for events and timers up to `limit`, and wakes those they are for.
    ///
    /// `may_sleep` is asked once others can see that this thread is about to wait: what it says no to, they need not tell.
    pub(crate) fn turn(
        &self,
        events: &mut Events,
        limit: Option<Duration>,
        may_sleep: impl FnOnce() -> bool,
    ) -> io::Result<()> {
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        let waited = if may_sleep() {
            let nearest = self.timers.nearest();
            let timer = nearest.map(|at| at.saturating_duration_since(Instant::now()));
            let timeout = [timer, limit].into_iter().flatten().min();
            self.poller.wait(events, timeout)
        } else {
            self.poller.wait(events, Some(Duration::ZERO))
        };
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
        waited?;
        for (key, readiness) in events.iter() {
            let source = self.sources().get(key as usize).and_then(Weak::upgrade);
            if let Some(source) = source {
                source.notify(readiness);
            }
        }
        self.timers.fire();
        Ok(())
    }

    /// Wakes a thread that waits, if one does.
    #[inline]
    pub(crate) fn wake_sleeper(&self) {
        if self.sleepers.load(Ordering::SeqCst) > 0 {
            self.poller.wake();
        }
    }

    /// Has all accepts end.
    pub(crate) fn stop_accepting(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        let sources: Vec<_> = self
            .sources()
            .iter()
            .filter_map(|(_, source)| source.upgrade())
            .collect();
        for source in sources {
            source.rouse(Interest::Read);
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Descriptors that are watched.
    pub(crate) fn watched(&self) -> usize {
        self.sources().len()
    }

    fn sources(&self) -> MutexGuard<'_, Slab<Weak<Source>>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
