//! What a context needs of the thing that does its I/O.
//!
//! Where no ring can be had, the engine runs on what stands in for it (`epoll/`), and nobody here sees a difference.
//!
//! The worker loop and the tasks know their driver through [`Driver`] alone: submit and wait, peek, wake from another
//! thread, shut down. Whoever builds I/O on a context asks for the [`Engine`] behind it.

use std::os::fd::RawFd;
use std::time::Duration;

use uring_engine::{Engine, EngineStats, SetupError, TurnError, Unparker, Wait};

use crate::builder::Config;
pub use choice::DriverChoice;
#[cfg(not(loom))]
pub use epoll::call_operation;

mod choice;
#[cfg(not(loom))]
mod epoll;
#[cfg(loom)]
#[path = "without_epoll.rs"]
mod epoll;
mod ring;

/// The driver of a context. A clone is the same driver.
#[derive(Clone, Debug)]
pub struct Driver(Engine);

impl Driver {
    /// A ring; or what stands in for it, where there is none or the choice says so.
    pub(crate) fn new(config: &Config) -> Result<Self, SetupError> {
        let choice = config.driver.settled();
        if choice == DriverChoice::Epoll {
            return epoll::engine(config, None).map(Self);
        }
        match Engine::new(&ring::wanted(&config.engine)?) {
            Err(error) if choice == DriverChoice::Automatic => {
                epoll::engine(config, Some(error)).map(Self)
            }
            engine => engine.map(Self),
        }
    }

    /// The engine: on a ring of the kernel, or on what stands in for it. Its [report](Engine::report) says which, and why.
    #[inline]
    pub fn engine(&self) -> &Engine {
        &self.0
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
        let engine = self.engine();
        engine.has_work() || engine.queued() != 0 || engine.has_to_be_asked()
    }

    /// Operations that the kernel has and that will end by themselves or by cancellation.
    pub(crate) fn in_flight(&self) -> usize {
        self.engine().in_flight()
    }

    /// Publishes that this thread is about to sleep; false if a wake-up has come already.
    pub(crate) fn park_begin(&self) -> bool {
        self.engine().park_begin()
    }

    /// As [`park_begin`](Self::park_begin) for a thread that will wait for the [`descriptor`](Self::descriptor): what is queued
    /// is submitted. False if there is something to do.
    pub(crate) fn park_outside(&self) -> Result<bool, TurnError> {
        self.engine().park_outside()
    }

    /// What becomes readable when there is something to do.
    pub(crate) fn descriptor(&self) -> Option<RawFd> {
        self.engine().descriptor()
    }

    /// The longest that may be waited for the descriptor.
    pub(crate) fn wait_limit(&self) -> Option<Duration> {
        self.engine().wait_limit()
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
