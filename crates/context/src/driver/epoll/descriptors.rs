//! Who waits for which descriptor.
//!
//! With thousands of connections an event meets memory that is in no cache any more. So what an event needs of a descriptor lies
//! together, found by its number; what is rare, a second one who waits or one who polls, lies behind a pointer.
#![expect(
    clippy::box_collection,
    reason = "a collection takes more room than a pointer, where it is not there as a rule"
)]

use std::collections::VecDeque;
use std::io;
use std::os::fd::BorrowedFd;

use net_epoll_legacy::poller::{Poller, Readiness};

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
    /// In pieces, so that a high number does not make all the lower ones.
    pages: Vec<Option<Box<[Waiters; PAGE]>>>,
    /// Where somebody is to be served without an event, each place once.
    paused: Vec<(i32, Direction)>,
}

/// Descriptors in a page.
const PAGE: usize = 64;

#[derive(Default)]
struct Waiters {
    reading: Queue,
    writing: Queue,
    polling: Option<Box<Vec<usize>>>,
    /// It is registered, since somebody waits: and whether for writing too.
    registered_for_writing: Option<bool>,
    /// The peer has sent its last, or something urgent: an empty read is not the end of an edge, and there may be no further one.
    uncertain: bool,
}

/// Those who move bytes in one direction, in their order.
#[derive(Default)]
struct Queue {
    first: Option<usize>,
    behind: Option<Box<VecDeque<usize>>>,
    /// Whether it is among the paused ones.
    is_paused: bool,
}

impl Queue {
    fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    fn push(&mut self, key: usize) {
        match self.first {
            None => self.first = Some(key),
            Some(_) => self.behind.get_or_insert_default().push_back(key),
        }
    }

    /// Those who leave are the first or the last, as a rule.
    fn remove(&mut self, key: usize) {
        let behind = self.behind.as_mut();
        if self.first == Some(key) {
            self.first = behind.and_then(|behind| behind.pop_front());
        } else if let Some(behind) = behind {
            match behind.back() == Some(&key) {
                true => drop(behind.pop_back()),
                false => behind.retain(|other| *other != key),
            }
        }
    }

    fn into_keys(self) -> impl Iterator<Item = usize> {
        let behind = self.behind.into_iter().flat_map(|behind| *behind);
        self.first.into_iter().chain(behind)
    }
}

/// Who waits where an event came.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Waiting {
    pub(super) reading: bool,
    pub(super) writing: bool,
    pub(super) polling: bool,
}

impl Waiters {
    fn queue(&mut self, direction: Direction) -> Option<&mut Queue> {
        match direction {
            Direction::Read => Some(&mut self.reading),
            Direction::Write => Some(&mut self.writing),
            Direction::Poll(_) => None,
        }
    }

    fn pollers(&self) -> &[usize] {
        self.polling.as_deref().map_or(&[], Vec::as_slice)
    }

    fn is_empty(&self) -> bool {
        self.reading.is_empty() && self.writing.is_empty() && self.pollers().is_empty()
    }
}

impl Descriptors {
    #[inline]
    fn get(&self, fd: i32) -> Option<&Waiters> {
        let at = usize::try_from(fd).ok()?;
        let page = self.pages.get(at / PAGE)?.as_ref()?;
        Some(&page[at % PAGE])
    }

    #[inline]
    fn get_mut(&mut self, fd: i32) -> Option<&mut Waiters> {
        let at = usize::try_from(fd).ok()?;
        let page = self.pages.get_mut(at / PAGE)?.as_mut()?;
        Some(&mut page[at % PAGE])
    }

    /// As [`get_mut`](Self::get_mut), for a descriptor that may be new here.
    fn entry(&mut self, fd: i32) -> io::Result<&mut Waiters> {
        let no_descriptor = |_| io::Error::from_raw_os_error(libc::EBADF);
        let at = usize::try_from(fd).map_err(no_descriptor)?;
        let number = at / PAGE;
        if self.pages.len() <= number {
            self.pages.resize_with(number + 1, || None);
        }
        let page = self.pages[number]
            .get_or_insert_with(|| Box::new(std::array::from_fn(|_| Waiters::default())));
        Ok(&mut page[at % PAGE])
    }

    fn queue(&mut self, fd: i32, direction: Direction) -> Option<&mut Queue> {
        self.get_mut(fd)?.queue(direction)
    }

    /// Whether somebody waits there already.
    pub(super) fn is_busy(&self, fd: i32, direction: Direction) -> bool {
        self.first(fd, direction).is_some()
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
        let waiters = self.entry(fd)?;
        if waiters.is_empty() {
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
            Some(queue) => queue.push(key),
            None => waiters.polling.get_or_insert_default().push(key),
        }
        Ok(())
    }

    /// Takes an operation out.
    pub(super) fn leave(&mut self, key: usize, fd: i32, direction: Direction) {
        let Some(waiters) = self.get_mut(fd) else {
            return;
        };
        if let Some(queue) = waiters.queue(direction) {
            queue.remove(key);
        } else if let Some(polling) = &mut waiters.polling {
            polling.retain(|other| *other != key);
        }
    }

    /// Forgets a descriptor that is about to be closed. Those who waited for it are the caller's.
    pub(super) fn forget(&mut self, fd: i32) -> Vec<usize> {
        let Some(waiters) = self.get_mut(fd).map(std::mem::take) else {
            return Vec::new();
        };
        let movers = [waiters.reading, waiters.writing].map(Queue::into_keys);
        let polling = waiters.polling.into_iter().flat_map(|polling| *polling);
        movers.into_iter().flatten().chain(polling).collect()
    }

    /// The one whose turn it is.
    #[inline]
    pub(super) fn first(&self, fd: i32, direction: Direction) -> Option<usize> {
        let waiters = self.get(fd)?;
        match direction {
            Direction::Read => waiters.reading.first,
            Direction::Write => waiters.writing.first,
            Direction::Poll(_) => None,
        }
    }

    /// Has the first in a queue be served without an event, if there is one.
    pub(super) fn pause(&mut self, fd: i32, direction: Direction) {
        let Some(queue) = self.queue(fd, direction) else {
            return;
        };
        if !queue.is_empty() && !std::mem::replace(&mut queue.is_paused, true) {
            self.paused.push((fd, direction));
        }
    }

    pub(super) fn has_paused(&self) -> bool {
        !self.paused.is_empty()
    }

    /// Where somebody is to be served without an event; afterwards, nobody is.
    pub(super) fn take_paused(&mut self) -> Vec<(i32, Direction)> {
        let paused = std::mem::take(&mut self.paused);
        for &(fd, direction) in &paused {
            if let Some(queue) = self.queue(fd, direction) {
                queue.is_paused = false;
            }
        }
        paused
    }

    /// Those who are told of every event.
    pub(super) fn pollers(&self, fd: i32, into: &mut Vec<usize>) {
        if let Some(waiters) = self.get(fd) {
            into.extend_from_slice(waiters.pollers());
        }
    }

    /// Takes note of an event. Who waits for one.
    #[inline]
    pub(super) fn note(&mut self, fd: i32, readiness: Readiness) -> Waiting {
        let Some(waiters) = self.get_mut(fd) else {
            return Waiting::default();
        };
        waiters.uncertain |= readiness.ended;
        Waiting {
            reading: !waiters.reading.is_empty(),
            writing: !waiters.writing.is_empty(),
            polling: !waiters.pollers().is_empty(),
        }
    }

    /// Whether a read that found fewer bytes than it had room for has found all there will be until the next event.
    #[inline]
    pub(super) fn tells_more(&self, fd: i32) -> bool {
        self.get(fd).is_some_and(|waiters| !waiters.uncertain)
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
