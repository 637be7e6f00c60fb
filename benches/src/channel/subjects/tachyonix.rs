//! tachyonix.

use std::time::Duration;

use tachyonix::{Receiver, Sender};

use super::{cloned, family, single};
use crate::channel::by_hand;
use crate::channel::case::{BATCH, Case};
use crate::channel::stream;

family! {
    Tasks {
        sender: Sender<T>, cloned;
        receiver: Receiver<T>, single;
        channel: |capacity: Option<usize>| capacity.filter(|&capacity| capacity > 0).map(tachyonix::channel);
        send: |sender, message| sender.send(message).await.expect("receivers stay");
        recv: |receiver| receiver.recv().await.ok();
    }
}

pub(super) fn time(case: Case, iterations: u64) -> Option<Duration> {
    match case {
        Case::Stream(stream) => stream::time::<Tasks>(stream, iterations),
        Case::TryPair => {
            let (sender, mut receiver) = tachyonix::channel(16);
            let send = |number| sender.try_send(number).expect("it is empty");
            Some(by_hand::time_pair(iterations, send, || {
                receiver.try_recv().ok()
            }))
        }
        Case::Batch => {
            let (sender, mut receiver) = tachyonix::channel(BATCH);
            let send = || {
                (0..BATCH as u64).for_each(|number| sender.try_send(number).expect("it is empty"))
            };
            let recv = |into: &mut Vec<u64>| {
                into.extend((0..BATCH).map_while(|_| receiver.try_recv().ok()))
            };
            Some(by_hand::time_batch(iterations, send, recv))
        }
        Case::Burst | Case::Oneshot | Case::Broadcast => None,
    }
}
