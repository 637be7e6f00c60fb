//! Frames: messages cut out of a stream of bytes, and put into one, by a codec.
//!
//! The codecs are those of `tokio-util`: its `LinesCodec`, `LengthDelimitedCodec` and `BytesCodec`, those that others have
//! written, or one's own [`Decoder`] and [`Encoder`].
//!
//! Bytes get from the stream into the buffer, frames out of it, and encoded frames into the other buffer in steps that
//! cannot be interrupted; the only waiting is for the stream. So a dropped [`next`](FramedRead::next) loses no byte and no
//! frame, and what a dropped [`send`](FramedWrite::send) had handed over the stream finishes, or the frame waits in the
//! buffer for the next flush.

use std::io;

use bytes::BytesMut;
use tokio_util::codec::{Decoder, Encoder};

use crate::io::read::AsyncRead;
use crate::io::write::AsyncWrite;

/// What a frame may take unless told otherwise, in bytes.
const LIMIT: usize = 16 * 1024 * 1024;

/// Encoded bytes that `feed` lets gather.
const ROOM: usize = 8 * 1024;

/// The frames of a stream that is read from.
///
/// # Examples
///
/// ```
/// use tokio_util::codec::LinesCodec;
/// use uring_io::io::{FramedRead, FramedWrite};
///
/// # context::block_on(async {
/// let (sender, receiver) = uring_io::pipe::pipe()?;
/// let mut lines = FramedWrite::new(sender, LinesCodec::new());
/// lines.send("one").await?;
/// lines.send("two").await?;
/// drop(lines);
///
/// let mut lines = FramedRead::new(receiver, LinesCodec::new_with_max_length(1000));
/// assert_eq!(lines.next().await.transpose()?.as_deref(), Some("one"));
/// assert_eq!(lines.next().await.transpose()?.as_deref(), Some("two"));
/// assert!(lines.next().await.is_none());
/// # Ok::<_, tokio_util::codec::LinesCodecError>(())
/// # }).unwrap().unwrap();
/// ```
#[derive(Debug)]
pub struct FramedRead<R, D> {
    inner: R,
    decoder: D,
    incoming: Incoming,
}

/// A stream that frames are written to.
#[derive(Debug)]
pub struct FramedWrite<W, E> {
    inner: W,
    encoder: E,
    outgoing: Outgoing,
}

/// A stream with frames in both directions.
#[derive(Debug)]
pub struct Framed<S, C> {
    inner: S,
    codec: C,
    incoming: Incoming,
    outgoing: Outgoing,
}

impl<R: AsyncRead, D: Decoder> FramedRead<R, D> {
    /// Has `decoder` cut frames out of `inner`.
    pub fn new(inner: R, decoder: D) -> Self {
        Self {
            inner,
            decoder,
            incoming: Incoming::default(),
        }
    }

    /// Sets how many bytes may be received without making a frame: 16 MiB unless set, which also limits what the codec
    /// allows.
    #[must_use]
    pub fn with_limit(mut self, bytes: usize) -> Self {
        self.incoming.limit = bytes;
        self
    }

    /// The next frame; `None` at the end of the stream, and after a decoder's error.
    ///
    /// Cancel-safe: dropping the future loses no byte and no frame.
    ///
    /// # Errors
    ///
    /// What the decoder or the stream says; `InvalidData` if there is no frame within the limit.
    pub async fn next(&mut self) -> Option<Result<D::Item, D::Error>> {
        self.incoming.next(&mut self.inner, &mut self.decoder).await
    }

    /// The stream, the decoder, and the bytes of which no frame was made.
    pub fn into_parts(self) -> (R, D, BytesMut) {
        (self.inner, self.decoder, self.incoming.buffer)
    }
}

impl<W: AsyncWrite, E> FramedWrite<W, E> {
    /// Has `encoder` put frames into `inner`.
    pub fn new(inner: W, encoder: E) -> Self {
        Self {
            inner,
            encoder,
            outgoing: Outgoing::default(),
        }
    }

    /// Encodes a frame and writes it, behind those that were [fed](Self::feed).
    ///
    /// When it is dropped, having been polled, the frame is written whole or waits for the next flush, over a stream that
    /// finishes the writes that it began (sockets, pipes). Never polled, there is no frame.
    ///
    /// # Errors
    ///
    /// What the encoder or the stream says.
    pub async fn send<T>(&mut self, item: T) -> Result<(), E::Error>
    where
        E: Encoder<T>,
    {
        self.outgoing.encode(&mut self.encoder, item)?;
        Ok(self.outgoing.flush(&mut self.inner).await?)
    }

    /// Encodes a frame, to be written with the next ones or by [`flush`](Self::flush). Writes if 8 KiB have gathered.
    ///
    /// When it is dropped, it is as with [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// What the encoder or the stream says.
    pub async fn feed<T>(&mut self, item: T) -> Result<(), E::Error>
    where
        E: Encoder<T>,
    {
        self.outgoing.encode(&mut self.encoder, item)?;
        Ok(self.outgoing.relieve(&mut self.inner).await?)
    }

    /// Writes what is encoded.
    ///
    /// Cancel-safe over a stream that finishes the writes that it began: dropping the future loses nothing and tears no frame.
    ///
    /// # Errors
    ///
    /// What the stream says.
    pub async fn flush(&mut self) -> io::Result<()> {
        self.outgoing.flush(&mut self.inner).await
    }

    /// The stream, the encoder, and what was not flushed.
    pub fn into_parts(self) -> (W, E, BytesMut) {
        (self.inner, self.encoder, self.outgoing.buffer)
    }
}

impl<S: AsyncRead + AsyncWrite, C> Framed<S, C> {
    /// Has `codec` cut frames out of `inner` and put frames into it.
    pub fn new(inner: S, codec: C) -> Self {
        Self {
            inner,
            codec,
            incoming: Incoming::default(),
            outgoing: Outgoing::default(),
        }
    }

    /// As [`FramedRead::with_limit`].
    #[must_use]
    pub fn with_limit(mut self, bytes: usize) -> Self {
        self.incoming.limit = bytes;
        self
    }

    /// As [`FramedRead::next`].
    ///
    /// Cancel-safe, as that is.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn next(&mut self) -> Option<Result<C::Item, C::Error>>
    where
        C: Decoder,
    {
        self.incoming.next(&mut self.inner, &mut self.codec).await
    }

    /// As [`FramedWrite::send`].
    ///
    /// When it is dropped, it is as there.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn send<T>(&mut self, item: T) -> Result<(), <C as Encoder<T>>::Error>
    where
        C: Encoder<T>,
    {
        self.outgoing.encode(&mut self.codec, item)?;
        Ok(self.outgoing.flush(&mut self.inner).await?)
    }

    /// As [`FramedWrite::feed`].
    ///
    /// When it is dropped, it is as there.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn feed<T>(&mut self, item: T) -> Result<(), <C as Encoder<T>>::Error>
    where
        C: Encoder<T>,
    {
        self.outgoing.encode(&mut self.codec, item)?;
        Ok(self.outgoing.relieve(&mut self.inner).await?)
    }

    /// As [`FramedWrite::flush`].
    ///
    /// Cancel-safe, as that is.
    ///
    /// # Errors
    ///
    /// As there.
    pub async fn flush(&mut self) -> io::Result<()> {
        self.outgoing.flush(&mut self.inner).await
    }

    /// The stream, the codec, the bytes of which no frame was made, and what was not flushed.
    pub fn into_parts(self) -> (S, C, BytesMut, BytesMut) {
        let (incoming, outgoing) = (self.incoming.buffer, self.outgoing.buffer);
        (self.inner, self.codec, incoming, outgoing)
    }
}

/// What was received and not decoded.
#[derive(Debug)]
struct Incoming {
    buffer: BytesMut,
    stage: Stage,
    limit: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Receiving,
    /// The stream has ended; the buffer may still hold frames.
    Ended,
    /// The decoder does not know where the next frame begins.
    Failed,
}

impl Default for Incoming {
    fn default() -> Self {
        Self {
            buffer: BytesMut::new(),
            stage: Stage::Receiving,
            limit: LIMIT,
        }
    }
}

impl Incoming {
    async fn next<R: AsyncRead, D: Decoder>(
        &mut self,
        stream: &mut R,
        decoder: &mut D,
    ) -> Option<Result<D::Item, D::Error>> {
        loop {
            let decoded = match self.stage {
                Stage::Failed => return None,
                Stage::Receiving if self.buffer.is_empty() => Ok(None),
                Stage::Receiving => decoder.decode(&mut self.buffer),
                Stage::Ended => decoder.decode_eof(&mut self.buffer),
            };
            match decoded {
                Ok(Some(frame)) => return Some(Ok(frame)),
                Ok(None) if self.stage == Stage::Ended => return None,
                Ok(None) => {}
                Err(error) => {
                    self.stage = Stage::Failed;
                    return Some(Err(error));
                }
            }
            if self.buffer.len() > self.limit {
                self.stage = Stage::Failed;
                return Some(Err(self.no_frame().into()));
            }
            if let Err(error) = self.receive(stream).await {
                return Some(Err(error.into()));
            }
        }
    }

    async fn receive(&mut self, stream: &mut impl AsyncRead) -> io::Result<()> {
        if self.buffer.is_empty() {
            // An idle connection needs no memory.
            self.buffer = BytesMut::new();
        }
        loop {
            match stream.recv().await {
                Ok(Some(piece)) => self.buffer.extend_from_slice(&piece),
                Ok(None) => self.stage = Stage::Ended,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            return Ok(());
        }
    }

    fn no_frame(&self) -> io::Error {
        let message = format!(
            "no frame within {} bytes; with_limit sets how many there may be",
            self.limit
        );
        io::Error::new(io::ErrorKind::InvalidData, message)
    }
}

/// What was encoded and not handed over.
#[derive(Debug, Default)]
struct Outgoing {
    buffer: BytesMut,
}

impl Outgoing {
    /// Encodes a whole frame or nothing.
    fn encode<T, E: Encoder<T>>(&mut self, encoder: &mut E, item: T) -> Result<(), E::Error> {
        let before = self.buffer.len();
        let result = encoder.encode(item, &mut self.buffer);
        if result.is_err() {
            self.buffer.truncate(before);
        }
        result
    }

    /// Writes if much has gathered.
    async fn relieve(&mut self, stream: &mut impl AsyncWrite) -> io::Result<()> {
        if self.buffer.len() < ROOM {
            return Ok(());
        }
        self.hand_over(stream).await
    }

    async fn flush(&mut self, stream: &mut impl AsyncWrite) -> io::Result<()> {
        self.hand_over(stream).await?;
        stream.flush().await
    }

    async fn hand_over(&mut self, stream: &mut impl AsyncWrite) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let buffer = std::mem::take(&mut self.buffer);
        stream.write_all(buffer).await.0
    }
}
