//! A context that another event loop drives.

use std::fmt;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::ptr::NonNull;
use std::time::Duration;

use crate::context::Context;
use crate::core::Core;
use crate::current::{self, Entered};
use crate::handle::Handle;
use crate::worker::{Left, RunError, Sleeps, Worker};

/// A context on a thread that has an event loop already: another runtime's, or that of a user interface.
///
/// The other loop calls [`turn`](Self::turn) as long as there is work, and then waits for the [descriptor](AsRawFd) to become
/// readable. The context is current on the thread within [`turn`](Self::turn) and [`enter`](Self::enter), and at no other time;
/// its handles, tasks, joins and sockets work as ever, and other threads wake it as they would wake any context.
///
/// Outside of them its thread is a stranger to it, and the only one that could turn it: what blocks there until the context has done
/// something, such as [`RemoteJoinHandle::join_blocking`](crate::RemoteJoinHandle::join_blocking), blocks for ever, and a
/// [snapshot](crate::inspect) is waited for in vain. Ask for one within [`enter`](Self::enter).
///
/// It ends as a started context does: by [`Handle::notify_stop`], or when it is dropped, which aborts what is left.
///
/// Its ring is set up without `DEFER_TASKRUN`, because the descriptor of one with it does not tell of completions. On a ring that has
/// to be polled (`IOPOLL`) there is always work, so its thread never waits.
///
/// # Examples
///
/// A loop that sleeps in `poll(2)`:
///
/// ```
/// use context::{Context, Next, Stop};
/// use std::os::fd::AsRawFd;
///
/// let mut driven = Context::new().into_driven()?;
/// let handle = driven.handle();
/// driven.enter(|| {
///     context::spawn(async move {
///         context::sleep(std::time::Duration::from_millis(5)).await;
///         handle.notify_stop(Stop::Abort);
///     })
///     .detach();
/// });
/// loop {
///     match driven.turn()? {
///         Next::Work => {}
///         Next::Wait(limit) => {
///             // Rounded up: a loop that wakes too early turns in vain.
///             let limit = limit.map_or(-1, |limit| limit.as_millis() as i32 + 1);
///             let mut wanted = libc::pollfd { fd: driven.as_raw_fd(), events: libc::POLLIN, revents: 0 };
///             // SAFETY: one descriptor, that lives across the call.
///             unsafe { libc::poll(&mut wanted, 1, limit) };
///         }
///         Next::Ended => break,
///     }
/// }
/// # Ok::<(), context::RunError>(())
/// ```
pub struct Driven {
    /// `None` when the run has been taken down, which the drop does.
    worker: Option<Worker<'static>>,
    descriptor: RawFd,
    ended: bool,
    /// Keeps the core that the worker works on.
    context: Context,
}

/// What a [`turn`](Driven::turn) leaves to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it says whether the thread may wait"]
pub enum Next {
    /// There is more: turn again, after what else the thread has to do.
    Work,
    /// Nothing until the descriptor is readable, or this time is over. (`None`: there is no limit.) A turn that comes
    /// earlier does no harm.
    Wait(Option<Duration>),
    /// The run has ended.
    Ended,
}

impl Context {
    /// Binds the context to the calling thread and to an event loop of somebody else's; see [`Driven`].
    ///
    /// # Errors
    ///
    /// [`RunError::Running`] if it is started, [`RunError::Nested`] inside a context; what setting up the ring failed with. The
    /// context is dropped, with what was submitted to it.
    pub fn into_driven(self) -> Result<Driven, RunError> {
        self.idle()?;
        let core: *const Core = self.core();
        // SAFETY: idle, so bound nowhere, and nobody else can bind it, as the context is moved into the `Driven`. The borrow is
        // as long as it has to be: the core is on the heap, and the context, which keeps it there, is dropped after the
        // worker is finished. A `Driven` that is forgotten keeps it for ever.
        let worker = unsafe { Worker::bind(&*core, Sleeps::Outside) }?;
        // Bound, but current in its turns only.
        current::set(None);
        let descriptor = worker.descriptor();
        Ok(Driven {
            worker: Some(worker),
            descriptor,
            ended: false,
            context: self,
        })
    }
}

impl Driven {
    /// Does what there is to do, without waiting: at most one batch of tasks, the timers that are due, and one call of the kernel.
    ///
    /// # Errors
    ///
    /// [`RunError::Stopped`] if tasks were left at the deadline of a [`Stop::Drain`](crate::Stop::Drain), [`RunError::Driver`] if
    /// the ring failed. The run has ended then: what is left is aborted when this value is dropped.
    pub fn turn(&mut self) -> Result<Next, RunError> {
        if self.ended {
            return Ok(Next::Ended);
        }
        let _current = self.make_current();
        let left = self
            .worker
            .as_mut()
            .map_or(Ok(Left::Ended), Worker::turn_outside);
        self.ended = matches!(left, Err(_) | Ok(Left::Ended));
        Ok(match left? {
            Left::Work => Next::Work,
            Left::Wait(limit) => Next::Wait(limit),
            Left::Ended => Next::Ended,
        })
    }

    /// Calls a function in the context: it may [`spawn`](crate::spawn), and make what belongs to the context. There has to be a
    /// [`turn`](Self::turn) afterwards, before the thread waits. Sockets and operations that have left the context's tasks are to be
    /// used and dropped here, too.
    pub fn enter<R>(&mut self, function: impl FnOnce() -> R) -> R {
        let _current = self.make_current();
        function()
    }

    /// A handle for other threads.
    pub fn handle(&self) -> Handle {
        self.context.handle()
    }

    fn make_current(&self) -> Entered {
        // SAFETY: the core is bound to this thread, which a `Driven` never leaves, until the drop.
        unsafe { current::enter(NonNull::from(self.context.core())) }
    }
}

impl AsFd for Driven {
    /// As [`as_raw_fd`](AsRawFd::as_raw_fd).
    fn as_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: the driver closes it when it is shut down, which is done by the drop alone. The driver of a worker that was
        // just bound has one.
        unsafe { BorrowedFd::borrow_raw(self.descriptor) }
    }
}

impl AsRawFd for Driven {
    /// The descriptor that becomes readable when there is something to do, while the thread [waits](Next::Wait). It is the
    /// same one all the time, and is closed when the value is dropped. Somebody who asks for edges (`EPOLLET`) forgets the last
    /// one before a turn, not after it.
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor
    }
}

impl Drop for Driven {
    fn drop(&mut self) {
        let Some(worker) = self.worker.take() else {
            return;
        };
        let _current = self.make_current();
        worker.finish();
        self.context.core().stop.reset();
    }
}

impl fmt::Debug for Driven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driven")
            .field("context", &self.context)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
