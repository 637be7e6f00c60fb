//! Waits that are given up, or polled with another waker, while they are told.

use alloc::boxed::Box;
use core::task::Poll;

use loom::future::block_on;
use loom::sync::Arc;

use super::{channel, for_each_capacity, poll_once, spawn};

/// A receive that is dropped when it may have been told: the message, or the news of it, goes to the next.
#[test]
fn loom_a_receive_given_up_and_a_hand_over() {
    for_each_capacity(|capacity| {
        let (sender, receiver) = channel(capacity);
        let fickle = {
            let (sender, receiver) = (sender.clone(), receiver.clone());
            spawn(move || {
                let mut receive = Box::pin(receiver.recv());
                let polled = poll_once(receive.as_mut());
                drop(receive);
                if let Poll::Ready(message) = polled {
                    block_on(sender.send(message.unwrap())).unwrap();
                }
            })
        };
        let sends = spawn(move || block_on(sender.send(Arc::new(1))).unwrap());
        assert_eq!(block_on(receiver.recv()).map(|message| *message), Ok(1));
        fickle.join().unwrap();
        sends.join().unwrap();
    });
}

/// A send that is dropped when its message may have been taken says which.
#[test]
fn loom_a_send_given_up_and_a_hand_over() {
    for capacity in [0, 1] {
        loom::model(move || {
            let (sender, receiver) = channel(capacity);
            if capacity > 0 {
                sender.try_send(Arc::new(0)).unwrap();
            }
            let fickle = {
                let sender = sender.clone();
                spawn(move || {
                    let mut send = Box::pin(sender.send(Arc::new(1)));
                    match poll_once(send.as_mut()) {
                        Poll::Ready(sent) => sent.is_ok(),
                        Poll::Pending => send.as_mut().cancel().is_none(),
                    }
                })
            };
            let sends = spawn(move || block_on(sender.send(Arc::new(2))).unwrap());
            let mut received = alloc::vec::Vec::new();
            while let Ok(message) = block_on(receiver.recv()) {
                received.push(*message);
            }
            sends.join().unwrap();
            let was_sent = fickle.join().unwrap();
            assert_eq!(received.contains(&1), was_sent);
            assert!(received.contains(&2));
            assert_eq!(received.len(), capacity + 1 + usize::from(was_sent));
        });
    }
}

/// Two receive, one of them is told first and gives up: each message finds one.
#[test]
fn loom_a_told_receiver_and_the_next() {
    for_each_capacity(|capacity| {
        let (sender, receiver) = channel(capacity);
        let mut first = Box::pin(receiver.recv());
        assert!(poll_once(first.as_mut()).is_pending());
        let other = receiver.clone();
        let second = spawn(move || block_on(other.recv()).map(|message| *message));
        let sends = spawn(move || block_on(sender.send(Arc::new(1))).unwrap());
        drop(first);
        drop(receiver);
        assert_eq!(second.join().unwrap(), Ok(1));
        sends.join().unwrap();
    });
}

/// A place that was given to one who gives up goes to the next.
#[test]
fn loom_a_reservation_given_up() {
    loom::model(|| {
        let (sender, receiver) = channel(1);
        let permit = sender.clone().try_reserve_owned().unwrap();
        let gives = spawn(move || drop(permit));
        let fickle = {
            let sender = sender.clone();
            spawn(move || {
                let mut reserve = Box::pin(sender.reserve());
                let _ = poll_once(reserve.as_mut());
            })
        };
        block_on(sender.send(Arc::new(1))).unwrap();
        gives.join().unwrap();
        fickle.join().unwrap();
        assert_eq!(receiver.try_recv().map(|message| *message), Ok(1));
    });
}

/// Whichever waker is stored when the news comes is the one of the last poll.
#[test]
fn loom_another_waker_and_a_hand_over() {
    for_each_capacity(|capacity| {
        let (sender, receiver) = channel(capacity);
        let sends = spawn(move || {
            let mut send = Box::pin(sender.send(Arc::new(1)));
            if poll_once(send.as_mut()).is_pending() {
                block_on(send).unwrap();
            }
        });
        let mut receive = Box::pin(receiver.recv());
        let received = match poll_once(receive.as_mut()) {
            Poll::Ready(received) => received,
            Poll::Pending => block_on(receive),
        };
        assert_eq!(received.map(|message| *message), Ok(1));
        sends.join().unwrap();
    });
}

/// One who waits for readiness takes nothing, and does not keep the news from the next.
#[test]
fn loom_readiness_and_a_receive() {
    for_each_capacity(|capacity| {
        let (sender, receiver) = channel(capacity);
        let other = receiver.clone();
        let looks = spawn(move || block_on(other.ready()));
        let sends = spawn(move || block_on(sender.send(Arc::new(1))).unwrap());
        assert_eq!(block_on(receiver.recv()).map(|message| *message), Ok(1));
        sends.join().unwrap();
        // The message, if it came first; else the end.
        looks.join().unwrap();
    });
}
