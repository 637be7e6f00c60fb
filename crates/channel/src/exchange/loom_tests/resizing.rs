//! A capacity that changes while others wait, and memory that is made while others use it.

use alloc::vec::Vec;

use loom::future::block_on;
use loom::sync::Arc;

use super::{channel, spawn};

/// A send that waits gets the place that comes, or a receiver.
#[test]
fn loom_more_room_and_a_send() {
    loom::model(|| {
        let (sender, receiver) = channel(0);
        let sends = spawn(move || block_on(sender.send(Arc::new(1))).unwrap());
        receiver.set_capacity(1);
        // Nobody receives before it is done.
        sends.join().unwrap();
        assert_eq!(receiver.try_recv().map(|message| *message), Ok(1));
    });
}

/// When the places go, what is offered is found by those who receive.
#[test]
fn loom_no_room_send_and_receive() {
    loom::model(|| {
        let (sender, receiver) = channel(1);
        sender.try_send(Arc::new(0)).unwrap();
        let resizes = {
            let receiver = receiver.clone();
            spawn(move || receiver.set_capacity(0))
        };
        let sends = spawn(move || block_on(sender.send(Arc::new(1))).unwrap());
        let received: Vec<_> = (0..2)
            .map(|_| *block_on(receiver.recv()).unwrap())
            .collect();
        assert_eq!(received, [0, 1]);
        resizes.join().unwrap();
        sends.join().unwrap();
    });
}

/// Two find that there is no memory for their messages, and make it, without the lock.
#[test]
fn loom_two_make_memory() {
    loom::model(|| {
        let (sender, receiver) = channel(usize::MAX);
        let sends = {
            let sender = sender.clone();
            spawn(move || sender.try_send(Arc::new(1)).unwrap())
        };
        sender.try_send(Arc::new(2)).unwrap();
        sends.join().unwrap();
        let mut received: Vec<_> = receiver.try_iter().map(|message| *message).collect();
        received.sort_unstable();
        assert_eq!(received, [1, 2]);
    });
}

/// Those who wait are told one after the other, each by the one before, when a reservation in front of them goes.
#[test]
fn loom_an_offer_behind_a_reservation() {
    loom::model(|| {
        let (sender, receiver) = channel(1);
        let permit = sender.try_reserve().unwrap();
        let waits = {
            let sender = sender.clone();
            spawn(move || {
                let mut reserve = alloc::boxed::Box::pin(sender.reserve());
                let _ = super::poll_once(reserve.as_mut());
            })
        };
        let other = sender.clone();
        let sends = spawn(move || block_on(other.send(Arc::new(1))).unwrap());
        assert_eq!(block_on(receiver.recv()).map(|message| *message), Ok(1));
        waits.join().unwrap();
        sends.join().unwrap();
        drop(permit);
    });
}
