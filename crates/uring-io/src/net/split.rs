//! The two directions of a stream, each by itself.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::net::Shutdown;
use std::ops::RangeBounds;

use uring_engine::{IoBuf, IoBufMut, IoVecBuf, IoVecBufMut};

use crate::detach::detach;
use crate::fs::File;
use crate::net::family::{Family, Tcp};
use crate::net::peek::Peek;
use crate::net::read::{Read, ReadExact, ReadVectored};
use crate::net::recv::Recv;
use crate::net::recv_buf::RecvBuf;
use crate::net::recv_many::RecvMany;
use crate::net::send_file::SendFile;
use crate::net::socket::SocketHandle;
use crate::net::stream::Stream;
use crate::net::write::{
    SendZc, Write, WriteAll, WriteAllVectored, WriteAllZeroCopy, WriteVectored,
};

/// The reading direction of a stream, borrowed; see [`Stream::split`].
///
/// ```
/// use uring_io::net::UnixStream;
///
/// # context::block_on(async {
/// let (stream, peer) = UnixStream::pair()?;
/// let (reader, writer) = stream.split();
/// // One task waits for the answer and asks the question.
/// let (received, asked) = context::when_all((reader.recv(), async {
///     writer.write_all("a question").await.0?;
///     let question = peer.recv().await?;
///     assert_eq!(question.as_deref(), Some(&b"a question"[..]));
///     peer.write_all("an answer").await.0
/// }))
/// .await;
/// asked?;
/// assert_eq!(&received?.expect("an answer")[..], b"an answer");
/// // Neither half is needed to close the stream.
/// stream.close().await?;
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
pub struct ReadHalf<'a, F: Family = Tcp>(pub(crate) &'a Stream<F>);

/// The writing direction of a stream, borrowed; see [`Stream::split`].
///
/// ```
/// use uring_io::net::UnixStream;
///
/// # context::block_on(async {
/// let (stream, peer) = UnixStream::pair()?;
/// let (reader, writer) = stream.split();
/// writer.write_all("all there is").await.0?;
/// // The peer sees the end, and may still answer.
/// writer.shutdown().await?;
/// assert_eq!(peer.recv().await?.as_deref(), Some(&b"all there is"[..]));
/// assert!(peer.recv().await?.is_none());
/// peer.write_all("thanks").await.0?;
/// assert_eq!(reader.recv().await?.as_deref(), Some(&b"thanks"[..]));
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
pub struct WriteHalf<'a, F: Family = Tcp>(pub(crate) &'a Stream<F>);

impl<'a, F: Family> ReadHalf<'a, F> {
    /// As [`Stream::recv`].
    pub fn recv(&self) -> Recv<'a> {
        self.0.recv()
    }

    /// As [`Stream::read`].
    pub fn read<B: IoBufMut>(&self, buffer: B) -> Read<'a, B> {
        self.0.read(buffer)
    }

    /// As [`Stream::read_vectored`].
    pub fn read_vectored<V: IoVecBufMut>(&self, buffers: V) -> ReadVectored<'a, V> {
        self.0.read_vectored(buffers)
    }

    /// As [`Stream::read_exact`].
    pub fn read_exact<B: IoBufMut>(&self, buffer: B) -> ReadExact<'a, B> {
        self.0.read_exact(buffer)
    }

    /// As [`Stream::peek`].
    pub fn peek<B: IoBufMut>(&self, buffer: B) -> Peek<'a, B> {
        self.0.peek(buffer)
    }

    /// As [`Stream::recv_many`].
    pub fn recv_many<'b>(&self, buffers: &'b mut Vec<RecvBuf>, most: usize) -> RecvMany<'a, 'b> {
        self.0.recv_many(buffers, most)
    }
}

impl<'a, F: Family> WriteHalf<'a, F> {
    /// As [`Stream::write`].
    pub fn write<B: IoBuf>(&self, buffer: B) -> Write<'a, B> {
        self.0.write(buffer)
    }

    /// As [`Stream::write_all`].
    pub fn write_all<B: IoBuf>(&self, buffer: B) -> WriteAll<'a, B> {
        self.0.write_all(buffer)
    }

    /// As [`Stream::write_vectored`].
    pub fn write_vectored<V: IoVecBuf>(&self, buffers: V) -> WriteVectored<'a, V> {
        self.0.write_vectored(buffers)
    }

    /// As [`Stream::write_all_vectored`].
    pub fn write_all_vectored<V: IoVecBuf>(&self, buffers: V) -> WriteAllVectored<'a, V> {
        self.0.write_all_vectored(buffers)
    }

    /// As [`Stream::send_zc`].
    pub fn send_zc<B: IoBuf>(&self, buffer: B) -> SendZc<'a, B> {
        self.0.send_zc(buffer)
    }

    /// As [`Stream::write_all_zero_copy`].
    pub fn write_all_zero_copy<B: IoBuf>(&self, buffer: B) -> WriteAllZeroCopy<'a, B> {
        self.0.write_all_zero_copy(buffer)
    }

    /// As [`Stream::send_file`].
    pub fn send_file(&self, file: &File, range: impl RangeBounds<u64>) -> SendFile<'a> {
        self.0.send_file(file, range)
    }

    /// Ends the writing direction, as [`Stream::shutdown`].
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

/// The reading direction of a stream, owned; see [`Stream::into_split`].
///
/// ```
/// use uring_io::net::UnixStream;
///
/// # context::block_on(async {
/// let (stream, peer) = UnixStream::pair()?;
/// let (reader, writer) = stream.into_split();
/// // A task of its own for each direction.
/// let sent = context::spawn(async move { writer.write_all("from one task").await.0 });
/// let echoed = context::spawn(async move {
///     let bytes = peer.recv().await?.expect("something is sent");
///     peer.write_all(bytes).await.0
/// });
/// assert_eq!(reader.recv().await?.as_deref(), Some(&b"from one task"[..]));
/// sent.await.unwrap()?;
/// echoed.await.unwrap()?;
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
pub struct OwnedReadHalf<F: Family = Tcp>(SocketHandle, PhantomData<F>);

/// The writing direction of a stream, owned; see [`Stream::into_split`].
///
/// Dropping it ends the writing direction, after the writes that were begun: the peer sees the end of the stream.
///
/// ```
/// use uring_io::net::UnixStream;
///
/// # context::block_on(async {
/// let (stream, peer) = UnixStream::pair()?;
/// let (reader, writer) = stream.into_split();
/// writer.write_all("the last word").await.0?;
/// drop(writer);
/// assert_eq!(peer.recv().await?.as_deref(), Some(&b"the last word"[..]));
/// assert!(peer.recv().await?.is_none());
/// // The other direction is open still.
/// peer.write_all("so it is").await.0?;
/// assert_eq!(reader.recv().await?.as_deref(), Some(&b"so it is"[..]));
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
pub struct OwnedWriteHalf<F: Family = Tcp>(Option<SocketHandle>, PhantomData<F>);

/// Two halves that are not of the same stream.
#[derive(thiserror::Error)]
#[error("the halves are of different streams")]
pub struct ReuniteError<F: Family = Tcp>(pub OwnedReadHalf<F>, pub OwnedWriteHalf<F>);

pub(crate) fn into_split<F: Family>(socket: SocketHandle) -> (OwnedReadHalf<F>, OwnedWriteHalf<F>) {
    let read = OwnedReadHalf(socket.clone(), PhantomData);
    (read, OwnedWriteHalf(Some(socket), PhantomData))
}

impl<F: Family> OwnedReadHalf<F> {
    /// As [`Stream::recv`].
    pub fn recv(&self) -> Recv<'_> {
        Recv::new(&self.0)
    }

    /// As [`Stream::read`].
    pub fn read<B: IoBufMut>(&self, buffer: B) -> Read<'_, B> {
        Read::new(&self.0, buffer)
    }

    /// As [`Stream::read_vectored`].
    pub fn read_vectored<V: IoVecBufMut>(&self, buffers: V) -> ReadVectored<'_, V> {
        ReadVectored::new(&self.0, buffers)
    }

    /// As [`Stream::read_exact`].
    pub fn read_exact<B: IoBufMut>(&self, buffer: B) -> ReadExact<'_, B> {
        ReadExact::new(&self.0, buffer)
    }

    /// As [`Stream::peek`].
    pub fn peek<B: IoBufMut>(&self, buffer: B) -> Peek<'_, B> {
        Peek::new(&self.0, buffer)
    }

    /// As [`Stream::recv_many`].
    pub fn recv_many<'a, 'b>(
        &'a self,
        buffers: &'b mut Vec<RecvBuf>,
        most: usize,
    ) -> RecvMany<'a, 'b> {
        RecvMany::new(&self.0, buffers, most)
    }

    pub(crate) fn socket(&self) -> &SocketHandle {
        &self.0
    }

    /// Makes a stream of its two halves again.
    ///
    /// # Errors
    ///
    /// The halves, if they are not of the same stream.
    pub fn reunite(self, mut write: OwnedWriteHalf<F>) -> Result<Stream<F>, ReuniteError<F>> {
        if !self.0.is(write.socket()) {
            return Err(ReuniteError(self, write));
        }
        drop(write.0.take());
        Ok(Stream::from_socket(self.0))
    }
}

impl<F: Family> OwnedWriteHalf<F> {
    pub(crate) fn socket(&self) -> &SocketHandle {
        match &self.0 {
            Some(socket) => socket,
            None => unreachable!("a half gives its socket up only when it goes"),
        }
    }

    /// As [`Stream::write`].
    pub fn write<B: IoBuf>(&self, buffer: B) -> Write<'_, B> {
        Write::new(self.socket(), buffer)
    }

    /// As [`Stream::write_all`].
    pub fn write_all<B: IoBuf>(&self, buffer: B) -> WriteAll<'_, B> {
        WriteAll::new(self.socket(), buffer)
    }

    /// As [`Stream::write_vectored`].
    pub fn write_vectored<V: IoVecBuf>(&self, buffers: V) -> WriteVectored<'_, V> {
        WriteVectored::new(self.socket(), buffers)
    }

    /// As [`Stream::write_all_vectored`].
    pub fn write_all_vectored<V: IoVecBuf>(&self, buffers: V) -> WriteAllVectored<'_, V> {
        WriteAllVectored::new(self.socket(), buffers)
    }

    /// As [`Stream::send_zc`].
    pub fn send_zc<B: IoBuf>(&self, buffer: B) -> SendZc<'_, B> {
        SendZc::new(self.socket(), buffer)
    }

    /// As [`Stream::write_all_zero_copy`].
    pub fn write_all_zero_copy<B: IoBuf>(&self, buffer: B) -> WriteAllZeroCopy<'_, B> {
        WriteAllZeroCopy::new(self.socket(), buffer)
    }

    /// As [`Stream::send_file`].
    pub fn send_file(&self, file: &File, range: impl RangeBounds<u64>) -> SendFile<'_> {
        SendFile::new(self.socket(), file, range)
    }

    /// Ends the writing direction, as [`Stream::shutdown`]. Dropping the half does too, but nobody learns of an error.
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

impl<F: Family> Drop for OwnedWriteHalf<F> {
    fn drop(&mut self) {
        let Some(socket) = self.0.take() else { return };
        if !socket.writers.is_busy() {
            // Shut down already, or the peer is gone: then there is nothing to end.
            let _ = socket.options().shutdown(Shutdown::Write);
            return;
        }
        detach(async move {
            let _ = socket.shutdown(Shutdown::Write).await;
        });
    }
}

impl<F: Family> Clone for ReadHalf<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Family> Copy for ReadHalf<'_, F> {}

impl<F: Family> Clone for WriteHalf<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Family> Copy for WriteHalf<'_, F> {}

impl<F: Family> fmt::Debug for ReadHalf<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReadHalf").field(self.0).finish()
    }
}

impl<F: Family> fmt::Debug for WriteHalf<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WriteHalf").field(self.0).finish()
    }
}

impl<F: Family> fmt::Debug for ReuniteError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReuniteError")
            .field(&self.0)
            .field(&self.1)
            .finish()
    }
}

impl<F: Family> fmt::Debug for OwnedReadHalf<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedReadHalf").finish_non_exhaustive()
    }
}

impl<F: Family> fmt::Debug for OwnedWriteHalf<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedWriteHalf").finish_non_exhaustive()
    }
}
