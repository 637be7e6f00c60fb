//! Synchronisation primitives that work under any runtime.
