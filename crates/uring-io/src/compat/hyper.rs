//! What hyper asks of a runtime: [`Compat`] has its `Read` and `Write`; [`Executor`] and [`Timer`] are the rest.
//!
//! ```
//! # #[cfg(feature = "hyper")] {
//! use uring_io::compat::Compat;
//! use uring_io::compat::hyper::{Executor, Timer};
//! use uring_io::net::TcpStream;
//!
//! fn needs<I: hyper::rt::Read + hyper::rt::Write + Unpin>() {}
//! needs::<Compat<TcpStream>>();
//! # }
//! ```
//!
//! A service and its bodies stay on one context, so none of them need be `Send`. The examples `hyper_server` and `hyper_client`
//! of the repository show both versions of the protocol, with a graceful end.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use ::hyper::rt::{Read, ReadBufCursor, Sleep, Write};

use crate::compat::adapter::Compat;
use crate::compat::like_tokio::like_tokio;
use crate::compat::state::{Adapt, Manner, PollRead, PollWrite};

like_tokio!(Read, ReadBufCursor<'_>, Write, Manner::Flushing);

/// Spawns what hyper has to run besides a connection on the current context, where nobody waits for it. HTTP/2 needs one.
///
/// Futures need not be `Send`. A panic in one of them is reported as that of any detached task.
///
/// # Panics
///
/// Outside a context.
#[derive(Clone, Copy, Debug, Default)]
pub struct Executor;

impl<F> ::hyper::rt::Executor<F> for Executor
where
    F: Future + 'static,
    F::Output: 'static,
{
    #[inline]
    fn execute(&self, future: F) {
        context::spawn(future).detach();
    }
}

/// Tells hyper the time, and waits by the timers of the context that polls.
///
/// Its sleeps may be sent to another thread before they are polled, as every [`Sleep`](context::Sleep) may: the registration
/// carries the id of its context, and no other context touches it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timer;

impl ::hyper::rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(Sleeping(context::sleep(duration)))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Sleeping(context::sleep_until(deadline)))
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn Sleep>>, deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<Sleeping>() {
            Some(sleeping) => sleeping.get_mut().0.reset(deadline),
            // Another timer made it.
            None => *sleep = self.sleep_until(deadline),
        }
    }
}

struct Sleeping(context::Sleep);

impl Future for Sleeping {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl Sleep for Sleeping {}
