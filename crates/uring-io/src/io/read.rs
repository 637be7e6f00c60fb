//! What can be read from.

use std::future::Future;
use std::io;

use uring_engine::{BufResult, IoBufMut, Slice};

use crate::io::chain::Chain;
use crate::io::take::Take;
use crate::net::RecvBuf;

/// Bytes that a [`recv`](AsyncRead::recv) of its own receives at most.
const PIECE: usize = 16 * 1024;

/// A stream of bytes to read from.
///
/// Only [`read`](Self::read) is required. An implementation promises that dropping the future of a `read` or
/// [`recv`](Self::recv) loses no byte: what arrived all the same is what the next one begins with. All that is built on
/// it relies on that.
///
/// # Examples
///
/// ```
/// use uring_io::io::AsyncRead;
/// use uring_io::net::{TcpListener, TcpStream};
///
/// /// Works for any stream.
/// async fn greeting(mut from: impl AsyncRead) -> std::io::Result<Vec<u8>> {
///     let (result, buffer) = from.read_exact(vec![0; 5]).await;
///     result.map(|()| buffer)
/// }
///
/// # context::block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let client = TcpStream::connect(listener.local_addr()?).await?;
/// let (server, _peer) = listener.accept().await?;
/// client.write_all("hello, world").await.0?;
/// assert_eq!(greeting(&server).await?, b"hello");
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
pub trait AsyncRead {
    /// Reads into `buffer`, from its beginning up to its capacity, what there is as soon as there is something. Resolves
    /// to the number of bytes, 0 at the end of the stream (or if there is no capacity), and the buffer.
    ///
    /// Cancel-safe: dropping the future loses no byte.
    ///
    /// # Errors
    ///
    /// What the stream says; the buffer comes back.
    fn read<B: IoBufMut>(&mut self, buffer: B) -> impl Future<Output = BufResult<usize, B>>;

    /// What there is as soon as there is something, in a buffer of the stream's choosing; `None` at the end.
    ///
    /// Sockets and pipes hold no buffer while they wait. The default reads into a new one.
    ///
    /// Cancel-safe: dropping the future loses no byte.
    ///
    /// # Errors
    ///
    /// What the stream says.
    fn recv(&mut self) -> impl Future<Output = io::Result<Option<RecvBuf>>> {
        async {
            let (result, bytes) = self.read(Vec::with_capacity(PIECE)).await;
            Ok((result? > 0).then(|| RecvBuf::from_heap(bytes)))
        }
    }

    /// Fills `buffer` to its capacity.
    ///
    /// When it is dropped, what had been read is lost. [`BufReader`](crate::io::BufReader)'s loses nothing, and neither does
    /// that of a connected stream or a pipe, which takes all or nothing.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` if the stream ends before, with what there was in the buffer; what the stream says. The buffer
    /// comes back.
    fn read_exact<B: IoBufMut>(&mut self, mut buffer: B) -> impl Future<Output = BufResult<(), B>> {
        async move {
            let capacity = buffer.capacity();
            let mut filled = 0;
            while filled < capacity {
                let rest = Slice::new(buffer, filled..capacity);
                let (result, rest) = self.read(rest).await;
                buffer = rest.into_inner();
                match result {
                    Ok(0) => return (Err(io::ErrorKind::UnexpectedEof.into()), buffer),
                    Ok(count) => filled += count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return (Err(error), buffer),
                }
            }
            (Ok(()), buffer)
        }
    }

    /// Appends all that comes until the end of the stream. Resolves to the number of bytes.
    ///
    /// Cancel-safe: what was read is in `bytes`, and nothing else is lost.
    ///
    /// # Errors
    ///
    /// What the stream says; what came before it is in `bytes`.
    fn read_to_end(&mut self, bytes: &mut Vec<u8>) -> impl Future<Output = io::Result<usize>> {
        async move {
            let before = bytes.len();
            loop {
                match self.recv().await {
                    Ok(Some(piece)) => bytes.extend_from_slice(&piece),
                    Ok(None) => return Ok(bytes.len() - before),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }

    /// Appends all that comes until the end of the stream, as text. Resolves to the number of bytes.
    ///
    /// When it is dropped, what had been read is lost; [`read_to_end`](Self::read_to_end) keeps it.
    ///
    /// # Errors
    ///
    /// `InvalidData` if it is not UTF-8; what the stream says. `text` is as it was then.
    fn read_to_string(&mut self, text: &mut String) -> impl Future<Output = io::Result<usize>> {
        async move {
            let mut bytes = Vec::new();
            self.read_to_end(&mut bytes).await?;
            let read = std::str::from_utf8(&bytes)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            text.push_str(read);
            Ok(bytes.len())
        }
    }

    /// This stream's first `limit` bytes as a stream.
    fn take(self, limit: u64) -> Take<Self>
    where
        Self: Sized,
    {
        Take::new(self, limit)
    }

    /// This stream, and after its end `next`.
    fn chain<R: AsyncRead>(self, next: R) -> Chain<Self, R>
    where
        Self: Sized,
    {
        Chain::new(self, next)
    }
}

impl<R: AsyncRead> AsyncRead for &mut R {
    async fn read<B: IoBufMut>(&mut self, buffer: B) -> BufResult<usize, B> {
        (**self).read(buffer).await
    }

    async fn recv(&mut self) -> io::Result<Option<RecvBuf>> {
        (**self).recv().await
    }

    async fn read_exact<B: IoBufMut>(&mut self, buffer: B) -> BufResult<(), B> {
        (**self).read_exact(buffer).await
    }
}

/// Bytes in memory, from the beginning on; the slice shrinks to what is left.
impl AsyncRead for &[u8] {
    async fn read<B: IoBufMut>(&mut self, mut buffer: B) -> BufResult<usize, B> {
        let count = crate::copy::fill(&mut buffer, self);
        *self = &self[count..];
        (Ok(count), buffer)
    }
}
