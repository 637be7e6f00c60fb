//! A stream of bytes over a descriptor: a connected socket of whatever address family, a pipe, a terminal.
//!
//! ```text
//!    Stream ──▶ Socket ──▶ Shared ◀── operations in flight
//!                 └─▶ Engine ──▶ slots ──▶ ─┘
//! ```
//!
//! Operations own a share of [`Shared`], which knows no engine: an operation in a slot must not keep its own engine alive.
//! The descriptor is closed when the last share is gone, hence after the last operation. Both parts lie in one block of memory,
//! a [`Twofold`].

use std::cell::Cell;
use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use uring_engine::{Engine, Target};

use crate::budget::Budget;
use crate::net::descriptors::Kept;
use crate::net::inbound::Inbound;
use crate::net::recv_buf::RecvBuf;
use crate::net::standing::{Found, StandingReceive};
use crate::net::transfer::Kind;
use crate::turns::Turns;
use crate::twofold::{Owner, Share, Twofold};

/// What a stream and its halves, an end of a pipe and the like are handles of.
pub(crate) type Socket = Twofold<Held, Shared>;

/// One of these handles.
pub(crate) type SocketHandle = Owner<Held, Shared>;

/// What an operation in flight has of it.
pub(crate) type SharedPart = Share<Held, Shared>;

/// What handles alone use; it goes with the last of them.
pub(crate) struct Held {
    pub(crate) engine: Engine,
    pub(crate) readers: Turns,
    pub(crate) writers: Turns,
    pub(crate) standing: StandingReceive,
}

/// What operations in flight share with their socket.
pub(crate) struct Shared {
    pub(crate) descriptor: OwnedFd,
    pub(crate) kind: Kind,
    /// The handles' own, but here is room for it.
    pub(crate) budget: Budget,
    pub(crate) inbound: Inbound,
    /// Descriptors that came with bytes of dropped reads.
    pub(crate) kept: Cell<Option<Box<Kept>>>,
    /// How a write ended that nobody waited for.
    pub(crate) write_error: Cell<Option<io::Error>>,
}

impl Socket {
    /// Over a descriptor, on the current context.
    ///
    /// # Panics
    ///
    /// Outside a context.
    pub(crate) fn here(kind: Kind, descriptor: OwnedFd) -> SocketHandle {
        Self::on(context::driver().engine().clone(), kind, descriptor)
    }

    /// Over a descriptor, on the context of an engine.
    pub(crate) fn on(engine: Engine, kind: Kind, descriptor: OwnedFd) -> SocketHandle {
        let shared = Shared {
            descriptor,
            kind,
            budget: Budget::new(),
            inbound: Inbound::default(),
            kept: Cell::new(None),
            write_error: Cell::new(None),
        };
        let held = Held {
            engine,
            readers: Turns::default(),
            writers: Turns::default(),
            standing: StandingReceive::default(),
        };
        SocketHandle::new(held, shared)
    }

    /// What has arrived, or waits for it if a receive is armed.
    #[inline]
    pub(crate) fn poll_arrived(&self, cx: &mut Context<'_>) -> Poll<Found> {
        if let Some(left) = ready!(self.shared().inbound.poll_take(cx)) {
            // An empty buffer stands for the end.
            let left = left.map(|bytes| (!bytes.is_empty()).then_some(bytes));
            return Poll::Ready(Found::Arrived(left));
        }
        let found = self.standing.poll(cx);
        if found.is_pending() {
            self.shared().budget.refill();
        }
        found
    }

    /// Has `fill` copy what has arrived, as far as there is room, and puts the rest back. At the end of the stream there is
    /// nothing to copy.
    #[inline]
    pub(crate) fn copy_arrived(
        &self,
        arrived: Option<RecvBuf>,
        fill: impl FnOnce(&[u8]) -> usize,
    ) -> usize {
        let Some(mut arrived) = arrived else {
            return fill(&[]);
        };
        let count = fill(&arrived);
        if count < arrived.len() {
            arrived.advance(count);
            self.shared().inbound.leave(arrived);
        }
        count
    }

    /// Waits until nothing receives any more.
    pub(crate) async fn finish_reads(&self) {
        let _served = self.readers.take().await;
        while let Some(left) = poll_fn(|cx| self.shared().inbound.poll_take(cx)).await {
            drop(left);
        }
        self.standing.finish().await;
    }

    /// The descriptor, for options.
    pub(crate) fn options(&self) -> SockRef<'_> {
        self.shared().options()
    }
}

impl Shared {
    pub(crate) fn into_descriptor(self) -> OwnedFd {
        self.descriptor
    }

    #[inline]
    pub(crate) fn target(&self) -> Target {
        Target::of(&self.descriptor)
    }

    #[inline]
    pub(crate) fn options(&self) -> SockRef<'_> {
        SockRef::from(&self.descriptor)
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.shared().descriptor.as_fd()
    }
}

#[cfg(all(test, not(loom), target_pointer_width = "64"))]
mod tests {
    use super::*;
    use crate::net::{Recv, WriteAll};

    /// What a connection takes while it waits, besides its slot in the engine and its task.
    #[test]
    fn an_idle_connection_is_small() {
        assert!(size_of::<Socket>() <= 120, "{}", size_of::<Socket>());
        assert_eq!(size_of::<Option<RecvBuf>>(), 24);
        assert_eq!(size_of::<Recv<'_>>(), 24);
        assert_eq!(size_of::<WriteAll<'_, RecvBuf>>(), 48);
    }
}
