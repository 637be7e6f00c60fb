//! Timers: an ordered map of deadlines. The nearest one limits how long a context waits for events.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Instant;

use crate::contained::wake;

/// A timer's place: when, and a number that tells it from others of the same moment.
pub(crate) type Key = (Instant, u64);

#[derive(Default)]
pub(crate) struct Timers(Mutex<State>);

#[derive(Default)]
struct State {
    next_number: u64,
    waiting: BTreeMap<Key, Waker>,
}

impl Timers {
    /// A place for a timer that [`set`](Self::set) puts there.
    pub(crate) fn key(&self, deadline: Instant) -> Key {
        let mut state = self.lock();
        state.next_number += 1;
        (deadline, state.next_number)
    }

    /// Has `waker` be woken at its time. Says whether it is the nearest one now.
    pub(crate) fn set(&self, key: Key, waker: Waker) -> bool {
        let mut state = self.lock();
        let replaced = state.waiting.insert(key, waker);
        let is_nearest = state
            .waiting
            .first_key_value()
            .is_some_and(|(first, _)| *first == key);
        drop(state);
        drop(replaced);
        is_nearest
    }

    /// Forgets a timer.
    pub(crate) fn remove(&self, key: Key) {
        let waker = self.lock().waiting.remove(&key);
        drop(waker);
    }

    /// The nearest deadline.
    pub(crate) fn nearest(&self) -> Option<Instant> {
        let state = self.lock();
        state
            .waiting
            .first_key_value()
            .map(|((deadline, _), _)| *deadline)
    }

    /// Wakes all whose time has come, in the order of their deadlines.
    pub(crate) fn fire(&self) {
        let due = {
            let mut state = self.lock();
            if state.waiting.is_empty() {
                return;
            }
            let later = state.waiting.split_off(&(Instant::now(), u64::MAX));
            std::mem::replace(&mut state.waiting, later)
        };
        for (_, waker) in due {
            tracing::trace!("its time has come: who sleeps is resumed");
            wake(waker);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::Timers;
    use std::sync::{Arc, Mutex};
    use std::task::{Wake, Waker};
    use std::time::{Duration, Instant};

    struct Note(usize, Arc<Mutex<Vec<usize>>>);

    impl Wake for Note {
        fn wake(self: Arc<Self>) {
            self.1.lock().unwrap().push(self.0);
        }
    }

    #[test]
    fn timers_fire_once_in_the_order_of_their_deadlines() {
        let timers = Timers::default();
        let order = Arc::default();
        let note = |number| Waker::from(Arc::new(Note(number, Arc::clone(&order))));
        let begin = Instant::now();
        let [late, early, same, never] =
            [3, 1, 1, 2].map(|millis| timers.key(begin + Duration::from_millis(millis)));
        assert!(timers.set(late, note(3)));
        assert!(timers.set(early, note(1)));
        assert!(!timers.set(same, note(2)));
        assert!(!timers.set(never, note(9)));
        timers.remove(never);
        assert_eq!(timers.nearest(), Some(early.0));
        while timers.nearest().is_some() {
            timers.fire();
        }
        assert_eq!(*order.lock().unwrap(), [1, 2, 3]);
    }
}
