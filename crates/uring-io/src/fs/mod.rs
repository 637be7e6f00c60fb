//! Files on the current context.
