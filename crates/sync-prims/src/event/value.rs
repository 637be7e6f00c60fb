//! The value of an [`Event`]: writing it once, and the ways to look at it.

use core::fmt;
use core::future::Future;
use core::mem::{self, ManuallyDrop};
use core::pin::Pin;
use core::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::{Event, FILLING, SET, Wait};
use crate::queue::Queue;
use crate::slot::Slot;
use crate::sync::{AtomicUsize, Ordering};

/// An [`Event`] with a value, under the name that other libraries use.
///
/// It is the same type. For a value that is made by whoever needs it first there is [`OnceCell`](crate::OnceCell).
///
/// ```
/// use sync_prims::SetOnce;
///
/// static ADDRESS: SetOnce<String> = SetOnce::new();
///
/// assert_eq!(ADDRESS.set_value("[::1]:80".to_owned()), Ok(()));
/// assert_eq!(ADDRESS.wait_value_blocking(), "[::1]:80");
/// ```
pub type SetOnce<T> = Event<T>;

impl<T> Event<T> {
    /// Lets it have happened, with this value, and wakes all who wait.
    ///
    /// # Errors
    ///
    /// The value comes back if another was set before. If that happens at this very moment, [`get`](Event::get) may still
    /// say `None` for an instant; [`wait_value`](Event::wait_value) waits for it.
    #[inline]
    pub fn set_value(&self, value: T) -> Result<(), T> {
        if size_of::<T>() == 0 {
            // There is nothing to write, so the step to `SET` is all. The value is the event's from then on, also if a
            // waker that is woken after it panics.
            let value = ManuallyDrop::new(value);
            return if self.finish() {
                Ok(())
            } else {
                Err(ManuallyDrop::into_inner(value))
            };
        }
        if self.state.fetch_or(FILLING, Ordering::Acquire) & (FILLING | SET) != 0 {
            return Err(value);
        }
        // SAFETY: only the one who adds `FILLING` to a word without `FILLING` and `SET` comes here, and nobody reads
        // before `SET`. `FILLING` disappears only in the step to `SET`, and both when nobody else has the event.
        unsafe { self.value.write(value) };
        self.finish();
        Ok(())
    }

    /// The value, if it is set.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        // SAFETY: the value is there when the word says `SET`; it is taken out through an exclusive reference only.
        self.is_set().then(|| unsafe { self.value.get() })
    }

    /// The value, if it is set, to change it.
    #[inline]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        // SAFETY: the value is there when the word says `SET`.
        self.is_set().then(|| unsafe { self.value.get_mut() })
    }

    /// Takes the value out, if it is set. The event is not set then, as if it were new.
    pub fn take(&mut self) -> Option<T> {
        if !self.is_set() {
            return None;
        }
        // Nobody else has the event, and with the reference it goes to others in its new state.
        self.state.store(0, Ordering::Relaxed);
        // SAFETY: the word said that the value is there, and does not any more.
        Some(unsafe { self.value.take() })
    }

    /// The value, if it was set.
    pub fn into_inner(mut self) -> Option<T> {
        self.take()
    }

    /// Waits until it is set, and lends the value.
    ///
    /// Dropping the future ends the wait and has no other effect.
    #[inline]
    pub fn wait_value(&self) -> WaitValue<'_, T> {
        WaitValue { wait: self.wait() }
    }

    /// Waits until it is set, and clones the value.
    ///
    /// Dropping the future ends the wait and has no other effect.
    #[inline]
    pub fn wait_cloned(&self) -> WaitCloned<'_, T>
    where
        T: Clone,
    {
        WaitCloned { wait: self.wait() }
    }

    /// Sleeps until it is set, on a plain thread, and lends the value.
    #[cfg(any(feature = "std", loom))]
    pub fn wait_value_blocking(&self) -> &T {
        crate::blocking::block_on(self.wait_value())
    }

    /// Sleeps until it is set, on a plain thread, and clones the value.
    #[cfg(any(feature = "std", loom))]
    pub fn wait_cloned_blocking(&self) -> T
    where
        T: Clone,
    {
        self.wait_value_blocking().clone()
    }
}

impl<T> Drop for Event<T> {
    fn drop(&mut self) {
        if mem::needs_drop::<T>() {
            drop(self.take());
        }
    }
}

impl<T> From<T> for Event<T> {
    /// An event that has happened already.
    fn from(value: T) -> Event<T> {
        Event {
            state: AtomicUsize::new(SET),
            queue: Queue::new(),
            value: Slot::filled(value),
        }
    }
}

pin_project! {
    /// A wait for the value of an [`Event`], to look at.
    ///
    /// Dropping it ends the wait. Polled again when it was ready, it is ready again.
    #[must_use = "futures do nothing unless polled"]
    pub struct WaitValue<'e, T> {
        #[pin]
        wait: Wait<'e, T>,
    }
}

impl<'e, T> Future for WaitValue<'e, T> {
    type Output = &'e T;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<&'e T> {
        Poll::Ready(ready!(poll_value(self.project().wait, cx)))
    }
}

pin_project! {
    /// A wait for the value of an [`Event`], to have a clone of.
    ///
    /// Dropping it ends the wait. Polled again when it was ready, it is ready again.
    #[must_use = "futures do nothing unless polled"]
    pub struct WaitCloned<'e, T> {
        #[pin]
        wait: Wait<'e, T>,
    }
}

impl<T: Clone> Future for WaitCloned<'_, T> {
    type Output = T;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        poll_value(self.project().wait, cx).map(T::clone)
    }
}

#[inline]
fn poll_value<'e, T>(mut wait: Pin<&mut Wait<'e, T>>, cx: &mut Context<'_>) -> Poll<&'e T> {
    ready!(wait.as_mut().poll(cx));
    let event = *wait.project().event;
    Poll::Ready(event.get().expect("a wait ends when the value is there"))
}

impl<T: fmt::Debug> fmt::Debug for WaitValue<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitValue")
            .field("event", self.wait.event)
            .finish()
    }
}

impl<T: fmt::Debug> fmt::Debug for WaitCloned<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitCloned")
            .field("event", self.wait.event)
            .finish()
    }
}
