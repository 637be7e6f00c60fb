//! Waits that begin and end with a mutex locked.

use std::future::Future;

use futures_util::FutureExt;
use sync_prims::Mutex;

use crate::subject::{Lets, Subject};

#[derive(Default)]
pub(crate) struct CondVar {
    mutex: Mutex<()>,
    condvar: sync_prims::CondVar,
}

impl Subject for CondVar {
    const LETS: Lets = Lets::One;
    const KEEPS: bool = false;

    fn blocked(_waiters: usize) -> Self {
        CondVar::default()
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        let wait = self.mutex.lock().then(|guard| self.condvar.wait(guard));
        wait.map(drop)
    }

    fn notify_one(&self) {
        self.condvar.notify_one();
    }

    fn notify_all(&self, _waiters: usize) {
        self.condvar.notify_all();
    }

    fn look(&self) {
        if let Some(guard) = self.mutex.try_lock() {
            let _ = format!("{:?}", self.condvar.wait(guard));
        }
        let _ = format!("{:?}", self.condvar);
    }
}

/// Waits until there is a ticket. One that is to be put down while the mutex is locked is forgotten, so that a waker can
/// do it that is called with the mutex locked.
#[derive(Default)]
pub(crate) struct WaitWhile {
    tickets: Mutex<usize>,
    condvar: sync_prims::CondVar,
}

impl WaitWhile {
    fn add(&self, tickets: usize) {
        if let Some(mut sum) = self.tickets.try_lock() {
            *sum += tickets;
        }
    }
}

impl Subject for WaitWhile {
    const LETS: Lets = Lets::One;
    const KEEPS: bool = false;
    const TELLS_ALL: bool = false;

    fn blocked(_waiters: usize) -> Self {
        WaitWhile::default()
    }

    fn wait(&self) -> impl Future<Output = ()> + Send {
        let none = |tickets: &mut usize| *tickets == 0;
        let lock = self.tickets.lock();
        lock.then(move |tickets| self.condvar.wait_while(tickets, none))
            .map(|mut tickets| *tickets -= 1)
    }

    fn notify_one(&self) {
        self.add(1);
        self.condvar.notify_one();
    }

    fn notify_all(&self, waiters: usize) {
        self.add(waiters);
        self.condvar.notify_all();
    }

    fn look(&self) {
        if let Some(tickets) = self.tickets.try_lock() {
            let _ = format!("{:?}", self.condvar.wait_while(tickets, |_| true));
        }
    }
}
