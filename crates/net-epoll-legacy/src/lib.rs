//! A small epoll runtime for older or locked-down kernels.
//!
//! An [`IoContext`] runs tasks on one epoll instance, on one thread or on several. [`Acceptor`], [`Connection`] and
//! [`DatagramSocket`] are its sockets: every operation tries its system call first, and waits only when that would block.
//! [`LocalTasks`] are tasks that are not `Send`. Needs no io_uring, and nothing newer than Linux 3.9.
//!
//! # How control flows
//!
//! `spawn` polls a task at once, on the caller's stack. When the task suspends, `spawn` returns to its caller; the task's place to go
//! on from is its future, on the heap, and the way back to it is a waker, which lies in the queue of the descriptor or timer
//! that it waits for. The loop waits for events, takes the first waker of each queue, and polls what was woken; when that
//! suspends again, control is back in the loop. `docs/epoll-model.md` has the drawings.
//!
//! # The log
//!
//! Every step is written with [`tracing`]: a span for each task, with its number and name, and in it what it was spawned by, what it
//! suspends on, who resumes it, what it receives and sends. Levels: `debug` for what happens once in a connection's or a
//! task's life, `trace` for the rest.
//!
//! # Dropping a future
//!
//! | Operation | Dropped before it is ready |
//! |---|---|
//! | `receive`, `receive_from` | nothing was taken |
//! | `accept` | no connection is lost |
//! | `send`, `send_to` | nothing was sent |
//! | `send_all` | what was sent stays sent: [`SendAll::sent`](net::SendAll::sent) bytes |
//! | `connect` | the descriptor of the attempt is closed |
//! | `resolve` | the look-up goes on by itself, for nobody |
//! | a [`JoinHandle`] | the task goes on |
//! | `sleep`, `timeout`, `tick` | the timer is forgotten; no tick is lost |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod awaiters;
mod buffer;
mod contained;
mod context;
mod local;
pub mod net;
pub mod poller;
mod reactor;
mod sleepers;
mod source;
mod sync;
mod task;
pub mod time;
mod timers;

pub use buffer::Buffer;
pub use context::{Handle, IoContext};
pub use local::{LocalHandle, LocalTasks};
pub use net::{Acceptor, Connection, DatagramSocket, Stopping, resolve};
pub use task::{JoinError, JoinHandle};

/// Compiles what the README shows.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
