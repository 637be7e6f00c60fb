//! Channels that lose nothing when a future is dropped, under any runtime.
