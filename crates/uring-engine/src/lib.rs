//! One io_uring per thread and the operations in flight on it: no tasks, no sockets, no primitives.
