//! What a context needs of the thing that does its I/O.
//!
//! The worker loop and the tasks know their driver through [`Driver`] alone: submit and wait, peek, wake from another
//! thread, shut down. Whoever builds I/O on a context asks for the [`Engine`] behind it.

use std::time::Duration;

use uring_engine::{Engine, EngineConfig, EngineStats, SetupError, TurnError, Unparker, Wait};

/// The driver of a context. A clone is the same driver.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Driver {
    /// An io_uring.
    Uring(Engine),
}

impl Driver {
    pub(crate) fn new(config: &EngineConfig) -> Result<Self, SetupError> {
        Engine::new(config).map(Self::Uring)
    }

    /// The engine of a context that runs on io_uring.
    #[inline]
    pub fn engine(&self) -> &Engine {
        match self {
            Self::Uring(engine) => engine,
        }
    }

    /// Submits what is queued, collects completions and wakes their tasks, without waiting.
    pub(crate) fn turn(&self) -> Result<(), TurnError> {
        self.engine().turn(Wait::No).map(drop)
    }

    /// As [`turn`](Self::turn), but sleeps until there is a completion, a wake-up or the time is over.
    pub(crate) fn sleep(&self, time: Option<Duration>) -> Result<(), TurnError> {
        self.engine().turn(Wait::Until(time)).map(drop)
    }

    /// True if a turn would find a completion. No system call.
    #[inline]
    pub(crate) fn has_completions(&self) -> bool {
        self.engine().has_work()
    }

    /// True if a turn would find a completion or something to submit. No system call.
    #[inline]
    pub(crate) fn wants_turn(&self) -> bool {
        self.engine().has_work() || self.engine().queued() != 0
    }

    /// Operations that the kernel has and that will end by themselves or by cancellation.
    pub(crate) fn in_flight(&self) -> usize {
        self.engine().in_flight()
    }

    /// Publishes that this thread is about to sleep; false if a wake-up has come already.
    pub(crate) fn park_begin(&self) -> bool {
        self.engine().park_begin()
    }

    /// Publishes that this thread is awake.
    pub(crate) fn park_end(&self) {
        self.engine().park_end();
    }

    pub(crate) fn unparker(&self) -> Unparker {
        self.engine().unparker()
    }

    pub(crate) fn stats(&self) -> EngineStats {
        self.engine().stats()
    }

    /// Cancels and collects everything in flight, and closes the ring.
    pub(crate) fn shutdown(&self) {
        self.engine().shutdown();
    }
}
