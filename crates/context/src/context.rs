//! A context: its lifecycle as its owner sees it.

use std::fmt;
use std::future::Future;
use std::panic::{Location, resume_unwind};
use std::sync::mpsc;
use std::thread;

use crate::builder::ContextBuilder;
use crate::core::{Core, CoreRef};
use crate::current;
use crate::handle::Handle;
use crate::stop::Stop;
use crate::task::{self, TaskPtr};
use crate::worker::{self, RunError, Until};

/// One thread, one driver, one run queue.
///
/// # Lifecycle
///
/// ```text
///            ┌─ start ─▶ running on a thread of its own ─ notify_stop ─▶ stopping ─ join ─┐
///  build ─▶ idle ◀──────────────────────────────────────────────────────────────────────┘
///            └─ run, block_on: running on the calling thread until the work is done ─▶ idle
/// ```
///
/// Work can be submitted before the first run, and waits for it. A run that ends because its work is done (or that is
/// stopped) leaves nothing behind: tasks have ended, their operations are cancelled and collected, the ring is closed, the
/// thread is unbound. From then on submissions are refused, until the context is started again.
///
/// Dropping a context stops it ([`Stop::Abort`]), joins it, and drops what was submitted and never run. One that is dropped
/// by a task of its own is stopped and not joined.
pub struct Context {
    core: CoreRef,
    thread: Option<thread::JoinHandle<Result<(), RunError>>>,
}

impl Context {
    /// A context with the default settings.
    pub fn new() -> Self {
        ContextBuilder::new().build()
    }

    /// Sets up a context.
    pub fn builder() -> ContextBuilder {
        ContextBuilder::new()
    }

    pub(crate) fn from_core(core: CoreRef) -> Self {
        Self { core, thread: None }
    }

    /// A handle for other threads.
    pub fn handle(&self) -> Handle {
        Handle::from_core(&self.core)
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.core.config.name
    }

    /// True between [`start`](Self::start) and [`join`](Self::join).
    pub fn is_started(&self) -> bool {
        self.thread.is_some()
    }

    /// Runs the context on a thread of its own until it is told to stop. Returns when it takes tasks.
    ///
    /// # Errors
    ///
    /// [`RunError::Running`] if it is started already; what setting up the thread or the ring failed with.
    pub fn start(&mut self) -> Result<(), RunError> {
        if self.thread.is_some() {
            return Err(RunError::Running);
        }
        let core = self.core.clone();
        let (ready, started) = mpsc::sync_channel::<()>(1);
        let thread = thread::Builder::new()
            .name(self.core.config.name.to_string())
            .spawn(move || {
                // SAFETY: the owner starts and runs a context only when it is idle, so it is bound nowhere; the clone keeps it.
                let result = unsafe {
                    worker::run(&core, |worker| {
                        let _ = ready.send(());
                        worker.run(&Until::Stopped)
                    })
                };
                if let Some(work) = &core.work {
                    // The scheduler may be waiting for work that a failed context will not do.
                    work.interrupt();
                }
                result
            })
            .map_err(RunError::Thread)?;
        // An error: the thread ended before it was ready, and says why.
        if started.recv().is_err() {
            return thread
                .join()
                .unwrap_or_else(|payload| resume_unwind(payload));
        }
        self.thread = Some(thread);
        Ok(())
    }

    /// True if the context was started and its run is over, though its thread may not have ended quite yet.
    pub(crate) fn has_ended(&self) -> bool {
        self.thread.is_some() && self.core.guards.have_ended()
    }

    /// Runs the context on the calling thread until all work is done: no live task, nothing submitted, no
    /// [wait guard](crate::WaitGuard).
    ///
    /// # Errors
    ///
    /// [`RunError::Stopped`] if it was stopped before; [`RunError::Running`] or [`RunError::Nested`] if it cannot run
    /// here; what setting up or driving the ring failed with.
    pub fn run(&mut self) -> Result<(), RunError> {
        self.idle()?;
        // SAFETY: idle, so bound nowhere; `self` keeps it.
        let result = unsafe { worker::run(&self.core, |worker| worker.run(&Until::Idle)) };
        self.core.stop.reset();
        result
    }

    /// Runs the context on the calling thread until `future` is done. Tasks that are still alive then are aborted.
    ///
    /// The future is a task like any other, named "main"; it may borrow from the caller. Its panic goes on in the caller.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    #[track_caller]
    pub fn block_on<F: Future>(&mut self, future: F) -> Result<F::Output, RunError> {
        self.idle()?;
        let location = Location::caller();
        let mut main = None;
        // SAFETY: idle, so bound nowhere; `self` keeps it.
        let result = unsafe {
            worker::run(&self.core, |worker| {
                // SAFETY: `worker::run` ends every task before it returns, so the future, which may borrow from the caller of
                // `block_on`, is gone before its borrows end. The output stays with `main`, which is local.
                let main = main.insert(worker.core().spawn_borrowing(
                    future,
                    Some("main".into()),
                    location,
                ));
                worker.run(&Until::Done(&|| main.is_finished()))
            })
        };
        self.core.stop.reset();
        let Some(main) = main else {
            result?;
            unreachable!("a run that succeeded has spawned its main task");
        };
        match task::output_of_finished(main) {
            Ok(output) => Ok(output),
            Err(error) if error.is_panic() => error.resume(),
            Err(_) => Err(result.err().unwrap_or(RunError::Stopped { live: 1 })),
        }
    }

    /// True on the context's own thread.
    fn is_here(&self) -> bool {
        self.thread
            .as_ref()
            .is_some_and(|thread| thread.thread().id() == thread::current().id())
    }

    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    pub(crate) fn idle(&self) -> Result<(), RunError> {
        if self.thread.is_some() {
            return Err(RunError::Running);
        }
        if current::is_bound() {
            return Err(RunError::Nested);
        }
        Ok(())
    }

    /// Asks the run to stop, and wakes it if it sleeps. Returns at once; [`join`](Self::join) waits.
    pub fn notify_stop(&self, stop: Stop) {
        self.handle().notify_stop(stop);
    }

    /// Waits for a started context to end its run. Without a [`notify_stop`](Self::notify_stop) it may wait for ever. Nothing
    /// to do if it is not started.
    ///
    /// # Errors
    ///
    /// What the run ended with; [`RunError::Nested`] if one of the context's own tasks calls this, as it cannot wait for
    /// itself.
    pub fn join(&mut self) -> Result<(), RunError> {
        if self.is_here() {
            return Err(RunError::Nested);
        }
        let Some(thread) = self.thread.take() else {
            return Ok(());
        };
        let result = thread
            .join()
            .unwrap_or_else(|payload| resume_unwind(payload));
        self.core.stop.reset();
        result
    }
}

impl Default for Context {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if self.thread.is_some() {
            self.notify_stop(Stop::Abort);
            if self.is_here() {
                // Dropped by a task of its own: the thread takes the context down when that task gives way.
                return;
            }
            if let Err(error) = self.join() {
                crate::report::line(format_args!("context: {}: {error}", self.name()));
            }
        }
        drop_unrun(&self.core);
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("name", &self.name())
            .field("id", &self.core.id)
            .field("started", &self.is_started())
            .finish_non_exhaustive()
    }
}

/// Drops the tasks that were submitted to a context which will not run again. They are `Send`, so this thread may.
fn drop_unrun(core: &Core) {
    core.guards.set_ended(true);
    core.room.set_closed(true);
    // What drops the tasks may submit again, and is refused.
    for task in core.inbox.close() {
        // SAFETY: just taken out of the inbox of a context that will not run again.
        unsafe { task::end_unrun(TaskPtr(task)) };
        core.arrived();
        if let Some(work) = &core.work {
            work.end();
        }
    }
}

/// Runs a future on a context of its own, on this thread, with the default settings.
///
/// # Errors
///
/// [`RunError::Nested`] inside a context, or what setting up or driving the ring failed with.
#[track_caller]
pub fn block_on<F: Future>(future: F) -> Result<F::Output, RunError> {
    Context::new().block_on(future)
}
