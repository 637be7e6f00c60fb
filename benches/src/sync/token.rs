//! Cancellation token cases.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::time::Duration;

use crate::sync::by_hand::{self, pending};

pub(crate) trait Token: Send + Sync + Sized + 'static {
    fn new() -> Self;
    fn is_cancelled(&self) -> bool;
    fn child(&self) -> Self;
    fn cancelled(&self) -> impl Future<Output = ()> + Send;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// Whether it is cancelled.
    Check,
    /// Create a child, drop it.
    Child,
    /// Wait for it, and drop the wait.
    Wait,
}

pub(crate) fn time<T: Token>(case: Case, iterations: u64) -> Duration {
    let token = T::new();
    match case {
        Case::Check => by_hand::time(iterations, |_| {
            black_box(black_box(&token).is_cancelled());
        }),
        Case::Child => by_hand::time(iterations, |_| drop(black_box(token.child()))),
        Case::Wait => by_hand::time(iterations, |cx| pending(pin!(token.cancelled()), cx)),
    }
}
