//! What every primitive that makes somebody wait must do, checked through one harness.
//!
//! [`subject::Subject`] is what a primitive tells about itself; `subjects` has them all; `checks` are what each is put
//! through. A failed test has the name of both: `mutex::after_the_notification`.
//!
//! The suite serves other crates: a test binary of theirs includes `checks`, `harness`, `subject` and `support` with
//! `#[path]`, as this file does, has the same global allocator, and lists subjects of its own.

#![cfg(not(any(loom, shuttle)))]

#[macro_use]
mod checks;
mod harness;
mod subject;
mod subjects;
#[path = "../support/mod.rs"]
mod support;

#[global_allocator]
static ALLOCATOR: support::allocator::Counting = support::allocator::Counting;

conformance! {
    cancellation_token: crate::subjects::events::CancellationToken,
    wait_queue: crate::subjects::queues::WaitQueue,
    notify: crate::subjects::queues::Notify,
    notify_owned: crate::subjects::queues::OwnedNotify,
    event: crate::subjects::events::Event,
    event_with_a_value: crate::subjects::events::Value,
    semaphore: crate::subjects::permits::Semaphore,
    barrier: crate::subjects::barriers::Barrier,
    rwlock_writers: crate::subjects::rwlocks::Writers,
    rwlock_readers: crate::subjects::rwlocks::Readers,
    rwlock_upgradable_readers: crate::subjects::rwlocks::UpgradableReaders,
    mutex: crate::subjects::mutexes::Mutex<false>,
    mutex_barging: crate::subjects::mutexes::Mutex<true>,
    mutex_owned: crate::subjects::mutexes::OwnedMutex,
    condvar: crate::subjects::condvars::CondVar,
    condvar_wait_while: crate::subjects::condvars::WaitWhile,
    manual_reset_event: crate::subjects::events::ManualResetEvent,
    automatic_reset_event: crate::subjects::events::AutomaticResetEvent,
    latch: crate::subjects::counts::Latch,
    latch_arrival: crate::subjects::counts::Arrival,
    atomic_waker: crate::subjects::wakers::AtomicWaker,
    once_cell: crate::subjects::cells::OnceCell,
    wait_group: crate::subjects::counts::WaitGroup,
}
