//! Sockets, files and time on the current context.
