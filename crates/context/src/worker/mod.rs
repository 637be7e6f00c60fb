//! The worker loop: binds a context to the calling thread, runs it, and takes it down.
//!
//! One round, top to bottom:
//!
//! 1. take what other threads pushed (one load when there is nothing),
//! 2. run a bounded batch of tasks,
//! 3. fire the timers that are due,
//! 4. if something is runnable: one turn of the driver if it has completions or entries to submit,
//! 5. if nothing is: sleep, in the same kind of turn, until a completion, a timer or another thread.
//!
//! Tasks and completions alternate, so neither a task that always re-queues itself nor a flood of completions starves the
//! other. The kernel is entered to submit a batch or to sleep, never for a single task.

mod outside;
mod sleep;
mod teardown;

use std::os::fd::RawFd;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

use uring_engine::{SetupError, TurnError};

use crate::affinity::{self, AffinityError};
use crate::core::{Core, CoreRef, Local};
use crate::driver::Driver;
use crate::report;
use crate::spin::Spin;
use crate::stall::StallWatch;
use crate::stop::Request;
use crate::task::{self, TaskPtr};
use crate::timer;

pub(crate) use outside::Left;

/// Why a run failed or ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The calling thread runs a context already.
    #[error(
        "this thread runs a context already: await the future there, or use a thread of its own"
    )]
    Nested,
    /// The context is running on another thread.
    #[error("the context is running already: stop and join it first")]
    Running,
    /// The thread could not be started.
    #[error("the context's thread could not be started: {0}")]
    Thread(#[source] std::io::Error),
    /// The thread could not be bound to its CPUs.
    #[error(transparent)]
    Affinity(#[from] AffinityError),
    /// The ring could not be set up.
    #[error(transparent)]
    Setup(#[from] SetupError),
    /// The ring failed while the context ran. All tasks were aborted.
    #[error("the context's ring failed, and its tasks were aborted: {0}")]
    Driver(#[from] TurnError),
    /// The function that was to run the context did not.
    #[error(
        "the function given to `ContextBuilder::around` returned without running the context: it has to call its argument"
    )]
    NotRun,
    /// The run was stopped before its work was done. The tasks that were left were aborted.
    #[error("the run was stopped with {live} tasks left, which were aborted")]
    Stopped {
        /// Tasks that had not ended.
        live: u64,
    },
}

/// What ends a run, other than being asked to stop.
pub(crate) enum Until<'a> {
    /// No live task, nothing in the inbox, no guard.
    Idle,
    /// Nothing else.
    Stopped,
    /// This returns true.
    Done(&'a dyn Fn() -> bool),
}

/// Where the thread sleeps when there is nothing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sleeps {
    /// In the kernel, by a turn of the driver.
    InTheDriver,
    /// In an event loop of somebody else; see `outside.rs`.
    Outside,
}

/// A context that is bound to this thread and has a driver.
pub(crate) struct Worker<'a> {
    core: Local<'a>,
    driver: Driver,
    wakers: Vec<std::task::Waker>,
    stall: StallWatch,
    spin: Spin,
    pinned: Option<Pinned>,
    /// Since when it waits, if the thread sleeps outside; see `outside.rs`.
    outside_since: Option<u64>,
}

/// A thread that is bound to a context's CPUs, until dropped.
struct Pinned {
    before: Vec<usize>,
}

impl Pinned {
    fn new(cpus: &[usize]) -> Result<Self, AffinityError> {
        let before = affinity::available_cpus()?;
        affinity::pin_current_thread(cpus)?;
        Ok(Self { before })
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // Refused only if the CPUs were taken from the process meanwhile; then the thread stays where it is.
        let _ = affinity::pin_current_thread(&self.before);
    }
}

impl<'a> Worker<'a> {
    /// Binds `core` to this thread. [`finish`](Self::finish) must follow on the same thread.
    ///
    /// # Safety
    ///
    /// `core` is bound to no thread, nobody else binds it, and it outlives the worker.
    pub(crate) unsafe fn bind(core: &'a Core, sleeps: Sleeps) -> Result<Self, RunError> {
        if crate::current::is_bound() {
            return Err(RunError::Nested);
        }
        let pinned = core.config.cpus.as_deref().map(Pinned::new).transpose()?;
        let driver = match sleeps {
            Sleeps::InTheDriver => Driver::new(&core.config)?,
            Sleeps::Outside => Driver::new(&outside::with_telling_ring(&core.config))?,
        };
        core.inbox.reopen();
        core.guards.set_ended(false);
        core.room.set_closed(false);
        core.begin_run(&driver);
        // SAFETY: by contract, and this thread has no core bound.
        let core = unsafe { core.bind() };
        let home = core.home();
        home.closing.set(false);
        home.spawns_plainly.set(!core.config.task_times);
        home.now.set(timer::now_ns());
        *home.driver.borrow_mut() = Some(driver.clone());
        let stall = StallWatch::new(core.config.stall_after);
        let spin = Spin::new(timer::duration_to_ns(core.config.spin));
        Ok(Self {
            core,
            driver,
            wakers: Vec::new(),
            stall,
            spin,
            pinned,
            outside_since: None,
        })
    }

    pub(crate) fn core(&self) -> Local<'a> {
        self.core
    }

    /// What becomes readable when there is something to do.
    pub(crate) fn descriptor(&self) -> RawFd {
        let descriptor = self.driver.descriptor();
        descriptor.expect("a driver that is not shut down has a descriptor")
    }

    /// Runs until `until`, or until asked to stop.
    pub(crate) fn run(&mut self, until: &Until<'_>) -> Result<(), RunError> {
        let mut awake_since = self.core.home().now.get();
        self.core.metrics.awake_since.set(awake_since);
        loop {
            self.work();
            if let Some(end) = self.end(until) {
                self.add_busy(awake_since);
                return end;
            }
            if self.core.home().run_queue.is_empty() && !self.driver.has_completions() {
                awake_since = self.sleep(until, awake_since)?;
                self.core.metrics.awake_since.set(awake_since);
            } else if self.driver.wants_turn() {
                self.driver.turn()?;
                // Here, too, for a context that never sleeps.
                self.core.home().now.set(timer::now_ns());
                self.core.metrics.driver.update(&self.driver);
            }
        }
    }

    /// The part of a round before the driver's: the inbox, a batch of tasks, the timers.
    #[inline]
    fn work(&mut self) {
        self.take_inbox();
        self.run_batch();
        self.fire_timers();
    }

    fn take_inbox(&self) {
        let mut received = 0;
        for task in self.core.inbox.take_all() {
            // SAFETY: just taken out of this core's inbox.
            unsafe { self.core.receive(TaskPtr(task)) };
            received += 1;
        }
        if received != 0 {
            self.core.metrics.received.add(received);
        }
    }

    #[inline]
    fn run_batch(&self) {
        let queue = &self.core.home().run_queue;
        let mut ran = 0;
        while ran < self.core.config.batch {
            let Some(task) = queue.pop() else { break };
            // SAFETY: just popped, on the home thread.
            unsafe { task::run(self.core, task) };
            ran += 1;
        }
        if ran == self.core.config.batch {
            // A context that never sleeps tells the time, too.
            self.core.home().now.set(timer::now_ns());
        }
        if ran != 0 {
            let metrics = &self.core.metrics;
            queue.took(u64::from(ran));
            metrics.batches.add(1);
            if u64::from(ran) > metrics.largest_batch.get() {
                metrics.largest_batch.set(u64::from(ran));
            }
        }
    }

    fn fire_timers(&mut self) {
        let home = self.core.home();
        if home.timers.borrow().is_empty() {
            return;
        }
        let now = timer::now_ns();
        home.now.set(now);
        home.timers.borrow_mut().advance(now, &mut self.wakers);
        self.core.metrics.timers_fired.add(self.wakers.len() as u64);
        for waker in self.wakers.drain(..) {
            report::guard("a timer's waker", || waker.wake());
        }
    }

    /// Whether the run is over, and how.
    fn end(&self, until: &Until<'_>) -> Option<Result<(), RunError>> {
        let live = self.core.live();
        if self.core.stop.is_asked()
            && let Some(end) = self.asked(until, live)
        {
            return Some(end);
        }
        match until {
            Until::Idle => self.is_idle(live).then_some(Ok(())),
            Until::Done(done) => done().then_some(Ok(())),
            Until::Stopped => None,
        }
    }

    /// Does what other threads ask for, which may end the run.
    #[cold]
    fn asked(&self, until: &Until<'_>, live: u64) -> Option<Result<(), RunError>> {
        if let Some(look) = self.core.stop.take_look() {
            self.core.answer(look);
        }
        match self.core.stop.request() {
            Request::Run => None,
            Request::Abort => Some(self.stopped(until, live)),
            Request::Drain if self.is_idle(live) => Some(Ok(())),
            Request::Drain => {
                let deadline = self.core.stop.deadline()?;
                (Instant::now() >= deadline).then_some(Err(RunError::Stopped { live }))
            }
        }
    }

    /// An abort is what a run that has no other end is ended with; to any other run it is an interruption.
    fn stopped(&self, until: &Until<'_>, live: u64) -> Result<(), RunError> {
        match until {
            Until::Stopped => Ok(()),
            Until::Idle | Until::Done(_) => Err(RunError::Stopped { live }),
        }
    }

    /// Ends the run, for good, if there is nothing left to do.
    fn is_idle(&self, live: u64) -> bool {
        live == 0
            && self
                .core
                .guards
                .end_if_idle(|| self.core.inbox.close_if_empty())
    }
}

/// Binds `core` to this thread, calls `body`, and takes the context down, however `body` ends; within what the settings put
/// around a run.
///
/// # Safety
///
/// As for [`Worker::bind`].
pub(crate) unsafe fn run(
    core: &CoreRef,
    body: impl FnOnce(&mut Worker<'_>) -> Result<(), RunError>,
) -> Result<(), RunError> {
    let Some(around) = core.config.around.clone() else {
        // SAFETY: by contract.
        return unsafe { run_within(core, body) };
    };
    let mut body = Some(body);
    let mut result = Err(RunError::NotRun);
    around(&mut || {
        if let Some(body) = body.take() {
            // SAFETY: by contract.
            result = unsafe { run_within(core, body) };
        }
    });
    result
}

/// # Safety
///
/// As for [`Worker::bind`].
unsafe fn run_within(
    core: &CoreRef,
    body: impl FnOnce(&mut Worker<'_>) -> Result<(), RunError>,
) -> Result<(), RunError> {
    // SAFETY: by contract.
    let mut worker = unsafe { Worker::bind(core, Sleeps::InTheDriver) }?;
    let ran = catch_unwind(AssertUnwindSafe(|| body(&mut worker)));
    worker.finish();
    match ran {
        Ok(result) => result,
        // A defect of the loop itself: tasks' panics never get here.
        Err(payload) => resume_unwind(payload),
    }
}
