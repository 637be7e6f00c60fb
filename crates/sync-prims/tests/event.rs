//! `Event`: one set, many waits, a value or none.

#![cfg(not(any(loom, shuttle)))]

mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::{marker::PhantomData, thread};

use static_assertions::{assert_impl_all, assert_not_impl_any};
use support::grid::{GRID, GRID_OF_THREADS, released_in_order, released_on_threads};
use support::{Hand, Hooks, Watchdog, forget, poll_once, poll_with};
use sync_prims::event::{EventGuard, OwnedEventGuard, Wait, WaitCloned, WaitValue};
use sync_prims::{Event, SetOnce};

type SendNotSync = std::cell::Cell<u8>;
type SyncNotSend = std::sync::MutexGuard<'static, u8>;

assert_impl_all!(Event: Send, Sync, Unpin, Default, std::fmt::Debug);
assert_impl_all!(Event<String>: Send, Sync);
assert_impl_all!(Event<SendNotSync>: Send);
assert_not_impl_any!(Event<SendNotSync>: Sync);
assert_not_impl_any!(Event<SyncNotSend>: Send, Sync);
assert_not_impl_any!(Event<Rc<()>>: Send, Sync);
assert_impl_all!(Wait<'static>: Send, Sync);
assert_not_impl_any!(Wait<'static>: Unpin);
assert_impl_all!(WaitValue<'static, String>: Send, Sync);
assert_impl_all!(WaitCloned<'static, String>: Send, Sync);
assert_not_impl_any!(WaitValue<'static, SendNotSync>: Send, Sync);
assert_not_impl_any!(WaitCloned<'static, Rc<()>>: Send, Sync);
assert_impl_all!(EventGuard<&'static Event>: Send, Sync);
assert_impl_all!(OwnedEventGuard: Send, Sync);

#[test]
fn it_is_set_once_and_for_good() {
    let event = Event::new();
    assert!(!event.is_set());
    assert!(event.set());
    assert!(!event.set());
    assert!(event.is_set());
    event.wait_blocking();
    assert!(Event::from(()).is_set());
}

#[test]
fn it_can_be_a_static() {
    static EVENT: Event = Event::new();
    static VALUE: SetOnce<String> = SetOnce::new();
    thread::spawn(|| {
        VALUE.set_value("set".to_owned()).unwrap();
        EVENT.set()
    });
    EVENT.wait_blocking();
    assert_eq!(VALUE.get().map(String::as_str), Some("set"));
}

#[test]
fn a_wait_that_was_ready_is_ready_again() {
    let event = Event::new();
    let mut wait = pin!(event.wait());
    assert!(poll_once(wait.as_mut()).is_pending());
    event.set();
    assert!(poll_once(wait.as_mut()).is_ready());
    assert!(poll_once(wait.as_mut()).is_ready());
}

#[test]
fn waiters_are_woken_in_the_order_they_came() {
    for (setters, waiters) in GRID {
        let event = Event::new();
        let firsts = AtomicUsize::new(0);
        let set = || {
            firsts.fetch_add(event.set().into(), Ordering::Relaxed);
        };
        released_in_order((setters, waiters), || event.wait(), set);
        assert_eq!(firsts.into_inner(), 1);
    }
}

#[test]
fn waiters_for_a_value_are_woken_in_the_order_they_came() {
    for (setters, waiters) in GRID {
        let event = Event::new();
        let refused = AtomicUsize::new(0);
        let set = || {
            if let Err(value) = event.set_value("set".to_owned()) {
                assert_eq!(value, "set");
                refused.fetch_add(1, Ordering::Relaxed);
            }
        };
        released_in_order((setters, waiters), || event.wait_value(), set);
        assert_eq!(refused.into_inner(), setters - 1);
        assert_eq!(event.into_inner().as_deref(), Some("set"));
    }
}

#[test]
fn threads_wait_and_set() {
    let _watchdog = Watchdog::new("threads_wait_and_set");
    for (setters, waiters) in GRID_OF_THREADS {
        let event = Event::new();
        let (refused, seen) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let wait = || {
            assert_eq!(event.wait_value_blocking(), "set");
            seen.fetch_add(1, Ordering::Relaxed);
        };
        let set = || {
            let refusal = event.set_value("set".to_owned()).is_err();
            refused.fetch_add(refusal.into(), Ordering::Relaxed);
        };
        released_on_threads((setters, waiters), wait, set);
        assert_eq!(seen.into_inner(), waiters);
        assert_eq!(refused.into_inner(), setters - 1);
    }
}

#[test]
fn registering_against_setting() {
    let _watchdog = Watchdog::new("registering_against_setting");
    for _ in 0..2_000 {
        let event = Event::new();
        thread::scope(|threads| {
            threads.spawn(|| event.set_value(Box::new(7)));
            assert_eq!(**event.wait_value_blocking(), 7);
        });
    }
}

#[test]
fn a_second_value_is_refused_and_comes_back() {
    let event = Event::new();
    assert_eq!(event.get(), None);
    assert_eq!(event.set_value("first".to_owned()), Ok(()));
    assert_eq!(
        event.set_value("second".to_owned()),
        Err("second".to_owned())
    );
    assert_eq!(event.get().map(String::as_str), Some("first"));
    assert_eq!(event.wait_cloned_blocking(), "first");
}

#[test]
fn the_value_can_be_changed_and_taken_by_its_only_owner() {
    let mut event = Event::new();
    assert_eq!(event.get_mut(), None);
    assert_eq!(event.take(), None);
    event.set_value(1).unwrap();
    *event.get_mut().unwrap() = 2;
    assert_eq!(event.take(), Some(2));
    assert!(!event.is_set());
    assert_eq!(event.set_value(3), Ok(()));
    assert_eq!(event.into_inner(), Some(3));
    assert_eq!(Event::<u8>::new().into_inner(), None);
}

#[test]
fn the_value_is_dropped_once() {
    let value = Arc::new(());
    drop(Event::<Arc<()>>::new());
    let event = Event::from(value.clone());
    let refused = event.set_value(value.clone());
    assert_eq!(Arc::strong_count(&value), 3);
    drop(refused);
    drop(event);
    assert_eq!(Arc::strong_count(&value), 1);
    assert!(Event::from(value.clone()).into_inner().is_some());
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn a_value_without_bytes_is_dropped_once_too() {
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    #[derive(Debug)]
    struct Token(PhantomData<()>);
    impl Drop for Token {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
    }
    let event = Event::new();
    event.set_value(Token(PhantomData)).unwrap();
    assert_eq!(DROPPED.load(Ordering::Relaxed), 0);
    let refused = event.set_value(Token(PhantomData));
    assert!(refused.is_err());
    drop(refused);
    assert_eq!(DROPPED.load(Ordering::Relaxed), 1);
    drop(event);
    assert_eq!(DROPPED.load(Ordering::Relaxed), 2);
}

#[test]
fn a_value_without_bytes_is_dropped_once_if_a_waker_panics() {
    static DROPPED: AtomicUsize = AtomicUsize::new(0);
    struct Token;
    impl Drop for Token {
        fn drop(&mut self) {
            DROPPED.fetch_add(1, Ordering::Relaxed);
        }
    }
    let hooks = Arc::new(Hooks {
        wake: Some(Box::new(|| panic!("as it should"))),
        ..Hooks::default()
    });
    let event = Event::new();
    let mut wait = Box::pin(event.wait());
    assert!(poll_with(wait.as_mut(), &hooks.waker()).is_pending());
    let set = catch_unwind(AssertUnwindSafe(|| event.set_value(Token).is_ok()));
    assert!(set.is_err());
    drop(wait);
    assert!(event.is_set());
    assert_eq!(DROPPED.load(Ordering::Relaxed), 0);
    drop(event);
    assert_eq!(DROPPED.load(Ordering::Relaxed), 1);
}

#[test]
fn waits_for_a_value_lend_or_clone_it() {
    let event = Event::new();
    let mut lent = pin!(event.wait_value());
    let mut cloned = pin!(event.wait_cloned());
    assert!(poll_once(lent.as_mut()).is_pending());
    assert!(poll_once(cloned.as_mut()).is_pending());
    event.set_value("set".to_owned()).unwrap();
    let value = event.get().unwrap();
    assert!(matches!(poll_once(lent), Poll::Ready(lent) if std::ptr::eq(lent, value)));
    assert!(matches!(poll_once(cloned), Poll::Ready(cloned) if cloned == "set"));
}

#[test]
fn a_forgotten_wait_harms_nobody() {
    let mut event = Event::new();
    forget(Hand::pending(event.wait_value()));
    let mut wait = Hand::pending(event.wait_value());
    forget(Hand::pending(event.wait()));
    event.set_value(1).unwrap();
    assert_eq!(wait.output(), &1);
    drop(wait);
    // One that is in line still when the event begins anew.
    assert_eq!(event.take(), Some(1));
    forget(Hand::pending(event.wait()));
    assert_eq!(event.take(), None);
    event.set_value(2).unwrap();
    assert_eq!(event.get(), Some(&2));
}

#[test]
fn a_guard_sets_its_event_on_every_way_out() {
    let left = Event::new();
    drop(left.guard());
    assert!(left.is_set());

    let unwound = Arc::new(Event::new());
    let thread = {
        let guard = unwound.guard_owned();
        thread::spawn(move || {
            let _guard = guard;
            panic!("unwinds past the guard");
        })
    };
    unwound.wait_blocking();
    assert!(thread.join().is_err());

    let cancelled = Event::new();
    let mut task = Box::pin(async {
        let _guard = cancelled.guard();
        std::future::pending::<()>().await;
    });
    assert!(poll_once(task.as_mut()).is_pending());
    assert!(!cancelled.is_set());
    drop(task);
    assert!(cancelled.is_set());
}

#[test]
fn a_disarmed_guard_sets_nothing() {
    let event = Arc::new(Event::new());
    event.guard().disarm();
    let guard = event.guard_owned();
    assert!(!guard.event().is_set());
    guard.disarm();
    assert!(!event.is_set());
    // A disarmed guard lets go of the event all the same.
    assert_eq!(Arc::strong_count(&event), 1);
}

#[test]
fn it_says_what_it_is() {
    let event = Event::new();
    assert_eq!(format!("{event:?}"), "Event { is_set: false, .. }");
    event.set_value(1).unwrap();
    assert_eq!(format!("{event:?}"), "Event { value: 1, .. }");
    let plain = Event::from(());
    assert_eq!(format!("{plain:?}"), "Event { is_set: true, .. }");
    assert_eq!(
        format!("{:?}", plain.guard()),
        "EventGuard { event: Event { is_set: true, .. } }"
    );
}
