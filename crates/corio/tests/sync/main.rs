//! The primitives on contexts: the acceptance grids at full size, and where and when a woken task runs.

mod event;
mod home;
mod support;
