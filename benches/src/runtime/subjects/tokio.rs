//! tokio, on one thread and on its thread pool.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::Builder;

use crate::runtime::joined::Joined;
use crate::runtime::subject::Runtime;

/// The current-thread runtime.
pub(crate) struct CurrentThread;

/// The multi-thread runtime, with a worker for each core.
pub(crate) struct MultiThread;

impl Runtime for CurrentThread {
    fn run<F>(future: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        run(Builder::new_current_thread(), future)
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        spawn(future)
    }

    fn yield_now() -> impl Future<Output = ()> + 'static {
        tokio::task::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static {
        tokio::time::sleep(duration)
    }

    fn join_ten<F: Future<Output = ()> + 'static>(children: [F; 10]) -> impl Future {
        join_ten(children)
    }
}

impl Runtime for MultiThread {
    fn run<F>(future: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        run(Builder::new_multi_thread(), future)
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        spawn(future)
    }

    fn yield_now() -> impl Future<Output = ()> + 'static {
        tokio::task::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static {
        tokio::time::sleep(duration)
    }

    fn join_ten<F: Future<Output = ()> + 'static>(children: [F; 10]) -> impl Future {
        join_ten(children)
    }
}

fn run<F>(mut builder: Builder, future: F) -> F::Output
where
    F: Future + 'static,
    F::Output: 'static,
{
    let runtime = builder
        .enable_all()
        .build()
        .expect("tokio starts without privileges");
    runtime.block_on(async { spawn(future).await })
}

fn spawn<F>(future: F) -> impl Future<Output = F::Output> + 'static
where
    F: Future + 'static,
    F::Output: 'static,
{
    Joined::new(
        tokio::spawn(AssertSend(future)),
        |output: AssertSend<F::Output>| output.0,
    )
}

async fn join_ten<F: Future<Output = ()>>(children: [F; 10]) {
    let [a, b, c, d, e, f, g, h, i, j] = children;
    tokio::join!(a, b, c, d, e, f, g, h, i, j);
}

/// A future, or its output, that may go to another thread.
struct AssertSend<T>(T);

// SAFETY: what the cases give to `run` and `spawn` holds tokio's own futures, which are `Send`, and values that are
// `Send`; `Runtime` demands it. That no bound says so is the price of cases that also suit the local runtimes.
unsafe impl<T> Send for AssertSend<T> {}

impl<F: Future> Future for AssertSend<F> {
    type Output = AssertSend<F::Output>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the field is pinned with the whole and never moved out of it.
        let future = unsafe { self.map_unchecked_mut(|whole| &mut whole.0) };
        future.poll(context).map(AssertSend)
    }
}
