//! Contexts: a thread, a driver and a run queue each; tasks, timers and the scheduler over them.
//!
//! A [`Context`] runs tasks on one thread, over one io_uring. A [`Scheduler`] is several contexts and a strategy that
//! spreads submissions over them. A task belongs to one context for life: [`spawn`] puts a future, which need not
//! be `Send`, on the current context; [`Handle::submit`] gives a `Send` one to a context from any thread.
//!
//! ```
//! let total = context::block_on(async {
//!     let (a, b) = context::when_all((async { 1 }, async { 2 })).await;
//!     a + b
//! }).unwrap();
//! assert_eq!(total, 3);
//! ```
//!
//! # Features
//!
//! | Feature | Default | What it adds |
//! |---|---|---|
//! | `futures` | | `Spawner`, and `Spawn` for [`Handle`]; [`Interval`] as a stream |
//! | `serde` | | snapshots of [`inspect`] as JSON, and as anything else that `serde` knows |
//! | `trace-waits` | | [`inspect`]`::traced`: what tasks wait on that the context does not know, such as channels and locks, and where |
//! | `tracing` | | a span for each task, entered around its polls (target `context::task`, level `DEBUG`); the reports of [`watchdog`] as events |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod affinity;
mod blocking;
mod builder;
mod context;
mod core;
mod current;
mod driven;
mod driver;
mod guard;
mod handle;
mod inbox;
pub mod inspect;
mod metrics;
mod parallel;
mod published;
mod report;
mod room;
mod run_queue;
mod scheduler;
mod sleep_state;
#[cfg(feature = "futures")]
mod spawner;
mod spin;
mod stall;
mod stop;
mod sync;
mod table;
mod task;
mod thread_park;
mod timer;
pub mod watchdog;
mod when;
mod worker;

pub use affinity::{AffinityError, available_cpus, pin_current_thread};
pub use blocking::{BlockingConfig, BlockingError, BlockingPool, BlockingTask, PanicPayload};
pub use builder::ContextBuilder;
pub use context::{Context, block_on};
pub use current::{
    OutsideContext, driver, handle, in_context, local_state, others_runnable, spawn,
    spawn_blocking, spawn_named, task_id, try_driver, try_handle, try_spawn,
};
pub use driven::{Driven, Next};
#[cfg(not(loom))]
pub use driver::call_operation;
pub use driver::{Driver, DriverChoice};
pub use guard::{Ended, WaitGuard};
pub use handle::{BoundedHandle, Handle, Submission, SubmitError};
pub use inspect::{TaskInfo, TaskState};
pub use metrics::Metrics;
pub use parallel::{parallel_map, parallel_reduce};
pub use scheduler::{
    Dispatch, LeastLoaded, PowerOfTwoChoices, RoundRobin, Scheduler, SchedulerBuilder,
    SchedulerHandle,
};
#[cfg(feature = "futures")]
pub use spawner::Spawner;
pub use stall::StallReport;
pub use stop::Stop;
pub use task::{
    AbortHandle, JoinError, JoinHandle, RemoteJoinHandle, TaskId, TaskLocal, YieldNow, yield_now,
};
pub use timer::{
    Elapsed, Interval, MissedTickBehavior, Sleep, Tick, Timeout, interval, interval_at, sleep,
    sleep_until, timeout, timeout_at,
};
pub use when::{
    Group, OneOf1, OneOf2, OneOf3, OneOf4, OneOf5, OneOf6, OneOf7, OneOf8, OneOf9, OneOf10,
    OneOf11, OneOf12, WhenAll, WhenAny, when_all, when_all_iter, when_any, when_any_iter,
};
pub use worker::RunError;

/// Compiles what the README shows.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
