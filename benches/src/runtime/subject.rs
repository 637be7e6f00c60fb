//! What the cases ask of a runtime.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::join_all;

/// A runtime, by the services that are timed.
///
/// Futures that cross into [`run`](Self::run) and [`spawn`](Self::spawn) hold nothing but what the runtime itself hands
/// out and values that are `Send`.
pub(crate) trait Runtime {
    /// Builds a runtime on this thread, runs `future` on it, and takes it down.
    ///
    /// As a task if that is not slower, so that the future that is blocked on, which some runtimes poll apart from all
    /// tasks, plays no part.
    fn run<F>(future: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: 'static;

    /// Spawns a task on the current runtime; its output is its future's.
    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + 'static
    where
        F: Future + 'static,
        F::Output: 'static;

    /// Lets the other tasks run. Few runtimes bring their own.
    fn yield_now() -> impl Future<Output = ()> + 'static {
        YieldNow::default()
    }

    /// A timer.
    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static;

    /// Joins ten futures, with what the runtime brings for it if it does.
    fn join_ten<F: Future<Output = ()> + 'static>(children: [F; 10]) -> impl Future {
        join_all(children)
    }

    /// Does so many no-ops through the ring, one at a time; `None` if the runtime does not offer it.
    fn ring_nops(_count: u64) -> impl Future<Output = Option<Duration>> {
        std::future::ready(None)
    }
}

/// Wakes its task and is ready the second time: what every runtime without a yield of its own is given.
#[derive(Default)]
struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
