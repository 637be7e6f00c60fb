//! A small epoll runtime for older or locked-down kernels.
//!
//! This crate is where an epoll poller and a runtime of its own will live, usable alone, and as what a context falls back to
//! where no io_uring can be had. Until then such a machine gets an error that says why, and what to do.
//!
//! It is empty so far: nothing here is a stand-in for what is to come.
