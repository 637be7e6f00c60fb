//! The standard library's channels, for threads.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::time::Duration;

use super::{blocking, cloned, single};
use crate::channel::by_hand;
use crate::channel::case::Case;
use crate::channel::stream;

blocking! {
    Bounded {
        sender: SyncSender<T>, cloned;
        receiver: Receiver<T>, single;
        channel: |capacity: Option<usize>| capacity.map(sync_channel);
        send: |sender, message| sender.send(message).expect("receivers stay");
        recv: |receiver| receiver.recv().ok();
    }
}

blocking! {
    Unbounded {
        sender: Sender<T>, cloned;
        receiver: Receiver<T>, single;
        channel: |_| Some(channel());
        send: |sender, message| sender.send(message).expect("receivers stay");
        recv: |receiver| receiver.recv().ok();
    }
}

pub(super) fn time(case: Case, iterations: u64) -> Option<Duration> {
    match case {
        Case::Stream(stream) if stream.capacity.is_none() => {
            stream::time_blocking::<Unbounded>(stream, iterations)
        }
        Case::Stream(stream) => stream::time_blocking::<Bounded>(stream, iterations),
        Case::TryPair => {
            let (sender, receiver) = sync_channel(16);
            let send = |number| sender.try_send(number).expect("it is empty");
            Some(by_hand::time_pair(iterations, send, || {
                receiver.try_recv().ok()
            }))
        }
        Case::Burst => Some(by_hand::time_burst(
            iterations,
            channel,
            |sender, number| sender.send(number).expect("receivers stay"),
            |receiver| receiver.try_recv().ok(),
        )),
        Case::Batch | Case::Oneshot | Case::Broadcast => None,
    }
}
