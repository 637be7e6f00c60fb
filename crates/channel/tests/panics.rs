//! Wakers that panic: nothing is lost by it, nothing is there twice, and the others are woken.

#[path = "../../sync-prims/tests/support/mod.rs"]
mod support;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;

use channel::local;
use support::{Hooks, poll_once, poll_with};

/// A waker that panics when it is woken.
fn broken() -> Waker {
    let hooks = Hooks {
        wake: Some(Box::new(|| panic!("as it should"))),
        ..Hooks::default()
    };
    Arc::new(hooks).waker()
}

/// A future that waits with a waker that panics when it is woken.
fn waits<F: Future>(future: F) -> Pin<Box<F>> {
    let mut future = Box::pin(future);
    assert!(poll_with(future.as_mut(), &broken()).is_pending());
    future
}

fn panics<R>(work: impl FnOnce() -> R) {
    assert!(catch_unwind(AssertUnwindSafe(|| drop(work()))).is_err());
}

#[test]
fn a_send_that_wakes_has_sent_once() {
    let (sender, receiver) = local::bounded(1);
    let message = Rc::new(());
    let mut receive = waits(receiver.recv());
    let mut send = Box::pin(sender.send(message.clone()));
    panics(|| poll_once(send.as_mut()));
    assert_eq!(send.as_mut().cancel(), None);
    drop(send);
    assert_eq!(Rc::strong_count(&message), 2);
    assert!(poll_once(receive.as_mut()).is_ready());
    assert_eq!(Rc::strong_count(&message), 1);

    let receive = waits(receiver.recv());
    panics(|| sender.try_send(message.clone()));
    drop(receive);
    assert_eq!(Rc::strong_count(&message), 2);
    drop(receiver.try_recv());
    assert_eq!(Rc::strong_count(&message), 1);
}
