//! Barrier cases.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::sync::executor::{Threads, time_tasks};

pub(crate) trait Barrier: Send + Sync + Sized + 'static {
    fn new(parties: usize) -> Self;
    fn wait(&self) -> impl Future<Output: Send> + Send;
}

/// So many parties meet again and again; per party and meeting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) parties: u64,
    pub(crate) threads: Threads,
}

pub(crate) fn time<B: Barrier>(case: Case, iterations: u64) -> Duration {
    let barrier = Arc::new(B::new(case.parties as usize));
    time_tasks(
        case.threads,
        case.parties,
        iterations,
        move |_, iterations| {
            let barrier = Arc::clone(&barrier);
            async move {
                for _ in 0..iterations {
                    barrier.wait().await;
                }
            }
        },
    )
}
