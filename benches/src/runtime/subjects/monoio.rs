//! monoio, with its ring driver and its timers.

use std::future::Future;
use std::time::Duration;

use crate::runtime::subject::Runtime;
use crate::settings;

pub(crate) struct Monoio;

impl Runtime for Monoio {
    fn run<F>(future: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let mut runtime = settings::monoio::builder()
            .enable_timer()
            .build()
            .expect("a ring can be set up");
        runtime.block_on(async { monoio::spawn(future).await })
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        monoio::spawn(future)
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static {
        monoio::time::sleep(duration)
    }

    fn join_ten<F: Future<Output = ()> + 'static>(children: [F; 10]) -> impl Future {
        async {
            let [a, b, c, d, e, f, g, h, i, j] = children;
            monoio::join!(a, b, c, d, e, f, g, h, i, j)
        }
    }
}
