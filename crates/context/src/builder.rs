//! How a context is set up.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use uring_engine::EngineConfig;

use crate::blocking::BlockingPool;
use crate::context::Context;
use crate::core::Core;
use crate::driver::DriverChoice;
use crate::scheduler::Work;
use crate::stall::StallReport;

/// Called on the worker thread when its run has ended.
pub(crate) type StopCallback = Arc<dyn Fn() + Send + Sync>;
/// Called on the worker thread with what stands still.
pub(crate) type StallCallback = Arc<dyn Fn(&StallReport) + Send + Sync>;

/// Called on the worker thread with the run.
pub(crate) type AroundCallback = Arc<dyn Fn(&mut dyn FnMut()) + Send + Sync>;

/// A context's fixed settings.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) name: Arc<str>,
    pub(crate) engine: EngineConfig,
    pub(crate) batch: u32,
    pub(crate) capacity: Option<usize>,
    pub(crate) cpus: Option<Vec<usize>>,
    pub(crate) spin: Duration,
    pub(crate) stall_after: Option<Duration>,
    pub(crate) on_stall: Option<StallCallback>,
    pub(crate) on_stop: Option<StopCallback>,
    pub(crate) around: Option<AroundCallback>,
    pub(crate) blocking: BlockingPool,
    pub(crate) driver: DriverChoice,
    pub(crate) task_times: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            name: "context".into(),
            engine: EngineConfig::default(),
            batch: 256,
            capacity: None,
            cpus: None,
            spin: Duration::from_micros(50),
            stall_after: Some(Duration::from_secs(5)),
            on_stall: None,
            on_stop: None,
            around: None,
            blocking: BlockingPool::default(),
            driver: DriverChoice::default(),
            task_times: false,
        }
    }
}

/// Sets up a [`Context`], or the contexts of a [`Scheduler`](crate::Scheduler).
///
/// # Examples
///
/// ```
/// let mut context = context::ContextBuilder::new().name("worker").batch(128).build();
/// assert_eq!(context.block_on(async { 7 }).unwrap(), 7);
/// ```
#[derive(Clone, Default)]
pub struct ContextBuilder {
    config: Config,
}

impl ContextBuilder {
    /// The default settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// The name of the context and of its thread. Linux shows the first 15 bytes of a thread's name.
    #[must_use]
    pub fn name(mut self, name: impl Into<Arc<str>>) -> Self {
        self.config.name = name.into();
        self
    }

    /// How the context's ring is set up.
    ///
    /// The environment variable `CORIO_WITHOUT` adds to [`EngineConfig::without`], for all contexts: names with commas between
    /// them, such as `OP_SEND_ZC,SINGLE_ISSUER`, of what they are to do without, to rehearse an older kernel. A name that
    /// means nothing keeps them from starting. Where something is withheld or missing that a context needs, it
    /// runs on epoll, unless the ring was [insisted on](Self::driver).
    #[must_use]
    pub fn engine(mut self, engine: EngineConfig) -> Self {
        self.config.engine = engine;
        self
    }

    /// The most tasks that run before the context looks at completions, timers and other threads again. Default 256.
    ///
    /// # Panics
    ///
    /// If `tasks` is 0.
    #[must_use]
    pub fn batch(mut self, tasks: u32) -> Self {
        assert!(
            tasks > 0,
            "a batch of no tasks would never run any: use 1 or more"
        );
        self.config.batch = tasks;
        self
    }

    /// Bounds the submitted tasks that wait for the context to take them up; default unbounded. A bounded context refuses
    /// a submission without room, or has it wait; see [`BoundedHandle`](crate::BoundedHandle).
    ///
    /// # Panics
    ///
    /// If `tasks` is 0.
    #[must_use]
    pub fn capacity(mut self, tasks: usize) -> Self {
        assert!(
            tasks > 0,
            "a context with room for no task could never be given one: use 1 or more"
        );
        self.config.capacity = Some(tasks);
        self
    }

    /// Binds the context's thread to these CPUs while it runs.
    #[must_use]
    pub fn cpus(mut self, cpus: impl IntoIterator<Item = usize>) -> Self {
        self.config.cpus = Some(cpus.into_iter().collect());
        self
    }

    /// The longest that the context looks at its inbox before it goes to sleep, where that pays: after a sleep, shorter than
    /// this, that another thread ended. A context that waits for I/O or timers does not spin. Zero never spins. Default
    /// 50 µs, about what a sleep and a wake-up cost on a virtual machine.
    #[must_use]
    pub fn spin(mut self, longest: Duration) -> Self {
        self.config.spin = longest;
        self
    }

    /// How long a run may stand still (live tasks, nothing runnable, no I/O, no timer, no guard) before it is reported;
    /// `None` never. Default 5 s.
    #[must_use]
    pub fn stall_after(mut self, time: Option<Duration>) -> Self {
        self.config.stall_after = time;
        self
    }

    /// Called on the worker thread, once for each stall, instead of printing the report to standard error.
    #[must_use]
    pub fn on_stall(mut self, callback: impl Fn(&StallReport) + Send + Sync + 'static) -> Self {
        self.config.on_stall = Some(Arc::new(callback));
        self
    }

    /// Called once for each run, on the worker thread, after the last task has ended and the ring is closed. No context is
    /// current in it.
    #[must_use]
    pub fn on_stop(mut self, callback: impl Fn() + Send + Sync + 'static) -> Self {
        self.config.on_stop = Some(Arc::new(callback));
        self
    }

    /// Calls a function on the worker thread for each run, with what runs the context: for what has to be in force on that thread
    /// as long as tasks are polled and dropped, such as another runtime's guard. It calls its argument once.
    ///
    /// A context that [another event loop drives](crate::Driven) does without.
    ///
    /// ```
    /// use std::cell::Cell;
    ///
    /// thread_local! { static LEVEL: Cell<u32> = const { Cell::new(0) } }
    ///
    /// let mut context = context::ContextBuilder::new()
    ///     .around(|run| {
    ///         LEVEL.set(1);
    ///         run();
    ///         LEVEL.set(0);
    ///     })
    ///     .build();
    /// assert_eq!(context.block_on(async { LEVEL.get() }).unwrap(), 1);
    /// assert_eq!(LEVEL.get(), 0);
    /// ```
    #[must_use]
    pub fn around(mut self, function: impl Fn(&mut dyn FnMut()) + Send + Sync + 'static) -> Self {
        self.config.around = Some(Arc::new(function));
        self
    }

    /// The pool that [`spawn_blocking`](crate::spawn_blocking) uses. A clone of a pool is the same pool, so contexts can
    /// share one.
    #[must_use]
    pub fn blocking_pool(mut self, pool: BlockingPool) -> Self {
        self.config.blocking = pool;
        self
    }

    /// What the context does its I/O with. By default io_uring, and where that cannot be had, epoll; the context's setup report
    /// says which, and why.
    #[must_use]
    pub fn driver(mut self, driver: DriverChoice) -> Self {
        self.config.driver = driver;
        self
    }

    /// Keeps, for each task, the time that its polls take: [`TaskInfo::busy`](crate::inspect::TaskInfo::busy). Costs two looks at
    /// the clock for each poll, and an allocation for each task. Default no.
    #[must_use]
    pub fn task_times(mut self, keep: bool) -> Self {
        self.config.task_times = keep;
        self
    }

    /// Makes the context. Nothing runs yet, and no ring exists; it can be submitted to.
    pub fn build(self) -> Context {
        Context::from_core(Core::create(self.config, None))
    }

    /// Makes one of a scheduler's contexts.
    pub(crate) fn build_numbered(&self, number: usize, work: &Arc<Work>) -> Context {
        let mut config = self.config.clone();
        config.name = format!("{}-{number}", config.name).into();
        Context::from_core(Core::create(config, Some(work.clone())))
    }
}

impl fmt::Debug for ContextBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextBuilder")
            .field("name", &self.config.name)
            .field("engine", &self.config.engine)
            .field("batch", &self.config.batch)
            .field("capacity", &self.config.capacity)
            .field("cpus", &self.config.cpus)
            .field("stall_after", &self.config.stall_after)
            .finish_non_exhaustive()
    }
}
