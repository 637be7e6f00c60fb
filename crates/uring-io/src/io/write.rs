//! What can be written to.

use std::future::Future;
use std::io;

use uring_engine::{BufResult, IoBuf, Slice};

/// A stream of bytes to write to.
///
/// Only [`write`](Self::write) is required.
///
/// # Examples
///
/// ```
/// use uring_io::io::AsyncWrite;
/// use uring_io::net::{TcpListener, TcpStream};
///
/// /// Works for any stream.
/// async fn greet(mut to: impl AsyncWrite, name: &str) -> std::io::Result<()> {
///     to.write_all(format!("hello, {name}")).await.0?;
///     to.flush().await
/// }
///
/// # context::block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let client = TcpStream::connect(listener.local_addr()?).await?;
/// let (server, _peer) = listener.accept().await?;
/// greet(&client, "world").await?;
/// assert_eq!(&*server.recv().await?.expect("not the end"), b"hello, world");
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
pub trait AsyncWrite {
    /// Writes from the beginning of `buffer` what the stream takes, at least one byte unless there is none. Resolves to
    /// the number of bytes and the buffer.
    ///
    /// What dropping the future means is for each stream to say; sockets and pipes send the whole buffer once it was
    /// polled.
    ///
    /// # Errors
    ///
    /// What the stream says; the buffer comes back.
    fn write<B: IoBuf>(&mut self, buffer: B) -> impl Future<Output = BufResult<usize, B>>;

    /// Writes all of `buffer`, and gives it back.
    ///
    /// When it is dropped, a part may have been written; sockets and pipes send the whole buffer once it was polled, in
    /// order, before any later write.
    ///
    /// # Errors
    ///
    /// `WriteZero` if the stream takes nothing any more; what the stream says. The buffer comes back.
    fn write_all<B: IoBuf>(&mut self, mut buffer: B) -> impl Future<Output = BufResult<(), B>> {
        async move {
            let total = buffer.len();
            let mut written = 0;
            while written < total {
                let (result, rest) = self.write(Slice::new(buffer, written..total)).await;
                buffer = rest.into_inner();
                match result {
                    Ok(0) => return (Err(io::ErrorKind::WriteZero.into()), buffer),
                    Ok(count) => written += count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return (Err(error), buffer),
                }
            }
            (Ok(()), buffer)
        }
    }

    /// Writes what the stream has buffered, and waits for the writes that were begun. The default, for streams that buffer
    /// nothing, does nothing.
    ///
    /// Cancel-safe: dropping the future loses nothing; another flush goes on.
    ///
    /// # Errors
    ///
    /// What the stream says, also of an earlier write that nobody waited for.
    fn flush(&mut self) -> impl Future<Output = io::Result<()>> {
        async { Ok(()) }
    }

    /// Ends the stream after what was written: its reader comes to the end. The default flushes.
    ///
    /// Cancel-safe: dropping the future either has no effect or comes too late.
    ///
    /// # Errors
    ///
    /// What the stream says, also of an earlier write that nobody waited for.
    fn shutdown(&mut self) -> impl Future<Output = io::Result<()>> {
        self.flush()
    }
}

impl<W: AsyncWrite> AsyncWrite for &mut W {
    async fn write<B: IoBuf>(&mut self, buffer: B) -> BufResult<usize, B> {
        (**self).write(buffer).await
    }

    async fn write_all<B: IoBuf>(&mut self, buffer: B) -> BufResult<(), B> {
        (**self).write_all(buffer).await
    }

    async fn flush(&mut self) -> io::Result<()> {
        (**self).flush().await
    }

    async fn shutdown(&mut self) -> io::Result<()> {
        (**self).shutdown().await
    }
}

/// Memory: bytes are appended.
impl AsyncWrite for Vec<u8> {
    async fn write<B: IoBuf>(&mut self, buffer: B) -> BufResult<usize, B> {
        let whole = Slice::new(buffer, 0..usize::MAX);
        self.extend_from_slice(&whole);
        (Ok(whole.len()), whole.into_inner())
    }
}
