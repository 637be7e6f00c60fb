//! Everything over a socket: connected streams and their halves, the ends of pipes, the standard streams.
//!
//! Reading is one [`Receiving`] that begins anew. What the caller has no room for goes back to the socket, so the adapter
//! itself never holds a byte that was read, and another reader of the stream finds it.
//!
//! Writing:
//!
//! ```text
//!          asked at once: taken ──▶ Idle, and the caller learns how much
//!         ╱
//! Idle ──┤ no room ──▶ Waiting ── there is room ──▶ Idle, and is asked again with what the caller brings then
//!         ╲
//!          left to the ring ──▶ Writing a copy, and the caller learns how much
//!                                  └── written, or failed (the error is left with the socket) ──▶ Idle
//! ```
//!
//! A write is left to the ring where the kernel cannot be asked at once (the descriptor may block), and where other tasks have
//! something to say too and the caller promises to flush (`Manner::Flushing`): one system call sends for all of them. That pays
//! for the copy and for waking the task once more. A caller that does not flush could lose the end of its bytes with the
//! context, and hold up the rest of a write that was sent in part: it gets what it takes for granted, a write at once.
//!
//! - In `Waiting` nothing was taken. So the caller may come back with other bytes, or never, and the writer's turn is given back
//!   meanwhile: another writer of the stream may go first.
//! - `Writing` is a write whose future was dropped, kept here instead of in a task of its own (`net/write.rs`): it has its turn
//!   and its memory, it leaves an error with the socket, and when the adapter goes it becomes such a task. All other states
//!   of the adapter have nothing to lose.
//! - Every call that writes begins with the end of `Writing`, then takes its turn behind writes that others began, and takes the
//!   error that one of them left.

use std::future::Future;
use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use uring_engine::Started;

use crate::budget::prefers_ring;
use crate::compat::pieces::{Now, Pieces};
use crate::compat::state::{Adapt, Manner, PollRead, PollWrite};
use crate::detach::detach;
use crate::io::{StandardOutput, Stdin};
use crate::net::outgoing::One;
use crate::net::receiving::Receiving;
use crate::net::socket::SocketHandle;
use crate::net::transfer::{Kind, Readiness, readiness};
use crate::net::write::Detached;
use crate::net::{Family, OwnedReadHalf, OwnedWriteHalf, ReadHalf, Stream, WriteHalf};
use crate::pipe::{Receiver, Sender};
use crate::turns::Turn;

/// Bytes that are copied at most, where the kernel cannot be asked at once.
const MOST_COPIED: usize = 64 * 1024;

/// Bytes of a write that may be left to the next batch: few enough that copying them costs next to nothing.
const MOST_BATCHED: usize = 4 * 1024;

/// Reading from a socket.
pub struct Reader {
    socket: SocketHandle,
    receiving: Receiving,
}

impl Reader {
    fn new(socket: &SocketHandle) -> Self {
        Self {
            socket: socket.clone(),
            receiving: Receiving::default(),
        }
    }
}

impl PollRead for Reader {
    #[inline]
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        fill: impl FnOnce(&[u8]) -> usize,
    ) -> Poll<io::Result<usize>> {
        self.receiving.poll_copy(&self.socket, cx, fill)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.receiving.give_up(&self.socket);
    }
}

/// Writing to a socket.
pub struct Writer {
    socket: SocketHandle,
    turn: Turn,
    stage: Stage,
}

enum Stage {
    Idle,
    Waiting(Started<Readiness>),
    Writing(Detached<One<Vec<u8>>>),
}

impl Writer {
    fn new(socket: &SocketHandle) -> Self {
        Self {
            socket: socket.clone(),
            turn: Turn::Absent,
            stage: Stage::Idle,
        }
    }

    /// The end of what is being written, and the turn behind what others write.
    #[inline]
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Stage::Writing(write) = &mut self.stage {
            ready!(Pin::new(write).poll(cx));
            self.stage = Stage::Idle;
        }
        self.socket.writers.poll_take(&mut self.turn, cx)
    }

    /// Room, if there was none.
    #[inline]
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Stage::Waiting(readiness) = &mut self.stage else {
            return Poll::Ready(Ok(()));
        };
        let (result, _) = ready!(Pin::new(readiness).poll(cx));
        self.stage = Stage::Idle;
        Poll::Ready(result.map(drop))
    }

    /// The kernel has no room, or cannot be asked.
    #[cold]
    fn wait(&mut self, pieces: impl Pieces, cx: &mut Context<'_>) -> Option<usize> {
        let socket = &self.socket;
        if socket.shared().kind != Kind::Other {
            let ready = readiness(socket.share(), libc::POLLOUT);
            self.stage = Stage::Waiting(socket.engine.start(ready, cx));
            return None;
        }
        Some(self.write_copy(pieces, cx))
    }

    /// Whether to leave a write to the next batch of the ring, where there is one.
    #[inline]
    fn batches(&self, pieces: impl Pieces, manner: Manner) -> bool {
        manner == Manner::Flushing
            && self.socket.shared().kind == Kind::Socket
            && pieces.total() <= MOST_BATCHED
            && prefers_ring(&self.socket.engine)
    }

    /// Begins to write a copy, so that it is on its way whatever the caller does next. How many bytes it has.
    fn write_copy(&mut self, pieces: impl Pieces, cx: &mut Context<'_>) -> usize {
        let copy = pieces.copy(MOST_COPIED);
        let count = copy.len();
        let mut write = Detached::new(self.socket.clone(), copy);
        if Pin::new(&mut write).poll(cx).is_pending() {
            self.stage = Stage::Writing(write);
        }
        count
    }
}

impl PollWrite for Writer {
    #[inline]
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        pieces: impl Pieces,
        manner: Manner,
    ) -> Poll<io::Result<usize>> {
        if pieces.total() == 0 {
            return Poll::Ready(Ok(0));
        }
        loop {
            ready!(self.poll_room(cx))?;
            ready!(self.poll_turn(cx));
            let socket = &self.socket;
            let tried = match socket.shared().budget.poll_spend(cx) {
                Poll::Pending => None,
                Poll::Ready(()) => Some(match socket.shared().write_error.take() {
                    Some(error) => Err(error),
                    None if self.batches(pieces, manner) => {
                        self.socket.writers.give_back(&mut self.turn);
                        return Poll::Ready(Ok(self.write_copy(pieces, cx)));
                    }
                    None => pieces.send_now(&Now(socket.shared())),
                }),
            };
            self.socket.writers.give_back(&mut self.turn);
            match tried {
                None => return Poll::Pending,
                Some(Err(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.socket.shared().budget.refill();
                    if let Some(count) = self.wait(pieces, cx) {
                        return Poll::Ready(Ok(count));
                    }
                }
                Some(result) => return Poll::Ready(result),
            }
        }
    }

    fn is_vectored(&self) -> bool {
        self.socket.shared().kind != Kind::Other
    }

    #[inline]
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_turn(cx));
        let error = self.socket.shared().write_error.take();
        self.socket.writers.give_back(&mut self.turn);
        Poll::Ready(error.map_or(Ok(()), Err))
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_flush(cx))?;
        self.stage = Stage::Idle;
        if self.socket.shared().kind != Kind::Socket {
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(match self.socket.options().shutdown(Shutdown::Write) {
            // The peer has gone: the direction has ended, which is what was asked for.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(()),
            result => result,
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.socket.writers.give_back(&mut self.turn);
        if let Stage::Writing(write) = std::mem::replace(&mut self.stage, Stage::Idle) {
            detach(write);
        }
    }
}

/// Both directions.
pub struct Both {
    reader: Reader,
    writer: Writer,
}

impl PollRead for Both {
    #[inline]
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        fill: impl FnOnce(&[u8]) -> usize,
    ) -> Poll<io::Result<usize>> {
        self.reader.poll_read(cx, fill)
    }
}

impl PollWrite for Both {
    #[inline]
    fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        pieces: impl Pieces,
        manner: Manner,
    ) -> Poll<io::Result<usize>> {
        self.writer.poll_write(cx, pieces, manner)
    }

    #[inline]
    fn is_vectored(&self) -> bool {
        self.writer.is_vectored()
    }

    #[inline]
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writer.poll_flush(cx)
    }

    #[inline]
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writer.poll_shutdown(cx)
    }
}

/// One implementation per handle: they differ in where their socket is and in their directions.
macro_rules! adapts {
    ([$($parameters:tt)*] $handle:ty, $this:ident => $socket:expr, $state:ident) => {
        impl<$($parameters)*> Adapt for $handle {
            type State = $state;

            fn state(&self) -> $state {
                let $this = self;
                $state::new($socket)
            }
        }
    };
}

impl Both {
    fn new(socket: &SocketHandle) -> Self {
        Self {
            reader: Reader::new(socket),
            writer: Writer::new(socket),
        }
    }
}

adapts!([F: Family] Stream<F>, stream => stream.socket(), Both);
adapts!([F: Family] &Stream<F>, stream => stream.socket(), Both);
adapts!([F: Family] OwnedReadHalf<F>, half => half.socket(), Reader);
adapts!([F: Family] ReadHalf<'_, F>, half => half.0.socket(), Reader);
adapts!([] Receiver, end => end.socket(), Reader);
adapts!([] Stdin, stdin => &stdin.0, Reader);
adapts!([F: Family] OwnedWriteHalf<F>, half => half.socket(), Writer);
adapts!([F: Family] WriteHalf<'_, F>, half => half.0.socket(), Writer);
adapts!([] Sender, end => end.socket(), Writer);
adapts!([] StandardOutput, stream => &stream.0, Writer);
