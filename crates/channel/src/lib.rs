//! Channels that lose nothing when a future is dropped, under any runtime.
//!
//! This crate is where rendezvous, bounded and unbounded channels, one-shots, broadcast and watch will live, on the
//! primitives of `sync-prims`. A dropped receive will never take a message with it, and a dropped send will say whether its
//! message was received.
//!
//! It is empty so far: nothing here is a stand-in for what is to come.
