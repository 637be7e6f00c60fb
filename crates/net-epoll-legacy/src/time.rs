//! Waiting, deadlines and regular ticks.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use crate::context::Handle;
use crate::reactor::Reactor;
use crate::timers::Key;

/// As far as a deadline can be: a duration beyond is as good as for ever.
const FAR: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// The future of [`Handle::sleep`]: ready when the time is over, not before.
///
/// Cancel-safe: dropping it forgets the timer.
#[must_use = "futures do nothing unless polled"]
pub struct Sleep {
    reactor: Arc<Reactor>,
    deadline: Instant,
    /// Set while a waker waits there.
    key: Option<Key>,
}

impl Sleep {
    pub(crate) fn new(reactor: Arc<Reactor>, duration: Duration) -> Self {
        Self::until(reactor, Instant::now() + duration.min(FAR))
    }

    fn until(reactor: Arc<Reactor>, deadline: Instant) -> Self {
        let key = None;
        Self {
            reactor,
            deadline,
            key,
        }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if Instant::now() >= self.deadline {
            self.forget();
            return Poll::Ready(());
        }
        let key = match self.key {
            Some(key) => key,
            None => self.reactor.timers().key(self.deadline),
        };
        self.key = Some(key);
        if self.reactor.timers().set(key, cx.waker().clone()) {
            // Whoever waits for a later one has to look again.
            self.reactor.wake_sleeper();
        }
        tracing::trace!(left = ?(self.deadline - Instant::now()), "suspends: waits for a timer");
        Poll::Pending
    }
}

impl Sleep {
    fn forget(&mut self) {
        if let Some(key) = self.key.take() {
            self.reactor.timers().remove(key);
        }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.forget();
    }
}

/// The time of a [`Timeout`] was over before its future was ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the time was over")]
pub struct Elapsed;

impl From<Elapsed> for std::io::Error {
    fn from(_: Elapsed) -> Self {
        std::io::ErrorKind::TimedOut.into()
    }
}

pin_project! {
    /// The future of [`Handle::timeout`]: another future's output, or [`Elapsed`].
    ///
    /// The future is dropped with it; see there what that means.
    #[must_use = "futures do nothing unless polled"]
    pub struct Timeout<F> {
        #[pin]
        future: F,
        #[pin]
        sleep: Sleep,
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        this.sleep.poll(cx).map(|()| Err(Elapsed))
    }
}

impl Handle {
    /// Waits for a future, but no longer than this. A future that is ready at its first poll is in time, however short that is.
    ///
    /// Cancel-safe if the future is.
    pub fn timeout<F: Future>(&self, duration: Duration, future: F) -> Timeout<F> {
        let sleep = self.sleep(duration);
        Timeout { future, sleep }
    }

    /// Ticks at regular moments, the first of them after one period. Ticks that nobody waited for in time are left out.
    ///
    /// # Panics
    ///
    /// If the period is zero.
    pub fn interval(&self, period: Duration) -> Interval {
        assert!(
            !period.is_zero(),
            "an interval needs a period: a millisecond or more"
        );
        let period = period.min(FAR);
        let next = Instant::now() + period;
        let reactor = self.reactor().clone();
        Interval {
            reactor,
            period,
            next,
        }
    }
}

/// Regular ticks: of [`Handle::interval`].
pub struct Interval {
    reactor: Arc<Reactor>,
    period: Duration,
    next: Instant,
}

impl Interval {
    /// Waits for the next tick: the moment it was due at.
    ///
    /// Cancel-safe: dropping the future loses no tick.
    pub async fn tick(&mut self) -> Instant {
        Sleep::until(self.reactor.clone(), self.next).await;
        let due = self.next;
        let late = Instant::now().saturating_duration_since(due);
        let since_a_tick = (late.as_nanos() % self.period.as_nanos()) as u64;
        self.next = due + late - Duration::from_nanos(since_a_tick) + self.period;
        due
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interval")
            .field("period", &self.period)
            .finish_non_exhaustive()
    }
}
