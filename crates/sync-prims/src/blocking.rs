//! Waiting on a plain thread.
//!
//! The `_blocking` forms of the primitives are [`block_on`] around their futures; it serves any other future as well.
//! Do not block a thread that runs tasks: the task that would end the wait may be one of them.

#[cfg(not(any(loom, shuttle)))]
mod thread_waker;

#[cfg(not(any(loom, shuttle)))]
mod park {
    //! Sleeps by parking the thread.

    use core::future::Future;
    use core::pin::Pin;
    use core::task::{Context, Poll};
    use std::thread;
    use std::time::Instant;

    use super::thread_waker::thread_waker;

    /// Looks before the thread sleeps, each after a pause of twice as many instructions as the one before.
    const LOOKS: u32 = 7;

    /// And looks after that, each after others had a chance to use the processor.
    const YIELDS: u32 = 4;

    /// Polls until the future is ready, and sleeps in between; `None` if the deadline came first.
    ///
    /// `is_cheap` says that it may be polled some more before each sleep: a few microseconds in which most waits of threads
    /// that work hand in hand end, and which spare both of them the kernel.
    pub(super) fn drive<F: Future>(
        mut future: Pin<&mut F>,
        deadline: Option<Instant>,
        is_cheap: bool,
    ) -> Option<F::Output> {
        let waker = thread_waker();
        let mut cx = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                return Some(output);
            }
            let looks = if is_cheap { LOOKS + YIELDS } else { 0 };
            for look in 0..looks {
                if look < LOOKS {
                    (0..1 << look).for_each(|_| core::hint::spin_loop());
                } else {
                    thread::yield_now();
                }
                if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                    return Some(output);
                }
            }
            // A wake between the poll and here has left its mark, and the park returns at once. So may a park that
            // somebody else's unpark ends: the poll tells.
            match deadline {
                None => thread::park(),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return None;
                    }
                    thread::park_timeout(left);
                }
            }
        }
    }
}

#[cfg(any(loom, shuttle))]
mod park {
    //! The executor of the model; it knows no time.

    use core::future::Future;
    use core::pin::Pin;
    use std::time::Instant;

    #[cfg(loom)]
    use loom::future::block_on;
    #[cfg(not(loom))]
    use shuttle::future::block_on;

    pub(super) fn drive<F: Future>(
        future: Pin<&mut F>,
        _deadline: Option<Instant>,
        _is_cheap: bool,
    ) -> Option<F::Output> {
        Some(block_on(future))
    }
}

use core::future::Future;
use core::pin::pin;
use std::time::{Duration, Instant};

/// Runs a future to completion on this thread, which sleeps while there is nothing to do.
///
/// Nothing is allocated. The thread sleeps with [`std::thread::park`], so an unpark from elsewhere costs one poll more, and
/// one that is meant for the thread's own use of `park` may be consumed here.
///
/// ```
/// use sync_prims::blocking::block_on;
///
/// assert_eq!(block_on(async { 6 * 7 }), 42);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    let future = pin!(future);
    park::drive(future, None, false).expect("without a deadline there is no other end")
}

/// Runs a future for at most so long; `None`, and the future is dropped, if it is not ready by then.
///
/// The future is polled at least once, a timeout of zero included.
///
/// ```
/// use std::time::Duration;
///
/// use sync_prims::{Semaphore, blocking::block_on_timeout};
///
/// let permits = Semaphore::new(0);
/// assert!(block_on_timeout(permits.acquire(), Duration::from_millis(1)).is_none());
/// ```
pub fn block_on_timeout<F: Future>(future: F, timeout: Duration) -> Option<F::Output> {
    let future = pin!(future);
    // A time that the clock cannot express never comes.
    park::drive(future, Instant::now().checked_add(timeout), false)
}

/// Runs a future until the deadline; `None`, and the future is dropped, if it is not ready by then.
///
/// The future is polled at least once, even if the deadline has passed.
pub fn block_on_deadline<F: Future>(future: F, deadline: Instant) -> Option<F::Output> {
    let future = pin!(future);
    park::drive(future, Some(deadline), false)
}

/// As [`block_on`] and, with a deadline, [`block_on_deadline`], for a future that is cheap to poll and often ready soon: before the
/// thread sleeps, it polls a few times more, for a few microseconds.
///
/// That is for waits between threads that work hand in hand, as those of a channel. The wait of a future that does work in
/// every poll is better off with `block_on`.
pub fn spin_then_block_on<F: Future>(future: F, deadline: Option<Instant>) -> Option<F::Output> {
    let future = pin!(future);
    park::drive(future, deadline, true)
}
