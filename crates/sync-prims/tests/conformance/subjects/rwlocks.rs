//! Locks that one may write or many may read.

use std::future::Future;
use std::sync::{self, Arc};

use futures_util::FutureExt;
use sync_prims::RwLock;
use sync_prims::rwlock::{OwnedRwLockUpgradableReadGuard, RwLockWriteGuard};

use super::lent::Lent;
use crate::subject::{Lets, Subject};

/// Writers, who get through by getting the lock, and leave it locked.
pub(crate) struct Writers(Lent<RwLock<()>, RwLockWriteGuard<'static, ()>>);

impl Subject for Writers {
    const LETS: Lets = Lets::One;
    const KEEPS: bool = true;
    const HANDS_OVER: bool = true;
    const TELLS_ALL: bool = false;

    fn blocked(_waiters: usize) -> Self {
        Writers(written())
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.0.primitive().write().map(|guard| self.0.keep(guard))
    }

    fn notify_one(&self) {
        drop(self.0.take());
    }

    fn notify_all(&self, waiters: usize) {
        (0..waiters).for_each(|_| self.notify_one());
    }

    fn look(&self) {
        look_at(self.0.primitive());
    }
}

/// Readers, who all get through when the writer leaves.
pub(crate) struct Readers(Lent<RwLock<()>, RwLockWriteGuard<'static, ()>>);

impl Subject for Readers {
    const LETS: Lets = Lets::All;
    const KEEPS: bool = true;
    // Who comes while they are let in stands in line, as a writer may be before it.
    const TELLS_ALL: bool = false;

    fn blocked(_waiters: usize) -> Self {
        Readers(written())
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.0.primitive().read().map(drop)
    }

    fn notify_one(&self) {
        drop(self.0.take());
    }

    fn notify_all(&self, _waiters: usize) {
        self.notify_one();
    }

    fn look(&self) {
        look_at(self.0.primitive());
    }
}

/// Readers of whom there is one at a time, with guards that count the lock.
pub(crate) struct UpgradableReaders {
    lock: Arc<RwLock<()>>,
    held: sync::Mutex<Option<OwnedRwLockUpgradableReadGuard<()>>>,
}

impl Subject for UpgradableReaders {
    const LETS: Lets = Lets::One;
    const KEEPS: bool = true;
    const HANDS_OVER: bool = true;
    const TELLS_ALL: bool = false;

    fn blocked(_waiters: usize) -> Self {
        let lock = Arc::new(RwLock::new(()));
        let held = lock.try_upgradable_read_owned();
        assert!(held.is_some());
        UpgradableReaders {
            held: sync::Mutex::new(held),
            lock,
        }
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.lock.upgradable_read_owned().map(|guard| {
            let before = self.held.lock().unwrap().replace(guard);
            assert!(before.is_none(), "two have the guard");
        })
    }

    fn notify_one(&self) {
        let held = self.held.lock().unwrap().take();
        drop(held);
    }

    fn notify_all(&self, waiters: usize) {
        (0..waiters).for_each(|_| self.notify_one());
    }

    fn look(&self) {
        look_at(&self.lock);
    }
}

fn written() -> Lent<RwLock<()>, RwLockWriteGuard<'static, ()>> {
    Lent::new(RwLock::new(()), |lock| {
        lock.try_write().expect("nobody has it yet")
    })
}

fn look_at(lock: &RwLock<()>) {
    drop((lock.try_read(), lock.try_upgradable_read()));
    drop(lock.try_write());
    let _ = format!("{lock:?} {:?} {:?}", lock.read(), lock.write());
}
