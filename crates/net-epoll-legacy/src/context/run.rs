//! The loop.

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::{BATCH, Shared, lock, stage};
use crate::poller::Events;
use crate::reactor::Reactor;

impl Shared {
    /// Runs all tasks to their end.
    pub(super) fn run(&self) -> io::Result<()> {
        let _runner = Runner::new(self)?;
        let is_done = || lock(&self.tasks).is_empty();
        let result = self.with_helpers(self.threads - 1, &is_done, || {
            self.work(&is_done, &|| true, &mut || {})
        });
        if self.is_aborted() {
            self.drop_tasks();
        }
        result?
    }

    /// Runs until the future is ready.
    pub(super) fn block_on<F: Future>(&self, future: F) -> io::Result<F::Output> {
        let _runner = Runner::new(self)?;
        let output = if self.threads == 1 {
            self.poll_between(future)
        } else {
            self.poll_beside(future)
        };
        if self.is_aborted() {
            self.drop_tasks();
        }
        output?
            .ok_or_else(|| io::Error::other("the context was aborted before the future was ready"))
    }

    /// Polls the future in the loop of this thread, between its tasks.
    fn poll_between<F: Future>(&self, future: F) -> io::Result<Option<F::Output>> {
        let woken = Arc::new(Between {
            woken: AtomicBool::new(true),
            reactor: self.reactor.clone(),
        });
        let waker = Waker::from(woken.clone());
        let mut future = pin!(future);
        let output = Cell::new(None);
        let is_done = Cell::new(false);
        self.work(
            &|| is_done.get(),
            &|| !woken.woken.load(Ordering::SeqCst),
            &mut || {
                if !woken.woken.swap(false, Ordering::SeqCst) {
                    return;
                }
                if let Poll::Ready(ready) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    output.set(Some(ready));
                    is_done.set(true);
                }
            },
        )?;
        Ok(output.take())
    }

    /// Polls the future on this thread, while others run the loop.
    fn poll_beside<F: Future>(&self, future: F) -> io::Result<Option<F::Output>> {
        let beside = Arc::new(Beside {
            woken: AtomicBool::new(true),
            thread: thread::current(),
        });
        let waker = Waker::from(beside.clone());
        *lock(&self.on_abort) = Some(waker.clone());
        let output = self.with_helpers(self.threads, &|| false, || {
            let mut future = pin!(future);
            loop {
                // The token alone would not do: what blocks inside the future may have taken it.
                while !beside.woken.swap(false, Ordering::SeqCst) {
                    thread::park();
                }
                if self.is_aborted() {
                    return None;
                }
                if let Poll::Ready(ready) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                    return Some(ready);
                }
            }
        });
        lock(&self.on_abort).take();
        output
    }

    /// Runs `own` while this many other threads run the loop, until `is_done` or until `own` has ended, in whatever way.
    fn with_helpers<T>(
        &self,
        helpers: usize,
        is_done: &(dyn Fn() -> bool + Sync),
        own: impl FnOnce() -> T,
    ) -> io::Result<T> {
        let has_ended = AtomicBool::new(false);
        let is_done = &|| has_ended.load(Ordering::SeqCst) || is_done();
        thread::scope(|scope| {
            let ends = Ends(&has_ended, &self.reactor);
            let mut started = Vec::new();
            for number in 0..helpers {
                let thread = thread::Builder::new().name(format!("io-context-{number}"));
                let work = || self.work(is_done, &|| true, &mut || {});
                started.push(thread.spawn_scoped(scope, work)?);
            }
            let output = own();
            drop(ends);
            for thread in started {
                match thread.join() {
                    Ok(worked) => worked?,
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            Ok(output)
        })
    }

    /// The loop of one thread: `attend` comes once a round, and what `may_sleep` says no to keeps it awake.
    fn work(
        &self,
        is_done: &dyn Fn() -> bool,
        may_sleep: &dyn Fn() -> bool,
        attend: &mut dyn FnMut(),
    ) -> io::Result<()> {
        let mut events = Events::new();
        loop {
            attend();
            if self.time_left().is_zero() {
                self.enter(stage::ABORTED);
            }
            if self.is_aborted() || is_done() {
                // Whoever else sleeps is to see it too.
                self.reactor.wake_sleeper();
                return Ok(());
            }
            for _ in 0..BATCH {
                let Some(runnable) = self.next_ready() else {
                    break;
                };
                runnable.run();
                if self.is_aborted() {
                    break;
                }
            }
            let patience = || {
                let nothing_to_do = lock(&self.ready).is_empty() && may_sleep();
                if nothing_to_do && !self.is_aborted() && !is_done() {
                    self.time_left()
                } else {
                    Duration::ZERO
                }
            };
            self.reactor.turn(&mut events, patience)?;
        }
    }

    /// How long a graceful stop may still take; as long as may be, if there is none.
    #[inline]
    fn time_left(&self) -> Duration {
        if self.stage() == stage::RUNNING {
            Duration::MAX
        } else {
            self.until_last_moment()
        }
    }

    #[cold]
    fn until_last_moment(&self) -> Duration {
        let last_moment = *lock(&self.last_moment);
        last_moment.map_or(Duration::MAX, |at| {
            at.saturating_duration_since(Instant::now())
        })
    }
}

/// Has helpers end with whom they help.
struct Ends<'a>(&'a AtomicBool, &'a Reactor);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
        self.1.wake_sleeper();
    }
}

/// The one who runs a context.
struct Runner<'a>(&'a Shared);

impl<'a> Runner<'a> {
    fn new(shared: &'a Shared) -> io::Result<Self> {
        let mut runner = lock(&shared.runner);
        if runner.is_some() {
            return Err(io::Error::other(
                "the context is being run already: one call of `run` or `block_on` at a time",
            ));
        }
        *runner = Some(thread::current().id());
        drop(runner);
        Ok(Self(shared))
    }
}

impl Drop for Runner<'_> {
    fn drop(&mut self) {
        *lock(&self.0.runner) = None;
    }
}

/// Wakes a future that is polled in the loop.
struct Between {
    woken: AtomicBool,
    reactor: Arc<Reactor>,
}

impl Wake for Between {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        self.reactor.wake_sleeper();
    }
}

/// Wakes a future that is polled beside the loop.
struct Beside {
    woken: AtomicBool,
    thread: Thread,
}

impl Wake for Beside {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}
