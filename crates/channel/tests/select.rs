//! Selects: exactly one branch happens, and the others lose nothing.

#[path = "../../sync-prims/tests/support/mod.rs"]
mod support;

use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::thread;

use channel::select::{select, select_all, select_biased, try_select, wait};
use channel::{SendError, TryRecvError, bounded, rendezvous, select};
use support::{Wakes, poll_once, poll_with};
use sync_prims::blocking::block_on;

#[test]
fn a_receive_that_did_not_win_has_taken_nothing() {
    let (first, from_first) = bounded(4);
    let (second, from_second) = bounded(4);
    for number in 0..4 {
        first.try_send(number).unwrap();
        second.try_send(number).unwrap();
    }
    drop((first, second));
    let mut received = [Vec::new(), Vec::new()];
    block_on(async {
        while received[0].len() + received[1].len() < 8 {
            select! {
                message = from_first.recv() => received[0].extend(message.ok()),
                message = from_second.recv() => received[1].extend(message.ok()),
            }
        }
    });
    assert_eq!(received, [[0, 1, 2, 3], [0, 1, 2, 3]]);
}

#[test]
fn every_branch_that_is_ready_gets_its_turn() {
    let (sender, receiver) = bounded::<()>(1);
    drop(sender);
    let mut wins = [0; 3];
    for _ in 0..300 {
        let all = [receiver.recv(), receiver.recv(), receiver.recv()];
        let (index, closed) = block_on(select_all(all));
        assert!(closed.is_err());
        wins[index] += 1;
    }
    // Other tests take turns as well, so the shares are not exact.
    assert!(wins.iter().all(|&wins| wins > 0), "{wins:?}");
    let biased = (0..100).map(|_| block_on(select_biased((receiver.recv(), receiver.recv()))));
    assert!(biased.into_iter().all(|outcome| outcome.0.is_some()));
}

#[test]
fn a_send_that_did_not_win_keeps_its_message() {
    let (full, from_full) = bounded(1);
    full.try_send(String::from("first")).unwrap();
    let (_sender, receiver) = bounded::<u8>(1);
    let mut second = Some(String::from("second"));
    let outcome = block_on(select((
        full.send_from(&mut second),
        wait(async { "over" }),
        receiver.recv(),
    )));
    assert_eq!(outcome, (None, Some("over"), None));
    assert_eq!(second.as_deref(), Some("second"));
    assert_eq!(from_full.try_recv().as_deref(), Ok("first"));
    assert_eq!(from_full.try_recv(), Err(TryRecvError::Empty));
}

#[test]
fn two_sends_to_two_waiting_receivers_are_one() {
    let (left, from_left) = rendezvous();
    let (right, from_right) = rendezvous();
    let (mut one, mut two) = (Some(1), Some(2));
    let mut select = Box::pin(select((
        left.send_from(&mut one),
        right.send_from(&mut two),
    )));
    let wakes = Wakes::new();
    assert!(poll_with(select.as_mut(), &wakes.waker()).is_pending());
    assert_eq!(from_left.try_recv(), Ok(1));
    // The other offer is void from then on, before the select has run again.
    assert_eq!(from_right.try_recv(), Err(TryRecvError::Empty));
    assert!(wakes.count() > 0);
    assert_eq!(
        poll_once(select.as_mut()),
        Poll::Ready((Some(Ok(())), None))
    );
    drop(select);
    assert_eq!((one, two), (None, Some(2)));
}

#[test]
fn a_dropped_select_says_what_became_of_its_message() {
    let (sender, receiver) = rendezvous();
    let mut message = Some(7);
    {
        let mut select = pin!(select((sender.send_from(&mut message),)));
        assert!(poll_once(select.as_mut()).is_pending());
    }
    assert_eq!(message, Some(7));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    {
        let mut select = pin!(select((sender.send_from(&mut message),)));
        assert!(poll_once(select.as_mut()).is_pending());
        assert_eq!(receiver.try_recv(), Ok(7));
    }
    assert_eq!(message, None);
}

#[test]
fn a_closed_channel_is_a_branch_that_is_ready() {
    let (sender, receiver) = bounded(1);
    receiver.close();
    let mut message = Some(7);
    let outcome = block_on(select((sender.send_from(&mut message),)));
    assert_eq!(outcome, (Some(Err(SendError(()))),));
    assert_eq!(message, Some(7));
}

#[test]
fn else_is_for_when_nothing_is_ready() {
    let (sender, receiver) = bounded(1);
    let look = || {
        block_on(async {
            select! {
                message = receiver.recv() => message.ok(),
                else => None,
            }
        })
    };
    assert_eq!(look(), None);
    sender.try_send(7).unwrap();
    assert_eq!(look(), Some(7));
    let mut message = Some(8);
    sender.try_send(1).unwrap();
    assert!(block_on(try_select((sender.send_from(&mut message),))).is_none());
    assert_eq!(message, Some(8));
}

#[test]
fn a_void_offer_is_made_again() {
    // The offer of a select is found while the select is being polled, by a receiver that another of its branches runs.
    let (sender, receiver) = rendezvous();
    let mut message = Some(7);
    let mut looked = false;
    let wakes = Wakes::new();
    let meddler = wait(std::future::poll_fn(|_| {
        if !looked {
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
            looked = true;
        }
        Poll::<()>::Pending
    }));
    let mut select = Box::pin(select_biased((sender.send_from(&mut message), meddler)));
    assert!(poll_with(select.as_mut(), &wakes.waker()).is_pending());
    assert!(wakes.count() > 0, "it is told to offer again");
    assert!(poll_with(select.as_mut(), &wakes.waker()).is_pending());
    assert_eq!(receiver.try_recv(), Ok(7));
    assert!(matches!(
        poll_once(select.as_mut()),
        Poll::Ready((Some(Ok(())), None))
    ));
}

#[test]
fn messages_sent_and_received_by_selects_on_threads_arrive_once() {
    const EACH: usize = 20_000;
    for capacity in [0, 1, 3] {
        let (left, from_left) = bounded(capacity);
        let (right, from_right) = bounded(capacity);
        let received = AtomicUsize::new(0);
        let sum = AtomicUsize::new(0);
        thread::scope(|threads| {
            for sender in 0..2 {
                let (left, right) = (left.clone(), right.clone());
                threads.spawn(move || {
                    for number in 0..EACH {
                        let mut to_left = Some(sender * EACH + number);
                        let mut to_right = to_left;
                        let outcome = block_on(select((
                            left.send_from(&mut to_left),
                            right.send_from(&mut to_right),
                        )));
                        assert!(matches!(
                            outcome,
                            (Some(Ok(())), None) | (None, Some(Ok(())))
                        ));
                        assert_eq!(to_left.is_none() as u8 + to_right.is_none() as u8, 1);
                    }
                });
            }
            for _ in 0..2 {
                let (left, right) = (from_left.clone(), from_right.clone());
                let (received, sum) = (&received, &sum);
                threads.spawn(move || {
                    let mut open = 2;
                    while open > 0 {
                        let message = block_on(async {
                            select! {
                                message = left.recv() => message,
                                message = right.recv() => message,
                            }
                        });
                        match message {
                            Ok(number) => {
                                received.fetch_add(1, Ordering::Relaxed);
                                sum.fetch_add(number, Ordering::Relaxed);
                            }
                            Err(_) => {
                                open = if left.is_complete() && right.is_complete() {
                                    0
                                } else {
                                    1
                                }
                            }
                        }
                    }
                });
            }
            drop((left, right));
        });
        assert_eq!(received.into_inner(), 2 * EACH);
        assert_eq!(sum.into_inner(), (0..2 * EACH).sum::<usize>());
    }
}

/// What was offered by a look that came to nothing is taken by nobody, though the look is there still.
#[test]
fn a_look_that_came_to_nothing_sends_nothing_after() {
    let (sender, receiver) = rendezvous();
    let wakes = Wakes::new();
    let mut receive = Box::pin(receiver.recv());
    assert!(poll_with(receive.as_mut(), &wakes.waker()).is_pending());
    let mut message = Some(7);
    let mut look = Box::pin(try_select((sender.send_from(&mut message),)));
    assert_eq!(poll_once(look.as_mut()), Poll::Ready(None));
    assert!(poll_with(receive.as_mut(), &wakes.waker()).is_pending());
    assert!(receiver.try_recv().is_err());
    drop(look);
    assert_eq!(message, Some(7));
}
