//! Operations that a thread of the blocking pool has.
//!
//! ```text
//! queued ── the thread begins ──▶ begun ── its call returns ──▶ told
//!    └───── given up ──▶ given up (the thread finds nothing to do)
//! ```
//!
//! Both leave `queued` by one exchange of the same word, so a thread never works for an operation that was given up, whose memory
//! may be gone. A job that the pool drops instead of running it tells that it was cancelled.
//!
//! What threads have done is told under a lock, and the context is woken under it too: a context that has ended has taken
//! its poller back, so no thread keeps descriptors of it open.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use net_epoll_legacy::poller::Poller;
use uring_engine::RawEntry;

use super::blocking::block;
use crate::blocking::{BlockingError, BlockingPool};

const QUEUED: u8 = 0;
const BEGUN: u8 = 1;
const GIVEN_UP: u8 = 2;

/// The threads' side of a driver.
pub(super) struct Threads {
    pool: BlockingPool,
    told: Arc<Told>,
    /// Operations that threads have or will have.
    away: usize,
}

/// Whether a thread has begun.
#[derive(Clone, Debug)]
pub(super) struct Ticket(Arc<AtomicU8>);

#[derive(Default)]
struct Told(Mutex<Results>);

#[derive(Default)]
struct Results {
    /// The user data and the result.
    done: Vec<(u64, i32)>,
    /// Gone when the driver is.
    poller: Option<Arc<Poller>>,
}

/// What is queued in the pool.
struct Job {
    entry: RawEntry,
    ticket: Ticket,
    told: Arc<Told>,
}

impl Threads {
    pub(super) fn new(pool: BlockingPool, poller: Arc<Poller>) -> Self {
        let results = Results {
            done: Vec::new(),
            poller: Some(poller),
        };
        Self {
            pool,
            told: Arc::new(Told(Mutex::new(results))),
            away: 0,
        }
    }

    /// Has a thread make an operation's call.
    pub(super) fn send(&mut self, entry: RawEntry) -> Ticket {
        let ticket = Ticket(Arc::new(AtomicU8::new(QUEUED)));
        let job = Job {
            entry,
            ticket: ticket.clone(),
            told: self.told.clone(),
        };
        self.away += 1;
        let task = self.pool.run(move || job.run());
        if task.is_finished() {
            let ended = pin!(task).poll(&mut Context::from_waker(Waker::noop()));
            if let Poll::Ready(Err(BlockingError::Spawn(error))) = ended {
                self.told
                    .correct(entry.user_data, super::calls::failed(&error));
            }
        }
        ticket
    }

    /// Takes an operation back, if no thread has begun with it: then none ever will.
    pub(super) fn give_up(&mut self, ticket: &Ticket) -> bool {
        let given_up = ticket.leave_queue(GIVEN_UP);
        if given_up {
            self.away -= 1;
        }
        given_up
    }

    /// Operations that they have or will have.
    pub(super) fn away(&self) -> usize {
        self.away
    }

    /// Whether there is nothing to come from them.
    #[inline]
    pub(super) fn are_idle(&self) -> bool {
        self.away == 0
    }

    /// What has been done since it was asked last.
    pub(super) fn collect(&mut self) -> Vec<(u64, i32)> {
        let done = std::mem::take(&mut self.told.lock().done);
        self.away -= done.len();
        done
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        let poller = self.told.lock().poller.take();
        drop(poller);
    }
}

impl Ticket {
    /// True for the one of the two sides that comes first.
    fn leave_queue(&self, to: u8) -> bool {
        // The memory that the entry points at is handed over by the pool's lock, and back by the results'.
        self.0
            .compare_exchange(QUEUED, to, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

impl Told {
    fn lock(&self) -> MutexGuard<'_, Results> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, user_data: u64, result: i32) {
        let mut results = self.lock();
        results.done.push((user_data, result));
        if let Some(poller) = &results.poller {
            poller.wake();
        }
    }

    fn correct(&self, user_data: u64, result: i32) {
        let mut results = self.lock();
        let told = results.done.iter_mut().find(|told| told.0 == user_data);
        if let Some(told) = told {
            told.1 = result;
        }
    }
}

impl Job {
    fn run(self) {
        if self.ticket.leave_queue(BEGUN) {
            let result = block(&self.entry);
            self.told.tell(self.entry.user_data, result);
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if self.ticket.leave_queue(BEGUN) {
            self.told.tell(self.entry.user_data, -libc::ECANCELED);
        }
    }
}
