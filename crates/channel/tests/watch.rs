//! The channel of the latest value.

#[path = "../../sync-prims/tests/support/mod.rs"]
mod support;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use channel::watch::{self, Changed, Closed, Receiver, Ref, Sender, WaitFor};
use channel::{RecvError, RecvTimeoutError, SendError};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use support::{Hand, Hooks, Wakes, Watchdog, allocator, poll_once, poll_with};
use sync_prims::blocking::block_on;

#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting;

assert_impl_all!(Sender<u8>: Send, Sync, Unpin, Clone, std::fmt::Debug);
assert_impl_all!(Receiver<u8>: Send, Sync, Unpin, Clone, std::fmt::Debug);
assert_impl_all!(Ref<u8>: Send, Sync, Unpin, std::fmt::Debug);
assert_impl_all!(Changed<'static, u8>: Send, Sync, Future, std::fmt::Debug);
assert_impl_all!(WaitFor<'static, u8, fn(&u8) -> bool>: Send, Sync, Future, std::fmt::Debug);
assert_impl_all!(Closed<'static, u8>: Send, Sync, Future, std::fmt::Debug);
// A value is looked at by several threads at the same time, so it has to be `Sync`.
assert_not_impl_any!(Sender<Cell<u8>>: Send, Sync);
assert_not_impl_any!(Receiver<Cell<u8>>: Send, Sync);
assert_not_impl_any!(Ref<Cell<u8>>: Send, Sync);
assert_not_impl_any!(Changed<'static, Cell<u8>>: Send, Sync);
assert_not_impl_any!(Closed<'static, std::rc::Rc<u8>>: Send, Sync);

#[test]
fn the_latest_value_is_seen_and_not_those_before() {
    let (sender, mut receiver) = watch::channel(0);
    assert_eq!((*receiver.borrow(), receiver.has_changed()), (0, Ok(false)));
    for value in 1..4 {
        sender.send(value).unwrap();
    }
    assert_eq!(receiver.has_changed(), Ok(true));
    let seen = receiver.borrow();
    assert_eq!((*seen, seen.has_changed()), (3, true));
    assert_eq!(receiver.has_changed(), Ok(true));
    assert_eq!(block_on(receiver.changed()), Ok(()));
    assert_eq!(receiver.has_changed(), Ok(false));
    let seen = receiver.borrow_and_update();
    assert_eq!((*seen, seen.has_changed()), (3, false));
    sender.send(4).unwrap();
    assert!(receiver.borrow_and_update().has_changed());
    assert_eq!(receiver.has_changed(), Ok(false));
}

#[test]
fn a_change_wakes_all_who_wait_in_the_order_they_came() {
    let (sender, receiver) = watch::channel(0);
    let mut receivers = vec![receiver; 100];
    let woken = Arc::new(Mutex::new(Vec::new()));
    let mut waits: Vec<_> = receivers
        .iter_mut()
        .map(|r| Box::pin(r.changed()))
        .collect();
    for (number, wait) in waits.iter_mut().enumerate() {
        let woken = woken.clone();
        let hooks = Arc::new(Hooks {
            wake: Some(Box::new(move || woken.lock().unwrap().push(number))),
            ..Hooks::default()
        });
        assert!(poll_with(wait.as_mut(), &hooks.waker()).is_pending());
    }
    sender.send(1).unwrap();
    assert!(woken.lock().unwrap().iter().copied().eq(0..100));
    for wait in &mut waits {
        assert_eq!(poll_once(wait.as_mut()), Poll::Ready(Ok(())));
        // Polled again, it waits for another value.
        assert!(poll_once(wait.as_mut()).is_pending());
    }
}

#[test]
fn a_dropped_wait_leaves_no_waker_and_loses_no_change() {
    let (sender, mut receiver) = watch::channel(0);
    let wakes = Wakes::new();
    let mut changed = Box::pin(receiver.changed());
    assert!(poll_with(changed.as_mut(), &wakes.waker()).is_pending());
    drop(changed);
    assert_eq!(wakes.wakers(), 0);
    let told = Hand::pending(receiver.changed());
    sender.send(1).unwrap();
    assert!(told.is_woken());
    drop(told);
    assert_eq!(block_on(receiver.changed()), Ok(()));
}

#[test]
fn the_last_value_stays_after_the_last_sender() {
    let (sender, mut receiver) = watch::channel(0);
    let second = sender.clone();
    sender.send(1).unwrap();
    drop(sender);
    assert!(!receiver.is_closed());
    let mut late = receiver.clone();
    assert_eq!(block_on(late.changed()), Ok(()));
    let mut waiting = Hand::pending(late.changed());
    drop(second);
    assert!(receiver.is_closed());
    assert_eq!(waiting.output(), Err(RecvError));
    // The value that was not seen yet comes first.
    assert_eq!(receiver.has_changed(), Ok(true));
    assert_eq!(block_on(receiver.changed()), Ok(()));
    assert_eq!(block_on(receiver.changed()), Err(RecvError));
    assert_eq!(receiver.has_changed(), Err(RecvError));
    assert_eq!(*receiver.borrow(), 1);
    assert_eq!(receiver.sender_count(), 0);
}

#[test]
fn without_a_receiver_a_sent_value_comes_back_and_a_replaced_one_stays() {
    let (sender, receiver) = watch::channel("first");
    assert!(!sender.is_closed());
    let mut closed = Hand::pending(sender.closed());
    drop(receiver);
    assert_eq!(closed.wakes(), 1);
    closed.output();
    assert!(sender.is_closed());
    assert_eq!(sender.send("lost"), Err(SendError("lost")));
    assert_eq!(*sender.borrow(), "first");
    assert_eq!(*sender.send_replace("second"), "first");
    let receiver = sender.subscribe();
    assert_eq!(
        (*receiver.borrow(), receiver.has_changed()),
        ("second", Ok(false))
    );
    assert!(closed.poll().is_pending());
    sender.send("third").unwrap();
    assert_eq!(receiver.has_changed(), Ok(true));
}

#[test]
fn what_was_borrowed_blocks_nobody() {
    let (sender, mut receiver) = watch::channel(vec![1]);
    let before = receiver.borrow();
    sender.send(vec![2]).unwrap();
    sender.send_modify(|value| value.push(3));
    assert_eq!(*before, [1]);
    assert_eq!(*receiver.borrow_and_update(), [2, 3]);
    assert_eq!(*before.into_arc(), [1]);
}

#[test]
fn a_change_that_is_none_is_not_seen() {
    let (sender, receiver) = watch::channel(1);
    assert!(!sender.send_if_modified(|value| {
        *value = 7;
        false
    }));
    assert_eq!((*receiver.borrow(), receiver.has_changed()), (1, Ok(false)));
    assert!(sender.send_if_modified(|value| {
        *value += 1;
        true
    }));
    assert_eq!((*receiver.borrow(), receiver.has_changed()), (2, Ok(true)));
}

#[test]
fn a_change_is_made_again_on_the_value_that_came_between() {
    let (sender, receiver) = watch::channel(1);
    let mut calls = 0;
    sender.send_modify(|value| {
        calls += 1;
        if calls == 1 {
            sender.send(10).unwrap();
        }
        *value += 1;
    });
    assert_eq!((calls, *receiver.borrow()), (2, 11));
}

#[test]
fn a_value_can_be_marked_as_seen_or_not() {
    let (sender, mut receiver) = watch::channel(0);
    receiver.mark_changed();
    assert_eq!(receiver.has_changed(), Ok(true));
    assert_eq!(block_on(receiver.changed()), Ok(()));
    sender.send(1).unwrap();
    receiver.mark_unchanged();
    assert_eq!(receiver.has_changed(), Ok(false));
    assert!(Hand::new(receiver.changed()).poll().is_pending());
}

#[test]
fn clones_and_subscribers_have_seen_what_they_should() {
    let (sender, receiver) = watch::channel(0);
    sender.send(1).unwrap();
    assert_eq!(receiver.clone().has_changed(), Ok(true));
    assert_eq!(sender.subscribe().has_changed(), Ok(false));
    assert_eq!((receiver.receiver_count(), sender.sender_count()), (1, 1));
    assert!(sender.same_channel(&sender.clone()) && receiver.same_channel(&receiver.clone()));
}

#[test]
fn wait_for_looks_at_once_and_after_each_change() {
    let (sender, mut receiver) = watch::channel(0);
    let value = block_on(receiver.wait_for(|value| *value == 0)).unwrap();
    assert_eq!((*value, value.has_changed()), (0, false));
    let mut shown = Vec::new();
    let mut wait = Hand::pending(receiver.wait_for(|value| {
        shown.push(*value);
        *value >= 3
    }));
    assert!(wait.poll().is_pending());
    for value in 1..4 {
        sender.send(value).unwrap();
        assert_eq!(wait.wakes(), value);
        match wait.poll() {
            Poll::Ready(found) => assert_eq!((value, *found.unwrap()), (3, 3)),
            Poll::Pending => assert!(value < 3),
        }
    }
    drop(wait);
    assert_eq!(shown, [0, 1, 2, 3]);
    assert_eq!(receiver.has_changed(), Ok(false));
    drop(sender);
    assert!(block_on(receiver.wait_for(|value| *value == 3)).is_ok());
    assert_eq!(
        block_on(receiver.wait_for(|value| *value == 4)).err(),
        Some(RecvError)
    );
}

#[test]
fn the_last_waker_is_the_one_that_is_woken() {
    let (sender, mut receiver) = watch::channel(0);
    let mut changed = Hand::pending(receiver.changed());
    let other = Wakes::new();
    assert!(changed.poll_with(&other.waker()).is_pending());
    sender.send(1).unwrap();
    assert_eq!((changed.wakes(), other.count()), (0, 1));
    assert_eq!(changed.output(), Ok(()));
}

/// Counts those of it that exist.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new() -> (Counted, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(1));
        (Counted(count.clone()), count)
    }
}

impl Clone for Counted {
    fn clone(&self) -> Counted {
        self.0.fetch_add(1, Ordering::SeqCst);
        Counted(self.0.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn values_go_when_nobody_has_them() {
    let (value, count) = Counted::new();
    let (sender, receiver) = watch::channel(value.clone());
    sender.send(value.clone()).unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 2);
    let kept = receiver.borrow();
    drop(sender.send_replace(value.clone()));
    assert_eq!(count.load(Ordering::SeqCst), 3);
    drop(kept);
    sender.send_modify(|_| {});
    assert!(!sender.send_if_modified(|_| false));
    assert_eq!(count.load(Ordering::SeqCst), 2);
    drop(receiver);
    drop(sender.send(value).unwrap_err());
    drop(sender);
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

/// Wakers, predicates, clones and destructors may do anything with the channel at each of their moments.
#[test]
fn foreign_code_may_use_the_channel() {
    #[derive(Debug)]
    struct Reentrant(Arc<OnceLock<Sender<Reentrant>>>);

    impl Reentrant {
        fn touch(&self) {
            if let Some(sender) = self.0.get() {
                drop((sender.borrow().into_arc(), sender.subscribe()));
            }
        }
    }

    impl Clone for Reentrant {
        fn clone(&self) -> Reentrant {
            self.touch();
            Reentrant(self.0.clone())
        }
    }

    impl Drop for Reentrant {
        fn drop(&mut self) {
            if self.0.get().is_some_and(|sender| sender.sender_count() > 1) {
                self.touch();
            }
        }
    }

    let place = Arc::new(OnceLock::new());
    let (sender, mut receiver) = watch::channel(Reentrant(place.clone()));
    assert!(place.set(sender.clone()).is_ok());
    let calls = |sender: Sender<Reentrant>| -> Box<dyn Fn() + Send + Sync> {
        Box::new(move || drop((sender.subscribe(), sender.borrow())))
    };
    let hooks = Arc::new(Hooks {
        clone: Some(calls(sender.clone())),
        wake: Some(calls(sender.clone())),
        drop: Some(calls(sender.clone())),
        ..Hooks::default()
    });
    let waker = hooks.waker();
    let mut wait = Box::pin(receiver.wait_for(|value| {
        value.touch();
        false
    }));
    assert!(poll_with(wait.as_mut(), &waker).is_pending());
    assert!(poll_with(wait.as_mut(), &waker).is_pending());
    sender.send(Reentrant(place.clone())).unwrap();
    assert!(poll_with(wait.as_mut(), &waker).is_pending());
    sender.send_modify(Reentrant::touch_mut);
    assert!(poll_once(wait.as_mut()).is_pending());
    drop(wait);
    drop(sender.send_replace(Reentrant(Arc::default())));

    impl Reentrant {
        fn touch_mut(&mut self) {
            self.touch();
        }
    }
}

#[test]
fn a_waker_that_panics_leaves_the_others_woken_and_the_value_sent() {
    let (sender, mut first) = watch::channel(0);
    let mut second = first.clone();
    let hooks = Arc::new(Hooks {
        wake: Some(Box::new(|| panic!("as asked"))),
        ..Hooks::default()
    });
    let mut panicking = Box::pin(first.changed());
    assert!(poll_with(panicking.as_mut(), &hooks.waker()).is_pending());
    let mut wait = Hand::pending(second.changed());
    assert!(catch_unwind(AssertUnwindSafe(|| sender.send(1))).is_err());
    assert_eq!(wait.wakes(), 1);
    assert_eq!(wait.output(), Ok(()));
    assert_eq!(poll_once(panicking.as_mut()), Poll::Ready(Ok(())));
    assert_eq!(*sender.borrow(), 1);
}

#[test]
fn a_closure_that_panics_changes_nothing() {
    let (sender, receiver) = watch::channel(0);
    let modify = AssertUnwindSafe(|| sender.send_modify(|_| panic!("as asked")));
    assert!(catch_unwind(modify).is_err());
    assert_eq!((*receiver.borrow(), receiver.has_changed()), (0, Ok(false)));
    sender.send_modify(|value| *value += 1);
    assert_eq!(*receiver.borrow(), 1);
}

#[test]
fn a_send_is_one_allocation_and_all_else_none() {
    let (sender, mut receiver) = watch::channel(0);
    let allocations = allocator::allocations(|| {
        for value in 0..100 {
            assert!(poll_once(std::pin::pin!(receiver.changed())).is_pending());
            sender.send(value).unwrap();
            assert!(poll_once(std::pin::pin!(receiver.changed())).is_ready());
            assert_eq!(*receiver.borrow(), value);
        }
    });
    assert_eq!(allocations, 100);
}

#[test]
fn blocking_and_timed_forms() {
    let (sender, mut receiver) = watch::channel(0);
    let timeout = Duration::from_millis(1);
    assert_eq!(
        receiver.changed_timeout(timeout),
        Err(RecvTimeoutError::Timeout)
    );
    assert_eq!(
        receiver.changed_deadline(Instant::now()),
        Err(RecvTimeoutError::Timeout)
    );
    sender.send(1).unwrap();
    assert_eq!(receiver.changed_timeout(timeout), Ok(()));
    sender.send(2).unwrap();
    assert_eq!(receiver.changed_blocking(), Ok(()));
    assert_eq!(*receiver.wait_for_blocking(|value| *value == 2).unwrap(), 2);
    drop(sender);
    assert_eq!(receiver.changed_blocking(), Err(RecvError));
    assert_eq!(
        receiver.changed_timeout(timeout),
        Err(RecvTimeoutError::Closed)
    );
}

#[test]
fn what_it_says_about_itself() {
    let (sender, receiver) = watch::channel(7);
    assert_eq!(format!("{sender:?}"), "Sender(Channel { value: 7, .. })");
    assert_eq!(
        format!("{receiver:?}"),
        "Receiver(Channel { value: 7, .. })"
    );
    assert_eq!(format!("{:?}", receiver.borrow()), "7");
}

/// Each receiver sees values that only grow, and the last one; nothing that was modified is lost.
#[test]
fn receivers_and_senders_on_threads() {
    const SENDERS: u64 = 3;
    const EACH: u64 = 2_000;
    let _watchdog = Watchdog::new("watch receivers_and_senders_on_threads");
    let (sender, receiver) = watch::channel(0);
    let receiving: Vec<_> = (0..4)
        .map(|number| {
            let mut receiver = receiver.clone();
            thread::spawn(move || {
                let mut latest = 0;
                if number == 0 {
                    let found = receiver.wait_for_blocking(|value| *value == SENDERS * EACH);
                    assert!(found.is_ok());
                }
                while receiver.changed_blocking().is_ok() {
                    let value = *receiver.borrow_and_update();
                    assert!(value >= latest);
                    latest = value;
                }
                *receiver.borrow()
            })
        })
        .collect();
    drop(receiver);
    thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                for _ in 0..EACH {
                    sender.send_modify(|value| *value += 1);
                }
            });
        }
    });
    drop(sender);
    for thread in receiving {
        assert_eq!(thread.join().unwrap(), SENDERS * EACH);
    }
}
