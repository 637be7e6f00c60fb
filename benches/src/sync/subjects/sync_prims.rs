//! sync-prims.

mod buffer;
mod events;
mod locks;

use std::time::Duration;

use ::sync_prims::{
    AtomicWaker, Barrier, CancellationToken, Event, Latch, Mutex, Notify, OnceCell, RwLock,
    Semaphore, WaitGroup,
};

use crate::sync::case::{Case, Kind};
use crate::sync::{
    atomic_waker, barrier, condvar, event, mutex, notify, once_cell, rwlock, semaphore, token,
    wait_group,
};
use buffer::Buffer;
use locks::Barging;

pub(super) fn time(Case(kind): Case, iterations: u64) -> Option<Duration> {
    Some(match kind {
        Kind::Mutex(case @ mutex::Case::Contended(_)) => mutex::time::<Barging>(case, iterations),
        Kind::Mutex(case) => mutex::time::<Mutex<u64>>(case, iterations),
        Kind::Semaphore(case) => semaphore::time::<Semaphore>(case, iterations),
        Kind::RwLock(case) => rwlock::time::<RwLock<u64>>(case, iterations),
        Kind::Event(case) => event::time::<Event>(case, iterations),
        Kind::Latch(case) => event::time_latch::<Latch>(case, iterations),
        Kind::WaitGroup(case) => wait_group::time::<WaitGroup>(case, iterations),
        Kind::Notify(case) => notify::time::<Notify>(case, iterations),
        Kind::Condvar(case) => condvar::time::<Buffer>(case, iterations),
        Kind::Barrier(case) => barrier::time::<Barrier>(case, iterations),
        Kind::OnceCell(case) => once_cell::time::<OnceCell<u64>>(case, iterations),
        Kind::Token(case) => token::time::<CancellationToken>(case, iterations),
        Kind::AtomicWaker(case) => atomic_waker::time::<AtomicWaker>(case, iterations),
    })
}
