//! What a context counts of itself.

use std::fmt;
use std::time::Duration;

use crate::core::Core;
use crate::driver::Driver;
use crate::published::Published;
use crate::timer;

/// The counters that the worker loop keeps. Written by the home thread, except where noted.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) spawned: Published,
    pub(crate) finished: Published,
    pub(crate) polls: Published,
    pub(crate) batches: Published,
    pub(crate) largest_batch: Published,
    pub(crate) received: Published,
    pub(crate) sleeps: Published,
    pub(crate) timers_pending: Published,
    pub(crate) timers_fired: Published,
    pub(crate) busy: Published,
    /// When the context last woke up; 0 while it sleeps or does not run. What it has been busy since is not in `busy`.
    pub(crate) awake_since: Published,
    pub(crate) idle: Published,
    pub(crate) driver: DriverCounters,
}

/// What the driver counts, copied here once for each turn of the loop that entered the kernel.
#[derive(Default)]
pub(crate) struct DriverCounters {
    pub(crate) enters: Published,
    pub(crate) submitted: Published,
    pub(crate) completed: Published,
    pub(crate) overflows: Published,
    pub(crate) cancels_won: Published,
    pub(crate) cancels_lost: Published,
    pub(crate) unparks_received: Published,
    pub(crate) in_flight: Published,
}

impl Counters {
    /// Tasks taken up and tasks ended, as of one moment if the context is not too quick, and never more of these than of
    /// those.
    fn tasks(&self) -> (u64, u64) {
        let mut finished = self.finished.get();
        let mut spawned = self.spawned.get();
        for _ in 0..100 {
            let now = self.finished.get();
            if now == finished {
                break;
            }
            finished = now;
            spawned = self.spawned.get();
        }
        (spawned.max(finished), finished)
    }

    fn busy_until_now(&self) -> u64 {
        let busy = self.busy.get();
        match self.awake_since.get() {
            0 => busy,
            since => busy + timer::now_ns().saturating_sub(since),
        }
    }
}

impl DriverCounters {
    pub(crate) fn update(&self, driver: &Driver) {
        let stats = driver.stats();
        self.enters.set(stats.enters);
        self.submitted.set(stats.submitted);
        self.completed.set(stats.completed);
        self.overflows.set(stats.overflows);
        self.cancels_won.set(stats.cancels_won);
        self.cancels_lost.set(stats.cancels_lost);
        self.unparks_received.set(stats.unparks);
        self.in_flight.set(driver.in_flight() as u64);
    }
}

/// A context's counters at one moment. Each is exact by itself; they are not read in one instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Metrics {
    /// Tasks that are not complete.
    pub tasks_live: u64,
    /// Tasks taken up since the context was made.
    pub tasks_spawned: u64,
    /// Tasks that ended in any way.
    pub tasks_finished: u64,
    /// Polls of tasks.
    pub polls: u64,
    /// Tasks in the run queue now.
    pub queue_depth: u64,
    /// Batches of tasks that were run.
    pub batches: u64,
    /// The most tasks that one batch ran.
    pub largest_batch: u64,
    /// Tasks that came through the inbox: submissions, and wakes by other threads.
    pub inbox_received: u64,
    /// Wait guards that exist now; not part of the queue.
    pub wait_guards: u64,
    /// Times the context went to sleep.
    pub sleeps: u64,
    /// Timers that were set when the context last went to sleep.
    pub timers_pending: u64,
    /// Timers that fired.
    pub timers_fired: u64,
    /// Calls into the kernel that submit, wait or reap.
    pub enters: u64,
    /// Operations handed to the kernel.
    pub submitted: u64,
    /// Completions reaped.
    pub completed: u64,
    /// Operations in flight now.
    pub in_flight: u64,
    /// Times the completion queue overflowed.
    pub overflows: u64,
    /// Abandoned operations that the kernel cancelled.
    pub cancels_won: u64,
    /// Abandoned operations that completed all the same.
    pub cancels_lost: u64,
    /// Wake-up system calls made by other threads for this context.
    pub wakeups_sent: u64,
    /// Wake-ups that arrived here.
    pub wakeups_received: u64,
    /// Time spent awake, while a run was on.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "busy_ns", serialize_with = "crate::inspect::json::ns")
    )]
    pub busy: Duration,
    /// Time spent asleep, while a run was on.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "idle_ns", serialize_with = "crate::inspect::json::ns")
    )]
    pub idle: Duration,
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "tasks: {} live, {} spawned, {} finished, {} queued; {} polls in {} batches, the largest of {}",
            self.tasks_live,
            self.tasks_spawned,
            self.tasks_finished,
            self.queue_depth,
            self.polls,
            self.batches,
            self.largest_batch,
        )?;
        writeln!(
            f,
            "time: busy {:.1?}, idle {:.1?}, {} sleeps; timers: {} pending, {} fired; {} wait guards",
            self.busy,
            self.idle,
            self.sleeps,
            self.timers_pending,
            self.timers_fired,
            self.wait_guards,
        )?;
        writeln!(
            f,
            "I/O: {} in flight, {} submitted, {} completed, {} enters, {} overflows, {} cancels won, {} lost",
            self.in_flight,
            self.submitted,
            self.completed,
            self.enters,
            self.overflows,
            self.cancels_won,
            self.cancels_lost,
        )?;
        writeln!(
            f,
            "other threads: {} received, {} wake-ups sent, {} arrived",
            self.inbox_received, self.wakeups_sent, self.wakeups_received,
        )
    }
}

impl Core {
    pub(crate) fn snapshot(&self) -> Metrics {
        let counters = &self.metrics;
        let driver = &counters.driver;
        let (spawned, finished) = counters.tasks();
        Metrics {
            tasks_live: spawned - finished,
            tasks_spawned: spawned,
            tasks_finished: finished,
            polls: counters.polls.get(),
            queue_depth: self.queue_len(),
            batches: counters.batches.get(),
            largest_batch: counters.largest_batch.get(),
            inbox_received: counters.received.get(),
            wait_guards: self.guards.count() as u64,
            sleeps: counters.sleeps.get(),
            timers_pending: counters.timers_pending.get(),
            timers_fired: counters.timers_fired.get(),
            enters: driver.enters.get(),
            submitted: driver.submitted.get(),
            completed: driver.completed.get(),
            in_flight: driver.in_flight.get(),
            overflows: driver.overflows.get(),
            cancels_won: driver.cancels_won.get(),
            cancels_lost: driver.cancels_lost.get(),
            wakeups_sent: self.wakeups_sent(),
            wakeups_received: driver.unparks_received.get(),
            busy: Duration::from_nanos(counters.busy_until_now()),
            idle: Duration::from_nanos(counters.idle.get()),
        }
    }
}
