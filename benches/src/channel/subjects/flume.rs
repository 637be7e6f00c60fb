//! flume.

use std::time::Duration;

use flume::{Receiver, Sender};

use super::{blocking, cloned, family};
use crate::channel::by_hand;
use crate::channel::case::{BATCH, Case, Place};
use crate::channel::stream;

fn channel<T>(capacity: Option<usize>) -> Option<(Sender<T>, Receiver<T>)> {
    Some(match capacity {
        Some(capacity) => flume::bounded(capacity),
        None => flume::unbounded(),
    })
}

family! {
    Tasks {
        sender: Sender<T>, cloned;
        receiver: Receiver<T>, cloned;
        channel: channel;
        send: |sender, message| sender.send_async(message).await.expect("receivers stay");
        recv: |receiver| receiver.recv_async().await.ok();
    }
}

blocking! {
    Threads {
        sender: Sender<T>, cloned;
        receiver: Receiver<T>, cloned;
        channel: channel;
        send: |sender, message| sender.send(message).expect("receivers stay");
        recv: |receiver| receiver.recv().ok();
    }
}

pub(super) fn time(case: Case, iterations: u64) -> Option<Duration> {
    match case {
        Case::Stream(stream) if stream.place == Place::Threads => {
            stream::time_blocking::<Threads>(stream, iterations)
        }
        Case::Stream(stream) => stream::time::<Tasks>(stream, iterations),
        Case::TryPair => {
            let (sender, receiver) = flume::bounded(16);
            let send = |number| sender.try_send(number).expect("it is empty");
            Some(by_hand::time_pair(iterations, send, || {
                receiver.try_recv().ok()
            }))
        }
        Case::Batch => {
            let (sender, receiver) = flume::bounded(BATCH);
            let send = || {
                (0..BATCH as u64).for_each(|number| sender.try_send(number).expect("it is empty"))
            };
            Some(by_hand::time_batch(iterations, send, |into| {
                into.extend(receiver.drain())
            }))
        }
        Case::Burst => Some(by_hand::time_burst(
            iterations,
            flume::unbounded,
            |sender, number| sender.send(number).expect("receivers stay"),
            |receiver| receiver.try_recv().ok(),
        )),
        Case::Oneshot | Case::Broadcast => None,
    }
}
