//! Several contexts that share the work given to them.

mod dispatch;
mod quiescence;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

pub use dispatch::{Dispatch, LeastLoaded, PowerOfTwoChoices, RoundRobin};
pub(crate) use quiescence::Work;

use crate::builder::ContextBuilder;
use crate::context::Context;
use crate::handle::{Handle, SubmitError};
use crate::stop::Stop;
use crate::task::RemoteJoinHandle;
use crate::worker::RunError;

/// A number of contexts, each on a thread of its own, and a strategy that spreads submissions over them.
///
/// A task stays on the context that it was given to; nothing is stolen.
///
/// # Examples
///
/// ```
/// let mut scheduler = context::Scheduler::new(2);
/// let sum = scheduler.handle().submit(async { 1 + 2 }).unwrap();
/// scheduler.run().unwrap();
/// assert_eq!(sum.join_blocking().unwrap(), 3);
/// ```
pub struct Scheduler {
    contexts: Vec<Context>,
    handle: SchedulerHandle,
    started: bool,
}

/// Sets up a [`Scheduler`].
///
/// ```
/// use context::{LeastLoaded, Scheduler};
///
/// let mut scheduler = Scheduler::builder().contexts(2).dispatch(LeastLoaded).build();
/// let joined = scheduler.handle().submit(async { 1 + 1 })?;
/// // Returns when all work is done.
/// scheduler.run()?;
/// assert_eq!(joined.join_blocking()?, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SchedulerBuilder {
    contexts: usize,
    each: ContextBuilder,
    dispatch: Arc<dyn Dispatch>,
    pin: bool,
}

impl SchedulerBuilder {
    /// The number of contexts; default one for each CPU that this process may use.
    ///
    /// # Panics
    ///
    /// If `contexts` is 0.
    #[must_use]
    pub fn contexts(mut self, contexts: usize) -> Self {
        assert!(contexts > 0, "a scheduler needs at least one context");
        self.contexts = contexts;
        self
    }

    /// The settings of each context. Contexts are numbered behind the name given here.
    #[must_use]
    pub fn each(mut self, each: ContextBuilder) -> Self {
        self.each = each;
        self
    }

    /// The strategy; default [`RoundRobin`].
    #[must_use]
    pub fn dispatch(mut self, dispatch: impl Dispatch + 'static) -> Self {
        self.dispatch = Arc::new(dispatch);
        self
    }

    /// Binds each context's thread to a CPU of its own, as far as there are enough.
    #[must_use]
    pub fn pin_to_cpus(mut self, pin: bool) -> Self {
        self.pin = pin;
        self
    }

    /// Makes the scheduler. Nothing runs yet; it can be submitted to.
    pub fn build(self) -> Scheduler {
        let work = Arc::new(Work::new());
        let cpus = if self.pin {
            crate::affinity::available_cpus().unwrap_or_default()
        } else {
            Vec::new()
        };
        let contexts: Vec<_> = (0..self.contexts)
            .map(|number| {
                let mut each = self.each.clone();
                if !cpus.is_empty() {
                    each = each.cpus([cpus[number % cpus.len()]]);
                }
                each.build_numbered(number, &work)
            })
            .collect();
        let handles = contexts.iter().map(Context::handle).collect();
        let shared = Shared {
            handles,
            dispatch: self.dispatch,
            work,
            stop: Mutex::new(None),
        };
        Scheduler {
            contexts,
            handle: SchedulerHandle {
                shared: Arc::new(shared),
            },
            started: false,
        }
    }
}

impl Default for SchedulerBuilder {
    fn default() -> Self {
        Self {
            contexts: std::thread::available_parallelism().map_or(1, Into::into),
            each: ContextBuilder::new(),
            dispatch: Arc::new(RoundRobin::default()),
            pin: false,
        }
    }
}

impl fmt::Debug for SchedulerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SchedulerBuilder")
            .field("contexts", &self.contexts)
            .field("each", &self.each)
            .field("pin", &self.pin)
            .finish_non_exhaustive()
    }
}

impl Scheduler {
    /// A scheduler of `contexts` contexts with the default settings.
    ///
    /// # Panics
    ///
    /// If `contexts` is 0.
    pub fn new(contexts: usize) -> Self {
        Self::builder().contexts(contexts).build()
    }

    /// Sets up a scheduler.
    pub fn builder() -> SchedulerBuilder {
        SchedulerBuilder::default()
    }

    /// A handle for any thread.
    pub fn handle(&self) -> SchedulerHandle {
        self.handle.clone()
    }

    /// The contexts' handles, in order.
    pub fn contexts(&self) -> &[Handle] {
        &self.handle.shared.handles
    }

    /// Starts every context. If one fails to start, those that did are stopped again.
    ///
    /// # Errors
    ///
    /// What the first context to fail failed with; [`RunError::Running`] if the scheduler is started already.
    pub fn start(&mut self) -> Result<(), RunError> {
        if self.started {
            return Err(RunError::Running);
        }
        self.handle.shared.work.reopen();
        for number in 0..self.contexts.len() {
            if let Err(error) = self.contexts[number].start() {
                for context in &mut self.contexts[..number] {
                    context.notify_stop(Stop::Abort);
                    let _ = context.join();
                }
                return Err(error);
            }
        }
        self.started = true;
        Ok(())
    }

    /// Runs until all work is done: every task that was submitted or spawned has ended, work made by work included, and no
    /// [wait guard](crate::WaitGuard) is left. Starts the contexts if need be, and stops and joins them at the end.
    ///
    /// # Errors
    ///
    /// [`RunError::Stopped`] if it was stopped with work left; what a context failed with.
    pub fn run(&mut self) -> Result<(), RunError> {
        if !self.started {
            self.start()?;
        }
        let ended = self.wait();
        let live = self
            .contexts()
            .iter()
            .map(|context| context.metrics().tasks_live)
            .sum();
        self.stop_and_join(ended)?;
        match ended {
            Ended::Done => Ok(()),
            Ended::Stopped | Ended::Failed => Err(RunError::Stopped { live }),
        }
    }

    /// Asks for the end of the run, or of the next one if none is on. Returns at once; [`run`](Self::run) or
    /// [`join`](Self::join) brings it about.
    ///
    /// A [drain](Stop::Drain) ends when the work of all contexts is done, or at its deadline.
    pub fn notify_stop(&self, stop: Stop) {
        self.handle.notify_stop(stop);
    }

    /// Waits until the work is done, or until a stop that was asked for is due.
    fn wait(&self) -> Ended {
        let shared = &self.handle.shared;
        let failed = || self.contexts.iter().any(Context::has_ended);
        loop {
            // Before looking at what an interrupt announces: one that comes in between is not lost.
            let interrupts = shared.work.interrupts();
            let stop = *shared.stop.lock().unwrap_or_else(PoisonError::into_inner);
            let until = match stop {
                Some((Stop::Abort, _)) => return Ended::Stopped,
                Some((Stop::Drain { .. }, deadline)) => deadline,
                None => None,
            };
            if until.is_some_and(|deadline| Instant::now() >= deadline) {
                return Ended::Stopped;
            }
            if failed() {
                return Ended::Failed;
            }
            if shared.work.wait(interrupts, until) {
                return Ended::Done;
            }
        }
    }

    fn stop_and_join(&mut self, ended: Ended) -> Result<(), RunError> {
        let stop = match ended {
            // No share is held, so no task is live: there is nothing to drain.
            Ended::Done => Stop::Drain { deadline: None },
            Ended::Stopped | Ended::Failed => Stop::Abort,
        };
        self.handle.shared.work.close();
        self.request_stop(stop);
        let mut result = Ok(());
        for context in &mut self.contexts {
            let joined = context.join();
            if result.is_ok() {
                result = joined;
            }
        }
        self.started = false;
        let shared = &self.handle.shared;
        *shared.stop.lock().unwrap_or_else(PoisonError::into_inner) = None;
        result
    }

    fn request_stop(&self, stop: Stop) {
        for context in &self.contexts {
            context.notify_stop(stop);
        }
    }

    /// Waits for a stop that was asked for, then stops and joins every context. Without a
    /// [`notify_stop`](Self::notify_stop) it waits until all work is done, like [`run`](Self::run). Then the scheduler can
    /// be started again. Nothing to do if it is not started.
    ///
    /// # Errors
    ///
    /// What the first context that failed ended with; all are joined.
    pub fn join(&mut self) -> Result<(), RunError> {
        if !self.started {
            return Ok(());
        }
        let ended = self.wait();
        self.stop_and_join(ended)
    }
}

/// What ended a scheduler's run.
#[derive(Clone, Copy)]
enum Ended {
    Done,
    Stopped,
    Failed,
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scheduler")
            .field("contexts", &self.contexts)
            .field("started", &self.started)
            .finish()
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.handle.shared.work.close();
        if self.started {
            // All at once, before each context's own drop waits for it.
            self.request_stop(Stop::Abort);
        }
    }
}

/// A handle to a scheduler, for any thread. A clone refers to the same scheduler.
///
/// ```
/// use context::{Scheduler, Stop};
///
/// let mut scheduler = Scheduler::new(2);
/// scheduler.start()?;
/// let handle = scheduler.handle();
/// let squares: Vec<_> = std::thread::spawn(move || {
///     let squares = (1..=4).map(|n: u32| handle.submit(async move { n * n }));
///     let squares = squares.collect::<Result<_, _>>();
///     // What was submitted is done before the contexts end.
///     handle.notify_stop(Stop::Drain { deadline: None });
///     squares
/// })
/// .join()
/// .expect("nothing panics there")?;
/// scheduler.join()?;
/// let sum: u32 = squares.into_iter().map(|square| square.join_blocking().unwrap()).sum();
/// assert_eq!(sum, 30);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SchedulerHandle {
    shared: Arc<Shared>,
}

struct Shared {
    handles: Vec<Handle>,
    dispatch: Arc<dyn Dispatch>,
    work: Arc<Work>,
    /// The stop that was asked for in this run, and when a drain becomes an abort.
    stop: Mutex<Option<(Stop, Option<Instant>)>>,
}

impl SchedulerHandle {
    /// The contexts' handles, in order.
    pub fn contexts(&self) -> &[Handle] {
        &self.shared.handles
    }

    /// The context that the strategy chooses for the next submission.
    pub fn choose(&self) -> &Handle {
        let handles = &self.shared.handles;
        &handles[self.shared.dispatch.choose(handles) % handles.len()]
    }

    /// Submits a future to the context that the strategy chooses; see [`Handle::submit`].
    ///
    /// # Errors
    ///
    /// As [`Handle::submit`].
    #[track_caller]
    pub fn submit<F>(&self, future: F) -> Result<RemoteJoinHandle<F::Output>, SubmitError<F>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.choose().submit_at(future, None, Location::caller())
    }

    /// Has the context that the strategy chooses make a future and run it; see [`Handle::submit_with`].
    ///
    /// # Errors
    ///
    /// As [`Handle::submit_with`].
    #[track_caller]
    pub fn submit_with<M, F>(&self, make: M) -> Result<RemoteJoinHandle<F::Output>, SubmitError<M>>
    where
        M: FnOnce() -> F + Send + 'static,
        F: Future + 'static,
        F::Output: Send + 'static,
    {
        self.choose().submit_with(make)
    }

    /// Asks for the end of the run; see [`Scheduler::notify_stop`].
    pub fn notify_stop(&self, stop: Stop) {
        let deadline = match stop {
            Stop::Drain { deadline } => {
                deadline.and_then(|after| Instant::now().checked_add(after))
            }
            Stop::Abort => None,
        };
        {
            let mut asked = self
                .shared
                .stop
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            // An abort is never taken back.
            if !matches!(*asked, Some((Stop::Abort, _))) {
                *asked = Some((stop, deadline));
            }
        }
        self.shared.work.interrupt();
    }
}

impl fmt::Debug for SchedulerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SchedulerHandle")
            .field("contexts", &self.shared.handles)
            .finish()
    }
}
