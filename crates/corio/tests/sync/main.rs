//! The primitives on contexts: the acceptance grids at full size, and where and when a woken task runs.

mod barrier;
mod condvar;
mod event;
mod giving_up;
mod home;
mod latch;
mod mutex;
mod support;
mod wait_group;
mod when_all;
