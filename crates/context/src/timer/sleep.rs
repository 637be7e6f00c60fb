//! A future that waits for a moment.
//!
//! A [`Sleep`] is `Send`, so that a task may hold one before it is submitted, while the wheel it registers with
//! belongs to one thread. So the registration carries the id of its context, and the wheel is touched only on that
//! context. Polled elsewhere, a `Sleep` registers there anew; the entry it left behind fires and wakes a task for
//! nothing. The runtime itself never moves a task that was polled, so this happens only to those who poll by hand.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::clock::{duration_to_ns, instant_from_ns, instant_to_ns, now_ns};
use super::wheel::{TimerKey, TimerState};
use crate::current::with_timers;
use crate::task::waker::clone_waker;

/// Waits for `duration`, counted from this call, not from the first poll.
///
/// Never ends early; ends up to 65.5 µs (one tick) late, and later if the context is busy. A `duration` of zero is
/// over at once; one of more than 584 years is 584 years.
///
/// Cancel-safe: a dropped `Sleep` leaves nothing behind.
///
/// # Panics
///
/// The future panics if it has to wait while polled outside of a context.
#[inline]
pub fn sleep(duration: Duration) -> Sleep {
    let now = now_ns();
    let deadline_ns = now.saturating_add(duration_to_ns(duration));
    Sleep::new(deadline_ns, now)
}

/// Waits until `deadline`; one that has passed is over at once. Otherwise as [`sleep`].
#[inline]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep::new(instant_to_ns(deadline), now_ns())
}

/// The future of [`sleep`] and [`sleep_until`]. Once it is over it stays so: further polls are ready.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Sleep {
    deadline_ns: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    Unregistered,
    /// The wheel of `context` has, or had, an entry.
    Registered {
        context: u64,
        key: TimerKey,
    },
    Over,
}

/// What the wheel of the current context says about a registration.
enum Found {
    Pending,
    OtherWaker,
    /// It fired, or it belongs to another context.
    Absent,
}

impl Sleep {
    #[inline]
    pub(super) fn new(deadline_ns: u64, now_ns: u64) -> Sleep {
        let state = if deadline_ns <= now_ns {
            State::Over
        } else {
            State::Unregistered
        };
        Sleep { deadline_ns, state }
    }

    /// The moment it waits for.
    pub fn deadline(&self) -> Instant {
        instant_from_ns(self.deadline_ns)
    }

    /// Whether it is known to be over. Turns true when it is polled, or when it was over from the start.
    pub fn is_elapsed(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Waits for another moment from now on, whether or not it was over.
    pub fn reset(&mut self, deadline: Instant) {
        *self = sleep_until(deadline);
    }

    pub(super) fn deadline_ns(&self) -> u64 {
        self.deadline_ns
    }

    fn register(&mut self, waker: &Waker) -> Poll<()> {
        // The clone comes before the borrow and, unless it is used up, is dropped after it.
        let mut waker = Some(clone_waker(waker));
        let deadline_ns = self.deadline_ns;
        let registered = with_timers(|context, wheel| {
            let mut wheel = wheel.borrow_mut();
            if deadline_ns <= wheel.now_ns() {
                return None;
            }
            waker.take().map(|waker| State::Registered {
                context,
                key: wheel.insert(deadline_ns, waker),
            })
        });
        match registered {
            Ok(Some(state)) => {
                self.state = state;
                Poll::Pending
            }
            Ok(None) => {
                self.state = State::Over;
                Poll::Ready(())
            }
            Err(outside) => panic!("a timer was polled: {outside}"),
        }
    }

    /// Exchanges the waker of the entry on the current context.
    #[cold]
    fn replace_waker(&mut self, key: TimerKey, waker: &Waker) -> Poll<()> {
        let mut waker_slot = Some(clone_waker(waker));
        let replaced = with_timers(|_, wheel| {
            let waker = waker_slot.take()?;
            Some(wheel.borrow_mut().replace_waker(key, waker))
        });
        match replaced {
            Ok(Some(Ok(old))) => {
                drop(old);
                Poll::Pending
            }
            // The clone was foreign code, which may have advanced the wheel: the entry is gone.
            _ => self.register(waker),
        }
    }
}

impl Future for Sleep {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let (context, key) = match this.state {
            State::Over => return Poll::Ready(()),
            State::Unregistered => return this.register(cx.waker()),
            State::Registered { context, key } => (context, key),
        };
        let found = with_timers(|current, wheel| {
            if current != context {
                return Found::Absent;
            }
            match wheel.borrow().state(key, cx.waker()) {
                TimerState::Current => Found::Pending,
                TimerState::OtherWaker => Found::OtherWaker,
                TimerState::Gone => Found::Absent,
            }
        });
        match found {
            Ok(Found::Pending) => Poll::Pending,
            Ok(Found::OtherWaker) => this.replace_waker(key, cx.waker()),
            // Over if the wheel has passed the deadline; else this is another context, or the wheel was drained.
            Ok(Found::Absent) | Err(_) => this.register(cx.waker()),
        }
    }
}

impl Drop for Sleep {
    #[inline]
    fn drop(&mut self) {
        let State::Registered { context, key } = self.state else {
            return;
        };
        let waker = with_timers(|current, wheel| {
            if current == context {
                wheel.borrow_mut().cancel(key)
            } else {
                None
            }
        });
        // The waker, foreign code, is dropped here: the wheel is no longer borrowed.
        drop(waker);
    }
}
