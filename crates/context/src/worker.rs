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
//!
//! # Falling asleep
//!
//! The sleep state (the driver's) is published first, then everything that another thread may have changed is looked at
//! once more: inbox, stop request, end of the run. A thread that changes one of these does so first and then looks
//! at the sleep state. All four accesses are sequentially consistent, so one of the two sees the other: either the worker
//! does not sleep, or the other thread wakes it.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use uring_engine::{SetupError, TurnError};

use crate::affinity::{self, AffinityError};
use crate::core::{CoreRef, Local};
use crate::driver::Driver;
use crate::report;
use crate::spin::Spin;
use crate::stall::StallWatch;
use crate::stop::Request;
use crate::task::{self, ABORT, TaskPtr};
use crate::timer;

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

/// A context that is bound to this thread and has a driver.
pub(crate) struct Worker<'a> {
    core: Local<'a>,
    driver: Driver,
    wakers: Vec<std::task::Waker>,
    stall: StallWatch,
    spin: Spin,
    pinned: Option<Pinned>,
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
    pub(crate) unsafe fn bind(core: &'a CoreRef) -> Result<Self, RunError> {
        if crate::current::is_bound() {
            return Err(RunError::Nested);
        }
        let pinned = core.config.cpus.as_deref().map(Pinned::new).transpose()?;
        let driver = Driver::new(&core.config.engine)?;
        core.inbox.reopen();
        core.guards.set_ended(false);
        core.room.set_closed(false);
        core.set_unparker(Some(driver.unparker()));
        // SAFETY: by contract, and this thread has no core bound.
        let core = unsafe { core.bind() };
        let home = core.home();
        home.closing.set(false);
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
        })
    }

    pub(crate) fn core(&self) -> Local<'a> {
        self.core
    }

    /// Runs until `until`, or until asked to stop.
    pub(crate) fn run(&mut self, until: &Until<'_>) -> Result<(), RunError> {
        let mut awake_since = self.core.home().now.get();
        self.core.metrics.awake_since.set(awake_since);
        loop {
            self.take_inbox();
            self.run_batch();
            self.fire_timers();
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
                self.core.metrics.driver.update(&self.driver);
            }
        }
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
        match self.core.stop.request() {
            Request::Run => {}
            Request::Abort => return Some(self.stopped(until, live)),
            Request::Drain => {
                if self.is_idle(live) {
                    return Some(Ok(()));
                }
                if self
                    .core
                    .stop
                    .deadline()
                    .is_some_and(|deadline| Instant::now() >= deadline)
                {
                    return Some(Err(RunError::Stopped { live }));
                }
            }
        }
        match until {
            Until::Idle => self.is_idle(live).then_some(Ok(())),
            Until::Done(done) => done().then_some(Ok(())),
            Until::Stopped => None,
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

    /// Sleeps until there is something to do. Returns when it woke up.
    fn sleep(&mut self, until: &Until<'_>, awake_since: u64) -> Result<u64, RunError> {
        if self
            .spin
            .spin(timer::now_ns, || !self.core.inbox.is_empty())
        {
            return Ok(awake_since);
        }
        let asleep_since = self.add_busy(awake_since);
        // What ends the run may have changed before the sleep state was published, too.
        if !self.park_begin() || !self.core.inbox.is_empty() || self.would_end(until) {
            self.park_end();
            return Ok(asleep_since);
        }
        let time = self.time_to_sleep(asleep_since);
        let slept = self.driver.sleep(time);
        self.park_end();
        slept?;
        let now = timer::now_ns();
        self.core.home().now.set(now);
        let metrics = &self.core.metrics;
        metrics.sleeps.add(1);
        let asleep = now.saturating_sub(asleep_since);
        metrics.idle.add(asleep);
        self.spin.slept(asleep, !self.core.inbox.is_empty());
        metrics.driver.update(&self.driver);
        self.watch_stall(now);
        Ok(now)
    }

    /// Publishes that this thread is about to sleep; false if a wake-up has come already.
    fn park_begin(&self) -> bool {
        self.core.sleep.begin() && self.driver.park_begin()
    }

    /// Publishes that this thread is awake.
    fn park_end(&self) {
        self.driver.park_end();
        self.core.sleep.end();
    }

    /// True if [`end`](Self::end) might say so now; decides nothing.
    fn would_end(&self, until: &Until<'_>) -> bool {
        let idle = || self.core.live() == 0 && self.core.guards.count() == 0;
        match (self.core.stop.request(), until) {
            (Request::Abort, _) => true,
            (Request::Drain, _) | (Request::Run, Until::Idle) => idle(),
            (Request::Run, Until::Done(done)) => done(),
            (Request::Run, Until::Stopped) => false,
        }
    }

    /// The time until the nearest deadline, `None` if there is none.
    fn time_to_sleep(&mut self, now: u64) -> Option<Duration> {
        let timer = {
            let timers = self.core.home().timers.borrow();
            self.core.metrics.timers_pending.set(timers.len() as u64);
            timers.next_deadline_ns()
        };
        let timer = timer.map(|deadline| Duration::from_nanos(deadline.saturating_sub(now)));
        let stop = match self.core.stop.request() {
            Request::Drain => self.core.stop.deadline(),
            Request::Run | Request::Abort => None,
        };
        let stop = stop.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let stall = if timer.is_none() && self.stands_still() {
            self.stall.time_left(now)
        } else {
            None
        };
        [timer, stop, stall].into_iter().flatten().min()
    }

    /// True if tasks wait for something that is not this context's doing: no I/O, no timer, no guard.
    fn stands_still(&self) -> bool {
        self.core.live() > 0
            && self.driver.in_flight() == 0
            && self.core.guards.count() == 0
            && self.core.home().timers.borrow().is_empty()
    }

    fn watch_stall(&mut self, now: u64) {
        let quiet = self.core.home().run_queue.is_empty()
            && self.core.inbox.is_empty()
            && self.stands_still();
        if self.stall.is_due(quiet, now) {
            let stalled = self.core.stall_report();
            match &self.core.config.on_stall {
                Some(callback) => report::guard("the stall callback", || callback(&stalled)),
                None => report::line(format_args!("{stalled}")),
            }
        }
    }

    fn add_busy(&self, since: u64) -> u64 {
        let now = timer::now_ns();
        self.core.home().now.set(now);
        self.core.metrics.busy.add(now.saturating_sub(since));
        self.core.metrics.awake_since.set(0);
        now
    }

    /// Takes the context down: aborts what is left, cancels and collects its operations, unbinds the thread.
    ///
    /// In this order: no new tasks; futures are dropped while the driver still works, as their destructors may use it; the
    /// inbox is closed and what came last is ended too; timers are dropped; the ring is shut down; and only then is
    /// the thread unbound.
    pub(crate) fn finish(self) {
        let home = self.core.home();
        home.closing.set(true);
        self.core.guards.set_ended(true);
        loop {
            self.abort_all();
            let mut arrived = false;
            for task in self.core.inbox.close() {
                arrived = true;
                // SAFETY: just taken out of this core's inbox.
                unsafe { self.core.receive(TaskPtr(task)) };
            }
            if !arrived && home.run_queue.is_empty() && self.core.live() == 0 {
                break;
            }
        }
        self.core.room.set_closed(true);
        let mut timers = Vec::new();
        home.timers.borrow_mut().drain(&mut timers);
        for waker in timers {
            report::guard("a timer's waker", || drop(waker));
        }
        // Until none is left, as what they drop may ask for another.
        while !home.states.borrow().is_empty() {
            for (_, state) in home.states.take() {
                report::guard("the destructor of a local state", || drop(state));
            }
        }
        report::guard("a driver's payload", || self.driver.shutdown());
        self.core.metrics.driver.update(&self.driver);
        self.core.set_unparker(None);
        let driver = home.driver.borrow_mut().take();
        drop(driver);
        drop(self.driver);
        // What the driver's payloads and the timers' wakers dropped may have queued or spawned once more.
        while let Some(task) = home.run_queue.pop() {
            home.run_queue.took(1);
            // SAFETY: just popped, on the home thread; `closing` has every task end.
            unsafe { task::run(self.core, task) };
        }
        home.kept.clear();
        drop(self.pinned);
        let core = self.core;
        let on_stop = core.config.on_stop.clone();
        // SAFETY: every task has ended, the queue is empty, the driver is gone, and `core` is not used below.
        unsafe { core.unbind() };
        if let Some(on_stop) = on_stop {
            report::guard("the stop callback", || on_stop());
        }
    }

    /// Ends every listed task.
    fn abort_all(&self) {
        loop {
            // SAFETY: on the home thread.
            while let Some(task) = unsafe { self.core.table.newest() } {
                // SAFETY: listed tasks are alive and not complete; this is the home thread.
                unsafe {
                    task.header().flags.insert(ABORT);
                    task::schedule_at_home(self.core, task);
                }
                self.drain_queue();
            }
            self.drain_queue();
            // SAFETY: on the home thread.
            if unsafe { self.core.table.newest() }.is_none() {
                break;
            }
        }
    }

    fn drain_queue(&self) {
        let home = self.core.home();
        while let Some(task) = home.run_queue.pop() {
            home.run_queue.took(1);
            // SAFETY: just popped, on the home thread. Marked, so that it is dropped rather than polled.
            unsafe {
                task.header().flags.insert(ABORT);
                task::run(self.core, task);
            }
        }
    }
}

/// Binds `core` to this thread, calls `body`, and takes the context down, however `body` ends.
///
/// # Safety
///
/// As for [`Worker::bind`].
pub(crate) unsafe fn run(
    core: &CoreRef,
    body: impl FnOnce(&mut Worker<'_>) -> Result<(), RunError>,
) -> Result<(), RunError> {
    // SAFETY: by contract.
    let mut worker = unsafe { Worker::bind(core) }?;
    let ran = catch_unwind(AssertUnwindSafe(|| body(&mut worker)));
    worker.finish();
    match ran {
        Ok(result) => result,
        // A defect of the loop itself: tasks' panics never get here.
        Err(payload) => resume_unwind(payload),
    }
}
