//! async-channel.

use std::time::Duration;

use async_channel::{Receiver, Sender};

use super::{blocking, cloned, family};
use crate::channel::by_hand;
use crate::channel::case::{BATCH, Case, Place};
use crate::channel::stream;

fn channel<T>(capacity: Option<usize>) -> Option<(Sender<T>, Receiver<T>)> {
    match capacity {
        Some(0) => None,
        Some(capacity) => Some(async_channel::bounded(capacity)),
        None => Some(async_channel::unbounded()),
    }
}

family! {
    Tasks {
        sender: Sender<T>, cloned;
        receiver: Receiver<T>, cloned;
        channel: channel;
        send: |sender, message| sender.send(message).await.expect("receivers stay");
        recv: |receiver| receiver.recv().await.ok();
    }
}

blocking! {
    Threads {
        sender: Sender<T>, cloned;
        receiver: Receiver<T>, cloned;
        channel: channel;
        send: |sender, message| sender.send_blocking(message).expect("receivers stay");
        recv: |receiver| receiver.recv_blocking().ok();
    }
}

pub(super) fn time(case: Case, iterations: u64) -> Option<Duration> {
    match case {
        Case::Stream(stream) if stream.place == Place::Threads => {
            stream::time_blocking::<Threads>(stream, iterations)
        }
        Case::Stream(stream) => stream::time::<Tasks>(stream, iterations),
        Case::TryPair => {
            let (sender, receiver) = async_channel::bounded(16);
            let send = |number| sender.try_send(number).expect("it is empty");
            Some(by_hand::time_pair(iterations, send, || {
                receiver.try_recv().ok()
            }))
        }
        Case::Batch => {
            let (sender, receiver) = async_channel::bounded(BATCH);
            let send = || {
                (0..BATCH as u64).for_each(|number| sender.try_send(number).expect("it is empty"))
            };
            let recv = |into: &mut Vec<u64>| {
                into.extend((0..BATCH).map_while(|_| receiver.try_recv().ok()))
            };
            Some(by_hand::time_batch(iterations, send, recv))
        }
        Case::Burst => Some(by_hand::time_burst(
            iterations,
            async_channel::unbounded,
            |sender, number| sender.try_send(number).expect("there is no limit"),
            |receiver| receiver.try_recv().ok(),
        )),
        Case::Oneshot | Case::Broadcast => None,
    }
}
