//! What happens, and is waited for.

use std::future::Future;
use std::task::Waker;

use ::sync_prims::{AtomicWaker, Event, Latch, ResetEvent};

use crate::sync::{atomic_waker, event, notify};

impl event::Event for Event {
    fn new() -> Self {
        Event::new()
    }

    #[inline]
    fn set(&self) {
        self.set();
    }

    #[inline]
    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.wait()
    }
}

impl event::Latch for Latch {
    fn new(count: u32) -> Self {
        Latch::new(count as usize)
    }

    #[inline]
    fn count_down(&self) {
        self.count_down();
    }

    #[inline]
    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.wait()
    }
}

impl notify::Notify for ResetEvent {
    fn new() -> Self {
        ResetEvent::automatic()
    }

    #[inline]
    fn notify(&self) {
        self.set();
    }

    #[inline]
    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.wait()
    }
}

impl atomic_waker::AtomicWaker for AtomicWaker {
    fn new() -> Self {
        AtomicWaker::new()
    }

    #[inline]
    fn register(&mut self, waker: &Waker) {
        AtomicWaker::register(self, waker);
    }

    #[inline]
    fn wake(&self) {
        AtomicWaker::wake(self);
    }
}
