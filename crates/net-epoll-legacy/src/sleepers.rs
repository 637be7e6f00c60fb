//! Who sleeps, so that whoever brings work knows whether to wake somebody.
//!
//! ```text
//!   a thread that finds nothing to do        whoever brings work
//!   ─────────────────────────────────        ───────────────────
//!   counts itself among the sleepers         puts the work where threads look for it
//!   looks a last time                        looks at the count
//!   waits, unless it has found work          wakes one sleeper, unless there is none
//! ```
//!
//! Each writes first and looks then, so one of them at least sees the other: the work is not left behind with everybody asleep. The
//! wake-up is an edge that stays until a thread waits, so it may come before the wait begins.
//!
//! One wake-up wakes one thread, and two in a row may be one to the kernel. So what concerns one thread (a task) and what concerns
//! all (the end) are passed on: a thread that takes a task and leaves others, and a thread that goes, wake one more.

use crate::sync::{AtomicUsize, Ordering, order_seq_cst};

/// The threads that wait, or are about to.
#[derive(Default)]
pub(crate) struct Sleepers(AtomicUsize);

impl Sleepers {
    /// Counts this thread among the sleepers for as long as the guard lives. What was brought before is seen by who looks now; who
    /// brings something later sees the count.
    pub(crate) fn enter(&self) -> Asleep<'_> {
        self.0.fetch_add(1, Ordering::SeqCst);
        order_seq_cst();
        Asleep(self)
    }

    /// Whether somebody is to be woken: asked after the work was put in its place, under a lock or with `SeqCst`.
    #[inline]
    pub(crate) fn are_there(&self) -> bool {
        order_seq_cst();
        self.0.load(Ordering::SeqCst) > 0
    }
}

/// A thread that counts as asleep.
pub(crate) struct Asleep<'a>(&'a Sleepers);

impl Drop for Asleep<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use std::collections::VecDeque;
    use std::sync::Arc;

    use loom::sync::atomic::{AtomicBool, Ordering};
    use loom::sync::{Condvar, Mutex};
    use loom::thread;

    use super::Sleepers;

    /// An epoll instance with nothing but its eventfd: an edge is one event, however often it was made, for one thread.
    #[derive(Default)]
    struct Poller {
        edge: Mutex<bool>,
        made: Condvar,
    }

    impl Poller {
        fn wake(&self) {
            *self.edge.lock().unwrap() = true;
            self.made.notify_one();
        }

        fn wait(&self) {
            let mut edge = self.edge.lock().unwrap();
            while !std::mem::take(&mut *edge) {
                edge = self.made.wait(edge).unwrap();
            }
        }
    }

    #[derive(Default)]
    struct Shared {
        sleepers: Sleepers,
        poller: Poller,
        ready: Mutex<VecDeque<u32>>,
        is_over: AtomicBool,
    }

    impl Shared {
        fn wake_sleeper(&self) {
            if self.sleepers.are_there() {
                self.poller.wake();
            }
        }

        fn schedule(&self, task: u32) {
            self.ready.lock().unwrap().push_back(task);
            self.wake_sleeper();
        }

        fn end(&self) {
            self.is_over.store(true, Ordering::SeqCst);
            self.wake_sleeper();
        }

        /// Takes a task; none if all is over.
        fn take(&self) -> Option<u32> {
            loop {
                let (task, more) = {
                    let mut ready = self.ready.lock().unwrap();
                    (ready.pop_front(), !ready.is_empty())
                };
                if more {
                    self.wake_sleeper();
                }
                if task.is_some() {
                    return task;
                }
                if self.is_over.load(Ordering::SeqCst) {
                    self.wake_sleeper();
                    return None;
                }
                let asleep = self.sleepers.enter();
                let nothing = self.ready.lock().unwrap().is_empty();
                if nothing && !self.is_over.load(Ordering::SeqCst) {
                    self.poller.wait();
                }
                drop(asleep);
            }
        }
    }

    #[test]
    fn loom_a_task_is_not_left_behind() {
        loom::model(|| {
            let shared = Arc::new(Shared::default());
            let thread = {
                let shared = shared.clone();
                thread::spawn(move || shared.take())
            };
            shared.schedule(1);
            assert_eq!(thread.join().unwrap(), Some(1));
        });
    }

    /// Neither goes on to a further task, as one whose task blocks.
    #[test]
    fn loom_two_tasks_get_two_threads() {
        loom::model(|| {
            let shared = Arc::new(Shared::default());
            let other = {
                let shared = shared.clone();
                thread::spawn(move || shared.take().unwrap())
            };
            let bringer = {
                let shared = shared.clone();
                thread::spawn(move || {
                    shared.schedule(1);
                    shared.schedule(2);
                })
            };
            let sum = shared.take().unwrap() + other.join().unwrap();
            bringer.join().unwrap();
            assert_eq!(sum, 3);
        });
    }

    #[test]
    fn loom_the_end_reaches_all() {
        loom::model(|| {
            let shared = Arc::new(Shared::default());
            let other = {
                let shared = shared.clone();
                thread::spawn(move || shared.take())
            };
            let ender = {
                let shared = shared.clone();
                thread::spawn(move || shared.end())
            };
            assert_eq!(shared.take(), None);
            assert_eq!(other.join().unwrap(), None);
            ender.join().unwrap();
        });
    }
}
