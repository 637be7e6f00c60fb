//! One io_uring per thread and the operations in flight on it: no tasks, no sockets, no primitives.
//!
//! An [`Engine`] owns a ring. An [`Operation`] is a value that the engine keeps while the kernel works on it, buffers and
//! addresses included; the [`Op`] future resolves with its output. [`Engine::turn`] submits, waits, collects and wakes.
//!
//! What the engine guarantees:
//!
//! - **Nothing dangles.** Dropping a pending future never frees memory that the kernel uses: the payload stays with the
//!   engine until the last completion. A result that nobody waits for is handed to the operation, which closes the
//!   descriptor or gives the bytes back.
//! - **A full queue is back-pressure.** Operations are never refused for want of space; order is kept.
//! - **Nothing foreign runs under a borrow.** Wakers, destructors and callbacks may use the engine.
//! - **It starts wherever a ring can be had**, and [`Engine::report`] says what the kernel refused.
//!
//! # Features
//!
//! | Feature | Default | What it adds |
//! |---|---|---|
//! | `bytes` | | `Bytes` and `BytesMut` as buffers |
//!
//! A feature adds API and never changes what the rest does.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod addr;
mod buf;
mod chain;
mod completion;
mod config;
mod deliver;
mod drive;
mod engine;
mod error;
mod feature;
mod fixed;
mod future;
mod inner;
mod known;
mod mapped;
mod multishot;
pub mod op;
mod opcodes;
mod operation;
mod outside;
mod pool;
mod queue;
mod report;
mod ring;
mod setup;
mod shutdown;
mod slot;
mod started;
mod stats;
mod substitute;
mod sync;
mod table;
mod target;
mod unpark;
mod waiting;
mod withheld;

pub use addr::SocketAddress;
pub use buf::{BufResult, IoBuf, IoBufMut, IoVecBuf, IoVecBufMut, Slice};
pub use chain::{Chain, ChainError, ChainOf, LinkKind};
pub use completion::Completion;
pub use config::{EngineConfig, SqPoll};
#[doc(hidden)]
pub use config::{EnterCall, EnterFault};
pub use engine::{Engine, Turn, Wait};
pub use error::{SetupError, TurnError};
pub use feature::{Feature, FeatureSet};
pub use fixed::{FixedBuf, FixedBuffers, FixedFile};
pub use future::Op;
pub use multishot::MultishotOp;
pub use opcodes::Opcodes;
pub use operation::{Multishot, Operation};
pub use pool::{
    BufferReturned, BufferRing, BufferRingConfig, PooledBuf, PooledMessage, RecvStream,
};
pub use report::{Refusal, SetupReport, Wanted};
pub use started::{Started, StartedMultishot};
pub use stats::EngineStats;
pub use substitute::{RawEntry, Substitute};
pub use target::Target;
pub use unpark::Unparker;
pub use waiting::{Waiting, opcode_name};
pub use withheld::{UnknownPart, Withheld};

/// The crate that entries are built with, for those who write operations of their own.
pub use io_uring;

/// Compiles what the README shows.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
