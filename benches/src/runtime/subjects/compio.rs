//! compio, with its ring driver.

use std::convert::identity;
use std::future::Future;
use std::time::Duration;

use crate::runtime::joined::Joined;
use crate::runtime::subject::Runtime;
use crate::settings;

pub(crate) struct Compio;

impl Runtime for Compio {
    fn run<F>(future: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let runtime = settings::compio::runtime().expect("a ring can be set up");
        // Not in a task of its own: there, awaiting another task costs sixty times as much.
        runtime.block_on(future)
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        Joined::new(compio::runtime::spawn(future), identity)
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static {
        compio::time::sleep(duration)
    }
}
