//! corio raced against its peers.
