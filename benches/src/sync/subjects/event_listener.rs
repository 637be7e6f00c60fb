//! event-listener, with the flags that its documentation puts beside an event, and listeners on the stack.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ::event_listener::{Event, listener};

use crate::sync::case::{Case, Kind};
use crate::sync::{event, notify};

pub(super) fn time(Case(kind): Case, iterations: u64) -> Option<Duration> {
    match kind {
        Kind::Event(case) => Some(event::time::<Flagged>(case, iterations)),
        Kind::Notify(case) => Some(notify::time::<Flagged>(case, iterations)),
        _ => None,
    }
}

struct Flagged {
    raised: AtomicBool,
    event: Event,
}

impl Flagged {
    fn with_event() -> Self {
        Flagged {
            raised: AtomicBool::new(false),
            event: Event::new(),
        }
    }

    fn take(&self) -> bool {
        self.raised.load(Ordering::Acquire) && self.raised.swap(false, Ordering::AcqRel)
    }
}

impl event::Event for Flagged {
    fn new() -> Self {
        Flagged::with_event()
    }

    #[inline]
    fn set(&self) {
        self.raised.store(true, Ordering::Release);
        self.event.notify(usize::MAX);
    }

    #[inline]
    async fn wait(&self) {
        loop {
            if self.raised.load(Ordering::Acquire) {
                return;
            }
            listener!(self.event => listener);
            if self.raised.load(Ordering::Acquire) {
                return;
            }
            listener.await;
        }
    }
}

impl notify::Notify for Flagged {
    fn new() -> Self {
        Flagged::with_event()
    }

    #[inline]
    fn notify(&self) {
        self.raised.store(true, Ordering::Release);
        self.event.notify(1);
    }

    #[inline]
    async fn wait(&self) {
        loop {
            if self.take() {
                return;
            }
            listener!(self.event => listener);
            if self.take() {
                return;
            }
            listener.await;
        }
    }
}
