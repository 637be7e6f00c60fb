//! Accepting again and again with one entry.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

use uring_engine::io_uring::{opcode, squeue, types};
use uring_engine::{Completion, Multishot};

/// Accepts connections until the kernel ends it.
pub(crate) struct AcceptMulti(pub(crate) i32);

// SAFETY: the entry points at nothing.
unsafe impl Multishot for AcceptMulti {
    type Item = io::Result<OwnedFd>;

    fn entry(&mut self) -> squeue::Entry {
        opcode::AcceptMulti::new(types::Fd(self.0))
            .flags(libc::SOCK_CLOEXEC)
            .build()
    }

    fn item(&mut self, completion: Completion) -> Self::Item {
        let fd = completion.into_result()?;
        // SAFETY: the kernel has just opened this descriptor for us, and nobody else knows it.
        Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
    }

    fn discard(&mut self, completion: Completion) {
        drop(self.item(completion));
    }
}
