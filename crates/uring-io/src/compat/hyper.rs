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
use crate::compat::state::{Adapt, Manner, PollRead, PollWrite};

impl<S: Adapt<State: PollRead>> Read for Compat<S> {
    #[inline]
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let room = buffer.remaining();
        if room == 0 {
            return Poll::Ready(Ok(()));
        }
        let fill = |bytes: &[u8]| {
            let count = bytes.len().min(room);
            buffer.put_slice(&bytes[..count]);
            count
        };
        let result = ready!(self.state().poll_read(cx, fill));
        Poll::Ready(result.map(drop))
    }
}

impl<S: Adapt<State: PollWrite>> Write for Compat<S> {
    #[inline]
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.state().poll_write(cx, bytes, Manner::Flushing)
    }

    #[inline]
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.state().poll_write(cx, pieces, Manner::Flushing)
    }

    #[inline]
    fn is_write_vectored(&self) -> bool {
        self.state_ref().is_vectored()
    }

    #[inline]
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.state().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.state().poll_shutdown(cx)
    }
}

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
