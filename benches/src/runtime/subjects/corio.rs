//! corio: one context.

use std::convert::identity;
use std::future::Future;
use std::time::{Duration, Instant};

use uring_engine::op::Nop;

use crate::runtime::joined::Joined;
use crate::runtime::subject::Runtime;

pub(crate) struct Corio;

impl Runtime for Corio {
    fn run<F>(future: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        context::block_on(future).expect("a ring can be set up")
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        Joined::new(context::spawn(future), identity)
    }

    fn yield_now() -> impl Future<Output = ()> + 'static {
        context::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static {
        context::sleep(duration)
    }

    fn join_ten<F: Future<Output = ()> + 'static>(children: [F; 10]) -> impl Future {
        context::when_all(children)
    }

    async fn ring_nops(count: u64) -> Option<Duration> {
        let driver = context::driver();
        let begin = Instant::now();
        for _ in 0..count {
            driver.engine().op(Nop::new()).await.ok()?;
        }
        Some(begin.elapsed())
    }
}
