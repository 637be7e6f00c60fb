//! Queues without a condition, or with a permit at most.

use std::future::Future;
use std::sync::Arc;

use crate::subject::{Lets, Subject};

pub(crate) struct WaitQueue(sync_prims::WaitQueue);

impl Subject for WaitQueue {
    const LETS: Lets = Lets::One;
    const KEEPS: bool = false;

    fn blocked(_waiters: usize) -> Self {
        WaitQueue(sync_prims::WaitQueue::new())
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.0.wait()
    }

    fn notify_one(&self) {
        self.0.notify_one();
    }

    fn notify_all(&self, _waiters: usize) {
        self.0.notify_all();
    }

    fn look(&self) {
        self.0.is_empty();
        let _ = format!("{:?} {:?}", self.0, self.0.wait());
    }
}

pub(crate) struct Notify(sync_prims::Notify);

impl Subject for Notify {
    const LETS: Lets = Lets::One;
    const KEEPS: bool = true;
    const MERGES: bool = true;

    fn blocked(_waiters: usize) -> Self {
        Notify(sync_prims::Notify::new())
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.0.notified()
    }

    fn notify_one(&self) {
        self.0.notify_one();
    }

    fn notify_all(&self, _waiters: usize) {
        self.0.notify_waiters();
    }

    fn look(&self) {
        let _ = format!("{:?} {:?}", self.0, self.0.notified());
    }
}

pub(crate) struct OwnedNotify(Arc<sync_prims::Notify>);

impl Subject for OwnedNotify {
    const LETS: Lets = Lets::One;
    const KEEPS: bool = true;
    const MERGES: bool = true;

    fn blocked(_waiters: usize) -> Self {
        OwnedNotify(Arc::default())
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.0.clone().notified_owned()
    }

    fn notify_one(&self) {
        self.0.notify_one();
    }

    fn notify_all(&self, _waiters: usize) {
        self.0.notify_waiters();
    }

    fn look(&self) {
        let _ = format!("{:?} {:?}", self.0, self.0.clone().notified_owned());
    }
}
