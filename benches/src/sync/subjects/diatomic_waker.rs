//! diatomic-waker.

use std::task::Waker;
use std::time::Duration;

use ::diatomic_waker::DiatomicWaker;

use crate::sync::atomic_waker;
use crate::sync::case::{Case, Kind};

pub(super) fn time(Case(kind): Case, iterations: u64) -> Option<Duration> {
    match kind {
        Kind::AtomicWaker(case) => Some(atomic_waker::time::<DiatomicWaker>(case, iterations)),
        _ => None,
    }
}

impl atomic_waker::AtomicWaker for DiatomicWaker {
    fn new() -> Self {
        DiatomicWaker::new()
    }

    #[inline]
    fn register(&mut self, waker: &Waker) {
        // SAFETY: the exclusive reference keeps other calls of `register` away.
        unsafe { DiatomicWaker::register(self, waker) };
    }

    #[inline]
    fn wake(&self) {
        DiatomicWaker::notify(self);
    }
}
