//! Receivers as streams, senders as sinks.
#![cfg(feature = "futures")]

#[path = "../../sync-prims/tests/support/mod.rs"]
mod support;

use std::pin::pin;
use std::task::Poll;

use channel::{SinkError, TryRecvError, bounded, rendezvous};
use futures_util::{SinkExt, StreamExt, sink::Sink, stream};
use support::{Wakes, poll_once, poll_with};
use sync_prims::blocking::block_on;

fn ready<T>(
    sink: std::pin::Pin<&mut channel::SendSink<T>>,
    wakes: &std::sync::Arc<Wakes>,
) -> Poll<Result<(), SinkError<T>>> {
    sink.poll_ready(&mut std::task::Context::from_waker(&wakes.waker()))
}

#[test]
fn a_stream_ends_when_the_channel_is_complete() {
    let (sender, receiver) = bounded(4);
    for number in 0..4 {
        sender.try_send(number).unwrap();
    }
    let mut stream = pin!(receiver.into_stream());
    assert_eq!(block_on(stream.next()), Some(0));
    {
        let mut rest = stream.by_ref().skip(3);
        let mut next = pin!(rest.next());
        assert!(poll_once(next.as_mut()).is_pending());
    }
    sender.try_send(4).unwrap();
    sender.close();
    assert_eq!(block_on(stream.by_ref().collect::<Vec<_>>()), [4]);
    assert_eq!(block_on(stream.next()), None);
}

#[test]
fn what_a_sink_was_given_is_in_the_channel() {
    let (sender, receiver) = bounded(2);
    let mut sink = pin!(sender.into_sink());
    block_on(sink.feed(1)).unwrap();
    assert_eq!(receiver.try_recv(), Ok(1));
    let wakes = Wakes::new();
    assert!(ready(sink.as_mut(), &wakes).is_ready());
    // The place is the sink's, whoever else sends.
    assert_eq!(receiver.capacity() - receiver.len(), 2);
    let other = sink.sender().unwrap().clone();
    other.try_send(2).unwrap();
    assert!(other.try_send(3).is_err());
    sink.as_mut().start_send(3).unwrap();
    assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(2), Ok(3)));
}

#[test]
fn a_sink_waits_for_a_place_and_gives_it_back() {
    let (sender, receiver) = bounded(1);
    let other = sender.clone();
    other.try_send(1).unwrap();
    let mut sink = Box::pin(sender.into_sink());
    let wakes = Wakes::new();
    assert!(ready(sink.as_mut(), &wakes).is_pending());
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(wakes.count(), 1);
    assert!(
        other.try_send(2).is_err(),
        "the place was given to the sink"
    );
    drop(sink);
    other.try_send(2).unwrap();
}

#[test]
fn a_sink_of_capacity_zero_is_flushed_when_a_receiver_has_taken_it() {
    let (sender, receiver) = rendezvous();
    let mut sink = Box::pin(sender.into_sink());
    let wakes = Wakes::new();
    assert!(ready(sink.as_mut(), &wakes).is_ready());
    sink.as_mut().start_send(7).unwrap();
    {
        let mut flush = pin!(SinkExt::<i32>::flush(&mut sink));
        assert!(poll_with(flush.as_mut(), &wakes.waker()).is_pending());
        assert_eq!(receiver.try_recv(), Ok(7));
        assert_eq!(wakes.count(), 1);
        assert_eq!(poll_once(flush.as_mut()), Poll::Ready(Ok(())));
    }
    assert!(ready(sink.as_mut(), &wakes).is_ready());
    sink.as_mut().start_send(8).unwrap();
    receiver.close();
    assert_eq!(
        block_on(SinkExt::<i32>::flush(&mut sink)),
        Err(SinkError(Some(8)))
    );
    drop(sink);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn a_closed_sink_has_dropped_its_sender() {
    let (sender, receiver) = bounded(8);
    block_on(async {
        let mut sink = pin!(sender.into_sink());
        sink.send_all(&mut stream::iter((0..5).map(Ok)))
            .await
            .unwrap();
        sink.close().await.unwrap();
        assert_eq!(sink.feed(9).await, Err(SinkError(None)));
    });
    assert!(receiver.is_closed());
    assert_eq!(receiver.try_iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
}

#[test]
#[should_panic = "`start_send` comes after `poll_ready`"]
fn a_sink_refuses_what_it_has_no_place_for() {
    let (sender, _receiver) = bounded(1);
    let _ = Box::pin(sender.into_sink()).as_mut().start_send(1);
}
