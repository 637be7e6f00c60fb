//! Models of the races that [`watch`](super) names.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use loom::cell::UnsafeCell;
use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;

use super::channel;
use crate::error::RecvError;

fn poll_once<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn loom_watch_send_and_two_that_wait_for_a_change() {
    loom::model(|| {
        let (sender, mut first) = channel(0);
        let mut second = first.clone();
        let waiting = thread::spawn(move || {
            block_on(second.changed()).unwrap();
            *second.borrow()
        });
        let sending = {
            let sender = sender.clone();
            thread::spawn(move || sender.send(1).unwrap())
        };
        block_on(first.changed()).unwrap();
        assert_eq!(*first.borrow(), 1);
        assert_eq!(waiting.join().unwrap(), 1);
        sending.join().unwrap();
    });
}

#[test]
fn loom_watch_what_was_done_before_a_send_is_seen_after_the_change() {
    loom::model(|| {
        let (sender, receiver) = channel(());
        let data = Arc::new(UnsafeCell::new(0));
        let sending = {
            let data = data.clone();
            thread::spawn(move || {
                // SAFETY: the receiver reads after the change.
                data.with_mut(|data| unsafe { *data = 1 });
                sender.send(()).unwrap();
            })
        };
        // One look and no more: loom tries other orders around the last look alone.
        if let Ok(true) = receiver.has_changed() {
            // SAFETY: the sender wrote before the send.
            assert_eq!(data.with(|data| unsafe { *data }), 1);
        }
        sending.join().unwrap();
    });
}

#[test]
fn loom_watch_the_last_sender_goes_and_a_wait() {
    loom::model(|| {
        let (sender, mut receiver) = channel(0);
        let other = sender.clone();
        let sending = thread::spawn(move || {
            sender.send(1).unwrap();
        });
        drop(other);
        assert_eq!(block_on(receiver.changed()), Ok(()));
        assert_eq!(block_on(receiver.changed()), Err(RecvError));
        assert_eq!(*receiver.borrow(), 1);
        sending.join().unwrap();
    });
}

#[test]
fn loom_watch_a_wait_is_dropped_and_a_send() {
    loom::model(|| {
        let (sender, mut first) = channel(0);
        let mut second = first.clone();
        let sending = {
            let sender = sender.clone();
            thread::spawn(move || sender.send(1).unwrap())
        };
        let fickle = thread::spawn(move || {
            let mut changed = Box::pin(first.changed());
            let _ = poll_once(changed.as_mut());
        });
        block_on(second.changed()).unwrap();
        fickle.join().unwrap();
        sending.join().unwrap();
    });
}

#[test]
fn loom_watch_another_waker_and_a_send() {
    loom::model(|| {
        let (sender, mut receiver) = channel(0);
        let sending = {
            let sender = sender.clone();
            thread::spawn(move || sender.send(1).unwrap())
        };
        let mut changed = Box::pin(receiver.changed());
        if poll_once(changed.as_mut()).is_pending() {
            block_on(changed.as_mut()).unwrap();
        }
        sending.join().unwrap();
    });
}

#[test]
fn loom_watch_two_that_modify() {
    loom::model(|| {
        let (sender, receiver) = channel(0);
        let modifying = {
            let sender = sender.clone();
            thread::spawn(move || sender.send_modify(|value| *value += 1))
        };
        sender.send_modify(|value| *value += 1);
        modifying.join().unwrap();
        assert_eq!(*receiver.borrow(), 2);
    });
}

#[test]
fn loom_watch_the_last_receiver_goes_and_a_sender_waits_for_that() {
    loom::model(|| {
        let (sender, receiver) = channel(0);
        let other = receiver.clone();
        let dropping = thread::spawn(move || drop(receiver));
        drop(other);
        block_on(sender.closed());
        assert!(sender.send(1).is_err());
        dropping.join().unwrap();
    });
}

#[test]
fn loom_watch_wait_for_a_value_and_two_sends() {
    loom::model(|| {
        let (sender, mut receiver) = channel(0);
        let sending = {
            let sender = sender.clone();
            thread::spawn(move || {
                sender.send(1).unwrap();
                sender.send(2).unwrap();
            })
        };
        assert_eq!(
            *block_on(receiver.wait_for(|value| *value == 2)).unwrap(),
            2
        );
        assert_eq!(receiver.has_changed(), Ok(false));
        sending.join().unwrap();
    });
}
