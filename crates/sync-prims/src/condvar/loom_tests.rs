//! Models of the races that [`condvar`](super) names.

use alloc::sync::Arc;
use core::future::Future;
use core::pin::Pin;

use loom::future::block_on;
use loom::thread::{self, JoinHandle};

use super::CondVar;
use crate::Mutex;
use crate::mutex::OwnedMutexGuard;
use crate::testing::poll_once;

/// A number that some wait to be positive, and take one of.
struct Store {
    left: Arc<Mutex<usize>>,
    more: CondVar,
}

impl Store {
    fn new() -> Arc<Store> {
        Store::of(Mutex::new(0))
    }

    fn barging() -> Arc<Store> {
        Store::of(Mutex::barging(0))
    }

    fn of(left: Mutex<usize>) -> Arc<Store> {
        Arc::new(Store {
            left: Arc::new(left),
            more: CondVar::new(),
        })
    }

    fn lock(&self) -> OwnedMutexGuard<usize> {
        self.left.lock_owned_blocking()
    }

    fn take(&self) {
        *self
            .more
            .wait_while_blocking(self.lock(), |left| *left == 0) -= 1;
    }

    fn put_and_notify(&self) {
        let mut left = self.lock();
        *left += 1;
        self.more.notify_one();
    }

    fn put_then_notify(&self) {
        *self.lock() += 1;
        self.more.notify_one();
    }

    fn put_many(&self, count: usize) {
        *self.lock() += count;
        self.more.notify_all();
    }
}

fn spawn(store: &Arc<Store>, work: impl FnOnce(&Store) + 'static) -> JoinHandle<()> {
    let store = store.clone();
    thread::spawn(move || work(&store))
}

fn join(threads: impl IntoIterator<Item = JoinHandle<()>>) {
    for thread in threads {
        thread.join().unwrap();
    }
}

#[test]
fn loom_notify_and_register() {
    loom::model(|| {
        let store = Store::new();
        let putter = spawn(&store, Store::put_and_notify);
        store.take();
        join([putter]);
        assert_eq!(*store.lock(), 0);
    });
}

fn notify_without_the_lock(store: Arc<Store>) {
    let putter = spawn(&store, Store::put_then_notify);
    store.take();
    join([putter]);
    assert_eq!(*store.lock(), 0);
}

#[test]
fn loom_notify_without_the_lock() {
    loom::model(|| notify_without_the_lock(Store::new()));
}

#[test]
fn loom_notify_without_the_lock_barging() {
    loom::model(|| notify_without_the_lock(Store::barging()));
}

#[test]
fn loom_two_notifiers() {
    loom::model(|| {
        let store = Store::new();
        let putters = [
            spawn(&store, Store::put_then_notify),
            spawn(&store, Store::put_and_notify),
        ];
        store.take();
        store.take();
        join(putters);
        assert_eq!(*store.lock(), 0);
        assert!(!store.more.notify_one());
    });
}

#[test]
fn loom_the_last_leaves_while_another_comes() {
    loom::model(|| {
        let store = Store::new();
        // It lowers the flag, which must not hide the one who comes.
        let leaver = spawn(&store, |store| {
            let mut wait = Box::pin(store.more.wait(store.lock()));
            assert!(poll_once(wait.as_mut()).is_pending());
        });
        let putter = spawn(&store, Store::put_then_notify);
        store.take();
        join([leaver, putter]);
        assert_eq!(*store.lock(), 0);
    });
}

/// A wait that stands in line.
fn in_line(store: &Arc<Store>) -> Pin<Box<dyn Future<Output = ()>>> {
    let store = store.clone();
    let mut take = Box::pin(async move {
        let left = store.left.lock_owned().await;
        *store.more.wait_while(left, |left| *left == 0).await -= 1;
    });
    assert!(poll_once(take.as_mut()).is_pending());
    take
}

#[test]
fn loom_notify_and_cancel() {
    loom::model(|| {
        let store = Store::new();
        let first = in_line(&store);
        let second = in_line(&store);
        let canceller = thread::spawn(move || drop(first));
        let putter = spawn(&store, Store::put_then_notify);
        block_on(second);
        join([canceller, putter]);
        assert_eq!(*store.lock(), 0);
    });
}

fn cancel_while_it_waits_for_the_mutex(store: Arc<Store>) {
    let mut first = in_line(&store);
    let second = in_line(&store);
    let mut left = store.lock();
    *left += 1;
    assert!(store.more.notify_one());
    // It was told, and stands in the line of the mutex.
    assert!(poll_once(first.as_mut()).is_pending());
    let canceller = thread::spawn(move || drop(first));
    drop(left);
    block_on(second);
    join([canceller]);
    assert_eq!(*store.lock(), 0);
}

#[test]
fn loom_cancel_while_it_waits_for_the_mutex() {
    loom::model(|| cancel_while_it_waits_for_the_mutex(Store::new()));
}

#[test]
fn loom_cancel_while_it_waits_for_the_mutex_barging() {
    loom::model(|| cancel_while_it_waits_for_the_mutex(Store::barging()));
}

#[test]
fn loom_cancel_and_cancel() {
    loom::model(|| {
        let store = Store::new();
        let cancellers =
            [in_line(&store), in_line(&store)].map(|wait| thread::spawn(move || drop(wait)));
        store.put_then_notify();
        join(cancellers);
        store.take();
        assert!(!store.more.notify_one());
    });
}

#[test]
fn loom_notify_all_and_a_late_arrival() {
    loom::model(|| {
        let store = Store::new();
        let first = in_line(&store);
        let late = spawn(&store, Store::take);
        store.put_many(2);
        block_on(first);
        join([late]);
        assert_eq!(*store.lock(), 0);
        assert!(!store.more.notify_one());
    });
}

#[test]
fn loom_notify_all_concerns_those_who_wait() {
    loom::model(|| {
        let store = Store::new();
        let waiter = spawn(&store, |store| {
            let mut wait = Box::pin(store.more.wait(store.lock()));
            assert!(poll_once(wait.as_mut()).is_pending());
            if poll_once(wait.as_mut()).is_pending() {
                // It may have come too late, and then stands in line: either notification is its own.
                store.more.notify_one();
                drop(block_on(wait));
            }
        });
        store.more.notify_all();
        join([waiter]);
        assert!(!store.more.notify_one());
    });
}
