//! Sockets, files and time on the current context.

mod budget;
mod copy;
mod keep;
pub mod net;
mod turns;

pub use uring_engine::{BufResult, IoBuf, IoBufMut, Slice};
