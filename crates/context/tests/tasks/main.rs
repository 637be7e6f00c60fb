//! Tasks: what requirement 16 promises, and requirement 2 as far as it concerns one task.

#![allow(
    clippy::async_yields_async,
    reason = "handles and timers are passed on without being awaited"
)]

#[path = "../support/mod.rs"]
mod support;

mod abort;
mod deep_chains;
mod destructors;
mod detached_panics;
mod foreign_wakers;
mod into_remote;
mod join;
mod kept_past_the_end;
mod task_local;
mod wakers;
