//! Cases of a cell for one waker.

use std::task::Waker;
use std::time::Duration;

use crate::sync::by_hand;

pub(crate) trait AtomicWaker {
    fn new() -> Self;
    fn register(&mut self, waker: &Waker);
    fn wake(&self);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// Wake when none is registered.
    WakeNone,
    /// Register the waker that is registered.
    RegisterSame,
    /// Register, wake.
    RegisterWake,
}

pub(crate) fn time<W: AtomicWaker>(case: Case, iterations: u64) -> Duration {
    let mut cell = W::new();
    match case {
        Case::WakeNone => by_hand::time(iterations, |_| cell.wake()),
        Case::RegisterSame => by_hand::time(iterations, |cx| cell.register(cx.waker())),
        Case::RegisterWake => by_hand::time(iterations, |cx| {
            cell.register(cx.waker());
            cell.wake();
        }),
    }
}
