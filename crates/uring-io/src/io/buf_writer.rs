//! A writer with a buffer.

use std::io;

use uring_engine::{BufResult, IoBuf, Slice};

use crate::io::write::AsyncWrite;

/// Gathers small writes into large ones.
///
/// What was written is on its way only after [`flush`](Self::flush): a writer that is dropped drops what is buffered.
///
/// # What dropping a future means
///
/// A write copies into the buffer in one step, and hands the buffer over to the stream when it is full. A dropped write had
/// no effect or was buffered whole, and a dropped flush loses nothing, over a stream that finishes the writes that it began
/// (sockets, pipes): the buffer was handed over in one piece, and what comes later comes behind it.
///
/// # Examples
///
/// ```
/// use uring_io::io::{AsyncWrite, BufWriter};
///
/// # context::block_on(async {
/// let (sender, receiver) = uring_io::pipe::pipe()?;
/// let mut writer = BufWriter::new(sender);
/// for word in ["many ", "small ", "words"] {
///     writer.write_all(word).await.0?;
/// }
/// writer.flush().await?;
/// assert_eq!(&*receiver.recv().await?.expect("not the end"), b"many small words");
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
#[derive(Debug)]
pub struct BufWriter<W> {
    inner: W,
    buffer: Vec<u8>,
    room: usize,
}

/// Bytes that are gathered unless told otherwise.
const ROOM: usize = 8 * 1024;

impl<W> BufWriter<W> {
    /// A writer that gathers 8 KiB.
    pub fn new(inner: W) -> Self {
        Self::with_capacity(ROOM, inner)
    }

    /// A writer that gathers `capacity` bytes.
    pub fn with_capacity(capacity: usize, inner: W) -> Self {
        Self {
            inner,
            buffer: Vec::new(),
            room: capacity,
        }
    }

    /// What was written and not flushed.
    pub fn buffer(&self) -> &[u8] {
        &self.buffer
    }

    /// The stream.
    pub fn get_ref(&self) -> &W {
        &self.inner
    }

    /// The stream. What is written to it directly comes before what is buffered.
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.inner
    }

    /// The stream, and what was not flushed.
    pub fn into_parts(self) -> (W, Vec<u8>) {
        (self.inner, self.buffer)
    }
}

impl<W: AsyncWrite> BufWriter<W> {
    /// Hands the buffer over.
    async fn hand_over(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let buffer = std::mem::take(&mut self.buffer);
        let (result, mut buffer) = self.inner.write_all(buffer).await;
        // What was written of a buffer that failed nobody knows; written again, a part would come twice.
        buffer.clear();
        self.buffer = buffer;
        result
    }

    /// The stream, after a flush.
    ///
    /// When it is dropped, the stream is; what had been handed over to it is written if it is one that finishes the writes
    /// that it began.
    ///
    /// # Errors
    ///
    /// As [`flush`](AsyncWrite::flush).
    pub async fn into_inner(mut self) -> io::Result<W> {
        self.flush().await?;
        Ok(self.inner)
    }
}

impl<W: AsyncWrite> AsyncWrite for BufWriter<W> {
    /// Takes all of `buffer`, except of a large one.
    async fn write<B: IoBuf>(&mut self, buffer: B) -> BufResult<usize, B> {
        let total = buffer.len();
        if self.buffer.len() + total > self.room
            && let Err(error) = self.hand_over().await
        {
            return (Err(error), buffer);
        }
        if total >= self.room {
            return self.inner.write(buffer).await;
        }
        let whole = Slice::new(buffer, 0..total);
        self.buffer.reserve_exact(self.room - self.buffer.len());
        self.buffer.extend_from_slice(&whole);
        (Ok(total), whole.into_inner())
    }

    async fn write_all<B: IoBuf>(&mut self, buffer: B) -> BufResult<(), B> {
        if buffer.len() < self.room {
            let (result, buffer) = self.write(buffer).await;
            return (result.map(drop), buffer);
        }
        if let Err(error) = self.hand_over().await {
            return (Err(error), buffer);
        }
        self.inner.write_all(buffer).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.hand_over().await?;
        self.inner.flush().await
    }

    async fn shutdown(&mut self) -> io::Result<()> {
        self.hand_over().await?;
        self.inner.shutdown().await
    }
}
