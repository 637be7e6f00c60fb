//! The channel for one message: every order of its few events, by hand and on threads.

#[path = "../../sync-prims/tests/support/mod.rs"]
mod support;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use channel::oneshot::{self, Closed, Receiver, Sender};
use channel::{RecvError, RecvTimeoutError, SendError, TryRecvError};
use futures_util::future::{Either, select};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use support::{Hand, Hooks, Wakes, Watchdog, allocator, poll_once, poll_with};
use sync_prims::blocking::block_on;

#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting;

assert_impl_all!(Sender<std::cell::Cell<u8>>: Send, Sync, Unpin, std::fmt::Debug);
assert_impl_all!(Receiver<std::cell::Cell<u8>>: Send, Sync, Unpin, Future, std::fmt::Debug);
assert_impl_all!(Closed<'static, std::cell::Cell<u8>>: Send, Sync, Unpin, Future, std::fmt::Debug);
assert_not_impl_any!(Sender<std::rc::Rc<u8>>: Send, Sync);
assert_not_impl_any!(Receiver<std::rc::Rc<u8>>: Send, Sync);
assert_not_impl_any!(Closed<'static, std::rc::Rc<u8>>: Send, Sync);

/// Counts its drops.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new() -> (Counted, Arc<AtomicUsize>) {
        let drops = Arc::new(AtomicUsize::new(0));
        (Counted(drops.clone()), drops)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_message_sent_is_received() {
    let (sender, receiver) = oneshot::channel();
    assert_eq!(sender.send(7), Ok(()));
    assert_eq!(block_on(receiver), Ok(7));
}

#[test]
fn a_receiver_that_waits_is_woken_once_by_the_message() {
    let (sender, receiver) = oneshot::channel();
    let mut receive = Hand::pending(receiver);
    assert!(receive.poll().is_pending());
    assert_eq!(sender.send(7), Ok(()));
    assert_eq!(receive.wakes(), 1);
    assert_eq!(receive.output(), Ok(7));
    assert_eq!(receive.wakes(), 1);
}

#[test]
fn polled_again_after_the_message_it_says_that_nothing_will_come() {
    let (sender, mut receiver) = oneshot::channel();
    sender.send(7).unwrap();
    assert_eq!(poll_once(Pin::new(&mut receiver)), Poll::Ready(Ok(7)));
    assert_eq!(
        poll_once(Pin::new(&mut receiver)),
        Poll::Ready(Err(RecvError))
    );
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    assert!(receiver.is_empty() && receiver.is_closed());
    assert!(!receiver.close());
}

#[test]
fn a_dropped_sender_wakes_and_ends_the_wait() {
    let (sender, receiver) = oneshot::channel::<u8>();
    let mut receive = Hand::pending(receiver);
    drop(sender);
    assert_eq!(receive.wakes(), 1);
    assert_eq!(receive.output(), Err(RecvError));
}

#[test]
fn the_message_comes_back_if_the_receiver_is_gone() {
    let (sender, receiver) = oneshot::channel();
    drop(receiver);
    assert!(sender.is_closed());
    assert_eq!(
        sender.send("back").map_err(SendError::into_inner),
        Err("back")
    );
}

#[test]
fn the_message_comes_back_if_the_channel_is_closed() {
    let (sender, mut receiver) = oneshot::channel();
    assert!(receiver.close());
    assert!(!receiver.close());
    assert!(sender.is_closed());
    assert_eq!(sender.send(7), Err(SendError(7)));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn a_message_sent_before_the_close_can_be_taken() {
    let (sender, mut receiver) = oneshot::channel();
    sender.send(7).unwrap();
    assert!(!receiver.close());
    assert!(!receiver.close());
    assert!(!receiver.is_empty());
    assert_eq!(block_on(receiver), Ok(7));
}

#[test]
fn a_receiver_that_waits_and_closes_waits_no_more() {
    let (sender, mut receiver) = oneshot::channel::<u8>();
    let wakes = Wakes::new();
    assert!(poll_with(Pin::new(&mut receiver), &wakes.waker()).is_pending());
    assert!(receiver.close());
    assert_eq!(wakes.wakers(), 0);
    drop(sender);
    assert_eq!(wakes.count(), 0);
    assert_eq!(block_on(receiver), Err(RecvError));
}

#[test]
fn try_recv_tells_not_yet_from_never() {
    let (sender, mut receiver) = oneshot::channel();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    sender.send(7).unwrap();
    assert_eq!(receiver.try_recv(), Ok(7));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));

    let (sender, mut receiver) = oneshot::channel::<u8>();
    drop(sender);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn try_recv_takes_the_message_of_a_wait() {
    let (sender, mut receiver) = oneshot::channel();
    let wakes = Wakes::new();
    assert!(poll_with(Pin::new(&mut receiver), &wakes.waker()).is_pending());
    sender.send(7).unwrap();
    assert_eq!(receiver.try_recv(), Ok(7));
    assert_eq!((wakes.count(), wakes.wakers()), (1, 0));
}

#[test]
fn closed_is_woken_by_a_drop_and_by_a_close() {
    for close in [
        |receiver: &mut Receiver<u8>| {
            receiver.close();
        },
        |_: &mut _| {},
    ] {
        let (mut sender, mut receiver) = oneshot::channel();
        let mut closed = Hand::pending(sender.closed());
        close(&mut receiver);
        drop(receiver);
        assert_eq!(closed.wakes(), 1);
        closed.output();
        closed.output();
        drop(closed);
        assert!(sender.is_closed());
    }
}

#[test]
fn a_wait_for_the_close_that_is_dropped_leaves_no_waker() {
    let (mut sender, receiver) = oneshot::channel();
    let wakes = Wakes::new();
    let mut closed = Box::pin(sender.closed());
    assert!(poll_with(closed.as_mut(), &wakes.waker()).is_pending());
    assert_eq!(wakes.wakers(), 1);
    drop(closed);
    assert_eq!((wakes.count(), wakes.wakers()), (0, 0));
    sender.send(7).unwrap();
    assert_eq!(block_on(receiver), Ok(7));
}

#[test]
fn a_sender_that_polled_for_the_close_can_send() {
    let (mut sender, receiver) = oneshot::channel();
    let wakes = Wakes::new();
    assert!(
        sender
            .poll_closed(&mut Context::from_waker(&wakes.waker()))
            .is_pending()
    );
    let mut receive = Hand::pending(receiver);
    sender.send(7).unwrap();
    assert_eq!((wakes.count(), wakes.wakers()), (0, 0));
    assert_eq!(receive.wakes(), 1);
    assert_eq!(receive.output(), Ok(7));
}

#[test]
fn the_last_waker_is_the_one_that_is_woken() {
    let (sender, mut receiver) = oneshot::channel();
    let (first, second) = (Wakes::new(), Wakes::new());
    assert!(poll_with(Pin::new(&mut receiver), &first.waker()).is_pending());
    assert!(poll_with(Pin::new(&mut receiver), &second.waker()).is_pending());
    assert_eq!((first.wakers(), second.wakers()), (0, 1));
    sender.send(7).unwrap();
    assert_eq!((first.count(), second.count()), (0, 1));
    assert_eq!(second.wakers(), 0);
    assert_eq!(receiver.try_recv(), Ok(7));
}

#[test]
fn a_waker_is_not_cloned_again_for_the_same_task() {
    let (_sender, mut receiver) = oneshot::channel::<u8>();
    let clones = Arc::new(AtomicUsize::new(0));
    let counted = clones.clone();
    let hooks = Arc::new(Hooks {
        clone: Some(Box::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
        })),
        ..Hooks::default()
    });
    let waker = hooks.waker();
    for _ in 0..3 {
        assert!(poll_with(Pin::new(&mut receiver), &waker).is_pending());
    }
    assert_eq!(clones.load(Ordering::SeqCst), 1);
}

/// Requirement 37, and "recv by reference".
#[test]
fn a_receive_that_is_dropped_by_reference_loses_nothing() {
    let (sender, mut receiver) = oneshot::channel();
    block_on(async {
        let lost = select(&mut receiver, std::future::ready(())).await;
        assert!(matches!(lost, Either::Right(_)));
    });
    sender.send(7).unwrap();
    assert_eq!(block_on(&mut receiver), Ok(7));
}

#[test]
fn a_message_is_dropped_once_wherever_it_ends() {
    let dropped = |end: fn(Counted)| {
        let (message, drops) = Counted::new();
        end(message);
        assert_eq!(drops.load(Ordering::SeqCst), 1);
    };
    // Received.
    dropped(|message| {
        let (sender, receiver) = oneshot::channel();
        sender.send(message).unwrap();
        drop(receiver.recv_blocking());
    });
    // Sent, never received.
    dropped(|message| {
        let (sender, receiver) = oneshot::channel();
        sender.send(message).unwrap();
        drop(receiver);
    });
    // The same, by a receiver that waited.
    dropped(|message| {
        let (sender, mut receiver) = oneshot::channel();
        assert!(poll_once(Pin::new(&mut receiver)).is_pending());
        sender.send(message).unwrap();
        drop(receiver);
    });
    // The same, by one that closed.
    dropped(|message| {
        let (sender, mut receiver) = oneshot::channel();
        sender.send(message).unwrap();
        receiver.close();
        drop(receiver);
    });
    // Refused.
    dropped(|message| {
        let (sender, receiver) = oneshot::channel();
        drop(receiver);
        drop(sender.send(message).unwrap_err());
    });
}

#[test]
fn a_message_that_panics_when_it_is_dropped_is_dropped_once() {
    struct Panics(#[allow(dead_code)] Counted);

    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("as asked");
        }
    }

    let (message, drops) = Counted::new();
    let (sender, receiver) = oneshot::channel();
    assert!(sender.send(Panics(message)).is_ok());
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(receiver)));
    assert!(caught.is_err());
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn a_waker_that_panics_leaves_the_message_to_be_received() {
    let (sender, mut receiver) = oneshot::channel();
    let hooks = Arc::new(Hooks {
        wake: Some(Box::new(|| panic!("as asked"))),
        ..Hooks::default()
    });
    assert!(poll_with(Pin::new(&mut receiver), &hooks.waker()).is_pending());
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| sender.send(7)));
    assert!(caught.is_err());
    assert_eq!(receiver.try_recv(), Ok(7));
}

#[test]
fn a_waker_that_cannot_be_cloned_leaves_the_wait_as_it_was() {
    let (sender, mut receiver) = oneshot::channel();
    let wakes = Wakes::new();
    assert!(poll_with(Pin::new(&mut receiver), &wakes.waker()).is_pending());
    let hooks = Arc::new(Hooks {
        clone: Some(Box::new(|| panic!("as asked"))),
        ..Hooks::default()
    });
    let waker = hooks.waker();
    let polled = std::panic::AssertUnwindSafe(|| poll_with(Pin::new(&mut receiver), &waker));
    assert!(std::panic::catch_unwind(polled).is_err());
    sender.send(7).unwrap();
    assert_eq!(wakes.count(), 1);
    assert_eq!(receiver.try_recv(), Ok(7));
}

/// A waker may do anything with the other end, at each of its moments.
#[test]
fn a_waker_may_receive_in_its_own_wake() {
    let (sender, receiver) = oneshot::channel();
    let receiver = Arc::new(Mutex::new(receiver));
    let seen = Arc::new(Mutex::new(None));
    let hooks = {
        let (receiver, seen) = (receiver.clone(), seen.clone());
        Arc::new(Hooks {
            wake: Some(Box::new(move || {
                *seen.lock().unwrap() = Some(receiver.lock().unwrap().try_recv());
            })),
            ..Hooks::default()
        })
    };
    assert!(poll_with(Pin::new(&mut *receiver.lock().unwrap()), &hooks.waker()).is_pending());
    sender.send(7).unwrap();
    assert_eq!(*seen.lock().unwrap(), Some(Ok(7)));
}

#[test]
fn a_waker_may_send_while_it_is_cloned_and_dropped() {
    for moment in 0..2 {
        let (sender, mut receiver) = oneshot::channel();
        let sender = Mutex::new(Some(sender));
        let send = move || {
            if let Some(sender) = sender.lock().unwrap().take() {
                sender.send(7).unwrap();
            }
        };
        let mut hooks = Hooks::default();
        match moment {
            0 => hooks.clone = Some(Box::new(send)),
            _ => hooks.drop = Some(Box::new(send)),
        }
        let waker = Arc::new(hooks).waker();
        let first = poll_with(Pin::new(&mut receiver), &waker);
        let second = poll_once(Pin::new(&mut receiver));
        match moment {
            // Found at once: the registration comes too late.
            0 => assert_eq!(
                (first, second),
                (Poll::Ready(Ok(7)), Poll::Ready(Err(RecvError)))
            ),
            // The waker of the first poll goes in the second one, which had to wait until then.
            _ => {
                assert_eq!((first, second), (Poll::Pending, Poll::Pending));
                assert_eq!(receiver.try_recv(), Ok(7));
            }
        }
    }
}

#[test]
fn one_allocation_for_all() {
    let allocations = allocator::allocations(|| {
        let (sender, mut receiver) = oneshot::channel();
        assert!(poll_once(Pin::new(&mut receiver)).is_pending());
        sender.send([1u64; 16]).unwrap();
        assert!(receiver.try_recv().is_ok());
    });
    assert_eq!(allocations, 1);
}

#[test]
fn a_message_without_bytes_and_one_of_many() {
    let (sender, receiver) = oneshot::channel();
    sender.send(()).unwrap();
    assert_eq!(receiver.recv_blocking(), Ok(()));

    let (sender, receiver) = oneshot::channel();
    sender.send([7u8; 4096]).unwrap();
    assert_eq!(receiver.recv_blocking(), Ok([7; 4096]));
}

#[test]
fn a_deadline_passes_and_the_message_can_still_come() {
    let (sender, mut receiver) = oneshot::channel();
    let timeout = Duration::from_millis(1);
    assert_eq!(
        receiver.recv_timeout(timeout),
        Err(RecvTimeoutError::Timeout)
    );
    assert_eq!(
        receiver.recv_deadline(Instant::now()),
        Err(RecvTimeoutError::Timeout)
    );
    sender.send(7).unwrap();
    assert_eq!(receiver.recv_timeout(Duration::ZERO), Ok(7));
    assert_eq!(
        receiver.recv_timeout(timeout),
        Err(RecvTimeoutError::Closed)
    );
}

#[test]
fn debug_needs_nothing_of_the_message() {
    struct Opaque;
    let (sender, receiver) = oneshot::channel::<Opaque>();
    assert_eq!(format!("{sender:?}"), "Sender { is_closed: false }");
    assert_eq!(
        format!("{receiver:?}"),
        "Receiver { is_empty: true, is_closed: false }"
    );
}

/// Either end on its own thread, with every way to end: each message is received, handed back, or dropped, once.
#[test]
fn ends_on_two_threads() {
    let _watchdog = Watchdog::new("oneshot ends_on_two_threads");
    for round in 0..20_000 {
        let (message, drops) = Counted::new();
        let (mut sender, mut receiver) = oneshot::channel();
        let sending = thread::spawn(move || {
            if round % 5 == 0 {
                let mut closed = sender.closed();
                let _ = poll_once(Pin::new(&mut closed));
            }
            match round % 7 {
                0 => drop(sender),
                1 => {
                    let _ = sender.poll_closed(&mut Context::from_waker(Waker::noop()));
                    drop(sender.send(message));
                    return;
                }
                _ => {
                    drop(sender.send(message));
                    return;
                }
            }
            drop(message);
        });
        match round % 4 {
            0 => drop(receiver.recv_blocking()),
            1 => {
                let _ = poll_once(Pin::new(&mut receiver));
                drop(receiver);
            }
            2 => {
                receiver.close();
                drop(receiver.try_recv());
            }
            _ => {
                let _ = poll_once(Pin::new(&mut receiver));
                drop(block_on(receiver));
            }
        }
        sending.join().unwrap();
        assert_eq!(drops.load(Ordering::SeqCst), 1);
    }
}
