//! corio raced against its peers: what the programs of this package share.
//!
//! - `server` serves with one of the [subjects](server::SUBJECTS), echo and more;
//! - `load-gen` loads it from another process and checks every byte that comes back ([`load`]);
//! - `runtime-bench` times the services of one of the [runtimes](runtime::SUBJECTS);
//! - `file-bench` measures how one of the [subjects](file::SUBJECTS) reads and writes files;
//! - `channel-bench` times the channels of one of the crates that [have some](channel);
//! - `sync-bench` times the primitives of one of the crates that [have some](sync).
//!
//! `cargo xtask bench` builds and drives them. The package is the only one that knows the peers,
//! and nothing depends on it.

#[cfg(feature = "channel")]
pub mod channel;
pub mod command;
pub mod file;
pub mod load;
#[cfg(feature = "sync")]
pub mod memory;
mod poller;
pub mod process;
mod raw_ring;
pub mod report;
pub mod runtime;
pub mod samples;
pub mod server;
mod settings;
#[cfg(feature = "sync")]
pub mod sync;
