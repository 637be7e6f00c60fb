//! Stream sockets, as halves and as whole streams.

use std::io::ErrorKind;
use std::marker::PhantomData;
use std::net::Shutdown;
use std::rc::Rc;

use socket2::SockRef;
use uring_io::net::{
    Family, OwnedReadHalf, OwnedWriteHalf, Read, Recv, Stream, Tcp, Unix, UnixStream, Write,
    WriteAll,
};

use super::actor::{Actor, Limited};
use super::guarded::Guarded;
use super::operations::{Reads, Writes, receive, send, settle};
use super::streams::{Reader, Transport, Writer};
use crate::support::pair;
use uring_io::IoBuf;

/// A family whose streams the storm goes over.
pub(crate) trait Pairs: Family + Sized {
    async fn pair() -> (Stream<Self>, Stream<Self>);
}

impl Pairs for Tcp {
    async fn pair() -> (Stream<Self>, Stream<Self>) {
        pair().await
    }
}

impl Pairs for Unix {
    async fn pair() -> (Stream<Self>, Stream<Self>) {
        UnixStream::pair().unwrap()
    }
}

/// Sockets of a family.
pub(crate) struct Sockets<F>(PhantomData<F>);

/// One direction of a stream: a half, or the whole with whoever has the other direction.
pub(crate) enum Direction<F: Family, H> {
    Half(H),
    Whole(Rc<Stream<F>>),
}

impl<F: Pairs> Transport for Sockets<F> {
    type Reader = Direction<F, OwnedReadHalf<F>>;
    type Writer = Direction<F, OwnedWriteHalf<F>>;

    async fn pair(actor: &mut Actor) -> [(Self::Reader, Self::Writer); 2] {
        let (a, b) = F::pair().await;
        if actor.below(4) == 0 {
            actor.expect(SockRef::from(&a).set_send_buffer_size(4096));
        }
        if actor.below(8) == 0 {
            actor.expect(SockRef::from(&b).set_recv_buffer_size(32 << 10));
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

impl<F: Family> Reads for Direction<F, OwnedReadHalf<F>> {
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

impl<F: Family> Reader for Direction<F, OwnedReadHalf<F>> {
    async fn receive(&self, actor: &mut Actor) -> Option<Vec<u8>> {
        match self {
            Direction::Whole(stream) if actor.below(2) == 0 => {
                receive_otherwise(stream, actor).await
            }
            _ => receive(self, actor).await,
        }
    }

    async fn end(self, actor: &mut Actor) {
        if let Direction::Whole(stream) = self {
            end(stream, actor).await;
        }
    }
}

impl<F: Family> Writes for Direction<F, OwnedWriteHalf<F>> {
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

impl<F: Family> Writer for Direction<F, OwnedWriteHalf<F>> {
    async fn send(&self, actor: &mut Actor, bytes: Guarded) -> usize {
        match self {
            Direction::Whole(stream) if actor.below(2) == 0 => {
                send_otherwise(stream, actor, bytes).await
            }
            _ => send(self, actor, bytes).await,
        }
    }

    async fn settle(&self, actor: &mut Actor) {
        settle(self, actor).await;
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

/// Receives in those ways that only sockets have.
async fn receive_otherwise<F: Family>(stream: &Stream<F>, actor: &mut Actor) -> Option<Vec<u8>> {
    let most = 1 << actor.below(13);
    let mut room = || Guarded::with_room(actor.random.below(most) as usize + 1);
    let (one, other) = (room(), room());
    match actor.below(5) {
        0 => {
            let reading = stream.read_vectored(vec![one, other]);
            let (count, pieces) = actor.limited(reading).await.ended()?;
            let bytes = pieces.iter().flat_map(|piece| piece.iter().copied());
            Some(bytes.take(actor.expect(count)).collect())
        }
        1 => {
            let (result, bytes) = actor.limited(stream.read_exact(one)).await.ended()?;
            match result {
                // What there was is for the next.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => None,
                result => {
                    actor.expect(result);
                    Some(bytes.to_vec())
                }
            }
        }
        2 => {
            let (count, seen) = actor.limited(stream.peek(one)).await.ended()?;
            let count = actor.expect(count);
            let (result, bytes) = stream.read(other).await;
            let bytes = &bytes[..actor.expect(result)];
            let both = count.min(bytes.len());
            if seen[..both] != bytes[..both] || (count == 0) != bytes.is_empty() {
                actor.fail("a read differs from what was seen before");
            }
            Some(bytes.to_vec())
        }
        3 => {
            let mut buffers = Vec::new();
            let most = actor.below(4) as usize + 1;
            let receiving = stream.recv_many(&mut buffers, most);
            let count = actor.limited(receiving).await.ended()?;
            assert_eq!(actor.expect(count), buffers.len());
            Some(buffers.iter().flat_map(|bytes| bytes.to_vec()).collect())
        }
        _ => {
            let mut reading = stream.read(one);
            let (result, bytes) = match actor.limited(&mut reading).await {
                Limited::Ended(read) => read,
                Limited::Cancelled | Limited::NeverPolled => reading.cancel().await,
            };
            match result {
                Err(error) if error.raw_os_error() == Some(libc::ECANCELED) => None,
                result => Some(bytes[..actor.expect(result)].to_vec()),
            }
        }
    }
}

/// Sends in those ways that only sockets have.
async fn send_otherwise<F: Family>(stream: &Stream<F>, actor: &mut Actor, bytes: Guarded) -> usize {
    let length = bytes.len();
    let cut = actor.below(length as u64 + 1) as usize;
    let pieces = || {
        vec![
            Guarded::holding(&bytes[..cut]),
            Guarded::holding(&bytes[cut..]),
        ]
    };
    let limited = match actor.below(4) {
        0 => {
            let writing = stream.write_vectored(pieces());
            actor.limited(writing).await.map(|(result, _)| result)
        }
        1 => {
            let writing = stream.write_all_vectored(pieces());
            let writing = actor.limited(writing).await;
            writing.map(|(result, _)| result.map(|()| length))
        }
        2 => {
            let writing = stream.send_zc(bytes);
            actor.limited(writing).await.map(|(result, _)| result)
        }
        _ => {
            let writing = stream.write_all_zero_copy(bytes);
            let writing = actor.limited(writing).await;
            writing.map(|(result, _)| result.map(|()| length))
        }
    };
    match limited {
        Limited::Ended(result) => actor.expect(result),
        Limited::Cancelled => length,
        Limited::NeverPolled => 0,
    }
}

/// Ends a stream that was shut down, if nobody else has it.
async fn end<F: Family>(stream: Rc<Stream<F>>, actor: &mut Actor) {
    if let Ok(stream) = Rc::try_unwrap(stream)
        && actor.below(2) == 0
        && let Limited::Ended(result) = actor.limited(stream.close()).await
    {
        actor.expect(result);
    }
}
