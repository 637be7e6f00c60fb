//! What happens once for all, and what happens again and again.

use std::future::Future;

use futures_util::FutureExt;
use sync_prims::ResetEvent;

use crate::subject::{Lets, Subject};

pub(crate) struct Event(sync_prims::Event);

impl Subject for Event {
    const LETS: Lets = Lets::All;
    const KEEPS: bool = true;

    fn blocked(_waiters: usize) -> Self {
        Event(sync_prims::Event::new())
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.0.wait()
    }

    fn notify_one(&self) {
        self.0.set();
    }

    fn notify_all(&self, _waiters: usize) {
        self.0.set();
    }

    fn look(&self) {
        self.0.is_set();
        let _ = format!("{:?} {:?}", self.0, self.0.wait());
    }
}

/// A wait for the value of an event.
pub(crate) struct Value(sync_prims::Event<String>);

impl Subject for Value {
    const LETS: Lets = Lets::All;
    const KEEPS: bool = true;

    fn blocked(_waiters: usize) -> Self {
        Value(sync_prims::Event::new())
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.0.wait_value().map(|value| assert_eq!(value, ""))
    }

    fn notify_one(&self) {
        let _ = self.0.set_value(String::new());
    }

    fn notify_all(&self, _waiters: usize) {
        self.notify_one();
    }

    fn look(&self) {
        self.0.get();
        let _ = format!("{:?} {:?}", self.0, self.0.wait_cloned());
    }
}

pub(crate) struct ManualResetEvent(ResetEvent);

impl Subject for ManualResetEvent {
    const LETS: Lets = Lets::All;
    const KEEPS: bool = true;

    fn blocked(_waiters: usize) -> Self {
        ManualResetEvent(ResetEvent::manual())
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.0.wait()
    }

    fn notify_one(&self) {
        self.0.set();
    }

    fn notify_all(&self, _waiters: usize) {
        self.0.set();
    }

    fn look(&self) {
        self.0.try_wait();
        let _ = format!("{:?} {:?}", self.0, self.0.wait());
    }
}

pub(crate) struct AutomaticResetEvent(ResetEvent);

impl Subject for AutomaticResetEvent {
    const LETS: Lets = Lets::One;
    const KEEPS: bool = true;
    const MERGES: bool = true;
    const TELLS_ALL: bool = false;

    fn blocked(_waiters: usize) -> Self {
        AutomaticResetEvent(ResetEvent::automatic())
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.0.wait()
    }

    fn notify_one(&self) {
        self.0.set();
    }

    fn notify_all(&self, waiters: usize) {
        (0..waiters).for_each(|_| self.notify_one());
    }

    fn look(&self) {
        self.0.is_set();
        let _ = format!("{:?} {:?}", self.0, self.0.wait());
    }
}

pub(crate) struct CancellationToken(sync_prims::CancellationToken);

impl Subject for CancellationToken {
    const LETS: Lets = Lets::All;
    const KEEPS: bool = true;

    fn blocked(_waiters: usize) -> Self {
        CancellationToken(sync_prims::CancellationToken::new())
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.0.cancelled()
    }

    fn notify_one(&self) {
        self.0.cancel();
    }

    fn notify_all(&self, _waiters: usize) {
        self.0.cancel();
    }

    fn look(&self) {
        drop(self.0.child_token());
        let _ = format!("{:?} {:?}", self.0, self.0.cancelled());
    }
}
