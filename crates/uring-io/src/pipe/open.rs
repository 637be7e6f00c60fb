//! Opening a named pipe, and telling what a descriptor is.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{FileType, OFlags, fcntl_getfl, fcntl_setfl, fstat};
use uring_engine::op;

use crate::aside::Aside;
use crate::fs::text;

/// Opens a named pipe, once somebody has opened its other end.
pub(super) async fn open(path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    let open = op::OpenAt::new(text(path)?, flags.bits() as i32);
    // Tried at once, the kernel would not wait for the other end.
    let open = Aside::new(open, true);
    let descriptor = context::driver().engine().op(open).await?;
    check(&descriptor)?;
    set_nonblocking(&descriptor)?;
    Ok(descriptor)
}

/// # Errors
///
/// `InvalidInput` if it is no pipe.
pub(super) fn check(descriptor: impl AsFd) -> io::Result<()> {
    if FileType::from_raw_mode(fstat(descriptor)?.st_mode).is_fifo() {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        "not a pipe: open files with fs::File, and connect to sockets with net",
    ))
}

pub(super) fn set_nonblocking(descriptor: impl AsFd) -> io::Result<()> {
    let flags = fcntl_getfl(&descriptor)?;
    Ok(fcntl_setfl(&descriptor, flags | OFlags::NONBLOCK)?)
}
