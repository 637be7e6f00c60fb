//! atomic-waker.

use std::task::Waker;
use std::time::Duration;

use ::atomic_waker::AtomicWaker;

use crate::sync::atomic_waker;
use crate::sync::case::{Case, Kind};

pub(super) fn time(Case(kind): Case, iterations: u64) -> Option<Duration> {
    match kind {
        Kind::AtomicWaker(case) => Some(atomic_waker::time::<AtomicWaker>(case, iterations)),
        _ => None,
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
