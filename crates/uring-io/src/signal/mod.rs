//! Signals of the operating system.
//!
//! [`ctrl_c`] waits for one interrupt; [`signal`] is a stream of signals of one kind. Any number of listeners, on any
//! contexts and threads, may listen for the same kind: each of them sees each signal.
//!
//! ```no_run
//! # async fn serve() {}
//! use context::OneOf2;
//! use uring_io::signal::{SignalKind, signal};
//!
//! # context::block_on(async {
//! let mut terminate = signal(SignalKind::terminate())?;
//! match context::when_any((serve(), terminate.recv())).await {
//!     OneOf2::First(()) => println!("served"),
//!     OneOf2::Second(received) => received?,
//! }
//! # std::io::Result::Ok(())
//! # }).unwrap().unwrap();
//! ```
//!
//! # What a listener sees
//!
//! The process's handler (kept by `signal-hook-registry`, which other users of that crate share) does nothing but count up the
//! eventfd of every listener, and each context reads those of its own through its ring. Signals that come before a
//! listener asks count as one; the first after it was made is never missed.
//!
//! From the first listener on the signal no longer does what it did by default, not even after the last listener has been
//! dropped: a program that has listened for an interrupt once has to end itself on one.

mod kind;
#[cfg(feature = "futures")]
mod stream;

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::event::{EventfdFlags, eventfd};
use signal_hook_registry::{FORBIDDEN, SigId, register, unregister};
use uring_engine::{Engine, Op, Target, op};

use crate::keep::Keep;

pub use kind::SignalKind;
#[cfg(feature = "futures")]
pub use stream::SignalStream;

/// Waits for the next interrupt from the keyboard (`SIGINT`).
///
/// It listens from its first poll on. In a loop, keep a [`signal`] instead: what comes between two calls of this is not seen.
///
/// Cancel-safe: dropping the future ends the listening.
///
/// # Errors
///
/// As [`signal`]; `ECANCELED` if the context ends.
///
/// # Panics
///
/// Outside a context.
pub async fn ctrl_c() -> io::Result<()> {
    signal(SignalKind::interrupt())?.recv().await
}

/// Listens for signals of a kind.
///
/// # Errors
///
/// `InvalidInput` for kinds that cannot be listened for: `SIGKILL` and `SIGSTOP`, which no process can catch, and `SIGSEGV`,
/// `SIGILL` and `SIGFPE`, after which it cannot go on; and for numbers that are no signals. That of too many open
/// descriptors.
///
/// # Panics
///
/// Outside a context.
pub fn signal(kind: SignalKind) -> io::Result<Signal> {
    let number = kind.as_raw();
    if FORBIDDEN.contains(&number) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("signal {number} cannot be listened for"),
        ));
    }
    let engine = context::driver().engine().clone();
    let counter = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
    let counted = counter.clone();
    let count = move || {
        // An error: the counter is at its limit, so the listener will be woken anyway.
        let _ = rustix::io::write(&*counted, &1_u64.to_ne_bytes());
    };
    // SAFETY: the action only makes the system call `write`, on a descriptor that it owns, which a handler may.
    let registered = unsafe { register(number, count) }?;
    Ok(Signal {
        kind,
        registered,
        counter,
        engine,
    })
}

/// A listener for signals of a kind; made by [`signal`].
pub struct Signal {
    kind: SignalKind,
    registered: SigId,
    /// How many have come since it was last looked at. Shared with the handler and the poll in flight.
    counter: Arc<OwnedFd>,
    engine: Engine,
}

type Arrival = Op<Keep<op::PollAdd, Arc<OwnedFd>>>;

impl Signal {
    /// Waits until at least one signal has come since the last time, or since the listener was made.
    ///
    /// Cancel-safe: dropping the future loses no signal.
    ///
    /// # Errors
    ///
    /// `ECANCELED` if the context ends.
    pub async fn recv(&mut self) -> io::Result<()> {
        loop {
            if let Some(received) = self.take() {
                return received;
            }
            let (ready, _) = self.arrival().await;
            ready?;
        }
    }

    /// What has come since it was last asked; `None` if nothing has.
    fn take(&self) -> Option<io::Result<()>> {
        match rustix::io::read(&*self.counter, &mut [0; 8]) {
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => None,
            result => Some(result.map(drop).map_err(io::Error::from)),
        }
    }

    /// Resolves when there is something to take.
    fn arrival(&self) -> Arrival {
        let counter = self.counter.clone();
        let poll = op::PollAdd::new(Target::of(&*counter), libc::POLLIN as u32);
        self.engine.op(Keep::new(poll, counter))
    }

    /// What it listens for.
    pub fn kind(&self) -> SignalKind {
        self.kind
    }
}

impl Drop for Signal {
    fn drop(&mut self) {
        unregister(self.registered);
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
