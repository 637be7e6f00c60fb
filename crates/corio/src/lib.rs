//! corio is an async runtime for Linux on io_uring: one ring, one run queue and one thread for each context.
//!
//! This crate re-exports the others, behind features, and adds nothing but the attribute macros' run functions.
//!
//! ```
//! use corio::net::{TcpListener, TcpStream};
//!
//! #[corio::main]
//! async fn main() -> std::io::Result<()> {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!     let server = corio::spawn(async move {
//!         let (stream, _peer) = listener.accept().await?;
//!         while let Some(bytes) = stream.recv().await? {
//!             stream.write_all(bytes).await.0?;
//!         }
//!         stream.close().await
//!     });
//!
//!     let stream = TcpStream::connect(address).await?;
//!     stream.write_all("hello").await.0?;
//!     let echoed = stream.recv().await?.expect("not the end");
//!     assert_eq!(&*echoed, b"hello");
//!     stream.close().await?;
//!     server.await.expect("no panic")
//! }
//! ```
//!
//! # Features
//!
//! | Feature | Default | What it adds | From |
//! |---|---|---|---|
//! | `context` | yes | contexts, tasks, timers, the scheduler | `context` |
//! | `io` | yes | `net`, `fs`, `io`, `pipe`, `process`, `signal`, `time` | `uring-io` |
//! | `bytes` | | buffers of the `bytes` crate | `uring-io`, `uring-engine` |
//! | `codec` | | `io::Framed`: frames, by the codecs of `tokio-util` | `uring-io` |
//! | `tokio` | | `compat`: streams and files under the traits of `tokio::io` | `uring-io` |
//! | `tokio-rt` | | `compat`: contexts and a runtime of tokio, together | `uring-io` |
//! | `futures` | | `Stream`, `Sink`, `Spawn` and `LocalSpawn` of the futures family, for what is one; `Spawner` | `context`, `uring-io`, `channel` |
//! | `futures-io` | | `compat`: streams and files under the traits of `futures-io` | `uring-io` |
//! | `hyper` | | `compat`: streams, spawning and time as hyper asks for them | `uring-io` |
//! | `macros` | yes | `#[corio::main]`, `#[corio::test]` | `corio-macros` |
//! | `engine` | | `engine`: the ring and its operations by themselves | `uring-engine` |
//! | `sync-prims` | | `sync`: primitives for any runtime | `sync-prims` |
//! | `channel` | | `channel`: channels for any runtime | `channel` |
//! | `serde` | | `inspect::Snapshot::to_json`, and its values as anything else that `serde` knows | `context` |
//! | `trace-waits` | | `inspect::traced`: what tasks wait on that no context knows, such as channels and locks, and where | `context` |
//! | `tracing` | | a span for each task; the watchdog's reports as events | `context` |
//! | `net-epoll-legacy` | | `epoll`: the epoll poller and its own small runtime | `net-epoll-legacy` |
//!
//! A feature adds API and never changes what the rest does.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "macros")]
mod run;

/// What the attribute macros expand to. Not for direct use.
#[cfg(feature = "macros")]
#[doc(hidden)]
pub mod __private {
    pub use crate::run::{block_on, block_on_contexts};
}

#[cfg(feature = "macros")]
#[doc(inline)]
pub use corio_macros::{main, test};
#[cfg(feature = "macros")]
pub use run::scheduler;

/// Contexts: a thread, a driver and a run queue each; tasks, timers and the scheduler over them.
#[cfg(feature = "context")]
#[doc(no_inline)]
pub use context;
#[cfg(all(feature = "context", feature = "futures"))]
#[doc(inline)]
pub use context::Spawner;
#[cfg(feature = "context")]
#[doc(inline)]
pub use context::{
    AbortHandle, Context, ContextBuilder, Handle, JoinError, JoinHandle, RemoteJoinHandle,
    RunError, Scheduler, SchedulerBuilder, SchedulerHandle, Stop, TaskLocal, block_on, handle,
    inspect, parallel_map, parallel_reduce, spawn, spawn_blocking, spawn_named, watchdog, when_all,
    when_any, yield_now,
};

#[cfg(feature = "io")]
#[doc(inline)]
pub use uring_io::{BufResult, Cancel, Cancellable, IoBuf, IoBufMut, IoVecBuf, IoVecBufMut, Slice};
#[cfg(feature = "io")]
#[doc(inline)]
pub use uring_io::{fs, io, net, pipe, process, signal, time};

#[cfg(all(
    feature = "io",
    any(feature = "tokio", feature = "futures-io", feature = "hyper")
))]
#[doc(inline)]
pub use uring_io::compat;

/// The ring and its operations by themselves.
#[cfg(feature = "engine")]
#[doc(no_inline)]
pub use uring_engine as engine;

/// Synchronisation primitives for any runtime.
#[cfg(feature = "sync-prims")]
#[doc(no_inline)]
pub use sync_prims as sync;

/// Channels for any runtime.
#[cfg(feature = "channel")]
#[doc(no_inline)]
pub use channel;

/// The epoll poller and its own small runtime.
#[cfg(feature = "net-epoll-legacy")]
#[doc(no_inline)]
pub use net_epoll_legacy as epoll;

/// Compiles what the README shows.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
