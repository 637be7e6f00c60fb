//! sync-prims.

use std::future::Future;
use std::time::Duration;

use ::sync_prims::Event;

use crate::sync::case::{Case, Kind};
use crate::sync::event;

pub(super) fn time(Case(kind): Case, iterations: u64) -> Option<Duration> {
    Some(match kind {
        Kind::Event(case) => event::time::<Event>(case, iterations),
        _ => return None,
    })
}

impl event::Event for Event {
    fn new() -> Self {
        Event::new()
    }

    #[inline]
    fn set(&self) {
        self.set();
    }

    #[inline]
    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.wait()
    }
}
