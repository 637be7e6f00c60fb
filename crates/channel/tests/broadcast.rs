//! The channel whose messages go to every receiver, by hand.

#[path = "../../sync-prims/tests/support/mod.rs"]
mod support;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use channel::broadcast::{
    self, Overflow, Receiver, Recv, RecvError, RecvTimeoutError, SendError, Sender, TryRecvError,
    TrySendError, WeakSender,
};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use support::{Hand, Hooks, Wakes, allocator, poll_once};
use sync_prims::blocking::block_on;

#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting;

assert_impl_all!(Sender<u8>: Send, Sync, Unpin, Clone, std::fmt::Debug);
assert_impl_all!(WeakSender<u8>: Send, Sync, Unpin, Clone, std::fmt::Debug);
assert_impl_all!(Receiver<u8>: Send, Sync, Unpin, Clone, std::fmt::Debug);
assert_impl_all!(Recv<'static, u8>: Send, Sync, Future, std::fmt::Debug);
assert_impl_all!(broadcast::Send<'static, u8>: Send, Sync, Future, std::fmt::Debug);
// A message is cloned by several threads at the same time, so it has to be `Sync`.
assert_not_impl_any!(Sender<Cell<u8>>: Send, Sync);
assert_not_impl_any!(WeakSender<Cell<u8>>: Send, Sync);
assert_not_impl_any!(Receiver<Cell<u8>>: Send, Sync);
assert_not_impl_any!(Recv<'static, Cell<u8>>: Send, Sync);
assert_not_impl_any!(broadcast::Send<'static, Cell<u8>>: Send, Sync);
assert_not_impl_any!(Receiver<std::rc::Rc<u8>>: Send, Sync);

/// Counts how many of its clones exist, and how many were made.
#[derive(Debug)]
struct Counted(Arc<(AtomicUsize, AtomicUsize)>);

impl Counted {
    fn new() -> (Counted, impl Fn() -> (usize, usize)) {
        let counts = Arc::new((AtomicUsize::new(1), AtomicUsize::new(0)));
        let counted = Counted(counts.clone());
        let read = move || {
            (
                counts.0.load(Ordering::SeqCst),
                counts.1.load(Ordering::SeqCst),
            )
        };
        (counted, read)
    }
}

impl Clone for Counted {
    fn clone(&self) -> Counted {
        self.0.0.fetch_add(1, Ordering::SeqCst);
        self.0.1.fetch_add(1, Ordering::SeqCst);
        Counted(self.0.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn every_receiver_has_every_message_in_order() {
    let (sender, first) = broadcast::channel(4, Overflow::Lag);
    let mut receivers = [first.clone(), sender.subscribe(), first];
    for number in 0..4 {
        assert_eq!(sender.try_send(number), Ok(3));
    }
    for receiver in &mut receivers {
        assert_eq!(receiver.len(), 4);
        for number in 0..4 {
            assert_eq!(receiver.try_recv(), Ok(number));
        }
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    }
    assert!(sender.is_empty());
}

#[test]
fn a_slow_receiver_is_told_what_it_missed_and_goes_on() {
    let (sender, mut fast) = broadcast::channel(3, Overflow::Lag);
    let mut slow = fast.clone();
    for number in 0..8 {
        assert_eq!(sender.try_send(number), Ok(2));
        assert_eq!(fast.try_recv(), Ok(number));
    }
    assert_eq!((sender.len(), slow.len()), (3, 3));
    assert_eq!(slow.try_recv(), Err(TryRecvError::Lagged(5)));
    assert_eq!(block_on(slow.recv()), Ok(5));
    assert_eq!(slow.try_recv(), Ok(6));
    assert_eq!(slow.try_recv(), Ok(7));
    assert_eq!(slow.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn a_send_waits_for_the_slowest_receiver() {
    let (sender, mut fast) = broadcast::channel(2, Overflow::Wait);
    let mut slow = fast.clone();
    assert_eq!(block_on(sender.send(0)), Ok(2));
    assert_eq!(block_on(sender.send(1)), Ok(2));
    assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    let mut third = Hand::pending(sender.send(2));
    let mut fourth = Hand::pending(sender.send(3));
    assert_eq!(fast.try_recv(), Ok(0));
    assert!(!third.is_woken());
    assert_eq!(slow.try_recv(), Ok(0));
    assert_eq!((third.wakes(), fourth.wakes()), (1, 0));
    // The place is taken already, though the sender was not polled.
    assert_eq!(sender.try_send(9), Err(TrySendError::Full(9)));
    assert_eq!(third.output(), Ok(2));
    assert_eq!(fast.try_recv(), Ok(1));
    assert_eq!(slow.try_recv(), Ok(1));
    assert_eq!(fourth.output(), Ok(2));
    for receiver in [&mut fast, &mut slow] {
        assert_eq!(receiver.try_recv(), Ok(2));
        assert_eq!(receiver.try_recv(), Ok(3));
    }
}

#[test]
fn a_receiver_that_goes_makes_room() {
    let (sender, mut fast) = broadcast::channel(40, Overflow::Wait);
    let slow = fast.clone();
    for number in 0..40 {
        assert_eq!(sender.try_send(number), Ok(2));
        assert_eq!(fast.try_recv(), Ok(number));
    }
    let mut sends: Vec<_> = (0..40)
        .map(|number| Hand::pending(sender.send(number)))
        .collect();
    drop(slow);
    for send in &mut sends {
        assert_eq!(send.wakes(), 1);
        assert_eq!(send.output(), Ok(1));
    }
    for number in 0..40 {
        assert_eq!(fast.try_recv(), Ok(number));
    }
}

#[test]
fn a_dropped_send_takes_its_message_back_or_was_sent() {
    let (sender, mut receiver) = broadcast::channel(1, Overflow::Wait);
    let (message, counts) = Counted::new();
    assert_eq!(sender.try_send(message.clone()).ok(), Some(1));
    // Never polled, and polled once.
    drop(sender.send(message.clone()));
    drop(Hand::pending(sender.send(message.clone())));
    assert_eq!(counts().0, 2);
    let sent = Hand::pending(sender.send(message));
    drop(receiver.try_recv().unwrap());
    drop(sent);
    assert_eq!(counts().0, 1);
    assert!(receiver.try_recv().is_ok());
    assert_eq!(counts().0, 0);
    assert_eq!(receiver.try_recv().err(), Some(TryRecvError::Empty));
}

#[test]
fn a_dropped_receive_loses_nothing() {
    let (sender, mut receiver) = broadcast::channel(2, Overflow::Lag);
    drop(receiver.recv());
    drop(Hand::pending(receiver.recv()));
    let told = Hand::pending(receiver.recv());
    sender.try_send(1).unwrap();
    assert!(told.is_woken());
    drop(told);
    assert_eq!(block_on(receiver.recv()), Ok(1));
}

#[test]
fn a_receive_has_one_waker_the_last() {
    let (sender, mut receiver) = broadcast::channel(2, Overflow::Lag);
    let mut receive = Hand::pending(receiver.recv());
    let other = Wakes::new();
    assert!(receive.poll_with(&other.waker()).is_pending());
    sender.try_send(1).unwrap();
    assert_eq!((receive.wakes(), other.count()), (0, 1));
    assert_eq!(receive.output(), Ok(1));
    // Polled again, it receives another message.
    assert!(receive.poll().is_pending());
    sender.try_send(2).unwrap();
    assert_eq!(receive.output(), Ok(2));
}

#[test]
fn after_the_close_what_is_kept_can_be_received() {
    let (sender, mut receiver) = broadcast::channel(2, Overflow::Wait);
    let (mut late, mut idle) = (receiver.clone(), receiver.clone());
    assert_eq!(sender.try_send(1), Ok(3));
    assert_eq!(idle.try_recv(), Ok(1));
    let mut waiting = Hand::pending(idle.recv());
    assert_eq!(sender.try_send(2), Ok(3));
    assert_eq!(waiting.output(), Ok(2));
    let mut refused = Hand::pending(sender.send(3));
    assert!(waiting.poll().is_pending());
    let wakes = waiting.wakes();
    assert!(sender.close() && !sender.close() && !receiver.close());
    assert_eq!((refused.wakes(), waiting.wakes()), (1, wakes + 1));
    assert_eq!(refused.output(), Err(SendError::Closed(3)));
    assert_eq!(waiting.output(), Err(RecvError::Closed));
    assert_eq!(sender.try_send(4), Err(TrySendError::Closed(4)));
    for receiver in [&mut receiver, &mut late] {
        assert_eq!(receiver.try_recv(), Ok(1));
        assert_eq!(block_on(receiver.recv()), Ok(2));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    }
}

#[test]
fn the_last_sender_closes() {
    let (sender, mut receiver) = broadcast::channel::<u8>(2, Overflow::Lag);
    let weak = sender.downgrade();
    let second = weak.upgrade().unwrap();
    assert!(second.same_channel(&sender));
    let mut receive = Hand::pending(receiver.recv());
    drop(sender);
    assert!(!receive.is_woken());
    assert_eq!(second.sender_count(), 1);
    drop(second);
    assert_eq!(receive.output(), Err(RecvError::Closed));
    assert!(weak.upgrade().is_none());
}

#[test]
fn without_receivers_messages_come_back_until_somebody_subscribes() {
    let (sender, receiver) = broadcast::channel(1, Overflow::Wait);
    assert_eq!(sender.try_send(0), Ok(1));
    let mut refused = Hand::pending(sender.send(1));
    drop(receiver);
    assert_eq!(refused.wakes(), 1);
    assert_eq!(refused.output(), Err(SendError::NoReceivers(1)));
    assert_eq!(sender.try_send(2), Err(TrySendError::NoReceivers(2)));
    assert_eq!(block_on(sender.send(3)), Err(SendError::NoReceivers(3)));
    assert!(!sender.is_closed() && sender.is_empty());
    let mut receiver = sender.subscribe();
    assert_eq!(sender.try_send(4), Ok(1));
    assert_eq!(receiver.try_recv(), Ok(4));
}

#[test]
fn a_clone_has_still_to_receive_the_same() {
    let (sender, mut receiver) = broadcast::channel(2, Overflow::Lag);
    for number in 0..4 {
        sender.try_send(number).unwrap();
    }
    let (mut lagging, mut late) = (receiver.clone(), receiver.resubscribe());
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Lagged(2)));
    assert_eq!(receiver.try_recv(), Ok(2));
    let mut second = receiver.clone();
    assert_eq!(second.try_recv(), Ok(3));
    assert_eq!(lagging.try_recv(), Err(TryRecvError::Lagged(2)));
    assert_eq!(lagging.try_recv(), Ok(2));
    assert_eq!(late.try_recv(), Err(TryRecvError::Empty));
    assert_eq!(receiver.receiver_count(), 4);
}

#[test]
fn the_last_one_to_receive_a_message_has_it_without_a_clone() {
    let (sender, mut first) = broadcast::channel(1, Overflow::Lag);
    let mut second = first.clone();
    let (message, counts) = Counted::new();
    sender.try_send(message).unwrap();
    let received = first.try_recv().unwrap();
    assert_eq!(counts(), (2, 1));
    drop(second.try_recv().unwrap());
    assert_eq!(counts(), (1, 1));
    drop(received);
    assert_eq!(counts(), (0, 1));
}

#[test]
fn a_message_goes_with_the_last_who_could_receive_it() {
    let (sender, receiver) = broadcast::channel(2, Overflow::Lag);
    let (message, counts) = Counted::new();
    let second = receiver.clone();
    sender.try_send(message.clone()).unwrap();
    sender.try_send(message.clone()).unwrap();
    assert_eq!(counts().0, 3);
    // Overwritten.
    sender.try_send(message.clone()).unwrap();
    assert_eq!(counts().0, 3);
    drop(receiver);
    assert_eq!(counts().0, 3);
    drop(second);
    assert_eq!(counts().0, 1);
    drop(sender.try_send(message).unwrap_err());
    assert_eq!(counts().0, 0);
}

#[test]
fn more_messages_than_a_batch_go_with_their_receiver() {
    let (sender, receiver) = broadcast::channel(1000, Overflow::Wait);
    let (message, counts) = Counted::new();
    for _ in 0..1000 {
        sender.try_send(message.clone()).unwrap();
    }
    drop(receiver);
    assert_eq!(counts().0, 1);
}

/// What a receiver leaves behind is taken in steps, and messages are dropped in between: here the first one sends and receives
/// more than the channel keeps.
#[test]
fn others_go_on_while_a_receiver_goes() {
    struct Acts(Option<Box<dyn FnOnce() + Send + Sync>>);

    impl Clone for Acts {
        fn clone(&self) -> Acts {
            Acts(None)
        }
    }

    impl Drop for Acts {
        fn drop(&mut self) {
            if let Some(act) = self.0.take() {
                act();
            }
        }
    }

    let (sender, slow) = broadcast::channel(64, Overflow::Lag);
    let fast = Arc::new(Mutex::new(slow.clone()));
    let acted = Arc::new(AtomicUsize::new(0));
    let act = {
        let (sender, fast, acted) = (sender.clone(), fast.clone(), acted.clone());
        move || {
            for _ in 0..200 {
                assert_eq!(sender.try_send(Acts(None)).ok(), Some(1));
                assert!(fast.lock().unwrap().try_recv().is_ok());
                acted.fetch_add(1, Ordering::SeqCst);
            }
        }
    };
    let mut act: Option<Box<dyn FnOnce() + Send + Sync>> = Some(Box::new(act));
    for _ in 0..64 {
        assert_eq!(sender.try_send(Acts(act.take())).ok(), Some(2));
        assert!(fast.lock().unwrap().try_recv().is_ok());
    }
    drop(slow);
    assert_eq!((acted.load(Ordering::SeqCst), sender.len()), (200, 0));
}

#[test]
fn one_send_wakes_all_in_the_order_they_came() {
    let (sender, first) = broadcast::channel(1, Overflow::Lag);
    let mut receivers = vec![first; 100];
    let woken = Arc::new(Mutex::new(Vec::new()));
    let mut receives: Vec<_> = receivers.iter_mut().map(|r| Box::pin(r.recv())).collect();
    for (number, receive) in receives.iter_mut().enumerate() {
        let woken = woken.clone();
        let hooks = Arc::new(Hooks {
            wake: Some(Box::new(move || woken.lock().unwrap().push(number))),
            ..Hooks::default()
        });
        assert!(support::poll_with(receive.as_mut(), &hooks.waker()).is_pending());
    }
    assert_eq!(sender.try_send(7), Ok(100));
    assert!(woken.lock().unwrap().iter().copied().eq(0..100));
    for receive in &mut receives {
        assert_eq!(poll_once(receive.as_mut()), std::task::Poll::Ready(Ok(7)));
    }
}

/// A waker, and a message, may do anything with the channel at each of their moments.
#[test]
fn foreign_code_may_use_the_channel() {
    #[derive(Debug)]
    struct Reentrant(Sender<u8>);

    impl Clone for Reentrant {
        fn clone(&self) -> Reentrant {
            let _ = self.0.try_send(1);
            Reentrant(self.0.clone())
        }
    }

    impl Drop for Reentrant {
        fn drop(&mut self) {
            let _ = self.0.try_send(2);
        }
    }

    for overflow in [Overflow::Lag, Overflow::Wait] {
        let (numbers, _kept) = broadcast::channel(4, Overflow::Lag);
        let (sender, mut receiver) = broadcast::channel(1, overflow);
        let mut second = receiver.clone();
        let calls = |sender: Sender<Reentrant>| -> Box<dyn Fn() + Send + Sync> {
            Box::new(move || {
                assert_eq!(sender.receiver_count(), 2);
                drop(sender.subscribe());
            })
        };
        let hooks = Arc::new(Hooks {
            clone: Some(calls(sender.clone())),
            wake: Some(calls(sender.clone())),
            drop: Some(calls(sender.clone())),
            ..Hooks::default()
        });
        let waker = hooks.waker();
        let mut receive = Box::pin(receiver.recv());
        assert!(support::poll_with(receive.as_mut(), &waker).is_pending());
        assert!(sender.try_send(Reentrant(numbers.clone())).is_ok());
        let mut send = Box::pin(sender.send(Reentrant(numbers.clone())));
        if support::poll_with(send.as_mut(), &waker).is_pending() {
            assert!(poll_once(send.as_mut()).is_pending());
        }
        drop(send);
        let _ = poll_once(receive.as_mut());
        drop(receive);
        drop(second.try_recv());
        drop(waker);
        drop((receiver, second));
        drop(sender.try_send(Reentrant(numbers.clone())));
    }
}

#[test]
fn a_waker_that_panics_loses_nothing() {
    let (sender, mut first) = broadcast::channel(1, Overflow::Lag);
    let mut second = first.clone();
    let hooks = Arc::new(Hooks {
        wake: Some(Box::new(|| panic!("as asked"))),
        ..Hooks::default()
    });
    let mut panicking = Box::pin(first.recv());
    assert!(support::poll_with(panicking.as_mut(), &hooks.waker()).is_pending());
    let mut receive = Hand::pending(second.recv());
    let (message, counts) = Counted::new();
    let mut send = Box::pin(sender.send(message));
    assert!(catch_unwind(AssertUnwindSafe(|| poll_once(send.as_mut()))).is_err());
    drop(send);
    assert!(receive.is_woken());
    drop(receive.output().unwrap());
    assert_eq!(counts().0, 1);
    assert!(matches!(
        poll_once(panicking.as_mut()),
        std::task::Poll::Ready(Ok(_))
    ));
    assert_eq!(counts().0, 0);
}

#[test]
fn a_clone_that_panics_leaves_the_channel_usable() {
    #[derive(Debug)]
    struct Panics(#[allow(dead_code)] Counted);

    impl Clone for Panics {
        fn clone(&self) -> Panics {
            panic!("as asked")
        }
    }

    let (sender, mut first) = broadcast::channel(2, Overflow::Wait);
    let mut second = first.clone();
    let (message, counts) = Counted::new();
    assert!(sender.try_send(Panics(message)).is_ok());
    assert!(catch_unwind(AssertUnwindSafe(|| first.try_recv())).is_err());
    assert_eq!(first.try_recv().err(), Some(TryRecvError::Empty));
    assert!(second.try_recv().is_ok());
    assert_eq!(counts().0, 0);
}

#[test]
fn a_send_is_one_allocation_and_a_receive_none() {
    let (sender, mut receiver) = broadcast::channel(4, Overflow::Lag);
    let mut second = receiver.clone();
    let allocations = allocator::allocations(|| {
        for number in 0..100 {
            sender.try_send(number).unwrap();
            assert_eq!(receiver.try_recv(), Ok(number));
            assert_eq!(second.try_recv(), Ok(number));
        }
    });
    assert_eq!(allocations, 100);
}

#[test]
fn blocking_and_timed_forms() {
    let (sender, mut receiver) = broadcast::channel(1, Overflow::Wait);
    let timeout = Duration::from_millis(1);
    assert_eq!(
        receiver.recv_timeout(timeout),
        Err(RecvTimeoutError::Timeout)
    );
    assert_eq!(
        receiver.recv_deadline(Instant::now()),
        Err(RecvTimeoutError::Timeout)
    );
    assert_eq!(sender.send_blocking(1), Ok(1));
    assert_eq!(receiver.recv_timeout(timeout), Ok(1));
    assert_eq!(sender.send_blocking(2), Ok(1));
    assert_eq!(receiver.recv_blocking(), Ok(2));
    drop(sender);
    assert_eq!(receiver.recv_blocking(), Err(RecvError::Closed));
    assert_eq!(
        receiver.recv_timeout(timeout),
        Err(RecvTimeoutError::Closed)
    );
}

#[test]
fn what_it_says_about_itself() {
    struct Opaque;
    let (sender, receiver) = broadcast::channel::<Opaque>(3, Overflow::Wait);
    let text = "Channel { len: 0, capacity: 3, overflow: Wait, receivers: 1, is_closed: false }";
    assert_eq!(format!("{sender:?}"), format!("Sender({text})"));
    assert_eq!(format!("{receiver:?}"), format!("Receiver({text})"));
    assert_eq!((sender.capacity(), receiver.capacity()), (3, 3));
    assert_eq!(sender.overflow(), Overflow::Wait);
    assert_eq!(format!("{:?}", SendError::Closed(Opaque)), "Closed(..)");
}

#[test]
#[should_panic(expected = "at least one message")]
fn a_capacity_of_none_is_refused() {
    drop(broadcast::channel::<u8>(0, Overflow::Lag));
}
