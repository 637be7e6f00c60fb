//! The end of a channel, by close and by the last handle, while others send, receive and wait.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use loom::future::block_on;
use loom::sync::Arc;

use super::{channel, for_each_capacity, poll_once, spawn};
use crate::error::{RecvError, ReserveError};

#[test]
fn loom_close_send_and_receive() {
    for_each_capacity(|capacity| {
        let (sender, receiver) = channel(capacity);
        let sends = spawn(move || block_on(sender.send(Arc::new(1))).map_err(|back| *back.0));
        let closes = {
            let receiver = receiver.clone();
            spawn(move || receiver.close())
        };
        let received = block_on(receiver.recv()).map(|message| *message);
        closes.join().unwrap();
        match sends.join().unwrap() {
            Ok(()) => assert_eq!(received, Ok(1)),
            Err(back) => assert_eq!((back, received), (1, Err(RecvError))),
        }
        assert!(receiver.is_complete());
    });
}

/// What was sent before the last sender went is received; one that waits is told of the end.
#[test]
fn loom_the_last_sender_and_a_receive() {
    for_each_capacity(|capacity| {
        let (sender, receiver) = channel(capacity);
        let other = sender.clone();
        let sends = spawn(move || block_on(sender.send(Arc::new(1))).unwrap());
        let goes = spawn(move || drop(other));
        assert_eq!(block_on(receiver.recv()).map(|message| *message), Ok(1));
        assert!(block_on(receiver.recv()).is_err());
        sends.join().unwrap();
        goes.join().unwrap();
    });
}

/// A send that waits is told when the last receiver goes, and nothing that is in the channel is kept.
#[test]
fn loom_the_last_receiver_and_a_send() {
    for_each_capacity(|capacity| {
        let (sender, receiver) = channel(capacity);
        let other = receiver.clone();
        let go = [receiver, other].map(|receiver| spawn(move || drop(receiver)));
        let _ = block_on(sender.send(Arc::new(1)));
        if capacity < usize::MAX {
            assert!(block_on(sender.send(Arc::new(2))).is_err());
        }
        block_on(sender.closed());
        for goes in go {
            goes.join().unwrap();
        }
        assert_eq!(sender.len(), 0);
    });
}

/// A weak handle becomes a sender, or the channel is closed.
#[test]
fn loom_the_last_sender_and_an_upgrade() {
    loom::model(|| {
        let (sender, receiver) = channel(1);
        let weak = sender.downgrade();
        let goes = spawn(move || drop(sender));
        let upgraded = weak
            .upgrade()
            .map(|sender| block_on(sender.send(Arc::new(1))));
        goes.join().unwrap();
        let received = block_on(receiver.recv());
        assert_eq!(upgraded.is_some(), received.is_ok());
        assert!(upgraded.is_none_or(|sent| sent.is_ok()));
        assert!(block_on(receiver.recv()).is_err());
    });
}

#[test]
fn loom_a_batch_and_close() {
    for_each_capacity(|capacity| {
        let (sender, receiver) = channel(capacity);
        let sends = spawn(move || {
            let mut batch: VecDeque<_> = (1..3).map(Arc::new).collect();
            let sent = block_on(sender.send_many(&mut batch));
            let sent = sent.unwrap_or_else(|refused| refused.sent);
            assert_eq!(sent + batch.len(), 2);
            sent
        });
        let closes = {
            let receiver = receiver.clone();
            spawn(move || receiver.close())
        };
        let mut into = Vec::new();
        while block_on(receiver.recv_many(&mut into, 2)).is_ok() {}
        closes.join().unwrap();
        let sent = sends.join().unwrap();
        let received = into.iter().map(|message| **message as usize);
        assert!(received.eq(1..=sent));
    });
}

/// The channel is complete when the last place is back, or what was sent into it was received.
#[test]
fn loom_a_permit_and_close() {
    for is_filled in [false, true] {
        loom::model(move || {
            let (sender, receiver) = channel(1);
            let permit = sender.clone().try_reserve_owned().unwrap();
            let gives = spawn(move || {
                if is_filled {
                    drop(permit.send(Arc::new(1)));
                } else {
                    drop(permit);
                }
            });
            let drains = spawn(move || block_on(sender.close_and_drain()));
            let received = block_on(receiver.recv()).map(|message| *message);
            assert_eq!(received, if is_filled { Ok(1) } else { Err(RecvError) });
            gives.join().unwrap();
            drains.join().unwrap();
            assert!(receiver.is_complete());
        });
    }
}

/// What is sent into a place when nobody is left to receive goes, whichever comes first.
#[test]
fn loom_a_permit_and_the_last_receiver() {
    loom::model(|| {
        let (sender, receiver) = channel(1);
        let permit = sender.clone().try_reserve_owned().unwrap();
        let goes = spawn(move || drop(receiver));
        let fills = spawn(move || drop(permit.send(Arc::new(1))));
        block_on(sender.close_and_drain());
        goes.join().unwrap();
        fills.join().unwrap();
        assert_eq!(sender.len(), 0);
    });
}

#[test]
fn loom_a_reservation_and_close() {
    loom::model(|| {
        let (sender, receiver) = channel(1);
        let permit = sender.clone().try_reserve_owned().unwrap();
        let gives = spawn(move || drop(permit));
        let closes = spawn(move || receiver.close());
        let reserved = block_on(sender.reserve()).map(|mut permit| permit.send(Arc::new(1)));
        gives.join().unwrap();
        closes.join().unwrap();
        assert!(matches!(reserved, Ok(()) | Err(ReserveError::Closed)));
    });
}

/// A wait for the end, which may come between its look and its registration.
#[test]
fn loom_waits_for_the_end() {
    for_each_capacity(|capacity| {
        let (sender, receiver) = channel(capacity);
        if capacity > 0 {
            sender.try_send(Arc::new(1)).unwrap();
        }
        let other = receiver.clone();
        let receives = spawn(move || while block_on(other.recv()).is_ok() {});
        let closes = spawn(move || {
            let mut closed = Box::pin(sender.closed());
            let _ = poll_once(closed.as_mut());
            sender.close();
            block_on(closed);
        });
        block_on(receiver.complete());
        receives.join().unwrap();
        closes.join().unwrap();
    });
}
