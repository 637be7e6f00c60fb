//! Queues without a condition.

use std::future::Future;

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
