//! A small epoll runtime for older or locked-down kernels.
