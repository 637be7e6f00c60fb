//! crossfire, with its detection of the machine, and the type for so many senders and receivers as there are.

use std::sync::Once;
use std::time::Duration;

use crossfire::{AsyncRx, AsyncTx, MAsyncRx, MAsyncTx, MRx, MTx, mpmc, mpsc, spsc};

use super::{blocking, cloned, family, single};
use crate::channel::by_hand;
use crate::channel::case::{BATCH, Case, Place, Stream};
use crate::channel::stream;

family! {
    Mpmc {
        sender: MAsyncTx<mpmc::Array<T>>, cloned;
        receiver: MAsyncRx<mpmc::Array<T>>, cloned;
        channel: |capacity: Option<usize>| capacity.filter(|&capacity| capacity > 0).map(mpmc::bounded_async);
        send: |sender, message| sender.send(message).await.expect("receivers stay");
        recv: |receiver| receiver.recv().await.ok();
    }
}

family! {
    MpmcUnbounded {
        sender: MTx<mpmc::List<T>>, cloned;
        receiver: MAsyncRx<mpmc::List<T>>, cloned;
        channel: |_| Some(mpmc::unbounded_async());
        send: |sender, message| sender.send(message).expect("receivers stay");
        recv: |receiver| receiver.recv().await.ok();
    }
}

family! {
    Mpsc {
        sender: MAsyncTx<mpsc::Array<T>>, cloned;
        receiver: AsyncRx<mpsc::Array<T>>, single;
        channel: |capacity: Option<usize>| capacity.filter(|&capacity| capacity > 0).map(mpsc::bounded_async);
        send: |sender, message| sender.send(message).await.expect("receivers stay");
        recv: |receiver| receiver.recv().await.ok();
    }
}

family! {
    MpscUnbounded {
        sender: MTx<mpsc::List<T>>, cloned;
        receiver: AsyncRx<mpsc::List<T>>, single;
        channel: |_| Some(mpsc::unbounded_async());
        send: |sender, message| sender.send(message).expect("receivers stay");
        recv: |receiver| receiver.recv().await.ok();
    }
}

family! {
    Spsc {
        sender: AsyncTx<spsc::Array<T>>, single;
        receiver: AsyncRx<spsc::Array<T>>, single;
        channel: |capacity: Option<usize>| capacity.filter(|&capacity| capacity > 0).map(spsc::bounded_async);
        send: |sender, message| sender.send(message).await.expect("receivers stay");
        recv: |receiver| receiver.recv().await.ok();
    }
}

blocking! {
    Threads {
        sender: MTx<mpmc::Array<T>>, cloned;
        receiver: MRx<mpmc::Array<T>>, cloned;
        channel: |capacity: Option<usize>| capacity.filter(|&capacity| capacity > 0).map(mpmc::bounded_blocking);
        send: |sender, message| sender.send(message).expect("receivers stay");
        recv: |receiver| receiver.recv().ok();
    }
}

blocking! {
    ThreadsUnbounded {
        sender: MTx<mpmc::List<T>>, cloned;
        receiver: MRx<mpmc::List<T>>, cloned;
        channel: |_| Some(mpmc::unbounded_blocking());
        send: |sender, message| sender.send(message).expect("receivers stay");
        recv: |receiver| receiver.recv().ok();
    }
}

pub(super) fn time(case: Case, iterations: u64) -> Option<Duration> {
    static DETECTED: Once = Once::new();
    DETECTED.call_once(crossfire::detect_backoff_cfg);
    match case {
        Case::Stream(stream) => time_stream(stream, iterations),
        Case::TryPair => {
            let (sender, receiver) = mpmc::bounded_blocking(16);
            let send = |number| sender.try_send(number).expect("it is empty");
            Some(by_hand::time_pair(iterations, send, || {
                receiver.try_recv().ok()
            }))
        }
        Case::Batch => {
            let (sender, receiver) = mpmc::bounded_blocking(BATCH);
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
            mpmc::unbounded_blocking,
            |sender: &mut MTx<mpmc::List<u64>>, number| {
                sender.send(number).expect("receivers stay")
            },
            |receiver: &mut MRx<mpmc::List<u64>>| receiver.try_recv().ok(),
        )),
        Case::Oneshot | Case::Broadcast => None,
    }
}

fn time_stream(stream: Stream, iterations: u64) -> Option<Duration> {
    match (
        stream.place,
        stream.capacity,
        stream.senders,
        stream.receivers,
    ) {
        (Place::Threads, Some(_), ..) => stream::time_blocking::<Threads>(stream, iterations),
        (Place::Threads, None, ..) => stream::time_blocking::<ThreadsUnbounded>(stream, iterations),
        (_, Some(_), 1, 1) => stream::time::<Spsc>(stream, iterations),
        (_, Some(_), _, 1) => stream::time::<Mpsc>(stream, iterations),
        (_, Some(_), ..) => stream::time::<Mpmc>(stream, iterations),
        (_, None, _, 1) => stream::time::<MpscUnbounded>(stream, iterations),
        (_, None, ..) => stream::time::<MpmcUnbounded>(stream, iterations),
    }
}
