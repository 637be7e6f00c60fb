//! Taking a context down at the end of its run.

use super::Worker;
use crate::report;
use crate::task::{self, ABORT, TaskPtr};

impl Worker<'_> {
    /// Takes the context down: aborts what is left, cancels and collects its operations, unbinds the thread.
    ///
    /// In this order: no new tasks; futures are dropped while the driver still works, as their destructors may use it; the
    /// inbox is closed and what came last is ended too; timers are dropped; the ring is shut down; and only then is
    /// the thread unbound.
    pub(crate) fn finish(self) {
        // A run that failed ends awake.
        let awake_since = self.core.metrics.awake_since.get();
        if awake_since != 0 {
            self.add_busy(awake_since);
        }
        let home = self.core.home();
        home.closing.set(true);
        home.spawns_plainly.set(false);
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
        self.core.end_run();
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
