//! A connection, of whatever address family.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::net::Shutdown;
use std::ops::{Bound, RangeBounds};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::rc::Rc;

use uring_engine::{BufResult, Engine, IoBuf, IoBufMut, IoVecBuf, IoVecBufMut};

use crate::fs::File;
use crate::net::family::{Family, Tcp, Unix};
use crate::net::read::{Read, ReadExact, ReadVectored};
use crate::net::recv::Recv;
use crate::net::recv_buf::RecvBuf;
use crate::net::recv_many::RecvArrived;
use crate::net::send_file::SendFile;
use crate::net::socket::Socket;
use crate::net::split::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use crate::net::write::{
    SendZc, Write, WriteAll, WriteAllVectored, WriteAllZeroCopy, WriteVectored,
};

/// A connection on the current context: a [`TcpStream`] or a [`UnixStream`].
///
/// It belongs to its context's thread. Every operation takes `&self`, so one task may read while another writes, and several
/// may do the same: operations of one direction are served in the order of their first polls.
///
/// # What dropping a future means
///
/// The stream, not the future, owns what is in flight. A dropped [`recv`](Self::recv) or [`read`](Self::read) loses no byte;
/// a dropped [`write_all`](Self::write_all) that had begun is sent to its end, before any later write.
///
/// # What dropping the stream means
///
/// Writes whose futures were dropped are sent to their end by a task of their own, and only then the connection is
/// closed; the end of the context cuts them off. [`close`](Self::close) waits for them and reports errors;
/// [`abort`](Self::abort) throws them away.
///
/// # Examples
///
/// What does not depend on the kind of stream is written once:
///
/// ```
/// use uring_io::net::{Family, Stream};
///
/// /// Sends everything back until the peer ends its direction.
/// async fn echo<F: Family>(stream: Stream<F>) -> std::io::Result<()> {
///     while let Some(bytes) = stream.recv().await? {
///         stream.write_all(bytes).await.0?;
///     }
///     stream.close().await
/// }
/// ```
pub struct Stream<F: Family> {
    socket: Rc<Socket>,
    family: PhantomData<F>,
}

/// A TCP connection on the current context.
///
/// # Examples
///
/// ```
/// use uring_io::net::{TcpListener, TcpStream};
///
/// # context::block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let client = TcpStream::connect(listener.local_addr()?).await?;
/// let (server, _peer) = listener.accept().await?;
///
/// client.write_all("hello").await.0?;
/// let hello = server.recv().await?.expect("not the end");
/// assert_eq!(&*hello, b"hello");
/// server.write_all(hello).await.0?;
/// server.close().await?;
///
/// let (count, buffer) = client.read(vec![0; 64]).await;
/// assert_eq!(buffer[..count?], *b"hello");
/// assert!(client.recv().await?.is_none());
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
pub type TcpStream = Stream<Tcp>;

/// A connection between two processes of this machine, on the current context.
///
/// # Examples
///
/// ```
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path().join("socket");
/// use uring_io::net::{UnixListener, UnixStream};
///
/// # context::block_on(async {
/// let listener = UnixListener::bind(&path)?;
/// let client = UnixStream::connect(&path).await?;
/// let (server, _peer) = listener.accept().await?;
/// assert_eq!(server.peer_credentials()?.pid, Some(std::process::id() as i32));
///
/// client.write_all("hello").await.0?;
/// let hello = server.recv().await?.expect("not the end");
/// assert_eq!(&*hello, b"hello");
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
pub type UnixStream = Stream<Unix>;

impl<F: Family> Stream<F> {
    pub(crate) fn from_descriptor(descriptor: OwnedFd, engine: Engine) -> Self {
        Self::from_socket(Rc::new(Socket::new(descriptor, engine)))
    }

    pub(crate) fn from_socket(socket: Rc<Socket>) -> Self {
        Self {
            socket,
            family: PhantomData,
        }
    }

    /// Takes over a connected socket of the standard library, in blocking or non-blocking mode alike.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub fn from_std(stream: F::StdStream) -> Self {
        Self::from_descriptor(stream.into(), context::driver().engine().clone())
    }

    /// Receives what there is, as soon as there is something, into a buffer of the context; `None` at the end of the
    /// stream.
    ///
    /// While nothing arrives the stream holds no buffer. The first call makes the kernel receive for this stream from then
    /// on, into buffers that all streams of the context share: what arrives is kept in order until somebody takes it, and
    /// a context whose buffers are all taken stops receiving until some come back, or receives into heap memory.
    /// Received bytes can be written back, here or elsewhere, without a copy.
    ///
    /// # Errors
    ///
    /// `ConnectionReset`, `TimedOut` and the like.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no byte.
    #[inline]
    pub fn recv(&self) -> Recv<'_> {
        Recv::new(&self.socket)
    }

    /// Reads into `buffer`, from its beginning up to its capacity. Resolves to the number of bytes, 0 at the end of the
    /// stream (or if there is no capacity), and the buffer.
    ///
    /// # Errors
    ///
    /// `ConnectionReset`, `TimedOut` and the like; the buffer comes back.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no byte: what arrived all the same is what the next read begins with. The buffer is
    /// freed once the kernel is done with it.
    #[inline]
    pub fn read<B: IoBufMut>(&self, buffer: B) -> Read<'_, B> {
        Read::new(&self.socket, buffer)
    }

    /// Reads into `buffers`, one after the other, up to their capacity: a tuple, an array or a `Vec` of what can be a buffer.
    /// Resolves to the number of bytes, 0 at the end of the stream (or if there is no capacity), and the buffers.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no byte, as with [`read`](Self::read).
    pub fn read_vectored<V: IoVecBufMut>(&self, buffers: V) -> ReadVectored<'_, V> {
        ReadVectored::new(&self.socket, buffers)
    }

    /// Fills `buffer` to its capacity. It takes all or nothing: on an error, what had come is what the next read begins
    /// with. Other reads are served when it has ended.
    ///
    /// ```
    /// # use uring_io::net::{TcpListener, TcpStream};
    /// # context::block_on(async {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let client = TcpStream::connect(listener.local_addr()?).await?;
    /// # let (server, _) = listener.accept().await?;
    /// client.write_all("\0\u{5}hello").await.0?;
    /// let (result, length) = server.read_exact([0; 2]).await;
    /// result?;
    /// let length = u16::from_be_bytes(length);
    /// let (result, text) = server.read_exact(vec![0; length.into()]).await;
    /// result?;
    /// assert_eq!(text, b"hello");
    /// # std::io::Result::Ok(())
    /// # }).unwrap().unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` if the stream ends before; as [`read`](Self::read). The buffer comes back.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no byte: what had come is what the next read begins with.
    pub fn read_exact<B: IoBufMut>(&self, buffer: B) -> ReadExact<'_, B> {
        ReadExact::new(&self.socket, buffer)
    }

    /// Waits until something has arrived, and copies its beginning to `buffer` without taking it: the next read has it again.
    /// Resolves to the number of bytes, 0 at the end of the stream, and the buffer. Repeated later, it sees more when more
    /// has come.
    ///
    /// What it looks at has been received for this stream, as with [`recv`](Self::recv); another holder of the descriptor does
    /// not see it any more.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no byte.
    pub async fn peek<B: IoBufMut>(&self, buffer: B) -> BufResult<usize, B> {
        self.socket.peek(buffer).await
    }

    /// Receives all that has arrived, as soon as there is something: up to `most` buffers, appended to `buffers`. Resolves to
    /// their number; 0 at the end of the stream (or if `most` is 0).
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv), when nothing arrived before.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no byte.
    pub fn recv_many<'a, 'b>(
        &'a self,
        buffers: &'b mut Vec<RecvBuf>,
        most: usize,
    ) -> RecvArrived<'a, 'b> {
        RecvArrived::new(&self.socket, buffers, most)
    }

    /// Writes from the beginning of `buffer` what the socket takes, at least one byte unless there is none. Resolves to the
    /// number of bytes and the buffer.
    ///
    /// # Errors
    ///
    /// `BrokenPipe`, `ConnectionReset` and the like, also those of an earlier write that nobody waited for; the buffer
    /// comes back.
    ///
    /// # Cancel safety
    ///
    /// A future that was polled and is dropped sends the buffer whole, as [`write_all`](Self::write_all) does.
    #[inline]
    pub fn write<B: IoBuf>(&self, buffer: B) -> Write<'_, B> {
        Write::new(&self.socket, buffer)
    }

    /// Writes all of `buffer`, and gives it back.
    ///
    /// # Errors
    ///
    /// `BrokenPipe`, `ConnectionReset` and the like, also those of an earlier write that nobody waited for; the buffer
    /// comes back.
    ///
    /// # Cancel safety
    ///
    /// Once polled, the buffer is sent whole and in order, before any later write, whether or not the future is dropped;
    /// the next operation that writes reports an error. Never polled, nothing is sent.
    #[inline]
    pub fn write_all<B: IoBuf>(&self, buffer: B) -> WriteAll<'_, B> {
        WriteAll::new(&self.socket, buffer)
    }

    /// Writes from the beginning of `buffers`, one after the other, what the socket takes, at least one byte unless there is
    /// none. Resolves to the number of bytes and the buffers: a tuple, an array or a `Vec` of what can be a buffer.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    ///
    /// # Cancel safety
    ///
    /// A future that was polled and is dropped sends the buffers whole, as [`write_all_vectored`](Self::write_all_vectored)
    /// does.
    pub fn write_vectored<V: IoVecBuf>(&self, buffers: V) -> WriteVectored<'_, V> {
        WriteVectored::new(&self.socket, buffers)
    }

    /// Writes all of `buffers`, one after the other, and gives them back.
    ///
    /// ```
    /// # use uring_io::net::{TcpListener, TcpStream};
    /// # context::block_on(async {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// let body = vec![b'x'; 100];
    /// let head = format!("content-length: {}\r\n\r\n", body.len());
    /// let (result, (_head, _body)) = stream.write_all_vectored((head, body)).await;
    /// result?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap().unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As [`write_all`](Self::write_all).
    ///
    /// # Cancel safety
    ///
    /// Once polled, the buffers are sent whole and in order, before any later write, whether or not the future is dropped.
    pub fn write_all_vectored<V: IoVecBuf>(&self, buffers: V) -> WriteAllVectored<'_, V> {
        WriteAllVectored::new(&self.socket, buffers)
    }

    /// Writes from the beginning of `buffer` what the socket takes, straight from its memory. Resolves to the number of bytes
    /// and the buffer when the network no longer needs it, which may be when the peer has acknowledged the bytes.
    ///
    /// As [`write_all_zero_copy`](Self::write_all_zero_copy), but for a part; it copies under the same conditions.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    ///
    /// # Cancel safety
    ///
    /// A future that was polled and is dropped sends the buffer whole; its memory is freed when the network is done with it.
    pub fn send_zc<B: IoBuf>(&self, buffer: B) -> SendZc<'_, B> {
        SendZc::new(&self.socket, buffer)
    }

    /// Writes all of `buffer` straight from its memory, and gives it back when the network no longer needs it.
    ///
    /// Pays off for some ten KiB and more on real network cards. Where the kernel cannot send without a copy, it sends with
    /// one, as [`write_all`](Self::write_all): over Unix sockets, before Linux 6.0, and when the limit of locked memory
    /// (`RLIMIT_MEMLOCK`) or of notifications (`net.core.optmem_max`) is reached. The loopback device always copies.
    ///
    /// # Errors
    ///
    /// As [`write_all`](Self::write_all).
    ///
    /// # Cancel safety
    ///
    /// Once polled, the buffer is sent whole and in order, before any later write, whether or not the future is dropped; its
    /// memory is freed when the network is done with it.
    pub fn write_all_zero_copy<B: IoBuf>(&self, buffer: B) -> WriteAllZeroCopy<'_, B> {
        WriteAllZeroCopy::new(&self.socket, buffer)
    }

    /// Sends a range of bytes of a file, to its end if that comes first, without copying them through this process. Resolves to
    /// the number of bytes. Other writes come before or after it.
    ///
    /// Files that the kernel cannot splice are read and sent.
    ///
    /// ```
    /// # use uring_io::{fs::File, net::{TcpListener, TcpStream}};
    /// # let directory = tempfile::tempdir().unwrap();
    /// # let path = directory.path().join("greeting");
    /// # std::fs::write(&path, "hello, world").unwrap();
    /// # context::block_on(async {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// let file = File::open(&path).await?;
    /// assert_eq!(stream.send_file(&file, 7..).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap().unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write); those of reading the file; that of too many open descriptors. [`SendFile::sent`] tells how
    /// many bytes went before.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the sending after the piece (up to 64 KiB) that was begun, which is sent whole, before any later
    /// write.
    pub fn send_file(&self, file: &File, range: impl RangeBounds<u64>) -> SendFile<'_> {
        let begin = match range.start_bound() {
            Bound::Included(&begin) => begin,
            Bound::Excluded(&before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&last) => last.saturating_add(1),
            Bound::Excluded(&end) => end,
            Bound::Unbounded => u64::MAX,
        };
        let length = end.saturating_sub(begin);
        SendFile::new(&self.socket, file.shared(), begin, length)
    }

    /// Shuts one or both directions down; the writing one after the writes that were begun.
    ///
    /// # Errors
    ///
    /// `NotConnected` if the connection is gone; that of an earlier write that nobody waited for.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future either has no effect or comes too late.
    pub async fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.shutdown(how).await
    }

    /// Closes the connection after the writes that were begun, and tells how they and the closing went.
    ///
    /// # Errors
    ///
    /// That of an earlier write that nobody waited for, else that of closing.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future does what dropping the stream does.
    pub async fn close(self) -> io::Result<()> {
        self.socket.close().await
    }

    /// Ends the connection now: what was not sent is thrown away, writes in flight fail. A TCP peer gets a reset, a Unix peer
    /// what was sent and then the end of the stream.
    pub fn abort(self) {
        self.socket.abort();
    }

    /// The two directions, borrowed.
    pub fn split(&self) -> (ReadHalf<'_, F>, WriteHalf<'_, F>) {
        (ReadHalf(self), WriteHalf(self))
    }

    /// The two directions, each to own. The connection is closed when both are gone.
    pub fn into_split(self) -> (OwnedReadHalf<F>, OwnedWriteHalf<F>) {
        split::into_split(self.socket)
    }

    /// The address of the peer.
    ///
    /// # Errors
    ///
    /// `NotConnected` if it has gone.
    pub fn peer_addr(&self) -> io::Result<F::Address> {
        F::address(&self.socket.options().peer_addr()?)
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn local_addr(&self) -> io::Result<F::Address> {
        F::address(&self.socket.options().local_addr()?)
    }

    pub(crate) fn shared_socket(&self) -> &Rc<Socket> {
        &self.socket
    }

    pub(crate) fn into_socket(self) -> Rc<Socket> {
        self.socket
    }

    pub(crate) fn socket(&self) -> &Socket {
        &self.socket
    }
}

impl<F: Family> AsFd for Stream<F> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl<F: Family> AsRawFd for Stream<F> {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl<F: Family> fmt::Debug for Stream<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(F::STREAM)
            .field("fd", &self.as_raw_fd())
            .finish_non_exhaustive()
    }
}
