//! Timers: the clock, the wheel of one context, and the futures that wait on it.
//!
//! Deadlines are `u64` nanoseconds of `CLOCK_MONOTONIC` inside and [`std::time::Instant`] outside. A context owns
//! one [`Wheel`]; its loop asks [`Wheel::next_deadline_ns`] how long it may sleep and calls [`Wheel::advance`] with
//! [`now_ns`] after each turn. The futures reach the wheel through `crate::current::with_timers`, which also tells
//! which context it is: a timer is only ever touched on the context where it was registered.
//!
//! Invariant: no waker is cloned, woken or dropped while the wheel is borrowed.

mod clock;
mod interval;
mod sleep;
mod timeout;
mod wheel;

pub(crate) use clock::{duration_to_ns, now_ns};
pub use interval::{Interval, MissedTickBehavior, Tick, interval, interval_at};
pub use sleep::{Sleep, sleep, sleep_until};
pub use timeout::{Elapsed, Timeout, timeout, timeout_at};
pub(crate) use wheel::Wheel;
