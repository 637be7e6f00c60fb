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
mod connect;
mod descriptors;
mod entry;
mod move_bytes;
mod receive;
mod send;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use net_epoll_legacy::poller::{Events, Poller, Readiness};
use uring_engine::{Completion, Engine, RawEntry, SetupError, Substitute};

use crate::blocking::BlockingPool;
use crate::builder::Config;
pub use blocking::call_operation;
use buffers::Groups;
use calls::Progress;
use descriptors::{Descriptors, Direction};
use entry::Meaning;

/// `IORING_CQE_F_MORE`.
const MORE: u32 = 1 << 1;

/// How long a call is left alone that can only be tried again.
const RETRY_AFTER: Duration = Duration::from_millis(1);

/// What stands in for the ring.
struct EpollRing {
    poller: Arc<Poller>,
    events: Events,
    /// Those of one wait, while they are gone through.
    ready: Vec<(u64, Readiness)>,
    operations: slab::Slab<Operation>,
    /// Where the operation is that has this user data.
    keys: HashMap<u64, usize>,
    descriptors: Descriptors,
    timers: BTreeSet<(Instant, usize)>,
    /// Where somebody stopped for others' sake, and goes on at the next turn.
    again: Vec<(i32, Direction)>,
    /// The operations of a chain, until its last one is there.
    chain: Vec<usize>,
    groups: Groups,
    completions: VecDeque<(u64, Completion)>,
    pool: BlockingPool,
    /// What threads have done: the user data and the result.
    done: Arc<Mutex<Vec<(u64, i32)>>>,
}

/// An operation that has not ended.
struct Operation {
    entry: RawEntry,
    stage: Stage,
    /// Bytes that it has moved so far.
    moved: u32,
    /// Whether its call was made once.
    begun: bool,
    /// Whether it is on a TCP socket, once that was asked.
    is_tcp: Option<bool>,
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
        Ok(Self {
            poller: Arc::new(Poller::new()?),
            events: Events::new(),
            ready: Vec::new(),
            operations: slab::Slab::new(),
            keys: HashMap::new(),
            descriptors: Descriptors::default(),
            timers: BTreeSet::new(),
            again: Vec::new(),
            chain: Vec::new(),
            groups: Groups::default(),
            completions: VecDeque::new(),
            pool,
            done: Arc::default(),
        })
    }

    /// Begins an operation, or goes on with one whose turn has come.
    fn run(&mut self, key: usize) {
        self.put(key, Stage::Running);
        let entry = self.operations[key].entry;
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
        self.again.push((fd, direction));
        self.line_up(key, fd, direction)
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
        let entry = self.operations[key].entry;
        let (done, poller) = (self.done.clone(), self.poller.clone());
        let task = self.pool.run(move || {
            let result = blocking::block(&entry);
            done.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((entry.user_data, result));
            poller.wake();
        });
        drop(task);
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
            Stage::Timer(at) => drop(self.timers.remove(&(at, key))),
            Stage::Delayed | Stage::Running | Stage::Away => {}
        }
    }

    /// Ends an operation early. What the cancellation itself results in.
    fn cancel(&mut self, target: u64) -> i32 {
        let Some(&key) = self.keys.get(&target) else {
            return -libc::ENOENT;
        };
        let operation = &self.operations[key];
        match operation.stage {
            Stage::Away => {
                blocking::release(&operation.entry);
                -libc::EALREADY
            }
            // It is found when the one before it has ended.
            Stage::Delayed => -libc::ENOENT,
            Stage::Running | Stage::Waiting(..) | Stage::Timer(_) => {
                let moved = operation.moved as i32;
                let result = if moved > 0 { moved } else { -libc::ECANCELED };
                self.end(key, result, 0);
                0
            }
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
        let done = {
            let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            if done.is_empty() {
                return;
            }
            std::mem::take(&mut *done)
        };
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
            if self.operations[key].entry.is_timeout() {
                self.end(key, -libc::ETIME, 0);
            } else {
                self.run(key);
            }
        }
    }

    fn wait_for_events(&mut self, limit: Option<Duration>) -> io::Result<()> {
        self.poller.wait(&mut self.events, limit)?;
        let mut ready = std::mem::take(&mut self.ready);
        ready.extend(self.events.iter());
        for (fd, readiness) in ready.drain(..) {
            let fd = fd as i32;
            self.descriptors.note(fd, readiness);
            if readiness.readable {
                self.serve(fd, Direction::Read);
            }
            if readiness.writable {
                self.serve(fd, Direction::Write);
            }
            for key in self.descriptors.pollers(fd) {
                // One of them may have ended another.
                let stage = self.operations.get(key).map(|operation| operation.stage);
                if matches!(stage, Some(Stage::Waiting(at, Direction::Poll(_))) if at == fd) {
                    self.go_on(key);
                }
            }
        }
        self.ready = ready;
        Ok(())
    }

    /// How long a wait may last that begins now, and was to end so long after `begun`.
    fn time_left(&self, begun: Instant, limit: Option<Duration>) -> Option<Duration> {
        let now = Instant::now();
        let timer = self.timers.first();
        let timer = timer.map(|(at, _)| at.saturating_duration_since(now));
        let left = limit.map(|limit| limit.saturating_sub(now - begun));
        [timer, left].into_iter().flatten().min()
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
            is_tcp: None,
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
        self.collect();
        for (fd, direction) in std::mem::take(&mut self.again) {
            self.serve(fd, direction);
        }
        let begun = Instant::now();
        loop {
            let may_sleep = wait && self.completions.is_empty() && self.again.is_empty();
            let most = if may_sleep {
                self.time_left(begun, limit)
            } else {
                Some(Duration::ZERO)
            };
            self.wait_for_events(most)?;
            self.fire();
            self.collect();
            if !may_sleep || !self.completions.is_empty() {
                return Ok(());
            }
            if limit.is_some_and(|limit| begun.elapsed() >= limit) {
                return Err(io::Error::from_raw_os_error(libc::ETIME));
            }
        }
    }

    fn descriptor(&self) -> BorrowedFd<'_> {
        self.poller.as_fd()
    }

    fn wait_limit(&self) -> Option<Duration> {
        if self.again.is_empty() {
            self.time_left(Instant::now(), None)
        } else {
            Some(Duration::ZERO)
        }
    }

    fn is_ready(&self) -> bool {
        !self.completions.is_empty()
    }

    fn reap(&mut self) -> Option<(u64, Completion)> {
        self.completions.pop_front()
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
