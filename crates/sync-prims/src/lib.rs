//! Synchronisation primitives that work under any runtime.
//!
//! This crate is where events, latches, wait groups, mutexes, condition variables, semaphores and their relatives will
//! live, over one wait queue. They will need [`core::task::Waker`] and nothing of a runtime, allocate nothing for a wait,
//! run no foreign code under a lock, and pass a notification on when the waiter that got it is dropped.
//!
//! It is empty so far: nothing here is a stand-in for what is to come.
