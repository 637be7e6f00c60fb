//! corio's channels, strict and eager.

use std::collections::VecDeque;
use std::hint::black_box;
use std::time::Duration;

use channel::broadcast::{self, Overflow};
use channel::{Receiver, Sender, oneshot};

use super::{blocking, cloned, family};
use crate::channel::by_hand;
use crate::channel::case::{AUDIENCE, BATCH, Case, Place};
use crate::channel::stream;

family! {
    /// A send is done when the message has a place.
    Strict {
        sender: Sender<T>, cloned;
        receiver: Receiver<T>, cloned;
        channel: |capacity: Option<usize>| Some(channel::bounded(capacity.unwrap_or(usize::MAX)));
        send: |sender, message| sender.send(message).await.expect("receivers stay");
        recv: |receiver| receiver.recv().await.ok();
    }
}

family! {
    /// A send is done as well when a receiver waits.
    Eager {
        sender: Sender<T>, cloned;
        receiver: Receiver<T>, cloned;
        channel: |capacity: Option<usize>| Some(channel::eager(capacity.unwrap_or(usize::MAX)));
        send: |sender, message| sender.send(message).await.expect("receivers stay");
        recv: |receiver| receiver.recv().await.ok();
    }
}

blocking! {
    StrictBlocking {
        sender: Sender<T>, cloned;
        receiver: Receiver<T>, cloned;
        channel: |capacity: Option<usize>| Some(channel::bounded(capacity.unwrap_or(usize::MAX)));
        send: |sender, message| sender.send_blocking(message).expect("receivers stay");
        recv: |receiver| receiver.recv_blocking().ok();
    }
}

blocking! {
    EagerBlocking {
        sender: Sender<T>, cloned;
        receiver: Receiver<T>, cloned;
        channel: |capacity: Option<usize>| Some(channel::eager(capacity.unwrap_or(usize::MAX)));
        send: |sender, message| sender.send_blocking(message).expect("receivers stay");
        recv: |receiver| receiver.recv_blocking().ok();
    }
}

pub(super) fn time(case: Case, iterations: u64) -> Option<Duration> {
    match case {
        Case::Stream(stream) if stream.place == Place::Threads => {
            stream::time_blocking::<StrictBlocking>(stream, iterations)
        }
        Case::Stream(stream) => stream::time::<Strict>(stream, iterations),
        Case::TryPair => {
            let (sender, receiver) = channel::bounded(16);
            let send = |number| sender.try_send(number).expect("it is empty");
            Some(by_hand::time_pair(iterations, send, || {
                receiver.try_recv().ok()
            }))
        }
        Case::Batch => {
            let (sender, receiver) = channel::bounded(BATCH);
            let mut batch = VecDeque::with_capacity(BATCH);
            let send = || {
                batch.extend(0..BATCH as u64);
                sender.try_send_many(&mut batch).expect("it is empty");
            };
            let recv = |into: &mut Vec<u64>| {
                receiver.try_recv_many(into, BATCH).expect("it is full");
            };
            Some(by_hand::time_batch(iterations, send, recv))
        }
        Case::Burst => Some(by_hand::time_burst(
            iterations,
            channel::unbounded,
            |sender, number| sender.try_send(number).expect("there is no limit"),
            |receiver| receiver.try_recv().ok(),
        )),
        Case::Oneshot => Some(by_hand::time(iterations, |number| {
            let (sender, mut receiver) = oneshot::channel();
            sender
                .send(black_box(number))
                .expect("the receiver is there");
            assert_eq!(black_box(receiver.try_recv()), Ok(number));
        })),
        Case::Broadcast => {
            let (sender, first) = broadcast::channel(16, Overflow::Lag);
            let mut receivers = vec![first];
            receivers.resize_with(AUDIENCE as usize, || sender.subscribe());
            let send = |number| {
                sender.try_send(number).expect("receivers stay");
            };
            let recv = |receiver: &mut broadcast::Receiver<u64>| receiver.try_recv().ok();
            Some(by_hand::time_broadcast(iterations, receivers, send, recv))
        }
    }
}

/// Where small capacities matter.
pub(super) fn time_eager(case: Case, iterations: u64) -> Option<Duration> {
    match case {
        Case::Stream(stream) if stream.capacity.is_none() => None,
        Case::Stream(stream) if stream.place == Place::Threads => {
            stream::time_blocking::<EagerBlocking>(stream, iterations)
        }
        Case::Stream(stream) => stream::time::<Eager>(stream, iterations),
        _ => None,
    }
}
