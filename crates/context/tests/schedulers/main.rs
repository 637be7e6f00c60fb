//! Schedulers: requirements 7, 11 and 17, and the lifecycle of several contexts together.

#[path = "../support/mod.rs"]
mod support;

mod dispatch;
mod grid;
mod lifecycle;
mod one_context_fails;
mod parallel;
mod quiescence;
mod relay;
mod wait_guards;
