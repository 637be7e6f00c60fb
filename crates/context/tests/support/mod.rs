//! What the tests of contexts, tasks and schedulers share.

// Each test binary uses some of it.
#![allow(dead_code)]

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Wake, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use context::{Context, Stop};
use uring_engine::EngineConfig;

/// A context that runs on a thread of its own.
pub(crate) fn started() -> Context {
    let mut context = Context::new();
    context.start().unwrap();
    context
}

/// Stops a started context and waits for its end.
pub(crate) fn stop(context: &mut Context) {
    context.notify_stop(Stop::Abort);
    context.join().unwrap();
}

/// A ring with room for this many submissions, and not many more completions.
pub(crate) fn tiny_ring(entries: u32) -> EngineConfig {
    EngineConfig {
        entries,
        cq_entries: Some(entries.max(2)),
        ..EngineConfig::default()
    }
}

/// A no-op through the current context's ring and back.
pub(crate) async fn nop() {
    let engine = context::driver().engine().clone();
    engine.op(uring_engine::op::Nop::new()).await.unwrap();
}

/// Polls a future once with a waker that does nothing.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    pin!(future).poll(&mut TaskContext::from_waker(Waker::noop()))
}

/// The waker of the task that awaits this.
pub(crate) async fn own_waker() -> Waker {
    poll_fn(|cx| Poll::Ready(cx.waker().clone())).await
}

/// Opens once, for all who wait.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<Mutex<(bool, Vec<Waker>)>>);

impl Gate {
    pub(crate) fn open(&self) {
        let wakers = {
            let mut state = self.0.lock().unwrap();
            state.0 = true;
            std::mem::take(&mut state.1)
        };
        for waker in wakers {
            waker.wake();
        }
    }

    /// The number of those who wait.
    pub(crate) fn waiting(&self) -> usize {
        self.0.lock().unwrap().1.len()
    }

    pub(crate) async fn wait(&self) {
        poll_fn(|cx| {
            let mut state = self.0.lock().unwrap();
            if state.0 {
                return Poll::Ready(());
            }
            if !state.1.iter().any(|waker| waker.will_wake(cx.waker())) {
                state.1.push(cx.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }
}

/// Tells whether something still exists: hand out [`name`](Self::name) as a task's name, or [`token`](Self::token) as a
/// value, and ask [`holders`](Self::holders).
#[derive(Debug)]
pub(crate) struct Witness(Arc<str>);

impl Witness {
    pub(crate) fn new() -> Self {
        Self("witness".into())
    }

    /// A name for a task: its memory holds it until it is freed.
    pub(crate) fn name(&self) -> Arc<str> {
        self.0.clone()
    }

    /// A value for a future to hold.
    pub(crate) fn token(&self) -> Arc<str> {
        self.0.clone()
    }

    pub(crate) fn holders(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }
}

/// Counts its drops and the threads that they happened on.
#[derive(Clone, Default)]
pub(crate) struct Drops(Arc<Mutex<Vec<ThreadId>>>);

impl Drops {
    pub(crate) fn guard(&self) -> DropGuard {
        DropGuard(self.clone())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub(crate) fn threads(&self) -> Vec<ThreadId> {
        self.0.lock().unwrap().clone()
    }
}

pub(crate) struct DropGuard(Drops);

impl Drop for DropGuard {
    fn drop(&mut self) {
        self.0.0.lock().unwrap().push(thread::current().id());
    }
}

/// Runs `call` when dropped.
pub(crate) struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> OnDrop<F> {
    pub(crate) fn new(call: F) -> Self {
        Self(Some(call))
    }
}

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(call) = self.0.take() {
            call();
        }
    }
}

/// A waker that counts.
#[derive(Default)]
pub(crate) struct CountWakes(pub(crate) AtomicUsize);

impl CountWakes {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for CountWakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A waker that panics.
pub(crate) struct PanickingWaker;

impl Wake for PanickingWaker {
    fn wake(self: Arc<Self>) {
        panic!("a foreign waker panics");
    }
}

/// Waits until `condition` holds, giving way to other threads meanwhile.
pub(crate) fn until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::sleep(Duration::from_millis(1));
    }
}

/// Ends the process with a message if the test hangs, which would otherwise say nothing. No test comes near the limit.
pub(crate) struct Watchdog(Arc<AtomicBool>);

impl Watchdog {
    pub(crate) fn new(test: &'static str) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let watched = done.clone();
        thread::spawn(move || {
            for _ in 0..3000 {
                thread::sleep(Duration::from_millis(100));
                if watched.load(Ordering::SeqCst) {
                    return;
                }
            }
            eprintln!("{test} hangs");
            std::process::abort();
        });
        Self(done)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
