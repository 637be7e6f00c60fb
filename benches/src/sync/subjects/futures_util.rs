//! futures-util. Its mutex is not fair and hands nothing over.

use std::future::Future;
use std::task::Waker;
use std::time::Duration;

use ::futures_util::lock::{Mutex, MutexGuard};
use ::futures_util::task::AtomicWaker;

use crate::sync::case::{Case, Kind};
use crate::sync::{atomic_waker, mutex};

pub(super) fn time(Case(kind): Case, iterations: u64) -> Option<Duration> {
    match kind {
        Kind::Mutex(mutex::Case::Fair(_)) => None,
        Kind::Mutex(case) => Some(mutex::time::<Mutex<u64>>(case, iterations)),
        Kind::AtomicWaker(case) => Some(atomic_waker::time::<AtomicWaker>(case, iterations)),
        _ => None,
    }
}

impl mutex::Mutex for Mutex<u64> {
    type Guard<'m> = MutexGuard<'m, u64>;

    fn new() -> Self {
        Mutex::new(0)
    }

    #[inline]
    fn lock(&self) -> impl Future<Output = Self::Guard<'_>> + Send {
        self.lock()
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
