//! Ends a test that hangs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Ends the process with a message if the test hangs, which would otherwise say nothing. No test comes near the limit.
pub(crate) struct Watchdog(Arc<AtomicBool>, thread::Thread);

impl Watchdog {
    /// Watches until it is dropped.
    pub(crate) fn new(test: impl Into<String>) -> Watchdog {
        let test = test.into();
        let done = Arc::new(AtomicBool::new(false));
        let watched = done.clone();
        let watching = thread::spawn(move || {
            for _ in 0..300 {
                if watched.load(Ordering::SeqCst) {
                    return;
                }
                thread::park_timeout(Duration::from_secs(1));
            }
            eprintln!("{test} hangs");
            std::process::abort();
        });
        Watchdog(done, watching.thread().clone())
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
        self.1.unpark();
    }
}
