//! tokio's channels.

use std::hint::black_box;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, UnboundedSender};
use tokio::sync::{broadcast, mpsc, oneshot};

use super::{blocking, cloned, family, single};
use crate::channel::by_hand;
use crate::channel::case::{AUDIENCE, BATCH, Case, Place};
use crate::channel::stream;

fn bounded<T>(capacity: Option<usize>) -> Option<(Sender<T>, Receiver<T>)> {
    capacity.filter(|&capacity| capacity > 0).map(mpsc::channel)
}

family! {
    Tasks {
        sender: Sender<T>, cloned;
        receiver: Receiver<T>, single;
        channel: bounded;
        send: |sender, message| sender.send(message).await.expect("receivers stay");
        recv: |receiver| receiver.recv().await;
    }
}

family! {
    Unbounded {
        sender: UnboundedSender<T>, cloned;
        receiver: UnboundedReceiver<T>, single;
        channel: |_| Some(mpsc::unbounded_channel());
        send: |sender, message| sender.send(message).expect("receivers stay");
        recv: |receiver| receiver.recv().await;
    }
}

blocking! {
    Threads {
        sender: Sender<T>, cloned;
        receiver: Receiver<T>, single;
        channel: bounded;
        send: |sender, message| sender.blocking_send(message).expect("receivers stay");
        recv: |receiver| receiver.blocking_recv();
    }
}

pub(super) fn time(case: Case, iterations: u64) -> Option<Duration> {
    match case {
        Case::Stream(stream) if stream.place == Place::Threads => {
            stream::time_blocking::<Threads>(stream, iterations)
        }
        Case::Stream(stream) if stream.capacity.is_none() => {
            stream::time::<Unbounded>(stream, iterations)
        }
        Case::Stream(stream) => stream::time::<Tasks>(stream, iterations),
        Case::TryPair => {
            let (sender, mut receiver) = mpsc::channel(16);
            let send = |number| sender.try_send(number).expect("it is empty");
            Some(by_hand::time_pair(iterations, send, || {
                receiver.try_recv().ok()
            }))
        }
        Case::Batch => {
            let (sender, mut receiver) = mpsc::channel(BATCH);
            let send = || {
                let places = sender.try_reserve_many(BATCH).expect("it is empty");
                places
                    .zip(0..BATCH as u64)
                    .for_each(|(place, number)| place.send(number));
            };
            let recv = |into: &mut Vec<u64>| {
                receiver.recv_many(into, BATCH).now_or_never();
            };
            Some(by_hand::time_batch(iterations, send, recv))
        }
        Case::Burst => Some(by_hand::time_burst(
            iterations,
            mpsc::unbounded_channel,
            |sender, number| sender.send(number).expect("receivers stay"),
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
            let (sender, first) = broadcast::channel(16);
            let mut receivers = vec![first];
            receivers.resize_with(AUDIENCE as usize, || sender.subscribe());
            let send = |number| {
                sender.send(number).expect("receivers stay");
            };
            let recv = |receiver: &mut broadcast::Receiver<u64>| receiver.try_recv().ok();
            Some(by_hand::time_broadcast(iterations, receivers, send, recv))
        }
    }
}
