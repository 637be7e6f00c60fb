//! A connection, of whatever address family: how it is made and how it ends. What is done with its bytes stands with the
//! futures: `recv.rs`, `recv_many.rs`, `read.rs`, `peek.rs`, `write.rs`, `send_file.rs`.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use uring_engine::Engine;

use crate::net::family::{Family, Tcp, Unix};
use crate::net::socket::{Socket, SocketHandle};
use crate::net::split::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use crate::net::transfer::Kind;

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
    socket: SocketHandle,
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
        Self::from_socket(Socket::on(engine, Kind::Socket, descriptor))
    }

    pub(crate) fn from_socket(socket: SocketHandle) -> Self {
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
        Self::from_socket(Socket::here(Kind::Socket, stream.into()))
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

    pub(crate) fn into_socket(self) -> SocketHandle {
        self.socket
    }

    pub(crate) fn socket(&self) -> &SocketHandle {
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
