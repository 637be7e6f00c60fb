//! Read-write lock cases.

use std::future::Future;
use std::hint::black_box;
use std::ops::{Deref, DerefMut};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use crate::sync::by_hand::{self, ready};
use crate::sync::crowd::{Crowd, Section};
use crate::sync::executor::YieldNow;

/// One access in so many writes: 95 % reads.
const WRITES: u64 = 20;

pub(crate) trait RwLock: Send + Sync + Sized + 'static {
    type Read<'l>: Deref<Target = u64> + Send;
    type Write<'l>: DerefMut<Target = u64> + Send;

    fn new() -> Self;
    fn read(&self) -> impl Future<Output = Self::Read<'_>> + Send;
    fn write(&self) -> impl Future<Output = Self::Write<'_>> + Send;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// With nobody else.
    Read,
    /// With nobody else.
    Write,
    ReadMostly(Crowd),
}

pub(crate) fn time<L: RwLock>(case: Case, iterations: u64) -> Duration {
    let lock = L::new();
    match case {
        Case::Read => by_hand::time(iterations, |cx| {
            black_box(*ready(pin!(lock.read()), cx));
        }),
        Case::Write => by_hand::time(iterations, |cx| {
            *ready(pin!(lock.write()), cx) += 1;
        }),
        Case::ReadMostly(crowd) => read_mostly(lock, crowd, iterations),
    }
}

fn read_mostly<L: RwLock>(lock: L, crowd: Crowd, iterations: u64) -> Duration {
    let lock = Arc::new(lock);
    crowd.time(iterations, move |task, mut turns| {
        let lock = Arc::clone(&lock);
        async move {
            for turn in turns.by_ref() {
                // Each task writes at times of its own.
                if (7 * task + turn) % WRITES == 0 {
                    let mut guard = lock.write().await;
                    *guard = black_box(*guard + 1);
                    if crowd.section == Section::Yields {
                        YieldNow::default().await;
                    }
                } else {
                    let guard = lock.read().await;
                    black_box(*guard);
                    if crowd.section == Section::Yields {
                        YieldNow::default().await;
                    }
                }
            }
            turns.had()
        }
    })
}
