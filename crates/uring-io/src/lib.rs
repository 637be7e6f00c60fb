//! Sockets, files and time on the current context.

mod budget;
mod copy;
pub mod fs;
mod keep;
pub mod net;
pub mod time;
mod turns;

pub use uring_engine::{BufResult, IoBuf, IoBufMut, Slice};
