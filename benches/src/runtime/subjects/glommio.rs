//! glommio.

use std::future::Future;
use std::time::{Duration, Instant};

use glommio::nop::NopSubmitter;
use glommio::{LocalExecutorBuilder, Placement};

use crate::runtime::subject::Runtime;

pub(crate) struct Glommio;

impl Runtime for Glommio {
    fn run<F>(future: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let executor = LocalExecutorBuilder::new(Placement::Unbound)
            .make()
            .expect("rings can be set up, which takes locked memory");
        executor.run(async { glommio::spawn_local(future).await })
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        glommio::spawn_local(future)
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static {
        glommio::timer::sleep(duration)
    }

    async fn ring_nops(count: u64) -> Option<Duration> {
        let submitter = NopSubmitter::new();
        let begin = Instant::now();
        for _ in 0..count {
            submitter.run_nop().await.ok()?;
        }
        Some(begin.elapsed())
    }
}
