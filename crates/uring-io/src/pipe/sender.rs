//! The writing end: the same writes as those of a stream, and what to do where a broken pipe kills.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::path::Path;

use rustix::fs::OFlags;
use uring_engine::{IoBuf, IoVecBuf};

use crate::net::socket::{Socket, SocketHandle};
use crate::net::transfer::Kind;
use crate::net::{Write, WriteAll, WriteAllVectored, WriteVectored};
use crate::pipe::open;

/// The end of a pipe that is written to. Operations take `&self` and are served in the order of their first polls.
///
/// Its reader comes to the end when the last sender is gone. When a sender is dropped, writes whose futures were dropped are
/// finished by a task of their own first; the end of the context cuts them off. [`close`](Self::close) waits for them.
pub struct Sender(SocketHandle);

impl Sender {
    /// An end that nobody else has, in non-blocking mode.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub(crate) fn of_own(descriptor: OwnedFd) -> Self {
        let kind = if broken_pipes_kill() {
            Kind::Other
        } else {
            Kind::Pipe
        };
        Self(Socket::here(kind, descriptor))
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

    /// Opens a named pipe for writing, once somebody has opened it for reading.
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
        let descriptor = open::open(path.as_ref(), OFlags::WRONLY).await?;
        Ok(Self::of_own(descriptor))
    }

    /// Takes over the writing end of a pipe that others may have too, in blocking or non-blocking mode alike. Its mode stays
    /// as it is.
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

    /// Writes from the beginning of `buffer` what the pipe takes. As [`Stream::write`](crate::net::Stream::write).
    ///
    /// Cancel-safe: once polled, a future that is dropped has the buffer written whole, as `write_all` does.
    ///
    /// # Errors
    ///
    /// `BrokenPipe` if every receiver is gone, also at an earlier write that nobody waited for; the buffer comes back.
    pub fn write<B: IoBuf>(&self, buffer: B) -> Write<'_, B> {
        Write::new(&self.0, buffer)
    }

    /// Writes all of `buffer`, and gives it back. As [`Stream::write_all`](crate::net::Stream::write_all).
    ///
    /// Cancel-safe: once polled, the buffer is written whole and in order, whether or not the future is dropped.
    ///
    /// # Errors
    ///
    /// `BrokenPipe` if every receiver is gone, also at an earlier write that nobody waited for; the buffer comes back.
    pub fn write_all<B: IoBuf>(&self, buffer: B) -> WriteAll<'_, B> {
        WriteAll::new(&self.0, buffer)
    }

    /// Writes from the beginning of `buffers`, one after the other, what the pipe takes. As
    /// [`Stream::write_vectored`](crate::net::Stream::write_vectored).
    ///
    /// Cancel-safe: once polled, a future that is dropped has the buffers written whole, as `write_all_vectored` does.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn write_vectored<V: IoVecBuf>(&self, buffers: V) -> WriteVectored<'_, V> {
        WriteVectored::new(&self.0, buffers)
    }

    /// Writes all of `buffers`, one after the other, and gives them back. As
    /// [`Stream::write_all_vectored`](crate::net::Stream::write_all_vectored).
    ///
    /// Cancel-safe: once polled, the buffers are written whole and in order, whether or not the future is dropped.
    ///
    /// # Errors
    ///
    /// As [`write_all`](Self::write_all).
    pub fn write_all_vectored<V: IoVecBuf>(&self, buffers: V) -> WriteAllVectored<'_, V> {
        WriteAllVectored::new(&self.0, buffers)
    }

    /// Closes this end after the writes that were begun, and tells how they went.
    ///
    /// Cancel-safe: dropping the future does what dropping the end does.
    ///
    /// # Errors
    ///
    /// `BrokenPipe` of an earlier write that nobody waited for.
    pub async fn close(self) -> io::Result<()> {
        self.0.close().await
    }

    pub(crate) fn socket(&self) -> &SocketHandle {
        &self.0
    }
}

/// Whether this process has `SIGPIPE` kill it.
fn broken_pipes_kill() -> bool {
    // SAFETY: all zeros is a valid value of the plain struct, and the kernel only writes it.
    let action = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGPIPE, std::ptr::null(), &raw mut action);
        action
    };
    action.sa_sigaction == libc::SIG_DFL
}

impl AsFd for Sender {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Sender {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("fd", &self.as_raw_fd())
            .finish_non_exhaustive()
    }
}
