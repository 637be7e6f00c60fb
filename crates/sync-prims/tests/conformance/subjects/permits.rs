//! What is handed out in numbers.

use std::future::Future;

use futures_util::FutureExt;

use crate::subject::{Lets, Subject};

/// Everybody asks for as many, which those in front may need in two parts.
pub(crate) struct Semaphore(sync_prims::Semaphore);

const EACH: usize = 2;

impl Subject for Semaphore {
    const LETS: Lets = Lets::One;
    const KEEPS: bool = true;
    // What one of many leaves goes to the next.
    const TELLS_ALL: bool = false;

    fn blocked(_waiters: usize) -> Self {
        // One is left over, and not enough.
        Semaphore(sync_prims::Semaphore::new(EACH - 1))
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.0
            .acquire_many(EACH)
            .map(|permits| permits.expect("nobody closes it").forget())
    }

    fn notify_one(&self) {
        self.0.add_permits(EACH);
    }

    fn notify_all(&self, waiters: usize) {
        self.0.add_permits(EACH * waiters);
    }

    fn look(&self) {
        drop(self.0.try_acquire_many(EACH));
        self.0.available_permits();
        self.0.is_closed();
        let _ = format!("{:?} {:?}", self.0, self.0.acquire());
    }
}
