//! kanal.

use std::hint::black_box;
use std::time::Duration;

use kanal::{AsyncReceiver, AsyncSender, Receiver, Sender};

use super::{blocking, cloned, family};
use crate::channel::by_hand;
use crate::channel::case::{BATCH, Case, Place};
use crate::channel::stream;

family! {
    Tasks {
        sender: AsyncSender<T>, cloned;
        receiver: AsyncReceiver<T>, cloned;
        channel: |capacity: Option<usize>| Some(match capacity {
            Some(capacity) => kanal::bounded_async(capacity),
            None => kanal::unbounded_async(),
        });
        send: |sender, message| sender.send(message).await.expect("receivers stay");
        recv: |receiver| receiver.recv().await.ok();
    }
}

blocking! {
    Threads {
        sender: Sender<T>, cloned;
        receiver: Receiver<T>, cloned;
        channel: |capacity: Option<usize>| Some(match capacity {
            Some(capacity) => kanal::bounded(capacity),
            None => kanal::unbounded(),
        });
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
            let (sender, receiver) = kanal::bounded(16);
            let send = |number| assert_eq!(sender.try_send(number), Ok(true));
            let recv = || receiver.try_recv().ok().flatten();
            Some(by_hand::time_pair(iterations, send, recv))
        }
        Case::Batch => {
            let (sender, receiver) = kanal::bounded(BATCH);
            let send = || {
                (0..BATCH as u64).for_each(|number| assert_eq!(sender.try_send(number), Ok(true)))
            };
            let recv = |into: &mut Vec<u64>| {
                receiver.drain_into(into).expect("it is open");
            };
            Some(by_hand::time_batch(iterations, send, recv))
        }
        Case::Burst => Some(by_hand::time_burst(
            iterations,
            kanal::unbounded,
            |sender, number| assert_eq!(sender.try_send(number), Ok(true)),
            |receiver| receiver.try_recv().ok().flatten(),
        )),
        Case::Oneshot => Some(by_hand::time(iterations, |number| {
            let (sender, receiver) = kanal::bounded(1);
            sender.try_send(black_box(number)).expect("it is open");
            assert_eq!(black_box(receiver.try_recv()), Ok(Some(number)));
        })),
        Case::Broadcast => None,
    }
}
