//! sync-prims.

use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use ::sync_prims::mutex::MutexGuard;
use ::sync_prims::semaphore::{AcquireError, SemaphorePermit};
use ::sync_prims::{CondVar, Event, Mutex, Semaphore};

use crate::sync::case::{Case, Kind};
use crate::sync::condvar::CAPACITY;
use crate::sync::{condvar, event, mutex, semaphore};

pub(super) fn time(Case(kind): Case, iterations: u64) -> Option<Duration> {
    Some(match kind {
        Kind::Mutex(case @ mutex::Case::Contended(_)) => mutex::time::<Barging>(case, iterations),
        Kind::Mutex(case) => mutex::time::<Mutex<u64>>(case, iterations),
        Kind::Condvar(case) => condvar::time::<Buffer>(case, iterations),
        Kind::Semaphore(case) => semaphore::time::<Semaphore>(case, iterations),
        Kind::Event(case) => event::time::<Event>(case, iterations),
        _ => return None,
    })
}

impl mutex::Mutex for Mutex<u64> {
    type Guard<'m> = MutexGuard<'m, u64>;

    fn new() -> Self {
        Mutex::new(0)
    }

    #[inline]
    fn lock(&self) -> impl Future<Output = Self::Guard<'_>> + Send {
        self.lock()
    }
}

/// A mutex that lets those who come in before those who wait, as those of most peers.
struct Barging(Mutex<u64>);

impl mutex::Mutex for Barging {
    type Guard<'m> = MutexGuard<'m, u64>;

    fn new() -> Self {
        Barging(Mutex::barging(0))
    }

    #[inline]
    fn lock(&self) -> impl Future<Output = Self::Guard<'_>> + Send {
        self.0.lock()
    }
}

struct Buffer {
    numbers: Mutex<VecDeque<u64>>,
    room: CondVar,
    number: CondVar,
}

impl condvar::Buffer for Buffer {
    fn new() -> Self {
        Buffer {
            numbers: Mutex::new(VecDeque::with_capacity(CAPACITY)),
            room: CondVar::new(),
            number: CondVar::new(),
        }
    }

    #[inline]
    async fn put(&self, value: u64) {
        let mut numbers = self.numbers.lock().await;
        while numbers.len() == CAPACITY {
            numbers = self.room.wait(numbers).await;
        }
        numbers.push_back(value);
        drop(numbers);
        self.number.notify_one();
    }

    #[inline]
    async fn take(&self) -> u64 {
        let mut numbers = self.numbers.lock().await;
        loop {
            if let Some(number) = numbers.pop_front() {
                drop(numbers);
                self.room.notify_one();
                return number;
            }
            numbers = self.number.wait(numbers).await;
        }
    }
}

impl event::Event for Event {
    fn new() -> Self {
        Event::new()
    }

    #[inline]
    fn set(&self) {
        self.set();
    }

    #[inline]
    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.wait()
    }
}

impl semaphore::Semaphore for Semaphore {
    type Permit<'s> = Result<SemaphorePermit<'s>, AcquireError>;

    fn new(permits: usize) -> Self {
        Semaphore::new(permits)
    }

    #[inline]
    fn acquire(&self) -> impl Future<Output = Self::Permit<'_>> + Send {
        self.acquire()
    }
}
