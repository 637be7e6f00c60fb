//! Children whose handles were dropped before they ended.
//!
//! A thread of the process waits for them, so that none stays in the process table, whether or not a context still runs. It
//! exists while there are any.

use std::io;
use std::mem;
use std::os::fd::{AsFd, OwnedFd};
use std::process::Child;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

/// A child that nobody waits for.
pub(super) struct Orphan {
    child: Child,
    /// Readable once it has ended; `None` if there was no descriptor to be had.
    descriptor: Option<OwnedFd>,
}

impl Orphan {
    pub(super) fn new(child: Child, descriptor: Option<OwnedFd>) -> Self {
        Self { child, descriptor }
    }

    /// Whether it is still in the process table. If somebody else asked for its end, it is not.
    fn is_there(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

struct Orphanage {
    /// Those that the thread has not yet taken over.
    arrived: Vec<Orphan>,
    /// What wakes the thread, if there is one.
    thread: Option<Arc<OwnedFd>>,
}

static ORPHANAGE: Mutex<Orphanage> = Mutex::new(Orphanage {
    arrived: Vec::new(),
    thread: None,
});

/// How long the thread waits at most when an orphan has no descriptor.
const WITHOUT_DESCRIPTOR: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// Sees to it that the child leaves the process table when it ends.
pub(super) fn adopt(mut orphan: Orphan) {
    if !orphan.is_there() {
        return;
    }
    let mut orphanage = lock();
    orphanage.arrived.push(orphan);
    if let Some(bell) = &orphanage.thread {
        // It cannot fail: the counter is far from its limit.
        let _ = rustix::io::write(bell, &1_u64.to_ne_bytes());
    } else if let Ok(bell) = start() {
        orphanage.thread = Some(bell);
    }
    // An error: no descriptor or no thread is to be had. The next orphan brings another attempt.
}

fn lock() -> MutexGuard<'static, Orphanage> {
    ORPHANAGE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn start() -> io::Result<Arc<OwnedFd>> {
    let bell = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
    let thread = thread::Builder::new().name("orphans".into());
    let its_bell = bell.clone();
    thread
        .stack_size(64 * 1024)
        .spawn(move || attend(&its_bell))?;
    Ok(bell)
}

/// Waits for orphans until there are none.
fn attend(bell: &OwnedFd) {
    let mut orphans = Vec::new();
    loop {
        {
            let mut orphanage = lock();
            orphans.append(&mut mem::take(&mut orphanage.arrived));
            orphans.retain_mut(Orphan::is_there);
            if orphans.is_empty() {
                orphanage.thread = None;
                return;
            }
        }
        let all_have = orphans.iter().all(|orphan| orphan.descriptor.is_some());
        let limit = (!all_have).then_some(&WITHOUT_DESCRIPTOR);
        let mut descriptors: Vec<_> = orphans
            .iter()
            .filter_map(|orphan| orphan.descriptor.as_ref())
            .chain([bell])
            .map(|descriptor| PollFd::from_borrowed_fd(descriptor.as_fd(), PollFlags::IN))
            .collect();
        // An error is an interruption, or want of memory: either way, look again.
        if poll(&mut descriptors, limit).is_err() {
            thread::yield_now();
        }
        // Empty is right too.
        let _ = rustix::io::read(bell, &mut [0; 8]);
    }
}
