//! Sending a file without its bytes coming by.
//!
//! A piece is spliced from the file into a pipe and from there to the socket, again and again, while the socket's writing
//! turn is held. Files that cannot be spliced are read and sent. The work moves into a task of its own when the future is
//! dropped: it ends with the piece that it is at, so that nothing is torn and no later write comes in between.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::io;
use std::marker::PhantomData;
use std::ops::{Bound, RangeBounds};
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use rustix::pipe::{PipeFlags, pipe_with};
use uring_engine::{Engine, IoBuf as _, Target, op};

use crate::cancel::cancelled;
use crate::detach::detach;
use crate::fs::File;
use crate::keep::Keep;
use crate::net::family::Family;
use crate::net::socket::{SharedPart, Socket, SocketHandle};
use crate::net::stream::Stream;
use crate::net::transfer::readiness;

/// Bytes of a piece: what a pipe holds.
const PIECE: usize = 64 * 1024;

/// # Sending files
impl<F: Family> Stream<F> {
    /// Sends a range of bytes of a file, to its end if that comes first, without copying them through this process. Resolves to
    /// the number of bytes. Other writes come before or after it.
    ///
    /// Files that the kernel cannot splice are read and sent.
    ///
    /// ```
    /// # use uring_io::{fs::File, net::{TcpListener, TcpStream}};
    /// # let directory = tempfile::tempdir().unwrap();
    /// # let path = directory.path().join("greeting");
    /// # std::fs::write(&path, "hello, world").unwrap();
    /// # context::block_on(async {
    /// # let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// # let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// let file = File::open(&path).await?;
    /// assert_eq!(stream.send_file(&file, 7..).await?, 5);
    /// # std::io::Result::Ok(())
    /// # }).unwrap().unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write); those of reading the file; that of too many open descriptors. [`SendFile::sent`] tells how
    /// many bytes went before.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the sending after the piece (up to 64 KiB) that was begun, which is sent whole, before any later
    /// write.
    pub fn send_file(&self, file: &File, range: impl RangeBounds<u64>) -> SendFile<'_> {
        SendFile::new(self.socket(), file, range)
    }
}

/// The future of [`Stream::send_file`](super::Stream::send_file).
///
/// Cancel-safe: dropping it ends the sending after the piece (up to 64 KiB) that was begun, which is sent whole and in order.
#[must_use = "futures do nothing unless polled"]
pub struct SendFile<'a> {
    /// `None` once it has ended.
    work: Option<Pin<Box<dyn Future<Output = io::Result<u64>>>>>,
    progress: Rc<Progress>,
    /// The stream is not closed under it.
    stream: PhantomData<&'a Socket>,
}

#[derive(Debug, Default)]
struct Progress {
    begun: Cell<bool>,
    /// The piece that was begun is to be the last.
    stop: Cell<bool>,
    /// The future was dropped.
    abandoned: Cell<bool>,
    sent: Cell<u64>,
}

impl Progress {
    fn add(&self, count: usize) {
        self.sent.set(self.sent.get() + count as u64);
    }
}

impl SendFile<'_> {
    pub(crate) fn new(socket: &SocketHandle, file: &File, range: impl RangeBounds<u64>) -> Self {
        let offset = match range.start_bound() {
            Bound::Included(&begin) => begin,
            Bound::Excluded(&before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&last) => last.saturating_add(1),
            Bound::Excluded(&end) => end,
            Bound::Unbounded => u64::MAX,
        };
        let length = end.saturating_sub(offset);
        let progress = Rc::new(Progress::default());
        let work = Work {
            engine: socket.engine.clone(),
            file: file.shared(),
            progress: progress.clone(),
        };
        let socket = socket.clone();
        Self {
            work: Some(Box::pin(
                async move { work.run(socket, offset, length).await },
            )),
            progress,
            stream: PhantomData,
        }
    }

    /// Bytes that the socket has taken so far.
    pub fn sent(&self) -> u64 {
        self.progress.sent.get()
    }

    /// Ends the sending after the piece that was begun, and tells how many bytes went.
    ///
    /// Cancel-safe: dropping the future changes nothing.
    ///
    /// # Errors
    ///
    /// As [`Stream::send_file`](super::Stream::send_file).
    pub async fn cancel(self) -> io::Result<u64> {
        self.progress.stop.set(true);
        if !self.progress.begun.get() {
            return Err(cancelled());
        }
        self.await
    }
}

impl Future for SendFile<'_> {
    type Output = io::Result<u64>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Some(work) = &mut this.work else {
            panic!("a sending was polled after it had ended");
        };
        this.progress.begun.set(true);
        let output = ready!(work.as_mut().poll(cx));
        this.work = None;
        Poll::Ready(output)
    }
}

impl Drop for SendFile<'_> {
    fn drop(&mut self) {
        self.progress.stop.set(true);
        if let Some(work) = self.work.take()
            && self.progress.begun.get()
        {
            self.progress.abandoned.set(true);
            detach(async move { drop(work.await) });
        }
    }
}

impl fmt::Debug for SendFile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendFile")
            .field("sent", &self.sent())
            .finish_non_exhaustive()
    }
}

/// What keeps at it.
struct Work {
    engine: Engine,
    file: Rc<OwnedFd>,
    progress: Rc<Progress>,
}

type Pipe = Rc<(OwnedFd, OwnedFd)>;

impl Work {
    async fn run(&self, socket: SocketHandle, offset: u64, length: u64) -> io::Result<u64> {
        let served = socket.writers.take().await;
        if self.progress.stop.get() {
            // Nothing was begun, so the error of an earlier write is the next operation's.
            return Ok(0);
        }
        if let Some(error) = socket.shared().write_error.take() {
            return Err(error);
        }
        let shared = socket.share();
        let mut pipe = Some(Rc::new(pipe_with(PipeFlags::CLOEXEC)?));
        let mut left = length;
        while left > 0 && !self.progress.stop.get() {
            let piece = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            let position = offset + (length - left);
            let sent = match &pipe {
                Some(through) => self.move_piece(&shared, through, position, piece).await,
                None => self.copy_piece(&shared, position, piece).await,
            };
            match sent {
                Ok(0) => break,
                Ok(count) => left -= count as u64,
                // Nothing was moved: the file cannot be spliced.
                Err(error) if error.raw_os_error() == Some(libc::EINVAL) && pipe.is_some() => {
                    pipe = None;
                }
                Err(error) if self.progress.abandoned.get() => {
                    // Nobody waits for it; the next operation that writes reports it.
                    socket.shared().write_error.set(Some(error));
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        drop(served);
        Ok(length - left)
    }

    /// Moves a piece of the file to the socket; how many bytes, 0 at the end of the file.
    async fn move_piece(
        &self,
        shared: &SharedPart,
        pipe: &Pipe,
        position: u64,
        piece: usize,
    ) -> io::Result<usize> {
        let kept = (self.file.clone(), pipe.clone());
        let (file, into) = (Target::of(&*self.file), Target::of(&pipe.1));
        let read = op::Splice::new(file, into, piece).from_offset(position);
        let count = self.spliced(&read, kept).await?;
        let mut left = count;
        while left > 0 {
            // Rather than on a thread of the kernel, the waiting is done here.
            let room = readiness(shared.clone(), libc::POLLOUT);
            self.engine.op(room).await.0?;
            let send = op::Splice::new(Target::of(&pipe.0), shared.target(), left);
            let kept = (pipe.clone(), shared.clone());
            let moved = self.spliced(&send, kept).await?;
            left -= moved;
            self.progress.add(moved);
        }
        Ok(count)
    }

    /// Reads a piece of the file and sends it; how many bytes, 0 at the end of the file.
    async fn copy_piece(
        &self,
        shared: &SharedPart,
        position: u64,
        piece: usize,
    ) -> io::Result<usize> {
        let read = op::Read::at(Target::of(&*self.file), position, Vec::with_capacity(piece));
        let ((result, mut bytes), _) = self.engine.op(Keep::new(read, self.file.clone())).await;
        let count = result?;
        let mut sent = 0;
        while sent < count {
            let send = op::Send::new(shared.target(), bytes.slice(sent..));
            let ((result, rest), _) = self.engine.op(Keep::new(send, shared.clone())).await;
            bytes = rest.into_inner();
            let moved = result?;
            sent += moved;
            self.progress.add(moved);
        }
        Ok(count)
    }

    /// Runs a splice, again if a signal interrupted it.
    async fn spliced<K: Clone + 'static>(&self, splice: &op::Splice, kept: K) -> io::Result<usize> {
        loop {
            let keeping = Keep::new(splice.clone(), kept.clone());
            match self.engine.op(keeping).await.0 {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}
