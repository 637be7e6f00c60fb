//! asyncband.

use std::array;
use std::collections::VecDeque;
use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::task::Context;
use std::time::Duration;

use ::asyncband::barrier::Barrier;
use ::asyncband::condvar::Condvar;
use ::asyncband::event::{AutoResetEvent, ManualResetEvent};
use ::asyncband::latch::Latch;
use ::asyncband::mutex::{Mutex, MutexGuard};
use ::asyncband::once::OnceCell;
use ::asyncband::rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use ::asyncband::semaphore::{Semaphore, SemaphorePermit};
use ::asyncband::waitgroup::WaitGroup;

use crate::sync::by_hand::{pending, ready};
use crate::sync::case::{Case, Kind};
use crate::sync::condvar::CAPACITY;
use crate::sync::wait_group::MEMBERS;
use crate::sync::{
    barrier, condvar, event, mutex, notify, once_cell, rwlock, semaphore, wait_group,
};

pub(super) fn time(Case(kind): Case, iterations: u64) -> Option<Duration> {
    Some(match kind {
        Kind::Mutex(case) => mutex::time::<Mutex<u64>>(case, iterations),
        Kind::Semaphore(case) => semaphore::time::<Semaphore>(case, iterations),
        Kind::RwLock(case) => rwlock::time::<RwLock<u64>>(case, iterations),
        Kind::Event(case) => event::time::<ManualResetEvent>(case, iterations),
        Kind::Latch(case) => event::time_latch::<Latch>(case, iterations),
        Kind::Notify(case) => notify::time::<AutoResetEvent>(case, iterations),
        Kind::Condvar(case) => condvar::time::<Buffer>(case, iterations),
        Kind::Barrier(case) => barrier::time::<Barrier>(case, iterations),
        Kind::WaitGroup(case) => wait_group::time::<WaitGroup>(case, iterations),
        Kind::OnceCell(case) => once_cell::time::<OnceCell<u64>>(case, iterations),
        _ => return None,
    })
}

impl mutex::Mutex for Mutex<u64> {
    type Guard<'m> = MutexGuard<'m, u64>;

    fn new() -> Self {
        Mutex::new(0)
    }

    #[inline]
    fn lock(&self) -> impl Future<Output = Self::Guard<'_>> + Send {
        self.lock()
    }
}

impl semaphore::Semaphore for Semaphore {
    type Permit<'s> = SemaphorePermit<'s>;

    fn new(permits: usize) -> Self {
        Semaphore::new(permits)
    }

    #[inline]
    fn acquire(&self) -> impl Future<Output = Self::Permit<'_>> + Send {
        self.acquire(1)
    }
}

impl rwlock::RwLock for RwLock<u64> {
    type Read<'l> = RwLockReadGuard<'l, u64>;
    type Write<'l> = RwLockWriteGuard<'l, u64>;

    fn new() -> Self {
        RwLock::new(0)
    }

    #[inline]
    fn read(&self) -> impl Future<Output = Self::Read<'_>> + Send {
        self.read()
    }

    #[inline]
    fn write(&self) -> impl Future<Output = Self::Write<'_>> + Send {
        self.write()
    }
}

impl event::Event for ManualResetEvent {
    fn new() -> Self {
        ManualResetEvent::new()
    }

    #[inline]
    fn set(&self) {
        self.set();
    }

    #[inline]
    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.wait()
    }
}

impl event::Latch for Latch {
    fn new(count: u32) -> Self {
        Latch::new(count)
    }

    #[inline]
    fn count_down(&self) {
        self.count_down();
    }

    #[inline]
    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.wait()
    }
}

impl notify::Notify for AutoResetEvent {
    fn new() -> Self {
        AutoResetEvent::new()
    }

    #[inline]
    fn notify(&self) {
        self.set();
    }

    #[inline]
    fn wait(&self) -> impl Future<Output = ()> + Send {
        self.wait()
    }
}

struct Buffer {
    numbers: Mutex<VecDeque<u64>>,
    room: Condvar,
    number: Condvar,
}

impl condvar::Buffer for Buffer {
    fn new() -> Self {
        Buffer {
            numbers: Mutex::new(VecDeque::with_capacity(CAPACITY)),
            room: Condvar::new(),
            number: Condvar::new(),
        }
    }

    #[inline]
    async fn put(&self, value: u64) {
        let mut numbers = self.numbers.lock().await;
        while numbers.len() == CAPACITY {
            numbers = self.room.wait(numbers).await;
        }
        numbers.push_back(value);
        drop(numbers);
        self.number.notify_one();
    }

    #[inline]
    async fn take(&self) -> u64 {
        let mut numbers = self.numbers.lock().await;
        loop {
            if let Some(number) = numbers.pop_front() {
                drop(numbers);
                self.room.notify_one();
                return number;
            }
            numbers = self.number.wait(numbers).await;
        }
    }
}

impl barrier::Barrier for Barrier {
    fn new(parties: usize) -> Self {
        Barrier::new(u32::try_from(parties).expect("parties are few"))
    }

    #[inline]
    fn wait(&self) -> impl Future<Output: Send> + Send {
        self.wait()
    }
}

impl wait_group::WaitGroup for WaitGroup {
    fn round(cx: &mut Context<'_>) {
        let group = WaitGroup::new();
        let members: [_; MEMBERS] = array::from_fn(|_| group.clone());
        let mut wait = pin!(group.into_future());
        pending(wait.as_mut(), cx);
        drop(members);
        ready(wait, cx);
    }
}

impl once_cell::OnceCell for OnceCell<u64> {
    fn new() -> Self {
        OnceCell::new()
    }

    #[inline]
    fn get(&self) -> Option<&u64> {
        self.get()
    }

    #[inline]
    fn get_or_init(&self, value: u64) -> impl Future<Output = &u64> + Send {
        self.get_or_init(async move || value)
    }
}
