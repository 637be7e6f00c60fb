//! Locks that go from hand to hand.

use std::future::Future;
use std::sync::{self, Arc};

use futures_util::FutureExt;
use sync_prims::mutex::{MutexGuard, OwnedMutexGuard};

use super::lent::Lent;
use crate::subject::{Lets, Subject};

/// A mutex whose waiters get through by getting the lock, and leave it locked.
pub(crate) struct Mutex<const BARGING: bool>(Lent<sync_prims::Mutex<()>, MutexGuard<'static, ()>>);

impl<const BARGING: bool> Subject for Mutex<BARGING> {
    const LETS: Lets = Lets::One;
    const KEEPS: bool = true;
    const HANDS_OVER: bool = true;
    const TELLS_ALL: bool = false;

    fn blocked(_waiters: usize) -> Self {
        let mutex = if BARGING {
            sync_prims::Mutex::barging(())
        } else {
            sync_prims::Mutex::new(())
        };
        Mutex(Lent::new(mutex, |mutex| {
            mutex.try_lock().expect("nobody has it yet")
        }))
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.0.primitive().lock().map(|guard| self.0.keep(guard))
    }

    fn notify_one(&self) {
        drop(self.0.take());
    }

    fn notify_all(&self, waiters: usize) {
        (0..waiters).for_each(|_| self.notify_one());
    }

    fn look(&self) {
        let mutex = self.0.primitive();
        mutex.is_locked();
        drop(mutex.try_lock());
        let _ = format!("{mutex:?} {:?}", mutex.lock());
    }
}

/// The same with guards that count the mutex.
pub(crate) struct OwnedMutex {
    mutex: Arc<sync_prims::Mutex<()>>,
    held: sync::Mutex<Option<OwnedMutexGuard<()>>>,
}

impl Subject for OwnedMutex {
    const LETS: Lets = Lets::One;
    const KEEPS: bool = true;
    const HANDS_OVER: bool = true;
    const TELLS_ALL: bool = false;

    fn blocked(_waiters: usize) -> Self {
        let mutex = Arc::new(sync_prims::Mutex::new(()));
        let held = mutex.try_lock_owned();
        assert!(held.is_some());
        OwnedMutex {
            held: sync::Mutex::new(held),
            mutex,
        }
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.mutex.lock_owned().map(|guard| {
            let before = self.held.lock().unwrap().replace(guard);
            assert!(before.is_none(), "two have the lock");
        })
    }

    fn notify_one(&self) {
        let guard = self.held.lock().unwrap().take();
        drop(guard);
    }

    fn notify_all(&self, waiters: usize) {
        (0..waiters).for_each(|_| self.notify_one());
    }

    fn look(&self) {
        drop(self.mutex.try_lock_owned());
        let _ = format!("{:?} {:?}", self.mutex, self.mutex.lock_owned());
    }
}
