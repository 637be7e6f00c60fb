//! What is acquired and released, and what is set up once.

use std::future::{Future, ready};

use ::sync_prims::mutex::MutexGuard;
use ::sync_prims::rwlock::{RwLockReadGuard, RwLockWriteGuard};
use ::sync_prims::semaphore::{AcquireError, SemaphorePermit};
use ::sync_prims::{Mutex, OnceCell, RwLock, Semaphore};

use crate::sync::{mutex, once_cell, rwlock, semaphore};

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
pub(super) struct Barging(Mutex<u64>);

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
