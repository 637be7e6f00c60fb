//! Cases without an executor: the futures are polled by hand, with a waker that counts its clones and does nothing else.
//!
//! This is a primitive's own cost. A clone and a drop of the waker cost a read-modify-write each, as those of executors do.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

struct Nothing;

impl Wake for Nothing {
    fn wake(self: Arc<Self>) {}

    fn wake_by_ref(self: &Arc<Self>) {}
}

/// A waker that does nothing.
pub(super) fn waker() -> Waker {
    Waker::from(Arc::new(Nothing))
}

/// Times `iterations` of `work`, after a warm-up.
pub(super) fn time(iterations: u64, mut work: impl FnMut(&mut Context<'_>)) -> Duration {
    let waker = waker();
    let mut cx = Context::from_waker(&waker);
    for _ in 0..iterations / 8 + 1 {
        work(&mut cx);
    }
    let begin = Instant::now();
    for _ in 0..iterations {
        work(&mut cx);
    }
    begin.elapsed()
}

/// The output of a future that has to be ready.
#[inline]
pub(super) fn ready<F: Future>(future: Pin<&mut F>, cx: &mut Context<'_>) -> F::Output {
    match future.poll(cx) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("there is nothing to wait for"),
    }
}

/// Polls a future that has to wait.
#[inline]
pub(super) fn pending<F: Future>(future: Pin<&mut F>, cx: &mut Context<'_>) {
    assert!(
        future.poll(cx).is_pending(),
        "there is something to wait for"
    );
}
