//! corio: a Linux async runtime, one io_uring per thread.
