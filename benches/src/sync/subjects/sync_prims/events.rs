//! What happens, and is waited for.

use std::array;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use ::sync_prims::{AtomicWaker, Barrier, CancellationToken, Event, Latch, Notify, WaitGroup};

use crate::sync::by_hand::{pending, ready};
use crate::sync::wait_group::{self, MEMBERS};
use crate::sync::{atomic_waker, barrier, event, notify, token};

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

impl notify::Notify for Notify {
    fn new() -> Self {
        Notify::new()
    }

    #[inline]
    fn notify(&self) {
        self.notify_one();
    }

    #[inline]
    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.notified()
    }
}

impl wait_group::WaitGroup for WaitGroup {
    fn round(cx: &mut Context<'_>) {
        let group = WaitGroup::new();
        let members: [_; MEMBERS] = array::from_fn(|_| group.enter());
        let mut wait = pin!(group.wait());
        pending(wait.as_mut(), cx);
        drop(members);
        ready(wait, cx);
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

impl barrier::Barrier for Barrier {
    fn new(parties: usize) -> Self {
        Barrier::new(parties)
    }

    #[inline]
    fn wait(&self) -> impl Future<Output: Send> + Send {
        self.wait()
    }
}

impl token::Token for CancellationToken {
    fn new() -> Self {
        CancellationToken::new()
    }

    #[inline]
    fn is_cancelled(&self) -> bool {
        self.is_cancelled()
    }

    #[inline]
    fn child(&self) -> Self {
        self.child_token()
    }

    #[inline]
    fn cancelled(&self) -> impl Future<Output = ()> + Send {
        self.cancelled()
    }
}
