//! The grid of the mutex: around a counter that nothing else guards, and together with other primitives.

use std::sync::Arc;

use corio::sync::{Event, Mutex};

use crate::support::{Unguarded, grid};

#[derive(Default)]
struct Counted {
    mutex: Mutex<()>,
    counter: Unguarded,
    event: Event,
}

impl Counted {
    async fn count(&self) {
        let _guard = self.mutex.lock().await;
        self.counter.count().await;
    }
}

fn around_a_counter(mutex: impl Fn() -> Mutex<()>) {
    grid(|mut tasks, setters, waiters| {
        let counted = Arc::new(Counted {
            mutex: mutex(),
            ..Counted::default()
        });
        tasks.add_each(setters + waiters, |_| {
            let counted = counted.clone();
            async move { counted.count().await }
        });
        tasks.run();
        assert!(!counted.mutex.is_locked());
        assert_eq!(counted.counter.get(), setters + waiters);
    });
}

#[test]
fn around_a_counter_in_order() {
    around_a_counter(|| Mutex::new(()));
}

#[test]
fn around_a_counter_barging() {
    around_a_counter(|| Mutex::barging(()));
}

/// The setters count, and the last one sets an event, with the lock held; the waiters count after it.
#[test]
fn with_an_event() {
    grid(|mut tasks, setters, waiters| {
        let counted = Arc::new(Counted::default());
        tasks.add_each(waiters, |_| {
            let counted = counted.clone();
            async move {
                counted.event.wait().await;
                let _guard = counted.mutex.lock().await;
                assert!(counted.counter.get() >= setters);
                counted.counter.count().await;
            }
        });
        tasks.add_each(setters, |_| {
            let counted = counted.clone();
            async move {
                let _guard = counted.mutex.lock().await;
                counted.counter.count().await;
                if counted.counter.get() == setters {
                    counted.event.set();
                }
            }
        });
        tasks.run();
        assert_eq!(counted.counter.get(), setters + waiters);
    });
}
