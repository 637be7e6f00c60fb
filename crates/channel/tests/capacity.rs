//! Changing the capacity, and waiting for readiness or for the end of another future.

#[path = "../../sync-prims/tests/support/mod.rs"]
mod support;

use std::future::{pending, ready};
use std::pin::pin;
use std::task::Poll;

use channel::{
    RecvTimeoutError, ReserveError, SendTimeoutError, TryRecvError, bounded, rendezvous,
};
use support::{Hand, Wakes, poll_once, poll_with};
use sync_prims::blocking::block_on;

#[test]
fn more_room_lets_senders_that_wait_in() {
    let (sender, receiver) = rendezvous();
    let wakes = Wakes::new();
    let mut sends: Vec<_> = (0..3).map(|number| Box::pin(sender.send(number))).collect();
    for send in &mut sends {
        assert!(poll_with(send.as_mut(), &wakes.waker()).is_pending());
    }
    sender.set_capacity(2);
    assert_eq!((wakes.count(), receiver.len()), (2, 2));
    let done = sends
        .iter_mut()
        .map(|send| poll_once(send.as_mut()).is_ready());
    assert_eq!(done.collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [0, 1, 2]);
    assert!(poll_once(sends[2].as_mut()).is_ready());
}

#[test]
fn less_room_keeps_what_is_there() {
    let (sender, receiver) = bounded(8);
    for number in 0..8 {
        sender.try_send(number).unwrap();
    }
    receiver.set_capacity(2);
    assert_eq!((receiver.len(), receiver.capacity()), (8, 2));
    for number in 0..6 {
        assert!(sender.try_send(9).is_err());
        assert_eq!(receiver.try_recv(), Ok(number));
    }
    assert!(sender.try_send(9).is_err());
    assert_eq!(receiver.try_recv(), Ok(6));
    sender.try_send(8).unwrap();
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [7, 8]);
}

#[test]
fn who_waits_for_more_places_than_there_will_be_is_told() {
    let (sender, receiver) = bounded(4);
    sender.try_send(1).unwrap();
    let mut four = Box::pin(sender.reserve_many(4));
    let mut send = Box::pin(sender.send(2));
    assert!(poll_once(four.as_mut()).is_pending());
    assert!(poll_once(send.as_mut()).is_pending());
    receiver.set_capacity(2);
    let Poll::Ready(Err(error)) = poll_once(four.as_mut()) else {
        panic!("it was told");
    };
    assert_eq!(
        error,
        ReserveError::TooMany {
            wanted: 4,
            capacity: 2
        }
    );
    assert!(
        poll_once(send.as_mut()).is_ready(),
        "who stood behind has a place"
    );
}

#[test]
fn readiness_takes_nothing_and_tells_the_next() {
    let (sender, receiver) = bounded(4);
    let (first_wakes, second_wakes) = (Wakes::new(), Wakes::new());
    let mut ready = Box::pin(receiver.ready());
    let mut recv = Box::pin(receiver.recv());
    assert!(poll_with(ready.as_mut(), &first_wakes.waker()).is_pending());
    assert!(poll_with(recv.as_mut(), &second_wakes.waker()).is_pending());
    sender.try_send(1).unwrap();
    assert_eq!((first_wakes.count(), second_wakes.count()), (1, 0));
    assert_eq!(poll_once(ready.as_mut()), Poll::Ready(true));
    assert_eq!(second_wakes.count(), 1);
    assert_eq!(poll_once(recv.as_mut()), Poll::Ready(Ok(1)));
    // Dropped after it was told, it tells the next as well.
    let mut recv = Box::pin(receiver.recv());
    assert!(poll_once(ready.as_mut()).is_pending());
    assert!(poll_with(recv.as_mut(), &second_wakes.waker()).is_pending());
    sender.try_send(2).unwrap();
    drop(ready);
    assert_eq!(second_wakes.count(), 2);
    assert_eq!(poll_once(recv.as_mut()), Poll::Ready(Ok(2)));
    drop(recv);
    drop(sender);
    assert!(!block_on(receiver.ready()));
}

#[test]
fn a_send_with_an_end_hands_its_message_back() {
    let (sender, receiver) = bounded(1);
    assert_eq!(block_on(sender.send_before(1, ready(()))), Ok(()));
    let late = block_on(sender.send_before(2, ready(())));
    assert_eq!(late, Err(SendTimeoutError::Timeout(2)));
    {
        // It ends at the moment at which its message is taken: it was sent.
        let mut is_over = false;
        let end = std::future::poll_fn(|_| {
            if is_over {
                assert_eq!(receiver.try_recv(), Ok(1));
                return Poll::Ready(());
            }
            is_over = true;
            Poll::Pending
        });
        let mut send = pin!(sender.send_before(3, end));
        assert!(poll_once(send.as_mut()).is_pending());
        assert_eq!(poll_once(send.as_mut()), Poll::Ready(Ok(())));
    }
    assert_eq!(block_on(receiver.recv_before(pending::<()>())), Ok(3));
    let nothing = block_on(receiver.recv_before(ready(())));
    assert_eq!(nothing, Err(RecvTimeoutError::Timeout));
    drop(sender);
    assert_eq!(
        block_on(receiver.recv_before(pending::<()>())),
        Err(RecvTimeoutError::Closed)
    );
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn an_eager_channel_lets_a_message_in_for_a_receiver_that_waits() {
    let (sender, receiver) = channel::eager(0);
    assert!(sender.try_send(0).is_err(), "nobody waits");
    let wakes = Wakes::new();
    let mut first = Box::pin(receiver.recv());
    let mut second = Box::pin(receiver.recv());
    assert!(poll_with(first.as_mut(), &wakes.waker()).is_pending());
    assert!(poll_with(second.as_mut(), &wakes.waker()).is_pending());
    sender.try_send(1).unwrap();
    sender.try_send(2).unwrap();
    assert!(sender.try_send(3).is_err(), "those who wait were told");
    assert_eq!((wakes.count(), receiver.len()), (2, 2));
    // A receiver that is dropped leaves its message to others.
    drop(first);
    assert_eq!(poll_once(second.as_mut()), Poll::Ready(Ok(1)));
    let mut many = std::collections::VecDeque::from([3, 4]);
    assert_eq!(sender.try_send_many(&mut many), Ok(0));
    assert_eq!(receiver.try_recv(), Ok(2));
    // And one that waits gets what a sender offers.
    let mut send = Box::pin(sender.send(5));
    assert!(poll_once(send.as_mut()).is_pending());
    assert_eq!(block_on(receiver.recv()), Ok(5));
    assert!(poll_once(send.as_mut()).is_ready());
}

/// Those who offered when something was buffered are found when nothing is.
#[test]
fn offers_are_found_when_there_are_no_places_any_more() {
    let (sender, receiver) = channel::bounded(1);
    let mut receives: [_; 3] = std::array::from_fn(|_| Hand::pending(receiver.recv()));
    sender.try_send(0).unwrap();
    let mut sends: [_; 2] = std::array::from_fn(|number| Hand::pending(sender.send(number + 1)));
    sender.set_capacity(0);
    for (number, receive) in receives.iter_mut().enumerate() {
        assert!(receive.is_woken());
        assert_eq!(receive.output(), Ok(number));
    }
    assert!(sends.iter_mut().all(|send| send.output().is_ok()));
}

/// Also behind an offer that is taken from its sender.
#[test]
fn who_wants_places_is_refused_when_there_are_none_any_more() {
    let (sender, receiver) = bounded(1);
    sender.try_send(0).unwrap();
    let _offers = Hand::pending(sender.send(1));
    let mut reserves = Hand::pending(sender.reserve());
    sender.set_capacity(0);
    assert_eq!((receiver.try_recv(), reserves.is_woken()), (Ok(0), false));
    assert_eq!((receiver.try_recv(), reserves.is_woken()), (Ok(1), true));
    assert!(reserves.output().is_err());
}

#[test]
fn a_drain_takes_what_is_buffered_and_no_more() {
    let channel = channel::Channel::<u8, 2>::new();
    assert_eq!(channel.drain(), []);
    for number in 0..2 {
        channel.try_send(number).unwrap();
    }
    let wakes = Wakes::new();
    let mut waiting = Box::pin(channel.send(2));
    assert!(poll_with(waiting.as_mut(), &wakes.waker()).is_pending());
    assert_eq!(channel.drain(), [0, 1]);
    assert_eq!((wakes.count(), channel.len()), (1, 1));
    assert!(poll_once(waiting.as_mut()).is_ready());
    let mut message = Some(3);
    assert!(block_on(channel.ready()));
    assert_eq!(block_on(channel.send_from(&mut message)), Ok(()));
    assert_eq!((channel.drain(), message), (vec![2, 3], None));
}
