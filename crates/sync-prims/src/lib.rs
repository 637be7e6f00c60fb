//! Synchronisation primitives that work under any runtime.
//!
//! They need [`core::task::Waker`] and nothing of a runtime, so they work under corio, under tokio, in a hand-written
//! executor, and, through the `_blocking` forms, on plain threads, all at the same time on the same value.
//!
//! | To | Use |
//! |---|---|
//! | say once that something happened | [`Event`] |
//! | set a value once | [`SetOnce`] |
//! | have a value made by whoever needs it first | [`OnceCell`] |
//! | say that n things happened | [`Latch`] |
//! | wait until nobody is at work | [`WaitGroup`] |
//! | raise and lower a signal, for all or for one at a time | [`ResetEvent`] |
//! | let one at a time touch a value | [`Mutex`] |
//! | wait until that value is what one needs | [`CondVar`] |
//! | let many read or one write | [`RwLock`] |
//! | let at most n at a time do something | [`Semaphore`] |
//! | tell one of those who wait, or all, to look again | [`Notify`] |
//! | meet n others, again and again | [`Barrier`] |
//! | ask tasks to stop, and those they have started | [`CancellationToken`] |
//! | wake one task from anywhere | [`AtomicWaker`] |
//! | build a primitive of your own | [`WaitQueue`] |
//! | wait for any of these on a thread | [`blocking`] |
//!
//! # What holds for all
//!
//! - **No allocation per wait.** A waiter's node lives in the future that waits.
//! - **First come, first served.** Waiters are notified in the order in which they were first polled.
//! - **Nothing is lost when a future is dropped.** A waiter that is dropped leaves the queue; if it had been notified
//!   already, its notification goes to the next in line. Each future says on its page what that means for it.
//! - **No foreign code under a lock.** Wakers are cloned before an internal lock is taken, and woken and dropped after it
//!   was released, so a waker may call back into the primitive.
//! - **No lock on a path that does not wait.** What can be decided at once is decided in one word.
//!
//! A future does nothing until it is polled: it has no place in line before that. Polled again after it has returned
//! [`Ready`](core::task::Poll::Ready), it panics, except where its page says otherwise.
//!
//! # Features
//!
//! | Feature | Default | What it adds |
//! |---|---|---|
//! | `std` | yes | the `_blocking` forms, and `blocking`; without it the crate needs `alloc` only |
//!
//! A feature adds API and never changes what the rest does.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(docsrs, doc(auto_cfg(hide(loom, shuttle))))]

extern crate alloc;

mod atomic_waker;
pub mod barrier;
#[cfg(any(feature = "std", loom))]
pub mod blocking;
pub mod cancellation_token;
pub mod condvar;
pub mod event;
pub mod latch;
pub mod mutex;
pub mod notify;
pub mod once_cell;
mod queue;
pub mod raw;
pub mod reset_event;
pub mod rwlock;
pub mod semaphore;
#[cfg(all(test, shuttle, not(loom)))]
mod shuttle_tests;
mod slot;
mod sync;
#[cfg(all(test, loom))]
mod testing;
pub mod wait_group;
pub mod wait_queue;

pub use atomic_waker::AtomicWaker;
pub use barrier::Barrier;
pub use cancellation_token::CancellationToken;
pub use condvar::CondVar;
pub use event::{Event, SetOnce};
pub use latch::Latch;
pub use mutex::Mutex;
pub use notify::Notify;
pub use once_cell::OnceCell;
pub use reset_event::ResetEvent;
pub use rwlock::RwLock;
pub use semaphore::Semaphore;
pub use wait_group::WaitGroup;
pub use wait_queue::WaitQueue;

/// Compiles what the README shows.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
