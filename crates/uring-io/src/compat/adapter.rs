//! The adapter: a stream, and its operations in progress under traits that poll.

use std::fmt;

use crate::compat::state::Adapt;

/// A stream of corio's, with the traits of others.
///
/// Around a [`TcpStream`](crate::net::TcpStream) or [`UnixStream`](crate::net::UnixStream) (owned or borrowed), one of their
/// halves, an end of a [pipe](crate::pipe), a [standard stream](crate::io::stdin) or a [`FileCursor`](crate::fs::FileCursor). The
/// [module](crate::compat) says what each holds when, and what dropping means.
///
/// It stays on its context, as the stream does: it is not `Send`. `tokio::io::split` and `futures` `split` make halves of it that
/// two tasks of the context may own.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "tokio")] {
/// use tokio::io::{AsyncRead, ReadBuf};
/// use uring_io::compat::Compat;
/// use uring_io::net::{TcpListener, TcpStream};
///
/// # context::block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let client = TcpStream::connect(listener.local_addr()?).await?;
/// let (server, _peer) = listener.accept().await?;
/// client.write_all("hello").await.0?;
///
/// // As a library that knows tokio's traits only would read from it.
/// let mut server = Compat::new(server);
/// let mut memory = [0; 3];
/// let mut buffer = ReadBuf::new(&mut memory);
/// std::future::poll_fn(|cx| {
///     std::pin::Pin::new(&mut server).poll_read(cx, &mut buffer)
/// }).await?;
/// assert_eq!(buffer.filled(), b"hel");
///
/// // What that had no room for is still there.
/// let server = server.into_inner();
/// assert_eq!(&*server.recv().await?.expect("not the end"), b"lo");
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// # }
/// ```
pub struct Compat<S: Adapt> {
    // First: what is in progress ends before the stream does.
    state: S::State,
    stream: S,
}

impl<S: Adapt> Compat<S> {
    /// Around `stream`.
    pub fn new(stream: S) -> Self {
        Self {
            state: stream.state(),
            stream,
        }
    }

    /// The stream, for its addresses and options.
    ///
    /// What is read or written through it directly comes before what the adapter has not begun; an operation that waits behind
    /// a read of the adapter's that is pending waits until that is polled to its end, or the adapter is dropped.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream. What the adapter has read and not handed out is what its next read begins with, and what was taken by
    /// `poll_write` comes before all later writes.
    pub fn into_inner(self) -> S {
        self.stream
    }

    #[cfg(any(feature = "tokio", feature = "hyper"))]
    #[inline]
    pub(super) fn state_ref(&self) -> &S::State {
        &self.state
    }

    #[inline]
    pub(super) fn state(&mut self) -> &mut S::State {
        &mut self.state
    }
}

// Nothing is pinned: operations move their payload into the engine.
impl<S: Adapt> Unpin for Compat<S> {}

impl<S: Adapt> From<S> for Compat<S> {
    fn from(stream: S) -> Self {
        Self::new(stream)
    }
}

impl<S: Adapt + fmt::Debug> fmt::Debug for Compat<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Compat").field(&self.stream).finish()
    }
}
