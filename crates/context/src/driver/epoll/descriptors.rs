//! Who waits for which descriptor.

use std::collections::VecDeque;
use std::io;
use std::os::fd::BorrowedFd;

use net_epoll_legacy::poller::{Poller, Readiness};
use rustc_hash::FxHashMap;

/// What an operation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// Bytes, a connection, the end: in the order of those who came.
    Read,
    /// Room: in the order of those who came.
    Write,
    /// Any event, beside those who move bytes; also for room, if set.
    Poll(bool),
}

/// Every descriptor that somebody has waited for, by its number.
#[derive(Default)]
pub(super) struct Descriptors {
    waiters: FxHashMap<i32, Waiters>,
    /// Where somebody is to be served without an event, each place once.
    paused: Vec<(i32, Direction)>,
}

#[derive(Default)]
struct Waiters {
    reading: VecDeque<usize>,
    writing: VecDeque<usize>,
    polling: Vec<usize>,
    /// It is registered, since somebody waits: and whether for writing too.
    registered_for_writing: Option<bool>,
    /// The peer has sent its last, or something urgent: an empty read is not the end of an edge, and there may be no further one.
    uncertain: bool,
    /// Which queues are among the paused ones.
    paused_reading: bool,
    paused_writing: bool,
}

/// Who waits where an event came.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Waiting {
    pub(super) reading: bool,
    pub(super) writing: bool,
    pub(super) polling: bool,
}

impl Waiters {
    fn queue(&mut self, direction: Direction) -> Option<&mut VecDeque<usize>> {
        match direction {
            Direction::Read => Some(&mut self.reading),
            Direction::Write => Some(&mut self.writing),
            Direction::Poll(_) => None,
        }
    }

    fn paused(&mut self, direction: Direction) -> Option<&mut bool> {
        match direction {
            Direction::Read => Some(&mut self.paused_reading),
            Direction::Write => Some(&mut self.paused_writing),
            Direction::Poll(_) => None,
        }
    }

    fn is_empty(&self) -> bool {
        self.reading.is_empty() && self.writing.is_empty() && self.polling.is_empty()
    }
}

impl Descriptors {
    /// Whether somebody waits there already.
    pub(super) fn is_busy(&self, fd: i32, direction: Direction) -> bool {
        self.waiters
            .get(&fd)
            .is_some_and(|waiters| match direction {
                Direction::Read => !waiters.reading.is_empty(),
                Direction::Write => !waiters.writing.is_empty(),
                Direction::Poll(_) => false,
            })
    }

    /// Lines an operation up, behind those who wait.
    ///
    /// # Errors
    ///
    /// `EPERM` if the descriptor is of a kind that nobody can wait for; then it is not lined up.
    pub(super) fn wait(
        &mut self,
        poller: &Poller,
        key: usize,
        fd: i32,
        direction: Direction,
    ) -> io::Result<()> {
        let waiters = self.waiters.entry(fd).or_default();
        let was_empty = waiters.is_empty();
        if was_empty {
            waiters.registered_for_writing = None;
            waiters.uncertain = false;
        }
        let writing = matches!(direction, Direction::Write | Direction::Poll(true));
        let is_enough = waiters
            .registered_for_writing
            .is_some_and(|too| too || !writing);
        if !is_enough {
            // SAFETY: whoever made the operation keeps the descriptor open until it has ended.
            let descriptor = unsafe { BorrowedFd::borrow_raw(fd) };
            register(poller, descriptor, fd, writing)?;
            waiters.registered_for_writing = Some(writing);
        }
        match waiters.queue(direction) {
            Some(queue) => queue.push_back(key),
            None => waiters.polling.push(key),
        }
        Ok(())
    }

    /// Takes an operation out.
    pub(super) fn leave(&mut self, key: usize, fd: i32, direction: Direction) {
        let Some(waiters) = self.waiters.get_mut(&fd) else {
            return;
        };
        match waiters.queue(direction) {
            // Those who leave are the first or the last, as a rule.
            Some(queue) if queue.front() == Some(&key) => drop(queue.pop_front()),
            Some(queue) if queue.back() == Some(&key) => drop(queue.pop_back()),
            Some(queue) => queue.retain(|other| *other != key),
            None => waiters.polling.retain(|other| *other != key),
        }
    }

    /// Forgets a descriptor that is about to be closed. Those who waited for it are the caller's.
    pub(super) fn forget(&mut self, fd: i32) -> Vec<usize> {
        let Some(waiters) = self.waiters.remove(&fd) else {
            return Vec::new();
        };
        let queues = waiters.reading.into_iter().chain(waiters.writing);
        queues.chain(waiters.polling).collect()
    }

    /// The one whose turn it is.
    pub(super) fn first(&self, fd: i32, direction: Direction) -> Option<usize> {
        let waiters = self.waiters.get(&fd)?;
        match direction {
            Direction::Read => waiters.reading.front().copied(),
            Direction::Write => waiters.writing.front().copied(),
            Direction::Poll(_) => None,
        }
    }

    /// Has the first in a queue be served without an event, if there is one.
    pub(super) fn pause(&mut self, fd: i32, direction: Direction) {
        let Some(waiters) = self.waiters.get_mut(&fd) else {
            return;
        };
        if waiters
            .queue(direction)
            .is_some_and(|queue| !queue.is_empty())
            && let Some(paused) = waiters.paused(direction)
            && !std::mem::replace(paused, true)
        {
            self.paused.push((fd, direction));
        }
    }

    pub(super) fn has_paused(&self) -> bool {
        !self.paused.is_empty()
    }

    /// Where somebody is to be served without an event; afterwards, nobody is.
    pub(super) fn take_paused(&mut self) -> Vec<(i32, Direction)> {
        let paused = std::mem::take(&mut self.paused);
        for (fd, direction) in &paused {
            if let Some(waiters) = self.waiters.get_mut(fd)
                && let Some(paused) = waiters.paused(*direction)
            {
                *paused = false;
            }
        }
        paused
    }

    /// Those who are told of every event.
    pub(super) fn pollers(&self, fd: i32, into: &mut Vec<usize>) {
        if let Some(waiters) = self.waiters.get(&fd) {
            into.extend_from_slice(&waiters.polling);
        }
    }

    /// Takes note of an event. Who waits for one.
    pub(super) fn note(&mut self, fd: i32, readiness: Readiness) -> Waiting {
        let Some(waiters) = self.waiters.get_mut(&fd) else {
            return Waiting::default();
        };
        waiters.uncertain |= readiness.ended;
        Waiting {
            reading: !waiters.reading.is_empty(),
            writing: !waiters.writing.is_empty(),
            polling: !waiters.polling.is_empty(),
        }
    }

    /// Whether a read that found fewer bytes than it had room for has found all there will be until the next event.
    pub(super) fn tells_more(&self, fd: i32) -> bool {
        self.waiters
            .get(&fd)
            .is_some_and(|waiters| !waiters.uncertain)
    }
}

/// Registers a descriptor that may be registered from an earlier time, and if so then for whatever had its number.
fn register(poller: &Poller, descriptor: BorrowedFd<'_>, fd: i32, writing: bool) -> io::Result<()> {
    match poller.add(descriptor, fd as u64, writing) {
        Err(error) if error.raw_os_error() == Some(libc::EEXIST) => {
            poller.modify(descriptor, fd as u64, writing)
        }
        result => result,
    }
}
