//! A registered descriptor: what it is ready for, and who waits for that.
//!
//! Each direction has a queue of awaiters, served first in, first out. An awaiter that is alone is not in the queue: it tries its
//! call at once, and queues up only when the call would block.
//!
//! | event | under the lock | after it |
//! |---|---|---|
//! | polled, somebody is before it | its waker goes into its entry | |
//! | polled, its turn, ready | makes the call; if that is done, leaves | wakes the new first one, if there is more |
//! | polled, its turn, not ready | its waker goes into its entry; a sender arms the descriptor | |
//! | the descriptor is ready | notes it, takes the waker of the first | wakes it |
//! | dropped | removes its entry by its number | wakes the new first one, if it is ready |
//!
//! An entry stays until its awaiter has left, so nobody overtakes one that was told; only its waker is taken. So a waker is used
//! once, and an awaiter that is gone is not looked at. Calls are made under the lock of their direction: they do not block, and
//! an edge that comes during the call waits for the lock and is not lost.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::poller::Readiness;
use crate::reactor::Reactor;

/// A descriptor that a reactor watches.
pub(crate) struct Source {
    descriptor: OwnedFd,
    key: usize,
    reactor: Arc<Reactor>,
    reading: Mutex<Direction>,
    writing: Mutex<Direction>,
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Interest {
    Read,
    Write,
}

/// What a call that did not block has done.
pub(crate) struct Attempt<T> {
    pub(crate) value: T,
    /// It has taken all there was: the next byte makes a new edge.
    pub(crate) drained: bool,
}

impl<T> Attempt<T> {
    /// There may be more.
    pub(crate) fn of(value: T) -> Self {
        let drained = false;
        Self { value, drained }
    }
}

/// An awaiter's place in a queue.
#[derive(Debug, Default)]
pub(crate) struct Place(Option<u64>);

struct Direction {
    /// A call is worth a try.
    ready: bool,
    /// Nothing new will come, so no edge will: calls have to find the end by themselves.
    ended: bool,
    /// The descriptor is armed for writing.
    armed: bool,
    next_number: u64,
    queue: VecDeque<Entry>,
}

struct Entry {
    number: u64,
    /// Taken when it is woken.
    waker: Option<Waker>,
}

impl Direction {
    fn new() -> Mutex<Self> {
        Mutex::new(Self {
            ready: true,
            ended: false,
            armed: false,
            next_number: 0,
            queue: VecDeque::new(),
        })
    }

    fn is_turn(&self, place: &Place) -> bool {
        match self.queue.front() {
            Some(first) => Some(first.number) == place.0,
            None => true,
        }
    }

    /// Leaves a waker, in a new entry if there is none. The waker it replaces is to be dropped without the lock.
    fn wait(&mut self, place: &mut Place, waker: Waker) -> Option<Waker> {
        let entry = place
            .0
            .and_then(|number| self.queue.iter_mut().find(|entry| entry.number == number));
        if let Some(entry) = entry {
            return entry.waker.replace(waker);
        }
        let number = self.next_number;
        self.next_number += 1;
        place.0 = Some(number);
        let waker = Some(waker);
        self.queue.push_back(Entry { number, waker });
        None
    }

    /// Leaves the queue. The entry is to be dropped without the lock.
    fn leave(&mut self, place: &mut Place) -> Option<Entry> {
        let number = place.0.take()?;
        let at = self.queue.iter().position(|entry| entry.number == number)?;
        self.queue.remove(at)
    }

    /// The waker of the first in the queue.
    fn first(&mut self) -> Option<Waker> {
        self.queue.front_mut()?.waker.take()
    }

    /// The same, if its call is worth a try.
    fn next(&mut self) -> Option<Waker> {
        if self.ready { self.first() } else { None }
    }
}

impl Source {
    pub(crate) fn new(descriptor: OwnedFd, key: usize, reactor: Arc<Reactor>) -> Self {
        Self {
            descriptor,
            key,
            reactor,
            reading: Direction::new(),
            writing: Direction::new(),
        }
    }

    /// Makes a call when it is the caller's turn and the call does not block.
    ///
    /// `call` says `WouldBlock` if it has to wait, and keeps what it has done so far to itself.
    #[inline]
    pub(crate) fn poll<T>(
        &self,
        interest: Interest,
        place: &mut Place,
        cx: &mut Context<'_>,
        mut call: impl FnMut(BorrowedFd<'_>) -> io::Result<Attempt<T>>,
    ) -> Poll<io::Result<T>> {
        loop {
            if let Some(result) = self.attempt(interest, place, &mut call) {
                return Poll::Ready(result);
            }
            let waker = cx.waker().clone();
            let mut direction = self.lock(interest);
            if direction.ready && direction.is_turn(place) {
                continue;
            }
            let replaced = direction.wait(place, waker);
            let armed = match interest {
                Interest::Write if !direction.armed => self.arm(&mut direction, true),
                _ => Ok(()),
            };
            drop(direction);
            drop(replaced);
            if let Err(error) = armed {
                self.leave(interest, place);
                return Poll::Ready(Err(error));
            }
            return Poll::Pending;
        }
    }

    /// `None` if it has to wait.
    #[inline]
    fn attempt<T>(
        &self,
        interest: Interest,
        place: &mut Place,
        call: &mut impl FnMut(BorrowedFd<'_>) -> io::Result<Attempt<T>>,
    ) -> Option<io::Result<T>> {
        let mut direction = self.lock(interest);
        if !direction.ready || !direction.is_turn(place) {
            return None;
        }
        let result = loop {
            match call(self.descriptor.as_fd()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    direction.ready = false;
                    return None;
                }
                result => break result,
            }
        };
        if let Ok(Attempt { drained: true, .. }) = result {
            direction.ready = direction.ended;
        }
        self.leave_locked(interest, direction, place);
        Some(result.map(|attempt| attempt.value))
    }

    /// Ends a wait: of an awaiter that is dropped. Whoever is next is told.
    pub(crate) fn leave(&self, interest: Interest, place: &mut Place) {
        if place.0.is_some() {
            self.leave_locked(interest, self.lock(interest), place);
        }
    }

    #[inline]
    fn leave_locked(
        &self,
        interest: Interest,
        mut direction: MutexGuard<'_, Direction>,
        place: &mut Place,
    ) {
        if place.0.is_none() && direction.queue.is_empty() {
            return;
        }
        let was_first = direction.is_turn(place);
        let entry = direction.leave(place);
        let next = if was_first { direction.next() } else { None };
        if interest == Interest::Write && direction.armed && direction.queue.is_empty() {
            // It stays armed if this fails, which costs an event and no more.
            let _ = self.arm(&mut direction, false);
        }
        drop(direction);
        drop(entry);
        if let Some(waker) = next {
            waker.wake();
        }
    }

    fn arm(&self, direction: &mut Direction, armed: bool) -> io::Result<()> {
        let key = self.key as u64;
        self.reactor
            .poller()
            .modify(self.descriptor.as_fd(), key, armed)?;
        direction.armed = armed;
        Ok(())
    }

    /// Tells those who wait what has come.
    pub(crate) fn notify(&self, readiness: Readiness) {
        let sides = [
            (Interest::Read, readiness.readable, readiness.ended),
            (Interest::Write, readiness.writable, false),
        ];
        for (interest, ready, ended) in sides {
            if ready {
                self.set_ready(interest, ended);
            }
        }
    }

    fn set_ready(&self, interest: Interest, ended: bool) {
        let mut direction = self.lock(interest);
        direction.ready = true;
        direction.ended |= ended;
        let first = direction.first();
        drop(direction);
        if let Some(waker) = first {
            tracing::trace!(
                fd = self.number(),
                ?interest,
                "ready: its first awaiter is resumed"
            );
            waker.wake();
        }
    }

    /// Has every awaiter of a direction look again, in order: what they wait for may never come.
    pub(crate) fn rouse(&self, interest: Interest) {
        self.set_ready(interest, false);
    }

    fn lock(&self, interest: Interest) -> MutexGuard<'_, Direction> {
        let direction = match interest {
            Interest::Read => &self.reading,
            Interest::Write => &self.writing,
        };
        // A call may panic under it (it is a closure of this crate that copies into a caller's buffer), but changes nothing.
        direction.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn key(&self) -> usize {
        self.key
    }

    pub(crate) fn reactor(&self) -> &Arc<Reactor> {
        &self.reactor
    }

    /// The descriptor's number, for the log.
    pub(crate) fn number(&self) -> i32 {
        use std::os::fd::AsRawFd;
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
