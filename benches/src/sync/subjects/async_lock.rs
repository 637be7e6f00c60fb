//! async-lock. Its mutex lets those who come in before those who wait.

use std::future::{Future, ready};
use std::time::Duration;

use ::async_lock::{
    Barrier, Mutex, MutexGuard, OnceCell, RwLock, RwLockReadGuard, RwLockWriteGuard, Semaphore,
    SemaphoreGuard,
};

use crate::sync::case::{Case, Kind};
use crate::sync::{barrier, event, mutex, once_cell, rwlock, semaphore};

pub(super) fn time(Case(kind): Case, iterations: u64) -> Option<Duration> {
    Some(match kind {
        Kind::Mutex(mutex::Case::Fair(_)) => return None,
        Kind::Mutex(case) => mutex::time::<Mutex<u64>>(case, iterations),
        Kind::Semaphore(case) => semaphore::time::<Semaphore>(case, iterations),
        Kind::RwLock(case) => rwlock::time::<RwLock<u64>>(case, iterations),
        Kind::Event(case) => event::time::<OnceCell<()>>(case, iterations),
        Kind::Barrier(case) => barrier::time::<Barrier>(case, iterations),
        Kind::OnceCell(case) => once_cell::time::<OnceCell<u64>>(case, iterations),
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

impl semaphore::Semaphore for Semaphore {
    type Permit<'s> = SemaphoreGuard<'s>;

    fn new(permits: usize) -> Self {
        Semaphore::new(permits)
    }

    #[inline]
    fn acquire(&self) -> impl Future<Output = Self::Permit<'_>> + Send {
        self.acquire()
    }
}

impl rwlock::RwLock for RwLock<u64> {
    type Read<'l> = RwLockReadGuard<'l, u64>;
    type Write<'l> = RwLockWriteGuard<'l, u64>;

    fn new() -> Self {
        RwLock::new(0)
    }

    #[inline]
    fn read(&self) -> impl Future<Output = Self::Read<'_>> + Send {
        self.read()
    }

    #[inline]
    fn write(&self) -> impl Future<Output = Self::Write<'_>> + Send {
        self.write()
    }
}

/// A cell whose value is that it has one.
impl event::Event for OnceCell<()> {
    fn new() -> Self {
        OnceCell::new()
    }

    #[inline]
    fn set(&self) {
        self.set_blocking(()).expect("it is set once");
    }

    #[inline]
    async fn wait(&self) {
        self.wait().await;
    }
}

impl barrier::Barrier for Barrier {
    fn new(parties: usize) -> Self {
        Barrier::new(parties)
    }

    #[inline]
    fn wait(&self) -> impl Future<Output: Send> + Send {
        self.wait()
    }
}

impl once_cell::OnceCell for OnceCell<u64> {
    fn new() -> Self {
        OnceCell::new()
    }

    #[inline]
    fn get(&self) -> Option<&u64> {
        self.get()
    }

    #[inline]
    fn get_or_init(&self, value: u64) -> impl Future<Output = &u64> + Send {
        self.get_or_init(move || ready(value))
    }
}
