//! The standard streams of the process.
//!
//! They are descriptors that this process shares with others: a shell, its parent, its children. So their mode stays as it
//! is, and nothing but what is asked for is read. What may block (a terminal, a file) blocks a thread of the kernel, never the
//! context.
//!
//! All handles of a context are of one stream, so that what a dropped read had received comes first whoever reads next. What
//! nobody has read when the context ends goes to the next context that asks for the stream.

use std::cell::OnceCell;
use std::fmt;
use std::io;
use std::mem;
use std::os::fd::{AsFd, BorrowedFd};
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};

use uring_engine::{IoBuf, IoBufMut};

use crate::net::socket::{Socket, SocketHandle};
use crate::net::transfer::Kind;
use crate::net::{Read, ReadExact, Recv, RecvBuf, Write, WriteAll};

/// The standard input of the process.
///
/// A terminal, a pipe, a file whose position moves, `/dev/null`: all end with the end of the stream, and a context that ends
/// does not wait for a read.
///
/// # Errors
///
/// That of a descriptor that is not open, or of too many.
///
/// # Panics
///
/// Outside a context.
///
/// # Examples
///
/// ```no_run
/// use uring_io::io::{BufReader, stdin, stdout};
///
/// # context::block_on(async {
/// let mut lines = BufReader::new(stdin()?).lines();
/// let stdout = stdout()?;
/// while let Some(line) = lines.next_line().await? {
///     stdout.write_all(format!("> {line}\n")).await.0?;
/// }
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
pub fn stdin() -> io::Result<Stdin> {
    let streams = streams();
    if let Some(socket) = streams.input.get() {
        return Ok(Stdin(socket.clone()));
    }
    let socket = of_standard(io::stdin().as_fd())?;
    let inbound = &socket.shared().inbound;
    inbound.set_heir(|bytes| lock().extend_from_slice(&bytes));
    let left = mem::take(&mut *lock());
    if !left.is_empty() {
        inbound.leave(RecvBuf::from_heap(left));
    }
    Ok(Stdin(streams.input.get_or_init(|| socket).clone()))
}

/// The standard output of the process.
///
/// Writes are not buffered: [`BufWriter`](crate::io::BufWriter) does that.
///
/// # Errors
///
/// That of a descriptor that is not open, or of too many.
///
/// # Panics
///
/// Outside a context.
pub fn stdout() -> io::Result<StandardOutput> {
    let streams = streams();
    output(&streams.output, io::stdout().as_fd())
}

/// The standard error of the process.
///
/// # Errors
///
/// That of a descriptor that is not open, or of too many.
///
/// # Panics
///
/// Outside a context.
pub fn stderr() -> io::Result<StandardOutput> {
    let streams = streams();
    output(&streams.error, io::stderr().as_fd())
}

/// The streams of a context.
#[derive(Default)]
struct Streams {
    input: OnceCell<SocketHandle>,
    output: OnceCell<SocketHandle>,
    error: OnceCell<SocketHandle>,
}

/// What was read from the standard input on contexts that have ended, for nobody.
static LEFT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

fn lock() -> std::sync::MutexGuard<'static, Vec<u8>> {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner)
}

fn streams() -> Rc<Streams> {
    match context::local_state(|_| Streams::default()) {
        Ok(streams) => streams,
        Err(error) => panic!("{error}"),
    }
}

fn output(
    stream: &OnceCell<SocketHandle>,
    descriptor: BorrowedFd<'_>,
) -> io::Result<StandardOutput> {
    if let Some(socket) = stream.get() {
        return Ok(StandardOutput(socket.clone()));
    }
    let socket = of_standard(descriptor)?;
    Ok(StandardOutput(stream.get_or_init(|| socket).clone()))
}

fn of_standard(descriptor: BorrowedFd<'_>) -> io::Result<SocketHandle> {
    let descriptor = descriptor.try_clone_to_owned()?;
    Ok(Socket::here(Kind::Other, descriptor))
}

/// The standard input; see [`stdin`].
pub struct Stdin(pub(crate) SocketHandle);

/// The standard output or the standard error; see [`stdout`] and [`stderr`].
pub struct StandardOutput(pub(crate) SocketHandle);

impl Stdin {
    /// What there is, as soon as there is something; `None` at the end.
    ///
    /// Cancel-safe: dropping the future loses no byte.
    ///
    /// # Errors
    ///
    /// What the kernel says.
    pub fn recv(&self) -> Recv<'_> {
        Recv::new(&self.0)
    }

    /// Reads into `buffer` what there is, as soon as there is something: a line, from a terminal. Resolves to the number of
    /// bytes, 0 at the end, and the buffer.
    ///
    /// Cancel-safe: dropping the future loses no byte; the buffer is freed once the kernel is done with it.
    ///
    /// # Errors
    ///
    /// What the kernel says; the buffer comes back.
    pub fn read<B: IoBufMut>(&self, buffer: B) -> Read<'_, B> {
        Read::new(&self.0, buffer)
    }

    /// Fills `buffer` to its capacity; all or nothing. As [`Stream::read_exact`](crate::net::Stream::read_exact).
    ///
    /// Cancel-safe: dropping the future loses no byte.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` if the stream ends before; what the kernel says. The buffer comes back.
    pub fn read_exact<B: IoBufMut>(&self, buffer: B) -> ReadExact<'_, B> {
        ReadExact::new(&self.0, buffer)
    }
}

impl StandardOutput {
    /// Writes from the beginning of `buffer` what the stream takes. Resolves to the number of bytes and the buffer.
    ///
    /// Cancel-safe: once polled, a future that is dropped has the buffer written whole, unless the context ends before.
    ///
    /// # Errors
    ///
    /// `BrokenPipe` if nobody reads any more (never the signal `SIGPIPE`); what the kernel says. The buffer comes back.
    pub fn write<B: IoBuf>(&self, buffer: B) -> Write<'_, B> {
        Write::new(&self.0, buffer)
    }

    /// Writes all of `buffer`, and gives it back.
    ///
    /// Cancel-safe: once polled, the buffer is written whole and in order, unless the context ends before.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn write_all<B: IoBuf>(&self, buffer: B) -> WriteAll<'_, B> {
        WriteAll::new(&self.0, buffer)
    }
}

impl fmt::Debug for Stdin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stdin").finish_non_exhaustive()
    }
}

impl fmt::Debug for StandardOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StandardOutput").finish_non_exhaustive()
    }
}
