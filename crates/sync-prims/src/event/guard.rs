//! [`EventGuard`]: sets an event on every way out.

use alloc::sync::Arc;
use core::fmt;
use core::ops::Deref;

use super::Event;

/// Sets an [`Event`] when it is dropped: at the end of the scope, at an early return, on unwinding from a panic, and when
/// the future that holds it is dropped.
///
/// `E` is what leads to the event: `&Event`, an [`Arc`] ([`OwnedEventGuard`]), or another pointer. It is made by
/// [`Event::guard`], [`Event::guard_owned`] or [`EventGuard::new`].
///
/// ```
/// use sync_prims::Event;
///
/// let stopped = Event::new();
/// std::thread::scope(|threads| {
///     threads.spawn(|| {
///         let _stopped = stopped.guard();
///         // Whatever happens here, those who wait for the end are told.
///     });
///     stopped.wait_blocking();
/// });
/// ```
#[must_use = "the event is set when the guard is dropped, which is at once if it has no name"]
pub struct EventGuard<E: Deref<Target = Event>> {
    event: E,
    armed: bool,
}

/// An [`EventGuard`] that keeps its event alive.
pub type OwnedEventGuard = EventGuard<Arc<Event>>;

impl<E: Deref<Target = Event>> EventGuard<E> {
    /// A guard that sets this event when it is dropped.
    pub const fn new(event: E) -> EventGuard<E> {
        EventGuard { event, armed: true }
    }

    /// The event that it sets.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// Drops the guard without setting the event.
    pub fn disarm(mut self) {
        self.armed = false;
    }
}

impl<E: Deref<Target = Event>> Drop for EventGuard<E> {
    fn drop(&mut self) {
        if self.armed {
            self.event.set();
        }
    }
}

impl<E: Deref<Target = Event>> fmt::Debug for EventGuard<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventGuard")
            .field("event", &*self.event)
            .finish()
    }
}

impl Event {
    /// A guard that sets this event when it is dropped.
    pub const fn guard(&self) -> EventGuard<&Event> {
        EventGuard::new(self)
    }

    /// The same, and it keeps the event alive.
    pub fn guard_owned(self: &Arc<Event>) -> OwnedEventGuard {
        EventGuard::new(self.clone())
    }
}
