//! The two directions of a stream, each by itself.

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::rc::Rc;

use uring_engine::{IoBuf, IoBufMut};

use crate::net::read::Read;
use crate::net::recv::Recv;
use crate::net::socket::Socket;
use crate::net::stream::TcpStream;
use crate::net::write::{Write, WriteAll};

/// The reading direction of a stream, borrowed; see [`TcpStream::split`].
#[derive(Clone, Copy, Debug)]
pub struct ReadHalf<'a>(pub(crate) &'a TcpStream);

/// The writing direction of a stream, borrowed; see [`TcpStream::split`].
#[derive(Clone, Copy, Debug)]
pub struct WriteHalf<'a>(pub(crate) &'a TcpStream);

impl<'a> ReadHalf<'a> {
    /// As [`TcpStream::recv`].
    pub fn recv(&self) -> Recv<'a> {
        self.0.recv()
    }

    /// As [`TcpStream::read`].
    pub fn read<B: IoBufMut>(&self, buffer: B) -> Read<'a, B> {
        self.0.read(buffer)
    }
}

impl<'a> WriteHalf<'a> {
    /// As [`TcpStream::write`].
    pub fn write<B: IoBuf>(&self, buffer: B) -> Write<'a, B> {
        self.0.write(buffer)
    }

    /// As [`TcpStream::write_all`].
    pub fn write_all<B: IoBuf>(&self, buffer: B) -> WriteAll<'a, B> {
        self.0.write_all(buffer)
    }

    /// Ends the writing direction, as [`TcpStream::shutdown`].
    ///
    /// Cancel-safe, as that is.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn shutdown(&self) -> io::Result<()> {
        self.0.shutdown(Shutdown::Write).await
    }
}

/// The reading direction of a stream, owned; see [`TcpStream::into_split`].
pub struct OwnedReadHalf(Rc<Socket>);

/// The writing direction of a stream, owned; see [`TcpStream::into_split`].
///
/// Dropping it ends the writing direction, after the writes that were begun: the peer sees the end of the stream.
pub struct OwnedWriteHalf(Option<Rc<Socket>>);

/// Two halves that are not of the same stream.
#[derive(Debug, thiserror::Error)]
#[error("the halves are of different streams")]
pub struct ReuniteError(pub OwnedReadHalf, pub OwnedWriteHalf);

pub(crate) fn into_split(socket: Rc<Socket>) -> (OwnedReadHalf, OwnedWriteHalf) {
    (OwnedReadHalf(socket.clone()), OwnedWriteHalf(Some(socket)))
}

impl OwnedReadHalf {
    /// As [`TcpStream::recv`].
    pub fn recv(&self) -> Recv<'_> {
        Recv::new(&self.0)
    }

    /// As [`TcpStream::read`].
    pub fn read<B: IoBufMut>(&self, buffer: B) -> Read<'_, B> {
        Read::new(&self.0, buffer)
    }

    /// Makes a stream of its two halves again.
    ///
    /// # Errors
    ///
    /// The halves, if they are not of the same stream.
    pub fn reunite(self, mut write: OwnedWriteHalf) -> Result<TcpStream, ReuniteError> {
        if !Rc::ptr_eq(&self.0, write.socket()) {
            return Err(ReuniteError(self, write));
        }
        drop(write.0.take());
        Ok(TcpStream::from_socket(self.0))
    }
}

impl OwnedWriteHalf {
    fn socket(&self) -> &Rc<Socket> {
        match &self.0 {
            Some(socket) => socket,
            None => unreachable!("a half gives its socket up only when it goes"),
        }
    }

    /// As [`TcpStream::write`].
    pub fn write<B: IoBuf>(&self, buffer: B) -> Write<'_, B> {
        Write::new(self.socket(), buffer)
    }

    /// As [`TcpStream::write_all`].
    pub fn write_all<B: IoBuf>(&self, buffer: B) -> WriteAll<'_, B> {
        WriteAll::new(self.socket(), buffer)
    }

    /// Ends the writing direction, as [`TcpStream::shutdown`]. Dropping the half does too, but nobody learns of an error.
    ///
    /// Cancel-safe: dropping the future does what dropping the half does.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn shutdown(self) -> io::Result<()> {
        self.socket().shutdown(Shutdown::Write).await
    }

    /// Drops the half without ending the writing direction.
    pub fn forget(mut self) {
        drop(self.0.take());
    }
}

impl Drop for OwnedWriteHalf {
    fn drop(&mut self) {
        let Some(socket) = self.0.take() else { return };
        if !socket.writers.is_busy() {
            // Shut down already, or the peer is gone: then there is nothing to end.
            let _ = socket.options().shutdown(Shutdown::Write);
            return;
        }
        let ending = async move {
            let _ = socket.shutdown(Shutdown::Write).await;
        };
        // An error: the context is gone, and the connection with it.
        if let Ok(task) = context::try_spawn(ending) {
            task.detach();
        }
    }
}

impl fmt::Debug for OwnedReadHalf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedReadHalf").finish_non_exhaustive()
    }
}

impl fmt::Debug for OwnedWriteHalf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedWriteHalf").finish_non_exhaustive()
    }
}
