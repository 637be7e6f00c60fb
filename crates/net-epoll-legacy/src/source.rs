//! A registered descriptor: who waits for it, and what the loop tells them.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::task::{Context, Poll};

use socket2::SockRef;

pub(crate) use crate::awaiters::Attempt;
use crate::awaiters::{Awaiters, Place};
use crate::contained::wake;
use crate::poller::Readiness;
use crate::reactor::Reactor;

/// A descriptor that a reactor watches.
pub(crate) struct Source {
    descriptor: OwnedFd,
    /// Tells it from any other source of the reactor, those included that are gone.
    key: u64,
    reactor: Arc<Reactor>,
    /// Of TCP a receive takes all there is, as far as there is room: but for an urgent byte, of which the poller tells. Others stop
    /// short too, such as a Unix socket where a descriptor was sent along.
    pub(crate) is_tcp: bool,
    reading: Awaiters,
    writing: Awaiters,
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    Read,
    Write,
}

impl Source {
    pub(crate) fn new(descriptor: OwnedFd, key: u64, reactor: Arc<Reactor>, is_tcp: bool) -> Self {
        Self {
            descriptor,
            key,
            reactor,
            is_tcp,
            reading: Awaiters::new(),
            writing: Awaiters::new(),
        }
    }

    /// One who is going to wait.
    #[inline]
    pub(crate) fn awaiter(&self, interest: Interest) -> Awaiter<'_> {
        Awaiter {
            source: self,
            interest,
            place: Place::default(),
        }
    }

    #[inline]
    fn awaiters(&self, interest: Interest) -> &Awaiters {
        match interest {
            Interest::Read => &self.reading,
            Interest::Write => &self.writing,
        }
    }

    /// For reading it is watched always; for writing only while somebody waits.
    fn arm(&self, interest: Interest, armed: bool) -> io::Result<()> {
        match interest {
            Interest::Read => Ok(()),
            Interest::Write => {
                let poller = self.reactor.poller();
                poller.modify(self.descriptor.as_fd(), self.key, armed)
            }
        }
    }

    /// Tells those who wait what has come.
    pub(crate) fn notify(&self, readiness: Readiness) {
        if readiness.readable {
            self.resume_first(Interest::Read, readiness.ended);
        }
        if readiness.writable {
            self.resume_first(Interest::Write, false);
        }
    }

    /// Has those who wait to read look again, in order: what they wait for may never come.
    pub(crate) fn rouse_readers(&self) {
        self.resume_first(Interest::Read, false);
    }

    fn resume_first(&self, interest: Interest, ended: bool) {
        if let Some(waker) = self.awaiters(interest).set_ready(ended) {
            tracing::trace!(
                fd = self.number(),
                ?interest,
                "ready: its first awaiter is resumed"
            );
            wake(waker);
        }
    }

    pub(crate) fn key(&self) -> u64 {
        self.key
    }

    pub(crate) fn reactor(&self) -> &Arc<Reactor> {
        &self.reactor
    }

    /// The options of the socket.
    pub(crate) fn options(&self) -> SockRef<'_> {
        SockRef::from(&self.descriptor)
    }

    /// The descriptor's number, for the log.
    pub(crate) fn number(&self) -> i32 {
        self.descriptor.as_raw_fd()
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        tracing::debug!(fd = self.number(), "closed");
        self.reactor.remove(self.key, self.descriptor.as_fd());
    }
}

impl AsFd for Source {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// One who waits for a direction of a source; leaves the queue when it is dropped.
pub(crate) struct Awaiter<'a> {
    source: &'a Source,
    interest: Interest,
    place: Place,
}

impl<'a> Awaiter<'a> {
    /// Makes a call when it is its turn and the call does not block.
    ///
    /// `call` says `WouldBlock` if it has to wait, and keeps what it has done so far to itself.
    #[inline]
    pub(crate) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut call: impl FnMut(BorrowedFd<'_>) -> io::Result<Attempt<T>>,
    ) -> Poll<io::Result<T>> {
        let (source, interest) = (self.source, self.interest);
        source.awaiters(interest).poll(
            &mut self.place,
            cx,
            || call(source.descriptor.as_fd()),
            |armed| source.arm(interest, armed),
        )
    }

    pub(crate) fn source(&self) -> &'a Source {
        self.source
    }
}

impl Drop for Awaiter<'_> {
    #[inline]
    fn drop(&mut self) {
        let (source, interest) = (self.source, self.interest);
        source
            .awaiters(interest)
            .leave(&mut self.place, |armed| source.arm(interest, armed));
    }
}

impl std::fmt::Debug for Awaiter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Awaiter")
            .field("fd", &self.source.number())
            .field("interest", &self.interest)
            .field("place", &self.place)
            .finish()
    }
}
