//! Event cases, and those of latches, which differ in what sets them.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::sync::by_hand::{self, pending, ready};
use crate::sync::executor::{self, Threads, YieldNow, spawn};

/// Counts of a latch.
pub(super) const COUNTS: u32 = 10;

/// Something that happens once.
pub(crate) trait Event: Send + Sync + Sized + 'static {
    fn new() -> Self;
    fn set(&self);
    fn wait(&self) -> impl Future<Output = ()> + Send;
}

pub(crate) trait Latch: Send + Sync + Sized + 'static {
    fn new(count: u32) -> Self;
    fn count_down(&self);
    fn wait(&self) -> impl Future<Output = ()> + Send;
}

/// A latch of [`COUNTS`] as an event.
struct Counted<L>(L);

impl<L: Latch> Event for Counted<L> {
    fn new() -> Self {
        Counted(L::new(COUNTS))
    }

    fn set(&self) {
        (0..COUNTS).for_each(|_| self.0.count_down());
    }

    #[inline]
    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.0.wait()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// So many tasks on one thread wait for one event after another: register, set, resume; per waiter.
    Tasks(u64),
    /// The same without an executor.
    Wait(u64),
}

pub(crate) fn time<E: Event>(case: Case, iterations: u64) -> Duration {
    match case {
        Case::Tasks(waiters) => tasks::<E>(waiters, iterations),
        Case::Wait(waiters) => by_hand::<E>(waiters, iterations),
    }
}

pub(crate) fn time_latch<L: Latch>(case: Case, iterations: u64) -> Duration {
    time::<Counted<L>>(case, iterations)
}

fn tasks<E: Event>(waiters: u64, iterations: u64) -> Duration {
    let warm_up = iterations / 8 + 1;
    let events: Arc<[E]> = (0..warm_up + iterations).map(|_| E::new()).collect();
    executor::run(Threads::One, async move {
        let mut tasks = Vec::with_capacity(waiters as usize);
        for _ in 0..waiters {
            let events = Arc::clone(&events);
            tasks.push(spawn(async move {
                for event in events.iter() {
                    event.wait().await;
                }
            }));
        }
        // The run queue is first in, first out: after a yield all tasks wait.
        YieldNow::default().await;
        let mut begin = Instant::now();
        for (round, event) in events.iter().enumerate() {
            if round as u64 == warm_up {
                begin = Instant::now();
            }
            event.set();
            YieldNow::default().await;
        }
        let elapsed = begin.elapsed();
        for task in tasks {
            task.await.expect("the cases do not panic");
        }
        elapsed
    })
}

fn by_hand<E: Event>(waiters: u64, iterations: u64) -> Duration {
    if waiters == 1 {
        return by_hand::time(iterations, |cx| {
            let event = E::new();
            let mut wait = pin!(event.wait());
            pending(wait.as_mut(), cx);
            event.set();
            ready(wait, cx);
        });
    }
    let events: Vec<E> = (0..iterations / 8 + 1 + iterations)
        .map(|_| E::new())
        .collect();
    let mut next = events.iter();
    let mut waits: Vec<Pin<Box<_>>> = Vec::with_capacity(waiters as usize);
    by_hand::time(iterations, |cx| {
        let event = next.next().expect("there is one for each iteration");
        match waits.is_empty() {
            true => waits.extend((0..waiters).map(|_| Box::pin(event.wait()))),
            false => waits.iter_mut().for_each(|wait| wait.set(event.wait())),
        }
        for wait in &mut waits {
            pending(wait.as_mut(), cx);
        }
        event.set();
        for wait in &mut waits {
            ready(wait.as_mut(), cx);
        }
    })
}
