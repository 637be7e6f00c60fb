//! Semaphore cases.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use crate::sync::by_hand::{self, pending, ready};
use crate::sync::crowd::{Crowd, Section};
use crate::sync::executor::YieldNow;

/// Permits that a crowd shares.
const PERMITS: usize = 4;

pub(crate) trait Semaphore: Send + Sync + Sized + 'static {
    type Permit<'s>: Send;

    fn new(permits: usize) -> Self;
    fn acquire(&self) -> impl Future<Output = Self::Permit<'_>> + Send;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// Acquire and release one of the permits, with nobody else.
    Uncontended,
    /// Acquire while there are none, be given one, release it.
    Wait,
    Contended(Crowd),
}

pub(crate) fn time<S: Semaphore>(case: Case, iterations: u64) -> Duration {
    match case {
        Case::Uncontended => {
            let semaphore = S::new(PERMITS);
            by_hand::time(iterations, |cx| {
                black_box(&ready(pin!(semaphore.acquire()), cx));
            })
        }
        Case::Wait => {
            let semaphore = S::new(1);
            by_hand::time(iterations, |cx| {
                let permit = ready(pin!(semaphore.acquire()), cx);
                let mut wait = pin!(semaphore.acquire());
                pending(wait.as_mut(), cx);
                drop(permit);
                black_box(&ready(wait, cx));
            })
        }
        Case::Contended(crowd) => contended(S::new(PERMITS), crowd, iterations),
    }
}

fn contended<S: Semaphore>(semaphore: S, crowd: Crowd, iterations: u64) -> Duration {
    let semaphore = Arc::new(semaphore);
    crowd.time(iterations, move |_, mut turns| {
        let semaphore = Arc::clone(&semaphore);
        async move {
            for _ in turns.by_ref() {
                let permit = semaphore.acquire().await;
                black_box(&permit);
                if crowd.section == Section::Yields {
                    YieldNow::default().await;
                }
            }
            turns.had()
        }
    })
}
