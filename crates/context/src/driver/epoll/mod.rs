//! What a context runs on where no ring can be had: io_uring's operations by way of epoll, plain system calls and threads.
//!
//! ```text
//!             submit
//!                │
//!                ▼         would block            event
//!   delayed ──▶ call ───────────────────▶ waits ─────────┐
//!   (linked)     │ ▲                      (descriptor,    │
//!                │ └──────────────────────  direction) ◀──┘
//!                │  is a file's, or may block      ┌────────┐
//!                ├────────────────────────────────▶│ thread │
//!                ▼                                 └───┬────┘
//!            completion ◀──────────────────────────────┘
//! ```
//!
//! An entry says which operation it is; [`calls`] has for each the descriptor, the direction and the call that does not block.
//! Operations of one descriptor and direction are served in the order in which they came. Those on names and on what is in
//! files go to the blocking pool, which works on the memory that the entry points at: it stays valid until the completion.
//!
//! Events are edge-triggered. A descriptor stays registered when nobody waits for it any more; who waits next registers it
//! anew, and is told what it is ready for. So a number that has come to mean another file is no trouble.

mod blocking;
mod buffers;
mod calls;
mod cancel;
mod connect;
mod descriptors;
mod entry;
mod move_bytes;
mod receive;
mod send;
mod splice;
mod threads;

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use net_epoll_legacy::poller::{Events, Poller, Readiness};
use rustc_hash::FxHashMap;
use uring_engine::io_uring::opcode;
use uring_engine::{Completion, Engine, RawEntry, SetupError, Substitute};

use crate::blocking::BlockingPool;
use crate::builder::Config;
pub use blocking::call_operation;
use buffers::Groups;
use calls::Progress;
use descriptors::{Descriptors, Direction};
use entry::Meaning;
use threads::{Threads, Ticket};

/// `IORING_CQE_F_MORE`.
const MORE: u32 = 1 << 1;

/// So many bytes are received before their tasks run: more would be out of the processor's caches by then.
const HOT: u64 = 128 * 1024;

/// How long a call is left alone that can only be tried again.
const RETRY_AFTER: Duration = Duration::from_millis(1);

/// What stands in for the ring.
struct EpollRing {
    poller: Arc<Poller>,
    events: Events,
    /// Those of the last wait that nobody was told of yet.
    ready: VecDeque<(u64, Readiness)>,
    operations: slab::Slab<Operation>,
    /// Where the operation is that has this user data.
    keys: FxHashMap<u64, usize>,
    descriptors: Descriptors,
    timers: BTreeSet<(Instant, usize)>,
    /// The operations of a chain, until its last one is there.
    chain: Vec<usize>,
    groups: Groups,
    completions: VecDeque<(u64, Completion)>,
    threads: Threads,
    /// Those who are told of an event, while they are gone through.
    polled: Vec<usize>,
}

/// An operation that has not ended.
struct Operation {
    entry: RawEntry,
    stage: Stage,
    /// Bytes that it has moved so far.
    moved: u32,
    /// Whether its call was made once.
    begun: bool,
    /// Was cancelled while it came after another one.
    cancelled: bool,
    /// Whether its last receive filled a buffer, so that the next one had better have two.
    fills: bool,
    /// Whether its descriptor is a TCP socket, once that was asked.
    is_tcp: Option<bool>,
    /// While a thread has it.
    ticket: Option<Ticket>,
    /// Follows when it has ended.
    next: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Comes after another one.
    Delayed,
    /// Is being looked at.
    Running,
    Waiting(i32, Direction),
    Timer(Instant),
    /// A thread has it.
    Away,
    /// A thread has it, which is to be made to end; what did not help is tried again at that time.
    Released(Instant),
}

/// An engine on this.
pub(super) fn engine(config: &Config, refused: Option<SetupError>) -> Result<Engine, SetupError> {
    let substitute = EpollRing::new(config.blocking.clone())
        .map_err(|source| SetupError::Descriptors { source })?;
    let refused = refused.iter().map(SetupError::as_refusal).collect();
    Engine::on(Box::new(substitute), &config.engine, refused)
}

impl EpollRing {
    fn new(pool: BlockingPool) -> io::Result<Self> {
        let poller = Arc::new(Poller::new()?);
        Ok(Self {
            threads: Threads::new(pool, poller.clone()),
            poller,
            events: Events::new(),
            ready: VecDeque::new(),
            operations: slab::Slab::new(),
            keys: FxHashMap::default(),
            descriptors: Descriptors::default(),
            timers: BTreeSet::new(),
            chain: Vec::new(),
            groups: Groups::default(),
            completions: VecDeque::new(),
            polled: Vec::new(),
        })
    }

    /// Begins an operation, or goes on with one whose turn has come.
    fn run(&mut self, key: usize) {
        self.put(key, Stage::Running);
        let operation = &self.operations[key];
        if operation.cancelled {
            return self.end(key, -libc::ECANCELED, 0);
        }
        let entry = operation.entry;
        if entry.opcode == opcode::Close::CODE {
            self.forget(entry.fd);
        }
        if let Some((fd, direction)) = entry.waits_for()
            && self.descriptors.is_busy(fd, direction)
        {
            return self.wait(key, fd, direction);
        }
        self.go_on(key);
    }

    /// Makes the call, and sees what becomes of it. True if the operation is out of the way of those behind it.
    fn go_on(&mut self, key: usize) -> bool {
        let Some(operation) = self.operations.get_mut(key) else {
            return true;
        };
        let progress = calls::attempt(operation, &mut self.groups, &mut self.completions);
        match progress {
            Progress::Ended(result, flags) => self.end(key, result, flags),
            Progress::Wait(fd, direction) => return self.line_up(key, fd, direction),
            Progress::Drained(fd) if self.descriptors.tells_more(fd) => {
                return self.line_up(key, fd, Direction::Read);
            }
            Progress::Drained(fd) => return self.pause(key, fd, Direction::Read),
            Progress::Paused(fd, direction) => return self.pause(key, fd, direction),
            Progress::Until(at) => {
                self.put(key, Stage::Timer(at));
                self.timers.insert((at, key));
            }
            Progress::Cancel(target) => {
                let result = self.cancel(target);
                self.end(key, result, 0);
            }
            Progress::Blocks => self.send_away(key),
        }
        true
    }

    /// Has it wait for the next event; false, as those behind it wait too.
    fn line_up(&mut self, key: usize, fd: i32, direction: Direction) -> bool {
        if self.operations[key].stage != Stage::Waiting(fd, direction) {
            self.wait(key, fd, direction);
        }
        false
    }

    /// Has it wait for others, and go on then.
    fn pause(&mut self, key: usize, fd: i32, direction: Direction) -> bool {
        self.line_up(key, fd, direction);
        self.descriptors.pause(fd, direction);
        false
    }

    /// Lines an operation up for its descriptor.
    fn wait(&mut self, key: usize, fd: i32, direction: Direction) {
        self.put(key, Stage::Running);
        match self.descriptors.wait(&self.poller, key, fd, direction) {
            Ok(()) => self.operations[key].stage = Stage::Waiting(fd, direction),
            // A file is always ready, and yet its call would block.
            Err(error) if error.raw_os_error() == Some(libc::EPERM) => self.send_away(key),
            Err(error) => self.end(key, calls::failed(&error), 0),
        }
    }

    /// Has a thread make the call.
    fn send_away(&mut self, key: usize) {
        self.put(key, Stage::Away);
        let operation = &mut self.operations[key];
        operation.ticket = Some(self.threads.send(operation.entry));
    }

    /// The last completion of an operation, and the beginning of the one that follows it.
    fn end(&mut self, key: usize, result: i32, flags: u32) {
        self.put(key, Stage::Running);
        let operation = self.operations.remove(key);
        self.keys.remove(&operation.entry.user_data);
        let entry = operation.entry;
        if !(entry.skips_success() && result >= 0) {
            let completion = Completion { result, flags };
            self.completions.push_back((entry.user_data, completion));
        }
        let Some(next) = operation.next else { return };
        if entry.breaks_chain(result) {
            self.end(next, -libc::ECANCELED, 0);
        } else {
            self.run(next);
        }
    }

    /// Puts an operation into another stage, and takes it out of whatever it waits in: a key that stayed behind would come to
    /// mean another operation.
    fn put(&mut self, key: usize, stage: Stage) {
        match std::mem::replace(&mut self.operations[key].stage, stage) {
            Stage::Waiting(fd, direction) => self.descriptors.leave(key, fd, direction),
            Stage::Timer(at) | Stage::Released(at) => drop(self.timers.remove(&(at, key))),
            Stage::Delayed | Stage::Running | Stage::Away => {}
        }
    }

    /// Serves those who wait for a descriptor, in order, while it is ready.
    fn serve(&mut self, fd: i32, direction: Direction) {
        while let Some(key) = self.descriptors.first(fd, direction) {
            if !self.go_on(key) {
                return;
            }
        }
    }

    /// Completes what threads have done.
    fn collect(&mut self) {
        let done = self.threads.collect();
        for (user_data, result) in done {
            if let Some(&key) = self.keys.get(&user_data) {
                self.end(key, result, 0);
            }
        }
    }

    fn fire(&mut self) {
        if self.timers.is_empty() {
            return;
        }
        let now = Instant::now();
        while let Some(&(at, key)) = self.timers.first() {
            if at > now {
                return;
            }
            let operation = &self.operations[key];
            match operation.stage {
                Stage::Released(_) => {
                    self.put(key, Stage::Away);
                    self.release(key);
                }
                _ if operation.entry.is_timeout() => self.end(key, -libc::ETIME, 0),
                _ => self.run(key),
            }
        }
    }

    /// Serves those whom events tell of something, with those of the last wait first, until the buffers have run out or have much
    /// in them. Then the tasks have their turn, and give buffers back.
    fn wait_for_events(&mut self, limit: Option<Duration>) -> io::Result<()> {
        if self.ready.is_empty() {
            self.poller.wait(&mut self.events, limit)?;
            self.ready.extend(self.events.iter());
        }
        while self.groups.lent().bytes < HOT
            && !self.groups.lent().ran_out
            && let Some((fd, readiness)) = self.ready.pop_front()
        {
            let fd = fd as i32;
            let waiting = self.descriptors.note(fd, readiness);
            if readiness.readable && waiting.reading {
                self.serve(fd, Direction::Read);
            }
            if readiness.writable && waiting.writing {
                self.serve(fd, Direction::Write);
            }
            if waiting.polling {
                self.tell(fd);
            }
        }
        Ok(())
    }

    /// Tells those who are told of every event.
    fn tell(&mut self, fd: i32) {
        let mut polled = std::mem::take(&mut self.polled);
        self.descriptors.pollers(fd, &mut polled);
        for key in polled.drain(..) {
            // One of them may have ended another.
            let stage = self.operations.get(key).map(|operation| operation.stage);
            if matches!(stage, Some(Stage::Waiting(at, Direction::Poll(_))) if at == fd) {
                self.go_on(key);
            }
        }
        self.polled = polled;
    }

    /// How long a wait may last that begins now, and is to end then.
    fn time_left(&self, end: Option<Instant>) -> Option<Duration> {
        let timer = self.timers.first().map(|(at, _)| *at);
        let first = timer.into_iter().chain(end).min()?;
        Some(first.saturating_duration_since(Instant::now()))
    }
}

impl Substitute for EpollRing {
    fn name(&self) -> &'static str {
        "epoll"
    }

    fn supports(&self, opcode: u8) -> bool {
        entry::is_known(opcode)
    }

    unsafe fn submit(&mut self, entry: RawEntry) {
        let key = self.operations.insert(Operation {
            entry,
            stage: Stage::Delayed,
            moved: 0,
            begun: false,
            cancelled: false,
            fills: false,
            is_tcp: None,
            ticket: None,
            next: None,
        });
        self.keys.insert(entry.user_data, key);
        if let Some(&before) = self.chain.last() {
            self.operations[before].next = Some(key);
        }
        if entry.is_linked() {
            self.chain.push(key);
            return;
        }
        let first = self.chain.first().copied().unwrap_or(key);
        self.chain.clear();
        self.run(first);
    }

    fn turn(&mut self, wait: bool, limit: Option<Duration>) -> io::Result<()> {
        if !self.threads.are_idle() {
            self.collect();
        }
        if self.descriptors.has_paused() {
            for (fd, direction) in self.descriptors.take_paused() {
                self.serve(fd, direction);
            }
        }
        let end = limit.filter(|_| wait);
        let end = end.and_then(|limit| Instant::now().checked_add(limit));
        loop {
            let may_sleep = wait
                && self.completions.is_empty()
                && self.ready.is_empty()
                && !self.descriptors.has_paused();
            let most = if may_sleep {
                self.time_left(end)
            } else {
                Some(Duration::ZERO)
            };
            self.wait_for_events(most)?;
            self.fire();
            if !self.threads.are_idle() {
                self.collect();
            }
            if !may_sleep || !self.completions.is_empty() {
                return Ok(());
            }
            if end.is_some_and(|end| Instant::now() >= end) {
                return Err(io::Error::from_raw_os_error(libc::ETIME));
            }
        }
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        self.poller.as_fd()
    }

    fn wait_limit(&self) -> Option<Duration> {
        if self.ready.is_empty() && !self.descriptors.has_paused() {
            self.time_left(None)
        } else {
            Some(Duration::ZERO)
        }
    }

    fn is_ready(&self) -> bool {
        !self.completions.is_empty()
    }

    fn reap(&mut self) -> Option<(u64, Completion)> {
        let completion = self.completions.pop_front();
        if completion.is_none() {
            self.groups.hand_over();
        }
        completion
    }

    unsafe fn register_buffers(&mut self, ring: u64, places: u16, group: u16) -> io::Result<()> {
        // SAFETY: passed on to the caller.
        unsafe { self.groups.add(ring, places, group) };
        Ok(())
    }

    fn unregister_buffers(&mut self, group: u16) {
        self.groups.remove(group);
    }
}

#[cfg(test)]
mod tests;
