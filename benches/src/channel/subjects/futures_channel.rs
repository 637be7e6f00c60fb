//! The channels of the futures family. A bounded one has a place more for each sender, so a capacity of 0 is one place for one
//! sender; it takes part where that is what is asked for.

use std::hint::black_box;
use std::time::Duration;

use futures_channel::mpsc::{self, Receiver, Sender, UnboundedReceiver, UnboundedSender};
use futures_channel::oneshot;
use futures_util::{SinkExt, StreamExt};

use super::{cloned, family, single};
use crate::channel::by_hand;
use crate::channel::case::{Case, Stream};
use crate::channel::stream;

family! {
    Tasks {
        sender: Sender<T>, cloned;
        receiver: Receiver<T>, single;
        channel: |capacity: Option<usize>| {
            let places = capacity.filter(|&capacity| capacity > 0)?;
            Some(mpsc::channel(places - 1))
        };
        send: |sender, message| sender.send(message).await.expect("receivers stay");
        recv: |receiver| receiver.next().await;
    }
}

family! {
    Unbounded {
        sender: UnboundedSender<T>, cloned;
        receiver: UnboundedReceiver<T>, single;
        channel: |_| Some(mpsc::unbounded());
        send: |sender, message| sender.unbounded_send(message).expect("receivers stay");
        recv: |receiver| receiver.next().await;
    }
}

pub(super) fn time(case: Case, iterations: u64) -> Option<Duration> {
    match case {
        Case::Stream(stream) => time_stream(stream, iterations),
        Case::TryPair => {
            let (mut sender, mut receiver) = mpsc::channel(15);
            let send = |number| sender.try_send(number).expect("it is empty");
            Some(by_hand::time_pair(iterations, send, || {
                receiver.try_recv().ok()
            }))
        }
        Case::Burst => Some(by_hand::time_burst(
            iterations,
            mpsc::unbounded,
            |sender, number| sender.unbounded_send(number).expect("receivers stay"),
            |receiver| receiver.try_recv().ok(),
        )),
        Case::Oneshot => Some(by_hand::time(iterations, |number| {
            let (sender, mut receiver) = oneshot::channel();
            sender
                .send(black_box(number))
                .expect("the receiver is there");
            assert_eq!(black_box(receiver.try_recv()), Ok(Some(number)));
        })),
        Case::Batch | Case::Broadcast => None,
    }
}

fn time_stream(stream: Stream, iterations: u64) -> Option<Duration> {
    match stream.capacity {
        // With more senders there are more places than asked for.
        Some(_) if stream.senders > 1 => None,
        Some(_) => stream::time::<Tasks>(stream, iterations),
        None => stream::time::<Unbounded>(stream, iterations),
    }
}
