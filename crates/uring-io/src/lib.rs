//! Sockets, files and time on the current context.
//!
//! [`net`] has listeners, streams and datagram sockets, [`fs`] files, [`pipe`] pipes, [`process`] child processes,
//! [`signal`] signals, [`io`] what streams of bytes have in common and those that a process begins with, and [`time`]
//! waiting, deadlines and ticks.
//!
//! # Buffers
//!
//! The kernel works on a buffer while nobody looks, so an operation owns its buffer and gives it back with the result:
//! [`BufResult`] is the pair. [`IoBuf`] and [`IoBufMut`] say what can be a buffer; [`Slice`] is a part of one.
//! [`Stream::recv`](net::Stream::recv) needs none: it hands out a buffer of the context, which holds memory only for
//! connections that have something to say.
//!
//! # Dropping a future
//!
//! | Operation | Dropped before it is done |
//! |---|---|
//! | `recv`, `read` on a stream or pipe | no byte is lost: what arrives is what the next one begins with |
//! | `write`, `write_all` on a stream or pipe | once polled, the buffer is sent whole, in order, before any later write |
//! | `read_vectored`, `read_exact`, `peek`, `recv_many` | no byte is lost, as with `read` |
//! | `write_vectored`, `write_all_vectored`, on a pipe too | as `write` and `write_all` |
//! | `send_zc`, `write_all_zero_copy` | as `write` and `write_all`; the memory is freed when the network is done with it |
//! | `send_file` | it ends with the piece (up to 64 KiB) that was begun, which is sent whole, before any later write |
//! | `copy_bidirectional` | nothing is lost: what was received is on its way |
//! | `cancel` of an operation | the operation stays cancelled; a read loses no byte, a write does not say how far it came |
//! | `recv`, `recv_many`, `recv_from`, `peek_from` on a datagram socket | no datagram is lost: the next one returns it, whole and in order |
//! | `send`, `send_to`, also with descriptors, on a datagram socket | the datagram is sent whole or not at all, before any later one; the buffer is freed once the kernel is done with it |
//! | `read_with_descriptors` | neither byte nor descriptor is lost: the next one returns them |
//! | `write_all_with_descriptors` | as `write_all`, descriptors included |
//! | `into_detached`, `into_std` of a listener | what dropping the stream or listener does |
//! | `dispatch`, `serve` of a listener | no connection is lost, except one that waits for room on a full context |
//! | `accept`, `accept_detached` | no connection is lost: the next one returns it |
//! | `connect`, `open` | the descriptor is closed |
//! | `read_at` and the like | nothing happens; the buffer is freed once the kernel is done with it |
//! | `write_at` and the like, chains of them | all, a part or nothing is written; the buffer is freed once the kernel is done with it |
//! | `sync_all`, `set_len`, `rename` and the like | it may or may not happen; on the blocking pool (`set_permissions`, `remove_dir_all`), it does |
//! | `read` on a `FileCursor` | the position does not move |
//! | `write`, `write_all` on a `FileCursor` | once polled, the buffer is written whole, before any later operation, which tells of an error |
//! | `next_entry` of a directory | no entry is lost |
//! | `lock` on a file | a lock that comes too late is given up |
//! | `Child::wait`, `Signal::recv` | nothing is lost: the next one tells the same |
//! | `next` of a stream of connections, lines, signals or entries | nothing is lost: the next one returns it |
//! | the operations of `BufReader`, `Lines`, `FramedRead` | no byte, line or frame is lost |
//! | `flush` of a `BufWriter`, `send` of a `FramedWrite` | nothing is lost and no frame torn, over a stream or pipe |
//! | `shutdown` on a stream | it has no effect, or comes too late |
//! | `close` | what dropping the stream, listener or file does |
//!
//! A timeout and a `select` drop futures too, and so mean the same. `docs/cancel-safety.md` in the repository has each row with the
//! test that shows it, beside what other runtimes do.
//!
//! # The end of the context
//!
//! A stream, listener or file is of the context that it was made on. When that context ends, what is in flight is cancelled
//! and collected, and every descriptor that was in its tasks is closed. One that was carried out of the context still
//! closes its descriptor, but its operations fail with `ECANCELED`.
//!
//! # Features
//!
//! | Feature | Default | What it adds |
//! |---|---|---|
//! | `bytes` | | `Bytes` and `BytesMut` as buffers |
//! | `codec` | | `io::Framed`: frames, by the codecs of `tokio-util`; takes in `bytes` |
//! | `tokio` | | `compat`: streams and files under the traits of `tokio::io` |
//! | `tokio-rt` | | `compat`: contexts and a runtime of tokio, together; takes in `tokio` |
//! | `futures` | | `Stream` for connections, lines, signals and entries of directories; takes in that of `context` |
//! | `futures-io` | | `compat`: streams and files under the traits of `futures-io` |
//! | `hyper` | | `compat`: streams, spawning and time as hyper asks for them |
//!
//! A feature adds API and never changes what the rest does.
#![cfg_attr(docsrs, feature(doc_cfg))]

// How it fits together, and who owns what is in flight: docs/architecture.md, "Sockets and files". What is in no module here
// is what they share: `turns` (who is next), `budget` (giving way), `cancel` (ending an operation and learning how far it came),
// `keep`, `either` and `aside` (operations made of others), `detach` and `close` (the end), `copy` (into buffers).

mod aside;
mod budget;
mod cancel;
mod close;
#[cfg(any(feature = "tokio", feature = "futures-io", feature = "hyper"))]
pub mod compat;
mod copy;
mod detach;
mod either;
pub mod fs;
pub mod io;
mod keep;
pub mod net;
pub mod pipe;
pub mod process;
pub mod signal;
pub mod time;
mod turns;
mod twofold;

pub use cancel::{Cancel, Cancellable};
pub use uring_engine::{BufResult, IoBuf, IoBufMut, IoVecBuf, IoVecBufMut, Slice};

/// Compiles what the README shows.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
