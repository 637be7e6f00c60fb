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
use support::{Hand, Hooks, poll_once, poll_with};

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

/// More of them than are woken at a time, one of whom panics.
#[test]
fn all_who_have_got_a_place_are_woken() {
    const WAITERS: usize = 100;
    for broken_one in [0, 1, 30, 31, 32, 98] {
        let (sender, receiver) = local::bounded::<u8>(WAITERS);
        let permit = sender.try_reserve_many(WAITERS).unwrap();
        let mut reservations = Vec::new();
        let mut one = None;
        for number in 0..WAITERS {
            if number == broken_one {
                one = Some(waits(sender.reserve()));
            } else {
                reservations.push(Hand::pending(sender.reserve()));
            }
        }
        panics(|| drop(permit));
        assert!(reservations.iter().all(|waiting| waiting.wakes() == 1));
        drop(one);
        drop(receiver);
    }
}

/// Its message is dropped, and not lost, when who gets its place panics.
#[test]
fn a_send_that_gives_up_drops_its_message() {
    let (sender, receiver) = local::bounded(1);
    let message = Rc::new(());
    sender.try_send(message.clone()).unwrap();
    let first = Hand::pending(sender.send(message.clone()));
    // No place is what this one waits for, so it need not wait when it is the first.
    let second = waits(sender.reserve_many(0));
    panics(|| drop(first));
    assert_eq!(Rc::strong_count(&message), 2);
    drop((second, receiver));
    assert_eq!(Rc::strong_count(&message), 1);
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
