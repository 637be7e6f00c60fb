//! Descriptors that travel beside the bytes of a Unix stream.
//!
//! The kernel ties them to the first byte that they were sent with, and hands them over with it: only to a receive that asks
//! for them. Any other receive of that byte has them closed. So a receive that asks ends the standing receive first, which
//! does not ask; and what a dropped receive got all the same is kept, bytes and descriptors, as [`Kept`] says.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use uring_engine::io_uring::squeue;
use uring_engine::op::{Control, Received, RecvMsg, SendMsg};
use uring_engine::{BufResult, Completion, IoBuf, IoBufMut, Op, Operation, Slice, op};

use crate::copy::fill;
use crate::keep::Keep;
use crate::net::family::Unix;
use crate::net::outgoing::Outgoing;
use crate::net::receiver::Found;
use crate::net::recv_buf::RecvBuf;
use crate::net::socket::{Shared, Socket};
use crate::net::split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use crate::net::stream::UnixStream;
use crate::net::write::WriteAllWithDescriptors;

/// What [`read_with_descriptors`](super::Stream::read_with_descriptors) received.
#[derive(Debug, Default)]
pub struct WithDescriptors {
    /// Bytes in the buffer; 0 at the end of the stream.
    pub count: usize,
    /// The descriptors that came with them, `CLOEXEC` all of them.
    pub descriptors: Vec<OwnedFd>,
    /// More descriptors came than there was room for, or than this process may have open. Those that are missing are
    /// closed.
    pub truncated: bool,
}

/// Descriptors of receives that were dropped, for the next one that asks for descriptors.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    descriptors: Vec<OwnedFd>,
    truncated: bool,
}

/// # Descriptors
impl UnixStream {
    /// Writes all of `buffer` and sends descriptors with its first byte. Gives both back: the peer gets descriptors of its
    /// own, and these may be closed.
    ///
    /// # Errors
    ///
    /// As [`write_all`](Self::write_all); `InvalidInput` if there are descriptors but not a byte that they could travel with,
    /// or more than 253 descriptors. `TooManyReferences` (`ETOOMANYREFS`) if too many are on their way.
    ///
    /// # Cancel safety
    ///
    /// Once polled, buffer and descriptors are sent whole and in order, before any later write, whether or not the future is
    /// dropped; the next operation that writes reports an error. Never polled, nothing is sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Read;
    ///
    /// use uring_io::net::UnixStream;
    ///
    /// # context::block_on(async {
    /// let (here, there) = UnixStream::pair()?;
    /// let file = std::fs::File::open("/proc/self/comm")?;
    /// here.write_all_with_descriptors("a file", vec![file.into()]).await.0?;
    ///
    /// let (received, buffer) = there.read_with_descriptors(vec![0; 64], 1).await;
    /// let mut received = received?;
    /// assert_eq!(&buffer[..received.count], b"a file");
    /// let mut file = std::fs::File::from(received.descriptors.pop().unwrap());
    /// let mut name = String::new();
    /// file.read_to_string(&mut name)?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap().unwrap();
    /// ```
    pub fn write_all_with_descriptors<B: IoBuf>(
        &self,
        buffer: B,
        descriptors: Vec<OwnedFd>,
    ) -> WriteAllWithDescriptors<'_, B> {
        WriteAllWithDescriptors::new(self.shared_socket(), (buffer, descriptors))
    }

    /// Reads as [`read`](Self::read), and takes up to `most` descriptors that came with the bytes.
    ///
    /// One call never returns bytes of two messages that descriptors were sent with. The kernel closes descriptors whose
    /// bytes are read in another way: a stream that carries them is read with this alone. In particular
    /// [`recv`](Self::recv) makes the kernel receive without them from then on, until this is called.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read); the buffer comes back.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses neither byte nor descriptor: bytes are what the next read begins with, descriptors come with
    /// the next call of this. They are closed with the stream. The buffer is freed once the kernel is done with it.
    pub async fn read_with_descriptors<B: IoBufMut>(
        &self,
        buffer: B,
        most: usize,
    ) -> BufResult<WithDescriptors, B> {
        self.socket().read_with_descriptors(buffer, most).await
    }
}

impl ReadHalf<'_, Unix> {
    /// As [`Stream::read_with_descriptors`](super::Stream::read_with_descriptors), also when it is dropped.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn read_with_descriptors<B: IoBufMut>(
        &self,
        buffer: B,
        most: usize,
    ) -> BufResult<WithDescriptors, B> {
        self.0.read_with_descriptors(buffer, most).await
    }
}

impl OwnedReadHalf<Unix> {
    /// As [`Stream::read_with_descriptors`](super::Stream::read_with_descriptors), also when it is dropped.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn read_with_descriptors<B: IoBufMut>(
        &self,
        buffer: B,
        most: usize,
    ) -> BufResult<WithDescriptors, B> {
        self.socket().read_with_descriptors(buffer, most).await
    }
}

impl<'a> WriteHalf<'a, Unix> {
    /// As [`Stream::write_all_with_descriptors`](super::Stream::write_all_with_descriptors).
    pub fn write_all_with_descriptors<B: IoBuf>(
        &self,
        buffer: B,
        descriptors: Vec<OwnedFd>,
    ) -> WriteAllWithDescriptors<'a, B> {
        self.0.write_all_with_descriptors(buffer, descriptors)
    }
}

impl OwnedWriteHalf<Unix> {
    /// As [`Stream::write_all_with_descriptors`](super::Stream::write_all_with_descriptors).
    pub fn write_all_with_descriptors<B: IoBuf>(
        &self,
        buffer: B,
        descriptors: Vec<OwnedFd>,
    ) -> WriteAllWithDescriptors<'_, B> {
        WriteAllWithDescriptors::new(self.socket(), (buffer, descriptors))
    }
}

impl Socket {
    async fn read_with_descriptors<B: IoBufMut>(
        &self,
        mut buffer: B,
        most: usize,
    ) -> BufResult<WithDescriptors, B> {
        if buffer.capacity() == 0 {
            return (Ok(WithDescriptors::default()), buffer);
        }
        let _served = self.readers.take().await;
        poll_fn(|cx| self.budget.poll_spend(cx)).await;
        self.receiver.stop();
        if let Found::Arrived(arrived) = poll_fn(|cx| self.poll_arrived(cx)).await {
            let count = arrived.map(|arrived| self.copy_arrived(&mut buffer, arrived));
            return (count.map(|count| self.shared.with_kept(count)), buffer);
        }
        self.budget.refill();
        let (received, buffer) = Receiving::new(self, buffer, most).await;
        let received = received.map(|received| {
            let (count, flags) = (received.count, received.flags);
            self.shared.keep(received.descriptors, flags);
            self.shared.with_kept(count)
        });
        (received, buffer)
    }
}

impl Socket {
    /// Copies what has arrived, and puts the rest back.
    fn copy_arrived(&self, buffer: &mut impl IoBufMut, arrived: Option<RecvBuf>) -> usize {
        let Some(mut arrived) = arrived else {
            return fill(buffer, &[]);
        };
        let count = fill(buffer, &arrived);
        if count < arrived.len() {
            arrived.advance(count);
            self.shared.inbound.leave(arrived);
        }
        count
    }
}

impl Shared {
    /// Keeps descriptors, and whether some are missing.
    fn keep(&self, descriptors: Vec<OwnedFd>, flags: i32) {
        let truncated = flags & libc::MSG_CTRUNC != 0;
        if descriptors.is_empty() && !truncated {
            return;
        }
        let mut kept = self.kept.take().unwrap_or_default();
        kept.descriptors.extend(descriptors);
        kept.truncated |= truncated;
        self.kept.set(Some(kept));
    }

    /// So many bytes, and the descriptors that are kept.
    fn with_kept(&self, count: usize) -> WithDescriptors {
        let kept = self.kept.take().map(|kept| *kept).unwrap_or_default();
        WithDescriptors {
            count,
            descriptors: kept.descriptors,
            truncated: kept.truncated,
        }
    }
}

/// Receives bytes and descriptors once. Dropping it cancels; what arrived all the same goes to the socket.
struct Receiving<B: IoBufMut> {
    /// Empty only while this is being dropped.
    op: Option<Op<Receive<B>>>,
    shared: Rc<Shared>,
}

impl<B: IoBufMut> Receiving<B> {
    fn new(socket: &Socket, buffer: B, most: usize) -> Self {
        let shared = socket.shared.clone();
        let most = most.min(Control::MOST_DESCRIPTORS);
        let room = Control::with_room(Control::room_for_descriptors(most));
        let receive = Receive {
            message: RecvMsg::new(shared.target(), buffer).control(room),
            shared: shared.clone(),
        };
        Self {
            op: Some(socket.engine.op(receive)),
            shared,
        }
    }
}

impl<B: IoBufMut> Future for Receiving<B> {
    type Output = BufResult<Received, B>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.op {
            Some(op) => Pin::new(op).poll(cx),
            None => Poll::Pending,
        }
    }
}

impl<B: IoBufMut> Drop for Receiving<B> {
    fn drop(&mut self) {
        if let Some(op) = self.op.take()
            && op.is_submitted()
        {
            self.shared.inbound.abandon();
            drop(op);
        }
    }
}

/// The operation: it shares the socket, so that it can give back what nobody waits for.
struct Receive<B> {
    message: RecvMsg<B>,
    shared: Rc<Shared>,
}

// SAFETY: the entry is the inner operation's, which lies in the value and so has the same fixed address.
unsafe impl<B: IoBufMut> Operation for Receive<B> {
    type Output = BufResult<Received, B>;

    fn entry(&mut self) -> squeue::Entry {
        self.message.entry()
    }

    fn complete(self, completion: Completion) -> Self::Output {
        self.message.complete(completion)
    }

    fn discard(self, completion: Completion) {
        let (received, buffer) = self.message.complete(completion);
        let inbound = &self.shared.inbound;
        let left = received.map(|received| {
            self.shared.keep(received.descriptors, received.flags);
            let bytes = Slice::new(buffer, 0..received.count);
            // The end of the stream is there to be read again.
            (!bytes.is_empty()).then(|| RecvBuf::from_heap(&*bytes))
        });
        inbound.end(left);
    }
}

/// One buffer, and descriptors that travel with its first byte.
pub(crate) struct Parcel<B> {
    /// What is left of it.
    buffer: Slice<B>,
    descriptors: Vec<OwnedFd>,
}

impl<B: IoBuf> Parcel<B> {
    /// Why it cannot be sent.
    fn refusal(&self) -> Option<io::Error> {
        let message = match self.descriptors.len() {
            0 => return None,
            _ if self.total() == 0 => String::from(
                "descriptors travel with a byte: send at least one, which the peer reads to get them",
            ),
            count if count > Control::MOST_DESCRIPTORS => format!(
                "{count} descriptors are too many for one message, which takes {}: send several",
                Control::MOST_DESCRIPTORS
            ),
            _ => return None,
        };
        Some(io::Error::new(io::ErrorKind::InvalidInput, message))
    }
}

impl<B: IoBuf> Outgoing for Parcel<B> {
    type Buffer = (B, Vec<OwnedFd>);
    type Operation = Keep<SendParcel<B>, Rc<Shared>>;

    fn new((buffer, descriptors): Self::Buffer) -> Self {
        let total = buffer.len();
        Self {
            buffer: Slice::new(buffer, 0..total),
            descriptors,
        }
    }

    fn into_buffer(self) -> Self::Buffer {
        (self.buffer.into_inner(), self.descriptors)
    }

    fn total(&self) -> usize {
        self.buffer.get_ref().len()
    }

    fn send_now(&self, shared: &Shared) -> io::Result<usize> {
        match self.refusal() {
            Some(refusal) => Err(refusal),
            None if self.descriptors.is_empty() => shared.send_now(&self.buffer),
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn operation(self, shared: &Rc<Shared>, sent: usize, flags: i32) -> Self::Operation {
        let refusal = self.refusal();
        let control = Control::descriptors(&self.descriptors);
        let (buffer, descriptors) = self.into_buffer();
        let total = buffer.len();
        let (target, rest) = (shared.target(), Slice::new(buffer, sent..total));
        let stage = match refusal {
            Some(refusal) => Stage::Refused(op::Nop::new(), refusal, rest),
            // Not with `MSG_WAITALL`, which has the kernel repeat the message.
            None if sent == 0 => {
                Stage::First(Box::new(SendMsg::new(target, rest).control(control)))
            }
            None => Stage::Rest(op::Send::new(target, rest).flags(flags)),
        };
        Keep::new(SendParcel { stage, descriptors }, shared.clone())
    }

    fn finished(
        ((result, parcel), _): (BufResult<usize, Self>, Rc<Shared>),
    ) -> (io::Result<usize>, Self) {
        (result, parcel)
    }
}

/// Sends a parcel, or what is left of it. Keeps the descriptors open meanwhile.
pub(crate) struct SendParcel<B> {
    stage: Stage<B>,
    descriptors: Vec<OwnedFd>,
}

enum Stage<B> {
    First(Box<SendMsg<Slice<B>>>),
    Rest(op::Send<Slice<B>>),
    Refused(op::Nop, io::Error, Slice<B>),
}

// SAFETY: the entry is the inner operation's, which lies in the value and so has the same fixed address.
unsafe impl<B: IoBuf> Operation for SendParcel<B> {
    type Output = BufResult<usize, Parcel<B>>;

    fn entry(&mut self) -> squeue::Entry {
        match &mut self.stage {
            Stage::First(send) => send.entry(),
            Stage::Rest(send) => send.entry(),
            Stage::Refused(nop, ..) => nop.entry(),
        }
    }

    fn complete(self, completion: Completion) -> Self::Output {
        let (result, buffer) = match self.stage {
            Stage::First(send) => send.complete(completion),
            Stage::Rest(send) => send.complete(completion),
            Stage::Refused(_, refusal, buffer) => (Err(refusal), buffer),
        };
        let descriptors = self.descriptors;
        (
            result,
            Parcel {
                buffer,
                descriptors,
            },
        )
    }
}

impl<B> fmt::Debug for Parcel<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parcel")
            .field("descriptors", &self.descriptors)
            .finish_non_exhaustive()
    }
}
