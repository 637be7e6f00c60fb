//! TCP, as halves and as whole streams.

use std::io;
use std::net::Shutdown;
use std::rc::Rc;

use context::{OneOf2, when_any};
use uring_io::net::{
    OwnedReadHalf, OwnedWriteHalf, Read, Recv, RecvBuf, TcpStream, Write, WriteAll,
};
use uring_io::{BufResult, IoBuf};

use super::actor::{Actor, Limited};
use super::guarded::Guarded;
use super::streams::{Reader, Transport, Writer};
use crate::support::pair;

pub(crate) struct Tcp;

/// One direction of a stream: a half, or the whole with whoever has the other direction.
pub(crate) enum Direction<H> {
    Half(H),
    Whole(Rc<TcpStream>),
}

impl Transport for Tcp {
    type Reader = Direction<OwnedReadHalf>;
    type Writer = Direction<OwnedWriteHalf>;

    async fn pair(actor: &mut Actor) -> [(Self::Reader, Self::Writer); 2] {
        let (a, b) = pair().await;
        if actor.below(4) == 0 {
            actor.expect(a.set_send_buffer_size(4096));
        }
        if actor.below(8) == 0 {
            actor.expect(b.set_recv_buffer_size(32 << 10));
        }
        [a, b].map(|stream| {
            if actor.below(2) == 0 {
                let (reader, writer) = stream.into_split();
                (Direction::Half(reader), Direction::Half(writer))
            } else {
                let stream = Rc::new(stream);
                (Direction::Whole(stream.clone()), Direction::Whole(stream))
            }
        })
    }
}

impl Direction<OwnedReadHalf> {
    fn read(&self, buffer: Guarded) -> Read<'_, Guarded> {
        match self {
            Direction::Half(half) => half.read(buffer),
            Direction::Whole(stream) => stream.read(buffer),
        }
    }

    fn recv(&self) -> Recv<'_> {
        match self {
            Direction::Half(half) => half.recv(),
            Direction::Whole(stream) => stream.recv(),
        }
    }
}

impl Reader for Direction<OwnedReadHalf> {
    async fn receive(&self, actor: &mut Actor) -> Option<Vec<u8>> {
        let most = 1 << actor.below(13);
        let mut room = || Guarded::with_room(actor.random.below(most) as usize + 1);
        let (one, other) = (room(), room());
        let result = match actor.below(6) {
            0 | 1 => into_vec(actor.limited(self.read(one)).await.ended()?),
            2 | 3 => pooled(actor.limited(self.recv()).await.ended()?),
            // Two that wait in line: the first may go before the second, which is dropped with what it might have got.
            4 => match actor
                .limited(when_any((self.read(one), self.read(other))))
                .await
                .ended()?
            {
                OneOf2::First(read) | OneOf2::Second(read) => into_vec(read),
            },
            _ => match actor
                .limited(when_any((self.recv(), self.read(one))))
                .await
                .ended()?
            {
                OneOf2::First(received) => pooled(received),
                OneOf2::Second(read) => into_vec(read),
            },
        };
        Some(actor.expect(result))
    }

    async fn end(self, actor: &mut Actor) {
        if let Direction::Whole(stream) = self {
            end(stream, actor).await;
        }
    }
}

fn into_vec((result, bytes): BufResult<usize, Guarded>) -> io::Result<Vec<u8>> {
    result.map(|count| bytes[..count].to_vec())
}

fn pooled(received: io::Result<Option<RecvBuf>>) -> io::Result<Vec<u8>> {
    received.map(|bytes| bytes.map_or_else(Vec::new, |bytes| bytes.to_vec()))
}

impl Direction<OwnedWriteHalf> {
    fn write(&self, buffer: Guarded) -> Write<'_, Guarded> {
        match self {
            Direction::Half(half) => half.write(buffer),
            Direction::Whole(stream) => stream.write(buffer),
        }
    }

    fn write_all(&self, buffer: Guarded) -> WriteAll<'_, Guarded> {
        match self {
            Direction::Half(half) => half.write_all(buffer),
            Direction::Whole(stream) => stream.write_all(buffer),
        }
    }
}

impl Writer for Direction<OwnedWriteHalf> {
    async fn send(&self, actor: &mut Actor, bytes: Guarded) -> usize {
        let length = bytes.len();
        let limited = if actor.below(3) == 0 {
            match actor.limited(self.write(bytes)).await {
                Limited::Ended((result, _)) => Limited::Ended(result),
                Limited::Cancelled => Limited::Cancelled,
                Limited::NeverPolled => Limited::NeverPolled,
            }
        } else {
            match actor.limited(self.write_all(bytes)).await {
                Limited::Ended((result, _)) => Limited::Ended(result.map(|()| length)),
                Limited::Cancelled => Limited::Cancelled,
                Limited::NeverPolled => Limited::NeverPolled,
            }
        };
        match limited {
            Limited::Ended(result) => actor.expect(result),
            Limited::Cancelled => length,
            Limited::NeverPolled => 0,
        }
    }

    async fn settle(&self, actor: &mut Actor) {
        // Its turn comes after all that was begun.
        let (result, _) = self.write_all(Guarded::with_room(0)).await;
        actor.expect(result);
    }

    async fn end(self, actor: &mut Actor) {
        match self {
            // Dropped in the middle of it or not, the half ends the stream.
            Direction::Half(half) => {
                if let Limited::Ended(result) = actor.limited(half.shutdown()).await {
                    actor.expect(result);
                }
            }
            Direction::Whole(stream) => {
                loop {
                    let ending = stream.shutdown(Shutdown::Write);
                    if let Limited::Ended(result) = actor.limited(ending).await {
                        break actor.expect(result);
                    }
                }
                end(stream, actor).await;
            }
        }
    }
}

/// Ends a stream that was shut down, if nobody else has it.
async fn end(stream: Rc<TcpStream>, actor: &mut Actor) {
    if let Ok(stream) = Rc::try_unwrap(stream)
        && actor.below(2) == 0
        && let Limited::Ended(result) = actor.limited(stream.close()).await
    {
        actor.expect(result);
    }
}
