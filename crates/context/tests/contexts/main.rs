//! Contexts: requirements 1 to 10, 12 to 14, 18 and 19, as far as one context shows them.

#![allow(
    clippy::async_yields_async,
    reason = "handles and timers are passed on without being awaited"
)]

#[path = "../support/mod.rs"]
mod support;

mod bounded;
mod fairness;
mod lifecycle;
mod local_state;
mod metrics;
mod misuse;
mod outside;
mod rings;
mod stall;
mod stop_callback;
mod stopping;
mod submissions;
mod timers;
mod wait_guards;
mod wakeups;
