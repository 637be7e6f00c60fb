//! corio raced against its peers: what the programs of this package share.
//!
//! - `echo-server` serves TCP echo with one of the [subjects](echo::SUBJECTS);
//! - `load-gen` loads it from another process and checks every byte ([`load`]);
//! - `runtime-bench` times the services of one of the [runtimes](runtime::SUBJECTS);
//! - `channel-bench` times the channels of one of the crates that [have some](channel);
//! - `sync-bench` times the primitives of one of the crates that [have some](sync).
//!
//! `cargo xtask bench` builds and drives them. The package is the only one that knows the peers,
//! and nothing depends on it.

#[cfg(feature = "channel")]
pub mod channel;
pub mod echo;
pub mod load;
#[cfg(feature = "sync")]
pub mod memory;
mod poller;
pub mod process;
mod raw_ring;
pub mod runtime;
mod samples;
mod settings;
#[cfg(feature = "sync")]
pub mod sync;
