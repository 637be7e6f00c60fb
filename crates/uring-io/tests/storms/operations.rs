//! The operations that all streams have, mixed.

use std::io;

use context::{OneOf2, when_any};
use uring_io::net::{Read, Recv, RecvBuf, Write, WriteAll};
use uring_io::{BufResult, IoBuf};

use super::actor::{Actor, Limited};
use super::guarded::Guarded;

/// Something to read from.
pub(crate) trait Reads {
    fn read(&self, buffer: Guarded) -> Read<'_, Guarded>;
    fn recv(&self) -> Recv<'_>;
}

/// Something to write to.
pub(crate) trait Writes {
    fn write(&self, buffer: Guarded) -> Write<'_, Guarded>;
    fn write_all(&self, buffer: Guarded) -> WriteAll<'_, Guarded>;
}

/// Receives under a limit: what a [`Reader`](super::streams::Reader) has to do.
pub(crate) async fn receive(source: &impl Reads, actor: &mut Actor) -> Option<Vec<u8>> {
    let most = 1 << actor.below(13);
    let mut room = || Guarded::with_room(actor.random.below(most) as usize + 1);
    let (one, other) = (room(), room());
    let result = match actor.below(6) {
        0 | 1 => into_vec(actor.limited(source.read(one)).await.ended()?),
        2 | 3 => pooled(actor.limited(source.recv()).await.ended()?),
        // Two that wait in line: the first may go before the second, which is dropped with what it might have got.
        4 => match actor
            .limited(when_any((source.read(one), source.read(other))))
            .await
            .ended()?
        {
            OneOf2::First(read) | OneOf2::Second(read) => into_vec(read),
        },
        _ => match actor
            .limited(when_any((source.recv(), source.read(one))))
            .await
            .ended()?
        {
            OneOf2::First(received) => pooled(received),
            OneOf2::Second(read) => into_vec(read),
        },
    };
    Some(actor.expect(result))
}

fn into_vec((result, bytes): BufResult<usize, Guarded>) -> io::Result<Vec<u8>> {
    result.map(|count| bytes[..count].to_vec())
}

fn pooled(received: io::Result<Option<RecvBuf>>) -> io::Result<Vec<u8>> {
    received.map(|bytes| bytes.map_or_else(Vec::new, |bytes| bytes.to_vec()))
}

/// Sends under a limit: what a [`Writer`](super::streams::Writer) has to do.
pub(crate) async fn send(sink: &impl Writes, actor: &mut Actor, bytes: Guarded) -> usize {
    let length = bytes.len();
    if actor.below(8) == 0 {
        return send_or_stop(sink, actor, bytes).await;
    }
    let limited = if actor.below(3) == 0 {
        let writing = actor.limited(sink.write(bytes)).await;
        writing.map(|(result, _)| result)
    } else {
        let writing = actor.limited(sink.write_all(bytes)).await;
        writing.map(|(result, _)| result.map(|()| length))
    };
    match limited {
        Limited::Ended(result) => actor.expect(result),
        // Once begun, it is sent whole.
        Limited::Cancelled => length,
        Limited::NeverPolled => 0,
    }
}

/// Ends a write that takes too long, and learns how much it sent.
async fn send_or_stop(sink: &impl Writes, actor: &mut Actor, bytes: Guarded) -> usize {
    let length = bytes.len();
    let mut writing = sink.write_all(bytes);
    let result = match actor.limited(&mut writing).await {
        Limited::Ended((result, _)) => result.map(|()| length),
        Limited::Cancelled | Limited::NeverPolled => writing.cancel().await.0,
    };
    match result {
        Err(error) if error.raw_os_error() == Some(libc::ECANCELED) => 0,
        result => actor.expect(result),
    }
}

/// Waits until everything that was begun is sent: its turn comes after that.
pub(crate) async fn settle(sink: &impl Writes, actor: &mut Actor) {
    let (result, _) = sink.write_all(Guarded::with_room(0)).await;
    actor.expect(result);
}
