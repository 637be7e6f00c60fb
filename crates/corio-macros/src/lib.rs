//! The attribute macros of corio: main and test.
