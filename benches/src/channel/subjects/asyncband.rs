//! asyncband: its channels for several receivers, and those for one where there is one.

use std::time::Duration;

use asyncband::mpmc::{
    BoundedReceiver, BoundedSender, UnboundedReceiver, UnboundedSender, bounded, unbounded,
};
use asyncband::mpsc;

use super::{cloned, family, single};
use crate::channel::by_hand;
use crate::channel::case::{BATCH, Case, Stream};
use crate::channel::stream;

family! {
    Mpmc {
        sender: BoundedSender<T>, cloned;
        receiver: BoundedReceiver<T>, cloned;
        channel: |capacity: Option<usize>| capacity.filter(|&capacity| capacity > 0).map(bounded);
        send: |sender, message| sender.send(message).await.expect("receivers stay");
        recv: |receiver| receiver.recv().await.ok();
    }
}

family! {
    MpmcUnbounded {
        sender: UnboundedSender<T>, cloned;
        receiver: UnboundedReceiver<T>, cloned;
        channel: |_| Some(unbounded());
        send: |sender, message| sender.send(message).expect("receivers stay");
        recv: |receiver| receiver.recv().await.ok();
    }
}

family! {
    Mpsc {
        sender: mpsc::BoundedSender<T>, cloned;
        receiver: mpsc::BoundedReceiver<T>, single;
        channel: |capacity: Option<usize>| capacity.filter(|&capacity| capacity > 0).map(mpsc::bounded);
        send: |sender, message| sender.send(message).await.expect("receivers stay");
        recv: |receiver| receiver.recv().await.ok();
    }
}

pub(super) fn time(case: Case, iterations: u64) -> Option<Duration> {
    match case {
        Case::Stream(stream) => time_stream(stream, iterations),
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
            let recv = |into: &mut Vec<u64>| {
                into.extend((0..BATCH).map_while(|_| receiver.try_recv().ok()))
            };
            Some(by_hand::time_batch(iterations, send, recv))
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

fn time_stream(stream: Stream, iterations: u64) -> Option<Duration> {
    match (stream.capacity, stream.receivers) {
        (Some(_), 1) => stream::time::<Mpsc>(stream, iterations),
        (Some(_), _) => stream::time::<Mpmc>(stream, iterations),
        (None, _) => stream::time::<MpmcUnbounded>(stream, iterations),
    }
}
