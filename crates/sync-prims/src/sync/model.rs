//! Loom's types, behind the interface of [`real`](super).

use loom::sync::{Mutex, MutexGuard};

pub(crate) use loom::cell::UnsafeCell;
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering, fence};

/// A value that one thread at a time may touch.
pub(crate) struct Lock<T>(Mutex<T>);

pub(crate) type LockGuard<'a, T> = MutexGuard<'a, T>;

impl<T> Lock<T> {
    pub(crate) fn new(value: T) -> Lock<T> {
        Lock(Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> LockGuard<'_, T> {
        self.0
            .lock()
            .unwrap_or_else(|_| unreachable!("nothing panics while it holds the lock"))
    }
}
