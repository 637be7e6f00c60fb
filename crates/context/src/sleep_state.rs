//! Whether a context sleeps, so that other threads know whether it has to be woken.
//!
//! | state | meaning | left by |
//! |-------|---------|---------|
//! | AWAKE | the home thread runs, and will look at its inbox before it sleeps | home: to ASLEEP; others: to NOTIFIED |
//! | ASLEEP | it sleeps or is about to | others: to NOTIFIED, and they wake its driver |
//! | NOTIFIED | somebody has called since it last looked | home alone: to AWAKE |
//!
//! Home: [`begin`](SleepState::begin); look at the inbox, and at all else that another thread may have changed; sleep in the
//! driver; [`end`](SleepState::end); look again. Everybody else: change something, then [`notify`](SleepState::notify), and
//! wake the driver if that says so. A burst of calls during one sleep wakes the driver once; calls to a context that is
//! awake cost one swap.
//!
//! The driver has such a word of its own. This one belongs to the context because a caller may be anywhere in its call when the
//! run ends and the driver goes: the word outlives all runs, and only the one caller in a sleep that has to make the
//! system call takes a lock to get at the driver of the run, if there is one.
//!
//! Races, each with a model below:
//!
//! - *A push comes before `begin`*: the look at the inbox sees it, or the push's `notify` comes after `begin` and finds ASLEEP.
//! - *A push comes after the look*: its `notify` comes after `begin` in the word's order, and finds ASLEEP, or NOTIFIED by
//!   somebody who found ASLEEP in the same sleep and wakes the driver.
//! - *The caller who found ASLEEP is slow*: the home thread may have woken up meanwhile for another reason, and taken what
//!   was pushed. The driver is then woken in vain, or is gone.

use crate::sync::{AtomicU32, Ordering};

const AWAKE: u32 = 0;
const ASLEEP: u32 = 1;
const NOTIFIED: u32 = 2;

/// The word; see the module's page.
pub(crate) struct SleepState(AtomicU32);

impl SleepState {
    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(AWAKE))
    }

    /// For the home thread, before it looks for the last time and sleeps; false if somebody has called already.
    #[must_use]
    pub(crate) fn begin(&self) -> bool {
        let began = self
            .0
            .compare_exchange(AWAKE, ASLEEP, Ordering::SeqCst, Ordering::SeqCst)
            .is_ok();
        if !began {
            self.end();
        }
        began
    }

    /// For the home thread, after `begin`: true if nobody has called since, so that the next one will wake the driver.
    pub(crate) fn is_uncalled(&self) -> bool {
        self.0.load(Ordering::SeqCst) == ASLEEP
    }

    /// For the home thread, after its sleep or instead of it.
    pub(crate) fn end(&self) {
        // Acquires what callers changed before they called, and is a write, so that a later call is not mistaken for an
        // earlier one.
        self.0.swap(AWAKE, Ordering::SeqCst);
    }

    /// For everybody else; true if the caller has to wake the driver.
    #[inline]
    #[must_use]
    pub(crate) fn notify(&self) -> bool {
        self.0.swap(NOTIFIED, Ordering::SeqCst) == ASLEEP
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn one_call_in_each_sleep_wakes() {
        let state = SleepState::new();
        assert!(!state.notify(), "awake");
        assert!(!state.begin(), "somebody has called");
        assert!(state.begin());
        assert!(state.notify());
        assert!(!state.notify(), "somebody wakes it already");
        state.end();
        assert!(!state.notify());
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use crate::inbox::Inbox;
    use crate::inbox::test_node::{Node, unbox};
    use crate::sync::Mutex;
    use loom::sync::{Arc, Condvar};
    use loom::thread;

    /// A context as far as its sleep goes: the real inbox and the real word. The driver is its own word, which stands in
    /// for the engine's (that one is private to it, and the same), and an event that can be waited for, its eventfd.
    struct Model {
        inbox: Inbox<Node>,
        sleep: SleepState,
        driver: SleepState,
        event: Mutex<bool>,
        written: Condvar,
    }

    impl Model {
        fn new() -> Arc<Self> {
            Arc::new(Self {
                inbox: Inbox::new(),
                sleep: SleepState::new(),
                driver: SleepState::new(),
                event: Mutex::new(false),
                written: Condvar::new(),
            })
        }

        /// As `push_to_inbox` and `Core::unpark` do.
        fn push(&self, value: usize) {
            // SAFETY: a leaked node stays valid.
            assert!(unsafe { self.inbox.push(Node::leak(value)) });
            if self.sleep.notify() && self.driver.notify() {
                *self.event.lock().unwrap() = true;
                self.written.notify_one();
            }
        }

        /// As the worker does, until it has taken what adds up to `sum`. A lost wake-up is a deadlock, which loom reports.
        fn take(&self, sum: usize) {
            let mut taken = 0;
            loop {
                taken += self.inbox.take_all().map(unbox).sum::<usize>();
                if taken == sum {
                    return;
                }
                if !self.sleep.begin() {
                    continue;
                }
                if self.driver.begin() {
                    if self.inbox.is_empty() {
                        let mut event = self.event.lock().unwrap();
                        while !*event {
                            event = self.written.wait(event).unwrap();
                        }
                        *event = false;
                    }
                    self.driver.end();
                }
                self.sleep.end();
            }
        }
    }

    #[test]
    fn loom_a_push_wakes_the_sleeper() {
        loom::model(|| {
            let model = Model::new();
            let pusher = {
                let model = model.clone();
                thread::spawn(move || {
                    model.push(1);
                    model.push(2);
                })
            };
            model.take(3);
            pusher.join().unwrap();
        });
    }

    #[test]
    fn loom_two_pushers_wake_the_sleeper() {
        loom::model(|| {
            let model = Model::new();
            let pushers: Vec<_> = [1, 2]
                .into_iter()
                .map(|value| {
                    let model = model.clone();
                    thread::spawn(move || model.push(value))
                })
                .collect();
            model.take(3);
            for pusher in pushers {
                pusher.join().unwrap();
            }
        });
    }
}
