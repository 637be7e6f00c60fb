//! What is counted down to zero.

use std::future::Future;

use crate::subject::{Lets, Subject};

pub(crate) struct Latch(sync_prims::Latch);

impl Subject for Latch {
    const LETS: Lets = Lets::All;
    const KEEPS: bool = true;

    fn blocked(_waiters: usize) -> Self {
        Latch(sync_prims::Latch::new(1))
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.0.wait()
    }

    fn notify_one(&self) {
        self.0.count_down();
    }

    fn notify_all(&self, _waiters: usize) {
        self.0.count_down();
    }

    fn look(&self) {
        self.0.is_open();
        let _ = format!("{:?} {:?}", self.0, self.0.wait());
    }
}

/// A latch that nobody opens by coming.
pub(crate) struct Arrival(sync_prims::Latch);

impl Subject for Arrival {
    const LETS: Lets = Lets::All;
    const KEEPS: bool = true;

    fn blocked(_waiters: usize) -> Self {
        Arrival(sync_prims::Latch::new(sync_prims::Latch::MAX))
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.0.arrive_and_wait()
    }

    fn notify_one(&self) {
        self.0.count_down_by(sync_prims::Latch::MAX);
    }

    fn notify_all(&self, _waiters: usize) {
        self.notify_one();
    }

    fn look(&self) {
        self.0.remaining();
        let _ = format!("{:?} {:?}", self.0, self.0.arrive_and_wait());
    }
}

pub(crate) struct WaitGroup(sync_prims::WaitGroup);

impl Subject for WaitGroup {
    const LETS: Lets = Lets::All;
    const KEEPS: bool = true;

    fn blocked(_waiters: usize) -> Self {
        let group = sync_prims::WaitGroup::new();
        group.add(1);
        WaitGroup(group)
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.0.wait()
    }

    fn notify_one(&self) {
        if self.0.count() != 0 {
            self.0.done();
        }
    }

    fn notify_all(&self, _waiters: usize) {
        self.notify_one();
    }

    fn look(&self) {
        let _ = format!("{:?} {:?}", self.0, self.0.wait());
    }
}
