//! Time on the current context: waiting, deadlines, regular ticks.
//!
//! All of it is the context's; an I/O operation under a [`timeout()`] is dropped when the time is over, and inherits what its
//! own page says about being dropped.

pub use std::time::{Duration, Instant};

pub use context::{
    Elapsed, Interval, MissedTickBehavior, Sleep, Tick, Timeout, interval, interval_at, sleep,
    sleep_until, timeout, timeout_at,
};
