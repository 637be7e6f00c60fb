//! The grid of the events.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use corio::sync::Event;

use crate::support::grid;

/// Half of the waiters come before the setters; of these one is the first.
#[test]
fn setters_and_waiters() {
    grid(|mut tasks, setters, waiters| {
        let event = Arc::new(Event::new());
        let first = Arc::new(AtomicUsize::new(0));
        let wait = |_| {
            let event = event.clone();
            async move {
                event.wait().await;
                assert!(event.is_set());
            }
        };
        tasks.add_each(waiters.div_ceil(2), wait);
        tasks.add_each(setters, |_| {
            let (event, first) = (event.clone(), first.clone());
            async move {
                if event.set() {
                    first.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        tasks.add_each(waiters / 2, wait);
        tasks.run();
        assert_eq!(first.load(Ordering::Relaxed), 1);
    });
}
