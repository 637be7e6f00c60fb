//! Reading and writing streams of bytes, whatever they are.
//!
//! [`AsyncRead`] and [`AsyncWrite`] are what sockets, pipes, terminals and the like have in common. They work on buffers
//! that the caller hands over and gets back ([`BufResult`](crate::BufResult)), or that the stream brings along
//! ([`recv`](AsyncRead::recv)).
//!
//! On top of them: [`BufReader`] and [`Lines`], [`BufWriter`], [`copy()`], and with the feature `codec` the frames of
//! `Framed`. [`stdin`], [`stdout`] and [`stderr`] are the streams that a process begins with.

// `read.rs` and `write.rs` are the traits; `streams.rs` has them for everything over a socket, pipes and standard streams
// included, `fs::cursor` for files. All else here is written over the traits and knows no operation: an operation goes the way
// of the stream below, as `net/mod.rs` tells.

mod buf_reader;
mod buf_writer;
mod chain;
#[cfg(feature = "codec")]
mod codec;
mod copy;
#[cfg(feature = "futures")]
mod line_stream;
mod lines;
mod read;
mod stdio;
mod streams;
mod take;
mod write;

pub use buf_reader::BufReader;
pub use buf_writer::BufWriter;
pub use chain::Chain;
#[cfg(feature = "codec")]
pub use codec::{Framed, FramedRead, FramedWrite};
pub use copy::copy;
#[cfg(feature = "futures")]
pub use line_stream::LineStream;
pub use lines::Lines;
pub use read::AsyncRead;
pub use stdio::{StandardOutput, Stdin, stderr, stdin, stdout};
pub use take::Take;
pub use write::AsyncWrite;
