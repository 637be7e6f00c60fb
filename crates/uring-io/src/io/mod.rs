//! Reading and writing streams of bytes, whatever they are.
//!
//! [`AsyncRead`] and [`AsyncWrite`] are what sockets, pipes, terminals and the like have in common. They work on buffers
//! that the caller hands over and gets back ([`BufResult`](crate::BufResult)), or that the stream brings along
//! ([`recv`](AsyncRead::recv)).

mod chain;
mod read;
mod streams;
mod take;
mod write;

pub use chain::Chain;
pub use read::AsyncRead;
pub use take::Take;
pub use write::AsyncWrite;
