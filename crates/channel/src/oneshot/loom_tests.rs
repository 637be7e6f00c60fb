//! Models of the races that [`raw`](super::raw) names. The message is one whose loss, or second life, loom sees.

use core::future::Future;
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use super::{Receiver, Sender, channel};
use crate::error::{RecvError, SendError};

type Message = Arc<u32>;

fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Runs the two sides at the same time.
fn race<S: 'static, R>(
    sender: impl FnOnce(Sender<Message>) -> S + Send + Sync + Clone + 'static,
    receiver: impl FnOnce(Receiver<Message>) -> R + Send + Sync + Clone + 'static,
    check: impl Fn(S, R) + Send + Sync + 'static,
) {
    loom::model(move || {
        let (ours, theirs) = channel();
        let sends = sender.clone();
        let sending = thread::spawn(move || sends(ours));
        let received = receiver.clone()(theirs);
        check(sending.join().unwrap(), received);
    });
}

#[test]
fn loom_oneshot_send_and_receive() {
    race(
        |sender| sender.send(Arc::new(1)).is_ok(),
        |receiver| block_on(receiver).map(|message| *message),
        |sent, received| assert_eq!((sent, received), (true, Ok(1))),
    );
}

#[test]
fn loom_oneshot_send_and_a_receiver_with_another_waker() {
    race(
        |sender| sender.send(Arc::new(1)).is_ok(),
        |mut receiver| match poll_once(&mut receiver) {
            Poll::Ready(received) => received.map(|message| *message),
            Poll::Pending => block_on(receiver).map(|message| *message),
        },
        |sent, received| assert_eq!((sent, received), (true, Ok(1))),
    );
}

#[test]
fn loom_oneshot_send_and_drop_of_the_receiver() {
    race(
        |sender| sender.send(Arc::new(1)).map_err(|SendError(back)| *back),
        drop,
        |sent, ()| assert!(matches!(sent, Ok(()) | Err(1))),
    );
}

#[test]
fn loom_oneshot_send_and_drop_of_a_receiver_that_waited() {
    race(
        |sender| sender.send(Arc::new(1)).map_err(|SendError(back)| *back),
        |mut receiver| drop(poll_once(&mut receiver)),
        |sent, ()| assert!(matches!(sent, Ok(()) | Err(1))),
    );
}

#[test]
fn loom_oneshot_drop_of_the_sender_and_receive() {
    race(
        drop,
        |receiver| block_on(receiver).map(|message| *message),
        |(), received| assert_eq!(received, Err(RecvError)),
    );
}

#[test]
fn loom_oneshot_drop_of_both() {
    race(drop, drop, |(), ()| {});
}

#[test]
fn loom_oneshot_close_and_send() {
    race(
        |sender| sender.send(Arc::new(1)).is_ok(),
        |mut receiver| {
            receiver.close();
            // What is not there now will never be.
            receiver.try_recv().map(|message| *message).ok()
        },
        |sent, received| assert_eq!(received, sent.then_some(1)),
    );
}

#[test]
fn loom_oneshot_close_and_a_sender_that_waits_for_it() {
    race(
        |mut sender| {
            // With another waker from the second poll on.
            let _ = sender.poll_closed(&mut Context::from_waker(Waker::noop()));
            block_on(sender.closed());
            sender.send(Arc::new(1)).is_err()
        },
        |mut receiver| receiver.close(),
        |refused, closed| assert!(refused && closed),
    );
}

#[test]
fn loom_oneshot_both_wait_and_the_sender_sends() {
    race(
        |mut sender| {
            let _ = sender.poll_closed(&mut Context::from_waker(Waker::noop()));
            sender.send(Arc::new(1)).is_ok()
        },
        |receiver| block_on(receiver).map(|message| *message),
        |sent, received| assert_eq!((sent, received), (true, Ok(1))),
    );
}

#[test]
fn loom_oneshot_a_sender_that_gives_up_waiting_and_drop_of_the_receiver() {
    race(
        |mut sender| {
            let ended = poll_once(&mut sender.closed()).is_ready();
            (ended, sender.send(Arc::new(1)).is_ok())
        },
        drop,
        |(ended, sent), ()| assert!(!(ended && sent)),
    );
}
