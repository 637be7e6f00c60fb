//! Closing a descriptor through the ring.

use std::io;
use std::os::fd::OwnedFd;

use uring_engine::{Engine, op};

/// Closes a descriptor and tells how that went. `None`: somebody still shares it, and it is closed when they are done.
pub(crate) async fn close(engine: &Engine, descriptor: Option<OwnedFd>) -> io::Result<()> {
    match descriptor {
        Some(descriptor) => engine.op(op::Close::new(descriptor)).await,
        None => Ok(()),
    }
}
