//! Once cell cases.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::time::Duration;

use crate::sync::by_hand::{self, ready};

pub(crate) trait OnceCell: Send + Sync + Sized + 'static {
    fn new() -> Self;
    fn get(&self) -> Option<&u64>;
    /// The value, which is `value` if there is none yet.
    fn get_or_init(&self, value: u64) -> impl Future<Output = &u64> + Send;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    Get,
    /// Of a cell that has its value.
    GetOrInit,
    /// A new cell.
    Init,
}

pub(crate) fn time<C: OnceCell>(case: Case, iterations: u64) -> Duration {
    let cell = C::new();
    by_hand::time(1, |cx| {
        ready(pin!(cell.get_or_init(7)), cx);
    });
    match case {
        Case::Get => by_hand::time(iterations, |_| {
            black_box(black_box(&cell).get());
        }),
        Case::GetOrInit => by_hand::time(iterations, |cx| {
            black_box(ready(pin!(black_box(&cell).get_or_init(8)), cx));
        }),
        Case::Init => by_hand::time(iterations, |cx| {
            let cell = C::new();
            black_box(ready(pin!(black_box(&cell).get_or_init(9)), cx));
        }),
    }
}
