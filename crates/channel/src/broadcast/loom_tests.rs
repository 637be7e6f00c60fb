//! Models of the races that [`broadcast`](super) names. The messages are ones whose loss, or second life, loom sees.

use core::future::Future;
use core::ops::Deref;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use super::{Overflow, RecvError, SendError, TryRecvError, channel};

/// A clone is another count of the same message.
#[derive(Clone, Debug)]
struct Message(Arc<u32>);

fn message(number: u32) -> Message {
    Message(Arc::new(number))
}

impl Deref for Message {
    type Target = u32;

    fn deref(&self) -> &u32 {
        &self.0
    }
}

impl PartialEq for Message {
    fn eq(&self, other: &Message) -> bool {
        **self == **other
    }
}

fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn loom_broadcast_send_and_two_receives() {
    loom::model(|| {
        let (sender, mut first) = channel::<Message>(1, Overflow::Lag);
        let mut second = first.clone();
        let receiving = thread::spawn(move || block_on(second.recv()).map(|message| *message));
        // It stays, so that its end wakes nobody.
        let sending = {
            let sender = sender.clone();
            thread::spawn(move || assert_eq!(sender.try_send(message(1)), Ok(2)))
        };
        assert_eq!(block_on(first.recv()).map(|message| *message), Ok(1));
        assert_eq!(receiving.join().unwrap(), Ok(1));
        sending.join().unwrap();
    });
}

#[test]
fn loom_broadcast_the_last_two_claims() {
    loom::model(|| {
        let (sender, mut first) = channel(1, Overflow::Lag);
        let mut second = first.clone();
        assert_eq!(sender.try_send(message(1)), Ok(2));
        let receiving = thread::spawn(move || second.try_recv().map(|message| *message));
        assert_eq!(first.try_recv().map(|message| *message), Ok(1));
        assert_eq!(receiving.join().unwrap(), Ok(1));
    });
}

#[test]
fn loom_broadcast_overwrite_and_receive() {
    loom::model(|| {
        let (sender, mut receiver) = channel(1, Overflow::Lag);
        assert_eq!(sender.try_send(message(1)), Ok(1));
        let sending = thread::spawn(move || {
            assert_eq!(sender.try_send(message(2)), Ok(1));
        });
        match receiver.try_recv().map(|message| *message) {
            Ok(1) => {}
            Err(TryRecvError::Lagged(1)) => {}
            other => panic!("{other:?}"),
        }
        sending.join().unwrap();
        assert_eq!(receiver.try_recv().map(|message| *message), Ok(2));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    });
}

#[test]
fn loom_broadcast_overwrite_and_drop_of_a_receiver() {
    loom::model(|| {
        let (sender, receiver) = channel(1, Overflow::Lag);
        assert_eq!(sender.try_send(message(1)), Ok(1));
        let dropping = thread::spawn(move || drop(receiver));
        let _ = sender.try_send(message(2));
        dropping.join().unwrap();
        assert_eq!(sender.len(), 0);
    });
}

#[test]
fn loom_broadcast_drop_of_the_last_sender_and_a_wait() {
    loom::model(|| {
        let (sender, mut receiver) = channel::<Message>(1, Overflow::Lag);
        let other = sender.clone();
        let dropping = thread::spawn(move || drop(other));
        drop(sender);
        assert_eq!(block_on(receiver.recv()), Err(RecvError::Closed));
        dropping.join().unwrap();
    });
}

#[test]
fn loom_broadcast_subscribe_and_send() {
    loom::model(|| {
        let (sender, mut receiver) = channel(1, Overflow::Lag);
        let sending = {
            let sender = sender.clone();
            thread::spawn(move || sender.try_send(message(1)).unwrap())
        };
        let mut late = sender.subscribe();
        let reached = sending.join().unwrap();
        let expected = match reached {
            2 => Ok(1),
            _ => Err(TryRecvError::Empty),
        };
        assert_eq!(late.try_recv().map(|message| *message), expected);
        assert_eq!(receiver.try_recv().map(|message| *message), Ok(1));
    });
}

#[test]
fn loom_broadcast_a_receiver_is_cloned_while_another_has_the_message() {
    loom::model(|| {
        let (sender, mut first) = channel(1, Overflow::Lag);
        let second = first.clone();
        assert_eq!(sender.try_send(message(1)), Ok(2));
        let cloning = thread::spawn(move || {
            let mut third = second.clone();
            drop(second);
            third.try_recv().map(|message| *message)
        });
        assert_eq!(first.try_recv().map(|message| *message), Ok(1));
        assert_eq!(cloning.join().unwrap(), Ok(1));
    });
}

#[test]
fn loom_broadcast_a_sender_waits_for_a_receiver() {
    loom::model(|| {
        let (sender, mut receiver) = channel(1, Overflow::Wait);
        assert_eq!(sender.try_send(message(1)), Ok(1));
        let sending = thread::spawn(move || block_on(sender.send(message(2))));
        assert_eq!(receiver.try_recv().map(|message| *message), Ok(1));
        assert_eq!(block_on(receiver.recv()).map(|message| *message), Ok(2));
        assert_eq!(sending.join().unwrap(), Ok(1));
    });
}

#[test]
fn loom_broadcast_a_sender_gives_up_and_a_receiver_makes_room() {
    loom::model(|| {
        let (sender, mut receiver) = channel(1, Overflow::Wait);
        assert_eq!(sender.try_send(message(1)), Ok(1));
        let fickle = thread::spawn(move || {
            let mut send = Box::pin(sender.send(message(2)));
            poll_once(send.as_mut()).is_ready()
        });
        assert_eq!(receiver.try_recv().map(|message| *message), Ok(1));
        let sent = fickle.join().unwrap();
        let received = receiver.try_recv().map(|message| *message);
        assert!(matches!(
            (sent, &received),
            (_, Ok(2)) | (false, Err(TryRecvError::Closed))
        ));
    });
}

#[test]
fn loom_broadcast_a_sender_waits_and_the_last_receiver_goes() {
    loom::model(|| {
        let (sender, receiver) = channel(1, Overflow::Wait);
        assert_eq!(sender.try_send(message(1)), Ok(1));
        let dropping = thread::spawn(move || drop(receiver));
        let sent = block_on(sender.send(message(2)));
        assert!(matches!(sent, Ok(1) | Err(SendError::NoReceivers(_))));
        dropping.join().unwrap();
    });
}

#[test]
fn loom_broadcast_close_and_a_sender_that_waits() {
    loom::model(|| {
        let (sender, mut receiver) = channel(1, Overflow::Wait);
        assert_eq!(sender.try_send(message(1)), Ok(1));
        let sending = thread::spawn(move || block_on(sender.send(message(2))).is_err());
        assert!(receiver.close());
        assert!(sending.join().unwrap());
        assert_eq!(receiver.try_recv().map(|message| *message), Ok(1));
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
    });
}
