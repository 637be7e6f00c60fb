//! The reading end: the same reads as those of a stream, over its own kind of descriptor.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::Path;

use rustix::fs::OFlags;
use uring_engine::{IoBufMut, IoVecBufMut};

use crate::net::socket::{Socket, SocketHandle};
use crate::net::transfer::Kind;
use crate::net::{Read, ReadExact, ReadVectored, Recv};
use crate::pipe::open;

/// The end of a pipe that is read from. Operations take `&self` and are served in the order of their first polls.
pub struct Receiver(SocketHandle);

impl Receiver {
    /// An end that nobody else has, in non-blocking mode.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub(crate) fn of_own(descriptor: OwnedFd) -> Self {
        Self(Socket::here(Kind::Pipe, descriptor))
    }

    /// Takes over an end that nobody else has.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub(crate) fn from_own(descriptor: OwnedFd) -> io::Result<Self> {
        open::set_nonblocking(&descriptor)?;
        Ok(Self::of_own(descriptor))
    }

    /// Opens a named pipe for reading, once somebody has opened it for writing.
    ///
    /// Cancel-safe: dropping the future closes what was opened.
    ///
    /// # Errors
    ///
    /// What the kernel says; `InvalidInput` if there is something else than a pipe, or the path holds a zero byte.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub async fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let descriptor = open::open(path.as_ref(), OFlags::RDONLY).await?;
        Ok(Self::of_own(descriptor))
    }

    /// Takes over the reading end of a pipe that others may have too, in blocking or non-blocking mode alike. Nothing but
    /// what is asked for is read from it, and its mode stays as it is.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if it is no pipe.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub fn from_fd(descriptor: OwnedFd) -> io::Result<Self> {
        open::check(&descriptor)?;
        Ok(Self(Socket::here(Kind::Other, descriptor)))
    }

    /// What there is, as soon as there is something, in a buffer of the context; `None` once every sender is gone. As
    /// [`Stream::recv`](crate::net::Stream::recv).
    ///
    /// Cancel-safe: dropping the future loses no byte.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn recv(&self) -> Recv<'_> {
        Recv::new(&self.0)
    }

    /// Reads into `buffer`. As [`Stream::read`](crate::net::Stream::read).
    ///
    /// Cancel-safe: dropping the future loses no byte; the buffer is freed once the kernel is done with it.
    ///
    /// # Errors
    ///
    /// What the kernel says; the buffer comes back.
    pub fn read<B: IoBufMut>(&self, buffer: B) -> Read<'_, B> {
        Read::new(&self.0, buffer)
    }

    /// Reads into `buffers`, one after the other. As [`Stream::read_vectored`](crate::net::Stream::read_vectored).
    ///
    /// Cancel-safe: dropping the future loses no byte; the buffers are freed once the kernel is done with them.
    ///
    /// # Errors
    ///
    /// What the kernel says; the buffers come back.
    pub fn read_vectored<V: IoVecBufMut>(&self, buffers: V) -> ReadVectored<'_, V> {
        ReadVectored::new(&self.0, buffers)
    }

    /// Fills `buffer` to its capacity; all or nothing. As [`Stream::read_exact`](crate::net::Stream::read_exact).
    ///
    /// Cancel-safe: dropping the future loses no byte.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` if the pipe ends before; what the kernel says. The buffer comes back.
    pub fn read_exact<B: IoBufMut>(&self, buffer: B) -> ReadExact<'_, B> {
        ReadExact::new(&self.0, buffer)
    }

    pub(crate) fn socket(&self) -> &SocketHandle {
        &self.0
    }
}

impl AsFd for Receiver {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Receiver {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("fd", &self.as_raw_fd())
            .finish_non_exhaustive()
    }
}
