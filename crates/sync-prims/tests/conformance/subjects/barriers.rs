//! What opens when enough have come.

use std::future::Future;
use std::pin::pin;

use futures_util::FutureExt;

use crate::subject::{Lets, Subject};
use crate::support::poll_once;

/// A barrier for more parties than wait; to notify is to arrive as often as it takes.
pub(crate) struct Barrier(sync_prims::Barrier);

/// How many can be missing for the barrier to open: those who come besides the ones it was made for.
const SPARE: usize = 90;

impl Subject for Barrier {
    const LETS: Lets = Lets::All;
    const KEEPS: bool = false;
    const STAYS_OPEN: bool = false;

    fn blocked(waiters: usize) -> Self {
        Barrier(sync_prims::Barrier::new(waiters + SPARE))
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.0.wait().map(drop)
    }

    fn notify_one(&self) {
        arrive_until_it_opens(&self.0);
    }

    fn notify_all(&self, _waiters: usize) {
        arrive_until_it_opens(&self.0);
    }

    fn look(&self) {
        self.0.parties();
        let _ = format!("{:?} {:?}", self.0, self.0.wait());
    }
}

/// Each arrival stays until the barrier opens, in a frame of its own.
fn arrive_until_it_opens(barrier: &sync_prims::Barrier) {
    let wait = pin!(barrier.wait());
    if poll_once(wait).is_pending() {
        arrive_until_it_opens(barrier);
    }
}
