//! Opening a named pipe, and telling what a descriptor is.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{FileType, OFlags, fcntl_getfl, fcntl_setfl, fstat};
use uring_engine::io_uring::squeue;
use uring_engine::{Completion, Operation, op};

/// Opens a named pipe, once somebody has opened its other end.
pub(super) async fn open(path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    let operation = Aside(op::OpenAt::new(path, flags.bits() as i32));
    let descriptor = context::driver().engine().op(operation).await?;
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

/// An operation that one of the kernel's own threads runs, as it blocks. Tried at once, the kernel would not wait for the
/// other end.
struct Aside<O>(O);

// SAFETY: the entry is the inner operation's, which lies in the value and so has the same fixed address.
unsafe impl<O: Operation> Operation for Aside<O> {
    type Output = O::Output;

    fn entry(&mut self) -> squeue::Entry {
        self.0.entry().flags(squeue::Flags::ASYNC)
    }

    fn complete(self, completion: Completion) -> O::Output {
        self.0.complete(completion)
    }

    fn discard(self, completion: Completion) {
        self.0.discard(completion);
    }
}
