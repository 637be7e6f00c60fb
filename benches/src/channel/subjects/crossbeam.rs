//! crossbeam-channel, for threads.

use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::{blocking, cloned};
use crate::channel::by_hand;
use crate::channel::case::{BATCH, Case};
use crate::channel::stream;

blocking! {
    Threads {
        sender: Sender<T>, cloned;
        receiver: Receiver<T>, cloned;
        channel: |capacity: Option<usize>| Some(capacity.map_or_else(unbounded, bounded));
        send: |sender, message| sender.send(message).expect("receivers stay");
        recv: |receiver| receiver.recv().ok();
    }
}

pub(super) fn time(case: Case, iterations: u64) -> Option<Duration> {
    match case {
        Case::Stream(stream) => stream::time_blocking::<Threads>(stream, iterations),
        Case::TryPair => {
            let (sender, receiver) = bounded(16);
            let send = |number| sender.try_send(number).expect("it is empty");
            Some(by_hand::time_pair(iterations, send, || {
                receiver.try_recv().ok()
            }))
        }
        Case::Batch => {
            let (sender, receiver) = bounded(BATCH);
            let send = || {
                (0..BATCH as u64).for_each(|number| sender.try_send(number).expect("it is empty"))
            };
            Some(by_hand::time_batch(iterations, send, |into| {
                into.extend(receiver.try_iter())
            }))
        }
        Case::Burst => Some(by_hand::time_burst(
            iterations,
            unbounded,
            |sender, number| sender.send(number).expect("receivers stay"),
            |receiver| receiver.try_recv().ok(),
        )),
        Case::Oneshot | Case::Broadcast => None,
    }
}
