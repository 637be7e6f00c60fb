//! smol, with a local executor on the thread that polls its I/O.

use std::future::Future;
use std::time::Duration;

use smol::{LocalExecutor, Timer};

use crate::runtime::subject::Runtime;

pub(crate) struct Smol;

thread_local! {
    /// smol has no current executor; one a thread, never dropped, stands in for it.
    static EXECUTOR: &'static LocalExecutor<'static> = Box::leak(Box::default());
}

impl Runtime for Smol {
    fn run<F>(future: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let executor = EXECUTOR.with(|executor| *executor);
        smol::block_on(executor.run(executor.spawn(future)))
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        EXECUTOR.with(|executor| executor.spawn(future))
    }

    async fn sleep(duration: Duration) {
        Timer::after(duration).await;
    }
}
