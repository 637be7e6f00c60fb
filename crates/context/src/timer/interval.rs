//! A tick at regular moments.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::clock::{duration_to_ns, instant_from_ns, instant_to_ns, now_ns};
use super::sleep::Sleep;

/// What becomes of ticks that were missed.
///
/// A tick is missed if the one after it is due already when it is delivered. Lateness of less than a period never
/// shifts the schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissedTickBehavior {
    /// They are delivered at once, one after the other, until the schedule is caught up with.
    #[default]
    Burst,
    /// They are given up, and the schedule starts again from the delivery of the late one.
    Delay,
    /// They are given up, and the schedule stays as it is.
    Skip,
}

/// Ticks every `period`, for the first time at once.
///
/// # Panics
///
/// If `period` is zero.
///
/// ```no_run
/// # async fn example() {
/// let mut heartbeat = context::interval(std::time::Duration::from_secs(1));
/// loop {
///     heartbeat.tick().await;
///     println!("alive");
/// }
/// # }
/// ```
pub fn interval(period: Duration) -> Interval {
    let now = now_ns();
    Interval::new(now, now, period)
}

/// Ticks every `period`, for the first time at `start`.
///
/// # Panics
///
/// If `period` is zero.
pub fn interval_at(start: Instant, period: Duration) -> Interval {
    Interval::new(instant_to_ns(start), now_ns(), period)
}

/// A schedule of ticks; see [`interval`].
///
/// ```
/// use context::MissedTickBehavior;
/// use std::time::Duration;
///
/// # context::block_on(async {
/// let period = Duration::from_millis(2);
/// let mut samples = context::interval(period);
/// samples.set_missed_tick_behavior(MissedTickBehavior::Skip);
/// let first = samples.tick().await;
/// // Ticks are due at whole periods after the first, however long the work between them takes.
/// std::thread::sleep(Duration::from_millis(3));
/// let next = samples.tick().await;
/// assert_eq!((next - first).as_nanos() % period.as_nanos(), 0);
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Interval {
    next: Sleep,
    period_ns: u64,
    missed: MissedTickBehavior,
}

impl Interval {
    fn new(start_ns: u64, now_ns: u64, period: Duration) -> Interval {
        assert!(
            !period.is_zero(),
            "the period of an interval must not be zero"
        );
        Interval {
            next: Sleep::new(start_ns, now_ns),
            period_ns: duration_to_ns(period),
            missed: MissedTickBehavior::default(),
        }
    }

    /// Waits for the next tick and returns the moment it was due.
    ///
    /// Cancel-safe: a tick that was not delivered is delivered to the next call.
    ///
    /// # Panics
    ///
    /// The future panics if it has to wait while polled outside of a context.
    pub fn tick(&mut self) -> Tick<'_> {
        Tick { interval: self }
    }

    /// Polls for the next tick; ready with the moment it was due.
    ///
    /// # Panics
    ///
    /// If it has to wait outside of a context.
    pub fn poll_tick(&mut self, cx: &mut Context<'_>) -> Poll<Instant> {
        if Pin::new(&mut self.next).poll(cx).is_pending() {
            return Poll::Pending;
        }
        let due = self.next.deadline_ns();
        let now = now_ns();
        self.next = Sleep::new(following_tick(due, now, self.period_ns, self.missed), now);
        Poll::Ready(instant_from_ns(due))
    }

    /// Starts the schedule again: the next tick is one period from now.
    pub fn reset(&mut self) {
        let now = now_ns();
        self.next = Sleep::new(now.saturating_add(self.period_ns), now);
    }

    /// The time from tick to tick.
    pub fn period(&self) -> Duration {
        Duration::from_nanos(self.period_ns)
    }

    /// What becomes of ticks that were missed.
    pub fn missed_tick_behavior(&self) -> MissedTickBehavior {
        self.missed
    }

    /// Chooses what becomes of ticks that were missed.
    pub fn set_missed_tick_behavior(&mut self, behavior: MissedTickBehavior) {
        self.missed = behavior;
    }
}

/// The ticks without an end, each the moment it was due. A `next()` that is dropped loses none.
///
/// # Panics
///
/// `poll_next` panics if it has to wait outside of a context.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use futures_util::StreamExt;
///
/// # context::block_on(async {
/// let ticks = context::interval(Duration::from_millis(1));
/// let due: Vec<_> = ticks.take(3).collect().await;
/// assert_eq!(due[2] - due[0], Duration::from_millis(2));
/// # }).unwrap();
/// ```
#[cfg(feature = "futures")]
impl futures_core::Stream for Interval {
    type Item = Instant;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Instant>> {
        self.poll_tick(cx).map(Some)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::MAX, None)
    }
}

/// Never terminated, as it has no end.
#[cfg(feature = "futures")]
impl futures_core::FusedStream for Interval {
    fn is_terminated(&self) -> bool {
        false
    }
}

/// The future of [`Interval::tick`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Tick<'a> {
    interval: &'a mut Interval,
}

impl Future for Tick<'_> {
    type Output = Instant;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Instant> {
        self.interval.poll_tick(cx)
    }
}

/// The tick after the one that was due at `due` and is delivered at `now`.
fn following_tick(due: u64, now: u64, period: u64, missed: MissedTickBehavior) -> u64 {
    let regular = due.saturating_add(period);
    if now < regular {
        return regular;
    }
    match missed {
        MissedTickBehavior::Burst => regular,
        MissedTickBehavior::Delay => now.saturating_add(period),
        MissedTickBehavior::Skip => now.saturating_add(period - (now - due) % period),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::{MissedTickBehavior, following_tick, interval};
    use std::time::Duration;

    #[test]
    fn a_tick_in_time_keeps_the_schedule() {
        for missed in [
            MissedTickBehavior::Burst,
            MissedTickBehavior::Delay,
            MissedTickBehavior::Skip,
        ] {
            assert_eq!(following_tick(100, 100, 10, missed), 110);
            assert_eq!(following_tick(100, 109, 10, missed), 110);
        }
    }

    #[test]
    fn a_burst_delivers_each_missed_tick() {
        assert_eq!(following_tick(100, 135, 10, MissedTickBehavior::Burst), 110);
        assert_eq!(following_tick(110, 135, 10, MissedTickBehavior::Burst), 120);
    }

    #[test]
    fn a_delay_starts_from_the_delivery() {
        assert_eq!(following_tick(100, 135, 10, MissedTickBehavior::Delay), 145);
        assert_eq!(following_tick(100, 110, 10, MissedTickBehavior::Delay), 120);
    }

    #[test]
    fn a_skip_stays_on_the_grid() {
        assert_eq!(following_tick(100, 135, 10, MissedTickBehavior::Skip), 140);
        // A tick that is due right now is one of the missed: the next lies in the future.
        assert_eq!(following_tick(100, 130, 10, MissedTickBehavior::Skip), 140);
    }

    #[test]
    fn the_end_of_the_clock_does_not_overflow() {
        for missed in [
            MissedTickBehavior::Burst,
            MissedTickBehavior::Delay,
            MissedTickBehavior::Skip,
        ] {
            assert_eq!(
                following_tick(u64::MAX - 5, u64::MAX - 1, u64::MAX, missed),
                u64::MAX
            );
            assert_eq!(
                following_tick(10, u64::MAX, 100, missed).max(110),
                following_tick(10, u64::MAX, 100, missed)
            );
        }
    }

    #[test]
    #[should_panic(expected = "must not be zero")]
    fn a_period_of_zero_is_refused() {
        interval(Duration::ZERO);
    }
}
