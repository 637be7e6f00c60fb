//! Mutex cases.

use std::future::Future;
use std::hint::black_box;
use std::ops::DerefMut;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use crate::sync::by_hand::{self, pending, ready};
use crate::sync::crowd::{Crowd, Section};
use crate::sync::executor::YieldNow;

pub(crate) trait Mutex: Send + Sync + Sized + 'static {
    type Guard<'m>: DerefMut<Target = u64> + Send;

    fn new() -> Self;
    fn lock(&self) -> impl Future<Output = Self::Guard<'_>> + Send;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// Lock and unlock, with nobody else.
    Uncontended,
    /// Lock while it is held, be handed it, unlock.
    Wait,
    Contended(Crowd),
    /// The same, among those that hand the lock over in the order of arrival.
    Fair(Crowd),
}

pub(crate) fn time<M: Mutex>(case: Case, iterations: u64) -> Duration {
    let mutex = M::new();
    match case {
        Case::Uncontended => by_hand::time(iterations, |cx| {
            *ready(pin!(mutex.lock()), cx) += 1;
        }),
        Case::Wait => by_hand::time(iterations, |cx| {
            let mut guard = ready(pin!(mutex.lock()), cx);
            *guard += 1;
            let mut wait = pin!(mutex.lock());
            pending(wait.as_mut(), cx);
            drop(guard);
            *ready(wait, cx) += 1;
        }),
        Case::Contended(crowd) | Case::Fair(crowd) => contended(mutex, crowd, iterations),
    }
}

fn contended<M: Mutex>(mutex: M, crowd: Crowd, iterations: u64) -> Duration {
    let mutex = Arc::new(mutex);
    crowd.time(iterations, move |_, mut turns| {
        let mutex = Arc::clone(&mutex);
        async move {
            for _ in turns.by_ref() {
                let mut guard = mutex.lock().await;
                *guard = black_box(*guard + 1);
                if crowd.section == Section::Yields {
                    YieldNow::default().await;
                }
            }
            turns.had()
        }
    })
}
