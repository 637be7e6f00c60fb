//! The acceptance grid of what releases all who wait: so many setters, so many waiters.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::thread;

use super::{Hooks, poll_once, poll_with};

/// (setters, waiters).
pub(crate) const GRID: [(usize, usize); 7] = [
    (1, 1),
    (1, 100),
    (1, 10_000),
    (100, 1),
    (100, 100),
    (100, 10_000),
    (100, 100_000),
];

/// The part of [`GRID`] in which each waiter can be a thread.
pub(crate) const GRID_OF_THREADS: [(usize, usize); 4] = [(1, 1), (1, 100), (100, 1), (100, 100)];

/// `waiters` futures wait, then as many threads as there are `setters` call `set`, which together release all: each is
/// woken once, in the order they came.
pub(crate) fn released_in_order<W: Future>(
    (setters, waiters): (usize, usize),
    wait: impl Fn() -> W,
    set: impl Fn() + Sync,
) {
    let woken = Arc::new(Mutex::new(Vec::new()));
    let mut waits: Vec<_> = (0..waiters).map(|_| Box::pin(wait())).collect();
    for (number, wait) in waits.iter_mut().enumerate() {
        let woken = woken.clone();
        let hooks = Arc::new(Hooks {
            wake: Some(Box::new(move || woken.lock().unwrap().push(number))),
            ..Hooks::default()
        });
        assert!(poll_with(wait.as_mut(), &hooks.waker()).is_pending());
    }
    assert_eq!(*woken.lock().unwrap(), []);
    thread::scope(|threads| {
        for _ in 0..setters {
            threads.spawn(&set);
        }
    });
    assert!(woken.lock().unwrap().iter().copied().eq(0..waiters));
    for wait in &mut waits {
        assert!(poll_once(wait.as_mut()).is_ready());
    }
    drop(waits);
    assert_eq!(woken.lock().unwrap().len(), waiters);
}

/// Threads wait while others set: all return. `wait` is to check that it sees what the setters did.
pub(crate) fn released_on_threads(
    (setters, waiters): (usize, usize),
    wait: impl Fn() + Sync,
    set: impl Fn() + Sync,
) {
    thread::scope(|threads| {
        // Half of the waiters may be there before the setters start.
        for _ in 0..waiters / 2 {
            threads.spawn(&wait);
        }
        for _ in 0..setters {
            threads.spawn(&set);
        }
        for _ in waiters / 2..waiters {
            threads.spawn(&wait);
        }
    });
}
