//! Condition variable cases.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::sync::executor::{Threads, time_tasks};

/// What fits into the buffer.
pub(crate) const CAPACITY: usize = 16;

/// A buffer of [`CAPACITY`] numbers behind a mutex, with one condition variable for room and one for numbers.
pub(crate) trait Buffer: Send + Sync + Sized + 'static {
    fn new() -> Self;
    fn put(&self, value: u64) -> impl Future<Output = ()> + Send;
    fn take(&self) -> impl Future<Output = u64> + Send;
}

/// A producer and a consumer; a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Case(pub(crate) Threads);

pub(crate) fn time<B: Buffer>(Case(threads): Case, iterations: u64) -> Duration {
    let buffer = Arc::new(B::new());
    time_tasks(threads, 2, iterations, move |task, iterations| {
        let buffer = Arc::clone(&buffer);
        async move {
            for number in 0..iterations {
                if task == 0 {
                    buffer.put(number).await;
                } else {
                    assert_eq!(buffer.take().await, number);
                }
            }
        }
    })
}
